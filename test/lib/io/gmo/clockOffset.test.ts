// How far the venue's clock is from ours: bounds that always hold the truth, and a timestamp that follows them.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coinE8 } from "../../../../lib/core/money.ts";
import { epochMs } from "../../../../lib/core/time.ts";
import { ClockOffset, LARGEST_USED_MS } from "../../../../lib/io/gmo/clockOffset.ts";
import { LONG } from "../../../long.ts";
import { type Answer, AT_MS, json, okay, stub } from "./stub.ts";

/** A reply whose venue is `offsetMs` ahead and that took `upMs` to get there and `downMs` back. */
const sample = (atMs: number, offsetMs: number, upMs: number, downMs: number) => ({
  sentMs: epochMs(atMs),
  receivedMs: epochMs(atMs + upMs + downMs),
  venueMs: epochMs(Math.floor(atMs + upMs + offsetMs)),
});

describe("the estimate", () => {
  test("is unknown before the first reply, and the timestamp is our own", () => {
    const offset = new ClockOffset();
    expect(offset.estimate(1_000)).toBeUndefined();
    expect(offset.stamp(epochMs(1_000))).toBe(1_000);
    expect(offset.isLarge(1_000)).toBe(false);
  });
  test("one reply: half the round trip is the error", () => {
    const offset = new ClockOffset();
    offset.add(sample(100_000, 3_000, 40, 60));
    expect(offset.estimate(100_100)).toEqual({ offsetMs: 2_990.5, errorMs: 50.5, samples: 1 });
  });
  test("an offset that may be zero is not used; one that cannot be is", () => {
    const slow = new ClockOffset();
    slow.add(sample(100_000, 300, 0, 4_000));
    expect(slow.stamp(epochMs(104_000))).toBe(104_000);
    slow.add(sample(105_000, 300, 10, 10));
    expect(slow.stamp(epochMs(105_020))).toBeGreaterThanOrEqual(105_310);
    expect(slow.stamp(epochMs(105_020))).toBeLessThanOrEqual(105_331);
  });
  test("beyond 30 s it is logged and not used", () => {
    for (const offsetMs of [LARGEST_USED_MS + 100, -LARGEST_USED_MS - 100, -40_000_000_000]) {
      const offset = new ClockOffset();
      offset.add(sample(100_000_000_000, offsetMs, 10, 10));
      expect(offset.stamp(epochMs(100_000_000_020))).toBe(100_000_000_020);
      expect(offset.isLarge(100_000_000_020)).toBe(true);
    }
  });
  test("a clock that is set: one reply against all others changes nothing, two that agree count", () => {
    const offset = new ClockOffset();
    for (let i = 0; i < 5; i++) offset.add(sample(100_000 + i * 1_000, 0, 10, 10));
    offset.add(sample(106_000, 5_000, 10, 10));
    expect(Math.abs(offset.estimate(106_020)!.offsetMs)).toBeLessThan(20);
    offset.add(sample(107_000, 0, 10, 10)); // the outlier stays alone
    offset.add(sample(108_000, 5_000, 10, 10));
    expect(Math.abs(offset.estimate(108_020)!.offsetMs)).toBeLessThan(20);
    offset.add(sample(109_000, 5_000, 10, 10));
    expect(offset.estimate(109_020)!.offsetMs).toBeCloseTo(5_000, -2);
  });
  test("a reply received before its request is ignored; forget starts the measurement again", () => {
    const offset = new ClockOffset();
    offset.add({ sentMs: epochMs(2_000), receivedMs: epochMs(1_000), venueMs: epochMs(9_000) });
    expect(offset.estimate(2_000)).toBeUndefined();
    offset.add(sample(3_000, 100, 1, 1));
    offset.forget();
    expect(offset.estimate(3_002)).toBeUndefined();
  });
  test("the true offset is always within the error, the error never above a round trip, drift included", () => {
    const trip = fc.record({
      gapMs: fc.integer({ min: 0, max: 600_000 }),
      upMs: fc.integer({ min: 0, max: 2_000 }),
      downMs: fc.integer({ min: 0, max: 2_000 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: -20_000, max: 20_000 }),
        fc.double({ min: -9e-5, max: 9e-5, noNaN: true }),
        fc.array(trip, { minLength: 1, maxLength: 30 }),
        (startOffsetMs, drift, trips) => {
          const offset = new ClockOffset();
          let nowMs = 1_000_000;
          const trueAt = (ms: number): number => startOffsetMs + (ms - 1_000_000) * drift;
          for (const { gapMs, upMs, downMs } of trips) {
            nowMs += gapMs;
            offset.add(sample(nowMs, trueAt(nowMs + upMs), upMs, downMs));
            nowMs += upMs + downMs;
            const { offsetMs, errorMs } = offset.estimate(nowMs)!;
            // 1 ms: the venue's whole milliseconds, and what drifts within one round trip.
            expect(Math.abs(offsetMs - trueAt(nowMs))).toBeLessThanOrEqual(errorMs + 1);
            expect(errorMs).toBeLessThanOrEqual((upMs + downMs) / 2 + 1);
          }
        },
      ),
      { numRuns: LONG ? 5_000 : 200 },
    );
  });
});

