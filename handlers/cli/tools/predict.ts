// `trader predict`: evaluates a LightGBM text model on a CSV of its features, one JSON object per row, to check a model
// by hand and against other implementations. Everything is read and checked before the first line is printed.
import type { Command } from "commander";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { MEGABYTE, readCappedText } from "../../../lib/io/cappedFile.ts";
import { parseFeatureTable } from "../../../models/featureTable.ts";
import { type IterationRange, Predictor } from "../../../models/predictor.ts";
import { reading } from "../../runtime/progress.ts";

interface PredictOptions {
  readonly model: string;
  readonly csv: string;
  readonly raw?: boolean;
  readonly contrib?: boolean;
  readonly start?: string;
  readonly iterations?: string;
}

const LINES_AT_ONCE = 1000;
/** Unpacked: a model file, or half a million rows of features. */
const LARGEST_BYTES = 128 * MEGABYTE;

/** A text file, gzip recognised by its first bytes. Throws AppError permanent with `code`. */
const readText = (path: string, what: string, code: string): string => {
  try {
    const plain = readCappedText(path, LARGEST_BYTES);
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plain);
  } catch (e) {
    const reason = (e as Error).message;
    throw new AppError(
      "permanent",
      code,
      `${path}: expected a readable ${what} (plain text or .gz), found: ${reason}`,
      {},
      { cause: e },
    );
  }
};

const whole = (name: string, text: string | undefined): number => {
  if (text === undefined) return 0;
  if (!/^-?\d{1,9}$/.test(text))
    throw new UsageError(`--${name}: expected a whole number, found ${JSON.stringify(text)}`);
  return Number(text);
};

/** JSON has no NaN and no infinities: they are printed as null. */
const jsonNumber = (value: number): number | null => (Number.isFinite(value) ? value : null);

/**
 * The lines `trader predict` prints, a thousand at a time. `p` is the model's output (for a binary model the
 * probability), always; `raw` the raw score and `contrib` the contributions with the expected value last, when asked
 * for. Numbers carry the digits that restore the double exactly.
 */
function* predictionLines(options: PredictOptions): Generator<string[]> {
  const range: IterationRange = {
    start: whole("start", options.start),
    iterations: whole("iterations", options.iterations),
  };
  const predictor = Predictor.parse(readText(options.model, "LightGBM text model", "MODEL_FILE"), options.model);
  const table = parseFeatureTable(
    readText(options.csv, "CSV of features", "FEATURE_TABLE"),
    predictor.featureNames,
    options.csv,
    reading(options.csv),
  );
  for (let from = 0; from < table.rowCount; from += LINES_AT_ONCE) {
    const lines: string[] = [];
    for (let i = from; i < Math.min(from + LINES_AT_ONCE, table.rowCount); i++) {
      const row = table.row(i);
      const raw = predictor.raw(row, range);
      const line: { p: number | null; raw?: number | null; contrib?: (number | null)[] } = {
        p: jsonNumber(predictor.transform(raw, range)),
      };
      if (options.raw) line.raw = jsonNumber(raw);
      if (options.contrib) line.contrib = predictor.contributions(row, range).map(jsonNumber);
      lines.push(JSON.stringify(line));
    }
    yield lines;
  }
}

export const registerPredict = (program: Command, deps: { out: (text: string) => void }): void => {
  program
    .command("predict")
    .description("evaluate a LightGBM text model on a CSV of its features; prints one JSON object per row")
    .requiredOption("--model <file>", "LightGBM text model, plain or .gz")
    .requiredOption(
      "--csv <file>",
      "header = the model's feature names in any order; nan, inf and -inf are legal; plain or .gz",
    )
    .option("--raw", "add the raw score")
    .option("--contrib", "add the contributions: one per feature in the model's order, then the expected value")
    .option("--start <n>", "first iteration (tree) to use, clamped to the model")
    .option("--iterations <n>", "how many iterations to use; 0 or less = to the end")
    .option("--json", "JSON lines (the output is always JSON)")
    .action((options: PredictOptions) => {
      for (const lines of predictionLines(options)) deps.out(lines.join("\n"));
    });
};
