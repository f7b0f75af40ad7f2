// What `trader gmo decode` makes of captured replies and frames, good and bad: one decision a row.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Decoded, decode } from "../../../../lib/io/gmo/decode.ts";
import { KINDS, kindOf } from "../../../../lib/io/gmo/decodeKinds.ts";
import { CODE_RULES } from "../../../../lib/io/gmo/errorCodes.ts";
import { canonicalDecimal } from "../../../../lib/io/gmo/exactText.ts";
import { LONG } from "../../../long.ts";

const TIME = "2026-09-20T01:02:03.456Z";
const TIME_MS = Date.parse(TIME);
const ok = (data?: unknown): string => JSON.stringify({ status: 0, data, responsetime: TIME });
const ofValue = (decoded: Decoded): unknown => {
  if (decoded.ok) return decoded.value;
  throw new Error(`expected a value, found ${JSON.stringify(decoded)}`);
};
const TICKER = {
  ask: "13660265",
  bid: "13658273",
  high: "13685467",
  last: "13659211",
  low: "13540729",
  symbol: "BTC_JPY",
  timestamp: TIME,
  volume: "963.33",
};
const ORDER = {
  rootOrderId: 8819977864,
  orderId: 8819977864,
  symbol: "BTC_JPY",
  side: "BUY",
  orderType: "NORMAL",
  executionType: "LIMIT",
  settleType: "OPEN",
  size: "0.01",
  executedSize: "0",
  price: "13500000",
  losscutPrice: "0",
  status: "ORDERED",
  timeInForce: "SOK",
  timestamp: TIME,
};
const EXECUTION = {
  executionId: 921239120,
  orderId: 8819977870,
  positionId: 289850034,
  symbol: "BTC_JPY",
  side: "SELL",
  settleType: "CLOSE",
  size: "0.01",
  price: "13720000",
  lossGain: "-2200",
  fee: "-0.5",
  timestamp: TIME,
};
const POSITION = {
  positionId: 289850034,
  symbol: "BTC_JPY",
  side: "BUY",
  size: "0.01",
  orderdSize: "0.005",
  price: "13500000",
  lossGain: "1592",
  leverage: "2",
  losscutPrice: "10125000",
  timestamp: TIME,
};
const MARGIN = {
  actualProfitLoss: "1520340",
  availableAmount: "1383740",
  margin: "136600",
  marginCallStatus: "NORMAL",
  marginRatio: "1112.9",
  profitLoss: "-2040",
  transferableAmount: "1381700",
};
const KLINE = { openTime: "1735678800000", open: "1", high: "4", low: "1", close: "2", volume: "6.2826" };
const SYMBOL = {
  symbol: "BTC",
  minOrderSize: "0.00001",
  maxOrderSize: "5",
  sizeStep: "0.00001",
  tickSize: "1",
  takerFee: "0.0005",
  makerFee: "-0.0001",
};
const VOLUME = {
  jpyVolume: "12345678",
  tierLevel: 1,
  limit: [{ symbol: "BTC/JPY", todayLimitOpenSize: "2999.9", takerFee: "0", makerFee: "0" }],
};
const SUMMARY = {
  averagePositionRate: "13500000.5",
  positionLossGain: "-1",
  side: "SELL",
  sumOrderQuantity: "0",
  sumPositionQuantity: "0.01",
  symbol: "BTC_JPY",
};
const FILL = {
  channel: "executionEvents",
  orderId: 8819977864,
  executionId: 921239111,
  symbol: "BTC_JPY",
  settleType: "OPEN",
  executionType: "LIMIT",
  side: "BUY",
  executionPrice: "13500000",
  executionSize: "0.006",
  positionId: 289850034,
  orderTimestamp: TIME,
  executionTimestamp: TIME,
  lossGain: "0",
  fee: "0",
  orderPrice: "13500000",
  orderSize: "0.01",
  orderExecutedSize: "0.006",
  timeInForce: "FAS",
  msgType: "ER",
};
const ORDER_EVENT = {
  channel: "orderEvents",
  orderId: 8819977864,
  symbol: "BTC_JPY",
  settleType: "OPEN",
  executionType: "LIMIT",
  side: "BUY",
  orderStatus: "EXPIRED",
  cancelType: "EXPIRED_SOK",
  orderTimestamp: TIME,
  orderPrice: "13500000",
  orderSize: "0.01",
  orderExecutedSize: "0",
  losscutPrice: "0",
  timeInForce: "SOK",
  msgType: "ER",
};
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
const without = (row: object, key: string): object =>
  Object.fromEntries(Object.entries(row).filter(([k]) => k !== key));

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

