import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COMPLETE_RECENT_BARS, MAX_MISSING_BARS } from "../../../lib/core/barHistory.ts";
import type { Candle } from "../../../lib/core/candle.ts";
import { FEATURE_NAMES } from "../../../lib/core/featureSet.ts";
import {
  computeFeatureSeries,
  computeFeatures,
  FEATURE_WINDOW_BARS,
  type FeatureResult,
} from "../../../lib/core/features.ts";
import { BAR_MS, DAY_MS, type EpochMs } from "../../../lib/core/time.ts";
import { seededRandom } from "../../../lib/io/random.ts";
import { readCandleFile } from "../../../lib/sim/market/candleFile.ts";
import { LONG } from "../../long.ts";
import { referenceFeatures } from "./referenceFeatures.ts";

// 25 days of real candles with a real outage on 2023-03-24 (test/fixtures/candles/README.md).
const { candles } = readCandleFile(
  fileURLToPath(new URL("../../fixtures/candles/btc_jpy_15m_2023-03.csv.gz", import.meta.url)),
);
const series = computeFeatureSeries(candles);
const random = seededRandom("features");
const windowStartMs = (candle: Candle): number => Math.floor(candle.openMs / DAY_MS) * DAY_MS - 4 * DAY_MS;
const windowOf = (index: number): readonly Candle[] =>
  candles.slice(Math.max(0, index + 1 - FEATURE_WINDOW_BARS), index + 1);

/** The values, or a failed test with the reason. */
const valuesOf = (result: FeatureResult | undefined): readonly number[] => {
  if (result?.kind !== "ok") throw new Error(`expected features, found ${result?.reason}`);
  return result.values;
};
const reasonOf = (result: FeatureResult): string => (result.kind === "noSignal" ? result.reason : "ok");
const worstGap = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
/** Indexes whose window lies wholly before the outage or wholly after it. */
const clean = candles.flatMap((candle, i) =>
  i >= FEATURE_WINDOW_BARS &&
  series[i]!.kind === "ok" &&
  i + 1 - candles.findIndex((c) => c.openMs >= windowStartMs(candle)) ===
    (candle.openMs - windowStartMs(candle)) / BAR_MS + 1
    ? [i]
    : [],
);
const pick = (count: number, from: readonly number[]): number[] =>
  Array.from({ length: count }, () => from[random.int(from.length)]!);

/** A calm, made-up market that ends at the last bar of a UTC day. */
const walk = (bars: number, edit: (candle: Candle, index: number) => Candle = (c) => c): Candle[] => {
  const noise = seededRandom("walk");
  let price = 10_000_000;
  const lastOpenMs = Date.UTC(2025, 0, 10) - BAR_MS;
  return Array.from({ length: bars }, (_, i) => {
    const open = price;
    price *= 1 + (noise.next() - 0.5) / 200;
    return edit(
      {
        openMs: (lastOpenMs - (bars - 1 - i) * BAR_MS) as EpochMs,
        open,
        high: Math.max(open, price) * 1.0005,
        low: Math.min(open, price) * 0.9995,
        close: price,
        volume: 1 + noise.next(),
      },
      i,
    );
  });
};

describe("twelve indicators", () => {
  test("are twelve, all named, all different", () => {
    expect(FEATURE_NAMES).toHaveLength(12);
    expect(new Set(FEATURE_NAMES).size).toBe(12);
  });
  test("equal an independent computation over the same window", () => {
    for (const i of pick(150, clean)) {
      const window = windowOf(i).filter((c) => c.openMs >= windowStartMs(candles[i]!));
      expect(worstGap(valuesOf(series[i]), referenceFeatures(window)), `bar ${i}`).toBeLessThan(1e-9);
    }
  });
  test("do not depend on how long ago the history began: warm-up drift below 1e-9", () => {
    for (const i of pick(
      60,
      clean.filter((i) => i > 1200),
    ))
      expect(worstGap(valuesOf(series[i]), referenceFeatures(candles.slice(0, i + 1))), `bar ${i}`).toBeLessThan(1e-9);
  });
  test("see nothing after the judged bar: 1,000 random truncations give the same bits as the whole series", () => {
    for (const i of pick(
      1000,
      candles.map((_, i) => i),
    ))
      expect(computeFeatures(windowOf(i)), `bar ${i}`).toEqual(series[i]);
  });
  test("are the same bits for a longer history than the window", () => {
    for (const i of pick(40, clean)) expect(computeFeatures(candles.slice(0, i + 1)), `bar ${i}`).toEqual(series[i]);
  });
  test("are scale-free: another price level and another volume unit change nothing that matters", () => {
    const i = clean[100]!;
    const scaled = windowOf(i).map((c) => ({
      ...c,
      open: c.open * 8,
      high: c.high * 8,
      low: c.low * 8,
      close: c.close * 8,
      volume: c.volume / 64,
    }));
    expect(worstGap(valuesOf(computeFeatures(scaled)), valuesOf(series[i]))).toBeLessThan(1e-9);
  });
  test("come with ATR(14) in yen", () => {
    const i = clean[5]!;
    const result = computeFeatures(windowOf(i));
    expect(result.kind === "ok" && result.atr / candles[i]!.close).toBeCloseTo(valuesOf(result)[2]!, 12);
  });
});

