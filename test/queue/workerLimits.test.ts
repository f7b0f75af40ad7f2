// The worker's loop with real timers in one process: limits, one live handler per job and key, timeouts.
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "../../lib/core/errors.ts";
import type { AnyHandler, Ctx } from "../../queue/types.ts";
import { allDone, start, stopWorkers } from "./startWorker.ts";
import { done, gate, handler, job, until, world } from "./world.ts";

afterEach(stopWorkers);

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
