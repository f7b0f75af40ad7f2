// trader restore, killed at each of its steps: the folder holds the old database or the new one, whole, never the one
// with the other's -wal; the worker that starts next is not taken in.
import { spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Database, openDatabase } from "../../db/open.ts";
import { backup } from "../../handlers/cli/setup/backup.ts";
import { type RestoreStep, restore } from "../../handlers/cli/setup/restore.ts";
import { registry } from "../../handlers/registry.ts";
import { keepProgress, quarantineIfRestored } from "../../handlers/runtime/restoredBackup.ts";
import { databasePath } from "../../handlers/runtime/stateFolder.ts";
import { realClock } from "../../lib/io/clock.ts";
import { isSound } from "../../lib/io/sqlite.ts";
import { JobStore } from "../../queue/store.ts";
import { compiled } from "../compiled.ts";

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "restore-"));
  file = join(dir, "yesterday.db");
});
afterEach(() => rmSync(dir, { recursive: true }));

const storeOf = (db: Database): JobStore => new JobStore(db, registry, realClock);
const enqueue = (db: Database, key: string): void => void storeOf(db).enqueue({ name: "reconcile", key, input: {} });
const keys = (): string[] => {
  const db = openDatabase(databasePath(dir));
  try {
    return storeOf(db)
      .list()
      .map((job) => job.key)
      .sort();
  } finally {
    db.close();
  }
};
/** Yesterday's backup, and a folder that has gone on since, with commits that are only in its -wal. */
const yesterdayAndToday = async (): Promise<void> => {
  const db = openDatabase(databasePath(dir));
  quarantineIfRestored({ db, store: storeOf(db), clock: realClock, locale: "en" }, dir);
  enqueue(db, "old");
  await keepProgress(db, dir);
  await backup({ varDir: dir, file });
  for (let i = 0; i < 20; i += 1) enqueue(db, `new ${i}`);
  await keepProgress(db, dir);
  // As a killed worker leaves it: its connection never closes.
  for (const suffix of ["", "-wal", "-shm"]) copyFileSync(databasePath(dir) + suffix, join(dir, `killed${suffix}`));
  db.close();
  for (const suffix of ["", "-wal", "-shm"]) {
    rmSync(databasePath(dir) + suffix, { force: true });
    copyFileSync(join(dir, `killed${suffix}`), databasePath(dir) + suffix);
    rmSync(join(dir, `killed${suffix}`));
  }
  expect(statSync(`${databasePath(dir)}-wal`).size).toBeGreaterThan(0);
};
const OLD = ["old"];
const NEW = [...Array.from({ length: 20 }, (_, i) => `new ${i}`), "old"].sort();

const killedAt = (step: RestoreStep | "never"): Promise<NodeJS.Signals | null> =>
  new Promise((resolve) => {
    const args = [compiled("test/crash/restoreChild.ts"), dir, file, step];
    spawn(process.execPath, args, { stdio: "ignore" }).on("close", (_code, signal) => resolve(signal));
  });
/** The start of the next worker, up to its first job. */
const start = async (): Promise<string | undefined> => {
  const db = openDatabase(databasePath(dir));
  try {
    const why = quarantineIfRestored({ db, store: storeOf(db), clock: realClock, locale: "en" }, dir);
    await keepProgress(db, dir);
    return why;
  } finally {
    db.close();
  }
};
const keptFiles = (): string[] => readdirSync(dir).filter((name) => name.includes(".before-restore-"));

const STEPS = ["staged", "checked", "kept", "cleared", "replaced"] as const;

describe.each(STEPS)("killed when it has %s", (step) => {
  test("a sound database: the old one or the new one is there; tried again, the new one", async () => {
    await yesterdayAndToday();
    const progress = readFileSync(join(dir, "progress.json"), "utf8");
    expect(await killedAt(step)).toBe("SIGKILL");
    expect(isSound(databasePath(dir))).toBe(true);
    expect(keys()).toEqual(step === "replaced" ? OLD : NEW);
    expect(readFileSync(join(dir, "progress.json"), "utf8")).toBe(progress);
    expect(await start()).toEqual(step === "replaced" ? expect.stringContaining("trader restore put") : undefined);

    await restore({ varDir: dir, file });
    expect(keys()).toEqual(OLD);
    expect(await start()).toContain(`trader restore put ${file} in place`);
    expect(await start()).toBeUndefined();
    expect(existsSync(join(dir, "restoring"))).toBe(false);
  });

  test("a broken database: it is there with nothing foreign, or the new one is", async () => {
    await yesterdayAndToday();
    for (const suffix of ["", "-wal"]) writeFileSync(databasePath(dir) + suffix, `neither nor${suffix} `.repeat(500));
    const before = readFileSync(databasePath(dir), "utf8");
    expect(await killedAt(step)).toBe("SIGKILL");
    const wal = `${databasePath(dir)}-wal`;
    if (step === "replaced") expect(keys()).toEqual(OLD);
    else expect(readFileSync(databasePath(dir), "utf8")).toBe(before);
    if (step === "cleared") expect(existsSync(wal)).toBe(false);
    for (const name of keptFiles().filter((kept) => kept.endsWith("-wal")))
      expect(readFileSync(join(dir, name), "utf8")).toContain("neither nor-wal");
    expect(keptFiles()).toHaveLength(step === "staged" || step === "checked" ? 0 : 3); // with its -shm
    await restore({ varDir: dir, file });
    expect(keys()).toEqual(OLD);
    expect(await start()).toContain("trader restore put");
  });
});

test("the replaced database is kept, whole, with what was only in its -wal; a broken one with its -wal", async () => {
  await yesterdayAndToday();
  const { replaced } = await restore({ varDir: dir, file });
  expect(existsSync(`${databasePath(dir)}-wal`)).toBe(false);
  expect(keptFiles()).toHaveLength(1);
  const kept = openDatabase(replaced ?? "");
  expect(storeOf(kept).list()).toHaveLength(21);
  kept.close();
  // And it can be put back itself.
  await restore({ varDir: dir, file: replaced ?? "" });
  expect(keys()).toEqual(NEW);

  rmSync(databasePath(dir));
  writeFileSync(databasePath(dir), "no database ".repeat(500));
  writeFileSync(`${databasePath(dir)}-wal`, "its wal");
  const broken = await restore({ varDir: dir, file });
  expect(readFileSync(broken.replaced ?? "", "utf8")).toContain("no database");
  expect(readFileSync(`${broken.replaced}-wal`, "utf8")).toBe("its wal");
  expect(existsSync(`${databasePath(dir)}-wal`)).toBe(false);
  expect(keys()).toEqual(OLD);
});

test("restored on another machine: quarantined there too, though there is no progress.json", async () => {
  await yesterdayAndToday();
  const elsewhere = join(dir, "elsewhere");
  await restore({ varDir: elsewhere, file });
  dir = elsewhere;
  expect(await start()).toContain("trader restore put");
  const db = openDatabase(databasePath(elsewhere));
  expect(db.read.halts.active(realClock.nowMs()).map((h) => h.kind)).toEqual(["quarantine"]);
  expect(db.read.audit.after(0, 10).slice(-2)).toMatchObject([
    { kind: "database.quarantined", data: { reason: expect.stringContaining(file) } },
    { kind: "halt.raised", data: { kind: "quarantine", reason: expect.stringContaining(file) } },
  ]);
  db.close();
  dir = join(elsewhere, "..");
});
