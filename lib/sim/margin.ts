// The account's arithmetic (GMO API 5.1, 6.1): margin at 2x leverage, equity, loss-cut prices, fees. Pure.
// Every rounding goes against the account: margin and fees up, profit down.

import type { CoinE8 } from "../core/money.ts";
import {
  ceilDiv,
  ceilToStep,
  E8,
  floorDiv,
  floorToStep,
  notionalYen,
  parseRatio,
  pnlYen,
  type RatioE8,
  ratioOfYenUp,
  type YenE8,
  yenE8,
} from "../core/money.ts";
import type { Side, SymbolRules } from "../core/venue.ts";
import { remainingOf, type SimPosition, type SimState } from "./state.ts";

/** Margin at 2x leverage: half of the notional. */
const MARGIN_RATIO: RatioE8 = parseRatio("0.5");
/** Charged for every position held across 06:00 JST, of the day's closing price x size. */
export const LEVERAGE_FEE_RATIO: RatioE8 = parseRatio("0.0004");
/** Charged per loss cut, of entry price x size. */
export const LOSSCUT_FEE_RATIO: RatioE8 = parseRatio("0.005");

/** Whole yen (as GMO shows balances) or exact; GMO does not document its rounding (GMO API 16). */
export type YenRounding = "yen" | "exact";
/** A fee rounds up; a rebate (a negative ratio) comes out smaller, never larger than due. */
export const feeYen = (amount: YenE8, ratio: RatioE8, rounding: YenRounding): YenE8 => {
  const exact = ratioOfYenUp(amount, ratio);
  return rounding === "exact" ? exact : ceilToStep(exact, E8);
};
export const gainYen = (side: Side, entry: YenE8, exit: YenE8, size: CoinE8, rounding: YenRounding): YenE8 => {
  const exact = pnlYen(side === "BUY" ? "long" : "short", entry, exit, size);
  return rounding === "exact" ? exact : floorToStep(exact, E8);
};

export const marginYen = (price: YenE8, size: CoinE8): YenE8 => ratioOfYenUp(notionalYen(price, size), MARGIN_RATIO);

/** Entry x 0.75 (long, rounded up to the tick) or x 1.25 (short, rounded down): both a hair early, as documented. */
export const defaultLosscut = (side: Side, price: YenE8, rules: SymbolRules): YenE8 =>
  side === "BUY"
    ? yenE8(ceilToStep(ceilDiv(price * 3n, 4n), rules.tick))
    : yenE8(floorToStep(floorDiv(price * 5n, 4n), rules.tick));

export interface Account {
  /** Settled money. */
  readonly cash: YenE8;
  readonly unrealised: YenE8;
  /** cash + unrealised. */
  readonly equity: YenE8;
  /** Margin of open positions. Longs and shorts add up: how GMO treats hedges is not documented. */
  readonly used: YenE8;
  /** Margin set aside for resting opening orders. */
  readonly reserved: YenE8;
  /** equity - used - reserved, never below 0. */
  readonly available: YenE8;
}

/** Longs are valued at the bid, shorts at the ask. `quoteOf` gives prices in yen, or undefined where none is known yet. */
export const accountOf = (
  state: SimState,
  quoteOf: (symbol: string) => { readonly bid: YenE8; readonly ask: YenE8 } | undefined,
): Account => {
  let used = 0n;
  let unrealised = 0n;
  for (const position of state.openPositions.values()) {
    used += marginYen(position.price, position.size);
    unrealised += openGain(position, quoteOf(position.symbol));
  }
  let reserved = 0n;
  for (const order of state.liveOrders.values())
    if (order.settleType === "OPEN" && order.price !== undefined)
      reserved += marginYen(order.price, remainingOf(order));
  const equity = state.cash + unrealised;
  const free = equity - used - reserved;
  return {
    cash: state.cash,
    unrealised: yenE8(unrealised),
    equity: yenE8(equity),
    used: yenE8(used),
    reserved: yenE8(reserved),
    available: yenE8(free > 0n ? free : 0n),
  };
};

export const openGain = (
  position: SimPosition,
  quote: { readonly bid: YenE8; readonly ask: YenE8 } | undefined,
): YenE8 => {
  if (!quote) return yenE8(0n);
  const exit = position.side === "BUY" ? quote.bid : quote.ask;
  return pnlYen(position.side === "BUY" ? "long" : "short", position.price, exit, position.size);
};
