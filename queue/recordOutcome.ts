// Makes the result of an attempt durable: its outcome, its failure, or its release at a shutdown.
import { setTimeout as delay } from "node:timers/promises";
import type { Job } from "../db/tables/jobs.ts";
import { AppError } from "../lib/core/errors.ts";
import { earliest } from "../lib/core/time.ts";
import type { Clock } from "../lib/io/clock.ts";
import type { Logger } from "../lib/io/logger.ts";
import { SqliteError } from "../lib/io/sqlite.ts";
import { failureOf, type Result } from "./attempt.ts";
import type { Ledger } from "./attemptLedger.ts";
import type { ActiveFaults } from "./health.ts";
import type { Registry } from "./registry.ts";
import type { Slot, Slots } from "./slots.ts";
import type { JobStore } from "./store.ts";
import { type Outcome, StaleAttemptError } from "./types.ts";

const RETRY_MS = 250;
const STORAGE_PAUSE_MS = 1_000;

/** A fault of the database file, not of the handler: retried, never recorded as a failure of the job. */
const isStorageTrouble = (e: unknown): boolean =>
  e instanceof SqliteError && /^SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|NOMEM|PROTOCOL)/.test(e.code);

const unrecordable = (job: Job, cause: unknown): AppError =>
  new AppError(
    "alert",
    "UNRECORDABLE",
    `${job.name}: expected a result that can be recorded, found: ${(cause as Error).message}`,
    {},
    { cause },
  );

interface RecorderOptions {
  readonly store: Pick<JobStore, "wokenSince">;
  readonly ledger: Ledger;
  readonly slots: Slots;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
  readonly faults: ActiveFaults;
  readonly stopping: () => boolean;
  /** A drain throws a fault of the file at its caller instead of retrying. */
  readonly draining: () => boolean;
}

export class Recorder {
  readonly #o: RecorderOptions;
  constructor(options: RecorderOptions) {
    this.#o = options;
  }

  /**
   * While the file is failing, retries until it works or the attempt loses its job. Resolves with the slot of the next
   * job claimed in the same transaction, if any.
   */
  async recordUntilWritten(slot: Slot, attempted: Result): Promise<Slot | undefined> {
    const { log, faults, clock } = this.#o;
    const { job } = slot;
    let result = attempted;
    const fields = { jobId: job.id, job: job.name, attempt: job.attempts, traceId: job.traceId };
    const part = `record:${job.id}:${job.fence}`;
    try {
      while (!slot.abandoned) {
        try {
          return this.#record(slot, result);
        } catch (e) {
          if (e instanceof StaleAttemptError) {
            log.warn({ ...fields, why: e.message }, "job.stale");
            return undefined;
          }
          if (!(e instanceof SqliteError) && result === attempted) {
            // Not a fault of the file: the result itself cannot be recorded (an error that is no JSON, or a bug of
            // ours).
            result = { kind: "error", error: unrecordable(job, e) };
            continue;
          }
          if (this.#o.draining()) throw e;
          log.error({ ...fields, err: e }, "queue.recordFailed");
          faults.report(part, `the result of ${job.name} (job ${job.id}): ${(e as Error).message}`, clock.realNowMs());
          await delay(RETRY_MS);
        }
      }
      return undefined;
    } finally {
      faults.clear(part);
    }
  }

  /** A topic of the snooze was woken while the handler ran: it is due now. */
  #withWakes(slot: Slot, outcome: Outcome): Outcome {
    if (outcome.kind !== "snooze" || !this.#o.store.wokenSince(slot.wakeMark, outcome.wakeOn ?? [])) return outcome;
    return { ...outcome, untilMs: earliest(outcome.untilMs, this.#o.clock.nowMs()) };
  }

  #record(slot: Slot, result: Result): Slot | undefined {
    const { log, ledger, slots, registry } = this.#o;
    const { job } = slot;
    let error: unknown;
    if (result.kind === "outcome") {
      try {
        // The worker's loop fills the other slots; this slot claims its next job in the same transaction and is counted
        // as busy at once: another slot's claim may follow in the same turn of the event loop.
        const outcome = this.#withWakes(slot, result.outcome);
        const next = ledger.finish(job, outcome, this.#o.stopping() ? undefined : slots.free(job));
        return next && slots.open(next);
      } catch (e) {
        if (e instanceof StaleAttemptError || isStorageTrouble(e)) throw e;
        error = e; // The handler's own write threw: it was rolled back.
      }
    } else error = result.error;
    if (isStorageTrouble(error)) {
      // The handler met a file fault (ctx.commit): no failure of the job. Its intents cover what it did at the venue.
      log.warn({ jobId: job.id, job: job.name, err: error }, "job.storageTrouble");
      ledger.release(job, STORAGE_PAUSE_MS);
      return undefined;
    }
    if (slot.why === "shutdown" && !(error instanceof StaleAttemptError)) {
      log.info({ jobId: job.id, job: job.name, err: error }, "job.released");
      ledger.release(job);
      return undefined;
    }
    const failure = failureOf(slot, error, registry.get(job.name)?.timeoutMs ?? 0);
    const dead = ledger.fail(job, failure);
    const fields = { jobId: job.id, job: job.name, attempt: job.attempts, traceId: job.traceId, code: failure.code };
    if (dead || failure.verdict === "alert") log.error({ ...fields, dead, err: failure }, "job.failed");
    else log.warn({ ...fields, err: failure }, "job.failed");
    return undefined;
  }
}
