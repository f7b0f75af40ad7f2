// What every command prints with --json, held against docs/json.md: form, keys, times, durations. A command or a shape without
// its row on that page fails, and so does a command that is not run here.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { openDatabase } from "../../../db/open.ts";
import { META } from "../../../db/tables/meta.ts";
import { COMMANDS } from "../../../handlers/cli/commands.ts";
import { registerSimulator } from "../../../handlers/cli/tools/simulator.ts";
import { storeRules } from "../../../handlers/market/storedRules.ts";
import { databasePath } from "../../../handlers/runtime/stateFolder.ts";
import { defaultConfig, SETTINGS } from "../../../lib/core/config.ts";
import { eventId } from "../../../lib/core/events.ts";
import { epochMs, MINUTE_MS, parseInstant } from "../../../lib/core/time.ts";
import { PROJECT_ROOT } from "../../../lib/io/paths.ts";
import { SYMBOL_RULES } from "../../../lib/sim/engine/symbolRules.ts";
import { startTrader, tempFolder, traderHere } from "../../e2e/trader.ts";
import { MISSING_AND_CONSTANT } from "../../models/handModels.ts";
import { World } from "../../sim/world.ts";
import { baseOf, keysOf, shapeNames, shapeOf } from "./jsonShapes.ts";

const page = readFileSync(join(PROJECT_ROOT, "docs/json.md"), "utf8");
type Form = "one" | "list" | "lines";
/** Of the page: each command and the form of what it prints. */
const documented = new Map(
  [...page.matchAll(/^\| `([a-z -]+)` \| (one|list|lines) \|/gm)].map(([, name = "", form]) => [name, form as Form]),
);

const worlds: World[] = [];
const home = tempFolder();
/** `busy`: a trade with a position, a job that runs, a dead one, halts, alerts. `asked`: a proposal waits. `empty`: no rows. */
const folders = { busy: "", asked: "", replay: join(home, "replay"), empty: join(home, "empty") };
let dead = 0;
let proposal = "";

/** Stands still at the world's time for commands that look at it from outside. */
const stopClock = (w: World): string => {
  w.db.transaction((tx) => tx.meta.set(META.virtualNowMs, String(w.nowMs)));
  return w.dir;
};
const begin = (): World => {
  const w = new World({ btc: (s) => s.to(9_998_000, 2).flat(200) });
  worlds.push(w);
  return w;
};
const BTC_RULES = SYMBOL_RULES.find((rules) => rules.symbol === "BTC_JPY")!;
/** A world whose owner has been asked; its folder and the proposal's id. */
const asked = async (): Promise<{ readonly dir: string; readonly id: string }> => {
  const w = begin();
  const { id } = w.propose();
  await w.advance(0.5);
  w.db.transaction((tx) => storeRules(tx, BTC_RULES));
  return { dir: stopClock(w), id };
};

beforeAll(async () => {
  const w = begin();
  w.approve();
  await w.advance(4);
  const atMs = w.nowMs;
  dead = w.store.enqueue({ name: "reconcile", key: "dies", input: {} }).id;
  const error = JSON.stringify({ verdict: "permanent", code: "BROKEN", message: "it broke" });
  w.db.sql
    .prepare("UPDATE jobs SET state = 'dead', attempts = 1, error = ?, finished_ms = ? WHERE id = ?")
    .run(error, atMs, dead);
  w.db.sql
    .prepare("INSERT INTO workers (boot_id, pid, host, started_ms, heartbeat_ms) VALUES ('b', 1, 'h', ?, ?)")
    .run(atMs, atMs);
  const runs = w.store.enqueue({ name: "checkApi", key: "runs", input: {} }).id;
  w.db.sql
    .prepare(
      "UPDATE jobs SET state = 'running', attempts = 1, fence = 1, worker = 'b', lease_until_ms = ? WHERE id = ?",
    )
    .run(atMs + MINUTE_MS, runs);
  const attempt = w.db.sql.prepare(
    "INSERT INTO attempts (job_id, attempt, fence, worker, started_ms, ended_ms, outcome, error) VALUES (?, 1, 1, 'b', ?, ?, ?, ?)",
  );
  attempt.run(runs, atMs, null, null, null);
  attempt.run(dead, atMs, atMs + 5, "dead", error);
  w.db.transaction((tx) => {
    tx.halts.raise({ kind: "pause", reason: "holiday", atMs });
    tx.halts.raise({ kind: "loss-day", reason: "limit", atMs, untilMs: epochMs(atMs + MINUTE_MS) });
    tx.alerts.raise({ key: "excess:1", severity: "critical", text: "more\nthan meant", atMs });
    tx.alerts.raise({ key: "api", severity: "warning", text: "away", atMs });
    tx.meta.set(META.mode, "paper");
  });
  folders.busy = stopClock(w);
  const one = await asked();
  folders.asked = one.dir;
  proposal = one.id;
  openDatabase(databasePath(folders.empty)).close();
  writeFileSync(join(home, "model.txt"), MISSING_AND_CONSTANT);
  writeFileSync(join(home, "rows.csv"), "a,b\n1,2\nnan,2\n");
  writeFileSync(
    join(home, "events.csv"),
    "time_utc,currency,importance,title,window_minutes\n2099-07-30T18:00:00Z,USD,high,FOMC,90\n",
  );
  writeFileSync(
    join(home, "reply.json"),
    '{"status":0,"data":{"status":"OPEN"},"responsetime":"2025-08-12T12:00:00.000Z"}',
  );
}, 120_000);
afterAll(() => {
  for (const w of worlds.splice(0)) w.close();
});

