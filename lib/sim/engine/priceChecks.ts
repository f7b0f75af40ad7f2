// Checks of prices, sizes and the day's volume, shared by orders, changes and spot orders (GMO API 7.8, 8.5).
import { parseE8, type YenE8 } from "../../core/money.ts";
import { venueDayStart } from "../../core/time.ts";
import type { Side, SymbolRules } from "../../core/venue.ts";
import type { Exchange, NewOrder } from "./exchange.ts";
import { type Checked, ok, refuse, refused } from "./refusal.ts";

/** Spot, MARKET and closing orders have no loss-cut price (GMO API 7.8, 8.3). */
export const NO_LOSSCUT = refuse("ERR-5118", "losscutPrice is not allowed for this order.");
export const OVER_BALANCE = refuse("ERR-208", "The available balance is exceeded.");
/** Coins traded this trading day in the executions that `pick` selects. */
export const tradedToday = (
  { state }: Exchange,
  pick: (row: Exchange["state"]["executions"][number]) => boolean,
): bigint => {
  const sinceMs = venueDayStart(state.nowMs);
  let sum = 0n;
  for (let i = state.executions.length - 1; i >= 0 && state.executions[i]!.atMs >= sinceMs; i--)
    if (pick(state.executions[i]!)) sum += state.executions[i]!.size;
  return sum;
};
/**
 * Whether a loss-cut price is permitted (GMO API 8.5 does not say): at least `losscutMinTicks` beyond `from` (an
 * order's entry price; for a position the price that triggers its loss cut), and at most `losscutMaxPercent` from the
 * entry.
 */
export const losscutFits = (
  { options }: Exchange,
  { tick }: SymbolRules,
  side: Side,
  entry: YenE8,
  losscut: YenE8,
  from: YenE8 = entry,
): boolean => {
  const [sign, farPercent] = [side === "BUY" ? 1n : -1n, options.losscutMaxPercent];
  const isFarEnough = (from - losscut) * sign >= tick * BigInt(options.losscutMinTicks);
  if (losscut <= 0n || !isFarEnough) return false;
  return farPercent === undefined || (entry - losscut) * sign * 100n <= entry * BigInt(farPercent);
};
/** About +/-50 % of the current price (GMO API 7.8, "Price limits"). */
export const inPriceBand = (exchange: Exchange, symbol: string, price: YenE8): "inside" | "below" | "above" => {
  const { last } = exchange.quoteYen(symbol)!;
  return price * 2n <= last ? "below" : price * 2n >= last * 3n ? "above" : "inside";
};
/** Parses an exact multiple of the grid, or refuses with ERR-5114. */
export const onGrid = (text: string, grid: bigint, field: "price" | "size"): Checked<bigint> => {
  let value: bigint;
  try {
    value = parseE8(text);
  } catch {
    // The body's schema admits plain decimals only, so the only possible failure is too many decimals.
    return refused(refuse("ERR-5114", `Decimal digits of ${field} is invalid.`));
  }
  return value % grid === 0n ? ok(value) : refused(refuse("ERR-5114", `Decimal digits of ${field} is invalid.`));
};

/** Whether a STOP at this price would trigger at once. */
export const stopReached = (exchange: Exchange, symbol: string, side: Side, price: YenE8): boolean => {
  const quote = exchange.quoteYen(symbol)!;
  const { stopTrigger } = exchange.options;
  const reference = stopTrigger === "last" ? quote.last : side === "BUY" ? quote.ask : quote.bid;
  return side === "BUY" ? reference >= price : reference <= price;
};

/** The checked fields that every order has. */
export type OrderBasics = Omit<NewOrder, "losscutPrice" | "positionId" | "settles">;
