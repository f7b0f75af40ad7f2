import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../lib/core/errors.ts";
import { Predictor } from "../../models/predictor.ts";
import { LONG } from "../long.ts";
import { goldenModel, goldenNames } from "./golden.ts";
import { CATEGORIES, MISSING_AND_CONSTANT, TWO_SPLITS } from "./handModels.ts";

const BINARY = goldenModel("binary");
const LINEAR = goldenModel("linear");

/** The error of a text that must be refused: always AppError permanent MODEL_FILE. */
const refusal = (text: string): string => {
  try {
    Predictor.parse(text);
  } catch (e) {
    expect(e).toBeInstanceOf(AppError);
    expect((e as AppError).verdict).toBe("permanent");
    expect((e as AppError).code).toBe("MODEL_FILE");
    return (e as AppError).message;
  }
  return expect.fail("expected the model to be refused");
};

describe("a damaged or foreign file is refused, naming the tree and the key", () => {
  test.each([
    ["leaf_value", (text: string) => TWO_SPLITS.replace(/leaf_value=\S+/, `leaf_value=${text}`)],
    ["internal_value", (text: string) => TWO_SPLITS.replace(/internal_value=\S+/, `internal_value=${text}`)],
    ["objective", (text: string) => TWO_SPLITS.replace("objective=regression", `objective=binary sigmoid:${text}`)],
  ])("megabytes of digits in %s are refused at once, not searched for hours", (key, put) => {
    // The time a backtracking search takes grows with the square of the length: 40,000 digits took 17 s.
    expect(refusal(put(`${"1".repeat(2_000_000)}x`))).toContain(key);
  });

  test.each<[string, string, RegExp]>([
    ["an empty file", "", /line 1: expected "tree"/],
    ["another kind of text", "hello\nworld\n", /line 1: expected "tree".*found "hello".*not a model file/],
    ["JSON", "{}", /not a model file/],
    ["CRLF line ends", BINARY.replaceAll("\n", "\r\n"), /expected \\n, found CR/],
    [
      "a version of the future",
      TWO_SPLITS.replace("version=v4", "version=v5"),
      /version: expected v3 or v4, found "v5"/,
    ],
    ["no version", TWO_SPLITS.replace("version=v4\n", ""), /header: expected the key "version"/],
    [
      "a multiclass model",
      TWO_SPLITS.replace("num_class=1", "num_class=3"),
      /num_class: expected a model with one output, found 3/,
    ],
    [
      "an unknown objective",
      TWO_SPLITS.replace("objective=regression", "objective=astrology"),
      /objective: expected one of .*found "astrology"/,
    ],
    [
      "a sigmoid that is no number any more",
      TWO_SPLITS.replace("objective=regression", `objective=binary sigmoid:1${"0".repeat(400)}`),
      /K above 0/,
    ],
    ["a sigmoid of zero", TWO_SPLITS.replace("objective=regression", "objective=binary sigmoid:0"), /K above 0/],
    [
      "too few feature names",
      TWO_SPLITS.replace("feature_names=x y", "feature_names=x"),
      /feature_names: expected 2 names .*found 1/,
    ],
    ["no trees", TWO_SPLITS.replace(/Tree=0[\s\S]*?\n\n\n/, ""), /expected at least one tree/],
    [
      "a missing end of trees",
      TWO_SPLITS.replace("end of trees", ""),
      /after tree 0: expected "end of trees".*cut off/,
    ],
    [
      "a missing tree in the middle",
      MISSING_AND_CONSTANT.replace("Tree=1", "Tree=2"),
      /expected "Tree=1" or "end of trees", found "Tree=2"/,
    ],
    [
      "a number of trees that tree_sizes denies",
      TWO_SPLITS.replace("label_index=0", "label_index=0\ntree_sizes=1 2"),
      /tree_sizes: expected 1 values, found 2/,
    ],
    [
      "a leaf too many",
      TWO_SPLITS.replace("leaf_value=0 8 16", "leaf_value=0 8 16 32"),
      /tree 0, leaf_value: expected 3 values, found 4/,
    ],
    [
      "a threshold too few",
      TWO_SPLITS.replace("threshold=0.5 0.5", "threshold=0.5"),
      /tree 0, threshold: expected 2 values, found 1/,
    ],
    [
      "a number with a hole",
      TWO_SPLITS.replace("leaf_value=0 8 16", "leaf_value=0 8 1x6"),
      /tree 0, leaf_value: expected a finite number, found "1x6"/,
    ],
    [
      "an infinite leaf",
      TWO_SPLITS.replace("leaf_value=0 8 16", "leaf_value=0 8 inf"),
      /expected a finite number, found "inf"/,
    ],
    [
      "a feature that is not there",
      TWO_SPLITS.replace("split_feature=0 1", "split_feature=0 2"),
      /split_feature: expected a whole number from 0 to 1, found "2"/,
    ],
    [
      "a child that is not there",
      TWO_SPLITS.replace("right_child=1 -3", "right_child=2 -3"),
      /right_child: expected a whole number from -3 to 1, found "2"/,
    ],
    ["a cycle", TWO_SPLITS.replace("right_child=1 -3", "right_child=1 0"), /right_child: node 0 is reached twice/],
    [
      "a shared leaf",
      TWO_SPLITS.replace("right_child=1 -3", "right_child=1 -2"),
      /right_child: leaf 1 is reached twice/,
    ],
    [
      "a branch nobody reaches",
      TWO_SPLITS.replace("right_child=1 -3", "right_child=-2 -3").replace("left_child=-1 -2", "left_child=-1 1"),
      /reached/,
    ],
    [
      "a missing type that does not exist",
      TWO_SPLITS.replace("decision_type=2 2", "decision_type=2 12"),
      /decision_type: expected a whole number from 0 to 11/,
    ],
    [
      "a category set that is not there",
      CATEGORIES.replace("threshold=0 1", "threshold=0 2"),
      /threshold: expected the number of one of 2 category sets at node 1, found 2/,
    ],
    [
      "category words cut off",
      CATEGORIES.replace("cat_threshold=2 2 5", "cat_threshold=2 2"),
      /cat_threshold: expected 3 values, found 2/,
    ],
    [
      "category borders that fall",
      CATEGORIES.replace("cat_boundaries=0 2 3", "cat_boundaries=0 3 2"),
      /cat_boundaries: expected numbers that start at 0 and never fall/,
    ],
    ["a linear term too few", LINEAR.replace(/^leaf_coeff=\S+ /m, "leaf_coeff="), /leaf_coeff: expected \d+ values/],
    ["a key twice", TWO_SPLITS.replace("num_cat=0", "num_cat=0\nnum_cat=0"), /tree 0: key "num_cat" appears twice/],
    [
      "no leaves",
      TWO_SPLITS.replace("num_leaves=3", "num_leaves=0"),
      /tree 0, num_leaves: expected a whole number from 1/,
    ],
    [
      "a count that is not whole",
      TWO_SPLITS.replace("leaf_count=4 2 2", "leaf_count=4 2 2.5"),
      /leaf_count: expected a whole number/,
    ],
    [
      "noise in a statistic",
      TWO_SPLITS.replace("split_gain=4 2", "split_gain=4 two"),
      /split_gain: expected a number, found "two"/,
    ],
  ])("%s", (_, text, message) => {
    expect(refusal(text)).toMatch(message);
  });
  test("every cut inside the trees of a real model", () => {
    const end = BINARY.indexOf("end of trees");
    for (let cut = 0; cut < end; cut += 97) refusal(BINARY.slice(0, cut));
  });
  test("the file's name opens the message", () => {
    expect(() => Predictor.parse("x", "models/a.txt")).toThrow(/^models\/a\.txt: model file: line 1/);
  });
});

