// A scripted price path for tests: one-minute candles, said in words. The simulator walks each candle as docs/venue.md
// says: open, nearer extreme at 15 s, farther extreme at 45 s, close; so a rising minute rises between 15 s and 45 s.
import type { Candle } from "../../lib/core/candle.ts";
import { type EpochMs, epochMs, MINUTE_MS } from "../../lib/core/time.ts";
import type { CandleFile } from "../../lib/sim/market/candleFile.ts";

export class Script {
  readonly #candles: Candle[] = [];
  #price: number;
  #nextMs: EpochMs;
  constructor(
    /** Whole minutes. */
    readonly startMs: EpochMs,
    price: number,
    /** Coins traded per minute; decides how large a partial fill is. */
    readonly volume = 100,
  ) {
    this.#nextMs = startMs;
    this.#price = price;
  }
  #push(open: number, high: number, low: number, close: number, volume: number): this {
    this.#candles.push({ openMs: this.#nextMs, open, high, low, close, volume });
    this.#nextMs = epochMs(this.#nextMs + MINUTE_MS);
    this.#price = close;
    return this;
  }
  /** Nothing happens. */
  flat(minutes: number): this {
    for (let i = 0; i < minutes; i++) this.#push(this.#price, this.#price, this.#price, this.#price, this.volume);
    return this;
  }
  /** Straight to `price` over `minutes`. */
  to(price: number, minutes = 1, volume = this.volume): this {
    const from = this.#price;
    for (let i = 1; i <= minutes; i++) {
      const next = Math.round(from + ((price - from) * i) / minutes);
      this.#push(this.#price, Math.max(this.#price, next), Math.min(this.#price, next), next, volume);
    }
    return this;
  }
  /** One minute out to `price` and back to where it was. */
  spike(price: number, volume = this.volume): this {
    const from = this.#price;
    return this.#push(from, Math.max(from, price), Math.min(from, price), from, volume);
  }
  /** One minute said in full; it opens where the last one closed. */
  candle(high: number, low: number, close: number, volume = this.volume): this {
    return this.#push(this.#price, high, low, close, volume);
  }
  /** The next minute opens at `price`: nothing trades on the way. */
  gap(price: number): this {
    this.#price = price;
    return this;
  }
  build(): CandleFile {
    return { candles: this.#candles, intervalMs: MINUTE_MS };
  }
}
