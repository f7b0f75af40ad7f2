// Row 9 of issue 12: an indicator without information, or of which only rounding is left, is no signal.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Candle } from "../../../lib/core/candle.ts";
import { FEATURE_NAMES, FEATURE_RANGES, featureRangeProblem, ontoEdge } from "../../../lib/core/featureSet.ts";
import { computeFeatureSeries, computeFeatures, type FeatureResult } from "../../../lib/core/features.ts";
import { BAR_MS, type EpochMs } from "../../../lib/core/time.ts";
import { seededRandom } from "../../../lib/io/random.ts";
import { buildSamples } from "../../../models/train/samples.ts";
import { referenceFeatures } from "./referenceFeatures.ts";

const BARS = 480;
const END = Date.UTC(2025, 0, 10);
interface Market {
  readonly seed: string;
  /** Price level in yen and largest move of a bar, as a fraction. */
  readonly price: number;
  readonly move: number;
  readonly volume: number;
  /** Prices are multiples of this many yen. */
  readonly tick: number;
}
const BTC: Market = { seed: "btc", price: 10_000_000, move: 0.005, volume: 100, tick: 1 };

/** A market that moves: `edit` may change any bar, given the previous bar after its own edit. */
const market = (
  { seed, price, move, volume, tick }: Market,
  edit: (bar: Candle, i: number, before: Candle) => Candle = (bar) => bar,
): Candle[] => {
  const noise = seededRandom(seed);
  const round = (value: number): number => Math.max(tick, Math.round(value / tick) * tick);
  const out: Candle[] = [];
  let close = round(price);
  for (let i = 0; i < BARS; i++) {
    const open = close;
    close = round(close * (1 + (noise.next() - 0.5) * 2 * move));
    const bar: Candle = {
      openMs: (END - (BARS - i) * BAR_MS) as EpochMs,
      open,
      high: round(Math.max(open, close) * (1 + noise.next() * move)),
      low: round(Math.min(open, close) * (1 - noise.next() * move)),
      close,
      volume: volume * (0.1 + noise.next()),
    };
    const edited = edit(bar, i, out[i - 1] ?? bar);
    close = edited.close;
    out.push(edited);
  }
  return out;
};
/** Every price of the bar at the last close. */
const still = (bar: Candle, before: Candle): Candle => ({
  ...bar,
  open: before.close,
  high: before.close,
  low: before.close,
  close: before.close,
});
const reasonOf = (result: FeatureResult): string => (result.kind === "noSignal" ? result.reason : "ok");
const lastReason = (bars: readonly Candle[]): string => reasonOf(computeFeatures(bars));

describe("truth 9: an indicator without information is no signal", () => {
  test.each([14, 15, 16, 17, 20, 40, 96, 97, 200, 379])(
    "truth 9: the market moved and then stands still for %i bars, with volume",
    (flat) => {
      for (let k = 0; k < 20; k++) {
        const bars = market({ ...BTC, seed: `still ${k}` }, (bar, i, before) =>
          i >= BARS - flat ? still(bar, before) : bar,
        );
        expect(lastReason(bars), `seed still ${k}`).toMatch(/^flat market: \w+ has no information/);
      }
    },
  );
  test("truth 9: a few still bars are no reason for silence", () => {
    expect(lastReason(market(BTC, (bar, i, before) => (i >= BARS - 8 ? still(bar, before) : bar)))).toBe("ok");
  });
  test.each<[string, (bar: Candle, before: Candle) => Candle, RegExp]>([
    [
      "the close never moves, the range does",
      (bar, before) => ({
        ...bar,
        open: before.close,
        close: before.close,
        high: before.close * 1.002,
        low: before.close * 0.998,
      }),
      /rsi14 has no information, the close has not moved for 14 bars/,
    ],
    [
      "bars of one size: highs and lows do not move, the close does",
      (bar, before) => ({
        ...bar,
        open: 10_000_000,
        high: 10_100_000,
        low: 9_900_000,
        close: before.close === 10_000_000 ? 10_000_500 : 10_000_000,
      }),
      /adx14 has no information/,
    ],
    [
      "no volume before the bar",
      (bar) => ({ ...bar, volume: 0 }),
      /nothing was traded|money_flow14 has no information/,
    ],
  ])("truth 9: %s", (_, edit, reason) => {
    expect(lastReason(market(BTC, (bar, i, before) => (i >= BARS - 30 ? edit(bar, before) : bar)))).toMatch(reason);
  });
  test("truth 9: volume in bars that do not move the price is no money flow", () => {
    const bars = market(BTC, (bar, i) => (i >= BARS - 14 && i < BARS - 1 ? { ...bar, volume: 0 } : bar)).map(
      (bar, i, all) =>
        i === BARS - 1 ? { ...still(bar, all[i - 1]!), high: all[i - 1]!.high, low: all[i - 1]!.low } : bar,
    );
    expect(lastReason(bars)).toMatch(/money_flow14 has no information, no volume has moved the price/);
  });
});

