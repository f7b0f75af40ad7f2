// The rows of the simulated venue's memory: orders, executions, positions, ledger. What the store keeps, field by field.
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
  readonly size: CoinE8;
  /** undefined for MARKET. */
  price: YenE8 | undefined;
  losscutPrice: YenE8 | undefined;
  /** The position a close order settles; undefined when it opens, is a spot order or a bulk close. */
  readonly positionId: number | undefined;
  /** What a bulk close has still to settle, first to go first; each part above 0. Empty for every other order. */
  settles: readonly SettlePart[];
  readonly createdMs: EpochMs;
  executedSize: CoinE8;
  status: SimOrderStatus;
  cancelType: string | undefined;
  /**
   * The last price, in ticks, at which a resting LIMIT fills (docs/venue.md, "When a resting order fills") or a STOP
   * triggers; undefined for a STOP whose own price decides.
   */
  fillTicks: number | undefined;
  /** A resting LIMIT does not fill again before this. */
  nextFillMs: EpochMs;
  /** When an accepted cancel takes effect. */
  cancelAtMs: EpochMs | undefined;
  /** An injected fault: the accepted cancel will lose against a fill. */
  cancelLoses: boolean;
  /** An accepted change on its way; the order stands at its old price until then. */
  change: PendingChange | undefined;
  /** Accepted changes so far. */
  changes: number;
  /** An injected fault: the next fill takes at most this. */
  fillCap: CoinE8 | undefined;
  /** When it ended; undefined while it is live. */
  endedMs: EpochMs | undefined;
}
export interface SettlePart {
  readonly positionId: number;
  readonly size: CoinE8;
}
export interface PendingChange {
  readonly atMs: EpochMs;
  readonly price: YenE8;
  /** undefined leaves it as it is. */
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
  /** The order that opened it; undefined in files of before it was kept. */
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
/** Every change of a balance, so that each balance is the sum of its entries. */
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
 * A margin call waits until `untilMs` to be met; a loss cut of the account is being worked on until then. In the first
 * `processing` part of either, every order is refused (GMO API 11, ERR-682 and ERR-683).
 */
export interface AccountCall {
  readonly kind: "MARGIN_CALL" | "LOSSCUT";
  readonly sinceMs: EpochMs;
  readonly untilMs: EpochMs;
}
export interface BareStats {
  /** Since when open quantity has stood without a covering close order; undefined: covered. */
  sinceMs: EpochMs | undefined;
  /** Longest finished stretch. */
  longestMs: number;
}

export const isLive = (order: SimOrder): boolean =>
  order.status === "WAITING" ||
  order.status === "ORDERED" ||
  order.status === "MODIFYING" ||
  order.status === "CANCELLING";
export const remainingOf = (order: SimOrder): CoinE8 => coinE8(order.size - order.executedSize);
/** What a live close order reserves of a position. */
export const reservesOf = (order: SimOrder, positionId: number): bigint =>
  order.positionId === positionId
    ? remainingOf(order)
    : (order.settles.find((part) => part.positionId === positionId)?.size ?? 0n);
export { isSpot } from "../../core/product.ts";
export const JPY = "JPY";
/** What every new order begins with. */
export const UNTOUCHED = {
  cancelType: undefined,
  fillTicks: undefined,
  cancelAtMs: undefined,
  cancelLoses: false,
  change: undefined,
  changes: 0,
  fillCap: undefined,
  endedMs: undefined,
} as const;
