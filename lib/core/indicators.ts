// The only access to tulind. Every function takes plain series of one length (oldest first) and returns series of that
// same length, with NaN at the bars that have no value yet, so index i always means bar i.
// tulind's pitfalls are handled here: outputs begin at start(), typed arrays throw, unequal lengths are cut silently,
// NaN continues as plausible numbers, errors are strings, macd uses odd constants and roc is a fraction
// (docs/model.md).
import { createRequire } from "node:module";
import type tulind from "tulind";

export type Series = readonly number[];

let loaded: typeof tulind | undefined;
/**
 * Loaded when the first feature is computed: finding and linking its binary takes a tenth of a second at every start.
 */
const indicators = (): (typeof tulind)["indicators"] => {
  loaded ??= createRequire(import.meta.url)("tulind") as typeof tulind;
  return loaded.indicators;
};

/**
 * One tulind indicator, one padded series per output.
 * Throws RangeError on unequal lengths, on a value that is not finite, and on options tulind refuses. A flat market is
 * not an error: rsi, adx and mfi then hold NaN, and the caller must treat that as "no signal".
 */
const run = (name: string, inputs: readonly Series[], options: readonly number[]): number[][] => {
  const indicator = indicators()[name];
  if (indicator === undefined)
    throw new RangeError(`expected an indicator of tulind, found "${name}"; run npm ci again if tulind was not built`);
  const length = inputs[0]?.length ?? 0;
  for (const [i, series] of inputs.entries()) {
    const input = indicator.input_names[i] ?? `input ${i}`;
    if (series.length !== length)
      throw new RangeError(`${name}: expected ${length} values of ${input}, found ${series.length}`);
    const bad = series.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) throw new RangeError(`${name}: expected finite ${input}, found ${series[bad]} at bar ${bad}`);
  }
  const start = indicator.start(options);
  const outputCount = indicator.output_names.length;
  // tulind must not be called with fewer bars than it needs: it would allocate a negative length.
  if (length <= start) return Array.from({ length: outputCount }, () => new Array<number>(length).fill(Number.NaN));
  let answer: number[][] | undefined;
  let problem: unknown = "tulind did not answer at once";
  indicator.indicator(inputs, options, (error, outputs) => {
    problem = error;
    if (outputs !== null) answer = outputs;
  });
  if (answer === undefined || answer.length !== outputCount)
    throw new RangeError(`${name}(${options.join(", ")}): ${String(problem)}`);
  return answer.map((values) => {
    if (values.length !== length - start)
      throw new RangeError(`${name}: expected ${length - start} values, found ${values.length}`);
    return [...new Array<number>(start).fill(Number.NaN), ...values];
  });
};

const single = (name: string, inputs: readonly Series[], options: readonly number[]): number[] =>
  run(name, inputs, options)[0]!;

/** Relative strength index, Wilder, 0..100. NaN as long as no price has changed. */
export const rsi = (close: Series, period: number): number[] => single("rsi", [close], [period]);

/** Average directional index, Wilder, 0..100. NaN in a flat market. */
export const adx = (high: Series, low: Series, close: Series, period: number): number[] =>
  single("adx", [high, low, close], [period]);

/** Average true range, Wilder, in price units. Bar 0 counts with its plain high - low. */
export const atr = (high: Series, low: Series, close: Series, period: number): number[] =>
  single("atr", [high, low, close], [period]);

/** True range of each bar, in price units. */
export const trueRange = (high: Series, low: Series, close: Series): number[] => single("tr", [high, low, close], []);

/** Simple moving average. */
export const sma = (values: Series, period: number): number[] => single("sma", [values], [period]);

/** Exponential moving average, factor 2 / (period + 1), seeded with the first value. */
export const ema = (values: Series, period: number): number[] => single("ema", [values], [period]);

/**
 * EMA(fast) - EMA(slow), the standard MACD line. tulind's own macd replaces the factors of 12 and 26 by 0.15 and 0.075
 * and never equals it, so it is not used.
 */
export const emaSpread = (values: Series, fast: number, slow: number): number[] => {
  const fastSeries = ema(values, fast);
  return ema(values, slow).map((value, i) => fastSeries[i]! - value);
};

/** Change over `period` bars as a fraction (0.01 = 1 %). */
export const rateOfChange = (values: Series, period: number): number[] => single("roc", [values], [period]);

/** Bollinger bands: moving average and population standard deviation times `deviations`. */
export const bollinger = (
  values: Series,
  period: number,
  deviations: number,
): { readonly lower: number[]; readonly middle: number[]; readonly upper: number[] } => {
  const [lower, middle, upper] = run("bbands", [values], [period, deviations]);
  return { lower: lower!, middle: middle!, upper: upper! };
};

/** Slow stochastic %K, 0..100: the raw %K of `period` bars averaged over `slowing`. A bar without range counts as 0. */
export const stochasticK = (high: Series, low: Series, close: Series, period: number, slowing: number): number[] => {
  // tulind starts its outputs where %D starts; %D of one bar equals %K, so no value is lost.
  return single("stoch", [high, low, close], [period, slowing, 1]);
};

/** Money flow index, 0..100. NaN without any money flow in the period. */
export const moneyFlow = (high: Series, low: Series, close: Series, volume: Series, period: number): number[] =>
  single("mfi", [high, low, close, volume], [period]);

/** tulind scales its volatility to a year of 252 bars; this is the factor it multiplies by. */
const TULIND_YEAR = Math.sqrt(252);
/** Population standard deviation of the one-bar returns over `period` bars, as a fraction per bar. */
export const volatility = (values: Series, period: number): number[] =>
  single("volatility", [values], [period]).map((value) => value / TULIND_YEAR);
