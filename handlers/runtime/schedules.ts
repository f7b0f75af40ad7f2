// The schedules of the system: market data every 15 minutes, reconciliation, reports and housekeeping. Offsets are UTC
// arithmetic: JST is UTC+9 all year, so 00:05 JST is 15:05 UTC and needs no time zone library.

import { type Product, symbolsOf } from "../../lib/core/product.ts";
import { BAR_MS, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import { type AppSchedule, SIGNAL_LIFE_MS } from "../jobs.ts";

/** The schedules of a product. */
export const schedulesOf = (product: Product): readonly AppSchedule[] => [
  ...symbolsOf(product).map((symbol) => ({
    name: `fetchMarket:${symbol}`,
    handler: "fetchMarket" as const,
    input: { symbol },
    everyMs: BAR_MS,
    offsetMs: 5 * SECOND_MS,
    policy: "skip" as const, // A signal of an old bar would have expired.
    expiresAfterMs: SIGNAL_LIFE_MS,
  })),
  {
    name: "reconcile",
    handler: "reconcile",
    input: {},
    everyMs: 5 * MINUTE_MS,
    offsetMs: 150 * SECOND_MS,
    policy: "skip",
  },
  {
    name: "labelSignals",
    handler: "labelSignals",
    input: {},
    everyMs: HOUR_MS,
    offsetMs: 7 * MINUTE_MS,
    policy: "once",
  },
  // 00:05 JST; missed days are made up, up to a week.
  {
    name: "dailyReport",
    handler: "dailyReport",
    input: {},
    everyMs: DAY_MS,
    offsetMs: 15 * HOUR_MS + 5 * MINUTE_MS,
    policy: "all",
    maxCatchUp: 7,
  },
  // Monday 00:10 JST; 1970-01-01 was a Thursday, so Sunday 15:10 UTC is day 3 of the grid.
  {
    name: "weeklyReport",
    handler: "weeklyReport",
    input: {},
    everyMs: 7 * DAY_MS,
    offsetMs: 3 * DAY_MS + 15 * HOUR_MS + 10 * MINUTE_MS,
    policy: "once",
  },
  // 00:15 JST every day, for the first of a month; missed days are made up, up to a month.
  {
    name: "monthlyReport",
    handler: "monthlyReport",
    input: {},
    everyMs: DAY_MS,
    offsetMs: 15 * HOUR_MS + 15 * MINUTE_MS,
    policy: "all",
    maxCatchUp: 31,
  },
  // 04:30 JST.
  {
    name: "pruneJobs",
    handler: "pruneJobs",
    input: {},
    everyMs: DAY_MS,
    offsetMs: 19 * HOUR_MS + 30 * MINUTE_MS,
    policy: "once",
  },
  ...symbolsOf(product).map((symbol) => ({
    name: `collectHistory:${symbol}`,
    handler: "collectHistory" as const,
    input: { symbol },
    everyMs: DAY_MS,
    offsetMs: 21 * HOUR_MS + 20 * MINUTE_MS, // 06:20 JST, when the venue's day is final
    policy: "once" as const,
  })),
];
