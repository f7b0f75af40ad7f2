// Handlers for the tests with single named processes: one that kills its process, one that fails first, one that holds
// its job for a while, one that never ends, one that asks a person.
import { z } from "zod";
import type { Database } from "../../db/open.ts";
import { AppError } from "../../lib/core/errors.ts";
import { epochMs } from "../../lib/core/time.ts";
import { type Registry, registryOf } from "../../queue/registry.ts";
import type { AnyHandler, Ctx, Outcome } from "../../queue/types.ts";
import { CRASH_TABLES } from "./queuePlan.ts";

export interface ActorOrder {
  readonly dbPath: string;
  readonly bootId: string;
  readonly leaseMs: number;
}
export const RETRY_DELAY_MS = 600;
const base = { input: z.record(z.string(), z.unknown()), maxAttempts: 3, timeoutMs: 60_000, risk: "neutral" } as const;

export const actorRegistry = (db: Database): Registry => {
  db.sql.exec(CRASH_TABLES);
  const effect = db.sql.prepare("INSERT INTO crash_effects (job_id, fence, kind) VALUES (?, ?, ?)");
  const withEffect = (ctx: Ctx, kind = "end"): Outcome => ({
    kind: "done",
    write: () => void effect.run(ctx.job.id, ctx.job.fence, kind),
  });
  const handler = (name: string, run: (ctx: Ctx) => Promise<Outcome> | Outcome): AnyHandler => ({
    ...base,
    name,
    backoff: { baseMs: RETRY_DELAY_MS, capMs: RETRY_DELAY_MS },
    run: async (_, ctx) => run(ctx),
  });
  return registryOf([
    handler("plain", (ctx) => withEffect(ctx)),
    handler("poison", (ctx) => {
      process.kill(process.pid, "SIGKILL");
      return withEffect(ctx);
    }),
    handler("flaky", (ctx) => {
      if (ctx.job.attempt === 1) throw new AppError("retry", "FLAKY", "the first attempt fails");
      return withEffect(ctx);
    }),
    // The first attempt lasts until another one has taken the job; its late outcome must then be refused.
    handler("hold", async (ctx) => {
      while (ctx.job.fence === 1 && ctx.db.jobs.byId(ctx.job.id)?.state !== "done")
        await new Promise((resolve) => setTimeout(resolve, 10));
      return withEffect(ctx);
    }),
    // The same with a blocked event loop: no heartbeat, no abort.
    handler("spin", (ctx) => {
      while (ctx.job.fence === 1 && ctx.db.jobs.byId(ctx.job.id)?.state !== "done");
      return withEffect(ctx);
    }),
    handler("endless", () => new Promise<Outcome>(() => {})),
    handler("ask", (ctx) =>
      ctx.job.deadlinePassed
        ? withEffect(ctx, "timeout")
        : { kind: "park", deadlineMs: epochMs(ctx.clock.nowMs() + 60_000) },
    ),
  ]);
};
