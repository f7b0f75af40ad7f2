// What to do next with one leg of an open trade: an ordered list of rules over its orders, the price and the time.
// The first rule that answers decides. Nothing is remembered between two decisions except the order rows, so a crash
// at any step leads to the same decisions. The table "Exits" in docs/orders.md is this list in this order; a test
// compares them.
import { AppError } from "./errors.ts";
import { type ExitFacts, type LegAction, type LegFacts, legFacts } from "./exitFacts.ts";
import {
  CANCEL_AGAIN_MS,
  CANCEL_LOOK_MS,
  closeAgainMs,
  isNotVisibleYet,
  lastingRefusals,
  lookAgainMs,
  POSITION_NOT_FOUND,
  pauseAfter,
  QUANTITY_RESERVED,
  RESERVED_LOOK_MS,
  RESERVED_PAUSE_MS,
  refusalStreak,
  SHORT_PAUSE_MS,
  STOP_ALREADY_THROUGH,
  STOP_REFUSALS_BEFORE_MARKET,
  unfilledStreak,
  unfilledUntilMs,
} from "./exitPauses.ts";
import { isStopPassed, takeProfitTiming, wasReleasedForTarget } from "./exitPrices.ts";
import type { Leg } from "./leg.ts";
import type { CoinE8 } from "./money.ts";
import { type ExitReason, type In, isInFlight } from "./order.ts";
import { isSpot } from "./product.ts";
import { type EpochMs, plusMs, waitEndMs } from "./time.ts";
import type { WakeTopic } from "./wakeTopics.ts";

/** undefined: this rule does not apply; the next one is asked. */
type ExitRule = (leg: Leg, facts: LegFacts) => LegAction | undefined;

/** The next step of one leg. Total: every combination of order states gives an action. */
export const nextAction = (leg: Leg, facts: ExitFacts): LegAction => {
  const f = legFacts(leg, facts);
  for (const rule of EXIT_RULES) {
    const action = rule(leg, f);
    if (action !== undefined) return action;
  }
  throw new AppError("alert", "EXIT_RULES", `leg ${leg.id}: expected the last rule to answer always, it did not`);
};

const wait = (reason: string, untilMs?: EpochMs, wakeOn: readonly WakeTopic[] = []): LegAction => ({
  kind: "wait",
  untilMs,
  reason,
  wakeOn,
});
const atMarket = (exitReason: ExitReason, why: string): LegAction => ({
  kind: "place",
  purpose: "exit",
  executionType: "MARKET",
  price: undefined,
  exitReason,
  why,
});
const theStop = (leg: Leg, why: string): LegAction => ({
  kind: "place",
  purpose: "stop",
  executionType: "STOP",
  price: leg.stop,
  exitReason: "stop_loss",
  why,
});
const release = (order: In<"open">, why: string): LegAction => ({ kind: "cancel", order, why, givesUpStop: true });

// The leg's newest order has not ended.

const dropUnsent: ExitRule = (_, { live }) =>
  live?.state === "intended" ? { kind: "abandon", order: live, why: "left unsent by an earlier attempt" } : undefined;

const lookUp: ExitRule = (_, { live }) =>
  live !== undefined && isInFlight(live) ? { kind: "look", order: live } : undefined;

const cancelPending: ExitRule = (_, { working, nowMs }) => {
  if (working?.cancelAskedMs === undefined) return undefined;
  if (nowMs < waitEndMs(working.cancelAskedMs, CANCEL_AGAIN_MS, nowMs))
    return wait("cancelling", plusMs(nowMs, CANCEL_LOOK_MS));
  return { kind: "cancel", order: working, why: "the cancel had no effect yet", givesUpStop: false };
};

/** The venue drops a closing order by itself once its position is closed. */
const positionGone: ExitRule = (leg, { working, nowMs }) =>
  working !== undefined && leg.open <= 0n
    ? wait("closed, the venue is dropping its order", lookAgainMs(working.sentMs, nowMs))
    : undefined;

const marketWorking: ExitRule = (_, { exit, nowMs }) =>
  exit?.intent.executionType === "MARKET" ? wait("closing at market", lookAgainMs(exit.sentMs, nowMs)) : undefined;

const limitToMarket: ExitRule = (_, { exit, closing }) =>
  exit !== undefined && closing?.how === "market"
    ? { kind: "cancel", order: exit, why: closing.why, givesUpStop: false }
    : undefined;

