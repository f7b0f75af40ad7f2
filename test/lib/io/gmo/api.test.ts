// Every endpoint: the very request that leaves, and what becomes of its answer (GMO API 4, 6, 7, 8, 10.3).
import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { coinE8, parseCoin, parseRatio, parseYen, yen } from "../../../../lib/core/money.ts";
import { epochMs } from "../../../../lib/core/time.ts";
import type { GmoApi } from "../../../../lib/io/gmo/api.ts";
import { TransportError } from "../../../../lib/io/gmo/transport.ts";
import { type Answer, body, CREDENTIALS, errorOf, okay, refusal, stub } from "./stub.ts";

const SIZE = parseCoin("0.00001"); // 1e-5 in a careless program
const bulk = { symbol: "BTC_JPY", side: "SELL", executionType: "MARKET", size: SIZE } as const;
const FROM = epochMs(Date.UTC(2026, 8, 20, 1, 2, 3, 456));

describe("writes: the body to the byte", () => {
  test.each<[string, (api: GmoApi) => Promise<unknown>, string, string]>([
    [
      "order: the keys of GMO API 7.8",
      (api) =>
        api.order({
          symbol: "BTC_JPY",
          side: "BUY",
          executionType: "LIMIT",
          timeInForce: "SOK",
          price: parseYen("13500000.5"),
          losscutPrice: yen(12_800_000),
          size: SIZE,
        }),
      "POST /v1/order",
      '{"symbol":"BTC_JPY","side":"BUY","executionType":"LIMIT","timeInForce":"SOK","price":"13500000.5","losscutPrice":"12800000","size":"0.00001"}',
    ],
    [
      "order: cancelBefore",
      (api) => api.order({ symbol: "BTC", side: "SELL", executionType: "MARKET", size: SIZE, cancelBefore: true }),
      "POST /v1/order",
      '{"symbol":"BTC","side":"SELL","executionType":"MARKET","size":"0.00001","cancelBefore":true}',
    ],
    [
      "closeBulkOrder",
      (api) => api.closeBulkOrder({ ...bulk, executionType: "STOP", timeInForce: "FAK", price: yen(9_800_000) }),
      "POST /v1/closeBulkOrder",
      '{"symbol":"BTC_JPY","side":"SELL","executionType":"STOP","timeInForce":"FAK","price":"9800000","size":"0.00001"}',
    ],
    [
      "changeOrder",
      (api) => api.changeOrder({ orderId: "8819977864", price: yen(13_600_000) }),
      "POST /v1/changeOrder",
      '{"orderId":8819977864,"price":"13600000"}',
    ],
    [
      "changeOrder with a loss-cut price",
      (api) => api.changeOrder({ orderId: "8819977864", price: yen(13_600_000), losscutPrice: yen(12_000_000) }),
      "POST /v1/changeOrder",
      '{"orderId":8819977864,"price":"13600000","losscutPrice":"12000000"}',
    ],
    [
      "changeLosscutPrice is a POST",
      (api) => api.changeLosscutPrice({ positionId: "289850034", losscutPrice: yen(12_800_000) }),
      "POST /v1/changeLosscutPrice",
      '{"positionId":289850034,"losscutPrice":"12800000"}',
    ],
    [
      "cancelOrders",
      (api) => api.cancelOrders(["1", "8819977864", "9007199254740991"]),
      "POST /v1/cancelOrders",
      '{"orderIds":[1,8819977864,9007199254740991]}',
    ],
    [
      "cancelBulkOrder",
      (api) => api.cancelBulkOrder({ symbols: ["BTC_JPY", "ETH_JPY"], side: "BUY", settleType: "OPEN", desc: true }),
      "POST /v1/cancelBulkOrder",
      '{"symbols":["BTC_JPY","ETH_JPY"],"side":"BUY","settleType":"OPEN","desc":true}',
    ],
    [
      "cancelBulkOrder, the least of it",
      (api) => api.cancelBulkOrder({ symbols: ["BTC"] }),
      "POST /v1/cancelBulkOrder",
      '{"symbols":["BTC"]}',
    ],
    ["issueToken", (api) => api.issueToken(), "POST /v1/ws-auth", "{}"],
    ["extendToken", (api) => api.extendToken("a-token"), "PUT /v1/ws-auth", '{"token":"a-token"}'],
    ["deleteToken", (api) => api.deleteToken("a-token"), "DELETE /v1/ws-auth", '{"token":"a-token"}'],
  ])("%s", async (_name, call, what, sentBody) => {
    const world = stub([refusal("ERR-5106")]);
    expect(await call(world.api)).toMatchObject({ kind: "refused", code: "ERR-5106" });
    expect(world.sent).toHaveLength(1);
    const { area, method, path, query, body, headers } = world.sent[0]!;
    expect({ area, what: `${method} ${path}`, query, body }).toEqual({
      area: "private",
      what,
      query: undefined,
      body: sentBody,
    });
    // A POST signs what it sends; PUT and DELETE send a body they do not sign (GMO API 2).
    const text = `${headers["API-TIMESTAMP"]}${method}${path}${method === "POST" ? sentBody : ""}`;
    expect(headers["API-SIGN"]).toBe(createHmac("sha256", CREDENTIALS.secret).update(text).digest("hex"));
    expect(headers["Content-Type"]).toBe("application/json");
  });

  test.each<[string, (api: GmoApi) => Promise<unknown>, string]>([
    ["eleven ids", (api) => api.cancelOrders(Array.from({ length: 11 }, (_, i) => String(i + 1))), "VENUE_REQUEST"],
    ["no id", (api) => api.cancelOrders([]), "VENUE_REQUEST"],
    ["no symbol", (api) => api.cancelBulkOrder({ symbols: [] }), "VENUE_REQUEST"],
    ["no symbol to cancel all of", (api) => api.cancelAll({ symbols: [] }), "VENUE_REQUEST"],
    ["a size of zero", (api) => api.order({ ...bulk, size: coinE8(0n) }), "VENUE_REQUEST"],
    ["a negative size", (api) => api.closeBulkOrder({ ...bulk, size: coinE8(-1n) }), "VENUE_REQUEST"],
    ["a price of zero", (api) => api.changeOrder({ orderId: "1", price: yen(0) }), "VENUE_REQUEST"],
    ["2^53 as an order id", (api) => api.changeOrder({ orderId: "9007199254740992", price: yen(1) }), "VENUE_ID"],
    ["2^53 among ten", (api) => api.cancelOrders(["1", "9007199254740992"]), "VENUE_ID"],
    [
      "2^53 as a position",
      (api) => api.changeLosscutPrice({ positionId: "9007199254740993", losscutPrice: yen(1) }),
      "VENUE_ID",
    ],
  ])("%s: refused before anything is sent", async (_name, call, code) => {
    const world = stub([]);
    expect(await errorOf(call(world.api))).toMatchObject({ verdict: "permanent", code });
    expect(world.sent).toEqual([]);
  });

  const WRITES: readonly (readonly [string, (api: GmoApi) => Promise<{ kind: string }>])[] = [
    ["closeBulkOrder", (api) => api.closeBulkOrder(bulk)],
    ["changeOrder", (api) => api.changeOrder({ orderId: "1", price: yen(1) })],
    ["changeLosscutPrice", (api) => api.changeLosscutPrice({ positionId: "1", losscutPrice: yen(1) })],
    ["cancelOrders", (api) => api.cancelOrders(["1"])],
    ["cancelBulkOrder", (api) => api.cancelBulkOrder({ symbols: ["BTC"] })],
    ["issueToken", (api) => api.issueToken()],
    ["extendToken", (api) => api.extendToken("t")],
    ["deleteToken", (api) => api.deleteToken("t")],
  ];
  describe.each(WRITES)("%s is sent once", (_name, write) => {
    test.each<[string, Answer, string]>([
      ["a timeout", new TransportError("timeout", "timeout"), "unknown"],
      ["a reset", new TransportError("reset", "reset"), "unknown"],
      ["HTTP 500", body("", 500), "unknown"],
      ["HTML", body("<html></html>"), "unknown"],
      ["cut JSON", body('{"status":0,'), "unknown"],
      ["ERR-554", refusal("ERR-554"), "unknown"],
      ["a code nobody documented", refusal("ERR-9999"), "unknown"],
      ["ERR-5008", refusal("ERR-5008"), "refused"],
      ["ERR-5003", refusal("ERR-5003"), "refused"],
    ])("%s", async (_case, answer, kind) => {
      const world = stub([answer, okay("1"), okay("1")]);
      expect((await write(world.api)).kind).toBe(kind);
      expect(world.sent).toHaveLength(1);
    });
  });
});

