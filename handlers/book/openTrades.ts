// The open part of each trade at the newest known prices, for the texts and `--json`. Reads the book alone; nothing
// is decided by it.
import type { Trade } from "../../db/tables/trades.ts";
import { type CoinE8, coinE8, type YenE8 } from "../../lib/core/money.ts";
import { type OpenResult, openResult, priceNow } from "../../lib/core/openResult.ts";
import { tradeResult } from "../../lib/core/pnl.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Reads } from "../../queue/types.ts";

/** undefined: nothing of it is open. */
export const openOf = (db: Reads, trade: Trade, nowMs: EpochMs): OpenResult | undefined => {
  const held = db.positions.ofTrade(trade.id).filter((p) => p.open > 0n);
  if (held.length === 0) return undefined;
  return openResult(trade.direction, held, priceNow(trade.direction, db.quotes.newest(trade.symbol), nowMs));
};

/**
 * Trades that are pending or open, and ended ones with a position still open (a late fill), by number. All that is held
 * is among them.
 */
export const tradesInHand = (db: Reads): readonly Trade[] => {
  const trades = new Map(db.trades.alive().map((t) => [t.id, t]));
  for (const { tradeId } of db.positions.open()) {
    const trade = trades.get(tradeId) ?? db.trades.byId(tradeId);
    if (trade) trades.set(tradeId, trade);
  }
  return [...trades.values()].sort((a, b) => a.id - b.id);
};

/** What the trade's entries have filled, as it is booked. */
export const entryFilled = (db: Pick<Reads, "orders" | "executions">, tradeId: number): CoinE8 =>
  coinE8(
    db.orders
      .working(tradeId)
      .filter((o) => o.intent.purpose === "entry")
      .reduce((sum, o) => sum + db.executions.bookedSize(o.id), 0n),
  );

/** Result of the part that is closed already, less all fees paid so far; undefined while nothing is. */
export const closedPart = (db: Reads, trade: Trade): YenE8 | undefined => {
  const booked = db.executions.ofTrade(trade.id);
  return booked.some((e) => e.kind === "close") ? tradeResult(booked).pnl : undefined;
};
