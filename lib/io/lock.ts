// One runner per state folder: a lock the kernel releases when the process ends for any reason. Held as an exclusive
// SQLite transaction on a file of its own, so no pid file can become stale. The file uses a rollback journal, not WAL:
// a reader is then refused while the lock is held, and delays a runner by one read at most.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../core/errors.ts";
import { openSqlite, type Sqlite } from "./sqlite.ts";
import { storageError } from "./storageTrouble.ts";

const isBusy = (e: unknown): boolean =>
  e instanceof Error && (String((e as { code?: unknown }).code).startsWith("SQLITE_BUSY") || isBusy(e.cause));

export const lockFile = (dir: string): string => join(dir, "runner.lock");

/** Readers (`isLocked`) may be reading at this moment; a runner must not mistake them for another runner. */
const ASKING_MS = 1_000;

/**
 * Takes the folder's lock or throws AppError permanent ALREADY_RUNNING; NOT_WRITABLE, DISK_FULL etc. as openSqlite.
 * The returned function releases it.
 */
export const lockFolder = (dir: string, waitMs = ASKING_MS): (() => void) => {
  const path = lockFile(dir);
  let sql: Sqlite | undefined;
  try {
    sql = openSqlite(path, { busyTimeoutMs: waitMs, journal: "asItIs" });
    // A file of the versions that used WAL; refused while such a version still holds it.
    if (sql.pragma("journal_mode", { simple: true }) !== "delete") sql.pragma("journal_mode = DELETE");
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

/** Whether a runner holds the folder's lock now. Delays a starting runner by this one read at most. */
export const isLocked = (dir: string): boolean => {
  const path = lockFile(dir);
  if (!existsSync(path)) return false;
  let sql: Sqlite | undefined;
  try {
    sql = openSqlite(path, { busyTimeoutMs: 0, journal: "asItIs" });
    sql.prepare("SELECT count(*) FROM sqlite_master").get();
    return false;
  } catch (e) {
    if (isBusy(e)) return true;
    throw storageError(e, path) ?? e;
  } finally {
    sql?.close();
  }
};
