// Looking instead of resending: what the venue knows of our orders, brought into the book. Reads only, then one commit.
import type { Trade } from "../../db/tables/trades.ts";
import { AppError } from "../../lib/core/errors.ts";
import { coinE8 } from "../../lib/core/money.ts";
import { findOurs, type In, NOT_SHOWN, type Order, settleMs } from "../../lib/core/order.ts";
import { isSpot } from "../../lib/core/product.ts";
import { type EpochMs, epochMs, waitEndMs } from "../../lib/core/time.ts";
import { type Execution, isTerminalStatus, type VenueOrder, type VenueOrderStatus } from "../../lib/core/venue.ts";
import type { NewJob, Tx } from "../../queue/types.ts";
import { applyOrderEvent, auditCtx, bookOrder, protectionJobs } from "../book/booking.ts";
import type { AppCtx } from "../context.ts";

/** Orders of a symbol at the venue that no row of ours owns: active ones, and those behind recent executions. */
export interface Strangers {
  readonly orders: readonly VenueOrder[];
  /** Executions of orders of ours that are not booked: of live ones, or of those our book holds for ended. */
  readonly unbooked: readonly Execution[];
  /** Which positions an order settled, as far as its executions tell. */
  readonly settled: ReadonlyMap<string, ReadonlySet<string>>;
  readonly executions: readonly Execution[];
}

export const externalActivity = async (ctx: AppCtx, symbol: string): Promise<Strangers> => {
  const active = await ctx.venue.activeOrders(symbol, ctx.signal);
  const executions = await ctx.venue.latestExecutions(symbol, ctx.signal);
  const ours = ctx.db.orders.venueIds(symbol);
  const foreign = executions.filter((e) => !ours.has(e.orderId));
  const seen = new Set(active.map((o) => o.orderId));
  const ended = [...new Set(foreign.map((e) => e.orderId))].filter((id) => !seen.has(id));
  const orders = [
    ...active.filter((o) => !ours.has(o.orderId)),
    ...(ended.length === 0 ? [] : await ctx.venue.orders(ended, ctx.signal)),
  ];
  const settled = new Map<string, Set<string>>();
  for (const e of foreign)
    if (e.positionId !== undefined && !isSpot(symbol))
      settled.set(e.orderId, (settled.get(e.orderId) ?? new Set<string>()).add(e.positionId));
  const unbooked = executions.filter((e) => ours.has(e.orderId) && !ctx.db.executions.has(e.executionId));
  return { orders, settled, executions: foreign, unbooked };
};

/**
 * Looks for an order that was sent without an answer. Found: bound and booked. Not found: one empty look more, and after
 * the settle time it counts as never accepted. Returns the order as it stands then.
 */
export const findSentOrder = async (ctx: AppCtx, trade: Trade, order: In<"sending" | "unknown">): Promise<Order> => {
  const { orders, settled } = await externalActivity(ctx, order.intent.symbol);
  const found = findOurs(order, orders, ctx.db.orders.venueIds(order.intent.symbol), settled);
  if (found !== undefined) return applyVenueOrder(ctx, trade, order.id, found);
  return ctx.commit(
    (tx) => {
      const now = tx.orders.byId(order.id);
      if (now?.state !== "sending" && now?.state !== "unknown") return now ?? order;
      if (!mayBeGivenUp(tx, now, ctx.clock.nowMs())) return now;
      return applyOrderEvent(tx, auditCtx(ctx, trade), order.id, { kind: "absent", atMs: ctx.clock.nowMs() });
    },
    givenUpNow(order, ctx.clock.nowMs()) ? looksAfter(ctx.clock.nowMs()) : [],
  );
};

/** This look may be the last one: no event need tell of an order that arrives after it, so it is looked for a few times more. */
const givenUpNow = (order: In<"sending" | "unknown">, nowMs: EpochMs): boolean =>
  nowMs >= order.sentMs + settleMs(order.intent.purpose);
const LOOKS_AFTER_MS = [10_000, 30_000, 90_000] as const;
/** One look serves all that was given up in the same ten seconds. */
const SAME_LOOK_MS = 10_000;
const looksAfter = (nowMs: EpochMs): readonly NewJob[] =>
  LOOKS_AFTER_MS.map((afterMs) => {
    const slot = Math.ceil((nowMs + afterMs) / SAME_LOOK_MS);
    const runAtMs = epochMs(slot * SAME_LOOK_MS);
    return { name: "reconcile", key: `reconcile:givenUp:${slot}`, input: { quick: true }, runAtMs };
  });

