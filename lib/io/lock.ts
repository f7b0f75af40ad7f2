// One runner per state folder: a lock the kernel releases when the process dies, however it dies. Held as an exclusive
// SQLite transaction on a file of its own, so no pid file can go stale.
import { join } from "node:path";
import { AppError } from "../core/errors.ts";
import { openSqlite, type Sqlite } from "./sqlite.ts";
import { storageError } from "./storageTrouble.ts";

const isBusy = (e: unknown): boolean =>
  e instanceof Error && (String((e as { code?: unknown }).code).startsWith("SQLITE_BUSY") || isBusy(e.cause));

/** Somebody who only asks (`isLocked`) holds the lock for a moment; a runner must not take him for another runner. */
const ASKING_MS = 300;

/**
 * Takes the folder's lock or throws AppError permanent ALREADY_RUNNING; NOT_WRITABLE, DISK_FULL and their like as openSqlite.
 * The returned function releases it.
 */
export const lockFolder = (dir: string, waitMs = ASKING_MS): (() => void) => {
  const path = join(dir, "runner.lock");
  let sql: Sqlite | undefined;
  try {
    sql = openSqlite(path, { busyTimeoutMs: waitMs });
    // In WAL mode only locking_mode=EXCLUSIVE keeps a second process out; the empty write takes the lock now.
    sql.pragma("locking_mode = EXCLUSIVE");
    sql.exec("BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS held (since INTEGER); COMMIT");
    sql.exec("BEGIN EXCLUSIVE");
  } catch (e) {
    sql?.close();
    if (!isBusy(e)) throw storageError(e, path) ?? e;
    throw new AppError(
      "permanent",
      "ALREADY_RUNNING",
      `expected no other runner on ${dir}, found one: stop it first (Ctrl+C, or systemctl stop), or use another --var folder`,
      { dir },
      { cause: e },
    );
  }
  const held = sql;
  return () => {
    held.exec("ROLLBACK");
    held.close();
  };
};

/** Whether a runner holds the folder's lock now. */
export const isLocked = (dir: string): boolean => {
  try {
    lockFolder(dir, 0)();
    return false;
  } catch (e) {
    if (e instanceof AppError && e.code === "ALREADY_RUNNING") return true;
    throw e;
  }
};
