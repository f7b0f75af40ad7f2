// Progress of a database: counts that only rise, with the newest audit event's hash and the newest job. A file that
// lacks them, or has others in their place, is an old copy.
import type { Sqlite } from "../../lib/io/sqlite.ts";

export interface Progress {
  /** Jobs ever enqueued. */
  readonly jobs: number;
  /** Audit events ever written. */
  readonly auditEvents: number;
}
/** The identity of the row at that count; undefined: no such row (jobs are pruned, audit events never). */
export interface ProgressMark {
  /** Name and key of the job with this id. */
  readonly job: string | undefined;
  /** Hash of the audit event with this sequence number. */
  readonly auditHash: string | undefined;
}

export const progressReads = (sql: Sqlite) => {
  const jobs = sql.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'jobs'").pluck();
  const events = sql.prepare<[], number | null>("SELECT max(seq) FROM audit_events").pluck();
  const job = sql.prepare<[number], string>("SELECT name || ' ' || key FROM jobs WHERE id = ?").pluck();
  const hash = sql.prepare<[number], string>("SELECT hash FROM audit_events WHERE seq = ?").pluck();
  return {
    now: (): Progress => ({ jobs: jobs.get() ?? 0, auditEvents: events.get() ?? 0 }),
    at: (progress: Progress): ProgressMark => ({
      job: job.get(progress.jobs),
      auditHash: hash.get(progress.auditEvents),
    }),
  };
};
