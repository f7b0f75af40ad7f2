// Builds the venue for a server from files and options: candles (with the spikes of the script), spot symbols, the
// book, the account, the faults. Used by `trader simulator` and by tests.
import { existsSync } from "node:fs";
import { AppError } from "../../core/errors.ts";
import { type YenE8, yen } from "../../core/money.ts";
import { type EpochMs, epochMs } from "../../core/time.ts";
import { realClock } from "../../io/clock.ts";
import type { Credentials } from "../../io/gmo/sign.ts";
import type { OnRead } from "../../io/readProgress.ts";
import { ALL_RULES } from "../engine/symbolRules.ts";
import type { FaultScript } from "../faults/faults.ts";
import type { Faults } from "../faults/faultTypes.ts";
import { bundledCandles, bundledSpreads } from "../market/bundled.ts";
import { type CandleFile, readCandleFile } from "../market/candleFile.ts";
import { CandleMarket } from "../market/candleMarket.ts";
import { shiftCandles } from "../market/shiftCandles.ts";
import { applySpikes } from "../market/spikes.ts";
import { SpotMarket } from "../market/spotMarket.ts";
import { Simulator } from "../simulator.ts";
import { SimStore } from "../store/store.ts";
import { type GivenOptions, MARKET_OPTIONS, SERVED_VENUE_OPTIONS } from "./optionTable.ts";
import type { VenueServerConfig } from "./server.ts";

/** Symbols that can be given candles. */
export const CANDLE_SYMBOLS: readonly string[] = ALL_RULES.map((row) => row.symbol);
const DEFAULT_EQUITY: YenE8 = yen(1_000_000);

export interface VenueSource {
  /** `SYMBOL -> candles`; default: the bundled days. */
  readonly candles?: Readonly<Record<string, CandleFile>>;
  /** SQLite file, or ":memory:" (default). */
  readonly path?: string;
  readonly seed: number | string;
  readonly equity?: YenE8;
  /**
   * Start of a new venue; default: the first time with candles of all symbols. An existing venue resumes at its own
   * time.
   */
  readonly fromMs?: EpochMs;
  /**
   * The candles are moved to this time by whole days, and a new venue starts at it (an existing one: as it was begun). Its
   * API-TIMESTAMP is then judged by the time it tells.
   */
  readonly shiftToMs?: EpochMs;
  readonly faults?: FaultScript;
  readonly options?: Partial<GivenOptions>;
  /** Default: the wall clock; with `shiftToMs` the venue's own. */
  readonly authClock?: () => EpochMs;
  /** Default: derived from the seed. */
  readonly credentials?: Credentials;
  /** OFF only for temporary files. */
  readonly synchronous?: "FULL" | "OFF";
}
export type OpenVenue = Required<Pick<VenueServerConfig, "simulator" | "market" | "rules" | "seed" | "startMs">> &
  Pick<VenueServerConfig, "requestFaults" | "sockets"> & {
    /** First instant after the candles of all symbols: prices do not change from then on. */
    readonly endMs: EpochMs;
  };

/** Reads `SYMBOL -> file`. Throws AppError permanent CANDLE_FILE. */
export const readCandles = (
  files: ReadonlyMap<string, string>,
  reading?: (file: string) => OnRead,
): Readonly<Record<string, CandleFile>> =>
  Object.fromEntries([...files].map(([symbol, path]) => [symbol, readCandleFile(path, undefined, reading?.(path))]));

/**
 * Throws AppError permanent: CANDLE_FILE, SIM_START, SIM_CHANGED, SIM_TOO_NEW, SIM_OPTION, SIM_FAULTS, SIM_MARKET,
 * DB_OPEN.
 */
export const openVenue = (source: VenueSource): OpenVenue => {
  const { seed, path = ":memory:", options = {}, faults } = source;
  const begunMs = startedMs(path);
  const shiftToMs = source.shiftToMs === undefined ? undefined : (begunMs ?? source.shiftToMs);
  const given = source.candles ?? bundledCandles();
  const candles = shiftToMs === undefined ? given : shiftCandles(given, shiftToMs);
  const { bookLevels, volumeShare } = { ...MARKET_OPTIONS, ...options.market };
  const startMs = begunMs ?? source.fromMs ?? shiftToMs ?? firstMs(candles);
  const margin = new CandleMarket({
    candles: applySpikes(candles, faults?.spikes(startMs) ?? []),
    rules: ALL_RULES,
    spreadsBps: bundledSpreads(),
    volumeShare,
    bookLevels,
  });
  const market = new SpotMarket(margin, ALL_RULES);
  const requestFaults: Faults | undefined = faults?.faults(seed, startMs);
  const simulator = Simulator.open({
    path,
    market,
    seed,
    rules: ALL_RULES,
    startEquity: source.equity ?? DEFAULT_EQUITY,
    startMs,
    options: {
      ...SERVED_VENUE_OPTIONS,
      closures: faults?.closures(startMs) ?? [],
      ...options.venue,
      ...authClockOf(source),
      synchronous: source.synchronous ?? "FULL",
      ...(requestFaults ? { faults: requestFaults } : {}),
      ...(source.credentials ? { credentials: source.credentials } : {}),
    },
  });
  return {
    simulator,
    market,
    rules: ALL_RULES,
    seed,
    startMs,
    endMs: epochMs(Math.max(...margin.symbols.map((symbol) => margin.endMs(symbol)))),
    ...(requestFaults ? { requestFaults } : {}),
    sockets: faults?.sockets,
  };
};

/**
 * The start time stored in an existing file, so that relative times of a fault script stay the same after a restart.
 */
const startedMs = (path: string): EpochMs | undefined => {
  if (path === ":memory:" || !existsSync(path)) return undefined;
  const store = new SimStore(path, { synchronous: "FULL" });
  try {
    return store.venue()?.startMs;
  } finally {
    store.close();
  }
};
/** The first instant at which every symbol has a price. */
const firstMs = (candles: Readonly<Record<string, CandleFile>>): EpochMs => {
  const firsts = Object.entries(candles).map(([symbol, { candles: rows }]) => {
    const first = rows.find((row) => row.volume > 0);
    if (first) return first.openMs;
    throw new AppError("permanent", "CANDLE_FILE", `expected candles with volume of ${symbol}, found none`);
  });
  return epochMs(Math.max(...firsts));
};

/** Candles that were not moved carry times long past, so requests are judged by the wall clock then. */
const authClockOf = ({ authClock, shiftToMs }: VenueSource): { readonly authClock?: () => EpochMs } =>
  authClock !== undefined ? { authClock } : shiftToMs === undefined ? { authClock: () => realClock.nowMs() } : {};
