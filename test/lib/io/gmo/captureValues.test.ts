// What `trader gmo decode` makes of a captured reply or frame of each kind, and of lists that are empty or none.
import { describe, expect, test } from "vitest";
import { decode } from "../../../../lib/io/gmo/decode.ts";
import { KINDS, kindOf } from "../../../../lib/io/gmo/decodeKinds.ts";
import {
  EXECUTION,
  FILL,
  KLINE,
  MARGIN,
  ORDER,
  ORDER_EVENT,
  ok,
  POSITION,
  SUMMARY,
  SYMBOL,
  TICKER,
  TIME,
  TIME_MS,
  VOLUME,
} from "./captureSamples.ts";

const order = {
  orderId: "8819977864",
  rootOrderId: "8819977864",
  symbol: "BTC_JPY",
  side: "BUY",
  orderType: "NORMAL",
  executionType: "LIMIT",
  settleType: "OPEN",
  size: "0.01",
  executedSize: "0",
  price: "13500000",
  losscutPrice: null,
  status: "ORDERED",
  cancelType: null,
  timeInForce: "SOK",
  timestampMs: TIME_MS,
};
const execution = {
  executionId: "921239120",
  orderId: "8819977870",
  positionId: "289850034",
  symbol: "BTC_JPY",
  side: "SELL",
  settleType: "CLOSE",
  size: "0.01",
  price: "13720000",
  lossGain: "-2200",
  fee: "-0.5",
  timestampMs: TIME_MS,
};
describe("values", () => {
  test.each<[string, string, unknown]>([
    ["public/status", ok({ status: "PREOPEN" }), "PREOPEN"],
    [
      "public/ticker",
      ok([TICKER]),
      [
        {
          symbol: "BTC_JPY",
          ask: "13660265",
          bid: "13658273",
          last: "13659211",
          high: "13685467",
          low: "13540729",
          volume: "963.33",
          timestampMs: TIME_MS,
        },
      ],
    ],
    [
      "public/orderbooks",
      ok({ symbol: "BTC", asks: [{ price: "2", size: "0.10" }], bids: [], grouping: "1" }),
      { symbol: "BTC", asks: [{ price: "2", size: "0.1" }], bids: [], timestampMs: null },
    ],
    [
      "public/trades",
      ok({
        pagination: { currentPage: 1, count: 100 },
        list: [{ price: "1", side: "SELL", size: "3", timestamp: TIME }],
      }),
      [{ price: "1", side: "SELL", size: "3", timestampMs: TIME_MS }],
    ],
    [
      "public/klines",
      ok([KLINE]),
      [{ openMs: 1735678800000, open: "1", high: "4", low: "1", close: "2", volume: "6.2826" }],
    ],
    [
      "public/symbols",
      ok([SYMBOL]),
      [
        {
          symbol: "BTC",
          minSize: "0.00001",
          maxSize: "5",
          sizeStep: "0.00001",
          tick: "1",
          takerFee: "0.0005",
          makerFee: "-0.0001",
        },
      ],
    ],
    [
      "private/margin",
      ok(MARGIN),
      {
        equity: "1520340",
        available: "1383740",
        used: "136600",
        unrealised: "-2040",
        callStatus: "NORMAL",
        transferable: "1381700",
        marginRatioPercent: "1112.9",
      },
    ],
    [
      "private/assets",
      ok([{ amount: "0.0201", available: "0", conversionRate: "13659211", symbol: "BTC" }]),
      [{ symbol: "BTC", amount: "0.0201", available: "0", conversionRate: "13659211" }],
    ],
    [
      "private/tradingVolume",
      ok(VOLUME),
      {
        volume: "12345678",
        tier: 1,
        limits: [
          { symbol: "BTC_JPY", openSize: "2999.9", buySize: null, sellSize: null, takerFee: "0", makerFee: "0" },
        ],
      },
    ],
    ["private/orders", ok({ list: [ORDER] }), [order]],
    ["private/activeOrders", ok({ pagination: { currentPage: 1, count: 1 }, list: [ORDER] }), [order]],
    ["private/executions", ok({ list: [EXECUTION] }), [execution]],
    ["private/latestExecutions", ok({ list: [EXECUTION] }), [execution]],
    [
      "private/openPositions",
      ok({ list: [POSITION] }),
      [
        {
          positionId: "289850034",
          symbol: "BTC_JPY",
          side: "BUY",
          size: "0.01",
          orderedSize: "0.005",
          price: "13500000",
          lossGain: "1592",
          losscutPrice: "10125000",
          timestampMs: TIME_MS,
        },
      ],
    ],
    [
      "private/positionSummary",
      ok({ list: [SUMMARY] }),
      [{ symbol: "BTC_JPY", side: "SELL", averagePrice: "13500000.5", lossGain: "-1", orderedSize: "0", size: "0.01" }],
    ],
    ["private/order", ok("8819977864"), "8819977864"],
    ["private/closeOrder", ok(8819977864), "8819977864"],
    ["private/closeBulkOrder", ok("9007199254740993"), "9007199254740993"],
    ["private/changeOrder", ok(), null],
    ["private/cancelOrder", ok(), null],
    ["private/changeLosscutPrice", ok({}), null],
    [
      "private/cancelOrders",
      ok({
        success: [3],
        failed: [
          { message_code: "ERR-151", message_string: "x", orderId: 1 },
          { message_code: "ERR-5122", orderId: "2" },
        ],
      }),
      {
        accepted: ["3"],
        failed: [
          { orderId: "1", code: "ERR-151", text: "x", verdict: "alert", resendPost: "unknown" },
          { orderId: "2", code: "ERR-5122", text: "", verdict: "permanent", resendPost: "never" },
        ],
      },
    ],
    ["private/cancelBulkOrder", ok([8819977864, 8819977865]), ["8819977864", "8819977865"]],
    ["private/cancelBulkOrder", ok(), []],
    ["private/cancelBulkOrder", ok({}), []],
    ["private/transfer", ok([{ transferredAmount: "100000" }]), [{ amount: "100000" }]],
    [
      // The documented example of a book is not sorted; the first row must not be taken for the best price.
      "public/orderbooks",
      ok({
        symbol: "BTC_JPY",
        asks: ["100", "99.5", "1000", "99"].map((price) => ({ price, size: "1" })),
        bids: ["9.5", "98", "9", "10"].map((price) => ({ price, size: "1" })),
      }),
      {
        symbol: "BTC_JPY",
        asks: ["99", "99.5", "100", "1000"].map((price) => ({ price, size: "1" })),
        bids: ["98", "10", "9.5", "9"].map((price) => ({ price, size: "1" })),
        timestampMs: null,
      },
    ],
    [
      "ws/orderbooks",
      JSON.stringify({
        channel: "orderbooks",
        symbol: "BTC",
        asks: ["11", "9"].map((price) => ({ price, size: "1" })),
        bids: ["2", "8"].map((price) => ({ price, size: "1" })),
      }),
      expect.objectContaining({
        asks: ["9", "11"].map((price) => ({ price, size: "1" })),
        bids: ["8", "2"].map((price) => ({ price, size: "1" })),
      }),
    ],
    ["private/ws-auth", ok("a-token"), { token: "[redacted]", characters: 7 }],
    ["private/ws-auth", ok(), null],
    [
      "private/exchangeFee",
      ok({ list: [{ feeType: "LEVERAGE_FEE", amount: "0.12345678901234567", new: { deep: [1] } }], cursor: "c" }),
      { rows: [{ feeType: "LEVERAGE_FEE", amount: "0.12345678901234567", new: { deep: [1] } }], cursor: "c" },
    ],
    ["private/fiatDeposit", ok([]), []],
    ["private/account/margin", ok(MARGIN), expect.objectContaining({ equity: "1520340" })],
    ["private/account/deposit/history", ok({}), []],
    [
      "ws/ticker",
      JSON.stringify({ channel: "ticker", ...TICKER }),
      expect.objectContaining({ ask: "13660265", timestampMs: TIME_MS }),
    ],
    [
      "ws/orderbooks",
      JSON.stringify({
        channel: "orderbooks",
        asks: [{ price: "2", size: "1" }],
        bids: [],
        symbol: "BTC",
        timestamp: TIME,
        grouping: "1",
      }),
      expect.objectContaining({ asks: [{ price: "2", size: "1" }], bids: [] }),
    ],
    [
      "ws/trades",
      JSON.stringify({ channel: "trades", price: "750760", side: "BUY", size: "0.1", symbol: "BTC", timestamp: TIME }),
      expect.objectContaining({ price: "750760", side: "BUY", size: "0.1" }),
    ],
    [
      "ws/executionEvents",
      JSON.stringify(FILL),
      expect.objectContaining({
        orderId: "8819977864",
        executionId: "921239111",
        positionId: "289850034",
        orderExecutedSize: "0.006",
      }),
    ],
    [
      "ws/orderEvents",
      JSON.stringify(ORDER_EVENT),
      expect.objectContaining({
        orderId: "8819977864",
        status: "EXPIRED",
        cancelType: "EXPIRED_SOK",
        losscutPrice: null,
      }),
    ],
    [
      "ws/positionEvents",
      JSON.stringify({ channel: "positionEvents", ...POSITION, msgType: "UPR" }),
      expect.objectContaining({ positionId: "289850034", orderedSize: "0.005", msgType: "UPR" }),
    ],
    [
      "ws/positionSummaryEvents",
      JSON.stringify({ channel: "positionSummaryEvents", ...SUMMARY, timestamp: TIME, msgType: "INIT" }),
      expect.objectContaining({ side: "SELL", size: "0.01" }),
    ],
  ])("%s: %s", (kind, text, value) => {
    const decoded = decode(kind, text);
    expect(decoded).toEqual({ ok: true, kind: kindOf(kind)!.name, value });
    // What is printed is JSON, whatever stood in the reply.
    expect(JSON.parse(JSON.stringify(decoded))).toEqual(decoded);
  });
  test("every kind that can have a value has a row above or is a kind of refusal", () => {
    expect(KINDS.filter(({ name }) => name === "error" || name === "ws/error")).toHaveLength(2);
    expect(new Set(KINDS.map(({ name }) => name)).size).toBe(KINDS.length);
    expect(kindOf("private/nothing")).toBeUndefined();
    expect(() => decode("private/nothing", "{}")).toThrow(RangeError);
  });
});

const LISTS = [
  "public/trades",
  "private/orders",
  "private/activeOrders",
  "private/executions",
  "private/latestExecutions",
  "private/openPositions",
  "private/positionSummary",
];
describe.each(LISTS)("%s", (kind) => {
  test.each([ok({}), ok({ list: [] }), ok({ pagination: { currentPage: 2, count: 0 } })])("empty: %s", (text) => {
    expect(decode(kind, text)).toEqual({ ok: true, kind, value: [] });
  });
  test.each([ok(), ok(null), ok([]), ok(""), ok({ list: null }), ok({ list: {} })])(
    "not empty, not a list: %s",
    (text) => {
      expect(decode(kind, text)).toMatchObject({ ok: false, code: "VENUE_REPLY", verdict: "alert" });
    },
  );
});
