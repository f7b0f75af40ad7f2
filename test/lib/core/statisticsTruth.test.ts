// Row 13 of issue 12: no statistic of what is no number, a drawdown that can be right, and skill against ATR alone.
import { describe, expect, test } from "vitest";
import { type AtrScored, MIN_SKILL_DAYS, skillAgainstAtr } from "../../../lib/core/atrSkill.ts";
import * as statistics from "../../../lib/core/statistics.ts";
import { DAY_MS, type EpochMs, epochMs, HOUR_MS } from "../../../lib/core/time.ts";
import { seededRandom } from "../../../lib/io/random.ts";

const at = (yen: number, k: number) => ({ atMs: epochMs(k * HOUR_MS), yen });
const curve = (...yen: number[]) => yen.map(at);
const trade = (pnlYen: number) => ({ pnlYen, pnlBps: 1, pnlR: undefined, breakEven: 0.5 });

describe("truth 13: a value that is no number is an error", () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "truth 13: %s in any statistic",
    (bad) => {
      const rows = [
        { p: 0.5, hit: true },
        { p: bad, hit: false },
      ];
      const all: readonly (() => unknown)[] = [
        () => statistics.mean([1, bad]),
        () => statistics.median([1, bad]),
        () => statistics.quantiles([1, bad], 5),
        () => statistics.sharpeRatio([0.1, bad]),
        () => statistics.sharpeRatio([0.1, 0.2], bad),
        () => statistics.maxDrawdown(curve(1, bad)),
        () => statistics.dailyReturns(curve(1, bad)),
        () => statistics.tradeStatistics([trade(1), trade(bad)]),
        () => statistics.rateInterval(bad, 3),
        () => statistics.rateInterval(1, bad),
        () => statistics.brierScore(rows),
        () => statistics.correctCount(rows),
        () => statistics.calibrationError(rows),
        () => statistics.calibrationError([{ p: 0.5, hit: true }], bad),
      ];
      for (const compute of all) expect(compute).toThrow(RangeError);
    },
  );
  test("truth 13: a probability outside 0 to 1 is one too", () => {
    expect(() => statistics.brierScore([{ p: 1.2, hit: true }])).toThrow(/probabilities of 0 to 1, found 1.2/);
    expect(() => statistics.auc([{ p: Number.NaN, hit: true }])).toThrow(RangeError);
  });
  test("truth 13: nothing at all is undefined, not an error", () => {
    expect([statistics.mean([]), statistics.median([]), statistics.maxDrawdown([]), statistics.brierScore([])]).toEqual(
      [undefined, undefined, undefined, undefined],
    );
    expect([statistics.auc([]), statistics.calibrationError([]), statistics.sharpeRatio([])]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(statistics.dailyReturns([])).toEqual([]);
  });
});

test.each([
  ["starts at zero", [0, 500, 200], 300, undefined],
  ["starts below zero", [-100, -400, -50, -60], 300, undefined],
  ["only falls from zero", [0, -700], 700, undefined],
  ["starts above zero", [1000, 1200, 900], 300, 0.25],
  ["falls through zero", [1000, -500], 1500, 1.5],
  ["never falls", [1, 2, 3], 0, 0],
])("truth 13: the drawdown of an equity that %s, in yen and as a share", (_, yen, fall, ratio) => {
  expect(statistics.maxDrawdown(curve(...yen))).toMatchObject({ yen: fall, ratio });
});

test("truth 13: a day that starts at or below zero has no return, and no Sharpe ratio comes of it", () => {
  const days = (...yen: number[]) => yen.map((value, day) => ({ atMs: epochMs(day * DAY_MS), yen: value }));
  const returns = (...yen: number[]) => statistics.dailyReturns(days(...yen)).map((day) => day.value);
  expect(returns(-100, -500, -900)).toEqual([undefined, undefined, undefined]);
  expect(returns(0, 1_000, 1_100)).toEqual([undefined, undefined, expect.closeTo(0.1)]);
  expect(returns(1_000, -500, 1_000, 1_100)).toEqual([0, -1.5, undefined, expect.closeTo(0.1)]);
  expect(statistics.sharpeRatio(returns(1_000, -500, 1_000, 1_100))).toBeUndefined();
  expect(statistics.sharpeRatio(returns(1_000, 500, 1_000, 1_100))).toBeDefined();
  expect(() => statistics.maxDrawdown([{ atMs: Number.NaN as EpochMs, yen: 1 }])).toThrow(RangeError);
});

describe("truth 13: skill against ATR alone", () => {
  /** Bars of a market in which the touch depends on the ATR, and on `other`, which only some heads know. */
  const bars = (days: number, p: (atrChance: number, chance: number) => number): AtrScored[] => {
    const random = seededRandom("skill");
    return Array.from({ length: days * 96 }, (_, i) => {
      const atrRatio = 0.001 + random.next() * 0.004;
      const atrChance = 0.2 + 120 * (atrRatio - 0.001);
      const chance = Math.min(0.98, Math.max(0.02, atrChance + (random.next() - 0.5) * 0.5));
      return { p: p(atrChance, chance), hit: random.next() < chance, atMs: (i * (DAY_MS / 96)) as EpochMs, atrRatio };
    });
  };
  test("truth 13: a head that knows more than the ATR has some", () => {
    expect(skillAgainstAtr(bars(30, (_, chance) => chance)).skill).toBeGreaterThan(0.03);
  });
  test("truth 13: a head that knows the ATR only has none, though its AUC is far above 0.52", () => {
    const rows = bars(30, (atrChance) => atrChance);
    expect(statistics.auc(rows)).toBeGreaterThan(0.6);
    expect(Math.abs(skillAgainstAtr(rows).skill ?? 1)).toBeLessThan(0.02);
  });
  test("truth 13: a head that lost its skill is seen", () => {
    expect(skillAgainstAtr(bars(30, (atrChance) => 1 - atrChance)).skill).toBeLessThan(-0.2);
  });
  test("truth 13: no verdict before 14 judged days; bars without an ATR do not count", () => {
    const few = skillAgainstAtr(bars(19, (_, chance) => chance));
    expect(few.skill).toBeUndefined();
    expect(few.days).toBeLessThan(MIN_SKILL_DAYS);
    const without = bars(30, (_, chance) => chance).map((row) => ({ ...row, atrRatio: undefined }));
    expect(skillAgainstAtr(without)).toEqual({ skill: undefined, days: 0 });
    expect(skillAgainstAtr([])).toEqual({ skill: undefined, days: 0 });
  });
});
