import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AppError } from "../../lib/core/errors.ts";
import { FEATURE_NAMES, FEATURE_SET } from "../../lib/core/featureSet.ts";
import { Manifest } from "../../models/manifest.ts";
import { DEFAULT_MODEL_ID, listShipped, loadModel, shippedDir } from "../../models/registry.ts";

/** The bundled replay begins at 2025-06-30 21:00 UTC; the owner of the replay asks for the day before it. */
const REPLAY_DAY_MS = Date.UTC(2025, 5, 30);
const manifestOf = (dir: string): Manifest =>
  Manifest.parse(JSON.parse(readFileSync(join(dir, "manifest.json"), "utf8")));
const typical = [0.5, 0.23, 0.004, 1.2, 0.003, 0.02, 0.6, 0.1, 0.3, 0.5, 0.5, 1.4];

describe.each(listShipped())("shipped model %s", (id) => {
  const dir = shippedDir(id);
  const manifest = manifestOf(dir);
  test("loads, knows both symbols and both sides", () => {
    const model = loadModel(dir);
    expect(model.id).toBe(id);
    expect(model.featureSet).toBe(FEATURE_SET);
    expect(model.symbols).toEqual(["BTC_JPY", "ETH_JPY"]);
    expect(model.manifestSha256).toBe(
      createHash("sha256")
        .update(readFileSync(join(dir, "manifest.json")))
        .digest("hex"),
    );
    expect(model.head("DOGE_JPY", "long")).toBeUndefined();
  });
  test("depends on nothing from the replayed days", () => {
    expect(manifest.dataEndMs).toBeLessThan(REPLAY_DAY_MS);
    for (const { lastOpenMs } of manifest.data) expect(lastOpenMs + 900_000).toBeLessThanOrEqual(manifest.dataEndMs);
    expect(manifest.split.walkForwardEdgesMs.at(-1)).toBeLessThanOrEqual(manifest.dataEndMs);
    for (const { toMs } of manifest.nativeChecks) expect(toMs).toBeLessThanOrEqual(manifest.dataEndMs);
  });
  test("probabilities lie between 0 and 1 and rise with the raw score; contributions explain it", () => {
    const model = loadModel(dir);
    for (const symbol of model.symbols)
      for (const side of ["long", "short"] as const) {
        const head = model.head(symbol, side)!;
        const raw = head.raw(typical);
        expect(head.probability(raw)).toBeGreaterThan(0.01);
        expect(head.probability(raw)).toBeLessThan(0.99);
        expect(head.probability(raw + 0.1)).toBeGreaterThan(head.probability(raw));
        expect(head.contributions(typical)).toHaveLength(FEATURE_NAMES.length);
        expect(head.contributions(typical).every(Number.isFinite)).toBe(true);
      }
  });
  test("a wilder market makes a touch more likely: it detects volatility", () => {
    const model = loadModel(dir);
    const wild = typical.with(2, 0.012).with(4, 0.008).with(5, 0.06);
    for (const symbol of model.symbols)
      for (const side of ["long", "short"] as const) {
        const head = model.head(symbol, side)!;
        expect(head.probability(head.raw(wild))).toBeGreaterThan(head.probability(head.raw(typical)));
      }
  });
  test("keeps the calibration error of the promotion gate and counts its trials", () => {
    for (const head of manifest.heads) expect(head.walkForward.ece).toBeLessThanOrEqual(0.03);
    expect(manifest.trials.filter((trial) => trial.chosen)).toHaveLength(1);
    const { shuffledLabelAuc } = manifest;
    expect(Math.abs(shuffledLabelAuc.reduce((a, b) => a + b) / shuffledLabelAuc.length - 0.5)).toBeLessThan(0.03);
  });
});

test("the default model is shipped, and the shipped folders stay small", () => {
  expect(listShipped()).toContain(DEFAULT_MODEL_ID);
  const bytes = listShipped().flatMap((id) =>
    manifestOf(shippedDir(id)).heads.map((head) => statSync(join(shippedDir(id), head.file)).size),
  );
  expect(bytes.reduce((a, b) => a + b)).toBeLessThan(8_000_000);
});

