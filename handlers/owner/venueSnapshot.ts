// A snapshot of the account at the exchange: entry orders, positions with their cover, and external orders. Texts and
// decimal strings, so that it is stored, sent and printed without conversion.

import { coinE8, formatE8, minBig } from "../../lib/core/money.ts";
import { isSpot, symbolsOf } from "../../lib/core/product.ts";
import { epochMs, isoUtc } from "../../lib/core/time.ts";
import { closingSide, type Direction, isTerminalStatus, type Position, type VenueOrder } from "../../lib/core/venue.ts";
import type { AppCtx } from "../context.ts";
import { coinsHeld } from "../reconciliation/coinTrades.ts";

export interface SeenOrder {
  readonly orderId: string;
  readonly symbol: string;
  readonly side: string;
  readonly type: string;
  /** Coins not yet executed. */
  readonly size: string;
  readonly price: string | null;
  readonly ours: boolean;
}
export interface SeenPosition {
  readonly positionId: string;
  readonly symbol: string;
  readonly direction: Direction;
  readonly size: string;
  readonly price: string;
  /** null: not ours (opened by hand). */
  readonly tradeId: number | null;
  /** Coins that no resting closing order reserves; "0" = covered. */
  readonly bare: string;
  readonly coveredBy: readonly SeenOrder[];
}
export interface VenueSnapshot {
  /** ISO-8601 UTC. */
  readonly at: string;
  /** Orders that could open a position. */
  readonly entries: readonly SeenOrder[];
  readonly positions: readonly SeenPosition[];
  /** Closing orders that are not in our book. */
  readonly otherCloses: readonly SeenOrder[];
}

/** Reads the venue. Throws AppError retry when it does not respond. */
export const takeSnapshot = async (ctx: AppCtx): Promise<VenueSnapshot> => {
  const entries: SeenOrder[] = [];
  const positions: SeenPosition[] = [];
  const otherCloses: SeenOrder[] = [];
  for (const symbol of symbolsOf(ctx.config.PRODUCT)) {
    const held = await heldOf(ctx, symbol);
    const active = (await ctx.venue.activeOrders(symbol, ctx.signal)).filter((o) => !isTerminalStatus(o.status));
    const shown = active.map((order) => ({ order, row: ctx.db.orders.byVenueId(order.orderId) }));
    entries.push(...shown.filter(({ order }) => opens(order)).map(({ order, row }) => seen(order, row !== undefined)));
    const closes = shown.filter(({ order }) => !opens(order));
    otherCloses.push(...closes.filter(({ row }) => row === undefined).map(({ order }) => seen(order, false)));
    for (const p of held) {
      const direction = p.side === "BUY" ? "long" : "short";
      positions.push({
        positionId: p.positionId,
        symbol,
        direction,
        size: formatE8(p.size),
        price: formatE8(p.price),
        tradeId: ctx.db.positions.byId(p.positionId)?.tradeId ?? null,
        bare: formatE8(p.size - minBig(p.orderedSize, p.size)),
        coveredBy: closes
          .filter(({ row, order }) => row?.intent.positionId === p.positionId && order.side === closingSide(direction))
          .map(({ order }) => seen(order, true)),
      });
    }
  }
  return { at: isoUtc(epochMs(ctx.clock.nowMs())), entries, positions, otherCloses };
};

/** On spot both sides may be reported as OPEN (GMO API 5): there a sale closes. */
const opens = (o: VenueOrder): boolean => (isSpot(o.symbol) ? o.side === "BUY" : o.settleType === "OPEN");

type Held = Pick<Position, "positionId" | "side" | "size" | "orderedSize" | "price">;
/**
 * The venue's positions. For coins the venue reports only the balance: our trades' coins count up to that balance, and
 * they are covered up to the amount their orders lock. The owner's own coins are not a position.
 */
const heldOf = async (ctx: AppCtx, symbol: string): Promise<readonly Held[]> => {
  if (!isSpot(symbol)) return ctx.venue.openPositions(symbol, ctx.signal);
  const amount = await coinsHeld(ctx, symbol);
  return ctx.db.positions
    .open()
    .filter((p) => p.symbol === symbol)
    .map(({ positionId, open, price }) => {
      const live = ctx.db.orders.live(symbol).filter((o) => o.intent.positionId === positionId && o.state === "open");
      const locked = live.reduce((sum, o) => sum + o.intent.size - ("executed" in o ? o.executed : 0n), 0n);
      return { positionId, side: "BUY", size: minBig(open, amount), orderedSize: coinE8(locked), price };
    });
};

const seen = (o: VenueOrder, ours: boolean): SeenOrder => ({
  orderId: o.orderId,
  symbol: o.symbol,
  side: o.side,
  type: o.executionType,
  size: formatE8(o.size - o.executedSize),
  price: o.price === undefined ? null : formatE8(o.price),
  ours,
});
