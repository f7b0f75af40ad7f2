// Ends an entry and a trade in the transaction that finds them over; raises the alert after three losing trades in a
// row.
import { AppError } from "../../lib/core/errors.ts";
import { formatE8 } from "../../lib/core/money.ts";
import { isLive } from "../../lib/core/order.ts";
import { tradeResult } from "../../lib/core/pnl.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import { sizeText } from "../../lib/core/text/format.ts";
import { english, type Note } from "../../lib/core/text/reasonTexts.ts";
import type { Tx } from "../../queue/types.ts";
import { type AuditCtx, audit } from "./booking.ts";
import type { TradeCtx } from "./tradeCtx.ts";
import { cancelledText, closedText } from "./tradeText.ts";

/** No entry order can fill any more: a trade without fills is cancelled, one that is flat already is closed. */
export const endEntry = (tx: Tx, by: AuditCtx, why: Note): void => {
  if (!tx.trades.endEntry(by.trade.id, by.atMs)) return;
  const reason = english(why);
  const filled = tradeResult(tx.executions.ofTrade(by.trade.id)).entrySize;
  const data = { reason, filledE8: filled, targetE8: by.trade.targetSize };
  audit(tx, by, "entry.ended", data);
  if (filled > 0n) {
    closeIfFlat(tx, by);
    return;
  }
  if (!tx.trades.cancel(by.trade.id, reason)) return;
  audit(tx, by, "trade.cancelled", { reason });
  tx.outbox.insert({
    key: `trade:${by.trade.id}:cancelled`,
    kind: "trade",
    text: cancelledText(by.locale, by.trade, why),
    atMs: by.atMs,
  });
};

/** Closes an open trade once nothing of it is or can be at the venue. Returns whether the trade has ended. */
export const closeIfFlat = (tx: Tx, by: AuditCtx): boolean => {
  const trade = tx.trades.byId(by.trade.id);
  if (trade === undefined || trade.status === "closed" || trade.status === "cancelled") return true;
  if (trade.status !== "open" || trade.entryEndedMs === undefined) return false;
  if (tx.positions.ofTrade(trade.id).some((p) => p.open > 0n)) return false;
  if (tx.orders.working(trade.id).some(isLive)) return false;
  const result = tradeResult(tx.executions.ofTrade(trade.id));
  // Spot: dust may be left to the owner, and a late sale may have sold coins of the owner.
  if (result.entrySize !== result.exitSize + tx.ownerCoins.ofTrade(trade.id))
    throw new AppError(
      "alert",
      "TRADE_UNEVEN",
      `trade ${trade.id} is flat, but ${formatE8(result.entrySize)} were opened and ${formatE8(result.exitSize)} closed`,
    );
  if (result.exitSize === 0n) {
    const why: Note = { key: "onlyDust", with: { size: sizeText(result.entrySize, trade.symbol) } };
    tx.trades.giveUp(trade.id, english(why));
    audit(tx, by, "trade.cancelled", { reason: english(why) });
    const text = cancelledText(by.locale, trade, why);
    tx.outbox.insert({ key: `trade:${trade.id}:cancelled`, kind: "trade", text, atMs: by.atMs });
    return true;
  }
  tx.trades.close(trade.id, result, by.atMs);
  audit(tx, by, "trade.closed", {
    direction: trade.direction,
    exitReason: result.exitReason ?? null,
    entryPrice: result.entryPrice ?? null,
    exitPrice: result.exitPrice ?? null,
    sizeE8: result.entrySize,
    pnlE8: result.pnl,
    feesE8: result.fees,
  });
  tx.outbox.insert({
    key: `trade:${trade.id}:closed:${result.lastCloseMs ?? by.atMs}`,
    kind: "trade",
    text: closedText(by.locale, trade, result),
    atMs: by.atMs,
  });
  alertLossStreak(tx, by);
  return true;
};

/**
 * Losing trades in a row that raise the alert. The loss limits are there for faults only, so a losing model needs its
 * own.
 */
const LOSS_STREAK = 3;
const LOSS_STREAK_ALERT = "lossStreak";
/** Raised once per streak; the next trade that does not lose resolves it. */
const alertLossStreak = (tx: Tx, by: AuditCtx): void => {
  const last = tx.trades.lastClosed(LOSS_STREAK);
  if ((last[0]?.pnlAmount ?? 0) >= 0) tx.alerts.resolve(LOSS_STREAK_ALERT, by.atMs);
  if (last.length < LOSS_STREAK || last.some((t) => (t.pnlAmount ?? 0) >= 0)) return;
  const text = textsOf(by.locale).alerts.lossStreak({
    count: LOSS_STREAK,
    tradeIds: last.map((t) => t.id).reverse(),
    yen: last.reduce((sum, t) => sum + (t.pnlAmount ?? 0), 0),
  });
  tx.alerts.raise(composeAlert(by.locale, { key: LOSS_STREAK_ALERT, severity: "warning", atMs: by.atMs }, text));
};

/** Ends the trade when nothing of it is left. Returns whether it has ended. */
export const finishIfFlat = ({ commit }: TradeCtx): boolean => commit(closeIfFlat);
