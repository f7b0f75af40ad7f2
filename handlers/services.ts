// What every handler of this system is given beside the queue's own context. Only the composition root fills it.

import type { MessageKind } from "../db/tables/outbox.ts";
import type { Config } from "../lib/core/config.ts";
import type { Venue } from "../lib/core/venue.ts";
import type { LoadedModel } from "../models/registry.ts";
import type { Ctx, Handler } from "../queue/types.ts";
import type { Desk } from "./approval.ts";

/** A message to the owner, as the outbox holds it. */
export interface OutgoingMessage {
  readonly id: number;
  readonly key: string;
  readonly kind: MessageKind;
  readonly proposalId: string | undefined;
  readonly text: string;
}

/** An answer that came with the delivery itself: only the scripted owner of a replay has one. */
export interface ScriptedAnswer {
  readonly decision: "approved" | "rejected";
  readonly afterMs: number;
}

/** Where messages go: the replay's terminal and scripted owner, or (a later issue) Telegram. */
export interface Messenger {
  /** Delivers one message. Throws AppError retry when it may be tried again. */
  deliver(message: OutgoingMessage, signal: AbortSignal): Promise<{ readonly answer?: ScriptedAnswer }>;
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
  readonly desk: Desk;
}

export type AppCtx = Ctx & Services;
export type AppHandler<P> = Handler<P, AppCtx>;
