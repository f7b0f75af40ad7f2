// Ends pause, stop, panic and the halts that wait for the owner's look (isEndedByOwner), and no other, once venue and book agree. Refused, with nothing changed, when a pause
// or stop was requested after it, when a panic is not flat, and when the venue cannot be compared with the book.

import { clearHalt } from "../../db/halts.ts";
import type { Halt } from "../../db/tables/halts.ts";
import type { OwnerCommand } from "../../db/tables/ownerCommands.ts";
import { AppError } from "../../lib/core/errors.ts";
import { type EndedByOwner, isEndedByOwner, isOwnerHalt, PANIC } from "../../lib/core/haltKinds.ts";
import { isInFlight } from "../../lib/core/order.ts";
import { symbolsOf } from "../../lib/core/product.ts";
import { type Catalogue, textsOf } from "../../lib/core/text/catalogue.ts";
import { type EpochMs, MINUTE_MS, plusMs, SECOND_MS } from "../../lib/core/time.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import type { AppCtx, AppOutcome } from "../context.ts";
import { settleSymbol } from "../reconciliation/settleSymbol.ts";
import { finish, type Result } from "./commandResult.ts";
import { stillHaltedLines } from "./text.ts";

/** A resume older than this is refused: the situation it was decided on may have changed. */
const LIFE_MS = 5 * MINUTE_MS;
type Texts = Catalogue["owner"];
/**
 * A difference may be a race between two reads, and an order may be in flight: a resume waits this long for agreement.
 */
const AGREE_WITHIN_MS = 30 * SECOND_MS;
const LOOK_AGAIN_MS = 3 * SECOND_MS;

export const resume = async (ctx: AppCtx, command: OwnerCommand): Promise<AppOutcome> => {
  const nowMs = ctx.clock.nowMs();
  const t = textsOf(ctx.config.LOCALE).owner;
  const refused = (why: string): Result => ({ outcome: "refused", lines: [t.nothingChanged({ why })], seen: null });
  const refusal = whyNot(ctx.db, command, nowMs, t);
  if (refusal !== undefined) return finish(ctx, command, () => refused(refusal));
  const disagreement = standing(ctx.db, nowMs).length === 0 ? undefined : await disagreementNow(ctx, t);
  if (disagreement === undefined)
    return finish(ctx, command, (tx) => {
      const late = whyNot(tx, command, nowMs, t);
      return late === undefined ? clear(tx, ctx, command, nowMs) : refused(late);
    });
  if (nowMs < command.requestedMs + AGREE_WITHIN_MS)
    return { kind: "snooze", untilMs: plusMs(nowMs, LOOK_AGAIN_MS), reason: disagreement };
  return finish(ctx, command, () => refused(disagreement));
};

const standing = (db: Reads, nowMs: EpochMs): readonly (Halt & { readonly kind: EndedByOwner })[] =>
  db.halts.active(nowMs).filter(isOwners);
const isOwners = (h: Halt): h is Halt & { readonly kind: EndedByOwner } => isEndedByOwner(h.kind);

const whyNot = (db: Reads, command: OwnerCommand, nowMs: EpochMs, t: Texts): string | undefined => {
  const later = db.ownerCommands.after(command.id).find((c) => isOwnerHalt(c.command));
  if (later !== undefined) return t.overtaken({ command: later.command });
  if (nowMs > command.requestedMs + LIFE_MS) return t.tooOld;
  if (!standing(db, nowMs).some((h) => h.kind === PANIC)) return undefined;
  const alive = db.trades.alive();
  return alive.length === 0 ? undefined : t.notFlat({ trades: alive });
};

/** Why agreement of venue and book is not established; undefined: they agree. */
const disagreementNow = async (ctx: AppCtx, t: Texts): Promise<string | undefined> => {
  try {
    const differences = [];
    // Coins that the owner has deposited or withdrawn are not a disagreement: reconcile books them.
    for (const symbol of symbolsOf(ctx.config.PRODUCT))
      differences.push(...(await settleSymbol(ctx, symbol)).filter((d) => d.settle === undefined));
    const unsettled = ctx.db.orders.allLive().filter(isInFlight);
    if (differences.length > 0) return `the venue and the book disagree: ${differences.map((d) => d.text).join("; ")}`;
    if (unsettled.length > 0) return t.unsettled({ ids: unsettled.map((o) => o.id) });
    return undefined;
  } catch (e) {
    if (!(e instanceof AppError) || e.verdict !== "retry" || ctx.signal.aborted) throw e;
    return t.silent(e);
  }
};

const clear = (tx: Tx, ctx: AppCtx, command: OwnerCommand, atMs: EpochMs): Result => {
  const ended = standing(tx, atMs);
  const by = { atMs, actor: command.actor, traceId: ctx.job.traceId };
  for (const { kind } of ended) clearHalt(tx, { kind, by, alertKey: isOwnerHalt(kind) ? undefined : kind });
  const { LOCALE: locale } = ctx.config;
  const t = textsOf(locale).owner;
  const what = ended.length === 0 ? t.nothingPaused : t.agreed({ kinds: ended.map((h) => h.kind) });
  return { outcome: "done", lines: [what, ...stillHaltedLines(locale, tx.halts.active(atMs))], seen: null };
};
