// The pure comparison of an order row with what the venue shows, and what a moved stop costs.
import { describe, expect, test } from "vitest";
import { coinE8, parseCoin, yen } from "../../../lib/core/money.ts";
import type { Intent } from "../../../lib/core/order.ts";
import {
  changesOf,
  cutsBeforeStop,
  followed,
  isOtherKind,
  losesMore,
  mayRest,
  nearerStop,
  plannedPrice,
  risksMore,
  stopLossYen,
} from "../../../lib/core/orderChanges.ts";
import { epochMs } from "../../../lib/core/time.ts";
import type { VenueOrder } from "../../../lib/core/venue.ts";

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
  plannedPrice: yen(10_000_001),
  losscutPrice: yen(9_500_000),
  size: parseCoin("0.004"),
};
const stop: Intent = {
  ...entry,
  purpose: "stop",
  legId: 1,
  positionId: "28",
  exitReason: "stop_loss",
  side: "SELL",
  executionType: "STOP",
  timeInForce: "FAK",
  price: yen(9_950_000),
  plannedPrice: yen(9_950_000),
  losscutPrice: undefined,
};
const takeProfit: Intent = {
  ...stop,
  purpose: "takeProfit",
  executionType: "LIMIT",
  timeInForce: "FAS",
  exitReason: "tp1",
};
const market: Intent = { ...stop, purpose: "exit", executionType: "MARKET", price: undefined, plannedPrice: undefined };
const coins: Intent = { ...stop, symbol: "BTC", positionId: "spot:1" };

/** The order as the venue shows it when nobody has touched it. */
const shownOf = (i: Intent, over: Partial<VenueOrder> = {}): VenueOrder => ({
  orderId: "8000000301",
  rootOrderId: "8000000301",
  symbol: i.symbol,
  side: i.side,
  orderType: "NORMAL",
  executionType: i.executionType,
  settleType: i.purpose === "entry" || i.symbol === "BTC" ? "OPEN" : "CLOSE",
  size: i.size,
  executedSize: coinE8(0n),
  price: i.price,
  losscutPrice: i.losscutPrice,
  status: i.executionType === "STOP" ? "WAITING" : "ORDERED",
  cancelType: undefined,
  timeInForce: i.timeInForce,
  timestampMs: epochMs(1_750_000_000_000),
  ...over,
});

