import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { registerPredict } from "../../../../handlers/cli/tools/predict.ts";
import { AppError, UsageError } from "../../../../lib/core/errors.ts";
import { GOLDEN_DIR, goldenExpected, goldenModel, unzip } from "../../../models/golden.ts";
import { MISSING_AND_CONSTANT } from "../../../models/handModels.ts";

let dir: string;
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
};
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "cryptotrader-predict-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Runs the command; what it printed, one entry per line. */
const predict = (...args: string[]): string[] => {
  const printed: string[] = [];
  const program = new Command("trader").exitOverride();
  registerPredict(program, { out: (text) => printed.push(...text.split("\n")) });
  try {
    program.parse(["predict", ...args, "--json"], { from: "user" });
  } catch (e) {
    expect(printed, "nothing is printed half-way").toEqual([]);
    throw e;
  }
  return printed;
};
const failure = (...args: string[]): Error => {
  try {
    predict(...args);
  } catch (e) {
    return e as Error;
  }
  return expect.fail("expected the command to fail");
};
const hand = (csv: string, ...args: string[]): string[] =>
  predict("--model", file("hand.txt", MISSING_AND_CONSTANT), "--csv", file("hand.csv", csv), ...args);
const handFailure = (csv: string): Error =>
  failure("--model", file("hand.txt", MISSING_AND_CONSTANT), "--csv", file("hand.csv", csv));

describe("trader predict", () => {
  test("prints the library's own answers for a golden model, exactly", () => {
    const lines = predict(
      "--model",
      `${GOLDEN_DIR}binary.model.txt.gz`,
      "--csv",
      `${GOLDEN_DIR}binary.rows.csv.gz`,
      "--raw",
      "--contrib",
    );
    const expected = goldenExpected("binary");
    expect(lines).toHaveLength(expected.length);
    for (const [i, line] of lines.entries()) {
      const found = JSON.parse(line) as { p: number; raw: number; contrib: number[] };
      expect(found.raw).toBe(expected[i]!.raw);
      expect(found.contrib).toEqual(expected[i]!.contrib);
      expect(Math.abs(found.p - expected[i]!.p)).toBeLessThan(3e-16);
    }
  });
  test("p always, raw and contrib on request, in that order", () => {
    expect(hand("a,b\n1,2\n")).toEqual(['{"p":0.6076631698328917}']);
    expect(hand("a,b\n1,2\n", "--raw")).toEqual(['{"p":0.6076631698328917,"raw":0.4375}']);
    expect(hand("a,b\n1,2\n", "--contrib")).toEqual(['{"p":0.6076631698328917,"contrib":[-0.21875,0.28125,0.375]}']);
  });
  test("columns by name, nan and infinities in any case, spaces, CRLF and a byte order mark in the CSV", () => {
    const straight = hand("a,b\nnan,-1\n3,NaN\ninf,-inf\n", "--raw");
    expect(hand("\ufeffb, a\r\n-1,NAN\r\nnan, 3\r\n-INF,+Inf\r\n", "--raw")).toEqual(straight);
    // Row 3: a goes right, b left (-0.5); b left again (-0.125); the constant tree (0.0625).
    expect(straight.map((line) => (JSON.parse(line) as { raw: number }).raw)).toEqual([0.1875, 0.6875, -0.5625]);
  });
  test("start and iterations are clamped as the library does", () => {
    const raws = (...args: string[]) =>
      hand("a,b\n1,2\n", "--raw", ...args).map((line) => (JSON.parse(line) as { raw: number }).raw);
    expect(raws("--start", "1")).toEqual([0.1875]);
    expect(raws("--start", "-5", "--iterations", "1")).toEqual([0.25]);
    expect(raws("--start", "1", "--iterations", "1")).toEqual([0.125]);
    expect(raws("--iterations", "0")).toEqual([0.4375]);
    expect(raws("--start", "99")).toEqual([0]);
  });
  test("gzip is recognised by content, in both files", () => {
    const model = file("zipped-model", gzipSync(MISSING_AND_CONSTANT));
    const csv = file("zipped-rows", gzipSync("a,b\n1,2\n"));
    expect(predict("--model", model, "--csv", csv)).toEqual(['{"p":0.6076631698328917}']);
  });
  test("a result that JSON cannot hold is null", () => {
    const model = file("linear.txt", goldenModel("linear"));
    const lines = predict("--model", model, "--csv", file("linear.csv", unzip("linear.rows.csv.gz")), "--raw");
    const expected = goldenExpected("linear");
    expect(lines.map((line) => (JSON.parse(line) as { raw: number | null }).raw)).toEqual(
      expected.map(({ raw }) => (Number.isFinite(raw) ? raw : null)),
    );
    expect(expected.some(({ raw }) => !Number.isFinite(raw))).toBe(true);
  });
  test("a header without rows prints nothing", () => expect(hand("a,b\n")).toEqual([]));
});

