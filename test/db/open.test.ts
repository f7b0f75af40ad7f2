import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadMigrations, migrate } from "../../db/migrate.ts";
import { openDatabase } from "../../db/open.ts";
import { AppError } from "../../lib/core/errors.ts";
import { openSqlite } from "../../lib/io/sqlite.ts";

const folder = () => mkdtempSync(join(tmpdir(), "trader-db-"));
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (e) {
    return e instanceof AppError ? e.code : `not an AppError: ${String(e)}`;
  }
  return "no error";
};

describe("opening the database", () => {
  test("every connection is WAL with synchronous=FULL and foreign keys", () => {
    const db = openDatabase(join(folder(), "nested", "trader.db"));
    expect(db.sql.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(db.sql.pragma("synchronous", { simple: true })).toBe(2);
    expect(db.sql.pragma("foreign_keys", { simple: true })).toBe(1);
    db.close();
  });
  test("every table but SQLite's own is STRICT", () => {
    const db = openDatabase(":memory:");
    const loose = db.sql
      .prepare("SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'")
      .pluck()
      .all();
    expect(loose).toEqual([]);
    db.close();
  });
  test("the owner's four tables keep their names and columns", () => {
    const db = openDatabase(":memory:");
    const columns = (table: string) => db.sql.prepare("SELECT name FROM pragma_table_info(?)").pluck().all(table);
    const owner = {
      trades:
        "id symbol direction entry_price exit_price stop_loss take_profit_1 take_profit_2 position_size confidence entry_time exit_time exit_reason pnl_amount pnl_percent status created_at",
      signals: "id symbol direction confidence features prediction_time approved approved_by trade_id created_at",
      daily_summary:
        "date total_trades winning_trades losing_trades gross_profit gross_loss net_pnl max_drawdown sharpe_ratio",
      model_performance: "id date model_version predictions correct_predictions accuracy auc_roc created_at",
    };
    for (const [table, names] of Object.entries(owner))
      expect(columns(table)).toEqual(expect.arrayContaining(names.split(" ")));
    db.close();
  });
  test("opening twice migrates once", () => {
    const path = join(folder(), "trader.db");
    openDatabase(path).close();
    const db = openDatabase(path);
    expect(db.sql.prepare("SELECT count(*) FROM schema_migrations").pluck().get()).toBe(loadMigrations().length);
    db.close();
  });
});

describe("bad databases are refused with a clear error", () => {
  test("a newer version's file", () => {
    const path = join(folder(), "trader.db");
    const db = openDatabase(path);
    db.sql.exec("INSERT INTO schema_migrations VALUES (9999, 'future', 'x')");
    db.close();
    expect(codeOf(() => openDatabase(path))).toBe("DB_TOO_NEW");
  });
  test("a migration that is not ours", () => {
    const path = join(folder(), "trader.db");
    const db = openDatabase(path);
    db.sql.exec("UPDATE schema_migrations SET checksum = 'other' WHERE version = 1");
    db.close();
    expect(codeOf(() => openDatabase(path))).toBe("DB_MIGRATION_CHANGED");
  });
  test("a file that is no database", () => {
    const path = join(folder(), "trader.db");
    writeFileSync(path, "this is not a database, it is a text of some length ".repeat(100));
    expect(codeOf(() => openDatabase(path))).toBe("DB_CORRUPT");
  });
  test("a folder in the place of the file", () => {
    const path = join(folder(), "trader.db");
    mkdirSync(path);
    chmodSync(path, 0o700);
    expect(codeOf(() => openDatabase(path))).toBe("DB_OPEN");
  });
  test("a migration that fails leaves nothing half applied", () => {
    const sql = openSqlite(":memory:");
    const good = { version: 1, name: "good", sql: "CREATE TABLE a (x INTEGER) STRICT", checksum: "1" };
    const bad = {
      version: 2,
      name: "bad",
      sql: "CREATE TABLE b (x INTEGER) STRICT; CREATE TABLE a (y INTEGER) STRICT",
      checksum: "2",
    };
    expect(() => migrate(sql, [good, bad])).toThrow();
    expect(sql.prepare("SELECT count(*) FROM sqlite_master WHERE name IN ('a', 'b')").pluck().get()).toBe(0);
    sql.close();
  });
});
