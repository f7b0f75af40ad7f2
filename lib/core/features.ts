// The twelve indicators the model sees, one pure function for training, backtest and live.
// A bar's window begins at 00:00 UTC four days before the bar's own UTC day, or behind a long hole (barHistory.ts), so
// the bars of one day mostly share one start: computing a whole day at once and computing a single bar use the same
// arithmetic and agree to the last bit.
// Doubtful input (gaps, short history, flat market, no volume) is "noSignal"; NaN and rounding residue never leave this
// file (featureChecks.ts).
import { barAfter, barHistory, COMPLETE_RECENT_BARS, MIN_WINDOW_BARS } from "./barHistory.ts";
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
import type { NoSignal, NoSignalKind } from "./noSignal.ts";
import { BAR_MS, DAY_MS } from "./time.ts";

/** Longest window: four whole UTC days and the judged bar's own day. */
export const FEATURE_WINDOW_BARS = 480;
const WINDOW_DAYS_BEFORE = 4;
/** The year 9999; a later open is not a time. */
const LATEST_OPEN_MS = Date.UTC(9999, 0);

export type FeatureResult =
  | { readonly kind: "ok"; readonly values: readonly number[] /** ATR(14) in yen. */; readonly atr: number }
  | NoSignal;

const noSignal = (why: NoSignalKind, reason: string, judgedFromMs?: number): NoSignal => ({
  kind: "noSignal",
  why,
  reason,
  ...(judgedFromMs === undefined ? {} : { judgedFromMs }),
});

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

/** A quiet start of the window leaves the ADX without a value for the whole of it, so the window begins behind it. */
const SEED_BARS = 13;
const firstMoving = (candles: readonly Candle[], first: number, last: number): number => {
  const moves = (at: number): boolean => {
    for (let k = at + 1; k <= at + SEED_BARS; k++) {
      const up = candles[k]!.high - candles[k - 1]!.high;
      const down = candles[k - 1]!.low - candles[k]!.low;
      if (up > 0 || down > 0) return true;
    }
    return false;
  };
  for (let at = first; at <= last + 1 - MIN_WINDOW_BARS; at++) if (moves(at)) return at;
  return first;
};

/** Where the window of `candles[last]` begins, or why it cannot be judged. Uses nothing after `last`. */
const windowOf = (candles: readonly Candle[], oldest: number, last: number): number | NoSignal => {
  const { openMs, volume } = candles[last]!;
  const { first, needed, reason } = barHistory(candles, oldest, last);
  if (needed > 0) return noSignal("history", reason, barAfter(openMs, needed));
  if (volume === 0) return noSignal("noTrades", "nothing was traded in the bar");
  return firstMoving(candles, first, last);
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
    results.push(problem === undefined ? { kind: "ok", values, atr: averageRange } : noSignal("flat", problem));
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
 * history gives the same bits. An impossible candle counts as missing. Never throws on market data: a bar that cannot
 * be judged is `noSignal` with its reason.
 */
export const computeFeatures = (window: readonly Candle[]): FeatureResult => {
  const last = window.length - 1;
  const judged = window[last];
  if (judged === undefined) return noSignal("history", "no candles");
  if (!(judged.openMs >= 0 && judged.openMs <= LATEST_OPEN_MS))
    return noSignal("badCandle", "the bar has no valid open time");
  const usable: Candle[] = [];
  let newestProblem: { readonly index: number; readonly text: string } | undefined;
  for (let i = firstAtOrAfter(window, windowStartMs(judged.openMs), last); i <= last; i++) {
    const text = candleProblem(window[i]!, usable.at(-1));
    if (text === undefined) usable.push(window[i]!);
    else newestProblem = { index: i, text };
  }
  if (newestProblem?.index === last) return noSignal("badCandle", newestProblem.text);
  const first = windowOf(usable, 0, usable.length - 1);
  if (typeof first === "number") return judge(usable.slice(first), usable.length - 1 - first)[0]!;
  return newestProblem !== undefined && newestProblem.index > last - COMPLETE_RECENT_BARS && first.why === "history"
    ? { ...first, why: "badCandle", reason: newestProblem.text }
    : first;
};

/**
 * computeFeatures for every index of `candles`, bit for bit, about fifty times as fast: a UTC day's bars mostly share
 * one window start and tulind's series are causal, so one pass serves them all. A day with an invalid candle is judged
 * bar by bar instead, so that only the bars after the invalid one are affected.
 */
export const computeFeatureSeries = (candles: readonly Candle[]): FeatureResult[] => {
  const results: FeatureResult[] = [];
  for (let dayFirst = 0; dayFirst < candles.length; ) {
    const day = Math.floor(candles[dayFirst]!.openMs / DAY_MS);
    let end = dayFirst + 1;
    while (end < candles.length && Math.floor(candles[end]!.openMs / DAY_MS) === day) end++;
    const oldest = firstAtOrAfter(candles, windowStartMs(candles[dayFirst]!.openMs), dayFirst);
    const block = candles.slice(oldest, end);
    if (block.every((candle, i) => isPlausible(candle) && candleProblem(candle, block[i - 1]) === undefined))
      results.push(...judgeDay(block, dayFirst - oldest));
    else for (let i = dayFirst; i < end; i++) results.push(computeFeatures(candles.slice(Math.max(0, oldest), i + 1)));
    dayFirst = end;
  }
  return results;
};
const isPlausible = ({ openMs }: Candle): boolean => openMs >= 0 && openMs <= LATEST_OPEN_MS;

/** One result for every bar of `block` from `from` on; bars with the same window start are judged in one pass. */
const judgeDay = (block: readonly Candle[], from: number): readonly FeatureResult[] => {
  const windows = block.slice(from).map((_, k) => windowOf(block, 0, from + k));
  const passes = new Map<number, readonly FeatureResult[]>();
  return windows.map((first, k) => {
    if (typeof first !== "number") return first;
    const lastOfPass = from + windows.lastIndexOf(first);
    const pass = passes.get(first) ?? judge(block.slice(first, lastOfPass + 1), Math.max(0, from - first));
    passes.set(first, pass);
    return pass[from + k - first - Math.max(0, from - first)]!;
  });
};
