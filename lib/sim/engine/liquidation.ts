// What the venue does to an account without being asked (GMO API 5.1): the fee of the night, loss cuts of a position and of
// the whole account, margin calls. Thresholds and deadlines are options: GMO publishes only some of them.
import { coinE8, notionalYen } from "../../core/money.ts";
import { epochMs } from "../../core/time.ts";
import type { Side } from "../../core/venue.ts";
import type { Exchange } from "./exchange.ts";
import { feeYen, LEVERAGE_FEE_RATIO } from "./fees.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { isSpot, type SimOrder, type SimPosition, UNTOUCHED } from "./state.ts";

/** Every position held across 06:00 JST pays 0.04 % of the closing price x size (GMO API 5.1). */
export const chargeLeverageFee = ({ state, market, matching, options }: Exchange): void => {
  for (const position of state.openPositions.values()) {
    const closing = market.last(position.symbol, epochMs(state.nowMs - 1));
    if (closing === undefined) continue;
    const notional = notionalYen(matching.toYen(position.symbol, closing), position.size);
    state.book("leverage_fee", -feeYen(notional, LEVERAGE_FEE_RATIO, options.yenRounding), position.positionId);
  }
};

/** The current price has reached the position's loss-cut price. */
export const losscutPosition = (exchange: Exchange, position: SimPosition): void => {
  const { vanishedCloseEvent } = exchange.options;
  const told = vanishedCloseEvent === "POSITION_LOSSCUT" ? undefined : vanishedCloseEvent;
  for (const order of exchange.state.closeOrdersOf(position.positionId))
    exchange.endOrder(order, "CANCELED", "POSITION_LOSSCUT", told);
  forceClose(exchange, position);
};

/** Closes a whole position at the market, whatever the depth; its close orders are gone already. */
const forceClose = (exchange: Exchange, position: SimPosition): void => {
  const { state, settlement } = exchange;
  const quote = exchange.quoteYen(position.symbol)!;
  const side: Side = position.side === "BUY" ? "SELL" : "BUY";
  const order: SimOrder = {
    ...UNTOUCHED,
    orderId: state.nextOrderId(),
    symbol: position.symbol,
    side,
    orderType: "LOSSCUT",
    executionType: "MARKET",
    settleType: "CLOSE",
    timeInForce: "FAK",
    size: position.size,
    price: undefined,
    losscutPrice: undefined,
    positionId: position.positionId,
    settles: [],
    createdMs: state.nowMs,
    executedSize: coinE8(0n),
    status: "ORDERED",
    nextFillMs: state.nowMs,
  };
  state.touchOrder(order);
  exchange.emitOrder(order, "NOR");
  settlement.fill(order, side === "SELL" ? quote.bid : quote.ask, position.size, true);
};

/** Every margin order goes, every position is closed. Spot orders and coins stay: they are no collateral. */
const closeEverything = (exchange: Exchange, cancelType: "ACCOUNT_LOSSCUT" | "MARGIN_CALL_LOSSCUT"): void => {
  const { state, options } = exchange;
  for (const order of [...state.liveOrders.values()])
    if (!isSpot(order.symbol)) exchange.endOrder(order, "CANCELED", cancelType);
  for (const position of [...state.openPositions.values()]) forceClose(exchange, position);
  const untilMs = epochMs(state.nowMs + options.marginCallProcessingMs);
  state.call = { kind: "LOSSCUT", sinceMs: state.nowMs, untilMs };
};
export const cutAccount = (exchange: Exchange): void => closeEverything(exchange, "ACCOUNT_LOSSCUT");

/** 06:30 JST: an account below the threshold gets a margin call, and its resting opening orders go. */
export const judgeMarginCall = (exchange: Exchange): void => {
  const { state, options } = exchange;
  if (state.call?.kind === "MARGIN_CALL" || !isShort(exchange)) return;
  const untilMs = epochMs(state.nowMs + options.marginCallGraceMs);
  state.call = { kind: "MARGIN_CALL", sinceMs: state.nowMs, untilMs };
  for (const order of [...state.liveOrders.values()])
    if (order.settleType === "OPEN" && !isSpot(order.symbol)) exchange.endOrder(order, "CANCELED", "MARGIN_CALL");
};

/** The deadline of a margin call: met, or everything is closed by force. */
export const settleOverdueCall = (exchange: Exchange): void => {
  if (isShort(exchange)) closeEverything(exchange, "MARGIN_CALL_LOSSCUT");
  else exchange.state.call = undefined;
};

/** A margin call is met as soon as something of ours has happened and the account is above the threshold again. */
export const settleCall = (exchange: Exchange): void => {
  const { state } = exchange;
  if (state.call?.kind === "MARGIN_CALL" && state.call.sinceMs < state.nowMs && !isShort(exchange))
    state.call = undefined;
};

/** Strictly below the threshold of margin calls. */
const isShort = (exchange: Exchange): boolean => {
  const { marginCallPercent } = exchange.options;
  const account = exchange.account();
  return (
    marginCallPercent !== undefined &&
    account.used > 0n &&
    account.equity * 100n < account.used * BigInt(marginCallPercent)
  );
};

export const callStatus = ({ state }: Exchange): "NORMAL" | "MARGIN_CALL" | "LOSSCUT" => {
  const { call, nowMs } = state;
  if (!call || (call.kind === "LOSSCUT" && nowMs >= call.untilMs)) return "NORMAL";
  return call.kind;
};

/** ERR-683 while a call or cut is being processed, ERR-682 for what adds risk while a call is unmet (GMO API 11). */
export const callRefusal = (exchange: Exchange, addsRisk: boolean): Refusal | undefined => {
  const { state, options } = exchange;
  if (callStatus(exchange) === "NORMAL") return undefined;
  if (state.nowMs < state.call!.sinceMs + options.marginCallProcessingMs)
    return refuse("ERR-683", "Margin call processing is in progress.");
  return addsRisk && state.call!.kind === "MARGIN_CALL"
    ? refuse("ERR-682", "A margin call is outstanding.")
    : undefined;
};
