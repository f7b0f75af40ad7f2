// Replies with missing, extra or odd fields through the connector, and which of them are empty.
import { describe, expect, test } from "vitest";
import { parseYen, yen } from "../../../../lib/core/money.ts";
import type { Venue } from "../../../../lib/core/venue.ts";
import {
  BOOK,
  book,
  decoded,
  EXECUTION,
  execution,
  MARGIN,
  margin,
  ORDER,
  order,
  POSITION,
  position,
  TICKER,
  withData,
} from "./decodeSamples.ts";
import { body, errorOf, json, okay, refusal, stub } from "./stub.ts";

describe("what may be missing, extra or odd", () => {
  const without = (text: string, key: string): string => {
    const { [key]: gone, ...rest } = JSON.parse(text) as Record<string, unknown>;
    expect(gone).toBeDefined();
    return JSON.stringify(rest);
  };
  const changed = (text: string, change: Record<string, unknown>): string =>
    JSON.stringify({ ...(JSON.parse(text) as object), ...change });
  const ordersOf = (row: string) => decoded(`{ "list": [ ${row} ] }`, (v) => v.orders(["8819977864"]));
  const executionsOf = (row: string) => decoded(`{ "list": [ ${row} ] }`, (v) => v.executions("8819977870"));

  test("a book without its timestamp", async () => {
    expect(await decoded(without(BOOK, "timestamp"), (v) => v.orderBook("BTC_JPY"))).toEqual({
      ...book,
      timestampMs: undefined,
    });
  });
  test.each([
    ["absent", without(ORDER, "price")],
    ['"0"', changed(ORDER, { price: "0" })],
    ["empty", changed(ORDER, { price: "" })],
  ])("a MARKET order's price %s means none", async (_name, row) => {
    expect(await ordersOf(changed(row, { executionType: "MARKET" }))).toEqual([
      { ...order, executionType: "MARKET", price: undefined },
    ]);
  });
  test("an order without cancelType; one with a losscutPrice", async () => {
    expect(await ordersOf(without(ORDER, "cancelType"))).toEqual([{ ...order, cancelType: undefined }]);
    expect(await ordersOf(changed(ORDER, { losscutPrice: "10125000" }))).toEqual([
      { ...order, losscutPrice: yen(10125000) },
    ]);
  });
  test.each(["WAITING", "ORDERED", "MODIFYING", "CANCELLING", "CANCELED", "EXECUTED", "EXPIRED"])(
    "order status %s is kept, one L or two",
    async (status) => {
      expect(await ordersOf(changed(ORDER, { status }))).toEqual([{ ...order, status }]);
    },
  );
  test("a spot execution has no position; a maker's rebate is negative", async () => {
    const row = changed(without(EXECUTION, "positionId"), { fee: "-1.2345" });
    expect(await executionsOf(row)).toEqual([{ ...execution, positionId: undefined, fee: parseYen("-1.2345") }]);
  });
  test("an order id may be a string in a read: the same id", async () => {
    expect(await ordersOf(changed(ORDER, { orderId: "8819977864" }))).toEqual([order]);
  });
  test("a position partly reserved by resting close orders, without a loss-cut price", async () => {
    const row = changed(POSITION, { size: "0.03", orderdSize: "0.02", losscutPrice: "0", lossGain: "-1.5" });
    expect(await decoded(`{ "list": [ ${row} ] }`, (v) => v.openPositions("BTC_JPY"))).toEqual([
      {
        ...position,
        size: 3_000_000n,
        orderedSize: 2_000_000n,
        losscutPrice: undefined,
        lossGain: parseYen("-1.5"),
      },
    ]);
  });
  test("margin without its ratio, as without positions", async () => {
    expect(await decoded(without(MARGIN, "marginRatio"), (v) => v.margin())).toEqual(margin);
    expect(await decoded(changed(MARGIN, { marginRatio: "" }), (v) => v.margin())).toEqual(margin);
  });
  test("decimals are exact beyond a double; an excess of a balance is cut", async () => {
    const row = changed(EXECUTION, { price: "123456789012.12345678", size: "0.00000001", lossGain: "-0.00000001" });
    expect(await executionsOf(row)).toEqual([
      { ...execution, price: 12_345_678_901_212_345_678n, size: 1n, lossGain: -1n },
    ]);
    const asset = `[ { "symbol": "XYZ", "amount": "1.123456789999", "available": "0.999999999999", "conversionRate": "0" } ]`;
    expect(await decoded(asset, (v) => v.assets())).toMatchObject([{ amount: 112_345_678n, available: 99_999_999n }]);
  });
  test("unknown extra keys are ignored at every level", async () => {
    const extra = { grouping: "1", later: { nested: [1] } };
    const level = { price: "13660704", size: "0.001", ...extra };
    const reply = json({
      status: 0,
      data: { symbol: "BTC_JPY", asks: [level], bids: [], ...extra },
      messages: [],
      ...extra,
    });
    expect(await stub([reply]).venue.orderBook("BTC_JPY")).toEqual({
      symbol: "BTC_JPY",
      asks: [{ price: yen(13660704), size: 100_000n }],
      bids: [],
      timestampMs: undefined,
    });
    expect(await ordersOf(changed(ORDER, extra))).toEqual([order]);
  });
  test.each<[string, string, (venue: Venue) => Promise<unknown>]>([
    ["a book", BOOK, (v) => v.orderBook("ETH_JPY")],
    ["live orders", `{ "list": [ ${ORDER} ] }`, (v) => v.activeOrders("ETH_JPY")],
    ["orders by id", `{ "list": [ ${ORDER} ] }`, (v) => v.orders(["8819977865", "8819977866"])],
    ["fills of an order", `{ "list": [ ${EXECUTION} ] }`, (v) => v.executions("8819977871")],
    ["fills of the day", `{ "list": [ ${EXECUTION} ] }`, (v) => v.latestExecutions("ETH_JPY")],
    ["positions", `{ "list": [ ${POSITION} ] }`, (v) => v.openPositions("ETH_JPY")],
  ])("%s of something else than was asked is an alert, never taken for ours", async (_name, data, call) => {
    const world = stub([body(`{ "status": 0, "data": ${data} }`)]);
    expect(await errorOf(call(world.venue))).toMatchObject({ verdict: "alert", code: "VENUE_REPLY" });
    expect(world.sent).toHaveLength(1);
  });
  test("the ticker of another symbol is not ours", async () => {
    expect(await errorOf(decoded(`[ ${TICKER} ]`, (v) => v.ticker("ETH_JPY")))).toMatchObject({
      verdict: "alert",
      code: "VENUE_REPLY",
    });
  });

  test.each<[string, string]>([
    ["no status", without(ORDER, "status")],
    ["an unknown status", changed(ORDER, { status: "CANCELLED" })],
    ["no size", without(ORDER, "size")],
    ["a size that is a number", changed(ORDER, { size: 0.01 })],
    ["a size with an exponent", changed(ORDER, { size: "1e-5" })],
    ["a size finer than 1e-8", changed(ORDER, { size: "0.000000001" })],
    ["an empty size", changed(ORDER, { size: "" })],
    ["a price that is no decimal", changed(ORDER, { price: "13,500,000" })],
    ["an id beyond a double", changed(ORDER, { orderId: 2 ** 53 })],
    ["an id that is no integer", changed(ORDER, { orderId: 1.5 })],
    ["a time without zone", changed(ORDER, { timestamp: "2026-09-20T01:02:01.117" })],
    ["an unknown side", changed(ORDER, { side: "LONG" })],
  ])("an order with %s does not parse: alert, never a guess", async (_name, row) => {
    const { venue, sent } = stub([withData(`{ "list": [ ${ORDER}, ${row} ] }`)]);
    expect(await errorOf(venue.orders(["8819977864"]))).toMatchObject({
      verdict: "alert",
      code: "VENUE_REPLY",
      message: expect.stringContaining("data.list.1"),
      data: { path: "/v1/orders", body: expect.stringContaining("8819977864") },
    });
    expect(sent).toHaveLength(1);
  });
});

