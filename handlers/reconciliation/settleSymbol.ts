// Brings everything of one symbol up to date with the venue and returns the differences that nothing explains.
import { orderDifferences, positionDifferences } from "../../lib/core/bookComparison.ts";
import { isInFlight, isLive, settleMs } from "../../lib/core/order.ts";
import { isTerminalStatus } from "../../lib/core/venue.ts";
import { settleDust } from "../book/dust.ts";
import { readTradeCtxIfAny, type TradeCtx } from "../book/tradeCtx.ts";
import { finishIfFlat } from "../book/tradeEnd.ts";
import type { AppCtx } from "../context.ts";
import { bindLateOrders, LATE_ARRIVAL_MS } from "../orders/lateArrivals.ts";
import {
  applyVenueOrder,
  type ExternalActivity,
  externalActivity,
  findSentOrder,
  syncOpenOrders,
} from "../orders/orderLookup.ts";
import { bookCoinTrades, type CoinDifference, coinDifferences } from "./coinTrades.ts";
import { bookExternalTrades, readHoldings } from "./holdings.ts";
import { ESTIMATED_AFTER_MS, inferredClose, replaceInferred } from "./inferredCloses.ts";

/** An order in flight is looked up by its own job. Only this long after its settle time it is done here. */
const LEFT_ALONE_MS = 5_000;
/** Settles what is open of one symbol, books what was missed, and returns what cannot be explained. */
export const settleSymbol = async (ctx: AppCtx, symbol: string): Promise<readonly CoinDifference[]> => {
  const held = await readHoldings(ctx, symbol);
  const trades = new Map<number, TradeCtx>();
  const tradeOf = (id: number): TradeCtx | undefined => {
    const t = trades.get(id) ?? readTradeCtxIfAny(ctx, id);
    if (t) trades.set(id, t);
    return t;
  };
  const nowMs = ctx.clock.nowMs();
  let unreported = false;
  for (const order of ctx.db.orders.live(symbol)) {
    const t = tradeOf(order.intent.tradeId);
    if (!t) continue;
    if (order.state === "open") unreported = (await syncOpenOrders(t, [order])).length > 0 || unreported;
    else if (order.state !== "intended" && nowMs >= order.sentMs + settleMs(order.intent.purpose) + LEFT_ALONE_MS)
      await findSentOrder(t, order);
  }
  const around = await externalActivity(ctx, symbol);
  await bookLateFills(ctx, around, tradeOf);
  for (const order of ctx.db.orders.givenUp(symbol, nowMs - LATE_ARRIVAL_MS)) tradeOf(order.intent.tradeId);
  for (const position of ctx.db.positions.open()) if (position.symbol === symbol) tradeOf(position.tradeId);
  if (held.kind === "coins") await bookCoinTrades(ctx, symbol, around);
  for (const t of trades.values()) {
    if (around.orders.length > 0) await bindLateOrders(t, around);
    await bookExternalTrades(t, held);
    settleDust(t);
    finishIfFlat(t);
  }
  // After the late orders are bound: their executions are ours, not external.
  replaceInferred(ctx, around.executions);
  // An order in flight may be one that looks external at the venue; its own job looks it up.
  if (ctx.db.orders.live(symbol).some(isInFlight)) return [];
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

/** Books fills of orders that our book holds for ended: the venue reported them only after it had reported the end. */
const bookLateFills = async (
  ctx: AppCtx,
  around: ExternalActivity,
  tradeOf: (id: number) => TradeCtx | undefined,
): Promise<void> => {
  for (const venueOrderId of new Set(around.unbooked.map((e) => e.orderId))) {
    const order = ctx.db.orders.byVenueId(venueOrderId);
    const t = order && tradeOf(order.intent.tradeId);
    if (!order || !t || isLive(order)) continue;
    const [shown] = await ctx.venue.orders([venueOrderId], ctx.signal);
    if (shown !== undefined) await applyVenueOrder(t, order.id, shown);
  }
};
