// The checks before an order exists: GMO API 7.8, 8.3, 8.4 and the codes of section 11. Pure checks of a parsed body
// against the state; where GMO's order of checks is not known, the order is our choice.
import { type CoinE8, coinE8, minBig, yenE8 } from "../../core/money.ts";
import {
  type ExecutionType,
  type Side,
  type SymbolRules,
  supportsPostOnly,
  type TimeInForce,
} from "../../core/venue.ts";
import type { Effects, Exchange, NewOrder } from "./exchange.ts";
import { callRefusal } from "./liquidation.ts";
import { marginYen } from "./margin.ts";
import {
  inPriceBand,
  losscutFits,
  NO_LOSSCUT,
  type OrderBasics,
  onGrid,
  stopReached,
  tradedToday,
} from "./priceChecks.ts";
import { type Checked, invalid, ok, refuse, refused } from "./refusal.ts";
import { checkSpot } from "./spotRules.ts";
import { isSpot, remainingOf, type SettlePart, type SimPosition } from "./state.ts";

interface OrderBody {
  readonly symbol: string;
  readonly side: Side;
  readonly executionType: ExecutionType;
  readonly timeInForce?: TimeInForce | undefined;
  readonly price?: string | undefined;
  readonly losscutPrice?: string | undefined;
  readonly size: string;
  readonly cancelBefore?: boolean | undefined;
}
interface CloseBody extends Omit<OrderBody, "size"> {
  readonly settlePosition: readonly { readonly positionId: number; readonly size: string }[];
}
type BulkCloseBody = Omit<OrderBody, "cancelBefore">;

/** Cap of open positions per symbol and side, in units of the largest order: 50 BTC (GMO API 5.1). */
const POSITION_CAP_ORDERS = 10n;

export const checkOpen = (exchange: Exchange, body: OrderBody): Checked<NewOrder> => {
  const rules = exchange.rules.get(body.symbol);
  if (!rules) return refused(invalid("symbol"));
  const spot = isSpot(body.symbol);
  // `true` is allowed for a spot MARKET SELL only (GMO API 7.8).
  if (body.cancelBefore && !(spot && body.executionType === "MARKET" && body.side === "SELL"))
    return refused(invalid("cancelBefore"));
  if (body.losscutPrice !== undefined && (spot || body.executionType === "MARKET")) return refused(NO_LOSSCUT);
  const common = checkCommon(exchange, rules, body, body.size, !spot || body.side === "BUY");
  if (common.kind === "refused") return common;
  if (spot) return checkSpot(exchange, rules, common.value, body.cancelBefore ?? false);
  return checkMarginOpen(exchange, rules, common.value, body.losscutPrice);
};

const checkMarginOpen = (
  exchange: Exchange,
  rules: SymbolRules,
  common: OrderBasics,
  losscutText: string | undefined,
): Checked<NewOrder> => {
  const { symbol, side, price, size } = common;
  const losscut = losscutText === undefined ? ok(undefined) : onGrid(losscutText, rules.tick, "price");
  if (losscut.kind === "refused") return losscut;
  const losscutPrice = losscut.value === undefined ? undefined : yenE8(losscut.value);
  if (losscutPrice !== undefined && !losscutFits(exchange, rules, side, price!, losscutPrice))
    return refused(invalid("losscutPrice"));

  if (size + sizeTowardsCap(exchange, symbol, side) > rules.maxSize * POSITION_CAP_ORDERS)
    return refused(refuse("ERR-5126", "Position size limit exceeded."));
  if (size > openableToday(exchange, rules)) return refused(refuse("ERR-5126", "Daily position limit exceeded."));

  // A MARKET order needs margin at the ask, the worse side of the spread.
  const quote = exchange.quoteYen(symbol)!;
  const needed = marginYen(price ?? quote.ask, size);
  if (needed > exchange.account().available) return refused(refuse("ERR-201", "Trading margin is insufficient."));
  return ok({ ...common, losscutPrice, positionId: undefined });
};

/** The size that counts towards the cap of open positions. */
const sizeTowardsCap = ({ state, options }: Exchange, symbol: string, side: Side): bigint => {
  let held = 0n;
  for (const position of state.openPositions.values())
    if (position.symbol === symbol && position.side === side) held += position.size;
  if (options.positionCapCountsOrders)
    for (const order of state.liveOrders.values())
      if (order.symbol === symbol && order.side === side && order.settleType === "OPEN") held += remainingOf(order);
  return held;
};

/** `todayLimitOpenSize`: the size that may still be opened this trading day; never below 0. */
export const openableToday = (exchange: Exchange, { symbol, maxSize }: SymbolRules): CoinE8 => {
  const opened = tradedToday(exchange, (row) => row.symbol === symbol && row.settleType === "OPEN");
  const left = maxSize * BigInt(exchange.options.dailyOpenOrders) - opened;
  return coinE8(left > 0n ? left : 0n);
};