describe("empty is empty only when the venue says so", () => {
  const LISTS: readonly (readonly [string, (venue: Venue) => Promise<unknown>])[] = [
    ["orders", (v) => v.orders(["8819977864"])],
    ["activeOrders", (v) => v.activeOrders("BTC_JPY")],
    ["executions", (v) => v.executions("8819977864")],
    ["latestExecutions", (v) => v.latestExecutions("BTC_JPY")],
    ["openPositions", (v) => v.openPositions("BTC_JPY")],
  ];
  test.each(LISTS)("%s: `{}` and an empty list with status 0 are empty; nothing else is", async (_name, call) => {
    expect(await call(stub([okay({})]).venue)).toEqual([]);
    expect(await call(stub([okay({ list: [] })]).venue)).toEqual([]);
    // Status 0 without data, or with data of another shape, is an undocumented reply.
    for (const data of [undefined, null, [], "", 0, { list: null }, { list: {} }])
      expect(await errorOf(call(stub([okay(data)]).venue))).toMatchObject({ verdict: "alert", code: "VENUE_REPLY" });
    // A failure is a failure, also one that carries an empty list.
    for (const status of [1, 2, 4, 5, -1]) {
      const refused = { status, messages: [{ message_code: "ERR-5106" }] };
      for (const reply of [json(refused), json({ ...refused, data: {} }), json({ ...refused, data: { list: [] } })])
        expect(await errorOf(call(stub([reply]).venue))).toMatchObject({ code: "ERR-5106" });
      const silent = json({ status, data: {} });
      expect(await errorOf(call(stub([silent, silent, silent]).venue))).toMatchObject({
        verdict: "retry",
        code: "VENUE_GARBLED",
      });
    }
  });
  test("klines: ERR-5207 is an empty list, any other refusal is not", async () => {
    const klines = (venue: Venue) => venue.klines("BTC_JPY", "1min", "20250101");
    expect(await klines(stub([refusal("ERR-5207", "Not found", 404)]).venue)).toEqual([]);
    expect(await klines(stub([okay([])]).venue)).toEqual([]);
    expect(await errorOf(klines(stub([refusal("ERR-5106")]).venue))).toMatchObject({ code: "ERR-5106" });
    expect(await errorOf(klines(stub([okay({})]).venue))).toMatchObject({ code: "VENUE_REPLY" });
    expect(await errorOf(stub([refusal("ERR-5207", "Not found", 404)]).venue.ticker("NONE"))).toMatchObject({
      code: "ERR-5207",
    });
  });
});
