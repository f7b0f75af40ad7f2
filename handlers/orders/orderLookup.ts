// Brings what the venue knows of our orders into the book. Orders without an answer are looked up here, never sent
// again.

import { AppError } from "../../lib/core/errors.ts";
import { type CoinE8, coinE8 } from "../../lib/core/money.ts";
import { type In, isInFlight, NOT_SHOWN, type Order, settleMs } from "../../lib/core/order.ts";
import { findOurs, mayBeEntry, newerOrderId } from "../../lib/core/orderMatch.ts";
import { isSpot } from "../../lib/core/product.ts";
import { type EpochMs, epochMs, SECOND_MS, waitEndMs } from "../../lib/core/time.ts";
import { type Execution, isTerminalStatus, type VenueOrder, type VenueOrderStatus } from "../../lib/core/venue.ts";
import { venueTime } from "../../lib/core/venueClock.ts";
import type { Reads } from "../../queue/types.ts";
import { applyOrderEvent, bookOrder, protectionJobs } from "../book/booking.ts";
import { balanceOf, openCoins } from "../book/coinBalances.ts";
import type { TradeCtx } from "../book/tradeCtx.ts";
import type { AppCtx } from "../context.ts";
import { type AppJob, reconcileJob } from "../jobs.ts";
import { noticeChanges } from "./venueChanges.ts";

/** What the venue shows of a symbol beyond our rows. */
export interface ExternalActivity {
  /** Orders that no row of ours owns: active ones, and those behind recent executions. */
  readonly orders: readonly VenueOrder[];
  /** Executions of orders that no row of ours owns. */
  readonly executions: readonly Execution[];
  /** Venue order id to the positions it closed, as far as its executions tell. Empty on spot. */
  readonly closedPositions: ReadonlyMap<string, ReadonlySet<string>>;
  /** What the active sales would still sell, ours included. On spot they lock so many coins. */
  readonly selling: CoinE8;
  /** Unbooked executions of our own orders, live or ended in our book. */
  readonly unbooked: readonly Execution[];
}

export const externalActivity = async (ctx: AppCtx, symbol: string): Promise<ExternalActivity> => {
  const active = await ctx.venue.activeOrders(symbol, ctx.signal);
  const executions = await ctx.venue.latestExecutions(symbol, ctx.signal);
  const ours = ctx.db.orders.venueIds(symbol);
  const external = executions.filter((e) => !ours.has(e.orderId));
  const seen = new Set(active.map((o) => o.orderId));
  const ended = [...new Set(external.map((e) => e.orderId))].filter((id) => !seen.has(id));
  const orders = [
    ...active.filter((o) => !ours.has(o.orderId)),
    ...(ended.length === 0 ? [] : await ctx.venue.orders(ended, ctx.signal)),
  ];
  const closedPositions = new Map<string, Set<string>>();
  for (const e of external)
    if (e.positionId !== undefined && !isSpot(symbol))
      closedPositions.set(e.orderId, (closedPositions.get(e.orderId) ?? new Set<string>()).add(e.positionId));
  const unbooked = executions.filter((e) => ours.has(e.orderId) && !ctx.db.executions.has(e.executionId));
  noteNewest(ctx, [...active, ...executions]);
  const sales = active.filter((o) => o.side === "SELL");
  const selling = coinE8(sales.reduce((sum, o) => sum + o.size - o.executedSize, 0n));
  return { orders, closedPositions, selling, executions: external, unbooked };
};

/** Keeps the newest order id seen: an order that is sent from now on has a higher one (orderMatch.ts). */
const noteNewest = (ctx: AppCtx, seen: readonly { readonly orderId: string }[]): void => {
  const newest = seen.map((o) => o.orderId).reduce<string | undefined>(newerOrderId, undefined);
  const known = ctx.db.orders.newestVenueId();
  if (newest !== undefined && newerOrderId(known, newest) !== known) ctx.commit((tx) => tx.orders.noteVenueId(newest));
};

/**
 * Looks for an order that was sent without an answer. Found: bound and booked. Not found: one more empty look, and
 * after the settle time it counts as never accepted. Returns the order as it stands then. What was not found is decided
 * by order ids, executions and holdings; the clocks only say how long to go on looking (moveOrder "absent").
 */
export const findSentOrder = async (t: TradeCtx, order: In<"sending" | "unknown">): Promise<Order> => {
  const { ctx } = t;
  const around = await externalActivity(ctx, order.intent.symbol);
  const found = findOurs(order, around.orders, ctx.db.orders.venueIds(order.intent.symbol), around.closedPositions);
  if (found !== undefined) return applyVenueOrder(t, order.id, found);
  const unexplained = order.intent.purpose === "entry" && (await isUnexplained(ctx, order, around));
  const concludes = !beside(ctx.db, order) || (await isNoSale(ctx, order, around));
  return t.commit(
    (tx, by) => {
      const now = tx.orders.byId(order.id);
      if (now === undefined) return order;
      if (!isInFlight(now) || !concludes) return now;
      const venueMs = venueTime(ctx.venue.clock(), by.atMs);
      return applyOrderEvent(tx, by, order.id, { kind: "absent", atMs: by.atMs, venueMs, unexplained });
    },
    givenUpNow(order, ctx.clock.nowMs()) ? looksAfter(ctx.clock.nowMs(), beside(ctx.db, order)) : [],
  );
};