describe("truth 9: only rounding is left of a running sum", () => {
  test("truth 9: enormous volumes, then volumes of almost nothing: the mean of 96 is residue", () => {
    const bars = market(BTC, (bar, i) => ({ ...bar, volume: i < 300 ? 1e18 : 1e-6 }));
    expect(lastReason(bars)).toMatch(/only rounding is left of (money_flow14|volume_ratio96)/);
  });
  test("truth 9: an enormous price, then a small one: no band, no money flow from residue", () => {
    const bars = market({ ...BTC, tick: 1e-9 }, (bar, i) => {
      const scale = i < 380 ? 1e9 : 1;
      const level = (value: number): number => 10_000_000 * scale * (1 + (value / 10_000_000 - 1) * 1e-6);
      return { ...bar, open: level(bar.open), high: level(bar.high), low: level(bar.low), close: level(bar.close) };
    });
    expect(lastReason(bars)).not.toBe("ok");
  });
  test("truth 9: moves below the resolution of a double are no market", () => {
    const bars = market(BTC, (bar, i) => {
      const price = 1e7 + (i % 2) * 2e-9;
      return i < 40 ? bar : { ...bar, open: price, high: price, low: price, close: price };
    });
    expect(lastReason(bars)).not.toBe("ok");
  });
});

describe("truth 9: ranges", () => {
  const middle = FEATURE_NAMES.map((name) => (FEATURE_RANGES[name][0] + FEATURE_RANGES[name][1]) / 2);
  test.each(FEATURE_NAMES)("truth 9: %s beyond either edge, NaN, infinite or absent is refused by name", (name) => {
    const at = FEATURE_NAMES.indexOf(name);
    const [low, high] = FEATURE_RANGES[name];
    expect(featureRangeProblem(middle)).toBeUndefined();
    for (const edge of [low, high]) expect(featureRangeProblem(middle.with(at, edge))).toBeUndefined();
    for (const bad of [low - 1e-6, high + 1e-6, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null])
      expect(featureRangeProblem(middle.with(at, bad as number))).toContain(`${name} is outside its range`);
  });
  test("truth 9: eleven or thirteen values are refused", () => {
    expect(featureRangeProblem(middle.slice(1))).toBe("expected 12 indicators, found 11");
    expect(featureRangeProblem([...middle, 0])).toBe("expected 12 indicators, found 13");
  });
  test("truth 9: a rounding error at the edge becomes the edge, a larger one stays and is refused", () => {
    expect(ontoEdge("stoch_k14", -1e-14)).toBe(0);
    expect(ontoEdge("stoch_k14", 1 + 1e-12)).toBe(1);
    expect(ontoEdge("money_flow14", -0.19)).toBe(-0.19);
    expect(ontoEdge("rsi14", 0.5)).toBe(0.5);
  });
});

test("truth 9: flat, nearly flat, huge and tiny markets: possible and true values, or no signal with its reason", () => {
  const pick = <T>(...values: readonly T[]) => fc.constantFrom(...values);
  const shape = fc.record({
    seed: fc.integer({ min: 0, max: 1e9 }).map(String),
    price: pick(1e-9, 1, 800, 15_000_000, 1e12, 1e100, 1e300),
    move: pick(0, 1e-9, 1e-7, 1e-5, 0.003, 0.2),
    volume: pick(1e-300, 1e-8, 1, 1e6, 1e300),
    // Powers of two below 1: the sum of three prices is then exact in the reference as well.
    tick: pick(2 ** -40, 2 ** -10, 1, 100),
    flat: pick(0, 5, 13, 14, 15, 20, 60, 97, 300),
    flatFrom: fc.integer({ min: 0, max: BARS }),
    quiet: pick(1, 1e-6, 1e-12),
    quietFrom: fc.integer({ min: 300, max: BARS }),
  });
  // The recursive ones depend on where the window begins (behind a quiet start), the reference begins at bar 0.
  const RUNNING_SUMS = new Set(FEATURE_NAMES.filter((name) => /^(volatility|band|stoch|money|volume)/.test(name)));
  let judged = 0;
  fc.assert(
    fc.property(shape, ({ flat, flatFrom, quiet, quietFrom, ...kind }) => {
      const from = Math.min(flatFrom, BARS - flat);
      const bars = market(kind, (bar, i, before) => {
        const volume = i >= quietFrom ? bar.volume * quiet : bar.volume;
        return i >= from && i < from + flat ? { ...still(bar, before), volume } : { ...bar, volume };
      });
      const series = computeFeatureSeries(bars);
      expect(series.at(-1)).toEqual(computeFeatures(bars));
      for (const [i, result] of series.entries()) {
        if (result.kind === "noSignal") {
          expect(result.reason).not.toBe("");
          continue;
        }
        judged++;
        expect(featureRangeProblem(result.values)).toBeUndefined();
        expect(result.atr).toBeGreaterThan(0);
        if (i % 17 !== 0) continue;
        const truth = referenceFeatures(bars.slice(0, i + 1));
        for (const [k, name] of FEATURE_NAMES.entries())
          if (RUNNING_SUMS.has(name))
            expect(Math.abs(result.values[k]! - truth[k]!), `${name} at bar ${i}`).toBeLessThanOrEqual(
              2e-4 * Math.max(1, Math.abs(truth[k]!)),
            );
      }
    }),
    { numRuns: 60, seed: 9_2026, verbose: 1 },
  );
  expect(judged).toBeGreaterThan(500);
});

test("truth 9: training takes the same samples: none from a market that stands still", () => {
  const flatFrom = 400;
  const samples = buildSamples(market(BTC, (bar, i, before) => (i >= flatFrom ? still(bar, before) : bar)));
  const firstSilent = END - (BARS - flatFrom - 14) * BAR_MS;
  expect(samples.length).toBeGreaterThan(0);
  expect(samples.every((s) => s.closeMs - BAR_MS < firstSilent && featureRangeProblem(s.values) === undefined)).toBe(
    true,
  );
});
