// The real-time loop with real timers in one process: caps, liveness, takeover, shutdown, halts.

import { existsSync, readFileSync, statSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "../../lib/core/errors.ts";
import type { HaltKind } from "../../lib/core/haltKinds.ts";
import { realClock } from "../../lib/io/clock.ts";
import { projectPath } from "../../lib/io/paths.ts";
import { ownIdentity } from "../../lib/io/process.ts";
import { type AnyHandler, type Ctx, StaleAttemptError } from "../../queue/types.ts";
import type { Worker, WorkerOptions } from "../../queue/worker.ts";
import { closeWorlds, done, gate, handler, job, T0, until, type World, world } from "./world.ts";

const running: Worker[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.stop({ graceMs: 0 })));
  closeWorlds();
});
const start = (w: World, changes: Partial<WorkerOptions<object>> = {}): Worker => {
  const worker = w.worker({ virtual: false, pollMs: 5, reserve: 0, ...changes });
  running.push(worker);
  worker.start();
  return worker;
};
const allDone = (w: World) => () => w.store.stats().states.done === w.store.list({ limit: 1_000 }).length;

/** Counts handlers that are alive at once. */
const gauge = () => {
  const alive = { now: 0, max: 0 };
  const during = async (work: () => Promise<unknown>): Promise<void> => {
    alive.now += 1;
    alive.max = Math.max(alive.max, alive.now);
    await work();
    alive.now -= 1;
  };
  return { alive, during };
};

describe("invariant 16: concurrency limits are caps, also at start", () => {
  test.each([1, 2, 4, 8])("40 preloaded, limit %i: exactly that many at once", async (limit) => {
    const { alive, during } = gauge();
    const hold = gate();
    const w = world([
      handler("a", async () => {
        await during(() => hold.opened);
        return done;
      }),
    ]);
    for (let i = 0; i < 40; i += 1) w.store.enqueue(job("a", String(i)));
    start(w, { concurrency: limit });
    await until(() => alive.now === limit);
    hold.open();
    await until(allDone(w));
    expect(alive.max).toBe(limit);
  });

  test("recovery respects it: 40 jobs of a dead worker, limit 2", async () => {
    const { alive, during } = gauge();
    const w = world([
      handler("a", async () => {
        await during(() => new Promise(setImmediate));
        return done;
      }),
    ]);
    const dying = w.ledger("dying");
    for (let i = 0; i < 40; i += 1) {
      w.store.enqueue(job("a", String(i)));
      dying.claim({ busy: [], onlyReducing: false });
    }
    expect(w.store.stats().states.running).toBe(40);
    start(w, { concurrency: 2 });
    await until(allDone(w));
    expect(alive.max).toBe(2);
  });

  test("a handler's own limit holds inside the worker's, and others pass it by", async () => {
    const a = gauge();
    const hold = gate();
    const w = world([
      handler("heavy", () => a.during(() => hold.opened).then(() => done), { concurrency: 1 }),
      handler("light", () => done),
    ]);
    for (let i = 0; i < 5; i += 1) w.store.enqueue(job("heavy", String(i)));
    for (let i = 0; i < 5; i += 1) w.store.enqueue(job("light", String(i)));
    start(w, { concurrency: 4 });
    await until(() => w.store.list({ name: "light", state: "done" }).length === 5);
    expect(a.alive.now).toBe(1);
    hold.open();
    await until(allDone(w));
    expect(a.alive.max).toBe(1);
  });

  test("limits are each worker's own: two workers on one file hold their limit each, no more", async () => {
    const mine = gauge();
    const others = gauge();
    const hold = gate();
    const held = ({ during }: ReturnType<typeof gauge>) =>
      handler("a", () => during(() => hold.opened).then(() => done), { concurrency: 2 });
    const w = world([held(mine)]);
    const second = w.second([held(others)]);
    for (let i = 0; i < 40; i += 1) w.store.enqueue(job("a", String(i)));
    start(w, { concurrency: 8 });
    start(second, { concurrency: 2 });
    await until(() => mine.alive.now === 2 && others.alive.now === 2);
    expect(w.store.stats().states.running).toBe(4);
    hold.open();
    await until(allDone(w));
    expect([mine.alive.max, others.alive.max]).toEqual([2, 2]);
  });

  test("the reserved slot is for jobs that reduce risk alone", async () => {
    const hold = gate();
    const ran: string[] = [];
    const wait = async (_: unknown, ctx: Ctx) => {
      ran.push(ctx.job.key);
      await hold.opened;
      return done;
    };
    const w = world([handler("slow", wait), handler("protect", wait, { risk: "reducing" })]);
    for (const key of ["slow1", "slow2", "slow3"]) w.store.enqueue(job("slow", key));
    start(w, { concurrency: 2, reserve: 1 });
    await until(() => ran.length === 2);
    w.store.enqueue(job("protect", "protect1"));
    await until(() => ran.length === 3);
    expect(ran).toEqual(["slow1", "slow2", "protect1"]);
    hold.open();
    await until(allDone(w));
  });
});

