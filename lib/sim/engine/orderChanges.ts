// Changes of an order's price (GMO API 7.9) and of a position's loss-cut price (8.5). A change is checked when it is
// requested and again when it takes effect; a refusal at that point leaves the order alive.
import { type CoinE8, type YenE8, yenE8 } from "../../core/money.ts";
import type { Exchange } from "./exchange.ts";
import { marginYen } from "./margin.ts";
import { inPriceBand, losscutFits, NO_LOSSCUT, onGrid, stopReached } from "./priceChecks.ts";
import { type Checked, invalid, ok, refuse, refused } from "./refusal.ts";
import { purchaseYen, spendableYen } from "./spot.ts";
import { isSpot, remainingOf, type SimOrder, type SimPosition } from "./state.ts";

interface ChangeBody {
  readonly orderId: number;
  readonly price: string;
  readonly losscutPrice?: string | undefined;
}
interface CheckedChange {
  readonly order: SimOrder;
  readonly price: YenE8;
  readonly losscutPrice: YenE8 | undefined;
}

export const WRONG_STATUS = refuse("ERR-5122", "The request is invalid due to the status of the specified order.");

export const checkChange = (exchange: Exchange, body: ChangeBody): Checked<CheckedChange> => {
  const order = exchange.state.orders.get(body.orderId);
  if (!order) return refused(refuse("ERR-5123", "The orderID not exist."));
  const { symbol, side } = order;
  if (!(order.status === "ORDERED" && order.executionType === "LIMIT") && order.status !== "WAITING")
    return refused(WRONG_STATUS);
  if (order.changes >= exchange.options.maxChanges)
    return refused(refuse("ERR-5206", "The number of changes of the order has reached its limit."));
  const rules = exchange.matching.rulesOf(symbol);
  const priced = onGrid(body.price, rules.tick, "price");
  if (priced.kind === "refused") return priced;
  const price = yenE8(priced.value);
  if (price === 0n) return refused(invalid("price"));
  if (order.executionType === "STOP" && stopReached(exchange, symbol, side, price))
    return refused(refuse("ERR-5129", "The stop price is already reached."));

  let losscutPrice: YenE8 | undefined;
  if (body.losscutPrice !== undefined) {
    if (isSpot(symbol) || order.settleType === "CLOSE") return refused(NO_LOSSCUT);
    const losscut = onGrid(body.losscutPrice, rules.tick, "price");
    if (losscut.kind === "refused") return losscut;
    losscutPrice = yenE8(losscut.value);
  }
  const losscut = losscutPrice ?? order.losscutPrice;
  if (losscut !== undefined && !losscutFits(exchange, rules, side, price, losscut))
    return refused(invalid("losscutPrice"));
  return fundsRefusal(exchange, order, price) ?? ok({ order, price, losscutPrice });
};

/** Refuses a price that needs more margin, or on spot more yen, than is available. */
const fundsRefusal = (exchange: Exchange, order: SimOrder, price: YenE8): Checked<never> | undefined => {
  if (order.settleType === "CLOSE") return undefined;
  const remaining: CoinE8 = remainingOf(order);
  const account = exchange.account();
  if (!isSpot(order.symbol)) {
    const more = marginYen(price, remaining) - marginYen(order.price!, remaining);
    return more > account.available ? refused(refuse("ERR-201", "Trading margin is insufficient.")) : undefined;
  }
  if (order.side === "SELL") return undefined;
  const rules = exchange.matching.rulesOf(order.symbol);
  const own = purchaseYen(order.price!, remaining, rules, exchange.options);
  return purchaseYen(price, remaining, rules, exchange.options) > spendableYen(account, own)
    ? refused(refuse("ERR-208", "The available balance is exceeded."))
    : undefined;
};

/**
 * Applies a change, or refuses it and leaves the order alive at its old price: `PRICE_LIMIT` outside the band,
 * `SOK_TAKER` where a post-only order would take. A STOP whose new trigger price is already reached triggers.
 */
export const applyChange = (exchange: Exchange, order: SimOrder): void => {
  const { state, matching } = exchange;
  const { price, losscutPrice } = order.change!;
  const { symbol, side } = order;
  order.change = undefined;
  order.status = order.executionType === "STOP" ? "WAITING" : "ORDERED";
  state.recordOrder(order);
  const crosses = order.executionType === "LIMIT" && matching.wouldCross(symbol, side, price);
  const outside = inPriceBand(exchange, symbol, price) !== "inside";
  if (outside || (order.timeInForce === "SOK" && crosses)) {
    exchange.emitOrder(order, "ROR", outside ? "PRICE_LIMIT" : "SOK_TAKER");
    return;
  }

  order.price = price;
  order.losscutPrice = losscutPrice ?? order.losscutPrice;
  exchange.setFillLevel(order);
  state.recordOrder(order);
  exchange.emitOrder(order, "ROR");
  if (order.executionType === "LIMIT") exchange.requeue(order, crosses);
  else if (stopReached(exchange, symbol, side, price)) exchange.trigger(order);
};

export const checkLosscutChange = (
  exchange: Exchange,
  positionId: number,
  priceText: string,
): Checked<{ readonly position: SimPosition; readonly price: YenE8 }> => {
  const position = exchange.state.openPositions.get(positionId);
  if (!position) return refused(refuse("ERR-254", "Not found position"));
  const rules = exchange.matching.rulesOf(position.symbol);
  const priced = onGrid(priceText, rules.tick, "price");
  if (priced.kind === "refused") return priced;
  const price = yenE8(priced.value);
  const { bid, ask, last } = exchange.quoteYen(position.symbol)!;
  const { side, price: entry } = position;
  const cutBy = exchange.options.losscutTrigger === "last" ? last : side === "BUY" ? bid : ask;
  const fits = losscutFits(exchange, rules, side, entry, price, cutBy);
  return fits ? ok({ position, price }) : refused(invalid("losscutPrice"));
};
