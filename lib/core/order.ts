// One order, from intention to its end, as a pure state machine. The venue has no client order id (GMO API 9), so the
// rules here decide what may be sent, what must be looked up first, and which venue order is ours. Nothing here sends.
import { AppError } from "./errors.ts";
import { type CoinE8, formatE8, type YenE8 } from "./money.ts";
import { isSpot } from "./product.ts";
import { type EpochMs, SECOND_MS, waitEndMs } from "./time.ts";
import {
  type ExecutionType,
  isTerminalStatus,
  type Side,
  type TimeInForce,
  type VenueOrder,
  type VenueOrderStatus,
} from "./venue.ts";

export type OrderPurpose = "entry" | "stop" | "takeProfit" | "exit";
export type ExitReason = "tp1" | "tp2" | "stop_loss" | "time_stop" | "manual";

/** Everything that will be sent, and why. Committed before the request (DESIGN 7.1). */
export interface Intent {
  readonly tradeId: number;
  readonly purpose: OrderPurpose;
  /** The part of the position this order closes; undefined for entries. */
  readonly legId: number | undefined;
  readonly positionId: string | undefined;
  /** What a fill of this closing order means for the trade; undefined for entries. */
  readonly exitReason: ExitReason | undefined;
  readonly symbol: string;
  readonly side: Side;
  readonly executionType: ExecutionType;
  readonly timeInForce: TimeInForce;
  /** undefined for MARKET. */
  readonly price: YenE8 | undefined;
  /** The price before `distinctPrice` moved it by ticks; undefined for MARKET. */
  readonly plannedPrice: YenE8 | undefined;
  /** The loss-cut price of a margin entry, behind the stop; undefined otherwise. */
  readonly losscutPrice: YenE8 | undefined;
  readonly size: CoinE8;
}

interface Base {
  readonly id: number;
  readonly intent: Intent;
  readonly createdMs: EpochMs;
  /** When it was last seen changed at the venue, by someone else; `intent` then shows what rests there. */
  readonly changedMs?: EpochMs | undefined;
}
/** What is kept of the moment a request went out, for a later look that must decide whether it arrived. */
export interface Sent {
  readonly sentMs: EpochMs;
  /** The same moment on the venue's clock; undefined: not known then. */
  readonly sentVenueMs: EpochMs | undefined;
  /**
   * The newest order id of the venue that was known before the send: an order of ours has a higher one. undefined: the
   * row is older than this rule, and any order may be ours.
   */
  readonly afterOrderId: string | undefined;
}
interface AtVenue extends Sent {
  readonly venueOrderId: string;
  /** Executed size that is booked; never more than the order's size, never shrinking. */
  readonly executed: CoinE8;
}
/** The states are described at ORDER_STATES. */
export type Order = Base &
  (
    | { readonly state: "intended" }
    | Each<
        "sending" | "unknown",
        Sent & {
          /** Looks that found nothing and may count (moveOrder "absent"). */
          readonly emptyLooks: number;
        }
      >
    | (AtVenue & { readonly state: "open"; readonly cancelAskedMs: EpochMs | undefined })
    | Each<
        "filled" | "cancelled" | "expired",
        AtVenue & {
          readonly closedMs: EpochMs;
          /** When we asked for its cancel; undefined: we did not, so a cancel was external or the venue's own. */
          readonly cancelAskedMs: EpochMs | undefined;
          /** The venue's cancelType, if it gave one. */
          readonly detail: string | undefined;
        }
      >
    | (Sent & {
        readonly state: "rejected";
        readonly closedMs: EpochMs;
        readonly code: string;
        readonly detail: string | undefined;
        readonly resend: "never" | "later";
      })
    | (Omit<Sent, "sentMs"> & {
        readonly state: "neverSent";
        readonly sentMs: EpochMs | undefined;
        readonly closedMs: EpochMs;
        readonly detail: string | undefined;
      })
  );
/** One union member per state, so that `In` can pick each. */
type Each<S extends string, T> = S extends string ? T & { readonly state: S } : never;
export type OrderState = Order["state"];
export type In<S extends OrderState> = Extract<Order, { state: S }>;

