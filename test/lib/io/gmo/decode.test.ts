// Every example reply of the reference through the connector, to the last digit (GMO API 1.1, 4, 6, 7, 8).
import { describe, expect, test } from "vitest";
import { parseCoin, parseRatio, parseYen, yen } from "../../../../lib/core/money.ts";
import type { Venue } from "../../../../lib/core/venue.ts";
import { body, errorOf, json, okay, refusal, stub } from "./stub.ts";

const at = (iso: string): number => Date.parse(iso);
const withData = (data: string) => body(`{ "status": 0, "data": ${data}, "responsetime": "2026-09-20T01:02:03.456Z" }`);
/** What the connector makes of one reply with this `data`. */
const decoded = <T>(data: string, call: (venue: Venue) => Promise<T>): Promise<T> => call(stub([withData(data)]).venue);

const BOOK = `{
  "asks": [ { "price": "13660704", "size": "0.001" }, { "price": "13660910", "size": "0.012" } ],
  "bids": [ { "price": "13658802", "size": "0.008" }, { "price": "13658299", "size": "0.03" } ],
  "symbol": "BTC_JPY", "timestamp": "2026-09-20T01:02:02.980Z" }`;
const TRADES = `{ "pagination": { "currentPage": 1, "count": 100 }, "list": [
  { "price": "13659677", "side": "BUY",  "size": "0.003", "timestamp": "2026-09-20T01:02:01.286Z" },
  { "price": "13659677", "side": "SELL", "size": "0.003", "timestamp": "2026-09-20T01:02:01.286Z" } ] }`;
const ORDER = `{ "rootOrderId": 8819977864, "orderId": 8819977864, "symbol": "BTC_JPY", "side": "BUY", "orderType": "NORMAL",
  "executionType": "LIMIT", "settleType": "OPEN", "size": "0.01", "executedSize": "0", "price": "13500000",
  "losscutPrice": "0", "status": "EXPIRED", "cancelType": "EXPIRED_SOK", "timeInForce": "SOK",
  "timestamp": "2026-09-20T01:02:01.117Z" }`;
const EXECUTION = `{ "executionId": 921239120, "orderId": 8819977870, "positionId": 289850034, "symbol": "BTC_JPY",
  "side": "SELL", "settleType": "CLOSE", "size": "0.01", "price": "13720000", "lossGain": "2200", "fee": "0",
  "timestamp": "2026-09-20T03:11:07.331Z" }`;
const POSITION = `{ "positionId": 289850034, "symbol": "BTC_JPY", "side": "BUY", "size": "0.01", "orderdSize": "0.01",
  "price": "13500000", "lossGain": "1592", "leverage": "2", "losscutPrice": "10125000",
  "timestamp": "2026-09-20T01:02:01.226Z" }`;
const MARGIN = `{ "actualProfitLoss": "1520340", "availableAmount": "1383740", "margin": "136600", "marginCallStatus": "NORMAL",
  "marginRatio": "1112.9", "profitLoss": "-2040", "transferableAmount": "1381700" }`;
const TICKER = `{ "ask": "13660265", "bid": "13658273", "high": "13685467", "last": "13659211", "low": "13540729",
  "symbol": "BTC_JPY", "timestamp": "2026-09-20T01:02:02.951Z", "volume": "963.33" }`;

