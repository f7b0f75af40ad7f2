import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Candle } from "../../../lib/core/candle.ts";
import { PRICE_MOVE_LIMIT, priceMove } from "../../../lib/core/priceMove.ts";
import { epochMs } from "../../../lib/core/time.ts";

const candle = (open: number, high: number, low: number, close: number): Candle => ({
  openMs: epochMs(0),
  open,
  high,
  low,
  close,
  volume: 1,
});

describe("a price move", () => {
  test.each([
    ["up and back counts by its extremes", candle(100, 106, 100, 101), undefined, 0.06],
    ["down is negative", candle(106, 106, 100, 101), undefined, -0.06],
    ["a jump between two bars counts", candle(106, 106, 106, 106), candle(100, 100, 100, 100), 0.06],
    ["a flat bar is none", candle(100, 100, 100, 100), candle(100, 100, 100, 100), 0],
  ])("%s", (_name, bar, before, ratio) => {
    expect(priceMove(bar, before).ratio).toBeCloseTo(ratio, 12);
  });

  test("is never smaller than the change of the close, and has its sign", () => {
    const price = fc.double({ min: 1, max: 1e8, noNaN: true });
    fc.assert(
      fc.property(price, price, price, price, (a, b, c, last) => {
        const [low, high] = [Math.min(a, b, c), Math.max(a, b, c)];
        const move = priceMove(candle(a, high, low, c), candle(last, last, last, last));
        const change = c / last - 1;
        expect(Math.abs(move.ratio)).toBeGreaterThanOrEqual(Math.abs(change < 0 ? last / c - 1 : change) - 1e-9);
        if (change !== 0) expect(Math.sign(move.ratio)).toBe(Math.sign(change));
      }),
    );
  });

  test("is reported above five percent, not at five", () => {
    expect(Math.abs(priceMove(candle(100, 105, 100, 105), undefined).ratio) > PRICE_MOVE_LIMIT + 1e-12).toBe(false);
  });
});
