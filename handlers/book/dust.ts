// Spot: coins too few for an order (ETH's minimum is ten size steps). They join another leg of the trade; when there
// is none and the entry has ended, they are left to the owner. On margin every size step can be ordered.
import type { Trade } from "../../db/tables/trades.ts";
import { formatE8 } from "../../lib/core/money.ts";
import { isLive } from "../../lib/core/order.ts";
import { isSpot } from "../../lib/core/product.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { sizeText } from "../../lib/core/text/format.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import { type AuditCtx, audit, moveStopsToEntry } from "./booking.ts";
import type { TradeCtx } from "./tradeCtx.ts";

const smallLegs = (db: Reads, trade: Trade) =>
  db.tradeLegs
    .ofTrade(trade.id)
    .filter((leg) => leg.open > 0n && leg.open < trade.minSize && !db.orders.ofLeg(leg.id).some(isLive));

/** Settles every leg too small for an order, of the whole trade. Costs no commit when there is none. */
export const settleDust = ({ ctx, trade, commit }: TradeCtx): void => {
  if (!isSpot(trade.symbol) || smallLegs(ctx.db, trade).length === 0) return;
  if (!smallLegs(ctx.db, trade).some((leg) => canSettle(ctx.db, trade, leg.id))) return;
  commit(settle);
};

const others = (db: Reads, trade: Trade, legId: number) =>
  db.tradeLegs.ofTrade(trade.id).filter((leg) => leg.id !== legId && leg.open > 0n && !leg.excess);
const noMoreComes = (db: Reads, trade: Trade): boolean => db.trades.byId(trade.id)?.entryEndedMs !== undefined;
const canSettle = (db: Reads, trade: Trade, legId: number): boolean =>
  others(db, trade, legId).length > 0 || noMoreComes(db, trade);

const settle = (tx: Tx, by: AuditCtx): void => {
  const { trade, atMs } = by;
  for (const leg of smallLegs(tx, trade)) {
    // Another small leg may have joined this one a moment ago.
    if (tx.tradeLegs.byId(leg.id)?.open !== leg.open) continue;
    const [other] = others(tx, trade, leg.id);
    if (other !== undefined) {
      tx.tradeLegs.shrink(leg.id, leg.open, leg.exitReason ?? "manual", atMs);
      tx.tradeLegs.grow(other.id, leg.open);
      audit(tx, by, "leg.joined", { legId: leg.id, intoLegId: other.id, sizeE8: leg.open });
      // Its tradable part was taken at TP1, so the move of the stop to the entry price is still due.
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
