// Recorded days moved to now, so that a program that reads the real time can trade them.
import { DAY_MS, type EpochMs, epochMs } from "../../core/time.ts";
import type { CandleFile } from "./candleFile.ts";

/** So much of the recording is left after the moment it is moved to. */
const AHEAD_MS = DAY_MS;

/**
 * The same candles, later by whole days: the time of day stays, and with it spreads, the venue's day and its maintenance.
 * `nowMs` falls into the last recorded day but one, whatever the days are.
 */
export const shiftCandles = <S extends string>(
  files: Readonly<Record<S, CandleFile>>,
  nowMs: EpochMs,
): Readonly<Record<S, CandleFile>> => {
  const ends = Object.values<CandleFile>(files).map(
    ({ candles, intervalMs }) => (candles.at(-1)?.openMs ?? 0) + intervalMs,
  );
  const byMs = Math.ceil((nowMs + AHEAD_MS - Math.min(...ends)) / DAY_MS) * DAY_MS;
  const moved = (file: CandleFile): CandleFile => ({
    ...file,
    candles: file.candles.map((candle) => ({ ...candle, openMs: epochMs(candle.openMs + byMs) })),
  });
  return Object.fromEntries(
    Object.entries<CandleFile>(files).map(([symbol, file]) => [symbol, moved(file)]),
  ) as Readonly<Record<S, CandleFile>>;
};
