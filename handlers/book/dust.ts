// Coins too few for an order of their own (spot: ETH's minimum is ten steps): they join another part of the position, or when
// there is none and no more will come, they become the owner's. On margin every step is an order.
import type { Trade } from "../../db/tables/trades.ts";
import { formatE8 } from "../../lib/core/money.ts";
import { isLive } from "../../lib/core/order.ts";
import { isSpot } from "../../lib/core/product.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { sizeText } from "../../lib/core/text/format.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import type { AppCtx } from "../context.ts";
import { type AuditCtx, audit, auditCtx, moveStopsToEntry } from "./booking.ts";

const smallLegs = (db: Reads, trade: Trade) =>
  db.tradeLegs
    .ofTrade(trade.id)
    .filter((leg) => leg.open > 0n && leg.open < trade.minSize && !db.orders.ofLeg(leg.id).some(isLive));

/** Settles every leg that no order can be made of. Costs no commit when there is nothing to do. */
export const settleDust = (ctx: AppCtx, trade: Trade): void => {
  if (!isSpot(trade.symbol) || smallLegs(ctx.db, trade).length === 0) return;
  if (!smallLegs(ctx.db, trade).some((leg) => canSettle(ctx.db, trade, leg.id))) return;
  ctx.commit((tx) => settle(tx, auditCtx(ctx, trade)));
};

const others = (db: Reads, trade: Trade, legId: number) =>
  db.tradeLegs.ofTrade(trade.id).filter((leg) => leg.id !== legId && leg.open > 0n && !leg.excess);
const noMoreComes = (db: Reads, trade: Trade): boolean => db.trades.byId(trade.id)?.entryEndedMs !== undefined;
const canSettle = (db: Reads, trade: Trade, legId: number): boolean =>
  others(db, trade, legId).length > 0 || noMoreComes(db, trade);

const settle = (tx: Tx, by: AuditCtx): void => {
  const { trade, atMs } = by;
  for (const leg of smallLegs(tx, trade)) {
    // As they stand now: one small leg may just have joined another.
    if (tx.tradeLegs.byId(leg.id)?.open !== leg.open) continue;
    const [other] = others(tx, trade, leg.id);
    if (other !== undefined) {
      tx.tradeLegs.shrink(leg.id, leg.open, leg.exitReason ?? "manual", atMs);
      tx.tradeLegs.grow(other.id, leg.open);
      audit(tx, by, "leg.joined", { legId: leg.id, intoLegId: other.id, sizeE8: leg.open });
      // What was tradable of it was taken at TP1: the rest has only lost its own order, not its turn.
      if (leg.exitReason === "tp1") moveStopsToEntry(tx, by);
    } else if (noMoreComes(tx, trade)) {
      tx.tradeLegs.shrink(leg.id, leg.open, leg.exitReason ?? "manual", atMs);
      tx.positions.shrink(leg.positionId, leg.open, atMs);
      const id = `dust:${trade.id}:${leg.id}:${atMs}`;
      tx.ownerCoins.add({ id, symbol: trade.symbol, kind: "dust", change: leg.open, tradeId: trade.id, atMs });
      audit(tx, by, "coins.dust", { legId: leg.id, sizeE8: leg.open });
      const size = sizeText(leg.open, trade.symbol);
      const text = textsOf(by.locale).coins.dust({ size, minimum: formatE8(trade.minSize), tradeId: trade.id });
      tx.outbox.insert({ key: id, kind: "trade", text, atMs });
    }
  }
};
