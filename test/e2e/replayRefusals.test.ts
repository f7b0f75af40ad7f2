// What `trader start` refuses: one clear error, the right exit code, nothing half-done.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../db/open.ts";
import { bundledCandleFile } from "../../lib/sim/market/bundled.ts";
import { DEFAULT_MODEL_ID, shippedDir } from "../../models/registry.ts";
import { startTrader, tempFolder, traderHere } from "./trader.ts";

const DAY = ["--from", "2025-08-11T21:00:00Z", "--days", "1"] as const;

describe("what trader start refuses", () => {
  const refused = async (args: readonly string[], options: { env?: Record<string, string>; cwd?: string } = {}) => {
    const ended = await traderHere(["start", "--var", join(options.cwd ?? tempFolder(), "var"), ...args], options.env);
    return { code: ended.code, text: ended.stderr };
  };
  test.each([
    ["--days 0", ["--days", "0"], /--days: expected a whole number/],
    ["--days many", ["--days", "many"], /--days: expected a whole number/],
    ["--from without a zone", ["--from", "2025-08-11T21:00:00"], /--from: expected an ISO-8601/],
    ["--from between two bars", ["--from", "2025-08-11T21:01:00Z"], /bar boundary/],
    ["days outside the data", ["--from", "2025-08-13T21:00:00Z", "--days", "3"], /inside the recorded data/],
    ["an unknown approver", ["--approver", "maybe"], /all, none or random:SEED/],
    ["a bad seed", ["--seed", "-1"], /--seed/],
    ["an unknown option", ["--fast"], /unknown option/],
    ["a --data without a symbol", ["--data", "x.csv"], /SYMBOL=FILE/],
  ])("%s: exit code 2, nothing made", async (_name, args, message) => {
    const cwd = tempFolder();
    const { code, text } = await refused(args, { cwd });
    expect(text).toMatch(message);
    expect(code).toBe(2);
    expect(existsSync(join(cwd, "var"))).toBe(false);
  });

  test("all wrong settings are reported together, exit code 2", async () => {
    const { code, text } = await refused([], { env: { MAX_DAILY_TRADES: "lots", MAX_RISK_PER_TRADE: "200%" } });
    expect(code).toBe(2);
    expect(text).toMatch(/MAX_DAILY_TRADES[\s\S]*MAX_RISK_PER_TRADE|MAX_RISK_PER_TRADE[\s\S]*MAX_DAILY_TRADES/);
  });

  test("a folder that cannot be written to", async () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, "var"), "a file where the folder should be");
    const { code, text } = await refused([], { cwd });
    expect(code).toBe(2);
    expect(text).toMatch(/VAR_DIR|DB_OPEN/);
  });

  test.each([
    ["gone", (dir: string) => dir.replace("model", "elsewhere"), /MODEL_MISSING/],
    [
      "one byte changed",
      (dir: string) => {
        const file = join(dir, readdirSync(dir).find((name) => name.endsWith(".txt")) ?? "");
        const bytes = readFileSync(file);
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
        writeFileSync(file, bytes);
        return dir;
      },
      /MODEL_CHECKSUM/,
    ],
    [
      "trained on the replayed days",
      (dir: string) => {
        const manifest = join(dir, "manifest.json");
        writeFileSync(
          manifest,
          readFileSync(manifest, "utf8").replace(/"dataEndMs": \d+/, '"dataEndMs": 1755129600000'),
        );
        return dir;
      },
      /MODEL_SAW_THESE_DAYS/,
    ],
  ])("a model that is %s", async (_name, spoil, message) => {
    const cwd = tempFolder();
    const dir = join(cwd, "model");
    mkdirSync(dir);
    for (const name of readdirSync(shippedDir(DEFAULT_MODEL_ID)))
      copyFileSync(join(shippedDir(DEFAULT_MODEL_ID), name), join(dir, name));
    const { code, text } = await refused(["--model", spoil(dir)], { cwd });
    expect(text).toMatch(message);
    expect(code).toBe(2);
    expect(existsSync(join(cwd, "var", "trader.db"))).toBe(false);
  });

  const lines = gunzipSync(readFileSync(bundledCandleFile("BTC_JPY")))
    .toString("utf8")
    .split("\n")
    .slice(0, 3_000);
  test.each([
    ["a duplicate", [...lines.slice(0, 50), lines[49], ...lines.slice(50)], /line 51.*every bar once/],
    ["disorder", [...lines.slice(0, 50), lines[60], ...lines.slice(50)], /ascending/],
    ["a wrong header", ["time,o,h,l,c,v", ...lines.slice(1)], /header/],
    ["a price that is no number", [...lines.slice(0, 9), "1751317740000,NaN,1,1,1,1", ...lines.slice(10)], /line 10/],
    ["an empty file", [], /CANDLE_FILE/],
  ])("candles with %s: the file and line are named, exit code 2", async (_name, bad, message) => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, "btc.csv"), bad.join("\n"));
    const { code, text } = await refused(
      ["--data", `BTC_JPY=${join(cwd, "btc.csv")}`, `ETH_JPY=${bundledCandleFile("ETH_JPY")}`],
      {
        cwd,
      },
    );
    expect(text).toMatch(message);
    expect(code).toBe(2);
    expect(existsSync(join(cwd, "var", "trader.db"))).toBe(false);
  });

  test("another replay in the same folder, a newer database, a second runner", async () => {
    const cwd = tempFolder();
    const running = startTrader(["start", ...DAY, "--var", "var"], { cwd });
    await running.saying("JST to "); // its beginning is written
    const second = await refused([], { cwd });
    expect(second).toMatchObject({ code: 1 });
    expect(second.text).toMatch(/ALREADY_RUNNING/);
    running.child.kill("SIGKILL");
    await running.ended;
    for (const args of [
      ["--seed", "7"],
      ["--approver", "none"],
      ["--days", "2"],
    ]) {
      const other = await refused(args, { cwd });
      expect(other).toMatchObject({ code: 2 });
      expect(other.text).toMatch(/this folder holds a replay/);
    }
    const changed = await refused([], { cwd, env: { MAX_DAILY_TRADES: "5" } });
    expect(changed).toMatchObject({ code: 2 });
    const db = openDatabase(join(cwd, "var", "trader.db"));
    db.sql.exec("INSERT INTO schema_migrations VALUES (9999, 'future', 'x')");
    db.close();
    expect(await refused([], { cwd })).toMatchObject({ code: 2, text: expect.stringContaining("DB_TOO_NEW") });
  });

  test("--fresh never deletes a book that is not a replay", async () => {
    const cwd = tempFolder();
    const db = openDatabase(join(cwd, "var", "trader.db"));
    db.transaction((tx) => tx.meta.set("mode", "paper"));
    db.close();
    const before = statSync(join(cwd, "var", "trader.db")).size;
    const { code, text } = await refused(["--fresh"], { cwd });
    expect(code).toBe(2);
    expect(text).toMatch(/NOT_A_REPLAY/);
    expect(statSync(join(cwd, "var", "trader.db")).size).toBe(before);
  });
});
