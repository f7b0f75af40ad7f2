// Handlers for the tests with single named processes: one that kills its process, one that fails first, one that holds
// its job for a while, one that never ends, one that asks a person, one that must be alone.
import { appendFileSync, closeSync, existsSync, openSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
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
  /** Default 600: base and cap of the backoff. */
  readonly retryDelayMs?: number;
  /** Declares the schedule "tick" with this interval, policy "all". */
  readonly tickEveryMs?: number;
  /** Default 100. */
  readonly graceMs?: number;
  /** Default that of openDatabase. */
  readonly busyTimeoutMs?: number;
}
export const RETRY_DELAY_MS = 600;
const base = { input: z.record(z.string(), z.unknown()), maxAttempts: 3, timeoutMs: 60_000, risk: "neutral" } as const;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export const actorRegistry = (db: Database, retryDelayMs = RETRY_DELAY_MS): Registry => {
  db.sql.exec(CRASH_TABLES);
  const dir = dirname(db.path);
  const effect = db.sql.prepare("INSERT INTO crash_effects (job_id, fence, kind) VALUES (?, ?, ?)");
  const withEffect = (ctx: Ctx, kind = "end"): Outcome => ({
    kind: "done",
    write: () => void effect.run(ctx.job.id, ctx.job.fence, kind),
  });
  const handler = (
    name: string,
    run: (ctx: Ctx, input: Record<string, unknown>) => Promise<Outcome> | Outcome,
    changes: Partial<AnyHandler> = {},
  ): AnyHandler => ({
    ...base,
    name,
    backoff: { baseMs: retryDelayMs, capMs: retryDelayMs },
    ...changes,
    run: async (input, ctx) => run(ctx, input),
  });
  /** Only one holder of the name's file may exist in all processes; a second one writes a line that the test finds. */
  const alone = async (name: string, holdMs: number): Promise<void> => {
    const path = join(dir, `${name}.alive`);
    try {
      closeSync(openSync(path, "wx"));
    } catch {
      appendFileSync(join(dir, "together.log"), `${name}\n`);
      return;
    }
    await pause(holdMs);
    unlinkSync(path);
  };
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
      while (ctx.job.fence === 1 && ctx.db.jobs.byId(ctx.job.id)?.state !== "done") await pause(10);
      return withEffect(ctx);
    }),
    // The same with a blocked event loop: no heartbeat, no abort.
    handler("spin", (ctx) => {
      while (ctx.job.fence === 1 && ctx.db.jobs.byId(ctx.job.id)?.state !== "done");
      return withEffect(ctx);
    }),
    handler("endless", () => new Promise<Outcome>(() => {})),
    handler(
      "obeys",
      (ctx) =>
        new Promise<Outcome>((_, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason))),
    ),
    handler("ask", (ctx) =>
      ctx.job.deadlinePassed
        ? withEffect(ctx, "timeout")
        : { kind: "park", deadlineMs: epochMs(ctx.clock.nowMs() + 600_000) },
    ),
    handler("tick", (ctx) => withEffect(ctx)),
    // Their timeout is far shorter than what they hold, and they do not look at the signal.
    handler(
      "alone",
      async (ctx, input) => {
        await alone(`job-${ctx.job.id}`, Number(input["holdMs"]));
        return withEffect(ctx);
      },
      { timeoutMs: 20 },
    ),
    handler(
      "aloneByKey",
      async (ctx, input) => {
        await alone(String(input["symbol"]), Number(input["holdMs"]));
        return withEffect(ctx);
      },
      { timeoutMs: 20, serialKey: (input: Record<string, unknown>) => String(input["symbol"]) },
    ),
    ...(["adding", "reducing"] as const).map((risk) =>
      handler(
        risk === "adding" ? "execute" : "protect",
        async (ctx) => {
          await pause(5);
          return withEffect(ctx);
        },
        { risk },
      ),
    ),
    // Waits for the file "go", then writes the requested number of bytes.
    handler("writes", async (ctx, input) => {
      while (!existsSync(join(dir, "go"))) await pause(5);
      const write = () => void effect.run(ctx.job.id, ctx.job.fence, "x".repeat(Number(input["bytes"])));
      return { kind: "done", write };
    }),
  ]);
};
