// The only access to SQLite. Every connection, ours and the simulator's, gets the same pragmas, read back to verify
// them: better-sqlite3 opens WAL at synchronous=NORMAL by default (toolchain notes), where a power failure loses the
// last commit.
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { AppError } from "../core/errors.ts";
import { storageError } from "./storageTrouble.ts";

export type Sqlite = Database.Database;
export { SqliteError } from "better-sqlite3";

/** Twice SQLite's automatic checkpoint (1,000 pages of 4 kB). */
export const WAL_LIMIT_BYTES = 8_388_608;

export interface SqliteOptions {
  /** FULL everywhere; OFF only for throw-away databases (backtest). */
  readonly synchronous?: "FULL" | "OFF";
  readonly readonly?: boolean;
  readonly busyTimeoutMs?: number;
  /** "asItIs" keeps the file's journal mode: for the lock file, which holds no data (lock.ts). */
  readonly journal?: "WAL" | "asItIs";
}

/**
 * Opens (and creates, with its folder) a SQLite file; ":memory:", or the image of a database, stays in memory. bigint
 * columns must be read with `safeIntegers()`.
 * Throws AppError: DB_MISSING, DB_OPEN, NOT_WRITABLE (names the owner), DB_CORRUPT (also for a file that is no
 * database), DISK_FULL, DB_BUSY, DB_IO.
 */
export const openSqlite = (file: string | Buffer, options: SqliteOptions = {}): Sqlite => {
  const path = typeof file === "string" ? file : ":memory:";
  const synchronous = options.synchronous ?? "FULL";
  const wal = (options.journal ?? "WAL") === "WAL";
  let db: Sqlite | undefined;
  try {
    if (path !== ":memory:" && !options.readonly) mkdirSync(dirname(path), { recursive: true });
    if (options.readonly && !existsSync(path))
      throw new AppError(
        "permanent",
        "DB_MISSING",
        `expected a database at ${path}, found none; is --var right? trader start or trader worker makes one`,
      );
    db = new Database(file, { timeout: options.busyTimeoutMs ?? 5_000, readonly: options.readonly ?? false });
    if (!options.readonly && wal) {
      db.pragma("journal_mode = WAL");
      db.pragma(`synchronous = ${synchronous}`);
      // Without it the -wal file stays as large as one slow reader once made it. SQLite cuts it when it begins the log anew, at a
      // commit after the reader has ended; never within a transaction, and without waiting for anyone.
      db.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
    }
    db.pragma("foreign_keys = ON");
    if (!options.readonly && wal && path !== ":memory:") {
      const mode = db.pragma("journal_mode", { simple: true });
      const level = db.pragma("synchronous", { simple: true });
      if (mode !== "wal" || level !== (synchronous === "FULL" ? 2 : 0))
        throw new Error(`expected WAL with synchronous=${synchronous}, found ${String(mode)} with ${String(level)}`);
    }
    return db;
  } catch (e) {
    db?.close();
    if (e instanceof AppError) throw e;
    throw (
      storageError(e, path) ??
      new AppError(
        "permanent",
        "DB_OPEN",
        `cannot open the database ${path}: ${(e as Error).message}. Check that the folder exists and is writable, and that the file is a SQLite database`,
        { path },
        { cause: e },
      )
    );
  }
};

/** Whether a file is a database without a corrupt page. Reads all of it. */
export const isSound = (path: string): boolean => {
  let db: Sqlite | undefined;
  try {
    db = openSqlite(path, { readonly: true });
    return db.pragma("quick_check(1)", { simple: true }) === "ok";
  } catch {
    return false;
  } finally {
    db?.close();
  }
};