describe("what is odd and passes", () => {
  test.each<[string, string, string]>([
    ["a byte order mark", "private/cancelOrder", `\uFEFF${ok()}`],
    [
      "extra keys everywhere",
      "private/orders",
      JSON.stringify({ status: 0, data: { list: [{ ...ORDER, new: 1 }], x: {} }, y: [] }),
    ],
    ["messages that are empty", "private/cancelOrder", JSON.stringify({ status: 0, messages: [] })],
    ["no responsetime", "private/cancelOrder", '{"status":0}'],
    ["white space around", "private/cancelOrder", `\n  ${ok()}\n\n`],
    ["a string id", "private/orders", ok({ list: [{ ...ORDER, orderId: "8819977864" }] })],
    ["a spot fill without a position", "private/executions", ok({ list: [without(EXECUTION, "positionId")] })],
    ["a position without a loss-cut price", "private/openPositions", ok({ list: [without(POSITION, "losscutPrice")] })],
    ["null for a spot fill's position", "private/executions", ok({ list: [{ ...EXECUTION, positionId: null }] })],
    [
      "null for a reason and prices that are none",
      "private/orders",
      ok({ list: [{ ...ORDER, cancelType: null, price: null, losscutPrice: null }] }),
    ],
    ["null for a ratio without positions", "private/margin", ok({ ...MARGIN, marginRatio: null })],
    ["null in an event", "ws/orderEvents", JSON.stringify({ ...ORDER_EVENT, cancelType: null, losscutPrice: null })],
    ["null for messages and time", "private/cancelOrder", '{"status":0,"messages":null,"responsetime":null}'],
    ["a time nobody documented", "private/cancelOrder", '{"status":0,"responsetime":1789866123456}'],
    ["a success with an odd message", "private/cancelOrder", '{"status":0,"messages":"none"}'],
    ["LOSS_CUT as settleType", "private/executions", ok({ list: [{ ...EXECUTION, settleType: "LOSS_CUT" }] })],
    ["a cancelType beside ORDERED", "private/activeOrders", ok({ list: [{ ...ORDER, cancelType: "SOK_TAKER" }] })],
    [
      "CANCELLING, two Ls",
      "private/activeOrders",
      ok({ list: [{ ...ORDER, status: "CANCELLING", cancelType: "USER" }] }),
    ],
    ["CANCELED, one L", "private/orders", ok({ list: [{ ...ORDER, status: "CANCELED" }] })],
    [
      "BTC_JPY with an underscore",
      "private/tradingVolume",
      ok({ ...VOLUME, limit: [{ ...VOLUME.limit[0], symbol: "BTC_JPY" }] }),
    ],
    ["a frame beside an unknown key", "ws/orderEvents", JSON.stringify({ ...ORDER_EVENT, new: [] })],
    ["a pretty-printed frame", "ws/orderEvents", JSON.stringify(ORDER_EVENT, null, 2)],
    [
      "a living order event with PRICE_LIMIT",
      "ws/orderEvents",
      JSON.stringify({ ...ORDER_EVENT, orderStatus: "ORDERED", cancelType: "PRICE_LIMIT" }),
    ],
  ])("%s (%s)", (_name, kind, text) => {
    expect(decode(kind, text)).toMatchObject({ ok: true, kind });
    expect(decode(kind, text)).not.toHaveProperty("warnings");
  });
  test.each<[string, string, string, RegExp]>([
    [
      "a message beside status 0",
      "private/cancelOrder",
      JSON.stringify({ status: 0, messages: [{ message_code: "ERR-1" }] }),
      /status 0 with the message ERR-1/,
    ],
    [
      "a reason to cancel nobody documented",
      "private/orders",
      ok({ list: [{ ...ORDER, status: "CANCELED", cancelType: "WHIM" }] }),
      /cancelType "WHIM"/,
    ],
    [
      "a balance finer than we keep",
      "private/assets",
      ok([{ amount: "0.123456789", available: "0", conversionRate: "1", symbol: "X" }]),
      /the program keeps 8/,
    ],
    [
      "a book that is crossed",
      "public/orderbooks",
      ok({ symbol: "BTC", asks: [{ price: "10", size: "1" }], bids: [{ price: "10", size: "1" }] }),
      /the best bid 10 is not below the best ask 10/,
    ],
    [
      "a price finer than we can hold",
      "public/ticker",
      ok([{ ...TICKER, ask: "1.123456789" }]),
      /the connector refuses this reply, verdict alert.*data\.0\.ask/,
    ],
  ])("%s: with a warning", (_name, kind, text, warning) => {
    const decoded = decode(kind, text);
    expect(decoded).toMatchObject({ ok: true, warnings: [expect.stringMatching(warning)] });
  });
});

