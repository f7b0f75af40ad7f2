// A CSV of feature rows for a model: a header with the model's feature names, then one row of numbers per line.
// The columns may come in any order; a name that is missing, unknown or repeated is refused, so that a value can never
// be assigned to the wrong feature. `nan`, `inf` and `-inf` (any case) are legal values, an empty cell is not.
import { AppError } from "../lib/core/errors.ts";
import type { OnRead } from "../lib/io/readProgress.ts";

interface FeatureTable {
  readonly rowCount: number;
  /** The row's values in the model's order. The same array is filled again on every call. */
  row(index: number): Float64Array;
}

/** Lines between two calls of `onRead`. */
const TOLD_EVERY = 5_000;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,5})?$/;
const SPECIAL: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  "+inf": Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
};
const show = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);

const parseCell = (text: string): number | undefined => {
  if (NUMBER.test(text)) {
    const value = Number(text);
    // 1e999 is a typing error, not an infinity: that is written "inf".
    return Number.isFinite(value) ? value : undefined;
  }
  return SPECIAL[text.toLowerCase()];
};

/** Position in the file of each of the model's features. */
const columnsOf = (
  header: readonly string[],
  names: readonly string[],
  refuse: (message: string) => never,
): number[] => {
  // The same names in the same order need no search, also where a model repeats a name.
  if (header.length === names.length && header.every((name, i) => name === names[i])) return header.map((_, i) => i);
  const missing = names.filter((name) => !header.includes(name));
  const unknown = header.filter((name) => !names.includes(name));
  const repeated = header.filter((name, i) => header.indexOf(name) !== i);
  if (missing.length > 0 || unknown.length > 0 || repeated.length > 0) {
    const list = (what: string, found: readonly string[]): string =>
      found.length === 0
        ? ""
        : `; ${what}: ${found.slice(0, 5).map(show).join(", ")}${found.length > 5 ? `, and ${found.length - 5} more` : ""}`;
    refuse(
      `line 1: expected the model's ${names.length} feature names, found ${header.length} columns${list("missing", missing)}${list("not in the model", unknown)}${list("repeated", repeated)}`,
    );
  }
  return names.map((name) => header.indexOf(name));
};

/**
 * Parses the whole table before anything is computed from it. `file` names it in messages.
 * Throws AppError permanent FEATURE_TABLE with the line, the column, what was expected and what was found.
 */
export const parseFeatureTable = (
  text: string,
  names: readonly string[],
  file: string,
  onRead?: OnRead,
): FeatureTable => {
  const refuse = (message: string): never => {
    throw new AppError("permanent", "FEATURE_TABLE", `${file}: ${message}`);
  };
  let at = text.startsWith("\ufeff") ? 1 : 0;
  const nextLine = (): string => {
    let end = text.indexOf("\n", at);
    if (end < 0) end = text.length;
    const line = text.slice(at, text[end - 1] === "\r" && end > at ? end - 1 : end);
    at = end + 1;
    return line;
  };
  const headerLine = nextLine();
  if (headerLine.trim() === "") refuse("line 1: expected a header of feature names, found an empty line");
  const columns = columnsOf(
    headerLine.split(",").map((name) => name.trim()),
    names,
    refuse,
  );

  const width = names.length;
  let values = new Float64Array(width * 1024);
  let rowCount = 0;
  for (let line = 2; at < text.length; line++) {
    if (line % TOLD_EVERY === 0) onRead?.(at / text.length);
    const cells = nextLine().split(",");
    if (cells.length !== width)
      refuse(
        `line ${line}: expected ${width} values, found ${cells.length === 1 && cells[0] === "" ? "an empty line" : cells.length}`,
      );
    if ((rowCount + 1) * width > values.length) {
      const larger = new Float64Array(values.length * 2);
      larger.set(values);
      values = larger;
    }
    for (let feature = 0; feature < width; feature++) {
      const cell = cells[columns[feature]!]!.trim();
      const value = parseCell(cell);
      if (value === undefined)
        return refuse(
          `line ${line}, column ${show(names[feature]!)}: expected a number, nan, inf or -inf, found ${cell === "" ? "nothing" : show(cell)}`,
        );
      values[rowCount * width + feature] = value;
    }
    rowCount++;
  }
  onRead?.(1);
  const one = new Float64Array(width);
  return {
    rowCount,
    row: (index) => {
      one.set(values.subarray(index * width, (index + 1) * width));
      return one;
    },
  };
};
