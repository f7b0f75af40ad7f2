import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../db/open.ts";
import { epochMs } from "../../lib/core/time.ts";
import type { Database } from "../../queue/types.ts";

let db: Database;
beforeEach(() => {
  db = openDatabase(join(mkdtempSync(join(tmpdir(), "trader-audit-")), "trader.db"));
  return () => db.close();
});
const append = (kind: string, data: Record<string, unknown> = {}) =>
  db.transaction((tx) => tx.audit.append({ atMs: epochMs(1_000), kind, actor: "test", data }));

describe("audit log", () => {
  test("a whole chain verifies, bigints are kept exactly", () => {
    append("a", { sizeE8: 12_345_678_901_234_567_890n });
    append("b");
    expect(db.read.audit.firstBroken()).toBeUndefined();
    expect(db.read.audit.after(0).map((r) => r.data)).toEqual([{ sizeE8: "12345678901234567890" }, {}]);
  });
  test("rows cannot be changed or deleted through SQL", () => {
    append("a");
    expect(() => db.sql.exec("UPDATE audit_events SET actor = 'x'")).toThrow(/append-only/);
    expect(() => db.sql.exec("DELETE FROM audit_events")).toThrow(/append-only/);
  });
  test.each([
    ["changed data", 'UPDATE audit_events SET data = \'{"sizeE8":"2"}\' WHERE seq = 2', 2],
    ["a changed time", "UPDATE audit_events SET at_ms = 5 WHERE seq = 1", 1],
    ["a removed row", "DELETE FROM audit_events WHERE seq = 2", 3],
    ["a changed hash", "UPDATE audit_events SET hash = '00' WHERE seq = 2", 2],
  ])("who gets around the triggers is found out: %s", (_name, tamper, brokenAt) => {
    for (const kind of ["a", "b", "c"]) append(kind, { sizeE8: 1n });
    db.sql.exec("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete");
    db.sql.exec(tamper);
    expect(db.read.audit.firstBroken()).toBe(brokenAt);
  });
  test("an event and the change it records are committed or rolled back together", () => {
    expect(() =>
      db.transaction((tx) => {
        tx.audit.append({ atMs: epochMs(1), kind: "x", actor: "test", data: {} });
        tx.meta.set("k", "v");
        throw new Error("die here");
      }),
    ).toThrow("die here");
    expect(db.read.audit.last()).toBeUndefined();
    expect(db.read.meta.get("k")).toBeUndefined();
  });
});
