// The life of an attempt: claimed, then finished, failed, released or lost. Each transition is one BEGIN IMMEDIATE
// transaction and names the attempt by id and fence: an attempt that no longer owns its job changes nothing and gets
// StaleAttemptError. Only the worker uses this.

import { raiseHalt } from "../db/halts.ts";
import { type Database, mustBeSync, type Tx } from "../db/open.ts";
import { type Job, parseJob } from "../db/tables/jobs.ts";
import { type JobEnd, jobWrites, type RunningRow } from "../db/tables/jobWrites.ts";
import { AppError, toAppError, type Verdict } from "../lib/core/errors.ts";
import { FAILURE_HANDLING } from "../lib/core/haltKinds.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { Clock } from "../lib/io/clock.ts";
import { ownIdentity, type ProcessIdentity } from "../lib/io/process.ts";
import type { Random } from "../lib/io/random.ts";
import { errorJson } from "./errorJson.ts";
import type { Health } from "./health.ts";
import { Rates } from "./rates.ts";
import type { Registry } from "./registry.ts";
import { afterFailure, backoffMs, DEFAULT_BACKOFF } from "./retry.ts";
import type { JobStore } from "./store.ts";
import { type NewJob, type Outcome, StaleAttemptError } from "./types.ts";

export interface Failure {
  readonly job: Job;
  readonly error: AppError;
  readonly verdict: Verdict;
  /** No further attempt follows. */
  readonly dead: boolean;
}
/** Runs in the transaction that records the failure: may write (raise a halt, an alert) and name jobs to enqueue. */
export type OnFailure = (tx: Tx, failure: Failure) => readonly NewJob[];

/** Named points where a crash test kills the process. A failpoint does not throw. */
type Failpoint =
  | "beforeClaim"
  | "afterClaim"
  | "beforeHandler"
  | "insideStep"
  | "insideCommit"
  | "afterCommit"
  | "insideTick";

export interface ClaimRequest {
  /** Handler names that are at their own limit. */
  readonly busy: readonly string[];
  /** Only jobs that reduce risk (the reserved slot). */
  readonly onlyReducing: boolean;
}

export interface LedgerOptions {
  readonly db: Database;
  readonly store: JobStore;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly bootId: string;
  /** Real clock. */
  readonly leaseMs: number;
  /** Jitter. */
  readonly random: Random;
  readonly onFailure?: OnFailure | undefined;
  readonly failpoint?: ((point: Failpoint, job?: Job) => void) | undefined;
}

export class Ledger {
  readonly #o: LedgerOptions;
  readonly #writes;
  readonly #rates;
  constructor(options: LedgerOptions) {
    this.#o = options;
    this.#writes = jobWrites(options.db.sql);
    this.#rates = new Rates(options.db.sql, options.registry);
  }

