// What to do next with one leg of an open trade: a pure decision from its orders, the price and the time, taken anew at
// every look. Nothing is remembered between looks but the order rows, so a crash at any step ends in the same decisions.

import {
  CANCEL_AGAIN_MS,
  CANCEL_LOOK_MS,
  closeAgainMs,
  inVainUntilMs,
  isNotVisibleYet,
  lastingRefusals,
  lookAgainMs,
  POSITION_NOT_FOUND,
  pauseAfter,
  QUANTITY_RESERVED,
  REFUSAL_PAUSE_CAP_MS,
  RESERVED_PAUSE_MS,
  refusalStreak,
  restedItsTime,
  SHORT_PAUSE_MS,
  STOP_ALREADY_THROUGH,
  STOP_REFUSALS_BEFORE_MARKET,
  takeProfitPauseMs,
} from "./exitPauses.ts";
import type { Leg } from "./leg.ts";
import { type CoinE8, type YenE8, yenE8 } from "./money.ts";
import { type ExitReason, type In, isLive, type OrderPurpose } from "./order.ts";
import { isSpot } from "./product.ts";
import { type EpochMs, plusMs, SECOND_MS, waitEndMs } from "./time.ts";
import type { Direction, ExecutionType } from "./venue.ts";
import { priceTopic, type WakeTopic } from "./wake.ts";

export interface Quote {
  readonly bid: YenE8;
  readonly ask: YenE8;
  readonly last: YenE8;
}
/** `makerFirst`: a limit at the best price of its own side for a few seconds, then market. */
export type CloseHow = "makerFirst" | "market";
export interface ExitFacts {
  readonly symbol: string;
  readonly direction: Direction;
  /** The venue's smallest order. */
  readonly minSize: CoinE8;
  readonly nowMs: EpochMs;
  /** undefined: the price is not known now; protection goes on without it. */
  readonly quote: Quote | undefined;
  readonly timeStopMs: EpochMs;
  /** How the owner wants it closed now (/close, /panic); undefined: by its own exits. */
  readonly ownerCloses: CloseHow | undefined;
  /** A closing order that is not ours rests at the venue: it may be what a refused stop ran into. */
  readonly reserved?: boolean;
  /** The venue lists less of the leg's position than our book holds, or nothing: another hand has closed it. */
  readonly short?: boolean;
  /** How long a take-profit or closing limit rests. */
  readonly restMs: number;
}

export type LegAction =
  | { readonly kind: "closed" }
  /** An intention an earlier attempt left behind: drop it and decide anew. */
  | { readonly kind: "abandon"; readonly order: In<"intended">; readonly why: string }
  /** May be at the venue: look. */
  | { readonly kind: "look"; readonly order: In<"sending" | "unknown"> }
  /** `givesUpStop`: only while the venue takes new orders, or the leg would stay bare. */
  | { readonly kind: "cancel"; readonly order: In<"open">; readonly why: string; readonly givesUpStop: boolean }
  | {
      readonly kind: "place";
      readonly purpose: Exclude<OrderPurpose, "entry">;
      readonly executionType: ExecutionType;
      /** undefined for MARKET. */
      readonly price: YenE8 | undefined;
      readonly exitReason: ExitReason;
      readonly why: string;
    }
  /** undefined: nothing is due, look again with the next poll. */
  | {
      readonly kind: "wait";
      readonly untilMs: EpochMs | undefined;
      readonly reason: string;
      readonly wakeOn: readonly WakeTopic[];
    };

/** The market has reached the target: traded there, or somebody takes our price. */
export const targetTouched = (direction: Direction, quote: Quote, target: YenE8): boolean =>
  direction === "long" ? quote.last >= target || quote.bid >= target : quote.last <= target || quote.ask <= target;
/** A limit at the target would trade at once. */
const targetTradable = (direction: Direction, quote: Quote, target: YenE8): boolean =>
  direction === "long" ? quote.bid >= target : quote.ask <= target;
const stopThrough = (direction: Direction, quote: Quote, stop: YenE8): boolean =>
  direction === "long" ? quote.last <= stop : quote.last >= stop;

/** The next step of one leg. Total: every combination of order states gives an action. */
export const nextAction = (leg: Leg, f: ExitFacts): LegAction => {
  const live = leg.orders.findLast(isLive);
  if (live === undefined) return leg.open <= 0n ? { kind: "closed" } : withoutOrder(leg, f);
  switch (live.state) {
    case "intended":
      return { kind: "abandon", order: live, why: "left unsent by an earlier attempt" };
    case "sending":
    case "unknown":
      return { kind: "look", order: live };
    case "open":
      return withOrder(leg, live, f);
    default:
      return live satisfies never;
  }
};

