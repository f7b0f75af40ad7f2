// Limits that hold whatever the restarts: days of logs, the size of the write-ahead log, the beginning of an outage.
import { mkdtempSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDatabase } from "../../../db/open.ts";
import { DAY_MS, type EpochMs, epochMs, parseInstant, plusMs } from "../../../lib/core/time.ts";
import { fileLogger } from "../../../lib/io/logger.ts";
import { openSqlite, WAL_LIMIT_BYTES } from "../../../lib/io/sqlite.ts";

const folder = (): string => mkdtempSync(join(tmpdir(), "limits-"));
const NOON = parseInstant("2026-03-01T03:00:00Z"); // 12:00 JST
const logs = (dir: string): string[] => readdirSync(dir).sort();

describe("truth 7: seven days of logs, derived from what lies in the folder", () => {
  const started = (dir: string, atMs: EpochMs): void => fileLogger("info", dir, { nowMs: () => atMs }).info("started");

  test("12 starts on 12 days, each a process of its own: the files of the last 7 stay", () => {
    const dir = folder();
    for (let day = 0; day < 12; day += 1) started(dir, plusMs(NOON, day * DAY_MS));
    expect(logs(dir)).toEqual([6, 7, 8, 9, 10, 11, 12].map((n) => `trader.2026-03-${String(n).padStart(2, "0")}.log`));
  });
  test("12 starts on one day append to one file", () => {
    const dir = folder();
    for (let n = 0; n < 12; n += 1) started(dir, plusMs(NOON, n * 1_000));
    expect(logs(dir)).toEqual(["trader.2026-03-01.log"]);
    expect(readFileSync(join(dir, "trader.2026-03-01.log"), "utf8").trim().split("\n")).toHaveLength(12);
  });
  test("one process of 12 days: the day begins at 00:00 JST", () => {
    const dir = folder();
    let nowMs = parseInstant("2026-03-01T14:59:59Z");
    const log = fileLogger("info", dir, { nowMs: () => nowMs });
    log.info("before");
    nowMs = plusMs(nowMs, 1_000);
    log.info("after");
    expect(logs(dir)).toEqual(["trader.2026-03-01.log", "trader.2026-03-02.log"]);
    for (let day = 0; day < 12; day += 1) {
      log.info("next");
      nowMs = plusMs(nowMs, DAY_MS);
    }
    expect(logs(dir)).toHaveLength(7);
  });
  test("numbered files of earlier versions count by their day; other files are left alone", () => {
    const dir = folder();
    const old = Array.from({ length: 20 }, (_, i) => `trader.2026-02-${String(i + 1).padStart(2, "0")}.${i + 1}.log`);
    for (const name of [...old, "trader.2026-02-20.99.log", "notes.txt", "trader.log"])
      writeFileSync(join(dir, name), "x\n");
    started(dir, NOON);
    const kept = logs(dir).filter((name) => /^trader\.2026/.test(name));
    expect(kept).toEqual([...old.slice(-6), "trader.2026-02-20.99.log", "trader.2026-03-01.log"].sort());
    expect(logs(dir)).toEqual(expect.arrayContaining(["notes.txt", "trader.log"]));
  });
  test("a clock that jumped ahead removes no more than its days, and today's file stays", () => {
    const dir = folder();
    for (let day = 0; day < 7; day += 1) started(dir, plusMs(NOON, day * DAY_MS));
    started(dir, parseInstant("2099-01-01T03:00:00Z"));
    started(dir, plusMs(NOON, 6 * DAY_MS));
    expect(logs(dir)).toHaveLength(7);
    expect(logs(dir)).toContain("trader.2026-03-07.log");
  });
  test("a file that was moved away is begun anew, and a line that a full disk cut takes no other with it", () => {
    const dir = folder();
    const file = join(dir, "trader.2026-03-01.log");
    writeFileSync(file, '{"cut');
    let nowMs = NOON;
    const log = fileLogger("info", dir, { nowMs: () => nowMs });
    log.info("one");
    expect(readFileSync(file, "utf8").split("\n")).toEqual(['{"cut', expect.stringContaining('"one"'), ""]);
    renameSync(file, join(dir, "moved"));
    nowMs = epochMs(nowMs + 10_000);
    log.info("two");
    expect(readFileSync(file, "utf8")).toContain('"two"');
  });
});

describe("truth 7: the write-ahead log is bounded", () => {
  test("a slow reader lets it grow; two commits after it has ended it is small again, while the process lives", () => {
    const path = join(folder(), "trader.db");
    const db = openDatabase(path);
    db.sql.exec("CREATE TABLE filler (x BLOB) STRICT");
    const insert = db.sql.prepare("INSERT INTO filler VALUES (randomblob(1000000))");
    const reader = openSqlite(path, { readonly: true });
    reader.exec("BEGIN");
    reader.prepare("SELECT count(*) FROM filler").get();
    for (let n = 0; n < 30; n += 1) insert.run();
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(3 * WAL_LIMIT_BYTES);
    reader.exec("COMMIT");
    for (let n = 0; n < 3; n += 1) db.sql.exec("INSERT INTO filler VALUES (x'00')");
    expect(statSync(`${path}-wal`).size).toBeLessThanOrEqual(WAL_LIMIT_BYTES);
    reader.close();
    db.close();
  });
});
