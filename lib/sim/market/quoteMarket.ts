// A market fed with external quotes (paper mode: GMO's live quotes). It holds the latest quote only and no candles.
// Orders are matched against the last trade price clamped to the current bid and ask.
import { AppError } from "../../core/errors.ts";
import { type CoinE8, ceilDiv, floorDiv, type YenE8 } from "../../core/money.ts";
import { type EpochMs, plusMs } from "../../core/time.ts";
import type { SymbolRules } from "../../core/venue.ts";
import type { Best, Book, Kline, Market, Print, Touch } from "./market.ts";

/** One quote of the feed with its time. */
export interface TimedQuote {
  readonly bid: YenE8;
  readonly ask: YenE8;
  readonly last: YenE8;
  readonly atMs: EpochMs;
}

interface TickQuote {
  readonly bid: number;
  readonly ask: number;
  readonly reference: number;
  readonly firstMs: EpochMs;
  readonly atMs: EpochMs;
}

export class QuoteMarket implements Market {
  readonly kind = "quotes";
  readonly symbols: readonly string[];
  readonly #rules: ReadonlyMap<string, SymbolRules>;
  readonly #quotes = new Map<string, TickQuote>();

  constructor(rules: readonly SymbolRules[]) {
    this.symbols = rules.map((row) => row.symbol).toSorted();
    this.#rules = new Map(rules.map((row) => [row.symbol, row]));
  }

  /** Throws AppError permanent SIM_QUOTE for a crossed, empty or older quote. Does not change the market. */
  check(symbol: string, quote: TimedQuote): void {
    const before = this.#quotes.get(symbol);
    if (!this.#rules.has(symbol)) throw new RangeError(`expected one of ${this.symbols.join(", ")}, found ${symbol}`);
    if (quote.bid <= 0n || quote.ask <= quote.bid || quote.last <= 0n || (before && quote.atMs < before.atMs))
      throw new AppError(
        "permanent",
        "SIM_QUOTE",
        `expected 0 < bid < ask and a time not before ${before?.atMs ?? "the start"}, found bid ${quote.bid}, ask ${quote.ask}, last ${quote.last} at ${quote.atMs}`,
        { symbol },
      );
  }

  /** Stores a quote that passes `check`. The bid rounds down to the tick, the ask up. */
  feed(symbol: string, quote: TimedQuote): void {
    this.check(symbol, quote);
    const rules = this.#rules.get(symbol)!;
    const before = this.#quotes.get(symbol);
    const bid = Number(floorDiv(quote.bid, rules.tick));
    const ask = Number(ceilDiv(quote.ask, rules.tick));
    const last = Number(floorDiv(quote.last, rules.tick));
    const reference = Math.min(ask, Math.max(bid, last));
    this.#quotes.set(symbol, { bid, ask, reference, firstMs: before?.firstMs ?? quote.atMs, atMs: quote.atMs });
  }

  /** Holds these quotes and no others from now on, also older ones than before. */
  restore(quotes: readonly (TimedQuote & { readonly symbol: string })[]): void {
    this.#quotes.clear();
    for (const quote of quotes) this.feed(quote.symbol, quote);
  }

  fingerprint(): string {
    return "";
  }
  firstMs(symbol: string): EpochMs | undefined {
    return this.#quotes.get(symbol)?.firstMs;
  }
  last(symbol: string, atMs: EpochMs): number | undefined {
    const quote = this.#quotes.get(symbol);
    return quote && quote.atMs <= atMs ? quote.reference : undefined;
  }
  best(symbol: string, atMs: EpochMs): Best | undefined {
    const quote = this.#quotes.get(symbol);
    return quote && quote.atMs <= atMs ? { bid: quote.bid, ask: quote.ask, last: quote.reference } : undefined;
  }
  book(symbol: string, atMs: EpochMs): Book | undefined {
    const quote = this.#quotes.get(symbol);
    if (!quote || quote.atMs > atMs) return undefined;
    // A ticker has no depth: one level with the size of the largest single order.
    const size: CoinE8 = this.#rules.get(symbol)!.maxSize;
    return { asks: [{ ticks: quote.ask, size }], bids: [{ ticks: quote.bid, size }] };
  }
  firstTouch(
    symbol: string,
    { side, ticks, price = "last" }: Touch,
    fromMs: EpochMs,
    untilMs: EpochMs,
  ): EpochMs | undefined {
    const quote = this.#quotes.get(symbol);
    // Trades happen only at the instant of the quote; an older quote cannot touch again.
    if (!quote || quote.atMs < fromMs || quote.atMs > untilMs) return undefined;
    const touched =
      side === "atOrAbove"
        ? (price === "last" ? quote.reference : quote.ask) >= ticks
        : (price === "last" ? quote.reference : quote.bid) <= ticks;
    return touched ? quote.atMs : undefined;
  }
  stretch(_symbol: string, atMs: EpochMs): { readonly startMs: EpochMs; readonly endMs: EpochMs } {
    return { startMs: atMs, endMs: plusMs(atMs, 1) };
  }
  traded(): undefined {
    return undefined;
  }
  klines(): readonly Kline[] {
    return [];
  }
  prints(): readonly Print[] {
    return [];
  }
}