export const checkClose = (exchange: Exchange, body: CloseBody, effects: Effects): Checked<NewOrder> => {
  const rules = exchange.rules.get(body.symbol);
  if (!rules || isSpot(body.symbol)) return refused(invalid("symbol"));
  if (body.losscutPrice !== undefined) return refused(NO_LOSSCUT);
  const settle = body.settlePosition[0];
  if (!settle || body.settlePosition.length !== 1) return refused(invalid("settlePosition"));
  const { options } = exchange;
  if (body.cancelBefore && !(body.executionType === "MARKET" && mayCancelBefore(exchange, body.side)))
    return refused(invalid("cancelBefore"));
  const position = exchange.state.openPositions.get(settle.positionId);
  if (!position || position.symbol !== body.symbol) return refused(refuse("ERR-254", "Not found position"));
  if (!isVisible(exchange, position, effects))
    return refused(
      options.positionNotVisibleCode === "ERR-254"
        ? refuse("ERR-254", "Not found position")
        : invalid("settlePosition"),
    );
  if (body.side === position.side) return refused(refuse("ERR-70", "The side of the close order is invalid."));
  const common = checkCommon(exchange, rules, body, settle.size, false);
  if (common.kind === "refused") return common;
  const { size } = common.value;
  if (size > position.size) return refused(refuse("ERR-189", "The close size exceeds the position size."));
  // `cancelBefore` does not cancel a bulk close order for the sake of one position (GMO API 8.3).
  const closing = exchange.state.closeOrdersOf(position.positionId);
  const freesPosition = body.cancelBefore && closing.every((order) => order.positionId !== undefined);
  if (!freesPosition && size > freeSize(exchange, position)) return refused(RESERVED);
  return ok({ ...common.value, losscutPrice: undefined, positionId: position.positionId });
};
const RESERVED = refuse("ERR-200", "There are active close orders for the position.");
const mayCancelBefore = ({ options }: Exchange, side: Side): boolean =>
  side === "SELL" || options.cancelBeforeBuyClose === "accepted";

/** GMO API 8.4: one order that settles the positions of the other side, oldest (or newest) first. */
export const checkBulkClose = (exchange: Exchange, body: BulkCloseBody, effects: Effects): Checked<NewOrder> => {
  const rules = exchange.rules.get(body.symbol);
  if (!rules || isSpot(body.symbol)) return refused(invalid("symbol"));
  if (body.losscutPrice !== undefined) return refused(NO_LOSSCUT);
  const positions = [...exchange.state.openPositions.values()].filter(
    (row) => row.symbol === body.symbol && row.side !== body.side && isVisible(exchange, row, effects),
  );
  if (positions.length === 0) return refused(refuse("ERR-422", "There is no position to close."));
  const common = checkCommon(exchange, rules, body, body.size, false);
  if (common.kind === "refused") return common;
  const { size } = common.value;
  if (size > positions.reduce((sum, row) => sum + row.size, 0n))
    return refused(refuse("ERR-423", "The size exceeds the total of the positions."));
  if (exchange.options.bulkCloseFirst === "newest") positions.reverse();
  const settles: SettlePart[] = [];
  let left: bigint = size;
  for (const position of positions) {
    const part = minBig(coinE8(freeSize(exchange, position)), coinE8(left));
    if (part > 0n) settles.push({ positionId: position.positionId, size: part });
    left -= part;
  }
  if (left > 0n) return refused(RESERVED);
  return ok({ ...common.value, losscutPrice: undefined, positionId: undefined, settles });
};

/** Whether the order gateway finds the position yet (GMO API 8.6). */
const isVisible = ({ state, options }: Exchange, position: SimPosition, effects: Effects): boolean =>
  state.nowMs >= position.openedMs + Math.max(options.positionVisibleAfterMs, effects.notClosableMs ?? 0);
const freeSize = (exchange: Exchange, position: SimPosition): bigint =>
  position.size - exchange.state.reservedOf(position.positionId);

const checkCommon = (
  exchange: Exchange,
  rules: SymbolRules,
  body: Pick<OrderBody, "symbol" | "side" | "executionType" | "timeInForce" | "price">,
  sizeText: string,
  addsRisk: boolean,
): Checked<OrderBasics> => {
  const { symbol, side, executionType } = body;
  const { options } = exchange;
  if ((executionType === "MARKET") !== (body.price === undefined)) return refused(invalid("price"));
  const timeInForce = body.timeInForce ?? (executionType === "LIMIT" ? "FAS" : "FAK");
  const allowed =
    executionType === "LIMIT" ? timeInForce !== "FAK" || options.limitFak === "accepted" : timeInForce === "FAK";
  if (!allowed) return refused(refuse("ERR-5111", "Invalid timeInForce."));
  if (timeInForce === "SOK" && !supportsPostOnly(symbol))
    return refused(
      options.sokUnsupportedCode === "ERR-5111" ? refuse("ERR-5111", "Invalid timeInForce.") : invalid("timeInForce"),
    );

  const sizeCheck = onGrid(sizeText, rules.sizeStep, "size");
  if (sizeCheck.kind === "refused") return sizeCheck;
  const size = coinE8(sizeCheck.value);
  const priceCheck = body.price === undefined ? ok(undefined) : onGrid(body.price, rules.tick, "price");
  if (priceCheck.kind === "refused") return priceCheck;
  const price = priceCheck.value === undefined ? undefined : yenE8(priceCheck.value);
  if (price === 0n) return refused(invalid("price"));
  if (size < rules.minSize || size > rules.maxSize) return refused(refuse("ERR-5126", "Invalid size."));

  if (!exchange.quoteYen(symbol)) return refused(refuse("ERR-554", "The server is unavailable."));
  if (price !== undefined) {
    const band = inPriceBand(exchange, symbol, price);
    if (band === "below") return refused(refuse("ERR-5121", "Too low price."));
    if (band === "above") return refused(refuse(options.tooHighPriceCode, options.tooHighPriceText));
    if (executionType === "STOP" && stopReached(exchange, symbol, side, price))
      return refused(refuse("ERR-5129", "The stop price is already reached."));
  }
  const call = callRefusal(exchange, addsRisk);
  if (call) return refused(call);
  if (exchange.state.liveOrders.size >= options.maxActiveOrders)
    return refused(refuse("ERR-635", "Too many active orders."));
  return ok({ symbol, side, executionType, timeInForce, size, price });
};