describe("what is wrong", () => {
  const row = (change: object) => ok({ list: [ORDER, { ...ORDER, ...change }] });
  const ALERT = { code: "VENUE_REPLY", verdict: "alert" };
  const REPLY_GARBLED = { code: "VENUE_GARBLED", verdict: "retry" };
  const WRITE_GARBLED = { code: "VENUE_GARBLED", verdict: "alert" };
  test.each<[string, string, string, object]>([
    ["no data, status 0", "private/margin", ok(), ALERT],
    ["data {} for an object", "private/margin", ok({}), ALERT],
    ["data {} for a list of its own", "public/ticker", ok({}), ALERT],
    ["a price as a number", "private/orders", row({ price: 13500000 }), ALERT],
    ["a size as a number", "private/executions", ok({ list: [{ ...EXECUTION, size: 0.01 }] }), ALERT],
    ["a tier as a string", "private/tradingVolume", ok({ ...VOLUME, tierLevel: "1" }), ALERT],
    ["an opening time as a number", "public/klines", ok([{ ...KLINE, openTime: 1735678800000 }]), ALERT],
    ["status as a string", "private/margin", JSON.stringify({ status: "0", data: MARGIN }), REPLY_GARBLED],
    [
      "an id beyond 2^53 as a number",
      "private/orders",
      ok({ list: [ORDER] }).replace("8819977864", "9007199254740993"),
      ALERT,
    ],
    ["an id beyond 2^53 in the answer to an order", "private/order", '{"status":0,"data":9007199254740993}', ALERT],
    ["an id of 20 digits", "private/order", ok("12345678901234567890"), ALERT],
    ["an id that is no whole number", "private/orders", row({ orderId: 1.5 }), ALERT],
    ["an id of zero", "private/order", ok("0"), ALERT],
    ["an id with leading zeros", "private/order", ok("0012"), ALERT],
    ["an exponent", "private/orders", row({ size: "1e-5" }), ALERT],
    ["a negative size", "private/orders", row({ size: "-0.01" }), ALERT],
    ["a negative price", "public/ticker", ok([{ ...TICKER, bid: "-1" }]), ALERT],
    ["a negative reserved size", "private/openPositions", ok({ list: [{ ...POSITION, orderdSize: "-0.01" }] }), ALERT],
    [
      "orderedSize, spelt right",
      "private/openPositions",
      ok({ list: [{ ...without(POSITION, "orderdSize"), orderedSize: "0" }] }),
      ALERT,
    ],
    ["an empty decimal", "private/orders", row({ size: "" }), ALERT],
    ["a decimal with a comma", "private/orders", row({ price: "13,500,000" }), ALERT],
    ["an infinite price", "private/orders", row({ price: "Infinity" }), ALERT],
    ["CANCELLED, two Ls", "private/orders", row({ status: "CANCELLED" }), ALERT],
    ["a status nobody documented", "private/orders", row({ status: "SUSPENDED" }), ALERT],
    ["a venue status nobody documented", "public/status", ok({ status: "CLOSE" }), ALERT],
    ["a margin state nobody documented", "private/margin", ok({ ...MARGIN, marginCallStatus: "CALM" }), ALERT],
    ["an unknown side", "private/orders", row({ side: "LONG" }), ALERT],
    ["an unknown kind of order", "private/orders", row({ executionType: "OCO" }), ALERT],
    ["an unknown timeInForce", "private/orders", row({ timeInForce: "GTC" }), ALERT],
    ["an unknown settleType", "private/orders", row({ settleType: "BOTH" }), ALERT],
    ["an unknown orderType", "private/orders", row({ orderType: "SPEED" }), ALERT],
    [
      "EXECUTED in an order event",
      "ws/orderEvents",
      JSON.stringify({ ...ORDER_EVENT, orderStatus: "EXECUTED" }),
      ALERT,
    ],
    [
      "an unknown change of a position",
      "ws/positionEvents",
      JSON.stringify({ channel: "positionEvents", ...POSITION, msgType: "ZZZ" }),
      ALERT,
    ],
    ["a negative size in a frame", "ws/executionEvents", JSON.stringify({ ...FILL, executionSize: "-0.006" }), ALERT],
    ["a negative price in a frame", "ws/executionEvents", JSON.stringify({ ...FILL, executionPrice: "-1" }), ALERT],
    ["an unknown settleType in a frame", "ws/orderEvents", JSON.stringify({ ...ORDER_EVENT, settleType: "X" }), ALERT],
    ["a frame of another channel", "ws/executionEvents", JSON.stringify(ORDER_EVENT), ALERT],
    ["a frame without its channel", "ws/ticker", JSON.stringify(TICKER), ALERT],
    ["a time without a zone", "private/orders", row({ timestamp: "2026-09-20T01:02:03.456" }), ALERT],
    ["a day that does not exist", "private/orders", row({ timestamp: "2026-02-30T01:02:03.456Z" }), ALERT],
    ["an order accepted without an id", "private/order", ok({}), ALERT],
    ["an answer to many cancels that names none", "private/cancelOrders", ok({}), ALERT],
    ["truncated JSON of a read", "private/orders", ok({ list: [ORDER] }).slice(0, -9), REPLY_GARBLED],
    ["truncated JSON of a write", "private/order", '{"status":0,"data":"88199', WRITE_GARBLED],
    ["HTML for a read", "public/ticker", "<html><body>502</body></html>", REPLY_GARBLED],
    ["HTML for a write", "private/cancelOrder", "<!DOCTYPE html>", WRITE_GARBLED],
    ["an empty file for a read", "public/ticker", "", REPLY_GARBLED],
    ["an empty file for a write", "private/order", " \n", WRITE_GARBLED],
    ["an empty file for a public stream", "ws/ticker", "", REPLY_GARBLED],
    ["an empty file for a private stream", "ws/orderEvents", "", WRITE_GARBLED],
    ["a cut frame", "ws/orderEvents", JSON.stringify(ORDER_EVENT).slice(0, -1), WRITE_GARBLED],
    ["null", "private/orders", "null", REPLY_GARBLED],
    ["an array", "private/orders", "[]", REPLY_GARBLED],
    ["null as a frame", "ws/trades", "null", ALERT],
    ["status 1 without a message", "private/orders", '{"status":1}', REPLY_GARBLED],
    ["status 1 with no messages", "private/order", '{"status":1,"messages":[]}', WRITE_GARBLED],
    ["status 1 with an empty list", "private/orders", '{"status":1,"data":{}}', REPLY_GARBLED],
    ["a success as an error", "error", ok({}), ALERT],
    ["HTML as an error", "error", "<html>", WRITE_GARBLED],
    ["a ticker as an error frame", "ws/error", JSON.stringify({ channel: "ticker", ...TICKER }), ALERT],
  ])("%s (%s)", (_name, kind, text, failure) => {
    const decoded = decode(kind, text);
    expect(decoded).toMatchObject({ ok: false, kind, ...failure, message: expect.stringContaining("expected") });
  });
});