describe("invariant 5: at most one live handler per job and per key", () => {
  /** One worker runs the job for many leases, each renewed in time; a second one looks on. */
  const watchTwoWorkers = async (handlers: readonly AnyHandler[], keys: readonly string[], alive: { now: number }) => {
    const leaseMs = 60;
    const w = world(handlers);
    const other = w.second();
    const ids = keys.map((key) => w.store.enqueue(job("a", key)).id);
    start(w, { concurrency: 4, leaseMs });
    await until(() => alive.now === 1);
    const [running] = w.store.list({ state: "running" });
    for (let renewed = 0; renewed < 40; renewed += 1) {
      if (renewed === 5) start(other, { concurrency: 4, leaseMs });
      w.clock.realMs += leaseMs / 2;
      await until(() => w.store.show(running!.id).job.leaseUntilMs === w.clock.realMs + leaseMs);
    }
    return { w, ids };
  };

  test("a handler that outlives its timeout and ignores the abort keeps its slot; its outcome stands", async () => {
    const { alive, during } = gauge();
    const hold = gate();
    let aborted: unknown;
    const stubborn = handler(
      "a",
      async (_, ctx) => {
        ctx.signal.addEventListener("abort", () => {
          aborted = ctx.signal.reason;
        });
        await during(() => hold.opened);
        return done;
      },
      { timeoutMs: 20 },
    );
    const { w, ids } = await watchTwoWorkers([stubborn], ["1"], alive);
    expect(aborted).toMatchObject({ verdict: "retry", code: "TIMEOUT" });
    hold.open();
    await until(allDone(w));
    expect(alive.max).toBe(1);
    expect(w.store.show(ids[0]!).attempts).toMatchObject([{ outcome: "done", attempt: 1 }]);
  });

  test("per serial key, over two workers", async () => {
    const { alive, during } = gauge();
    const hold = gate();
    const serial = handler("a", () => during(() => hold.opened).then(() => done), { serialKey: () => "BTC" });
    const { w } = await watchTwoWorkers([serial], ["1", "2", "3", "4"], alive);
    hold.open();
    await until(allDone(w));
    expect(alive.max).toBe(1);
  });

  test.each([
    ["neutral", "retry"],
    ["adding", "alert"],
  ] as const)("a %s handler that obeys the abort fails with TIMEOUT, verdict %s", async (risk, verdict) => {
    const obedient = handler(
      "a",
      (_, ctx) =>
        new Promise((_resolve, reject) => {
          ctx.signal.addEventListener("abort", () => reject(new Error("aborted")));
        }),
      { timeoutMs: 10, maxAttempts: 1, risk },
    );
    const w = world([obedient]);
    const { id } = w.store.enqueue(job("a", "1"));
    start(w);
    await until(() => w.store.show(id).job.state === "dead");
    expect(w.store.show(id).job.error).toMatchObject({ code: "TIMEOUT", verdict });
  });

  test("what the handler classified itself stands, also after its timeout", async () => {
    const doubtful = handler(
      "a",
      (_, ctx) =>
        new Promise((_resolve, reject) => {
          ctx.signal.addEventListener("abort", () => reject(new AppError("alert", "ORDER_UNKNOWN", "no answer")));
        }),
      { timeoutMs: 10, maxAttempts: 1 },
    );
    const w = world([doubtful]);
    const { id } = w.store.enqueue(job("a", "1"));
    start(w);
    await until(() => w.store.show(id).job.state === "dead");
    expect(w.store.show(id).job.error).toMatchObject({ code: "ORDER_UNKNOWN", verdict: "alert" });
  });

  test("a backlog older than the lease is not run twice", async () => {
    let runs = 0;
    const w = world([
      handler("a", async () => {
        runs += 1;
        w.clock.realMs += 5_000; // Each job outlives the lease of those that wait behind it.
        await new Promise(setImmediate);
        return done;
      }),
    ]);
    for (let i = 0; i < 20; i += 1) w.store.enqueue(job("a", String(i)));
    start(w, { leaseMs: 1_000 });
    start(w.second(), { leaseMs: 1_000 });
    await until(allDone(w));
    // Only a job that really ran past its lease may be taken over; a waiting one has no lease to lose.
    const lost = w.store.list().flatMap(({ id }) => w.store.show(id).attempts.filter((a) => a.outcome === "lost"));
    expect(runs).toBe(20 + lost.length);
  });
});

