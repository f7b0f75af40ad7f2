// What the venue does to an account without being asked (GMO API 5.1): the fee of the night, loss cuts of a position and of
// the whole account, margin calls. Thresholds and deadlines are options: GMO publishes only some of them.
import { coinE8, notionalYen } from "../core/money.ts";
import { epochMs } from "../core/time.ts";
import type { Side } from "../core/venue.ts";
import { feeYen, LEVERAGE_FEE_RATIO } from "./fees.ts";
import type { Machine } from "./machine.ts";
import { type Refusal, refuse } from "./refusal.ts";
import { isSpot, type SimOrder, type SimPosition, UNTOUCHED } from "./state.ts";

/** Every position held across 06:00 JST pays 0.04 % of the closing price x size (GMO API 5.1). */
export const chargeLeverageFee = ({ state, market, matching, options }: Machine): void => {
  for (const position of state.openPositions.values()) {
    const closing = market.last(position.symbol, epochMs(state.nowMs - 1));
    if (closing === undefined) continue;
    const notional = notionalYen(matching.toYen(position.symbol, closing), position.size);
    state.book("leverage_fee", -feeYen(notional, LEVERAGE_FEE_RATIO, options.yenRounding), position.positionId);
  }
};

/** The current price has reached the position's loss-cut price. */
export const losscutPosition = (machine: Machine, position: SimPosition): void => {
  const { vanishedCloseEvent } = machine.options;
  const told = vanishedCloseEvent === "POSITION_LOSSCUT" ? undefined : vanishedCloseEvent;
  for (const order of machine.state.closeOrdersOf(position.positionId))
    machine.endOrder(order, "CANCELED", "POSITION_LOSSCUT", told);
  forceClose(machine, position);
};

/** Closes a whole position at the market, whatever the depth; its close orders are gone already. */
const forceClose = (machine: Machine, position: SimPosition): void => {
  const { state, settlement } = machine;
  const quote = machine.quoteYen(position.symbol)!;
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
  machine.emitOrder(order, "NOR");
  settlement.fill(order, side === "SELL" ? quote.bid : quote.ask, position.size, true);
};

/** Every margin order goes, every position is closed. Spot orders and coins stay: they are no collateral. */
const closeEverything = (machine: Machine, cancelType: "ACCOUNT_LOSSCUT" | "MARGIN_CALL_LOSSCUT"): void => {
  const { state, options } = machine;
  for (const order of [...state.liveOrders.values()])
    if (!isSpot(order.symbol)) machine.endOrder(order, "CANCELED", cancelType);
  for (const position of [...state.openPositions.values()]) forceClose(machine, position);
  const untilMs = epochMs(state.nowMs + options.marginCallProcessingMs);
  state.call = { kind: "LOSSCUT", sinceMs: state.nowMs, untilMs };
};
export const cutAccount = (machine: Machine): void => closeEverything(machine, "ACCOUNT_LOSSCUT");

/** 06:30 JST: an account below the threshold gets a margin call, and its resting opening orders go. */
export const judgeMarginCall = (machine: Machine): void => {
  const { state, options } = machine;
  if (state.call?.kind === "MARGIN_CALL" || !isShort(machine)) return;
  const untilMs = epochMs(state.nowMs + options.marginCallGraceMs);
  state.call = { kind: "MARGIN_CALL", sinceMs: state.nowMs, untilMs };
  for (const order of [...state.liveOrders.values()])
    if (order.settleType === "OPEN" && !isSpot(order.symbol)) machine.endOrder(order, "CANCELED", "MARGIN_CALL");
};

/** The deadline of a margin call: met, or everything is closed by force. */
export const settleOverdueCall = (machine: Machine): void => {
  if (isShort(machine)) closeEverything(machine, "MARGIN_CALL_LOSSCUT");
  else machine.state.call = undefined;
};

/** A margin call is met as soon as something of ours has happened and the account is above the threshold again. */
export const settleCall = (machine: Machine): void => {
  const { state } = machine;
  if (state.call?.kind === "MARGIN_CALL" && state.call.sinceMs < state.nowMs && !isShort(machine))
    state.call = undefined;
};

/** Strictly below the threshold of margin calls. */
const isShort = (machine: Machine): boolean => {
  const { marginCallPercent } = machine.options;
  const account = machine.account();
  return (
    marginCallPercent !== undefined &&
    account.used > 0n &&
    account.equity * 100n < account.used * BigInt(marginCallPercent)
  );
};

export const callStatus = ({ state }: Machine): "NORMAL" | "MARGIN_CALL" | "LOSSCUT" => {
  const { call, nowMs } = state;
  if (!call || (call.kind === "LOSSCUT" && nowMs >= call.untilMs)) return "NORMAL";
  return call.kind;
};

/** ERR-683 while a call or cut is being processed, ERR-682 for what adds risk while a call is unmet (GMO API 11). */
export const callRefusal = (machine: Machine, addsRisk: boolean): Refusal | undefined => {
  const { state, options } = machine;
  if (callStatus(machine) === "NORMAL") return undefined;
  if (state.nowMs < state.call!.sinceMs + options.marginCallProcessingMs)
    return refuse("ERR-683", "Margin call processing is in progress.");
  return addsRisk && state.call!.kind === "MARGIN_CALL"
    ? refuse("ERR-682", "A margin call is outstanding.")
    : undefined;
};
