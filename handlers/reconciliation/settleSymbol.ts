// Settles what is open of one symbol against the venue; returns what cannot be explained.
import type { Trade } from "../../db/tables/trades.ts";
import { orderDifferences, positionDifferences } from "../../lib/core/bookComparison.ts";
import { isLive, settleMs } from "../../lib/core/order.ts";
import { isTerminalStatus } from "../../lib/core/venue.ts";
import { settleDust } from "../book/dust.ts";
import { finishIfFlat } from "../book/tradeEnd.ts";
import type { AppCtx } from "../context.ts";
import { bindLateOrders } from "../orders/lateArrivals.ts";
import { applyVenueOrder, externalActivity, findSentOrder, type Strangers, syncOpenOrders } from "../orders/lookup.ts";
import { bookCoinTrades, type CoinDifference, coinDifferences } from "./coinTrades.ts";
import { bookOthersTrades, readHeld } from "./holdings.ts";
import { ESTIMATED_AFTER_MS, inferredClose, replaceInferred } from "./inferredCloses.ts";

/** A sent order is settled by its own job; only when that had its time, and this much more, it is done here. */
export const LEFT_ALONE_MS = 5_000;
/** Settles what is open of one symbol, books what was missed, and returns what cannot be explained. */
export const settleSymbol = async (ctx: AppCtx, symbol: string): Promise<readonly CoinDifference[]> => {
  const held = await readHeld(ctx, symbol);
  const trades = new Map<number, Trade>();
  const tradeOf = (id: number): Trade | undefined => {
    const trade = trades.get(id) ?? ctx.db.trades.byId(id);
    if (trade) trades.set(id, trade);
    return trade;
  };
  const nowMs = ctx.clock.nowMs();
  let unreported = false;
  for (const order of ctx.db.orders.live(symbol)) {
    const trade = tradeOf(order.intent.tradeId);
    if (!trade) continue;
    if (order.state === "open") unreported = (await syncOpenOrders(ctx, trade, [order])).length > 0 || unreported;
    else if (order.state !== "intended" && nowMs >= order.sentMs + settleMs(order.intent.purpose) + LEFT_ALONE_MS)
      await findSentOrder(ctx, trade, order);
  }
  const around = await externalActivity(ctx, symbol);
  await bookLateFills(ctx, around, tradeOf);
  for (const order of ctx.db.orders.givenUp(symbol, nowMs - LATE_MS)) tradeOf(order.intent.tradeId);
  for (const position of ctx.db.positions.open()) if (position.symbol === symbol) tradeOf(position.tradeId);
  if (held.kind === "coins") await bookCoinTrades(ctx, symbol, around);
  for (const trade of trades.values()) {
    if (around.orders.length > 0) await bindLateOrders(ctx, trade, around);
    await bookOthersTrades(ctx, trade, held);
    settleDust(ctx, trade);
    finishIfFlat(ctx, trade);
  }
  // After the late arrivals: what an order of ours has done is no close by another hand.
  replaceInferred(ctx, around.executions);
  // An order still without an answer explains one at the venue that looks foreign; its own job is looking.
  if (ctx.db.orders.live(symbol).some((o) => o.state === "sending" || o.state === "unknown")) return [];
  const ours = ctx.db.positions.open().filter((p) => p.symbol === symbol);
  const active = around.orders.filter((o) => !isTerminalStatus(o.status));
  return [
    ...orderDifferences(ctx.db.orders.venueIds(symbol), active),
    ...(held.kind === "coins"
      ? await coinDifferences(ctx, symbol, held.amount)
      : positionDifferences(ours, held.positions).map((d) => {
          const position = unreported ? undefined : ours.find((p) => d.key === `size:${p.positionId}`);
          const settle = position && inferredClose(ctx, position, held.positions);
          return settle === undefined ? d : { ...d, settle, settleAfterMs: ESTIMATED_AFTER_MS };
        })),
  ];
};
export const LATE_MS = 3_600_000;
/** Fills of orders that had ended when we looked: the venue's word then was not its last. */
export const bookLateFills = async (
  ctx: AppCtx,
  around: Strangers,
  tradeOf: (id: number) => Trade | undefined,
): Promise<void> => {
  for (const venueOrderId of new Set(around.unbooked.map((e) => e.orderId))) {
    const order = ctx.db.orders.byVenueId(venueOrderId);
    const trade = order && tradeOf(order.intent.tradeId);
    if (!order || !trade || isLive(order)) continue;
    const [shown] = await ctx.venue.orders([venueOrderId], ctx.signal);
    if (shown !== undefined) await applyVenueOrder(ctx, trade, order.id, shown);
  }
};
