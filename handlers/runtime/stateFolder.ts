// The state folder (--var): its database, the mode and product it belongs to, and the clock its commands use.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isMigrated } from "../../db/migrate.ts";
import { openDatabase } from "../../db/open.ts";
import { META } from "../../db/tables/meta.ts";
import { AppError, UsageError } from "../../lib/core/errors.ts";
import type { Product } from "../../lib/core/product.ts";
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import { realClock, VirtualClock } from "../../lib/io/clock.ts";
import { openSqlite } from "../../lib/io/sqlite.ts";
import { storageError } from "../../lib/io/storageTrouble.ts";
import { JobStore } from "../../queue/store.ts";
import type { Database } from "../../queue/types.ts";
import type { CommandCtx } from "../context.ts";
import type { AppJob } from "../jobs.ts";
import { registry } from "../registry.ts";

export type Mode = "replay" | "paper" | "live";
export const databasePath = (varDir: string): string => join(varDir, "trader.db");
export const venuePath = (varDir: string): string => join(varDir, "venue.db");

/** Creates the state folder with mode 0700 if it is missing. Throws AppError VAR_DIR, NOT_WRITABLE or DISK_FULL. */
export const makeStateFolder = (varDir: string): void => {
  try {
    mkdirSync(varDir, { recursive: true, mode: 0o700 });
  } catch (e) {
    const trouble = storageError(e, databasePath(varDir));
    if (trouble) throw trouble;
    throw new AppError(
      "permanent",
      "VAR_DIR",
      `expected a folder to write to, found ${varDir}: ${(e as Error).message}; choose another --var`,
      {},
      { cause: e },
    );
  }
};

export interface State extends CommandCtx {
  close(): void;
}

/** Virtual time that the replay of this database has reached; undefined when it holds no replay. */
export const virtualNow = (db: Database): EpochMs | undefined => {
  const text = db.read.meta.get(META.virtualNowMs);
  return text === undefined ? undefined : epochMs(Number(text));
};

/** Opens the folder's database for a command, on the database's clock (the virtual time of a replay). */
export const openState = (varDir: string, options: { readonly create?: boolean } = {}): State => {
  const path = databasePath(varDir);
  if (!options.create) openSqlite(path, { readonly: true }).close(); // DB_MISSING with a clear text instead of an empty new file
  return stateOf(openDatabase(path));
};

/**
 * The same with a read-only connection, which takes no write lock. (A database of an older schema is migrated first.)
 * Throws AppError permanent (DB_MISSING, DB_OPEN, DB_TOO_NEW).
 */
export const openToLook = (varDir: string): State => {
  const path = databasePath(varDir);
  if (!isCurrent(path)) openDatabase(path).close(); // Migrates, or throws the reason why it cannot.
  return stateOf(openDatabase(path, { readonly: true }));
};

const isCurrent = (path: string): boolean => {
  const sql = openSqlite(path, { readonly: true });
  try {
    return isMigrated(sql);
  } catch {
    return false; // No database: opening it throws the error.
  } finally {
    sql.close();
  }
};

const stateOf = (db: Database): State => {
  const now = virtualNow(db);
  const clock = now === undefined ? realClock : new VirtualClock(now);
  return { db, store: new JobStore<AppJob>(db, registry, clock), clock, close: () => db.close() };
};

/** The product of a database; margin when it is older than the setting. undefined: a new database. */
export const productOf = (db: Database): Product | undefined => {
  const found = db.read.meta.get(META.product);
  if (found === "spot" || found === "margin") return found;
  return db.read.meta.get(META.mode) === undefined ? undefined : "margin";
};

/**
 * Assigns the database to one mode and one product, permanently. Throws UsageError (MODE_MISMATCH, PRODUCT_MISMATCH)
 * when it is assigned to others: replayed, paper and real trades, coins and margin positions never share a book.
 */
export const claimFolder = (db: Database, mode: Mode, product: Product): void =>
  db.transaction((tx) => {
    const before = productOf(db);
    if (before !== undefined && before !== product)
      throw new UsageError(
        `PRODUCT_MISMATCH: expected a database of PRODUCT=${product} at ${db.path}, found one of PRODUCT=${before}; give this run a folder of its own with --var DIR`,
      );
    tx.meta.set(META.product, product);
    const found = tx.meta.get(META.mode);
    if (found !== undefined && found !== mode)
      throw new UsageError(
        `MODE_MISMATCH: expected a database of mode ${mode} at ${db.path}, found one of mode ${found}; give this run a folder of its own with --var DIR`,
      );
    if (found === undefined) tx.meta.set(META.mode, mode);
  });

/**
 * Binds a live database to the account of one API key, permanently. Throws UsageError ACCOUNT_MISMATCH for another key's:
 * a book of one account compared with the orders of another would close what is not its own.
 */
export const claimAccount = (db: Database, account: string): void =>
  db.transaction((tx) => {
    const found = tx.meta.get(META.account);
    if (found !== undefined && found !== account)
      throw new UsageError(
        `ACCOUNT_MISMATCH: expected the API key ${found} that ${db.path} was begun with, found the key ${account}; put that key back, or give this account a folder of its own with --var DIR`,
      );
    if (found === undefined) tx.meta.set(META.account, account);
  });
