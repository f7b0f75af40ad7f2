// What happens next: the earliest thing due at the simulated venue, in exact time order.
import { type EpochMs, epochMs, MINUTE_MS, nextVenueDayStart, SECOND_MS, venueDayStart } from "../../core/time.ts";
import type { Exchange } from "./exchange.ts";
import { chargeLeverageFee, cutAccount, judgeMarginCall, losscutPosition, settleOverdueCall } from "./liquidation.ts";
import { isBelow } from "./margin.ts";
import { applyChange } from "./orderChanges.ts";
import type { SimOrder } from "./state.ts";

export interface DueEvent {
  readonly atMs: EpochMs;
  /** At the same instant: fee and calls, then cancels and changes, then loss cuts, then orders by id. */
  readonly rank: number;
  readonly run: () => void;
}

/** 06:30 JST: half an hour into the venue's day (GMO API 5.1). */
const MARGIN_CALL_MS = 30 * MINUTE_MS;
/** The account's ratio is looked at every full second. */
const WATCH_MS = SECOND_MS;

/** The earliest thing due in [now, untilMs]. `ordersOnly` leaves out what moves no order and no position. */
export const nextDue = (exchange: Exchange, untilMs: EpochMs, ordersOnly: boolean): DueEvent | undefined => {
  const { state, options } = exchange;
  let best: DueEvent | undefined;
  const offer = (atMs: EpochMs | undefined, rank: number, run: () => void): void => {
    if (atMs === undefined || atMs > untilMs) return;
    if (!best || atMs < best.atMs || (atMs === best.atMs && rank < best.rank)) best = { atMs, rank, run };
  };
  const horizon = (): EpochMs => best?.atMs ?? untilMs;
  if (state.openPositions.size === 0 && state.liveOrders.size === 0) return undefined;

  if (state.openPositions.size > 0) {
    if (!ordersOnly) offer(nextVenueDayStart(state.nowMs), 0, () => chargeLeverageFee(exchange));
    if (options.marginCallPercent !== undefined)
      offer(nextMarginCallMs(state.nowMs), 0, () => judgeMarginCall(exchange));
    if (state.call?.kind === "MARGIN_CALL") {
      const deadlineMs = epochMs(Math.max(state.nowMs, state.call.untilMs));
      offer(exchange.hours.matchingFrom(deadlineMs), 0, () => settleOverdueCall(exchange));
    }
  }
  for (const order of state.liveOrders.values()) {
    if (order.cancelAtMs !== undefined) offer(order.cancelAtMs, 1, () => exchange.finishCancel(order));
    if (order.change !== undefined)
      offer(exchange.hours.matchingFrom(order.change.atMs), 1, () => applyChange(exchange, order));
    if (order.executionType === "STOP") offer(triggerMs(exchange, order, horizon()), 3, () => exchange.trigger(order));
    else offer(fillMs(exchange, order, horizon()), 3, () => exchange.fillResting(order));
  }
  for (const position of state.openPositions.values()) {
    const ticks = exchange.matching.toTicks(position.symbol, position.losscutPrice);
    const side = position.side === "BUY" ? "atOrBelow" : "atOrAbove";
    const price = options.losscutTrigger;
    const atMs = exchange.touch(position.symbol, { side, ticks, price }, state.nowMs, horizon());
    offer(atMs, 2, () => losscutPosition(exchange, position));
  }
  if (options.accountLosscutPercent !== undefined && state.openPositions.size > 0)
    offer(accountCutMs(exchange, options.accountLosscutPercent, horizon()), 2, () => cutAccount(exchange));
  return best;
};

const triggerMs = (exchange: Exchange, order: SimOrder, untilMs: EpochMs): EpochMs | undefined => {
  const ticks = order.fillTicks ?? exchange.matching.toTicks(order.symbol, order.price!);
  const side = order.side === "BUY" ? "atOrAbove" : "atOrBelow";
  return exchange.touch(order.symbol, { side, ticks }, exchange.state.nowMs, untilMs);
};
const fillMs = (exchange: Exchange, order: SimOrder, untilMs: EpochMs): EpochMs | undefined => {
  const side = order.side === "BUY" ? "atOrBelow" : "atOrAbove";
  const fromMs = epochMs(Math.max(exchange.state.nowMs, order.nextFillMs));
  return exchange.touch(order.symbol, { side, ticks: order.fillTicks! }, fromMs, untilMs);
};

/** First 06:30 JST strictly after `at`. */
const nextMarginCallMs = (at: EpochMs): EpochMs => {
  const today = epochMs(venueDayStart(at) + MARGIN_CALL_MS);
  return today > at ? today : epochMs(nextVenueDayStart(at) + MARGIN_CALL_MS);
};

const onWatch = (ms: number): EpochMs => epochMs(Math.ceil(ms / WATCH_MS) * WATCH_MS);

/**
 * First full second in [now, untilMs] at which the whole account is cut. Leaps over stretches of the path on whose two
 * ends even the worse prices leave enough.
 */
const accountCutMs = (exchange: Exchange, percent: number, untilMs: EpochMs): EpochMs | undefined => {
  const { state, market, hours } = exchange;
  const symbols = new Set([...state.openPositions.values()].map((position) => position.symbol));
  const held = [...state.openPositions.values()];
  const gainAt = (atMs: EpochMs): readonly bigint[] => held.map((position) => exchange.openGain(position, atMs));
  const account = exchange.account();
  const falls = (atMs: EpochMs): boolean => isBelow(exchange.account(atMs), percent);
  for (let atMs = onWatch(state.nowMs); atMs <= untilMs; ) {
    const openMs = hours.matchingFrom(atMs);
    if (openMs !== atMs) {
      atMs = onWatch(openMs);
      continue;
    }
    const endMs = Math.min(untilMs, ...[...symbols].map((symbol) => market.stretch(symbol, atMs).endMs - 1));
    const lastMs = epochMs(Math.max(atMs, Math.floor(endMs / WATCH_MS) * WATCH_MS));
    const [first, last] = [gainAt(atMs), gainAt(lastMs)];
    const worst = first.reduce((sum, gain, i) => sum + (gain < last[i]! ? gain : last[i]!), state.cash as bigint);
    if (isBelow({ ...account, equity: worst as typeof account.equity }, percent))
      for (let ms = atMs; ms <= lastMs; ms = epochMs(ms + WATCH_MS))
        if (hours.matchingFrom(ms) === ms && falls(ms)) return ms;
    atMs = epochMs(lastMs + WATCH_MS);
  }
  return undefined;
};
