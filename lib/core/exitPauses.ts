// How long to wait before a leg's next order: after refusals, unfilled market orders and unfilled take-profits.
// Computed from the leg's orders alone. Pure; a wait never grows when the clock is set back (waitEndMs).
import type { Leg } from "./leg.ts";
import type { In, Order } from "./order.ts";
import { type EpochMs, MINUTE_MS, plusMs, SECOND_MS, waitEndMs } from "./time.ts";

/** Pause after an unfilled take-profit. One that would fill at once is placed without it. */
const TAKE_PROFIT_PAUSE_MS = MINUTE_MS;
/** The longest pause is 16 minutes. */
const TAKE_PROFIT_DOUBLINGS = 4;
/**
 * The venue's gateway may not see a new position yet (GMO API 8.6): tried again after 50, 100, 150 and then every 200 ms.
 * Five requests in the first half second stay far below the limits of the lowest tier.
 */
const notVisiblePauseMs = (refusals: number): number => Math.min(200, 50 * refusals);
const NOT_VISIBLE_AGE_MS = 5 * SECOND_MS;
const REFUSAL_PAUSE_MS = 500;
/** An empty book fills again sooner than a refusal ends; the position has no stop meanwhile. */
const UNFILLED_PAUSE_MS = 200;
/** The venue that keeps refusing is asked ever more rarely: 0.5 s, 1 s, 2 s ... at most a minute. */
const REFUSAL_PAUSE_CAP_MS = MINUTE_MS;
/** How often to look whether an external order that holds the quantity is gone. */
export const RESERVED_LOOK_MS = 5 * SECOND_MS;
/** Pause while an external order holds the quantity. Once that order is gone, the leg's order is sent at once. */
export const RESERVED_PAUSE_MS = MINUTE_MS;
/** Pause while the venue refuses the quantity and does not list it either. It ends once book and venue agree. */
export const SHORT_PAUSE_MS = MINUTE_MS;
/** After this many refusals of a stop that another try does not cure, the leg is closed at market. */
export const STOP_REFUSALS_BEFORE_MARKET = 2;
/** A cancel without effect is repeated after this long. */
export const CANCEL_AGAIN_MS = 2 * SECOND_MS;
export const CANCEL_LOOK_MS = 100;
const CANCEL_LOOK_CAP_MS = 5 * SECOND_MS;
/** Pause before the next try after the venue refused a close; the stop stands meanwhile. Doubles with each refusal. */
const CLOSE_AGAIN_MS = 5 * SECOND_MS;
const CLOSE_AGAIN_CAP_MS = MINUTE_MS;

export const STOP_ALREADY_THROUGH = "ERR-5129";
/** Another order holds the quantity: part of the position, or on spot the coins themselves. */
export const QUANTITY_RESERVED: ReadonlySet<string> = new Set(["ERR-200", "ERR-208"]);
/** The venue knows no such position, or on spot no such coins. */
export const POSITION_NOT_FOUND = new Set(["ERR-254", "ERR-5106", "ERR-189", "ERR-201"]);

/** When the next closing order may follow a refused one; undefined: none was refused. */
export const closeAgainMs = (leg: Leg, nowMs: EpochMs): EpochMs | undefined => {
  const refused = leg.orders.filter((o) => o.intent.purpose === "exit" && o.state === "rejected");
  const last = refused.at(-1);
  if (last?.state !== "rejected") return undefined;
  const pauseMs = Math.min(CLOSE_AGAIN_CAP_MS, CLOSE_AGAIN_MS * 2 ** Math.min(refused.length - 1, 10));
  return waitEndMs(last.closedMs, pauseMs, nowMs);
};
/**
 * Next look at something that should end within a moment: after 100 ms at first, then after a tenth of its age, at
 * most 5 s.
 */
export const lookAgainMs = (sinceMs: EpochMs, nowMs: EpochMs): EpochMs =>
  plusMs(nowMs, Math.min(CANCEL_LOOK_CAP_MS, Math.max(CANCEL_LOOK_MS, Math.floor((nowMs - sinceMs) / 10))));

/**
 * Filled, or cancelled by us after its resting time. Every other end (refused, expired, cancelled) is the venue's
 * own.
 */
export const wasCancelledByUs = (o: Order): boolean =>
  o.state === "filled" || (o.state === "cancelled" && o.cancelAskedMs !== undefined);
/** Each try gives up a stop, so the pause doubles with each try in a row that the venue itself ended. */
export const takeProfitPauseMs = (leg: Leg): number => {
  const tries = leg.orders.filter((o) => o.intent.purpose === "takeProfit" && "closedMs" in o);
  const refused = tries.length - 1 - tries.findLastIndex(wasCancelledByUs);
  return TAKE_PROFIT_PAUSE_MS * 2 ** Math.min(Math.max(refused - 1, 0), TAKE_PROFIT_DOUBLINGS);
};

