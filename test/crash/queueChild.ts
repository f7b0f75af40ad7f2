// A real worker process for the queue's crash runs. It enqueues jobs (each acknowledgement goes to an fsynced side
// log), runs every kind of handler, and dies by SIGKILL: from outside at a random time, or here at a named point.
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { openDatabase } from "../../db/open.ts";
import { AppError } from "../../lib/core/errors.ts";
import { epochMs } from "../../lib/core/time.ts";
import { realClock } from "../../lib/io/clock.ts";
import type { Logger } from "../../lib/io/logger.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { registryOf } from "../../queue/registry.ts";
import { Scheduler } from "../../queue/schedule.ts";
import { JobStore } from "../../queue/store.ts";
import type { AnyHandler, Ctx, NewJob, Outcome } from "../../queue/types.ts";
import { createWorker } from "../../queue/worker.ts";
import { type ChildOrder, CRASH_TABLES, type CrashInput } from "./queuePlan.ts";

const run = async (order: ChildOrder): Promise<void> => {
  const db = openDatabase(order.dbPath, { busyTimeoutMs: 10_000 });
  db.sql.exec(CRASH_TABLES);
  const sideLog = openSync(order.sideLogPath, "a");
  const outside = openSync(order.outsidePath, "a");
  const durably = (file: number, line: string): void => {
    writeSync(file, `${line}\n`);
    fdatasyncSync(file);
  };
  let hits = 0;
  const failpoint = (point: string): void => {
    if (order.dieAt?.point === point && ++hits >= order.dieAt.hit) process.kill(process.pid, "SIGKILL");
  };

  const effect = db.sql.prepare("INSERT INTO crash_effects (job_id, fence, kind) VALUES (?, ?, ?)");
  const hasEffect = db.sql.prepare("SELECT 1 FROM crash_effects WHERE job_id = ? AND kind = ?");
  const endWith = (ctx: Ctx, input: CrashInput): Outcome => {
    const next: NewJob[] =
      input.left === 0
        ? []
        : [{ name: ctx.job.name, key: `${ctx.job.key}.${input.left}`, input: { ...input, left: input.left - 1 } }];
    const write = () => void effect.run(ctx.job.id, ctx.job.fence, "end");
    const enqueueNext = () => void next.map((child) => store.enqueue(child, ctx.job));
    // Broken on purpose: dies at "sabotaged" between the two halves of what must be one.
    const later = (work: () => void) =>
      setImmediate(() => {
        failpoint("sabotaged");
        if (db.sql.open) work();
      });
    switch (order.sabotage) {
      case "effectFirst":
        write();
        failpoint("sabotaged");
        return { kind: "done", next };
      case "effectLater":
        later(write);
        return { kind: "done", next };
      case "childFirst":
        enqueueNext();
        if (next.length > 0) failpoint("sabotaged");
        return { kind: "done", write };
      case "childLater":
        if (next.length > 0) later(enqueueNext);
        return { kind: "done", write };
      default:
        return { kind: "done", next, write };
    }
  };
  const handler = (
    name: string,
    body: (input: CrashInput, ctx: Ctx) => Promise<Outcome | undefined> | undefined,
  ): AnyHandler => ({
    name,
    // No zod here: loading it would be a third of this process's life.
    input: { safeParse: (data: unknown) => ({ success: true, data }) } as unknown as AnyHandler["input"],
    maxAttempts: 1_000,
    timeoutMs: 30_000,
    risk: "neutral",
    backoff: { baseMs: 10, capMs: 40 },
    ...(name === "serial" ? { serialKey: (input: CrashInput) => `serial:${input.lane}` } : {}),
    run: async (input: CrashInput, ctx) => (await body(input, ctx)) ?? endWith(ctx, input),
  });
  const registry = registryOf([
    handler("chain", () => undefined),
    handler("serial", () => undefined),
    handler("stepper", (_, ctx) => {
      if (!hasEffect.get(ctx.job.id, "mid")) ctx.commit(() => effect.run(ctx.job.id, ctx.job.fence, "mid"));
      return undefined;
    }),
    handler("flaky", (_, ctx) => {
      if (ctx.job.attempt === 1) throw new AppError("retry", "FLAKY", "the first attempt fails");
      return undefined;
    }),
    handler("snoozer", async (_, ctx) => {
      if (hasEffect.get(ctx.job.id, "slept")) return undefined;
      const write = () => void effect.run(ctx.job.id, ctx.job.fence, "slept");
      return { kind: "snooze", untilMs: epochMs(ctx.clock.nowMs() + 15), reason: "later", write };
    }),
    handler("outside", async (_, ctx) => {
      durably(outside, String(ctx.job.id));
      failpoint("afterEffect");
      await new Promise(setImmediate);
      return undefined;
    }),
    handler("tick", () => undefined),
  ]);
  const store = new JobStore(db, registry, realClock);
  new Scheduler(db, store, realClock).declareSchedule({
    name: "tick",
    handler: "tick",
    input: { left: 0, lane: 0 },
    everyMs: 40,
    offsetMs: 0,
    policy: "once",
  });
  const quiet = {
    child: () => quiet,
    info: () => {},
    warn: () => {},
    error: (fields: unknown, message: string) =>
      process.stderr.write(`${message} ${JSON.stringify(fields, Object.getOwnPropertyNames(fields))}\n`),
  } as unknown as Logger;
  const worker = createWorker({
    db,
    store,
    registry,
    clock: realClock,
    log: quiet,
    services: {},
    bootId: order.bootId,
    concurrency: 4,
    random: seededRandom(order.bootId),
    failpoint,
    ...(order.sabotage === "deaf" ? { pollMs: 3_600_000 } : {}),
  });
  const startedMs = realClock.monotonicMs();
  worker.start();
  process.send?.("running");

  const kinds = ["chain", "serial", "stepper", "flaky", "snoozer", "outside"];
  for (let i = 0; i < order.enqueue; i += 1) {
    const name = kinds[i % kinds.length]!;
    const key = `${order.bootId}-${i}`;
    const enqueue = () => store.enqueue({ name, key, input: { left: 2, lane: i % 3 } });
    if (order.sabotage !== "ackFirst") enqueue();
    else durably(sideLog, `${name} ${key}`);
    failpoint("beforeAck");
    if (order.sabotage !== "ackFirst") durably(sideLog, `${name} ${key}`);
    else enqueue();
    await new Promise(setImmediate);
  }
  if (order.until === "killed") return;

  /**
   * A row of another connection, as a command writes it: with nothing else to do, only a worker that looks finds it.
   */
  const pushFromElsewhere = (): void => {
    const other = openDatabase(order.dbPath);
    new JobStore(other, registry, realClock).enqueue({
      name: "chain",
      key: `${order.bootId}-elsewhere`,
      input: { left: 0, lane: 0 },
    });
    other.close();
  };
  const progress = db.sql.prepare<[], number>("SELECT total(fence) + count(finished_ms) FROM jobs").pluck();
  /**
   * Looks until nothing is left, or nothing has moved for `giveUpMs`: a slow machine is no stranded job. Returns what
   * is left.
   */
  const leftWhenStill = async (count: () => number): Promise<number> => {
    let seen = -1;
    let movedMs = realClock.monotonicMs();
    let foreign = false;
    for (;;) {
      const left = count();
      const now = progress.get() ?? 0;
      if (now !== seen) movedMs = realClock.monotonicMs();
      seen = now;
      if (realClock.monotonicMs() - movedMs >= order.giveUpMs || (left === 0 && foreign)) return left;
      if (left === 0) {
        pushFromElsewhere();
        foreign = true;
      }
      await pause();
    }
  };
  // With no push of its own, this process must come to a moment with nothing due.
  if (order.until === "caughtUp") {
    const due = await leftWhenStill(() => store.stats().due);
    process.send?.({ due, afterMs: realClock.monotonicMs() - startedMs });
    return;
  }

  // The last process lives until nothing is left or nothing moves, then stops as SIGTERM would stop it.
  new Scheduler(db, store, realClock).removeExcept([]);
  const left = db.sql.prepare<[], number>("SELECT count(*) FROM jobs WHERE state IN ('ready', 'running')").pluck();
  await leftWhenStill(() => left.get() ?? 0);
  await worker.stop({ graceMs: 5_000 });
  db.close();
  closeSync(sideLog);
  closeSync(outside);
  process.disconnect?.();
};
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

process.once("message", (order: ChildOrder) => {
  run(order).catch((error: unknown) => {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  });
});
process.send?.("loaded");