describe("invariant 17: rows from another process are seen, none stranded", () => {
  test("150 pushes from another connection are all run without a push of our own", async () => {
    const w = world([handler("a", () => done)]);
    start(w, { concurrency: 4, pollMs: 25 });
    const other = w.second();
    for (let i = 0; i < 150; i += 1) other.store.enqueue(job("a", String(i)));
    await until(() => w.store.stats().states.done === 150);
  });

  test("a job for later, a retry and a parked deadline come without any push", async () => {
    const late = () => realClock.nowMs();
    const w = world(
      [
        handler("later", () => done),
        handler(
          "flaky",
          (_, ctx) => {
            if (ctx.job.attempt === 1) throw new AppError("retry", "X", "no");
            return done;
          },
          { backoff: { baseMs: 20, capMs: 20 } },
        ),
        handler("ask", (_, ctx) => {
          if (ctx.job.deadlinePassed) return done;
          return { kind: "park", deadlineMs: (late() + 30) as never };
        }),
      ],
      realClock,
    );
    w.store.enqueue(job("later", "1", { runAtMs: (late() + 50) as never }));
    w.store.enqueue(job("flaky", "1"));
    w.store.enqueue(job("ask", "1"));
    start(w);
    await until(allDone(w));
  });
});

describe("invariant 18: a live process's jobs are not stolen, a dead one's are recovered", () => {
  test("a dead process's jobs are recovered at the next look, long before their lease ends", async () => {
    const w = world([handler("a", () => done)]);
    const { id } = w.store.enqueue(job("a", "1"));
    const gone = w.ledger("gone", 3_600_000);
    // No such pid: far beyond the kernel's limit.
    gone.registerWorker({ ...ownIdentity(), pid: 2 ** 22 + 1 });
    gone.claim({ busy: [], onlyReducing: false });
    await w.second().worker().drain();
    expect(w.store.show(id).attempts).toMatchObject([{ worker: "gone", outcome: "lost" }, { outcome: "done" }]);
  });

  test("also when its pid is ours now", async () => {
    const w = world([handler("a", () => done)]);
    const { id } = w.store.enqueue(job("a", "1"));
    const gone = w.ledger("earlier", 3_600_000);
    gone.registerWorker({ pid: process.pid, host: "another boot||1" });
    gone.claim({ busy: [], onlyReducing: false });
    expect(await w.worker().drain()).toBe(1);
    expect(w.store.show(id).job.state).toBe("done");
  });

  test("a worker that lives is left alone until its lease ends", async () => {
    const hold = gate();
    let runs = 0;
    const w = world([
      handler("a", async () => {
        runs += 1;
        if (runs === 1) await hold.opened;
        return done;
      }),
    ]);
    const { id } = w.store.enqueue(job("a", "1"));
    start(w, { leaseMs: 600_000 });
    await until(() => runs === 1);
    const other = w.second();
    expect(await other.worker().drain()).toBe(0);
    w.clock.realMs += 600_000;
    expect(await other.worker().drain()).toBe(1);
    hold.open();
    await until(() => w.store.show(id).attempts.length === 2);
    expect(w.store.show(id).attempts).toMatchObject([{ outcome: "lost" }, { outcome: "done" }]);
  });
});