const order = {
  orderId: "8819977864",
  rootOrderId: "8819977864",
  symbol: "BTC_JPY",
  side: "BUY",
  orderType: "NORMAL",
  executionType: "LIMIT",
  settleType: "OPEN",
  size: 1_000_000n,
  executedSize: 0n,
  price: 1_350_000_000_000_000n,
  losscutPrice: undefined,
  status: "EXPIRED",
  cancelType: "EXPIRED_SOK",
  timeInForce: "SOK",
  timestampMs: at("2026-09-20T01:02:01.117Z"),
} as const;
const execution = {
  executionId: "921239120",
  orderId: "8819977870",
  positionId: "289850034",
  symbol: "BTC_JPY",
  side: "SELL",
  settleType: "CLOSE",
  size: 1_000_000n,
  price: 1_372_000_000_000_000n,
  lossGain: 220_000_000_000n,
  fee: 0n,
  timestampMs: at("2026-09-20T03:11:07.331Z"),
} as const;
const position = {
  positionId: "289850034",
  symbol: "BTC_JPY",
  side: "BUY",
  size: 1_000_000n,
  orderedSize: 1_000_000n,
  price: 1_350_000_000_000_000n,
  lossGain: 159_200_000_000n,
  losscutPrice: 1_012_500_000_000_000n,
  timestampMs: at("2026-09-20T01:02:01.226Z"),
} as const;
const book = {
  symbol: "BTC_JPY",
  asks: [
    { price: yen(13660704), size: parseCoin("0.001") },
    { price: yen(13660910), size: parseCoin("0.012") },
  ],
  bids: [
    { price: yen(13658802), size: parseCoin("0.008") },
    { price: yen(13658299), size: parseCoin("0.03") },
  ],
  timestampMs: at("2026-09-20T01:02:02.980Z"),
} as const;
const margin = {
  equity: yen(1520340),
  available: yen(1383740),
  used: yen(136600),
  unrealised: yen(-2040),
  callStatus: "NORMAL",
} as const;
const trade = { price: yen(13659677), size: 300_000n, timestampMs: at("2026-09-20T01:02:01.286Z") } as const;

describe("example replies", () => {
  test.each<[string, string, (venue: Venue) => Promise<unknown>, unknown]>([
    ["status", `{ "status": "OPEN" }`, (v) => v.status(), "OPEN"],
    [
      "ticker",
      `[ ${TICKER} ]`,
      (v) => v.ticker("BTC_JPY"),
      {
        symbol: "BTC_JPY",
        ask: yen(13660265),
        bid: yen(13658273),
        last: yen(13659211),
        high: yen(13685467),
        low: yen(13540729),
        volume: 96_333_000_000n,
        timestampMs: at("2026-09-20T01:02:02.951Z"),
      },
    ],
    ["orderbooks", BOOK, (v) => v.orderBook("BTC_JPY"), book],
    [
      "trades: both printed sides of a match",
      TRADES,
      (v) => v.trades("BTC_JPY"),
      [
        { ...trade, side: "BUY" },
        { ...trade, side: "SELL" },
      ],
    ],
    [
      "klines",
      `[ { "openTime": "1735678800000", "open": "14717560", "high": "14769436", "low": "14716249", "close": "14734844", "volume": "6.2826" },
         { "openTime": "1735682400000", "open": "14746585", "high": "14746585", "low": "14690000", "close": "14699860", "volume": "7.0893" } ]`,
      (v) => v.klines("BTC_JPY", "1hour", "20250101"),
      [
        { openMs: 1735678800000, open: 14717560, high: 14769436, low: 14716249, close: 14734844, volume: 6.2826 },
        { openMs: 1735682400000, open: 14746585, high: 14746585, low: 14690000, close: 14699860, volume: 7.0893 },
      ],
    ],
    [
      "symbols",
      `[ { "symbol": "BTC", "minOrderSize": "0.00001", "maxOrderSize": "5", "sizeStep": "0.00001", "tickSize": "1", "takerFee": "0.0005", "makerFee": "-0.0001" },
         { "symbol": "XRP_JPY", "minOrderSize": "10", "maxOrderSize": "100000", "sizeStep": "10", "tickSize": "0.001", "takerFee": "0", "makerFee": "0" } ]`,
      (v) => v.symbols(),
      [
        {
          symbol: "BTC",
          minSize: 1_000n,
          maxSize: 500_000_000n,
          sizeStep: 1_000n,
          tick: yen(1),
          takerFee: 50_000n,
          makerFee: -10_000n,
        },
        {
          symbol: "XRP_JPY",
          minSize: parseCoin("10"),
          maxSize: parseCoin("100000"),
          sizeStep: parseCoin("10"),
          tick: parseYen("0.001"),
          takerFee: parseRatio("0"),
          makerFee: parseRatio("0"),
        },
      ],
    ],
    ["margin", MARGIN, (v) => v.margin(), margin],
    [
      "assets",
      `[ { "amount": "1522380", "available": "1381700", "conversionRate": "1", "symbol": "JPY" },
         { "amount": "0.0201", "available": "0.0101", "conversionRate": "13659211", "symbol": "BTC" } ]`,
      (v) => v.assets(),
      [
        { symbol: "JPY", amount: parseCoin("1522380"), available: parseCoin("1381700"), conversionRate: yen(1) },
        { symbol: "BTC", amount: 2_010_000n, available: 1_010_000n, conversionRate: yen(13659211) },
      ],
    ],
    ["orders", `{ "list": [ ${ORDER} ] }`, (v) => v.orders(["8819977864"]), [order]],
    [
      "activeOrders",
      `{ "pagination": { "currentPage": 1, "count": 1 }, "list": [ ${ORDER} ] }`,
      (v) => v.activeOrders("BTC_JPY"),
      [order],
    ],
    ["executions", `{ "list": [ ${EXECUTION} ] }`, (v) => v.executions("8819977870"), [execution]],
    [
      "latestExecutions",
      `{ "pagination": { "currentPage": 1, "count": 1 }, "list": [ ${EXECUTION} ] }`,
      (v) => v.latestExecutions("BTC_JPY"),
      [execution],
    ],
    [
      "openPositions",
      `{ "pagination": { "currentPage": 1, "count": 1 }, "list": [ ${POSITION} ] }`,
      (v) => v.openPositions("BTC_JPY"),
      [position],
    ],
    [
      "order: the id comes as a string",
      `"8819977864"`,
      (v) => v.order({ symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: parseCoin("0.01") }),
      { kind: "accepted", value: "8819977864" },
    ],
    [
      "closeOrder: should it ever come as a number, the same id",
      `8819977864`,
      (v) =>
        v.closeOrder({
          symbol: "BTC_JPY",
          side: "SELL",
          executionType: "MARKET",
          positionId: "289850034",
          size: parseCoin("0.01"),
        }),
      { kind: "accepted", value: "8819977864" },
    ],
  ])("%s", async (_name, data, call, value) => {
    expect(await decoded(data, call)).toEqual(value);
  });

  test("cancelOrder is accepted without data", async () => {
    const { venue } = stub([body(`{ "status": 0, "responsetime": "2026-09-20T01:02:03.456Z" }`)]);
    expect(await venue.cancelOrder("8819977864")).toEqual({ kind: "accepted", value: undefined });
  });
  test("an explicit failure keeps the code, the text and the body", async () => {
    const text = `{ "status": 1, "messages": [ { "message_code": "ERR-5106", "message_string": "Invalid request parameter. size" } ] }`;
    const error = await errorOf(stub([body(text)]).venue.margin());
    expect(error).toMatchObject({ verdict: "permanent", code: "ERR-5106", data: { httpStatus: 200, body: text } });
    expect(error.message).toContain("Invalid request parameter. size");
  });
});

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

