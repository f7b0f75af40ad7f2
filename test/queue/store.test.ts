// Putting jobs in, and waking those that sleep.
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { AppError } from "../../lib/core/errors.ts";
import { epochMs, MINUTE_MS } from "../../lib/core/time.ts";
import { registryOf } from "../../queue/registry.ts";
import type { Outcome } from "../../queue/types.ts";
import { closeWorlds, done, handler, job, T0, type World, world } from "./world.ts";

afterEach(closeWorlds);

describe("invariant 12: a key is enqueued once, whatever became of its job", () => {
  test.each<[string, (w: World, id: number) => unknown]>([
    ["ready", () => {}],
    ["running", (w) => w.ledger("one").claim({ busy: [], onlyReducing: false })],
    ["done", (w) => w.worker().drain()],
    ["parked", (w) => w.worker().drain()],
    ["cancelled", (w, id) => w.store.cancel(id, "test")],
    [
      "dead",
      (w) => {
        const ledger = w.ledger("one");
        ledger.fail(ledger.claim({ busy: [], onlyReducing: false })!, new AppError("permanent", "NO", "no"));
      },
    ],
    [
      "expired",
      (w) => {
        w.clock.pass(2 * MINUTE_MS);
        return w.worker().drain();
      },
    ],
  ])("while %s", async (state, bring) => {
    const outcome: Outcome = state === "parked" ? { kind: "park", deadlineMs: epochMs(T0 + MINUTE_MS) } : done;
    const w = world([handler("a", () => outcome), handler("b", () => done)]);
    const first = w.store.enqueue(job("a", "k", { input: { n: 1 }, expiresAtMs: epochMs(T0 + MINUTE_MS) }));
    await bring(w, first.id);
    expect(w.store.show(first.id).job.state).toBe(state);
    const before = w.store.show(first.id);
    expect(w.second().store.enqueue(job("a", "k", { input: { n: 2 } }))).toEqual({ id: first.id, created: false });
    expect(w.store.show(first.id)).toEqual(before);
    expect(w.store.enqueue(job("b", "k")).created).toBe(true); // A key belongs to its handler.
  });
});

describe("enqueue refuses what no handler can run", () => {
  const strict = { ...handler("strict", () => done), input: z.object({ bar: z.object({ openMs: z.number() }) }) };
  test.each<[string, () => ReturnType<typeof job>, string, RegExp]>([
    ["an unknown name", () => job("nobody", "1"), "UNKNOWN_HANDLER", /found "nobody"; known: strict/],
    ["a wrong field", () => job("strict", "1", { input: { bar: { openMs: "x" } } }), "BAD_INPUT", /bar\.openMs: /],
    ["no object", () => job("strict", "1", { input: 5 }), "BAD_INPUT", /\(input\): /],
    ["a bigint", () => job("strict", "1", { input: { n: 1n } }), "BAD_INPUT", /expected an input that is JSON/],
    ["nothing", () => job("strict", "1", { input: undefined }), "BAD_INPUT", /found undefined/],
    ["an empty key", () => job("strict", ""), "BAD_INPUT", /expected a key/],
  ])("%s", (_, make, code, message) => {
    const w = world([strict]);
    let error: unknown;
    try {
      w.store.enqueue(make());
    } catch (e) {
      error = e;
    }
    expect(error).toMatchObject({ verdict: "permanent", code });
    expect((error as Error).message).toMatch(message);
    expect(w.store.list()).toEqual([]);
  });

  test("an input that another version enqueued dies with the reason at its claim", async () => {
    const w = world([handler("a", () => done), handler("gone", () => done)]);
    const bad = w.store.enqueue(job("a", "1", { input: { bar: 1 } }));
    const gone = w.store.enqueue(job("gone", "1"));
    const restarted = w.second([{ ...strict, name: "a" }]);
    await restarted.worker().drain();
    expect(w.store.show(bad.id).job).toMatchObject({ state: "dead", error: { code: "BAD_INPUT" } });
    expect(w.store.show(gone.id).job).toMatchObject({ state: "dead", error: { code: "UNKNOWN_HANDLER" } });
  });

  test("a registry refuses two handlers of one name and numbers that make no sense", () => {
    const a = handler("a", () => done);
    expect(() => registryOf([a, a])).toThrow(/two handlers are named "a"/);
    expect(() => registryOf([{ ...a, maxAttempts: 0 }])).toThrow(/maxAttempts/);
    expect(() => registryOf([{ ...a, timeoutMs: 2 ** 31 }])).toThrow(/timeoutMs/);
  });

  test("enqueueIn exists exactly when the caller's transaction does", () => {
    const w = world([handler("a", () => done)]);
    expect(() =>
      w.db.transaction((tx) => {
        w.store.enqueueIn(tx, job("a", "1"));
        throw new Error("rolled back");
      }),
    ).toThrow("rolled back");
    expect(w.store.list()).toEqual([]);
    const outside = w.db.transaction((tx) => tx);
    expect(() => w.store.enqueueIn(outside, job("a", "1"))).toThrow(/needs the transaction/);
  });
});

