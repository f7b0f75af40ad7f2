// The options of the simulated venue: one per behaviour of GMO Coin that is not published, and the few switches of the
// simulator itself. PLAIN_OPTIONS is used by replay, paper and most tests; FAITHFUL_OPTIONS is what the server adds. An
// option that cites no source is a guess; its most cautious value is listed first.
import { AppError } from "../../core/errors.ts";
import type { YenRounding } from "./fees.ts";
import type { Closure, Maintenance } from "./tradingHours.ts";

export interface VenueOptions {
  // How orders fill.
  /** true: a resting order fills with a seeded part of the size traded in a stretch; false: whole at once. */
  readonly partialFills: boolean;
  /** Which price triggers a STOP: the last trade, or the touch (ask for BUY, bid for SELL). GMO API 17.2: unknown. */
  readonly stopTrigger: "last" | "touch";
  /**
   * A triggered STOP becomes a market order, or a limit order at its trigger price (GMO API 17.2). Both are FAK: the
   * size the book does not offer (with "limit": up to that price) expires. In a gap "limit" leaves a position without a
   * stop.
   */
  readonly triggeredStop: "market" | "limit";
  /** LIMIT with FAK: older pages restrict FAK to MARKET and STOP (GMO API 17.3). "refused" is ERR-5111. */
  readonly limitFak: "refused" | "accepted";
  /** Code for SOK on a symbol without it (GMO API 17.3). */
  readonly sokUnsupportedCode: "ERR-5111" | "ERR-5106";
  /**
   * A resting or triggered opening order without enough margin when it should fill (GMO API 7.3, INSUFFICIENT_MARGIN).
   */
  readonly uncoveredOrders: "fill" | "cancel";

  // Money.
  /**
   * "yen": profit down, fees up, rebates down, in whole yen. "nearest": to the nearest whole yen. "exact": 1e-8 yen.
   * GMO API 17.6: unknown; the one documented sample fits "yen" and "nearest".
   */
  readonly yenRounding: YenRounding;
  /** Whether a resting spot BUY also locks its taker fee (GMO API 17.6). */
  readonly lockTakerFee: boolean;
  /**
   * Yen in account/assets (GMO API 17.6): "mixed": the amount exact, the available amount in whole yen; "whole": both
   * in whole yen; "exact": both exact.
   */
  readonly assetYen: "mixed" | "whole" | "exact";
  /** Margin of a symbol held long and short: the sum of both sides, or the larger side alone (GMO API 17.8). */
  readonly hedgedMargin: "sum" | "larger";

  // Positions.
  /** One position per execution, or one per opening order at the average price (GMO API 17.5). */
  readonly positionGranularity: "execution" | "order";
  /** Which positions a bulk close settles first (GMO API 17.5). */
  readonly bulkCloseFirst: "oldest" | "newest";
  /** The order gateway does not find a new position for this long, milliseconds (GMO API 8.6: about 100). */
  readonly positionVisibleAfterMs: number;
  readonly positionNotVisibleCode: "ERR-254" | "ERR-5106";
  /** `cancelBefore` on a closing BUY: the English pages name SELL only (GMO API 17.4). "refused" is ERR-5106. */
  readonly cancelBeforeBuyClose: "accepted" | "refused";
  /**
   * cancelType in orderEvents for the close orders of a loss-cut position; REST: always POSITION_LOSSCUT (GMO API 7.3).
   */
  readonly vanishedCloseEvent: "POSITION_LOSSCUT" | "CLOSED_ORDER";

  // Loss cuts and price limits.
  /**
   * Which price triggers a loss cut: the last trade, or the side the position is closed at (bid for a long, ask for a
   * short), which is reached sooner. GMO API 5.1: "current price", not defined; no mark price exists.
   */
  readonly losscutTrigger: "last" | "touch";
  /**
   * Maximum distance of a loss-cut price from the entry, percent (25: where the margin is used up). undefined: any. GMO
   * API 8.5: unknown.
   */
  readonly losscutMaxPercent: number | undefined;
  /**
   * Minimum distance of a loss-cut price from the price that triggers it (for an order: from the order's price), ticks.
   * GMO API 8.5: unknown.
   */
  readonly losscutMinTicks: number;
  /** Code for a price too far above the market; only "Too low price." was observed, with ERR-5121 (GMO API 7.8). */
  readonly tooHighPriceCode: "ERR-5121" | "ERR-5106";
  readonly tooHighPriceText: string;

