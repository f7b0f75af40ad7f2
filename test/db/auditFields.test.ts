// Every column of an audit row is part of what its chain proves: who, when, what, in which trace, after which row.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { openDatabase } from "../../db/open.ts";
import { epochMs } from "../../lib/core/time.ts";
import type { Database } from "../../queue/types.ts";

const open: Database[] = [];
afterEach(() => {
  for (const db of open.splice(0)) db.close();
});
/** Three events; the first one's data can be chosen. */
const log = (first: Record<string, unknown> = {}): Database => {
  const db = openDatabase(join(mkdtempSync(join(tmpdir(), "trader-audit-")), "trader.db"));
  open.push(db);
  for (const [i, data] of [first, { sizeE8: 1n }, {}].entries())
    db.transaction((tx) =>
      tx.audit.append({
        atMs: epochMs(1_000 + i),
        kind: "proposal.approved",
        actor: "telegram:42",
        traceId: i === 2 ? undefined : "trace:btc1",
        data,
      }),
    );
  db.sql.exec("DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete");
  return db;
};

/** A changed value for each column of the second row. A column without one fails the first test below. */
const CHANGES: Readonly<Record<string, readonly string[]>> = {
  seq: ["7", "-2"],
  at_ms: ["1000", "1002"],
  kind: ["'proposal.rejected'", "'Proposal.approved'"],
  actor: ["'telegram:43'", "'telegram:4'", "'cli'", "''"],
  trace_id: ["NULL", "'trace:btc2'"],
  data: ['\'{"sizeE8":"2"}\'', "'{}'", '\'{"sizeE8": "1"}\''],
  prev_hash: [`'${"0".repeat(64)}'`],
  hash: [`'${"0".repeat(64)}'`],
};

test("truth 22: the table below has a change for every column of an audit event", () => {
  const columns = log().sql.prepare<[], { name: string }>("PRAGMA table_info(audit_events)").all();
  expect(columns.map((c) => c.name).toSorted()).toEqual(Object.keys(CHANGES).toSorted());
});

test.each(Object.entries(CHANGES).flatMap(([column, values]) => values.map((value) => [column, value] as const)))(
  "truth 22: an audit event whose %s was changed to %s breaks the chain",
  (column, value) => {
    const db = log();
    expect(db.read.audit.firstBroken()).toBeUndefined();
    expect(db.sql.prepare(`UPDATE audit_events SET ${column} = ${value} WHERE seq = 2`).run().changes).toBe(1);
    expect(db.read.audit.firstBroken()).toBeDefined();
  },
);

test("truth 22: a trace that was added to an event without one breaks the chain", () => {
  const db = log();
  db.sql.exec("UPDATE audit_events SET trace_id = 'trace:btc1' WHERE seq = 3");
  expect(db.read.audit.firstBroken()).toBe(3);
});

test("truth 22: the hash of an event covers everything before it: with another first event, each later hash is another", () => {
  const hashes = (db: Database) => db.read.audit.after(0).map((row) => row.hash);
  const [one, other] = [hashes(log({ sizeE8: 1n })), hashes(log({ sizeE8: 2n }))];
  for (const i of [0, 1, 2]) expect(other[i]).not.toBe(one[i]);
  // The same log has the same head, so that a copy can be compared with it.
  expect(hashes(log({ sizeE8: 1n }))).toEqual(one);
});
