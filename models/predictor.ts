// LightGBM's text model, evaluated in process: the raw score is bit-identical to the library's, the contributions too
// (golden vectors: test/fixtures/model). Pure: a Predictor never changes after it was built. The rules that decide a
// branch are in docs/model.md; the reader refuses damaged files.
import { AppError } from "../lib/core/errors.ts";
import { type Forest, parseModelText } from "./modelText.ts";
import { treeShap } from "./treeShap.ts";

/**
 * Trees to use: from iteration `start` (clamped to the model), `iterations` of them; 0 or less, or none given = to the
 * end.
 */
export interface IterationRange {
  readonly start?: number;
  readonly iterations?: number;
}
type Row = ArrayLike<number>;

/** The 32-bit float 1e-35 as a double: the library treats anything this small as zero. */
const ZERO = 1.0000000180025095e-35;
const CATEGORICAL = 1;
const DEFAULT_LEFT = 2;
const MISSING_ZERO = 1;
const MAX_CATEGORY = 2_147_483_647;

export class Predictor {
  readonly featureNames: readonly string[];
  readonly treeCount: number;
  /** The file's objective line; undefined: a custom objective, the output is the raw score. */
  readonly objective: string | undefined;
  readonly #forest: Forest;
  /** The prepared row. Overwritten by every call; calls are never nested. */
  readonly #row: Float64Array;

  private constructor(forest: Forest) {
    this.#forest = forest;
    this.featureNames = forest.featureNames;
    this.treeCount = forest.roots.length;
    this.objective = forest.objective;
    this.#row = new Float64Array(forest.featureNames.length);
  }

  /**
   * `file` names the model in messages. Throws AppError permanent MODEL_FILE on anything but a whole, well-formed
   * model.
   */
  static parse(text: string, file?: string): Predictor {
    try {
      return new Predictor(parseModelText(text));
    } catch (e) {
      if (file === undefined || !(e instanceof AppError)) throw e;
      throw new AppError(e.verdict, e.code, `${file}: ${e.message}`, e.data, { cause: e });
    }
  }

  /** Raw score: the sum of the trees' outputs in file order (log-odds for a binary model; never averaged). */
  raw(row: Row, range: IterationRange = {}): number {
    const hasNaN = this.#prepare(row);
    const [from, to] = this.#trees(range);
    return this.#forest.plain && !hasNaN ? this.#sumPlain(from, to) : this.#sum(from, to);
  }

  /**
   * The model's output for a raw score of the same range: for binary models the probability.
   * Throws AppError permanent MODEL_RANGE for a random forest with no iteration in the range (an undefined mean).
   */
  transform(raw: number, range: IterationRange = {}): number {
    if (!this.#forest.averageOutput) return this.#forest.transform(raw);
    const [from, to] = this.#trees(range);
    if (to === from)
      throw new AppError(
        "permanent",
        "MODEL_RANGE",
        `expected at least one of the random forest's ${this.treeCount} iterations to average, found none in the range`,
      );
    return this.#forest.transform(raw / (to - from));
  }

  /** transform(raw(row)). */
  predict(row: Row, range: IterationRange = {}): number {
    return this.transform(this.raw(row, range), range);
  }

  /**
   * TreeSHAP: one number per feature and the expected value last; their sum is the raw score up to rounding. A leaf or
   * node that no training row reached gives NaN where the library does. Throws AppError permanent MODEL_CONTRIBUTIONS
   * for linear trees (not defined) and for a file without counts.
   */
  contributions(row: Row, range: IterationRange = {}): number[] {
    const refuse = (message: string): never => {
      throw new AppError("permanent", "MODEL_CONTRIBUTIONS", message);
    };
    const { counts, linear } = this.#forest;
    if (linear !== undefined)
      return refuse("contributions are not defined for linear trees; this model has linear trees");
    if (counts === undefined)
      return refuse("contributions need leaf_count and internal_count in every tree; this model lacks them");
    this.#prepare(row);
    const [from, to] = this.#trees(range);
    return [...treeShap(this.#forest, counts, from, to, (node) => this.#goesLeft(node))];
  }

  #trees({ start = 0, iterations = 0 }: IterationRange): [number, number] {
    const from = Math.min(Math.max(Math.trunc(start), 0), this.treeCount);
    const to = iterations > 0 ? Math.min(from + Math.trunc(iterations), this.treeCount) : this.treeCount;
    return [from, to];
  }

  /** Copies the row, near-zeros flushed to 0; returns whether it holds NaN. */
  #prepare(row: Row): boolean {
    const prepared = this.#row;
    if (row.length !== prepared.length)
      throw new AppError(
        "permanent",
        "MODEL_ROW",
        `expected a row of ${prepared.length} features, found ${row.length}`,
      );
    let hasNaN = false;
    for (let i = 0; i < prepared.length; i++) {
      const value = row[i]!;
      if (Number.isNaN(value)) hasNaN = true;
      prepared[i] = value >= -ZERO && value <= ZERO ? 0 : value;
    }
    return hasNaN;
  }

  #sumPlain(from: number, to: number): number {
    const { roots, feature, threshold, left, right, leafValue } = this.#forest;
    const row = this.#row;
    let sum = 0;
    for (let tree = from; tree < to; tree++) {
      let node = roots[tree]!;
      while (node >= 0) node = row[feature[node]!]! <= threshold[node]! ? left[node]! : right[node]!;
      sum += leafValue[~node]!;
    }
    return sum;
  }

  #sum(from: number, to: number): number {
    const { roots, left, right, leafValue, linear } = this.#forest;
    let sum = 0;
    for (let tree = from; tree < to; tree++) {
      let node = roots[tree]!;
      while (node >= 0) node = this.#goesLeft(node) ? left[node]! : right[node]!;
      const leaf = ~node;
      sum += linear !== undefined && linear.isLinear[leaf] === 1 ? this.#linearLeaf(linear, leaf) : leafValue[leaf]!;
    }
    return sum;
  }

  #linearLeaf(linear: NonNullable<Forest["linear"]>, leaf: number): number {
    let output = linear.constant[leaf]!;
    for (let i = linear.from[leaf]!; i < linear.from[leaf + 1]!; i++) {
      const value = this.#row[linear.feature[i]!]!;
      if (Number.isNaN(value)) return this.#forest.leafValue[leaf]!;
      output += linear.coefficient[i]! * value;
    }
    return output;
  }

  #goesLeft(node: number): boolean {
    const { feature, threshold, decision } = this.#forest;
    const value = this.#row[feature[node]!]!;
    const kind = decision[node]!;
    if ((kind & CATEGORICAL) !== 0) return this.#inCategories(node, value);
    const missing = kind >> 2;
    if (Number.isNaN(value)) {
      if (missing !== 0) return (kind & DEFAULT_LEFT) !== 0; // type Zero: NaN becomes 0, which is missing too
      return threshold[node]! >= 0;
    }
    if (missing === MISSING_ZERO && value === 0) return (kind & DEFAULT_LEFT) !== 0;
    return value <= threshold[node]!;
  }

  #inCategories(node: number, value: number): boolean {
    const { categoryFrom, categoryTo, categoryWords } = this.#forest;
    if (Number.isNaN(value)) return false;
    const category = Math.trunc(value);
    if (category < 0 || category > MAX_CATEGORY) return false;
    const word = categoryFrom[node]! + Math.floor(category / 32);
    return word < categoryTo[node]! && ((categoryWords[word]! >>> (category % 32)) & 1) === 1;
  }
}
