// Request bodies of writes and queries of reads (GMO API 2, 7, 8). Ids are JSON numbers, prices and sizes plain decimal strings.
import { AppError } from "../../core/errors.ts";
import { formatE8, type YenE8 } from "../../core/money.ts";
import type { CloseOrderRequest, ExecutionType, OrderRequest, Side, TimeInForce } from "../../core/venue.ts";

/**
 * Where the venue allows it: spot MARKET SELL, cancels the oldest resting orders until the size is free (GMO API 7.8).
 */
export interface NewOrderRequest extends OrderRequest {
  readonly cancelBefore?: boolean;
}
export interface CloseBulkRequest {
  readonly symbol: string;
  /** Side of the closing order: SELL closes longs. */
  readonly side: Side;
  readonly executionType: ExecutionType;
  readonly timeInForce?: TimeInForce;
  readonly price?: YenE8;
  readonly size: OrderRequest["size"];
}
export interface CancelBulkRequest {
  readonly symbols: readonly string[];
  readonly side?: Side;
  /** Spot orders match OPEN. */
  readonly settleType?: "OPEN" | "CLOSE";
  /** Default false: the oldest first. */
  readonly desc?: boolean;
}

/** GMO API 7.4, 7.6, 7.11. */
export const IDS_PER_CALL = 10;

/** Throws AppError permanent VENUE_REQUEST: an invalid request is not sent. */
export const badRequest = (expected: string, found: unknown): AppError =>
  new AppError("permanent", "VENUE_REQUEST", `expected ${expected}, found ${String(found)}; nothing was sent`);

/** Ids in bodies are JSON numbers (GMO API 2); one above 2^53 would be sent as another id. */
export const idNumber = (id: string): number => {
  const value = /^\d{1,16}$/.test(id) ? Number(id) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new AppError("permanent", "VENUE_ID", `expected a venue id of digits, found ${JSON.stringify(id)}`, { id });
};

const decimal = (name: string, value: bigint): string => {
  if (value <= 0n) throw badRequest(`a ${name} above zero`, formatE8(value));
  return formatE8(value);
};
const optional = (name: string, value: bigint | undefined): string | undefined =>
  value === undefined ? undefined : decimal(name, value);

/** Keys in the order of the reference's worked example; undefined ones are not sent. */
export const orderBody = (o: NewOrderRequest) => ({
  symbol: o.symbol,
  side: o.side,
  executionType: o.executionType,
  timeInForce: o.timeInForce,
  price: optional("price", o.price),
  losscutPrice: optional("losscutPrice", o.losscutPrice),
  size: decimal("size", o.size),
  cancelBefore: o.cancelBefore,
});
/** Exactly one position (GMO API 8.3). */
export const closeOrderBody = (o: CloseOrderRequest) => ({
  symbol: o.symbol,
  side: o.side,
  executionType: o.executionType,
  timeInForce: o.timeInForce,
  price: optional("price", o.price),
  settlePosition: [{ positionId: idNumber(o.positionId), size: decimal("size", o.size) }],
  cancelBefore: o.cancelBefore,
});
export const closeBulkOrderBody = (o: CloseBulkRequest) => ({
  symbol: o.symbol,
  side: o.side,
  executionType: o.executionType,
  timeInForce: o.timeInForce,
  price: optional("price", o.price),
  size: decimal("size", o.size),
});
export const changeOrderBody = (orderId: string, price: YenE8, losscutPrice: YenE8 | undefined) => ({
  orderId: idNumber(orderId),
  price: decimal("price", price),
  losscutPrice: optional("losscutPrice", losscutPrice),
});
export const changeLosscutPriceBody = (positionId: string, losscutPrice: YenE8) => ({
  positionId: idNumber(positionId),
  losscutPrice: decimal("losscutPrice", losscutPrice),
});
export const cancelOrdersBody = (orderIds: readonly string[]) => {
  if (orderIds.length === 0 || orderIds.length > IDS_PER_CALL)
    throw badRequest(`1 to ${IDS_PER_CALL} order ids`, orderIds.length);
  return { orderIds: orderIds.map(idNumber) };
};
export const cancelBulkOrderBody = ({ symbols, side, settleType, desc }: CancelBulkRequest) => {
  if (symbols.length === 0) throw badRequest("at least one symbol", "none");
  return { symbols, side, settleType, desc };
};

/** Of a read, without "?"; undefined fields are not sent. */
export type Query = Readonly<Record<string, string | number | undefined>>;
export const queryText = (query: Query): string =>
  Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value)).replaceAll("%2C", ",")}`)
    .join("&");
