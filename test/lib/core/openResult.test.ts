// What is open and what it is worth now: long and short, several positions, and prices that are too old.
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseCoin, pnlYen, toNumber, type YenE8, yen, yenE8 } from "../../../lib/core/money.ts";
import { openRatio, openResult, openTotal, priceNow, type StoredQuote } from "../../../lib/core/openResult.ts";
import { epochMs } from "../../../lib/core/time.ts";

const NOW = epochMs(1_756_000_000_000);
const quote = (ageMs: number, change: Partial<StoredQuote> = {}): StoredQuote => ({
  symbol: "BTC_JPY",
  bid: yen(10_000_000),
  ask: yen(10_001_000),
  last: yen(10_000_500),
  venueMs: epochMs(NOW - ageMs),
  seenMs: epochMs(NOW - ageMs),
  currentMs: 10_000,
  ...change,
});

test.each([
  ["a long is closed at the bid", "long", quote(0), { kind: "now", price: yen(10_000_000) }],
  ["a short is closed at the ask", "short", quote(0), { kind: "now", price: yen(10_001_000) }],
  ["just current", "long", quote(10_000), { kind: "now", ageMs: 10_000 }],
  ["just too old", "long", quote(10_001), { kind: "none", sinceMs: NOW - 10_001 }],
  ["of the last bar", "long", quote(14 * 60_000), { kind: "none", sinceMs: NOW - 14 * 60_000 }],
  [
    "read now, but the exchange repeats an old reply",
    "long",
    quote(0, { venueMs: epochMs(NOW - 60_000) }),
    { kind: "none" },
  ],
  [
    "the exchange's clock is ahead",
    "long",
    quote(3_000, { venueMs: epochMs(NOW + 60_000) }),
    { kind: "now", ageMs: 3_000 },
  ],
  ["from the future: our clock was set back", "long", quote(-3_600_000), { kind: "none" }],
  ["never read", "long", undefined, { kind: "none", sinceMs: undefined }],
] as const)("truth 11: a price %s", (_name, side, stored, expected) => {
  expect(priceNow(side, stored, NOW)).toMatchObject(expected);
});

test("truth 11: the P&L has the sign of the move, for both sides, over several positions", () => {
  const price = fc.bigInt({ min: 1n, max: 30_000_000n }).map((whole) => yen(whole));
  const part = fc.record({ price, open: fc.bigInt({ min: 0n, max: 100_000_000n }).map((n) => parseCoin("0") + n) });
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 4 }),
      price,
      fc.constantFrom("long" as const, "short" as const),
      (parts, at, side) => {
        const held = parts as { price: YenE8; open: ReturnType<typeof parseCoin> }[];
        const now = { kind: "now", price: at, atMs: NOW, ageMs: 0 } as const;
        const result = openResult(side, held, now);
        expect(result.pnl).toBe(yenE8(held.reduce((sum, p) => sum + pnlYen(side, p.price, at, p.open), 0n)));
        const other = openResult(side === "long" ? "short" : "long", held, now);
        // Each position rounds down by less than 1e-8 yen.
        expect(Math.abs(Number((result.pnl ?? 0n) + (other.pnl ?? 0n)))).toBeLessThanOrEqual(held.length);
        if (result.size > 0n) expect(Math.sign(openRatio(result) ?? 0)).toBe(Math.sign(toNumber(result.pnl ?? yen(0))));
        else expect(openRatio(result)).toBeUndefined();
        expect(openResult(side, held, { kind: "none", sinceMs: NOW }).pnl).toBeUndefined();
      },
    ),
  );
});

test("truth 11: a total of which one part has no price is not known, not a smaller one", () => {
  const parts = [{ price: yen(10_000_000), open: parseCoin("0.01") }];
  const priced = openResult("long", parts, priceNow("long", quote(0, { bid: yen(10_100_000) }), NOW));
  const unpriced = openResult("long", parts, priceNow("long", undefined, NOW));
  expect(openTotal([priced, priced])).toEqual({ pnl: yen(2_000), entryValue: yen(200_000) });
  expect(openTotal([priced, unpriced]).pnl).toBeUndefined();
  expect(openTotal([])).toEqual({ pnl: yen(0), entryValue: yen(0) });
});
