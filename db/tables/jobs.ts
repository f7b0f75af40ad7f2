// jobs and attempts: the ledger of all work. Everyone may read; only the queue writes (queue/store.ts,
// queue/attemptLedger.ts), therefore the writes are not part of a handler's Tx.
import { type EpochMs, epochMs, epochMsOrUndefined } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

/**
 * - ready: waits for its time, for a free slot or for the end of a halt; a claim moves it to running
 * - running: one attempt owns it under a lease; its outcome moves it on, a lost lease makes it ready again
 * - parked: a person's decision or its deadline moves it on; it occupies no slot and no serial key
 * - done: its handler ended it, also on purpose (`stop`); final
 * - dead: attempts used up or a permanent failure; stays until a person retries or discards it
 * - cancelled: a person, /stop or a restored backup ended it before it was done; final
 * - expired: its time was over before it started; final
 */
export type JobState = "ready" | "running" | "parked" | "done" | "dead" | "cancelled" | "expired";
/** What halts block: `adding` is not claimed under a halt, `reducing` and `neutral` always run. */
export type JobRisk = "adding" | "reducing" | "neutral";

/** An error as stored in the ledger. */
export interface StoredError {
  readonly verdict: string;
  readonly code: string;
  readonly message: string;
  readonly data?: unknown;
}

export interface Job {
  readonly id: number;
  readonly name: string;
  readonly key: string;
  readonly input: unknown;
  readonly state: JobState;
  readonly risk: JobRisk;
  readonly priority: number;
  readonly serialKey: string | undefined;
  /** System clock. */
  readonly runAtMs: EpochMs;
  readonly expiresAtMs: EpochMs | undefined;
  /** Attempts begun since the last success (a snooze or park is one), including the running one. */
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly fence: number;
  readonly worker: string | undefined;
  /** Real clock. */
  readonly leaseUntilMs: number | undefined;
  readonly snoozed: boolean;
  readonly wakeOn: readonly string[];
  readonly deadlineMs: EpochMs | undefined;
  readonly deadlinePassed: boolean;
  readonly parentId: number | undefined;
  readonly traceId: string;
  readonly error: StoredError | undefined;
  readonly reason: string | undefined;
  readonly createdMs: EpochMs;
  readonly finishedMs: EpochMs | undefined;
}

export interface Attempt {
  readonly attempt: number;
  readonly fence: number;
  readonly worker: string;
  readonly startedMs: EpochMs;
  readonly endedMs: EpochMs | undefined;
  readonly outcome: string | undefined;
  readonly error: StoredError | undefined;
}

export interface JobFilter {
  readonly state?: JobState | undefined;
  readonly name?: string | undefined;
  readonly traceId?: string | undefined;
  /** Default 100; newest first. */
  readonly limit?: number | undefined;
}

export interface JobStats {
  readonly states: Readonly<Record<JobState, number>>;
  readonly names: readonly { readonly name: string; readonly state: JobState; readonly count: number }[];
  /** Ready, due and not started. */
  readonly due: number;
  readonly oldestDueMs: EpochMs | undefined;
}

export interface RawJob {
  id: number;
  name: string;
  key: string;
  input: string;
  state: JobState;
  risk: JobRisk;
  priority: number;
  serial_key: string | null;
  run_at_ms: number;
  expires_at_ms: number | null;
  attempts: number;
  max_attempts: number;
  fence: number;
  worker: string | null;
  lease_until_ms: number | null;
  snoozed: number;
  wake_on: string | null;
  deadline_ms: number | null;
  deadline_passed: number;
  parent_id: number | null;
  trace_id: string;
  error: string | null;
  reason: string | null;
  created_ms: number;
  finished_ms: number | null;
}

