// Which venue order is taken for ours when a request got no answer: by look and order id, never by a clock.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coinE8, parseCoin, yen, yenE8 } from "../../../lib/core/money.ts";
import type { In, Intent } from "../../../lib/core/order.ts";
import { distinctPrice, findOurs, mayBeEntry, newerOrderId } from "../../../lib/core/orderMatch.ts";
import { epochMs } from "../../../lib/core/time.ts";
import type { VenueOrder } from "../../../lib/core/venue.ts";

const T0 = epochMs(1_750_000_000_000);
const SIZE = parseCoin("0.004");
const entry: Intent = {
  tradeId: 1,
  purpose: "entry",
  legId: undefined,
  positionId: undefined,
  exitReason: undefined,
  symbol: "BTC_JPY",
  side: "BUY",
  executionType: "LIMIT",
  timeInForce: "SOK",
  price: yen(10_000_000),
  plannedPrice: yen(10_000_000),
  losscutPrice: yen(9_700_000),
  size: SIZE,
};
const exit: Intent = {
  ...entry,
  purpose: "exit",
  legId: 1,
  positionId: "289000001",
  exitReason: "stop_loss",
  side: "SELL",
  executionType: "MARKET",
  timeInForce: "FAK",
  price: undefined,
  plannedPrice: undefined,
  losscutPrice: undefined,
};
const order = (over: Partial<VenueOrder> = {}): VenueOrder => ({
  orderId: "8800000001",
  rootOrderId: "8800000001",
  symbol: "BTC_JPY",
  side: "BUY",
  orderType: "NORMAL",
  executionType: "LIMIT",
  settleType: "OPEN",
  size: SIZE,
  executedSize: coinE8(0n),
  price: yen(10_000_000),
  losscutPrice: undefined,
  status: "ORDERED",
  cancelType: undefined,
  timeInForce: "SOK",
  timestampMs: T0,
  ...over,
});
const sent = (intent = entry): In<"unknown"> => ({
  id: 1,
  intent,
  createdMs: T0,
  state: "unknown",
  sentMs: T0,
  sentVenueMs: T0,
  afterOrderId: "8800000000",
  emptyLooks: 0,
});

describe("a distinct price", () => {
  test("never equals a live look, moves by whole ticks, and only to the side that is better for us", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<"BUY" | "SELL">("BUY", "SELL"),
        fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 8 }),
        fc.constantFrom(yen(1), yen(5)),
        (side, others, tick) => {
          const intent = { ...entry, side, price: yen(10_000_000) };
          const live = others.map((n) => ({ ...intent, price: yenE8(intent.price + BigInt(n) * tick) }));
          const price = distinctPrice(intent, tick, live);
          expect(live.some((o) => o.price === price)).toBe(false);
          const moved = side === "BUY" ? intent.price - price : price - intent.price;
          expect(moved >= 0n && moved % tick === 0n && moved <= BigInt(live.length) * tick).toBe(true);
        },
      ),
    );
  });
});

describe("finding our own order", () => {
  const find = (candidates: readonly VenueOrder[], known: readonly string[] = []) =>
    findOurs(sent(), candidates, new Set(known))?.orderId;

  test.each<[string, Partial<VenueOrder>]>([
    ["another price", { price: yen(10_000_001) }],
    ["another size", { size: parseCoin("0.005") }],
    ["another side", { side: "SELL" }],
    ["another type", { executionType: "STOP" }],
    ["a close", { settleType: "CLOSE" }],
    ["one that was known before the send", { orderId: "8800000000" }],
    ["one from long before the send, with fewer digits", { orderId: "99" }],
  ])("does not take %s", (_, over) => {
    expect(find([order(over)])).toBeUndefined();
  });
  test("truth 0: takes it whatever the venue's clock says, from a day behind to a day ahead", () => {
    fc.assert(
      fc.property(fc.integer({ min: -86_400_000, max: 86_400_000 }), (ms) => {
        expect(find([order({ timestampMs: epochMs(T0 + ms) })])).toBe("8800000001");
      }),
    );
  });
  test("truth 0: a row from before the ids were kept takes any that looks like it", () => {
    const old = { ...sent(), afterOrderId: undefined };
    expect(findOurs(old, [order({ orderId: "1" })], new Set())?.orderId).toBe("1");
  });
  test("takes the one that looks like it, the earliest of several, never one that another row owns", () => {
    const later = order({ orderId: "8800000009", timestampMs: epochMs(T0 - 10) });
    expect(find([later, order({})])).toBe("8800000001");
    expect(find([later, order({})], ["8800000001"])).toBe("8800000009");
    expect(find([order({ status: "EXPIRED" })])).toBe("8800000001");
  });
  test("distinguishes market orders by the position they settled", () => {
    const lost = sent(exit);
    const candidate = order({ side: "SELL", executionType: "MARKET", settleType: "CLOSE", price: undefined });
    const settled = (position: string) => new Map([["8800000001", new Set([position])]]);
    expect(findOurs(lost, [candidate], new Set(), settled("289000001"))).toBeDefined();
    expect(findOurs(lost, [candidate], new Set(), settled("289000002"))).toBeUndefined();
  });
});

describe("truth 0: what may be a lost entry", () => {
  const execution = { orderId: "8800000001", symbol: "BTC_JPY", side: "BUY", settleType: "OPEN" } as const;
  const may = (shown: Parameters<typeof mayBeEntry>[1][number], known: readonly string[] = []) =>
    mayBeEntry(sent(), [shown], new Set(known));

  test.each<[string, Parameters<typeof mayBeEntry>[1][number], boolean]>([
    ["its price was changed on the exchange's page", order({ price: yen(9_000_000) }), true],
    ["its size differs", order({ size: parseCoin("0.001") }), true],
    ["an execution of an order that is shown nowhere", execution, true],
    ["the very look, with an id that does not rise", order({ orderId: "7" }), true],
    ["older, and another look", order({ orderId: "7", price: yen(9_000_000) }), false],
    ["an execution of an older order", { ...execution, orderId: "7" }, false],
    ["it sells", order({ side: "SELL" }), false],
    ["it closes", order({ settleType: "CLOSE" }), false],
    ["another symbol", order({ symbol: "ETH_JPY" }), false],
  ])("%s", (_, shown, expected) => {
    expect(may(shown)).toBe(expected);
    expect(may(shown, [shown.orderId])).toBe(false);
  });
  test("never one that was not sent", () => {
    const dropped = { ...sent(), state: "neverSent", sentMs: undefined, closedMs: T0, detail: "x" } as const;
    expect(mayBeEntry(dropped, [order()], new Set())).toBe(false);
  });
  test("ids are compared as numbers", () => {
    expect([newerOrderId("99", "100"), newerOrderId("100", "99")]).toEqual(["100", "100"]);
    expect([newerOrderId(undefined, "1"), newerOrderId("1", undefined)]).toEqual(["1", "1"]);
    expect(newerOrderId(undefined, undefined)).toBeUndefined();
  });
});
