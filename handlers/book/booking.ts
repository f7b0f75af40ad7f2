// Book-keeping: what an execution means for positions, legs and the trade. Every function here runs inside one
// transaction, books an execution exactly once (its venue id is the key) and writes an audit event with each change.

import type { HaltActor } from "../../db/halts.ts";
import type { LegRow } from "../../db/tables/tradeLegs.ts";
import type { Trade } from "../../db/tables/trades.ts";
import { AppError } from "../../lib/core/errors.ts";
import { type CoinE8, coinE8, minBig } from "../../lib/core/money.ts";
import { type ExitReason, type Intent, isLive, type Order, type OrderEvent } from "../../lib/core/order.ts";
import { tradeResult } from "../../lib/core/pnl.ts";
import { isSpot } from "../../lib/core/product.ts";
import { breakEvenStop } from "../../lib/core/protection.ts";
import { saleGain, spotPositionId } from "../../lib/core/spot.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import { sizeText } from "../../lib/core/text/format.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import { type EpochMs, epochMs, HOUR_MS } from "../../lib/core/time.ts";
import { type Execution, openingSide, type VenueOrder } from "../../lib/core/venue.ts";
import { onOurClock } from "../../lib/core/venueClock.ts";
import type { Tx } from "../../queue/types.ts";
import type { AppCtx } from "../context.ts";
import { type AppJob, protectJob } from "../jobs.ts";

/** Who writes, when, and for which trade. In a handler TradeCtx.commit builds it. */
export interface AuditCtx {
  readonly atMs: EpochMs;
  readonly actor: string;
  readonly trade: Trade;
  readonly timeStopHours: number;
  /** Language of alerts and messages. */
  readonly locale: Locale;
  /** A time that the venue wrote, on our clock. */
  readonly ourTime: (venueMs: EpochMs) => EpochMs;
}
export const auditCtx = (ctx: AppCtx, trade: Trade): AuditCtx => {
  const atMs = ctx.clock.nowMs();
  return {
    atMs,
    actor: ctx.job.name,
    trade,
    timeStopHours: ctx.config.TIME_STOP_HOURS,
    locale: ctx.config.LOCALE,
    ourTime: (venueMs) => onOurClock(ctx.venue.clock(), venueMs, atMs),
  };
};

export const audit = (tx: Tx, by: AuditCtx, kind: string, data: Readonly<Record<string, unknown>>): void =>
  tx.audit.append({
    atMs: by.atMs,
    kind,
    actor: by.actor,
    traceId: by.trade.traceId,
    data: { ...tradeData(by), ...data },
  });
export const tradeData = ({ trade }: AuditCtx) => ({ tradeId: trade.id, symbol: trade.symbol });
export const haltActor = (by: AuditCtx): HaltActor => ({ atMs: by.atMs, actor: by.actor, traceId: by.trade.traceId });

/** A new intention with its audit event. Returns the order's id. */
export const recordIntent = (tx: Tx, by: AuditCtx, intent: Intent, why: string): number => {
  const id = tx.orders.intend(intent, by.atMs);
  audit(tx, by, "order.intended", { orderId: id, why, ...orderStory(intent) });
  return id;
};
const orderStory = (i: Intent) => ({
  purpose: i.purpose,
  side: i.side,
  type: i.executionType,
  timeInForce: i.timeInForce,
  priceE8: i.price ?? null,
  sizeE8: i.size,
  losscutE8: i.losscutPrice ?? null,
  legId: i.legId ?? null,
  positionId: i.positionId ?? null,
  exitReason: i.exitReason ?? null,
});

const EVENT_NAMES: Readonly<Record<Order["state"], string>> = {
  intended: "order.intended",
  sending: "order.sending",
  unknown: "order.unknown",
  open: "order.open",
  filled: "order.filled",
  cancelled: "order.cancelled",
  expired: "order.expired",
  rejected: "order.rejected",
  neverSent: "order.neverSent",
};

