// What the venue refuses before an order exists: GMO API 7.8, 8.3 and the codes of section 11. Pure checks of a parsed body
// against the state; the order of the checks is ours where GMO's is not known.
import { coinE8, parseE8, type YenE8, yenE8 } from "../core/money.ts";
import { type ExecutionType, type Side, type SymbolRules, supportsPostOnly, type TimeInForce } from "../core/venue.ts";
import type { Machine, NewOrder } from "./machine.ts";
import { marginYen } from "./margin.ts";
import type { SimPosition } from "./state.ts";

export interface Refusal {
  readonly code: string;
  readonly text: string;
}
export const refuse = (code: string, text: string): Refusal => ({ code, text });
export const invalid = (...fields: readonly string[]): Refusal =>
  refuse("ERR-5106", `Invalid request parameter. ${fields.join(" ")}`.trim());

export interface OrderBody {
  readonly symbol: string;
  readonly side: Side;
  readonly executionType: ExecutionType;
  readonly timeInForce?: TimeInForce | undefined;
  readonly price?: string | undefined;
  readonly losscutPrice?: string | undefined;
  readonly size: string;
  readonly cancelBefore?: boolean | undefined;
}
export interface CloseBody {
  readonly symbol: string;
  readonly side: Side;
  readonly executionType: ExecutionType;
  readonly timeInForce?: TimeInForce | undefined;
  readonly price?: string | undefined;
  readonly settlePosition: readonly { readonly positionId: number; readonly size: string }[];
  readonly cancelBefore?: boolean | undefined;
}

export interface OrderRuleOptions {
  /** A position younger than this is not seen by the order gateway (GMO API 8.6). */
  readonly positionVisibleAfterMs: number;
  readonly positionNotVisibleCode: "ERR-254" | "ERR-5106";
  /** Not published by GMO; ERR-635 beyond it. */
  readonly maxActiveOrders: number;
}

/** Long or short, per symbol (GMO API 5.1). */
const POSITION_CAP_ORDERS = 10n;

type Checked<T> = { readonly kind: "ok"; readonly value: T } | { readonly kind: "refused"; readonly refusal: Refusal };
const ok = <T>(value: T): Checked<T> => ({ kind: "ok", value });
const refused = (refusal: Refusal): Checked<never> => ({ kind: "refused", refusal });

export const checkOpen = (machine: Machine, body: OrderBody, options: OrderRuleOptions): Checked<NewOrder> => {
  const rules = machine.rules.get(body.symbol);
  if (!rules) return refused(invalid("symbol"));
  // `true` only for a spot MARKET SELL (GMO API 7.8); this venue has margin symbols only.
  if (body.cancelBefore) return refused(invalid("cancelBefore"));
  if (body.losscutPrice !== undefined && body.executionType === "MARKET")
    return refused(refuse("ERR-5118", "losscutPrice is not allowed for this order."));
  const common = checkCommon(machine, rules, body, body.size, options);
  if (common.kind === "refused") return common;
  const { price, size } = common.value;

  const losscut = body.losscutPrice === undefined ? ok(undefined) : onGrid(body.losscutPrice, rules.tick, "price");
  if (losscut.kind === "refused") return losscut;
  const losscutPrice = losscut.value === undefined ? undefined : yenE8(losscut.value);
  if (losscutPrice !== undefined && !losscutFits(body.side, price!, losscutPrice))
    return refused(invalid("losscutPrice"));

  let held = size as bigint;
  for (const position of machine.state.openPositions.values())
    if (position.symbol === body.symbol && position.side === body.side) held += position.size;
  if (held > rules.maxSize * POSITION_CAP_ORDERS) return refused(refuse("ERR-5126", "Position size limit exceeded."));

  // A MARKET order needs margin at the worse side of the spread.
  const quote = machine.quoteYen(body.symbol)!;
  const needed = marginYen(price ?? quote.ask, size);
  if (needed > machine.account().available) return refused(refuse("ERR-201", "Trading margin is insufficient."));
  return ok({ ...common.value, losscutPrice, positionId: undefined });
};

