// Row 4 of issue 12: how long a hole silences the chain, and that nothing else does. The rule is the one of training,
// backtest and live.
import { describe, expect, test } from "vitest";
import {
  barAfter,
  COMPLETE_RECENT_BARS,
  firstJudgedAfter,
  MAX_MISSING_BARS,
  MIN_WINDOW_BARS,
} from "../../../lib/core/barHistory.ts";
import type { Candle } from "../../../lib/core/candle.ts";
import { computeFeatureSeries, computeFeatures } from "../../../lib/core/features.ts";
import { silentRuns } from "../../../lib/core/silentRuns.ts";
import { BAR_MS, type EpochMs, epochMs, HOUR_MS } from "../../../lib/core/time.ts";
import { isClosedBar, knownClosure } from "../../../lib/core/venueHours.ts";
import { seededRandom } from "../../../lib/io/random.ts";

const DAY_BARS = 96;
/** A Monday, so that ten days hold one Saturday. */
const START = Date.UTC(2025, 0, 6);
const walk = (days: number, seed = "walk"): Candle[] => {
  const noise = seededRandom(seed);
  let price = 10_000_000;
  return Array.from({ length: days * DAY_BARS }, (_, i) => {
    const open = price;
    price = Math.round(price * (1 + (noise.next() - 0.5) / 200));
    const high = Math.max(open, price) + Math.round(noise.next() * 9_000);
    const low = Math.min(open, price) - Math.round(noise.next() * 9_000);
    return { openMs: epochMs(START + i * BAR_MS), open, high, low, close: price, volume: 1 + noise.next() };
  });
};
/** Without `count` bars from index `from` on. */
const without = (all: readonly Candle[], from: number, count: number): Candle[] =>
  all.filter((_, i) => i < from || i >= from + count);
/** Bars after a hole until the first that is judged, and how long the announced end was wrong by (0: right). */
const silenceAfter = (candles: readonly Candle[], fromMs: number) => {
  const series = computeFeatureSeries(candles);
  const first = candles.findIndex((c) => c.openMs >= fromMs);
  const judged = series.findIndex((r, i) => i >= first && r.kind === "ok");
  for (let i = first; i < judged; i++) {
    const result = series[i]!;
    expect(result.kind === "noSignal" && result.why === "history" && result.judgedFromMs, `bar ${i}`).toBe(
      candles[judged]!.openMs,
    );
  }
  return judged - first;
};

describe("truth 4: after a hole the silence lasts as long as the indicators need", () => {
  const all = walk(12).filter((c) => !isClosedBar(c.openMs));
  const at = 4 * DAY_BARS + 30;
  test.each([
    [1, COMPLETE_RECENT_BARS - 1],
    [MAX_MISSING_BARS, COMPLETE_RECENT_BARS - 1],
    [13, MIN_WINDOW_BARS - 1],
    [40, MIN_WINDOW_BARS - 1],
    [DAY_BARS, MIN_WINDOW_BARS - 1],
    [3 * DAY_BARS, MIN_WINDOW_BARS - 1],
  ])("truth 4: %i missing bars: the next %i bars have no signal, each says until when", (missing, silent) => {
    const candles = without(all, at, missing);
    expect(silenceAfter(candles, all[at + missing]!.openMs)).toBe(silent);
  });
  test("truth 4: several holes never add up to more than the indicators' need after the last one", () => {
    const random = seededRandom("holes");
    for (let run = 0; run < 15; run++) {
      let candles: readonly Candle[] = all;
      let lastAfterMs = 0;
      for (let hole = 0; hole < 4; hole++) {
        const from = 3 * DAY_BARS + random.int(3 * DAY_BARS);
        const count = 1 + random.int(30);
        const fromMs = all[from]!.openMs;
        candles = candles.filter((c) => c.openMs < fromMs || c.openMs >= fromMs + count * BAR_MS);
        lastAfterMs = Math.max(lastAfterMs, fromMs + count * BAR_MS);
      }
      const series = computeFeatureSeries(candles);
      const first = candles.findIndex((c) => c.openMs >= lastAfterMs);
      const judged = series.findIndex((r, i) => i >= first && r.kind === "ok");
      expect(judged - first, `seed holes, run ${run}`).toBeLessThan(MIN_WINDOW_BARS);
      expect(series.slice(judged).every((r) => r.kind === "ok")).toBe(true);
      expect(computeFeatures(candles)).toEqual(series.at(-1));
    }
  });
  test("truth 4: an impossible candle silences like a missing bar, not for days", () => {
    const broken = all.with(at, { ...all[at]!, high: all[at]!.low - 1 });
    const series = computeFeatureSeries(broken);
    const silent = series.slice(at).findIndex((r) => r.kind === "ok");
    expect(silent).toBe(COMPLETE_RECENT_BARS);
    expect(series[at + 1]).toMatchObject({ why: "badCandle", reason: expect.stringContaining("high or low inside") });
  });
  test("truth 4: a market that stood still where the window begins does not silence the day", () => {
    const still = all.map((c, i) =>
      i < 60 ? { ...c, open: 10_000_000, high: 10_000_000, low: 10_000_000, close: 10_000_000 } : c,
    );
    expect(computeFeatureSeries(still)[4 * DAY_BARS + 50]).toMatchObject({ kind: "ok" });
  });
  test("truth 4: the shorter window behind a hole gives nearly the values of the whole one", () => {
    const i = 9 * DAY_BARS;
    const whole = computeFeatures(all.slice(0, i + 1));
    const short = computeFeatures(all.slice(i + 1 - MIN_WINDOW_BARS, i + 1));
    if (whole.kind !== "ok" || short.kind !== "ok") throw new Error("expected features from both windows");
    for (const [k, value] of whole.values.entries()) expect(Math.abs(value - short.values[k]!)).toBeLessThan(0.02);
  });
});

