// What one attempt may change, and what it may not once it no longer owns its job.
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "../../lib/core/errors.ts";
import { epochMs } from "../../lib/core/time.ts";
import { type Outcome, StaleAttemptError } from "../../queue/types.ts";
import { closeWorlds, done, handler, job, T0, type World, world } from "./world.ts";

afterEach(closeWorlds);

const anyJob = { busy: [], onlyReducing: false };
/** A write whose traces can be counted. */
const mark = (name: string) => (tx: { meta: { set(key: string, value: string): void } }) =>
  tx.meta.set(name, "written");
const marks = (w: World): number => w.db.sql.prepare<[], number>("SELECT count(*) FROM meta").pluck().get() ?? 0;

describe("invariant 3: a job's writes, its ack and its children commit together", () => {
  const outcomes: Record<string, Outcome> = {
    done: { kind: "done", write: mark("x"), next: [job("child", "1")] },
    stop: { kind: "stop", reason: "enough", write: mark("x"), next: [job("child", "1")] },
    park: { kind: "park", deadlineMs: T0, write: mark("x"), next: [job("child", "1")] },
    snooze: { kind: "snooze", untilMs: T0, reason: "later", write: mark("x"), next: [job("child", "1")] },
  };
  const states = { done: "done", stop: "done", park: "parked", snooze: "ready" } as const;
  test.each(Object.keys(states) as (keyof typeof states)[])("%s: all of it", (kind) => {
    const w = world([handler("a", () => done), handler("child", () => done)]);
    const { id } = w.store.enqueue(job("a", "1"));
    const ledger = w.ledger("one");
    ledger.finish(ledger.claim(anyJob)!, outcomes[kind]!, undefined);
    expect(w.store.show(id).job.state).toBe(states[kind]);
    expect(w.store.show(id).children).toMatchObject([{ name: "child", traceId: "a:1", state: "ready" }]);
    expect(marks(w)).toBe(1);
  });

  test("a write that throws after others leaves nothing, and the attempt fails loudly", async () => {
    const w = world([
      handler(
        "a",
        () => ({
          kind: "done",
          next: [job("child", "1")],
          write: (tx) => {
            mark("x")(tx);
            throw new Error("constraint");
          },
        }),
        { maxAttempts: 1 },
      ),
      handler("child", () => done),
    ]);
    const { id } = w.store.enqueue(job("a", "1"));
    expect(await w.worker().drain()).toBe(1);
    expect(w.store.show(id).job).toMatchObject({ state: "dead", error: { verdict: "alert", code: "UNCLASSIFIED" } });
    expect(w.store.show(id).children).toEqual([]);
    expect(marks(w)).toBe(0);
  });

  test("a child that the registry does not know fails the whole step", async () => {
    const w = world([handler("a", () => ({ kind: "done", write: mark("x"), next: [job("nobody", "1")] }))]);
    const { id } = w.store.enqueue(job("a", "1"));
    await w.worker().drain();
    expect(w.store.show(id).job).toMatchObject({ state: "dead", error: { code: "UNKNOWN_HANDLER" } });
    expect(marks(w)).toBe(0);
  });

  test("ctx.commit is durable at once, also when the handler fails afterwards", async () => {
    const w = world([
      handler(
        "a",
        (_, ctx) => {
          ctx.commit(mark("intent"), [job("child", "1")]);
          throw new AppError("permanent", "NO", "refused");
        },
        {},
      ),
      handler("child", () => done),
    ]);
    const { id } = w.store.enqueue(job("a", "1"));
    await w.worker().drain();
    expect(w.store.show(id).job.state).toBe("dead");
    expect(w.store.show(id).children).toMatchObject([{ state: "done" }]);
    expect(marks(w)).toBe(1);
  });
});

