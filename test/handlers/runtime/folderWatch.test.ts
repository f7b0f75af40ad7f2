// The watch over the files that a worker has open, on real files and a fake clock.
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Database, openDatabase } from "../../../db/open.ts";
import { FolderWatch } from "../../../handlers/runtime/folderWatch.ts";
import { databasePath } from "../../../handlers/runtime/stateFolder.ts";
import type { AppError } from "../../../lib/core/errors.ts";

let parent: string;
let varDir: string;
let db: Database;
let watch: FolderWatch;
let lost: AppError | undefined;
beforeEach(() => {
  vi.useFakeTimers();
  parent = mkdtempSync(join(tmpdir(), "watch-"));
  mkdirSync(join(parent, "real"));
  symlinkSync(join(parent, "real"), join(parent, "var"));
  varDir = join(parent, "var");
  db = openDatabase(databasePath(varDir));
  watch = new FolderWatch(varDir);
  watch.follow(db.path);
  db.checkBeforeWrites(watch.check);
  lost = undefined;
  void watch.lost.then((error) => {
    lost = error;
  });
});
afterEach(() => {
  db.close();
  watch.end();
  vi.useRealTimers();
});
const commit = (): void => db.transaction((tx) => tx.meta.set("mode", "paper"));

test.each<[string, () => void, RegExp]>([
  ["the folder is renamed", () => renameSync(join(parent, "real"), join(parent, "moved")), /the folder was deleted/],
  [
    "the path leads to another folder",
    () => {
      mkdirSync(join(parent, "other"));
      unlinkSync(varDir);
      symlinkSync(join(parent, "other"), varDir);
    },
    /the folder was replaced/,
  ],
  ["the database is deleted", () => rmSync(db.path), /trader\.db was deleted or renamed/],
  ["the wal-index is deleted", () => rmSync(`${db.path}-shm`), /trader\.db-shm was deleted or renamed/],
])("truth 17: %s: noticed within a second, and no commit is made from that moment on", async (_, change, why) => {
  commit();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(lost).toBeUndefined();
  change();
  expect(commit).toThrow(expect.objectContaining({ code: "FOLDER_LOST", message: expect.stringMatching(why) }));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(lost?.message).toMatch(why);
});

test("truth 17: nothing is written meanwhile: the timer alone notices it within a second", async () => {
  rmSync(db.path);
  await vi.advanceTimersByTimeAsync(999);
  expect(lost?.code).toBe("FOLDER_LOST");
});

test("truth 17: a file that was replaced before it was followed is found too", () => {
  const late = new FolderWatch(varDir);
  renameSync(db.path, `${db.path}.before`);
  writeFileSync(db.path, "another");
  late.follow(db.path);
  expect(late.check).toThrow(/trader\.db was replaced by another/);
  late.end();
});

test.each<[string, string, RegExp | undefined]>([
  ["is no database any more", "SQLITE_CORRUPT", /trader\.db was overwritten \(it is no sound database any more/],
  ["is busy for a moment", "SQLITE_BUSY", undefined],
])("truth 17: content that %s is judged by the watch, which never throws out of its timer", async (_, code, why) => {
  let reads = 0;
  watch.followContent(db.path, () => {
    reads += 1;
    if (reads === 1) throw Object.assign(new Error("as SQLite says it"), { code });
    return undefined;
  });
  commit();
  db.sql.pragma("wal_checkpoint(TRUNCATE)");
  await vi.advanceTimersByTimeAsync(1_000);
  if (why === undefined) expect([lost, reads]).toEqual([undefined, 2]);
  else expect(lost?.message).toMatch(why);
});
