// differences: what the last reconcile found to differ between the venue and our book. Found once it may be a race
// between two reads; found twice in a row it is real.
import type { EpochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

export interface Difference {
  readonly key: string;
  readonly text: string;
}
export interface SeenDifference extends Difference {
  readonly firstSeenMs: EpochMs;
  readonly seen: number;
}

export const differenceReads = (sql: Sqlite) => {
  const all = sql.prepare<[], { key: string; text: string; first_seen_ms: EpochMs; seen: number }>(
    "SELECT * FROM differences ORDER BY key",
  );
  return {
    all: (): readonly SeenDifference[] =>
      all.all().map((r) => ({ key: r.key, text: r.text, firstSeenMs: r.first_seen_ms, seen: r.seen })),
  };
};

export const differenceWrites = (sql: Sqlite) => {
  const reads = differenceReads(sql);
  const upsert = sql.prepare(
    `INSERT INTO differences (key, text, first_seen_ms, seen) VALUES (?, ?, ?, 1)
     ON CONFLICT (key) DO UPDATE SET text = excluded.text, seen = seen + 1`,
  );
  const remove = sql.prepare("DELETE FROM differences WHERE key = ?");
  return {
    /**
     * Replaces the stored differences by those found now; one found again increments its count. Returns all of them.
     */
    record(found: readonly Difference[], atMs: EpochMs): readonly SeenDifference[] {
      const keys = new Set(found.map((d) => d.key));
      for (const old of reads.all()) if (!keys.has(old.key)) remove.run(old.key);
      for (const d of found) upsert.run(d.key, d.text, atMs);
      return reads.all();
    },
  };
};
