// What an open position is worth now: from the newest known prices and their age. A price that is too old is no price;
// nothing is computed from it. Pure.
import { type CoinE8, notionalYen, pnlYen, toNumber, type YenE8, yenE8 } from "./money.ts";
import { type EpochMs, SECOND_MS } from "./time.ts";
import type { Direction } from "./venue.ts";

/** Best prices of a symbol with the two times that say how old they are. */
export interface StoredQuote {
  readonly symbol: string;
  readonly bid: YenE8;
  readonly ask: YenE8;
  readonly last: YenE8;
  /** The venue's time of the prices, on our clock where the offset is known. */
  readonly venueMs: EpochMs;
  /** Our time when they were read. */
  readonly seenMs: EpochMs;
  /** Older than this they are no current prices any more; set by who reads them. */
  readonly currentMs: number;
}

/** Clocks differ by so much without any fault. */
const AHEAD_MS = SECOND_MS;
/**
 * The time the prices are from: the venue's, or ours when the venue's clock is ahead. Reading a repeated old reply does
 * not make it newer.
 */
export const quoteTimeMs = ({ venueMs, seenMs }: Pick<StoredQuote, "venueMs" | "seenMs">): EpochMs =>
  venueMs < seenMs ? venueMs : seenMs;

/** The price that closing would get now, or since when none is known. */
type PriceNow =
  | { readonly kind: "now"; readonly price: YenE8; readonly atMs: EpochMs; readonly ageMs: number }
  | { readonly kind: "none"; readonly sinceMs: EpochMs | undefined };

/** A time in the future (the clock was set back) says nothing: no price. */
export const priceNow = (direction: Direction, quote: StoredQuote | undefined, nowMs: EpochMs): PriceNow => {
  if (quote === undefined) return { kind: "none", sinceMs: undefined };
  const atMs = quoteTimeMs(quote);
  const ageMs = nowMs - atMs;
  if (ageMs > quote.currentMs || ageMs < -AHEAD_MS) return { kind: "none", sinceMs: atMs };
  return { kind: "now", price: direction === "long" ? quote.bid : quote.ask, atMs, ageMs: Math.max(0, ageMs) };
};

interface OpenPart {
  readonly price: YenE8;
  readonly open: CoinE8;
}
export interface OpenResult {
  /** Coins still open. */
  readonly size: CoinE8;
  /** Value of the open part at its entry prices. */
  readonly entryValue: YenE8;
  readonly price: PriceNow;
  /**
   * What closing the open part at `price` would gain: a long at the bid, a short at the ask, so the spread is paid. As the
   * account's own open P&L it is before the fees of the closing order. Rounded down. undefined without a price.
   */
  readonly pnl: YenE8 | undefined;
}
/** The open part of one trade, whose positions all have its direction. */
export const openResult = (direction: Direction, parts: readonly OpenPart[], price: PriceNow): OpenResult => {
  const open = parts.filter((p) => p.open > 0n);
  const sum = (of: (p: OpenPart) => bigint): bigint => open.reduce((total, p) => total + of(p), 0n);
  return {
    size: sum((p) => p.open) as CoinE8,
    entryValue: yenE8(sum((p) => notionalYen(p.price, p.open))),
    price,
    pnl: price.kind === "now" ? yenE8(sum((p) => pnlYen(direction, p.price, price.price, p.open))) : undefined,
  };
};
/** P&L over the value at entry, 0.01 = 1 %; undefined without a price or without an open part. */
export const openRatio = ({ pnl, entryValue }: Pick<OpenResult, "pnl" | "entryValue">): number | undefined =>
  pnl === undefined || entryValue === 0n ? undefined : toNumber(pnl) / toNumber(entryValue);

/** Several trades together; `pnl` undefined when one of them has no price: a part is not a total. */
export const openTotal = (results: readonly OpenResult[]): Pick<OpenResult, "pnl" | "entryValue"> => {
  const priced = results.flatMap((r) => (r.pnl === undefined ? [] : [r.pnl]));
  return {
    pnl: priced.length === results.length ? yenE8(priced.reduce<bigint>((a, b) => a + b, 0n)) : undefined,
    entryValue: yenE8(results.reduce((sum, r) => sum + r.entryValue, 0n)),
  };
};
