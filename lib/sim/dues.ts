// What happens next: the earliest thing due at the simulated venue, in exact time order.
import { type EpochMs, epochMs, MINUTE_MS, nextVenueDayStart, SECOND_MS, venueDayStart } from "../core/time.ts";
import { applyChange } from "./changes.ts";
import { chargeLeverageFee, cutAccount, judgeMarginCall, losscutPosition, settleOverdueCall } from "./forced.ts";
import type { Machine } from "./machine.ts";
import { isBelow } from "./margin.ts";
import type { SimOrder } from "./state.ts";

export interface Due {
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
export const nextDue = (machine: Machine, untilMs: EpochMs, ordersOnly: boolean): Due | undefined => {
  const { state, options } = machine;
  let best: Due | undefined;
  const offer = (atMs: EpochMs | undefined, rank: number, run: () => void): void => {
    if (atMs === undefined || atMs > untilMs) return;
    if (!best || atMs < best.atMs || (atMs === best.atMs && rank < best.rank)) best = { atMs, rank, run };
  };
  const horizon = (): EpochMs => best?.atMs ?? untilMs;
  if (state.openPositions.size === 0 && state.liveOrders.size === 0) return undefined;

  if (state.openPositions.size > 0) {
    if (!ordersOnly) offer(nextVenueDayStart(state.nowMs), 0, () => chargeLeverageFee(machine));
    if (options.marginCallPercent !== undefined)
      offer(nextMarginCallMs(state.nowMs), 0, () => judgeMarginCall(machine));
    if (state.call?.kind === "MARGIN_CALL") {
      const deadlineMs = epochMs(Math.max(state.nowMs, state.call.untilMs));
      offer(machine.hours.matchingFrom(deadlineMs), 0, () => settleOverdueCall(machine));
    }
  }
  for (const order of state.liveOrders.values()) {
    if (order.cancelAtMs !== undefined) offer(order.cancelAtMs, 1, () => machine.finishCancel(order));
    if (order.change !== undefined)
      offer(machine.hours.matchingFrom(order.change.atMs), 1, () => applyChange(machine, order));
    if (order.executionType === "STOP") offer(triggerMs(machine, order, horizon()), 3, () => machine.trigger(order));
    else offer(fillMs(machine, order, horizon()), 3, () => machine.fillResting(order));
  }
  for (const position of state.openPositions.values()) {
    const ticks = machine.matching.toTicks(position.symbol, position.losscutPrice);
    const side = position.side === "BUY" ? "atOrBelow" : "atOrAbove";
    const price = options.losscutTrigger;
    const atMs = machine.touch(position.symbol, { side, ticks, price }, state.nowMs, horizon());
    offer(atMs, 2, () => losscutPosition(machine, position));
  }
  if (options.accountLosscutPercent !== undefined && state.openPositions.size > 0)
    offer(accountCutMs(machine, options.accountLosscutPercent, horizon()), 2, () => cutAccount(machine));
  return best;
};

const triggerMs = (machine: Machine, order: SimOrder, untilMs: EpochMs): EpochMs | undefined => {
  const ticks = order.throughTicks ?? machine.matching.toTicks(order.symbol, order.price!);
  const side = order.side === "BUY" ? "atOrAbove" : "atOrBelow";
  return machine.touch(order.symbol, { side, ticks }, machine.state.nowMs, untilMs);
};
const fillMs = (machine: Machine, order: SimOrder, untilMs: EpochMs): EpochMs | undefined => {
  const side = order.side === "BUY" ? "atOrBelow" : "atOrAbove";
  const fromMs = epochMs(Math.max(machine.state.nowMs, order.nextFillMs));
  return machine.touch(order.symbol, { side, ticks: order.throughTicks! }, fromMs, untilMs);
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
const accountCutMs = (machine: Machine, percent: number, untilMs: EpochMs): EpochMs | undefined => {
  const { state, market, hours } = machine;
  const symbols = new Set([...state.openPositions.values()].map((position) => position.symbol));
  const held = [...state.openPositions.values()];
  const gainAt = (atMs: EpochMs): readonly bigint[] => held.map((position) => machine.openGain(position, atMs));
  const account = machine.account();
  const falls = (atMs: EpochMs): boolean => isBelow(machine.account(atMs), percent);
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