describe("refusals", () => {
  const refused = (code: string, status = 1) =>
    JSON.stringify({ status, messages: [{ message_code: code, message_string: "wire text" }], responsetime: TIME });
  const plain = KINDS.filter(({ source }) => source !== "POST").map(({ name }) => name);
  const writes = KINDS.filter(({ source }) => source === "POST").map(({ name }) => name);

  test.each(Object.entries(CODE_RULES))("%s decodes to its verdict, whatever the kind", (code, rule) => {
    const shared = {
      ok: false,
      code,
      retryGet: rule.retryGet,
      resendPost: rule.resendPost,
      message: expect.stringContaining("wire text"),
    };
    for (const kind of plain) expect(decode(kind, refused(code))).toEqual({ ...shared, kind, verdict: rule.verdict });
    // A write that may have been executed is money in doubt, not something to repeat.
    const verdict = rule.resendPost === "unknown" ? "alert" : rule.verdict;
    for (const kind of writes) expect(decode(kind, refused(code))).toEqual({ ...shared, kind, verdict });
  });
  test("an undocumented code: a refusal of a read, in doubt for anything else", () => {
    for (const code of ["ERR-9999", "constructor", "__proto__", ""])
      for (const { name, source } of KINDS)
        expect(decode(name, refused(code))).toMatchObject({
          ok: false,
          code,
          verdict: source === "GET" ? "permanent" : "alert",
          resendPost: "unknown",
        });
  });
  test("the number in status says nothing; the first message counts; data beside a failure does not", () => {
    for (const status of [1, 2, 4, 5, -1])
      expect(decode("private/orders", refused("ERR-5106", status))).toMatchObject({ code: "ERR-5106" });
    const both = {
      status: 1,
      data: { list: [] },
      messages: [{ message_code: "ERR-201" }, { message_code: "ERR-5201" }],
    };
    expect(decode("private/orders", JSON.stringify(both))).toMatchObject({ ok: false, code: "ERR-201" });
  });
  test("maintenance reported by public/status is an ordinary refusal here", () => {
    expect(decode("public/status", refused("ERR-5201", 5))).toMatchObject({
      ok: false,
      code: "ERR-5201",
      verdict: "retry",
    });
  });
  test.each([
    ['{"error":"ERR-5106 Invalid request parameter. symbol"}', "ERR-5106", "permanent"],
    ['{"error":"ERR-5003 Requests are too many."}', "ERR-5003", "retry"],
    ['{"error":"ERR-5012 Invalid permissions for action"}', "ERR-5012", "alert"],
    ['{"error":"ERR-9999 what"}', "ERR-9999", "alert"],
    ['{"error":"no code at all"}', "UNKNOWN", "alert"],
  ])("%s among the frames of any stream", (text, code, verdict) => {
    for (const kind of KINDS.filter(({ name }) => name.startsWith("ws/")))
      expect(decode(kind.name, text)).toMatchObject({ ok: false, kind: kind.name, code, verdict });
  });
});