/** Moves an order by the state machine and audits what changed. */
export const applyOrderEvent = (tx: Tx, by: AuditCtx, orderId: number, event: OrderEvent, why?: string): Order => {
  const { before, after } = tx.orders.move(orderId, event);
  if (before === after) return after;
  const kind =
    before.state !== after.state
      ? EVENT_NAMES[after.state]
      : event.kind === "cancelAsked"
        ? "order.cancelAsked"
        : event.kind === "absent" || event.kind === "noAnswer"
          ? "order.looked"
          : "order.progress";
  audit(tx, by, kind, {
    orderId,
    purpose: after.intent.purpose,
    from: before.state,
    to: after.state,
    ...(why === undefined ? {} : { why }),
    ...("venueOrderId" in after ? { venueOrderId: after.venueOrderId, executedE8: after.executed } : {}),
    ...("code" in after ? { code: after.code } : {}),
    ...("detail" in after && after.detail !== undefined ? { detail: after.detail } : {}),
  });
  return after;
};

/**
 * Books what the venue shows of one of our orders: new executions, then the order's own state. Idempotent.
 * Throws AppError alert EXECUTION_STRANGE when an execution cannot belong to the order.
 */
export const bookOrder = (
  tx: Tx,
  by: AuditCtx,
  orderId: number,
  shown: VenueOrder,
  executions: readonly Execution[],
): Order => {
  const order = tx.orders.byId(orderId);
  if (order === undefined) throw new AppError("alert", "ORDER_ROW", `expected order ${orderId}, found none`);
  for (const e of executions) {
    if (e.orderId !== shown.orderId || e.side !== order.intent.side || e.symbol !== order.intent.symbol)
      throw strange(e, `it is not of order ${shown.orderId}`);
    if (order.intent.purpose === "entry") bookOpening(tx, by, order, e);
    else bookClosing(tx, by, order, e);
  }
  return applyOrderEvent(tx, by, orderId, {
    kind: "seen",
    order: shown,
    booked: tx.executions.bookedSize(orderId),
    atMs: by.atMs,
  });
};

const strange = (e: Execution, why: string): AppError =>
  new AppError("alert", "EXECUTION_STRANGE", `execution ${e.executionId} of ${e.symbol}: ${why}; reconcile and look`, {
    executionId: e.executionId,
    orderId: e.orderId,
  });

const rowOf = (e: Execution, by: AuditCtx, positionId: string, order: Order | undefined) => ({
  executionId: e.executionId,
  venueOrderId: e.orderId,
  orderId: order?.id,
  tradeId: by.trade.id,
  positionId,
  symbol: e.symbol,
  side: e.side,
  settleType: e.settleType,
  size: e.size,
  price: e.price,
  lossGain: e.lossGain,
  fee: e.fee,
  atMs: e.timestampMs,
});
const executionStory = (e: Execution) => ({
  executionId: e.executionId,
  positionId: e.positionId ?? null,
  side: e.side,
  sizeE8: e.size,
  priceE8: e.price,
  lossGainE8: e.lossGain,
  feeE8: e.fee,
});

/** The position an entry's execution opens: the venue's own, or on spot the one of its trade. */
const openedPosition = (trade: Trade, e: Execution): string | undefined =>
  isSpot(trade.symbol) ? spotPositionId(trade.id) : e.positionId;
/** Spot: the venue reports no gain of a sale, so it is computed from everything the trade has booked before. */
const withGain = (tx: Tx, by: AuditCtx, e: Execution): Execution =>
  isSpot(e.symbol) ? { ...e, lossGain: saleGain(tx.executions.ofTrade(by.trade.id), e) } : e;

/**
 * Rounded to whole milliseconds: the setting may be a fraction of an hour, and a fractional time would fail the
 * booking.
 */
export const timeStopAt = (fromMs: EpochMs, hours: number): EpochMs => epochMs(Math.round(fromMs + hours * HOUR_MS));

const bookOpening = (tx: Tx, by: AuditCtx, order: Order, e: Execution): void => {
  const positionId = openedPosition(by.trade, e);
  if (positionId === undefined) throw strange(e, "an opening on margin names its position, this one names none");
  const row = { ...rowOf(e, by, positionId, order), kind: "open", exitReason: undefined } as const;
  if (!tx.executions.insert(row)) return;
  tx.positions.grow({
    positionId,
    tradeId: by.trade.id,
    symbol: e.symbol,
    side: openingSide(by.trade.direction),
    opened: e.size,
    price: e.price,
    losscut: order.intent.losscutPrice,
    openedMs: e.timestampMs,
  });
  const result = tradeResult(tx.executions.ofTrade(by.trade.id));
  const firstMs = result.firstFillMs ?? e.timestampMs;
  tx.trades.setFilled(by.trade.id, result, timeStopAt(by.ourTime(firstMs), by.timeStopHours));
  audit(tx, by, "entry.filled", { orderId: order.id, direction: by.trade.direction, ...executionStory(e) });
};

