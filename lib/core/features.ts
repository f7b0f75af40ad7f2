// The twelve indicators the model sees, one pure function for training, backtest and live.
// A bar's window begins at 00:00 UTC four days before the bar's own UTC day, so every bar of one day shares one start:
// computing a whole day at once and computing a single bar use the same arithmetic and agree to the last bit.
// Doubtful input (gaps, short history, flat market, no volume) is "noSignal"; NaN and rounding residue never leave this
// file (featureChecks.ts).
import type { Candle } from "./candle.ts";
import { CHECKED_BARS, residueProblem } from "./featureChecks.ts";
import { FEATURE_NAMES, featureRangeProblem, ontoEdge } from "./featureSet.ts";
import {
  adx,
  atr,
  bollinger,
  emaSpread,
  moneyFlow,
  rateOfChange,
  rsi,
  sma,
  stochasticK,
  trueRange,
  volatility,
} from "./indicators.ts";
import { BAR_MS, DAY_MS } from "./time.ts";

/** Longest window: four whole UTC days and the judged bar's own day. */
export const FEATURE_WINDOW_BARS = 480;
/** The judged bar and the bars just before it must all be there. */
export const COMPLETE_RECENT_BARS = 20;
/** Older gaps are tolerated up to this many bars in total; the venue's Saturday maintenance takes 8. */
export const MAX_MISSING_BARS = 12;
const WINDOW_DAYS_BEFORE = 4;

export type FeatureResult =
  | { readonly kind: "ok"; readonly values: readonly number[] /** ATR(14) in yen. */; readonly atr: number }
  | { readonly kind: "noSignal"; readonly reason: string };

const noSignal = (reason: string): FeatureResult => ({ kind: "noSignal", reason });

const windowStartMs = (barOpenMs: number): number =>
  Math.floor(barOpenMs / DAY_MS) * DAY_MS - WINDOW_DAYS_BEFORE * DAY_MS;

const candleProblem = (candle: Candle, previous: Candle | undefined): string | undefined => {
  const problem = candleFault(candle, previous);
  if (problem === undefined) return undefined;
  const { openMs } = candle;
  return `bar ${Math.abs(openMs) <= 8.64e15 ? new Date(openMs).toISOString() : openMs} ${problem}`;
};
const candleFault = (candle: Candle, previous: Candle | undefined): string | undefined => {
  const { openMs, open, high, low, close, volume } = candle;
  if (openMs % BAR_MS !== 0) return "does not open on a quarter of an hour";
  if (previous !== undefined && openMs <= previous.openMs) return "is a duplicate or out of order";
  if (![open, high, low, close, volume].every(Number.isFinite)) return "holds a value that is not a number";
  if (low <= 0 || volume < 0) return "has a price that is not positive or a negative volume";
  if (high < Math.max(open, close) || low > Math.min(open, close)) return "has a high or low inside its body";
  return undefined;
};

/** Why the history of `candles[first..last]` cannot be judged, or undefined. Uses nothing after `last`. */
const historyProblem = (candles: readonly Candle[], first: number, last: number): string | undefined => {
  const barOpenMs = candles[last]!.openMs;
  const expected = Math.round((barOpenMs - windowStartMs(barOpenMs)) / BAR_MS) + 1;
  const missing = expected - (last - first + 1);
  const recentFirst = last - (COMPLETE_RECENT_BARS - 1);
  const recentOpenMs = barOpenMs - (COMPLETE_RECENT_BARS - 1) * BAR_MS;
  if (recentFirst < first || candles[recentFirst]!.openMs !== recentOpenMs)
    return `a bar is missing among the last ${COMPLETE_RECENT_BARS}`;
  if (missing > MAX_MISSING_BARS)
    return `history too short or with holes: ${missing} of ${expected} bars are missing, at most ${MAX_MISSING_BARS} may be`;
  if (candles[last]!.volume === 0) return "nothing was traded in the bar";
  return undefined;
};