describe("digits", () => {
  const LONG_PRICE = "13659677.1234567890123";
  test.each<[string, object, string]>([
    ["ws/ticker", { channel: "ticker", ...TICKER, volume: "963.1234567890123" }, "963.1234567890123"],
    ["ws/ticker", { channel: "ticker", ...TICKER, last: LONG_PRICE }, LONG_PRICE],
    [
      "ws/orderbooks",
      { channel: "orderbooks", symbol: "XRP", asks: [{ price: LONG_PRICE, size: "1" }], bids: [] },
      LONG_PRICE,
    ],
    [
      "ws/trades",
      { channel: "trades", price: LONG_PRICE, side: "BUY", size: "1", symbol: "XRP", timestamp: TIME },
      LONG_PRICE,
    ],
    ["ws/executionEvents", { ...FILL, fee: "-0.1234567890123" }, "-0.1234567890123"],
    ["ws/orderEvents", { ...ORDER_EVENT, orderPrice: LONG_PRICE }, LONG_PRICE],
    [
      "ws/positionEvents",
      { channel: "positionEvents", ...POSITION, lossGain: "-1.1234567890123", msgType: "UPR" },
      "-1.1234567890123",
    ],
    [
      "ws/positionSummaryEvents",
      {
        channel: "positionSummaryEvents",
        ...SUMMARY,
        averagePositionRate: LONG_PRICE,
        timestamp: TIME,
        msgType: "UPDATE",
      },
      LONG_PRICE,
    ],
  ])("%s is shown to the last digit, as replies are: %j", (kind, frame, digits) => {
    const decoded = decode(kind, JSON.stringify(frame));
    expect(JSON.stringify(ofValue(decoded))).toContain(`"${digits}"`);
    expect(decoded).toMatchObject({ warnings: [expect.stringMatching(/8 decimals/)] });
  });
});

