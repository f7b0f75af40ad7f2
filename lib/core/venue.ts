// The exchange for the rest of the system: normalised types and the Venue interface the connector implements.
// Strings of the wire become scaled integers, ids become strings, times become epoch ms. Source: GMO API reference 4-9.

import type { Candle } from "./candle.ts";
import type { KeyRight, RightAnswer } from "./keyRights.ts";
import type { CoinE8, RatioE8, YenE8 } from "./money.ts";
import { isSpot } from "./product.ts";
import type { EpochMs } from "./time.ts";
import type { VenueClock } from "./venueClock.ts";

export type Side = "BUY" | "SELL";
export type Direction = "long" | "short";
export const openingSide = (direction: Direction): Side => (direction === "long" ? "BUY" : "SELL");
export const closingSide = (direction: Direction): Side => (direction === "long" ? "SELL" : "BUY");

export type ExecutionType = "MARKET" | "LIMIT" | "STOP";
export type TimeInForce = "FAK" | "FAS" | "FOK" | "SOK";
export type VenueOrderStatus = "WAITING" | "ORDERED" | "MODIFYING" | "CANCELLING" | "CANCELED" | "EXECUTED" | "EXPIRED";
export const isTerminalStatus = (status: VenueOrderStatus): boolean =>
  status === "CANCELED" || status === "EXECUTED" || status === "EXPIRED";

export type VenueStatus = "MAINTENANCE" | "PREOPEN" | "OPEN";

export interface SymbolRules {
  readonly symbol: string;
  readonly minSize: CoinE8;
  readonly maxSize: CoinE8;
  readonly sizeStep: CoinE8;
  readonly tick: YenE8;
  readonly takerFee: RatioE8;
  readonly makerFee: RatioE8;
}
/**
 * Regular maintenance, emergency maintenance, pre-open (GMO API 11): the venue is closed, nothing is wrong with the
 * request.
 */
const CLOSED_VENUE: ReadonlySet<string> = new Set(["ERR-5201", "ERR-5202", "ERR-5203"]);
/** Whether an error code only says that the venue is closed now. */
export const isClosedVenue = (code: string): boolean => CLOSED_VENUE.has(code);

/** Code of a write that was not sent because no connection could be made. */
export const NOT_CONNECTED = "NOT_CONNECTED";

export interface Ticker {
  readonly symbol: string;
  readonly ask: YenE8;
  readonly bid: YenE8;
  readonly last: YenE8;
  readonly high: YenE8;
  readonly low: YenE8;
  readonly volume: CoinE8;
  /** The venue's clock. */
  readonly timestampMs: EpochMs;
  /** The same on our clock, by the measured offset; absent where nobody judged its age. */
  readonly asOfMs?: EpochMs;
}
interface BookLevel {
  readonly price: YenE8;
  readonly size: CoinE8;
}
/** asks ascending, bids descending. */
export interface OrderBook {
  readonly symbol: string;
  readonly asks: readonly BookLevel[];
  readonly bids: readonly BookLevel[];
  /** The venue's clock. */
  readonly timestampMs: EpochMs | undefined;
  /** As of when, on our clock; absent where nobody judged its age. */
  readonly asOfMs?: EpochMs;
}
export interface PublicTrade {
  readonly price: YenE8;
  readonly side: Side;
  readonly size: CoinE8;
  readonly timestampMs: EpochMs;
}
export interface Margin {
  /** Equity: total evaluated amount. */
  readonly equity: YenE8;
  readonly available: YenE8;
  readonly used: YenE8;
  readonly unrealised: YenE8;
  readonly callStatus: string;
}
export interface Asset {
  readonly symbol: string;
  readonly amount: CoinE8;
  readonly available: CoinE8;
  readonly conversionRate: YenE8;
}
export interface VenueOrder {
  readonly orderId: string;
  readonly rootOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly orderType: string;
  readonly executionType: ExecutionType;
  readonly settleType: string;
  readonly size: CoinE8;
  readonly executedSize: CoinE8;
  /** undefined for MARKET. */
  readonly price: YenE8 | undefined;
  readonly losscutPrice: YenE8 | undefined;
  readonly status: VenueOrderStatus;
  readonly cancelType: string | undefined;
  readonly timeInForce: TimeInForce;
  readonly timestampMs: EpochMs;
}
export interface Execution {
  readonly executionId: string;
  readonly orderId: string;
  readonly positionId: string | undefined;
  readonly symbol: string;
  readonly side: Side;
  readonly settleType: string;
  readonly size: CoinE8;
  readonly price: YenE8;
  readonly lossGain: YenE8;
  /** Positive = paid, negative = received. */
  readonly fee: YenE8;
  readonly timestampMs: EpochMs;
}
/** Yen withdrawn from the account; `amount` above 0. */
export interface YenPayment {
  readonly atMs: EpochMs;
  readonly amount: YenE8;
}
export interface Position {
  readonly positionId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly size: CoinE8;
  /** Reserved by resting close orders. */
  readonly orderedSize: CoinE8;
  readonly price: YenE8;
  readonly lossGain: YenE8;
  readonly losscutPrice: YenE8 | undefined;
  readonly timestampMs: EpochMs;
}

