// Reads a candle file: CSV or gzip CSV, `open_time,open,high,low,close,volume`, UTC epoch milliseconds.
// Strict: a file that is out of order, repeats a bar or holds an invalid number is rejected; the error names the line.
// Gaps are allowed (a minute without trades has no candle) and are never filled.
import { basename } from "node:path";
import { z } from "zod";
import type { Candle } from "../../core/candle.ts";
import { AppError } from "../../core/errors.ts";
import { BAR_MS, epochMs, MINUTE_MS } from "../../core/time.ts";
import { MEGABYTE, readCappedText } from "../../io/cappedFile.ts";
import type { OnRead } from "../../io/readProgress.ts";

export interface CandleFile {
  readonly candles: readonly Candle[];
  /** Length of one bar: 60,000 or 900,000 ms. */
  readonly intervalMs: number;
}

export const CANDLE_HEADER = "open_time,open,high,low,close,volume";
const INTERVALS_MS: readonly number[] = [MINUTE_MS, BAR_MS];

const price = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,12})?$/, { error: "a price above 0 such as 17345678" })
  .transform(Number)
  .refine((v) => v > 0, { error: "a price above 0 such as 17345678" });
const Row = z.tuple([
  z
    .string()
    .regex(/^\d{12,14}$/, { error: "open_time in UTC epoch milliseconds" })
    .transform(Number),
  price,
  price,
  price,
  price,
  z
    .string()
    .regex(/^\d{1,15}(\.\d{1,18})?(e-\d{1,2})?$/i, { error: "a volume of 0 or more" })
    .transform(Number),
]);
const COLUMNS = CANDLE_HEADER.split(",");

/** Lines between two calls of `onRead`. */
const TOLD_EVERY = 5_000;

/** Throws AppError permanent CANDLE_FILE: what was expected, what was found, in which file and line. */
export const parseCandles = (text: string, name: string, onRead?: OnRead): CandleFile => {
  const bad = (line: number, expected: string, found: string): AppError =>
    new AppError(
      "permanent",
      "CANDLE_FILE",
      `${name}, line ${line}: expected ${expected}, found ${found}. Repair or replace the candle file`,
      { file: name, line },
    );
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const header = (lines[0] ?? "").replace(/^\ufeff/, "");
  if (header !== CANDLE_HEADER) throw bad(1, `the header "${CANDLE_HEADER}"`, JSON.stringify(header.slice(0, 100)));

  const candles: Candle[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = i + 1;
    if (i % TOLD_EVERY === 0) onRead?.(i / lines.length);
    const fields = lines[i]!.split(",");
    if (fields.length !== COLUMNS.length) throw bad(line, `${COLUMNS.length} columns`, `${fields.length}`);
    const row = Row.safeParse(fields);
    if (!row.success) {
      const issue = row.error.issues[0]!;
      const column = Number(issue.path[0] ?? 0);
      throw bad(line, `${issue.message} in column ${COLUMNS[column]}`, JSON.stringify(fields[column]));
    }
    const [openMs, open, high, low, close, volume] = row.data;
    if (low > Math.min(open, close) || high < Math.max(open, close))
      throw bad(line, "low <= open, close <= high", lines[i]!);
    const previous = candles.at(-1);
    if (previous && openMs === previous.openMs) throw bad(line, "every bar once", `open_time ${openMs} again`);
    if (previous && openMs < previous.openMs)
      throw bad(line, `open_time after ${previous.openMs} (ascending)`, `${openMs}`);
    candles.push({ openMs: epochMs(openMs), open, high, low, close, volume });
  }
  if (candles.length < 2) throw bad(lines.length, "at least two candles", `${candles.length}`);

  const stepTo = (i: number): number => candles[i]!.openMs - candles[i - 1]!.openMs;
  let closest = 1;
  for (let i = 2; i < candles.length; i++) if (stepTo(i) < stepTo(closest)) closest = i;
  const intervalMs = stepTo(closest);
  if (!INTERVALS_MS.includes(intervalMs))
    throw bad(closest + 2, "bars of 1 or 15 minutes", `a smallest distance of ${intervalMs} ms between bars`);
  const misaligned = candles.findIndex((candle) => candle.openMs % intervalMs !== 0);
  if (misaligned >= 0)
    throw bad(misaligned + 2, `open_time on a multiple of ${intervalMs} ms`, `${candles[misaligned]!.openMs}`);
  return { candles, intervalMs };
};

/** Unpacked: some four years of 1-minute bars. */
const LARGEST_BYTES = 128 * MEGABYTE;

/** Reads and checks one file; gzip is recognised by its first bytes, not by the file name. */
export const readCandleFile = (path: string, largestBytes = LARGEST_BYTES, onRead?: OnRead): CandleFile => {
  let bytes: Buffer;
  try {
    bytes = readCappedText(path, largestBytes);
  } catch (e) {
    throw new AppError(
      "permanent",
      "CANDLE_FILE",
      `${path}: expected a readable candle file (.csv or .csv.gz), found: ${(e as Error).message}`,
      { file: path },
      { cause: e },
    );
  }
  try {
    return parseCandles(bytes.toString("utf8"), basename(path), onRead);
  } finally {
    onRead?.(1);
  }
};
