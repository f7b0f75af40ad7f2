// The clock that does not go back.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { epochMs, waitEndMs } from "../../../lib/core/time.ts";
import { type Clock, steadyClock } from "../../../lib/io/clock.ts";

const T0 = 1_750_000_000_000;
/** A machine whose wall clock is set now and then; `pass` lets real time go by. */
const machine = () => {
  let wallMs = T0;
  let monotonicMs = 500;
  const source: Clock = {
    nowMs: () => epochMs(Math.floor(wallMs)),
    realNowMs: () => epochMs(Math.floor(wallMs)),
    monotonicMs: () => monotonicMs,
  };
  return {
    source,
    pass: (ms: number): void => {
      wallMs += ms;
      monotonicMs += ms;
    },
    set: (byMs: number): void => {
      wallMs += byMs;
    },
  };
};
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("a steady clock", () => {
  test("goes on while the wall clock is set back by up to 30 s, and agrees with it again when it has caught up", () => {
    const m = machine();
    const clock = steadyClock(m.source);
    m.pass(1_000);
    m.set(-25_000);
    expect(clock.nowMs()).toBe(T0 + 1_000);
    m.pass(5_000);
    expect(clock.nowMs()).toBe(T0 + 6_000);
    m.set(26_000);
    expect(clock.nowMs()).toBe(T0 + 7_000);
    expect(clock.nowMs()).toBe(m.source.nowMs());
  });

  test("follows a wall clock set back by more, and says so once", async () => {
    const m = machine();
    const said: number[] = [];
    const clock = steadyClock(m.source, { onSetBack: (byMs) => said.push(byMs) });
    m.set(-3_600_000);
    expect(clock.nowMs()).toBe(T0 - 3_600_000);
    m.pass(10);
    expect(clock.nowMs()).toBe(T0 - 3_599_990);
    await nextTurn();
    expect(said).toEqual([3_600_000]);
  });

  test("begins where the book ends, when that is at most 30 s ahead", () => {
    expect(steadyClock(machine().source, { floorMs: epochMs(T0 + 20_000) }).nowMs()).toBe(T0 + 20_000);
    expect(steadyClock(machine().source, { floorMs: epochMs(T0 + 40_000) }).nowMs()).toBe(T0);
    expect(steadyClock(machine().source, { floorMs: epochMs(T0 - 40_000) }).nowMs()).toBe(T0);
  });

  test("never goes back by small steps, and is never further from the wall than those", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ pass: fc.nat(60_000), set: fc.integer({ min: -400, max: 400 }) }), { maxLength: 60 }),
        (steps) => {
          const m = machine();
          const clock = steadyClock(m.source);
          let last = clock.nowMs();
          for (const { pass, set } of steps) {
            m.pass(pass);
            m.set(set);
            const now = clock.nowMs();
            expect(now).toBeGreaterThanOrEqual(last);
            expect(now).toBeGreaterThanOrEqual(m.source.nowMs());
            expect(now - m.source.nowMs()).toBeLessThanOrEqual(60 * 400);
            last = now;
          }
        },
      ),
    );
  });
});

test("a wait that began in the future is over: the clock was set back since", () => {
  expect(waitEndMs(epochMs(T0), 5_000, epochMs(T0))).toBe(T0 + 5_000);
  expect(waitEndMs(epochMs(T0 + 1), 5_000, epochMs(T0))).toBe(T0);
});
