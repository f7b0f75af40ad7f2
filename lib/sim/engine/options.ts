// Every choice the simulated venue makes where GMO Coin's own behaviour is not published, and the few switches of the box
// itself, in one object. PLAIN_OPTIONS is what replay, paper and most tests run on; FAITHFUL_OPTIONS is what the server
// switches on. An option that names no source is a guess: the cautious one stands first.
import { AppError } from "../../core/errors.ts";
import type { YenRounding } from "./fees.ts";
import type { Closure, Maintenance } from "./tradingHours.ts";

export interface VenueOptions {
  // How orders fill.
  /** true: a resting order gets a seeded part of what trades in a stretch; false: all of it at once. */
  readonly partialFills: boolean;
  /** Which price triggers a STOP: the last trade, or the touch (ask for BUY, bid for SELL). GMO API 17.2: unknown. */
  readonly stopTrigger: "last" | "touch";
  /**
   * What a triggered STOP is: a market order, or a limit at its trigger price (GMO API 17.2). Both are FAK: what the book
   * does not offer, or with "limit" not up to that price, expires. In a gap "limit" leaves a position bare.
   */
  readonly triggeredStop: "market" | "limit";
  /** LIMIT with FAK: older pages restrict FAK to MARKET and STOP (GMO API 17.3). "refused" is ERR-5111. */
  readonly limitFak: "refused" | "accepted";
  /** Code for SOK on a symbol without it (GMO API 17.3). */
  readonly sokUnsupportedCode: "ERR-5111" | "ERR-5106";
  /** A resting or triggered opening order whose margin is gone when it should fill (GMO API 7.3, INSUFFICIENT_MARGIN). */
  readonly uncoveredOrders: "fill" | "cancel";

  // Money.
  /**
   * "yen": profit down, fees up, rebates down, in whole yen. "nearest": to the nearest whole yen. "exact": 1e-8 yen.
   * GMO API 17.6: unknown; the one documented sample fits "yen" and "nearest".
   */
  readonly yenRounding: YenRounding;
  /** Whether a resting spot BUY locks its taker fee, too (GMO API 17.6). */
  readonly lockTakerFee: boolean;
  /**
   * Yen in account/assets (GMO API 17.6): "mixed" is the amount as it is booked and what is available in whole yen, "whole"
   * cuts both, "exact" neither.
   */
  readonly assetYen: "mixed" | "whole" | "exact";
  /** Margin of a symbol held both ways: both sides added up, or the larger side alone (GMO API 17.8). */
  readonly hedgedMargin: "sum" | "larger";

  // Positions.
  /** One position per execution, or one per opening order at the average price (GMO API 17.5). */
  readonly positionGranularity: "execution" | "order";
  /** Which positions a bulk close takes first (GMO API 17.5). */
  readonly bulkCloseFirst: "oldest" | "newest";
  /** A new position is not seen by the order gateway for this long, milliseconds (GMO API 8.6: about 100). */
  readonly positionVisibleAfterMs: number;
  readonly positionNotVisibleCode: "ERR-254" | "ERR-5106";
  /** `cancelBefore` on a closing BUY: the English pages name SELL only (GMO API 17.4). "refused" is ERR-5106. */
  readonly cancelBeforeBuyClose: "accepted" | "refused";
  /** What orderEvents say of the close orders of a position that was cut; REST always says POSITION_LOSSCUT (GMO API 7.3). */
  readonly vanishedCloseEvent: "POSITION_LOSSCUT" | "CLOSED_ORDER";

  // Loss cuts and price limits.
  /**
   * Which price cuts a position: the last trade, or the side it is closed at (bid for a long, ask for a short), which comes
   * sooner. GMO API 5.1: "current price", undefined; no mark price exists.
   */
  readonly losscutTrigger: "last" | "touch";
  /** Farthest a loss-cut price may stand from the entry, percent (25: where the margin ends). undefined: any. GMO API 8.5: unknown. */
  readonly losscutMaxPercent: number | undefined;
  /** Nearest a loss-cut price may stand to what would cut it (or, of an order, to its own price), ticks. GMO API 8.5: unknown. */
  readonly losscutMinTicks: number;
  /** What a price too high above the market gets; "Too low price." was seen with ERR-5121, this never (GMO API 7.8). */
  readonly tooHighPriceCode: "ERR-5121" | "ERR-5106";
  readonly tooHighPriceText: string;

