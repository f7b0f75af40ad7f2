// manifest.json of a model folder: what the model is, what it was made from and its metrics, checked on reading.
// Everything that serving depends on is here with a checksum; the metrics are for people and for the promotion gate.
import { z } from "zod";

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: "expected a sha256 in hex" });
const Side = z.enum(["long", "short"]);
const Ratio = z.number().min(0).max(1);
const FileName = z.string().regex(/^[A-Za-z0-9_.-]+$/, { error: "expected a plain file name" });

/** Platt scaling: p = 1 / (1 + exp(-(slope x raw + intercept))). A negative slope would invert the model: refused. */
export const Calibration = z.strictObject({
  kind: z.literal("platt"),
  slope: z.number().positive(),
  intercept: z.number(),
});
export type Calibration = z.infer<typeof Calibration>;

/** Metrics of a set of out-of-sample probabilities, with those of ATR alone on the same bars. */
export const Metrics = z.strictObject({
  bars: z.int().min(0),
  baseRate: Ratio,
  auc: Ratio,
  /** AUC of ATR(14) / close used as the score. */
  aucAtr: Ratio,
  brier: Ratio,
  /**
   * 1 - brier / brier of the ATR-only model (same trainer, same split, one feature). Above 0 = the model adds
   * information.
   */
  brierSkillVsAtr: z.number(),
  /** 1 - brier / brier of always predicting the base rate. */
  brierSkillVsBase: z.number(),
  /** Expected calibration error over ten equal-width bins. */
  ece: Ratio,
  highestP: Ratio,
  shareFrom75: Ratio,
  shareFrom80: Ratio,
  /** How often the label came true where p >= 0.75 and p >= 0.80; null without such a bar. */
  hitRateFrom75: Ratio.nullable(),
  hitRateFrom80: Ratio.nullable(),
});
export type Metrics = z.infer<typeof Metrics>;

const Head = z.strictObject({
  symbol: z.string().min(1),
  side: Side,
  file: FileName,
  bytes: z.int().positive(),
  sha256: Sha256,
  trees: z.int().positive(),
  calibration: Calibration,
  /** Walk-forward, all test periods together: bars outside the data of the fit and of its calibration. */
  walkForward: Metrics,
  /**
   * The second reading of the owner's target, close after exactly one hour, trained and measured the same way; not
   * served.
   */
  closeReading: Metrics,
});
export type HeadManifest = z.infer<typeof Head>;

const Native = z.strictObject({
  symbol: z.string(),
  side: Side,
  fromMs: z.int(),
  toMs: z.int(),
  metrics: Metrics,
});
export type NativeCheck = z.infer<typeof Native>;

export const Manifest = z.strictObject({
  format: z.literal(1),
  id: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, { error: "expected a model id of a-z, 0-9, dot and dash" }),
  /**
   * End of the last candle that any number of this model depends on: fit, early stopping, calibration, choices,
   * metrics.
   */
  dataEndMs: z.int(),
  featureSet: z.string().min(1),
  features: z.array(z.string().min(1)).min(1),
  label: z.strictObject({
    reading: z.literal("touch"),
    moveRatio: z.number().positive(),
    horizonMs: z.int().positive(),
  }),
  data: z.array(
    z.strictObject({
      symbol: z.string(),
      file: z.string(),
      /** Candles used, after the cut at dataEndMs, and the sha256 of their text. */
      candles: z.int().positive(),
      firstOpenMs: z.int(),
      lastOpenMs: z.int(),
      sha256: Sha256,
    }),
  ),
  trainer: z.strictObject({ program: z.string(), parameters: z.record(z.string(), z.union([z.string(), z.number()])) }),
  split: z.strictObject({
    validationDays: z.int().positive(),
    calibrationDays: z.int().positive(),
    embargoBars: z.int().min(0),
    purgeBars: z.int().positive(),
    /** Test periods lie between neighbours; each is predicted by a fit that ended before it. */
    walkForwardEdgesMs: z.array(z.int()).min(2),
  }),
  /** Parameter sets compared on the walk-forward score before this one was chosen, this one included. */
  trials: z.array(z.strictObject({ name: z.string(), meanBrier: Ratio, chosen: z.boolean() })).min(1),
  /** AUC of a fit on shuffled labels, per seed: must stay near 0.5, otherwise the features leak the label. */
  shuffledLabelAuc: z.array(Ratio).min(1),
  heads: z.array(Head).min(1),
  nativeChecks: z.array(Native),
});
export type Manifest = z.infer<typeof Manifest>;
