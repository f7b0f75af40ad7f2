// Opening a state folder to look: cannot write, and never shows an older schema as if it were this program's.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadMigrations, migrate } from "../../../db/migrate.ts";
import { openDatabase } from "../../../db/open.ts";
import { databasePath, openState, openToLook } from "../../../handlers/runtime/stateFolder.ts";
import { openSqlite } from "../../../lib/io/sqlite.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "state-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const oldDatabase = (): void => {
  const sql = openSqlite(databasePath(dir));
  migrate(sql, loadMigrations().slice(0, 1));
  sql.close();
};

test.each([
  ["to look", openToLook],
  ["to change", openState],
])("a database of an older schema is brought to this program's, opened %s", (_name, open) => {
  oldDatabase();
  const state = open(dir);
  expect(state.store.stats().states.ready).toBe(0);
  expect(state.db.sql.prepare("SELECT max(version) FROM schema_migrations").pluck().get()).toBe(
    loadMigrations().at(-1)?.version,
  );
  state.close();
});

test("opened to look, nothing can be written, and a writer in the middle of a transaction is not waited for", () => {
  const writer = openDatabase(databasePath(dir));
  writer.sql.exec("BEGIN IMMEDIATE");
  const state = openToLook(dir);
  expect(() => state.store.enqueue({ name: "reconcile", key: "k", input: {} })).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^SQLITE_READONLY/) }),
  );
  expect(state.store.list()).toEqual([]);
  state.close();
  writer.sql.exec("ROLLBACK");
  writer.close();
});

test.each([
  ["none", "DB_MISSING", () => {}],
  ["a text", "DB_CORRUPT", () => writeFileSync(databasePath(dir), "no database ".repeat(400))],
  [
    "a newer program's",
    "DB_TOO_NEW",
    () => {
      const db = openDatabase(databasePath(dir));
      db.sql.exec("INSERT INTO schema_migrations VALUES (9999, 'later', 'x')");
      db.close();
    },
  ],
])("%s is one clear error", (_name, code, make) => {
  make();
  expect(() => openToLook(dir)).toThrow(expect.objectContaining({ code }));
});
