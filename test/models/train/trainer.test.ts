import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../lib/io/random.ts";
import { Predictor } from "../../../models/predictor.ts";
import { findTrainer, trainModelText } from "../../../models/train/trainer.ts";

const trainer = findTrainer(process.env["LIGHTGBM_BIN"], process.env["XDG_CACHE_HOME"]);
const missing = !existsSync(trainer);
if (missing)
  process.stdout.write("The LightGBM trainer is not built (models/train/build-trainer.sh): its tests are skipped.\n");

const random = seededRandom("trainer");
const values = Array.from({ length: 600 }, () => [random.next(), random.next()]);
const labels = values.map(([x, y]) => (x! + 0.3 * y! + 0.2 * random.next() > 0.75 ? 1 : 0));
const parameters = {
  objective: "binary",
  num_iterations: 12,
  num_leaves: 5,
  min_data_in_leaf: 10,
  deterministic: "true",
  force_row_wise: "true",
  seed: 3,
  verbosity: -1,
};

describe("the trainer as a child process", () => {
  test("a trainer that is not there is said so, with what to do", async () => {
    await expect(trainModelText("/nowhere/lightgbm", ["x", "y"], parameters, { values, labels })).rejects.toMatchObject(
      {
        code: "TRAINER_MISSING",
        message: expect.stringMatching(/\/nowhere\/lightgbm.*build-trainer\.sh or set LIGHTGBM_BIN/),
      },
    );
  });
  test("a trainer that fails is an error with its code", async () => {
    await expect(trainModelText("false", ["x", "y"], parameters, { values, labels })).rejects.toMatchObject({
      code: "TRAINER_FAILED",
      message: expect.stringMatching(/ended with code 1/),
    });
  });
  test("LIGHTGBM_BIN wins over the cache", () => {
    expect(findTrainer("/opt/lightgbm", "/tmp")).toBe("/opt/lightgbm");
    expect(findTrainer(undefined, "/nowhere")).toBe("lightgbm");
  });
  test.skipIf(missing)("trains the same bytes twice, and the model has learned", async () => {
    const first = await trainModelText(trainer, ["x", "y"], parameters, { values, labels });
    expect(await trainModelText(trainer, ["x", "y"], { ...parameters, num_threads: 1 }, { values, labels })).toBe(
      first.replace(/\[num_threads: \d+\]/, "[num_threads: 1]"),
    );
    const predictor = Predictor.parse(first);
    expect(predictor.featureNames).toEqual(["x", "y"]);
    expect(predictor.predict([0.95, 0.9])).toBeGreaterThan(0.8);
    expect(predictor.predict([0.1, 0.1])).toBeLessThan(0.2);
  });
  test.skipIf(missing)("the library's complaint reaches the reader", async () => {
    const bad = { ...parameters, objective: "astrology" };
    await expect(trainModelText(trainer, ["x", "y"], bad, { values, labels })).rejects.toThrow(/astrology/);
  });
});