/**
 * Whether the venue shows or holds something that may be this entry: an order or execution that no row of ours explains, or
 * more positions or coins than our book. Lists of the venue may lack their newest row for a moment, holdings do not.
 */
export const isUnexplained = async (
  ctx: AppCtx,
  order: In<"sending" | "unknown" | "neverSent">,
  around: ExternalActivity,
): Promise<boolean> => {
  const { symbol, side } = order.intent;
  if (mayBeEntry(order, [...around.orders, ...around.executions], ctx.db.orders.venueIds(symbol))) return true;
  if (isSpot(symbol)) {
    const { amount } = balanceOf(await ctx.venue.assets(ctx.signal), symbol);
    return amount > openCoins(ctx.db, symbol) + ctx.db.ownerCoins.amount(symbol);
  }
  const held = await ctx.venue.openPositions(symbol, ctx.signal);
  return held.some((p) => p.side === side && ctx.db.positions.byId(p.positionId) === undefined);
};

/**
 * This look may be the last one, and no event has to announce an order that arrives later: reconcile looks some more
 * times.
 */
const givenUpNow = (order: In<"sending" | "unknown">, nowMs: EpochMs): boolean =>
  nowMs >= order.sentMs + settleMs(order.intent.purpose);
const LOOKS_AFTER_MS = [10_000, 30_000, 90_000] as const;
/** One reconcile serves all orders given up in the same ten seconds. */
const SAME_LOOK_MS = 10_000;
/** A lost sale that arrives beside its successor locks coins of the owner: it is cancelled within seconds. */
const LOOKS_AFTER_SALE_MS = [1_000, 2_000, 4_000, 7_000] as const;
const looksAfter = (nowMs: EpochMs, besideOwners: boolean): readonly AppJob[] => [
  ...(besideOwners ? LOOKS_AFTER_SALE_MS.map((afterMs) => lookAt(nowMs + afterMs, SECOND_MS)) : []),
  ...LOOKS_AFTER_MS.map((afterMs) => lookAt(nowMs + afterMs, SAME_LOOK_MS)),
];
/** `everyMs`: reconciles of the same slot of this length are one. */
const lookAt = (ms: number, everyMs: number): AppJob => {
  const runAtMs = epochMs(Math.ceil(ms / everyMs) * everyMs);
  return { ...reconcileJob(`givenUp:${runAtMs / SECOND_MS}`, { quick: true }), runAtMs };
};

/** Spot: a sale where the owner has coins as well, so that a second sale could take those. */
const beside = (db: Reads, { intent }: Order): boolean =>
  isSpot(intent.symbol) && intent.purpose !== "entry" && db.ownerCoins.amount(intent.symbol) >= intent.size;

/**
 * A closing order is given up after seconds because a second one can never close twice: the venue reserves the
 * quantity. On spot it reserves coins, and a second sale would take coins of the owner where there are any: then it
 * waits as an entry does. A stop does not, once the venue has no more coins locked than its active sales explain, and
 * none was sold: a late twin of it rests, too, and is cancelled by the looks that follow.
 */
const isNoSale = async (ctx: AppCtx, order: In<"sending" | "unknown">, around: ExternalActivity): Promise<boolean> => {
  const { symbol, purpose } = order.intent;
  const nowMs = ctx.clock.nowMs();
  if (nowMs >= order.sentMs + settleMs("entry")) return true;
  if (purpose !== "stop" || nowMs < order.sentMs + settleMs(purpose)) return false;
  const { amount, available } = balanceOf(await ctx.venue.assets(ctx.signal), symbol);
  const expected = openCoins(ctx.db, symbol) + ctx.db.ownerCoins.amount(symbol);
  return amount - available <= around.selling && amount >= expected;
};

/**
 * Fetches the executions of an order the venue shows, where there are new ones, and books everything in one commit.
 * Size that the venue counts without reporting its executions keeps the order open in our book; reconcile then
 * compares the positions and alerts the owner.
 */
export const applyVenueOrder = async (t: TradeCtx, orderId: number, shown: VenueOrder): Promise<Order> => {
  const { ctx, trade } = t;
  const executions =
    shown.executedSize > ctx.db.executions.bookedSize(orderId) ? await executionsOf(ctx, orderId, shown) : [];
  const entry = ctx.db.orders.byId(orderId)?.intent.purpose === "entry";
  const unreported = unreportedSize(ctx, orderId, shown, executions) > 0n;
  return t.commit(
    (tx, by) => bookOrder(tx, by, orderId, shown, executions),
    [
      ...(entry ? protectionJobs(trade, executions) : []),
      ...(unreported ? [reconcileJob(`untold:${orderId}:${shown.executedSize}`)] : []),
    ],
  );
};

