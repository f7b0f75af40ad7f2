// Every statement that the tables and the queue prepare, with SQLite's own plan for it: which of them walk a table that grows
// for years.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../db/open.ts";
import { readsOf, writesOf } from "../../db/tables/index.ts";
import { jobWrites } from "../../db/tables/jobWrites.ts";
import { rateStarts } from "../../db/tables/rateStarts.ts";
import { lastWorker } from "../../db/tables/workers.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

export interface Prepared {
  /** Where it was prepared: "orders", "jobWrites". */
  readonly by: string;
  readonly text: string;
  /** Lines of the plan that walk a whole table of rows, or an index of all its rows. */
  readonly walks: readonly string[];
}

/** Tables that hold a few rows, whatever the age of the system. */
const SMALL = new Set([
  "meta",
  "schedules",
  "telegram_state",
  "differences",
  "quotes",
  "models",
  "owner_coins",
  "rate_starts",
  "json_each",
  "sqlite_sequence",
]);

export const preparedStatements = (): readonly Prepared[] => {
  const { sql } = openDatabase(join(mkdtempSync(join(tmpdir(), "plans-")), "trader.db"), { synchronous: "OFF" });
  const found: { readonly by: string; readonly text: string }[] = [];
  let by = "";
  const recording: Sqlite = new Proxy(sql, {
    get: (target, name) => {
      if (name !== "prepare") return Reflect.get(target, name, target) as unknown;
      return (text: string) => {
        found.push({ by, text });
        return target.prepare(text);
      };
    },
  });
  const reads = readsOf(recording);
  const writes = writesOf(recording, reads);
  for (const table of Object.keys(reads)) {
    by = table;
    void reads[table as keyof typeof reads];
    void writes[table as keyof typeof writes];
  }
  by = "jobWrites";
  jobWrites(recording);
  by = "rateStarts";
  rateStarts(recording);
  by = "workers";
  lastWorker(recording);
  const partial = new Set(
    sql
      .prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'")
      .pluck()
      .all(),
  );
  const isTable = sql
    .prepare<[string], number>("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?")
    .pluck();
  const walks = (text: string): readonly string[] => {
    const plan = sql
      .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${text.replaceAll(/@\w+|\?\d*/g, "1")}`)
      .all()
      .map((row) => row.detail);
    // The newest rows in the order they are stored: reads as many as it is asked for.
    if (/\bLIMIT\b/.test(text) && !/\bWHERE\b/.test(text) && !plan.some((line) => line.includes("TEMP B-TREE")))
      return [];
    return plan.filter((line) => {
      const [, name, index] = /^SCAN (\w+)(?:.*USING (?:COVERING )?INDEX (\w+))?/.exec(line) ?? [];
      if (name === undefined || /CONSTANT|VIRTUAL TABLE/.test(line)) return false;
      const table = tableOf(text, name);
      return isTable.get(table) === 1 && !SMALL.has(table) && !(index !== undefined && partial.has(index));
    });
  };
  return found.map((statement) => ({ ...statement, walks: walks(statement.text) }));
};

/** The table behind an alias. */
const tableOf = (text: string, name: string): string =>
  new RegExp(`(\\w+) (?:AS )?${name}\\b`).exec(text.replaceAll(/\b(FROM|JOIN|UPDATE|INTO)\s+/g, "$1  "))?.[1] ?? name;
