// A trade and the protection of one leg of it as state machines: which states there are, which may follow which. Pure and total.
// docs/orders.md shows both tables; a test compares them with these.
import { AppError } from "./errors.ts";
import { isLive, type Order } from "./order.ts";

export const TRADE_STATUSES = ["pending", "open", "closed", "cancelled"] as const;
export type TradeStatus = (typeof TRADE_STATUSES)[number];

/**
 * `pending`: nothing has filled yet. `open`: a part or all of it has. `cancelled` after a fill: a few coins too little to sell (spot). An ended trade opens again only for a fill that came after
 * all: an order without an answer that was given up and then filled (docs/orders.md, "Sending, at most once").
 */
export const TRADE_MOVES = {
  pending: ["open", "cancelled"],
  open: ["open", "closed", "cancelled"],
  closed: ["open"],
  cancelled: ["open"],
} as const satisfies Readonly<Record<TradeStatus, readonly TradeStatus[]>>;

/** The type of what may follow: an illegal literal move does not type-check. */
export type AfterTrade<S extends TradeStatus> = (typeof TRADE_MOVES)[S][number];

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

/** What a row of the trades table must be like in each state. Throws AppError alert TRADE_ROW on one that is not. */
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

export const PROTECTION_STATES = [
  "bare",
  "placing",
  "protected",
  "releasing",
  "takingProfit",
  "closing",
  "closed",
] as const;
/**
 * Of one leg, from its orders: `bare`: open, and no order is or may be at the venue. `placing`: one is on its way, or without an
 * answer. `protected`: its STOP stands. `releasing`: a cancel of its order is asked for. `takingProfit`, `closing`: a LIMIT or
 * MARKET order stands instead. `closed`: nothing is open and no order can come alive.
 */
export type ProtectionState = (typeof PROTECTION_STATES)[number];

export const PROTECTION_MOVES = {
  // Without `placing`: a request given up as lost stands at the venue after all, and is taken for what it is.
  bare: ["placing", "protected", "takingProfit", "closing", "closed"],
  placing: ["bare", "placing", "protected", "takingProfit", "closing", "closed"],
  protected: ["protected", "releasing", "bare", "closed"],
  releasing: ["releasing", "bare", "closed"],
  takingProfit: ["takingProfit", "releasing", "bare", "closed"],
  closing: ["closing", "releasing", "bare", "closed"],
  closed: ["closed", "bare"],
} as const satisfies Readonly<Record<ProtectionState, readonly ProtectionState[]>>;

/** Total: any leg whatever has exactly one state. */
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

/** What a row of the legs table must be like. Throws AppError alert LEG_ROW on one that is not. */
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

/** Throws AppError alert PROTECTION_MOVE when one change of a leg or its orders leads where no rule leads. */
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
