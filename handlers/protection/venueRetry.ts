// How the handlers of a running trade wait. A venue that does not answer is a reason to look again soon, not a failed job;
// but while a position is not known to be covered it is also a reason to pause entries and tell the owner.
import type { Trade } from "../../db/tables/trades.ts";
import { AppError } from "../../lib/core/errors.ts";
import { tooLittle } from "../../lib/core/exits.ts";
import { isLive } from "../../lib/core/order.ts";
import { type EpochMs, latest, plusMs } from "../../lib/core/time.ts";
import { protectionOf } from "../../lib/core/tradeState.ts";
import { accountTopic, type WakeTopic } from "../../lib/core/wake.ts";
import type { Outcome } from "../../queue/types.ts";
import { auditCtx } from "../book/booking.ts";
import type { AppCtx } from "../context.ts";
import { askAboutUnanswered, endSettled, hasSettled } from "./unansweredAlert.ts";
import { blindAlertKey, raiseUnreadable, resolveBlind } from "./unprotectedAlert.ts";

/** While something may be bare: an open leg without its STOP, or an entry that may have filled unseen. */
const RETRY_BARE_MS = 500;
const RETRY_MS = 5_000;

/** Looks again at `untilMs`, at the latest after `pollMs`, or when something happens to our account. */
export const pollAgain = (
  ctx: AppCtx,
  symbol: string,
  wait: { readonly untilMs: EpochMs | undefined; readonly reason: string; readonly wakeOn?: readonly WakeTopic[] },
  pollMs: number = ctx.pollMs,
): Outcome => {
  const nowMs = ctx.clock.nowMs();
  const untilMs = latest(nowMs + 1, Math.min(wait.untilMs ?? Number.POSITIVE_INFINITY, nowMs + pollMs));
  return { kind: "snooze", untilMs, reason: wait.reason, wakeOn: [accountTopic(symbol), ...(wait.wakeOn ?? [])] };
};

/** A code of the venue's own, or the connector's word for a reply it could not use. */
const isVenues = (code: string): boolean => code.startsWith("ERR-") || code.startsWith("VENUE_");

/**
 * A read that the venue refuses for good, `permanent`, would end the job. Who looks after money goes on looking: it becomes
 * an `alert`, which pauses entries, tells the owner and is tried again.
 */
export const asAlert = (e: unknown): unknown =>
  e instanceof AppError && e.verdict === "permanent" && isVenues(e.code)
    ? new AppError("alert", e.code, e.message, e.data, { cause: e })
    : e;

/** Runs one look; AppError `retry` becomes a snooze. Everything else is the queue's business. */
export const withVenueRetry = async (ctx: AppCtx, trade: Trade, look: () => Promise<Outcome>): Promise<Outcome> => {
  try {
    const outcome = await look();
    if (ctx.db.alerts.open().some((a) => a.key === blindAlertKey(trade.id)))
      ctx.commit((tx) => resolveBlind(tx, auditCtx(ctx, trade)));
    if (hasSettled(ctx.db)) ctx.commit((tx) => endSettled(tx, auditCtx(ctx, trade)));
    return outcome;
  } catch (e) {
    // Told to stop, not left without an answer: the queue knows what to do.
    const failure = asAlert(e);
    if (!(e instanceof AppError) || !(e.verdict === "retry" || failure !== e) || ctx.signal.aborted) throw failure;
    const bare = isBare(ctx, trade);
    ctx.log.warn({ tradeId: trade.id, code: e.code, bare, err: e }, "trade.venueNotAnswering");
    if (bare)
      ctx.commit((tx) =>
        raiseUnreadable(tx, auditCtx(ctx, trade), (t) =>
          t.blind({ symbol: trade.symbol, tradeId: trade.id, code: e.code }),
        ),
      );
    askAboutUnanswered(ctx, trade);
    if (failure !== e) throw failure;
    // A working entry may fill, and a stop whose cancel was asked may be gone: neither waits long for the next look.
    const moving = ctx.db.orders
      .ofTrade(trade.id)
      .some(
        (o) => isLive(o) && (o.intent.purpose === "entry" || (o.state === "open" && o.cancelAskedMs !== undefined)),
      );
    const between = ctx.db.tradeLegs
      .ofTrade(trade.id)
      .some((leg) => leg.open > 0n && protectionOf({ ...leg, orders: ctx.db.orders.ofLeg(leg.id) }) !== "protected");
    const untilMs = plusMs(ctx.clock.nowMs(), bare || moving || between ? RETRY_BARE_MS : RETRY_MS);
    // Never later than the next look at a venue that does answer.
    return pollAgain(ctx, trade.symbol, { untilMs, reason: e.code }, Math.min(RETRY_MS, ctx.pollMs));
  }
};

/** By our book: some open quantity has no order that the venue has accepted. */
const isBare = (ctx: AppCtx, trade: Trade): boolean => {
  const legs = ctx.db.tradeLegs.ofTrade(trade.id);
  return ctx.db.positions.ofTrade(trade.id).some((position) => {
    const own = legs.filter((leg) => leg.positionId === position.positionId && leg.open > 0n);
    if (position.open > own.reduce((sum, leg) => sum + leg.open, 0n)) return true;
    return own.some(
      (leg) =>
        !tooLittle(trade.symbol, leg.open, trade.minSize) &&
        !ctx.db.orders.ofLeg(leg.id).some((o) => isLive(o) && o.state === "open"),
    );
  });
};
