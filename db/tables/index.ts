// All tables of the database, reads apart from writes: a Tx has both, and only a transaction hands one out.
// One file per table (or per pair of tables that live and die together): its SQL and its row shape.
import type { Sqlite } from "../../lib/io/sqlite.ts";
import { auditReads, auditWrites } from "./audit.ts";

export const readsOf = (sql: Sqlite) => ({
  audit: auditReads(sql),
});
export type Reads = ReturnType<typeof readsOf>;

const writers = (sql: Sqlite) => ({
  audit: auditWrites(sql),
});
type Writes = ReturnType<typeof writers>;

/** Reads and writes of one transaction. */
export type Tx = { readonly [K in keyof Reads]: Reads[K] & (K extends keyof Writes ? Writes[K] : unknown) };

export const writesOf = (sql: Sqlite, reads: Reads): Tx => {
  const writes = writers(sql) as Record<string, object>;
  return Object.fromEntries(
    Object.entries(reads).map(([table, functions]) => [table, { ...functions, ...(writes[table] ?? {}) }]),
  ) as unknown as Tx;
};
