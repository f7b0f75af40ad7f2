// The price range within 15 minutes: the owner's Warning "price move > 5 % in 15 min" (architecture 8.1).
import type { Candle } from "./candle.ts";

/** Alerted above this, not at exactly this. */
export const PRICE_MOVE_LIMIT = 0.05;

interface PriceMove {
  /** Highest over lowest price less one, negative when the bar fell. */
  readonly ratio: number;
  /** Yen. */
  readonly low: number;
  readonly high: number;
}

/**
 * The widest move of one bar: between its extremes, including the last close before it (a jump between two bars is a
 * move). Only closed bars are used: a move across a quarter of an hour that neither bar shows alone is not detected.
 */
export const priceMove = (bar: Candle, before: Candle | undefined): PriceMove => {
  const low = Math.min(bar.low, before?.close ?? bar.low);
  const high = Math.max(bar.high, before?.close ?? bar.high);
  const falling = bar.close < (before?.close ?? bar.open);
  const size = high / low - 1;
  return { ratio: falling ? -size : size, low, high };
};
