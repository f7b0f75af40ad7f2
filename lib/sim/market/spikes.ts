// Price spikes applied to recorded candles before the market is built from them, so that path, klines, trades and stops
// all see the same spike. Pure.
import type { Candle } from "../../core/candle.ts";
import { AppError } from "../../core/errors.ts";
import { type EpochMs, isoUtc } from "../../core/time.ts";
import type { CandleFile } from "./candleFile.ts";

export interface Spike {
  readonly symbol: string;
  readonly atMs: EpochMs;
  /** Percent of the price: -30 multiplies it by 0.7. */
  readonly percent: number;
  /** 0: one wick in the candle that contains `atMs`. Above 0: every candle that opens in [atMs, atMs + durationMs). */
  readonly durationMs: number;
}

/** Throws AppError permanent SIM_FAULTS for a spike at a time without a candle or of a symbol without candles. */
export const applySpikes = (
  candles: Readonly<Record<string, CandleFile>>,
  spikes: readonly Spike[],
): Readonly<Record<string, CandleFile>> => {
  const spiked: Record<string, CandleFile> = { ...candles };
  for (const spike of spikes) {
    const file = spiked[spike.symbol];
    const rows = file?.candles.map((candle) =>
      isInSpike(spike, candle, file.intervalMs) ? withSpike(candle, spike) : candle,
    );
    if (!file || !rows || rows.every((row, i) => row === file.candles[i]))
      throw new AppError(
        "permanent",
        "SIM_FAULTS",
        `expected a candle of ${spike.symbol} at ${isoUtc(spike.atMs)} for the spike, found none`,
      );
    spiked[spike.symbol] = { ...file, candles: rows };
  }
  return spiked;
};

const isInSpike = ({ atMs, durationMs }: Spike, { openMs }: Candle, intervalMs: number): boolean =>
  durationMs === 0 ? atMs >= openMs && atMs < openMs + intervalMs : openMs >= atMs && openMs < atMs + durationMs;

const withSpike = (candle: Candle, { percent, durationMs }: Spike): Candle => {
  const factor = 1 + percent / 100;
  if (durationMs > 0)
    return {
      ...candle,
      open: candle.open * factor,
      high: candle.high * factor,
      low: candle.low * factor,
      close: candle.close * factor,
    };
  const wick = candle.open * factor;
  return { ...candle, high: Math.max(candle.high, wick), low: Math.min(candle.low, wick) };
};
