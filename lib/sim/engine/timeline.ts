// Finds the next due event of the simulated venue, in exact time order.
import { type EpochMs, epochMs, MINUTE_MS, nextVenueDayStart, SECOND_MS, venueDayStart } from "../../core/time.ts";
import type { Exchange } from "./exchange.ts";
import {
  chargeLeverageFee,
  checkMarginCall,
  losscutAccount,
  losscutPosition,
  resolveOverdueCall,
} from "./liquidation.ts";
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
/** The account's margin ratio is checked at every full second. */
const RATIO_CHECK_MS = SECOND_MS;

/** The earliest due event in [now, untilMs]. `ordersOnly` skips events that change no order and no position. */
export const nextDue = (exchange: Exchange, untilMs: EpochMs, ordersOnly: boolean): DueEvent | undefined => {
  const { state, options } = exchange;
  let best: DueEvent | undefined;
  const consider = (atMs: EpochMs | undefined, rank: number, run: () => void): void => {
    if (atMs === undefined || atMs > untilMs) return;
    if (!best || atMs < best.atMs || (atMs === best.atMs && rank < best.rank)) best = { atMs, rank, run };
  };
  const horizon = (): EpochMs => best?.atMs ?? untilMs;
  if (state.openPositions.size === 0 && state.liveOrders.size === 0) return undefined;

  if (state.openPositions.size > 0) {
    if (!ordersOnly) consider(nextVenueDayStart(state.nowMs), 0, () => chargeLeverageFee(exchange));
    if (options.marginCallPercent !== undefined)
      consider(nextMarginCallMs(state.nowMs), 0, () => checkMarginCall(exchange));
    if (state.call?.kind === "MARGIN_CALL") {
      const deadlineMs = epochMs(Math.max(state.nowMs, state.call.untilMs));
      consider(exchange.hours.matchingFrom(deadlineMs), 0, () => resolveOverdueCall(exchange));
    }
  }
  for (const order of state.liveOrders.values()) {
    if (order.cancelAtMs !== undefined) consider(order.cancelAtMs, 1, () => exchange.finishCancel(order));
    if (order.change !== undefined)
      consider(exchange.hours.matchingFrom(order.change.atMs), 1, () => applyChange(exchange, order));
    if (order.executionType === "STOP")
      consider(triggerMs(exchange, order, horizon()), 3, () => exchange.trigger(order));
    else consider(fillMs(exchange, order, horizon()), 3, () => exchange.fillResting(order));
  }
  for (const position of state.openPositions.values()) {
    const ticks = exchange.matching.toTicks(position.symbol, position.losscutPrice);
    const side = position.side === "BUY" ? "atOrBelow" : "atOrAbove";
    const price = options.losscutTrigger;
    const atMs = exchange.touch(position.symbol, { side, ticks, price }, state.nowMs, horizon());
    consider(atMs, 2, () => losscutPosition(exchange, position));
  }
  if (options.accountLosscutPercent !== undefined && state.openPositions.size > 0)
    consider(accountCutMs(exchange, options.accountLosscutPercent, horizon()), 2, () => losscutAccount(exchange));
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

const nextRatioCheckMs = (ms: number): EpochMs => epochMs(Math.ceil(ms / RATIO_CHECK_MS) * RATIO_CHECK_MS);

/**
 * First full second in [now, untilMs] at which the account loss cut applies. Skips a stretch of the path when even the
 * worse price of its two ends leaves enough equity.
 */
const accountCutMs = (exchange: Exchange, percent: number, untilMs: EpochMs): EpochMs | undefined => {
  const { state, market, hours } = exchange;
  const symbols = new Set([...state.openPositions.values()].map((position) => position.symbol));
  const held = [...state.openPositions.values()];
  const gainAt = (atMs: EpochMs): readonly bigint[] => held.map((position) => exchange.openGain(position, atMs));
  const account = exchange.account();
  const isCut = (atMs: EpochMs): boolean => isBelow(exchange.account(atMs), percent);
  for (let atMs = nextRatioCheckMs(state.nowMs); atMs <= untilMs; ) {
    const openMs = hours.matchingFrom(atMs);
    if (openMs !== atMs) {
      atMs = nextRatioCheckMs(openMs);
      continue;
    }
    const endMs = Math.min(untilMs, ...[...symbols].map((symbol) => market.stretch(symbol, atMs).endMs - 1));
    const lastMs = epochMs(Math.max(atMs, Math.floor(endMs / RATIO_CHECK_MS) * RATIO_CHECK_MS));
    const [first, last] = [gainAt(atMs), gainAt(lastMs)];
    const worst = first.reduce((sum, gain, i) => sum + (gain < last[i]! ? gain : last[i]!), state.cash as bigint);
    if (isBelow({ ...account, equity: worst as typeof account.equity }, percent))
      for (let ms = atMs; ms <= lastMs; ms = epochMs(ms + RATIO_CHECK_MS))
        if (hours.matchingFrom(ms) === ms && isCut(ms)) return ms;
    atMs = epochMs(lastMs + RATIO_CHECK_MS);
  }
  return undefined;
};
