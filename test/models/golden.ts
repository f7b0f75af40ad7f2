// The golden vectors of test/fixtures/model: models, rows and what the LightGBM library itself answered.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { z } from "zod";

export const GOLDEN_DIR = fileURLToPath(new URL("../fixtures/model/", import.meta.url));

/** JSON numbers, and the words for what JSON cannot hold. */
const Double = z.union([
  z.number(),
  z
    .enum(["nan", "inf", "-inf"])
    .transform((word) => (word === "nan" ? Number.NaN : word === "inf" ? Infinity : -Infinity)),
]);
const Expected = z.object({ p: Double, raw: Double, contrib: z.array(Double).optional() });
const Ranges = z.record(
  z.string(),
  z.array(z.object({ start: z.number(), iterations: z.number(), raw: z.array(Double) })),
);

export const unzip = (name: string): string => gunzipSync(readFileSync(`${GOLDEN_DIR}${name}`)).toString("utf8");
export const goldenNames: readonly string[] = readdirSync(GOLDEN_DIR)
  .filter((file) => file.endsWith(".model.txt.gz"))
  .map((file) => file.slice(0, -".model.txt.gz".length));
export const goldenModel = (name: string): string => unzip(`${name}.model.txt.gz`);
export const goldenExpected = (name: string): z.infer<typeof Expected>[] =>
  unzip(`${name}.expected.jsonl.gz`)
    .trim()
    .split("\n")
    .map((line) => Expected.parse(JSON.parse(line)));
export const goldenRanges = Ranges.parse(JSON.parse(readFileSync(`${GOLDEN_DIR}ranges.json`, "utf8")));
