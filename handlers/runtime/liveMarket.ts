// The market as the live worker reads it: what the public stream has told a moment ago is not asked for again, so that the
// owner's tap does not wait in the queue of public requests. Everything else, and everything older, is read over REST.

import { MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import type { OrderBook, Ticker, Venue } from "../../lib/core/venue.ts";
import type { MarketEvent } from "../../lib/core/venueEvents.ts";
import type { Clock } from "../../lib/io/clock.ts";

/** A book or ticker of the stream serves for this long, by its own time. */
const FRESH_MS = 2 * SECOND_MS;
/** That the exchange is open is kept for this long: an order that comes too late is refused by the exchange itself. */
const OPEN_MS = MINUTE_MS / 2;

export class LiveMarket {
  readonly #books = new Map<string, OrderBook>();
  readonly #tickers = new Map<string, Ticker>();
  /** When the exchange last said that it is open, on the clock that never goes back. */
  #openMs: number | undefined;

  constructor(private readonly clock: Pick<Clock, "nowMs" | "monotonicMs">) {}

  /** `event`: judged already; without a time of its own it is not kept. */
  hear(event: MarketEvent): void {
    if (event.kind === "orderBook") this.#books.set(event.symbol, event);
    else if (event.kind === "ticker") this.#tickers.set(event.symbol, event);
  }
  /** The stream is down: what it told is no longer the market. */
  forget(): void {
    this.#books.clear();
    this.#tickers.clear();
  }

  over(venue: Venue): Venue {
    return {
      ...venue,
      status: async (signal) => {
        const nowMs = this.clock.monotonicMs();
        if (this.#openMs !== undefined && nowMs - this.#openMs < OPEN_MS) return "OPEN";
        this.#openMs = undefined;
        const status = await venue.status(signal);
        if (status === "OPEN") this.#openMs = nowMs;
        return status;
      },
      orderBook: async (symbol, signal) => this.#fresh(this.#books.get(symbol)) ?? venue.orderBook(symbol, signal),
      ticker: async (symbol, signal) => this.#fresh(this.#tickers.get(symbol)) ?? venue.ticker(symbol, signal),
    };
  }

  #fresh<T extends { readonly asOfMs?: number }>(told: T | undefined): T | undefined {
    const ageMs = told?.asOfMs === undefined ? Number.NaN : this.clock.nowMs() - told.asOfMs;
    return ageMs >= 0 && ageMs <= FRESH_MS ? told : undefined;
  }
}
