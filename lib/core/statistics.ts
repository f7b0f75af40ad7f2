// Statistics of trades, of an equity curve and of a classifier. Floats: these numbers are for people, never for an
// order. An undefined value (no trades, one class only, no spread) is undefined, shown as "–", and never NaN or
// Infinity. An input that is no finite number, or no probability, is a RangeError that names it: a statistic of it would
// be nonsense.
import { DAY_MS, type EpochMs, jstDate, jstDayStart, plusMs } from "./time.ts";

/** How an undefined number is shown. */
export const NONE = "–";
/** `value` with fixed decimals; never "-0.00". */
export const show = (value: number | undefined, decimals = 2, suffix = ""): string =>
  value === undefined || !Number.isFinite(value) ? NONE : `${withoutMinusZero(value.toFixed(decimals))}${suffix}`;
/** A ratio as percent: 0.614 -> "61.4 %". */
export const showPercent = (ratio: number | undefined, decimals = 1): string =>
  show(ratio === undefined ? undefined : ratio * 100, decimals, " %");
/** Whole yen with thousands separators: "-¥1,234". `signed` puts a plus before gains. */
export const showYen = (value: number | undefined, signed = false): string => {
  if (value === undefined || !Number.isFinite(value)) return NONE;
  const whole = Math.round(Math.abs(value));
  const sign = whole === 0 ? "" : value < 0 ? "-" : signed ? "+" : "";
  return `${sign}¥${String(whole).replace(/\B(?=(\d{3})+$)/g, ",")}`;
};
const withoutMinusZero = (text: string): string => (/^-[0.]*$/.test(text) ? text.slice(1) : text);

/** Throws RangeError for the first value that is not finite. */
const assertFinite = (what: string, values: readonly number[]): void => {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new RangeError(`${what}: expected finite numbers, found ${values[bad]} at index ${bad}`);
};

export const mean = (values: readonly number[]): number | undefined => {
  assertFinite("mean", values);
  return values.length === 0 ? undefined : values.reduce((a, b) => a + b, 0) / values.length;
};

/** The `parts - 1` inner edges that split the values into parts of equal count (1 without values). */
export const quantiles = (values: readonly number[], parts: number): readonly number[] => {
  assertFinite("quantiles", values);
  const sorted = [...values].sort((a, b) => a - b);
  return Array.from({ length: parts - 1 }, (_, k) => sorted[Math.floor(((k + 1) * sorted.length) / parts)] ?? 1);
};

/** Middle value; of an even count the mean of the two in the middle. undefined without any. */
export const median = (values: readonly number[]): number | undefined => {
  assertFinite("median", values);
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[half];
  return sorted.length === 0 ? undefined : (sorted[half - 1]! + sorted[half]!) / 2;
};

/** One closed trade for the statistics. */
export interface TradeOutcome {
  /** Net of fees, yen. */
  readonly pnlYen: number;
  /** Net of fees, basis points of the entry's notional. */
  readonly pnlBps: number;
  /** Net P&L over the yen at risk at the stop; undefined where the risk is not known. */
  readonly pnlR: number | undefined;
  /** Break-even win rate of this trade's own stop and targets, 0..1 (stored with the proposal). */
  readonly breakEven: number;
}

export interface TradeStatistics {
  readonly trades: number;
  /** P&L above zero. A trade at exactly zero is neither won nor lost, and lowers the win rate. */
  readonly wins: number;
  readonly losses: number;
  readonly winRate: number | undefined;
  /** Mean of the trades' own break-even win rates: compare the win rate with it. */
  readonly breakEvenRate: number | undefined;
  readonly grossProfitYen: number;
  /** Zero or positive: net = profit - loss. */
  readonly grossLossYen: number;
  readonly netPnlYen: number;
  /** Gross profit over gross loss; undefined without a loss. */
  readonly profitFactor: number | undefined;
  readonly expectancyYen: number | undefined;
  readonly expectancyBps: number | undefined;
  readonly expectancyR: number | undefined;
}