describe("a model folder that does not match is refused", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "cryptotrader-model-"));
    cpSync(shippedDir(DEFAULT_MODEL_ID), dir, { recursive: true });
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const edit = (change: (manifest: Manifest) => unknown): void =>
    writeFileSync(join(dir, "manifest.json"), JSON.stringify(change(manifestOf(dir))));
  const refusal = (): [string, string] => {
    try {
      loadModel(dir);
    } catch (e) {
      expect(e).toBeInstanceOf(AppError);
      return [(e as AppError).code, (e as AppError).message];
    }
    return expect.fail("expected the model to be refused");
  };
  const headFile = (): string => join(dir, manifestOf(dir).heads[0]!.file);

  test("unchanged, the copy loads", () => expect(loadModel(dir).id).toBe(DEFAULT_MODEL_ID));
  test("a missing folder", () => {
    rmSync(dir, { recursive: true });
    expect(refusal()).toEqual(["MODEL_MISSING", expect.stringMatching(/manifest\.json.*restore/)]);
  });
  test("a missing head", () => {
    rmSync(headFile());
    expect(refusal()[0]).toBe("MODEL_MISSING");
  });
  test("one changed byte", () => {
    const text = readFileSync(headFile(), "utf8");
    writeFileSync(headFile(), text.replace("shrinkage=0.03", "shrinkage=0.04"));
    expect(refusal()).toEqual([
      "MODEL_CHECKSUM",
      expect.stringMatching(/expected sha256 [0-9a-f]{64}, found [0-9a-f]{64}/),
    ]);
  });
  test("a file cut off", () => {
    writeFileSync(headFile(), readFileSync(headFile()).subarray(0, 5000));
    expect(refusal()[0]).toBe("MODEL_CHECKSUM");
  });
  test("another feature set", () => {
    edit((manifest) => ({ ...manifest, featureSet: "ta12-v0" }));
    expect(refusal()).toEqual([
      "MODEL_FEATURES",
      expect.stringMatching(/feature set ta12-v1, found ta12-v0; train it again/),
    ]);
  });
  test("the same features in another order", () => {
    edit((manifest) => ({ ...manifest, features: [...manifest.features].reverse() }));
    expect(refusal()[0]).toBe("MODEL_FEATURES");
  });
  test("a head whose own feature names differ, checksum made right", () => {
    const text = readFileSync(headFile(), "utf8").replace("feature_names=rsi14 adx14", "feature_names=adx14 rsi14");
    writeFileSync(headFile(), text);
    const sha256 = createHash("sha256").update(text).digest("hex");
    edit((manifest) => ({
      ...manifest,
      heads: manifest.heads.map((head, i) => (i === 0 ? { ...head, sha256 } : head)),
    }));
    expect(refusal()[0]).toBe("MODEL_FEATURES");
  });
  test("a manifest that is no JSON, and one that is no manifest", () => {
    writeFileSync(join(dir, "manifest.json"), "{");
    expect(refusal()[0]).toBe("MODEL_FILE");
    writeFileSync(join(dir, "manifest.json"), "{}");
    expect(refusal()[0]).toBe("MODEL_FILE");
  });
  test("a file name that leads out of the folder", () => {
    edit((manifest) => ({ ...manifest, heads: manifest.heads.map((head) => ({ ...head, file: "../secret.txt" })) }));
    expect(refusal()).toEqual(["MODEL_FILE", expect.stringMatching(/plain file name/)]);
  });
  test("a calibration that turns the model round", () => {
    edit((manifest) => ({
      ...manifest,
      heads: manifest.heads.map((head) => ({ ...head, calibration: { ...head.calibration, slope: -1 } })),
    }));
    expect(refusal()[0]).toBe("MODEL_FILE");
  });
  test("two heads for one symbol and side", () => {
    edit((manifest) => ({ ...manifest, heads: [...manifest.heads, manifest.heads[0]] }));
    expect(refusal()).toEqual(["MODEL_FILE", expect.stringMatching(/one long head for BTC_JPY, found two/)]);
  });
});