test("a job cancelled from another process is aborted at once", async () => {
  let reason: unknown;
  const w = world([
    handler("a", async (_, ctx) => {
      await new Promise<void>((resolve) => ctx.signal.addEventListener("abort", () => resolve()));
      reason = ctx.signal.reason;
      return { kind: "done", next: [job("a", "child")] };
    }),
  ]);
  const { id } = w.store.enqueue(job("a", "1"));
  start(w, {
    failpoint: (point) => point === "beforeHandler" && setImmediate(() => w.second().store.cancel(id, "owner")),
  });
  await until(() => reason !== undefined);
  expect(reason).toBeInstanceOf(StaleAttemptError);
  expect(w.store.show(id)).toMatchObject({ job: { state: "cancelled" }, children: [] });
});

describe("invariant 20: graceful stop", () => {
  test("no new claims, grace, then abort; unfinished jobs go back without a spent attempt; the WAL is empty", async () => {
    const seen: string[] = [];
    const hold = gate();
    const w = world([
      handler("quick", () => hold.opened.then(() => done)),
      handler("obeys", async (_, ctx) => {
        await new Promise((_resolve, reject) => ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason)));
        return done;
      }),
      handler("returns", async (_, ctx) => {
        await new Promise<void>((resolve) => ctx.signal.addEventListener("abort", () => resolve()));
        return done;
      }),
      handler("ignores", async (_, ctx) => {
        seen.push("ignores");
        await new Promise(() => {});
        ctx.log.info("never");
        return done;
      }),
    ]);
    const id = Object.fromEntries(
      ["quick", "obeys", "returns", "ignores"].map((name) => [name, w.store.enqueue(job(name, "1")).id]),
    );
    const worker = start(w, { concurrency: 4 });
    await until(() => seen.length === 1);
    w.store.enqueue(job("quick", "2"));
    const stopped = worker.stop({ graceMs: 50 });
    hold.open();
    await stopped;
    const state = (name: string) => w.store.show(id[name]!).job;
    expect(state("quick").state).toBe("done");
    expect(state("returns").state).toBe("done");
    expect(state("obeys")).toMatchObject({ state: "ready", attempts: 0 });
    expect(state("ignores")).toMatchObject({ state: "ready", attempts: 0 });
    expect(w.store.show(id["ignores"]!).attempts).toMatchObject([{ outcome: "released" }]);
    expect(w.store.list({ name: "quick", state: "ready" })).toMatchObject([{ key: "2", attempts: 0, fence: 0 }]);
    expect(existsSync(`${w.path}-wal`) ? statSync(`${w.path}-wal`).size : 0).toBe(0);
    expect(() => worker.start()).toThrow(/stopped/);
  });

  test("a second stop does not wait for the grace of the first, not even for a handler that ignores the abort", async () => {
    const signals: AbortSignal[] = [];
    const w = world([
      handler("a", async (_, ctx) => {
        signals.push(ctx.signal);
        await new Promise(() => {});
        return done;
      }),
    ]);
    const { id } = w.store.enqueue(job("a", "1"));
    const worker = start(w);
    await until(() => signals.length === 1);
    const first = worker.stop({ graceMs: 3_600_000 });
    expect(signals[0]?.aborted).toBe(false);
    await worker.stop({ graceMs: 0 });
    await first;
    expect(signals[0]?.reason).toMatchObject({ code: "SHUTDOWN" });
    expect(w.store.show(id).job).toMatchObject({ state: "ready", attempts: 0 });
  });

  test("a job that was claimed and had not begun goes back without running", async () => {
    let runs = 0;
    const w = world([
      handler("a", () => {
        runs += 1;
        return done;
      }),
    ]);
    const { id } = w.store.enqueue(job("a", "1"));
    const worker = start(w, { failpoint: (point) => point === "afterClaim" && void worker.stop({ graceMs: 0 }) });
    await until(() => w.store.show(id).job.fence > 0);
    await worker.stop({ graceMs: 0 });
    expect(w.store.show(id).job).toMatchObject({ state: "ready", attempts: 0 });
    expect(runs).toBe(0);
  });
});

