// Makes what became of an attempt durable: its outcome, its failure, or that it goes back at a shutdown.
import { setTimeout as delay } from "node:timers/promises";
import type { Job } from "../db/tables/jobs.ts";
import { AppError } from "../lib/core/errors.ts";
import type { Clock } from "../lib/io/clock.ts";
import type { Logger } from "../lib/io/logger.ts";
import { SqliteError } from "../lib/io/sqlite.ts";
import { failureOf, type Result } from "./attempt.ts";
import type { ActiveFaults } from "./health.ts";
import type { Ledger } from "./ledger.ts";
import type { Registry } from "./registry.ts";
import type { Slot, Slots } from "./slots.ts";
import { StaleAttemptError } from "./types.ts";

const RETRY_MS = 250;
const STORAGE_PAUSE_MS = 1_000;

/** Trouble of the file, not of the handler: to be tried again, never a verdict on the job. */
const isStorageTrouble = (e: unknown): boolean =>
  e instanceof SqliteError && /^SQLITE_(BUSY|LOCKED|FULL|IOERR|CANTOPEN|READONLY|NOMEM|PROTOCOL)/.test(e.code);

const unrecordable = (job: Job, cause: unknown): AppError =>
  new AppError(
    "alert",
    "UNRECORDABLE",
    `${job.name}: expected a result that can be written down, found: ${(cause as Error).message}`,
    {},
    { cause },
  );

interface RecorderOptions {
  readonly ledger: Ledger;
  readonly slots: Slots;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
  readonly troubles: ActiveFaults;
  readonly stopping: () => boolean;
  /** A drain throws the file's trouble at its caller instead of waiting for better times. */
  readonly draining: () => boolean;
}

export class Recorder {
  readonly #o: RecorderOptions;
  constructor(options: RecorderOptions) {
    this.#o = options;
  }

  /**
   * While the file has trouble, tries again until it works or the attempt is taken away. Resolves with the slot of the
   * job that was claimed with it, if any.
   */
  async settle(slot: Slot, attempted: Result): Promise<Slot | undefined> {
    const { log, troubles, clock } = this.#o;
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
            // Not the file's trouble: the result itself cannot be written down (an error that is no JSON, a bug of ours).
            result = { kind: "error", error: unrecordable(job, e) };
            continue;
          }
          if (this.#o.draining()) throw e;
          log.error({ ...fields, err: e }, "queue.recordFailed");
          troubles.note(part, `the result of ${job.name} (job ${job.id}): ${(e as Error).message}`, clock.realNowMs());
          await delay(RETRY_MS);
        }
      }
      return undefined;
    } finally {
      troubles.over(part);
    }
  }

  #record(slot: Slot, result: Result): Slot | undefined {
    const { log, ledger, slots, registry } = this.#o;
    const { job } = slot;
    let error: unknown;
    if (result.kind === "outcome") {
      try {
        // Waiting claims of other slots are left to the worker; this slot takes its next job in the same transaction, and
        // is counted at once: another slot's claim may follow in this very turn of the loop.
        const next = ledger.finish(job, result.outcome, this.#o.stopping() ? undefined : slots.free(job));
        return next && slots.open(next);
      } catch (e) {
        if (e instanceof StaleAttemptError || isStorageTrouble(e)) throw e;
        error = e; // The handler's own write was refused: nothing of it is in the file.
      }
    } else error = result.error;
    if (isStorageTrouble(error)) {
      // The handler met it (ctx.commit): not the job's failure. What it did outside is behind its own intentions.
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
