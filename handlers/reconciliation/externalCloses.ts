// Closes of our positions that no live order of ours explains: an order given up as lost that reached the venue
// later, the owner closing by hand, or the venue's loss-cut. Found where the venue's positions are smaller than in
// our book.

import { type ExitReason, isInFlight } from "../../lib/core/order.ts";
import type { Execution, Position, VenueOrder } from "../../lib/core/venue.ts";
import { bookExternalClose } from "../book/booking.ts";
import type { TradeCtx } from "../book/tradeCtx.ts";
import type { AppCtx } from "../context.ts";
import { reconcileJob } from "../jobs.ts";
import { bindLateOrders } from "../orders/lateArrivals.ts";
import { externalActivity } from "../orders/orderLookup.ts";
import { replaceInferred } from "./inferredCloses.ts";

/**
 * `held`: the venue's open positions, read before our orders were brought up to date; so whatever the book holds
 * beyond that was closed externally. Costs further reads only when there is such a difference.
 */
export const bookExternalCloses = async (t: TradeCtx, held: readonly Position[]): Promise<void> => {
  const { ctx, trade } = t;
  reconcileUnknownPositions(ctx, trade.symbol, held);
  const size = new Map(held.map((p) => [p.positionId, p.size] as const));
  const shrunk = ctx.db.positions.ofTrade(trade.id).filter((p) => p.open > (size.get(p.positionId) ?? 0n));
  if (shrunk.length === 0) return;
  const positions = new Set(shrunk.map((p) => p.positionId));
  // An order without an answer may be the one that closed it: its own job looks it up first.
  const inFlight = ctx.db.orders
    .ofTrade(trade.id)
    .some((o) => isInFlight(o) && o.intent.positionId !== undefined && positions.has(o.intent.positionId));
  if (inFlight) return;
  const around = await externalActivity(ctx, trade.symbol);
  await bindLateOrders(t, around);
  replaceInferred(ctx, around.executions);
  const ours = ctx.db.orders.venueIds(trade.symbol);
  const orders = new Map(around.orders.map((o) => [o.orderId, o] as const));
  for (const e of around.executions) {
    if (e.positionId === undefined || !positions.has(e.positionId) || e.settleType === "OPEN") continue;
    if (ours.has(e.orderId) || ctx.db.executions.has(e.executionId)) continue;
    t.commit((tx, by) => bookExternalClose(tx, by, e, reasonOf(e, orders.get(e.orderId))));
  }
};

/**
 * A position that no entry of ours explains: an external one, or one opened by an order given up as lost. A quick
 * reconcile decides which, at once.
 */
const reconcileUnknownPositions = (ctx: AppCtx, symbol: string, held: readonly Position[]): void => {
  if (ctx.db.orders.live(symbol).some((o) => o.intent.purpose === "entry")) return;
  const next = held
    .filter((p) => ctx.db.positions.byId(p.positionId) === undefined)
    .map((p) => reconcileJob(`position:${p.positionId}`, { quick: true }))
    .filter(({ name, key }) => ctx.db.jobs.byKey(name, key) === undefined);
  if (next.length > 0) ctx.commit(() => {}, next);
};

const reasonOf = (e: Execution, order: VenueOrder | undefined): ExitReason =>
  e.settleType === "LOSS_CUT" || order?.orderType === "LOSSCUT" || order?.settleType === "LOSS_CUT"
    ? "stop_loss"
    : "manual";
