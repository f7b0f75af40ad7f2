// Closes of our positions that no live order of ours explains: a request we had given up that arrived after all, the owner's
// own hand, or the venue's loss-cut. Recognised from the venue's positions being smaller than our book.
import type { Trade } from "../../db/tables/trades.ts";
import { type ExitReason, findOurs, isLive } from "../../lib/core/order.ts";
import { HOUR_MS } from "../../lib/core/time.ts";
import { type Execution, isTerminalStatus, type Position, type VenueOrder } from "../../lib/core/venue.ts";
import type { AppCtx } from "../services.ts";
import { bookForeignClose, scribe } from "./book.ts";
import { correctEstimates } from "./estimated.ts";
import { bookSeen, type Strangers, strangers } from "./look.ts";

/** A request without a trace is given up after seconds; this long its late arrival is still recognised. */
const LATE_ARRIVAL_MS = HOUR_MS;

/**
 * `held`: the venue's open positions, read before our orders were brought up to date; so what the book holds more than that
 * was closed by somebody else. Costs further reads only when there is such a difference.
 */
export const bookForeignCloses = async (ctx: AppCtx, trade: Trade, held: readonly Position[]): Promise<void> => {
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
  const around = await strangers(ctx, trade.symbol);
  await adoptLateArrivals(ctx, trade, around);
  correctEstimates(ctx, around.executions);
  const ours = ctx.db.orders.venueIds(trade.symbol);
  const orders = new Map(around.orders.map((o) => [o.orderId, o] as const));
  for (const e of around.executions) {
    if (e.positionId === undefined || !positions.has(e.positionId) || e.settleType === "OPEN") continue;
    if (ours.has(e.orderId) || ctx.db.executions.has(e.executionId)) continue;
    ctx.commit((tx) => bookForeignClose(tx, scribe(ctx, trade), e, reasonOf(e, orders.get(e.orderId))));
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

/**
 * Binds venue orders to rows we had given up as never accepted. What still rests and has been replaced meanwhile is
 * cancelled first: an entry always, a closing order when its leg has another or is closed. Returns how many were found.
 */
export const adoptLateArrivals = async (ctx: AppCtx, trade: Trade, around: Strangers): Promise<number> => {
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
      await bookSeen(ctx, trade, order.id, shown);
  }
  return adopted;
};

/** An order still without an answer may be the one the venue shows. */
const mayBeOf = (ctx: AppCtx, symbol: string, shown: VenueOrder): boolean =>
  ctx.db.orders
    .live(symbol)
    .some((o) => (o.state === "sending" || o.state === "unknown") && findOurs(o, [shown], new Set()) !== undefined);
