import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { FEATURE_NAMES } from "../../../lib/core/featureSet.ts";
import { BAR_MS, DAY_MS, HOUR_MS } from "../../../lib/core/time.ts";
import { readCandleFile } from "../../../lib/sim/market/candleFile.ts";
import { walkForwardEdges } from "../../../models/train/plan.ts";
import { buildSamples, EMBARGO_BARS, segment } from "../../../models/train/samples.ts";

const { candles } = readCandleFile(
  fileURLToPath(new URL("../../fixtures/candles/btc_jpy_15m_2023-03.csv.gz", import.meta.url)),
);
const samples = buildSamples(candles);

describe("samples", () => {
  test("look an hour ahead of the bar's close, and never where a candle of that hour is missing", () => {
    expect(samples.length).toBeGreaterThan(1500);
    const opens = new Set<number>(candles.map((candle) => candle.openMs));
    for (const { closeMs, labelEndMs, values } of samples) {
      expect(labelEndMs - closeMs).toBe(HOUR_MS);
      expect(values).toHaveLength(FEATURE_NAMES.length);
      expect([0, 1, 2, 3].every((bar) => opens.has(closeMs + bar * BAR_MS))).toBe(true);
    }
    expect(samples.at(-1)!.labelEndMs).toBeLessThanOrEqual(candles.at(-1)!.openMs + BAR_MS);
  });
  test("a close beyond the target means that the target was touched", () => {
    for (const { labels } of samples)
      for (const side of ["long", "short"] as const) if (labels.close[side]) expect(labels.touch[side]).toBe(true);
  });
  test("candles after a cut change no sample before it: neither features nor labels see them", () => {
    const cut = candles[1500]!.openMs;
    const early = buildSamples(candles.filter((candle) => candle.openMs < cut));
    expect(early).toEqual(samples.filter((sample) => sample.labelEndMs <= cut));
  });
});

describe("segments", () => {
  const middle = candles[1500]!.openMs;
  test("keep labels inside and the embargo free", () => {
    const earlier = segment(samples, 0, middle);
    const later = segment(samples, middle, Number.POSITIVE_INFINITY);
    const lastKnown = Math.max(...earlier.map((sample) => sample.labelEndMs));
    const firstJudged = Math.min(...later.map((sample) => sample.closeMs));
    expect(lastKnown).toBe(middle);
    expect(firstJudged - lastKnown).toBeGreaterThanOrEqual(EMBARGO_BARS * BAR_MS);
  });
});

describe("walk-forward edges", () => {
  test("rise, start at 2024 and end with the data", () => {
    const end = Date.UTC(2025, 5, 29, 21);
    const edges = walkForwardEdges(end);
    expect(edges[0]).toBe(Date.UTC(2024, 0, 1));
    expect(edges.at(-1)).toBe(end);
    for (let i = 1; i < edges.length; i++) expect(edges[i]! - edges[i - 1]!).toBeGreaterThan(30 * DAY_MS);
  });
  test("join a last period of a few days to the one before", () => {
    expect(walkForwardEdges(Date.UTC(2024, 3, 3))).toEqual([Date.UTC(2024, 0, 1), Date.UTC(2024, 3, 3)]);
  });
});
