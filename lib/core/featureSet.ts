// The twelve indicators' names, order and ranges: what a model may be given. Anything outside these ranges is no
// indicator value (a rounding residue, a damaged row) and must never be judged.

/** Name of this exact set: any change of a formula, a period or the order needs a new name. */
export const FEATURE_SET = "ta12-v1";

/** In model order. Every one is scale-free: a bounded oscillator or a ratio. */
export const FEATURE_NAMES = [
  "rsi14",
  "adx14",
  "atr14_pct",
  "true_range_to_atr",
  "volatility96",
  "band_width20",
  "band_position20",
  "ema_spread_to_atr",
  "roc4_to_atr",
  "stoch_k14",
  "money_flow14",
  "volume_ratio96",
] as const;
export type FeatureName = (typeof FEATURE_NAMES)[number];

/** A value's distance from its population mean is at most sqrt(n - 1) deviations; the band is four deviations wide. */
const FARTHEST_IN_20 = Math.sqrt(19);
/**
 * Lowest and highest possible value of each. Mathematical bounds, except where a market has none: ATR and deviation of
 * returns end at 100 % of the price, and a rise over four bars at 100 ATR. A bar k bars back has the weight
 * (13/14)^k / 14 in the ATR, so the bar's true range and the EMA spread are at most 14 ATR, a fall over four bars
 * at most 14 x (14/13)^3.
 */
export const FEATURE_RANGES: Readonly<Record<FeatureName, readonly [low: number, high: number]>> = {
  rsi14: [0, 1],
  adx14: [0, 1],
  atr14_pct: [0, 1],
  true_range_to_atr: [0, 14],
  volatility96: [0, 1],
  band_width20: [0, 4 * FARTHEST_IN_20],
  band_position20: [0.5 - FARTHEST_IN_20 / 4, 0.5 + FARTHEST_IN_20 / 4],
  ema_spread_to_atr: [-14, 14],
  roc4_to_atr: [-14 * (14 / 13) ** 3, 100],
  stoch_k14: [0, 1],
  money_flow14: [0, 1],
  volume_ratio96: [0, 96],
};
/** Rounding of a value at the very edge of its range; it is put back on the edge. */
const EDGE = 1e-9;

/** The value inside its range: a rounding error of at most 1e-9 beyond the edge becomes the edge. */
export const ontoEdge = (name: FeatureName, value: number): number => {
  const [low, high] = FEATURE_RANGES[name];
  if (value < low && value >= low - EDGE) return low;
  return value > high && value <= high + EDGE ? high : value;
};

/** Which of the values is not a possible one, with its range; undefined: all twelve may be judged. */
export const featureRangeProblem = (values: readonly number[]): string | undefined => {
  if (values.length !== FEATURE_NAMES.length)
    return `expected ${FEATURE_NAMES.length} indicators, found ${values.length}`;
  for (const [i, name] of FEATURE_NAMES.entries()) {
    const value = values[i];
    const [low, high] = FEATURE_RANGES[name];
    // NaN, and null from a stored NaN, fail both comparisons.
    if (typeof value !== "number" || !(value >= low && value <= high))
      return `${name} is outside its range: expected ${bound(low)} to ${bound(high)}, found ${value}`;
  }
  return undefined;
};
const bound = (value: number): string => String(Number(value.toFixed(2)));
