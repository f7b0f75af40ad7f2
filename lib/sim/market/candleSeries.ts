// One symbol's recorded candles as a price path (docs/venue.md, "The path inside a candle"): open at 0, the extreme
// nearer to the open at 1/4, the other extreme at 3/4, the close at the last millisecond; linear in between, rounded to
// the tick. On a tie the low comes first when the candle rises, else the high. Between candles the price jumps; during
// a missing or empty candle the last close stays the price and nothing trades.
import { AppError } from "../../core/errors.ts";
import { type EpochMs, epochMs } from "../../core/time.ts";
import type { CandleFile } from "./candleFile.ts";
import type { Kline, TouchSide } from "./market.ts";

export class CandleSeries {
  readonly intervalMs: number;
  readonly firstMs: EpochMs;
  /** Offsets of the four path points. */
  readonly offsets: readonly [number, number, number, number];
  readonly slots: number;
  readonly #open: Float64Array;
  readonly #high: Float64Array;
  readonly #low: Float64Array;
  readonly #close: Float64Array;
  readonly #volume: Float64Array;
  /** Latest slot at or before this one that has a candle. Slot 0 always has one. */
  readonly #present: Int32Array;

  /** `tick` in yen. Throws AppError permanent CANDLE_FILE when no candle has volume. */
  constructor(file: CandleFile, tick: number) {
    // A candle without volume had no trades: the venue does not publish such a candle (GMO API 0.16).
    const candles = file.candles.filter((candle) => candle.volume > 0);
    const first = candles[0];
    const last = candles.at(-1);
    if (!first || !last)
      throw new AppError("permanent", "CANDLE_FILE", "expected candles with volume, found none; use another file");
    this.intervalMs = file.intervalMs;
    this.firstMs = first.openMs;
    this.slots = (last.openMs - first.openMs) / file.intervalMs + 1;
    this.offsets = [0, file.intervalMs / 4, (file.intervalMs * 3) / 4, file.intervalMs - 1];
    this.#open = new Float64Array(this.slots);
    this.#high = new Float64Array(this.slots);
    this.#low = new Float64Array(this.slots);
    this.#close = new Float64Array(this.slots);
    this.#volume = new Float64Array(this.slots);
    this.#present = new Int32Array(this.slots).fill(-1);
    for (const candle of candles) {
      const slot = (candle.openMs - this.firstMs) / this.intervalMs;
      this.#open[slot] = Math.round(candle.open / tick);
      this.#high[slot] = Math.round(candle.high / tick);
      this.#low[slot] = Math.round(candle.low / tick);
      this.#close[slot] = Math.round(candle.close / tick);
      this.#volume[slot] = candle.volume;
      this.#present[slot] = slot;
    }
    for (let slot = 1; slot < this.slots; slot++)
      if (this.#present[slot] === -1) this.#present[slot] = this.#present[slot - 1]!;
  }

  slotOf(atMs: EpochMs): number {
    return Math.floor((atMs - this.firstMs) / this.intervalMs);
  }
  openMsOf(slot: number): EpochMs {
    return epochMs(this.firstMs + slot * this.intervalMs);
  }
  has(slot: number): boolean {
    return slot >= 0 && slot < this.slots && this.#present[slot] === slot;
  }
  /** Coins traded in the whole candle; 0 where there is no candle. */
  volume(slot: number): number {
    return this.has(slot) ? this.#volume[slot]! : 0;
  }
  /** The latest candle at or before `slot`, or -1. */
  latest(slot: number): number {
    if (slot < 0) return -1;
    return this.#present[Math.min(slot, this.slots - 1)]!;
  }

  /** Prices of the four path points, ticks. */
  points(slot: number): readonly [number, number, number, number] {
    const open = this.#open[slot]!;
    const high = this.#high[slot]!;
    const low = this.#low[slot]!;
    const close = this.#close[slot]!;
    const up = high - open;
    const down = open - low;
    const highFirst = up < down || (up === down && close < open);
    return highFirst ? [open, high, low, close] : [open, low, high, close];
  }

  /** Ticks at an offset inside a candle. */
  #valueAt(points: readonly number[], offset: number): number {
    const leg = offset < this.offsets[1] ? 0 : offset < this.offsets[2] ? 1 : 2;
    const from = points[leg]!;
    const startMs = this.offsets[leg]!;
    return from + Math.round(((points[leg + 1]! - from) * (offset - startMs)) / (this.offsets[leg + 1]! - startMs));
  }

