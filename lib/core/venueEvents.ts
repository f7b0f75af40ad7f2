// What the exchange publishes over its WebSocket, normalised like lib/core/venue.ts: ids are strings, money is scaled
// integers, times are epoch ms. Source: GMO API reference 10. Nothing here says when a frame arrived: see `Received`.
import type { CoinE8, YenE8 } from "./money.ts";
import type { EpochMs } from "./time.ts";
import type { Execution, ExecutionType, OrderBook, Position, PublicTrade, Side, Ticker, TimeInForce } from "./venue.ts";

export interface TickerEvent extends Ticker {
  readonly kind: "ticker";
}
/** A whole book, best 30 levels a side: it replaces the previous one. */
export interface OrderBookEvent extends OrderBook {
  readonly kind: "orderBook";
}
export interface TradeEvent extends PublicTrade {
  readonly kind: "trade";
  readonly symbol: string;
}
export type MarketEvent = TickerEvent | OrderBookEvent | TradeEvent;

/** One fill. The order is filled when `orderExecutedSize` equals `orderSize`: no order event says so (GMO API 0.11). */
export interface ExecutionEvent extends Execution {
  readonly kind: "execution";
  readonly executionType: ExecutionType;
  readonly timeInForce: TimeInForce;
  /** undefined for MARKET. */
  readonly orderPrice: YenE8 | undefined;
  readonly orderSize: CoinE8;
  /** All fills of the order so far, this one included. */
  readonly orderExecutedSize: CoinE8;
  /** When the order was made. */
  readonly orderTimestampMs: EpochMs;
  readonly msgType: string;
}

/** The only states order events carry. A WAITING order is a STOP whose trigger is not reached. */
export type OrderEventStatus = "WAITING" | "ORDERED" | "CANCELED" | "EXPIRED";
/** Use `status` alone: `msgType` is not reliable, and a `cancelType` may come with a live order (GMO API 7.3). */
export interface OrderEvent {
  readonly kind: "order";
  readonly orderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly settleType: string;
  readonly executionType: ExecutionType;
  readonly timeInForce: TimeInForce;
  readonly status: OrderEventStatus;
  readonly cancelType: string | undefined;
  /** undefined for MARKET. */
  readonly price: YenE8 | undefined;
  readonly losscutPrice: YenE8 | undefined;
  readonly size: CoinE8;
  readonly executedSize: CoinE8;
  /** When the order was made, never when this happened. */
  readonly orderTimestampMs: EpochMs;
  readonly msgType: string;
}

/** OPR opened, UPR size or reserved size changed, ULR loss-cut price changed, CPR closed. */
type PositionChange = "OPR" | "UPR" | "ULR" | "CPR";
export interface PositionEvent extends Position {
  readonly kind: "position";
  readonly msgType: PositionChange;
}

/** Summary of one side of one symbol. INIT comes after the subscription, PERIODIC every 5 s when subscribed. */
export interface PositionSummaryEvent {
  readonly kind: "positionSummary";
  readonly symbol: string;
  readonly side: Side;
  readonly averagePrice: YenE8;
  readonly lossGain: YenE8;
  readonly orderedSize: CoinE8;
  readonly size: CoinE8;
  readonly timestampMs: EpochMs;
  readonly msgType: string;
}
export type AccountEvent = ExecutionEvent | OrderEvent | PositionEvent | PositionSummaryEvent;

/** The venue refused a command. It does not say which one (GMO API 10.1). */
export interface ErrorEvent {
  readonly kind: "error";
  /** "ERR-5106"; "UNKNOWN" when the text begins with no code. */
  readonly code: string;
  readonly text: string;
}

export type VenueFrame = MarketEvent | AccountEvent | ErrorEvent;

/** An event with its receive time: the venue's order times say when the order was made, not what happened when. */
export interface Received<E> {
  readonly event: E;
  readonly receivedMs: EpochMs;
}