  registerWorker(identity: ProcessIdentity = ownIdentity()): void {
    const { bootId, clock } = this.#o;
    this.#o.db.transaction(() => {
      this.#writes.registerWorker(bootId, identity.pid, identity.host, clock.realNowMs());
      this.#rates.clamp(clock.nowMs());
    });
  }

  stopWorker(): void {
    this.#o.db.transaction(() => this.#writes.stopWorker(this.#o.bootId, this.#o.clock.realNowMs()));
  }

  /** Expires overdue jobs; makes parked jobs ready whose deadline has passed. Returns the number of rows changed. */
  sweep(): number {
    if (!this.#writes.mustSweep(this.#o.clock.nowMs())) return 0;
    return this.#o.db.transaction(() => this.#writes.sweep(this.#o.clock.nowMs()));
  }

  /** After the clock was set back: snoozed jobs and jobs waiting for a retry become due now. */
  makeWaitingDue(): void {
    this.#o.db.transaction(() => {
      this.#writes.makeWaitingDue(this.#o.clock.nowMs());
      this.#rates.clamp(this.#o.clock.nowMs());
    });
  }

  /** The next job to run, its attempt already durable; undefined when no job may start. */
  claim(request: ClaimRequest): Job | undefined {
    const now = this.#o.clock.nowMs();
    if (!this.#writes.claimable(now, this.#busy(request, now))) return undefined;
    this.#o.failpoint?.("beforeClaim");
    const job = this.#o.db.transaction(() => this.#claimIn(request));
    if (job) this.#o.failpoint?.("afterClaim", job);
    return job;
  }

  #claimIn(request: ClaimRequest): Job | undefined {
    const { clock, bootId, leaseMs } = this.#o;
    const now = clock.nowMs();
    const row = this.#writes.claim({
      now,
      worker: bootId,
      leaseUntil: clock.realNowMs() + leaseMs,
      busy: this.#busy(request, now),
      onlyReducing: request.onlyReducing ? 1 : 0,
    });
    if (!row) return undefined;
    this.#rates.record(row.name, now);
    this.#writes.openAttempt(row, bootId, now);
    return parseJob(row);
  }

  /** JSON array of the handlers at one of their limits. */
  #busy(request: ClaimRequest, now: EpochMs): string {
    return JSON.stringify([...request.busy, ...this.#rates.limitedNow(now).map((limited) => limited.name)]);
  }

  /** A durable step in the middle of an attempt (ctx.commit). */
  step<T>(job: Job, write: (tx: Tx) => T, next: readonly NewJob[] = []): T {
    return this.#o.db.transaction((tx) => {
      if (!this.#writes.holds(job.id, job.fence)) throw stale(job);
      const result = mustBeSync(write(tx));
      for (const child of next) this.#o.store.enqueueIn(tx, child, job);
      this.#o.failpoint?.("insideStep", job);
      return result;
    });
  }

  /**
   * One transaction: the handler's writes, its acknowledgement, its next jobs, and the claim of the job that follows in
   * the same slot (saves one fsync per chain step). Throws what `write` throws; nothing has changed then.
   */
  finish(job: Job, outcome: Outcome, claimNext: ClaimRequest | undefined): Job | undefined {
    const { db, clock, store } = this.#o;
    let claiming = false;
    const attempt = (claim: ClaimRequest | undefined) =>
      db.transaction((tx) => {
        const now = clock.nowMs();
        if (!this.#writes.end(endOf(job, outcome, now))) throw stale(job);
        mustBeSync(outcome.write?.(tx));
        for (const child of outcome.next ?? []) store.enqueueIn(tx, child, job);
        if (outcome.kind === "snooze") this.#writes.dropAttempt(job.id, job.fence);
        else this.#writes.closeAttempt(job.id, job.fence, now, outcome.kind, null);
        this.#o.failpoint?.("insideCommit", job);
        if (!claim) return undefined;
        claiming = true;
        this.#o.failpoint?.("beforeClaim");
        return this.#claimIn(claim);
      });
    let claimed: Job | undefined;
    try {
      claimed = attempt(claimNext);
    } catch (e) {
      // A failed claim is not a failure of the finished job.
      if (!claiming || e instanceof StaleAttemptError) throw e;
      claimed = attempt(undefined);
    }
    this.#o.failpoint?.("afterCommit", job);
    if (claimed) this.#o.failpoint?.("afterClaim", claimed);
    return claimed;
  }

  /**
   * Records a failed attempt: backoff or death, and what `onFailure` adds, in one transaction. Returns true for death.
   */
  fail(job: Job, error: AppError): boolean {
    return this.#recordFailure(job, error, "retry", () => {
      const { registry, random, clock } = this.#o;
      const { verdict } = error;
      const backoff = registry.get(job.name)?.backoff;
      const failure = { verdict, attempt: job.attempts, maxAttempts: job.maxAttempts, backoff };
      const then = afterFailure(failure, clock.nowMs(), random.next());
      return then.kind === "dead" ? undefined : then.runAtMs;
    });
  }

  /**
   * Takes a job from an attempt whose process is gone or whose lease expired. The crash has used up an attempt. After
   * the first lost attempt the job keeps its due time, later ones get backoff, so that a poison pill cannot block the
   * queue.
   */
  recoverLost(row: RunningRow): void {
    const { db, registry, random, clock } = this.#o;
    const job = db.read.jobs.byId(row.id);
    if (!job || job.fence !== row.fence || job.state !== "running") return;
    const exhausted = job.attempts >= job.maxAttempts;
    const error = new AppError(
      exhausted ? "alert" : "retry",
      "WORKER_LOST",
      `attempt ${job.attempts} of ${job.maxAttempts} ended with its worker: the process died or stopped renewing its lease`,
      { worker: row.worker },
    );
    try {
      this.#recordFailure(job, error, "lost", () => {
        if (exhausted) return undefined;
        if (job.attempts === 1) return job.runAtMs;
        const backoff = registry.get(job.name)?.backoff ?? DEFAULT_BACKOFF;
        return clock.nowMs() + backoffMs(job.attempts - 1, backoff, random.next());
      });
    } catch (e) {
      // Its worker finished it, or another process recovered it, between our read and our transaction.
      if (!(e instanceof StaleAttemptError)) throw e;
    }
  }

  #recordFailure(job: Job, error: AppError, outcome: "retry" | "lost", runAt: () => number | undefined): boolean {
    const record = (react: (tx: Tx, failure: Failure) => void): boolean =>
      this.#o.db.transaction((tx) => {
        const now = this.#o.clock.nowMs();
        const runAtMs = runAt();
        const dead = runAtMs === undefined;
        const text = errorJson(error);
        const done = dead
          ? this.#writes.end({ ...unchangedFields(job), state: "dead", error: text, finished: now })
          : this.#writes.end({ ...unchangedFields(job), state: "ready", error: text, runAt: runAtMs });
        if (!done) throw stale(job);
        this.#writes.closeAttempt(job.id, job.fence, now, dead && outcome === "retry" ? "dead" : outcome, text);
        react(tx, { job, error, verdict: error.verdict, dead });
        this.#o.failpoint?.("insideCommit", job);
        return dead;
      });
    const { onFailure } = this.#o;
    if (!onFailure) return record(() => undefined);
    let thrown: unknown;
    try {
      return record((tx, failure) => {
        try {
          for (const next of onFailure(tx, failure)) this.#o.store.enqueueIn(tx, next, job);
        } catch (e) {
          thrown = e;
          throw e;
        }
      });
    } catch (e) {
      if (thrown === undefined || e !== thrown) throw e;
      // onFailure itself threw. Fail closed: record the failure and halt entries (reconcile clears the halt).
      return record((tx, failure) => {
        const reason = `handling the failure of ${job.name} (job ${job.id}) failed: ${toAppError(thrown).message}`;
        const by = { atMs: this.#o.clock.nowMs(), actor: "queue", traceId: job.traceId };
        const data = { jobId: job.id, error: failure.error.message };
        const raised = raiseHalt(tx, {
          kind: FAILURE_HANDLING,
          reason,
          by,
          alert: undefined, // Composing the alert may be what failed; status and doctor show the halt.
          data,
        });
        // Under the halt of an earlier one: the audit log still names every job whose failure was not handled.
        if (!raised) tx.audit.append({ ...by, kind: "failure.notHandled", data: { ...data, reason } });
      });
    }
  }

  /**
   * Releases a job without using up an attempt (shutdown, storage trouble); it runs again `pauseMs` from now at the
   * earliest. The released attempt can no longer write.
   */
  release(job: Job, pauseMs?: number): void {
    this.#o.db.transaction(() => {
      const attempts = job.attempts - 1;
      const runAt = pauseMs === undefined ? job.runAtMs : this.#o.clock.nowMs() + pauseMs;
      if (!this.#writes.takeAway({ id: job.id, fence: job.fence, attempts, runAt })) throw stale(job);
      this.#writes.closeAttempt(job.id, job.fence, this.#o.clock.nowMs(), "released", null);
    });
  }

  /**
   * Extends the leases of this worker's running jobs and publishes its health. Returns the attempts that still own
   * their job.
   */
  heartbeat(health: Health = { ok: true }): readonly { id: number; fence: number }[] {
    const { db, clock, bootId, leaseMs } = this.#o;
    return db.transaction(() => {
      const now = clock.realNowMs();
      if (!this.#writes.beat(bootId, now, health.ok ? undefined : health)) this.registerWorker(); // Its row was pruned.
      return this.#writes.extendLeases(bootId, now + leaseMs);
    });
  }

  /** The attempts of this worker that still own their job. */
  ownedAttempts(): readonly { id: number; fence: number }[] {
    return this.#writes.held(this.#o.bootId);
  }

  running(): readonly RunningRow[] {
    return this.#writes.running();
  }
}

