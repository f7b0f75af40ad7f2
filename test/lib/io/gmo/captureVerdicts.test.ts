// What `trader gmo decode` says of odd, wrong and refused captures, and of several messages or frames.
import { describe, expect, test } from "vitest";
import { decode } from "../../../../lib/io/gmo/decode.ts";
import { KINDS } from "../../../../lib/io/gmo/decodeKinds.ts";
import { CODE_RULES } from "../../../../lib/io/gmo/errorCodes.ts";
import {
  EXECUTION,
  FILL,
  KLINE,
  MARGIN,
  ORDER,
  ORDER_EVENT,
  ofValue,
  ok,
  POSITION,
  TICKER,
  TIME,
  VOLUME,
  without,
} from "./captureSamples.ts";

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
  test("the number in status is ignored; the first message counts; data beside a failure is ignored", () => {
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