export const checkClose = (machine: Machine, body: CloseBody, options: OrderRuleOptions): Checked<NewOrder> => {
  const rules = machine.rules.get(body.symbol);
  if (!rules) return refused(invalid("symbol"));
  const settle = body.settlePosition[0];
  if (!settle || body.settlePosition.length !== 1) return refused(invalid("settlePosition"));
  if (body.cancelBefore && body.executionType !== "MARKET") return refused(invalid("cancelBefore"));
  const position = machine.state.openPositions.get(settle.positionId);
  if (!position || position.symbol !== body.symbol) return refused(refuse("ERR-254", "Not found position"));
  if (machine.state.nowMs < position.openedMs + options.positionVisibleAfterMs)
    return refused(
      options.positionNotVisibleCode === "ERR-254"
        ? refuse("ERR-254", "Not found position")
        : invalid("settlePosition"),
    );
  if (body.side === position.side) return refused(refuse("ERR-70", "The side of the close order is invalid."));
  const common = checkCommon(machine, rules, body, settle.size, options);
  if (common.kind === "refused") return common;
  const { size } = common.value;
  if (size > position.size) return refused(refuse("ERR-189", "The close size exceeds the position size."));
  if (!body.cancelBefore && size > freeSize(machine, position))
    return refused(refuse("ERR-200", "There are active close orders for the position."));
  return ok({ ...common.value, losscutPrice: undefined, positionId: position.positionId });
};

const freeSize = (machine: Machine, position: SimPosition): bigint =>
  position.size - machine.state.reservedOf(position.positionId);

/** Between the default loss-cut price and the entry: the permitted range is not published. */
const losscutFits = (side: Side, entry: YenE8, losscut: YenE8): boolean =>
  side === "BUY" ? losscut < entry && losscut * 4n >= entry * 3n : losscut > entry && losscut * 4n <= entry * 5n;

const checkCommon = (
  machine: Machine,
  rules: SymbolRules,
  body: Pick<OrderBody, "symbol" | "side" | "executionType" | "timeInForce" | "price">,
  sizeText: string,
  options: OrderRuleOptions,
): Checked<Omit<NewOrder, "losscutPrice" | "positionId">> => {
  const { symbol, side, executionType } = body;
  if ((executionType === "MARKET") !== (body.price === undefined)) return refused(invalid("price"));
  const timeInForce = body.timeInForce ?? (executionType === "LIMIT" ? "FAS" : "FAK");
  const allowed = executionType === "LIMIT" ? timeInForce !== "FAK" : timeInForce === "FAK";
  if (!allowed || (timeInForce === "SOK" && !supportsPostOnly(symbol)))
    return refused(refuse("ERR-5111", "Invalid timeInForce."));

  const sizeCheck = onGrid(sizeText, rules.sizeStep, "size");
  if (sizeCheck.kind === "refused") return sizeCheck;
  const size = coinE8(sizeCheck.value);
  const priceCheck = body.price === undefined ? ok(undefined) : onGrid(body.price, rules.tick, "price");
  if (priceCheck.kind === "refused") return priceCheck;
  const price = priceCheck.value === undefined ? undefined : yenE8(priceCheck.value);
  if (price === 0n) return refused(invalid("price"));
  if (size < rules.minSize || size > rules.maxSize) return refused(refuse("ERR-5126", "Invalid size."));

  const quote = machine.quoteYen(symbol);
  if (!quote) return refused(refuse("ERR-554", "The server is unavailable."));
  if (price !== undefined) {
    // About +/-50 % of the current price (GMO API 7.8, "Price limits").
    if (price * 2n <= quote.last) return refused(refuse("ERR-5121", "Too low price."));
    if (price * 2n >= quote.last * 3n) return refused(refuse("ERR-5121", "Too high price."));
    if (executionType === "STOP" && (side === "BUY" ? quote.last >= price : quote.last <= price))
      return refused(refuse("ERR-5129", "The stop price is already reached."));
  }
  if (machine.state.liveOrders.size >= options.maxActiveOrders)
    return refused(refuse("ERR-635", "Too many active orders."));
  return ok({ symbol, side, executionType, timeInForce, size, price });
};

/** An exact multiple of the grid, or ERR-5114. */
const onGrid = (text: string, grid: bigint, field: "price" | "size"): Checked<bigint> => {
  let value: bigint;
  try {
    value = parseE8(text);
  } catch {
    // The body's schema allows plain decimals only, so what is left here are too many decimals.
    return refused(refuse("ERR-5114", `Decimal digits of ${field} is invalid.`));
  }
  return value % grid === 0n ? ok(value) : refused(refuse("ERR-5114", `Decimal digits of ${field} is invalid.`));
};
