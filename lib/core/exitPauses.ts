// How long to wait before a leg's next order, told from its orders alone: after refusals, orders in vain, take-profits that rested
// for nothing. Pure; a wait never grows when the clock is set back (waitEndMs).
import type { Leg } from "./leg.ts";
import type { In, Order } from "./order.ts";
import { type EpochMs, MINUTE_MS, plusMs, SECOND_MS, waitEndMs } from "./time.ts";

/** A take-profit that rested in vain is tried again at once only when it would trade; else after this pause. */
const TAKE_PROFIT_PAUSE_MS = MINUTE_MS;
/** The longest pause is 16 minutes. */
const TAKE_PROFIT_DOUBLINGS = 4;
/** The venue's gateway may not see a new position yet (GMO API 8.6). */
const NOT_VISIBLE_PAUSE_MS = 200;
const NOT_VISIBLE_AGE_MS = 5 * SECOND_MS;
const REFUSAL_PAUSE_MS = 500;
export const REFUSAL_PAUSE_CAP_MS = 5 * SECOND_MS;
/** While another order visibly has the quantity, the venue is asked no more often than this; once it is gone, at once. */
export const RESERVED_PAUSE_MS = MINUTE_MS;
/** What the venue refuses and does not list either is asked for no more often than this; once book and list agree, at once. */
export const SHORT_PAUSE_MS = MINUTE_MS;
/** Explicit refusals of a stop, other than passing ones, after which the leg is closed at market. */
export const STOP_REFUSALS_BEFORE_MARKET = 2;
/** A cancel that shows no effect is asked again after this long. */
export const CANCEL_AGAIN_MS = 2 * SECOND_MS;
export const CANCEL_LOOK_MS = 100;
const CANCEL_LOOK_CAP_MS = 5 * SECOND_MS;
/** The venue refused to close: the stop is back, and the next try comes after this long, doubled at each refusal. */
const CLOSE_AGAIN_MS = 5 * SECOND_MS;
const CLOSE_AGAIN_CAP_MS = MINUTE_MS;

export const STOP_ALREADY_THROUGH = "ERR-5129";
/** Another order has the quantity: of a position, or the coins themselves on spot. */
export const QUANTITY_RESERVED: ReadonlySet<string> = new Set(["ERR-200", "ERR-208"]);
/** No such position, or on spot no such coins. */
export const POSITION_NOT_FOUND = new Set(["ERR-254", "ERR-5106", "ERR-189", "ERR-201"]);

/** When the next closing order may follow those the venue refused; undefined: none was refused. */
export const closeAgainMs = (leg: Leg, nowMs: EpochMs): EpochMs | undefined => {
  const refused = leg.orders.filter((o) => o.intent.purpose === "exit" && o.state === "rejected");
  const last = refused.at(-1);
  if (last?.state !== "rejected") return undefined;
  const pauseMs = Math.min(CLOSE_AGAIN_CAP_MS, CLOSE_AGAIN_MS * 2 ** Math.min(refused.length - 1, 10));
  return waitEndMs(last.closedMs, pauseMs, nowMs);
};
/** What should be over in a moment is looked at ten times a second at first, then ever less often: the venue may be slow to tell. */
export const lookAgainMs = (sinceMs: EpochMs, nowMs: EpochMs): EpochMs =>
  plusMs(nowMs, Math.min(CANCEL_LOOK_CAP_MS, Math.max(CANCEL_LOOK_MS, Math.floor((nowMs - sinceMs) / 10))));

/** We took it back after its seconds. Any other end (refused, expired, cancelled by the venue) is the venue's no. */
export const restedItsTime = (o: Order): boolean =>
  o.state === "filled" || (o.state === "cancelled" && o.cancelAskedMs !== undefined);
/** Each try gives up a stop: after every no of the venue in a row the next one comes twice as late. */
export const takeProfitPauseMs = (leg: Leg): number => {
  const tries = leg.orders.filter((o) => o.intent.purpose === "takeProfit" && "closedMs" in o);
  const refused = tries.length - 1 - tries.findLastIndex(restedItsTime);
  return TAKE_PROFIT_PAUSE_MS * 2 ** Math.min(Math.max(refused - 1, 0), TAKE_PROFIT_DOUBLINGS);
};

/** Market orders that expired without any fill, for want of somebody to trade with: the pause before the next one. */
export const inVainUntilMs = (sent: readonly Order[], nowMs: EpochMs): EpochMs | undefined => {
  const inVain = (o: Order): boolean =>
    o.state === "expired" && o.intent.executionType === "MARKET" && o.executed === 0n;
  const last = sent.at(-1);
  if (last?.state !== "expired" || !inVain(last)) return undefined;
  const streak = sent.length - 1 - sent.findLastIndex((o) => !inVain(o));
  const pauseMs = Math.min(REFUSAL_PAUSE_CAP_MS, REFUSAL_PAUSE_MS * 2 ** Math.min(streak - 1, 10));
  return waitEndMs(last.closedMs, pauseMs, nowMs);
};

/** Refusals in a row at the end of the leg's sent orders. */
export const refusalStreak = (sent: readonly Order[]): number => {
  const firstOther = sent.findLastIndex((o) => o.state !== "rejected");
  return sent.length - 1 - firstOther;
};
/** Of those, stop refusals that another try does not heal. "No such position" is believed once the position is seconds old. */
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
 * Its first stop was refused only because the venue does not see the new position yet, and its pause is over: the same stop is
 * due again, and nothing need be read for it.
 */
export const isFirstStopDue = (leg: Leg, nowMs: EpochMs): boolean => {
  if (leg.open <= 0n || leg.orders.some((o) => o.state !== "rejected" || o.intent.purpose !== "stop")) return false;
  const last = leg.orders.at(-1);
  if (last?.state !== "rejected") return true;
  return isNotVisibleYet(leg, last) && nowMs >= waitEndMs(last.closedMs, NOT_VISIBLE_PAUSE_MS, nowMs);
};
/** The venue's gateway may not see a position so young. */
export const isNotVisibleYet = (leg: Pick<Leg, "orders">, refusal: In<"rejected">): boolean =>
  POSITION_NOT_FOUND.has(refusal.code) &&
  refusal.closedMs - (leg.orders[0]?.createdMs ?? refusal.closedMs) < NOT_VISIBLE_AGE_MS;

/** Doubled at each refusal in a row. Those of a position too young to be seen do not count: each second may be a bare one. */
export const pauseAfter = (leg: Leg, refusal: In<"rejected">, sent: readonly Order[]): number => {
  if (isNotVisibleYet(leg, refusal)) return NOT_VISIBLE_PAUSE_MS;
  const inARow = sent.slice(sent.length - refusalStreak(sent));
  const streak = inARow.filter((o) => o.state === "rejected" && !isNotVisibleYet(leg, o)).length;
  return Math.min(REFUSAL_PAUSE_CAP_MS, REFUSAL_PAUSE_MS * 2 ** Math.min(streak - 1, 10));
};

/** Whether a refusal of a closing order is news for the owner: not the ones the next step heals by itself. */
export const refusalIsAlarming = (order: In<"rejected">, priorOrders: readonly Order[]): boolean => {
  if (order.intent.executionType === "LIMIT" || order.code === STOP_ALREADY_THROUGH) return false;
  if (!POSITION_NOT_FOUND.has(order.code)) return true;
  const first = priorOrders[0]?.createdMs ?? order.createdMs;
  return order.closedMs - first >= NOT_VISIBLE_AGE_MS;
};
