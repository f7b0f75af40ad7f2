// How the jobs of an open trade wait. A venue that does not answer means to look again soon, not that the job has
// failed; while a position may be unprotected it also pauses entries and alerts the owner.

import { AppError } from "../../lib/core/errors.ts";
import { tooLittle } from "../../lib/core/exits.ts";
import { isLive } from "../../lib/core/order.ts";
import { type EpochMs, latest, plusMs } from "../../lib/core/time.ts";
import { protectionOf } from "../../lib/core/tradeState.ts";
import { accountTopic, type WakeTopic } from "../../lib/core/wakeTopics.ts";
import { haltActor } from "../book/booking.ts";
import type { TradeCtx } from "../book/tradeCtx.ts";
import type { AppCtx, AppOutcome } from "../context.ts";
import { endAnswers, hasEndedAnswers } from "./endedChanges.ts";
import { askAboutUnanswered, endSettled, hasSettled } from "./unansweredAlert.ts";
import { blindAlertKey, raiseUnreadable, resolveBlind } from "./unprotectedAlert.ts";

/** While something may be unprotected: an open leg without its STOP, or an entry that may have filled unseen. */
const RETRY_BARE_MS = 500;
const RETRY_MS = 5_000;

/** Looks again at `untilMs`, after `pollMs` at the latest, or at an event of the account. */
export const pollAgain = (
  ctx: AppCtx,
  symbol: string,
  wait: { readonly untilMs: EpochMs | undefined; readonly reason: string; readonly wakeOn?: readonly WakeTopic[] },
  pollMs: number = ctx.pollMs,
): AppOutcome => {
  const nowMs = ctx.clock.nowMs();
  const untilMs = latest(nowMs + 1, Math.min(wait.untilMs ?? Number.POSITIVE_INFINITY, nowMs + pollMs));
  return { kind: "snooze", untilMs, reason: wait.reason, wakeOn: [accountTopic(symbol), ...(wait.wakeOn ?? [])] };
};

/** A code of the venue, or of the connector for a reply it could not use. */
const isVenueCode = (code: string): boolean => code.startsWith("ERR-") || code.startsWith("VENUE_");

/**
 * A read that the venue refuses for good is `permanent` and would end the job. A job that manages a position must go
 * on, so it becomes an `alert`, which pauses entries, alerts the owner and is retried.
 */
export const asAlert = (e: unknown): unknown =>
  e instanceof AppError && e.verdict === "permanent" && isVenueCode(e.code)
    ? new AppError("alert", e.code, e.message, e.data, { cause: e })
    : e;

/**
 * Runs one look for the whole trade (`t` without a positionId). AppError `retry` becomes a snooze; every other error
 * is thrown to the queue.
 */
export const withVenueRetry = async (t: TradeCtx, look: () => Promise<AppOutcome>): Promise<AppOutcome> => {
  const { ctx, trade, commit } = t;
  try {
    const outcome = await look();
    if (ctx.db.alerts.open().some((a) => a.key === blindAlertKey(trade.id))) commit(resolveBlind);
    if (hasSettled(ctx.db)) commit(endSettled);
    if (hasEndedAnswers(ctx.db)) commit((tx, by) => endAnswers(tx, haltActor(by)));
    return outcome;
  } catch (e) {
    // Where the job was told to stop, the venue is not to blame: the queue handles that.
    const failure = asAlert(e);
    if (!(e instanceof AppError) || !(e.verdict === "retry" || failure !== e) || ctx.signal.aborted) throw failure;
    const bare = isBare(t);
    ctx.log.warn({ tradeId: trade.id, code: e.code, bare, err: e }, "trade.venueNotAnswering");
    if (bare)
      commit((tx, by) =>
        raiseUnreadable(tx, by, (texts) => texts.blind({ symbol: trade.symbol, tradeId: trade.id, code: e.code })),
      );
    askAboutUnanswered(t);
    if (failure !== e) throw failure;
    // A working entry may fill, and a stop whose cancel was asked may be gone: look again soon.
    const moving = t
      .orders()
      .some(
        (o) => isLive(o) && (o.intent.purpose === "entry" || (o.state === "open" && o.cancelAskedMs !== undefined)),
      );
    const between = t.legs().some((leg) => leg.open > 0n && protectionOf(leg) !== "protected");
    const untilMs = plusMs(ctx.clock.nowMs(), bare || moving || between ? RETRY_BARE_MS : RETRY_MS);
    // Never later than the next look at a venue that does answer.
    return pollAgain(ctx, trade.symbol, { untilMs, reason: e.code }, Math.min(RETRY_MS, ctx.pollMs));
  }
};

/** By our book: some open quantity has no order that the venue has accepted. */
const isBare = ({ ctx, trade, ...t }: TradeCtx): boolean => {
  const legs = t.legs();
  return ctx.db.positions.ofTrade(trade.id).some((position) => {
    const own = legs.filter((leg) => leg.positionId === position.positionId && leg.open > 0n);
    if (position.open > own.reduce((sum, leg) => sum + leg.open, 0n)) return true;
    return own.some(
      (leg) => !tooLittle(trade.symbol, leg.open, trade.minSize) && !leg.orders.some((o) => o.state === "open"),
    );
  });
};
