// Legs, fences and break-even stops.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coinE8, formatE8, parseCoin, yen, yenE8 } from "../../../lib/core/money.ts";
import { breakEvenStop, excessOf, losscutFence, splitIntoLegs } from "../../../lib/core/protection.ts";

const rules = { minSize: parseCoin("0.001"), sizeStep: parseCoin("0.001"), tick: yen(1) };
const exits = { direction: "long", stop: yen(9_950_000), tp1: yen(10_030_000), tp2: yen(10_060_000) } as const;
const plan = (size: string, already?: { tp1: string; tp2: string }) =>
  splitIntoLegs(
    parseCoin(size),
    exits,
    rules,
    already && { tp1: parseCoin(already.tp1), tp2: parseCoin(already.tp2) },
  ).map((l) => `${l.target}:${formatE8(l.size)}`);

describe("legs", () => {
  test.each([
    ["0.004", ["1:0.002", "2:0.002"]],
    ["0.005", ["1:0.002", "2:0.003"]],
    ["0.003", ["1:0.001", "2:0.002"]],
    ["0.002", ["1:0.001", "2:0.001"]],
    ["0.001", ["1:0.001"]],
  ])("of %s are %j", (size, legs) => {
    expect(plan(size)).toEqual(legs);
  });
  test("of many small fills still split in halves", () => {
    expect(plan("0.001", { tp1: "0.001", tp2: "0" })).toEqual(["2:0.001"]);
    expect(plan("0.001", { tp1: "0.001", tp2: "0.001" })).toEqual(["1:0.001"]);
  });
  test("add up exactly, keep the minimum, and never risk more than approved", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 10_000_000_000n }),
        fc.constantFrom("long" as const, "short" as const),
        fc.bigInt({ min: 1n, max: 1_000n }),
        (size, direction, step) => {
          const long = direction === "long";
          const e = {
            direction,
            stop: yenE8(long ? 995_000_000_000_123n : 1_005_000_000_000_123n),
            tp1: yenE8(long ? 1_003_000_000_000_123n : 997_000_000_000_123n),
            tp2: yenE8(long ? 1_006_000_000_000_123n : 994_000_000_000_123n),
          };
          const r = { ...rules, minSize: coinE8(step * 3n), sizeStep: coinE8(step) };
          const legs = splitIntoLegs(coinE8(size), e, r);
          expect(legs.reduce((sum, l) => sum + l.size, 0n)).toBe(size);
          for (const leg of legs) {
            if (legs.length === 2) expect(leg.size >= r.minSize).toBe(true);
            expect(long ? leg.stop >= e.stop : leg.stop <= e.stop).toBe(true);
            const target = leg.target === 1 ? e.tp1 : e.tp2;
            expect(long ? leg.targetPrice >= target : leg.targetPrice <= target).toBe(true);
            expect(leg.stop % r.tick).toBe(0n);
          }
          if (legs.length === 2) expect((legs[0]?.size ?? 0n) % step).toBe(0n);
        },
      ),
    );
  });
  test("of nothing are refused", () => {
    expect(() => plan("0")).toThrow("above 0");
  });
});

describe("the loss-cut fence", () => {
  test.each([
    ["long", 10_000_000, 9_950_000, 9_800_000],
    ["long", 10_000_000, 9_800_000, 9_400_000],
    ["long", 10_000_000, 9_000_000, 8_000_000],
    ["short", 10_000_000, 10_050_000, 10_200_000],
    ["short", 10_000_000, 10_100_000, 10_300_000],
  ] as const)("of a %s from %i with a stop at %i stands at %i", (direction, entry, stop, fence) => {
    expect(losscutFence(direction, yen(entry), yen(stop), yen(1))).toBe(yen(fence));
  });
  test("always stands beyond the stop, and inside the venue's own", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100_000, max: 30_000_000 }),
        fc.integer({ min: 1, max: 1_900 }),
        fc.constantFrom("long" as const, "short" as const),
        (entry, distancePermyriad, direction) => {
          const sign = direction === "long" ? -1 : 1;
          const stop = Math.round(entry * (1 + (sign * distancePermyriad) / 10_000));
          const fence = losscutFence(direction, yen(entry), yen(stop), yen(1));
          if (direction === "long") {
            expect(fence < yen(stop)).toBe(true);
            expect(fence > yen(Math.floor(entry * 0.75))).toBe(true);
          } else {
            expect(fence > yen(stop)).toBe(true);
            expect(fence < yen(Math.ceil(entry * 1.25))).toBe(true);
          }
        },
      ),
    );
  });
});

test("a break-even stop is the entry price, and never worse than the stop it replaces", () => {
  expect(breakEvenStop("long", yen(10_000_000), yen(9_950_000), yen(1))).toBe(yen(10_000_000));
  expect(breakEvenStop("long", yen(10_000_000), yen(10_001_000), yen(1))).toBe(yen(10_001_000));
  expect(breakEvenStop("short", yen(10_000_000), yen(10_050_000), yen(1))).toBe(yen(10_000_000));
  expect(breakEvenStop("short", yen(10_000_000), yen(9_990_000), yen(1))).toBe(yen(9_990_000));
  expect(breakEvenStop("long", yenE8(1_000_000_050_000_000n), yen(9_950_000), yen(1))).toBe(yen(10_000_001));
});

describe("the excess of a fill", () => {
  const size = fc.bigInt({ min: 0n, max: 10_000_000_000n }).map(coinE8);
  test("is a part of the fill, none where all fits, and never leaves more approved than was", () => {
    fc.assert(
      fc.property(size, size, size, (rest, planned, approved) => {
        const excess = excessOf(rest, planned, approved);
        expect(excess).toBeGreaterThanOrEqual(0n);
        expect(excess).toBeLessThanOrEqual(rest);
        if (planned + rest <= approved) expect(excess).toBe(0n);
        // What stays fits, unless too much was there before.
        if (planned <= approved) expect(planned + rest - excess).toBeLessThanOrEqual(approved);
        else expect(excess).toBe(rest);
      }),
      { numRuns: 1_000 },
    );
  });
  test("of many fills, in whatever parts, is what was filled above the approved size", () => {
    fc.assert(
      fc.property(fc.array(size, { maxLength: 10 }), size, (fills, approved) => {
        let planned = 0n;
        let excess = 0n;
        for (const fill of fills) {
          excess += excessOf(fill, coinE8(planned), approved);
          planned += fill;
        }
        const above = planned > approved ? planned - approved : 0n;
        expect(excess).toBe(above);
      }),
      { numRuns: 500 },
    );
  });
});