export const parseJob = (row: RawJob): Job => ({
  id: row.id,
  name: row.name,
  key: row.key,
  input: JSON.parse(row.input),
  state: row.state,
  risk: row.risk,
  priority: row.priority,
  serialKey: row.serial_key ?? undefined,
  runAtMs: epochMs(row.run_at_ms),
  expiresAtMs: epochMsOrUndefined(row.expires_at_ms),
  attempts: row.attempts,
  maxAttempts: row.max_attempts,
  fence: row.fence,
  worker: row.worker ?? undefined,
  leaseUntilMs: row.lease_until_ms ?? undefined,
  snoozed: row.snoozed === 1,
  wakeOn: row.wake_on === null ? [] : (JSON.parse(row.wake_on) as string[]),
  deadlineMs: epochMsOrUndefined(row.deadline_ms),
  deadlinePassed: row.deadline_passed === 1,
  parentId: row.parent_id ?? undefined,
  traceId: row.trace_id,
  error: row.error === null ? undefined : (JSON.parse(row.error) as StoredError),
  reason: row.reason ?? undefined,
  createdMs: epochMs(row.created_ms),
  finishedMs: epochMsOrUndefined(row.finished_ms),
});

/**
 * Which ready rows `j` may start at @now; shared by the claim and by nextDueMs. @busy: JSON array
 * of the handlers at one of their limits.
 * Expiry: a job not started by then never starts; a neutral one is not retried either. A risk-bearing job that has
 * started continues, because it may own an order at the venue; so does one whose parked deadline has passed.
 */
export const CLAIMABLE = `
  j.state = 'ready' AND j.run_at_ms <= @now
  AND (j.expires_at_ms IS NULL OR j.expires_at_ms > @now OR j.deadline_passed = 1 OR (j.fence > 0 AND j.risk <> 'neutral'))
  AND (j.risk <> 'adding' OR NOT EXISTS
    (SELECT 1 FROM halts WHERE cleared_ms IS NULL AND (until_ms IS NULL OR until_ms > @now)))
  AND (j.serial_key IS NULL OR NOT EXISTS
    (SELECT 1 FROM jobs o WHERE o.serial_key = j.serial_key AND o.state IN ('ready', 'running') AND o.id <> j.id
       AND (o.state = 'running' OR (o.snoozed = 0
         -- A halted entry holds no key against what is not an entry: protection never waits behind it.
         AND (o.risk <> 'adding' OR j.risk = 'adding' OR NOT EXISTS
           (SELECT 1 FROM halts WHERE cleared_ms IS NULL AND (until_ms IS NULL OR until_ms > @now)))
         -- Nor does what waits for a free place or its rate hold it against protection.
         AND (j.risk <> 'reducing' OR o.name NOT IN (SELECT value FROM json_each(@busy)))
         -- Waiting for a retry holds the key; of two such (a changed serialKey) the older one, so nothing can lock up.
         AND ((o.attempts > 0 AND (j.attempts = 0 OR o.id < j.id))
           OR (o.id < j.id AND j.attempts = 0 AND o.run_at_ms <= @now
             AND (o.expires_at_ms IS NULL OR o.expires_at_ms > @now OR o.deadline_passed = 1)))))))`;

const NEXT_DUE = `
  SELECT min(at) AS at FROM (
    SELECT min(j.run_at_ms) AS at FROM jobs j WHERE ${CLAIMABLE} AND j.name NOT IN (SELECT value FROM json_each(@busy))
    UNION ALL SELECT min(run_at_ms) FROM jobs WHERE state = 'ready' AND run_at_ms > @now AND (risk <> 'adding'
      OR NOT EXISTS (SELECT 1 FROM halts WHERE cleared_ms IS NULL AND until_ms IS NULL))
    UNION ALL SELECT min(deadline_ms) FROM jobs WHERE state = 'parked'
    UNION ALL SELECT min(expires_at_ms) FROM jobs WHERE state = 'ready' AND expires_at_ms IS NOT NULL
      AND deadline_passed = 0 AND (fence = 0 OR risk = 'neutral')
    UNION ALL SELECT max(until_ms) FROM halts WHERE cleared_ms IS NULL AND until_ms > @now
      AND EXISTS (SELECT 1 FROM jobs WHERE state = 'ready' AND risk = 'adding')
      AND NOT EXISTS (SELECT 1 FROM halts WHERE cleared_ms IS NULL AND until_ms IS NULL))`;

interface RawAttempt {
  attempt: number;
  fence: number;
  worker: string;
  started_ms: number;
  ended_ms: number | null;
  outcome: string | null;
  error: string | null;
}