describe("bad input: one clear error, nothing printed", () => {
  test.each<[string, string, RegExp]>([
    [
      "a feature missing",
      "a,c\n1,2\n",
      /line 1: expected the model's 2 feature names.*missing: "b".*not in the model: "c"/,
    ],
    ["a column too many", "a,b,c\n1,2,3\n", /not in the model: "c"/],
    ["a repeated column", "a,b,a\n1,2,3\n", /repeated: "a"/],
    ["no header", "1,2\n3,4\n", /missing: "a", "b"/],
    ["an empty file", "", /line 1: expected a header/],
    ["a ragged row after good ones", "a,b\n1,2\n3\n", /line 3: expected 2 values, found 1/],
    ["an empty line in the middle", "a,b\n1,2\n\n3,4\n", /line 3: expected 2 values, found an empty line/],
    ["an empty cell", "a,b\n1,\n", /line 2, column "b": expected a number, nan, inf or -inf, found nothing/],
    ["a word", "a,b\n1,null\n", /column "b": expected a number.*found "null"/],
    ["hexadecimal", "a,b\n0x10,1\n", /column "a".*found "0x10"/],
    ["a number too large for a double", "a,b\n1e999,1\n", /column "a".*found "1e999"/],
  ])("%s", (_, csv, message) => {
    const e = handFailure(csv);
    expect(e).toBeInstanceOf(AppError);
    expect((e as AppError).code).toBe("FEATURE_TABLE");
    expect(e.message).toMatch(message);
  });
  test("a missing model, a missing CSV, a damaged gzip", () => {
    const csv = file("ok.csv", "a,b\n1,2\n");
    expect(failure("--model", join(dir, "none.txt"), "--csv", csv).message).toMatch(
      /none\.txt: expected a readable LightGBM text model/,
    );
    expect(failure("--model", file("m.txt", MISSING_AND_CONSTANT), "--csv", join(dir, "none.csv")).message).toMatch(
      /none\.csv: expected a readable CSV/,
    );
    const cut = gzipSync(MISSING_AND_CONSTANT).subarray(0, 100);
    expect(failure("--model", file("cut.gz", cut), "--csv", csv).message).toMatch(/cut\.gz: expected a readable/);
    expect(failure("--model", file("binary.bin", new Uint8Array([0xff, 0xfe, 0x00])), "--csv", csv).message).toMatch(
      /binary\.bin/,
    );
  });
  test("a damaged model names the file, the tree and the key", () => {
    const damaged = MISSING_AND_CONSTANT.replace("threshold=2.5 0.5", "threshold=2.5");
    const e = failure("--model", file("damaged.txt", damaged), "--csv", file("ok.csv", "a,b\n1,2\n"));
    expect(e.message).toMatch(/damaged\.txt: model file: tree 0, threshold: expected 2 values, found 1/);
  });
  test("contributions of a linear model: refused with the word linear", () => {
    const e = failure(
      "--model",
      `${GOLDEN_DIR}linear.model.txt.gz`,
      "--csv",
      `${GOLDEN_DIR}linear.rows.csv.gz`,
      "--contrib",
    );
    expect(e.message).toMatch(/linear/);
  });
  test("--start that is no whole number is wrong use", () => {
    const e = failure(
      "--model",
      file("m.txt", MISSING_AND_CONSTANT),
      "--csv",
      file("ok.csv", "a,b\n1,2\n"),
      "--start",
      "1.5",
    );
    expect(e).toBeInstanceOf(UsageError);
  });
});
