// How far a database has come: numbers that only ever rise. A file with smaller ones than its folder has seen is an old copy.
import type { Sqlite } from "../../lib/io/sqlite.ts";

export interface Progress {
  /** Jobs ever enqueued. */
  readonly jobs: number;
  /** Audit events ever written. */
  readonly auditEvents: number;
}

export const progressReads = (sql: Sqlite) => {
  const jobs = sql.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'jobs'").pluck();
  const events = sql.prepare<[], number | null>("SELECT max(seq) FROM audit_events").pluck();
  return {
    now: (): Progress => ({ jobs: jobs.get() ?? 0, auditEvents: events.get() ?? 0 }),
  };
};