export const ORDER_STATES = [
  /** Committed, not sent. sendIntended moves it to `sending` or drops it; a later attempt abandons it: `neverSent`. */
  "intended",
  /** The request may be on its way. Its answer makes it `open`, `rejected` or `unknown`; after a crash as `unknown`. */
  "sending",
  /** Sent, no usable answer. findSentOrder makes it `open`, ended or, without a trace in time, `neverSent`. */
  "unknown",
  /** The venue has accepted it: resting, waiting for its trigger, perhaps part filled. syncOpenOrders ends it. */
  "open",
  /** Executed in full and all executions booked. Final. */
  "filled",
  /** Cancelled by us, externally or by the venue, perhaps part filled. Final, except that a late fill is booked. */
  "cancelled",
  /** Ended by the venue (FAK remainder, post-only that would have taken), perhaps part filled. As `cancelled`. */
  "expired",
  /** The venue refused the request. Final; a new row may follow. */
  "rejected",
  /** Dropped before the request: final. Or sent and no trace found in time: bindLateOrders may still find it. */
  "neverSent",
] as const satisfies readonly OrderState[];
const LIVE: ReadonlySet<OrderState> = new Set(["intended", "sending", "unknown", "open"]);
export type LiveOrder = In<"intended" | "sending" | "unknown" | "open">;
/** Not ended: it is, may be, or will be at the venue. */
export const isLive = (order: Order): order is LiveOrder => LIVE.has(order.state);
/** Sent without an answer so far: it may be at the venue, so it is looked up and never sent again. */
export const isInFlight = (order: Order): order is In<"sending" | "unknown"> =>
  order.state === "sending" || order.state === "unknown";

export type OrderEvent =
  | { readonly kind: "send"; readonly sent: Sent }
  | { readonly kind: "accepted"; readonly venueOrderId: string }
  | {
      readonly kind: "refused";
      readonly code: string;
      readonly message: string;
      readonly resend: "never" | "later";
      readonly atMs: EpochMs;
    }
  | { readonly kind: "noAnswer" }
  /** The venue shows the order; `booked` is the executed size our book holds for it. */
  | { readonly kind: "seen"; readonly order: VenueOrder; readonly booked: CoinE8; readonly atMs: EpochMs }
  | { readonly kind: "cancelAsked"; readonly atMs: EpochMs }
  /** A look found no order that is this one. */
  | {
      readonly kind: "absent";
      readonly atMs: EpochMs;
      /** The venue's time; undefined while its clock is unknown or has just been set: nothing is concluded then. */
      readonly venueMs: EpochMs | undefined;
      /** Something at the venue may still be this order, changed or in part: it is not sent again (UNEXPLAINED). */
      readonly unexplained: boolean;
    }
  /** An intention that is dropped before it was sent. */
  | { readonly kind: "abandon"; readonly why: string; readonly atMs: EpochMs };

const illegal = (order: Order, event: OrderEvent, why = "this move does not exist"): AppError =>
  new AppError(
    "alert",
    "ORDER_MOVE",
    `order ${order.id} is ${order.state} and cannot take "${event.kind}": ${why}; reconcile before trading on`,
    { orderId: order.id, state: order.state, event: event.kind },
  );

/** How long the venue may still show a request that got no answer (GMO API 9.5). */
const ENTRY_SETTLE_MS = 10 * SECOND_MS;
/**
 * Closing orders settle sooner: the venue reserves the quantity, so a second one for the same quantity is refused
 * (ERR-200) and can never close twice, while every second of waiting may be a second without a stop.
 */
const CLOSE_SETTLE_MS = 3 * SECOND_MS;
export const settleMs = (purpose: OrderPurpose): number => (purpose === "entry" ? ENTRY_SETTLE_MS : CLOSE_SETTLE_MS);
/** Without an answer for longer than this, the owner is alerted of an order (docs/orders.md). */
export const UNANSWERED_MS = 60 * SECOND_MS;
/** The `detail` of an order that was accepted, then shown nowhere by the venue, and so counts as cancelled. */
export const NOT_SHOWN = "NOT_SHOWN";
/**
 * The `detail` of an entry that counts as never accepted while the venue shows something newer that no row of ours
 * explains: no second entry follows it.
 */
export const UNEXPLAINED = "UNEXPLAINED";
/** Empty looks, a second apart, that stand in for a settle time that cannot be measured, because a clock was set back. */
const LOOKS_WITHOUT_CLOCK = 30;
/** Number of looks without a trace, after the settle time, before a request counts as never accepted. */
const looksNeeded = (purpose: OrderPurpose): number => (purpose === "entry" ? 2 : 1);