/** Ended by the venue without a fill: a MARKET order, or a STOP that was triggered, found an empty book. */
const isUnfilled = (o: Order): boolean =>
  o.state === "expired" && o.intent.executionType !== "LIMIT" && o.executed === 0n;
/** Nobody took the leg's newest order at market: whether its stop can stand again depends on the price now. */
export const wasUnfilled = (sent: readonly Order[]): boolean => {
  const last = sent.at(-1);
  return last !== undefined && isUnfilled(last);
};
/**
 * The MARKET and STOP orders at the end of the leg's sent orders that expired unfilled. Stops that were refused between
 * them do not end the row: the venue that says once "nobody takes it" and once "already passed" is asked ever more
 * rarely too.
 */
export const unfilledStreak = (sent: readonly Order[]): number => {
  const isPartOfRow = (o: Order): boolean =>
    isUnfilled(o) || (o.state === "rejected" && o.intent.purpose === "stop" && o.code === STOP_ALREADY_THROUGH);
  return sent.slice(sent.findLastIndex((o) => !isPartOfRow(o)) + 1).filter(isUnfilled).length;
};
/**
 * End of the pause after orders that expired unfilled because the book was empty; undefined: the last one was not. A
 * first STOP that found an empty book is followed without a pause.
 */
export const unfilledUntilMs = (sent: readonly Order[], nowMs: EpochMs): EpochMs | undefined => {
  const last = sent.at(-1);
  if (last?.state !== "expired" || !isUnfilled(last)) return undefined;
  const streak = unfilledStreak(sent);
  if (streak === 1 && last.intent.purpose === "stop") return undefined;
  const pauseMs = Math.min(REFUSAL_PAUSE_CAP_MS, UNFILLED_PAUSE_MS * 2 ** Math.min(streak - 1, 10));
  return waitEndMs(last.closedMs, pauseMs, nowMs);
};

/** Refusals in a row at the end of the leg's sent orders. */
export const refusalStreak = (sent: readonly Order[]): number => {
  const firstOther = sent.findLastIndex((o) => o.state !== "rejected");
  return sent.length - 1 - firstOther;
};
/**
 * Of the refusals in a row at the end, those of a stop that another try does not cure. "No such position" counts only
 * once the position is some seconds old.
 */
export const lastingRefusals = (leg: Leg, sent: readonly Order[]): number =>
  sent
    .slice(sent.length - refusalStreak(sent))
    .filter(
      (o) =>
        o.state === "rejected" &&
        o.intent.purpose === "stop" &&
        o.resend === "never" &&
        !QUANTITY_RESERVED.has(o.code) &&
        !isNotVisibleYet(leg, o),
    ).length;

/**
 * The leg needs its first stop now: none was sent yet, or it was refused because the venue does not see the new
 * position yet and that pause is over. Nothing needs to be read before it.
 */
export const isFirstStopDue = (leg: Leg, nowMs: EpochMs): boolean => {
  if (leg.open <= 0n || leg.orders.some((o) => o.state !== "rejected" || o.intent.purpose !== "stop")) return false;
  const last = leg.orders.at(-1);
  if (last?.state !== "rejected") return true;
  return isNotVisibleYet(leg, last) && nowMs >= waitEndMs(last.closedMs, pauseAfter(leg, last, leg.orders), nowMs);
};
/**
 * The refusal says "no such position" within 5 s of the leg's first order: the gateway may not see the new position
 * yet.
 */
export const isNotVisibleYet = (leg: Pick<Leg, "orders">, refusal: In<"rejected">): boolean =>
  POSITION_NOT_FOUND.has(refusal.code) &&
  refusal.closedMs - (leg.orders[0]?.createdMs ?? refusal.closedMs) < NOT_VISIBLE_AGE_MS;

/** Doubles with each refusal in a row. "Not visible yet" refusals do not count: the leg is unprotected meanwhile. */
export const pauseAfter = (leg: Leg, refusal: In<"rejected">, sent: readonly Order[]): number => {
  const inARow = sent.slice(sent.length - refusalStreak(sent));
  if (isNotVisibleYet(leg, refusal)) return notVisiblePauseMs(inARow.length);
  const streak = inARow.filter((o) => o.state === "rejected" && !isNotVisibleYet(leg, o)).length;
  return Math.min(REFUSAL_PAUSE_CAP_MS, REFUSAL_PAUSE_MS * 2 ** Math.min(streak - 1, 10));
};

/** Whether the owner is alerted of a refused closing order: not where the next step cures it. */
export const refusalIsAlarming = (order: In<"rejected">, priorOrders: readonly Order[]): boolean => {
  if (order.intent.executionType === "LIMIT" || order.code === STOP_ALREADY_THROUGH) return false;
  if (!POSITION_NOT_FOUND.has(order.code)) return true;
  const first = priorOrders[0]?.createdMs ?? order.createdMs;
  return order.closedMs - first >= NOT_VISIBLE_AGE_MS;
};