/**
 * A closing order is given up after seconds because a second one could never close twice: the venue reserves the quantity.
 * On spot it reserves coins, and where the owner has coins of his own it would take those: there it gets an entry's time.
 */
const mayBeGivenUp = (tx: Tx, order: In<"sending" | "unknown">, nowMs: EpochMs): boolean =>
  !isSpot(order.intent.symbol) ||
  tx.ownerCoins.amount(order.intent.symbol) < order.intent.size ||
  nowMs >= order.sentMs + settleMs("entry");

/**
 * Fetches the executions of an order the venue shows, where there are new ones, and books everything in one commit. What the
 * venue counts but does not tell keeps the order open in our book; reconcile then compares the positions and asks a person.
 */
export const applyVenueOrder = async (
  ctx: AppCtx,
  trade: Trade,
  orderId: number,
  shown: VenueOrder,
): Promise<Order> => {
  const executions =
    shown.executedSize > ctx.db.executions.bookedSize(orderId) ? await executionsOf(ctx, orderId, shown) : [];
  const entry = ctx.db.orders.byId(orderId)?.intent.purpose === "entry";
  const unreported = untoldSize(ctx, orderId, shown, executions) > 0n;
  return ctx.commit(
    (tx) => bookOrder(tx, auditCtx(ctx, trade), orderId, shown, executions),
    [
      ...(entry ? protectionJobs(trade, executions) : []),
      ...(unreported
        ? [{ name: "reconcile", key: `reconcile:untold:${orderId}:${shown.executedSize}`, input: {} }]
        : []),
    ],
  );
};

/** From the order's own list; where that is short, from the symbol's latest as well. */
const executionsOf = async (ctx: AppCtx, orderId: number, shown: VenueOrder): Promise<readonly Execution[]> => {
  const own = await ctx.venue.executions(shown.orderId, ctx.signal);
  if (untoldSize(ctx, orderId, shown, own) === 0n) return own;
  const told = new Set(own.map((e) => e.executionId));
  const latest = await ctx.venue.latestExecutions(shown.symbol, ctx.signal);
  const more = latest.filter((e) => e.orderId === shown.orderId && !told.has(e.executionId));
  ctx.log.warn({ orderId, venueOrderId: shown.orderId, more: more.length }, "order.executionsShort");
  return [...own, ...more];
};

/** What the venue counts as executed, less what is booked and what `executions` add. */
const untoldSize = (ctx: AppCtx, orderId: number, shown: VenueOrder, executions: readonly Execution[]): bigint => {
  const booked = ctx.db.executions.bookedSize(orderId);
  const news = executions.filter((e) => !ctx.db.executions.has(e.executionId)).reduce((sum, e) => sum + e.size, 0n);
  const unreported = shown.executedSize - booked - news;
  return unreported > 0n ? unreported : 0n;
};

/** An order that the venue shows nowhere is cancelled again after so long; shorter than the pause of one that it shows. */
const CANCEL_UNSEEN_AGAIN_MS = 1_500;

/**
 * An order the venue accepted and does not show by its id: its executions and the active orders tell what it is. Filled by
 * them: filled. Active: as it stands there. Neither, and the venue had time to show it: a closing order of a position has ended, for
 * the next one is refused where it has not (ERR-200). An entry, or a sale of coins, is cancelled until the venue itself says that
 * there is nothing to cancel: that a cancel was asked is no proof, whoever asked may have died before it went out. undefined: wait.
 * Throws AppError alert ORDER_GONE once for an order of which nothing is known; what it has executed is booked before.
 */
