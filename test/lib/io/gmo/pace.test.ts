// The pace of requests (GMO API 3), on a clock that only sleeping moves.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coinE8 } from "../../../../lib/core/money.ts";
import { noTimers, TokenBucket } from "../../../../lib/io/gmo/timers.ts";
import { FakeTimers, okay, stub } from "./stub.ts";

describe("token bucket", () => {
  test("a burst goes at once, then one turn each 1/perSecond", async () => {
    const timers = new FakeTimers();
    const bucket = new TokenBucket(10, 3, timers);
    const at: number[] = [];
    for (let i = 0; i < 6; i++) {
      await bucket.take();
      at.push(timers.nowMs);
    }
    expect(at).toEqual([0, 0, 0, 100, 200, 300]);
  });
  test("idle time refills up to the burst and no further", async () => {
    const timers = new FakeTimers();
    const bucket = new TokenBucket(10, 3, timers);
    for (let i = 0; i < 3; i++) await bucket.take();
    timers.nowMs += 3_600_000;
    for (let i = 0; i < 3; i++) await bucket.take();
    expect(timers.sleeps).toEqual([]);
    await bucket.take();
    expect(timers.sleeps).toEqual([100]);
  });
  test("those who ask together are served in order, each after its own wait", async () => {
    const timers = new FakeTimers();
    const waits: number[] = [];
    const bucket = new TokenBucket(3, 1, {
      ...noTimers,
      sleep: async (ms) => void waits.push(ms),
      monotonicMs: () => timers.nowMs,
    });
    await Promise.all(Array.from({ length: 4 }, () => bucket.take()));
    expect(waits).toEqual([334, 667, 1_000]); // never a millisecond early
  });
  test("an aborted signal takes no turn", async () => {
    const timers = new FakeTimers();
    const bucket = new TokenBucket(10, 1, timers);
    await expect(bucket.take(AbortSignal.abort())).rejects.toThrow();
    await bucket.take();
    expect(timers.sleeps).toEqual([]);
  });
  test("no window of a second ever holds more than burst + perSecond turns", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 120 }),
        async (perSecond, burst, gapsMs) => {
          const timers = new FakeTimers();
          const bucket = new TokenBucket(perSecond, burst, timers);
          const at: number[] = [];
          for (const gapMs of gapsMs) {
            timers.nowMs += gapMs;
            await bucket.take();
            at.push(timers.nowMs);
          }
          for (const start of at)
            expect(at.filter((ms) => ms >= start && ms < start + 1_000).length).toBeLessThanOrEqual(burst + perSecond);
        },
      ),
    ));
});

describe("the connector's pace", () => {
  const most = (atMs: readonly number[]): number =>
    Math.max(...atMs.map((start) => atMs.filter((ms) => ms >= start && ms < start + 1_000).length));
  const paceOf = async (call: (world: ReturnType<typeof stub>) => Promise<unknown>, data: unknown) => {
    const atMs: number[] = [];
    const world = stub(
      Array.from({ length: 60 }, () => () => {
        atMs.push(world.timers.nowMs);
        return okay(data);
      }),
    );
    for (let i = 0; i < 60; i++) await call(world);
    return { mostInASecond: most(atMs), steadyGapMs: atMs.at(-1)! - atMs.at(-2)! };
  };
  test("private reads and writes each stay within 20 a second, 10 on average", async () => {
    expect(await paceOf(({ venue }) => venue.assets(), [])).toEqual({ mostInASecond: 19, steadyGapMs: 100 });
    const order = { symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: coinE8(1n) } as const;
    expect(await paceOf(({ venue }) => venue.order(order), "1")).toEqual({ mostInASecond: 19, steadyGapMs: 100 });
  });
  test("public reads settle at 3 a second", async () => {
    const { steadyGapMs } = await paceOf(({ venue }) => venue.symbols(), []);
    expect(steadyGapMs).toBeGreaterThanOrEqual(333);
    expect(steadyGapMs).toBeLessThanOrEqual(334);
  });
  test("writes do not wait behind reads", async () => {
    const world = stub(Array(12).fill(okay([])).concat(okay()));
    for (let i = 0; i < 12; i++) await world.venue.assets();
    const waited = world.timers.sleeps.length;
    expect(waited).toBeGreaterThan(0);
    await world.venue.cancelOrder("1");
    expect(world.timers.sleeps).toHaveLength(waited);
  });
});
