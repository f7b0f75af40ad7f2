// Strict reader of LightGBM's text model (format notes: docs/model.md). It turns the file into flat typed arrays that
// the evaluator can walk without a check: every length, number, feature, child and category index is verified here, and
// any fault is one MODEL_FILE error that names the tree and the key. It must never accept a damaged file.
import { refuse, Section, shorten } from "./modelSection.ts";
import { parseObjective, type Transform } from "./objective.ts";

/** All trees in one set of arrays. A child or root >= 0 is a node, a negative one is the leaf `~child`. */
export interface Forest {
  readonly featureNames: readonly string[];
  /** The objective line, undefined when the file has none (the output is then the raw score). */
  readonly objective: string | undefined;
  readonly transform: Transform;
  /** Random forest: the output is the mean over the trees, the raw score is not divided. */
  readonly averageOutput: boolean;
  readonly roots: Int32Array;
  /** Index of each tree's first leaf, and one entry past the last. */
  readonly leafStarts: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float64Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly decision: Uint8Array;
  /** Of a categorical node: its words are `categoryWords[categoryFrom .. categoryTo)`. */
  readonly categoryFrom: Int32Array;
  readonly categoryTo: Int32Array;
  readonly categoryWords: Uint32Array;
  readonly leafValue: Float64Array;
  /** Training rows per node and leaf; undefined when a tree lacks them (then there are no contributions). */
  readonly counts: { readonly node: Float64Array; readonly leaf: Float64Array } | undefined;
  /** Linear leaves, undefined when no tree is linear. A leaf of an ordinary tree has `isLinear` 0. */
  readonly linear: LinearLeaves | undefined;
  /**
   * Only numerical splits with missing type None or NaN and no linear leaf: rows without NaN need plain comparisons.
   */
  readonly plain: boolean;
}
interface LinearLeaves {
  readonly isLinear: Uint8Array;
  readonly constant: Float64Array;
  /** Terms of leaf i are `[from[i], from[i + 1])`. */
  readonly from: Int32Array;
  readonly feature: Int32Array;
  readonly coefficient: Float64Array;
}

const MAX_LEAVES = 1 << 24;
const CATEGORICAL = 1;
const MISSING_ZERO = 1;

/** Grows the forest's arrays tree by tree. */
class Builder {
  readonly roots: number[] = [];
  readonly leafStarts: number[] = [0];
  readonly feature: number[] = [];
  readonly threshold: number[] = [];
  readonly left: number[] = [];
  readonly right: number[] = [];
  readonly decision: number[] = [];
  readonly categoryFrom: number[] = [];
  readonly categoryTo: number[] = [];
  readonly words: number[] = [];
  readonly leafValue: number[] = [];
  readonly nodeCount: number[] = [];
  readonly leafCount: number[] = [];
  hasCounts = true;
  readonly isLinear: number[] = [];
  readonly constant: number[] = [];
  readonly linearFrom: number[] = [0];
  readonly linearFeature: number[] = [];
  readonly coefficient: number[] = [];

  constructor(readonly featureCount: number) {}

  add(tree: Section): void {
    const leaves = tree.whole("num_leaves", 1, MAX_LEAVES);
    const categories = tree.whole("num_cat", 0, MAX_LEAVES);
    const linear = tree.optional("is_linear") !== undefined && tree.whole("is_linear", 0, 1) === 1;
    const nodeBase = this.feature.length;
    const leafBase = this.leafValue.length;
    for (const value of tree.doubles("leaf_value", leaves)) this.leafValue.push(value);
    if (leaves === 1) this.roots.push(~leafBase);
    else {
      this.roots.push(nodeBase);
      this.#addNodes(tree, leaves, categories, nodeBase, leafBase);
    }
    this.#addCounts(tree, leaves);
    this.#addLinear(tree, leaves, linear);
    this.leafStarts.push(this.leafValue.length);
  }

  #addNodes(tree: Section, leaves: number, categories: number, nodeBase: number, leafBase: number): void {
    const nodes = leaves - 1;
    const features = tree.wholes("split_feature", nodes, 0, this.featureCount - 1);
    const thresholds = tree.doubles("threshold", nodes);
    const decisions = tree.wholes("decision_type", nodes, 0, 11);
    const left = tree.wholes("left_child", nodes, -leaves, nodes - 1);
    const right = tree.wholes("right_child", nodes, -leaves, nodes - 1);
    for (const key of ["split_gain", "internal_value", "internal_weight"]) tree.checkUnused(key, nodes);
    tree.checkUnused("leaf_weight", leaves);
    this.#checkShape(tree, leaves, left, right);

