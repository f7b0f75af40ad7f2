// The queue for the rest of the program: enqueue, resolve parked jobs, wake snoozed ones, and the operator's commands.
// The jobs table is the truth; a job is acknowledged only after its transaction has committed.
import type { Database, Tx } from "../db/open.ts";
import type { Attempt, Job, JobFilter, JobStats } from "../db/tables/jobs.ts";
import { jobWrites } from "../db/tables/jobWrites.ts";
import { AppError } from "../lib/core/errors.ts";
import { type EpochMs, epochMs } from "../lib/core/time.ts";
import type { Clock } from "../lib/io/clock.ts";
import { Rates } from "./rates.ts";
import type { Registry } from "./registry.ts";
import type { AnyHandler, NewJob } from "./types.ts";

export interface Enqueued {
  readonly id: number;
  /** False: the key existed already, and nothing changed. */
  readonly created: boolean;
}
/** The parent of a new job. */
interface Parent {
  readonly id: number;
  readonly traceId: string;
}
export interface JobDetails {
  readonly job: Job;
  readonly attempts: readonly Attempt[];
  readonly parent: Job | undefined;
  readonly children: readonly Job[];
  /** Every job of the trace, oldest first. */
  readonly trace: readonly Job[];
}
type ResolveResult = "resolved" | "notParked" | "expired";

/** Key of the alert about a dead job; it ends when the job is retried or discarded. */
export const deadJobAlert = (jobId: number): string => `dead:${jobId}`;

/** `J`: the jobs that may be enqueued; a system narrows them to its own (handlers/jobs.ts). */
export class JobStore<J extends NewJob = NewJob> {
  readonly #writes;
  readonly #rates;
  readonly #listeners = new Set<() => void>();
  #announcing = false;
  /** Number of wakes so far, and of each topic the newest one: for jobs that run while they are called. */
  #wakes = 0;
  readonly #newestWake = new Map<string, number>();
  constructor(
    private readonly db: Database,
    private readonly registry: Registry,
    private readonly clock: Clock,
  ) {
    this.#writes = jobWrites(db.sql);
    this.#rates = new Rates(db.sql, registry);
  }

  /** Durable when it returns. Throws AppError permanent (UNKNOWN_HANDLER, BAD_INPUT). */
  enqueue(job: J, parent?: Parent): Enqueued {
    return this.db.transaction((tx) => this.enqueueIn(tx, job, parent));
  }