describe("through the connector", () => {
  /** The venue's clock is `offsetMs` ahead; the round trip takes 20 ms. */
  const answering =
    (data: unknown, offsetMs: number): Answer =>
    (request) => {
      world.timers.nowMs += 20;
      const venueMs = AT_MS + world.timers.nowMs - 10 + offsetMs;
      void request;
      return json({ status: 0, data, responsetime: new Date(venueMs).toISOString() });
    };
  let world: ReturnType<typeof stub>;
  const stamps = () => world.sent.map(({ headers }) => Number(headers["API-TIMESTAMP"]) - AT_MS);

  test("the second private call carries the venue's time; a write too", async () => {
    world = stub([answering([], 4_000), answering([], 4_000), answering("1", 4_000)]);
    await world.venue.assets();
    await world.venue.assets();
    await world.venue.order({ symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: coinE8(1n) });
    expect(stamps()[0]).toBe(0);
    expect(stamps()[1]).toBeGreaterThanOrEqual(20 + 3_990);
    expect(stamps()[1]).toBeLessThanOrEqual(20 + 4_011);
    expect(stamps()[2]).toBeGreaterThanOrEqual(40 + 3_990);
    expect(stamps()[2]).toBeLessThanOrEqual(40 + 4_011);
  });
  test("a large offset is logged once, and once again when it is gone", async () => {
    world = stub([answering([], 4_000), answering([], 4_000), answering([], 0), answering([], 0)]);
    for (let i = 0; i < 4; i++) await world.venue.assets();
    expect(world.logged().match(/gmo\.clock\.off/g)).toHaveLength(1);
    expect(world.logged().match(/gmo\.clock\.fine/g)).toHaveLength(1);
  });
  test("public replies are not measured: they may come from a cache", async () => {
    world = stub([answering([], 4_000), answering([], 4_000)]);
    await world.venue.symbols();
    await world.venue.assets();
    expect(stamps()[1]).toBe(20);
  });
  test.each(["ERR-5008", "ERR-5009"])(
    "%s: measured anew from the refusal itself, signed again at once",
    async (code) => {
      const refused: Answer = () => {
        world.timers.nowMs += 20;
        const responsetime = new Date(AT_MS + world.timers.nowMs - 10 - 7_000).toISOString();
        return json({ status: 1, messages: [{ message_code: code }], responsetime });
      };
      world = stub([answering([], 4_000), refused, answering([], -7_000)]);
      await world.venue.assets();
      await world.venue.assets();
      expect(stamps()[1]).toBeGreaterThan(4_000);
      expect(stamps()[2]).toBeGreaterThanOrEqual(40 - 7_011);
      expect(stamps()[2]).toBeLessThanOrEqual(40 - 6_989);
    },
  );
  test("a reply without responsetime, or with a strange one, changes nothing", async () => {
    const strange = (responsetime: unknown): Answer => json({ status: 0, data: [], responsetime });
    world = stub([json({ status: 0, data: [] }), strange("yesterday"), strange("2026-02-30T00:00:00Z"), okay([])]);
    for (let i = 0; i < 4; i++) await world.venue.assets();
    expect(stamps()).toEqual([0, 0, 0, 0]);
  });
});