  // Limits.
  /** Live orders of the account, all symbols; ERR-635 beyond (GMO API 17.7). */
  readonly maxActiveOrders: number;
  /** Changes of one order; ERR-5206 beyond (GMO API 17.7). Refused changes do not count. */
  readonly maxChanges: number;
  /** Whether the cap of open positions (10 x the largest order, GMO API 5.1) counts resting opening orders. */
  readonly positionCapCountsOrders: boolean;
  /** New positions of a trading day, in largest orders: BTC_JPY 3,000 BTC = 600 (GMO API 5.1); ERR-5126 beyond. */
  readonly dailyOpenOrders: number;
  /** Net spot purchases (and sales) of a trading day, in largest orders: 100 BTC = 20 in the sample of GMO API 6.3. */
  readonly dailySpotOrders: number;

  // Forced settlement.
  /** Equity over used margin, percent: at or below it everything is cut. undefined: never. GMO API 17.8: unknown. */
  readonly accountLosscutPercent: number | undefined;
  /** Judged at 06:30 JST: below it a margin call begins (100 at GMO, GMO API 5.1). undefined: never. */
  readonly marginCallPercent: number | undefined;
  /** How long a margin call may stay unmet before everything is closed by force. Unknown. */
  readonly marginCallGraceMs: number;
  /** How long orders get ERR-683 after a margin call or an account loss cut has begun. Unknown. */
  readonly marginCallProcessingMs: number;

  // Delays and order of events.
  /** An accepted cancel takes effect after this; a fill may win meanwhile. */
  readonly cancelAfterMs: number;
  /** An accepted change takes effect after this; the order stands at its old price meanwhile. */
  readonly changeAfterMs: number;
  /** Whether the events of a request reach the private sockets before its reply: a hint for the server, GMO API 10.4. */
  readonly eventOrder: "random" | "before" | "after";

  // Time.
  readonly maintenance: Maintenance;
  /** Further closed times, scripted. */
  readonly closures: readonly Closure[];
  /** What /v1/status says in maintenance: its data, or the refusal every other path gets (GMO API 4.1: both were seen). */
  readonly statusInMaintenance: "data" | "refusal";
  /** HTTP status of ERR-5201 and ERR-5202 (GMO API 17.12); 200 is what nearly every refusal has. */
  readonly maintenanceHttpStatus: 200 | 503;
  /** Largest difference between API-TIMESTAMP and the clock, each way, milliseconds (GMO API 17.1). */
  readonly signatureWindowMs: number;
  /** Which code a timestamp ahead of the server gets: 5008 by the English text, 5009 by the Japanese one (GMO API 2.1). */
  readonly timestampAheadCode: "ERR-5008" | "ERR-5009";
  // Lists.
  /** `pagination.count`: the rows of the page, or the count that was asked for (GMO API 4.4). */
  readonly paginationCount: "rows" | "asked";
  /** Order of activeOrders, latestExecutions and openPositions; not documented (GMO API 7.5). */
  readonly listOrder: "newest" | "oldest";
  /** cancelBulkOrder with nothing to cancel: `[]`, or no data (GMO API 7.12). */
  readonly emptyBulkCancel: "list" | "absent";
  /** Fields of exchangeFee rows: the two that are known, or a guess at the rest as well (GMO API 17.13). */
  readonly feeRowFields: "known" | "guessed";
  /** Where exchangeFee/history tells its cursor (GMO API 17.13). */
  readonly feeCursor: "cursor" | "nextCursor" | "pagination";
  /** How long /v1/orders knows an order that has ended (GMO API 17.9). undefined: for ever. */
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

/** What the server turns on: delays, forced settlement and the stricter reading where a client should be ready for it. */
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

/** Throws AppError permanent SIM_OPTION for a count or a duration that is none. */
export const venueOptions = (given: Partial<VenueOptions>): VenueOptions => {
  const options = { ...PLAIN_OPTIONS, ...given };
  for (const name of COUNTS) {
    const value = options[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0))
      throw new AppError("permanent", "SIM_OPTION", `expected a whole number of 0 or more for ${name}, found ${value}`);
  }
  const crooked = options.closures.find((closure) => !(closure.untilMs > closure.fromMs));
  if (crooked)
    throw new AppError(
      "permanent",
      "SIM_OPTION",
      `expected a closure that ends after it begins, found ${crooked.fromMs} to ${crooked.untilMs}`,
    );
  return options;
};
