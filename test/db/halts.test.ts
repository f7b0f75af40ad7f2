// Halts through their one door: row, audit event and alert together, and the decision record lists every kind.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clearHalt, type NewHalt, raiseHalt } from "../../db/halts.ts";
import { type Database, openDatabase } from "../../db/open.ts";
import { HALT_KINDS } from "../../lib/core/haltKinds.ts";
import { epochMs, HOUR_MS, plusMs } from "../../lib/core/time.ts";
import { projectPath } from "../../lib/io/paths.ts";

const T0 = epochMs(1_750_000_000_000);
let dir: string;
let db: Database;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "halts-"));
  db = openDatabase(join(dir, "trader.db"), { synchronous: "OFF" });
});
afterEach(() => {
  db.close();
  rmSync(dir, { recursive: true });
});

const ALERT = {
  key: "api",
  severity: "critical",
  text: "the API fails",
  resolved: "it works again",
  atMs: T0,
} as const;
const raise = (halt: Partial<NewHalt> = {}): boolean =>
  db.transaction((tx) =>
    raiseHalt(tx, {
      kind: "api",
      reason: "three errors",
      by: { atMs: T0, actor: "test", traceId: "t1" },
      alert: ALERT,
      ...halt,
    }),
  );
const events = () =>
  db.read.audit.after(0, 100).map(({ kind, actor, traceId, data }) => ({ kind, actor, traceId, data }));
const openAlerts = (): string[] => db.read.alerts.open().map((a) => a.key);

describe("raising a halt", () => {
  test("writes the row, the audit event with its trace, and the alert", () => {
    expect(raise({ data: { orderId: 7 } })).toBe(true);
    expect(db.read.halts.active(T0)).toMatchObject([{ kind: "api", reason: "three errors", untilMs: undefined }]);
    expect(events()).toEqual([
      {
        kind: "halt.raised",
        actor: "test",
        traceId: "t1",
        data: { kind: "api", reason: "three errors", orderId: 7 },
      },
    ]);
    expect(openAlerts()).toEqual(["api"]);
  });
  test("while one of its kind is active changes nothing but its alerts", () => {
    raise();
    expect(raise({ reason: "another", alert: { ...ALERT, key: "api:2" } })).toBe(false);
    expect(db.read.halts.recent()).toHaveLength(1);
    expect(events()).toHaveLength(1);
    expect(openAlerts()).toEqual(["api", "api:2"]);
  });
  test("over one whose time has passed, audits the end of that one first", () => {
    const untilMs = plusMs(T0, HOUR_MS);
    const atMs = plusMs(T0, 2 * HOUR_MS);
    raise({ kind: "loss-day", untilMs, alert: undefined });
    expect(raise({ kind: "loss-day", by: { atMs, actor: "test" }, alert: undefined })).toBe(true);
    expect(events().map(({ kind, data }) => ({ kind, data }))).toEqual([
      { kind: "halt.raised", data: { kind: "loss-day", reason: "three errors", untilMs } },
      { kind: "halt.cleared", data: { kind: "loss-day", by: "until", untilMs } },
      { kind: "halt.raised", data: { kind: "loss-day", reason: "three errors" } },
    ]);
  });
  test("undone with its transaction, leaves neither row, event nor alert", () => {
    expect(() =>
      db.transaction((tx) => {
        raiseHalt(tx, { kind: "api", reason: "r", by: { atMs: T0, actor: "test" }, alert: ALERT });
        throw new Error("after the halt");
      }),
    ).toThrow("after the halt");
    expect([db.read.halts.recent(), events(), openAlerts()]).toEqual([[], [], []]);
  });
});

describe("clearing a halt", () => {
  const clear = () =>
    db.transaction((tx) =>
      clearHalt(tx, { kind: "api", by: { atMs: T0, actor: "checkApi" }, alertKey: "api", data: { goodChecks: 3 } }),
    );
  test("writes who cleared it, the audit event and the end of its alert", () => {
    raise();
    expect(clear()).toBe(true);
    expect(db.read.halts.recent()).toMatchObject([{ clearedBy: "checkApi", clearedMs: T0 }]);
    expect(events()[1]).toEqual({
      kind: "halt.cleared",
      actor: "checkApi",
      traceId: undefined,
      data: { kind: "api", goodChecks: 3 },
    });
    expect(openAlerts()).toEqual([]);
  });
  test("where none is open writes no event", () => {
    expect(clear()).toBe(false);
    expect(events()).toEqual([]);
  });
});

test("decision 8 lists every kind of halt, and no other", () => {
  const record = readFileSync(projectPath("docs/decisions/0008-what-pauses-trading.md"), "utf8");
  const listed = [...record.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap((row) =>
    [...row[1]!.matchAll(/`([^`]+)`/g)].map((m) => m[1]!),
  );
  expect([...listed].sort()).toEqual([...HALT_KINDS].sort());
});
