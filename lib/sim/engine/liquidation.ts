// Actions of the venue without a request (GMO API 5.1): the leverage fee at 06:00 JST, loss cuts of a position and of
// the whole account, margin calls. Thresholds and deadlines are options: GMO publishes only some of them.
import { coinE8, notionalYen } from "../../core/money.ts";
import { epochMs } from "../../core/time.ts";
import type { Side } from "../../core/venue.ts";
import type { Exchange } from "./exchange.ts";
import { feeYen, LEVERAGE_FEE_RATIO } from "./fees.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { isSpot, NEW_ORDER_STATE, type SimOrder, type SimPosition } from "./state.ts";

/** Charges every position held across 06:00 JST 0.04 % of the closing price x size (GMO API 5.1). */
export const chargeLeverageFee = ({ state, market, matching, options }: Exchange): void => {
  for (const position of state.openPositions.values()) {
    const closing = market.last(position.symbol, epochMs(state.nowMs - 1));
    if (closing === undefined) continue;
    const notional = notionalYen(matching.toYen(position.symbol, closing), position.size);
    state.post("leverage_fee", -feeYen(notional, LEVERAGE_FEE_RATIO, options.yenRounding), position.positionId);
  }
};

/** Closes a position whose loss-cut price the current price has reached. */
export const losscutPosition = (exchange: Exchange, position: SimPosition): void => {
  const { vanishedCloseEvent } = exchange.options;
  const eventCancelType = vanishedCloseEvent === "POSITION_LOSSCUT" ? undefined : vanishedCloseEvent;
  for (const order of exchange.state.closeOrdersOf(position.positionId))
    exchange.endOrder(order, "CANCELED", "POSITION_LOSSCUT", eventCancelType);
  forceClose(exchange, position);
};

/** Closes a whole position at bid or ask regardless of depth. The caller has cancelled its close orders. */
const forceClose = (exchange: Exchange, position: SimPosition): void => {
  const { state, settlement } = exchange;
  const quote = exchange.quoteYen(position.symbol)!;
  const side: Side = position.side === "BUY" ? "SELL" : "BUY";
  const order: SimOrder = {
    ...NEW_ORDER_STATE,
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
  state.recordOrder(order);
  exchange.emitOrder(order, "NOR");
  settlement.fill(order, side === "SELL" ? quote.bid : quote.ask, position.size, true);
};

/** Cancels every margin order and closes every position. Spot orders and coins stay: they are not collateral. */
const closeEverything = (exchange: Exchange, cancelType: "ACCOUNT_LOSSCUT" | "MARGIN_CALL_LOSSCUT"): void => {
  const { state, options } = exchange;
  for (const order of [...state.liveOrders.values()])
    if (!isSpot(order.symbol)) exchange.endOrder(order, "CANCELED", cancelType);
  for (const position of [...state.openPositions.values()]) forceClose(exchange, position);
  const untilMs = epochMs(state.nowMs + options.marginCallProcessingMs);
  state.call = { kind: "LOSSCUT", sinceMs: state.nowMs, untilMs };
};
export const losscutAccount = (exchange: Exchange): void => closeEverything(exchange, "ACCOUNT_LOSSCUT");

/** 06:30 JST: an account below the threshold gets a margin call; its resting opening orders are cancelled. */
export const checkMarginCall = (exchange: Exchange): void => {
  const { state, options } = exchange;
  if (state.call?.kind === "MARGIN_CALL" || !isBelowMarginCall(exchange)) return;
  const untilMs = epochMs(state.nowMs + options.marginCallGraceMs);
  state.call = { kind: "MARGIN_CALL", sinceMs: state.nowMs, untilMs };
  for (const order of [...state.liveOrders.values()])
    if (order.settleType === "OPEN" && !isSpot(order.symbol)) exchange.endOrder(order, "CANCELED", "MARGIN_CALL");
};

/** At the deadline of a margin call: ends the call when it is met, else closes everything. */
export const resolveOverdueCall = (exchange: Exchange): void => {
  if (isBelowMarginCall(exchange)) closeEverything(exchange, "MARGIN_CALL_LOSSCUT");
  else exchange.state.call = undefined;
};

/** Ends a margin call when, after a later step of our account, the ratio is back at or above the threshold. */
export const clearMetMarginCall = (exchange: Exchange): void => {
  const { state } = exchange;
  if (state.call?.kind === "MARGIN_CALL" && state.call.sinceMs < state.nowMs && !isBelowMarginCall(exchange))
    state.call = undefined;
};

/** Whether equity over used margin is strictly below the margin call threshold. */
const isBelowMarginCall = (exchange: Exchange): boolean => {
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

/**
 * ERR-683 while a call or loss cut is processed; ERR-682 for requests that add risk while a call is unmet (GMO API 11).
 */
export const callRefusal = (exchange: Exchange, addsRisk: boolean): Refusal | undefined => {
  const { state, options } = exchange;
  if (callStatus(exchange) === "NORMAL") return undefined;
  if (state.nowMs < state.call!.sinceMs + options.marginCallProcessingMs)
    return refuse("ERR-683", "Margin call processing is in progress.");
  return addsRisk && state.call!.kind === "MARGIN_CALL"
    ? refuse("ERR-682", "A margin call is outstanding.")
    : undefined;
};
