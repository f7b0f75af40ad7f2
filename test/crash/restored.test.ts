// Yesterday's file put back: whatever it was about to trade is not traded again (invariant 26).
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Progress } from "../../db/tables/progress.ts";
import {
  keepProgress,
  progressPath,
  quarantineIfRestored,
  restoredBecause,
} from "../../handlers/runtime/restoredBackup.ts";
import { QUARANTINE } from "../../lib/core/haltKinds.ts";
import { LONG } from "../long.ts";
import { World, type WorldOptions } from "../sim/world.ts";

let world: World | undefined;
afterEach(() => {
  world?.close();
  world = undefined;
});

/** Both targets are reached; the trade is over after about 20 minutes. */
const OPTIONS: WorldOptions = { btc: (s) => s.to(9_998_000, 2).to(10_080_000, 16).flat(300) };
interface Copy {
  readonly file: Buffer;
  readonly progress: Progress;
}
type Moment = "the fill" | "the end";

/** Lives until `moment`; `copies` are the database after each commit. */
const live = async (moment: Moment): Promise<{ w: World; copies: Copy[] }> => {
  const copies: Copy[] = [];
  const w = new World({
    ...OPTIONS,
    onCommit: (it) => void copies.push({ file: it.db.sql.serialize(), progress: it.db.read.progress.now() }),
  });
  world = w;
  w.db.transaction((tx) => tx.meta.set("database_id", "book"));
  copies.length = 0;
  w.approve();
  if (moment === "the fill") await w.runUntil((w.nowMs + 600_000) as typeof w.nowMs, () => w.entered() > 0);
  else await w.runToEnd();
  await w.drain();
  await keepProgress(w.db, w.dir);
  return { w, copies };
};
const opened = (w: World) => ({ db: w.db, store: w.store, clock: w.clock, locale: w.config.LOCALE });
const entries = (w: World): number => w.simulator.orders().filter((o) => o.settleType === "OPEN").length;
const same = (a: Progress, b: Progress): boolean => a.jobs === b.jobs && a.auditEvents === b.auditEvents;
/** What the venue holds and the book does not know, or the other way round. */
const strange = async (w: World): Promise<readonly string[]> => {
  const ours = w.db.read.positions.open().map((p) => String(p.positionId));
  const held = (await w.venue.openPositions("BTC_JPY")).map((p) => String(p.positionId));
  const orders = (await w.venue.activeOrders("BTC_JPY")).map((o) => String(o.orderId));
  const known = w.db.read.orders.venueIds("BTC_JPY");
  return [
    ...held.filter((id) => !ours.includes(id)),
    ...ours.filter((id) => !held.includes(id)),
    ...orders.filter((id) => !known.has(id)),
  ];
};
const haltKinds = (w: World): string[] => w.db.read.halts.active(w.nowMs).map((h) => h.kind);

test.each<Moment>(["the fill", "the end"])(
  "invariant 26: a copy of any commit, put back at %s, does not re-trade",
  async (moment) => {
    const { w: first, copies } = await live(moment);
    first.close();
    expect(copies.length).toBeGreaterThan(moment === "the end" ? 30 : 5);
    const every = LONG ? 1 : Math.ceil(copies.length / (moment === "the end" ? 8 : 5));
    let agreed = 0;
    let quarantined = 0;
    for (const [i, copy] of copies.slice(0, -1).entries()) {
      if (i % every !== 0) continue;
      const { w } = await live(moment);
      const before = entries(w);
      const progress = w.db.read.progress.now();
      w.crash();
      writeFileSync(join(w.dir, "trader.db"), copy.file);
      for (const suffix of ["-wal", "-shm"]) rmSync(join(w.dir, `trader.db${suffix}`), { force: true });
      w.restart({ downMs: 1_000 });
      const why = quarantineIfRestored(opened(w), w.dir);
      // A copy that misses neither a job nor an audit event is not recognised: nothing was traded after it.
      if (!same(copy.progress, progress)) {
        // By its counts, or by what it holds where it has come level again by what the restart enqueued.
        expect(why, `copy ${i}`).toMatch(
          /jobs and \d+ audit events, but had|its job \d+ is |its audit event \d+ is not/,
        );
        expect(haltKinds(w)).toContain(QUARANTINE);
        quarantined += 1;
      }
      // With a position open whose stop it does not know, the book looks every few seconds: three minutes show as much
      // as an hour.
      await w.advance(moment === "the end" ? 60 : 3);
      expect(entries(w), `copy ${i} of ${copies.length}: ${w.describe()}`).toBe(before);
      expect(w.db.read.jobs.unfinishedAdding()).toEqual([]);
      // While book and venue differ, entries stay paused and the owner is alerted; agreement ends the quarantine.
      const differ = (await strange(w)).length > 0;
      expect(haltKinds(w).includes("mismatch"), w.describe()).toBe(differ);
      if (why !== undefined) expect(haltKinds(w).includes(QUARANTINE), w.describe()).toBe(differ);
      agreed += differ ? 0 : 1;
      w.close();
    }
    world = undefined;
    expect(agreed).toBeGreaterThan(0);
    expect(quarantined).toBeGreaterThan(2);
  },
);

