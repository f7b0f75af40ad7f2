// An external close of our position whose executions the venue does not report: its latest executions reach one day
// back, and older ones can be read only by an order id that we do not know. After ten minutes without a contradiction
// at the venue it is booked at the stop's price, marked as estimated and alerted; otherwise entries would stay paused
// for ever.
import type { PositionRow } from "../../db/tables/positions.ts";
import { AppError } from "../../lib/core/errors.ts";
import { type CoinE8, coinE8, maxBig, minBig, pnlYen, toNumber, type YenE8, yenE8 } from "../../lib/core/money.ts";
import type { In } from "../../lib/core/order.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import { sizeText } from "../../lib/core/text/format.ts";
import { MINUTE_MS } from "../../lib/core/time.ts";
import { closingSide, type Direction, type Execution, type Position } from "../../lib/core/venue.ts";
import { onOurClock } from "../../lib/core/venueClock.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import { auditCtx, bookExternalClose, bookInstead, estimatedAlertKey } from "../book/booking.ts";
import { tradeCtx } from "../book/tradeCtx.ts";
import { closeIfFlat } from "../book/tradeEnd.ts";
import type { AppCtx } from "../context.ts";

/** How long a position must differ before its close is inferred. */
export const ESTIMATED_AFTER_MS = 10 * MINUTE_MS;
/** In place of the venue's order id. An estimated execution's id is below 0; the venue's ids are above 0. */
const ESTIMATED_ORDER = "estimated";
const estimatedId = (positionId: string, number: number): string => `-${positionId}${String(number).padStart(3, "0")}`;

/** The write that books the inferred close; undefined while the venue or an order of ours contradicts a close. */
export const inferredClose = (
  ctx: AppCtx,
  position: PositionRow,
  held: readonly Position[],
): ((tx: Tx) => void) | undefined => {
  const left = coinE8(held.find((p) => p.positionId === position.positionId)?.size ?? 0n);
  if (left >= position.open || reservedOf(ctx.db, position.positionId) > left) return undefined;
  return (tx) => book(tx, ctx, position.positionId, left);
};

/**
 * Replaces inferred closes by the real executions once the venue reports them: where they add up to what was
 * estimated of a position, they are booked with their own price and time, and the trade's result is corrected.
 */
export const replaceInferred = (ctx: AppCtx, reported: readonly Execution[]): void => {
  const news = reported.filter((e) => e.settleType !== "OPEN" && !ctx.db.executions.has(e.executionId));
  for (const positionId of new Set(news.map((e) => e.positionId))) {
    const position = positionId === undefined ? undefined : ctx.db.positions.byId(positionId);
    const trade = position && ctx.db.trades.byId(position.tradeId);
    if (position === undefined || trade === undefined) continue;
    const estimated = estimatedOf(ctx.db, position);
    // An execution after the estimate was booked belongs to another close.
    const bookedMs = Math.max(...estimated.map((e) => e.atMs));
    const clock = ctx.venue.clock();
    const ourTime = (e: Execution) => onOurClock(clock, e.timestampMs, ctx.clock.nowMs());
    const real = news.filter((e) => e.positionId === positionId && ourTime(e) <= bookedMs);
    if (estimated.length === 0 || total(estimated) !== total(real)) continue;
    tradeCtx(ctx, trade).commit((tx, by) => {
      if (tx.executions.removeEstimated(position.positionId) !== estimated.length)
        throw new AppError("alert", "EXECUTION_STRANGE", `the estimates of position ${positionId} changed meanwhile`);
      for (const e of real) bookInstead(tx, by, e, position.positionId);
      for (const e of estimated) tx.alerts.resolve(estimatedAlertKey(e.executionId), by.atMs);
    });
  }
};
const estimatedOf = (db: Reads, position: PositionRow) =>
  db.executions.ofTrade(position.tradeId).filter((e) => e.estimated && e.positionId === position.positionId);
const total = (executions: readonly { readonly size: CoinE8 }[]): bigint =>
  executions.reduce((sum, e) => sum + e.size, 0n);

/** Quantity that open closing orders of ours hold: it cannot have been closed externally. */
const reservedOf = (db: Reads, positionId: string): bigint =>
  db.tradeLegs
    .ofPosition(positionId)
    .flatMap((leg) => db.orders.ofLeg(leg.id))
    .filter((o): o is In<"open"> => o.state === "open")
    .reduce((sum, o) => sum + o.intent.size - o.executed, 0n);

const book = (tx: Tx, ctx: AppCtx, positionId: string, left: CoinE8): void => {
  const position = tx.positions.byId(positionId);
  const trade = position && tx.trades.byId(position.tradeId);
  if (position === undefined || trade === undefined || position.open <= left) return;
  const size = coinE8(position.open - left);
  const price = worstStop(tx, trade.direction, positionId) ?? position.price;
  const by = auditCtx(ctx, trade);
  let number = 0;
  while (tx.executions.has(estimatedId(positionId, number))) number += 1;
  const execution = {
    executionId: estimatedId(positionId, number),
    orderId: ESTIMATED_ORDER,
    positionId,
    symbol: trade.symbol,
    side: closingSide(trade.direction),
    settleType: "CLOSE",
    size,
    price,
    lossGain: pnlYen(trade.direction, position.price, price, size),
    fee: yenE8(0n),
    timestampMs: by.atMs,
  };
  if (!bookExternalClose(tx, by, execution, "manual", { estimated: true })) return;
  const facts = { size: sizeText(size, trade.symbol), yen: toNumber(price), tradeId: trade.id };
  const text = textsOf(by.locale).alerts.estimated(facts);
  const key = estimatedAlertKey(execution.executionId);
  tx.alerts.raise(composeAlert(by.locale, { key, severity: "critical", atMs: by.atMs }, text));
  closeIfFlat(tx, by);
};

/** The worst stop of the position's open legs: the real price was hardly worse. */
const worstStop = (tx: Tx, direction: Direction, positionId: string): YenE8 | undefined =>
  tx.tradeLegs
    .ofPosition(positionId)
    .filter((leg) => leg.open > 0n)
    .map((leg) => leg.stop)
    .reduce<YenE8 | undefined>(
      (worst, stop) => (worst === undefined ? stop : direction === "long" ? minBig(worst, stop) : maxBig(worst, stop)),
      undefined,
    );
