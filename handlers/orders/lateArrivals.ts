// Orders given up as lost that the venue shows later: bound to their rows, or cancelled.
import { isInFlight, isLive } from "../../lib/core/order.ts";
import { findOurs } from "../../lib/core/orderMatch.ts";
import { HOUR_MS } from "../../lib/core/time.ts";
import { isTerminalStatus, type VenueOrder } from "../../lib/core/venue.ts";
import type { TradeCtx } from "../book/tradeCtx.ts";
import type { AppCtx } from "../context.ts";
import { applyVenueOrder, type ExternalActivity } from "./orderLookup.ts";

/**
 * How long after it was sent an order that we gave up as lost is still looked for. The venue refuses a request whose
 * timestamp is old, so one that is still on its way arrives within seconds; the hour covers a worker that was down
 * meanwhile.
 */
export const LATE_ARRIVAL_MS = HOUR_MS;
/**
 * Binds venue orders to rows we had given up as never accepted. One that still rests and was replaced meanwhile is
 * cancelled first: an entry always, a closing order when its leg has another or is closed. Returns how many were found.
 */
export const bindLateOrders = async (t: TradeCtx, around: ExternalActivity): Promise<number> => {
  const { ctx, trade } = t;
  let bound = 0;
  for (const order of ctx.db.orders.givenUp(trade.symbol, ctx.clock.nowMs() - LATE_ARRIVAL_MS)) {
    if (order.state !== "neverSent" || order.intent.tradeId !== trade.id) continue;
    const found = findOurs(order, around.orders, ctx.db.orders.venueIds(trade.symbol), around.closedPositions);
    // Its successor has the same look: the venue order may be the successor, still without its answer.
    if (found === undefined || mayBeOf(ctx, trade.symbol, found)) continue;
    bound += 1;
    let shown: VenueOrder | undefined = found;
    const { legId } = order.intent;
    // No order of a closed leg may rest: on spot the venue does not drop it, and it would sell coins of the owner.
    const replaced =
      legId === undefined || ctx.db.tradeLegs.byId(legId)?.open === 0n || ctx.db.orders.ofLeg(legId).some(isLive);
    if (replaced && !isTerminalStatus(found.status)) {
      ctx.log.warn({ orderId: order.id, venueOrderId: found.orderId }, "order.lateArrival");
      await ctx.venue.cancelOrder(found.orderId);
      [shown] = await ctx.venue.orders([found.orderId], ctx.signal);
    }
    // The cancel has not taken effect yet: the next look sees the order again.
    if (shown !== undefined && (!replaced || isTerminalStatus(shown.status))) await applyVenueOrder(t, order.id, shown);
  }
  return bound;
};
/** The venue order may be one of ours that has no answer yet. */
const mayBeOf = (ctx: AppCtx, symbol: string, shown: VenueOrder): boolean =>
  ctx.db.orders.live(symbol).some((o) => isInFlight(o) && findOurs(o, [shown], new Set()) !== undefined);