/** Keys whose values are stored JSON, or the connector's own form: their times are epoch milliseconds. */
const AS_STORED = new Set(["input", "data", "value"]);
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const isTimeKey = (key: string): boolean => key === "at" || /[a-z]At$/.test(key);
/** Text for a person, which may name a time. */
const PROSE = new Set(["found", "text", "reason", "message"]);
/** An epoch time of this century in seconds is below, a duration of ten years in milliseconds above it. */
const EPOCH_MS = 1e12;
const problemsIn = (value: unknown, key = "", path = ""): readonly string[] => {
  if (Array.isArray(value)) return value.flatMap((each, i) => problemsIn(each, key, `${path}[${i}]`));
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([name, inner]) =>
      AS_STORED.has(name) && key !== "gates" ? [] : problemsIn(inner, name, `${path}.${name}`),
    );
  const problem = `${path}: ${JSON.stringify(value)}`;
  if (isTimeKey(key)) return value === null || ISO.test(String(value)) ? [] : [problem];
  if (typeof value === "string") return !PROSE.has(key) && /^\d{4}-\d\d-\d\dT/.test(value) ? [problem] : [];
  if (/Ms$/.test(key)) return value === null || (typeof value === "number" && value < EPOCH_MS) ? [] : [problem];
  if (/(Seconds|Minutes|Hours)$/.test(key)) return [problem];
  return typeof value === "number" && Math.abs(value) >= EPOCH_MS ? [problem] : [];
};

/** The values of what a command printed, and that it has the form. */
const parsed = (form: Form, stdout: string): readonly unknown[] => {
  if (form === "lines")
    return stdout.split("\n").map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
  const value: unknown = JSON.parse(stdout);
  return form === "list" ? z.array(z.unknown()).parse(value) : [z.record(z.string(), z.unknown()).parse(value)];
};
const expectShapes = (values: readonly unknown[], names: readonly string[]): void => {
  expect(problemsIn(values)).toEqual([]);
  for (const value of values) {
    const results = names.map((name) => shapeOf(name).safeParse(value));
    const [first] = results;
    if (results.some((r) => r.success)) continue;
    expect(first?.error?.issues, JSON.stringify(value)).toEqual([]);
  }
};

