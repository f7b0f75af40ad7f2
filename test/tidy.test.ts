// What reviewers forget: which way imports point, the doors, leftovers, registration, one SQLite engine.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { registry } from "../handlers/registry.ts";
import { PROJECT_ROOT } from "../lib/io/paths.ts";

const SOURCE_FOLDERS = ["handlers", "queue", "lib", "models", "db"] as const;
const walk = (dir: string): string[] =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "node_modules") return []; // The benchmark's rivals, where they are installed.
    return entry.isDirectory()
      ? walk(join(dir, entry.name))
      : entry.name.endsWith(".ts")
        ? [join(dir, entry.name)]
        : [];
  });
const sources = SOURCE_FOLDERS.flatMap((folder) => walk(join(PROJECT_ROOT, folder))).map((path) => ({
  file: relative(PROJECT_ROOT, path),
  text: readFileSync(path, "utf8"),
}));
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, "");
const importsOf = (file: string, text: string): string[] =>
  [...text.matchAll(/(?:from|import)\s+"(\.[^"]+)"/g)].map((m) =>
    relative(PROJECT_ROOT, join(PROJECT_ROOT, file, "..", m[1] ?? "")),
  );

/** Which folders a folder may import from, besides itself. */
const ARROWS: readonly (readonly [string, readonly string[]])[] = [
  ["lib/core/", ["lib/core/"]],
  ["lib/io/", ["lib/core/", "lib/io/"]],
  ["lib/sim/", ["lib/core/", "lib/io/", "lib/sim/"]],
  ["db/", ["lib/core/", "lib/io/", "db/"]],
  ["queue/", ["lib/core/", "lib/io/", "db/", "queue/"]],
  ["models/train/", ["lib/", "models/"]],
  ["models/", ["lib/core/", "lib/io/", "models/"]],
  ["handlers/", ["lib/", "db/", "queue/", "models/", "handlers/"]],
];

describe("the tree is the architecture", () => {
  test("imports point one way", () => {
    const wrong = sources.flatMap(({ file, text }) => {
      const allowed = ARROWS.find(([folder]) => file.startsWith(folder))?.[1] ?? [];
      return importsOf(file, text)
        .filter((target) => !allowed.some((folder) => target.startsWith(folder)))
        .map((target) => `${file} -> ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  test.each([
    ["the clock", /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/, ["lib/io/clock.ts"]],
    ["randomness", /\bMath\.random\(|\brandomBytes\(|\brandomUUID\(/, ["lib/io/random.ts"]],
    ["the environment", /\bprocess\.env\b/, ["handlers/main.ts", "models/train/main.ts"]],
    ["tulind", /"tulind"/, ["lib/core/indicators.ts", "lib/core/tulind.d.ts"]],
    ["SQLite", /from "better-sqlite3"/, ["lib/io/sqlite.ts"]],
    ["HTTP", /from "undici"/, ["lib/io/gmo/httpTransport.ts"]],
    ["telegraf", /"telegraf"/, ["lib/io/telegram/client.ts"]],
    ["the console", /\bconsole\./, []],
    ["sloppy numbers", /\bparseFloat\(|\bz\.coerce\b/, []],
  ])("one door to %s", (_name, pattern, doors) => {
    const users = sources.filter(({ text }) => pattern.test(withoutComments(text))).map(({ file }) => file);
    expect(users.filter((file) => !(doors as readonly string[]).includes(file))).toEqual([]);
  });

  test("nothing is left over", () => {
    const words = new RegExp(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"].map((w) => `\\b${w}\\b`).join("|"));
    const tests = walk(join(PROJECT_ROOT, "test")).map((path) => ({
      file: relative(PROJECT_ROOT, path),
      text: readFileSync(path, "utf8"),
    }));
    expect([...sources, ...tests].filter(({ text }) => words.test(text)).map(({ file }) => file)).toEqual([]);
    expect(
      sources.filter(({ text }) => /@ts-ignore|@ts-expect-error|\bas any\b/.test(text)).map(({ file }) => file),
    ).toEqual([]);
  });

  test("files stay readable: none beyond 450 lines", () => {
    expect(
      sources
        .filter(({ text }) => text.split("\n").length > 450)
        .map(({ file, text }) => `${file} ${text.split("\n").length}`),
    ).toEqual([]);
  });

  test("every file opens by saying what it is for", () => {
    expect(sources.filter(({ text }) => !/^(#!.*\n)?\/[/*]/.test(text)).map(({ file }) => file)).toEqual([]);
  });
});

describe("the chain", () => {
  const CARD =
    "fetchMarket computeFeatures predict filter notify awaitApproval execute placeProtectiveOrders dailyReport".split(
      " ",
    );
  test.each([...CARD, "watchPosition", "labelSignals", "reconcile"])(
    "%s is a handler in a file of its own and registered",
    (name) => {
      expect(registry.get(name)?.name).toBe(name);
      expect(existsSync(join(PROJECT_ROOT, "handlers", `${name}.ts`))).toBe(true);
    },
  );
  test("every handler file is registered", () => {
    const files = sources.filter(({ text }) => /: AppHandler<\w+> = \{/.test(text)).map(({ file }) => file);
    expect(files).toHaveLength(registry.size);
  });
});

describe("what is installed", () => {
  const lock = readFileSync(join(PROJECT_ROOT, "package-lock.json"), "utf8");
  test("invariant 22: exactly one SQLite engine", () => {
    expect(lock).not.toContain('"node_modules/sqlite3"');
    expect(lock.match(/"node_modules\/better-sqlite3"/g)).toHaveLength(1);
  });
  test("the lock file names no download address", () => {
    expect(lock).not.toMatch(/"resolved": "http/);
  });
});