describe("truth 4: a bar inside a known closed time of the venue is not missing", () => {
  const saturday = Date.UTC(2025, 0, 11);
  test("truth 4: Saturday 09:00-11:10 JST: eight whole bars", () => {
    const closed = Array.from({ length: 7 * DAY_BARS }, (_, i) => START + i * BAR_MS).filter(isClosedBar);
    expect(closed).toEqual(Array.from({ length: 8 }, (_, i) => saturday + i * BAR_MS));
    expect(knownClosure(saturday + 2 * HOUR_MS + 9 * 60_000)?.openMs).toBe(saturday + 2 * HOUR_MS + 10 * 60_000);
    expect(knownClosure(saturday - 1)).toBeUndefined();
    expect(barAfter(saturday - BAR_MS, 1)).toBe(saturday + 2 * HOUR_MS);
  });
  const all = walk(9);
  const open = all.filter((c) => !isClosedBar(c.openMs));
  test("truth 4: the bar after the maintenance is judged", () => {
    const after = open.findIndex((c) => c.openMs === saturday + 2 * HOUR_MS);
    expect(computeFeatureSeries(open)[after]).toMatchObject({ kind: "ok" });
  });
  test("truth 4: twelve further bars may be missing beside it", () => {
    const candles = without(open, 300, MAX_MISSING_BARS);
    const series = computeFeatureSeries(candles);
    expect(series.slice(480).every((r) => r.kind === "ok")).toBe(true);
  });
  test("truth 4: an announced end lies behind the maintenance when the silence spans it", () => {
    const hole = all.findIndex((c) => c.openMs === saturday - 4 * BAR_MS);
    const candles = without(all, hole - 2, 2).filter((c) => !isClosedBar(c.openMs));
    expect(silenceAfter(candles, saturday - 4 * BAR_MS)).toBe(COMPLETE_RECENT_BARS - 1);
  });
});

test("truth 4: a bar that is itself missing says from when on bars can be judged", () => {
  const all = walk(4);
  const bar = all.at(-1)!.openMs + 5 * BAR_MS;
  expect(firstJudgedAfter(all, bar)).toBe(barAfter(bar, COMPLETE_RECENT_BARS));
  expect(firstJudgedAfter(all, bar + 20 * BAR_MS)).toBe(barAfter(bar + 20 * BAR_MS, MIN_WINDOW_BARS));
  expect(firstJudgedAfter([], bar)).toBe(barAfter(bar, MIN_WINDOW_BARS));
});

test("truth 4: the silent times of a day: since when, until when, why, also bars that nobody evaluated", () => {
  const bar = (k: number, why?: "history" | "dataLate", judgedFromMs?: number) => ({
    symbol: "BTC_JPY",
    barOpenMs: (START + k * BAR_MS) as EpochMs,
    why,
    judgedFromMs,
  });
  const runs = silentRuns([
    bar(0),
    bar(1, "dataLate"),
    bar(2, "history"),
    bar(3, "history"),
    bar(4),
    bar(8),
    bar(9, "history", START + 30 * BAR_MS),
  ]);
  expect(runs).toEqual([
    {
      symbol: "BTC_JPY",
      fromMs: START + 2 * BAR_MS,
      toMs: START + 4 * BAR_MS,
      bars: 3,
      why: "history",
      untilMs: undefined,
    },
    {
      symbol: "BTC_JPY",
      fromMs: START + 6 * BAR_MS,
      toMs: START + 8 * BAR_MS,
      bars: 3,
      why: "notEvaluated",
      untilMs: undefined,
    },
    {
      symbol: "BTC_JPY",
      fromMs: START + 10 * BAR_MS,
      toMs: START + 10 * BAR_MS,
      bars: 1,
      why: "history",
      untilMs: START + 31 * BAR_MS,
    },
  ]);
});