  /** The same inside the caller's transaction: the job exists exactly when the caller's writes do. */
  enqueueIn(_tx: Tx, job: J, parent?: Parent): Enqueued {
    if (!this.db.sql.inTransaction) throw new TypeError("enqueueIn needs the transaction that its Tx came from");
    const { handler, text, parsed } = this.#check(job);
    const nowMs = this.clock.nowMs();
    const id = this.#writes.insert({
      name: job.name,
      key: job.key,
      input: text,
      risk: handler.risk,
      priority: job.priority ?? handler.priority ?? 0,
      serialKey: handler.serialKey?.(parsed) ?? null,
      runAtMs: job.runAtMs ?? nowMs,
      expiresAtMs: job.expiresAtMs ?? null,
      maxAttempts: handler.maxAttempts,
      parentId: parent?.id ?? null,
      // Derived from the content, so that a replay creates the same id.
      traceId: job.traceId ?? parent?.traceId ?? (job.key.startsWith(job.name) ? job.key : `${job.name}:${job.key}`),
      nowMs,
    });
    if (id === undefined) return { id: this.#writes.idByKey(job.name, job.key)!, created: false };
    this.#announce();
    return { id, created: true };
  }

  #check(job: NewJob): { handler: AnyHandler; text: string; parsed: unknown } {
    const handler = this.registry.get(job.name);
    if (!handler)
      throw new AppError(
        "permanent",
        "UNKNOWN_HANDLER",
        `expected the name of a handler, found ${JSON.stringify(job.name)}; known: ${[...this.registry.keys()].sort().join(", ")}`,
      );
    if (job.key === "") throw new AppError("permanent", "BAD_INPUT", `${job.name}: expected a key, found an empty one`);
    for (const [what, ms] of [
      ["runAtMs", job.runAtMs],
      ["expiresAtMs", job.expiresAtMs],
      ["priority", job.priority],
    ] as const)
      if (ms !== undefined && !Number.isSafeInteger(ms))
        throw new AppError("permanent", "BAD_INPUT", `${job.name}: expected ${what} to be a whole number, found ${ms}`);
    const text = jsonOf(job);
    // Parsed from the text: checks exactly what the handler will get after a restart.
    const parsed = parseInput(handler, JSON.parse(text));
    return { handler, text, parsed };
  }

  /**
   * A person's decision on a parked job, from any process: in one transaction the job becomes done and the decision's
   * writes and next jobs exist. "expired": the deadline (system clock) has passed, the job itself decides.
   * "notParked": no such job, or it was resolved before. `write` runs only for "resolved"; when it throws, nothing has
   * changed.
   */
  resolveParked(answer: {
    name: J["name"];
    key: string;
    write?: (tx: Tx) => void;
    next?: readonly J[];
  }): ResolveResult {
    return this.db.transaction((tx) => {
      const nowMs = this.clock.nowMs();
      const job = tx.jobs.byKey(answer.name, answer.key);
      if (!job) return "notParked";
      if (!this.#writes.resolveParked(answer.name, answer.key, nowMs))
        return job.state === "parked" || job.deadlinePassed ? "expired" : "notParked";
      answer.write?.(tx);
      for (const next of answer.next ?? []) this.enqueueIn(tx, next, job);
      this.#announce();
      return "resolved";
    });
  }

  /** Snoozed jobs that wait for `topic` become due now. Returns their number. */
  wake(topic: string): number {
    this.#wakes += 1;
    this.#newestWake.set(topic, this.#wakes);
    return this.#announceIf(this.#writes.wake(topic, this.clock.nowMs()));
  }

  /** For `wokenSince`: the wakes of this process so far. */
  wakeMark(): number {
    return this.#wakes;
  }

  /**
   * One of the topics was woken in this process after `mark`. A job that runs meanwhile may have looked before the event:
   * its snooze ends at once, or the event would wait for its next poll.
   */
  wokenSince(mark: number, topics: readonly string[]): boolean {
    return topics.some((topic) => (this.#newestWake.get(topic) ?? 0) > mark);
  }

  /** Every snoozed job with a topic becomes due now: at start, when events may have been missed. */
  wakeAll(): number {
    return this.#announceIf(this.#writes.wakeAll(this.clock.nowMs()));
  }

  /** What snoozed jobs wait for, each topic once, sorted. */
  wakeTopics(): readonly string[] {
    return this.db.read.jobs.wakeTopics();
  }

  /** See jobReads.nextDueMs; a rate-limited job counts from when it may start. The Scheduler gives its own due time. */
  nextDueMs(): EpochMs | undefined {
    const nowMs = this.clock.nowMs();
    const limited = this.#rates.limited(nowMs);
    const due = this.db.read.jobs.nextDueMs(
      nowMs,
      limited.map((one) => one.name),
    );
    const free = this.#rates.nextFreeMs(limited);
    return free === undefined || (due !== undefined && due <= free) ? due : epochMs(free);
  }

  /** Newest first. */
  list(filter: JobFilter = {}): readonly Job[] {
    return this.db.read.jobs.list(filter);
  }

  /** Throws AppError permanent JOB_NOT_FOUND. */
  show(id: number): JobDetails {
    const read = this.db.read.jobs;
    const job = this.#mustExist(id);
    return {
      job,
      attempts: read.attempts(id),
      parent: job.parentId === undefined ? undefined : read.byId(job.parentId),
      children: read.children(id),
      trace: read.trace(job.traceId),
    };
  }

  stats(): JobStats {
    return this.db.read.jobs.stats(this.clock.nowMs());
  }

  /**
   * Gives a dead or cancelled job new attempts, now: same id, new fence, history kept. Its expiry is removed, because
   * a person requested the run. Audited. Throws AppError permanent (JOB_NOT_FOUND, JOB_STATE).
   */
  retry(id: number, actor: string): Job {
    return this.#command(id, actor, "job.retried", ["dead", "cancelled"], (nowMs) => this.#writes.reopen(id, nowMs));
  }

  /** Discards a dead job (state cancelled). Audited. Throws AppError permanent (JOB_NOT_FOUND, JOB_STATE). */
  discard(id: number, actor: string): Job {
    return this.#command(id, actor, "job.discarded", ["dead"], (nowMs) =>
      this.#writes.close(id, ["dead"], `discarded by ${actor}`, nowMs),
    );
  }

  /**
   * Cancels a waiting or running job. A running attempt can write nothing from then on and is aborted.
   * Audited. Throws AppError permanent (JOB_NOT_FOUND, JOB_STATE).
   */
  cancel(id: number, actor: string): Job {
    return this.#command(id, actor, "job.cancelled", ["ready", "parked", "running"], (nowMs, job) => {
      const closed = this.#writes.close(id, ["ready", "parked", "running"], `cancelled by ${actor}`, nowMs);
      if (job.state === "running") this.#writes.closeAttempt(id, job.fence, nowMs, "cancelled", null);
      return closed;
    });
  }

  #command(
    id: number,
    actor: string,
    kind: string,
    from: readonly string[],
    change: (nowMs: EpochMs, job: Job) => boolean,
  ): Job {
    return this.db.transaction((tx) => {
      const before = this.#mustExist(id);
      const nowMs = this.clock.nowMs();
      if (!from.includes(before.state) || !change(nowMs, before))
        throw new AppError(
          "permanent",
          "JOB_STATE",
          `job ${id} (${before.name}): expected state ${from.join(" or ")}, found ${before.state}; nothing was changed`,
        );
      const after = this.#mustExist(id);
      const { name, key, traceId } = before;
      const data = { jobId: id, name, key, before: before.state, after: after.state, attempts: before.attempts };
      tx.audit.append({ atMs: nowMs, kind, actor, traceId, data });
      // A person who retries or discards a dead job has read its alert.
      if (before.state === "dead") tx.alerts.resolve(deadJobAlert(id), nowMs);
      this.#announce();
      return after;
    });
  }

  #mustExist(id: number): Job {
    const job = this.db.read.jobs.byId(id);
    if (!job)
      throw new AppError("permanent", "JOB_NOT_FOUND", `expected the id of a job, found ${id}; see trader jobs list`);
    return job;
  }

  /** Calls `listener` soon after this process commits new work. Commits of other processes are found by polling. */
  onWork(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #announceIf(count: number): number {
    if (count > 0) this.#announce();
    return count;
  }

  /** A microtask, because the surrounding transaction is synchronous: by then it has committed or rolled back. */
  #announce(): void {
    if (this.#announcing || this.#listeners.size === 0) return;
    this.#announcing = true;
    queueMicrotask(() => {
      this.#announcing = false;
      for (const listener of this.#listeners) listener();
    });
  }
}

const jsonOf = (job: NewJob): string => {
  try {
    const text = JSON.stringify(job.input);
    if (text !== undefined) return text;
  } catch (cause) {
    const why = (cause as Error).message;
    throw new AppError("permanent", "BAD_INPUT", `${job.name}: expected an input that is JSON: ${why}`, {}, { cause });
  }
  throw new AppError(
    "permanent",
    "BAD_INPUT",
    `${job.name}: expected an input that is JSON, found ${typeof job.input}`,
  );
};

/** The handler's own schema, on enqueue and again on claim. Throws AppError permanent BAD_INPUT. */
export const parseInput = (handler: AnyHandler, input: unknown): unknown => {
  const result = handler.input.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${issue.path.join(".") || "(input)"}: ${issue.message}`);
  throw new AppError("permanent", "BAD_INPUT", `bad input for ${handler.name}: ${problems.join("; ")}`);
};