describe("what other writers may do", () => {
  test("header keys in another order, unknown keys, an old version, no tree_sizes, names with =", () => {
    const turned = TWO_SPLITS.replace(
      /tree\n([\s\S]*?)\n\n/,
      (_, header: string) => `tree\nfuture_key=1\n${header.split("\n").reverse().join("\n")}\n\n`,
    )
      .replace("version=v4", "version=v3")
      .replace("feature_names=x y", "feature_names=x=1 =")
      .replace("num_leaves=3", "num_leaves=3\nunknown_tree_key=a b c");
    const predictor = Predictor.parse(turned);
    expect(predictor.featureNames).toEqual(["x=1", "="]);
    expect(predictor.predict([0.9, 0.2])).toBe(8);
  });
  test("everything after end of trees is ignored", () => {
    expect(Predictor.parse(`${TWO_SPLITS}\nTree=7\nnonsense\npandas_categorical:[["a"]]\n`).predict([0.2, 0])).toBe(0);
  });
  test("no objective line: the output is the raw score", () => {
    expect(Predictor.parse(MISSING_AND_CONSTANT.replace(/objective=.*\n/, "")).predict([1, 2])).toBe(0.4375);
  });
  test.each([
    ["binary sigmoid:2", 1 / (1 + Math.exp(-16))],
    ["cross_entropy", 1 / (1 + Math.exp(-8))],
    ["regression sqrt", 64],
    ["poisson", Math.exp(8)],
    ["tweedie", Math.exp(8)],
    ["cross_entropy_lambda", Math.log1p(Math.exp(8))],
    ["huber", 8],
  ])("objective %s", (objective, output) => {
    expect(
      Predictor.parse(TWO_SPLITS.replace("objective=regression", `objective=${objective}`)).predict([0.9, 0.2]),
    ).toBe(output);
  });
});