describe("several messages", () => {
  const refused = (messages: unknown): string => JSON.stringify({ status: 1, messages, responsetime: TIME });
  const LOW = { message_code: "ERR-5121", message_string: "Too low price." };
  test.each<[string, unknown]>([
    ["another code after it", [LOW, { message_code: "ERR-5010" }]],
    ["an odd one after it", [LOW, "what", null]],
  ])("the first one counts: %s", (_, messages) => {
    expect(decode("private/order", refused(messages))).toMatchObject({ ok: false, code: "ERR-5121" });
  });
  test.each<[string, unknown]>([
    ["none", []],
    ["an odd one first", ["what", LOW]],
    ["no list", "ERR-5121"],
    ["a code that is a number", [{ message_code: 5121 }]],
  ])("a refusal whose code cannot be read is garbled: %s", (_, messages) => {
    expect(decode("private/order", refused(messages))).toMatchObject({ code: "VENUE_GARBLED", verdict: "alert" });
  });
});

describe("several frames", () => {
  const tick = (last: string) => JSON.stringify({ channel: "ticker", ...TICKER, last });
  test("one JSON a line gives an array, blank lines left out", () => {
    const value = ofValue(decode("ws/ticker", `${tick("1")}\r\n\n${tick("2")}\n`)) as { last: string }[];
    expect(value.map(({ last }) => last)).toEqual(["1", "2"]);
  });
  test.each([
    [
      "one that is cut",
      `${tick("1")}\n${tick("2").slice(0, -1)}`,
      { code: "VENUE_GARBLED", verdict: "retry", line: 2 },
    ],
    [
      "one of another channel",
      `${tick("1")}\n\n${JSON.stringify(ORDER_EVENT)}\n`,
      { code: "VENUE_REPLY", verdict: "alert", line: 3 },
    ],
    [
      "an error frame",
      `${tick("1")}\n{"error":"ERR-5003 x"}\n${tick("2")}`,
      { code: "ERR-5003", verdict: "retry", line: 2 },
    ],
  ])("%s fails the whole, and says the line", (_name, text, failure) => {
    expect(decode("ws/ticker", text)).toMatchObject({
      ok: false,
      ...failure,
      message: expect.stringContaining("line "),
    });
  });
});

