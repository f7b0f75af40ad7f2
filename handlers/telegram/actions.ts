// The result of an update: an effect written in one transaction with the offset, and a short notice for a tap.
import type { Button } from "../../db/tables/outbox.ts";
import type { Config } from "../../lib/core/config.ts";
import { type Catalogue, textsOf } from "../../lib/core/text/catalogue.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Venue } from "../../lib/core/venue.ts";
import type { Timers } from "../../lib/io/gmo/timers.ts";
import type { Logger } from "../../lib/io/logger.ts";
import type { Tx } from "../../queue/types.ts";
import type { CommandCtx, Services } from "../context.ts";
import type { Incoming } from "./updates.ts";

/** The entry point of commands that change how the system runs; the command line uses the same one. */
export interface OwnerRequest {
  readonly command: "pause" | "resume" | "stop" | "panic" | "close" | "rejectAll" | "keepStop" | "restoreStop";
  readonly actor: string;
  readonly tradeId?: number | undefined;
  readonly questionId?: number | undefined;
}
export interface BotParts extends CommandCtx {
  /**
   * Durable in the surrounding transaction; the text states the new state. Throws AppError permanent when it is
   * refused.
   */
  readonly request: (request: OwnerRequest) => { readonly text: string };
  readonly config: Config;
  readonly venue: Pick<Venue, "orderBook">;
  readonly account: Services["account"];
  readonly log: Logger;
  readonly timers: Timers;
  /** A new token for each confirmation: lower-case letters and digits. */
  readonly newToken: () => string;
}

export type Tapped = Extract<Incoming, { kind: "tap" }>;
export type Typed = Extract<Incoming, { kind: "text" }>;
interface Notice {
  readonly text: string;
  /** Shown until the owner closes it: nothing was done, and the owner must know. */
  readonly alert: boolean;
}
export interface Effect {
  /** For the record, such as "approved btc2508112115". */
  readonly outcome: string;
  readonly notice?: Notice;
}
/** Runs in the transaction that moves the offset; an exception rolls everything back. */
export type Act = (tx: Tx) => Effect;

export const textsFor = (config: Config): Catalogue => textsOf(config.LOCALE);
export const actorOf = (incoming: Tapped | Typed): string => `telegram:${incoming.userId}`;

/** Replies in the chat. */
export const say = (
  tx: Tx,
  incoming: Tapped | Typed,
  atMs: EpochMs,
  text: string,
  more: { readonly buttons?: readonly (readonly Button[])[]; readonly proposalId?: string } = {},
): void => void tx.outbox.insert({ key: `answer:${incoming.updateId}`, kind: "answer", text, atMs, ...more });
