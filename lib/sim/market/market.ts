// The prices of the simulated venue. Every query names its time, so no caller can look ahead. Prices are whole ticks
// (exact integers in a double); the engine converts them to money.
import type { CoinE8 } from "../../core/money.ts";
import type { EpochMs } from "../../core/time.ts";

/** Full spread in basis points of the price by hour of the JST day: 24 numbers. */
export type SpreadsBps = ReadonlyMap<string, readonly number[]>;

export interface Level {
  readonly ticks: number;
  readonly size: CoinE8;
}
/** Asks ascending, bids descending; neither side is empty, and the best bid is below the best ask. */
export interface Book {
  readonly asks: readonly Level[];
  readonly bids: readonly Level[];
}
export interface Best {
  readonly bid: number;
  readonly ask: number;
  readonly last: number;
}
export interface Kline {
  readonly openMs: EpochMs;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}
export interface Print {
  readonly atMs: EpochMs;
  readonly ticks: number;
  readonly size: CoinE8;
}
export type TouchSide = "atOrAbove" | "atOrBelow";
/** Which price is compared: the last trade, or the best bid (for "atOrBelow") or ask (for "atOrAbove"). */
type TouchPrice = "last" | "touch";
/** A price at or beyond `ticks`; by default the last price. */
export interface Touch {
  readonly side: TouchSide;
  readonly ticks: number;
  readonly price?: TouchPrice;
}

export interface Market {
  readonly kind: "candles" | "quotes";
  readonly symbols: readonly string[];
  /** Equal for equal data: a simulator file is rejected in another market. Empty when there is nothing to compare. */
  fingerprint(): string;
  /** First instant with a price for this symbol; undefined before any is known. */
  firstMs(symbol: string): EpochMs | undefined;
  /** The last price at this instant (inclusive), or undefined before the first one. */
  last(symbol: string, atMs: EpochMs): number | undefined;
  /** Best bid, best ask and last price: equal to `book` and `last`, but cheaper. */
  best(symbol: string, atMs: EpochMs): Best | undefined;
  book(symbol: string, atMs: EpochMs): Book | undefined;
  /** First instant in [fromMs, untilMs] of a touch. While nothing trades (a missing candle) nothing is touched. */
  firstTouch(symbol: string, touch: Touch, fromMs: EpochMs, untilMs: EpochMs): EpochMs | undefined;
  /** The stretch of the path that contains this instant: a resting order fills at most once per stretch. */
  stretch(symbol: string, atMs: EpochMs): { readonly startMs: EpochMs; readonly endMs: EpochMs };
  /** Coins that trade in that stretch: the maximum fill of a resting order. undefined: no limit known. */
  traded(symbol: string, atMs: EpochMs): CoinE8 | undefined;
  /** Candles of `intervalMs` that open in [fromMs, toMs), as known at `nowMs`, including the running one. Ascending. */
  klines(symbol: string, intervalMs: number, fromMs: EpochMs, toMs: EpochMs, nowMs: EpochMs): readonly Kline[];
  /** Matches up to `nowMs`, newest first. */
  prints(symbol: string, nowMs: EpochMs, skip: number, count: number): readonly Print[];
}
