// Changing what stands: the price of an order (GMO API 7.9) and the loss-cut price of a position (8.5). A change is checked
// when it is asked for and judged again when it takes effect; then it can be refused with the order left alive.
import { type CoinE8, type YenE8, yenE8 } from "../core/money.ts";
import type { Side } from "../core/venue.ts";
import type { Machine } from "./machine.ts";
import { marginYen } from "./margin.ts";
import { inPriceBand, losscutFits, NO_LOSSCUT, onGrid } from "./orderRules.ts";
import { type Checked, invalid, ok, refuse, refused } from "./refusal.ts";
import { purchaseYen, spendableYen } from "./spot.ts";
import { isSpot, remainingOf, type SimOrder, type SimPosition } from "./state.ts";

export interface ChangeBody {
  readonly orderId: number;
  readonly price: string;
  readonly losscutPrice?: string | undefined;
}
export interface CheckedChange {
  readonly order: SimOrder;
  readonly price: YenE8;
  readonly losscutPrice: YenE8 | undefined;
}

export const WRONG_STATUS = refuse("ERR-5122", "The request is invalid due to the status of the specified order.");

export const checkChange = (machine: Machine, body: ChangeBody): Checked<CheckedChange> => {
  const order = machine.state.orders.get(body.orderId);
  if (!order) return refused(refuse("ERR-5123", "The orderID not exist."));
  const { symbol, side } = order;
  if (!(order.status === "ORDERED" && order.executionType === "LIMIT") && order.status !== "WAITING")
    return refused(WRONG_STATUS);
  if (order.changes >= machine.options.maxChanges)
    return refused(refuse("ERR-5206", "The number of changes of the order has reached its limit."));
  const rules = machine.matching.rulesOf(symbol);
  const priced = onGrid(body.price, rules.tick, "price");
  if (priced.kind === "refused") return priced;
  const price = yenE8(priced.value);
  if (price === 0n) return refused(invalid("price"));
  if (order.executionType === "STOP" && stopReached(machine, symbol, side, price))
    return refused(refuse("ERR-5129", "The stop price is already reached."));

  let losscutPrice: YenE8 | undefined;
  if (body.losscutPrice !== undefined) {
    if (isSpot(symbol) || order.settleType === "CLOSE") return refused(NO_LOSSCUT);
    const losscut = onGrid(body.losscutPrice, rules.tick, "price");
    if (losscut.kind === "refused") return losscut;
    losscutPrice = yenE8(losscut.value);
  }
  const losscut = losscutPrice ?? order.losscutPrice;
  if (losscut !== undefined && !losscutFits(machine, rules, side, price, losscut))
    return refused(invalid("losscutPrice"));
  return dearerThanThereIs(machine, order, price) ?? ok({ order, price, losscutPrice });
};

/** A dearer price needs more margin, or more yen on spot. */
const dearerThanThereIs = (machine: Machine, order: SimOrder, price: YenE8): Checked<never> | undefined => {
  if (order.settleType === "CLOSE") return undefined;
  const remaining: CoinE8 = remainingOf(order);
  const account = machine.account();
  if (!isSpot(order.symbol)) {
    const more = marginYen(price, remaining) - marginYen(order.price!, remaining);
    return more > account.available ? refused(refuse("ERR-201", "Trading margin is insufficient.")) : undefined;
  }
  if (order.side === "SELL") return undefined;
  const rules = machine.matching.rulesOf(order.symbol);
  const own = purchaseYen(order.price!, remaining, rules, machine.options);
  return purchaseYen(price, remaining, rules, machine.options) > spendableYen(account, own)
    ? refused(refuse("ERR-208", "The available balance is exceeded."))
    : undefined;
};

/** Whether a STOP at this price would trigger at once. */
export const stopReached = (machine: Machine, symbol: string, side: Side, price: YenE8): boolean => {
  const quote = machine.quoteYen(symbol)!;
  const { stopTrigger } = machine.options;
  const reference = stopTrigger === "last" ? quote.last : side === "BUY" ? quote.ask : quote.bid;
  return side === "BUY" ? reference >= price : reference <= price;
};

/**
 * The change takes effect, or is refused with the order alive at its old price: `PRICE_LIMIT` outside the band,
 * `SOK_TAKER` where a post-only order would take. A STOP whose new trigger is reached by now triggers.
 */
export const applyChange = (machine: Machine, order: SimOrder): void => {
  const { state, matching } = machine;
  const { price, losscutPrice } = order.change!;
  const { symbol, side } = order;
  order.change = undefined;
  order.status = order.executionType === "STOP" ? "WAITING" : "ORDERED";
  state.touchOrder(order);
  const crosses = order.executionType === "LIMIT" && matching.wouldCross(symbol, side, price);
  const outside = inPriceBand(machine, symbol, price) !== "inside";
  if (outside || (order.timeInForce === "SOK" && crosses)) {
    machine.emitOrder(order, "ROR", outside ? "PRICE_LIMIT" : "SOK_TAKER");
    return;
  }

  order.price = price;
  order.losscutPrice = losscutPrice ?? order.losscutPrice;
  machine.setThrough(order);
  state.touchOrder(order);
  machine.emitOrder(order, "ROR");
  if (order.executionType === "LIMIT") machine.rejoin(order, crosses);
  else if (stopReached(machine, symbol, side, price)) machine.trigger(order);
};

export const checkLosscutChange = (
  machine: Machine,
  positionId: number,
  priceText: string,
): Checked<{ readonly position: SimPosition; readonly price: YenE8 }> => {
  const position = machine.state.openPositions.get(positionId);
  if (!position) return refused(refuse("ERR-254", "Not found position"));
  const rules = machine.matching.rulesOf(position.symbol);
  const priced = onGrid(priceText, rules.tick, "price");
  if (priced.kind === "refused") return priced;
  const price = yenE8(priced.value);
  const { bid, ask, last } = machine.quoteYen(position.symbol)!;
  const { side, price: entry } = position;
  const cutBy = machine.options.losscutTrigger === "last" ? last : side === "BUY" ? bid : ask;
  const fits = losscutFits(machine, rules, side, entry, price, cutBy);
  return fits ? ok({ position, price }) : refused(invalid("losscutPrice"));
};

export const changeLosscut = (machine: Machine, position: SimPosition, price: YenE8): void => {
  position.losscutPrice = price;
  machine.state.touchPosition(position);
  machine.settlement.tell(position, "ULR");
  machine.endStep();
};