describe("digits", () => {
  // By value, not by pattern: generated patterns stay short, and short numbers survive a float.
  const decimal = fc
    .tuple(fc.bigInt({ min: 0n, max: 10n ** 25n }), fc.bigInt({ min: 0n, max: 10n ** 24n - 1n }))
    .map(([whole, part]) => `${whole}.${String(part).padStart(24, "0")}`.replace(/\.?0+$/, ""));
  test("decimals come out as they went in, however long", () => {
    const row = (text: string) => ok([{ ...TICKER, ask: text, volume: text }]);
    fc.assert(
      fc.property(decimal, (text) => {
        expect(ofValue(decode("public/ticker", row(text)))).toMatchObject([{ ask: text, volume: text }]);
        const kline = ofValue(decode("public/klines", ok([{ ...KLINE, close: text }])));
        expect(kline).toMatchObject([{ close: text }]);
        const loss = text === "0" ? "0" : `-${text}`;
        const fill = ofValue(decode("private/executions", ok({ list: [{ ...EXECUTION, lossGain: loss }] })));
        expect(fill).toMatchObject([{ lossGain: loss }]);
      }),
      { numRuns: LONG ? 20_000 : 300 },
    );
  });
  test.each([
    ["0010.50", "10.5"],
    ["-0.00", "0"],
    ["1.000", "1"],
    ["0", "0"],
    ["000", "0"],
    ["0.100000000000000000001", "0.100000000000000000001"],
    ["100", "100"],
    ["9007199254740993", "9007199254740993"],
    ["-12345678901234567.8901234567890123456789", "-12345678901234567.8901234567890123456789"],
  ])("%s is %s", (text, canonical) => {
    expect(canonicalDecimal(text)).toBe(canonical);
  });
  test.each(["", "-", ".5", "1.", "+1", " 1", "1 ", "1e5", "0x1", "1_000", "１", "NaN", "9".repeat(101)])(
    "%j is no decimal",
    (text) => {
      expect(canonicalDecimal(text)).toBeUndefined();
    },
  );
});

describe("evidence", () => {
  test("what does not parse is kept: redacted and cut", () => {
    const long = ok({
      list: [{ ...ORDER, status: "NEW", note: "x ".repeat(5_000), token: "short", key: "k".repeat(40) }],
    });
    const { body = "" } = decode("private/orders", long) as { body?: string };
    expect(body.length).toBeLessThan(2_100);
    expect(body).toContain("8819977864");
    const token = decode("private/orders", ok({ token: "short", list: [{ key: "k".repeat(40) }] }));
    expect(JSON.stringify(token)).not.toMatch(/short|kkkk/);
  });
  test("no access token", () => {
    for (const text of ['{"status":0,"data":"my-token', '{"status":0,"data":["my-token"]}', ok("my-token")])
      expect(JSON.stringify(decode("private/ws-auth", text))).not.toContain("my-token");
  });
  test.each(KINDS.map(({ name }) => name))(
    "%s: a value nested without end is an answer, not an exhausted stack",
    (kind) => {
      const levels = 20_000;
      const deep = `${'{"a":['.repeat(levels)}1${"]}".repeat(levels)}`;
      const bodies = [
        deep,
        `{"status":0,"data":${deep}}`,
        `{"status":0,"data":[{"feeType":"X","x":${deep}}]}`,
        `{"status":0,"data":{"status":"OPEN","list":[],"x":${deep}}}`,
        `{"status":1,"messages":${deep}}`,
        `{"channel":"${kind.slice(3)}","x":${deep}}`,
      ];
      for (const text of bodies) {
        const decoded = decode(kind, text);
        expect(decoded.ok ? decoded : decoded.code).toMatch(/^VENUE_/);
      }
    },
  );
  test("whatever is fed: an answer, never a crash, never without a verdict", () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.anything().map((value) => {
        try {
          return JSON.stringify({ status: 0, data: value }) ?? "";
        } catch {
          return "";
        }
      }),
      fc.nat(ok({ list: [ORDER] }).length).map((n) => ok({ list: [ORDER] }).slice(0, n)),
    );
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), text, ({ name }, input) => {
        const decoded = decode(name, input);
        if (decoded.ok) expect(decoded.value).toBeDefined();
        else {
          expect(["retry", "permanent", "alert"]).toContain(decoded.verdict);
          expect(decoded.message.length).toBeLessThan(5_000);
        }
        expect(() => JSON.stringify(decoded)).not.toThrow();
      }),
      { numRuns: LONG ? 50_000 : 1_000 },
    );
  });
});