describe("invariant 4: a stale attempt can change nothing", () => {
  const takers: Record<string, (w: World, id: number) => void> = {
    "another worker after the lease ran out": (w) => {
      w.clock.realMs += 1_001;
      const other = w.ledger("two");
      for (const row of other.running()) other.recoverLost(row);
      other.claim(anyJob);
    },
    "a person who cancelled it": (w, id) => {
      w.store.cancel(id, "owner");
    },
    "another worker that also finished it": (w) => {
      const other = w.ledger("two");
      for (const row of other.running()) other.recoverLost(row);
      other.finish(other.claim(anyJob)!, done, undefined);
    },
  };
  test.each(Object.entries(takers))("taken by %s", (_, take) => {
    const w = world([handler("a", () => done), handler("child", () => done)]);
    const { id } = w.store.enqueue(job("a", "1"));
    const ledger = w.ledger("one");
    const attempt = ledger.claim(anyJob)!;
    take(w, id);
    const before = w.store.show(id);
    const next = [job("child", "1")];
    expect(() => ledger.finish(attempt, { kind: "done", write: mark("x"), next }, undefined)).toThrow(
      StaleAttemptError,
    );
    expect(() => ledger.fail(attempt, new AppError("retry", "X", "x"))).toThrow(StaleAttemptError);
    expect(() => ledger.step(attempt, mark("x"), next)).toThrow(StaleAttemptError);
    expect(() => ledger.release(attempt)).toThrow(StaleAttemptError);
    ledger.heartbeat();
    expect(ledger.ownedAttempts()).toEqual([]);
    expect(w.store.show(id)).toEqual(before);
    expect(marks(w)).toBe(0);
    expect(w.store.list({ name: "child" })).toEqual([]);
  });

  test("invariant 19: a handler that comes back after its job was taken over commits nothing; the other's stands", async () => {
    const w = world([
      handler("a", (_, ctx) => {
        // What a blocked event loop looks like: the lease runs out, another process takes the job and finishes it.
        if (ctx.job.fence === 1) {
          w.clock.realMs += 60_000;
          const other = w.ledger("two");
          for (const row of other.running()) other.recoverLost(row);
          other.finish(other.claim(anyJob)!, { kind: "done", write: mark("theirs") }, undefined);
        }
        return { kind: "done", write: mark("ours") };
      }),
    ]);
    const { id } = w.store.enqueue(job("a", "1"));
    await w.worker().drain();
    expect(w.db.sql.prepare("SELECT key FROM meta").pluck().all()).toEqual(["theirs"]);
    expect(w.store.show(id)).toMatchObject({
      job: { state: "done" },
      attempts: [{ outcome: "lost" }, { outcome: "done", worker: "two" }],
    });
  });
});

describe("invariant 11: exhausted jobs stay, with every attempt's error", () => {
  test("dead after its attempts, inspected, retried under the same id with a new fence, audited", async () => {
    let fail = true;
    const w = world([
      handler("a", (_, ctx) => {
        if (fail) throw new AppError("retry", `E${ctx.job.attempt}`, `attempt ${ctx.job.attempt}`, { size: 5n });
        return done;
      }),
    ]);
    const { id } = w.store.enqueue(job("a", "1", { input: { why: "kept" } }));
    const worker = w.worker();
    for (let i = 0; i < 5; i += 1) {
      await worker.drain();
      w.clock.pass(60_000);
    }
    const dead = w.store.show(id);
    expect(dead.job).toMatchObject({ state: "dead", attempts: 3, input: { why: "kept" } });
    expect(dead.attempts.map((a) => [a.attempt, a.outcome, a.error?.code])).toEqual([
      [1, "retry", "E1"],
      [2, "retry", "E2"],
      [3, "dead", "E3"],
    ]);
    expect(dead.attempts[0]?.error).toEqual({
      verdict: "retry",
      code: "E1",
      message: "attempt 1",
      data: { size: "5" },
    });

    fail = false;
    const reopened = w.store.retry(id, "cli");
    expect(reopened).toMatchObject({ id, state: "ready", attempts: 0 });
    expect(reopened.fence).toBeGreaterThan(dead.job.fence);
    await worker.drain();
    expect(w.store.show(id)).toMatchObject({
      job: { state: "done" },
      attempts: [{}, {}, {}, { attempt: 1, outcome: "done" }],
    });
    expect(w.db.read.audit.last()).toMatchObject({
      kind: "job.retried",
      actor: "cli",
      data: { jobId: id, before: "dead", after: "ready" },
    });
    expect(() => w.store.retry(id, "cli")).toThrow(/expected state dead or cancelled, found done; nothing was changed/);
  });

  test("discard puts a dead job away and is audited; only a dead one", async () => {
    const w = world([
      handler("a", () => {
        throw new AppError("permanent", "NO", "never");
      }),
    ]);
    const { id } = w.store.enqueue(job("a", "1"));
    expect(() => w.store.discard(id, "cli")).toThrow(AppError);
    await w.worker().drain();
    expect(w.store.discard(id, "cli")).toMatchObject({ state: "cancelled", reason: "discarded by cli" });
    expect(w.db.read.audit.last()).toMatchObject({
      kind: "job.discarded",
      data: { before: "dead", after: "cancelled" },
    });
    expect(w.db.read.audit.firstBroken()).toBeUndefined();
  });
});

