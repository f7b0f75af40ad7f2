// The filter's gates: every one is evaluated and stored, pass or fail, so that the reason for "no signal" is always
// known. Thresholds are the owner's TRADE_FILTER (architecture 3.4); meaning of the numbers: docs/model.md.
import type { Config } from "./config.ts";
import { BAR_MS, DAY_MS, type EpochMs, HOUR_MS, nextVenueDayStart, SECOND_MS } from "./time.ts";
import type { Direction } from "./venue.ts";

export type GateName =
  | "side"
  | "probability"
  | "rank"
  | "quoteAge"
  | "spread"
  | "volume"
  | "news"
  | "rollover"
  | "maintenance"
  | "halt"
  | "openTrade"
  | "pendingProposal"
  | "dailyTrades"
  | "lossLimits"
  | "size";

export interface Gate {
  readonly gate: GateName;
  readonly value: string | number | null;
  readonly limit: string | number | null;
  readonly pass: boolean;
  readonly reason?: string;
}

/** Number of bars of the same symbol and side for `rank`: the trailing 30 days. */
export const RANK_WINDOW_MS = 30 * DAY_MS;
/** Fewest scored bars for a meaningful rank: 7 days. */
export const MIN_RANK_SAMPLE = (7 * DAY_MS) / BAR_MS;
/** Bars of the volume average (DESIGN 8). */
export const VOLUME_AVERAGE_BARS = 96;

/**
 * Percentile rank 0..100 of `value` among past scores: the share strictly below plus half of the ties.
 * undefined without history.
 */
export const percentileRank = (value: number, past: readonly number[]): number | undefined => {
  if (past.length === 0) return undefined;
  let below = 0;
  let equal = 0;
  for (const p of past) {
    if (p < value) below += 1;
    else if (p === value) equal += 1;
  }
  return ((below + equal / 2) / past.length) * 100;
};

interface Heads {
  readonly long: number;
  readonly short: number;
}
export const thresholdOf = (config: Config, direction: Direction): number =>
  direction === "long" ? config.LONG_MIN_CONFIDENCE : config.SHORT_MIN_CONFIDENCE;

/** Design mode: the head furthest above (or least below) its own threshold. Two heads, never 1 - p. Ties go long. */
export const strongerSide = (config: Config, heads: Heads): Direction =>
  heads.long - config.LONG_MIN_CONFIDENCE >= heads.short - config.SHORT_MIN_CONFIDENCE ? "long" : "short";

interface MarketFacts {
  readonly direction: Direction;
  readonly probability: number;
  readonly rank: number | undefined;
  readonly rankSample: number;
  /** Age of the prices the entry is planned from, milliseconds; undefined: nothing is planned from a quote. */
  readonly quoteAgeMs?: number | undefined;
  readonly spreadBps: number;
  readonly volumeRatio: number | undefined;
  readonly news: { readonly blocked: boolean; readonly text: string | undefined };
  readonly nowMs: EpochMs;
}

/** The gates on the signal and the market. All are returned; none is skipped because another failed. */
export const marketGates = (config: Config, f: MarketFacts): readonly Gate[] => {
  const minRank = 100 - config.CONFIDENCE_RANK * 100;
  const threshold = thresholdOf(config, f.direction);
  const rankKnown = f.rank !== undefined && f.rankSample >= MIN_RANK_SAMPLE;
  return [
    sideGate(config, f.direction),
    { gate: "probability", value: f.probability, limit: threshold, pass: f.probability >= threshold },
    {
      gate: "rank",
      value: f.rank ?? null,
      limit: minRank,
      pass: rankKnown && (f.rank ?? 0) >= minRank,
      ...(rankKnown
        ? {}
        : { reason: `only ${f.rankSample} scored bars in the trailing 30 days, ${MIN_RANK_SAMPLE} needed` }),
    },
    ...quoteAgeGate(config, f.quoteAgeMs),
    { gate: "spread", value: f.spreadBps, limit: config.MAX_SPREAD_BPS, pass: f.spreadBps <= config.MAX_SPREAD_BPS },
    {
      gate: "volume",
      value: f.volumeRatio ?? null,
      limit: config.MIN_VOLUME_RATIO,
      pass: f.volumeRatio !== undefined && f.volumeRatio >= config.MIN_VOLUME_RATIO,
      ...(f.volumeRatio === undefined ? { reason: "fewer than 96 closed bars before" } : {}),
    },
    {
      gate: "news",
      value: f.news.text ?? null,
      limit: config.AVOID_NEWS_TIME ? `±${config.NEWS_WINDOW_MINUTES} min` : "off",
      pass: !config.AVOID_NEWS_TIME || !f.news.blocked,
    },
    ...timeGates(config, f.nowMs),
  ];
};

/**
 * Prices older than QUOTE_MAX_AGE_SECONDS are no quote: nothing is planned from them. No threshold of the signal, so it is
 * stored only where it stops a bar (a chain that was interrupted between two steps).
 */
const quoteAgeGate = ({ QUOTE_MAX_AGE_SECONDS: limit }: Config, ageMs = 0): readonly Gate[] =>
  ageMs <= limit * SECOND_MS ? [] : [{ gate: "quoteAge", value: ageMs / SECOND_MS, limit, pass: false }];

/** Coins cannot be sold before they are bought: on spot a short signal is logged with this verdict, never proposed. */
const sideGate = ({ PRODUCT }: Config, direction: Direction): Gate =>
  PRODUCT === "spot"
    ? { gate: "side", value: direction, limit: "long", pass: direction === "long" }
    : { gate: "side", value: direction, limit: "long, short", pass: true };

/**
 * Gates on entries held at a bad time. Coins pay nothing at 06:00 JST, so spot has no rollover gate; in maintenance
 * their stop is not executed, as on margin, so that gate stays.
 */
export const timeGates = (config: Config, nowMs: EpochMs): readonly Gate[] => [
  ...(config.PRODUCT === "spot" ? [] : [rolloverGate(config, nowMs)]),
  maintenanceGate(config, nowMs),
];

/** No margin entry whose holding time would cross 06:00 JST, where the 0.04 % leverage fee is charged (DESIGN 8). */
export const rolloverGate = (config: Config, nowMs: EpochMs): Gate => {
  const hoursLeft = (nextVenueDayStart(nowMs) - nowMs) / HOUR_MS;
  return {
    gate: "rollover",
    value: hoursLeft,
    limit: config.MARGIN_ROLLOVER === "avoid" ? config.TIME_STOP_HOURS : "charge",
    pass: config.MARGIN_ROLLOVER === "charge" || hoursLeft >= config.TIME_STOP_HOURS,
  };
};

/** Known maintenance: Saturdays 09:00-11:00 JST = 00:00-02:00 UTC (GMO API 12, secondary sources). */
export const maintenanceGate = (config: Config, nowMs: EpochMs): Gate => {
  const day = Math.floor(nowMs / DAY_MS);
  const daysToSaturday = (6 - ((day + 4) % 7) + 7) % 7; // 1970-01-01 was a Thursday: (day + 4) % 7 is 0 on Sunday
  const saturday = (day + daysToSaturday) * DAY_MS;
  const inside = nowMs >= saturday && nowMs < saturday + 2 * HOUR_MS;
  const next = nowMs < saturday + 2 * HOUR_MS ? saturday : saturday + 7 * DAY_MS;
  const hours = inside ? 0 : (next - nowMs) / HOUR_MS;
  return {
    gate: "maintenance",
    value: hours,
    limit: config.MAINTENANCE_LEAD_HOURS,
    pass: !inside && hours >= config.MAINTENANCE_LEAD_HOURS,
  };
};
