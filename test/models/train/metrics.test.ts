import { describe, expect, test } from "vitest";
import { calibrationError } from "../../../lib/core/statistics.ts";
import { seededRandom } from "../../../lib/io/random.ts";
import { fitPlatt, type Judged, measure, sigmoid } from "../../../models/train/metrics.ts";

describe("Platt calibration", () => {
  test("finds the slope and intercept that made the labels", () => {
    const random = seededRandom("platt");
    const raw = Array.from({ length: 40_000 }, () => random.next() * 6 - 3);
    const hits = raw.map((x) => random.next() < sigmoid(0.6 * x - 0.4));
    const { slope, intercept } = fitPlatt(raw, hits);
    expect(slope).toBeCloseTo(0.6, 1);
    expect(intercept).toBeCloseTo(-0.4, 1);
    // At the optimum the mean probability is the base rate.
    const meanP = raw.reduce((sum, x) => sum + sigmoid(slope * x + intercept), 0) / raw.length;
    expect(meanP).toBeCloseTo(hits.filter(Boolean).length / hits.length, 9);
  });
  test("refuses scores that fall with the label", () => {
    const raw = Array.from({ length: 200 }, (_, i) => i / 100 - 1);
    expect(() =>
      fitPlatt(
        raw,
        raw.map((x, i) => (i % 5 === 0 ? x > 0 : x < 0)),
      ),
    ).toThrow(/rise with the label/);
  });
});

describe("measures", () => {
  test("calibration error is the weighted gap of the bins", () => {
    const rows = [
      ...Array.from({ length: 10 }, (_, i) => ({ p: 0.25, hit: i < 5 })),
      ...Array.from({ length: 30 }, (_, i) => ({ p: 0.75, hit: i < 24 })),
    ];
    expect(calibrationError(rows)).toBeCloseTo((10 * 0.25 + 30 * 0.05) / 40, 12);
    expect(calibrationError([{ p: 1, hit: true }])).toBe(0);
  });
  test("skill is measured against the ATR-only model and against the base rate", () => {
    const rows: Judged[] = [
      { hit: true, p: 0.9, pAtr: 0.6, atrPct: 0.004 },
      { hit: true, p: 0.8, pAtr: 0.5, atrPct: 0.002 },
      { hit: false, p: 0.2, pAtr: 0.5, atrPct: 0.003 },
      { hit: false, p: 0.1, pAtr: 0.4, atrPct: 0.001 },
    ];
    const result = measure(rows);
    expect(result).toMatchObject({ bars: 4, baseRate: 0.5, auc: 1, aucAtr: 0.75, brier: 0.025, highestP: 0.9 });
    expect(result.brierSkillVsAtr).toBeCloseTo(1 - 0.025 / 0.205, 6);
    expect(result.brierSkillVsBase).toBeCloseTo(0.9, 6);
    expect([result.shareFrom75, result.hitRateFrom75, result.shareFrom80, result.hitRateFrom80]).toEqual([
      0.5, 1, 0.5, 1,
    ]);
    expect(measure(rows.map((row) => ({ ...row, p: row.p / 2 }))).hitRateFrom75).toBeNull();
  });
  test("nothing can be measured when the label never happened", () => {
    expect(() => measure([{ hit: false, p: 0.1, pAtr: 0.1, atrPct: 0.1 }])).toThrow(/base rate of 0/);
  });
});