/**
 * Books the executions that opened an external position which the trade adopts. None of them is of an order of ours.
 */
export const bookAdopted = (tx: Tx, by: AuditCtx, openings: readonly Execution[], timeStopMs: EpochMs): void => {
  const { direction } = by.trade;
  for (const e of openings) {
    if (e.positionId === undefined) throw strange(e, "an opening on margin names its position, this one names none");
    const row = { ...rowOf(e, by, e.positionId, undefined), kind: "open", exitReason: undefined } as const;
    if (!tx.executions.insert(row)) throw strange(e, "it is booked already");
    const opened = { opened: e.size, price: e.price, openedMs: e.timestampMs };
    const { positionId, symbol } = e;
    tx.positions.grow({ positionId, tradeId: by.trade.id, symbol, side: openingSide(direction), ...opened });
    audit(tx, by, "position.adopted", { direction, ...executionStory(e) });
  }
  tx.trades.setFilled(by.trade.id, tradeResult(tx.executions.ofTrade(by.trade.id)), timeStopMs);
};

const bookClosing = (tx: Tx, by: AuditCtx, order: Order, shown: Execution): void => {
  const { positionId, legId, exitReason } = order.intent;
  if (positionId === undefined || legId === undefined || exitReason === undefined)
    throw strange(shown, `order ${order.id} closes nothing`);
  const e = withGain(tx, by, shown);
  if (!isSpot(e.symbol) && e.positionId !== undefined && e.positionId !== positionId)
    throw strange(e, `it closes position ${e.positionId}, order ${order.id} was for ${positionId}`);
  if (!tx.executions.insert({ ...rowOf(e, by, positionId, order), kind: "close", exitReason })) return;
  const size = isSpot(e.symbol) ? bookOversold(tx, by, legId, e) : replaceInferredFill(tx, by, legId, positionId, e);
  tx.positions.shrink(positionId, size, e.timestampMs);
  tx.tradeLegs.shrink(legId, size, exitReason, e.timestampMs);
  afterClosing(tx, by, e, exitReason, order);
  const leg = tx.tradeLegs.byId(legId);
  if (leg?.open === 0n && exitReason === "tp1") moveStopsToEntry(tx, by);
};

/**
 * A sale given up as lost that filled later, beside its successor: what exceeds the leg were coins of the owner. It
 * is booked as such and alerted. Returns the leg's part.
 */
const bookOversold = (tx: Tx, by: AuditCtx, legId: number, e: Execution): CoinE8 => {
  const own = minBig(tx.tradeLegs.byId(legId)?.open ?? coinE8(0n), e.size);
  if (own === e.size) return own;
  const change = coinE8(own - e.size);
  const id = `oversold:${e.executionId}`;
  tx.ownerCoins.add({ id, symbol: e.symbol, kind: "oversold", change, tradeId: by.trade.id, atMs: by.atMs });
  audit(tx, by, "coins.oversold", { executionId: e.executionId, changeE8: change });
  const text = textsOf(by.locale).alerts.oversold({ size: sizeText(coinE8(-change), e.symbol), tradeId: by.trade.id });
  tx.alerts.raise(composeAlert(by.locale, { key: id, severity: "critical", atMs: by.atMs }, text));
  return own;
};

/**
 * A fill of our own order that the venue reports only after its position's close was inferred (inferredCloses.ts):
 * what exceeds the leg replaces the estimate. Returns the part that the leg still held.
 */
const replaceInferredFill = (tx: Tx, by: AuditCtx, legId: number, positionId: string, e: Execution): CoinE8 => {
  let over: bigint = e.size - (tx.tradeLegs.byId(legId)?.open ?? 0n);
  let taken = 0n;
  for (const row of tx.executions.ofTrade(by.trade.id)) {
    if (over <= 0n || !row.estimated || row.positionId !== positionId) continue;
    const part = minBig(coinE8(over), row.size);
    tx.executions.takeEstimated(row, part);
    if (part === row.size) tx.alerts.resolve(estimatedAlertKey(row.executionId), by.atMs);
    over -= part;
    taken += part;
  }
  if (taken > 0n) audit(tx, by, "exit.corrected", executionStory(e));
  return coinE8(e.size - taken);
};
export const estimatedAlertKey = (executionId: string): string => `estimated:${executionId}`;

