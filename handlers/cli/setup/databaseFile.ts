// Checks a copied database file: is it one of this program, complete, and how new is it? For backup and restore.

import { existsSync, rmSync, statSync } from "node:fs";
import { appliedVersion } from "../../../db/migrate.ts";
import { auditReads } from "../../../db/tables/audit.ts";
import { META, metaReads } from "../../../db/tables/meta.ts";
import { progressReads } from "../../../db/tables/progress.ts";
import type { Config } from "../../../lib/core/config.ts";
import { AppError } from "../../../lib/core/errors.ts";
import { type EpochMs, isoUtc, jstText } from "../../../lib/core/time.ts";
import { openSqlite, type Sqlite } from "../../../lib/io/sqlite.ts";
import { storageTrouble } from "../../../lib/io/storageTrouble.ts";
import { timeOrNull } from "../json/values.ts";

export interface DatabaseFacts {
  readonly mode: string | undefined;
  readonly schemaVersion: number;
  readonly jobs: number;
  readonly auditEvents: number;
  /** Time of the newest audit event. */
  readonly lastEventMs: EpochMs | undefined;
}

/** What SQLite keeps beside a database file. */
export const COMPANIONS = ["-wal", "-shm", "-journal"] as const;
export const removeWithCompanions = (path: string): void => {
  for (const suffix of ["", ...COMPANIONS]) rmSync(path + suffix, { force: true });
};

/** Whether two paths name one file on the disk. */
export const isSameFile = (a: string, b: string): boolean => {
  if (!existsSync(a) || !existsSync(b)) return false;
  const [one, other] = [statSync(a), statSync(b)];
  return one.dev === other.dev && one.ino === other.ino;
};

/** A time for a file's name: "20261124-040800", JST. */
export const stampOf = (nowMs: EpochMs): string =>
  `${jstText(nowMs).slice(0, 16).replaceAll(/[-:]/g, "").replace(" ", "-")}${isoUtc(nowMs).slice(17, 19)}`;

interface Copy {
  readonly path: string;
  /** How messages name what it is a copy of. */
  readonly of: string;
  /** What to do when that is broken. */
  readonly otherwise: string;
}

/**
 * Makes a copy one self-contained file (no -wal beside it), checks every page of it, lets `change` write to it, and
 * tells what it is. Throws AppError DB_CORRUPT, NOT_OURS, DB_TOO_NEW, DB_MIGRATION_CHANGED, and what openSqlite throws.
 */
export const finishCopy = (copy: Copy, change: (sql: Sqlite) => void = () => {}): DatabaseFacts => {
  let sql: Sqlite | undefined;
  try {
    sql = openSqlite(copy.path);
    const found = sql.pragma("integrity_check(1)", { simple: true });
    if (found !== "ok") throw broken(copy, String(found));
    const facts = factsOf(sql, copy.of);
    change(sql);
    sql.pragma("journal_mode = DELETE");
    return facts;
  } catch (e) {
    const trouble = storageTrouble(e);
    throw trouble?.kind === "corrupt" ? broken(copy, trouble.message) : e;
  } finally {
    sql?.close();
  }
};
const broken = (copy: Copy, found: string): AppError =>
  new AppError(
    "permanent",
    "DB_CORRUPT",
    `expected a sound database at ${copy.of}, found: ${found}; ${copy.otherwise}`,
  );

const factsOf = (sql: Sqlite, of: string): DatabaseFacts => {
  const tables = sql
    .prepare<[], number>(
      "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('schema_migrations', 'meta', 'jobs', 'audit_events')",
    )
    .pluck()
    .get();
  if (tables !== 4)
    throw new AppError(
      "permanent",
      "NOT_OURS",
      `expected a database of this program at ${of}, found one of another program, or one that was never used`,
    );
  return {
    mode: metaReads(sql).get(META.mode),
    schemaVersion: appliedVersion(sql),
    ...progressReads(sql).now(),
    lastEventMs: auditReads(sql).last()?.atMs,
  };
};

export const factsJson = ({ lastEventMs, mode, ...facts }: DatabaseFacts) => ({
  ...facts,
  mode: mode ?? null,
  lastEventAt: timeOrNull(lastEventMs),
});
export const factsText = (facts: DatabaseFacts): string => {
  const last = facts.lastEventMs === undefined ? "" : `, the last of ${jstText(facts.lastEventMs)}`;
  return `mode ${facts.mode ?? "none yet"}, schema ${facts.schemaVersion}, ${facts.jobs} jobs, ${facts.auditEvents} audit events${last}`;
};

export interface CopyDeps {
  readonly config: () => Config;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}
