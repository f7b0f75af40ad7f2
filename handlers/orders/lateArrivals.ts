// Requests given up as lost that arrive after all: bound to their rows, or cancelled.
import type { Trade } from "../../db/tables/trades.ts";
import { findOurs, isLive } from "../../lib/core/order.ts";
import { HOUR_MS } from "../../lib/core/time.ts";
import { isTerminalStatus, type VenueOrder } from "../../lib/core/venue.ts";
import type { AppCtx } from "../context.ts";
import { applyVenueOrder, type Strangers } from "./lookup.ts";

/** A request without a trace is given up after seconds; this long its late arrival is still recognised. */
export const LATE_ARRIVAL_MS = HOUR_MS;
/**
 * Binds venue orders to rows we had given up as never accepted. What still rests and has been replaced meanwhile is
 * cancelled first: an entry always, a closing order when its leg has another or is closed. Returns how many were found.
 */
export const bindLateOrders = async (ctx: AppCtx, trade: Trade, around: Strangers): Promise<number> => {
  let adopted = 0;
  for (const order of ctx.db.orders.givenUp(trade.symbol, ctx.clock.nowMs() - LATE_ARRIVAL_MS)) {
    if (order.state !== "neverSent" || order.intent.tradeId !== trade.id) continue;
    const found = findOurs(order, around.orders, ctx.db.orders.venueIds(trade.symbol), around.settled);
    // Its successor looks the same, and may be waiting for the answer to this very order.
    if (found === undefined || mayBeOf(ctx, trade.symbol, found)) continue;
    adopted += 1;
    let shown: VenueOrder | undefined = found;
    const { legId } = order.intent;
    // Of a leg that is closed by now nothing may rest: on spot nobody drops it, and it would sell the owner's own coins.
    const replaced =
      legId === undefined || ctx.db.tradeLegs.byId(legId)?.open === 0n || ctx.db.orders.ofLeg(legId).some(isLive);
    if (replaced && !isTerminalStatus(found.status)) {
      ctx.log.warn({ orderId: order.id, venueOrderId: found.orderId }, "order.lateArrival");
      await ctx.venue.cancelOrder(found.orderId);
      [shown] = await ctx.venue.orders([found.orderId], ctx.signal);
    }
    // Not ended yet: the next look sees it again.
    if (shown !== undefined && (!replaced || isTerminalStatus(shown.status)))
      await applyVenueOrder(ctx, trade, order.id, shown);
  }
  return adopted;
};
/** An order still without an answer may be the one the venue shows. */
export const mayBeOf = (ctx: AppCtx, symbol: string, shown: VenueOrder): boolean =>
  ctx.db.orders
    .live(symbol)
    .some((o) => (o.state === "sending" || o.state === "unknown") && findOurs(o, [shown], new Set()) !== undefined);
