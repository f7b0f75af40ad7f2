import { describe, expect, test } from "vitest";
import { parseFeatureTable } from "../../models/featureTable.ts";
import { Predictor } from "../../models/predictor.ts";
import { goldenExpected, goldenModel, goldenNames, goldenRanges, unzip } from "./golden.ts";
import { CATEGORIES, MISSING_AND_CONSTANT, TWO_SPLITS } from "./handModels.ts";

/** The library prints the sign of zero nowhere; -0 and 0 are one score. */
const sameBits = (a: number, b: number): boolean => Object.is(a, b) || (a === 0 && b === 0);

describe("golden vectors of the LightGBM library", () => {
  test("cover every kind of model that is served", () => {
    expect(goldenNames).toEqual(
      expect.arrayContaining([
        "binary",
        "regression",
        "forest",
        "linear",
        "categorical",
        "zero-as-missing",
        "missing-none",
        "constant",
      ]),
    );
  });
  test.each(goldenNames)("%s: raw scores and contributions bit for bit, outputs within the last place", (name) => {
    const predictor = Predictor.parse(goldenModel(name));
    const table = parseFeatureTable(unzip(`${name}.rows.csv.gz`), predictor.featureNames, name);
    const expected = goldenExpected(name);
    expect(table.rowCount).toBe(expected.length);
    let contributions = 0;
    for (const [i, answer] of expected.entries()) {
      const row = table.row(i);
      const raw = predictor.raw(row);
      if (!sameBits(raw, answer.raw)) expect.fail(`row ${i}: raw ${raw}, the library says ${answer.raw}`);
      const output = predictor.predict(row);
      const close =
        sameBits(output, answer.p) || Math.abs(output - answer.p) <= 2.3e-16 * Math.max(1, Math.abs(answer.p));
      if (!close) expect.fail(`row ${i}: output ${output}, the library says ${answer.p}`);
      if (!answer.contrib) continue;
      for (const [feature, value] of predictor.contributions(row).entries()) {
        contributions++;
        if (!sameBits(value, answer.contrib[feature]!))
          expect.fail(`row ${i}, contribution ${feature}: ${value}, the library says ${answer.contrib[feature]}`);
      }
    }
    expect(contributions).toBe(name === "linear" ? 0 : expected.length * (predictor.featureNames.length + 1));
  });
  test.each(goldenNames)("%s: parts of the model, clamped as the library clamps", (name) => {
    const predictor = Predictor.parse(goldenModel(name));
    const table = parseFeatureTable(unzip(`${name}.rows.csv.gz`), predictor.featureNames, name);
    for (const { start, iterations, raw } of goldenRanges[name]!)
      for (const [i, score] of raw.entries())
        if (!sameBits(predictor.raw(table.row(i), { start, iterations }), score))
          expect.fail(`row ${i}, start ${start}, iterations ${iterations}: expected ${score}`);
  });
  test("contributions add up to the raw score", () => {
    const predictor = Predictor.parse(goldenModel("binary"));
    const row = [0.3, -1.2, Number.NaN, 0, 2];
    const sum = predictor.contributions(row).reduce((a, b) => a + b);
    expect(Math.abs(sum - predictor.raw(row))).toBeLessThan(1e-13);
  });
});

