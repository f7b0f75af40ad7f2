// An order or position of ours that someone changed at the venue, in place and under its id: the book takes over what
// rests there and the owner is told, in one transaction, so neither happens without the other. What follows from it (an
// entry that must be cancelled, a stop that must be placed again) is decided from the rows by the jobs of the trade.
import { coinE8, formatE8 } from "../../lib/core/money.ts";
import type { In } from "../../lib/core/order.ts";
import { isLive } from "../../lib/core/order.ts";
import {
  changesOf,
  cutsBeforeStop,
  type Followed,
  followed,
  isOtherKind,
  mayRest,
  nearerStop,
  type OrderChange,
  plannedPrice,
} from "../../lib/core/orderChanges.ts";
import { isSpot } from "../../lib/core/product.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import type { ChangeEffect } from "../../lib/core/text/changeTexts.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import { isTerminalStatus, type Position, type VenueOrder } from "../../lib/core/venue.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import { type AuditCtx, audit } from "../book/booking.ts";
import { entryFilled } from "../book/openTrades.ts";
import { askAboutStop, isAbove } from "../book/stopQuestions.ts";
import type { TradeCtx } from "../book/tradeCtx.ts";

const orderKey = (orderId: number): string => `changed:order:${orderId}`;
const positionKey = (positionId: string): string => `changed:position:${positionId}`;

const sameFields = (a: Followed, b: Followed): boolean =>
  a.price === b.price && a.size === b.size && a.losscutPrice === b.losscutPrice;

/**
 * Compares `order`, as our book had it before the venue was read, with what the venue showed then. Returns whether it
 * is of another kind than ours (side, type, settle type) and must be cancelled.
 */
export const noticeChanges = (t: TradeCtx, order: In<"open">, shown: VenueOrder): boolean => {
  // Without a difference nothing is committed.
  const changes = changesOf(order.intent, shown);
  if (changes.length === 0) return false;
  const otherKind = isOtherKind(changes);
  return t.commit((tx, by) => {
    const now = tx.orders.byId(order.id);
    // Another look was faster: `shown` may be older than what it has seen.
    if (now?.state !== "open" || !sameFields(now.intent, order.intent)) return false;
    const to = followed(now.intent, shown);
    const isKnown = otherKind && (now.changedMs !== undefined || now.cancelAskedMs !== undefined);
    if (isKnown || to.size < now.executed) return otherKind;
    const effect = takeOver(tx, by, now, shown, otherKind ? now.intent : to);
    audit(tx, by, "order.changedAtVenue", {
      orderId: now.id,
      venueOrderId: shown.orderId,
      purpose: now.intent.purpose,
      legId: now.intent.legId ?? null,
      effect,
      before: valuesOf(changes, "before"),
      after: valuesOf(changes, "after"),
    });
    if (effect !== "asked") tell(tx, by, now, changes, effect);
    return otherKind;
  });
};

const valuesOf = (changes: readonly OrderChange[], side: "before" | "after"): Readonly<Record<string, string>> =>
  Object.fromEntries(changes.map((c) => [c.field, c[side]]));

/** Writes what rests at the venue into the book; "asked": the owner has to answer. */
const takeOver = (tx: Tx, by: AuditCtx, order: In<"open">, shown: VenueOrder, to: Followed): ChangeEffect | "asked" => {
  tx.orders.follow(order, to, by.atMs);
  if (isOtherKind(changesOf(order.intent, shown))) return "replaced";
  // A STOP that has triggered is being executed: its price is history.
  const over = isTerminalStatus(shown.status) || (shown.executionType === "STOP" && shown.status === "ORDERED");
  if (over) return "filled";
  switch (order.intent.purpose) {
    case "entry":
      return isApprovedEntry(tx, by, order, to) ? "takenOver" : "cancelled";
    case "stop":
      return followStop(tx, by, order, to);
    case "takeProfit":
      if (to.price !== undefined && order.intent.legId !== undefined) moveTarget(tx, by, order.intent.legId, to.price);
      return coverEffect(tx, order, to);
    case "exit":
      return coverEffect(tx, order, to);
    default:
      return order.intent.purpose satisfies never;
  }
};

/** As `nextEntryStep` will decide it: the owner is told what then happens. */
const isApprovedEntry = (tx: Tx, by: AuditCtx, order: In<"open">, to: Followed): boolean => {
  const proposal = tx.proposals.byId(by.trade.proposalId);
  if (proposal === undefined) return false;
  const target = tx.trades.byId(by.trade.id)?.targetSize ?? by.trade.targetSize;
  return mayRest(
    { plannedPrice: plannedPrice(order.intent, to), size: to.size, executed: order.executed },
    {
      direction: by.trade.direction,
      low: proposal.bandLow,
      high: proposal.bandHigh,
      stop: proposal.stop,
      rest: coinE8(target - entryFilled(tx, by.trade.id)),
    },
  );
};

