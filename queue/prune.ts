// Retention: finished jobs are kept for a stated time, with their keys and attempts, and then deleted; the file's size
// stays bounded because SQLite reuses their pages.
import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../db/open.ts";
import { jobPruning } from "../db/tables/jobPruning.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { Clock } from "../lib/io/clock.ts";
import { processState } from "../lib/io/process.ts";

interface Pruned {
  readonly jobs: number;
  readonly attempts: number;
  readonly workers: number;
}
interface PruneOptions {
  /** System clock. */
  readonly beforeMs: EpochMs;
  readonly signal?: AbortSignal;
  /**
   * Pause between two transactions, default 10 ms: a process waiting for the file's lock sleeps between its tries and
   * would otherwise never find it free, and handlers of this process need their turn.
   */
  readonly pauseMs?: number;
}

/** Ids covered by one transaction. */
const RANGE = 200;

/** How many jobs `pruneJobs` would delete now. */
export const prunableJobs = (db: Database, beforeMs: EpochMs): number => jobPruning(db.sql).count(beforeMs);

/**
 * Deletes jobs that finished (done, cancelled, expired) before `beforeMs`, unless their trace still has an unfinished
 * or a dead job; their keys become free again. Never touches ready, running, parked or dead rows. Small transactions
 * with pauses: `signal` or a crash may stop it between any two of them, and the next run continues.
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
    // A live worker is only idle, or the clock has jumped: its claims refer to its row.
    const gone = pruning
      .oldWorkers(clock.realNowMs() - keptMs)
      .filter((worker) => worker.stopped || processState(worker) === "gone");
    for (const worker of gone) pruning.dropWorker(worker.bootId);
    return gone.length;
  });
  return { ...total, workers };
};
