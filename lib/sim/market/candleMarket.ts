// A market driven by recorded candles. The price path comes from the candles (candleSeries.ts); the book around it is a
// documented estimate (docs/venue.md): spread by hour of the day, depth in proportion to the previous minute's volume.
import { createHash } from "node:crypto";
import { AppError } from "../../core/errors.ts";
import { type CoinE8, coinE8, floorToStep, fromNumber, maxBig, toNumber } from "../../core/money.ts";
import { type EpochMs, epochMs, HOUR_MS, MINUTE_MS } from "../../core/time.ts";
import type { SymbolRules } from "../../core/venue.ts";
import { type CandleFile, readCandleFile } from "./candleFile.ts";
import { CandleSeries } from "./candleSeries.ts";
import type { Best, Book, Kline, Level, Market, Print, SpreadsBps, Touch, TouchSide } from "./market.ts";

interface CandleMarketOptions {
  readonly candles: Readonly<Record<string, CandleFile>>;
  readonly rules: readonly SymbolRules[];
  readonly spreadsBps: SpreadsBps;
  /**
   * Share of the recorded volume that this venue would have traded. Default 0.02: GMO BTC_JPY traded about 2 % of the
   * Binance volume in the derived files (lib/sim/data/README.md). Use 1 for candles of the venue itself.
   */
  readonly volumeShare?: number;
  /** Levels per side of the book; deeper levels are larger. Default 20. GMO: 30 on the socket, up to 500 over REST. */
  readonly bookLevels?: number;
}

const BOOK_LEVELS = 20;
/**
 * Size of the best level as a share of the venue's volume of the previous minute; level k holds (1 + k/2) times as
 * much.
 */
const BEST_LEVEL_SHARE = 0.1;

interface SymbolMarket {
  readonly series: CandleSeries;
  readonly rules: SymbolRules;
  readonly spreadBps: readonly number[];
}

export class CandleMarket implements Market {
  readonly kind = "candles";
  readonly symbols: readonly string[];
  readonly #bySymbol = new Map<string, SymbolMarket>();
  readonly #volumeShare: number;
  readonly #bookLevels: number;
  readonly #fingerprint: string;

  constructor({ candles, rules, spreadsBps, volumeShare = 0.02, bookLevels = BOOK_LEVELS }: CandleMarketOptions) {
    this.symbols = Object.keys(candles).toSorted();
    this.#volumeShare = volumeShare;
    this.#bookLevels = bookLevels;
    const hash = createHash("sha256").update(String(volumeShare));
    if (bookLevels !== BOOK_LEVELS) hash.update(` ${bookLevels} levels`);
    for (const symbol of this.symbols) {
      const rule = rules.find((row) => row.symbol === symbol);
      const spreadBps = spreadsBps.get(symbol);
      if (!rule || !spreadBps)
        throw new AppError(
          "permanent",
          "SIM_MARKET",
          `expected ${rule ? "spreads" : "symbol rules"} of ${symbol}, found none; known: ${rules.map((row) => row.symbol).join(", ")}`,
        );
      const file = candles[symbol]!;
      this.#bySymbol.set(symbol, { series: new CandleSeries(file, toNumber(rule.tick)), rules: rule, spreadBps });
      hash.update(`${symbol} ${file.intervalMs} ${spreadBps.join(" ")}`);
      for (const { openMs, open, high, low, close, volume } of file.candles)
        hash.update(`${openMs},${open},${high},${low},${close},${volume};`);
    }
    this.#fingerprint = hash.digest("hex");
  }

  /** Reads `SYMBOL -> file`. Throws AppError permanent CANDLE_FILE. */
  static fromFiles(
    files: Readonly<Record<string, string>>,
    options: Omit<CandleMarketOptions, "candles">,
  ): CandleMarket {
    const candles = Object.fromEntries(Object.entries(files).map(([symbol, path]) => [symbol, readCandleFile(path)]));
    return new CandleMarket({ ...options, candles });
  }

