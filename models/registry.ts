// Loads a model folder: manifest.json and every head's file. Refuses what does not match: a missing file, a changed
// byte, another feature set. Shipped models live in models/artifacts/<id>/.
import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../lib/core/errors.ts";
import { FEATURE_NAMES, FEATURE_SET } from "../lib/core/featureSet.ts";
import { MEGABYTE, readCapped } from "../lib/io/cappedFile.ts";
import { PROJECT_ROOT } from "../lib/io/paths.ts";
import { type HeadManifest, Manifest } from "./manifest.ts";
import { Predictor } from "./predictor.ts";

/** One symbol's and side's touch model: P(the side's 0.3 % is touched within 60 minutes of the bar's close). */
interface Head {
  /** Log-odds as the trees give them, from the features in FEATURE_NAMES order. */
  raw(values: readonly number[]): number;
  /** Calibrated p_touch, strictly between 0 and 1 and rising in `raw`. */
  probability(raw: number): number;
  /**
   * Each feature's contribution to the calibrated log-odds, in FEATURE_NAMES order (TreeSHAP times the calibration's
   * slope).
   */
  contributions(values: readonly number[]): readonly number[];
}
export interface LoadedModel {
  readonly id: string;
  readonly featureSet: string;
  /** End of the last candle the model depends on; a replay must begin after it. */
  readonly dataEndMs: number;
  readonly manifestSha256: string;
  readonly symbols: readonly string[];
  /** Metrics and provenance, for reports. */
  readonly manifest: Manifest;
  head(symbol: string, side: "long" | "short"): Head | undefined;
}

export const DEFAULT_MODEL_ID = "touch-2025-06-29";
const ARTIFACTS = join(PROJECT_ROOT, "models", "artifacts");
/** Folder of a shipped model. */
export const shippedDir = (id: string): string => join(ARTIFACTS, id);
/** Ids of the shipped models, sorted. */
export const listShipped = (): string[] =>
  existsSync(ARTIFACTS)
    ? readdirSync(ARTIFACTS, { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && existsSync(join(ARTIFACTS, entry.name, "manifest.json")))
        .map((entry) => entry.name)
        .sort()
    : [];

/** A head of the shipped model has less than 1 MB. */
const LARGEST_BYTES = 64 * MEGABYTE;
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
const refuse = (code: string, message: string, cause?: unknown): never => {
  throw new AppError("permanent", code, message, {}, cause === undefined ? undefined : { cause });
};
const readBytes = (path: string): Buffer => {
  try {
    return readCapped(path, LARGEST_BYTES);
  } catch (e) {
    return refuse(
      "MODEL_MISSING",
      `expected a model's file ${path}, found: ${(e as Error).message}; restore the model folder`,
      e,
    );
  }
};
const modelBytesToText = (bytes: Uint8Array, path: string): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (e) {
    return refuse("MODEL_FILE", `${path}: expected a LightGBM text model, found bytes that are not text`, e);
  }
};

const readManifest = (path: string, bytes: Buffer): Manifest => {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch (e) {
    return refuse("MODEL_FILE", `${path}: expected JSON, found: ${(e as Error).message}`, e);
  }
  const result = Manifest.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  return refuse("MODEL_FILE", `${path}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a model manifest"}`);
};

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, i) => name === b[i]);

const loadHead = (dir: string, head: HeadManifest): Head => {
  const path = join(dir, head.file);
  const bytes = readBytes(path);
  if (bytes.length !== head.bytes || sha256(bytes) !== head.sha256)
    refuse(
      "MODEL_CHECKSUM",
      `${path}: expected sha256 ${head.sha256}, found ${sha256(bytes)}; the file was changed, restore it`,
    );
  const predictor = Predictor.parse(modelBytesToText(bytes, path), path);
  if (!sameNames(predictor.featureNames, FEATURE_NAMES))
    refuse(
      "MODEL_FEATURES",
      `${path}: expected the features ${FEATURE_NAMES.join(" ")}, found ${predictor.featureNames.join(" ")}`,
    );
  const { slope, intercept } = head.calibration;
  return {
    raw: (values) => predictor.raw(values),
    probability: (raw) => 1 / (1 + Math.exp(-(slope * raw + intercept))),
    contributions: (values) =>
      predictor
        .contributions(values)
        .slice(0, FEATURE_NAMES.length)
        .map((value) => value * slope),
  };
};

/**
 * Loads and verifies the model in `dir`. Throws AppError permanent: MODEL_MISSING (a file is not there), MODEL_CHECKSUM
 * (a byte changed), MODEL_FEATURES (made for other indicators than this program computes), MODEL_FILE (damaged).
 */
export const loadModel = (dir: string): LoadedModel => {
  const path = join(dir, "manifest.json");
  const bytes = readBytes(path);
  const manifest = readManifest(path, bytes);
  if (manifest.featureSet !== FEATURE_SET || !sameNames(manifest.features, FEATURE_NAMES))
    refuse(
      "MODEL_FEATURES",
      `${path}: expected a model for the feature set ${FEATURE_SET}, found ${manifest.featureSet}; train it again with this version`,
    );
  const heads = new Map<string, Head>();
  for (const head of manifest.heads) {
    const key = `${head.symbol} ${head.side}`;
    if (heads.has(key)) refuse("MODEL_FILE", `${path}: expected one ${head.side} head for ${head.symbol}, found two`);
    heads.set(key, loadHead(dir, head));
  }
  return {
    id: manifest.id,
    manifest,
    featureSet: manifest.featureSet,
    dataEndMs: manifest.dataEndMs,
    manifestSha256: sha256(bytes),
    symbols: [...new Set(manifest.heads.map((head) => head.symbol))].sort(),
    head: (symbol, side) => heads.get(`${symbol} ${side}`),
  };
};
