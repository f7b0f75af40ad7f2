// The worker's loop with real timers in one process: graceful stop and halts.
import { existsSync, statSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import type { HaltKind } from "../../lib/core/haltKinds.ts";
import type { Ctx } from "../../queue/types.ts";
import { start, stopWorkers } from "./startWorker.ts";
import { done, gate, handler, job, T0, until, world } from "./world.ts";

afterEach(stopWorkers);

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
