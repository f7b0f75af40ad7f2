// The queue for the operator's views: pages of jobs, workers, running jobs, recent failures. Reads only; nothing here
// decides what runs. Each call is one short read, so that a view left open all night holds no transaction.
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";
import { type Job, type JobState, parseJob, type RawJob, type StoredError } from "./jobs.ts";

interface JobPageFilter {
  /** Any of these; undefined: every state. */
  readonly states?: readonly JobState[] | undefined;
  readonly name?: string | undefined;
  readonly traceId?: string | undefined;
  readonly limit: number;
}
interface JobPage {
  /** Newest first. */
  readonly jobs: readonly Job[];
  /** Total number of matching jobs, shown or not. */
  readonly total: number;
}
export interface RegisteredWorker {
  readonly bootId: string;
  readonly pid: number;
  /** See lib/io/process.ts. */
  readonly host: string;
  /** Real clock, like the next two. */
  readonly startedMs: EpochMs;
  readonly heartbeatMs: EpochMs;
  /** When it stopped cleanly. */
  readonly stoppedMs: EpochMs | undefined;
}
export interface RunningJob {
  readonly job: Job;
  readonly startedMs: EpochMs;
}
export interface FailedAttempt {
  readonly jobId: number;
  readonly name: string;
  readonly key: string;
  /** Current state of the job. */
  readonly state: JobState;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly endedMs: EpochMs;
  readonly error: StoredError;
}
/** First start and last end of a job's attempts; end undefined while one runs. */
export interface JobSpan {
  readonly startedMs: EpochMs;
  readonly endedMs: EpochMs | undefined;
}

interface RawWorker {
  boot_id: string;
  pid: number;
  host: string;
  started_ms: EpochMs;
  heartbeat_ms: EpochMs;
  stopped_ms: EpochMs | null;
}
const toWorker = (row: RawWorker): RegisteredWorker => ({
  bootId: row.boot_id,
  pid: row.pid,
  host: row.host,
  startedMs: row.started_ms,
  heartbeatMs: row.heartbeat_ms,
  stoppedMs: row.stopped_ms ?? undefined,
});

interface RawFailure {
  job_id: number;
  name: string;
  key: string;
  state: JobState;
  attempt: number;
  max_attempts: number;
  ended_ms: EpochMs;
  error: string;
}

// Statements are prepared on use, as in reporting.ts: only operator commands call these.
export const queueLookReads = (sql: Sqlite) => ({
  /** Runs several reads on one snapshot of the file. The read transaction ends with the call. */
  atOnce: <T>(read: () => T): T => sql.transaction(read).deferred(),

  page(filter: JobPageFilter): JobPage {
    const where: string[] = [];
    const values: (string | number)[] = [];
    const add = (condition: string, value: string): void => {
      where.push(condition);
      values.push(value);
    };
    if (filter.states) add("state IN (SELECT value FROM json_each(?))", JSON.stringify(filter.states));
    if (filter.name !== undefined) add("name = ?", filter.name);
    if (filter.traceId !== undefined) add("trace_id = ?", filter.traceId);
    const condition = where.length > 0 ? `WHERE ${where.join(" AND ")}` : "";
    return {
      jobs: sql
        .prepare<(string | number)[], RawJob>(`SELECT * FROM jobs ${condition} ORDER BY id DESC LIMIT ?`)
        .all(...values, filter.limit)
        .map(parseJob),
      total:
        sql
          .prepare<(string | number)[], number>(`SELECT count(*) FROM jobs ${condition}`)
          .pluck()
          .get(...values) ?? 0,
    };
  },

  /** Workers that did not stop cleanly, and always the one with the latest heartbeat; newest first. */
  workers: (): readonly RegisteredWorker[] =>
    sql
      .prepare<[], RawWorker>(
        `SELECT * FROM workers WHERE stopped_ms IS NULL
           OR boot_id = (SELECT boot_id FROM workers ORDER BY heartbeat_ms DESC, boot_id LIMIT 1)
         ORDER BY started_ms DESC, boot_id`,
      )
      .all()
      .map(toWorker),

  /** Running jobs, the longest-running first. */
  running: (): readonly RunningJob[] =>
    sql
      .prepare<[], RawJob & { attempt_started_ms: EpochMs | null }>(
        `SELECT j.*, a.started_ms AS attempt_started_ms FROM jobs j
           LEFT JOIN attempts a ON a.job_id = j.id AND a.fence = j.fence
         WHERE j.state = 'running' ORDER BY a.started_ms, j.id`,
      )
      .all()
      .map((row) => ({ job: parseJob(row), startedMs: row.attempt_started_ms ?? epochMs(row.run_at_ms) })),

  /** Attempts that failed since `sinceMs`, newest first, and how many. */
  failures(sinceMs: EpochMs, limit: number): { readonly newest: readonly FailedAttempt[]; readonly total: number } {
    const newest = sql
      .prepare<[number, number], RawFailure>(
        `SELECT a.job_id, j.name, j.key, j.state, a.attempt, j.max_attempts, a.ended_ms, a.error
         FROM attempts a JOIN jobs j ON j.id = a.job_id
         WHERE a.error IS NOT NULL AND a.ended_ms >= ? ORDER BY a.ended_ms DESC, a.job_id DESC, a.fence DESC LIMIT ?`,
      )
      .all(sinceMs, limit)
      .map((row) => ({
        jobId: row.job_id,
        name: row.name,
        key: row.key,
        state: row.state,
        attempt: row.attempt,
        maxAttempts: row.max_attempts,
        endedMs: row.ended_ms,
        error: JSON.parse(row.error) as StoredError,
      }));
    const total = sql
      .prepare<[number], number>("SELECT count(*) FROM attempts WHERE error IS NOT NULL AND ended_ms >= ?")
      .pluck()
      .get(sinceMs);
    return { newest, total: total ?? 0 };
  },

  /** Jobs that ended (done, dead, cancelled or expired) since `sinceMs`. */
  finishedSince: (sinceMs: EpochMs): number =>
    sql.prepare<[number], number>("SELECT count(*) FROM jobs WHERE finished_ms >= ?").pluck().get(sinceMs) ?? 0,

  /** By job id, for every job of the trace that was ever started. */
  spans: (traceId: string): ReadonlyMap<number, JobSpan> =>
    new Map(
      sql
        .prepare<[string], { id: number; started: EpochMs; ended: EpochMs | null; open: number }>(
          `SELECT j.id, min(a.started_ms) AS started, max(a.ended_ms) AS ended, sum(a.ended_ms IS NULL) AS open
           FROM jobs j JOIN attempts a ON a.job_id = j.id WHERE j.trace_id = ? GROUP BY j.id`,
        )
        .all(traceId)
        .map((row) => [
          row.id,
          { startedMs: row.started, endedMs: row.open > 0 ? undefined : (row.ended ?? undefined) },
        ]),
    ),
});
