// When a database counts as restored and when it does not: kills of the first start, a progress.json that cannot be
// written, commands between a restore and the worker's start, commands beside a running worker.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../../db/open.ts";
import { META } from "../../../db/tables/meta.ts";
import { registry } from "../../../handlers/registry.ts";
import {
  keepProgress,
  markIfRestored,
  type ProgressKeeper,
  progressPath,
  quarantineIfRestored,
  startKeepingProgress,
} from "../../../handlers/runtime/restoredBackup.ts";
import { databasePath } from "../../../handlers/runtime/stateFolder.ts";
import { realClock } from "../../../lib/io/clock.ts";
import { lockFolder } from "../../../lib/io/lock.ts";
import { silentLogger } from "../../../lib/io/logger.ts";
import { JobStore } from "../../../queue/store.ts";
import { traderHere } from "../../e2e/trader.ts";

let dir: string;
let db: Database;
let keeper: ProgressKeeper | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "restored-"));
  db = openDatabase(databasePath(dir));
});
afterEach(async () => {
  await keeper?.end();
  keeper = undefined;
  db.close();
  rmSync(dir, { recursive: true });
});

const store = (): JobStore => new JobStore(db, registry, realClock);
const start = (): string | undefined =>
  quarantineIfRestored({ db, store: store(), clock: realClock, locale: "en" }, dir);
const keep = async (everyMs = 10): Promise<ProgressKeeper> => {
  keeper = await startKeepingProgress({
    db,
    varDir: dir,
    log: silentLogger(),
    clock: realClock,
    locale: "en",
    everyMs,
  });
  return keeper;
};
const enqueue = (key: string): void => void store().enqueue({ name: "reconcile", key, input: {} });
const kept = (): { jobs: number } => JSON.parse(readFileSync(progressPath(dir), "utf8"));
const halts = (): string[] => db.read.halts.active(realClock.nowMs()).map((h) => h.kind);
const alertKeys = (): string[] => db.read.alerts.open().map((a) => a.key);
/** A folder where progress.json should be: it cannot be replaced. */
const block = (): void => {
  rmSync(progressPath(dir), { force: true });
  mkdirSync(join(progressPath(dir), "in the way"), { recursive: true });
};
const unblock = (): void => rmSync(progressPath(dir), { recursive: true });

describe("the first start", () => {
  test("killed between the id's commit and the first progress.json is no restored backup", async () => {
    enqueue("before the first worker"); // trader enqueue, before anything ran
    expect(start()).toBeUndefined();
    expect(db.read.meta.get(META.databaseId)).toBeDefined();
    // Killed here. The next one:
    expect(start()).toBeUndefined();
    expect(halts()).toEqual([]);
    await keep();
    rmSync(progressPath(dir));
    expect(start()).toMatch(/no progress.json/); // From now on a folder without it is another one.
  });

  test("is refused where progress.json cannot be written: the worker could not distinguish a backup from the original", async () => {
    expect(start()).toBeUndefined();
    block();
    await expect(keep()).rejects.toMatchObject({
      code: "PROGRESS_NOT_KEPT",
      message: expect.stringMatching(/expected to write .*progress\.json, found: .*remove what is in its place/),
    });
    expect(db.read.meta.get(META.progressKept)).toBeUndefined();
    unblock();
    expect(start()).toBeUndefined(); // That refusal does not mark the file as a backup.
  });
});

describe("keeping progress", () => {
  test("writes what is new, and a last time at the end", async () => {
    start();
    const { end, health } = await keep();
    enqueue("1");
    await expect.poll(() => kept().jobs).toBe(1);
    enqueue("2");
    await end();
    expect(kept().jobs).toBe(2);
    expect(health()).toEqual({ ok: true });
  });

  test("a failing write turns health red and raises an alert, and the first good one ends both", async () => {
    start();
    const { health } = await keep();
    block();
    enqueue("1");
    await expect.poll(() => health()).toMatchObject({ ok: false, why: expect.stringContaining("progress.json") });
    expect(alertKeys()).toEqual(["progress"]);
    unblock();
    await expect.poll(() => health()).toEqual({ ok: true });
    expect(kept().jobs).toBe(1);
    expect(alertKeys()).toEqual([]);
  });

  test("a failing read is trouble too, not the end of it; end never rejects", async () => {
    start();
    const { health, end } = await keep();
    db.close();
    await expect.poll(() => health()).toMatchObject({ ok: false });
    db = openDatabase(databasePath(dir));
    await expect(end()).resolves.toBeUndefined();
  });
});

describe("a command between a restore and the worker's start", () => {
  /** One job and its progress; the database of that time; one more job and its progress. */
  const restoredByHand = async (): Promise<void> => {
    start();
    enqueue("old");
    await keepProgress(db, dir);
    const file = db.sql.serialize();
    enqueue("new");
    await keepProgress(db, dir);
    db.close();
    for (const suffix of ["-wal", "-shm"]) rmSync(databasePath(dir) + suffix, { force: true });
    writeFileSync(databasePath(dir), file);
    db = openDatabase(databasePath(dir));
  };

  test("hides it no more: what it adds brings the numbers level, but it has left a mark", async () => {
    await restoredByHand();
    for (const key of ["a", "b", "c"])
      expect((await traderHere(["enqueue", "reconcile", "{}", "--key", key, "--var", dir])).code).toBe(0);
    expect(db.read.progress.now().jobs).toBeGreaterThan(kept().jobs);
    expect(start()).toMatch(/it has 1 jobs and 0 audit events, but had 2/);
    expect(halts()).toEqual(["quarantine"]);
    // Quarantined once; the next start is an ordinary one.
    await keepProgress(db, dir);
    expect(start()).toBeUndefined();
  });

  test("that only looks changes nothing, and the worker still sees it", async () => {
    await restoredByHand();
    expect((await traderHere(["status", "--var", dir])).code).toBe(0);
    expect(db.read.meta.get(META.restored) ?? "").toBe("");
    expect(start()).toMatch(/but had 2/);
  });

  test("beside a running worker leaves no mark, however far progress.json lags behind or is away", async () => {
    start();
    await keepProgress(db, dir);
    const unlock = lockFolder(dir);
    enqueue("not in progress.json yet");
    markIfRestored(db, dir);
    rmSync(progressPath(dir));
    markIfRestored(db, dir);
    unlock();
    expect(db.read.meta.get(META.restored) ?? "").toBe("");
  });

  test("on an ordinary stopped folder leaves no mark", async () => {
    start();
    await keepProgress(db, dir);
    enqueue("1"); // The worker was killed before it wrote this down.
    expect((await traderHere(["enqueue", "reconcile", "{}", "--var", dir])).code).toBe(0);
    expect(start()).toBeUndefined();
  });
});