const limitResting: ExitRule = (_, { exit, restingMs, nowMs }) => {
  if (exit === undefined) return undefined;
  const untilMs = waitEndMs(exit.sentMs, restingMs, nowMs);
  if (nowMs < untilMs) return wait(exit.intent.purpose === "exit" ? "closing" : "taking profit", untilMs);
  return { kind: "cancel", order: exit, why: "it rested its time", givesUpStop: false };
};

/** Coins have joined or left the leg since its stop was placed. */
const stopResize: ExitRule = (leg, { stop }) =>
  stop !== undefined && stop.intent.size - stop.executed !== leg.open
    ? release(stop, "the stop is of another size")
    : undefined;

const stopToClosing: ExitRule = (leg, { stop, closing, nowMs }) => {
  if (stop === undefined || closing === undefined) return undefined;
  const againMs = closeAgainMs(leg, nowMs);
  if (againMs !== undefined && nowMs < againMs) return wait("protected; the venue refused to close it", againMs);
  return release(stop, closing.why);
};

const stopToTakeProfit: ExitRule = (leg, f) =>
  f.stop !== undefined && takeProfitTiming(leg, f).kind === "now" ? release(f.stop, "target touched") : undefined;

/** `plannedPrice`: the sent price may be some ticks apart (distinctPrice). */
const stopMove: ExitRule = (leg, { stop }) =>
  stop !== undefined && stop.intent.plannedPrice !== leg.stop ? release(stop, "the stop moves") : undefined;

const stopStands: ExitRule = (leg, f) => {
  if (f.stop === undefined) return undefined;
  const { againMs, wakeOn } = takeProfitTiming(leg, f);
  return wait("protected", againMs !== undefined && againMs < f.timeStopMs ? againMs : f.timeStopMs, wakeOn);
};

// The leg has no order at the venue.

const closed: ExitRule = (leg) => (leg.open <= 0n ? { kind: "closed" } : undefined);

const tooSmall: ExitRule = (leg, f) =>
  tooLittle(f.symbol, leg.open, f.minSize) ? wait("too little for an order") : undefined;

/**
 * The venue refuses the quantity and lists less of the position than our book: wait until the external close is
 * booked.
 */
const notListed: ExitRule = (leg, { refusal, short, nowMs }) => {
  if (refusal === undefined || short !== true) return undefined;
  if (!POSITION_NOT_FOUND.has(refusal.code) && !QUANTITY_RESERVED.has(refusal.code)) return undefined;
  if (isNotVisibleYet(leg, refusal)) return undefined;
  const againMs = waitEndMs(refusal.closedMs, SHORT_PAUSE_MS, nowMs);
  return nowMs < againMs ? wait(`the venue lists less of the position (${refusal.code})`, againMs) : undefined;
};

/** When the next order may follow a refusal. `reserved`: an external closing order holds the quantity. */
const pauseOf = (leg: Leg, f: LegFacts, refusal: In<"rejected">) => {
  const reserved = f.reserved === true && QUANTITY_RESERVED.has(refusal.code) && refusal.intent.purpose === "stop";
  const pauseMs = reserved ? RESERVED_PAUSE_MS : pauseAfter(leg, refusal, f.sent);
  return { reserved, untilMs: waitEndMs(refusal.closedMs, pauseMs, f.nowMs) };
};

/** The venue itself says that the stop price is passed. Paused only where a market order was refused just before. */
const stopRefusedAsPassed: ExitRule = (leg, f) => {
  if (f.refusal?.code !== STOP_ALREADY_THROUGH) return undefined;
  const exitRefused = f.sent.slice(-refusalStreak(f.sent)).some((o) => o.intent.purpose === "exit");
  if (exitRefused && f.nowMs < pauseOf(leg, f, f.refusal).untilMs) return undefined;
  return atMarket("stop_loss", "the stop price is already passed");
};

const refusalPause: ExitRule = (leg, f) => {
  if (f.refusal === undefined) return undefined;
  const { reserved, untilMs } = pauseOf(leg, f, f.refusal);
  if (f.nowMs >= untilMs) return undefined;
  // A refused close: the stop returns at once where it can stand; the close is tried again from there.
  if (f.closing !== undefined && f.refusal.intent.purpose === "exit" && !isStopPassed(f, leg.stop)) return undefined;
  // An external order may end at any moment, so look again sooner than the pause.
  return wait(`refused with ${f.refusal.code}`, reserved ? plusMs(f.nowMs, RESERVED_LOOK_MS) : untilMs);
};

const marketRefused: ExitRule = (_, { refusal, closing }) =>
  refusal?.intent.purpose === "exit" && closing === undefined
    ? atMarket(refusal.intent.exitReason ?? "stop_loss", "the market order was refused")
    : undefined;

