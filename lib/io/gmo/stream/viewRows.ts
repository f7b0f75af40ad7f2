// Rows of the view from events and from REST, and which of two pictures of one order is further along. Pure.
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

/** An order event, or what a fill says about its order. */
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
  // "ORDERED and filled" is a moment inside the venue; the sizes say what it will be called.
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

/** Where a picture of an order stands beside our row: newer, older, equal, or impossible to tell. */
export type Place = "unknown" | "ahead" | "behind" | "same" | "unclear";
export const placeOf = (told: ViewedOrder, row: ViewedOrder | undefined): Place => {
  if (!row) return "unknown";
  if (isTerminalStatus(row.status)) {
    if (told.executedSize > row.executedSize) return "ahead";
    return isTerminalStatus(told.status) && told.executedSize === row.executedSize ? "same" : "behind";
  }
  if (isTerminalStatus(told.status)) return "ahead";
  if (told.executedSize !== row.executedSize) return told.executedSize > row.executedSize ? "ahead" : "behind";
  // A STOP is triggered once and never waits again.
  if (row.status === "WAITING" && told.status === "ORDERED") return "ahead";
  if (row.status === "ORDERED" && told.status === "WAITING") return "behind";
  return sameOrder(told, row) ? "same" : "unclear";
};
const sameOrder = (a: ViewedOrder, b: ViewedOrder): boolean =>
  a.status === b.status && a.price === b.price && a.cancelType === b.cancelType;

/** States only REST tells, between a request and its result. */
export const isPassing = (status: VenueOrderStatus): boolean => status === "MODIFYING" || status === "CANCELLING";

/** Our row moved on: what is executed never shrinks, and an end stays the end it was. */
export const forwardOrder = (row: ViewedOrder, told: ViewedOrder): ViewedOrder => {
  const executedSize = told.executedSize > row.executedSize ? told.executedSize : row.executedSize;
  const ended = isTerminalStatus(row.status);
  const status = isFull(executedSize, row.size) ? "EXECUTED" : ended ? row.status : told.status;
  const { price, cancelType } = ended ? row : told;
  return { ...told, executedSize: minBig(executedSize, row.size), status, price, cancelType };
};
/** The same by an event. No event tells of a request under way: what REST told of it stands until its result. */
export const forwardByEvent = (row: ViewedOrder, told: ViewedOrder): ViewedOrder => {
  const forward = forwardOrder(row, told);
  return isPassing(row.status) && !isTerminalStatus(forward.status) ? { ...forward, status: row.status } : forward;
};