    const wordBase = this.words.length;
    const boundaries = categories > 0 ? tree.wholes("cat_boundaries", categories + 1, 0, MAX_LEAVES) : [];
    if (categories > 0) {
      if (boundaries[0] !== 0 || boundaries.some((value, i) => i > 0 && value < boundaries[i - 1]!))
        tree.fail("cat_boundaries", "expected numbers that start at 0 and never fall");
      for (const word of tree.wholes("cat_threshold", boundaries.at(-1)!, 0, 0xffff_ffff)) this.words.push(word);
    }
    for (let i = 0; i < nodes; i++) {
      const decision = decisions[i]!;
      let from = 0;
      let to = 0;
      if ((decision & CATEGORICAL) !== 0) {
        const bitset = thresholds[i]!;
        if (!Number.isInteger(bitset) || bitset < 0 || bitset >= categories)
          tree.fail(
            "threshold",
            `expected the number of one of ${categories} category sets at node ${i}, found ${bitset}`,
          );
        from = wordBase + boundaries[bitset]!;
        to = wordBase + boundaries[bitset + 1]!;
      }
      this.feature.push(features[i]!);
      this.threshold.push(thresholds[i]!);
      this.decision.push(decision);
      this.left.push(left[i]! >= 0 ? nodeBase + left[i]! : ~(leafBase + ~left[i]!));
      this.right.push(right[i]! >= 0 ? nodeBase + right[i]! : ~(leafBase + ~right[i]!));
      this.categoryFrom.push(from);
      this.categoryTo.push(to);
    }
  }

  /** Every node and leaf is reached from node 0 exactly once: no cycle, no shared branch, nothing unreachable. */
  #checkShape(tree: Section, leaves: number, left: readonly number[], right: readonly number[]): void {
    const seen = new Uint8Array(2 * leaves - 1); // nodes, then leaves
    const stack = [0];
    seen[0] = 1;
    let reached = 1;
    while (stack.length > 0) {
      const node = stack.pop()!;
      for (const [key, child] of [
        ["left_child", left[node]!],
        ["right_child", right[node]!],
      ] as const) {
        const slot = child >= 0 ? child : leaves - 1 + ~child;
        if (seen[slot] === 1)
          tree.fail(
            key,
            `${child >= 0 ? `node ${child}` : `leaf ${~child}`} is reached twice (a cycle or a shared branch)`,
          );
        seen[slot] = 1;
        reached++;
        if (child >= 0) stack.push(child);
      }
    }
    if (reached !== seen.length)
      tree.fail("left_child", `expected every node and leaf to be reached, found ${reached} of ${seen.length}`);
  }

  #addCounts(tree: Section, leaves: number): void {
    const present =
      leaves === 1 || (tree.optional("leaf_count") !== undefined && tree.optional("internal_count") !== undefined);
    this.hasCounts &&= present;
    const leafCounts =
      leaves > 1 && present ? tree.wholes("leaf_count", leaves, 0, 0x7fff_ffff) : new Array<number>(leaves).fill(1);
    const nodeCounts =
      leaves > 1 && present
        ? tree.wholes("internal_count", leaves - 1, 0, 0x7fff_ffff)
        : new Array<number>(leaves - 1).fill(1);
    for (const count of leafCounts) this.leafCount.push(count);
    for (const count of nodeCounts) this.nodeCount.push(count);
  }

  #addLinear(tree: Section, leaves: number, linear: boolean): void {
    const constants = linear ? tree.doubles("leaf_const", leaves) : [];
    const sizes = linear ? tree.wholes("num_features", leaves, 0, this.featureCount) : [];
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (linear) {
      for (const feature of tree.wholes("leaf_features", total, 0, this.featureCount - 1))
        this.linearFeature.push(feature);
      for (const value of tree.doubles("leaf_coeff", total)) this.coefficient.push(value);
    }
    for (let leaf = 0; leaf < leaves; leaf++) {
      this.isLinear.push(linear ? 1 : 0);
      this.constant.push(constants[leaf] ?? 0);
      this.linearFrom.push(this.linearFrom.at(-1)! + (sizes[leaf] ?? 0));
    }
  }
}

