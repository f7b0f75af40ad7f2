// The rows of our account view and the snapshot of it that a repair reads over REST.
import type { CoinE8, YenE8 } from "../../../core/money.ts";
import type { EpochMs } from "../../../core/time.ts";
import type {
  Execution,
  ExecutionType,
  Position,
  Side,
  TimeInForce,
  VenueOrder,
  VenueOrderStatus,
} from "../../../core/venue.ts";

/** The fields that both events and REST have of an order. */
export interface ViewedOrder {
  readonly orderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly settleType: string;
  readonly executionType: ExecutionType;
  readonly timeInForce: TimeInForce;
  readonly size: CoinE8;
  readonly executedSize: CoinE8;
  /** undefined for MARKET. */
  readonly price: YenE8 | undefined;
  /** EXECUTED as soon as everything is executed: no event reports it, the sizes do. */
  readonly status: VenueOrderStatus;
  readonly cancelType: string | undefined;
  readonly createdMs: EpochMs;
}
/** Without the open profit: it changes with every price and no event reports it. */
export interface ViewedPosition {
  readonly positionId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly size: CoinE8;
  /** Reserved by resting close orders. */
  readonly orderedSize: CoinE8;
  readonly price: YenE8;
  readonly losscutPrice: YenE8 | undefined;
  readonly openedMs: EpochMs;
}

export interface AccountSnapshot {
  /** Our clock before the first request. */
  readonly askedMs: EpochMs;
  /** All active orders of the symbols, and those read by id that are no longer active. */
  readonly orders: readonly VenueOrder[];
  /** Of the last day. */
  readonly executions: readonly Execution[];
  readonly positions: readonly Position[];
}