const stale = (job: Job): StaleAttemptError =>
  new StaleAttemptError(
    `job ${job.id} (${job.name}): attempt with fence ${job.fence} no longer owns it; nothing was written`,
  );

/** The row as it was claimed, for the fields an outcome does not change. */
const unchangedFields = (job: Job): Omit<JobEnd, "state"> => ({
  id: job.id,
  fence: job.fence,
  attempts: job.attempts,
  runAt: job.runAtMs,
  snoozed: 0,
  wakeOn: null,
  deadline: job.deadlineMs ?? null,
  deadlinePassed: job.deadlinePassed ? 1 : 0,
  error: null,
  reason: null,
  finished: null,
});

/** A snooze or a park is a success: it resets the count of consecutive failures. */
const endOf = (job: Job, outcome: Outcome, now: number): JobEnd => {
  switch (outcome.kind) {
    case "done":
      return { ...unchangedFields(job), state: "done", finished: now };
    case "stop":
      return { ...unchangedFields(job), state: "done", finished: now, reason: outcome.reason };
    case "park":
      return { ...unchangedFields(job), state: "parked", attempts: 0, deadline: outcome.deadlineMs, deadlinePassed: 0 };
    case "snooze": {
      const wakeOn = outcome.wakeOn && outcome.wakeOn.length > 0 ? JSON.stringify(outcome.wakeOn) : null;
      const { untilMs: runAt, reason } = outcome;
      return { ...unchangedFields(job), state: "ready", attempts: 0, runAt, snoozed: 1, wakeOn, reason };
    }
    default: {
      outcome satisfies never;
      const unknown = outcome as { kind?: unknown } | undefined;
      throw new AppError(
        "alert",
        "BAD_OUTCOME",
        `${job.name} returned an unknown outcome: expected done, park, snooze or stop, found ${String(unknown?.kind)}`,
      );
    }
  }
};
