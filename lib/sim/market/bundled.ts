// Reads the data that ship with the program for `trader start` (lib/sim/data/README.md).
import { readFileSync } from "node:fs";
import { z } from "zod";
import { type EpochMs, parseInstant } from "../../core/time.ts";
import { projectPath } from "../../io/paths.ts";
import { type CandleFile, readCandleFile } from "./candleFile.ts";

/** First instant of the bundled candles and the first instant after them. */
export const BUNDLED_FROM_MS: EpochMs = parseInstant("2025-06-30T21:00:00Z");
export const BUNDLED_TO_MS: EpochMs = parseInstant("2025-08-14T21:00:00Z");
export const BUNDLED_SYMBOLS = ["BTC_JPY", "ETH_JPY"] as const;
type BundledSymbol = (typeof BUNDLED_SYMBOLS)[number];

const data = (name: string): string => projectPath("lib", "sim", "data", name);
export const bundledCandleFile = (symbol: BundledSymbol): string => data(`${symbol}_1m.csv.gz`);
let candles: Readonly<Record<BundledSymbol, CandleFile>> | undefined;
/**
 * Reads and checks the files once: they do not change while the program runs. Throws AppError permanent CANDLE_FILE.
 */
export const bundledCandles = (): Readonly<Record<BundledSymbol, CandleFile>> => {
  candles ??= {
    BTC_JPY: readCandleFile(bundledCandleFile("BTC_JPY")),
    ETH_JPY: readCandleFile(bundledCandleFile("ETH_JPY")),
  };
  return candles;
};
/** CSV `time_utc,currency,importance,title`. */
export const bundledEventsFile = (): string => data("economic_events.csv");

const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour));
const SpreadFile = z.object({
  bpsByJstHour: z.record(z.string(), z.record(z.enum(HOURS), z.number().nonnegative())),
  factorOfBtc: z.record(z.string(), z.number().positive()),
});
/**
 * Full spread in basis points of the mid price by hour of the JST day (24 numbers), per symbol. A coin has the spread
 * of its margin symbol.
 */
export const bundledSpreads = (): ReadonlyMap<string, readonly number[]> => {
  const file = SpreadFile.parse(JSON.parse(readFileSync(data("spread_by_hour.json"), "utf8")));
  const hours = file.bpsByJstHour["BTC_JPY"];
  if (!hours) throw new RangeError("spread_by_hour.json: expected hours of BTC_JPY, found none; restore the file");
  const btc = HOURS.map((hour) => hours[hour]!);
  const margin = [
    ["BTC_JPY", btc] as const,
    ...Object.entries(file.factorOfBtc).map(([symbol, factor]) => [symbol, btc.map((bps) => bps * factor)] as const),
  ];
  return new Map([...margin, ...margin.map(([symbol, bps]) => [symbol.replace(/_JPY$/, ""), bps] as const)]);
};