type Run = readonly [command: string, shape: string, words: (folder: typeof folders) => string];
const row = (command: string, shape: string, words: Run[2] = () => ""): Run => [command, shape, words];
/** Command, the shape of each value, and the words behind it. The state folder is `busy` unless the words name another. */
const RUNS: readonly Run[] = [
  row("enqueue", "enqueued", () => `reconcile {} --key json`),
  row("enqueue", "waited", () => `reconcile {} --key json --wait 0.05`),
  row("jobs list", "job"),
  row("jobs show", "job page", () => `${dead}`),
  row("jobs show", "job page", (f) => `1 --var ${f.asked}`),
  row("jobs stats", "job stats"),
  row("jobs watch", "queue frame", () => "--once"),
  row("jobs retry", "job", () => `${dead}`),
  row("jobs cancel", "job", () => `${dead}`),
  row("jobs prune", "pruned", () => "--dry-run"),
  row("jobs prune", "pruned", () => "--vacuum"),
  row("schedules list", "schedule row", (f) => `--var ${f.replay}`),
  row("schedules run", "schedule run", (f) => `dailyReport --var ${f.replay}`),
  row("schedules pause", "schedule pause", (f) => `dailyReport --var ${f.replay}`),
  row("schedules resume", "schedule pause", (f) => `dailyReport --var ${f.replay}`),
  row("orders", "order", () => "--all"),
  row("positions", "position"),
  row("trades", "trade"),
  row("trades", "trade", (f) => `--var ${f.replay}`),
  row("halts", "halt", () => "--all"),
  row("signals", "signal", (f) => `--var ${f.replay}`),
  row("why", "signal", (f) => `--var ${f.replay}`),
  row("status", "status"),
  row("status", "status", (f) => `--var ${f.asked}`),
  row("alerts", "alert"),
  row("alerts seen", "alert seen", () => "excess:1"),
  row("report", "report", (f) => `--var ${f.replay} --day 2025-08-12`),
  row("events import", "events import", () => join(home, "events.csv")),
  row("events list", "economic event", () => "--from 2099-01-01 --to 2100-01-01"),
  row("events remove", "events removed", () =>
    eventId({ atMs: parseInstant("2099-07-30T18:00:00Z"), currency: "USD", title: "FOMC" }),
  ),
  row("predict", "prediction", () => `--model ${home}/model.txt --csv ${home}/rows.csv --raw --contrib`),
  row("doctor", "doctor"),
  row("backup", "backup", () => join(home, "copy.db")),
  row("restore", "restore", (f) => `${home}/copy.db --var ${f.empty}2`),
  row("gmo kinds", "reply kind", () => ""),
  row("audit verify", "audit verification"),
  row("audit list", "audit event"),
  row("approve", "proposal", (f) => `${proposal} --var ${f.asked}`),
  row("pause", "owner command", () => "--no-wait"),
  row("stop", "owner command", () => "--no-wait"),
  row("panic", "owner command", () => "--no-wait --yes"),
  row("resume", "owner command", () => "--no-wait"),
  row("close", "owner command", () => "1 --no-wait"),
  row("reject-all", "owner command", () => "--no-wait"),
  row("adopt", "owner command", () => "270010001 --no-wait"),
];
/** Commands with a test of their own: below, the last two in trading/ownerCommands.test.ts (they need a moved stop). */
const OWN_TEST = [
  ...["start", "worker", "simulator", "config", "gmo decode", "modify", "reject", "jobs discard"],
  ...["keep-stop", "restore-stop", "rehearse"],
];
const NO_FOLDER = ["predict", "gmo kinds"];

