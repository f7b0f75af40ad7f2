// An audit log that lost its end, or was written anew with right hashes: what stands outside of the table tells it.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, openDatabase } from "../../../db/open.ts";
import { META } from "../../../db/tables/meta.ts";
import { registry } from "../../../handlers/registry.ts";
import { keepProgress, progressPath, quarantineIfRestored } from "../../../handlers/runtime/restoredBackup.ts";
import { databasePath } from "../../../handlers/runtime/stateFolder.ts";
import { epochMs, jstText } from "../../../lib/core/time.ts";
import { VirtualClock } from "../../../lib/io/clock.ts";
import { JobStore } from "../../../queue/store.ts";
import { type Ended, lastJson, traderHere } from "../../e2e/trader.ts";

const T0 = 1_750_000_000_000;
let dir: string;
let db: Database;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "audit-"));
  db = openDatabase(databasePath(dir));
  db.transaction((tx) => tx.meta.set(META.databaseId, "abcd"));
});
afterEach(() => db.close());

const append = (count: number): void =>
  db.transaction((tx) => {
    const from = tx.audit.last()?.seq ?? 0;
    for (let i = 1; i <= count; i += 1)
      tx.audit.append({ atMs: epochMs(T0 + (from + i) * 60_000), kind: "x", actor: "test", data: { i: from + i } });
  });
const reported = (): string => {
  const { seq, hash } = db.read.audit.last()!;
  db.transaction((tx) => tx.auditHeads.insert({ seq, hash, atMs: epochMs(T0 + seq * 60_000) }));
  return `${seq}:${hash.slice(0, 16)}`;
};
/** As somebody with the file and an sqlite3 shell can. */
const tamper = (sql: string): void => {
  db.sql.exec("DROP TRIGGER IF EXISTS audit_no_update; DROP TRIGGER IF EXISTS audit_no_delete");
  db.sql.exec(sql);
};
/** Everything after event `seq` is replaced by `count` other events with right hashes. */
const rewrite = (seq: number, count: number): void => {
  tamper(`DELETE FROM audit_events WHERE seq > ${seq}`);
  append(count);
  // Other content than before at the same positions.
  let prev = (seq === 0 ? undefined : db.read.audit.after(seq - 1, 1)[0]?.hash) ?? "0".repeat(64);
  for (const row of db.read.audit.after(seq, 10_000)) {
    const data = '{"forged":true}';
    const fields = [row.seq, row.atMs, row.kind, row.actor, null, data, prev];
    const hash = createHash("sha256").update(JSON.stringify(fields)).digest("hex");
    db.sql
      .prepare("UPDATE audit_events SET data = ?, prev_hash = ?, hash = ? WHERE seq = ?")
      .run(data, prev, hash, row.seq);
    prev = hash;
  }
  expect(db.read.audit.firstBroken()).toBeUndefined();
};
const verify = (...more: string[]): Promise<Ended> => traderHere(["audit", "verify", "--var", dir, ...more]);
const doctor = async (): Promise<string> =>
  (await traderHere(["doctor", "--var", dir])).stdout.split("\n").find((line) => line.includes(" database "))!;
const at = (seq: number): string => jstText(epochMs(T0 + seq * 60_000));

test("truth 21: a whole log verifies, also when it is ahead of its witnesses", async () => {
  append(200);
  await keepProgress(db, dir);
  const head = reported();
  append(50);
  expect(await verify()).toMatchObject({ code: 0, stdout: "250 audit events, chain unbroken, its end as witnessed" });
  expect(await verify("--head", head)).toMatchObject({ code: 0 });
  expect(lastJson(await verify("--json"))).toMatchObject({ ok: true, events: 250, missing: null, problems: [] });
  expect(await doctor()).toMatch(/^ok .*audit log whole$/);
});

test("truth 21: the newest 137 rows removed: how many are missing, and since when", async () => {
  append(500);
  await keepProgress(db, dir);
  tamper("DELETE FROM audit_events WHERE seq > 363");
  const found = await verify();
  expect(found.code).toBe(1);
  expect(found.stderr).toContain(
    `AUDIT_BROKEN: expected a whole audit log, found: 137 events are missing at the end, since event 363 of ${at(363)}: progress.json witnessed event 500`,
  );
  expect(lastJson({ ...found, ...(await verify("--json")) })).toMatchObject({ ok: false, events: 363, missing: 137 });
  expect(await doctor()).toMatch(/^FAIL .*137 events are missing at the end/);
});

