// Every frame of section 10 as the venue sends it, and what does not parse.
import { describe, expect, test } from "vitest";
import { PrivateCommand, PublicCommand, readFrame } from "../../../../../lib/io/gmo/wireEvents.ts";

const E8 = 100_000_000n;
const at = (text: string): number => Date.parse(text);
const read = (frame: object) => readFrame(JSON.stringify(frame));

const EXECUTION = {
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
  orderTimestamp: "2026-09-20T01:02:01.117Z",
  executionTimestamp: "2026-09-20T01:02:01.226Z",
  lossGain: "0",
  fee: "-0.5",
  orderPrice: "13500000",
  orderSize: "0.01",
  orderExecutedSize: "0.006",
  timeInForce: "FAS",
  msgType: "ER",
};
const ORDER = {
  channel: "orderEvents",
  orderId: 8819977864,
  symbol: "BTC_JPY",
  settleType: "OPEN",
  executionType: "LIMIT",
  side: "BUY",
  orderStatus: "EXPIRED",
  cancelType: "EXPIRED_SOK",
  orderTimestamp: "2026-09-20T01:02:01.117Z",
  orderPrice: "13500000",
  orderSize: "0.01",
  orderExecutedSize: "0",
  losscutPrice: "0",
  timeInForce: "SOK",
  msgType: "ER",
};
const POSITION = {
  channel: "positionEvents",
  positionId: 289850034,
  symbol: "BTC_JPY",
  side: "BUY",
  size: "0.01",
  orderdSize: "0.004",
  price: "13500000",
  lossGain: "-12",
  leverage: "2",
  losscutPrice: "10125000",
  timestamp: "2026-09-20T01:02:01.226Z",
  msgType: "OPR",
};
const BOOK = {
  channel: "orderbooks",
  asks: [{ price: "13660704", size: "0.001" }],
  bids: [{ price: "13658802", size: "0.008" }],
  symbol: "BTC_JPY",
  timestamp: "2026-09-20T01:02:03.343Z",
  grouping: "1",
};

describe("frames decode to normalised events", () => {
  test.each([
    [
      "ticker",
      {
        channel: "ticker",
        ask: "13660265",
        bid: "13658273",
        high: "13685467",
        last: "13659211",
        low: "13540729",
        symbol: "BTC_JPY",
        timestamp: "2026-09-20T01:02:02.951Z",
        volume: "963.33",
      },
      {
        kind: "ticker",
        symbol: "BTC_JPY",
        ask: 13660265n * E8,
        bid: 13658273n * E8,
        high: 13685467n * E8,
        last: 13659211n * E8,
        low: 13540729n * E8,
        volume: 96_333_000_000n,
        timestampMs: at("2026-09-20T01:02:02.951Z"),
      },
    ],
    [
      "orderbooks, with a key nobody announced",
      BOOK,
      {
        kind: "orderBook",
        symbol: "BTC_JPY",
        asks: [{ price: 13660704n * E8, size: 100_000n }],
        bids: [{ price: 13658802n * E8, size: 800_000n }],
        timestampMs: at("2026-09-20T01:02:03.343Z"),
      },
    ],
    [
      "trades",
      {
        channel: "trades",
        price: "13659677",
        side: "BUY",
        size: "0.003",
        timestamp: "2026-09-20T01:02:01.286Z",
        symbol: "BTC_JPY",
      },
      {
        kind: "trade",
        symbol: "BTC_JPY",
        side: "BUY",
        price: 13659677n * E8,
        size: 300_000n,
        timestampMs: at("2026-09-20T01:02:01.286Z"),
      },
    ],
    [
      "executionEvents",
      EXECUTION,
      {
        kind: "execution",
        executionId: "921239111",
        orderId: "8819977864",
        positionId: "289850034",
        symbol: "BTC_JPY",
        side: "BUY",
        settleType: "OPEN",
        executionType: "LIMIT",
        timeInForce: "FAS",
        price: 13_500_000n * E8,
        size: 600_000n,
        timestampMs: at("2026-09-20T01:02:01.226Z"),
        lossGain: 0n,
        fee: -50_000_000n,
        orderPrice: 13_500_000n * E8,
        orderSize: 1_000_000n,
        orderExecutedSize: 600_000n,
        orderTimestampMs: at("2026-09-20T01:02:01.117Z"),
        msgType: "ER",
      },
    ],
    [
      "orderEvents",
      ORDER,
      {
        kind: "order",
        orderId: "8819977864",
        symbol: "BTC_JPY",
        side: "BUY",
        settleType: "OPEN",
        executionType: "LIMIT",
        timeInForce: "SOK",
        status: "EXPIRED",
        cancelType: "EXPIRED_SOK",
        price: 13_500_000n * E8,
        losscutPrice: undefined,
        size: 1_000_000n,
        executedSize: 0n,
        orderTimestampMs: at("2026-09-20T01:02:01.117Z"),
        msgType: "ER",
      },
    ],
    [
      "positionEvents",
      POSITION,
      {
        kind: "position",
        positionId: "289850034",
        symbol: "BTC_JPY",
        side: "BUY",
        size: 1_000_000n,
        orderedSize: 400_000n,
        price: 13_500_000n * E8,
        lossGain: -12n * E8,
        losscutPrice: 10_125_000n * E8,
        timestampMs: at("2026-09-20T01:02:01.226Z"),
        msgType: "OPR",
      },
    ],
    [
      "positionSummaryEvents",
      {
        channel: "positionSummaryEvents",
        symbol: "BTC_JPY",
        side: "SELL",
        averagePositionRate: "13500000.3333333333",
        positionLossGain: "-2040",
        sumOrderQuantity: "0.01",
        sumPositionQuantity: "0.03",
        timestamp: "2026-09-20T01:02:03.000Z",
        msgType: "INIT",
      },
      {
        kind: "positionSummary",
        symbol: "BTC_JPY",
        side: "SELL",
        averagePrice: 13_500_000n * E8 + 33_333_333n,
        lossGain: -2040n * E8,
        orderedSize: 1_000_000n,
        size: 3_000_000n,
        timestampMs: at("2026-09-20T01:02:03.000Z"),
        msgType: "INIT",
      },
    ],
    [
      "an error",
      { error: "ERR-5106 Invalid request parameter. symbol" },
      { kind: "error", code: "ERR-5106", text: "Invalid request parameter. symbol" },
    ],
    ["an error of a code alone", { error: "ERR-5003" }, { kind: "error", code: "ERR-5003", text: "" }],
    ["an error without a code", { error: "go away" }, { kind: "error", code: "UNKNOWN", text: "go away" }],
  ])("%s", (_name, wire, frame) => {
    expect(read(wire)).toEqual({ kind: "frame", frame });
  });

  test("a spot fill has no position, a MARKET order has no price", () => {
    const { positionId: _, orderPrice: __, ...spot } = EXECUTION;
    expect(read({ ...spot, executionType: "MARKET" })).toMatchObject({
      frame: { positionId: undefined, orderPrice: undefined },
    });
    expect(read({ ...ORDER, executionType: "MARKET", orderPrice: "0" })).toMatchObject({ frame: { price: undefined } });
  });

  test("a book without its time is a book", () => {
    const { timestamp: _, ...book } = BOOK;
    expect(read(book)).toMatchObject({ kind: "frame", frame: { kind: "orderBook", timestampMs: undefined } });
  });
});