  // Limits.
  /** Live orders of the account, all symbols; ERR-635 beyond (GMO API 17.7). */
  readonly maxActiveOrders: number;
  /** Changes of one order; ERR-5206 beyond (GMO API 17.7). Refused changes do not count. */
  readonly maxChanges: number;
  /** Whether resting opening orders count towards the cap of open positions (10 x the largest order, GMO API 5.1). */
  readonly positionCapCountsOrders: boolean;
  /**
   * New positions of a trading day in units of the largest order: BTC_JPY 3,000 BTC = 600 (GMO API 5.1); ERR-5126
   * beyond.
   */
  readonly dailyOpenOrders: number;
  /** Net spot purchases (and sales) of a trading day in the same unit: 100 BTC = 20 in the sample of GMO API 6.3. */
  readonly dailySpotOrders: number;

  // Forced settlement.
  /** Account loss cut at or below this equity over used margin, percent. undefined: never. GMO API 17.8: unknown. */
  readonly accountLosscutPercent: number | undefined;
  /** Checked at 06:30 JST: below this percentage a margin call begins (100 at GMO, GMO API 5.1). undefined: never. */
  readonly marginCallPercent: number | undefined;
  /** How long a margin call may stay unmet before the venue closes everything. Unknown. */
  readonly marginCallGraceMs: number;
  /** How long orders are rejected with ERR-683 after a margin call or an account loss cut began. Unknown. */
  readonly marginCallProcessingMs: number;

  // Delays and order of events.
  /** An accepted cancel takes effect after this; a fill can come first. */
  readonly cancelAfterMs: number;
  /** An accepted change takes effect after this; until then the order keeps its old price. */
  readonly changeAfterMs: number;
  /** Whether the events of a request are published before or after its reply; used by the server (GMO API 10.4). */
  readonly eventOrder: "random" | "before" | "after";

  // Time.
  readonly maintenance: Maintenance;
  /** Additional scripted closed times. */
  readonly closures: readonly Closure[];
  /**
   * Reply of /v1/status in maintenance: its data, or the refusal of every other path (GMO API 4.1: both were observed).
   */
  readonly statusInMaintenance: "data" | "refusal";
  /** HTTP status of ERR-5201 and ERR-5202 (GMO API 17.12); nearly every refusal has 200. */
  readonly maintenanceHttpStatus: 200 | 503;
  /** Maximum difference between API-TIMESTAMP and the clock in either direction, milliseconds (GMO API 17.1). */
  readonly signatureWindowMs: number;
  /** Code for a timestamp ahead of the server: 5008 by the English text, 5009 by the Japanese text (GMO API 2.1). */
  readonly timestampAheadCode: "ERR-5008" | "ERR-5009";

  // Lists.
  /** `pagination.count`: the number of rows on the page, or the requested count (GMO API 4.4). */
  readonly paginationCount: "rows" | "asked";
  /** Order of activeOrders, latestExecutions and openPositions; not documented (GMO API 7.5). */
  readonly listOrder: "newest" | "oldest";
  /** cancelBulkOrder with nothing to cancel: `[]`, or no data (GMO API 7.12). */
  readonly emptyBulkCancel: "list" | "absent";
  /** Fields of exchangeFee rows: the two known ones, or also guessed ones (GMO API 17.13). */
  readonly feeRowFields: "known" | "guessed";
  /** Field of exchangeFee/history that carries the cursor (GMO API 17.13). */
  readonly feeCursor: "cursor" | "nextCursor" | "pagination";
  /** How long /v1/orders returns an ended order (GMO API 17.9). undefined: forever. */
  readonly orderRetentionMs: number | undefined;
  /** 1week klines open on this day at 06:00 JST (GMO API 17.11). */
  readonly weekStart: "monday" | "sunday";
  /** 4hour, 8hour and 12hour klines count from 06:00 JST, or from midnight UTC (GMO API 17.11). */
  readonly longKlineGrid: "venueDay" | "utcMidnight";
}

