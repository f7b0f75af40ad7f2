// 04:30 JST: deletes finished jobs older than JOBS_KEEP_DAYS (queue/prune.ts). Trades, orders, the audit log and
// everything else the book needs are other tables and stay.

import { DAY_MS, plusMs } from "../lib/core/time.ts";
import { pruneJobs as prune } from "../queue/prune.ts";
import type { Tx } from "../queue/types.ts";
import type { AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS } from "./jobs.ts";

/** Key in `meta`: when it ran last, system clock, UTC epoch ms. */
const LAST = "jobs_pruned_ms";
const SURPRISING_MS = 3 * DAY_MS;

export const pruneJobs: AppHandler<"pruneJobs"> = {
  name: "pruneJobs",
  input: JOB_INPUTS.pruneJobs,
  maxAttempts: 5,
  timeoutMs: 600_000,
  risk: "neutral",
  priority: -10,
  serialKey: () => "pruneJobs",
  async run(_input, ctx): Promise<AppOutcome> {
    const nowMs = ctx.clock.nowMs();
    const lastMs = Number(ctx.db.meta.get(LAST) ?? nowMs);
    const note = (tx: Tx): void => tx.meta.set(LAST, String(nowMs));
    // After a long pause, or a clock that has jumped ahead, the ages may be wrong: prune with the next day's run.
    if (nowMs - lastMs > SURPRISING_MS)
      return {
        kind: "stop",
        reason: "the clock is far ahead of the last time: jobs are forgotten tomorrow",
        write: note,
      };
    const beforeMs = plusMs(nowMs, -ctx.config.JOBS_KEEP_DAYS * DAY_MS);
    const pruned = await prune(ctx.desk.db, ctx.clock, { beforeMs, signal: ctx.signal });
    ctx.log.info({ ...pruned, beforeMs }, "jobs.pruned");
    return { kind: "done", write: note };
  },
};
