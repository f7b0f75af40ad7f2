// A trade and the protection of one leg of it as state machines: which states there are, which may follow which. Pure
// and total. docs/orders.md shows both tables; a test compares them with these.
import { AppError } from "./errors.ts";
import { isLive, type Order } from "./order.ts";

export const TRADE_STATUSES = [
  /** Nothing has filled yet. The first booked fill makes it `open`; endEntry cancels it. */
  "pending",
  /** Something has filled. closeIfFlat closes it once all of it is closed and the entry has ended. */
  "open",
  /** Everything is closed and the result is final, unless a late fill opens it again. */
  "closed",
  /** Ended without a result: no fill, or on spot only dust that was left to the owner. A late fill opens it again. */
  "cancelled",
] as const;
export type TradeStatus = (typeof TRADE_STATUSES)[number];

/**
 * Which status may follow. An ended trade opens again only for the fill of an order that was given up as lost
 * (docs/orders.md, "Sending, at most once").
 */
export const TRADE_MOVES = {
  pending: ["open", "cancelled"],
  open: ["open", "closed", "cancelled"],
  closed: ["open"],
  cancelled: ["open"],
} as const satisfies Readonly<Record<TradeStatus, readonly TradeStatus[]>>;

/** Throws AppError alert TRADE_MOVE on a move that does not exist. */
export const moveTrade = (id: number, from: TradeStatus, to: TradeStatus): void => {
  if ((TRADE_MOVES[from] as readonly TradeStatus[]).includes(to)) return;
  throw new AppError(
    "alert",
    "TRADE_MOVE",
    `trade ${id} is ${from} and cannot become ${to}; reconcile before trading on`,
    {
      tradeId: id,
    },
  );
};

/** Checks a row of the trades table against its status. Throws AppError alert TRADE_ROW on one that is not. */
export const assertTrade = (row: {
  readonly id: number;
  readonly status: TradeStatus;
  readonly firstFillMs: number | undefined;
  readonly closedMs: number | undefined;
  readonly exitReason: string | undefined;
  readonly cancelReason: string | undefined;
}): void => {
  const problem = rowProblem(row);
  if (problem !== undefined)
    throw new AppError("alert", "TRADE_ROW", `trade ${row.id} is ${row.status}, but ${problem}; restore a backup`, {
      tradeId: row.id,
    });
};
const rowProblem = (row: Parameters<typeof assertTrade>[0]): string | undefined => {
  const filled = row.firstFillMs !== undefined;
  const closed = row.closedMs !== undefined && row.exitReason !== undefined;
  switch (row.status) {
    case "pending":
      return filled || closed ? "it has a fill or an end" : undefined;
    case "open":
      if (!filled) return "it has no fill";
      return row.closedMs !== undefined ? "it has an end" : undefined;
    case "closed":
      return filled && closed ? undefined : "it lacks its fill, its end or its reason";
    case "cancelled":
      return row.cancelReason === undefined ? "it has no reason" : undefined;
    default:
      return row.status satisfies never;
  }
};

/** Of one leg, computed from its orders (protectionOf), so that an order's move is the leg's move. */
export const PROTECTION_STATES = [
  /** Open, and no order is or may be at the venue. The exit rules place the next order. */
  "bare",
  /** An order is intended, sent or without an answer. The venue's answer or a look moves it on. */
  "placing",
  /**
   * Its STOP stands at the venue. A fill closes it; the exit rules release it for a target, a close or a moved stop.
   */
  "protected",
  /**
   * A cancel of its order is asked for. Once the venue ends the order it is `bare`, or `closed` when it filled first.
   */
  "releasing",
  /** A take-profit LIMIT rests. It fills, or is cancelled after its resting time. */
  "takingProfit",
  /** A closing LIMIT or MARKET order is at the venue. It fills, expires or is cancelled. */
  "closing",
  /** Nothing is open and no order is live. A late fill may make it `bare` again. */
  "closed",
] as const;
export type ProtectionState = (typeof PROTECTION_STATES)[number];

export const PROTECTION_MOVES = {
  // Straight from `bare`: an order given up as lost is found at the venue and bound to its row.
  bare: ["placing", "protected", "takingProfit", "closing", "closed"],
  placing: ["bare", "placing", "protected", "takingProfit", "closing", "closed"],
  protected: ["protected", "releasing", "bare", "closed"],
  releasing: ["releasing", "bare", "closed"],
  takingProfit: ["takingProfit", "releasing", "bare", "closed"],
  closing: ["closing", "releasing", "bare", "closed"],
  closed: ["closed", "bare"],
} as const satisfies Readonly<Record<ProtectionState, readonly ProtectionState[]>>;

/** Total: every leg has exactly one state. */
export const protectionOf = (leg: { readonly open: bigint; readonly orders: readonly Order[] }): ProtectionState => {
  const live = leg.orders.findLast(isLive);
  if (live === undefined) return leg.open > 0n ? "bare" : "closed";
  if (live.state !== "open") return "placing";
  if (live.cancelAskedMs !== undefined) return "releasing";
  switch (live.intent.purpose) {
    case "stop":
      return "protected";
    case "takeProfit":
      return "takingProfit";
    case "exit":
      return "closing";
    case "entry":
      throw new AppError("alert", "PROTECTION_STATE", `order ${live.id} is an entry and protects nothing`);
    default:
      return live.intent.purpose satisfies never;
  }
};

/** Checks a row of the legs table. Throws AppError alert LEG_ROW on one that is not. */
export const assertLeg = (row: {
  readonly id: number;
  readonly size: bigint;
  readonly open: bigint;
  readonly stop: bigint;
  readonly targetPrice: bigint;
  readonly exitReason: string | undefined;
  readonly closedMs: number | undefined;
}): void => {
  const problem = legProblem(row);
  if (problem !== undefined)
    throw new AppError("alert", "LEG_ROW", `leg ${row.id}: ${problem}; restore a backup`, { legId: row.id });
};
const legProblem = (row: Parameters<typeof assertLeg>[0]): string | undefined => {
  if (row.size <= 0n || row.open < 0n || row.open > row.size)
    return "more is open than it was planned for, or less than nothing";
  if (row.stop <= 0n || row.targetPrice <= 0n) return "its stop or its target is no price";
  if (row.open === 0n && (row.closedMs === undefined || row.exitReason === undefined))
    return "it is closed, but lacks its end or its reason";
  return row.open > 0n && row.closedMs !== undefined ? "it is open, but has an end" : undefined;
};

/** Throws AppError alert PROTECTION_MOVE on a move that PROTECTION_MOVES does not list. */
export const moveProtection = (legId: number, from: ProtectionState, to: ProtectionState): void => {
  if (from === to || (PROTECTION_MOVES[from] as readonly ProtectionState[]).includes(to)) return;
  throw new AppError(
    "alert",
    "PROTECTION_MOVE",
    `leg ${legId} is ${from} and cannot become ${to}; reconcile and look`,
    {
      legId,
    },
  );
};
