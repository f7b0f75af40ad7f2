// Retention: finished jobs are kept for a stated time, with their keys and attempts, and then forgotten; the file's size
// stays bounded because SQLite uses their pages again.
import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../db/open.ts";
import { jobPruning } from "../db/tables/jobPruning.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { Clock } from "../lib/io/clock.ts";
import { processState } from "../lib/io/process.ts";

export interface Pruned {
  readonly jobs: number;
  readonly attempts: number;
  readonly workers: number;
}
export interface PruneOptions {
  /** System clock. */
  readonly beforeMs: EpochMs;
  readonly signal?: AbortSignal;
  /**
   * Between two transactions, default 10 ms: whoever waits for the file's lock sleeps between its tries and would never
   * find it free, and handlers of this process want their turn.
   */
  readonly pauseMs?: number;
}

/** Ids that one transaction covers. */
const RANGE = 200;

/** How many jobs `pruneJobs` would forget now. */
export const prunableJobs = (db: Database, beforeMs: EpochMs): number => jobPruning(db.sql).count(beforeMs);

/**
 * Forgets jobs that finished (done, cancelled, expired) before `beforeMs`, unless their trace still has an unfinished or a
 * dead job; their keys are free again afterwards. Never touches ready, running, parked or dead rows. Small transactions
 * with pauses: may be stopped by `signal` or a crash at any of them and goes on the next time.
 */
export const pruneJobs = async (db: Database, clock: Clock, options: PruneOptions): Promise<Pruned> => {
  const pruning = jobPruning(db.sql);
  const total = { jobs: 0, attempts: 0 };
  const newest = pruning.newestId();
  for (let id = pruning.nextIdAfter(0); id !== undefined && id <= newest; id = pruning.nextIdAfter(id + RANGE)) {
    options.signal?.throwIfAborted();
    const range = { before: options.beforeMs, after: id - 1, to: id + RANGE };
    const dropped = db.transaction(() => pruning.dropRange(range));
    total.jobs += dropped.jobs;
    total.attempts += dropped.attempts;
    await delay(options.pauseMs ?? 10);
  }
  const keptMs = clock.nowMs() - options.beforeMs;
  const workers = db.transaction(() => {
    // A live one is idle, or the clock has jumped: its row is what its claims point at.
    const gone = pruning
      .oldWorkers(clock.realNowMs() - keptMs)
      .filter((worker) => worker.stopped || processState(worker) === "gone");
    for (const worker of gone) pruning.dropWorker(worker.bootId);
    return gone.length;
  });
  return { ...total, workers };
};