describe("what does not parse says so and never throws", () => {
  test.each([
    ["no JSON", "{", undefined, "expected JSON"],
    ["no object", "7", undefined, "expected an object"],
    ["null", "null", undefined, "expected an object"],
    ["neither channel nor error", "{}", undefined, "expected a channel or an error"],
    ["an unknown channel", '{"channel":"news"}', "news", "does not know"],
    ["a channel named like a method", '{"channel":"constructor"}', "constructor", "does not know"],
    ["a number for a price", JSON.stringify({ ...ORDER, orderPrice: 13.5 }), "orderEvents", "orderPrice"],
    ["an exponent", JSON.stringify({ ...ORDER, orderSize: "1e-5" }), "orderEvents", "orderSize"],
    ["a state of REST alone", JSON.stringify({ ...ORDER, orderStatus: "EXECUTED" }), "orderEvents", "orderStatus"],
    ["an unknown change", JSON.stringify({ ...POSITION, msgType: "ZZZ" }), "positionEvents", "msgType"],
    [
      "the right spelling",
      JSON.stringify({ ...POSITION, orderdSize: undefined, orderedSize: "0" }),
      "positionEvents",
      "orderdSize",
    ],
    ["a time without a zone", JSON.stringify({ ...BOOK, timestamp: "2026-09-20 01:02:03" }), "orderbooks", "timestamp"],
  ])("%s", (_name, text, channel, reason) => {
    const result = readFrame(text);
    expect(result).toMatchObject({ kind: "unreadable", channel });
    expect(result.kind === "unreadable" && result.reason).toContain(reason);
  });
});

test("commands name a symbol on public channels and none on private ones", () => {
  const taker = { command: "subscribe", channel: "trades", symbol: "BTC_JPY", option: "TAKER_ONLY" };
  expect(PublicCommand.safeParse(taker).success).toBe(true);
  expect(PublicCommand.safeParse({ command: "subscribe", channel: "trades" }).success).toBe(false);
  expect(PrivateCommand.safeParse({ command: "subscribe", channel: "orderEvents" }).success).toBe(true);
  expect(PrivateCommand.safeParse({ command: "subscribe", channel: "orderEvents", symbol: "BTC" }).success).toBe(false);
});

test("truth 20: a fill that cannot be is no frame", () => {
  const frame = (it: object): string =>
    JSON.stringify({
      ...{ channel: "executionEvents", orderId: 1, executionId: 2, symbol: "BTC_JPY", side: "BUY", settleType: "OPEN" },
      ...{ executionType: "LIMIT", timeInForce: "FAS", executionPrice: "100", executionSize: "0.01" },
      ...{
        executionTimestamp: "2026-09-20T00:00:00.000Z",
        lossGain: "0",
        fee: "0",
        orderPrice: "100",
        orderSize: "0.01",
      },
      ...{ orderExecutedSize: "0.01", orderTimestamp: "2026-09-20T00:00:00.000Z", msgType: "ER", ...it },
    });
  expect(readFrame(frame({})).kind).toBe("frame");
  for (const it of [{ executionPrice: "0" }, { executionPrice: "99999999999" }, { executionSize: "0" }])
    expect(readFrame(frame(it))).toMatchObject({ kind: "unreadable", reason: expect.stringMatching(/^impossible: /) });
});
