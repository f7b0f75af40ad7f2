// Metrics of a set of out-of-sample probabilities, always compared with the ATR-only model on the same bars.
import { auc, brierScore, calibrationError, type Scored } from "../../lib/core/statistics.ts";
import type { Calibration, Metrics } from "../manifest.ts";

/** One judged bar: the outcome, our probability, the ATR-only model's probability, and ATR itself as a score. */
export interface Judged {
  readonly hit: boolean;
  readonly p: number;
  readonly pAtr: number;
  readonly atrPct: number;
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * Platt scaling by Newton's method: slope and intercept with the least log loss of sigmoid(slope x raw + intercept).
 * Throws RangeError when the raw scores do not rise with the label (the slope would invert the model).
 */
export const fitPlatt = (raw: readonly number[], hits: readonly boolean[]): Calibration => {
  let slope = 1;
  let intercept = 0;
  for (let step = 0; step < 100; step++) {
    let gradientSlope = 0;
    let gradientIntercept = 0;
    let slopeSlope = 1e-9;
    let slopeIntercept = 0;
    let interceptIntercept = 1e-9;
    for (const [i, x] of raw.entries()) {
      const p = sigmoid(slope * x + intercept);
      const error = p - (hits[i] ? 1 : 0);
      const weight = p * (1 - p);
      gradientSlope += error * x;
      gradientIntercept += error;
      slopeSlope += weight * x * x;
      slopeIntercept += weight * x;
      interceptIntercept += weight;
    }
    const determinant = slopeSlope * interceptIntercept - slopeIntercept * slopeIntercept;
    const moveSlope = (interceptIntercept * gradientSlope - slopeIntercept * gradientIntercept) / determinant;
    const moveIntercept = (slopeSlope * gradientIntercept - slopeIntercept * gradientSlope) / determinant;
    slope -= moveSlope;
    intercept -= moveIntercept;
    if (Math.abs(moveSlope) + Math.abs(moveIntercept) < 1e-12) break;
  }
  if (!(slope > 0) || !Number.isFinite(intercept))
    throw new RangeError(`expected raw scores that rise with the label, found a calibration slope of ${slope}`);
  return { kind: "platt", slope, intercept };
};

/** Rounded to 6 decimals: metrics are for people, and a manifest with them stays byte-identical between machines. */
const round = (value: number): number => Number(value.toFixed(6));

/** Throws RangeError when the label always or never came true: no metric is defined then. */
export const measure = (rows: readonly Judged[]): Metrics => {
  const scoredBy = (score: (row: Judged) => number): Scored[] => rows.map((row) => ({ p: score(row), hit: row.hit }));
  const ours = scoredBy((row) => row.p);
  const baseRate = rows.filter((row) => row.hit).length / rows.length;
  const aucOurs = auc(ours);
  const aucAtr = auc(scoredBy((row) => row.atrPct));
  const brier = brierScore(ours);
  const brierAtr = brierScore(scoredBy((row) => row.pAtr));
  if (aucOurs === undefined || aucAtr === undefined || brier === undefined || brierAtr === undefined)
    throw new RangeError(
      `expected bars with and without the label, found a base rate of ${baseRate} over ${rows.length} bars`,
    );
  const atLeast = (threshold: number): Scored[] => ours.filter((row) => row.p >= threshold);
  const hitRate = (chosen: readonly Scored[]): number | null =>
    chosen.length === 0 ? null : round(chosen.filter((row) => row.hit).length / chosen.length);
  return {
    bars: rows.length,
    baseRate: round(baseRate),
    auc: round(aucOurs),
    aucAtr: round(aucAtr),
    brier: round(brier),
    brierSkillVsAtr: round(1 - brier / brierAtr),
    brierSkillVsBase: round(1 - brier / (baseRate * (1 - baseRate))),
    ece: round(calibrationError(ours) ?? 0),
    highestP: round(ours.reduce((highest, row) => Math.max(highest, row.p), 0)),
    shareFrom75: round(atLeast(0.75).length / rows.length),
    shareFrom80: round(atLeast(0.8).length / rows.length),
    hitRateFrom75: hitRate(atLeast(0.75)),
    hitRateFrom80: hitRate(atLeast(0.8)),
  };
};
