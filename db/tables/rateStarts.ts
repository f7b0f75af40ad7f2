// rate_starts: when jobs of rate-limited handlers were started. Only the queue uses it, like the writes on jobs.
import type { Sqlite } from "../../lib/io/sqlite.ts";

export const rateStarts = (sql: Sqlite) => {
  const nth = sql
    .prepare<[string, number], number>(
      "SELECT started_ms FROM rate_starts WHERE name = ? ORDER BY started_ms DESC LIMIT 1 OFFSET ?",
    )
    .pluck();
  const clamp = sql.prepare("UPDATE rate_starts SET started_ms = ? WHERE name = ? AND started_ms > ?");
  const insert = sql.prepare("INSERT INTO rate_starts (name, started_ms) VALUES (?, ?)");
  const forget = sql.prepare("DELETE FROM rate_starts WHERE name = ? AND started_ms <= ?");
  const waiting = sql
    .prepare<[string, number], number>(
      "SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'ready' AND name = ? AND run_at_ms <= ?)",
    )
    .pluck();
  return {
    /** The n-th newest start (1 = newest), or undefined when there were fewer. */
    nthNewest: (name: string, n: number): number | undefined => nth.get(name, n - 1),
    /** Starts after `now` (the clock was set back) count as now. */
    clamp: (name: string, now: number): void => void clamp.run(now, name, now),
    record: (name: string, now: number): void => void insert.run(name, now),
    /** Deletes starts at or before `until`. */
    forget: (name: string, until: number): void => void forget.run(name, until),
    /** Whether a job of this handler is ready and due by `byMs`. */
    waiting: (name: string, byMs: number): boolean => waiting.get(name, byMs) === 1,
  };
};