describe("no signal rather than a guess", () => {
  test("no candles, short history", () => {
    expect(reasonOf(computeFeatures([]))).toBe("no candles");
    expect(reasonOf(computeFeatures(walk(5)))).toMatch(/history too short or with holes: 5 of 97/);
    expect(reasonOf(computeFeatures(walk(96)))).toMatch(/history too short or with holes: 96 of 97/);
    expect(reasonOf(computeFeatures(walk(97)))).toBe("ok");
    expect(reasonOf(computeFeatures(walk(480)))).toBe("ok");
  });
  test.each([1, 10, COMPLETE_RECENT_BARS - 1])("a bar missing %i bars ago", (ago) => {
    const full = walk(480);
    expect(reasonOf(computeFeatures(full.filter((_, i) => i !== 479 - ago)))).toMatch(/missing among the last 20/);
  });
  test("an old hole is tolerated up to the limit: the Saturday maintenance of 8 bars does not blind the day", () => {
    const without = (count: number) => walk(480).filter((_, i) => i < 400 || i >= 400 + count);
    expect(reasonOf(computeFeatures(without(8)))).toBe("ok");
    expect(reasonOf(computeFeatures(without(MAX_MISSING_BARS)))).toBe("ok");
    expect(reasonOf(computeFeatures(without(MAX_MISSING_BARS + 1)))).toMatch(/67 of 97 bars since/);
  });
  test("a flat market", () => {
    const flat = walk(480, (c) => ({ ...c, open: 5_000_000, high: 5_000_000, low: 5_000_000, close: 5_000_000 }));
    expect(reasonOf(computeFeatures(flat))).toMatch(/flat market/);
  });
  test("a bar in which nothing was traded, and a market without volume", () => {
    expect(reasonOf(computeFeatures(walk(480, (c, i) => (i === 479 ? { ...c, volume: 0 } : c))))).toMatch(
      /nothing was traded/,
    );
    expect(reasonOf(computeFeatures(walk(480, (c) => ({ ...c, volume: 0 }))))).toMatch(/nothing was traded/);
  });
  test.each([
    ["NaN", { close: Number.NaN }, /not a number/],
    ["an infinite high", { high: Number.POSITIVE_INFINITY }, /not a number/],
    ["a negative low", { low: -1 }, /not positive/],
    ["a high below the close", { high: 1 }, /inside its body/],
  ])("%s in the window", (_, change, reason) => {
    expect(reasonOf(computeFeatures(walk(480, (c, i) => (i === 470 ? { ...c, ...change } : c))))).toMatch(reason);
  });
  test("a bar that opens between quarters of an hour", () => {
    const crooked = walk(480, (c, i) => (i === 470 ? { ...c, openMs: (c.openMs + 1) as EpochMs } : c));
    expect(reasonOf(computeFeatures(crooked))).toMatch(/quarter of an hour/);
  });
  test("duplicates and disorder", () => {
    const full = walk(480);
    expect(reasonOf(computeFeatures(full.with(470, full[469]!)))).toMatch(/duplicate or out of order/);
  });
  test("the recorded outage: bars without volume, the hole and the five hours after it", () => {
    const around = candles.flatMap((c, i) =>
      c.openMs >= Date.UTC(2023, 2, 24, 11, 30) && c.openMs < Date.UTC(2023, 2, 24, 18, 45) ? [i] : [],
    );
    const reasons = around.map((i) => reasonOf(series[i]!));
    expect(reasons.every((reason) => reason !== "ok")).toBe(true);
    expect(reasons.some((reason) => reason.includes("nothing was traded"))).toBe(true);
    expect(reasonOf(series[around.at(-1)! + 1]!)).toBe("ok");
  });
  test("whatever is done to the candles: twelve finite numbers or a reason, the same from both functions", () => {
    const base = walk(490);
    const odd = fc.constantFrom(0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e308, 5e-324, 10_000_000);
    const change = fc.record({
      at: fc.nat(489),
      field: fc.constantFrom("open", "high", "low", "close", "volume", "openMs" as const),
      value: odd,
      drop: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        let edited: Candle[] = [...base];
        for (const { at, field, value } of changes) edited[at] = { ...edited[at]!, [field]: value };
        edited = edited.filter((_, i) => !changes.some((c) => c.drop && c.at === i));
        const results = computeFeatureSeries(edited);
        expect(results).toHaveLength(edited.length);
        const last = results.at(-1)!;
        expect(last).toEqual(computeFeatures(edited));
        if (last.kind === "ok") expect(last.values.every(Number.isFinite) && Number.isFinite(last.atr)).toBe(true);
        else expect(last.reason).not.toBe("");
      }),
      { numRuns: LONG ? 60 : 20 },
    );
  });
});
