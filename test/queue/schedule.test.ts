// invariant 15: each tick at most once; missed ticks follow the declared policy; clock jumps are safe.
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../lib/core/time.ts";
import { dueTicks, type ScheduleSpec, tickAtOrAfter } from "../../queue/schedule.ts";
import { closeWorlds, done, handler, T0, type World, world } from "./world.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  closeWorlds();
});

const EVERY = 15 * MINUTE_MS;
const ticking = (changes: Partial<ScheduleSpec> = {}) => {
  const ticks: number[] = [];
  const w = world([
    handler("fetch", (input) => {
      ticks.push((input["tickMs"] as number) - T0);
      return done;
    }),
  ]);
  const declare = (on: World = w) =>
    on.scheduler.declareSchedule({
      name: "fetch:BTC",
      handler: "fetch",
      input: { symbol: "BTC" },
      everyMs: EVERY,
      offsetMs: 5_000,
      policy: "once",
      ...changes,
    });
  declare();
  return { w, ticks, declare };
};

describe("invariant 15: schedules", () => {
  test("each tick runs once, at its time, with its time in the input", async () => {
    const { w, ticks } = ticking();
    const worker = w.worker();
    for (let minute = 0; minute < 60; minute += 1) {
      await worker.drain();
      w.clock.pass(MINUTE_MS);
    }
    expect(ticks).toEqual([0, 1, 2, 3].map((n) => n * EVERY + 5_000));
    expect(w.store.list({ limit: 1 })).toMatchObject([
      { key: `fetch:BTC:${T0 + 3 * EVERY + 5_000}`, input: { symbol: "BTC" }, runAtMs: T0 + 3 * EVERY + 5_000 },
    ]);
  });

  test.each<[string, Partial<ScheduleSpec>, number[]]>([
    ["skip runs none of the missed", { policy: "skip" }, []],
    ["once runs the newest", { policy: "once" }, [2]],
    ["all runs each, oldest first", { policy: "all" }, [0, 1, 2]],
    ["all up to N runs the newest N", { policy: "all", maxCatchUp: 2 }, [1, 2]],
  ])("down over 3 ticks: %s; the next tick is on time", async (_, changes, wanted) => {
    const { w, ticks, declare } = ticking(changes);
    w.clock.pass(3 * EVERY - MINUTE_MS);
    const restarted = w.second();
    declare(restarted);
    await restarted.worker().drain();
    expect(ticks).toEqual(wanted.map((n) => n * EVERY + 5_000));
    expect(restarted.scheduler.nextTickMs()).toBe(T0 + 3 * EVERY + 5_000);
    w.clock.systemMs = T0 + 3 * EVERY + 5_000;
    await restarted.worker().drain();
    expect(ticks.at(-1)).toBe(3 * EVERY + 5_000);
  });

  test("skip still runs a tick that is only a little late", async () => {
    const { w, ticks } = ticking({ policy: "skip" });
    w.clock.pass(5_000 + 59_000);
    await w.worker().drain();
    expect(ticks).toEqual([5_000]);
  });

  test("a tick's job expires when its schedule says so", async () => {
    const { w, ticks } = ticking({ policy: "all", expiresAfterMs: 20 * MINUTE_MS });
    w.clock.pass(40 * MINUTE_MS);
    await w.worker().drain();
    expect(ticks).toEqual([2 * EVERY + 5_000]); // The first two are 40 and 25 minutes old.
    expect(w.store.stats().states).toMatchObject({ done: 1, expired: 2 });
  });

  test.each([10 * MINUTE_MS, HOUR_MS, 30 * DAY_MS])(
    "the clock goes back %i ms: no tick twice, none lost after",
    async (back) => {
      const { w, ticks } = ticking();
      const worker = w.worker();
      for (let i = 0; i < 8; i += 1) {
        await worker.drain();
        w.clock.pass(EVERY / 2);
      }
      const before = ticks.length;
      w.clock.systemMs -= back;
      for (let at = 0; at < Math.min(back, 3 * HOUR_MS); at += EVERY / 3) {
        await worker.drain();
        w.clock.systemMs += EVERY / 3;
      }
      for (let i = 0; i < 8; i += 1) {
        await worker.drain();
        w.clock.systemMs += EVERY / 2;
      }
      expect(new Set(ticks).size).toBe(ticks.length);
      expect(ticks.length).toBeGreaterThan(before);
    },
  );

  test.each([
    ["America/New_York", "2026-03-08T00:00:00Z"],
    ["America/New_York", "2026-11-01T00:00:00Z"],
    ["Asia/Tokyo", "2026-03-08T00:00:00Z"],
  ])("a machine in %s on %s: 96 ticks of 15 minutes a day, and a JST schedule keeps its hour", async (zone, day) => {
    vi.stubEnv("TZ", zone);
    const start = Date.parse(day);
    const { w, ticks, declare } = ticking({ policy: "all" });
    w.scheduler.removeExcept([]);
    w.clock.systemMs = start + 1;
    declare();
    // 06:00 JST is 21:00 UTC of the day before, all year.
    const daily = { everyMs: DAY_MS, offsetMs: 21 * HOUR_MS, policy: "once" } as const;
    w.scheduler.declareSchedule({ name: "daily", handler: "fetch", input: { daily: true }, ...daily });
    const worker = w.worker();
    for (let hour = 0; hour < 48; hour += 1) {
      await worker.drain();
      w.clock.pass(HOUR_MS);
    }
    await worker.drain();
    const daysOf = (name: string) => w.store.list({ limit: 1_000 }).filter((one) => one.key.startsWith(name));
    expect(daysOf("daily").map((one) => new Date(one.runAtMs).toISOString().slice(11, 16))).toEqual(["21:00", "21:00"]);
    expect(daysOf("fetch:BTC")).toHaveLength(2 * 96);
    expect(new Set(ticks).size).toBe(2 * 96 + 2);
    const offsets = new Set([0, 12, 24, 36, 48].map((hour) => new Date(start + hour * HOUR_MS).getTimezoneOffset()));
    expect(offsets.size).toBe(zone === "Asia/Tokyo" ? 1 : 2); // The clocks of that zone did change.
  });

  test("a clock that was far ahead and came back does not silence the schedule", async () => {
    const { w, ticks } = ticking();
    w.clock.systemMs = T0 + 400 * DAY_MS;
    await w.worker().drain();
    w.clock.systemMs = T0 + HOUR_MS;
    await w.worker().drain();
    w.clock.systemMs = T0 + HOUR_MS + EVERY;
    await w.worker().drain();
    expect(ticks).toEqual([400 * DAY_MS - EVERY + 5_000, HOUR_MS + 5_000]);
  });

  test("a crash between tick and enqueue: neither or both", () => {
    const { w } = ticking();
    w.clock.pass(EVERY);
    const crash = () => {
      throw new Error("killed here");
    };
    expect(() => w.scheduler.runDueTicks(w.clock.nowMs(), crash)).toThrow("killed here");
    expect(w.store.list()).toEqual([]);
    expect(w.scheduler.list()).toMatchObject([{ nextTickMs: T0 + 5_000 }]);
    expect(w.scheduler.runDueTicks()).toBe(1);
    expect(w.scheduler.list()).toMatchObject([{ nextTickMs: T0 + EVERY + 5_000, lastTickMs: T0 + 5_000 }]);
  });

  test("two processes enqueue a tick once", () => {
    const { w } = ticking({ policy: "all" });
    const other = w.second();
    w.clock.pass(4 * EVERY);
    expect([w.scheduler.runDueTicks(), other.scheduler.runDueTicks(), w.scheduler.runDueTicks()]).toEqual([4, 0, 0]);
    expect(w.store.list()).toHaveLength(4);
  });

  test("declaring again keeps the next tick; another interval starts a new grid after the last tick", async () => {
    const { w, declare } = ticking();
    w.clock.pass(5_000);
    await w.worker().drain();
    declare();
    expect(w.scheduler.nextTickMs()).toBe(T0 + EVERY + 5_000);
    const base = { name: "fetch:BTC", handler: "fetch", input: {}, policy: "once" } as const;
    w.scheduler.declareSchedule({ ...base, everyMs: 10_000, offsetMs: 5_000 });
    expect(w.scheduler.nextTickMs()).toBe(T0 + 15_000);
    expect(() => w.scheduler.declareSchedule({ ...base, everyMs: 10, offsetMs: 10 })).toThrow(RangeError);
    expect(w.scheduler.removeExcept([])).toEqual(["fetch:BTC"]);
    expect(w.scheduler.nextTickMs()).toBeUndefined();
  });

  test("a schedule whose job is refused is paused with an audit event; the others go on", async () => {
    const { w, ticks } = ticking();
    w.scheduler.declareSchedule({
      name: "a-broken",
      handler: "nobody",
      input: {},
      everyMs: EVERY,
      offsetMs: 0,
      policy: "once",
    });
    w.clock.pass(EVERY);
    await w.worker().drain();
    expect(ticks).toEqual([5_000]);
    expect(w.scheduler.list()).toMatchObject([{ name: "a-broken", paused: true }, { paused: false }]);
    expect(w.db.read.audit.last()).toMatchObject({ kind: "schedule.paused", data: { schedule: "a-broken" } });
    expect(w.scheduler.setPaused("a-broken", false)).toBe(true);
  });

  test("property: whatever the looks and policies, ticks are on the grid, in order, unique, never early", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.nat(999),
        fc.constantFrom<ScheduleSpec["policy"]>("skip", "once", "all"),
        fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 30 }),
        (everyMs, offset, policy, steps) => {
          const offsetMs = offset % everyMs;
          let nextTickMs = tickAtOrAfter(T0, everyMs, offsetMs);
          let now = T0 as number;
          const seen: number[] = [];
          for (const step of steps) {
            now += step;
            const at = tickAtOrAfter(now, 1, 0);
            const schedule = { everyMs, offsetMs, policy, maxCatchUp: 3, expiresAfterMs: undefined, nextTickMs };
            const due = dueTicks(schedule, at);
            if (policy === "all" && due.ticks.length < 3 && nextTickMs <= now) expect(due.ticks[0]).toBe(nextTickMs);
            seen.push(...due.ticks);
            nextTickMs = due.nextTickMs;
            expect(nextTickMs).toBeGreaterThan(now);
            expect(nextTickMs - now).toBeLessThanOrEqual(everyMs);
            for (const tick of due.ticks) expect(tick).toBeLessThanOrEqual(now);
          }
          for (const tick of seen) expect((tick - offsetMs) % everyMs).toBe(0);
          expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
        },
      ),
    );
  });
});