describe("cancelling many", () => {
  test("cancelOrders: accepted, failed with the possible action, and those without a result", async () => {
    const world = stub([
      okay({
        success: [3, 4],
        failed: [
          { message_code: "ERR-5122", message_string: "state", orderId: 1 },
          { message_code: "ERR-151", message_string: "Service Unavailable", orderId: 2 },
        ],
      }),
    ]);
    expect(await world.api.cancelOrders(["1", "2", "3", "4", "5"])).toEqual({
      kind: "accepted",
      value: {
        accepted: ["3", "4"],
        failed: [
          { orderId: "1", code: "ERR-5122", text: "state", resend: "never" },
          { orderId: "2", code: "ERR-151", text: "Service Unavailable", resend: "unknown" },
        ],
        unmentioned: ["5"],
      },
    });
  });
  test.each([okay({}), okay(), okay([]), okay({ success: ["x"] })])(
    "an answer that names no order is unknown",
    async (answer) => {
      expect(await stub([answer]).api.cancelOrders(["1"])).toMatchObject({ kind: "unknown", code: "VENUE_REPLY" });
    },
  );
  test.each([
    ["[]", okay([])],
    ["no data", okay()],
    ["{}", okay({})],
  ])("cancelBulkOrder with nothing to cancel: %s", async (_name, answer) => {
    expect(await stub([answer]).api.cancelBulkOrder({ symbols: ["BTC"] })).toEqual({ kind: "accepted", value: [] });
  });
  test.each([okay(null), okay({ list: [] }), okay("8819977864"), okay([1.5])])(
    "another shape is unknown",
    async (answer) => {
      expect(await stub([answer]).api.cancelBulkOrder({ symbols: ["BTC"] })).toMatchObject({ kind: "unknown" });
    },
  );

  const ids = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  test("cancelAll asks until nothing is left", async () => {
    const world = stub([okay(ids(1, 10)), okay(ids(11, 10)), okay(ids(21, 3)), okay([])]);
    const result = await world.api.cancelAll({ symbols: ["BTC_JPY"], settleType: "OPEN" });
    expect(result).toEqual({ accepted: ids(1, 23).map(String), end: "complete" });
    expect(world.sent).toHaveLength(4);
    expect(new Set(world.sent.map((request) => request.body))).toEqual(
      new Set(['{"symbols":["BTC_JPY"],"settleType":"OPEN"}']),
    );
  });
  test("cancelAll ends when only orders come that are on their way out", async () => {
    const world = stub([okay([1, 2]), okay([2, 1]), okay([9])]);
    expect(await world.api.cancelAll({ symbols: ["BTC"] })).toEqual({ accepted: ["1", "2"], end: "complete" });
    expect(world.sent).toHaveLength(2);
  });
  test("cancelAll goes on after ten orders that are on their way out: they may hide others", async () => {
    const world = stub([okay(ids(1, 10)), okay(ids(1, 10)), okay([...ids(4, 7), 11, 12, 13]), okay([])]);
    expect(await world.api.cancelAll({ symbols: ["BTC"] })).toEqual({
      accepted: ids(1, 13).map(String),
      end: "complete",
    });
  });
  test.each<[string, Answer, object]>([
    ["refused", refusal("ERR-5012"), { kind: "refused", code: "ERR-5012" }],
    ["unknown", new TransportError("timeout", "timeout"), { kind: "unknown", code: "VENUE_TIMEOUT" }],
  ])("cancelAll stops at the first answer that is %s and says what was accepted", async (_name, answer, end) => {
    const world = stub([okay([1]), answer, okay([2])]);
    expect(await world.api.cancelAll({ symbols: ["BTC"] })).toMatchObject({ accepted: ["1"], end });
    expect(world.sent).toHaveLength(2);
  });
  test("cancelAll ends after a bounded number of requests", async () => {
    const world = stub(Array.from({ length: 101 }, (_, i) => okay([i + 1])));
    expect((await world.api.cancelAll({ symbols: ["BTC"] })).end).toBe("tooMany");
    expect(world.sent).toHaveLength(100);
  });
});

