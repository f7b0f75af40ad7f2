// The rows of the simulated venue's state: orders, executions, positions, ledger. The store keeps the same fields.
import { type CoinE8, coinE8, type YenE8 } from "../../core/money.ts";
import type { EpochMs } from "../../core/time.ts";
import type { ExecutionType, Side, TimeInForce } from "../../core/venue.ts";

export type SimOrderStatus = "WAITING" | "ORDERED" | "MODIFYING" | "CANCELLING" | "CANCELED" | "EXECUTED" | "EXPIRED";
export interface SimOrder {
  readonly orderId: number;
  readonly symbol: string;
  readonly side: Side;
  readonly orderType: "NORMAL" | "LOSSCUT";
  readonly executionType: ExecutionType;
  readonly settleType: "OPEN" | "CLOSE";
  readonly timeInForce: TimeInForce;
  size: CoinE8;
  /** undefined for MARKET. */
  price: YenE8 | undefined;
  losscutPrice: YenE8 | undefined;
  /** The position that a close order settles; undefined for opening orders, spot orders and bulk closes. */
  readonly positionId: number | undefined;
  /** What a bulk close has still to settle, in settlement order; each part above 0. Empty for every other order. */
  settles: readonly SettlePart[];
  readonly createdMs: EpochMs;
  executedSize: CoinE8;
  status: SimOrderStatus;
  cancelType: string | undefined;
  /**
   * The last price, in ticks, at which a resting LIMIT fills (docs/venue.md, "When a resting order fills") or a STOP
   * triggers; undefined for a STOP that triggers at its own price.
   */
  fillTicks: number | undefined;
  /** A resting LIMIT does not fill again before this. */
  nextFillMs: EpochMs;
  /** When an accepted cancel takes effect. */
  cancelAtMs: EpochMs | undefined;
  /** Injected fault: the order fills although its cancel was accepted. */
  cancelLoses: boolean;
  /** An accepted change that has not taken effect; until then the order keeps its old price. */
  change: PendingChange | undefined;
  /** Accepted changes so far. */
  changes: number;
  /** Injected fault: the maximum size of the next fill. */
  fillCap: CoinE8 | undefined;
  /** When the order ended; undefined while it is live. */
  endedMs: EpochMs | undefined;
}
export interface SettlePart {
  readonly positionId: number;
  readonly size: CoinE8;
}
export interface PendingChange {
  readonly atMs: EpochMs;
  readonly price: YenE8;
  /** undefined: unchanged. */
  readonly losscutPrice: YenE8 | undefined;
}
export interface SimExecution {
  readonly executionId: number;
  readonly orderId: number;
  /** undefined on spot. */
  readonly positionId: number | undefined;
  readonly symbol: string;
  readonly side: Side;
  readonly settleType: "OPEN" | "CLOSE" | "LOSS_CUT";
  readonly size: CoinE8;
  readonly price: YenE8;
  readonly lossGain: YenE8;
  /** Positive = paid. */
  readonly fee: YenE8;
  readonly atMs: EpochMs;
  readonly taker: boolean;
}
export interface SimPosition {
  readonly positionId: number;
  readonly symbol: string;
  readonly side: Side;
  /** Changes only where a position takes several executions (`positionGranularity`). */
  price: YenE8;
  losscutPrice: YenE8;
  readonly openedMs: EpochMs;
  /** The order that opened it; undefined for positions of a file from before this column existed. */
  readonly orderId: number | undefined;
  /** Open size; 0 when closed. */
  size: CoinE8;
}
export type LedgerKind =
  | "deposit"
  | "loss_gain"
  | "fee"
  | "leverage_fee"
  | "losscut_fee"
  /** Yen paid or received for coins. */
  | "spot_trade"
  /** Coins received or delivered. */
  | "spot_coin";
/** One change of a balance; each balance is the sum of its entries. */
export interface LedgerEntry {
  readonly entryId: number;
  readonly atMs: EpochMs;
  readonly kind: LedgerKind;
  /** In `currency`; yen and coins alike are scaled by 1e8. */
  readonly amount: YenE8;
  /** Execution id, or position id of a leverage fee; 0 for a deposit. */
  readonly ref: number;
  /** "JPY" or a coin such as "BTC". */
  readonly currency: string;
}
/**
 * A margin call must be met by `untilMs`; an account loss cut is processed until `untilMs`. For the first
 * `marginCallProcessingMs` of either, every order is refused (GMO API 11, ERR-682 and ERR-683).
 */
export interface AccountCall {
  readonly kind: "MARGIN_CALL" | "LOSSCUT";
  readonly sinceMs: EpochMs;
  readonly untilMs: EpochMs;
}
export interface BareStats {
  /** Since when some open quantity has had no covering close order; undefined: all covered. */
  sinceMs: EpochMs | undefined;
  /** Longest finished period without cover. */
  longestMs: number;
}

export const isLive = (order: SimOrder): boolean =>
  order.status === "WAITING" ||
  order.status === "ORDERED" ||
  order.status === "MODIFYING" ||
  order.status === "CANCELLING";
export const remainingOf = (order: SimOrder): CoinE8 => coinE8(order.size - order.executedSize);
/** The size of a position that a live close order reserves. */
export const reservesOf = (order: SimOrder, positionId: number): bigint =>
  order.positionId === positionId
    ? remainingOf(order)
    : (order.settles.find((part) => part.positionId === positionId)?.size ?? 0n);
export { isSpot } from "../../core/product.ts";
export const JPY = "JPY";
/** Initial values of every new order. */
export const NEW_ORDER_STATE = {
  cancelType: undefined,
  fillTicks: undefined,
  cancelAtMs: undefined,
  cancelLoses: false,
  change: undefined,
  changes: 0,
  fillCap: undefined,
  endedMs: undefined,
} as const;
