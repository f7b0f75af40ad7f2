// Path-dependent TreeSHAP (Lundberg et al., arXiv 1802.03888): how much each feature moved the raw score of one row
// away from the expected value. The order of every multiplication and sum follows the LightGBM library's result to the
// last bit (docs/model.md); do not "simplify" the arithmetic. No recursion: a deep tree must not overflow the stack.
import type { Forest } from "./modelText.ts";

/** One step of the decision path per (depth, position): the feature and the share of the sets that follows it. */
class PathTable {
  feature = new Int32Array(256);
  zero = new Float64Array(256);
  one = new Float64Array(256);
  weight = new Float64Array(256);

  ensure(length: number): void {
    if (length <= this.feature.length) return;
    const size = Math.max(length, this.feature.length * 2);
    const grow = <T extends Int32Array | Float64Array>(old: T, next: T): T => {
      next.set(old);
      return next;
    };
    this.feature = grow(this.feature, new Int32Array(size));
    this.zero = grow(this.zero, new Float64Array(size));
    this.one = grow(this.one, new Float64Array(size));
    this.weight = grow(this.weight, new Float64Array(size));
  }
}

interface Frame {
  readonly node: number;
  /** Where the parent's path begins in the table and how many steps it has. */
  readonly parentAt: number;
  readonly depth: number;
  readonly zero: number;
  readonly one: number;
  readonly feature: number;
}

/** Adds the step (feature, zero, one) at position `depth` and spreads the permutation weights over the longer path. */
const extend = (p: PathTable, at: number, depth: number, zero: number, one: number, feature: number): void => {
  p.feature[at + depth] = feature;
  p.zero[at + depth] = zero;
  p.one[at + depth] = one;
  p.weight[at + depth] = depth === 0 ? 1 : 0;
  for (let i = at + depth - 1, k = depth; k > 0; i--, k--) {
    const weight = p.weight[i]!;
    p.weight[i + 1] = p.weight[i + 1]! + (one * weight * k) / (depth + 1);
    p.weight[i] = (zero * weight * (depth - k + 1)) / (depth + 1);
  }
};

/** Removes the step at `index`, as if the path had never split on its feature. */
const unwind = (p: PathTable, at: number, depth: number, index: number): void => {
  const one = p.one[at + index]!;
  const zero = p.zero[at + index]!;
  let next = p.weight[at + depth]!;
  for (let i = depth - 1; i >= 0; i--) {
    const weight = p.weight[at + i]!;
    if (one !== 0) {
      const replaced = (next * (depth + 1)) / ((i + 1) * one);
      p.weight[at + i] = replaced;
      next = weight - (replaced * zero * (depth - i)) / (depth + 1);
    } else p.weight[at + i] = (weight * (depth + 1)) / (zero * (depth - i));
  }
  for (let i = at + index; i < at + depth; i++) {
    p.feature[i] = p.feature[i + 1]!;
    p.zero[i] = p.zero[i + 1]!;
    p.one[i] = p.one[i + 1]!;
  }
};

/** Sum of the permutation weights if the step at `index` were unwound. */
const unwoundSum = (p: PathTable, at: number, depth: number, index: number): number => {
  const one = p.one[at + index]!;
  const zero = p.zero[at + index]!;
  let next = p.weight[at + depth]!;
  let total = 0;
  for (let i = depth - 1; i >= 0; i--) {
    const weight = p.weight[at + i]!;
    if (one !== 0) {
      const part = (next * (depth + 1)) / ((i + 1) * one);
      total += part;
      next = weight - part * zero * ((depth - i) / (depth + 1));
    } else total += weight / zero / ((depth - i) / (depth + 1));
  }
  return total;
};

/**
 * Adds one tree's contributions to `phi` (one slot per feature).
 * `goesLeft(node)` returns whether the row takes the left branch, by the evaluator's own rules.
 */
const addTree = (
  forest: Forest,
  counts: NonNullable<Forest["counts"]>,
  root: number,
  goesLeft: (node: number) => boolean,
  phi: Float64Array,
  p: PathTable,
): void => {
  const rows = (child: number): number => (child >= 0 ? counts.node[child]! : counts.leaf[~child]!);
  const stack: Frame[] = [{ node: root, parentAt: 0, depth: 0, zero: 1, one: 1, feature: -1 }];
  for (let frame = stack.pop(); frame !== undefined; frame = stack.pop()) {
    const { node, parentAt, zero, one, feature } = frame;
    let depth = frame.depth;
    // The child's path is a copy placed after its parent's, so the parent's is intact for the other child.
    const at = parentAt + depth;
    p.ensure(at + depth + 1);
    for (let i = 0; i < depth; i++) {
      p.feature[at + i] = p.feature[parentAt + i]!;
      p.zero[at + i] = p.zero[parentAt + i]!;
      p.one[at + i] = p.one[parentAt + i]!;
      p.weight[at + i] = p.weight[parentAt + i]!;
    }
    extend(p, at, depth, zero, one, feature);
    if (node < 0) {
      const value = forest.leafValue[~node]!;
      for (let i = 1; i <= depth; i++) {
        const weight = unwoundSum(p, at, depth, i);
        const slot = p.feature[at + i]!;
        phi[slot] = phi[slot]! + weight * (p.one[at + i]! - p.zero[at + i]!) * value;
      }
      continue;
    }
    const left = forest.left[node]!;
    const right = forest.right[node]!;
    const taken = goesLeft(node);
    const hot = taken ? left : right;
    const cold = taken ? right : left;
    const total = counts.node[node]!;
    const split = forest.feature[node]!;
    let incomingZero = 1;
    let incomingOne = 1;
    let earlier = 0;
    while (earlier <= depth && p.feature[at + earlier] !== split) earlier++;
    if (earlier <= depth) {
      incomingZero = p.zero[at + earlier]!;
      incomingOne = p.one[at + earlier]!;
      unwind(p, at, depth, earlier);
      depth--;
    }
    // Last in, first out: the branch taken is finished before the other one begins.
    const next = depth + 1;
    const coldZero = (rows(cold) / total) * incomingZero;
    const hotZero = (rows(hot) / total) * incomingZero;
    stack.push({ node: cold, parentAt: at, depth: next, zero: coldZero, one: 0, feature: split });
    stack.push({ node: hot, parentAt: at, depth: next, zero: hotZero, one: incomingOne, feature: split });
  }
};

/** Mean output of one tree over its training rows. */
const expectedValue = (forest: Forest, counts: NonNullable<Forest["counts"]>, tree: number): number => {
  const from = forest.leafStarts[tree]!;
  const root = forest.roots[tree]!;
  if (root < 0) return forest.leafValue[from]!;
  const total = counts.node[root]!;
  let sum = 0;
  for (let leaf = from; leaf < forest.leafStarts[tree + 1]!; leaf++)
    sum += (counts.leaf[leaf]! / total) * forest.leafValue[leaf]!;
  return sum;
};

/**
 * Contributions of every feature to the raw score over trees [from, to), and the expected value as the last entry.
 * The caller has checked that the forest has counts and no linear tree.
 */
export const treeShap = (
  forest: Forest,
  counts: NonNullable<Forest["counts"]>,
  from: number,
  to: number,
  goesLeft: (node: number) => boolean,
): Float64Array => {
  const features = forest.featureNames.length;
  const phi = new Float64Array(features + 1);
  const table = new PathTable();
  for (let tree = from; tree < to; tree++) {
    phi[features] = phi[features]! + expectedValue(forest, counts, tree);
    const root = forest.roots[tree]!;
    if (root >= 0) addTree(forest, counts, root, goesLeft, phi, table);
  }
  return phi;
};
