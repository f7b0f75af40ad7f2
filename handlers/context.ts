// What every handler of this system is given beside the queue's own context. Filled by handlers/runtime/system.ts only.

import type { Button, MessageKind } from "../db/tables/outbox.ts";
import type { Config } from "../lib/core/config.ts";
import type { Venue } from "../lib/core/venue.ts";
import type { Clock } from "../lib/io/clock.ts";
import type { LoadedModel } from "../models/registry.ts";
import type { JobStore } from "../queue/store.ts";
import type { Ctx, Database, Handler, Outcome } from "../queue/types.ts";
import type { AppJob, JobInput, JobName } from "./jobs.ts";

/** A message to the owner, as the outbox holds it. */
export interface OutgoingMessage {
  readonly id: number;
  readonly key: string;
  readonly kind: MessageKind;
  readonly proposalId: string | undefined;
  readonly text: string;
  readonly photo?: Uint8Array | undefined;
  readonly buttons?: readonly (readonly Button[])[] | undefined;
  /** An earlier attempt may have delivered it: it is marked as a repetition. */
  readonly again?: boolean;
  /** Requests for it before this one. */
  readonly attempts?: number;
}

/** An answer that came with the delivery itself: only the scripted owner of a replay has one. */
export interface ScriptedAnswer {
  readonly decision: "approved" | "rejected";
  readonly afterMs: number;
}

/** Where a delivered message stands. */
export interface DeliveredAt {
  readonly chatId: number;
  readonly messageId: number;
  readonly isPhoto: boolean;
}
export type Delivery =
  | { readonly kind: "delivered"; readonly at?: DeliveredAt; readonly answer?: ScriptedAnswer }
  /** Not now. `arrived` "maybe": there was no answer. `trouble` false: only a wait that was asked for. */
  | {
      readonly kind: "later";
      readonly arrived: "no" | "maybe";
      readonly reason: string;
      /** At least this long, when the other side said so. */
      readonly waitMs?: number;
      readonly trouble: boolean;
    }
  /** This message will never be taken. */
  | { readonly kind: "refused"; readonly reason: string };

/** Where messages go: the terminal, a replay's scripted owner, or Telegram. */
export interface Messenger {
  /** Delivers one message. Throws only what is no matter of the connection (a bug). */
  deliver(message: OutgoingMessage, signal: AbortSignal): Promise<Delivery>;
}

export interface Services {
  readonly config: Config;
  readonly venue: Venue;
  /** How long to wait before looking again when no event comes: 2 s live, 60 s in replay (events do the rest). */
  readonly pollMs: number;
  /** "replay", "paper" or "live": part of serial keys, so that accounts never mix. */
  readonly account: "replay" | "paper" | "live";
  readonly model: LoadedModel;
  readonly messenger: Messenger;
  /** Where proposals are answered; only the scripted owner uses it from inside a handler. */
  readonly desk: CommandCtx;
}

export type AppCtx = Ctx<AppJob> & Services;
export type AppOutcome = Outcome<AppJob>;
export type AppStore = JobStore<AppJob>;
export type AppHandler<N extends JobName> = Handler<JobInput<N>, AppCtx, AppJob> & { readonly name: N };

export interface CommandCtx {
  readonly db: Database;
  readonly store: AppStore;
  readonly clock: Clock;
}