export const PLAIN_OPTIONS: VenueOptions = {
  partialFills: true,
  stopTrigger: "last",
  triggeredStop: "market",
  limitFak: "refused",
  sokUnsupportedCode: "ERR-5111",
  uncoveredOrders: "fill",
  yenRounding: "yen",
  lockTakerFee: true,
  assetYen: "mixed",
  hedgedMargin: "sum",
  positionGranularity: "execution",
  bulkCloseFirst: "oldest",
  positionVisibleAfterMs: 0,
  positionNotVisibleCode: "ERR-254",
  cancelBeforeBuyClose: "accepted",
  vanishedCloseEvent: "POSITION_LOSSCUT",
  losscutTrigger: "last",
  losscutMaxPercent: 25,
  losscutMinTicks: 1,
  tooHighPriceCode: "ERR-5121",
  tooHighPriceText: "Too high price.",
  maxActiveOrders: 200,
  maxChanges: 10,
  positionCapCountsOrders: false,
  dailyOpenOrders: 600,
  dailySpotOrders: 20,
  accountLosscutPercent: undefined,
  marginCallPercent: undefined,
  marginCallGraceMs: 43_200_000,
  marginCallProcessingMs: 60_000,
  cancelAfterMs: 0,
  changeAfterMs: 0,
  eventOrder: "random",
  maintenance: "none",
  closures: [],
  statusInMaintenance: "data",
  maintenanceHttpStatus: 200,
  signatureWindowMs: 5_000,
  timestampAheadCode: "ERR-5008",
  paginationCount: "rows",
  listOrder: "newest",
  emptyBulkCancel: "list",
  feeRowFields: "known",
  feeCursor: "cursor",
  orderRetentionMs: undefined,
  weekStart: "monday",
  longKlineGrid: "venueDay",
};

/** What the server adds: delays, forced settlement, and the stricter reading where a client must be prepared for it. */
export const FAITHFUL_OPTIONS: Partial<VenueOptions> = {
  uncoveredOrders: "cancel",
  cancelBeforeBuyClose: "refused",
  losscutTrigger: "touch",
  positionVisibleAfterMs: 100,
  positionCapCountsOrders: true,
  accountLosscutPercent: 50,
  marginCallPercent: 100,
  cancelAfterMs: 20,
  changeAfterMs: 20,
};

const COUNTS = [
  "positionVisibleAfterMs",
  "losscutMaxPercent",
  "losscutMinTicks",
  "maxActiveOrders",
  "maxChanges",
  "dailyOpenOrders",
  "dailySpotOrders",
  "accountLosscutPercent",
  "marginCallPercent",
  "marginCallGraceMs",
  "marginCallProcessingMs",
  "cancelAfterMs",
  "changeAfterMs",
  "signatureWindowMs",
  "orderRetentionMs",
] as const satisfies readonly (keyof VenueOptions)[];

/** Throws AppError permanent SIM_OPTION for an invalid count, duration or closure. */
export const venueOptions = (given: Partial<VenueOptions>): VenueOptions => {
  const options = { ...PLAIN_OPTIONS, ...given };
  for (const name of COUNTS) {
    const value = options[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0))
      throw new AppError("permanent", "SIM_OPTION", `expected a whole number of 0 or more for ${name}, found ${value}`);
  }
  const invalid = options.closures.find((closure) => !(closure.untilMs > closure.fromMs));
  if (invalid)
    throw new AppError(
      "permanent",
      "SIM_OPTION",
      `expected a closure that ends after it begins, found ${invalid.fromMs} to ${invalid.untilMs}`,
    );
  return options;
};
