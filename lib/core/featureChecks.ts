// Whether the twelve indicators of a bar are values or residue: each must have information in its own window, and the
// windowed ones must agree with a fresh computation over that window. One rule for training, backtest and live.
import { FEATURE_NAMES, type FeatureName } from "./featureSet.ts";
import {
  type BarSeries,
  hasDirection,
  hasMoved,
  hasRange,
  meanAndDeviationAt,
  moneyFlowAt,
  stochasticAt,
} from "./ownWindow.ts";

/**
 * Largest difference from the fresh computation, in units of the feature. On 200,000 recorded bars tulind's
 * own rounding stays below 1e-7 (docs/model.md); a residue can differ by any amount.
 */
const TOLERANCE = 1e-4;
/** Doubles have 52 bits after the first. A price difference is known to a few of these steps of the price. */
const PRICE_ROUNDING = 2 ** -52 * 64;

interface Check {
  /** Whether the bars of the indicator's window say anything about it. */
  readonly informed: (bars: BarSeries, i: number) => boolean;
  readonly without: string;
  /** The value computed afresh; absent for a recursive indicator, which has no running sum to cancel in. */
  readonly fresh?: (bars: BarSeries, i: number) => number;
  /** Largest difference allowed at that value. */
  readonly tolerance?: (fresh: number) => number;
}
const absolute = (): number => TOLERANCE;
const relative = (fresh: number): number => TOLERANCE * fresh;

const range14 = (bars: BarSeries, i: number): boolean => hasRange(bars, i, 14);
const NO_RANGE = "no bar of the last 14 has a range";
const closes20 = ({ close }: BarSeries, i: number): boolean => hasMoved(close, i, 19);
const CLOSES_EQUAL_20 = "the last 20 closes are equal";
const returnsAt = ({ close }: BarSeries, i: number, period: number): number[] =>
  Array.from({ length: period }, (_, k) => close[i - period + 1 + k]! / close[i - period + k]! - 1);

const CHECKS: Readonly<Record<FeatureName, Check>> = {
  rsi14: { informed: ({ close }, i) => hasMoved(close, i, 14), without: "the close has not moved for 14 bars" },
  adx14: {
    informed: (bars, i) => hasDirection(bars, i, 14),
    without: "neither highs nor lows have moved for 14 bars",
  },
  atr14_pct: { informed: range14, without: NO_RANGE },
  true_range_to_atr: { informed: range14, without: NO_RANGE },
  volatility96: {
    informed: ({ close }, i) => hasMoved(close, i, 96),
    without: "the close has not moved for 96 bars",
    fresh: (bars, i) => meanAndDeviationAt(returnsAt(bars, i, 96), 95, 96).deviation,
    tolerance: relative,
  },
  band_width20: {
    informed: closes20,
    without: CLOSES_EQUAL_20,
    fresh: ({ close }, i) => {
      const { mean, deviation } = meanAndDeviationAt(close, i, 20);
      return (4 * deviation) / mean;
    },
    tolerance: relative,
  },
  band_position20: {
    informed: closes20,
    without: CLOSES_EQUAL_20,
    fresh: ({ close }, i) => {
      const { mean, deviation } = meanAndDeviationAt(close, i, 20);
      return (close[i]! - mean) / (4 * deviation) + 0.5;
    },
    tolerance: absolute,
  },
  ema_spread_to_atr: { informed: range14, without: NO_RANGE },
  roc4_to_atr: { informed: range14, without: NO_RANGE },
  stoch_k14: {
    informed: (bars, i) => stochasticAt(bars, i, 14, 3) !== undefined,
    without: NO_RANGE,
    fresh: (bars, i) => stochasticAt(bars, i, 14, 3) ?? Number.NaN,
    tolerance: absolute,
  },
  money_flow14: {
    informed: (bars, i) => moneyFlowAt(bars, i, 14) !== undefined,
    without: "no volume has moved the price for 14 bars",
    fresh: (bars, i) => moneyFlowAt(bars, i, 14) ?? Number.NaN,
    tolerance: absolute,
  },
  volume_ratio96: {
    informed: ({ volume }, i) => volume[i]! > 0,
    without: "nothing was traded in the bar",
    fresh: ({ volume }, i) => volume[i]! / meanAndDeviationAt(volume, i, 96).mean,
    tolerance: relative,
  },
};
/** Bars before the judged one that a fresh computation reads (96 returns need 97 closes). */
export const CHECKED_BARS = 97;

/**
 * Why the values of bar `i` are no values, or undefined. `averageRange` is ATR(14) in price units. Bar `i` must have at
 * least CHECKED_BARS - 1 bars before it; everything in `bars` is finite.
 */
export const residueProblem = (
  bars: BarSeries,
  i: number,
  values: readonly number[],
  averageRange: number,
): string | undefined => {
  for (const name of FEATURE_NAMES)
    if (!CHECKS[name].informed(bars, i)) return `flat market: ${name} has no information, ${CHECKS[name].without}`;
  // The EMA spread and the four-bar return are differences of prices: below this ATR only their rounding is left.
  if (!(averageRange * TOLERANCE > bars.close[i]! * PRICE_ROUNDING))
    return `flat market: ATR(14) of ${averageRange} is within the rounding of the price ${bars.close[i]}`;
  for (const [k, name] of FEATURE_NAMES.entries()) {
    const { fresh, tolerance = absolute } = CHECKS[name];
    if (fresh === undefined) continue;
    const expected = fresh(bars, i);
    if (!(Math.abs(values[k]! - expected) <= tolerance(expected)))
      return `flat market: only rounding is left of ${name}: expected ${expected} from its own window, found ${values[k]}`;
  }
  return undefined;
};