const readHeader = (header: Section): Pick<Forest, "featureNames" | "objective" | "transform" | "averageOutput"> => {
  const version = header.required("version");
  if (version !== "v3" && version !== "v4")
    header.fail("version", `expected v3 or v4, found ${shorten(version)}; export the model with LightGBM 3 or 4`);
  const classes = header.whole("num_class", 1, 1_000_000);
  const perIteration =
    header.optional("num_tree_per_iteration") === undefined
      ? classes
      : header.whole("num_tree_per_iteration", 1, 1_000_000);
  if (classes !== 1 || perIteration !== 1)
    header.fail(
      "num_class",
      `expected a model with one output, found ${Math.max(classes, perIteration)}; multiclass models are not served`,
    );
  const featureCount = header.whole("max_feature_idx", 0, 1_000_000) + 1;
  const featureNames = header.required("feature_names").split(" ");
  if (featureNames.length !== featureCount || featureNames.includes(""))
    header.fail(
      "feature_names",
      `expected ${featureCount} names (max_feature_idx + 1), found ${featureNames.filter((n) => n !== "").length}`,
    );
  if (header.optional("feature_infos") !== undefined) header.tokens("feature_infos", featureCount);
  const objective = header.optional("objective");
  const transform = parseObjective(objective);
  if (typeof transform === "string") return header.fail("objective", transform);
  return { featureNames, objective, transform, averageOutput: header.optional("average_output") !== undefined };
};

/**
 * Parses a whole model file. Throws AppError permanent MODEL_FILE that says where and what; never returns a forest
 * that the evaluator could fail on.
 */
export const parseModelText = (text: string): Forest => {
  if (text.includes("\r"))
    refuse("line ends", "expected \\n, found CR; the file was changed on its way, copy it again as a binary file");
  const lines = text.split("\n");
  if (lines[0] !== "tree")
    refuse(
      "line 1",
      `expected "tree" (a LightGBM text model), found ${shorten(lines[0] ?? "")}; this is not a model file`,
    );

  const header = new Section("header");
  let at = 1;
  for (; at < lines.length && !lines[at]!.startsWith("Tree=") && lines[at] !== "end of trees"; at++)
    if (lines[at] !== "") header.add(lines[at]!);
  const facts = readHeader(header);

  const builder = new Builder(facts.featureNames.length);
  while (at < lines.length && lines[at] !== "end of trees") {
    const expected = `Tree=${builder.roots.length}`;
    if (lines[at] !== expected)
      refuse(`line ${at + 1}`, `expected "${expected}" or "end of trees", found ${shorten(lines[at]!)}`);
    const tree = new Section(`tree ${builder.roots.length}`);
    for (at++; at < lines.length && lines[at] !== ""; at++) {
      if (!lines[at]!.includes("=")) refuse(tree.where, `expected key=value, found ${shorten(lines[at]!)}`);
      tree.add(lines[at]!);
    }
    builder.add(tree);
    while (at < lines.length && lines[at] === "") at++;
  }
  const trees = builder.roots.length;
  if (at >= lines.length)
    refuse(`after tree ${trees - 1}`, `expected "end of trees", found the end of the file; the file was cut off`);
  if (trees === 0) refuse("trees", "expected at least one tree, found none");
  const sizes = header.optional("tree_sizes");
  if (sizes !== undefined) header.tokens("tree_sizes", trees);

  const isLinear = Uint8Array.from(builder.isLinear);
  const anyLinear = isLinear.includes(1);
  return {
    ...facts,
    roots: Int32Array.from(builder.roots),
    leafStarts: Int32Array.from(builder.leafStarts),
    feature: Int32Array.from(builder.feature),
    threshold: Float64Array.from(builder.threshold),
    left: Int32Array.from(builder.left),
    right: Int32Array.from(builder.right),
    decision: Uint8Array.from(builder.decision),
    categoryFrom: Int32Array.from(builder.categoryFrom),
    categoryTo: Int32Array.from(builder.categoryTo),
    categoryWords: Uint32Array.from(builder.words),
    leafValue: Float64Array.from(builder.leafValue),
    counts: builder.hasCounts
      ? { node: Float64Array.from(builder.nodeCount), leaf: Float64Array.from(builder.leafCount) }
      : undefined,
    linear: anyLinear
      ? {
          isLinear,
          constant: Float64Array.from(builder.constant),
          from: Int32Array.from(builder.linearFrom),
          feature: Int32Array.from(builder.linearFeature),
          coefficient: Float64Array.from(builder.coefficient),
        }
      : undefined,
    plain: !anyLinear && builder.decision.every((d) => (d & CATEGORICAL) === 0 && d >> 2 !== MISSING_ZERO),
  };
};
