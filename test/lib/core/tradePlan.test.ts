import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultConfig } from "../../../lib/core/config.ts";
import { coinE8, formatE8, fromNumber, yen, yenE8 } from "../../../lib/core/money.ts";
import { breakEvenRate, planPrices, proposalHash } from "../../../lib/core/tradePlan.ts";

const config = defaultConfig();
const plan = (direction: "long" | "short") =>
  planPrices(config, { direction, bid: yen(17_500_000), ask: yen(17_504_000), atr: 52_500.4, tick: yen(1) });
const whole = (prices: Record<string, bigint>) =>
  Object.fromEntries(Object.entries(prices).map(([k, v]) => [k, formatE8(v)]));

describe("the trade plan of the design", () => {
  test("a long enters at the bid with stop below and targets above", () => {
    expect(whole({ ...plan("long") })).toEqual({
      entry: "17500000",
      bandLow: "17482500",
      bandHigh: "17517500",
      stop: "17394999", // 2 x 52,500.4 = 105,000.8 away, rounded away from the entry
      tp1: "17552500",
      tp2: "17605000",
    });
  });
  test("a short enters at the ask with stop above and targets below", () => {
    expect(whole({ ...plan("short") })).toEqual({
      entry: "17504000",
      bandLow: "17486496",
      bandHigh: "17521504",
      stop: "17609001",
      tp1: "17451488",
      tp2: "17398976",
    });
  });
  test("break-even: TP 0.3 % against a 0.6 % stop needs two wins of three, more with costs", () => {
    const prices = plan("long");
    expect(breakEvenRate(prices, 0)).toBeCloseTo(0.6667, 3);
    expect(breakEvenRate(prices, 4)).toBeGreaterThan(breakEvenRate(prices, 0));
  });
  test("every plan is on the tick and in order, whatever the prices", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("long" as const, "short" as const),
        fc.integer({ min: 10_000, max: 100_000_000 }),
        fc.integer({ min: 1, max: 100_000 }),
        fc.double({ min: 1e-6, max: 1, noNaN: true }),
        fc.constantFrom("0.001", "1", "5"),
        (direction, bid, spread, atrShare, tickText) => {
          const tick = yenE8(fromNumber(Number(tickText)));
          const onTick = (v: number) => yenE8((fromNumber(v) / tick) * tick);
          const atr = bid * 0.2 * atrShare + 0.001;
          const p = planPrices(config, { direction, bid: onTick(bid), ask: onTick(bid + spread), atr, tick });
          for (const price of Object.values(p)) expect(price % tick).toBe(0n);
          const [a, b, c, d] = direction === "long" ? [p.stop, p.entry, p.tp1, p.tp2] : [p.tp2, p.tp1, p.entry, p.stop];
          expect(a < b && b < c && c <= d).toBe(true);
          expect(p.bandLow <= p.entry && p.entry <= p.bandHigh).toBe(true);
        },
      ),
    );
  });
  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e9])("an ATR of %s makes no plan", (atr) => {
    expect(() => planPrices(config, { direction: "long", bid: yen(100), ask: yen(101), atr, tick: yen(1) })).toThrow(
      RangeError,
    );
  });
});

test("the hash binds an approval to every number", () => {
  const base = {
    id: "btc1",
    symbol: "BTC_JPY",
    direction: "long" as const,
    size: coinE8(500_000n),
    prices: plan("long"),
    validUntilMs: 1,
  };
  const hash = proposalHash(base);
  expect(hash).toMatch(/^[0-9a-f]{16}$/);
  expect(proposalHash({ ...base })).toBe(hash);
  for (const other of [
    { ...base, id: "btc2" },
    { ...base, direction: "short" as const },
    { ...base, size: coinE8(600_000n) },
    { ...base, prices: { ...base.prices, stop: yen(17_394_998) } },
    { ...base, validUntilMs: 2 },
  ])
    expect(proposalHash(other)).not.toBe(hash);
});
