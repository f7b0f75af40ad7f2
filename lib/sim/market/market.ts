// What the simulated venue knows about prices. A market only ever answers for a time the caller names, so nothing above
// it can look ahead. Prices are whole ticks (exact integers in a double); money begins above this file.
import type { CoinE8 } from "../../core/money.ts";
import type { EpochMs } from "../../core/time.ts";

/** Full spread in basis points of the price by hour of the JST day: 24 numbers. */
export type SpreadsBps = ReadonlyMap<string, readonly number[]>;

export interface Level {
  readonly ticks: number;
  readonly size: CoinE8;
}
/** asks ascending, bids descending; neither empty, best bid below best ask. */
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
/** Judged by the last price, or by the side of the book that a falling (bid) or rising (ask) price is taken at. */
export type TouchPrice = "last" | "touch";
/** A price at or beyond `ticks`; by default the last one. */
export interface Touch {
  readonly side: TouchSide;
  readonly ticks: number;
  readonly price?: TouchPrice;
}

export interface Market {
  readonly kind: "candles" | "quotes";
  readonly symbols: readonly string[];
  /** Same data, same text: a simulator refuses to go on in another market. Empty when there is nothing to compare. */
  fingerprint(): string;
  /** First instant with a price for this symbol; undefined before any is known. */
  firstMs(symbol: string): EpochMs | undefined;
  /** The last price at this instant (inclusive), or undefined before the first one. */
  last(symbol: string, atMs: EpochMs): number | undefined;
  /** The touch of the book and the last price: what `book` and `last` say, cheaper. */
  best(symbol: string, atMs: EpochMs): Best | undefined;
  book(symbol: string, atMs: EpochMs): Book | undefined;
  /** First instant in [fromMs, untilMs] of a touch. Where nothing trades (a missing candle) nothing is touched. */
  firstTouch(symbol: string, touch: Touch, fromMs: EpochMs, untilMs: EpochMs): EpochMs | undefined;
  /** The stretch of the path that holds this instant: a resting order fills at most once in each. */
  stretch(symbol: string, atMs: EpochMs): { readonly startMs: EpochMs; readonly endMs: EpochMs };
  /** Coins that trade in that stretch: the most a resting order can get there. undefined: no limit known. */
  traded(symbol: string, atMs: EpochMs): CoinE8 | undefined;
  /** Candles of `intervalMs` that open in [fromMs, toMs), as known at `nowMs`, the running one included. Ascending. */
  klines(symbol: string, intervalMs: number, fromMs: EpochMs, toMs: EpochMs, nowMs: EpochMs): readonly Kline[];
  /** Matches up to `nowMs`, newest first. */
  prints(symbol: string, nowMs: EpochMs, skip: number, count: number): readonly Print[];
}