describe("invariant 24: order within a key is kept through retries", () => {
  test("a failing head blocks followers of its key only", async () => {
    const order: string[] = [];
    const w = world([
      handler(
        "a",
        (_, ctx) => {
          order.push(`${ctx.job.key}#${ctx.job.attempt}`);
          if (ctx.job.key === "head" && ctx.job.attempt < 3) throw new AppError("retry", "X", "not yet");
          return done;
        },
        { serialKey: (input) => input["symbol"] as string },
      ),
    ]);
    w.store.enqueue(job("a", "head", { input: { symbol: "BTC" } }));
    w.store.enqueue(job("a", "second", { input: { symbol: "BTC" }, priority: 9 }));
    w.store.enqueue(job("a", "third", { input: { symbol: "BTC" } }));
    w.store.enqueue(job("a", "other", { input: { symbol: "ETH" } }));
    const worker = w.worker();
    await worker.drain();
    expect(order).toEqual(["head#1", "other#1"]);
    for (;;) {
      const due = w.store.nextDueMs();
      if (due === undefined) break;
      expect(due).toBeGreaterThan(w.clock.nowMs());
      w.clock.systemMs = due;
      await worker.drain();
    }
    expect(order).toEqual(["head#1", "other#1", "head#2", "head#3", "second#1", "third#1"]);
  });

  test("snoozed and parked jobs hold no key", async () => {
    const order: string[] = [];
    const later = epochMs(T0 + 60_000);
    const outcomes: Record<string, Outcome> = {
      sleeper: { kind: "snooze", untilMs: later, reason: "watching" },
      asker: { kind: "park", deadlineMs: later },
      follower: done,
    };
    const note = (key: string) => {
      order.push(key);
      return outcomes[key]!;
    };
    const w = world([handler("a", (_, ctx) => note(ctx.job.key), { serialKey: () => "one" })]);
    for (const key of ["sleeper", "asker", "follower"]) w.store.enqueue(job("a", key));
    await w.worker().drain();
    expect(order).toEqual(["sleeper", "asker", "follower"]);
  });

  test("an older snoozed job does not go first when both are due", async () => {
    const order: string[] = [];
    const w = world([
      handler(
        "a",
        (_, ctx): Outcome => {
          order.push(ctx.job.key);
          if (order.length > 1) return done;
          return { kind: "snooze", untilMs: epochMs(T0 + 1_000), reason: "watching" };
        },
        { serialKey: () => "one" },
      ),
    ]);
    w.store.enqueue(job("a", "sleeper"));
    const worker = w.worker();
    await worker.drain();
    w.clock.pass(1_000);
    w.store.enqueue(job("a", "urgent", { priority: 1 }));
    await worker.drain();
    expect(order).toEqual(["sleeper", "urgent", "sleeper"]);
  });

  test("a halted entry holds no key against a job that reduces risk", async () => {
    const ran: string[] = [];
    const serialKey = () => "position:1";
    const note = (_: unknown, ctx: { job: { name: string } }) => {
      ran.push(ctx.job.name);
      return done;
    };
    const w = world([
      handler("enter", note, { risk: "adding", serialKey }),
      handler("protect", note, { risk: "reducing", serialKey }),
    ]);
    w.store.enqueue(job("enter", "1"));
    w.store.enqueue(job("protect", "1"));
    w.db.transaction((tx) => tx.halts.raise({ kind: "stop", reason: "owner", atMs: T0 }));
    await w.worker().drain();
    expect(ran).toEqual(["protect"]);
  });

  test("the schema itself refuses two running jobs of one key", () => {
    const w = world([handler("a", () => done, { serialKey: () => "one" })]);
    w.store.enqueue(job("a", "1"));
    w.store.enqueue(job("a", "2"));
    const ledger = w.ledger("one");
    expect(ledger.claim(anyJob)?.key).toBe("1");
    expect(ledger.claim(anyJob)).toBeUndefined();
    expect(() =>
      w.db.sql.exec("UPDATE jobs SET state = 'running', worker = 'one', lease_until_ms = 1 WHERE key = '2'"),
    ).toThrow(/UNIQUE constraint failed: jobs.serial_key/);
  });
});