export const tradeStatistics = (trades: readonly TradeOutcome[]): TradeStatistics => {
  assertFinite(
    "tradeStatistics",
    trades.flatMap((t) => [t.pnlYen, t.pnlBps, t.pnlR ?? 0, t.breakEven]),
  );
  const won = trades.filter((t) => t.pnlYen > 0);
  const lost = trades.filter((t) => t.pnlYen < 0);
  const grossProfitYen = won.reduce((sum, t) => sum + t.pnlYen, 0);
  const grossLossYen = lost.reduce((sum, t) => sum - t.pnlYen, 0);
  return {
    trades: trades.length,
    wins: won.length,
    losses: lost.length,
    winRate: trades.length === 0 ? undefined : won.length / trades.length,
    breakEvenRate: mean(trades.map((t) => t.breakEven)),
    grossProfitYen,
    grossLossYen,
    netPnlYen: grossProfitYen - grossLossYen,
    profitFactor: grossLossYen === 0 ? undefined : grossProfitYen / grossLossYen,
    expectancyYen: mean(trades.map((t) => t.pnlYen)),
    expectancyBps: mean(trades.map((t) => t.pnlBps)),
    expectancyR: mean(trades.flatMap((t) => (t.pnlR === undefined ? [] : [t.pnlR]))),
  };
};

/**
 * 95 % Wilson score interval of a rate: the range of the true rate after `wins` of `count`. Valid for small counts,
 * where the plain rate says nearly nothing. undefined for a count of 0.
 */
export const rateInterval = (wins: number, count: number): readonly [number, number] | undefined => {
  if (!(Number.isInteger(wins) && Number.isInteger(count) && wins >= 0 && wins <= count))
    throw new RangeError(`rateInterval: expected 0 <= wins <= count as whole numbers, found ${wins} of ${count}`);
  if (count === 0) return undefined;
  const z = 1.96;
  const rate = wins / count;
  const base = 1 + z ** 2 / count;
  const middle = (rate + z ** 2 / (2 * count)) / base;
  const half = (z / base) * Math.sqrt((rate * (1 - rate)) / count + z ** 2 / (4 * count ** 2));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
};

export interface EquityPoint {
  readonly atMs: EpochMs;
  readonly yen: number;
}
export interface Drawdown {
  /** Fall from the peak, yen, zero or positive. */
  readonly yen: number;
  /** The same over the peak, 0..1 while equity stays positive; undefined when equity starts at or below zero. */
  readonly ratio: number | undefined;
  /** Time of the peak and of the lowest point after it; the same point without any loss. */
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
}
/**
 * The maximum drawdown, by share of the earlier peak; by yen, without a share, when equity starts at or below zero (then
 * a peak may be no base of a share). `points` sorted by time. undefined without a point.
 */
export const maxDrawdown = (points: readonly EquityPoint[]): Drawdown | undefined => {
  assertFinite(
    "maxDrawdown",
    points.flatMap((point) => [point.yen, point.atMs]),
  );
  let peak = points[0];
  if (!peak) return undefined;
  const hasShare = peak.yen > 0;
  let worst: Drawdown = { yen: 0, ratio: hasShare ? 0 : undefined, fromMs: peak.atMs, toMs: peak.atMs };
  for (const point of points) {
    if (point.yen > peak.yen) peak = point;
    const yen = peak.yen - point.yen;
    const ratio = hasShare ? yen / peak.yen : undefined;
    if (ratio === undefined ? yen > worst.yen : ratio > (worst.ratio ?? 0))
      worst = { yen, ratio, fromMs: peak.atMs, toMs: point.atMs };
  }
  return worst;
};

/** Days in a year of a market that never closes: the Sharpe ratio of daily returns is scaled by its root. */
const TRADING_DAYS_PER_YEAR = 365;

/**
 * Mean over sample standard deviation (n − 1), times √`periodsPerYear`; the risk-free rate is taken as zero. Our
 * convention everywhere: returns of JST calendar days, annualised with 365. undefined below two returns, without spread,
 * or when one of the returns is undefined.
 */
export const sharpeRatio = (
  returns: readonly (number | undefined)[],
  periodsPerYear: number = TRADING_DAYS_PER_YEAR,
): number | undefined => {
  if (!(periodsPerYear > 0 && Number.isFinite(periodsPerYear)))
    throw new RangeError(`sharpeRatio: expected a positive number of periods, found ${periodsPerYear}`);
  const known = returns.filter((r) => r !== undefined);
  const average = mean(known);
  if (average === undefined || known.length < 2 || known.length < returns.length) return undefined;
  const variance = known.reduce((sum, r) => sum + (r - average) ** 2, 0) / (known.length - 1);
  const deviation = Math.sqrt(variance);
  // Equal returns leave a deviation of rounding noise, which would print as an enormous ratio.
  if (!(deviation > 1e-12 * Math.max(1, Math.abs(average)))) return undefined;
  return (average / deviation) * Math.sqrt(periodsPerYear);
};

