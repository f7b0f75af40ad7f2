// The queue's own SQL on jobs, attempts and workers. Every change to a running job names the attempt that makes it
// (id and fence) and reports whether that attempt still owned the job.
import type { Sqlite } from "../../lib/io/sqlite.ts";
import { CLAIMABLE, type JobRisk, type RawJob } from "./jobs.ts";

interface InsertJob {
  readonly name: string;
  readonly key: string;
  readonly input: string;
  readonly risk: JobRisk;
  readonly priority: number;
  readonly serialKey: string | null;
  readonly runAtMs: number;
  readonly expiresAtMs: number | null;
  readonly maxAttempts: number;
  readonly parentId: number | null;
  readonly traceId: string;
  readonly nowMs: number;
}
interface ClaimJob {
  /** System clock. */
  readonly now: number;
  readonly worker: string;
  /** Real clock. */
  readonly leaseUntil: number;
  /** JSON array of handler names that are at their limit. */
  readonly busy: string;
  readonly onlyReducing: 0 | 1;
}
export interface RunningRow {
  readonly id: number;
  readonly fence: number;
  readonly attempts: number;
  readonly lease_until_ms: number;
  readonly worker: string;
  readonly pid: number | null;
  readonly host: string | null;
}
type Changes = { changes: number };

/** What a finished attempt writes to its job's row. */
export interface JobEnd {
  readonly id: number;
  readonly fence: number;
  readonly state: "done" | "ready" | "parked" | "dead";
  readonly attempts: number;
  readonly runAt: number;
  readonly snoozed: 0 | 1;
  readonly wakeOn: string | null;
  readonly deadline: number | null;
  readonly deadlinePassed: 0 | 1;
  readonly error: string | null;
  readonly reason: string | null;
  readonly finished: number | null;
}