describe("the page", () => {
  test("has a row for every command with --json, every last subcommand has it, and each is run here", async () => {
    const program = new Command("trader");
    const refuse = (): never => expect.fail("nothing is run here");
    const deps = { config: defaultConfig, out: refuse, err: refuse, open: refuse, look: refuse, create: refuse };
    for (const { register } of COMMANDS) await register(program, deps);
    const all = (command: Command, path: string): readonly (readonly [string, Command])[] =>
      command.commands.flatMap((sub) => {
        const name = `${path} ${sub.name()}`.trim();
        return [[name, sub] as const, ...all(sub, name)];
      });
    const commands = all(program, "");
    const withJson = commands.filter(([, c]) => c.options.some((o) => o.long === "--json")).map(([name]) => name);
    expect(commands.filter(([name, c]) => c.commands.length === 0 && !withJson.includes(name))).toEqual([]);
    expect([...documented.keys()].sort()).toEqual([...withJson].sort());
    expect([...new Set([...RUNS.map(([name]) => name), ...OWN_TEST])].sort()).toEqual([...withJson].sort());
  });
  test("names every shape, in order", () => {
    expect([...page.matchAll(/^### (.+)$/gm)].map(([, name]) => name)).toEqual(shapeNames);
  });
  test.each(shapeNames)("lists the keys of %s with their values", (name) => {
    const section = page.split(/^### /m).find((text) => text.startsWith(`${name}\n`)) ?? "";
    const rows = [...section.matchAll(/^\| `([^`]+)` \| (.+?) \| .+ \|$/gm)].map(([, path, value = ""]) => ({
      path,
      value: value.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, "$1"),
    }));
    expect(rows).toEqual(keysOf(name));
    const base = baseOf(name);
    if (base !== undefined) expect(section).toContain(`The keys of [${base}](#${base.replaceAll(" ", "-")}), and:`);
  });
});

describe("the commands", () => {
  beforeAll(async () => {
    const words = ["start", "--from", "2025-08-11T21:00:00Z", "--days", "1", "--var", folders.replay, "--json"];
    const ended = await traderHere(words);
    expect(ended.code).toBe(0);
    const values = parsed("lines", ended.stdout);
    expectShapes(values.slice(0, -1), ["replay event", "replay report"]);
    expectShapes(values.slice(-1), ["replay summary"]);
    expect(values.length).toBeGreaterThan(20);
  }, 120_000);

  test.each(RUNS)("trader %s prints %s", async (name, shape, words) => {
    const given = words(folders)
      .split(" ")
      .filter((word) => word !== "");
    const folder = NO_FOLDER.includes(name) || given.includes("--var") ? [] : ["--var", folders.busy];
    const ended = await traderHere([...name.split(" "), ...given, ...folder, "--json"]);
    // A wait that ends before its job, and a doctor on this machine, may fail: their object is printed all the same.
    if (!["waited", "doctor"].includes(shape)) expect(`${ended.code} ${ended.stderr}`).toMatch(/^0/);
    const values = parsed(documented.get(name) ?? "one", ended.stdout);
    expect(values).not.toEqual([]);
    expectShapes(values, [shape]);
  });
  test.each(["modify", "reject"])("trader %s prints the proposal", async (name) => {
    const { dir, id } = await asked();
    const words = name === "modify" ? ["--size", "0.002"] : [];
    const ended = await traderHere([name, id, ...words, "--var", dir, "--json"]);
    expect(`${ended.code} ${ended.stderr}`).toBe("0 ");
    const [value] = parsed("one", ended.stdout);
    expectShapes([value], ["proposal"]);
    expect(value).toMatchObject(
      name === "modify" ? { supersedes: id, size: 0.002, answer: null } : { id, state: "rejected" },
    );
  });
  test("several ids give a list, in the order given; an unknown one has its code", async () => {
    const ended = await traderHere(["jobs", "discard", String(dead), "999", "--var", folders.busy, "--json"]);
    expect(ended.code).toBe(2);
    const values = parsed("list", ended.stdout);
    expectShapes(values, ["changed job"]);
    expect(values).toMatchObject([{ id: dead }, { id: 999, ok: false, code: "JOB_NOT_FOUND", job: null }]);
  });
  test("config has a key per setting", async () => {
    const [value] = parsed("one", (await traderHere(["config", "--json"])).stdout);
    expect(Object.keys(value ?? {})).toEqual(Object.keys(SETTINGS));
  });
  test("gmo decode keeps the connector's form", async () => {
    const ended = await traderHere(["gmo", "decode", "public/status", join(home, "reply.json"), "--json"]);
    expect(parsed("one", ended.stdout)).toMatchObject([{ ok: true, kind: "public/status" }]);
  });
  test("simulator prints one object when it listens", async () => {
    const out: string[] = [];
    const program = new Command("trader").exitOverride();
    registerSimulator(program, {
      out: (text) => void out.push(text),
      err: () => {},
      interruption: () => ({ signal: AbortSignal.abort(), release: () => {} }),
    });
    await program.parseAsync(["simulator", "--json"], { from: "user" });
    expectShapes(parsed("one", out.join("\n")), ["simulator"]);
  });
  test("worker prints an object a line", async () => {
    const env = { GMO_PUBLIC_URL: "http://127.0.0.1:9" };
    const running = startTrader(["worker", "--var", "var", "--json"], { env });
    await running.saying('"started"');
    running.child.kill("SIGTERM");
    const values = parsed("lines", (await running.ended).stdout.trim());
    const names = ["worker started", "worker message", "worker health", "worker stopping", "worker stopped"];
    expectShapes(values, names);
    expect(values.at(-1)).toMatchObject({ event: "stopped" });
  });

  test.each([...documented].filter(([name, form]) => form === "list" && name !== "gmo kinds").map(([name]) => name))(
    "trader %s of an empty database prints []",
    async (name) => {
      const ended = await traderHere([...name.split(" "), "--var", folders.empty, "--json"]);
      expect([ended.code, ended.stdout]).toEqual([0, "[]"]);
    },
  );
});
