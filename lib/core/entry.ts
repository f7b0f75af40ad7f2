// The next step of one approved entry, as a pure decision: quote at the best price of its own side, re-quote a few
// times inside the approved band; end when the approval expires, at a halt, or once the trade has begun to close.

import type { Gate } from "./gates.ts";
import { type CoinE8, coinE8, maxBig, minBig, type RatioE8, ratioOfYenUp, type YenE8, yenE8 } from "./money.ts";
import { type In, isLive, NOT_SHOWN, type Order, UNEXPLAINED } from "./order.ts";
import { mayRest } from "./orderChanges.ts";
import type { Note } from "./text/reasonTexts.ts";
import { type EpochMs, MINUTE_MS, plusMs, SECOND_MS, waitEndMs } from "./time.ts";
import type { Direction } from "./venue.ts";

export interface EntryFacts {
  readonly direction: Direction;
  readonly nowMs: EpochMs;
  readonly validUntilMs: EpochMs;
  /** Size to fill in all. */
  readonly size: CoinE8;
  readonly filled: CoinE8;
  readonly minSize: CoinE8;
  readonly maxRequotes: number;
  /** All entry orders of the trade, oldest first. */
  readonly orders: readonly Order[];
  /** Kinds of active halts, without that of a start. */
  readonly halts: readonly string[];
  /** The worker has just started and has not compared the venue with the book yet: nothing is sent, what rests may rest. */
  readonly comparing: boolean;
  /** Time of the last full check that counts: an open order sent before it must be checked; undefined: none must. */
  readonly checkSentBeforeMs: EpochMs | undefined;
  /**
   * Gates closed by time alone (06:00 JST, known maintenance, an event): a resting order must not fill while one is
   * closed.
   */
  readonly closedGates: readonly Gate[];
  /** Part of the trade has been closed again: nothing more is added. */
  readonly exitStarted: boolean;
  /** The owner wants the trade closed. */
  readonly ownerCloses: boolean;
  /** The approved band, for an order that was changed on the exchange's page. */
  readonly band: { readonly low: YenE8; readonly high: YenE8 };
  /** The approved stop: a changed order at or beyond it is cancelled. */
  readonly stop: YenE8;
}

type EntryStep =
  | { readonly kind: "look"; readonly order: In<"sending" | "unknown"> }
  | { readonly kind: "abandon"; readonly order: In<"intended">; readonly why: Note }
  /** Check everything on fresh data, then send this intention. */
  | { readonly kind: "send"; readonly order: In<"intended"> }
  /** Check everything on fresh data, then intend and send an order of this size. */
  | { readonly kind: "quote"; readonly size: CoinE8 }
  | { readonly kind: "cancel"; readonly order: In<"open">; readonly why: Note }
  /** It has rested through a restart: check everything on fresh data, then leave it or cancel it. */
  | { readonly kind: "check"; readonly order: In<"open"> }
  /** `mayReprice`: the order has rested long enough to follow the market. */
  | {
      readonly kind: "wait";
      readonly order: In<"open"> | undefined;
      readonly untilMs: EpochMs | undefined;
      readonly mayReprice: boolean;
      readonly reason: string;
    }
  | { readonly kind: "end"; readonly reason: Note };

/** How long the order rests before it may follow the market. */
const RESTING_BEFORE_REQUOTE_MS = MINUTE_MS;
/** The market must have left our price by more than this: 1 basis point. */
const REQUOTE_DISTANCE: RatioE8 = 10_000n as RatioE8;
const PAUSE_BETWEEN_QUOTES_MS = SECOND_MS;
/** Doubles with each refusal in a row, to a minute. */
const PAUSE_AFTER_REFUSAL_MS = 2 * SECOND_MS;
const CANCEL_AGAIN_MS = 2 * SECOND_MS;
const CANCEL_LOOK_MS = 200;
/** The cancelType of a cancel that was requested with the account (GMO API 7.3). */
const CANCELLED_BY_USER = "USER";
const COMPARE_LOOK_MS = SECOND_MS;