export const jobWrites = (sql: Sqlite) => {
  const insert = sql.prepare<[InsertJob], { id: number }>(
    `INSERT INTO jobs (name, key, input, state, risk, priority, serial_key, run_at_ms, expires_at_ms, max_attempts,
       parent_id, trace_id, created_ms)
     VALUES (@name, @key, @input, 'ready', @risk, @priority, @serialKey, @runAtMs, @expiresAtMs, @maxAttempts,
       @parentId, @traceId, @nowMs)
     ON CONFLICT (name, key) DO NOTHING RETURNING id`,
  );
  const idByKey = sql.prepare<[string, string], { id: number }>("SELECT id FROM jobs WHERE name = ? AND key = ?");
  const claim = sql.prepare<[ClaimJob], RawJob>(
    `UPDATE jobs SET state = 'running', attempts = attempts + 1, fence = fence + 1, worker = @worker,
       lease_until_ms = @leaseUntil, snoozed = 0, wake_on = NULL, reason = NULL
     WHERE id = (SELECT j.id FROM jobs j WHERE ${CLAIMABLE}
       AND j.name NOT IN (SELECT value FROM json_each(@busy)) AND (@onlyReducing = 0 OR j.risk = 'reducing')
       ORDER BY j.priority DESC, j.run_at_ms, j.id LIMIT 1)
     RETURNING *`,
  );
  const claimable = sql
    .prepare<[{ now: number; busy: string }], number>(
      `SELECT EXISTS (SELECT 1 FROM jobs j WHERE ${CLAIMABLE} AND j.name NOT IN (SELECT value FROM json_each(@busy)))`,
    )
    .pluck();
  const expire = sql.prepare<[{ now: number }]>(
    `UPDATE jobs SET state = 'expired', finished_ms = @now, snoozed = 0, wake_on = NULL
     WHERE state = 'ready' AND expires_at_ms IS NOT NULL AND expires_at_ms <= @now AND deadline_passed = 0
       AND (fence = 0 OR risk = 'neutral')`,
  );
  const passDeadlines = sql.prepare<[{ now: number }]>(
    `UPDATE jobs SET state = 'ready', deadline_passed = 1, run_at_ms = deadline_ms
     WHERE state = 'parked' AND deadline_ms <= @now`,
  );
  const mustSweep = sql
    .prepare<[{ now: number }], number>(
      `SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'parked' AND deadline_ms <= @now)
         OR EXISTS (SELECT 1 FROM jobs WHERE state = 'ready' AND expires_at_ms IS NOT NULL AND expires_at_ms <= @now
              AND deadline_passed = 0 AND (fence = 0 OR risk = 'neutral'))`,
    )
    .pluck();
  const openAttempt = sql.prepare(
    "INSERT INTO attempts (job_id, fence, attempt, worker, started_ms) VALUES (?, ?, ?, ?, ?)",
  );
  const closeAttempt = sql.prepare(
    "UPDATE attempts SET ended_ms = ?, outcome = ?, error = ? WHERE job_id = ? AND fence = ? AND outcome IS NULL",
  );
  const dropAttempt = sql.prepare("DELETE FROM attempts WHERE job_id = ? AND fence = ?");
  const end = sql.prepare<[JobEnd]>(
    `UPDATE jobs SET state = @state, attempts = @attempts, run_at_ms = @runAt, snoozed = @snoozed, wake_on = @wakeOn,
       deadline_ms = @deadline, deadline_passed = @deadlinePassed, error = @error, reason = @reason,
       finished_ms = @finished, worker = NULL, lease_until_ms = NULL
     WHERE id = @id AND fence = @fence AND state = 'running'`,
  );
  // Taking a job from an attempt (lost, released, cancelled) also increments the fence: the attempt can then write
  // nothing.
  const takeAway = sql.prepare<[{ id: number; fence: number; attempts: number; runAt: number }]>(
    `UPDATE jobs SET state = 'ready', fence = fence + 1, attempts = @attempts, run_at_ms = @runAt, worker = NULL,
       lease_until_ms = NULL WHERE id = @id AND fence = @fence AND state = 'running'`,
  );
  const holds = sql.prepare<[number, number], RawJob>(
    "SELECT * FROM jobs WHERE id = ? AND fence = ? AND state = 'running'",
  );
  const extend = sql.prepare<[number, string], { id: number; fence: number }>(
    "UPDATE jobs SET lease_until_ms = ? WHERE state = 'running' AND worker = ? RETURNING id, fence",
  );
  const held = sql.prepare<[string], { id: number; fence: number }>(
    "SELECT id, fence FROM jobs WHERE state = 'running' AND worker = ?",
  );
  // "+": sorted by hand. Reading in the order of ids would walk the whole table for the few that run.
  const running = sql.prepare<[], RunningRow>(
    `SELECT j.id, j.fence, j.attempts, j.lease_until_ms, j.worker, w.pid, w.host
     FROM jobs j LEFT JOIN workers w ON w.boot_id = j.worker WHERE j.state = 'running' ORDER BY +j.id`,
  );
  const resolve = sql.prepare<[number, string, string, number]>(
    `UPDATE jobs SET state = 'done', fence = fence + 1, finished_ms = ?
     WHERE name = ? AND key = ? AND state = 'parked' AND deadline_ms > ?`,
  );
  const wake = sql.prepare<[{ now: number; topic: string }]>(
    `UPDATE jobs SET run_at_ms = @now WHERE wake_on IS NOT NULL AND state = 'ready' AND snoozed = 1
       AND run_at_ms > @now AND EXISTS (SELECT 1 FROM json_each(wake_on) WHERE value = @topic)`,
  );
  const wakeAll = sql.prepare<[{ now: number }]>(
    "UPDATE jobs SET run_at_ms = @now WHERE wake_on IS NOT NULL AND state = 'ready' AND snoozed = 1 AND run_at_ms > @now",
  );
  const makeWaitingDue = sql.prepare<[{ now: number }]>(
    "UPDATE jobs SET run_at_ms = @now WHERE state = 'ready' AND run_at_ms > @now AND (snoozed = 1 OR attempts > 0)",
  );
  const reopen = sql.prepare<[number, number]>(
    `UPDATE jobs SET state = 'ready', fence = fence + 1, attempts = 0, run_at_ms = ?, expires_at_ms = NULL,
       finished_ms = NULL WHERE id = ? AND state IN ('dead', 'cancelled')`,
  );
  const close = sql.prepare<[number, string, number, string]>(
    `UPDATE jobs SET state = 'cancelled', fence = fence + 1, finished_ms = ?, reason = ?, snoozed = 0, wake_on = NULL,
       worker = NULL, lease_until_ms = NULL
     WHERE id = ? AND state IN (SELECT value FROM json_each(?))`,
  );
  const registerWorker = sql.prepare(
    `INSERT INTO workers (boot_id, pid, host, started_ms, heartbeat_ms) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (boot_id) DO UPDATE SET pid = excluded.pid, host = excluded.host, heartbeat_ms = excluded.heartbeat_ms,
       stopped_ms = NULL`,
  );
  const beat = sql.prepare("UPDATE workers SET heartbeat_ms = ?, trouble = ?, trouble_since_ms = ? WHERE boot_id = ?");
  const stopWorker = sql.prepare("UPDATE workers SET stopped_ms = ?, heartbeat_ms = ? WHERE boot_id = ?");
  const one = (result: Changes): boolean => result.changes === 1;
  return {
    /** The new id, or undefined when the key exists. */
    insert: (job: InsertJob): number | undefined => insert.get(job)?.id,
    idByKey: (name: string, key: string): number | undefined => idByKey.get(name, key)?.id,
    /**
     * Whether a job of a handler outside `busy` (a JSON array) may start: checked first, so that an idle poll takes no
     * write lock.
     */
    claimable: (now: number, busy: string): boolean => claimable.get({ now, busy }) === 1,
    claim: (request: ClaimJob): RawJob | undefined => claim.get(request),
    /**
     * Expires overdue rows and makes parked rows ready whose deadline has passed. Returns the number of rows changed.
     */
    sweep: (now: number): number => expire.run({ now }).changes + passDeadlines.run({ now }).changes,
    /** Whether sweep would change anything: checked first, like claimable. */
    mustSweep: (now: number): boolean => mustSweep.get({ now }) === 1,
    openAttempt: (job: RawJob, worker: string, now: number): void => {
      openAttempt.run(job.id, job.fence, job.attempts, worker, now);
    },
    closeAttempt: (id: number, fence: number, now: number, outcome: string, error: string | null): void => {
      closeAttempt.run(now, outcome, error, id, fence);
    },
    dropAttempt: (id: number, fence: number): void => {
      dropAttempt.run(id, fence);
    },
    end: (to: JobEnd): boolean => one(end.run(to)),
    takeAway: (from: { id: number; fence: number; attempts: number; runAt: number }): boolean =>
      one(takeAway.run(from)),
    holds: (id: number, fence: number): RawJob | undefined => holds.get(id, fence),
    extendLeases: (worker: string, leaseUntil: number) => extend.all(leaseUntil, worker),
    held: (worker: string) => held.all(worker),
    running: () => running.all(),
    resolveParked: (name: string, key: string, now: number): boolean => one(resolve.run(now, name, key, now)),
    wake: (topic: string, now: number): number => wake.run({ topic, now }).changes,
    wakeAll: (now: number): number => wakeAll.run({ now }).changes,
    /** Jobs waiting for a span of time, not for a time of day, become due now. */
    makeWaitingDue: (now: number): void => void makeWaitingDue.run({ now }),
    reopen: (id: number, now: number): boolean => one(reopen.run(now, id)),
    close: (id: number, from: readonly string[], reason: string, now: number): boolean =>
      one(close.run(now, reason, id, JSON.stringify(from))),
    registerWorker: (bootId: string, pid: number, host: string, realNow: number): void => {
      registerWorker.run(bootId, pid, host, realNow, realNow);
    },
    /** False when the worker's row is gone. `trouble`: why it is unhealthy, and since when (real clock). */
    beat: (bootId: string, realNow: number, trouble: { why: string; sinceMs: number } | undefined): boolean =>
      one(beat.run(realNow, trouble?.why ?? null, trouble?.sinceMs ?? null, bootId)),
    stopWorker: (bootId: string, realNow: number): void => {
      stopWorker.run(realNow, realNow, bootId);
    },
  };
};