describe("reads: what is asked", () => {
  const list = okay({});
  test.each<[string, (api: GmoApi) => Promise<unknown>, Answer, string]>([
    ["tickers of all symbols", (api) => api.tickers(), okay([]), "public /v1/ticker"],
    ["trades, a later page", (api) => api.trades("BTC", 7), list, "public /v1/trades?symbol=BTC&page=7&count=100"],
    [
      "a short kline",
      (api) => api.klines("BTC", "1hour", "20250101"),
      okay([]),
      "public /v1/klines?symbol=BTC&interval=1hour&date=20250101",
    ],
    [
      "a long kline",
      (api) => api.klines("BTC", "4hour", "2025"),
      okay([]),
      "public /v1/klines?symbol=BTC&interval=4hour&date=2025",
    ],
    ["executions by id", (api) => api.executionsById(["1", "2"]), list, "private /v1/executions?executionId=1,2"],
    ["positionSummary", (api) => api.positionSummary(), list, "private /v1/positionSummary"],
    [
      "positionSummary of a symbol",
      (api) => api.positionSummary("BTC_JPY"),
      list,
      "private /v1/positionSummary?symbol=BTC_JPY",
    ],
    [
      "fiat deposits",
      (api) => api.fiatDeposits({ fromMs: FROM }),
      okay([]),
      "private /v1/account/fiatDeposit/history?fromTimestamp=2026-09-20T01%3A02%3A03.456Z",
    ],
    [
      "fiat withdrawals",
      (api) => api.fiatWithdrawals({ fromMs: FROM, toMs: epochMs(FROM + 1_800_000) }),
      okay([]),
      "private /v1/account/fiatWithdrawal/history?fromTimestamp=2026-09-20T01%3A02%3A03.456Z&toTimestamp=2026-09-20T01%3A32%3A03.456Z",
    ],
    [
      "deposits",
      (api) => api.deposits("BTC", { fromMs: FROM }),
      okay([]),
      "private /v1/account/deposit/history?symbol=BTC&fromTimestamp=2026-09-20T01%3A02%3A03.456Z",
    ],
    [
      "withdrawals",
      (api) => api.withdrawals("BTC", { fromMs: FROM }),
      okay([]),
      "private /v1/account/withdrawal/history?symbol=BTC&fromTimestamp=2026-09-20T01%3A02%3A03.456Z",
    ],
    [
      "fees",
      (api) => api.exchangeFeePage({ fromDate: "20260901", toDate: "20260907" }, "c&1"),
      okay({}),
      "private /v1/account/exchangeFee/history?fromDate=20260901&toDate=20260907&count=100&cursor=c%261",
    ],
  ])("%s", async (_name, call, answer, what) => {
    const world = stub([answer]);
    await call(world.api);
    const { area, method, path, query } = world.sent[0]!;
    expect(method).toBe("GET");
    expect(`${area} ${path}${query === undefined ? "" : `?${query}`}`).toBe(what);
  });
  test("executions are asked for by ten ids a call", async () => {
    const world = stub([okay({}), okay({})]);
    expect(await world.api.executionsById(Array.from({ length: 11 }, (_, i) => String(i + 1)))).toEqual([]);
    expect(world.sent.map(({ query }) => query)).toEqual(["executionId=1,2,3,4,5,6,7,8,9,10", "executionId=11"]);
  });
  test.each([
    ["1hour", "2025"],
    ["4hour", "20250101"],
    ["1min", "2025-1-1"],
    ["1day", "25"],
  ] as const)(
    '%s candles with the date %s: the venue would say "no data", so it is not asked',
    async (interval, date) => {
      const world = stub([]);
      expect(await errorOf(world.api.klines("BTC", interval, date))).toMatchObject({ code: "VENUE_REQUEST" });
      expect(world.sent).toEqual([]);
    },
  );
  test.each([0, -1, 1_800_001])("a window of %i ms is no window", async (ms) => {
    const window = { fromMs: FROM, toMs: epochMs(FROM + ms) };
    expect(await errorOf(stub([]).api.deposits("BTC", window))).toMatchObject({ code: "VENUE_REQUEST" });
  });
});

