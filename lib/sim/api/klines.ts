// Selects the candles of a kline request (GMO API 4.5): days from 06:00 JST, years for long intervals, weeks and
// months.
import {
  DAY_MS,
  type EpochMs,
  epochMs,
  HOUR_MS,
  jstDateStart,
  jstMonthStart,
  jstWeekStart,
  MINUTE_MS,
} from "../../core/time.ts";
import type { Machine } from "../engine/machine.ts";
import type { Kline } from "../market/market.ts";

const DAILY_INTERVALS_MS: Readonly<Record<string, number>> = {
  "1min": MINUTE_MS,
  "5min": 5 * MINUTE_MS,
  "10min": 10 * MINUTE_MS,
  "15min": 15 * MINUTE_MS,
  "30min": 30 * MINUTE_MS,
  "1hour": HOUR_MS,
};
const YEARLY_INTERVALS_MS: Readonly<Record<string, number>> = {
  "4hour": 4 * HOUR_MS,
  "8hour": 8 * HOUR_MS,
  "12hour": 12 * HOUR_MS,
  "1day": DAY_MS,
};
/** 06:00 JST. */
const DAY_OFFSET_MS = 6 * HOUR_MS;

interface Range {
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
}

/** Empty for an unknown interval, a wrong date format, a range in the future and a range without data. */
export const klineRows = (machine: Machine, symbol: string, interval: string, date: string): readonly Kline[] => {
  const { state, market, options } = machine;
  const daily = DAILY_INTERVALS_MS[interval];
  const range = daily !== undefined ? dayRange(date) : yearRange(date);
  if (!range || range.fromMs > state.nowMs) return [];
  const rows = (intervalMs: number, { fromMs, toMs }: Range): readonly Kline[] =>
    market.klines(symbol, intervalMs, fromMs, toMs, state.nowMs);
  if (daily !== undefined) return rows(daily, range);
  if (interval === "1week" || interval === "1month") {
    const starts = interval === "1week" ? weekStarts(range, options.weekStart) : monthStarts(range);
    // One candle per query, because months differ in length.
    return starts.flatMap((fromMs, i) => {
      const toMs = starts[i + 1];
      return toMs === undefined || fromMs > state.nowMs ? [] : rows(toMs - fromMs, { fromMs, toMs });
    });
  }
  const yearly = YEARLY_INTERVALS_MS[interval];
  if (yearly === undefined) return [];
  if (options.longKlineGrid === "venueDay" || yearly === DAY_MS) return rows(yearly, range);
  // From midnight UTC: the candles that open within the year.
  const fromMs = epochMs(Math.ceil(range.fromMs / yearly) * yearly);
  return rows(yearly, { fromMs, toMs: range.toMs });
};

/** Start times of the weeks that begin within the range, and the first one after it. */
const weekStarts = ({ fromMs, toMs }: Range, start: "monday" | "sunday"): readonly EpochMs[] => {
  const starts: EpochMs[] = [];
  const shiftMs = DAY_OFFSET_MS - (start === "sunday" ? DAY_MS : 0);
  const firstMs = jstWeekStart(epochMs(fromMs - DAY_OFFSET_MS)) + shiftMs;
  for (let ms = firstMs; ; ms += 7 * DAY_MS) {
    if (ms >= fromMs) starts.push(epochMs(ms));
    if (ms >= toMs) return starts;
  }
};
const monthStarts = ({ fromMs, toMs }: Range): readonly EpochMs[] => {
  const starts: EpochMs[] = [fromMs];
  while (starts.at(-1)! < toMs) {
    // 32 days after the start of a month always lies in the next month.
    const next = jstMonthStart(epochMs(starts.at(-1)! - DAY_OFFSET_MS + 32 * DAY_MS));
    starts.push(epochMs(next + DAY_OFFSET_MS));
  }
  return starts;
};

const dayRange = (date: string): Range | undefined => {
  if (!/^\d{8}$/.test(date)) return undefined;
  try {
    const midnight = jstDateStart(`${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`);
    return { fromMs: epochMs(midnight + DAY_OFFSET_MS), toMs: epochMs(midnight + DAY_OFFSET_MS + DAY_MS) };
  } catch (e) {
    if (e instanceof RangeError) return undefined;
    throw e;
  }
};
const yearRange = (date: string): Range | undefined => {
  // Four digits below 9999: the next year must have four digits, too.
  if (!/^\d{4}$/.test(date) || date === "9999") return undefined;
  const start = (year: number): EpochMs =>
    epochMs(jstDateStart(`${String(year).padStart(4, "0")}-01-01`) + DAY_OFFSET_MS);
  return { fromMs: start(Number(date)), toMs: start(Number(date) + 1) };
};