  fingerprint(): string {
    return this.#fingerprint;
  }
  #of(symbol: string): SymbolMarket {
    const market = this.#bySymbol.get(symbol);
    if (!market) throw new RangeError(`expected one of ${this.symbols.join(", ")}, found ${symbol}`);
    return market;
  }
  firstMs(symbol: string): EpochMs {
    return this.#of(symbol).series.firstMs;
  }
  /** First instant after the recorded candles. */
  endMs(symbol: string): EpochMs {
    const { series } = this.#of(symbol);
    return series.openMsOf(series.slots);
  }
  last(symbol: string, atMs: EpochMs): number | undefined {
    return this.#of(symbol).series.last(atMs);
  }
  firstTouch(
    symbol: string,
    { side, ticks, price = "last" }: Touch,
    fromMs: EpochMs,
    untilMs: EpochMs,
  ): EpochMs | undefined {
    const { series } = this.#of(symbol);
    if (price === "last") return series.firstTouch(side, ticks, fromMs, untilMs);
    // The spread changes with the hour, and so does the last price at which the best bid or ask equals `ticks`.
    const stopMs = Math.min(untilMs, this.endMs(symbol));
    for (let startMs = fromMs; startMs <= stopMs; ) {
      const nextHourMs = epochMs((Math.floor(startMs / HOUR_MS) + 1) * HOUR_MS);
      const level = this.#lastWhenTouchAt(symbol, side, ticks, startMs);
      const atMs = series.firstTouch(side, level, startMs, epochMs(Math.min(stopMs, nextHourMs - 1)));
      if (atMs !== undefined) return atMs;
      startMs = nextHourMs;
    }
    return undefined;
  }
  /** In this hour: the last price nearest to `ticks` at which the bid is at or below it, or the ask at or above it. */
  #lastWhenTouchAt(symbol: string, side: TouchSide, ticks: number, atMs: EpochMs): number {
    const sign = side === "atOrBelow" ? 1 : -1;
    const reaches = (last: number): boolean =>
      (ticks - (last - sign * this.#halfSpread(symbol, last, atMs))) * sign >= 0;
    let last = ticks + sign * this.#halfSpread(symbol, ticks, atMs);
    while (!reaches(last)) last -= sign;
    while (reaches(last + sign)) last += sign;
    return last;
  }
  stretch(symbol: string, atMs: EpochMs): { readonly startMs: EpochMs; readonly endMs: EpochMs } {
    return this.#of(symbol).series.stretch(atMs);
  }
  traded(symbol: string, atMs: EpochMs): CoinE8 {
    const { series } = this.#of(symbol);
    const coins = series.volume(series.slotOf(atMs)) * series.stretch(atMs).share * this.#volumeShare;
    return coinE8(fromNumber(coins));
  }

  /** Half of the hour's spread, at least one tick. */
  #halfSpread(symbol: string, last: number, atMs: EpochMs): number {
    const hour = Math.floor(atMs / HOUR_MS + 9) % 24;
    return Math.max(1, Math.round((last * this.#of(symbol).spreadBps[hour]!) / 20_000));
  }
  best(symbol: string, atMs: EpochMs): Best | undefined {
    const last = this.last(symbol, atMs);
    if (last === undefined) return undefined;
    const half = this.#halfSpread(symbol, last, atMs);
    return { bid: last - half, ask: last + half, last };
  }
  book(symbol: string, atMs: EpochMs): Book | undefined {
    const { series, rules } = this.#of(symbol);
    const last = series.last(atMs);
    if (last === undefined) return undefined;
    const half = this.#halfSpread(symbol, last, atMs);
    const gap = Math.max(1, Math.round(half / 4));
    // Uses the previous minute, not the current one: the book must not reveal how much is going to trade.
    const before = series.latest(series.slotOf(atMs) - 1);
    const perMinute = (before < 0 ? 0 : series.volume(before)) * (MINUTE_MS / series.intervalMs) * this.#volumeShare;
    const side = (sign: 1 | -1): Level[] => {
      const levels: Level[] = [];
      for (let k = 0; k < this.#bookLevels; k++) {
        const ticks = last + sign * (half + k * gap);
        if (ticks <= 0) break;
        const size = coinE8(fromNumber(perMinute * BEST_LEVEL_SHARE * (1 + k / 2)));
        levels.push({ ticks, size: maxBig(floorToStep(size, rules.sizeStep), rules.minSize) });
      }
      return levels;
    };
    return { asks: side(1), bids: side(-1) };
  }

  klines(symbol: string, intervalMs: number, fromMs: EpochMs, toMs: EpochMs, nowMs: EpochMs): readonly Kline[] {
    const { series } = this.#of(symbol);
    const rows: Kline[] = [];
    if (intervalMs < series.intervalMs) return rows;
    const slotAt = (ms: number): number => Math.ceil((ms - series.firstMs) / series.intervalMs);
    const endMs = Math.min(toMs, nowMs + 1, this.endMs(symbol));
    // Intervals before the first candle are empty: start at the interval that contains it.
    const skipped = Math.max(0, Math.floor((series.firstMs - fromMs) / intervalMs));
    for (let openMs = fromMs + skipped * intervalMs; openMs < endMs; openMs += intervalMs) {
      const row = series.merge(slotAt(openMs), slotAt(openMs + intervalMs), nowMs);
      if (row) rows.push({ ...row, openMs: epochMs(openMs) });
    }
    return rows;
  }

  prints(symbol: string, nowMs: EpochMs, skip: number, count: number): readonly Print[] {
    const { series, rules } = this.#of(symbol);
    const prints: Print[] = [];
    let toSkip = skip;
    for (let slot = series.latest(series.slotOf(nowMs)); slot >= 0; slot = series.latest(slot - 1)) {
      const openMs = series.openMsOf(slot);
      const points = series.points(slot);
      // Four matches per candle, each printed as a BUY and a SELL row: together they are the candle's volume (GMO API
      // 4.5).
      const size = maxBig(floorToStep(coinE8(fromNumber(series.volume(slot) / 8)), rules.sizeStep), rules.sizeStep);
      for (let i = 3; i >= 0; i--) {
        const atMs = epochMs(openMs + series.offsets[i]!);
        if (atMs > nowMs) continue;
        if (toSkip > 0) toSkip -= 1;
        else if (prints.push({ atMs, ticks: points[i]!, size }) >= count) return prints;
      }
    }
    return prints;
  }
}