test("truth 21: the whole table emptied", async () => {
  append(40);
  await keepProgress(db, dir);
  tamper("DELETE FROM audit_events");
  expect((await verify()).stderr).toContain("40 events are missing at the end, since its beginning");
});

test.each([
  ["the same number of rows", 100, 100],
  ["more rows than before", 100, 300],
  ["from the beginning", 0, 200],
])("truth 21: rewritten with right hashes, %s", async (_, after, count) => {
  append(60);
  reported();
  append(140);
  await keepProgress(db, dir);
  rewrite(after, count);
  const found = await verify();
  expect(found.code).toBe(1);
  const wrong = after === 0 ? 60 : 200;
  expect(found.stderr).toMatch(
    new RegExp(`event ${wrong} is not the one that .* witnessed .*: events after ${after === 0 ? 0 : 60} were removed`),
  );
});

test("truth 21: without progress.json the daily report still tells, in the table and on the phone", async () => {
  append(300);
  await keepProgress(db, dir);
  const told = reported();
  tamper("DELETE FROM audit_events WHERE seq > 200");
  rmSync(progressPath(dir));
  const found = await verify();
  expect(found.stderr).toContain("progress.json, which witnesses the log's end, is missing");
  expect(found.stderr).toContain(
    `100 events are missing at the end, since event 200 of ${at(200)}: the daily report of`,
  );
  tamper("DELETE FROM audit_heads");
  expect((await verify("--head", told)).stderr).toContain("--head witnessed event 300");
});

test.each([
  ["cannot be read", "{", /progress\.json, which witnesses the log's end, cannot be read/],
  ["is of another database", JSON.stringify({ databaseId: "other", jobs: 0, auditEvents: 5 }), /belongs to another/],
])("truth 21: a progress.json that %s is said", async (_, text, why) => {
  append(5);
  await keepProgress(db, dir);
  writeFileSync(progressPath(dir), text);
  expect((await verify()).stderr).toMatch(why);
});

test("truth 21: a worker that starts on the shortened log writes down what was missing before its own witness goes on", async () => {
  append(500);
  await keepProgress(db, dir);
  tamper("DELETE FROM audit_events WHERE seq > 363");
  const clock = new VirtualClock(epochMs(T0 + 9e9));
  quarantineIfRestored({ db, store: new JobStore(db, registry, clock), clock, locale: "en" }, dir);
  await keepProgress(db, dir);
  expect(JSON.parse(readFileSync(progressPath(dir), "utf8"))).toMatchObject({ auditEvents: 365 });
  const found = await verify();
  expect(found).toMatchObject({ code: 1 });
  expect(found.stderr).toMatch(
    /137 events after event 363 were missing when a worker started .*no trader restore explains it/,
  );
  expect(await doctor()).toMatch(/^ok .*audit log whole, but 137 events after event 363 were missing/);
});

test("truth 21: a worker that starts on a log written anew, as long as before, writes that down too", async () => {
  append(500);
  await keepProgress(db, dir);
  rewrite(363, 300);
  const clock = new VirtualClock(epochMs(T0 + 9e9));
  quarantineIfRestored({ db, store: new JobStore(db, registry, clock), clock, locale: "en" }, dir);
  await keepProgress(db, dir);
  const found = await verify();
  expect(found).toMatchObject({ code: 1 });
  expect(found.stderr).toMatch(
    /event 500 was not the one that progress\.json witnessed when a worker started .*no trader restore explains it/,
  );
});

test("truth 21: a progress.json of an older version witnesses the number of events without a hash", async () => {
  append(500);
  await keepProgress(db, dir);
  const kept = JSON.parse(readFileSync(progressPath(dir), "utf8")) as Record<string, unknown>;
  writeFileSync(progressPath(dir), JSON.stringify({ ...kept, auditHash: undefined, job: undefined }));
  expect(await verify()).toMatchObject({ code: 0 });
  tamper("DELETE FROM audit_events WHERE seq > 363");
  const found = await verify();
  expect(found.code).toBe(1);
  expect(found.stderr).toMatch(
    /137 events are missing at the end, since event 363 .*progress\.json witnessed event 500\. /,
  );
});

test("truth 21: killed between a commit and the next witness, at any event, the log verifies", async () => {
  for (let events = 1; events <= 12; events += 1) {
    append(1);
    if (events % 3 === 0) await keepProgress(db, dir);
    expect(await verify(), `${events} events`).toMatchObject({ code: 0 });
  }
});

test("truth 21: --head that is no number and hash is wrong use", async () => {
  append(1);
  expect(await verify("--head", "17")).toMatchObject({ code: 2, stderr: expect.stringContaining("--head: expected") });
});
