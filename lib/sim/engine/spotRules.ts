// Checks of spot orders (GMO API 5, 7.8): the balance is insufficient (ERR-201) or locked by resting orders (ERR-208),
// and the limits of a trading day.
import { type CoinE8, coinE8, type YenE8, yenE8 } from "../../core/money.ts";
import type { SymbolRules } from "../../core/venue.ts";
import type { Exchange, NewOrder } from "./exchange.ts";
import { type OrderBasics, OVER_BALANCE, tradedToday } from "./priceChecks.ts";
import { type Checked, ok, refuse, refused } from "./refusal.ts";
import { availableCoin, purchaseYen, spendableYen } from "./spot.ts";

const INSUFFICIENT = refuse("ERR-201", "The balance is insufficient.");

export const checkSpot = (
  exchange: Exchange,
  rules: SymbolRules,
  common: OrderBasics,
  cancelBefore: boolean,
): Checked<NewOrder> => {
  const { state, options } = exchange;
  const { symbol, side, size, price } = common;
  const today = spotLimitsToday(exchange, rules);
  if (size > (side === "BUY" ? today.buy : today.sell)) return refused(refuse("ERR-5126", "Daily limit exceeded."));
  if (side === "SELL") {
    if (size > state.coin(symbol)) return refused(INSUFFICIENT);
    if (!cancelBefore && size > availableCoin(state, symbol)) return refused(OVER_BALANCE);
  } else {
    const account = exchange.account();
    const needed = purchaseYen(price ?? exchange.quoteYen(symbol)!.ask, size, rules, options);
    const unlocked: YenE8 = yenE8(spendableYen(account) + account.locked);
    if (needed > unlocked) return refused(INSUFFICIENT);
    if (needed > spendableYen(account)) return refused(OVER_BALANCE);
  }
  return ok({ ...common, losscutPrice: undefined, positionId: undefined });
};

/** `cancelBefore` of a spot sale: cancels the oldest resting sales until the size is available. */
export const cancelSalesUntilFree = (exchange: Exchange, symbol: string, size: CoinE8): void => {
  for (const order of [...exchange.state.liveOrders.values()]) {
    if (availableCoin(exchange.state, symbol) >= size) return;
    if (order.symbol === symbol && order.side === "SELL") exchange.endOrder(order, "CANCELED", "USER");
  }
};

/** What may still be bought and sold this trading day. The limit is net: a purchase allows as much more selling. */
export const spotLimitsToday = (
  exchange: Exchange,
  { symbol, maxSize }: SymbolRules,
): { readonly buy: CoinE8; readonly sell: CoinE8 } => {
  const limit = maxSize * BigInt(exchange.options.dailySpotOrders);
  const of = (side: string): bigint => tradedToday(exchange, (row) => row.symbol === symbol && row.side === side);
  const net = of("BUY") - of("SELL");
  const nonNegative = (value: bigint): CoinE8 => coinE8(value > 0n ? value : 0n);
  return { buy: nonNegative(limit - net), sell: nonNegative(limit + net) };
};