describe("reads: what comes back", () => {
  test("margin, all of it; without positions the ratio is none", async () => {
    const row = {
      actualProfitLoss: "1520340",
      availableAmount: "1383740",
      margin: "136600",
      marginCallStatus: "MARGIN_CALL",
      marginRatio: "1112.9",
      profitLoss: "-2040.123456789",
      transferableAmount: "1381700",
    };
    expect(await stub([okay(row)]).api.margin()).toEqual({
      equity: yen(1520340),
      available: yen(1383740),
      used: yen(136600),
      unrealised: parseYen("-2040.12345679"), // a loss is not cut to a smaller one
      callStatus: "MARGIN_CALL",
      transferable: yen(1381700),
      marginRatioPercent: parseRatio("1112.9"),
    });
    const { marginRatio: _, ...none } = row;
    expect((await stub([okay(none)]).api.margin()).marginRatioPercent).toBeUndefined();
    expect((await stub([okay({ ...row, marginRatio: "" })]).api.margin()).marginRatioPercent).toBeUndefined();
    expect(await errorOf(stub([okay({ ...row, marginCallStatus: "FINE" })]).api.margin())).toMatchObject({
      verdict: "alert",
      code: "VENUE_REPLY",
    });
  });
  test("tradingVolume: both spellings of a margin symbol, and the tier sets the pace", async () => {
    const data = (tierLevel: unknown) => ({
      jpyVolume: "12345678",
      tierLevel,
      limit: [
        { symbol: "BTC/JPY", todayLimitOpenSize: "2999.9", takerFee: "0", makerFee: "0" },
        { symbol: "ETH_JPY", todayLimitOpenSize: "1", takerFee: "0", makerFee: "0" },
        { symbol: "BTC", todayLimitBuySize: "98", todayLimitSellSize: "102", takerFee: "0.0005", makerFee: "-0.0001" },
      ],
    });
    const world = stub([okay(data(3)), okay(data("2"))]);
    const none = { openSize: undefined, buySize: undefined, sellSize: undefined };
    expect(await world.api.tradingVolume()).toEqual({
      volume: yen(12345678),
      tier: 3,
      limits: [
        { ...none, symbol: "BTC_JPY", openSize: parseCoin("2999.9"), takerFee: 0n, makerFee: 0n },
        { ...none, symbol: "ETH_JPY", openSize: parseCoin("1"), takerFee: 0n, makerFee: 0n },
        {
          ...none,
          symbol: "BTC",
          buySize: parseCoin("98"),
          sellSize: parseCoin("102"),
          takerFee: parseRatio("0.0005"),
          makerFee: parseRatio("-0.0001"),
        },
      ],
    });
    expect(world.client.pace.tier).toBe(3);
    expect(await errorOf(world.api.tradingVolume())).toMatchObject({ code: "VENUE_REPLY" });
    expect(world.client.pace.tier).toBe(3);
  });
  test("positionSummary: an average of many digits is cut", async () => {
    const row = {
      averagePositionRate: "13500000.3333333333333",
      positionLossGain: "-1.5",
      side: "BUY",
      sumOrderQuantity: "0.01",
      sumPositionQuantity: "0.03",
      symbol: "BTC_JPY",
    };
    expect(await stub([okay({ list: [row] })]).api.positionSummary()).toEqual([
      {
        symbol: "BTC_JPY",
        side: "BUY",
        averagePrice: parseYen("13500000.33333333"),
        lossGain: parseYen("-1.5"),
        orderedSize: parseCoin("0.01"),
        size: parseCoin("0.03"),
      },
    ]);
    expect(await stub([okay({})]).api.positionSummary()).toEqual([]);
  });
  test("histories, however the list is wrapped", async () => {
    const row = { amount: "2000", fee: "0", status: "EXECUTED", symbol: "JPY", timestamp: "2026-09-20T01:02:03.456Z" };
    const transfer = {
      symbol: "JPY",
      amount: parseCoin("2000"),
      fee: 0n,
      status: "EXECUTED",
      address: undefined,
      txHash: undefined,
      timestampMs: FROM,
    };
    for (const data of [[row], { list: [row] }])
      expect(await stub([okay(data)]).api.fiatDeposits({ fromMs: FROM })).toEqual([transfer]);
    const coin = { ...row, symbol: "BTC", address: "1abc", txHash: "ff", fee: undefined };
    expect(await stub([okay([coin])]).api.deposits("BTC", { fromMs: FROM })).toEqual([
      { ...transfer, symbol: "BTC", address: "1abc", txHash: "ff", fee: undefined },
    ]);
    for (const data of [[], {}, { list: [] }])
      expect(await stub([okay(data)]).api.fiatDeposits({ fromMs: FROM })).toEqual([]);
    for (const data of [undefined, null, { rows: [] }, "x"])
      expect(await errorOf(stub([okay(data)]).api.fiatDeposits({ fromMs: FROM }))).toMatchObject({
        code: "VENUE_REPLY",
      });
  });
  test("fees: every page by its cursor, unknown fields kept", async () => {
    const row = { feeType: "LEVERAGE_FEE", deliveryDatetime: "2026-09-20T06:01:00.000Z", amount: "12.3", later: [1] };
    const world = stub([
      okay({ list: [row], cursor: "a" }),
      okay({ list: [row], pagination: { nextCursor: 7 } }),
      okay({ list: [row], nextCursor: null }),
    ]);
    expect(await world.api.exchangeFees({ fromDate: "20260901" })).toEqual([row, row, row]);
    expect(world.sent.map(({ query }) => query)).toEqual([
      "fromDate=20260901&count=100",
      "fromDate=20260901&count=100&cursor=a",
      "fromDate=20260901&count=100&cursor=7",
    ]);
  });
  test("fees: a cursor that goes in circles, or follows an empty page, is an alert", async () => {
    const row = { feeType: "X" };
    for (const answers of [
      [okay({ list: [row], cursor: "a" }), okay({ list: [row], cursor: "a" })],
      [okay({ list: [], cursor: "a" })],
    ])
      expect(await errorOf(stub(answers).api.exchangeFees({ fromDate: "20260901" }))).toMatchObject({
        verdict: "alert",
      });
  });
});

describe("access tokens", () => {
  const TOKEN = "short-token-42";
  test("issued, extended, deleted", async () => {
    const world = stub([okay(TOKEN), okay(), okay()]);
    expect(await world.api.issueToken()).toEqual({ kind: "accepted", value: TOKEN });
    expect(await world.api.extendToken(TOKEN)).toEqual({ kind: "accepted", value: undefined });
    expect(await world.api.deleteToken(TOKEN)).toEqual({ kind: "accepted", value: undefined });
    expect(world.logged()).not.toContain(TOKEN);
  });
  test.each<[string, Answer]>([
    ["in another shape", okay({ token: TOKEN })],
    ["in cut JSON", body(`{"status":0,"data":"${TOKEN}`)],
    ["in a failure without a code", body(`{"status":1,"data":"${TOKEN}"}`)],
  ])("an unreadable answer %s keeps no word of it", async (_name, answer) => {
    const world = stub([answer]);
    const result = await world.api.issueToken();
    expect(result.kind).toBe("unknown");
    expect(`${JSON.stringify(result)} ${world.logged()}`).not.toContain(TOKEN);
  });
});