test("a book is read best price first, whatever order the venue sends it in", async () => {
  const side = (...prices: string[]) => prices.map((price) => ({ price, size: "0.01" }));
  const reply = okay({ symbol: "BTC_JPY", asks: side("1001", "1000", "999.5"), bids: side("9", "998", "99") });
  const { asks, bids } = await stub([reply]).venue.orderBook("BTC_JPY");
  expect(asks.map(({ price }) => price)).toEqual([parseYen("999.5"), yen(1_000), yen(1_001)]);
  expect(bids.map(({ price }) => price)).toEqual([yen(998), yen(99), yen(9)]);
});

describe("status", () => {
  test.each([
    ["MAINTENANCE as data", okay({ status: "MAINTENANCE" }), "MAINTENANCE"],
    ["PREOPEN as data", okay({ status: "PREOPEN" }), "PREOPEN"],
    [
      "ERR-5201 without responsetime",
      body(
        `{"status":5,"messages":[{"message_code":"ERR-5201","message_string":"MAINTENANCE. Please wait for a while"}]}`,
      ),
      "MAINTENANCE",
    ],
    ["ERR-5202", refusal("ERR-5202"), "MAINTENANCE"],
    ["HTTP 503 with ERR-5201", refusal("ERR-5201", "MAINTENANCE", 503), "MAINTENANCE"],
    ["HTTP 502 with ERR-5202", refusal("ERR-5202", "MAINTENANCE", 502), "MAINTENANCE"],
  ])("%s", async (_name, reply, status) => {
    expect(await stub([reply]).venue.status()).toBe(status);
  });
  test("an undocumented status is an alert, not OPEN", async () => {
    expect(await errorOf(stub([okay({ status: "CLOSED" })]).venue.status())).toMatchObject({ code: "VENUE_REPLY" });
  });
});