describe("order and descent", () => {
  test("priority first, then due time, then age; children carry parent and trace", async () => {
    const order: string[] = [];
    const w = world([
      handler("a", (_, ctx): Outcome => {
        order.push(ctx.job.key);
        return ctx.job.key === "old" ? { kind: "done", next: [job("a", "child", { priority: 1 })] } : done;
      }),
      handler(
        "first",
        (_, ctx) => {
          order.push(ctx.job.key);
          return done;
        },
        { priority: 50 },
      ),
    ]);
    w.clock.pass(10);
    w.store.enqueue(job("a", "late"));
    w.store.enqueue(job("a", "late2"));
    w.store.enqueue(job("a", "old", { runAtMs: T0 }));
    w.store.enqueue(job("a", "urgent", { priority: 5, traceId: "mine" }));
    w.store.enqueue(job("first", "handler's priority"));
    w.store.enqueue(job("a", "future", { runAtMs: epochMs(T0 + 11) }));
    await w.worker().drain();
    expect(order).toEqual(["handler's priority", "urgent", "old", "child", "late", "late2"]);
    const parent = w.db.read.jobs.byKey("a", "old")!;
    expect(w.store.show(parent.id).children).toMatchObject([{ key: "child", parentId: parent.id, traceId: "a:old" }]);
    expect(w.store.list({ traceId: "mine" })).toMatchObject([{ key: "urgent" }]);
  });
});

describe("wakes", () => {
  const sleepers = async () => {
    const looks: string[] = [];
    const w = world([
      handler("watch", (input, ctx) => {
        looks.push(ctx.job.key);
        const wakeOn = input["topics"] as string[];
        return { kind: "snooze", untilMs: epochMs(ctx.clock.nowMs() + MINUTE_MS), reason: "watching", wakeOn };
      }),
    ]);
    w.store.enqueue(job("watch", "BTC", { input: { topics: ["account:BTC", "price:BTC"] } }));
    w.store.enqueue(job("watch", "ETH", { input: { topics: ["account:ETH", "price:BTC"] } }));
    w.store.enqueue(job("watch", "deaf", { input: { topics: [] } }));
    await w.worker().drain();
    looks.length = 0;
    return { w, looks };
  };

  test.each([
    ["account:ETH", ["ETH"]],
    ["price:BTC", ["BTC", "ETH"]],
    ["price:B", []],
  ])("topic %s wakes %j", async (topic, woken) => {
    const { w, looks } = await sleepers();
    w.clock.pass(1_000);
    expect(w.second().store.wake(topic)).toBe(woken.length);
    expect(w.store.wake(topic)).toBe(0); // Already due.
    await w.worker().drain();
    expect(looks).toEqual(woken);
  });

  test.each([
    ["its topic is woken while it runs: once more at once", "account:BTC", 2],
    ["another topic is", "account:ETH", 1],
    ["nothing is", undefined, 1],
  ])("truth 24: a job that snoozes, and %s", async (_, topic, looks) => {
    let count = 0;
    const w = world([
      handler("watch", (_input, ctx) => {
        count += 1;
        if (count === 1 && topic !== undefined) w.store.wake(topic);
        const untilMs = epochMs(ctx.clock.nowMs() + MINUTE_MS);
        return { kind: "snooze", untilMs, reason: "watching", wakeOn: ["account:BTC"] };
      }),
    ]);
    w.store.enqueue(job("watch", "one"));
    await w.worker().drain();
    expect(count).toBe(looks);
  });

  test("topics are listed once each; wakeAll wakes every job that has one; a lost wake is only a wait", async () => {
    const { w, looks } = await sleepers();
    expect(w.store.wakeTopics()).toEqual(["account:BTC", "account:ETH", "price:BTC"]);
    w.clock.pass(1_000);
    expect(w.store.wakeAll()).toBe(2);
    await w.worker().drain();
    expect(looks).toEqual(["BTC", "ETH"]);
    w.clock.pass(2 * MINUTE_MS);
    await w.worker().drain();
    expect(looks).toEqual(["BTC", "ETH", "deaf", "BTC", "ETH"]);
    expect(w.store.list({ limit: 1 })).toMatchObject([{ snoozed: true, reason: "watching", attempts: 0 }]);
  });
});

test("a cancelled attempt writes nothing and the job stays cancelled", async () => {
  const w = world([
    handler("a", (_, ctx) => {
      w.second().store.cancel(ctx.job.id, "owner");
      return { kind: "done", next: [job("a", "child")] };
    }),
  ]);
  const { id } = w.store.enqueue(job("a", "1"));
  await w.worker().drain();
  expect(w.store.show(id)).toMatchObject({
    job: { state: "cancelled", reason: "cancelled by owner" },
    attempts: [{ outcome: "cancelled" }],
    children: [],
  });
  expect(() => w.store.cancel(id, "owner")).toThrow(/expected state ready or parked or running, found cancelled/);
});
