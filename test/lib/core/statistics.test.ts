import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  auc,
  brierScore,
  correctCount,
  dailyReturns,
  type EquityPoint,
  maxDrawdown,
  rateInterval,
  sharpeRatio,
  show,
  showPercent,
  showYen,
  tradeStatistics,
} from "../../../lib/core/statistics.ts";
import { type EpochMs, HOUR_MS, jstDateStart } from "../../../lib/core/time.ts";

const trade = (pnlYen: number, breakEven = 0.7, pnlR: number | undefined = pnlYen / 100) => ({
  pnlYen,
  pnlBps: pnlYen / 10,
  pnlR,
  breakEven,
});

describe("statistics of trades", () => {
  test("two won, one lost, one for nothing", () => {
    const s = tradeStatistics([trade(300, 0.6), trade(100, 0.8), trade(-200, 0.7), { ...trade(0), pnlR: undefined }]);
    expect(s).toMatchObject({ trades: 4, wins: 2, losses: 1, winRate: 0.5, grossProfitYen: 400, grossLossYen: 200 });
    expect(s).toMatchObject({ netPnlYen: 200, profitFactor: 2, expectancyYen: 50, expectancyBps: 5 });
    expect(s.breakEvenRate).toBeCloseTo(0.7, 12);
    expect(s.expectancyR).toBeCloseTo(2 / 3, 12); // the trade without a known risk does not count
  });
  test("without trades everything that divides is undefined", () => {
    const s = tradeStatistics([]);
    expect([s.winRate, s.breakEvenRate, s.profitFactor, s.expectancyYen, s.expectancyBps, s.expectancyR]).toEqual(
      Array.from({ length: 6 }, () => undefined),
    );
    expect(s.netPnlYen).toBe(0);
  });
  test("without a loss the profit factor is undefined, not infinite", () => {
    expect(tradeStatistics([trade(10)]).profitFactor).toBeUndefined();
    expect(tradeStatistics([trade(-10)]).profitFactor).toBe(0);
  });
  test("nothing is ever NaN or infinite", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1000 })), (pnls) => {
        const s = tradeStatistics(pnls.map((p) => trade(p)));
        for (const value of Object.values(s)) expect(value === undefined || Number.isFinite(value)).toBe(true);
        expect(s.wins + s.losses).toBeLessThanOrEqual(s.trades);
        expect(s.grossProfitYen - s.grossLossYen).toBe(pnls.reduce((a, b) => a + b, 0));
      }),
    );
  });
});

test("the interval of a rate is wide for few trades and holds the rate", () => {
  expect(rateInterval(0, 0)).toBeUndefined();
  const [low, high] = rateInterval(3, 5)!; // worked by hand from Wilson's formula
  expect([low.toFixed(3), high.toFixed(3)]).toEqual(["0.231", "0.882"]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.float({ min: 0, max: 1, noNaN: true }), (count, share) => {
      const wins = Math.floor(share * count);
      const [from, to] = rateInterval(wins, count)!;
      expect(from).toBeGreaterThanOrEqual(0);
      expect(to).toBeLessThanOrEqual(1);
      expect(from).toBeLessThanOrEqual(wins / count + 1e-12);
      expect(to).toBeGreaterThanOrEqual(wins / count - 1e-12);
    }),
  );
});

const curve = (...values: number[]): EquityPoint[] => values.map((yen, i) => ({ atMs: (i * 1000) as EpochMs, yen }));

describe("drawdown", () => {
  test.each<[string, number[], { yen: number; ratio: number; fromMs: number; toMs: number } | undefined]>([
    ["no points", [], undefined],
    ["one point", [100], { yen: 0, ratio: 0, fromMs: 0, toMs: 0 }],
    ["only up", [100, 110, 120], { yen: 0, ratio: 0, fromMs: 0, toMs: 0 }],
    ["down and further down", [100, 110, 99, 105, 88], { yen: 22, ratio: 0.2, fromMs: 1000, toMs: 4000 }],
    ["the deeper of two by share", [100, 50, 1000, 700], { yen: 50, ratio: 0.5, fromMs: 0, toMs: 1000 }],
  ])("%s", (_, values, expected) => {
    expect(maxDrawdown(curve(...values))).toEqual(expected);
  });
  test("equals the slow definition: the worst of all pairs", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 40 }), (values) => {
        let worst = 0;
        values.forEach((peak, i) => {
          for (const later of values.slice(i)) worst = Math.max(worst, (peak - later) / peak);
        });
        expect(maxDrawdown(curve(...values))?.ratio).toBe(worst);
      }),
    );
  });
});

