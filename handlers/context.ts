// The services every handler gets in addition to the queue's own context. Built by handlers/runtime/createSystem.ts only.

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
  /** An earlier attempt may have delivered it: the message is marked as a repetition. */
  readonly again?: boolean;
  /** Number of send requests for this message before this one. */
  readonly attempts?: number;
}

/** A decision returned with the delivery itself: only the scripted owner of a replay returns one. */
export interface ScriptedAnswer {
  readonly decision: "approved" | "rejected";
  readonly afterMs: number;
}

/** The chat and id of a delivered message. */
export interface DeliveredAt {
  readonly chatId: number;
  readonly messageId: number;
  readonly isPhoto: boolean;
}
export type Delivery =
  | { readonly kind: "delivered"; readonly at?: DeliveredAt; readonly answer?: ScriptedAnswer }
  /** Not delivered now. `arrived` "maybe": no response came. `trouble` false: the other side only asked for a wait. */
  | {
      readonly kind: "later";
      readonly arrived: "no" | "maybe";
      readonly reason: string;
      /** Minimum wait that the other side asked for. */
      readonly waitMs?: number;
      readonly trouble: boolean;
    }
  /** The message will never be accepted. */
  | { readonly kind: "refused"; readonly reason: string };

/** Delivers messages to the terminal, a replay's scripted owner, or Telegram. */
export interface Messenger {
  /** Delivers one message. A connection failure is a result; it throws only on a bug. */
  deliver(message: OutgoingMessage, signal: AbortSignal): Promise<Delivery>;
}

export interface Services {
  readonly config: Config;
  readonly venue: Venue;
  /** Poll interval when no event arrives: 2 s live, 60 s in replay (where events report nearly everything). */
  readonly pollMs: number;
  /** Whether events of account and market are sure to come now: a covered position is then looked at rarely. */
  readonly hears: () => boolean;
  /** "replay", "paper" or "live": part of serial keys, so that accounts never mix. */
  readonly account: "replay" | "paper" | "live";
  readonly model: LoadedModel;
  readonly messenger: Messenger;
  /** Database, job store and clock, for decisions and enqueues made from inside a handler. */
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
