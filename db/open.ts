// Opens the one database file: pragmas checked, schema migrated. Reads are free; writes exist only inside a
// transaction, because only `transaction` hands out a Tx.
import { AppError } from "../lib/core/errors.ts";
import { openSqlite, type Sqlite, type SqliteOptions } from "../lib/io/sqlite.ts";
import { storageError } from "../lib/io/storageTrouble.ts";
import { migrate } from "./migrate.ts";
import { type Reads, readsOf, type Tx, writesOf } from "./tables/index.ts";

export type { Reads, Tx };

/** Throws TypeError for a promise: what it writes later would be outside the transaction. */
export const mustBeSync = <T>(result: T): T => {
  if (typeof (result as { then?: unknown } | undefined)?.then !== "function") return result;
  (result as unknown as Promise<unknown>).then(undefined, () => undefined); // Its later rejection is ignored.
  throw new TypeError("a database transaction must be synchronous");
};

export class Database {
  readonly read: Reads;
  readonly #tx: Tx;
  #mayWrite: () => void = () => {};
  constructor(
    /** For db/tables and the queue's store only. */
    readonly sql: Sqlite,
    readonly path: string,
  ) {
    this.read = readsOf(sql);
    this.#tx = writesOf(sql, this.read);
  }

  /** From now on `check` runs before every write; what it throws is thrown instead of writing. */
  checkBeforeWrites(check: () => void): void {
    this.#mayWrite = check;
  }

  /** One BEGIN IMMEDIATE transaction; never async. Nested calls join the outer transaction. */
  transaction<T>(work: (tx: Tx) => T): T {
    if (this.sql.inTransaction) return work(this.#tx);
    this.#mayWrite();
    return this.sql
      .transaction(() => {
        return mustBeSync(work(this.#tx));
      })
      .immediate();
  }

  /** Moves the content of the -wal file into the database file, and truncates it. */
  checkpoint(): void {
    this.#mayWrite();
    this.sql.pragma("wal_checkpoint(TRUNCATE)");
  }

  close(): void {
    this.sql.close();
  }
}

/** Opens and migrates. Throws AppError (DB_TOO_NEW, DB_MIGRATION_CHANGED, and what openSqlite throws). */
export const openDatabase = (path: string, options: SqliteOptions = {}): Database => {
  const sql = openSqlite(path, options);
  try {
    if (!options.readonly) migrate(sql);
    return new Database(sql, path);
  } catch (e) {
    sql.close();
    if (e instanceof AppError) throw e;
    throw (
      storageError(e, path) ??
      new AppError(
        "permanent",
        "DB_OPEN",
        `expected a database of this program at ${path}, found: ${(e as Error).message}. Check that the file is one and that you may write to its folder`,
        { path },
        { cause: e },
      )
    );
  }
};