  last(atMs: EpochMs): number | undefined {
    const slot = this.slotOf(atMs);
    if (slot < 0) return undefined;
    if (this.has(slot)) return this.#valueAt(this.points(slot), atMs - this.openMsOf(slot));
    return this.#close[this.latest(slot)]!;
  }

  /**
   * See Market.firstTouch. Linear in the candles of the range; a candle that does not reach `ticks` costs one
   * comparison.
   */
  firstTouch(side: TouchSide, ticks: number, fromMs: EpochMs, untilMs: EpochMs): EpochMs | undefined {
    const above = side === "atOrAbove";
    const lastSlot = Math.min(this.slotOf(untilMs), this.slots - 1);
    for (let slot = Math.max(this.slotOf(fromMs), 0); slot <= lastSlot; slot++) {
      if (this.#present[slot] !== slot) continue;
      if (above ? this.#high[slot]! < ticks : this.#low[slot]! > ticks) continue;
      const openMs = this.openMsOf(slot);
      const offset = this.#touchInside(
        this.points(slot),
        above,
        ticks,
        Math.max(0, fromMs - openMs),
        Math.min(this.intervalMs - 1, untilMs - openMs),
      );
      if (offset !== undefined) return epochMs(openMs + offset);
    }
    return undefined;
  }

  #touchInside(points: readonly number[], above: boolean, ticks: number, from: number, until: number) {
    const touches = (offset: number): boolean => {
      const value = this.#valueAt(points, offset);
      return above ? value >= ticks : value <= ticks;
    };
    for (let leg = 0; leg < 3; leg++) {
      let low = Math.max(from, this.offsets[leg]!);
      let high = Math.min(until, this.offsets[leg + 1]!);
      if (low > high) continue;
      if (touches(low)) return low;
      if (!touches(high)) continue;
      // Every leg is monotone: bisect to the first millisecond that touches.
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (touches(middle)) high = middle;
        else low = middle;
      }
      return high;
    }
    return undefined;
  }

  /**
   * The leg of the path that contains `atMs`; a missing candle is one stretch. `endMs` is the first instant after it.
   */
  stretch(atMs: EpochMs): { readonly startMs: EpochMs; readonly endMs: EpochMs; readonly share: number } {
    const slot = this.slotOf(atMs);
    const openMs = this.firstMs + slot * this.intervalMs;
    const [, quarter, threeQuarters] = this.offsets;
    const offset = atMs - openMs;
    const [start, end] = !this.has(slot)
      ? [0, this.intervalMs]
      : offset < quarter
        ? [0, quarter]
        : offset < threeQuarters
          ? [quarter, threeQuarters]
          : [threeQuarters, this.intervalMs];
    return { startMs: epochMs(openMs + start), endMs: epochMs(openMs + end), share: (end - start) / this.intervalMs };
  }

  /**
   * Merges the slots [fromSlot, toSlot) into one candle, as known at `nowMs`; undefined when nothing has traded yet.
   * The running candle contributes its path so far and its volume in proportion to the elapsed time.
   */
  merge(fromSlot: number, toSlot: number, nowMs: EpochMs): Kline | undefined {
    const running = this.slotOf(nowMs);
    const end = Math.min(toSlot, this.slots, running + 1);
    let merged: { openMs: EpochMs; open: number; high: number; low: number; close: number; volume: number } | undefined;
    for (let slot = Math.max(0, fromSlot); slot < end; slot++) {
      if (this.#present[slot] !== slot) continue;
      merged ??= {
        openMs: this.openMsOf(slot),
        open: this.#open[slot]!,
        high: Number.NEGATIVE_INFINITY,
        low: Number.POSITIVE_INFINITY,
        close: 0,
        volume: 0,
      };
      const offset = slot === running ? nowMs - this.openMsOf(slot) : this.intervalMs - 1;
      if (offset === this.intervalMs - 1) {
        merged.high = Math.max(merged.high, this.#high[slot]!);
        merged.low = Math.min(merged.low, this.#low[slot]!);
        merged.close = this.#close[slot]!;
        merged.volume += this.#volume[slot]!;
      } else {
        const points = this.points(slot);
        merged.close = this.#valueAt(points, offset);
        const seen = [merged.close, ...points.filter((_, i) => this.offsets[i]! <= offset)];
        merged.high = Math.max(merged.high, ...seen);
        merged.low = Math.min(merged.low, ...seen);
        merged.volume += (this.#volume[slot]! * (offset + 1)) / this.intervalMs;
      }
    }
    return merged;
  }
}