const afterClosing = (tx: Tx, by: AuditCtx, e: Execution, exitReason: ExitReason, order: Order | undefined): void => {
  tx.trades.setProgress(by.trade.id, tradeResult(tx.executions.ofTrade(by.trade.id)));
  audit(tx, by, "exit.filled", {
    orderId: order?.id ?? null,
    venueOrderId: e.orderId,
    exitReason,
    direction: by.trade.direction,
    ...executionStory(e),
  });
};

/** After TP1 the stop of the other half moves to the entry price (DESIGN 8). */
export const moveStopsToEntry = (tx: Tx, by: AuditCtx): void => {
  for (const leg of tx.tradeLegs.ofTrade(by.trade.id)) {
    const position = tx.positions.byId(leg.positionId);
    if (leg.open === 0n || leg.target !== 2 || position === undefined) continue;
    const stop = breakEvenStop(by.trade.direction, position.price, leg.stop, by.trade.tick);
    if (stop === leg.stop) continue;
    tx.tradeLegs.moveStop(leg.id, stop);
    audit(tx, by, "leg.stopMoved", { legId: leg.id, fromE8: leg.stop, toE8: stop, why: "TP1 taken" });
  }
};

/**
 * Books a close of our position that was not an order of ours: by the owner (`manual`) or the venue's loss-cut
 * (`stop_loss`). It is taken from legs without a live order first. Idempotent; returns whether it was new.
 */
export const bookExternalClose = (
  tx: Tx,
  by: AuditCtx,
  shown: Execution,
  exitReason: ExitReason,
  { estimated = false }: { readonly estimated?: boolean } = {},
): boolean => {
  const e = withGain(tx, by, shown);
  const position = e.positionId === undefined ? undefined : tx.positions.byId(e.positionId);
  if (position === undefined) throw strange(e, "it closes no position of ours");
  const row = { ...rowOf(e, by, position.positionId, undefined), kind: "close", exitReason, estimated } as const;
  if (!tx.executions.insert(row)) return false;
  if (estimated) audit(tx, by, "exit.estimated", { positionId: position.positionId, priceE8: e.price, sizeE8: e.size });
  tx.positions.shrink(position.positionId, e.size, e.timestampMs);
  const legs = tx.tradeLegs.ofPosition(position.positionId).filter((leg) => leg.open > 0n);
  const busy = (leg: LegRow): number => (tx.orders.ofLeg(leg.id).some(isLive) ? 1 : 0);
  let surplus = legs.reduce((sum, leg) => sum + leg.open, 0n) - (position.open - e.size);
  for (const leg of [...legs].sort((a, b) => busy(a) - busy(b) || a.id - b.id)) {
    if (surplus <= 0n) break;
    const part = minBig(coinE8(surplus), leg.open);
    tx.tradeLegs.shrink(leg.id, part, exitReason, e.timestampMs);
    surplus -= part;
  }
  afterClosing(tx, by, e, exitReason, undefined);
  return true;
};

/**
 * Books the real execution of an inferred close: position and legs stay as they are, the result becomes the
 * execution's.
 */
export const bookInstead = (tx: Tx, by: AuditCtx, e: Execution, positionId: string): void => {
  const exitReason = e.settleType === "LOSS_CUT" ? "stop_loss" : "manual";
  const row = { ...rowOf(e, by, positionId, undefined), kind: "close", exitReason } as const;
  if (!tx.executions.insert(row)) throw strange(e, "it is booked already");
  tx.trades.setProgress(by.trade.id, tradeResult(tx.executions.ofTrade(by.trade.id)));
  audit(tx, by, "exit.corrected", executionStory(e));
};

/** The jobs that protect the positions of these fills. Their keys are the executions', so each is enqueued once. */
export const protectionJobs = (trade: Trade, executions: readonly Execution[]): readonly AppJob[] =>
  executions.flatMap((e) => {
    const positionId = openedPosition(trade, e);
    if (positionId === undefined) return [];
    return [protectJob(positionId, e.executionId)];
  });