const stopRefused: ExitRule = (leg, { refusal, closing, sent }) =>
  refusal !== undefined && closing === undefined && lastingRefusals(leg, sent) >= STOP_REFUSALS_BEFORE_MARKET
    ? atMarket("stop_loss", "the venue refuses the stop")
    : undefined;

/**
 * The venue called the stop price passed, and nobody took the market order. Where the price is short of the stop again,
 * the stop protects better than another market order into an empty book: at once the first time, after the pause of
 * `marketUnfilled` later.
 */
const stopAfterUnfilled: ExitRule = (leg, f) => {
  if (f.last?.state !== "expired" || f.closing !== undefined) return undefined;
  const streak = unfilledStreak(f.sent);
  if (streak === 0 || f.prices === undefined || isStopPassed(f, leg.stop)) return undefined;
  const untilMs = unfilledUntilMs(f.sent, f.nowMs);
  if (streak > 1 && untilMs !== undefined && f.nowMs < untilMs) return undefined;
  return theStop(leg, "nobody took the order at market, and the price is short of the stop");
};

const marketUnfilled: ExitRule = (_, { sent, nowMs }) => {
  const untilMs = unfilledUntilMs(sent, nowMs);
  return untilMs !== undefined && nowMs < untilMs ? wait("nobody took the market order", untilMs) : undefined;
};

/** Not straight after a refused market order: then the stop returns first. */
const closeLeg: ExitRule = (_, { closing, refusal, sent, prices, direction }) => {
  if (closing === undefined) return undefined;
  if (refusal?.intent.purpose === "exit" && refusal.intent.executionType === "MARKET") return undefined;
  const { how, exitReason, why } = closing;
  const tried = sent.some((o) => o.intent.purpose === "exit");
  if (how === "market" || tried || prices === undefined) return atMarket(exitReason, why);
  const price = direction === "long" ? prices.ask : prices.bid;
  return { kind: "place", purpose: "exit", executionType: "LIMIT", price, exitReason, why };
};

/** A market close that filled only in part is followed by another until the leg is closed. */
const marketLeftover: ExitRule = (_, { last }) =>
  last?.intent.purpose === "exit" && last.intent.executionType === "MARKET" && last.state !== "rejected"
    ? atMarket(last.intent.exitReason ?? "stop_loss", "the market order left a rest")
    : undefined;

/**
 * Only in place of a stop that was given up for it: a new leg, and one whose take-profit has ended, gets its stop
 * first.
 */
const takeProfit: ExitRule = (leg, f) => {
  if (f.closing !== undefined || f.last?.intent.purpose !== "stop" || f.last.state === "rejected") return undefined;
  if (takeProfitTiming(leg, f).kind !== "now" && !wasReleasedForTarget(leg, f.nowMs)) return undefined;
  return {
    kind: "place",
    purpose: "takeProfit",
    executionType: "LIMIT",
    price: leg.targetPrice,
    exitReason: leg.target === 1 ? "tp1" : "tp2",
    why: "target touched",
  };
};

const stopPassed: ExitRule = (leg, f) =>
  isStopPassed(f, leg.stop) ? atMarket("stop_loss", "the stop price is already passed") : undefined;

const placeStop: ExitRule = (leg, { last }) => theStop(leg, last === undefined ? "new position" : "back to protection");

/** Asked in this order. The last rule always answers. */
export const EXIT_RULES: readonly ExitRule[] = [
  dropUnsent,
  lookUp,
  cancelPending,
  positionGone,
  marketWorking,
  limitToMarket,
  limitResting,
  stopResize,
  stopToClosing,
  stopToTakeProfit,
  stopMove,
  stopStands,
  closed,
  tooSmall,
  notListed,
  stopRefusedAsPassed,
  refusalPause,
  marketRefused,
  stopRefused,
  stopAfterUnfilled,
  marketUnfilled,
  closeLeg,
  marketLeftover,
  takeProfit,
  stopPassed,
  placeStop,
];

/**
 * Spot only: too few coins for any order. They join another leg, or are left to the owner (handlers/book/dust.ts). A
 * margin position of any size can be tried to be closed as a whole; where the venue refuses (GMO API 14.18), the
 * owner is alerted.
 */
export const tooLittle = (symbol: string, open: CoinE8, minSize: CoinE8): boolean => isSpot(symbol) && open < minSize;

/** A leg whose order is being cancelled, or that has none: it is or will be unprotected, so every round trip counts. */
export const isBetweenOrders = (leg: Pick<Leg, "open" | "orders">): boolean =>
  leg.open > 0n && !leg.orders.some((o) => o.state === "open" && o.cancelAskedMs === undefined);