/** The next step of the entry. Total over all order states. */
export const nextEntryStep = (f: EntryFacts): EntryStep => {
  const over = endReason(f);
  const live = f.orders.findLast(isLive);
  if (live === undefined) return withoutOrder(f, over);
  switch (live.state) {
    case "intended":
      if (over !== undefined) return { kind: "abandon", order: live, why: over };
      if (live.intent.size > f.size - f.filled)
        return { kind: "abandon", order: live, why: { key: "filledElsewhere" } };
      if (f.comparing) return waitForCompare(f, undefined);
      return { kind: "send", order: live };
    case "sending":
    case "unknown":
      return { kind: "look", order: live };
    case "open": {
      if (live.cancelAskedMs !== undefined) {
        if (f.nowMs >= waitEndMs(live.cancelAskedMs, CANCEL_AGAIN_MS, f.nowMs))
          return { kind: "cancel", order: live, why: { key: "cancelAgain" } };
        return waitFor(live, plusMs(f.nowMs, CANCEL_LOOK_MS), "cancelling");
      }
      if (over !== undefined) return { kind: "cancel", order: live, why: over };
      if (live.changedMs !== undefined && !isApproved(live, f))
        return { kind: "cancel", order: live, why: { key: "changedByHand" } };
      // An order given up as lost has filled meanwhile: together they would exceed the approved size.
      if (live.intent.size - live.executed > f.size - f.filled)
        return { kind: "cancel", order: live, why: { key: "filledElsewhere" } };
      if (f.comparing) return waitForCompare(f, live);
      if (f.checkSentBeforeMs !== undefined && live.sentMs < f.checkSentBeforeMs) return { kind: "check", order: live };
      const movableMs = plusMs(live.sentMs, RESTING_BEFORE_REQUOTE_MS);
      // What was moved by hand stays where it was put.
      const isAsSent = live.changedMs === undefined;
      const mayReprice = isAsSent && live.executed === 0n && f.nowMs >= movableMs && quotesUsed(f) <= f.maxRequotes;
      const untilMs = !mayReprice && movableMs > f.nowMs && movableMs < f.validUntilMs ? movableMs : f.validUntilMs;
      return { kind: "wait", order: live, untilMs, mayReprice, reason: "resting" };
    }
    default:
      return live satisfies never;
  }
};

const isApproved = ({ intent, executed }: In<"open">, f: EntryFacts): boolean =>
  mayRest(
    { plannedPrice: intent.plannedPrice, size: intent.size, executed },
    { direction: f.direction, ...f.band, stop: f.stop, rest: coinE8(f.size - f.filled) },
  );

/** Cancelled on the exchange's page: not by us, and not by the venue itself (its cancelType names another cause). */
const isCancelledByHand = (o: Order): boolean =>
  o.state === "cancelled" && o.cancelAskedMs === undefined && o.detail === CANCELLED_BY_USER;

const waitFor = (order: In<"open"> | undefined, untilMs: EpochMs | undefined, reason: string): EntryStep => ({
  kind: "wait",
  order,
  untilMs,
  mayReprice: false,
  reason,
});

const waitForCompare = (f: EntryFacts, order: In<"open"> | undefined): EntryStep =>
  waitFor(order, plusMs(f.nowMs, COMPARE_LOOK_MS), "just started: the venue is compared first");

const endReason = (f: EntryFacts): Note | undefined => {
  if (f.halts.length > 0) return { key: "halted", with: { kinds: f.halts } };
  if (f.nowMs >= f.validUntilMs || clockWasSetBack(f)) return { key: "approvalOver" };
  if (f.closedGates.length > 0) return { key: "gates", with: { failed: f.closedGates } };
  if (f.exitStarted) return { key: "exitStarted" };
  if (f.ownerCloses) return { key: "ownerCloses" };
  return undefined;
};

/**
 * An order of the trade is dated more than 1 s later than now. The remaining time of the approval is not known then,
 * and it must not grow. (Below 1 s it is the difference of two clocks.)
 */