describe("truth 2: what rests at the venue against what was meant", () => {
  test.each<[string, Intent, Partial<VenueOrder>, readonly string[]]>([
    ["an untouched entry", entry, {}, []],
    ["an untouched stop", stop, {}, []],
    ["an untouched take-profit", takeProfit, {}, []],
    ["a market order has no price", market, {}, []],
    ["a partial fill is no change", entry, { executedSize: parseCoin("0.001") }, []],
    ["the price of an entry", entry, { price: yen(9_999_000) }, ["price 10000000 → 9999000"]],
    ["the price of a stop", stop, { price: yen(9_900_000) }, ["price 9950000 → 9900000"]],
    [
      "a triggered stop at another price",
      stop,
      { price: yen(9_900_000), status: "ORDERED" },
      ["price 9950000 → 9900000"],
    ],
    [
      "a stop that filled at another price",
      stop,
      { price: yen(9_900_000), status: "EXECUTED", executedSize: stop.size },
      ["price 9950000 → 9900000"],
    ],
    [
      "a venue that shows no price of a filled stop",
      stop,
      { price: undefined, status: "EXECUTED", executedSize: stop.size },
      [],
    ],
    ["the price of a take-profit", takeProfit, { price: yen(10_010_000) }, ["price 9950000 → 10010000"]],
    ["half the size", stop, { size: parseCoin("0.002") }, ["size 0.004 → 0.002"]],
    ["twice the size", entry, { size: parseCoin("0.008") }, ["size 0.004 → 0.008"]],
    ["another side", stop, { side: "BUY" }, ["side SELL → BUY"]],
    ["another type", stop, { executionType: "LIMIT" }, ["executionType STOP → LIMIT"]],
    ["another settle type", stop, { settleType: "OPEN" }, ["settleType CLOSE → OPEN"]],
    ["the venue's loss-cut", stop, { settleType: "LOSS_CUT" }, []],
    ["the settle type of coins is only inferred", coins, { settleType: "CLOSE" }, []],
    ["the price of a sale of coins", coins, { price: yen(9_900_000) }, ["price 9950000 → 9900000"]],
    ["the loss-cut price of an entry", entry, { losscutPrice: yen(9_000_000) }, ["losscutPrice 9500000 → 9000000"]],
    ["the loss-cut price of an entry, taken away", entry, { losscutPrice: undefined }, ["losscutPrice 9500000 → none"]],
    ["a closing order has no loss-cut price", stop, { losscutPrice: yen(1) }, []],
    [
      "price and size at once",
      stop,
      { price: yen(1), size: parseCoin("0.001") },
      ["price 9950000 → 1", "size 0.004 → 0.001"],
    ],
    ["a change under way", stop, { price: yen(1), status: "MODIFYING" }, []],
    ["a cancel under way", stop, { price: yen(1), status: "CANCELLING" }, []],
    ["cancelled without a fill", stop, { price: yen(1), status: "CANCELED" }, []],
    [
      "cancelled after a fill at another price",
      entry,
      { price: yen(9_999_000), status: "CANCELED", executedSize: parseCoin("0.001") },
      ["price 10000000 → 9999000"],
    ],
  ])("%s", (_, intent, over, expected) => {
    const changes = changesOf(intent, shownOf(intent, over));
    expect(changes.map((c) => `${c.field} ${c.before} → ${c.after}`)).toEqual(expected);
  });

  test.each([
    ["side", { side: "BUY" }, true],
    ["type", { executionType: "LIMIT" }, true],
    ["settle type", { settleType: "OPEN" }, true],
    ["price", { price: yen(1) }, false],
    ["size", { size: parseCoin("0.001") }, false],
  ] as const)("another %s makes it another order: %#", (_, over, expected) => {
    expect(isOtherKind(changesOf(stop, shownOf(stop, over)))).toBe(expected);
  });

  test("the row follows price, size and loss-cut price of the venue", () => {
    const over = { price: yen(9_999_000), size: parseCoin("0.002"), losscutPrice: yen(9_000_000) };
    expect(followed(entry, shownOf(entry, over))).toEqual(over);
    expect(followed(stop, shownOf(stop, over))).toEqual({ ...over, losscutPrice: undefined });
    expect(followed(market, shownOf(market, { price: yen(5) })).price).toBeUndefined();
  });

  test("the yen of a stop: more, less, none in profit, and which of two is nearer", () => {
    const size = parseCoin("0.004");
    const [at, worse, better] = [yen(9_950_000), yen(9_900_000), yen(10_020_000)];
    expect(stopLossYen("long", yen(10_000_000), at, size)).toBe(200);
    expect(stopLossYen("long", yen(10_000_000), worse, size)).toBe(400);
    expect(stopLossYen("long", yen(10_000_000), better, size)).toBe(0);
    expect(stopLossYen("short", yen(10_000_000), yen(10_050_000), size)).toBe(200);
    expect(stopLossYen("short", yen(10_000_000), at, size)).toBe(0);
    expect([losesMore("long", worse, at), losesMore("long", better, at), losesMore("long", at, at)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(losesMore("short", better, at)).toBe(true);
    expect([nearerStop("long", at, better), nearerStop("short", at, better)]).toEqual([better, at]);
    const than = (stop: typeof at) => risksMore("long", { entry: yen(10_000_000), stop, approved: at, size });
    expect([than(worse), than(better), than(at), than(yen(9_949_999)), than(yen(9_949_749))]).toEqual([
      true,
      false,
      false,
      true,
      true,
    ]);
    expect(cutsBeforeStop("long", yen(9_960_000), at)).toBe(true);
    expect(cutsBeforeStop("long", yen(9_500_000), at)).toBe(false);
    expect(cutsBeforeStop("short", yen(9_940_000), at)).toBe(true);
    expect(cutsBeforeStop("long", undefined, at)).toBe(false);
  });
});

describe("truth 2: an entry that was changed on the exchange's page may rest", () => {
  const approved = {
    direction: "long",
    low: yen(9_990_000),
    high: yen(10_010_000),
    stop: yen(9_950_000),
    rest: parseCoin("0.004"),
  } as const;
  const at = (price: number | undefined, size = "0.004", executed = "0") => ({
    plannedPrice: price === undefined ? undefined : yen(price),
    size: parseCoin(size),
    executed: parseCoin(executed),
  });
  test.each([
    ["at the band's edge", at(9_990_000), {}, true],
    ["a yen below it", at(9_989_999), {}, false],
    ["at the upper edge", at(10_010_000), {}, true],
    ["a yen above it", at(10_010_001), {}, false],
    ["at its stop, inside the band", at(9_995_000), { stop: yen(9_995_000) }, false],
    ["before its stop, inside the band", at(9_995_001), { stop: yen(9_995_000) }, true],
    ["a short above its stop", at(10_006_000), { direction: "short", stop: yen(10_005_000) }, false],
    ["larger than what is to fill", at(10_000_000, "0.00400001"), {}, false],
    ["larger, and the surplus has filled", at(10_000_000, "0.005", "0.001"), {}, true],
    ["without a price", at(undefined), {}, false],
  ] as const)("%s: %4$s", (_, order, over, expected) => {
    expect(mayRest(order, { ...approved, ...over })).toBe(expected);
  });
  test("a price that nobody changed counts as planned, ticks beside it or not", () => {
    const to = { price: entry.price, size: parseCoin("0.001"), losscutPrice: undefined };
    expect(plannedPrice(entry, to)).toBe(entry.plannedPrice);
    expect(plannedPrice(entry, { ...to, price: yen(9_999_000) })).toBe(yen(9_999_000));
  });
});
