// The account behind the venue: simulated in this process (paperAccount.ts) or the exchange's own (liveAccount.ts). What
// differs between paper and live is behind this interface and nowhere else (docs/decisions/0017).

import type { Ticker, Venue } from "../../lib/core/venue.ts";
import type { Health } from "../../queue/health.ts";
import type { AccountEvent } from "../orders/accountEvents.ts";

export interface Hearing {
  /** Something happened to an order, an execution or a position. */
  readonly event: (event: AccountEvent) => void;
  /** Events may have been missed: everything that waits for the account looks again; true: executions among them. */
  readonly missed: (executions: boolean) => void;
  /** A fresh price that nobody asked for. */
  readonly ticker: (ticker: Ticker) => void;
}

export interface Account {
  readonly mode: "paper" | "live";
  /** Begins to tell what happens. Events are hints that arrive early: what is booked is read over REST. */
  listen(hearing: Hearing): void;
  /** A fresh price that was polled: the simulated account fills its orders at it. */
  quoted(ticker: Ticker): void;
  /** `venue`, where what a stream has told a moment ago is not asked for. */
  overStream(venue: Venue): Venue;
  /** Whether every event of account and market is sure to come now; false where they are polled. */
  hears(): boolean;
  /** Whether it holds a position, so that prices are polled also where no job waits for one. */
  holds(): boolean;
  /** Red while it cannot be relied on. */
  health(): Health;
  /** Ends what `listen` began. */
  close(): Promise<void>;
}
