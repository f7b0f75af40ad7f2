// Where the market stands against a leg's stop and target, and when the take-profit is due.
import type { ExitFacts, MarketPrices } from "./exitFacts.ts";
import { takeProfitPauseMs, wasCancelledByUs } from "./exitPauses.ts";
import type { Leg } from "./leg.ts";
import { type YenE8, yenE8 } from "./money.ts";
import { type EpochMs, SECOND_MS, waitEndMs } from "./time.ts";
import type { Direction } from "./venue.ts";
import { priceTopic, type WakeTopic } from "./wakeTopics.ts";

/**
 * The market has reached the target: a trade at the target or better, or a best price at which the target would fill.
 */
const targetTouched = (direction: Direction, prices: MarketPrices, target: YenE8): boolean =>
  direction === "long" ? prices.last >= target || prices.bid >= target : prices.last <= target || prices.ask <= target;
/** A limit at the target would fill at once. */
const targetTradable = (direction: Direction, prices: MarketPrices, target: YenE8): boolean =>
  direction === "long" ? prices.bid >= target : prices.ask <= target;
/** The last trade is at the stop price or beyond. False while the price is not known. */
export const isStopPassed = (f: ExitFacts, stop: YenE8): boolean =>
  f.prices !== undefined && (f.direction === "long" ? f.prices.last <= stop : f.prices.last >= stop);

/** When a leg's take-profit may be placed. */
interface TakeProfitTiming {
  readonly kind: "now" | "notYet";
  /** When the pause after the last try is over; undefined: no pause runs. */
  readonly againMs: EpochMs | undefined;
  /** The price to wake at. */
  readonly wakeOn: readonly WakeTopic[];
}
export const takeProfitTiming = (leg: Leg, f: ExitFacts): TakeProfitTiming => {
  const watch = (price: YenE8): WakeTopic =>
    priceTopic(f.symbol, f.direction === "long" ? "atOrAbove" : "atOrBelow", price);
  if (f.prices === undefined || !targetTouched(f.direction, f.prices, leg.targetPrice))
    return { kind: "notYet", againMs: undefined, wakeOn: [watch(leg.targetPrice)] };
  const tried = leg.orders.findLast((o) => o.intent.purpose === "takeProfit" && "closedMs" in o);
  const againMs =
    tried !== undefined && "closedMs" in tried ? waitEndMs(tried.closedMs, takeProfitPauseMs(leg), f.nowMs) : undefined;
  const tradable =
    targetTradable(f.direction, f.prices, leg.targetPrice) && (tried === undefined || wasCancelledByUs(tried));
  if (againMs === undefined || f.nowMs >= againMs || tradable) return { kind: "now", againMs: undefined, wakeOn: [] };
  // The last price is at the target already, so a wake at the target would fire at once, without end. The target
  // becomes tradable once the last price has moved on by the present half spread.
  const { bid, ask, last } = f.prices;
  const wakeAt = yenE8(f.direction === "long" ? leg.targetPrice + (last - bid) : leg.targetPrice - (ask - last));
  const reached = f.direction === "long" ? last >= wakeAt : last <= wakeAt;
  return { kind: "notYet", againMs, wakeOn: reached ? [] : [watch(wakeAt)] };
};

/**
 * For this long after its stop was cancelled for the take-profit, a leg gets that order without another look at the
 * price.
 */
const RELEASED_MS = 5 * SECOND_MS;
/**
 * We cancelled a correct stop a moment ago, before the time stop. Only a touched target makes us do that, so the
 * price need not be read again while the leg is unprotected.
 */
export const wasReleasedForTarget = (leg: Leg, nowMs: EpochMs): boolean => {
  const last = leg.orders.at(-1);
  return (
    last?.state === "cancelled" &&
    last.cancelAskedMs !== undefined &&
    last.intent.plannedPrice === leg.stop &&
    last.intent.size - last.executed === leg.open &&
    nowMs - last.closedMs < RELEASED_MS &&
    nowMs >= last.closedMs
  );
};
