// The outbox: order, priorities, parts, and what is known of a message that got no answer.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadMigrations, migrate } from "../../db/migrate.ts";
import { type Database, openDatabase } from "../../db/open.ts";
import type { NewMessage } from "../../db/tables/outbox.ts";
import { epochMs } from "../../lib/core/time.ts";
import { openSqlite } from "../../lib/io/sqlite.ts";

const T0 = epochMs(1_750_000_000_000);
const EVER = epochMs(0);
let dir: string;
let db: Database;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "outbox-"));
  db = openDatabase(join(dir, "trader.db"), { synchronous: "OFF" });
});
afterEach(() => {
  db.close();
  rmSync(dir, { recursive: true, force: true });
});
const put = (key: string, kind: NewMessage["kind"] = "info", more: Partial<NewMessage> = {}): boolean =>
  db.transaction((tx) => tx.outbox.insert({ key, kind, text: key, atMs: T0, ...more }));
const order = (): string[] => db.read.outbox.waitingIds(EVER).map((id) => db.read.outbox.byId(id)?.key ?? "");

test("alerts go first, then answers, then proposals; within a priority the order of writing", () => {
  for (const [key, kind] of [
    ["a", "info"],
    ["b", "alert"],
    ["c", "trade"],
    ["d", "proposal"],
    ["e", "answer"],
    ["f", "alert"],
  ] as const)
    put(key, kind);
  expect(order()).toEqual(["b", "f", "e", "d", "a", "c"]);
  expect(db.read.outbox.next(EVER, { fromMs: T0, alerts: 10 })?.key).toBe("b");
  // A flood, and no job for these alerts.
  expect(db.read.outbox.next(EVER, { fromMs: T0, alerts: 0 })?.key).toBe("e");
});

test("a key is inserted once", () => {
  expect(put("a")).toBe(true);
  expect(put("a", "info", { text: "again" })).toBe(false);
  expect(db.read.outbox.after(0)).toHaveLength(1);
});

test("what may have arrived stays `sending`, what certainly did not waits again, what is given up says why", () => {
  put("a");
  const id = db.read.outbox.byKey("a")?.id ?? 0;
  db.transaction((tx) => {
    tx.outbox.markSending(id);
    tx.outbox.markDoubtful(id, "timeout");
  });
  expect(db.read.outbox.byId(id)).toMatchObject({ state: "sending", attempts: 1, error: "timeout" });
  db.transaction((tx) => tx.outbox.markWaiting(id, "refused"));
  expect(db.read.outbox.byId(id)?.state).toBe("waiting");
  db.transaction((tx) => tx.outbox.doubtWaiting("restored"));
  expect(db.read.outbox.byId(id)).toMatchObject({ state: "sending", error: "restored" });
  db.transaction((tx) => tx.outbox.markDropped(id, "expired"));
  expect(db.read.outbox.byId(id)).toMatchObject({ state: "dropped", error: "expired" });
  expect(order()).toEqual([]);
});

describe("a long message", () => {
  test("becomes parts in order, the buttons under the last", () => {
    put("long", "report", {
      text: `${"x".repeat(4_000)}\n${"y".repeat(4_000)}`,
      buttons: [[{ text: "OK", data: "k" }]],
    });
    const parts = db.read.outbox.after(0);
    expect(parts.map((m) => [m.key, m.text[0], m.buttons.length])).toEqual([
      ["long", "x", 0],
      ["long#2", "y", 1],
    ]);
    expect(put("long", "report", { text: `${"x".repeat(4_000)}\n${"y".repeat(4_000)}` })).toBe(false);
  });
  test("follows its picture, which says the first line; a short one is the caption", () => {
    const photo = new Uint8Array([1, 2, 3]);
    put("long", "proposal", { text: `LONG\n${"x".repeat(1_100)}`, photo });
    put("short", "proposal", { text: "LONG", photo });
    expect(db.read.outbox.after(0).map((m) => [m.key, m.text.length, m.photo?.length])).toEqual([
      ["long#photo", 4, 3],
      ["long", 1_105, undefined],
      ["short", 4, 3],
    ]);
  });
  test("must say something", () => {
    expect(() => put("blank", "info", { text: " \n " })).toThrow(/blank/);
  });
});

test("messages of an older file keep their ids, keys and states", () => {
  const path = join(dir, "old.db");
  const sql = openSqlite(path, { synchronous: "OFF" });
  const all = loadMigrations();
  const newest = all.findIndex((m) => m.name === "telegram");
  migrate(sql, all.slice(0, newest));
  const insert = sql.prepare("INSERT INTO outbox (id, key, kind, text, created_ms, state) VALUES (?, ?, ?, ?, ?, ?)");
  insert.run(7, "report:1", "report", "a report", T0, "sent");
  insert.run(9, "alert:1", "alert", "an alert", T0, "waiting");
  sql.close();
  const old = openDatabase(path, { synchronous: "OFF" });
  expect(old.read.outbox.after(0).map((m) => [m.id, m.key, m.state])).toEqual([
    [7, "report:1", "sent"],
    [9, "alert:1", "waiting"],
  ]);
  old.transaction((tx) => tx.outbox.insert({ key: "new", kind: "info", text: "new", atMs: T0 }));
  expect(old.read.outbox.byKey("new")?.id).toBe(10);
  old.close();
});
