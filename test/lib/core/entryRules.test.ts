// Rules of an entry that a small mistake would pass by: a clock that was set back, a book without a spread.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextEntryStep, passivePrice } from "../../../lib/core/entry.ts";
import { coinE8, parseCoin, yen } from "../../../lib/core/money.ts";
import type { Order, OrderState } from "../../../lib/core/order.ts";
import { epochMs } from "../../../lib/core/time.ts";

const T0 = epochMs(1_750_000_000_000);
const at = (ms: number) => epochMs(T0 + ms);
const order = (state: OrderState, over: Record<string, unknown>): Order =>
  ({
    id: 1,
    intent: { purpose: "entry", price: yen(10_000_000), size: parseCoin("0.004") },
    createdMs: T0,
    state,
    sentMs: T0,
    emptyLooks: 0,
    executed: coinE8(0n),
    ...over,
  }) as unknown as Order;
const NOW = 30_000;
const step = (orders: readonly Order[]) =>
  nextEntryStep({
    direction: "long",
    nowMs: at(NOW),
    validUntilMs: at(900_000),
    size: parseCoin("0.004"),
    filled: coinE8(0n),
    minSize: parseCoin("0.001"),
    maxRequotes: 3,
    orders,
    halts: [],
    comparing: false,
    checkSentBeforeMs: undefined,
    closedGates: [],
    exitStarted: false,
    ownerCloses: false,
  });

describe("truth 22: a clock set back", () => {
  test.each([
    [1_000, "wait"],
    [1_001, "cancel"],
    [86_400_000, "cancel"],
  ])("by %i ms behind a resting entry: %s", (ms, kind) => {
    expect(step([order("open", { createdMs: at(NOW + ms), sentMs: at(NOW + ms) })]).kind).toBe(kind);
  });
  test.each([
    [1_000, "quote"],
    [1_001, "end"],
  ])("by %i ms behind the end of the last quote: %s", (ms, kind) => {
    expect(step([order("expired", { closedMs: at(NOW + ms) })]).kind).toBe(kind);
  });
  test.each([
    [1_000, "send"],
    [1_001, "abandon"],
  ])("by %i ms behind an intention: %s", (ms, kind) => {
    expect(step([order("intended", { createdMs: at(NOW + ms) })]).kind).toBe(kind);
  });
});

describe("truth 22: a passive price", () => {
  const tick = yen(1);
  test("is a tick away from the other side where bid and ask are the same, or have crossed", () => {
    const band = { low: yen(9_990_000), high: yen(10_010_000) };
    const locked = { bid: yen(10_000_000), ask: yen(10_000_000) };
    expect(passivePrice("long", locked, band, tick)).toBe(yen(9_999_999));
    expect(passivePrice("short", locked, band, tick)).toBe(yen(10_000_001));
    const crossed = { bid: yen(10_000_100), ask: yen(10_000_000) };
    expect(passivePrice("long", crossed, band, tick)).toBe(yen(9_999_999));
    expect(passivePrice("short", crossed, band, tick)).toBe(yen(10_000_101));
  });
  test("never takes, and never leaves the band, whatever the quote", () => {
    const price = fc.integer({ min: 9_999_000, max: 10_001_000 });
    fc.assert(
      fc.property(price, price, price, price, fc.constantFrom("long", "short"), (bid, ask, a, b, direction) => {
        const band = { low: yen(Math.min(a, b)), high: yen(Math.max(a, b)) };
        const found = passivePrice(direction as "long", { bid: yen(bid), ask: yen(ask) }, band, tick);
        if (found === undefined) return;
        expect(found >= band.low && found <= band.high).toBe(true);
        expect(direction === "long" ? found < yen(ask) : found > yen(bid)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
