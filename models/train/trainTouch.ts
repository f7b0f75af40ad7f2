// Trains the four touch heads (two symbols, two sides) and writes a model folder: text models, manifest.json, card.md.
// Candles at or after `endMs` are removed before any other step.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Candle } from "../../lib/core/candle.ts";
import { AppError } from "../../lib/core/errors.ts";
import { FEATURE_NAMES, FEATURE_SET } from "../../lib/core/featureSet.ts";
import { TOUCH_HORIZON_MS, TOUCH_RATIO } from "../../lib/core/labels.ts";
import { auc } from "../../lib/core/statistics.ts";
import { BAR_MS, DAY_MS } from "../../lib/core/time.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { readCandleFile } from "../../lib/sim/market/candleFile.ts";
import { type HeadManifest, Manifest, type Metrics, type NativeCheck } from "../manifest.ts";
import { Predictor } from "../predictor.ts";
import { modelCard } from "./card.ts";
import { CALIBRATION_DAYS, fitHead, VALIDATION_DAYS } from "./fit.ts";
import {
  LEAK_TEST_SEEDS,
  leakTestParameters,
  NATIVE_FILE,
  SIDES,
  SYMBOL_FILES,
  TRIALS,
  walkForwardEdges,
} from "./plan.ts";
import { buildSamples, EMBARGO_BARS, type Sample, segment } from "./samples.ts";
import { type Parameters, trainModelText } from "./trainer.ts";
import { AtrFits, confirmNative, walkForward } from "./walkForward.ts";