const followStop = (tx: Tx, by: AuditCtx, order: In<"open">, to: Followed): ChangeEffect | "asked" => {
  const { price, legId } = { price: to.price, legId: order.intent.legId };
  const leg = legId === undefined ? undefined : tx.tradeLegs.byId(legId);
  if (leg === undefined || price === undefined) return "takenOver";
  const { direction } = by.trade;
  const effect = coverEffect(tx, order, to);
  if (price === order.intent.price) return effect;
  // A move of ours is due (to the entry after TP1): it is made unless the stop is nearer already.
  const isMoveDue = order.intent.plannedPrice !== leg.stop;
  const stop = isMoveDue ? nearerStop(direction, price, leg.stop) : price;
  const asks = isAbove(tx, by.trade, leg, stop);
  if (asks) askAboutStop(tx, by, leg, stop);
  if (stop !== leg.stop) {
    tx.tradeLegs.moveStop(leg.id, stop);
    audit(tx, by, "leg.stopMoved", { legId: leg.id, fromE8: leg.stop, toE8: stop, why: "moved at the venue" });
  }
  return asks ? "asked" : effect;
};

/** What a closing order of this size leaves of its leg uncovered. */
const coverEffect = (tx: Tx, order: In<"open">, to: Followed): ChangeEffect => {
  const leg = order.intent.legId === undefined ? undefined : tx.tradeLegs.byId(order.intent.legId);
  return leg !== undefined && to.size - order.executed < leg.open ? "coverAgain" : "takenOver";
};

const moveTarget = (tx: Tx, by: AuditCtx, legId: number, price: NonNullable<Followed["price"]>): void => {
  const leg = tx.tradeLegs.byId(legId);
  if (leg === undefined || leg.targetPrice === price) return;
  tx.tradeLegs.moveTarget(legId, price);
  audit(tx, by, "leg.targetMoved", { legId, fromE8: leg.targetPrice, toE8: price, why: "moved at the venue" });
};

const tell = (tx: Tx, by: AuditCtx, order: In<"open">, changes: readonly OrderChange[], effect: ChangeEffect): void => {
  const { purpose, symbol } = order.intent;
  const key = orderKey(order.id);
  const severity = effect === "replaced" || effect === "filled" ? "critical" : "warning";
  const facts = { purpose, symbol, tradeId: by.trade.id, orderId: order.venueOrderId, changes, effect };
  const text = textsOf(by.locale).changes.changed(facts);
  raiseAnew(tx, { ...composeAlert(by.locale, { key, severity, atMs: by.atMs }, text) });
};

/** Tells every change, also the second one of the same order; its end needs no message. */
const raiseAnew = (tx: Tx, { resolved: _, ...alert }: ReturnType<typeof composeAlert>): void => {
  tx.alerts.resolve(alert.key, alert.atMs);
  tx.alerts.raise(alert);
};

/** Compares the loss-cut prices of the trade's positions; the first look at an adopted one only records it. */
export const noticeLosscuts = (t: TradeCtx, held: readonly Position[]): void => {
  const { ctx, trade } = t;
  if (isSpot(trade.symbol)) return;
  const shown = new Map(held.map((p) => [p.positionId, p.losscutPrice] as const));
  for (const row of ctx.db.positions.ofTrade(trade.id)) {
    const now = shown.get(row.positionId);
    if (row.open === 0n || !shown.has(row.positionId) || now === row.losscut) continue;
    t.commit((tx, by) => {
      const before = tx.positions.byId(row.positionId);
      if (before === undefined || before.losscut !== row.losscut) return;
      tx.positions.setLosscut(row.positionId, now);
      const isFirst = before.losscut === undefined;
      const story = { positionId: row.positionId, beforeE8: before.losscut ?? null, afterE8: now ?? null };
      audit(tx, by, isFirst ? "position.losscutSeen" : "position.losscutChanged", story);
      if (isFirst) return;
      const stops = tx.tradeLegs.ofPosition(row.positionId).flatMap((leg) => (leg.open > 0n ? [leg.stop] : []));
      const first = stops.some((stop) => cutsBeforeStop(trade.direction, now, stop));
      const name = (price: bigint | undefined): string => (price === undefined ? "none" : formatE8(price));
      const facts = { ...tradeFacts(by), positionId: row.positionId, before: name(before.losscut), after: name(now) };
      const about = {
        key: positionKey(row.positionId),
        severity: first ? "critical" : "warning",
        atMs: by.atMs,
      } as const;
      raiseAnew(tx, composeAlert(by.locale, about, textsOf(by.locale).changes.losscut({ ...facts, first })));
    });
  }
};
const tradeFacts = ({ trade }: AuditCtx) => ({ symbol: trade.symbol, tradeId: trade.id });

/** Alerts of ours whose order or position has ended. */
const endedKeys = (db: Pick<Reads, "alerts" | "orders" | "positions">): readonly string[] =>
  db.alerts
    .open()
    .map((a) => a.key)
    .filter((key) => {
      if (key.startsWith(orderKey(0).slice(0, -1))) {
        const order = db.orders.byId(Number(key.slice(orderKey(0).length - 1)));
        return order === undefined || !isLive(order);
      }
      if (!key.startsWith(positionKey(""))) return false;
      return (db.positions.byId(key.slice(positionKey("").length))?.open ?? 0n) === 0n;
    });
/** Asked first, so that a look without news costs no commit. */
export const hasEndedChanges = (db: Pick<Reads, "alerts" | "orders" | "positions">): boolean =>
  endedKeys(db).length > 0;
export const endChangeAlerts = (tx: Tx, atMs: EpochMs): void => {
  for (const key of endedKeys(tx)) tx.alerts.resolve(key, atMs);
};
