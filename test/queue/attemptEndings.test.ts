// Attempts that end in odd ways: together, with what cannot be written down, into a file in trouble, with a refused
// claim.
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "../../lib/core/errors.ts";
import { DAY_MS, epochMs } from "../../lib/core/time.ts";
import { realClock } from "../../lib/io/clock.ts";
import { pruneJobs } from "../../queue/prune.ts";
import type { Worker } from "../../queue/worker.ts";
import { closeWorlds, done, gate, handler, job, until, type World, world } from "./world.ts";

const running: Worker[] = [];
const start = (w: World, changes: Parameters<World["worker"]>[0] = {}): Worker => {
  const worker = w.worker({ virtual: false, reserve: 0, pollMs: 5, ...changes });
  running.push(worker);
  worker.start();
  return worker;
};
afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.stop({ graceMs: 0 })));
  closeWorlds();
});

test.each([0, 1, 2, 5])("invariant 16: a cap holds when two slots end within %s turns", async (lag) => {
  const go = gate();
  let alive = 0;
  let most = 0;
  const w = world([
    handler("first", async (input) => {
      await go.opened;
      for (let i = 0; i < Number(input["lag"]); i += 1) await undefined;
      return done;
    }),
    handler(
      "capped",
      async () => {
        alive += 1;
        most = Math.max(most, alive);
        await new Promise((resolve) => setTimeout(resolve, 5));
        alive -= 1;
        return done;
      },
      { concurrency: 1 },
    ),
  ]);
  for (let i = 0; i < 2; i += 1) w.store.enqueue(job("first", String(i), { priority: 1, input: { lag: i * lag } }));
  for (let i = 0; i < 4; i += 1) w.store.enqueue(job("capped", String(i)));
  start(w, { concurrency: 2 });
  await until(() => w.store.stats().states.running === 2);
  go.open();
  await until(() => w.store.stats().states.done === 6);
  expect(most).toBe(1);
});

describe("what cannot be written down still ends the attempt", () => {
  const circular = (): Record<string, unknown> => {
    const response: Record<string, unknown> = { status: 500 };
    response["request"] = { response };
    return response;
  };
  test.each([
    ["an error with circular data", circular()],
    ["an error with 10 MB of data", { body: "x".repeat(10_000_000) }],
    ["an error with data that throws", { toJSON: () => { throw new Error("no"); } }], // biome-ignore format: one line
  ])("%s", async (_, data) => {
    const w = world([
      handler("a", () => {
        throw new AppError("permanent", "HTTP", "500", { data });
      }),
    ]);
    const { id } = w.store.enqueue(job("a", "1"));
    await w.worker().drain();
    const { job: ended } = w.store.show(id);
    expect(ended).toMatchObject({ state: "dead", error: { code: "HTTP", message: "500" } });
    expect(JSON.stringify(ended.error).length).toBeLessThan(30_000);
  });

  test("invariant 3: a write that is async is refused, and nothing of it stays", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", note);
    const w = world([
      handler("a", () => ({
        kind: "done",
        write: async (tx) => {
          tx.meta.set("before", "1");
          await Promise.resolve();
          throw new Error("late");
        },
      })),
    ]);
    const { id } = w.store.enqueue(job("a", "1"));
    await w.worker().drain();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(w.store.show(id).attempts[0]?.error?.message).toMatch(/must be synchronous/);
    expect(w.db.read.meta.get("before")).toBeUndefined();
    expect(unhandled).toEqual([]);
  });

  test("a reaction to a failure whose own jobs are refused fails closed: recorded, entries halted", async () => {
    const w = world([
      handler("a", () => {
        throw new AppError("permanent", "NO", "no");
      }),
    ]);
    const { id } = w.store.enqueue(job("a", "1"));
    await w.worker({ onFailure: () => [job("nobody", "x")] }).drain();
    expect(w.store.show(id).job.state).toBe("dead");
    expect(w.db.read.halts.active(w.clock.nowMs()).map((halt) => halt.kind)).toEqual(["failureHandling"]);
  });
});

