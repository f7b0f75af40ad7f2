// Closes of our positions that no live order of ours explains: a request we had given up that arrived after all, the owner's
// own hand, or the venue's loss-cut. Recognised from the venue's positions being smaller than our book.

import type { Trade } from "../../db/tables/trades.ts";
import type { ExitReason } from "../../lib/core/order.ts";
import type { Execution, Position, VenueOrder } from "../../lib/core/venue.ts";
import { auditCtx, bookExternalClose } from "../book/booking.ts";
import type { AppCtx } from "../context.ts";
import { bindLateOrders } from "../orders/lateArrivals.ts";
import { externalActivity } from "../orders/lookup.ts";
import { replaceInferred } from "./inferredCloses.ts";

/**
 * `held`: the venue's open positions, read before our orders were brought up to date; so what the book holds more than that
 * was closed by somebody else. Costs further reads only when there is such a difference.
 */
export const bookExternalCloses = async (ctx: AppCtx, trade: Trade, held: readonly Position[]): Promise<void> => {
  askAboutStrange(ctx, trade.symbol, held);
  const size = new Map(held.map((p) => [p.positionId, p.size] as const));
  const shrunk = ctx.db.positions.ofTrade(trade.id).filter((p) => p.open > (size.get(p.positionId) ?? 0n));
  if (shrunk.length === 0) return;
  const positions = new Set(shrunk.map((p) => p.positionId));
  // An order without an answer may be the one that closed it: it is settled first, by whoever drives it.
  const unsettled = ctx.db.orders
    .ofTrade(trade.id)
    .some(
      (o) =>
        (o.state === "sending" || o.state === "unknown") &&
        o.intent.positionId !== undefined &&
        positions.has(o.intent.positionId),
    );
  if (unsettled) return;
  const around = await externalActivity(ctx, trade.symbol);
  await bindLateOrders(ctx, trade, around);
  replaceInferred(ctx, around.executions);
  const ours = ctx.db.orders.venueIds(trade.symbol);
  const orders = new Map(around.orders.map((o) => [o.orderId, o] as const));
  for (const e of around.executions) {
    if (e.positionId === undefined || !positions.has(e.positionId) || e.settleType === "OPEN") continue;
    if (ours.has(e.orderId) || ctx.db.executions.has(e.executionId)) continue;
    ctx.commit((tx) => bookExternalClose(tx, auditCtx(ctx, trade), e, reasonOf(e, orders.get(e.orderId))));
  }
};

/**
 * A position that no entry of ours explains, beside the ones we look after: another hand's, or what a request given up as lost
 * has opened after all. Reconcile tells which, at once.
 */
const askAboutStrange = (ctx: AppCtx, symbol: string, held: readonly Position[]): void => {
  if (ctx.db.orders.live(symbol).some((o) => o.intent.purpose === "entry")) return;
  const next = held
    .filter((p) => ctx.db.positions.byId(p.positionId) === undefined)
    .map((p) => ({ name: "reconcile", key: `reconcile:position:${p.positionId}`, input: { quick: true } }))
    .filter(({ name, key }) => ctx.db.jobs.byKey(name, key) === undefined);
  if (next.length > 0) ctx.commit(() => {}, next);
};

const reasonOf = (e: Execution, order: VenueOrder | undefined): ExitReason =>
  e.settleType === "LOSS_CUT" || order?.orderType === "LOSSCUT" || order?.settleType === "LOSS_CUT"
    ? "stop_loss"
    : "manual";
