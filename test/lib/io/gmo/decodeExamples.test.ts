// Every example reply of the reference through the connector, to the last digit (GMO API 1.1, 4, 6, 7, 8).
import { describe, expect, test } from "vitest";
import { parseCoin, parseRatio, parseYen, yen } from "../../../../lib/core/money.ts";
import type { Venue } from "../../../../lib/core/venue.ts";
import {
  at,
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
  TRADES,
  trade,
} from "./decodeSamples.ts";
import { body, errorOf, okay, refusal, stub } from "./stub.ts";

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