test("invariant 21: a locked file met in the middle of a handler is not the job's failure", async () => {
  const hold = gate();
  let tries = 0;
  const w = world(
    [
      handler(
        "a",
        async (_, ctx) => {
          tries += 1;
          if (tries === 1) await hold.opened;
          ctx.commit((tx) => tx.meta.set("step", "1"));
          return done;
        },
        { maxAttempts: 1 },
      ),
    ],
    realClock,
  );
  const { id } = w.store.enqueue(job("a", "1"));
  start(w);
  await until(() => tries === 1);
  w.db.sql.pragma("busy_timeout = 1");
  const other = w.second().db.sql;
  other.exec("BEGIN IMMEDIATE");
  hold.open();
  await until(() => w.db.sql.inTransaction === false && tries === 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  other.exec("ROLLBACK");
  await until(() => w.store.show(id).job.state === "done");
  expect(w.store.show(id).attempts.map((a) => [a.attempt, a.outcome])).toEqual([
    [1, "released"],
    [1, "done"],
  ]);
});

test("a claim that is refused is not the failure of the job that ended before it", async () => {
  let runs = 0;
  const w = world([
    handler(
      "good",
      () => {
        runs += 1;
        return done;
      },
      { priority: 1 },
    ),
    handler("cursed", () => done),
  ]);
  const good = w.store.enqueue(job("good", "1"));
  const cursed = w.store.enqueue(job("cursed", "1"));
  w.db.sql.exec(
    `CREATE TRIGGER no BEFORE INSERT ON attempts WHEN NEW.job_id = ${cursed.id} BEGIN SELECT RAISE(ABORT, 'refused'); END`,
  );
  await expect(w.worker().drain()).rejects.toThrow("refused");
  expect([w.store.show(good.id).job.state, runs]).toEqual(["done", 1]);
});

describe("recovery of a dead worker's jobs", () => {
  /** `names`: claimed, in this order, by a worker whose process is gone. */
  const orphaned = (names: readonly string[]): World => {
    const w = world(
      ["bad", "good"].map((name) => handler(name, () => done, { maxAttempts: name === "bad" ? 1 : 3 })),
      realClock,
    );
    for (const name of names) w.store.enqueue(job(name, "1"));
    const dead = w.ledger("dead boot");
    for (const _ of names) dead.claim({ busy: [], onlyReducing: false });
    w.db.sql.exec("UPDATE workers SET pid = 999999999 WHERE boot_id = 'dead boot'");
    return w;
  };

  test("one that cannot be recovered blocks no other, and health stays red", async () => {
    const w = orphaned(["bad", "good"]);
    w.db.sql.exec(
      "CREATE TRIGGER no BEFORE UPDATE ON attempts WHEN NEW.job_id = 1 BEGIN SELECT RAISE(ABORT, 'refused'); END",
    );
    const worker = start(w);
    await until(() => w.store.show(2).job.state === "done");
    for (let i = 0; i < 20; i += 1) {
      expect(worker.health()).toMatchObject({ ok: false, why: expect.stringMatching(/recoveryFailed.*refused/) });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    w.db.sql.exec("DROP TRIGGER no");
    await until(() => worker.health().ok && w.store.show(1).job.state === "dead");
  });
});

test("a live worker whose row was forgotten registers itself again with its next heartbeat", () => {
  const w = world([handler("a", () => done)]);
  const ledger = w.ledger("asleep");
  w.db.sql.exec("DELETE FROM workers");
  ledger.heartbeat();
  w.store.enqueue(job("a", "1"));
  expect(ledger.claim({ busy: [], onlyReducing: false })).toBeDefined();
});

test("a retried dead job's trace keeps its keys until it has ended: its child is not made twice", async () => {
  let children = 0;
  let fail = true;
  const w = world([
    handler("parent", (_, ctx) => {
      ctx.commit(() => undefined, [job("child", "c")]);
      if (fail) throw new AppError("permanent", "NO", "no");
      return done;
    }),
    handler("child", () => {
      children += 1;
      return done;
    }),
  ]);
  const { id } = w.store.enqueue(job("parent", "1"));
  await w.worker().drain();
  w.clock.pass(31 * DAY_MS);
  w.store.retry(id, "owner");
  await pruneJobs(w.db, w.clock, { beforeMs: epochMs(w.clock.nowMs() - 30 * DAY_MS) });
  fail = false;
  await w.worker().drain();
  expect([w.store.show(id).job.state, children]).toEqual(["done", 1]);
});

test.each([
  ["runAtMs", Number.NaN],
  ["expiresAtMs", Number.NaN],
  ["expiresAtMs", Number.POSITIVE_INFINITY],
  ["priority", 0.5],
])("invariant 13: %s %s is refused, not taken for something else", (field, value) => {
  const w = world([handler("a", () => done)]);
  expect(() => w.store.enqueue(job("a", "1", { [field]: value }))).toThrow(`expected ${field} to be a whole number`);
  expect(w.store.list()).toEqual([]);
});
