// positionSummary (GMO API 8.2): the open positions of a symbol and side in one row.
import { ceilDiv, coinE8, E8, floorDiv, floorToStep, yenE8 } from "../../core/money.ts";
import type { Side } from "../../core/venue.ts";
import type { PositionSummary } from "./events.ts";
import { openGain, type QuoteOf } from "./margin.ts";
import type { SimState } from "./state.ts";

/**
 * The average price rounds to 1e-8 yen against the account: up for longs, down for shorts. GMO's rounding is unknown.
 */
export const summaryOf = (state: SimState, quoteOf: QuoteOf, symbol: string, side: Side): PositionSummary => {
  let size = 0n;
  let cost = 0n;
  let ordered = 0n;
  let lossGain = 0n;
  for (const position of state.openPositions.values()) {
    if (position.symbol !== symbol || position.side !== side) continue;
    size += position.size;
    cost += position.price * position.size;
    ordered += state.reservedOf(position.positionId);
    lossGain += openGain(position, quoteOf(symbol));
  }
  const average = size === 0n ? 0n : side === "BUY" ? ceilDiv(cost, size) : floorDiv(cost, size);
  return {
    symbol,
    side,
    averageRate: yenE8(average),
    lossGain: floorToStep(yenE8(lossGain), E8),
    ordered: coinE8(ordered),
    size: coinE8(size),
  };
};

/** One row per symbol and side that is held. */
export const summariesOf = (state: SimState, quoteOf: QuoteOf, symbol?: string): readonly PositionSummary[] => {
  const held = new Map<string, PositionSummary>();
  for (const position of state.openPositions.values()) {
    const key = `${position.symbol} ${position.side}`;
    if ((symbol === undefined || position.symbol === symbol) && !held.has(key))
      held.set(key, summaryOf(state, quoteOf, position.symbol, position.side));
  }
  return [...held.values()];
};
