// A close of our position by another hand that the venue does not tell: its latest executions reach one day back, and by the
// order alone they can be asked for only where its id is known. Once it has stood for ten minutes, and nothing at the venue speaks
// against it, it is booked at the stop's price, marked as estimated and told: else entries would be paused for ever.
import type { PositionRow } from "../../db/tables/positions.ts";
import { AppError } from "../../lib/core/errors.ts";
import { type CoinE8, coinE8, maxBig, minBig, pnlYen, toNumber, type YenE8, yenE8 } from "../../lib/core/money.ts";
import type { In } from "../../lib/core/order.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import { sizeText } from "../../lib/core/text/format.ts";
import { MINUTE_MS } from "../../lib/core/time.ts";
import { closingSide, type Direction, type Execution, type Position } from "../../lib/core/venue.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import { auditCtx, bookExternalClose, bookInstead, estimatedAlertKey } from "../book/booking.ts";
import { closeIfFlat } from "../book/tradeEnd.ts";
import type { AppCtx } from "../context.ts";

/** So long a difference of a position stands before it is settled so. */
export const ESTIMATED_AFTER_MS = 10 * MINUTE_MS;
/** In place of the venue's order id. An estimated execution's own id is below 0, the venue's are all above. */
const ESTIMATED_ORDER = "estimated";
const estimatedId = (positionId: string, number: number): string => `-${positionId}${String(number).padStart(3, "0")}`;

/** What settles the difference of a position; undefined while the venue, or an order of ours, speaks against a close. */
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
 * The venue tells the executions after all: where they add up to what was estimated of a position, they take its place, with
 * their own price and time, and the trade's result is corrected.
 */
export const replaceInferred = (ctx: AppCtx, told: readonly Execution[]): void => {
  const news = told.filter((e) => e.settleType !== "OPEN" && !ctx.db.executions.has(e.executionId));
  for (const positionId of new Set(news.map((e) => e.positionId))) {
    const position = positionId === undefined ? undefined : ctx.db.positions.byId(positionId);
    const trade = position && ctx.db.trades.byId(position.tradeId);
    if (position === undefined || trade === undefined) continue;
    const estimated = estimatedOf(ctx.db, position);
    // What was closed after the estimate was booked is another close.
    const bookedMs = Math.max(...estimated.map((e) => e.atMs));
    const truth = news.filter((e) => e.positionId === positionId && e.timestampMs <= bookedMs);
    if (estimated.length === 0 || total(estimated) !== total(truth)) continue;
    ctx.commit((tx) => {
      const by = auditCtx(ctx, trade);
      if (tx.executions.removeEstimated(position.positionId) !== estimated.length)
        throw new AppError("alert", "EXECUTION_STRANGE", `the estimates of position ${positionId} changed meanwhile`);
      for (const e of truth) bookInstead(tx, by, e, position.positionId);
      for (const e of estimated) tx.alerts.resolve(estimatedAlertKey(e.executionId), by.atMs);
    });
  }
};
const estimatedOf = (db: Reads, position: PositionRow) =>
  db.executions.ofTrade(position.tradeId).filter((e) => e.estimated && e.positionId === position.positionId);
const total = (executions: readonly { readonly size: CoinE8 }[]): bigint =>
  executions.reduce((sum, e) => sum + e.size, 0n);

/** A closing order of ours that still stands holds the quantity: then it cannot be gone. */
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

/** Of the position's open legs, the stop at which the most would be lost: the true price was hardly worse. */
const worstStop = (tx: Tx, direction: Direction, positionId: string): YenE8 | undefined =>
  tx.tradeLegs
    .ofPosition(positionId)
    .filter((leg) => leg.open > 0n)
    .map((leg) => leg.stop)
    .reduce<YenE8 | undefined>(
      (worst, stop) => (worst === undefined ? stop : direction === "long" ? minBig(worst, stop) : maxBig(worst, stop)),
      undefined,
    );