describe("invariant 23: a halt stops claims of risk-adding jobs at once and durably", () => {
  test("flipped during load: no execute starts after the commit, protection goes on, it holds after a restart", async () => {
    const ran: string[] = [];
    const note = async (_: unknown, ctx: Ctx) => {
      ran.push(ctx.job.name);
      await new Promise(setImmediate);
      return done;
    };
    const w = world([
      handler("execute", note, { risk: "adding", priority: 5 }),
      handler("protect", note, { risk: "reducing" }),
    ]);
    for (let i = 0; i < 60; i += 1) {
      w.store.enqueue(job("execute", String(i)));
      w.store.enqueue(job("protect", String(i)));
    }
    start(w, { concurrency: 2 });
    await until(() => ran.filter((name) => name === "execute").length >= 5);
    const other = w.second();
    other.db.transaction((tx) => tx.halts.raise({ kind: "stop", reason: "owner", atMs: T0 }));
    const claimed = () => w.store.stats().names.filter((n) => n.name === "execute" && n.state !== "ready");
    const atHalt = claimed().reduce((sum, n) => sum + n.count, 0);
    await until(() => w.store.list({ name: "protect", state: "done", limit: 200 }).length === 60);
    expect(claimed()).toEqual([{ name: "execute", state: "done", count: atHalt }]);
    expect(atHalt).toBeLessThan(60);

    expect(await w.second().worker().drain()).toBe(0);
    expect(w.store.nextDueMs()).toBeUndefined();
    other.db.transaction((tx) => tx.halts.clear("stop", "owner", T0));
    await until(() => w.store.stats().states.done === 120);
  });

  test("a halt with an end is over by itself; the queue says when", async () => {
    const w = world([handler("execute", () => done, { risk: "adding" })]);
    w.store.enqueue(job("execute", "1"));
    const raise = (untilMs: number, kind: HaltKind = "loss-day") =>
      w.db.transaction((tx) =>
        tx.halts.raise({ kind, reason: "limit", atMs: w.clock.nowMs(), untilMs: untilMs as never }),
      );
    expect(raise(T0 + 1_000).raised).toBe(true);
    expect(raise(T0 + 9_000).raised).toBe(false); // One open row per kind.
    expect(await w.worker().drain()).toBe(0);
    expect(w.store.nextDueMs()).toBe(T0 + 1_000);
    w.clock.pass(1_000);
    expect(w.db.read.halts.active(w.clock.nowMs())).toEqual([]);
    expect(await w.worker().drain()).toBe(1);
    expect(raise(T0 + 9_000).raised).toBe(true); // The one that is over gives way.
    expect(w.db.read.halts.recent()).toMatchObject([{ clearedBy: undefined }, { clearedBy: "until" }]);
  });
});

test("invariant 2: every connection of the queue is WAL at synchronous FULL", () => {
  const w = world([handler("a", () => done)]);
  for (const { db } of [w, w.second()]) {
    expect(db.sql.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(db.sql.pragma("synchronous", { simple: true })).toBe(2);
  }
});

test("invariant 22: exactly one SQLite engine: the lock file names no second one", () => {
  const lock = JSON.parse(readFileSync(projectPath("package-lock.json"), "utf8")) as { packages: object };
  const engines = Object.keys(lock.packages).filter((name) =>
    /node_modules\/(sqlite3|sql\.js|node-sqlite3-wasm|better-queue-sqlite|better-sqlite3)$/.test(name),
  );
  expect(engines).toEqual(["node_modules/better-sqlite3"]);
});
