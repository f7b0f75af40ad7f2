// The official LightGBM trainer as a child process: CSV in, text model out. It is a program of its own, built once per
// machine by models/train/build-trainer.sh; trading does not need it. Same input, same bytes out (deterministic=true).
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "../../lib/core/errors.ts";

/** Where build-trainer.sh puts the program and the library, under the user's cache folder. */
export const TRAINER_CACHE = "cryptotrader/lightgbm/1.0.27";
export type Parameters = Readonly<Record<string, string | number>>;
export interface LabelledRows {
  readonly values: readonly (readonly number[])[];
  readonly labels: readonly number[];
}

/**
 * The trainer's path: the one given (LIGHTGBM_BIN), else the built one in the cache folder, else "lightgbm" on PATH.
 * `cacheDir` is XDG_CACHE_HOME, by default ~/.cache.
 */
export const findTrainer = (given?: string, cacheDir?: string): string => {
  if (given) return given;
  const built = join(cacheDir || join(homedir(), ".cache"), TRAINER_CACHE, "lightgbm");
  return existsSync(built) ? built : "lightgbm";
};

/** Doubles are written with enough digits to restore them exactly. */
const csv = (names: readonly string[], rows: LabelledRows): string => {
  const lines = [`label,${names.join(",")}`];
  for (const [i, values] of rows.values.entries()) lines.push(`${rows.labels[i]},${values.join(",")}`);
  return `${lines.join("\n")}\n`;
};

const run = (program: string, dir: string, timeoutMs: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, ["config=train.conf"], {
      cwd: dir,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
    });
    let log = "";
    const keep = (chunk: Buffer): void => {
      log = (log + chunk.toString("utf8")).slice(-4000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (e) =>
      reject(
        new AppError(
          "permanent",
          "TRAINER_MISSING",
          `expected the LightGBM trainer "${program}", found: ${e.message}; build it with models/train/build-trainer.sh or set LIGHTGBM_BIN`,
          {},
          { cause: e },
        ),
      ),
    );
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          new AppError(
            "permanent",
            "TRAINER_FAILED",
            `the LightGBM trainer ended with ${signal ?? `code ${code}`}: ${log.trim()}`,
          ),
        );
    });
  });

/**
 * Trains one model and returns its text. With `valid` rows the trainer may stop early (early_stopping_round) and saves
 * the best iteration. Throws AppError permanent TRAINER_MISSING or TRAINER_FAILED (with the end of its log).
 */
export const trainModelText = async (
  program: string,
  names: readonly string[],
  parameters: Parameters,
  train: LabelledRows,
  valid?: LabelledRows,
  timeoutMs = 600_000,
): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), "cryptotrader-train-"));
  try {
    const settings: Record<string, string | number> = {
      task: "train",
      data: "train.csv",
      header: "true",
      label_column: 0,
      precise_float_parser: "true",
      output_model: "model.txt",
      verbosity: 0,
      ...parameters,
    };
    await writeFile(join(dir, "train.csv"), csv(names, train));
    if (valid) {
      settings["valid"] = "valid.csv";
      await writeFile(join(dir, "valid.csv"), csv(names, valid));
    }
    await writeFile(
      join(dir, "train.conf"),
      Object.entries(settings)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(""),
    );
    await run(program, dir, timeoutMs);
    return await readFile(join(dir, "model.txt"), "utf8");
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
};