test("a book from before the stops: one alert, its old stops stay at the venue, and a new stop is requested once a minute at most", async () => {
  const { w: first, copies } = await live("the fill");
  first.close();
  // Before the entry's answer was written down; the fill and its stops came after.
  const copy = copies[4];
  if (copy === undefined) throw new Error("expected at least five commits");
  const { w } = await live("the fill");
  const stops = async () => (await w.owner.activeOrders("BTC_JPY")).map((o) => o.orderId).toSorted();
  const before = await stops();
  expect(before.length).toBe(2);
  w.crash();
  writeFileSync(join(w.dir, "trader.db"), copy.file);
  for (const suffix of ["-wal", "-shm"]) rmSync(join(w.dir, `trader.db${suffix}`), { force: true });
  w.restart({ downMs: 1_000 });
  quarantineIfRestored(opened(w), w.dir);
  const posts = () => w.requests.filter((r) => r.startsWith("POST")).length;
  await w.advance(1);
  const sent = posts();
  await w.advance(3);
  // Two legs.
  expect(posts() - sent).toBeLessThanOrEqual(2 * 3);
  expect(await stops()).toEqual(before);
  expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
  expect(haltKinds(w)).toEqual(expect.arrayContaining(["mismatch", "bare"]));
  // The owner takes the old stops away: ours stand within seconds, and the halts end at the next reconcile.
  for (const id of before) await w.owner.cancelOrder(id);
  await w.advance(0.2);
  expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
  w.enqueue({ name: "reconcile", key: "end", input: {} });
  await w.advance(0.2);
  expect(haltKinds(w)).toEqual([]);
});

test("a database that is what it was is left alone; so is a new one, and one from before there was a progress file", async () => {
  const { w } = await live("the fill");
  expect(quarantineIfRestored(opened(w), w.dir)).toBeUndefined();
  const elsewhere = mkdtempSync(join(tmpdir(), "elsewhere-"));
  expect(quarantineIfRestored(opened(w), elsewhere)).toMatch(/no progress.json/);
  w.db.sql.prepare("DELETE FROM meta WHERE key = 'database_id'").run();
  expect(quarantineIfRestored(opened(w), elsewhere)).toBeUndefined();
  expect(w.db.read.meta.get("database_id")).toMatch(/^[0-9a-f]{16}$/);
  rmSync(elsewhere, { recursive: true });
});

test("quarantine: open proposals are rejected, approved ones end, waiting entries are cancelled, the owner is alerted; also after a crash", async () => {
  const w = new World(OPTIONS);
  world = w;
  w.halt(); // Nothing starts.
  w.db.transaction((tx) => tx.meta.set("database_id", "book"));
  const approved = w.approve();
  const asked = w.propose({ symbol: "ETH_JPY", size: "0.01" });
  await w.drain();
  writeFileSync(progressPath(w.dir), '{"databaseId":"book","jobs":999,"auditEvents":0}');
  for (let life = 0; life < 2; life += 1) {
    expect(quarantineIfRestored(opened(w), w.dir)).toMatch(/but had 999/);
    expect(w.db.read.proposals.byId(asked.id)?.state).toBe("expired");
    expect(w.db.read.proposals.byId(approved.id)?.validUntilMs).toBeLessThanOrEqual(w.nowMs + 1);
    expect(w.store.list({ name: "execute" })).toMatchObject([{ state: "cancelled" }]);
    expect(w.db.read.alerts.open().map((a) => a.key)).toEqual([QUARANTINE]);
    w.crash();
    w.restart();
  }
  await keepProgress(w.db, w.dir);
  expect(quarantineIfRestored(opened(w), w.dir)).toBeUndefined();
});