/** Indicator series over `candles`, then one result for every index from `from` on. All inputs must be valid. */
const judge = (candles: readonly Candle[], from: number): FeatureResult[] => {
  const high = candles.map((c) => c.high);
  const low = candles.map((c) => c.low);
  const close = candles.map((c) => c.close);
  const volume = candles.map((c) => c.volume);
  const bars = { high, low, close, volume };
  const atr14 = atr(high, low, close, 14);
  const rsi14 = rsi(close, 14);
  const adx14 = adx(high, low, close, 14);
  const range = trueRange(high, low, close);
  const volatility96 = volatility(close, 96);
  const bands = bollinger(close, 20, 2);
  const spread = emaSpread(close, 12, 26);
  const roc4 = rateOfChange(close, 4);
  const stochK = stochasticK(high, low, close, 14, 3);
  const flow = moneyFlow(high, low, close, volume, 14);
  const averageVolume = sma(volume, 96);

  const results: FeatureResult[] = [];
  for (let i = from; i < candles.length; i++) {
    const averageRange = atr14[i]!;
    const price = close[i]!;
    const bandWidth = bands.upper[i]! - bands.lower[i]!;
    const values = [
      rsi14[i]! / 100,
      adx14[i]! / 100,
      averageRange / price,
      range[i]! / averageRange,
      volatility96[i]!,
      bandWidth / bands.middle[i]!,
      (price - bands.lower[i]!) / bandWidth,
      spread[i]! / averageRange,
      (roc4[i]! * price) / averageRange,
      stochK[i]! / 100,
      flow[i]! / 100,
      volume[i]! / averageVolume[i]!,
    ].map((value, k) => ontoEdge(FEATURE_NAMES[k]!, value));
    const problem =
      (i >= CHECKED_BARS - 1 ? residueProblem(bars, i, values, averageRange) : undefined) ?? valueProblem(values);
    results.push(problem === undefined ? { kind: "ok", values, atr: averageRange } : noSignal(problem));
  }
  return results;
};

/** Why the values cannot be judged by themselves: one that is no number, or one outside its range. */
const valueProblem = (values: readonly number[]): string | undefined => {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  return bad >= 0 ? `flat market: ${FEATURE_NAMES[bad]} has no value` : featureRangeProblem(values);
};

/** First index of `candles` that opens at or after `ms`, among indexes up to `last`. `candles` ascend up to there. */
const firstAtOrAfter = (candles: readonly Candle[], ms: number, last: number): number => {
  let first = last;
  while (first > 0 && candles[first - 1]!.openMs >= ms) first--;
  return first;
};

/**
 * Features of the last candle of `window`, from that candle and the closed candles before it.
 * `window` must hold at least the last FEATURE_WINDOW_BARS candles, oldest first; older ones are ignored, so a longer
 * history gives the same bits. Never throws on market data: a bar that cannot be judged is `noSignal` with its reason.
 */
export const computeFeatures = (window: readonly Candle[]): FeatureResult => {
  const last = window.length - 1;
  const judged = window[last];
  if (judged === undefined) return noSignal("no candles");
  if (!Number.isSafeInteger(judged.openMs)) return noSignal("the bar has no valid open time");
  const first = firstAtOrAfter(window, windowStartMs(judged.openMs), last);
  for (let i = first; i <= last; i++) {
    const problem = candleProblem(window[i]!, i > first ? window[i - 1] : undefined);
    if (problem !== undefined) return noSignal(problem);
  }
  const problem = historyProblem(window, first, last);
  if (problem !== undefined) return noSignal(problem);
  return judge(window.slice(first, last + 1), last - first)[0]!;
};

/**
 * computeFeatures for every index of `candles`, bit for bit, about fifty times as fast: a UTC day's bars share one
 * window start and tulind's series are causal, so one pass serves the whole day. A day with an invalid candle is
 * judged bar by bar instead, so that only the bars after the invalid one are affected.
 */
export const computeFeatureSeries = (candles: readonly Candle[]): FeatureResult[] => {
  const results: FeatureResult[] = [];
  for (let dayFirst = 0; dayFirst < candles.length; ) {
    const day = Math.floor(candles[dayFirst]!.openMs / DAY_MS);
    let end = dayFirst + 1;
    while (end < candles.length && Math.floor(candles[end]!.openMs / DAY_MS) === day) end++;
    const first = firstAtOrAfter(candles, windowStartMs(candles[dayFirst]!.openMs), dayFirst);
    const block = candles.slice(first, end);
    const clean = block.every((candle, i) => candleProblem(candle, block[i - 1]) === undefined);
    if (clean) {
      const judged = judge(block, dayFirst - first);
      for (let i = dayFirst; i < end; i++) {
        const problem = historyProblem(candles, first, i);
        results.push(problem === undefined ? judged[i - dayFirst]! : noSignal(problem));
      }
    } else {
      for (let i = dayFirst; i < end; i++) results.push(computeFeatures(candles.slice(Math.max(0, first), i + 1)));
    }
    dayFirst = end;
  }
  return results;
};
