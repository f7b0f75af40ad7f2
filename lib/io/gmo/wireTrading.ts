// The shapes of GMO Coin's replies about orders, executions and positions (GMO API 7, 8, 10.3).
import { z } from "zod";
import type { CoinE8, YenE8 } from "../../core/money.ts";
import type { Execution, Position, Side, VenueOrder } from "../../core/venue.ts";
import { Id, Instant, missing, type Numbers } from "./codecs.ts";
import { listOf, SideName } from "./wire.ts";

/** One row per symbol and side (GMO API 8.2). */
export interface PositionSummary {
  readonly symbol: string;
  readonly side: Side;
  readonly averagePrice: YenE8;
  readonly lossGain: YenE8;
  /** Reserved by resting close orders. */
  readonly orderedSize: CoinE8;
  readonly size: CoinE8;
}
/** GMO API 7.11. `accepted`: the cancel was accepted, the final state comes later. */
export interface CancelledMany {
  readonly accepted: readonly string[];
  readonly failed: readonly { readonly orderId: string; readonly code: string; readonly text: string }[];
}

export const ExecutionTypeName = z.enum(["MARKET", "LIMIT", "STOP"]);
export const TimeInForceName = z.enum(["FAK", "FAS", "FOK", "SOK"]);
/** LOSS_CUT is documented for events; a read of the same order or fill may contain it too. */
export const SettleTypeName = z.enum(["OPEN", "CLOSE", "LOSS_CUT"]);
const StatusName = z.enum(["WAITING", "ORDERED", "MODIFYING", "CANCELLING", "CANCELED", "EXECUTED", "EXPIRED"]);

/** GMO API 7.3, REST only. A reason for people, never branched on: an unknown one does not make an order unreadable. */
export const KNOWN_CANCEL_TYPES: ReadonlySet<string> = new Set([
  "USER",
  "POSITION_LOSSCUT",
  "INSUFFICIENT_BALANCE",
  "INSUFFICIENT_MARGIN",
  "ACCOUNT_LOSSCUT",
  "MARGIN_CALL",
  "MARGIN_CALL_LOSSCUT",
  "EXPIRED_FAK",
  "EXPIRED_FOK",
  "EXPIRED_SOK",
  "EXPIRED_SELFTRADE",
  "CLOSED_ORDER",
  "SOK_TAKER",
  "PRICE_LIMIT",
]);

/** A position, over REST and on the sockets alike. */
export const positionFields = (n: Numbers) => ({
  positionId: Id,
  symbol: z.string(),
  side: SideName,
  size: n.size,
  // The venue's spelling (GMO API 0.13).
  orderdSize: n.size,
  price: n.price,
  lossGain: n.yenCut,
  losscutPrice: n.optionalPrice,
  timestamp: Instant,
});

export const tradingReplies = (n: Numbers) => {
  const orderRow = z
    .object({
      orderId: Id,
      rootOrderId: Id,
      symbol: z.string(),
      side: SideName,
      orderType: z.enum(["NORMAL", "LOSSCUT"]),
      executionType: ExecutionTypeName,
      settleType: SettleTypeName,
      size: n.size,
      executedSize: n.size,
      price: n.optionalPrice,
      losscutPrice: n.optionalPrice,
      status: StatusName,
      cancelType: missing(z.string()),
      timeInForce: TimeInForceName,
      timestamp: Instant,
    })
    .transform(({ timestamp, cancelType, ...row }): VenueOrder => ({ ...row, cancelType, timestampMs: timestamp }));

  const executionRow = z
    .object({
      executionId: Id,
      orderId: Id,
      /** Margin only; absent on spot (GMO API 14.12). */
      positionId: missing(Id),
      symbol: z.string(),
      side: SideName,
      settleType: SettleTypeName,
      size: n.size,
      price: n.price,
      lossGain: n.yen,
      fee: n.yen,
      timestamp: Instant,
    })
    .transform(({ timestamp, positionId, ...row }): Execution => ({ ...row, positionId, timestampMs: timestamp }));

  const positionRow = z
    .object(positionFields(n))
    .transform(
      ({ timestamp, orderdSize, ...row }): Position => ({ ...row, orderedSize: orderdSize, timestampMs: timestamp }),
    );

  const summaryRow = z
    .object({
      symbol: z.string(),
      side: SideName,
      averagePositionRate: n.yenCut,
      positionLossGain: n.yenCut,
      sumOrderQuantity: n.sizeCut,
      sumPositionQuantity: n.sizeCut,
    })
    .transform(
      (row): PositionSummary => ({
        symbol: row.symbol,
        side: row.side,
        averagePrice: row.averagePositionRate,
        lossGain: row.positionLossGain,
        orderedSize: row.sumOrderQuantity,
        size: row.sumPositionQuantity,
      }),
    );

  return {
    orders: listOf(orderRow),
    executions: listOf(executionRow),
    positions: listOf(positionRow),
    positionSummary: listOf(summaryRow),
  };
};

/** The new order's id, a string on the wire. */
export const NewOrderReply = Id;
/** GMO API 1.1: accepted without `data`. Any content of `data` is ignored. */
export const NoDataReply = z.unknown().transform((): void => undefined);

/** `data: {}` contains no order, so it does not parse. */
export const CancelOrdersReply = z
  .object({
    success: z.array(Id).optional(),
    failed: z
      .array(z.object({ orderId: Id, message_code: z.string(), message_string: missing(z.string()) }))
      .optional(),
  })
  .refine((d) => d.success !== undefined || d.failed !== undefined, { error: "expected success or failed" })
  .transform(
    ({ success = [], failed = [] }): CancelledMany => ({
      accepted: success,
      failed: failed.map((row) => ({
        orderId: row.orderId,
        code: row.message_code,
        text: row.message_string ?? "",
      })),
    }),
  );

/** Ids of accepted cancels; nothing to cancel is `[]`, no `data`, or `{}` as with empty lists (GMO API 7.12, 14.2). */
export const CancelBulkOrderReply = z
  .union([z.array(Id), z.undefined(), z.strictObject({})], { error: "expected an array of order ids" })
  .transform((ids): readonly string[] => (Array.isArray(ids) ? ids : []));

export const TokenReply = z.string().min(1);
