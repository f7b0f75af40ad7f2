// Waiting for a person is a row with a deadline; too old is a state of its own.
import { afterEach, describe, expect, test } from "vitest";
import { epochMs, MINUTE_MS } from "../../lib/core/time.ts";
import type { Outcome } from "../../queue/types.ts";
import { closeWorlds, done, handler, job, T0, type World, world } from "./world.ts";

afterEach(closeWorlds);
const DEADLINE = epochMs(T0 + 15 * MINUTE_MS);

describe("invariant 14: an approval is a parked row", () => {
  const approvals = async (): Promise<World & { readonly asked: boolean[] }> => {
    const asked: boolean[] = [];
    const w = world([
      handler("awaitApproval", (_, ctx): Outcome => {
        asked.push(ctx.job.deadlinePassed);
        if (!ctx.job.deadlinePassed) return { kind: "park", deadlineMs: DEADLINE };
        return { kind: "done", write: (tx) => tx.meta.set("answer", "timeout") };
      }),
      handler("execute", () => done, { risk: "adding" }),
    ]);
    w.store.enqueue(job("awaitApproval", "p1"));
    await w.worker().drain();
    return Object.assign(w, { asked });
  };
  const approve = (w: World) =>
    w.store.resolveParked({
      name: "awaitApproval",
      key: "p1",
      write: (tx) => tx.meta.set("answer", "approved"),
      next: [job("execute", "p1")],
    });

  test("it survives a restart and holds no slot", async () => {
    const w = await approvals();
    const restarted = w.second();
    expect(await restarted.worker().drain()).toBe(0);
    expect(restarted.store.list({ state: "parked" })).toMatchObject([{ key: "p1", deadlineMs: DEADLINE }]);
    expect(restarted.store.nextDueMs()).toBe(DEADLINE);
    expect(approve(restarted)).toBe("resolved");
    expect(await restarted.worker().drain()).toBe(1);
    expect(w.db.read.meta.get("answer")).toBe("approved");
    expect(w.store.list({ name: "execute" })).toMatchObject([{ state: "done", traceId: "awaitApproval:p1" }]);
  });

  test("the deadline decides otherwise, once, and an answer after it does nothing", async () => {
    const w = await approvals();
    w.clock.systemMs = DEADLINE - 1;
    expect(await w.worker().drain()).toBe(0);
    w.clock.systemMs = DEADLINE;
    expect(approve(w)).toBe("expired"); // Also before the worker has looked.
    expect(await w.worker().drain()).toBe(1);
    expect(approve(w)).toBe("expired");
    expect(await w.worker().drain()).toBe(0);
    expect(w.asked).toEqual([false, true]);
    expect(w.db.read.meta.get("answer")).toBe("timeout");
    expect(w.store.list({ name: "execute" })).toEqual([]);
  });

  test("two approvals from two processes make one child", async () => {
    const w = await approvals();
    const other = w.second();
    expect([approve(w), approve(other), approve(w)]).toEqual(["resolved", "notParked", "notParked"]);
    expect(w.store.list({ name: "execute" })).toHaveLength(1);
  });

  test("an answer whose write throws changes nothing; an unknown key is not parked", async () => {
    const w = await approvals();
    const write = () => {
      throw new Error("hash differs");
    };
    expect(() => w.store.resolveParked({ name: "awaitApproval", key: "p1", write })).toThrow("hash differs");
    expect(w.store.list({ state: "parked" })).toHaveLength(1);
    expect(w.store.resolveParked({ name: "awaitApproval", key: "p2" })).toBe("notParked");
    expect(approve(w)).toBe("resolved");
  });
});

describe("invariant 13: a job too old to be right expires instead of running", () => {
  const ran: string[] = [];
  const note = (_: unknown, ctx: { job: { name: string } }) => {
    ran.push(ctx.job.name);
    return done;
  };
  const signals = () => {
    ran.length = 0;
    return world([
      handler("predict", note),
      handler("execute", note, { risk: "adding" }),
      handler("protect", note, { risk: "reducing" }),
    ]);
  };
  const expiresAtMs = epochMs(T0 + 10 * MINUTE_MS);

  test("stopped for 15 minutes: stale jobs expire, execute never runs on them, jobs without expiry run", async () => {
    const w = signals();
    const stale = w.store.enqueue(job("predict", "1", { expiresAtMs }));
    const order = w.store.enqueue(job("execute", "1", { expiresAtMs }));
    w.store.enqueue(job("protect", "1"));
    w.clock.pass(15 * MINUTE_MS);
    expect(await w.second().worker().drain()).toBe(1);
    expect(ran).toEqual(["protect"]);
    for (const { id } of [stale, order])
      expect(w.store.show(id).job).toMatchObject({ state: "expired", finishedMs: w.clock.nowMs() });
    w.clock.pass(-15 * MINUTE_MS);
    expect(await w.worker().drain()).toBe(0); // Expired stays expired when the clock goes back.
  });

  test.each([
    [-1, "done"],
    [0, "expired"],
  ])("at its expiry %+i ms: %s", async (offset, state) => {
    const w = signals();
    const { id } = w.store.enqueue(job("predict", "1", { expiresAtMs }));
    w.clock.systemMs = expiresAtMs + offset;
    await w.worker().drain();
    expect(w.store.show(id).job.state).toBe(state);
  });

  test.each([
    ["predict", "expired"], // Nothing outside depends on it: do not go on with an old signal.
    ["execute", "done"], // It may own an order at the venue: it must look again.
    ["protect", "done"],
  ])("%s, interrupted before its expiry and recovered after it: %s", async (name, state) => {
    const w = signals();
    const { id } = w.store.enqueue(job(name, "1", { expiresAtMs }));
    w.ledger("dying").claim({ busy: [], onlyReducing: false });
    w.clock.pass(15 * MINUTE_MS);
    await w.second().worker().drain();
    expect(w.store.show(id).job.state).toBe(state);
  });

  test("the end of a wait is seen as something due, also under a halt without end", async () => {
    const w = signals();
    w.store.enqueue(job("execute", "1", { expiresAtMs }));
    w.store.enqueue(job("execute", "2"));
    w.db.transaction((tx) => tx.halts.raise({ kind: "stop", reason: "owner", atMs: T0 }));
    await w.worker().drain();
    expect(w.store.nextDueMs()).toBe(expiresAtMs);
    w.clock.systemMs = expiresAtMs;
    await w.worker().drain();
    expect(w.store.nextDueMs()).toBeUndefined(); // The other one cannot be claimed until someone clears the halt.
    expect(w.store.stats()).toMatchObject({ states: { expired: 1, ready: 1 }, due: 1 });
  });
});