/** From the order's own list; where that is short of the executed size, from the symbol's latest executions as well. */
const executionsOf = async (ctx: AppCtx, orderId: number, shown: VenueOrder): Promise<readonly Execution[]> => {
  const own = await ctx.venue.executions(shown.orderId, ctx.signal);
  if (unreportedSize(ctx, orderId, shown, own) === 0n) return own;
  const known = new Set(own.map((e) => e.executionId));
  const latest = await ctx.venue.latestExecutions(shown.symbol, ctx.signal);
  const more = latest.filter((e) => e.orderId === shown.orderId && !known.has(e.executionId));
  ctx.log.warn({ orderId, venueOrderId: shown.orderId, more: more.length }, "order.executionsShort");
  return [...own, ...more];
};

/** What the venue counts as executed, less what is booked and what `executions` add. */
const unreportedSize = (ctx: AppCtx, orderId: number, shown: VenueOrder, executions: readonly Execution[]): bigint => {
  const booked = ctx.db.executions.bookedSize(orderId);
  const news = executions.filter((e) => !ctx.db.executions.has(e.executionId)).reduce((sum, e) => sum + e.size, 0n);
  const unreported = shown.executedSize - booked - news;
  return unreported > 0n ? unreported : 0n;
};

/** Pause before the cancel of an order that the venue shows nowhere is repeated; shorter than for one that it shows. */
const CANCEL_UNSEEN_AGAIN_MS = 1_500;

/**
 * An order the venue accepted and does not show by its id is judged by its executions and the active orders. Executed
 * in full: filled. Active: as it stands there. Neither, after the settle time: a closing order of a position counts
 * as cancelled, since the next one is refused where it has not ended (ERR-200). An entry, or a sale of coins, is
 * cancelled until the venue itself says that there is nothing to cancel; a recorded cancel is no proof, because the
 * worker may have died before sending it. undefined: wait. Throws AppError alert ORDER_GONE once for an order of
 * which nothing is known; its executions are booked before.
 */
const resolveMissingOrder = async (t: TradeCtx, order: In<"open">): Promise<VenueOrder | undefined> => {
  const { ctx } = t;
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
  // Cancel it: an order we cannot see must not fill later.
  t.commit((tx, by) => {
    if (tx.orders.byId(order.id)?.state === "open")
      applyOrderEvent(tx, by, order.id, { kind: "cancelAsked", atMs: nowMs }, "the venue shows it nowhere");
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
 * Brings open orders up to date with the venue. Orders that have not changed cost no commit. Returns those that have
 * ended at the venue and stay open in our book, because it has not reported all their executions yet. Throws AppError
 * alert ORDER_GONE when the venue no longer shows an entry, or a sale of coins, that it accepted.
 */
export const syncOpenOrders = async (t: TradeCtx, open: readonly In<"open">[]): Promise<readonly In<"open">[]> => {
  if (open.length === 0) return [];
  const { ctx } = t;
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
    const now = shown.get(order.venueOrderId) ?? (await resolveMissingOrder(t, order));
    if (now === undefined) continue;
    if (noticeChanges(t, order, now) && !isTerminalStatus(now.status)) {
      // Not our order any more. The row takes no cancel of ours: a stop that we gave up ourselves is followed by its
      // take-profit, this one by a stop.
      await ctx.venue.cancelOrder(order.venueOrderId);
      const [after] = await ctx.venue.orders([order.venueOrderId], ctx.signal);
      if (after !== undefined) await applyVenueOrder(t, order.id, after);
      continue;
    }
    const ended = isTerminalStatus(now.status);
    if (!ended && now.executedSize <= order.executed) continue;
    const after = await applyVenueOrder(t, order.id, now);
    if (ended && after.state === "open") unreported.push(after);
  }
  return unreported;
};

/**
 * Asks the venue to cancel and reads the order back at once. Idempotent at the venue: after a refusal (already filled,
 * already cancelled) and after a missing answer the order is read all the same. Returns the order as it stands then.
 */
export const cancel = async (t: TradeCtx, order: In<"open">, why: string): Promise<Order> => {
  const { ctx } = t;
  const asked = t.commit((tx, by) => {
    const now = tx.orders.byId(order.id);
    return now?.state === "open" ? applyOrderEvent(tx, by, order.id, { kind: "cancelAsked", atMs: by.atMs }, why) : now;
  });
  if (asked?.state !== "open") return asked ?? order;
  const result = await ctx.venue.cancelOrder(order.venueOrderId);
  ctx.log.info(
    { orderId: order.id, result: result.kind, code: "code" in result ? result.code : undefined },
    "order.cancelAsked",
  );
  await syncOpenOrders(t, [asked]);
  return ctx.db.orders.byId(order.id) ?? order;
};
