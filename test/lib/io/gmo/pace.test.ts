// The pace of requests (GMO API 3), on a clock that only sleeping moves.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coinE8 } from "../../../../lib/core/money.ts";
import { Pace } from "../../../../lib/io/gmo/pace.ts";
import { noTimers, TokenBucket } from "../../../../lib/io/gmo/timers.ts";
import { FakeTimers, okay, refusal, stub } from "./stub.ts";

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

describe("a bucket that changes", () => {
  const times = async (timers: FakeTimers, bucket: TokenBucket, turns: number): Promise<number[]> => {
    const at: number[] = [];
    for (let i = 0; i < turns; i++) {
      await bucket.take();
      at.push(timers.nowMs);
    }
    return at;
  };
  test("slowed down: no burst, a quarter of the rate for the time, then the full one again", async () => {
    const timers = new FakeTimers();
    const bucket = new TokenBucket(10, 10, timers);
    bucket.slowDown(2_000);
    // Every 400 ms up to 2,000, then every 100.
    expect(await times(timers, bucket, 8)).toEqual([400, 800, 1_200, 1_600, 2_000, 2_100, 2_200, 2_300]);
  });
  test("those who ask together while it is slow are spread over both rates", async () => {
    const waits: number[] = [];
    const bucket = new TokenBucket(10, 10, { sleep: async (ms) => void waits.push(ms), monotonicMs: () => 0 });
    bucket.slowDown(2_000);
    await Promise.all(Array.from({ length: 7 }, () => bucket.take()));
    expect(waits).toEqual([400, 800, 1_200, 1_600, 2_000, 2_100, 2_200]);
  });
  test("time that passed while slow refills slowly", async () => {
    const timers = new FakeTimers();
    const bucket = new TokenBucket(10, 10, timers);
    bucket.slowDown(2_000);
    timers.nowMs = 3_000; // 2 s at 2.5 and 1 s at 10: 15, of which the burst keeps 10
    expect((await times(timers, bucket, 11)).filter((ms) => ms === 3_000)).toHaveLength(10);
    bucket.slowDown(2_000);
    timers.nowMs += 1_200; // 3 turns
    const from = timers.nowMs;
    expect((await times(timers, bucket, 4)).map((ms) => ms - from)).toEqual([0, 0, 0, 400]);
  });
  test("a lower burst takes what was saved above it; a higher rate counts from now", async () => {
    const timers = new FakeTimers();
    const bucket = new TokenBucket(10, 10, timers);
    bucket.setRate(5, 2);
    expect(await times(timers, bucket, 4)).toEqual([0, 0, 200, 400]);
    bucket.setRate(50, 2);
    expect(await times(timers, bucket, 2)).toEqual([420, 440]);
  });
});

describe("limits by tier", () => {
  const turnsAtOnce = async (pace: Pace, timers: FakeTimers, direction: "get" | "post"): Promise<number> => {
    for (let turns = 0; ; turns++) {
      await pace.take(direction);
      if (timers.sleeps.length > 0) return turns;
    }
  };
  test.each([
    [1, undefined, 10],
    [2, undefined, 15],
    [3, undefined, 25],
    [1, 1, 20],
    [3, 1, 50],
    [2, 0.1, 3],
    [1, 0.01, 1],
    [4, 1, 20], // an undocumented tier: the lowest
    [0, 1, 20],
  ])("tier %i with a share of %s: %i a second, reads and writes each", async (tier, share, perSecond) => {
    for (const direction of ["get", "post"] as const) {
      const timers = new FakeTimers();
      const pace = new Pace(timers, share === undefined ? {} : { share });
      pace.setTier(tier);
      timers.nowMs += 10_000;
      expect(await turnsAtOnce(pace, timers, direction)).toBe(perSecond);
      expect(timers.sleeps).toEqual([Math.ceil(1_000 / perSecond)]);
    }
  });
  test.each([0, -1, 1.5, Number.NaN])("a share of %s is no share", (share) => {
    expect(() => new Pace(new FakeTimers(), { share })).toThrow(RangeError);
  });
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
  test("public reads: 2.5 a second, never 5 in one", async () => {
    expect(await paceOf(({ venue }) => venue.symbols(), [])).toEqual({ mostInASecond: 4, steadyGapMs: 400 });
  });
  test("writes do not wait behind reads", async () => {
    const world = stub(Array(12).fill(okay([])).concat(okay()));
    for (let i = 0; i < 12; i++) await world.venue.assets();
    const waited = world.timers.sleeps.length;
    expect(waited).toBeGreaterThan(0);
    await world.venue.cancelOrder("1");
    expect(world.timers.sleeps).toHaveLength(waited);
  });
  test("after ERR-5003 the direction that was refused is slow for 2 s, the other is not", async () => {
    const order = { symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: coinE8(1n) } as const;
    const world = stub([refusal("ERR-5003"), ...Array(10).fill(okay("1")), ...Array(10).fill(okay([]))]);
    expect(await world.venue.order(order)).toMatchObject({ kind: "refused", code: "ERR-5003" });
    for (let i = 0; i < 5; i++) await world.venue.order(order);
    expect(world.timers.nowMs).toBe(2_000);
    for (let i = 0; i < 5; i++) await world.venue.order(order);
    expect(world.timers.nowMs).toBe(2_500);
    for (let i = 0; i < 10; i++) await world.venue.assets();
    expect(world.timers.nowMs).toBe(2_500);
  });
});