const resolveMissingOrder = async (ctx: AppCtx, trade: Trade, order: In<"open">): Promise<VenueOrder | undefined> => {
  const { intent, venueOrderId } = order;
  const executions = await ctx.venue.executions(venueOrderId, ctx.signal);
  const active = await ctx.venue.activeOrders(intent.symbol, ctx.signal);
  const found = active.find((o) => o.orderId === venueOrderId);
  if (found !== undefined) return found;
  const executed = coinE8(executions.reduce((sum, e) => sum + e.size, 0n));
  const as = (status: VenueOrderStatus): VenueOrder => ({
    orderId: venueOrderId,
    rootOrderId: venueOrderId,
    symbol: intent.symbol,
    side: intent.side,
    orderType: "NORMAL",
    executionType: intent.executionType,
    settleType: intent.purpose === "entry" ? "OPEN" : "CLOSE",
    size: intent.size,
    executedSize: executed,
    price: intent.price,
    losscutPrice: intent.losscutPrice,
    status,
    cancelType: status === "CANCELED" ? NOT_SHOWN : undefined,
    timeInForce: intent.timeInForce,
    timestampMs: order.sentMs,
  });
  ctx.log.error({ orderId: order.id, venueOrderId, executedE8: String(executed) }, "order.notShown");
  if (executed >= intent.size) return as("EXECUTED");
  const nowMs = ctx.clock.nowMs();
  if (nowMs < waitEndMs(order.sentMs, settleMs(intent.purpose), nowMs))
    return executed > order.executed ? as("ORDERED") : undefined;
  if (intent.purpose !== "entry" && !isSpot(intent.symbol)) return as("CANCELED");
  if (executed > order.executed) return as("ORDERED");
  const askedMs = order.cancelAskedMs;
  if (askedMs !== undefined && nowMs < waitEndMs(askedMs, CANCEL_UNSEEN_AGAIN_MS, nowMs)) return undefined;
  // Whatever it is: it shall not fill any more.
  ctx.commit((tx) => {
    if (tx.orders.byId(order.id)?.state === "open")
      applyOrderEvent(
        tx,
        auditCtx(ctx, trade),
        order.id,
        { kind: "cancelAsked", atMs: nowMs },
        "the venue shows it nowhere",
      );
  });
  const answer = await ctx.venue.cancelOrder(venueOrderId);
  if (askedMs !== undefined) return answer.kind === "refused" && answer.resend === "never" ? as("CANCELED") : undefined;
  throw new AppError(
    "alert",
    "ORDER_GONE",
    `expected the venue to know order ${venueOrderId} (${intent.purpose}, ${intent.symbol}), it shows it nowhere; look at the venue's order list`,
    { orderId: order.id, venueOrderId },
  );
};

/**
 * Brings open orders up to date with the venue. Orders that have not changed cost no commit. Returns those that have ended
 * at the venue and stay open in our book, because it has not told all their executions yet.
 * Throws AppError alert ORDER_GONE when the venue shows an entry, or a sale of coins, that it accepted nowhere any more.
 */
export const syncOpenOrders = async (
  ctx: AppCtx,
  trade: Trade,
  open: readonly In<"open">[],
): Promise<readonly In<"open">[]> => {
  if (open.length === 0) return [];
  const shown = new Map(
    (
      await ctx.venue.orders(
        open.map((o) => o.venueOrderId),
        ctx.signal,
      )
    ).map((o) => [o.orderId, o] as const),
  );
  const unreported: In<"open">[] = [];
  for (const order of open) {
    const now = shown.get(order.venueOrderId) ?? (await resolveMissingOrder(ctx, trade, order));
    if (now === undefined) continue;
    const ended = isTerminalStatus(now.status);
    if (!ended && now.executedSize <= order.executed) continue;
    const after = await applyVenueOrder(ctx, trade, order.id, now);
    if (ended && after.state === "open") unreported.push(after);
  }
  return unreported;
};

/**
 * Asks the venue to cancel and looks at once what became of it. Idempotent at the venue: a refusal (already filled,
 * already cancelled) and a missing answer both mean "look". Returns the order as it stands then.
 */
export const cancel = async (ctx: AppCtx, trade: Trade, order: In<"open">, why: string): Promise<Order> => {
  const asked = ctx.commit((tx) => {
    const now = tx.orders.byId(order.id);
    return now?.state === "open"
      ? applyOrderEvent(tx, auditCtx(ctx, trade), order.id, { kind: "cancelAsked", atMs: ctx.clock.nowMs() }, why)
      : now;
  });
  if (asked?.state !== "open") return asked ?? order;
  const result = await ctx.venue.cancelOrder(order.venueOrderId);
  ctx.log.info(
    { orderId: order.id, result: result.kind, code: "code" in result ? result.code : undefined },
    "order.cancelAsked",
  );
  await syncOpenOrders(ctx, trade, [asked]);
  return ctx.db.orders.byId(order.id) ?? order;
};
