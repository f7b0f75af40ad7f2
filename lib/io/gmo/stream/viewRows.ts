// Rows of the view from events and from REST, and which of two versions of one order is further along. Pure.
import { minBig } from "../../../core/money.ts";
import {
  type Execution,
  isTerminalStatus,
  type Position,
  type VenueOrder,
  type VenueOrderStatus,
} from "../../../core/venue.ts";
import type { ExecutionEvent, OrderEvent, PositionEvent } from "../../../core/venueEvents.ts";
import type { ViewedOrder, ViewedPosition } from "./accountTypes.ts";

export const isFull = (executedSize: bigint, size: bigint): boolean => executedSize >= size;

/** The order fields of an order event or of a fill. */
export const orderOfEvent = (event: OrderEvent | ExecutionEvent): ViewedOrder => {
  const { orderId, symbol, side, settleType, executionType, timeInForce, orderTimestampMs: createdMs } = event;
  const known = { orderId, symbol, side, settleType, executionType, timeInForce, createdMs };
  if (event.kind === "execution") {
    const { orderSize: size, orderExecutedSize: executedSize, orderPrice: price } = event;
    const status = isFull(executedSize, size) ? "EXECUTED" : "ORDERED";
    return { ...known, size, executedSize, price, status, cancelType: undefined };
  }
  const { size, executedSize, price, cancelType } = event;
  const status = event.status === "ORDERED" && isFull(executedSize, size) ? "EXECUTED" : event.status;
  return { ...known, size, executedSize, price, status, cancelType };
};

export const orderOfRest = (order: VenueOrder): ViewedOrder => {
  const { orderId, symbol, side, settleType, executionType, timeInForce, size, executedSize, price } = order;
  const known = { orderId, symbol, side, settleType, executionType, timeInForce, size, executedSize, price };
  // "ORDERED and filled" is a short moment inside the venue; the sizes show which status it will get.
  const status = isFull(executedSize, size) ? "EXECUTED" : order.status;
  return { ...known, status, cancelType: order.cancelType, createdMs: order.timestampMs };
};

export const executionOf = (event: ExecutionEvent): Execution => {
  const { executionId, orderId, positionId, symbol, side, settleType, size, price, lossGain, fee, timestampMs } = event;
  return { executionId, orderId, positionId, symbol, side, settleType, size, price, lossGain, fee, timestampMs };
};

export const positionOf = (row: PositionEvent | Position): ViewedPosition => {
  const { positionId, symbol, side, size, orderedSize, price, losscutPrice, timestampMs: openedMs } = row;
  return { positionId, symbol, side, size, orderedSize, price, losscutPrice, openedMs };
};
export const samePosition = (a: ViewedPosition, b: ViewedPosition): boolean =>
  a.size === b.size && a.orderedSize === b.orderedSize && a.losscutPrice === b.losscutPrice;

/** Whether a version of an order is newer than our row, older, equal, or unclear. */
type Place = "unknown" | "ahead" | "behind" | "same" | "unclear";
export const placeOf = (update: ViewedOrder, row: ViewedOrder | undefined): Place => {
  if (!row) return "unknown";
  if (isTerminalStatus(row.status)) {
    if (update.executedSize > row.executedSize) return "ahead";
    return isTerminalStatus(update.status) && update.executedSize === row.executedSize ? "same" : "behind";
  }
  if (isTerminalStatus(update.status)) return "ahead";
  if (update.executedSize !== row.executedSize) return update.executedSize > row.executedSize ? "ahead" : "behind";
  // A STOP is triggered once and is never WAITING again.
  if (row.status === "WAITING" && update.status === "ORDERED") return "ahead";
  if (row.status === "ORDERED" && update.status === "WAITING") return "behind";
  return sameOrder(update, row) ? "same" : "unclear";
};
const sameOrder = (a: ViewedOrder, b: ViewedOrder): boolean =>
  a.status === b.status && a.price === b.price && a.cancelType === b.cancelType;

/** States only REST reports, between a request and its result. */
export const isPassing = (status: VenueOrderStatus): boolean => status === "MODIFYING" || status === "CANCELLING";

/** Our row moved on: the executed size never shrinks, and a terminal status never changes. */
export const forwardOrder = (row: ViewedOrder, update: ViewedOrder): ViewedOrder => {
  const executedSize = update.executedSize > row.executedSize ? update.executedSize : row.executedSize;
  const ended = isTerminalStatus(row.status);
  const status = isFull(executedSize, row.size) ? "EXECUTED" : ended ? row.status : update.status;
  const { price, cancelType } = ended ? row : update;
  return { ...update, executedSize: minBig(executedSize, row.size), status, price, cancelType };
};
/** The same by an event. Events report no request in flight: a state reported by REST is kept until its result. */
export const forwardByEvent = (row: ViewedOrder, update: ViewedOrder): ViewedOrder => {
  const forward = forwardOrder(row, update);
  return isPassing(row.status) && !isTerminalStatus(forward.status) ? { ...forward, status: row.status } : forward;
};
