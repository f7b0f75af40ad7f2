// A handler's rate limit: never more starts than it says in any span, across restarts, processes and clock jumps.
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { HOUR_MS } from "../../lib/core/time.ts";
import { registryOf } from "../../queue/registry.ts";
import type { AnyHandler } from "../../queue/types.ts";
import { closeWorlds, done, handler, job, T0, type World, world } from "./world.ts";

afterEach(closeWorlds);

const RATE = { limit: 3, perMs: 1_000 };
/** Handlers that note the system time of their starts. */
const limited = (starts: number[], rate = RATE): readonly AnyHandler[] => [
  handler(
    "limited",
    (_, ctx) => {
      starts.push(ctx.clock.nowMs());
      return done;
    },
    { rate },
  ),
  handler("free", () => done),
];
const enqueue = (w: World, count: number, name = "limited"): void => {
  const from = w.store.stats().states.done + w.store.stats().states.ready;
  for (let i = 0; i < count; i += 1) w.store.enqueue(job(name, String(from + i)));
};

test("no more starts than the limit; what is due waits until the span has passed, others do not wait", async () => {
  const starts: number[] = [];
  const w = world(limited(starts));
  enqueue(w, 5);
  enqueue(w, 2, "free");
  const worker = w.worker();
  await worker.drain();
  expect(starts).toEqual([T0, T0, T0]);
  expect(w.store.list({ name: "free", state: "done" })).toHaveLength(2);
  expect(w.store.nextDueMs()).toBe(T0 + 1_000);
  w.clock.pass(999);
  await worker.drain();
  expect(starts).toHaveLength(3);
  w.clock.pass(1);
  await worker.drain();
  expect(starts.slice(3)).toEqual([T0 + 1_000, T0 + 1_000]);
  expect(w.store.nextDueMs()).toBeUndefined();
});

test("a restart and a second process do not begin a new count", async () => {
  const starts: number[] = [];
  const w = world(limited(starts));
  enqueue(w, 9);
  await w.worker().drain();
  await w.worker({ bootId: "restarted" }).drain();
  const other = w.second(limited(starts));
  await other.worker({ bootId: "other" }).drain();
  expect(starts).toHaveLength(3);
  w.clock.pass(1_000);
  await Promise.all([w.worker({ bootId: "again" }).drain(), other.worker({ bootId: "other again" }).drain()]);
  expect(starts).toHaveLength(6);
});

test.each([
  ["while it runs", false],
  ["while it is down", true],
])("a clock set back by an hour %s delays the next start by one span at most", async (_, restart) => {
  const starts: number[] = [];
  const w = world(limited(starts));
  enqueue(w, 6);
  const worker = w.worker();
  await worker.drain();
  w.clock.systemMs -= HOUR_MS;
  w.db.sql.prepare("UPDATE jobs SET run_at_ms = 0").run();
  const after = restart ? w.worker({ bootId: "restarted" }) : worker;
  await after.drain();
  expect(starts).toHaveLength(3);
  w.clock.pass(1_000);
  await after.drain();
  expect(starts).toHaveLength(6);
});

test("a clock that creeps back in small steps delays the next start by one span at most", async () => {
  const starts: number[] = [];
  const w = world(limited(starts));
  enqueue(w, 4);
  const worker = w.worker();
  await worker.drain();
  w.db.sql.prepare("UPDATE jobs SET run_at_ms = 0").run();
  for (let step = 0; step < 30; step += 1) {
    w.clock.systemMs -= 900;
    await worker.drain();
  }
  w.clock.pass(1_000);
  await worker.drain();
  expect(starts).toHaveLength(4);
});

test("protection does not wait behind a limited job of its serial key; other jobs keep the order", async () => {
  const ran: string[] = [];
  const noted = (name: string, changes: Parameters<typeof handler>[2]) =>
    handler(
      name,
      (_, ctx) => {
        ran.push(`${name} ${ctx.job.key}`);
        return done;
      },
      { serialKey: () => "BTC_JPY", ...changes },
    );
  const w = world([
    noted("message", { rate: { limit: 1, perMs: 3_600_000 } }),
    noted("protect", { risk: "reducing" }),
    noted("other", {}),
  ]);
  w.store.enqueue(job("message", "1"));
  w.store.enqueue(job("message", "2"));
  w.store.enqueue(job("protect", "1"));
  w.store.enqueue(job("other", "1"));
  await w.worker().drain();
  expect(ran).toEqual(["message 1", "protect 1"]);
});

test("in any span, whatever the times of enqueueing and looking", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 900 })), { maxLength: 15 }),
      async (limit, steps) => {
        const starts: number[] = [];
        const w = world(limited(starts, { limit, perMs: 1_000 }));
        let pushed = 0;
        for (const [count, passMs] of steps) {
          enqueue(w, count);
          pushed += count;
          await w.worker().drain();
          w.clock.pass(passMs);
        }
        for (const start of starts)
          expect(starts.filter((at) => at > start - 1_000 && at <= start).length).toBeLessThanOrEqual(limit);
        // And no job starves: following nextDueMs, all of them run.
        for (let i = 0; i <= pushed && w.store.nextDueMs() !== undefined; i += 1) {
          w.clock.systemMs = Math.max(w.clock.systemMs, w.store.nextDueMs() ?? 0);
          await w.worker().drain();
        }
        expect(starts).toHaveLength(pushed);
        expect(w.db.sql.prepare("SELECT count(*) FROM rate_starts").pluck().get()).toBeLessThanOrEqual(limit);
      },
    ),
    { numRuns: 25 },
  );
});

test.each([
  { limit: 0, perMs: 1 },
  { limit: 1, perMs: 0.5 },
])("a rate that makes no sense is refused: %j", (rate) => {
  expect(() => registryOf([handler("h", () => done, { rate })])).toThrow(/expected a rate of whole numbers/);
});
