// The command line as a person or a script meets it: exit codes, one clear error, nothing half-done.
import { chmodSync, existsSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../db/open.ts";
import { COMMANDS } from "../../handlers/cli/commands.ts";
import { registry } from "../../handlers/registry.ts";
import { realClock } from "../../lib/io/clock.ts";
import { deadJobAlert, JobStore } from "../../queue/store.ts";
import { lastJson, tempFolder, trader, traderHere } from "./trader.ts";

describe("trader", () => {
  test("--help lists every command, each once and in order, and each module brings the commands it is loaded for", async () => {
    const listed = (await traderHere(["--help"])).stdout.matchAll(/^ {2}([a-z][a-z-]+)\b.*(?: {2}|$)/gm);
    const names = COMMANDS.flatMap((module) => module.names);
    expect([...listed].map(([, name]) => name)).toEqual([...names, "help"]);
    for (const name of names) {
      const ended = await traderHere([name, "--help"]);
      expect([ended.code, ended.stdout.split("\n")[0]]).toEqual([0, expect.stringContaining(`Usage: trader ${name}`)]);
    }
  });
  test("--help and --version end with 0", async () => {
    expect((await trader(["--help"])).code).toBe(0);
    expect((await trader(["--version"])).stdout).toMatch(/^2\./);
  });
  test.each([
    ["no command", [], 2, /Usage|usage/],
    ["an unknown command", ["strat"], 2, /unknown command/],
    ["an unknown job name", ["enqueue", "fetchMarkte", "{}", "--var", "v"], 2, /fetchMarkte[\s\S]*fetchMarket/],
    ["bad JSON", ["enqueue", "reconcile", "{not json", "--var", "v"], 2, /JSON/],
    ["input of the wrong shape", ["enqueue", "fetchMarket", '{"symbol":"DOGE"}', "--var", "v"], 2, /symbol/],
    ["a bad time", ["enqueue", "reconcile", "{}", "--at", "tomorrow", "--var", "v"], 2, /ISO-8601/],
    ["an unknown job id", ["jobs", "show", "999", "--var", "v"], 2, /DB_MISSING|999/],
    ["no database", ["status", "--var", "nowhere"], 2, /DB_MISSING/],
    ["an unknown proposal", ["approve", "nothing", "--var", "nowhere"], 2, /DB_MISSING/],
    ["a missing model file", ["predict", "--model", "no.txt", "--csv", "no.csv", "--json"], 2, /no\.txt/],
  ])("%s is one clear error", async (_name, args, code, message) => {
    const dir = tempFolder();
    const ended = await traderHere(args.map((arg) => (["v", "nowhere"].includes(arg) ? join(dir, arg) : arg)));
    expect(ended.stderr + ended.stdout).toMatch(message);
    expect(ended.stderr).not.toMatch(/unexpected failure|\n\s+at /);
    expect(ended.code).toBe(code);
  });

  test("a refused enqueue leaves no job behind, a good one is there and only once", async () => {
    const v = join(tempFolder(), "v");
    await traderHere(["enqueue", "nope", "{}", "--var", v]);
    const first = lastJson<{ id: number; created: boolean }>(
      await traderHere(["enqueue", "reconcile", "{}", "--key", "k", "--var", v, "--json"]),
    );
    const second = lastJson<{ id: number; created: boolean }>(
      await traderHere(["enqueue", "reconcile", "{}", "--key", "k", "--var", v, "--json"]),
    );
    expect([first.created, second.created, second.id]).toEqual([true, false, first.id]);
    const jobs = lastJson<{ name: string; state: string }[]>(await traderHere(["jobs", "list", "--var", v, "--json"]));
    expect(jobs).toHaveLength(1);
    expect(jobs[0]).toMatchObject({ name: "reconcile", state: "ready" });
    const shown = lastJson<Record<string, unknown>>(
      await traderHere(["jobs", "show", String(first.id), "--var", v, "--json"]),
    );
    expect(shown).toHaveProperty("attempts");
    expect((await traderHere(["jobs", "cancel", String(first.id), "--var", v, "--json"])).code).toBe(0);
    expect((await traderHere(["jobs", "stats", "--var", v, "--json"])).code).toBe(0);
  });

  test("config prints every setting; a .env others can read is refused", async () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, ".env"), "MAX_DAILY_TRADES=2\n", { mode: 0o600 });
    const config = lastJson<Record<string, unknown>>(await trader(["config", "--json"], { cwd }));
    expect(config["MAX_DAILY_TRADES"]).toBe(2);
    chmodSync(join(cwd, ".env"), 0o644);
    const ended = await trader(["config"], { cwd });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/chmod 600/);
  });

  test("a mistyped name in .env is refused with the name that was meant", async () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, ".env"), "MAX_DAILY_TRADS=1\n", { mode: 0o600 });
    const ended = await trader(["config"], { cwd });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/MAX_DAILY_TRADS.*MAX_DAILY_(TRADES|LOSS)/);
  });

  test("truth 14: lines of .env that would be dropped are refused by number; an empty variable does not beat the file", async () => {
    const cwd = tempFolder();
    const write = (text: string) => writeFileSync(join(cwd, ".env"), text, { mode: 0o600 });
    write("MAX_DAILY_TRADES=2\nMAX_DAILY_LOSS_PCT: 0.01\nMAX_DAILY_TRADES=1\n");
    const ended = await trader(["config"], { cwd });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/line 2: .*MAX_DAILY_LOSS_PCT followed by ":"[\s\S]*line 3: .*MAX_DAILY_TRADES again/);
    write("MAX_DAILY_TRADES=2\n");
    const config = await trader(["config", "--json"], { cwd, env: { MAX_DAILY_TRADES: "" } });
    expect(lastJson<Record<string, unknown>>(config)["MAX_DAILY_TRADES"]).toBe(2);
    expect((await trader(["config"], { cwd, env: { MAX_DAILY_TRADES: " 2 " } })).code).toBe(0);
    const conflict = await trader(["config"], { cwd, env: { MAX_DAILY_TRADES: "3" } });
    expect(conflict.code).toBe(2);
    expect(conflict.stderr).toMatch(/line 1: expected MAX_DAILY_TRADES in one place/);
  });

  test("truth 14: a .env that leads nowhere, or is not UTF-8, is refused and not passed over", async () => {
    const cwd = tempFolder();
    symlinkSync(join(cwd, "nowhere"), join(cwd, ".env"));
    const missing = await trader(["config"], { cwd });
    expect(missing).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^trader: \.env: expected a file .*ENOENT/),
    });
    rmSync(join(cwd, ".env"));
    writeFileSync(join(cwd, ".env"), Buffer.from([...Buffer.from("VAR_DIR=./"), 0x8e, 0xe6, 0x88, 0xf8]), {
      mode: 0o600,
    });
    const bytes = await trader(["config"], { cwd });
    expect(bytes).toMatchObject({ code: 2, stderr: expect.stringMatching(/line 1: expected UTF-8/) });
  });

  test("a dead job's alert ends when it is discarded; status shows whether a worker runs", async () => {
    const v = join(tempFolder(), "v");
    const db = openDatabase(join(v, "trader.db"));
    const store = new JobStore(db, registry, realClock);
    const { id } = store.enqueue({ name: "reconcile", key: "k", input: {} });
    db.sql.prepare("UPDATE jobs SET state = 'dead', finished_ms = 1 WHERE id = ?").run(id);
    db.transaction((tx) =>
      tx.alerts.raise({ key: deadJobAlert(id), severity: "warning", text: "dead", atMs: realClock.nowMs() }),
    );
    db.close();
    const status = async () =>
      lastJson<{ alerts: unknown[]; running: boolean }>(await traderHere(["status", "--var", v, "--json"]));
    expect(await status()).toMatchObject({ alerts: [{ text: "dead" }], running: false });
    expect((await traderHere(["jobs", "discard", String(id), "--var", v])).code).toBe(0);
    expect(await status()).toMatchObject({ alerts: [] });
    expect((await traderHere(["status", "--var", v])).stdout).toMatch(/NOT RUNNING[\s\S]*jobs: 0 ready/);
  });

  test("a database file that is none is one clear error for reading commands too", async () => {
    const v = tempFolder();
    writeFileSync(join(v, "trader.db"), "this is no database at all, it is a text ".repeat(50));
    const ended = await traderHere(["status", "--var", v]);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining("DB_CORRUPT") });
  });

  test("doctor is content with a good machine and names what is wrong with a bad one", async () => {
    const cwd = tempFolder();
    const good = await traderHere(["doctor", "--var", join(cwd, "v"), "--json"]);
    expect(lastJson<{ ok: boolean }>(good)).toMatchObject({ ok: true });
    expect(good.stdout).toContain("EMPTY, the news gate sees no events");
    expect(good.code).toBe(0);
    expect(existsSync(join(cwd, "v", "trader.db"))).toBe(false); // it makes nothing but the folder
    writeFileSync(join(cwd, "v", "trader.db"), "no database at all, just a text that is long enough".repeat(50));
    const bad = await traderHere(["doctor", "--var", join(cwd, "v")]);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/FAIL {2}database/);
  });
});
