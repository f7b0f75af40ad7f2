// Single-row inference on a model of about 5 MB (DESIGN 14: p99 <= 0.3 ms, no slower than the LightGBM library), beside
// the library itself, timed by a small program built from the same source. Model and program live in the cache folder,
// outside the repository; where the trainer or the library is missing, the result says "skipped" and why.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { FEATURE_NAMES } from "../../lib/core/featureSet.ts";
import { realClock } from "../../lib/io/clock.ts";
import { type Random, seededRandom } from "../../lib/io/random.ts";
import { Predictor } from "../../models/predictor.ts";
import { DEFAULT_MODEL_ID, shippedDir } from "../../models/registry.ts";
import { findTrainer, TRAINER_CACHE, trainModelText } from "../../models/train/trainer.ts";

const CACHE = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
const BUILT = join(CACHE, TRAINER_CACHE);
const BENCH = join(CACHE, "cryptotrader", "bench");
const ROWS = 2000;
const ROUNDS = 5;

const gauss = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
const makeRow = (random: Random): number[] => FEATURE_NAMES.map(() => gauss(random));

/** Text of the 5 MB model, trained once and kept in the cache. Throws AppError TRAINER_MISSING without a trainer. */
const largeModel = async (): Promise<string> => {
  const path = join(BENCH, "model-5mb-v2.txt");
  if (existsSync(path)) return readFileSync(path, "utf8");
  const random = seededRandom("bench model");
  const values = Array.from({ length: 20_000 }, () => makeRow(random));
  const labels = values.map((row) => (row[0]! + row[1]! * row[2]! - Math.abs(row[3]!) + 2 * gauss(random) > 0 ? 1 : 0));
  const text = await trainModelText(
    findTrainer(process.env["LIGHTGBM_BIN"], process.env["XDG_CACHE_HOME"]),
    FEATURE_NAMES,
    {
      objective: "binary",
      num_iterations: 730,
      num_leaves: 63,
      learning_rate: 0.02,
      min_data_in_leaf: 20,
      deterministic: "true",
      force_row_wise: "true",
      seed: 1,
      verbosity: -1,
    },
    { values, labels },
  );
  mkdirSync(BENCH, { recursive: true });
  writeFileSync(path, text);
  return text;
};

const quantile = (sorted: Float64Array, q: number): number => sorted[Math.floor(sorted.length * q)] ?? Number.NaN;
const round = (value: number): number => Number(value.toFixed(1));
interface Latency {
  readonly p50Us: number;
  readonly p99Us: number;
  /** p99 over the rows of each row's median call: without the moments another process had the core. */
  readonly p99OfRowMediansUs: number;
}
/** Latency of `call(i)` over all rows and rounds, one round of warm-up first. */
const time = (rows: number, rounds: number, call: (index: number) => void): Latency => {
  for (let i = 0; i < rows; i++) call(i);
  const times = new Float64Array(rows * rounds);
  for (let n = 0; n < times.length; n++) {
    const fromMs = realClock.monotonicMs();
    call(n % rows);
    times[n] = (realClock.monotonicMs() - fromMs) * 1000;
  }
  const medians = Float64Array.from({ length: rows }, (_, i) =>
    quantile(Float64Array.from({ length: rounds }, (_, round) => times[round * rows + i]!).sort(), 0.5),
  ).sort();
  times.sort();
  return {
    p50Us: round(quantile(times, 0.5)),
    p99Us: round(quantile(times, 0.99)),
    p99OfRowMediansUs: round(quantile(medians, 0.99)),
  };
};

/** The library's own time for the same rows, or why it could not be taken. `sum`: of all raw scores, to compare. */
const timeLibrary = (modelText: string, rows: readonly (readonly number[])[]): Record<string, unknown> => {
  const library = join(BUILT, "lib_lightgbm.so");
  if (!existsSync(library)) return { skipped: `no ${library}; build it with models/train/build-trainer.sh` };
  const work = mkdtempSync(join(tmpdir(), "cryptotrader-bench-"));
  try {
    const source = join(dirname(fileURLToPath(import.meta.url)), "lightgbmLatency.c");
    const program = join(work, "latency");
    execFileSync("gcc", [
      "-O2",
      "-w",
      "-o",
      program,
      source,
      `-I${join(BUILT, "include")}`,
      library,
      `-Wl,-rpath,${BUILT}`,
    ]);
    writeFileSync(join(work, "model.txt"), modelText);
    writeFileSync(join(work, "rows.bin"), new Uint8Array(Float64Array.from(rows.flat()).buffer));
    const answer = execFileSync(program, [
      join(work, "model.txt"),
      join(work, "rows.bin"),
      `${FEATURE_NAMES.length}`,
      `${ROUNDS}`,
    ]);
    const [p50Us, p99Us, p99OfRowMediansUs, sum] = answer.toString().trim().split(" ").map(Number);
    return { p50Us: round(p50Us!), p99Us: round(p99Us!), p99OfRowMediansUs: round(p99OfRowMediansUs!), sum };
  } catch (e) {
    return { skipped: `the library could not be timed: ${(e as Error).message.split("\n")[0]}` };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

/** Numbers for `npm run bench`: ours beside the library, and the shipped model. Times in microseconds. */
export const benchInference = async (): Promise<Record<string, unknown>> => {
  const random = seededRandom("bench rows");
  const rows = Array.from({ length: ROWS }, () => makeRow(random));
  const shippedText = readFileSync(join(shippedDir(DEFAULT_MODEL_ID), "btc_jpy-long.txt"), "utf8");
  const shipped = Predictor.parse(shippedText);
  const result: Record<string, unknown> = {
    shippedHead: {
      bytes: shippedText.length,
      trees: shipped.treeCount,
      ...time(ROWS, ROUNDS, (i) => void shipped.predict(rows[i]!)),
      contributions: time(100, 3, (i) => void shipped.contributions(rows[i]!)),
    },
  };
  let text: string;
  try {
    text = await largeModel();
  } catch (e) {
    return { ...result, fiveMegabyteModel: { skipped: (e as Error).message } };
  }
  const parseFromMs = realClock.monotonicMs();
  const predictor = Predictor.parse(text);
  const parseMs = round(realClock.monotonicMs() - parseFromMs);
  const withNaN = rows.map((row, i) => row.with(i % row.length, Number.NaN));
  const library = timeLibrary(text, rows);
  const sum = rows.reduce((total, row) => total + predictor.raw(row), 0);
  return {
    ...result,
    fiveMegabyteModel: {
      bytes: text.length,
      trees: predictor.treeCount,
      parseMs,
      goalP99Us: 300,
      ours: time(ROWS, ROUNDS, (i) => void predictor.raw(rows[i]!)),
      oursWithMissingValues: time(ROWS, ROUNDS, (i) => void predictor.raw(withNaN[i]!)),
      oursContributions: time(50, 3, (i) => void predictor.contributions(rows[i]!)),
      library,
      sameBitsAsLibrary: "sum" in library ? library["sum"] === sum : "skipped",
    },
  };
};