export const jobReads = (sql: Sqlite) => {
  const byId = sql.prepare<[number], RawJob>("SELECT * FROM jobs WHERE id = ?");
  const byKey = sql.prepare<[string, string], RawJob>("SELECT * FROM jobs WHERE name = ? AND key = ?");
  const children = sql.prepare<[number], RawJob>("SELECT * FROM jobs WHERE parent_id = ? ORDER BY id");
  const trace = sql.prepare<[string], RawJob>("SELECT * FROM jobs WHERE trace_id = ? ORDER BY id");
  const adding = sql.prepare<[], RawJob>(
    "SELECT * FROM jobs WHERE state IN ('ready', 'running', 'parked') AND risk = 'adding' ORDER BY id",
  );
  const attempts = sql.prepare<[number], RawAttempt>("SELECT * FROM attempts WHERE job_id = ? ORDER BY fence");
  const nextDue = sql.prepare<[{ now: number; busy: string }], { at: number | null }>(NEXT_DUE);
  const topics = sql.prepare<[], { topic: string }>(
    `SELECT DISTINCT t.value AS topic FROM jobs, json_each(jobs.wake_on) t
     WHERE wake_on IS NOT NULL AND state = 'ready' AND snoozed = 1 ORDER BY 1`,
  );
  const counts = sql.prepare<[], { name: string; state: JobState; count: number }>(
    "SELECT name, state, count(*) AS count FROM jobs GROUP BY name, state ORDER BY name, state",
  );
  const due = sql.prepare<[number], { count: number; oldest: number | null }>(
    "SELECT count(*) AS count, min(run_at_ms) AS oldest FROM jobs WHERE state = 'ready' AND run_at_ms <= ?",
  );
  return {
    byId: (id: number): Job | undefined => {
      const row = byId.get(id);
      return row && parseJob(row);
    },
    byKey: (name: string, key: string): Job | undefined => {
      const row = byKey.get(name, key);
      return row && parseJob(row);
    },
    /** Newest first. */
    list(filter: JobFilter = {}): readonly Job[] {
      const where: string[] = [];
      const values: (string | number)[] = [];
      const add = (condition: string, value: string | undefined) => {
        if (value === undefined) return;
        where.push(condition);
        values.push(value);
      };
      add("state = ?", filter.state);
      add("name = ?", filter.name);
      add("trace_id = ?", filter.traceId);
      const condition = where.length > 0 ? `WHERE ${where.join(" AND ")}` : "";
      return sql
        .prepare<(string | number)[], RawJob>(`SELECT * FROM jobs ${condition} ORDER BY id DESC LIMIT ?`)
        .all(...values, filter.limit ?? 100)
        .map(parseJob);
    },
    /** Risk-adding jobs that may still run. */
    unfinishedAdding: (): readonly Job[] => adding.all().map(parseJob),
    children: (id: number): readonly Job[] => children.all(id).map(parseJob),
    trace: (traceId: string): readonly Job[] => trace.all(traceId).map(parseJob),
    attempts: (id: number): readonly Attempt[] =>
      attempts.all(id).map((row) => ({
        attempt: row.attempt,
        fence: row.fence,
        worker: row.worker,
        startedMs: epochMs(row.started_ms),
        endedMs: epochMsOrUndefined(row.ended_ms),
        outcome: row.outcome ?? undefined,
        error: row.error === null ? undefined : (JSON.parse(row.error) as StoredError),
      })),
    /**
     * When the queue next has something to do: a claimable row (then <= nowMs), a row that becomes due, a parked
     * deadline, an expiry, the end of a halt that blocks a job. undefined: nothing to wait for. Due rows of the
     * `busy` handlers do not count.
     */
    nextDueMs: (nowMs: EpochMs, busy: readonly string[] = []): EpochMs | undefined =>
      epochMsOrUndefined(nextDue.get({ now: nowMs, busy: JSON.stringify(busy) })?.at),
    wakeTopics: (): readonly string[] => topics.all().map((row) => row.topic),
    stats(nowMs: EpochMs): JobStats {
      const names = counts.all();
      const states = { ready: 0, running: 0, parked: 0, done: 0, dead: 0, cancelled: 0, expired: 0 };
      for (const row of names) states[row.state] += row.count;
      const waiting = due.get(nowMs);
      return {
        states,
        names,
        due: waiting?.count ?? 0,
        oldestDueMs: epochMsOrUndefined(waiting?.oldest),
      };
    },
  };
};