export interface OrderRequest {
  readonly symbol: string;
  readonly side: Side;
  readonly executionType: ExecutionType;
  readonly timeInForce?: TimeInForce;
  /** Required for LIMIT and STOP, absent for MARKET. */
  readonly price?: YenE8;
  readonly losscutPrice?: YenE8;
  readonly size: CoinE8;
}
export interface CloseOrderRequest {
  readonly symbol: string;
  /** Side of the closing order: SELL closes a long. */
  readonly side: Side;
  readonly executionType: ExecutionType;
  readonly timeInForce?: TimeInForce;
  readonly price?: YenE8;
  readonly positionId: string;
  readonly size: CoinE8;
  readonly cancelBefore?: boolean;
}

/**
 * The result of a write. `refused` is an explicit "not executed" (GMO API 11); `resend` says whether the same request
 * may be sent again later. `unknown` means it may or may not have been executed: look it up, never resend.
 */
/** A write that the fence held back (lib/io/gmo/fence.ts): nothing left this process. */
export const FENCED = "FENCED";

export type WriteResult<T> =
  | { readonly kind: "accepted"; readonly value: T }
  | {
      readonly kind: "refused";
      readonly code: string;
      readonly message: string;
      readonly resend: "never" | "later";
      readonly verdict: "retry" | "permanent" | "alert";
    }
  | { readonly kind: "unknown"; readonly code: string; readonly message: string };

export type KlineInterval =
  | "1min"
  | "5min"
  | "10min"
  | "15min"
  | "30min"
  | "1hour"
  | "4hour"
  | "8hour"
  | "12hour"
  | "1day"
  | "1week"
  | "1month";

/**
 * One venue, real or simulated. Reads throw AppError: `retry` for transport, rate limit and maintenance (after the
 * connector's own GET retries), `permanent` for bad arguments, `alert` for keys, restrictions and replies that do not
 * parse. Status, tickers, books and trades older than QUOTE_MAX_AGE_SECONDS by the venue's own time throw `retry`
 * QUOTE_OLD or QUOTE_AHEAD (quoteAge.ts); impossible numbers QUOTE_IMPOSSIBLE or, of the account, VENUE_IMPOSSIBLE
 * (plausible.ts). Writes never throw for what the venue or the network did; they return a WriteResult.
 */
export interface Venue {
  /** What its replies so far say of its clock. No request. */
  clock(): VenueClock;
  status(signal?: AbortSignal): Promise<VenueStatus>;
  symbols(signal?: AbortSignal): Promise<readonly SymbolRules[]>;
  ticker(symbol: string, signal?: AbortSignal): Promise<Ticker>;
  orderBook(symbol: string, signal?: AbortSignal): Promise<OrderBook>;
  /** Newest first; at most 100 a page, first page only unless `page` is given. */
  trades(symbol: string, page?: number, signal?: AbortSignal): Promise<readonly PublicTrade[]>;
  /** Ascending; `date` is YYYYMMDD (up to 1hour) or YYYY. "No data for that date" (ERR-5207) is an empty list. */
  klines(symbol: string, interval: KlineInterval, date: string, signal?: AbortSignal): Promise<readonly Candle[]>;
  margin(signal?: AbortSignal): Promise<Margin>;
  assets(signal?: AbortSignal): Promise<readonly Asset[]>;
  /** Splits into calls of at most 10 ids; unknown ids are simply absent. */
  orders(orderIds: readonly string[], signal?: AbortSignal): Promise<readonly VenueOrder[]>;
  /** All pages. */
  activeOrders(symbol: string, signal?: AbortSignal): Promise<readonly VenueOrder[]>;
  executions(orderId: string, signal?: AbortSignal): Promise<readonly Execution[]>;
  /** All pages of the last day. */
  latestExecutions(symbol: string, signal?: AbortSignal): Promise<readonly Execution[]>;
  openPositions(symbol: string, signal?: AbortSignal): Promise<readonly Position[]>;
  /** Yen withdrawn in [fromMs, toMs], the venue's fee included, from its history; one call per half hour. */
  yenPaidOut(fromMs: EpochMs, toMs: EpochMs, signal?: AbortSignal): Promise<readonly YenPayment[]>;
  /** Accepted value = venue order id. Accepted is not resting and not filled. */
  order(request: OrderRequest, signal?: AbortSignal): Promise<WriteResult<string>>;
  closeOrder(request: CloseOrderRequest, signal?: AbortSignal): Promise<WriteResult<string>>;
  /** Accepted = the cancel was accepted, the final state comes later. */
  cancelOrder(orderId: string, signal?: AbortSignal): Promise<WriteResult<void>>;
  /** Whether the key has this right, by a request that cannot trade. Never throws for what the venue did. */
  right(right: KeyRight, signal?: AbortSignal): Promise<RightAnswer>;
}

/** SOK exists on spot and some margin symbols, not on ETH_JPY (GMO API 5, list of 2025-12). */
const SOK_MARGIN = new Set(["BTC_JPY", "DOT_JPY", "ATOM_JPY", "ADA_JPY", "LINK_JPY", "DOGE_JPY", "SOL_JPY"]);
export const supportsPostOnly = (symbol: string): boolean => isSpot(symbol) || SOK_MARGIN.has(symbol);
