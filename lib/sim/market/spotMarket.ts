// Adds spot symbols to a market that has margin symbols only: the margin path times a factor (docs/venue.md). A spot
// symbol that has its own candles does not need this: pass its file to CandleMarket. Every result is a pure function of
// the source.
import { type CoinE8, coinE8, floorToStep, maxBig, toNumber } from "../../core/money.ts";
import type { EpochMs } from "../../core/time.ts";
import type { SymbolRules } from "../../core/venue.ts";
import type { Best, Book, Kline, Level, Market, Print, Touch, TouchSide } from "./market.ts";

interface SpotSource {
  /** The margin symbol whose path the spot symbol follows. */
  readonly of: string;
  /** Spot price over margin price, above 0. */
  readonly factor: number;
}
/** Margin was observed 0.03 to 0.15 % above spot (GMO API 14.21): 0.9991 is the middle of that range. */
const SPOT_FACTOR = 0.9991;
const SPOT_SOURCES: Readonly<Record<string, SpotSource>> = {
  BTC: { of: "BTC_JPY", factor: SPOT_FACTOR },
  ETH: { of: "ETH_JPY", factor: SPOT_FACTOR },
};

/** The coins that have no candles of their own among `symbols`, and what they follow. */
export const followersOf = (symbols: readonly string[]): readonly (SpotSource & { readonly symbol: string })[] =>
  Object.entries(SPOT_SOURCES).flatMap(([symbol, source]) =>
    symbols.includes(source.of) && !symbols.includes(symbol) ? [{ symbol, ...source }] : [],
  );

interface Derived {
  readonly of: string;
  /** Spot ticks per tick of the margin symbol. */
  readonly scale: number;
  readonly rules: SymbolRules;
}

export class SpotMarket implements Market {
  readonly kind;
  readonly symbols: readonly string[];
  readonly #derived = new Map<string, Derived>();

  /** Adds each spot symbol that `market` lacks and whose margin symbol `market` has. */
  constructor(
    private readonly market: Market,
    rules: readonly SymbolRules[],
    private readonly sources: Readonly<Record<string, SpotSource>> = SPOT_SOURCES,
  ) {
    this.kind = market.kind;
    const ruleOf = (symbol: string): SymbolRules => {
      const rule = rules.find((row) => row.symbol === symbol);
      if (!rule) throw new RangeError(`expected symbol rules of ${symbol}, found none`);
      return rule;
    };
    for (const [symbol, { of, factor }] of Object.entries(sources)) {
      if (!market.symbols.includes(of) || market.symbols.includes(symbol)) continue;
      if (!(factor > 0)) throw new RangeError(`expected a factor above 0 for ${symbol}, found ${factor}`);
      const own = ruleOf(symbol);
      const scale = (factor * toNumber(ruleOf(of).tick)) / toNumber(own.tick);
      this.#derived.set(symbol, { of, scale, rules: own });
    }
    this.symbols = [...market.symbols, ...this.#derived.keys()].toSorted();
  }

  #source(symbol: string): string {
    return this.#derived.get(symbol)?.of ?? symbol;
  }
  #map(symbol: string, ticks: number): number {
    const derived = this.#derived.get(symbol);
    return derived === undefined ? ticks : Math.max(1, Math.round(ticks * derived.scale));
  }

  fingerprint(): string {
    const sourceFingerprint = this.market.fingerprint();
    return sourceFingerprint === "" ? "" : `${sourceFingerprint} spot ${JSON.stringify(this.sources)}`;
  }
  firstMs(symbol: string): EpochMs | undefined {
    return this.market.firstMs(this.#source(symbol));
  }
  last(symbol: string, atMs: EpochMs): number | undefined {
    const last = this.market.last(this.#source(symbol), atMs);
    return last === undefined ? undefined : this.#map(symbol, last);
  }
  best(symbol: string, atMs: EpochMs): Best | undefined {
    const best = this.market.best(this.#source(symbol), atMs);
    if (!best || !this.#derived.has(symbol)) return best;
    const last = this.#map(symbol, best.last);
    return {
      last,
      bid: Math.min(last - 1, this.#map(symbol, best.bid)),
      ask: Math.max(last + 1, this.#map(symbol, best.ask)),
    };
  }
  book(symbol: string, atMs: EpochMs): Book | undefined {
    const book = this.market.book(this.#source(symbol), atMs);
    const derived = this.#derived.get(symbol);
    const best = this.best(symbol, atMs);
    if (!book || !derived || !best) return book;
    const { sizeStep, minSize } = derived.rules;
    const side = (levels: readonly Level[], first: number, sign: 1 | -1): Level[] => {
      let before = first - sign;
      return levels.map(({ ticks, size }) => {
        // Rounding can map two levels to one price: keep each at least one tick beyond the previous level.
        const mapped = this.#map(symbol, ticks);
        before = sign > 0 ? Math.max(before + 1, mapped) : Math.min(before - 1, mapped);
        return { ticks: before, size: maxBig(floorToStep(size, sizeStep), minSize) };
      });
    };
    return { asks: side(book.asks, best.ask, 1), bids: side(book.bids, best.bid, -1).filter((row) => row.ticks > 0) };
  }
  /** `touch.price` is used for positions, which exist for margin symbols only; those come from the source unchanged. */
  firstTouch(symbol: string, touch: Touch, fromMs: EpochMs, untilMs: EpochMs): EpochMs | undefined {
    const ticks = this.#unmap(symbol, touch.side, touch.ticks);
    return this.market.firstTouch(this.#source(symbol), { ...touch, ticks }, fromMs, untilMs);
  }
  /** The nearest margin price whose spot price is at or beyond `ticks`. Exact, because the mapping is monotone. */
  #unmap(symbol: string, side: TouchSide, ticks: number): number {
    const derived = this.#derived.get(symbol);
    // No price is below one tick: an unreachable level must stay unreachable.
    if (!derived || ticks < 1) return ticks;
    const reached = (source: number): boolean =>
      side === "atOrAbove" ? this.#map(symbol, source) >= ticks : this.#map(symbol, source) <= ticks;
    const step = side === "atOrAbove" ? 1 : -1;
    let source = Math.round(ticks / derived.scale);
    while (!reached(source)) source += step;
    while (source > 0 && reached(source - step)) source -= step;
    return source;
  }
  stretch(symbol: string, atMs: EpochMs): { readonly startMs: EpochMs; readonly endMs: EpochMs } {
    return this.market.stretch(this.#source(symbol), atMs);
  }
  traded(symbol: string, atMs: EpochMs): CoinE8 | undefined {
    const traded = this.market.traded(this.#source(symbol), atMs);
    return traded === undefined ? undefined : coinE8(traded);
  }
  klines(symbol: string, intervalMs: number, fromMs: EpochMs, toMs: EpochMs, nowMs: EpochMs): readonly Kline[] {
    const rows = this.market.klines(this.#source(symbol), intervalMs, fromMs, toMs, nowMs);
    if (!this.#derived.has(symbol)) return rows;
    const map = (ticks: number): number => this.#map(symbol, ticks);
    return rows.map((row) => ({
      ...row,
      open: map(row.open),
      high: map(row.high),
      low: map(row.low),
      close: map(row.close),
    }));
  }
  prints(symbol: string, nowMs: EpochMs, skip: number, count: number): readonly Print[] {
    const prints = this.market.prints(this.#source(symbol), nowMs, skip, count);
    if (!this.#derived.has(symbol)) return prints;
    return prints.map((print) => ({ ...print, ticks: this.#map(symbol, print.ticks) }));
  }
}
