// Days, weeks and months of the reports: JST, weeks from Monday. Arithmetic only, JST has no daylight saving.
import {
  DAY_MS,
  type EpochMs,
  jstDate,
  jstDateStart,
  jstDayStart,
  jstMonthStart,
  jstWeekStart,
  plusMs,
} from "./time.ts";

export const PERIOD_KINDS = ["day", "week", "month"] as const;
export type PeriodKind = (typeof PERIOD_KINDS)[number];
export interface Period {
  readonly kind: PeriodKind;
  /** "2025-08-12", "2025-08-11 – 2025-08-17", "2025-08". */
  readonly name: string;
  /** fromMs <= time < toMs. */
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
}

/** The period that contains `at`. */
export const periodAt = (kind: PeriodKind, at: EpochMs): Period => {
  switch (kind) {
    case "day": {
      const fromMs = jstDayStart(at);
      return { kind, name: jstDate(fromMs), fromMs, toMs: plusMs(fromMs, DAY_MS) };
    }
    case "week": {
      const fromMs = jstWeekStart(at);
      const toMs = plusMs(fromMs, 7 * DAY_MS);
      return { kind, name: `${jstDate(fromMs)} – ${jstDate(plusMs(toMs, -DAY_MS))}`, fromMs, toMs };
    }
    case "month": {
      const fromMs = jstMonthStart(at);
      // Day 32 of a month is always in the next one.
      return {
        kind,
        name: jstDate(fromMs).slice(0, 7),
        fromMs,
        toMs: jstMonthStart(plusMs(fromMs, 31 * DAY_MS)),
      };
    }
    default:
      return kind satisfies never;
  }
};
/** The previous period. */
export const periodBefore = (period: Period): Period => periodAt(period.kind, plusMs(period.fromMs, -1));

/** "YYYY-MM-DD" (any day of a week), for months "YYYY-MM" too. Throws RangeError on anything else. */
export const parsePeriod = (kind: PeriodKind, text: string): Period => {
  const date = kind === "month" && /^\d{4}-\d{2}$/.test(text) ? `${text}-01` : text;
  try {
    return periodAt(kind, jstDateStart(date));
  } catch {
    const form = { day: "a date YYYY-MM-DD", week: "any day of the week, YYYY-MM-DD", month: "a month YYYY-MM" }[kind];
    throw new RangeError(`expected ${form}, found ${JSON.stringify(text)}`);
  }
};