interface TrainingRun {
  /** Folder with the candle files named in plan.ts. */
  readonly dataDir: string;
  readonly outDir: string;
  readonly id: string;
  readonly endMs: number;
  readonly trainer: string;
  /** Progress, a line at a time. */
  say(line: string): void;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const candleText = (candles: readonly Candle[]): string =>
  candles.map((c) => `${c.openMs},${c.open},${c.high},${c.low},${c.close},${c.volume}\n`).join("");

const loadCandles = (dataDir: string, file: string, endMs: number): readonly Candle[] => {
  const { candles, intervalMs } = readCandleFile(join(dataDir, file));
  if (intervalMs !== BAR_MS)
    throw new AppError(
      "permanent",
      "CANDLE_FILE",
      `${file}: expected 15-minute candles, found bars of ${intervalMs} ms`,
    );
  return candles.filter((candle) => candle.openMs + BAR_MS <= endMs);
};

/**
 * AUC on the calibration period of a model that was fitted on shuffled labels. One such fit is a random function of the
 * features and deviates by some 0.04 to either side; the mean over the seeds is above 0.5 only when the future leaks
 * in.
 */
const shuffledLabelAuc = async (
  program: string,
  parameters: Parameters,
  samples: readonly Sample[],
  endMs: number,
  seed: number,
) => {
  const fromMs = endMs - CALIBRATION_DAYS * DAY_MS;
  const train = segment(samples, 0, fromMs);
  const labels: number[] = train.map((sample) => (sample.labels.touch.long ? 1 : 0));
  const random = seededRandom(seed);
  for (let i = labels.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [labels[i], labels[j]] = [labels[j]!, labels[i]!];
  }
  const text = await trainModelText(program, FEATURE_NAMES, leakTestParameters(parameters), {
    values: train.map((sample) => sample.values),
    labels,
  });
  const predictor = Predictor.parse(text);
  const score = auc(
    segment(samples, fromMs, endMs).map((s) => ({ p: predictor.raw(s.values), hit: s.labels.touch.long })),
  );
  return Number((score ?? Number.NaN).toFixed(6));
};

/** Runs the whole training; returns the manifest it wrote. */
export const trainTouch = async (run: TrainingRun): Promise<Manifest> => {
  const { trainer, endMs, say } = run;
  const edges = walkForwardEdges(endMs);
  const atrFits = new AtrFits(trainer);
  const sources = SYMBOL_FILES.map(({ symbol, file }) => {
    const candles = loadCandles(run.dataDir, file, endMs);
    const samples = buildSamples(candles);
    say(`${symbol}: ${candles.length} candles, ${samples.length} samples`);
    return { symbol, file, candles, samples };
  });

  const trials: { name: string; meanBrier: number; chosen: boolean }[] = [];
  const measured = new Map<string, Metrics>();
  for (const { name, parameters } of TRIALS) {
    const briers: number[] = [];
    for (const { symbol, samples } of sources)
      for (const side of SIDES) {
        const metrics = await walkForward(
          trainer,
          parameters,
          samples,
          edges,
          { side, reading: "touch" },
          atrFits,
          symbol,
        );
        briers.push(metrics.brier);
        measured.set(`${name} ${symbol} ${side}`, metrics);
        say(`trial ${name} ${symbol} ${side}: AUC ${metrics.auc} (ATR ${metrics.aucAtr}), Brier ${metrics.brier}`);
      }
    trials.push({
      name,
      meanBrier: Number((briers.reduce((a, b) => a + b) / briers.length).toFixed(6)),
      chosen: false,
    });
  }
  const best = trials.reduce((a, b) => (b.meanBrier < a.meanBrier ? b : a));
  best.chosen = true;
  const { parameters } = TRIALS.find((trial) => trial.name === best.name)!;

  mkdirSync(run.outDir, { recursive: true });
  const heads: HeadManifest[] = [];
  const nativeChecks: NativeCheck[] = [];
  const native = buildSamples(loadCandles(run.dataDir, NATIVE_FILE.file, endMs));
  for (const { symbol, samples } of sources)
    for (const side of SIDES) {
      const touch = { side, reading: "touch" } as const;
      const fit = await fitHead(trainer, parameters, samples, endMs, touch);
      const file = `${symbol.toLowerCase()}-${side}.txt`;
      writeFileSync(join(run.outDir, file), fit.text);
      heads.push({
        symbol,
        side,
        file,
        bytes: Buffer.byteLength(fit.text),
        sha256: sha256(fit.text),
        trees: fit.predictor.treeCount,
        calibration: fit.calibration,
        walkForward: measured.get(`${best.name} ${symbol} ${side}`)!,
        closeReading: await walkForward(
          trainer,
          parameters,
          samples,
          edges,
          { side, reading: "close" },
          atrFits,
          symbol,
        ),
      });
      if (symbol === NATIVE_FILE.symbol)
        nativeChecks.push(...(await confirmNative(trainer, parameters, samples, native, symbol, touch, atrFits)));
      say(`head ${symbol} ${side}: ${fit.predictor.treeCount} trees, ${fit.text.length} bytes`);
    }
  const shuffled: number[] = [];
  for (const seed of LEAK_TEST_SEEDS)
    shuffled.push(await shuffledLabelAuc(trainer, parameters, sources[0]!.samples, endMs, seed));
  say(`AUC on shuffled labels: ${shuffled.join(", ")}`);

  const manifest: Manifest = Manifest.parse({
    format: 1,
    id: run.id,
    dataEndMs: Math.max(...sources.map(({ candles }) => candles.at(-1)!.openMs + BAR_MS)),
    featureSet: FEATURE_SET,
    features: [...FEATURE_NAMES],
    label: { reading: "touch", moveRatio: TOUCH_RATIO, horizonMs: TOUCH_HORIZON_MS },
    data: sources.map(({ symbol, file, candles }) => ({
      symbol,
      file,
      candles: candles.length,
      firstOpenMs: candles[0]!.openMs,
      lastOpenMs: candles.at(-1)!.openMs,
      sha256: sha256(candleText(candles)),
    })),
    trainer: { program: "LightGBM command line 4.1.0.99 (source in npm lightgbm@1.0.27)", parameters },
    split: {
      validationDays: VALIDATION_DAYS,
      calibrationDays: CALIBRATION_DAYS,
      embargoBars: EMBARGO_BARS,
      purgeBars: TOUCH_HORIZON_MS / BAR_MS,
      walkForwardEdgesMs: edges,
    },
    trials,
    shuffledLabelAuc: shuffled,
    heads,
    nativeChecks,
  } satisfies Manifest);
  writeFileSync(join(run.outDir, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(run.outDir, "card.md"), modelCard(manifest));
  return manifest;
};