describe("fuzz", () => {
  const models = goldenNames.map(goldenModel);
  const odd = fc.constantFrom(
    "0",
    "-1",
    "1",
    "999999999",
    "-999999999",
    "1e308",
    "nan",
    "inf",
    "",
    " ",
    "=",
    "\n",
    "\0",
    "\u{1f600}",
    "end of trees",
    "Tree=0",
    "tree",
    "0.1 0.2",
  );
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const edit = fc.oneof(
    fc.record({ kind: fc.constant("cut" as const), at: place }),
    fc.record({ kind: fc.constant("replaceToken" as const), at: place, by: odd }),
    fc.record({ kind: fc.constant("dropLine" as const), at: place }),
    fc.record({ kind: fc.constant("repeatLine" as const), at: place }),
    fc.record({ kind: fc.constant("flip" as const), at: place, by: fc.integer({ min: 0, max: 255 }) }),
    fc.record({ kind: fc.constant("swapLines" as const), at: place, other: place }),
  );
  const apply = (text: string, change: typeof edit extends fc.Arbitrary<infer T> ? T : never): string => {
    // Half of the text after "end of trees" is trainer settings; the trees are what matters.
    const trees = Math.max(1, text.indexOf("end of trees") + 20);
    const at = Math.floor(change.at * trees);
    if (change.kind === "cut") return text.slice(0, at);
    if (change.kind === "flip") return text.slice(0, at) + String.fromCharCode(change.by) + text.slice(at + 1);
    if (change.kind === "replaceToken") {
      const from = Math.max(text.lastIndexOf(" ", at), text.lastIndexOf("=", at)) + 1;
      const end = /[ \n]/.exec(text.slice(at))?.index ?? 0;
      return text.slice(0, from) + change.by + text.slice(at + end);
    }
    const lines = text.split("\n");
    const index = Math.floor(change.at * Math.max(1, lines.indexOf("end of trees")));
    if (change.kind === "dropLine") lines.splice(index, 1);
    else if (change.kind === "repeatLine") lines.splice(index, 0, lines[index]!);
    else {
      const other = Math.floor(change.other * lines.length);
      [lines[index], lines[other]] = [lines[other]!, lines[index]!];
    }
    return lines.join("\n");
  };
  const rows = [0, 1, -3.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300];

  test("a mutated model is refused with a clear error or gives a number for every row; never a crash, never a hang", () => {
    let refused = 0;
    let accepted = 0;
    fc.assert(
      fc.property(fc.nat(models.length - 1), fc.array(edit, { minLength: 1, maxLength: 3 }), (which, edits) => {
        const text = edits.reduce(apply, models[which]!);
        let predictor: Predictor;
        try {
          predictor = Predictor.parse(text);
        } catch (e) {
          expect(e).toBeInstanceOf(AppError);
          expect((e as AppError).code).toBe("MODEL_FILE");
          expect((e as AppError).message).toMatch(/^model file: .+: .+/);
          refused++;
          return;
        }
        accepted++;
        for (const value of rows) {
          const row = predictor.featureNames.map(() => value);
          expect(predictor.raw(row)).toBeTypeOf("number");
          try {
            expect(predictor.contributions(row)).toHaveLength(row.length + 1);
          } catch (e) {
            expect((e as AppError).code).toBe("MODEL_CONTRIBUTIONS");
          }
        }
      }),
      { numRuns: LONG ? 20_000 : 800 },
    );
    expect(refused).toBeGreaterThan(0);
    expect(accepted).toBeGreaterThan(0);
  });
  test("arbitrary text is refused", () => {
    fc.assert(
      fc.property(fc.string(), (text) => void refusal(text)),
      { numRuns: 300 },
    );
  });
});