const ENDED: Readonly<Partial<Record<VenueOrderStatus, "filled" | "cancelled" | "expired">>> = {
  EXECUTED: "filled",
  CANCELED: "cancelled",
  EXPIRED: "expired",
};

/**
 * The next order. Throws AppError alert ORDER_MOVE on a move that does not exist: book and venue have diverged.
 * An order ends only when every execution the venue counts is booked, so a fill can never be lost between two reads.
 */
export const moveOrder = (order: Order, event: OrderEvent): Order => {
  const { id, intent, createdMs, changedMs } = order;
  const base: Base = { id, intent, createdMs, ...(changedMs === undefined ? {} : { changedMs }) };
  switch (event.kind) {
    case "send":
      if (order.state !== "intended") throw illegal(order, event);
      return { ...base, state: "sending", ...event.sent, emptyLooks: 0 };
    case "accepted":
      if (order.state === "open" && order.venueOrderId === event.venueOrderId) return order;
      // The answer may come after a look already judged the request lost: the venue's word wins.
      if (!isInFlight(order) && order.state !== "neverSent") throw illegal(order, event);
      if (order.sentMs === undefined) throw illegal(order, event, "it was never sent");
      return {
        ...base,
        state: "open",
        ...sentOf(order),
        sentMs: order.sentMs,
        venueOrderId: event.venueOrderId,
        executed: 0n as CoinE8,
        cancelAskedMs: undefined,
      };
    case "refused":
      if (!isInFlight(order)) throw illegal(order, event);
      return {
        ...base,
        state: "rejected",
        ...sentOf(order),
        closedMs: event.atMs,
        code: event.code,
        detail: event.message,
        resend: event.resend,
      };
    case "noAnswer":
      if (!isInFlight(order)) throw illegal(order, event);
      return { ...base, state: "unknown", ...sentOf(order), emptyLooks: order.emptyLooks };
    case "seen":
      return seen(base, order, event);
    case "cancelAsked":
      if (order.state !== "open") throw illegal(order, event);
      return { ...order, cancelAskedMs: event.atMs };
    case "absent": {
      if (!isInFlight(order)) throw illegal(order, event);
      const counted = countedLooks(order, event);
      if (counted.emptyLooks < counted.needed)
        return { ...base, state: "unknown", ...sentOf(order), emptyLooks: counted.emptyLooks };
      const detail = event.unexplained ? UNEXPLAINED : "no trace at the venue";
      return { ...base, state: "neverSent", ...sentOf(order), closedMs: event.atMs, detail };
    }
    case "abandon":
      if (order.state !== "intended") throw illegal(order, event, "it may be at the venue");
      return {
        ...base,
        state: "neverSent",
        sentMs: undefined,
        sentVenueMs: undefined,
        afterOrderId: undefined,
        closedMs: event.atMs,
        detail: event.why,
      };
    default:
      return event satisfies never;
  }
};

const sentOf = <T extends Omit<Sent, "sentMs"> & { readonly sentMs: Sent["sentMs"] | undefined }>(order: T) => {
  const { sentMs, sentVenueMs, afterOrderId } = order;
  return { sentMs: sentMs as T["sentMs"], sentVenueMs, afterOrderId };
};

/** Looks that count so far, this one included, and how many are needed until the request counts as never accepted. */
const countedLooks = (
  order: In<"sending" | "unknown">,
  { atMs, venueMs }: Extract<OrderEvent, { kind: "absent" }>,
): { readonly emptyLooks: number; readonly needed: number } => {
  const { purpose } = order.intent;
  const needed = looksNeeded(purpose);
  const counted = { emptyLooks: order.emptyLooks + 1, needed };
  const none = { emptyLooks: 0, needed };
  // A clock that was set back does not prolong the wait of a closing order. That of an entry it does: a late entry is
  // better than a second one.
  if (purpose !== "entry") return atMs < waitEndMs(order.sentMs, settleMs(purpose), atMs) ? none : counted;
  if (venueMs === undefined) return none;
  // By both clocks: one that was set forward proves nothing.
  const passedMs = [atMs - order.sentMs, ...(order.sentVenueMs === undefined ? [] : [venueMs - order.sentVenueMs])];
  if (Math.min(...passedMs) >= settleMs(purpose)) return counted;
  return Math.min(...passedMs) < 0 ? { ...counted, needed: LOOKS_WITHOUT_CLOCK } : none;
};

