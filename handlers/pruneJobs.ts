// 04:30 JST: forgets finished jobs older than JOBS_KEEP_DAYS (queue/prune.ts). Trades, orders, the audit log and what else
// the book needs are other tables and stay.
import { z } from "zod";
import { DAY_MS, type EpochMs } from "../lib/core/time.ts";
import { pruneJobs as prune } from "../queue/prune.ts";
import type { Outcome } from "../queue/types.ts";
import type { AppHandler } from "./services.ts";

const Input = z.strictObject({ tickMs: z.int().optional() });
type Input = z.infer<typeof Input>;

export const pruneJobs: AppHandler<Input> = {
  name: "pruneJobs",
  input: Input,
  maxAttempts: 5,
  timeoutMs: 600_000,
  risk: "neutral",
  priority: -10,
  serialKey: () => "pruneJobs",
  async run(_input, ctx): Promise<Outcome> {
    const beforeMs = (ctx.clock.nowMs() - ctx.config.JOBS_KEEP_DAYS * DAY_MS) as EpochMs;
    const pruned = await prune(ctx.desk.db, ctx.clock, { beforeMs, signal: ctx.signal });
    ctx.log.info({ ...pruned, beforeMs }, "jobs.pruned");
    return { kind: "done" };
  },
};
