// Every read: the very request that leaves, and what becomes of its answer (GMO API 4, 6).
import { describe, expect, test } from "vitest";
import { parseCoin, parseRatio, parseYen, yen } from "../../../../lib/core/money.ts";
import { epochMs } from "../../../../lib/core/time.ts";
import type { GmoApi } from "../../../../lib/io/gmo/api.ts";
import { type Answer, errorOf, okay, stub } from "./stub.ts";

const FROM = epochMs(Date.UTC(2026, 8, 20, 1, 2, 3, 456));

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
