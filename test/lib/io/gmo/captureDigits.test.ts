// The decimals that `trader gmo decode` prints: every digit of the capture.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decode } from "../../../../lib/io/gmo/decode.ts";
import { canonicalDecimal } from "../../../../lib/io/gmo/exactText.ts";
import { LONG } from "../../../long.ts";
import { EXECUTION, FILL, KLINE, ORDER_EVENT, ofValue, ok, POSITION, SUMMARY, TICKER, TIME } from "./captureSamples.ts";

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