const clockWasSetBack = (f: EntryFacts): boolean =>
  f.orders.some((o) => Math.max(o.createdMs, "closedMs" in o ? o.closedMs : 0) > f.nowMs + SECOND_MS);

/** Quotes that count against MAX_REQUOTES. A refusal that may be resent later does not, nor an intention never sent. */
const quotesUsed = (f: EntryFacts): number =>
  f.orders.filter(
    (o) => !(o.state === "rejected" && o.resend === "later") && !(o.state === "neverSent" && o.sentMs === undefined),
  ).length;

const withoutOrder = (f: EntryFacts, over: Note | undefined): EntryStep => {
  const remainder = coinE8(f.size - f.filled);
  if (remainder <= 0n) return { kind: "end", reason: { key: "filled" } };
  if (remainder < f.minSize) return { kind: "end", reason: { key: "remainderTooSmall" } };
  // What became of that order is not known: no second one is sent.
  if (f.orders.some((o) => o.state === "cancelled" && o.detail === NOT_SHOWN))
    return { kind: "end", reason: { key: "venueRefused", with: { code: NOT_SHOWN } } };
  if (f.orders.some((o) => o.state === "neverSent" && o.detail === UNEXPLAINED))
    return { kind: "end", reason: { key: "unexplainedOrder" } };
  if (over !== undefined) return { kind: "end", reason: over };
  // The owner's word: no other order follows one that was cancelled or changed by hand.
  if (f.orders.some(isCancelledByHand)) return { kind: "end", reason: { key: "cancelledByHand" } };
  if (f.orders.some((o) => o.changedMs !== undefined)) return { kind: "end", reason: { key: "changedByHand" } };
  if (f.comparing) return waitForCompare(f, undefined);
  const last = f.orders.findLast((o) => !(o.state === "neverSent" && o.sentMs === undefined));
  if (last === undefined) return { kind: "quote", size: remainder };
  if (last.state === "rejected" && last.resend === "never")
    return { kind: "end", reason: { key: "venueRefused", with: { code: last.code } } };
  if (quotesUsed(f) > f.maxRequotes)
    return { kind: "end", reason: { key: "requotesUsed", with: { count: f.maxRequotes } } };
  const endedMs = "closedMs" in last ? last.closedMs : f.nowMs;
  const refusals = f.orders.length - 1 - f.orders.findLastIndex((o) => o.state !== "rejected");
  const pauseMs =
    last.state === "rejected"
      ? Math.min(MINUTE_MS, PAUSE_AFTER_REFUSAL_MS * 2 ** Math.min(Math.max(refusals - 1, 0), 10))
      : PAUSE_BETWEEN_QUOTES_MS;
  const againMs = waitEndMs(endedMs, pauseMs, f.nowMs);
  // The first re-quote is sent at once, later ones after a pause: a fast market must not use up all tries within a
  // second.
  const first = quotesUsed(f) === 1 && last.state !== "rejected";
  if (!first && f.nowMs < againMs) return waitFor(undefined, againMs, "between quotes");
  return { kind: "quote", size: remainder };
};

/**
 * The passive price: the best of our own side, held inside the band and never crossing. undefined when that is
 * impossible: the whole band lies beyond the opposite side.
 */
export const passivePrice = (
  direction: Direction,
  quote: { readonly bid: YenE8; readonly ask: YenE8 },
  band: { readonly low: YenE8; readonly high: YenE8 },
  tick: YenE8,
): YenE8 | undefined => {
  if (direction === "long") {
    const price = minBig(quote.bid, band.high, yenE8(quote.ask - tick));
    return price >= band.low ? price : undefined;
  }
  const price = maxBig(quote.ask, band.low, yenE8(quote.bid + tick));
  return price <= band.high ? price : undefined;
};

/** The best price of our side has left a resting order behind by more than one basis point. */
export const leftBehind = (direction: Direction, resting: YenE8, best: YenE8): boolean => {
  const away = direction === "long" ? best - resting : resting - best;
  return away > ratioOfYenUp(resting, REQUOTE_DISTANCE);
};
