import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ceilDiv,
  ceilToStep,
  coinE8,
  E8,
  floorDiv,
  floorToStep,
  formatE8,
  fromNumber,
  notionalYen,
  parseE8,
  pnlYen,
  yen,
  yenE8,
} from "../../../lib/core/money.ts";

describe("decimal strings", () => {
  test.each([
    ["0", 0n],
    ["1", E8],
    ["0.00001", 1_000n],
    ["-12.34", -1_234_000_000n],
    ["17345678", 1_734_567_800_000_000n],
    ["0.100000000", 10_000_000n], // trailing zeros beyond 8 decimals change nothing
  ])("parses %s exactly", (text, value) => {
    expect(parseE8(text)).toBe(value);
  });
  test.each(["", " 1", "1e-5", ".5", "1.", "+1", "0x10", "1,000", "NaN", "0.000000001", "--1"])(
    "refuses %j",
    (text) => {
      expect(() => parseE8(text)).toThrow(RangeError);
    },
  );
  test("format and parse are inverse", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), (value) => {
        expect(parseE8(formatE8(value))).toBe(value);
        expect(formatE8(value)).not.toMatch(/e/i);
      }),
    );
  });
});

describe("rounding sides", () => {
  test("floorDiv and ceilDiv bracket the true quotient", () => {
    fc.assert(
      fc.property(
        fc.bigInt(),
        fc.bigInt().filter((b) => b !== 0n),
        (a, b) => {
          const low = floorDiv(a, b);
          const high = ceilDiv(a, b);
          const sign = b > 0n ? 1n : -1n;
          expect(low * b * sign <= a * sign && high * b * sign >= a * sign).toBe(true);
          expect(high - low === 0n || high - low === 1n).toBe(true);
        },
      ),
    );
  });
  test("steps never move a value past itself", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.bigInt({ min: 1n, max: 10n ** 10n }), (value, step) => {
        const low = floorToStep(value, step);
        const high = ceilToStep(value, step);
        expect(low <= value && value - low < step && low % step === 0n).toBe(true);
        expect(high >= value && high - value < step && high % step === 0n).toBe(true);
      }),
    );
  });
  test("a notional is never understated and a profit never overstated", () => {
    const price = fc.bigInt({ min: 1n, max: 10n ** 18n }).map(yenE8);
    const size = fc.bigInt({ min: 1n, max: 10n ** 12n }).map(coinE8);
    fc.assert(
      fc.property(price, price, size, (entry, exit, coins) => {
        expect(notionalYen(entry, coins) * E8 >= entry * coins).toBe(true);
        const long = pnlYen("long", entry, exit, coins);
        const short = pnlYen("short", entry, exit, coins);
        expect(long * E8 <= (exit - entry) * coins).toBe(true);
        expect(short * E8 <= (entry - exit) * coins).toBe(true);
        expect(long + short <= 0n).toBe(true);
      }),
    );
  });
  test("the sample of the design: 0.005 BTC from 17,500,000 to 17,552,500 earns 262.5 yen", () => {
    expect(formatE8(pnlYen("long", yen(17_500_000), yen(17_552_500), coinE8(500_000n)))).toBe("262.5");
  });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])("fromNumber refuses %s", (value) => {
  expect(() => fromNumber(value)).toThrow(RangeError);
});