const wait = (reason: string, untilMs?: EpochMs, wakeOn: readonly WakeTopic[] = []): LegAction => ({
  kind: "wait",
  untilMs,
  reason,
  wakeOn,
});
/** The whole leg is to be closed now: the owner wants it, or its time is over. */
interface Closing {
  readonly how: CloseHow;
  readonly exitReason: Extract<ExitReason, "manual" | "time_stop">;
  readonly why: string;
}
const closingOf = (f: ExitFacts): Closing | undefined => {
  if (f.ownerCloses !== undefined) return { how: f.ownerCloses, exitReason: "manual", why: "the owner closes it" };
  if (f.nowMs >= f.timeStopMs) return { how: "makerFirst", exitReason: "time_stop", why: "time stop" };
  return undefined;
};

const withOrder = (leg: Leg, live: In<"open">, f: ExitFacts): LegAction => {
  const { purpose } = live.intent;
  if (live.cancelAskedMs !== undefined) {
    const againMs = waitEndMs(live.cancelAskedMs, CANCEL_AGAIN_MS, f.nowMs);
    if (f.nowMs >= againMs)
      return { kind: "cancel", order: live, why: "the cancel had no effect yet", givesUpStop: false };
    return wait("cancelling", plusMs(f.nowMs, CANCEL_LOOK_MS));
  }
  if (leg.open <= 0n) return wait("closed, the venue is dropping its order", lookAgainMs(live.sentMs, f.nowMs));
  const closing = closingOf(f);
  if (purpose !== "stop") {
    if (live.intent.executionType === "MARKET") return wait("closing at market", lookAgainMs(live.sentMs, f.nowMs));
    if (closing?.how === "market") return { kind: "cancel", order: live, why: closing.why, givesUpStop: false };
    const restedMs = waitEndMs(live.sentMs, f.restMs, f.nowMs);
    if (f.nowMs < restedMs) return wait(purpose === "exit" ? "closing" : "taking profit", restedMs);
    return { kind: "cancel", order: live, why: "it rested its time", givesUpStop: false };
  }
  // A part of the coins has joined or left the leg since.
  if (live.intent.size - live.executed !== leg.open)
    return { kind: "cancel", order: live, why: "the stop is of another size", givesUpStop: true };
  if (closing !== undefined) {
    const againMs = closeAgainMs(leg, f.nowMs);
    if (againMs !== undefined && f.nowMs < againMs) return wait("protected; the venue refused to close it", againMs);
    return { kind: "cancel", order: live, why: closing.why, givesUpStop: true };
  }
  const profit = takeProfit(leg, f);
  if (profit.kind === "now") return { kind: "cancel", order: live, why: "target touched", givesUpStop: true };
  if (live.intent.plannedPrice !== leg.stop)
    return { kind: "cancel", order: live, why: "the stop moves", givesUpStop: true };
  const untilMs = profit.againMs !== undefined && profit.againMs < f.timeStopMs ? profit.againMs : f.timeStopMs;
  return wait("protected", untilMs, profit.wakeOn);
};

/**
 * On spot no order can be made of it: it joins more coins, or is left to the owner (rests.ts). A margin position of any size is
 * tried to be closed as a whole; where the venue refuses (GMO API 14.18), the owner hears that it is bare.
 */
export const tooLittle = (symbol: string, open: CoinE8, minSize: CoinE8): boolean => isSpot(symbol) && open < minSize;

