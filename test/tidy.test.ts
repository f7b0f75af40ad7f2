// What reviewers forget: which way imports point, the doors, leftovers, registration, one SQLite engine.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { registry } from "../handlers/registry.ts";
import { PROJECT_ROOT } from "../lib/io/paths.ts";
import { unusedExports, unusedInProject } from "./unusedExports.ts";

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
const markdownIn = (folder: string): readonly string[] =>
  readdirSync(join(PROJECT_ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
    .map((entry) => relative(PROJECT_ROOT, join(entry.parentPath, entry.name)));
const filesIn = (folder: string): readonly { readonly file: string; readonly text: string }[] =>
  walk(join(PROJECT_ROOT, folder)).map((path) => ({
    file: relative(PROJECT_ROOT, path),
    text: readFileSync(path, "utf8"),
  }));
const sources = SOURCE_FOLDERS.flatMap(filesIn);
const tests = filesIn("test");
/** Comments out, strings kept: a string literal is matched first, so that a comment's signs inside one end nothing. */
const withoutComments = (text: string): string =>
  text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm,
    (_, kept) => kept ?? "",
  );
/** What a file imports of ours: types and dynamic imports included, as paths from the project's root. */
const importsOf = (file: string, text: string): string[] =>
  [...withoutComments(text).matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)["'`](\.[^"'`]+)["'`]/g)].map((m) =>
    relative(PROJECT_ROOT, join(PROJECT_ROOT, file, "..", m[1] ?? "")),
  );
const graph: ReadonlyMap<string, readonly string[]> = new Map(
  sources.map(({ file, text }) => [file, importsOf(file, text)]),
);

/** One way through the graph that ends where it began, or undefined: depth-first, a node on the current path met again. */
const circleIn = (edges: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined => {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): readonly string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    path.push(node);
    for (const next of edges.get(node) ?? []) {
      const circle = visit(next);
      if (circle) return circle;
    }
    path.pop();
    done.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const circle = visit(node);
    if (circle) return circle;
  }
  return undefined;
};

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

/** Files at the top of handlers/ that are no handler. */
const TOP_FILES = ["main", "registry", "context", "jobs"];
/**
 * The floors of handlers/ and lib/sim/, highest first: a file imports from its own room or from a lower floor, never from
 * another room of its own floor and never upwards. "STEPS" are the handlers themselves.
 */
const HANDLER_FLOORS: readonly (readonly string[])[] = [
  ["main"],
  ["cli"],
  ["runtime"],
  ["registry"],
  ["STEPS"],
  ["telegram"],
  ["owner", "report"],
  ["protection", "risk"],
  ["reconciliation"],
  ["orders"],
  ["book"],
  ["proposals"],
  ["market"],
  ["context"],
  ["jobs"],
];
const SIM_FLOORS: readonly (readonly string[])[] = [
  ["server"],
  ["simulator"],
  ["store", "faults"],
  ["api"],
  ["engine"],
  ["market"],
];
const room = (folder: string, file: string): string => {
  const [first, second] = file.slice(folder.length).split("/");
  if (second !== undefined) return first!;
  const name = first!.replace(/\.ts$/, "");
  return folder === "handlers/" && !TOP_FILES.includes(name) ? "STEPS" : name;
};

/** Where a program begins, and files that no program reaches yet, each with its reason. */
const ENTRIES: ReadonlyMap<string, string> = new Map([
  ["handlers/main.ts", "the trader command"],
  ["models/train/main.ts", "npm run train"],
  ["lib/sim/market/bundle.ts", "run by hand with tsx: cuts the bundled replay data"],
  ["lib/io/gmo/archive.ts", "reader of GMO's public archive files; the history download will use it"],
]);

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

  test("no file imports itself by way of others, types and dynamic imports included", () => {
    expect(circleIn(graph)).toBeUndefined();
    // The search finds what it looks for.
    expect(
      circleIn(
        new Map([
          ["a", ["b"]],
          ["b", ["c", "d"]],
          ["c", []],
          ["d", ["b"]],
        ]),
      ),
    ).toEqual(["b", "d", "b"]);
  });

  test.each([
    ["handlers/", HANDLER_FLOORS],
    ["lib/sim/", SIM_FLOORS],
  ])("the rooms of %s point one way", (folder, floors) => {
    const inside = sources.filter(({ file }) => file.startsWith(folder));
    const floorOf = (name: string): number => floors.findIndex((rooms) => rooms.includes(name));
    expect(inside.filter(({ file }) => floorOf(room(folder, file)) < 0).map(({ file }) => file)).toEqual([]);
    const wrong = inside.flatMap(({ file }) =>
      (graph.get(file) ?? [])
        .filter((target) => target.startsWith(folder))
        .filter((target) => {
          const [from, to] = [room(folder, file), room(folder, target)];
          return from === to ? from === "STEPS" : floorOf(to) <= floorOf(from);
        })
        .map((target) => `${file} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test("every source file is reached from an entry point, or listed with its reason", () => {
    const reached = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const next of graph.get(file) ?? []) visit(next);
    };
    for (const { file } of sources) if (ENTRIES.has(file)) visit(file);
    expect(sources.map(({ file }) => file).filter((file) => !file.endsWith(".d.ts") && !reached.has(file))).toEqual([]);
    // An entry that another entry reaches, or that is gone, needs no row.
    const imported = new Set([...graph.values()].flat());
    expect([...ENTRIES.keys()].filter((file) => imported.has(file) || !graph.has(file))).toEqual([]);
  });

  test("every export is imported by another file", () => {
    expect(unusedInProject()).toEqual([]);
    // The search finds what it looks for.
    const declared = new Map([
      [
        "a.ts",
        "export const one = 1;\nexport const two = one;\nexport interface Three {}\nexport function* four() {}\n",
      ],
      [
        "b/b.ts",
        'import {\n  one,\n  type Three as T,\n} from "../a.ts";\n// export const five = one;\nexport class Six {}\n',
      ],
      ["c.ts", "export const seven = 7;\nexport const eight = 8;\n"],
      ["d.ts", "export const nine = 9;\n"],
    ]);
    const users = new Map([
      ["test/e.ts", 'const { } = (await import("../c.ts")).seven;\nimport * as d from "../d.ts";\n'],
    ]);
    expect(unusedExports(declared, users)).toEqual([
      { file: "a.ts", name: "two" },
      { file: "a.ts", name: "four" },
      { file: "b/b.ts", name: "Six" },
      { file: "c.ts", name: "eight" },
    ]);
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
    ["a proposal's end", /\bproposals\.settle\(/, ["handlers/proposals/endProposal.ts"]],
    ["a proposal's hash", /\bproposalHash\(/, ["handlers/proposals/makeProposal.ts"]],
    ["the halts table", /\bhalts\.(raise|clear)\b|[=(]\s*\w+\.halts\b(?!\.)/, ["db/halts.ts"]],
    ["the halts table's SQL", /\b(INSERT INTO|UPDATE|DELETE FROM) halts\b/i, ["db/tables/halts.ts"]],
    ["a time's type", /\bas EpochMs\b/, ["lib/core/time.ts"]],
    ["sloppy numbers", /\bparseFloat\(|\bz\.coerce\b/, []],
  ])("one door to %s", (_name, pattern, doors) => {
    const users = sources.filter(({ text }) => pattern.test(withoutComments(text))).map(({ file }) => file);
    expect(users.filter((file) => !(doors as readonly string[]).includes(file))).toEqual([]);
  });

  test("nothing is left over", () => {
    const words = new RegExp(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"].map((w) => `\\b${w}\\b`).join("|"));
    expect([...sources, ...tests].filter(({ text }) => words.test(text)).map(({ file }) => file)).toEqual([]);
    expect(
      sources.filter(({ text }) => /@ts-ignore|@ts-expect-error|\bas any\b/.test(text)).map(({ file }) => file),
    ).toEqual([]);
  });

  test("files stay readable: none beyond 400 lines, tests included", () => {
    expect(
      [...sources, ...tests]
        .filter(({ text }) => text.split("\n").length > 400)
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
  test("the top of handlers/ is the chain: one file a handler, and main, registry, context, jobs", () => {
    const top = sources.flatMap(({ file }) => /^handlers\/(\w+)\.ts$/.exec(file)?.[1] ?? []);
    expect(top.filter((name) => !TOP_FILES.includes(name)).sort()).toEqual([...registry.keys()].sort());
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

describe("the docs", () => {
  const pages = ["README.md", "README.ja.md", "CHANGELOG.md", ...markdownIn("docs"), "lib/sim/data/README.md"];
  /** `lib/core/{order,entry}.ts` is two paths. */
  const expanded = (path: string): readonly string[] => {
    const [, before = "", choices = "", after = ""] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(path) ?? [];
    return choices === ""
      ? [path]
      : choices.split(",").flatMap((choice) => expanded(`${before}${choice.trim()}${after}`));
  };
  /** The paths of ours between backticks; "…" and placeholders in capitals end a path at its last folder. */
  const pathsIn = (text: string): readonly string[] =>
    [...text.matchAll(/`[^`\n]+`/g)]
      .flatMap(([quoted]) => [
        ...quoted.matchAll(/(?<![\w./-])(?:handlers|lib|db|queue|models|test|docs)\/[\w\-./{},]*/g),
      ])
      .flatMap(([path]) => expanded(path.replace(/[.,]+$/, "")))
      .map((path) => path.replace(/(?<=\/)(?:[A-Z]+|\d{4}-)$/, ""));
  /** Targets of links inside the project, without their anchors. */
  const linksIn = (page: string, text: string): readonly string[] =>
    [...text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, target = ""]) => join(page, "..", target));

  test("every path of ours that the docs name exists", () => {
    const named = pages.flatMap((page) => {
      const text = readFileSync(join(PROJECT_ROOT, page), "utf8");
      return [...pathsIn(text), ...linksIn(page, text)].map((path) => ({ page, path }));
    });
    expect(named.length).toBeGreaterThan(100);
    const missing = named.filter(({ path }) => !existsSync(join(PROJECT_ROOT, path)));
    expect(missing.map(({ page, path }) => `${page}: ${path}`)).toEqual([]);
    // The search finds what it looks for.
    const sample =
      "`lib/core/{order,gone}.ts`, `handlers/main.ts`, /var/lib/x, `docs/decisions/0008-…`, `npx vitest test/x.ts`";
    expect(pathsIn(sample)).toEqual([
      "lib/core/order.ts",
      "lib/core/gone.ts",
      "handlers/main.ts",
      "docs/decisions/",
      "test/x.ts",
    ]);
  });

  test("a test file that the docs name without its folder exists", () => {
    const names = new Set(walk(join(PROJECT_ROOT, "test")).map((path) => basename(path)));
    const missing = pages.flatMap((page) =>
      [...readFileSync(join(PROJECT_ROOT, page), "utf8").matchAll(/`(\w+\.test\.ts)`/g)]
        .map(([, name = ""]) => name)
        .filter((name) => !names.has(name))
        .map((name) => `${page}: ${name}`),
    );
    expect(missing).toEqual([]);
  });
});