describe("models checkable by hand", () => {
  test.each([
    [[1, 2], 0.4375, 0.6076631698328917, [-0.21875, 0.28125, 0.375]],
    [[3, 0.2], -0.3125, 0.4225046348141883, [-0.08333333333333333, -0.6041666666666666, 0.375]],
    [[3, 2], 0.9375, 0.7185943925708561, [0.07291666666666666, 0.4895833333333333, 0.375]],
    [[Number.NaN, -1], 0.1875, 0.5467381519846138, [0.25, -0.4375, 0.375]],
    [[3, Number.NaN], 0.6875, 0.665410558746814, [0.07291666666666666, 0.23958333333333331, 0.375]],
    [[2.5, 0], 0.1875, 0.5467381519846138, [0.25, -0.4375, 0.375]],
  ])("missing values and a constant tree: %j", (row, raw, p, contributions) => {
    const predictor = Predictor.parse(MISSING_AND_CONSTANT);
    expect(predictor.raw(row)).toBe(raw);
    expect(predictor.predict(row)).toBeCloseTo(p, 15);
    expect(predictor.contributions(row)).toEqual(contributions);
  });
  test.each([
    [10, -9, [1, 33, 1.9]],
    [20, 1, [0, 2, -0.5]],
    [30, 11, [40, 64, -1, Number.NaN, Infinity, -Infinity, 2147483648, 1e300]],
  ])("category sets: output %i", (output, contribution, cities) => {
    const predictor = Predictor.parse(CATEGORIES);
    for (const city of cities) {
      expect(predictor.predict([city, 0]), `city ${city}`).toBe(output);
      expect(predictor.contributions([city, 0]), `city ${city}`).toEqual([contribution, 0, 19]);
    }
  });
  test.each([
    [[0.2, 0.9], 0, [-7, 1, 6]],
    [[0.9, 0.2], 8, [5, -3, 6]],
    [[0.9, 0.9], 16, [7, 3, 6]],
    [[Number.NaN, Number.NaN], 0, [-5, -1, 6]],
  ])("contributions by hand: %j", (row, output, contributions) => {
    const predictor = Predictor.parse(TWO_SPLITS);
    expect(predictor.predict(row)).toBe(output);
    expect(predictor.contributions(row)).toEqual(contributions);
  });
});

describe("what is refused", () => {
  test("a row of another length", () => {
    expect(() => Predictor.parse(TWO_SPLITS).raw([1])).toThrow(/expected a row of 2 features, found 1/);
  });
  test("contributions of linear trees, with the word linear", () => {
    const linear = Predictor.parse(goldenModel("linear"));
    expect(() => linear.contributions([0, 0, 0, 0, 0])).toThrow(/linear/);
  });
  test("contributions without the training counts; scores still work", () => {
    const without = TWO_SPLITS.replace(/^(leaf|internal)_count=.*\n/gm, "");
    const predictor = Predictor.parse(without);
    expect(predictor.raw([0.9, 0.9])).toBe(16);
    expect(() => predictor.contributions([0.9, 0.9])).toThrow(/leaf_count and internal_count/);
  });
  test("the mean of no trees of a random forest", () => {
    const forest = Predictor.parse(goldenModel("forest"));
    expect(() => forest.predict([0, 0, 0, 0, 0], { start: 1000 })).toThrow(
      /at least one of the random forest's 24 iterations/,
    );
    expect(forest.raw([0, 0, 0, 0, 0], { start: 1000 })).toBe(0);
  });
});

test("a tree ten thousand splits deep is evaluated and explained without overflowing the stack", () => {
  const leaves = 10_001;
  const nodes = leaves - 1;
  const list = (count: number, value: (i: number) => number): string =>
    Array.from({ length: count }, (_, i) => value(i)).join(" ");
  // A chain: node i sends x <= i to leaf i and the rest to node i + 1.
  const deep = TWO_SPLITS.replace(
    /Tree=0[\s\S]*shrinkage=1/,
    `Tree=0
num_leaves=${leaves}
num_cat=0
split_feature=${list(nodes, (i) => i % 2)}
threshold=${list(nodes, (i) => i)}
decision_type=${list(nodes, () => 2)}
left_child=${list(nodes, (i) => ~i)}
right_child=${list(nodes, (i) => (i === nodes - 1 ? ~nodes : i + 1))}
leaf_value=${list(leaves, (i) => i)}
leaf_count=${list(leaves, () => 1)}
internal_count=${list(nodes, (i) => leaves - i)}
shrinkage=1`,
  );
  const predictor = Predictor.parse(deep);
  expect(predictor.raw([20_000, 20_000])).toBe(10_000);
  expect(predictor.raw([5000, 5000])).toBe(5000);
  const [x, y, expectedValue] = predictor.contributions([20_000, 20_000]);
  expect(x! + y! + expectedValue!).toBeCloseTo(10_000, 5);
});