const withoutOrder = (leg: Leg, f: ExitFacts): LegAction => {
  if (tooLittle(f.symbol, leg.open, f.minSize)) return wait("too little for an order");
  const sent = leg.orders.filter((o) => !(o.state === "neverSent" && o.sentMs === undefined));
  const last = sent.at(-1);
  const refusal = last?.state === "rejected" ? last : undefined;
  const closing = closingOf(f);
  const market = (exitReason: ExitReason, why: string): LegAction => ({
    kind: "place",
    purpose: "exit",
    executionType: "MARKET",
    price: undefined,
    exitReason,
    why,
  });
  if (refusal !== undefined && refusal.intent.executionType !== "LIMIT") {
    const isShort = POSITION_NOT_FOUND.has(refusal.code) || QUANTITY_RESERVED.has(refusal.code);
    if (f.short === true && isShort && !isNotVisibleYet(leg, refusal)) {
      const againMs = waitEndMs(refusal.closedMs, SHORT_PAUSE_MS, f.nowMs);
      if (f.nowMs < againMs) return wait(`the venue lists less of the position (${refusal.code})`, againMs);
    }
    const streak = refusalStreak(sent);
    const exitRefused = sent.slice(-streak).some((o) => o.intent.purpose === "exit");
    const reserved = f.reserved === true && QUANTITY_RESERVED.has(refusal.code) && refusal.intent.purpose === "stop";
    const pauseMs = reserved ? RESERVED_PAUSE_MS : pauseAfter(leg, refusal, sent);
    const untilMs = waitEndMs(refusal.closedMs, pauseMs, f.nowMs);
    if (refusal.code === STOP_ALREADY_THROUGH && !(exitRefused && f.nowMs < untilMs))
      return market("stop_loss", "the stop price is already passed");
    // Refused while it is to be closed: back under its stop at once, where one can stand; a later try closes it.
    const restoreNow =
      closing !== undefined &&
      refusal.intent.purpose === "exit" &&
      !(f.quote !== undefined && stopThrough(f.direction, f.quote, leg.stop));
    if (f.nowMs < untilMs && !restoreNow)
      return wait(`refused with ${refusal.code}`, reserved ? plusMs(f.nowMs, REFUSAL_PAUSE_CAP_MS) : untilMs);
    if (refusal.intent.purpose === "exit" && closing === undefined)
      return market(refusal.intent.exitReason ?? "stop_loss", "the market order was refused");
    if (lastingRefusals(leg, sent) >= STOP_REFUSALS_BEFORE_MARKET && closing === undefined)
      return market("stop_loss", "the venue refuses the stop");
  }
  const restore = refusal?.intent.purpose === "exit" && refusal.intent.executionType === "MARKET";
  const vainUntilMs = inVainUntilMs(sent, f.nowMs);
  if (vainUntilMs !== undefined && f.nowMs < vainUntilMs) return wait("nobody took the market order", vainUntilMs);
  if (closing !== undefined && !restore) {
    const tried = sent.some((o) => o.intent.purpose === "exit");
    if (closing.how === "market" || tried || f.quote === undefined) return market(closing.exitReason, closing.why);
    const price = f.direction === "long" ? f.quote.ask : f.quote.bid;
    return {
      kind: "place",
      purpose: "exit",
      executionType: "LIMIT",
      price,
      exitReason: closing.exitReason,
      why: closing.why,
    };
  }
  // A market exit that filled only in part goes on until the leg is closed.
  if (last?.intent.purpose === "exit" && last.intent.executionType === "MARKET" && last.state !== "rejected")
    return market(last.intent.exitReason ?? "stop_loss", "the market order left a rest");
  if (
    closing === undefined &&
    (takeProfit(leg, f).kind === "now" || wasReleased(leg, f)) &&
    last?.intent.purpose === "stop" &&
    refusal === undefined
  )
    return {
      kind: "place",
      purpose: "takeProfit",
      executionType: "LIMIT",
      price: leg.targetPrice,
      exitReason: leg.target === 1 ? "tp1" : "tp2",
      why: "target touched",
    };
  if (f.quote !== undefined && stopThrough(f.direction, f.quote, leg.stop))
    return market("stop_loss", "the stop price is already passed");
  return {
    kind: "place",
    purpose: "stop",
    executionType: "STOP",
    price: leg.stop,
    exitReason: "stop_loss",
    why: last === undefined ? "new position" : "back to protection",
  };
};

/** A released stop is followed by what it was released for, without another look at the price, for this long. */
const RELEASED_MS = 5 * SECOND_MS;
/**
 * We ourselves gave up a stop that stood where it belongs, a moment ago and before the time stop: only a touched target makes
 * us do that, and the price need not be asked again while the leg is bare.
 */
const wasReleased = (leg: Leg, f: ExitFacts): boolean => {
  const last = leg.orders.at(-1);
  return (
    last?.state === "cancelled" &&
    last.cancelAskedMs !== undefined &&
    last.intent.plannedPrice === leg.stop &&
    last.intent.size - last.executed === leg.open &&
    f.nowMs - last.closedMs < RELEASED_MS &&
    f.nowMs >= last.closedMs
  );
};
/** Between two orders: the one at the venue is being cancelled, or there is none. Every round trip counts now. */
export const isBetweenOrders = (leg: Pick<Leg, "open" | "orders">): boolean =>
  leg.open > 0n && !leg.orders.some((o) => o.state === "open" && o.cancelAskedMs === undefined);

type Profit = {
  readonly kind: "now" | "notYet";
  readonly againMs: EpochMs | undefined;
  readonly wakeOn: readonly WakeTopic[];
};
const takeProfit = (leg: Leg, f: ExitFacts): Profit => {
  const watch = (price: YenE8): WakeTopic =>
    priceTopic(f.symbol, f.direction === "long" ? "atOrAbove" : "atOrBelow", price);
  if (f.quote === undefined || !targetTouched(f.direction, f.quote, leg.targetPrice))
    return { kind: "notYet", againMs: undefined, wakeOn: [watch(leg.targetPrice)] };
  const tried = leg.orders.findLast((o) => o.intent.purpose === "takeProfit" && "closedMs" in o);
  const againMs =
    tried !== undefined && "closedMs" in tried ? waitEndMs(tried.closedMs, takeProfitPauseMs(leg), f.nowMs) : undefined;
  const tradable =
    targetTradable(f.direction, f.quote, leg.targetPrice) && (tried === undefined || restedItsTime(tried));
  if (againMs === undefined || f.nowMs >= againMs || tradable) return { kind: "now", againMs: undefined, wakeOn: [] };
  // The price stands at the target already: waking on it would wake at once, without end. It is tradable once the spread
  // has moved through it too.
  const { bid, ask, last } = f.quote;
  const wakeAt = yenE8(f.direction === "long" ? leg.targetPrice + (last - bid) : leg.targetPrice - (ask - last));
  const through = f.direction === "long" ? last >= wakeAt : last <= wakeAt;
  return { kind: "notYet", againMs, wakeOn: through ? [] : [watch(wakeAt)] };
};
