// The account's arithmetic (GMO API 5.1, 6.1): margin at 2x leverage, equity, loss-cut prices. Pure. Every rounding is
// against the account: margin up, profit down.
import {
  type CoinE8,
  ceilDiv,
  ceilToStep,
  floorDiv,
  floorToStep,
  notionalYen,
  parseRatio,
  pnlYen,
  type RatioE8,
  ratioOfYenUp,
  type YenE8,
  yenE8,
} from "../../core/money.ts";
import type { Side, SymbolRules } from "../../core/venue.ts";
import type { Account } from "./account.ts";
import type { VenueOptions } from "./options.ts";
import { lockedYen, lockPrice } from "./spot.ts";
import { isSpot, remainingOf, type SimPosition, type SimState } from "./state.ts";

/**
 * Margin at 2x leverage: half of the notional. Defined here again on purpose (lib/core/risk.ts has its own): the
 * simulator must not share our arithmetic, or an error in it would not show.
 */
const MARGIN_RATIO: RatioE8 = parseRatio("0.5");
export const marginYen = (price: YenE8, size: CoinE8): YenE8 => ratioOfYenUp(notionalYen(price, size), MARGIN_RATIO);

/**
 * Entry x 0.75 (long, rounded up to the tick) or x 1.25 (short, rounded down): both cut slightly early, as documented.
 */
export const defaultLosscut = (side: Side, price: YenE8, rules: SymbolRules): YenE8 =>
  side === "BUY"
    ? yenE8(ceilToStep(ceilDiv(price * 3n, 4n), rules.tick))
    : yenE8(floorToStep(floorDiv(price * 5n, 4n), rules.tick));

export type QuoteOf = (symbol: string) => { readonly bid: YenE8; readonly ask: YenE8 } | undefined;

/**
 * Longs are valued at the bid, shorts at the ask. `quoteOf` returns prices in yen, or undefined before the first price.
 */
export const accountOf = (
  state: SimState,
  rules: ReadonlyMap<string, SymbolRules>,
  options: VenueOptions,
  quoteOf: QuoteOf,
): Account => {
  let unrealised = 0n;
  const margins = new Map<string, Record<Side, bigint>>();
  for (const position of state.openPositions.values()) {
    const sides = margins.get(position.symbol) ?? { BUY: 0n, SELL: 0n };
    sides[position.side] += marginYen(position.price, position.size);
    margins.set(position.symbol, sides);
    unrealised += openGain(position, quoteOf(position.symbol));
  }
  let used = 0n;
  for (const { BUY, SELL } of margins.values())
    used += options.hedgedMargin === "sum" ? BUY + SELL : BUY > SELL ? BUY : SELL;
  let reserved = 0n;
  for (const order of state.liveOrders.values())
    if (order.settleType === "OPEN" && order.price !== undefined && !isSpot(order.symbol))
      reserved += marginYen(lockPrice(order), remainingOf(order));
  const equity = state.cash + unrealised;
  const locked = lockedYen(state, rules, options);
  const free = equity - used - reserved - locked;
  return {
    cash: state.cash,
    unrealised: yenE8(unrealised),
    equity: yenE8(equity),
    used: yenE8(used),
    reserved: yenE8(reserved),
    locked,
    available: yenE8(free > 0n ? free : 0n),
  };
};

/** Whether equity is at or below `percent` of the margin in use. */
export const isBelow = ({ equity, used }: Account, percent: number): boolean => equity * 100n <= used * BigInt(percent);

export const openGain = (
  position: SimPosition,
  quote: { readonly bid: YenE8; readonly ask: YenE8 } | undefined,
): YenE8 => {
  if (!quote) return yenE8(0n);
  const exit = position.side === "BUY" ? quote.bid : quote.ask;
  return pnlYen(position.side === "BUY" ? "long" : "short", position.price, exit, position.size);
};