test.each([
  ["new", { databaseId: undefined, jobs: 0, auditEvents: 0 }, "none", undefined],
  [
    "new beside an old file",
    { databaseId: undefined, jobs: 0, auditEvents: 0 },
    { databaseId: "a", jobs: 5, auditEvents: 5 },
    undefined,
  ],
  ["used, from before the file", { databaseId: undefined, jobs: 9, auditEvents: 9 }, "none", undefined],
  [
    "from before the file, put back",
    { databaseId: undefined, jobs: 9, auditEvents: 9 },
    { databaseId: "a", jobs: 5, auditEvents: 5 },
    /another database/,
  ],
  ["equal", { databaseId: "a", jobs: 5, auditEvents: 5 }, { databaseId: "a", jobs: 5, auditEvents: 5 }, undefined],
  ["further", { databaseId: "a", jobs: 7, auditEvents: 5 }, { databaseId: "a", jobs: 5, auditEvents: 5 }, undefined],
  ["fewer jobs", { databaseId: "a", jobs: 4, auditEvents: 9 }, { databaseId: "a", jobs: 5, auditEvents: 5 }, /4 jobs/],
  [
    "fewer events",
    { databaseId: "a", jobs: 9, auditEvents: 4 },
    { databaseId: "a", jobs: 5, auditEvents: 5 },
    /4 audit events/,
  ],
  [
    "another one",
    { databaseId: "b", jobs: 9, auditEvents: 9 },
    { databaseId: "a", jobs: 5, auditEvents: 5 },
    /another database/,
  ],
  ["moved", { databaseId: "a", jobs: 9, auditEvents: 9 }, "none", /not in this folder/],
  ["beside a broken file", { databaseId: "a", jobs: 9, auditEvents: 9 }, "unreadable", /cannot be read/],
] as const)("which databases are taken for restored: %s", (_, database, kept, why) => {
  const found = restoredBecause(
    { ...database, progressKept: true, mark: { job: undefined, auditHash: undefined } },
    kept,
  );
  if (why === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(why);
});

const level = { databaseId: "a", jobs: 5, auditEvents: 5 };
test.each([
  ["what was recorded", { job: "execute 1", auditHash: "f00" }, undefined],
  ["what was recorded, its job pruned since", { job: undefined, auditHash: "f00" }, undefined],
  ["another job", { job: "reconcile start", auditHash: "f00" }, /its job 5 is reconcile start, but was execute 1/],
  ["another audit event", { job: "execute 1", auditHash: "bad" }, /audit event 5 is not the one recorded/],
  ["no audit event", { job: "execute 1", auditHash: undefined }, /audit event 5 is not the one recorded/],
] as const)("truth 23: a database level by count that holds %s", (_, mark, why) => {
  const found = restoredBecause(
    { ...level, jobs: 9, auditEvents: 9, progressKept: true, mark },
    { ...level, job: "execute 1", auditHash: "f00" },
  );
  if (why === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(why);
});

test("a progress.json of a newer version, with more in it, is read all the same", async () => {
  const { w } = await live("the fill");
  const kept = JSON.parse(readFileSync(progressPath(w.dir), "utf8")) as object;
  writeFileSync(progressPath(w.dir), JSON.stringify({ ...kept, addedLater: 1 }));
  expect(quarantineIfRestored(opened(w), w.dir)).toBeUndefined();
});

test("truth 23: a progress.json of an older version, without marks, is judged by its counts", () => {
  const database = { ...level, progressKept: true, mark: { job: "x", auditHash: "y" } };
  expect(restoredBecause(database, level)).toBeUndefined();
});
