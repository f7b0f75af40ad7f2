// Reads the venue for one trade: brings the book up to date, and returns the price, the listed positions and whether an
// external order holds the quantity. Places no order; a late or missing order of ours may be cancelled on the way.
import { AppError } from "../../lib/core/errors.ts";
import type { MarketPrices } from "../../lib/core/exitFacts.ts";
import { QUANTITY_RESERVED } from "../../lib/core/exitPauses.ts";
import { isBetweenOrders } from "../../lib/core/exits.ts";
import type { CoinE8 } from "../../lib/core/money.ts";
import type { In } from "../../lib/core/order.ts";
import { isSpot } from "../../lib/core/product.ts";
import { closingSide } from "../../lib/core/venue.ts";
import type { TradeCtx } from "../book/tradeCtx.ts";
import type { AppCtx } from "../context.ts";
import { syncOpenOrders } from "../orders/orderLookup.ts";
import { bookExternalTrades, readHoldings } from "../reconciliation/holdings.ts";
import { planMissingLegs } from "./addMissingLegs.ts";

export interface Observed {
  /** undefined: not known now. */
  readonly prices: MarketPrices | undefined;
  /** Sizes of the positions the venue lists; undefined on spot. */
  readonly listed: ReadonlyMap<string, CoinE8> | undefined;
}

/** Brings the book up to date with the venue and reads the price; protection goes on without a price. */
export const observe = async (t: TradeCtx): Promise<Observed> => {
  const { ctx, trade } = t;
  const open = t.orders().filter((o): o is In<"open"> => o.state === "open" && o.intent.purpose !== "entry");
  const legs = ctx.db.tradeLegs.ofTrade(trade.id).map((leg) => ({ ...leg, orders: ctx.db.orders.ofLeg(leg.id) }));
  // What follows a stop that was given up is decided already. Where that needs a price (needsPrices), it is read once
  // the stop has ended: the public pace is slow, and reading it at each look before would delay the next order.
  const isUrgent = legs.some(isBetweenOrders);
  // All at the same time: between a stop that was given up and the order that follows it, every round trip counts.
  // Coins carry no id of their own, so on spot the balance must be read before our orders are.
  const before = readHoldings(ctx, trade.symbol);
  const [held, synced, prices] = await Promise.allSettled([
    before,
    isSpot(trade.symbol) ? before.then(() => syncOpenOrders(t, open)) : syncOpenOrders(t, open),
    isUrgent ? undefined : readPrices(ctx, trade.symbol),
  ]);
  for (const read of [held, synced, prices]) if (read.status === "rejected") throw read.reason;
  if (held.status === "fulfilled") await bookExternalTrades(t, held.value);
  planMissingLegs(t);
  const positions = held.status === "fulfilled" && held.value.kind === "positions" ? held.value.positions : undefined;
  return {
    prices: prices.status === "fulfilled" ? prices.value : undefined,
    listed: positions && new Map(positions.map((p) => [p.positionId, p.size])),
  };
};

/** undefined when the price cannot be read now. Throws AppError alert. */
export const readPrices = async (ctx: AppCtx, symbol: string): Promise<MarketPrices | undefined> => {
  try {
    const { bid, ask, last } = await ctx.venue.ticker(symbol, ctx.signal);
    return { bid, ask, last };
  } catch (e) {
    if (!(e instanceof AppError) || e.verdict === "alert") throw e;
    ctx.log.warn({ symbol, code: e.code }, "drive.noPrice");
    return undefined;
  }
};

/**
 * A stop was refused because something holds the quantity: does an external closing order still rest? It is the
 * owner's, or one that a restored book has forgotten; it is left alone. A lost order of ours is found by placing the
 * stop again (`place`).
 */
export const isReserved = async (t: TradeCtx): Promise<boolean> => {
  const { ctx, trade } = t;
  const refused = t.legs().some((leg) => {
    const last = leg.orders.at(-1);
    return leg.open > 0n && last?.state === "rejected" && QUANTITY_RESERVED.has(last.code);
  });
  if (!refused) return false;
  const known = [...t.orders(), ...t.legs().flatMap((leg) => leg.orders)];
  const lost = known.some((o) => o.state === "neverSent" && o.sentMs !== undefined);
  if (lost) return false;
  const ours = ctx.db.orders.venueIds(trade.symbol);
  const side = closingSide(trade.direction);
  const active = await ctx.venue.activeOrders(trade.symbol, ctx.signal);
  return active.some(
    (o) => !ours.has(o.orderId) && o.side === side && (isSpot(trade.symbol) || o.settleType !== "OPEN"),
  );
};
