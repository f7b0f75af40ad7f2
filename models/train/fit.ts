// One fitted head: trees on the oldest data, early stopping on later data, calibration on data later still.
// Nothing at or after `endMs` is used, the labels' horizon included.
import { FEATURE_NAMES } from "../../lib/core/featureSet.ts";
import { DAY_MS } from "../../lib/core/time.ts";
import type { Direction } from "../../lib/core/venue.ts";
import type { Calibration } from "../manifest.ts";
import { Predictor } from "../predictor.ts";
import { fitPlatt, type Judged, sigmoid } from "./metrics.ts";
import { type Reading, type Sample, segment } from "./samples.ts";
import { type LabelledRows, type Parameters, trainModelText } from "./trainer.ts";

export const VALIDATION_DAYS = 60;
export const CALIBRATION_DAYS = 60;
const ATR_FEATURE = "atr14_pct" satisfies (typeof FEATURE_NAMES)[number];
const ATR_INDEX = FEATURE_NAMES.indexOf(ATR_FEATURE);

export interface Target {
  readonly side: Direction;
  readonly reading: Reading;
}
export interface Fit {
  readonly text: string;
  readonly predictor: Predictor;
  readonly calibration: Calibration;
  probability(sample: Sample): number;
}

const hit = (sample: Sample, { side, reading }: Target): boolean => sample.labels[reading][side];

/** Fits all features, or ATR alone when `atrOnly`. Uses samples whose labels end by `endMs`, nothing later. */
export const fitHead = async (
  program: string,
  parameters: Parameters,
  samples: readonly Sample[],
  endMs: number,
  target: Target,
  atrOnly = false,
): Promise<Fit> => {
  const calibrationFromMs = endMs - CALIBRATION_DAYS * DAY_MS;
  const validationFromMs = calibrationFromMs - VALIDATION_DAYS * DAY_MS;
  const pick = (sample: Sample): readonly number[] => (atrOnly ? [sample.values[ATR_INDEX]!] : sample.values);
  const rows = (part: readonly Sample[]): LabelledRows => ({
    values: part.map(pick),
    labels: part.map((sample) => (hit(sample, target) ? 1 : 0)),
  });
  const text = await trainModelText(
    program,
    atrOnly ? [ATR_FEATURE] : FEATURE_NAMES,
    parameters,
    rows(segment(samples, 0, validationFromMs)),
    rows(segment(samples, validationFromMs, calibrationFromMs)),
  );
  const predictor = Predictor.parse(text);
  const later = segment(samples, calibrationFromMs, endMs);
  const calibration = fitPlatt(
    later.map((sample) => predictor.raw(pick(sample))),
    later.map((sample) => hit(sample, target)),
  );
  const probability = (sample: Sample): number =>
    sigmoid(calibration.slope * predictor.raw(pick(sample)) + calibration.intercept);
  return { text, predictor, calibration, probability };
};

/** Scores `tests` with a fit and the ATR-only fit of the same split. */
export const judge = (tests: readonly Sample[], target: Target, fit: Fit, atrFit: Fit): Judged[] =>
  tests.map((sample) => ({
    hit: hit(sample, target),
    p: fit.probability(sample),
    pAtr: atrFit.probability(sample),
    atrPct: sample.values[ATR_INDEX]!,
  }));
