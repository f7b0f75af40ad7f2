// Numbered, forward-only migrations, one transaction each, checksums stored. Refuses a database newer than the program
// or one whose applied migrations differ from the program's.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../lib/core/errors.ts";
import { projectPath } from "../lib/io/paths.ts";
import type { Sqlite } from "../lib/io/sqlite.ts";

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** The program's migrations, in order. File names are NNNN_name.sql. */
export const loadMigrations = (dir = projectPath("db", "migrations")): readonly Migration[] =>
  readdirSync(dir)
    .filter((file) => /^\d{4}_\w+\.sql$/.test(file))
    .sort()
    .map((file) => {
      const sql = readFileSync(join(dir, file), "utf8");
      return {
        version: Number(file.slice(0, 4)),
        name: file.slice(5, -4),
        sql,
        checksum: createHash("sha256").update(sql).digest("hex"),
      };
    });

let programs: readonly Migration[] | undefined;
/** Read once: they do not change while the program runs. */
const ownMigrations = (): readonly Migration[] => {
  programs ??= loadMigrations();
  return programs;
};

/**
 * The database's schema version, after every applied migration was compared with the program's.
 * Throws AppError permanent DB_TOO_NEW or DB_MIGRATION_CHANGED.
 */
export const appliedVersion = (sql: Sqlite, migrations: readonly Migration[] = ownMigrations()): number => {
  const applied = sql.prepare("SELECT version, name, checksum FROM schema_migrations ORDER BY version").all() as {
    version: number;
    name: string;
    checksum: string;
  }[];
  const newest = applied.at(-1)?.version ?? 0;
  const known = migrations.at(-1)?.version ?? 0;
  if (newest > known)
    throw new AppError(
      "permanent",
      "DB_TOO_NEW",
      `the database has schema version ${newest}, this program knows ${known}: it was written by a newer version; update the program, put back a backup from before the update (trader restore FILE), or use another --var folder`,
    );
  for (const row of applied) {
    const ours = migrations.find((m) => m.version === row.version);
    if (!ours || ours.checksum !== row.checksum)
      throw new AppError(
        "permanent",
        "DB_MIGRATION_CHANGED",
        `migration ${row.version} (${row.name}) of the database is not the program's: expected checksum ${ours?.checksum ?? "none"}, found ${row.checksum}; use the program version that made this database, or another --var folder`,
      );
  }
  return newest;
};

/**
 * Brings the database to the program's schema.
 * Throws AppError permanent DB_TOO_NEW, DB_MIGRATION_CHANGED or DB_MIGRATION_FAILED; nothing is half applied.
 */
export const migrate = (sql: Sqlite, migrations: readonly Migration[] = ownMigrations()): void => {
  sql.exec(
    "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT",
  );
  const run = sql.transaction(() => {
    const newest = appliedVersion(sql, migrations);
    for (const migration of migrations.filter((m) => m.version > newest)) {
      sql.exec(migration.sql);
      sql
        .prepare("INSERT INTO schema_migrations (version, name, checksum) VALUES (?, ?, ?)")
        .run(migration.version, migration.name, migration.checksum);
    }
  });
  run.immediate();
};

/** Whether the database has the program's newest migration; a read-only open needs it. False for a foreign file. */
export const isMigrated = (sql: Sqlite, migrations: readonly Migration[] = ownMigrations()): boolean => {
  const table = sql.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'").get();
  const newest = table && sql.prepare<[], number>("SELECT max(version) FROM schema_migrations").pluck().get();
  return newest === migrations.at(-1)?.version;
};