describe("Sharpe ratio of JST days", () => {
  test("mean over sample deviation, times the root of 365", () => {
    expect(sharpeRatio([0.01, 0.03])).toBeCloseTo((0.02 / Math.sqrt(0.0002)) * Math.sqrt(365), 10);
    expect(sharpeRatio([0.01, 0.03], 1)).toBeCloseTo(0.02 / Math.sqrt(0.0002), 10);
  });
  test.each([
    ["no return", []],
    ["one return", [0.01]],
    ["no spread", [0.1, 0.1, 0.1]],
    ["nothing at all", [0, 0, 0]],
  ])("%s: undefined", (_, returns) => {
    expect(sharpeRatio(returns)).toBeUndefined();
  });
  test("a day is a JST day, a day without a point counts zero", () => {
    const day = jstDateStart("2025-08-12");
    const at = (hours: number, yen: number): EquityPoint => ({ atMs: (day + hours * HOUR_MS) as EpochMs, yen });
    expect(dailyReturns([at(1, 100), at(23.99, 110), at(24, 99), at(72, 198)])).toEqual([
      { date: "2025-08-12", value: 110 / 100 - 1 },
      { date: "2025-08-13", value: 99 / 110 - 1 },
      { date: "2025-08-14", value: 0 },
      { date: "2025-08-15", value: 1 },
    ]);
    expect(dailyReturns([])).toEqual([]);
  });
});

const anyScores = fc.array(fc.record({ p: fc.integer({ min: 0, max: 10 }).map((n) => n / 10), hit: fc.boolean() }), {
  maxLength: 40,
});

describe("a head's quality", () => {
  test("known values", () => {
    const rows = [
      { p: 0.9, hit: true },
      { p: 0.4, hit: true },
      { p: 0.4, hit: false },
      { p: 0.1, hit: false },
    ];
    expect(auc(rows)).toBe(3.5 / 4);
    expect(brierScore(rows)).toBeCloseTo((0.01 + 0.36 + 0.16 + 0.01) / 4, 12);
    expect(correctCount(rows)).toBe(3);
    expect(auc(rows.map((r) => ({ ...r, p: 1 - r.p })))).toBe(0.5 / 4);
  });
  test("one class only, or nothing: no AUC", () => {
    expect(auc([])).toBeUndefined();
    expect(auc([{ p: 0.3, hit: true }])).toBeUndefined();
    expect(brierScore([])).toBeUndefined();
  });
  test.each([0, 1, 2])("truth 13: a NaN at place %i is an error and not an endless loop", (at) => {
    const rows = [0.1, 0.4, 0.9].map((p, i) => ({ p: i === at ? Number.NaN : p, hit: i === 1 }));
    expect(() => auc(rows)).toThrow(RangeError);
  });
  test("AUC is the share of pairs in the right order, ties one half", () => {
    fc.assert(
      fc.property(anyScores, (rows) => {
        const hits = rows.filter((r) => r.hit);
        const misses = rows.filter((r) => !r.hit);
        let pairs = 0;
        for (const h of hits) for (const m of misses) pairs += h.p > m.p ? 1 : h.p === m.p ? 0.5 : 0;
        const expected = hits.length * misses.length === 0 ? undefined : pairs / (hits.length * misses.length);
        const found = auc(rows);
        if (expected === undefined) expect(found).toBeUndefined();
        else expect(found).toBeCloseTo(expected, 12);
        const brier = brierScore(rows);
        expect(brier === undefined || (brier >= 0 && brier <= 1)).toBe(true);
      }),
    );
  });
});

describe("numbers for people", () => {
  test.each([
    [show(undefined), "–"],
    [show(Number.NaN), "–"],
    [show(Number.POSITIVE_INFINITY), "–"],
    [show(1.005, 1), "1.0"],
    [show(-0.001, 2), "0.00"],
    [showPercent(0.6149), "61.5 %"],
    [showPercent(undefined), "–"],
    [showYen(1_234_567.4), "¥1,234,567"],
    [showYen(-1_234.5), "-¥1,235"],
    [showYen(-0.2, true), "¥0"],
    [showYen(0.2, true), "¥0"],
    [showYen(999, true), "+¥999"],
    [showYen(undefined), "–"],
  ])("%s", (found, expected) => {
    expect(found).toBe(expected);
  });
});