const seen = (base: Base, order: Order, event: Extract<OrderEvent, { kind: "seen" }>): Order => {
  const { order: shown, booked, atMs } = event;
  if (order.state === "intended" || order.state === "rejected" || !("sentMs" in order) || order.sentMs === undefined)
    throw illegal(order, event, "it was never accepted");
  const known = "venueOrderId" in order ? order.venueOrderId : undefined;
  if (known !== undefined && known !== shown.orderId)
    throw illegal(order, event, `it is the venue's order ${known}, not ${shown.orderId}`);
  if (booked > order.intent.size || booked < ("executed" in order ? order.executed : 0n))
    throw illegal(order, event, `${formatE8(booked)} of ${formatE8(order.intent.size)} is booked`);
  if (order.state === "filled" || order.state === "cancelled" || order.state === "expired") {
    // The venue reported the end before its last fill: the fill is booked, the end stays.
    return booked === order.executed ? order : { ...order, executed: booked };
  }
  const { sentMs, sentVenueMs, afterOrderId } = order;
  const atVenue = { sentMs, sentVenueMs, afterOrderId, venueOrderId: shown.orderId, executed: booked };
  const end = isTerminalStatus(shown.status) && booked === shown.executedSize ? ENDED[shown.status] : undefined;
  const cancelAskedMs = order.state === "open" ? order.cancelAskedMs : undefined;
  if (end !== undefined)
    return { ...base, ...atVenue, state: end, closedMs: atMs, cancelAskedMs, detail: shown.cancelType };
  // Nothing new to book; the venue may count a fill whose executions it does not report yet.
  if (order.state === "open" && booked === order.executed) return order;
  return { ...base, ...atVenue, state: "open", cancelAskedMs };
};

/** Throws AppError alert ORDER_INTENT on an intention that must not exist. Checked when written and when read. */
export const assertIntent = (intent: Intent): void => {
  const problem = intentProblem(intent);
  if (problem !== undefined)
    throw new AppError("alert", "ORDER_INTENT", `a ${intent.purpose} order of ${intent.symbol}: ${problem}`, {
      tradeId: intent.tradeId,
      purpose: intent.purpose,
    });
};
const intentProblem = (i: Intent): string | undefined => {
  if (i.size <= 0n) return `expected a size above 0, found ${formatE8(i.size)}`;
  if ((i.executionType === "MARKET") !== (i.price === undefined))
    return "a price is for LIMIT and STOP, and only there";
  if ((i.price === undefined) !== (i.plannedPrice === undefined)) return "a price needs its planned price";
  if (i.price !== undefined && i.price <= 0n) return `expected a price above 0, found ${formatE8(i.price)}`;
  if (i.executionType !== "LIMIT" && i.timeInForce !== "FAK")
    return `${i.executionType} is FAK, found ${i.timeInForce}`;
  if (i.executionType === "LIMIT" && i.timeInForce !== "FAS" && i.timeInForce !== "SOK")
    return `a LIMIT is FAS or SOK, found ${i.timeInForce}`;
  if (isSpot(i.symbol) && (i.purpose === "entry") !== (i.side === "BUY"))
    return "coins are bought to enter and sold to leave";
  if (isSpot(i.symbol) && i.losscutPrice !== undefined) return "coins have no loss-cut price";
  if (i.purpose === "entry") {
    if (i.executionType !== "LIMIT") return `expected a LIMIT, found ${i.executionType}`;
    if (i.positionId !== undefined || i.legId !== undefined || i.exitReason !== undefined)
      return "an entry closes nothing";
    return undefined;
  }
  if (i.positionId === undefined || i.legId === undefined || i.exitReason === undefined)
    return "a closing order names its position, its leg and its reason";
  if (i.losscutPrice !== undefined) return "a closing order has no loss-cut price";
  if ((i.purpose === "stop") !== (i.executionType === "STOP")) return `a ${i.purpose} is not a ${i.executionType}`;
  if (i.purpose === "takeProfit" && i.executionType !== "LIMIT") return "a take-profit is a LIMIT";
  return undefined;
};