/**
 * Return of every whole JST day from the first point's day to the last one's: the day's last equity over the last one
 * before it (the first day starts from its first point). A day without a point counts 0; a day that starts at or below
 * zero has no return: undefined.
 */
export const dailyReturns = (
  points: readonly EquityPoint[],
): readonly { readonly date: string; readonly value: number | undefined }[] => {
  assertFinite(
    "dailyReturns",
    points.flatMap((point) => [point.yen, point.atMs]),
  );
  const first = points[0];
  if (!first) return [];
  const days: { date: string; value: number | undefined }[] = [];
  let before = first.yen;
  let index = 0;
  for (let day = jstDayStart(first.atMs); day <= points.at(-1)!.atMs; day = plusMs(day, DAY_MS)) {
    let end = before;
    for (; index < points.length && points[index]!.atMs < day + DAY_MS; index++) end = points[index]!.yen;
    days.push({ date: jstDate(day), value: before > 0 ? end / before - 1 : undefined });
    before = end;
  }
  return days;
};

/** A probability and its outcome. */
export interface Scored {
  readonly p: number;
  readonly hit: boolean;
}
/**
 * Area under the ROC curve: the chance that a hit scores above a miss, a tie counting one half. Exact, by mid-ranks.
 * undefined when every outcome is the same. Throws RangeError for a score that is no number: it has no rank.
 */
export const auc = (rows: readonly Scored[]): number | undefined => {
  if (rows.some((r) => Number.isNaN(r.p))) throw new RangeError("expected scores to rank, found NaN");
  const hits = rows.filter((r) => r.hit).length;
  const misses = rows.length - hits;
  if (hits === 0 || misses === 0) return undefined;
  const sorted = [...rows].sort((a, b) => a.p - b.p);
  let rankSum = 0;
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (to < sorted.length && sorted[to]!.p === sorted[from]!.p) to++;
    const middleRank = (from + 1 + to) / 2;
    for (let i = from; i < to; i++) if (sorted[i]!.hit) rankSum += middleRank;
    from = to;
  }
  return (rankSum - (hits * (hits + 1)) / 2) / (hits * misses);
};
const assertProbabilities = (what: string, rows: readonly Scored[]): void => {
  const bad = rows.find(({ p }) => !(p >= 0 && p <= 1));
  if (bad !== undefined) throw new RangeError(`${what}: expected probabilities of 0 to 1, found ${bad.p}`);
};
/** Mean squared error of the probabilities, 0 (certain and right) to 1 (certain and wrong). */
export const brierScore = (rows: readonly Scored[]): number | undefined => {
  assertProbabilities("brierScore", rows);
  return mean(rows.map((r) => (r.p - (r.hit ? 1 : 0)) ** 2));
};
/** How many were on the right side of one half (exactly 0.5 means "yes"). */
export const correctCount = (rows: readonly Scored[]): number => {
  assertProbabilities("correctCount", rows);
  return rows.filter((r) => r.p >= 0.5 === r.hit).length;
};
/**
 * Mean absolute gap between the predicted and the real rate over `bins` equal-width bins, weighted by their size (ECE).
 */
export const calibrationError = (rows: readonly Scored[], bins = 10): number | undefined => {
  assertProbabilities("calibrationError", rows);
  if (!(Number.isInteger(bins) && bins > 0))
    throw new RangeError(`calibrationError: expected a positive whole number of bins, found ${bins}`);
  const count = new Array<number>(bins).fill(0);
  const predicted = new Array<number>(bins).fill(0);
  const hits = new Array<number>(bins).fill(0);
  for (const { p, hit } of rows) {
    const bin = Math.min(bins - 1, Math.floor(p * bins));
    count[bin]!++;
    predicted[bin]! += p;
    if (hit) hits[bin]!++;
  }
  const gap = count.reduce((sum, _, bin) => sum + Math.abs(predicted[bin]! - hits[bin]!), 0);
  return rows.length === 0 ? undefined : gap / rows.length;
};
