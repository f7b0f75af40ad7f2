// What the bars of an indicator's own window say, computed afresh for one bar: whether the indicator has any
// information, and for the windowed ones its value. tulind keeps running sums (added to and subtracted from bar after
// bar), so once a market stands still they hold the rounding residue of earlier bars: a money flow index of -19 or 132.
// Every value of the twelve is compared with its own window here before it may reach a model (lib/core/features.ts).
import type { Series } from "./indicators.ts";

export interface BarSeries {
  readonly high: Series;
  readonly low: Series;
  readonly close: Series;
  readonly volume: Series;
}

const typicalPrice = ({ high, low, close }: BarSeries, i: number): number => (high[i]! + low[i]! + close[i]!) * (1 / 3);

/** Whether `values` changed from any bar to the next within the `changes` steps that end at bar `i`. */
export const hasMoved = (values: Series, i: number, changes: number): boolean => {
  for (let k = i - changes + 1; k <= i; k++) if (values[k] !== values[k - 1]) return true;
  return false;
};

/** Whether a high rose or a low fell within the last `period` bars: the only thing the ADX is made from. */
export const hasDirection = ({ high, low }: BarSeries, i: number, period: number): boolean => {
  for (let k = i - period + 1; k <= i; k++) {
    const up = high[k]! - high[k - 1]!;
    const down = low[k - 1]! - low[k]!;
    if ((up > 0 || down > 0) && up !== down) return true;
  }
  return false;
};

/** Whether one of the last `period` bars has a true range. */
export const hasRange = ({ high, low, close }: BarSeries, i: number, period: number): boolean => {
  for (let k = i - period + 1; k <= i; k++)
    if (high[k]! > low[k]! || close[k - 1]! > high[k]! || close[k - 1]! < low[k]!) return true;
  return false;
};

/** Money flow index of `period` bars, 0..1; undefined when no volume moved the typical price. */
export const moneyFlowAt = (bars: BarSeries, i: number, period: number): number | undefined => {
  let up = 0;
  let down = 0;
  for (let k = i - period + 1; k <= i; k++) {
    const typical = typicalPrice(bars, k);
    const before = typicalPrice(bars, k - 1);
    // Two sums of three prices that are equal on paper can differ in their last bits.
    const rounding = typical * 2 ** -50;
    if (typical - before > rounding) up += typical * bars.volume[k]!;
    else if (before - typical > rounding) down += typical * bars.volume[k]!;
  }
  return up + down > 0 ? up / (up + down) : undefined;
};

/** Slow stochastic %K, 0..1; undefined when one of its raw values comes from bars without any range. */
export const stochasticAt = (
  { high, low, close }: BarSeries,
  i: number,
  period: number,
  slowing: number,
): number | undefined => {
  let sum = 0;
  for (let end = i - slowing + 1; end <= i; end++) {
    let top = Number.NEGATIVE_INFINITY;
    let bottom = Number.POSITIVE_INFINITY;
    for (let k = end - period + 1; k <= end; k++) {
      top = Math.max(top, high[k]!);
      bottom = Math.min(bottom, low[k]!);
    }
    if (!(top > bottom)) return undefined;
    sum += (close[end]! - bottom) / (top - bottom);
  }
  return sum / slowing;
};

/** Mean and population standard deviation of the `period` values that end at `i`, in two passes. */
export const meanAndDeviationAt = (
  values: Series,
  i: number,
  period: number,
): { readonly mean: number; readonly deviation: number } => {
  let sum = 0;
  for (let k = i - period + 1; k <= i; k++) sum += values[k]!;
  const mean = sum / period;
  let squares = 0;
  for (let k = i - period + 1; k <= i; k++) squares += (values[k]! - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / period) };
};
