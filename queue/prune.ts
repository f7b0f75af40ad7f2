// Retention: finished jobs are kept for a stated time, with their keys and attempts, and then forgotten; the file's size
// stays bounded because SQLite uses their pages again.
import { setImmediate as yieldToOthers } from "node:timers/promises";
import type { Database } from "../db/open.ts";
import { jobPruning } from "../db/tables/jobPruning.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { Clock } from "../lib/io/clock.ts";

export interface Pruned {
  readonly jobs: number;
  readonly attempts: number;
  readonly workers: number;
}

/** Ids a transaction covers: short enough that a claim of another process does not notice it. */
const RANGE = 500;

/** How many jobs `pruneJobs` would forget now. */
export const prunableJobs = (db: Database, beforeMs: EpochMs): number => jobPruning(db.sql).count(beforeMs);

/**
 * Forgets jobs that finished (done, cancelled, expired) before `beforeMs` on the system's clock, except those in the trace
 * of a dead job; their keys are free again afterwards. Never touches ready, running, parked or dead rows. Small
 * transactions with pauses: may be stopped by `signal` or a crash at any of them and goes on the next time.
 */
export const pruneJobs = async (
  db: Database,
  clock: Clock,
  options: { readonly beforeMs: EpochMs; readonly signal?: AbortSignal },
): Promise<Pruned> => {
  const pruning = jobPruning(db.sql);
  const total = { jobs: 0, attempts: 0 };
  const newest = pruning.newestId();
  for (let id = pruning.nextIdAfter(0); id !== undefined && id <= newest; id = pruning.nextIdAfter(id + RANGE)) {
    options.signal?.throwIfAborted();
    const range = { before: options.beforeMs, after: id - 1, to: id + RANGE };
    const dropped = db.transaction(() => pruning.dropRange(range));
    total.jobs += dropped.jobs;
    total.attempts += dropped.attempts;
    await yieldToOthers();
  }
  const keptMs = clock.nowMs() - options.beforeMs;
  const workers = db.transaction(() => pruning.dropWorkers(clock.realNowMs() - keptMs));
  return { ...total, workers };
};
