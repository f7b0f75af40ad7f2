// The only place that sends an order (docs/orders.md). Intention, `sending`, request, result: each committed before
// the next. What was sent is never sent again; a row found as `sending` or `unknown` is looked up (orderLookup.ts).
import type { Trade } from "../../db/tables/trades.ts";
import { AppError } from "../../lib/core/errors.ts";
import { NO_RIGHT } from "../../lib/core/keyRights.ts";
import type { In, Intent, Order } from "../../lib/core/order.ts";
import { distinctPrice, newerOrderId, type OrderLook } from "../../lib/core/orderMatch.ts";
import { isSpot } from "../../lib/core/product.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { WriteResult } from "../../lib/core/venue.ts";
import { clockProblem, type VenueClock, venueTime } from "../../lib/core/venueClock.ts";
import type { Tx } from "../../queue/types.ts";
import { type AuditCtx, applyOrderEvent, recordIntent } from "../book/booking.ts";
import type { TradeCtx } from "../book/tradeCtx.ts";
import type { AppCtx } from "../context.ts";
import { reconcileJob } from "../jobs.ts";
import { forgetRights } from "./keyRights.ts";

/** The same intention at a price that no live order of ours shares, nor one of `others`. */
export const distinct = (tx: Tx, intent: Intent, trade: Trade, others: readonly OrderLook[] = []): Intent => {
  if (intent.price === undefined) return intent;
  const live = [...tx.orders.live(intent.symbol).map((o) => o.intent), ...others];
  return { ...intent, price: distinctPrice({ ...intent, price: intent.price }, trade.tick, live) };
};

/** Drops an intention that was never sent. */
export const abandon = ({ commit }: TradeCtx, order: In<"intended">, why: string): void =>
  commit((tx, by) => {
    if (tx.orders.byId(order.id)?.state !== "intended") return;
    applyOrderEvent(tx, by, order.id, { kind: "abandon", why, atMs: by.atMs });
  });

/**
 * Commits a new intention and sends it. `guard` runs in the transaction of the intention and may refuse it (false):
 * then nothing was written, and undefined is returned.
 */
export const intendAndSend = async (
  t: TradeCtx,
  intent: Intent,
  why: string,
  { guard = () => true, around = NOT_LOOKED }: { readonly guard?: (tx: Tx) => boolean; readonly around?: Around } = {},
): Promise<Order | undefined> => {
  const id = t.commit((tx, by) =>
    guard(tx) ? recordIntent(tx, by, distinct(tx, intent, t.trade, around.others), why) : undefined,
  );
  return id === undefined ? undefined : sendIntended(t, id, around);
};

/** What the venue showed of the symbol just before the send. */
export interface Around {
  /** The newest order id it showed; undefined: not looked, the newest one ever seen counts. */
  readonly newestId: string | undefined;
  /** Orders of another hand. */
  readonly others: readonly OrderLook[];
}
const NOT_LOOKED: Around = { newestId: undefined, others: [] };

/**
 * Sends an intended order once. Returns the order as it stands then: open, rejected or unknown; unchanged when
 * another attempt took it over; dropped when it is an entry and a halt stands or the approval has expired, in the
 * transaction that would have sent it, or when the venue's clock is not known to agree with ours. Never throws for what the venue did; throws StaleAttemptError when this
 * attempt no longer owns its job.
 */
export const sendIntended = async (t: TradeCtx, orderId: number, around = NOT_LOOKED): Promise<Order> => {
  const { ctx, trade } = t;
  const order = t.commit((tx, by) => {
    const before = mustExist(tx, orderId);
    if (before.state !== "intended") return before;
    const clock = ctx.venue.clock();
    const why = before.intent.purpose === "entry" ? whyNoEntry(tx, trade, by.atMs, clock) : undefined;
    if (why !== undefined) return applyOrderEvent(tx, by, orderId, { kind: "abandon", why, atMs: by.atMs });
    const sent = {
      sentMs: by.atMs,
      sentVenueMs: venueTime(clock, by.atMs),
      afterOrderId: newerOrderId(tx.orders.newestVenueId(), around.newestId) ?? "0",
    };
    return applyOrderEvent(tx, by, orderId, { kind: "send", sent });
  });
  if (order.state !== "sending") return order;
  // The request is not tied to the handler's signal: an aborted POST is an unknown one.
  const result = await request(ctx, order);
  ctx.log.info({ orderId, purpose: order.intent.purpose, result: result.kind }, "order.sent");
  const lacksRights = result.kind === "refused" && result.code === NO_RIGHT;
  return t.commit(
    (tx, by) => {
      if (lacksRights) forgetRights(tx);
      return recordResult(tx, by, orderId, result);
    },
    // It probes the rights again, and halts entries where one is missing.
    lacksRights ? [reconcileJob(`rights:${orderId}`)] : [],
  );
};

/** The checks before the send took a while: a halt may have been raised, or the approval have expired, since. */
const whyNoEntry = (tx: Tx, trade: Trade, atMs: EpochMs, clock: VenueClock): string | undefined => {
  if (clockProblem(clock) !== undefined) return "the exchange's clock is not known to agree with ours";
  const halts = tx.halts.active(atMs);
  if (halts.length > 0) return `entries are halted (${halts.map((h) => h.kind).join(", ")})`;
  const proposal = tx.proposals.byId(trade.proposalId);
  return proposal === undefined || atMs >= proposal.validUntilMs ? "the approval's time is over" : undefined;
};

const mustExist = (tx: Tx, orderId: number): Order => {
  const order = tx.orders.byId(orderId);
  if (order === undefined) throw new AppError("alert", "ORDER_ROW", `expected order ${orderId}, found none`);
  return order;
};

const request = (ctx: AppCtx, { intent: i }: In<"sending">): Promise<WriteResult<string>> => {
  const common = {
    symbol: i.symbol,
    side: i.side,
    executionType: i.executionType,
    timeInForce: i.timeInForce,
    size: i.size,
    ...(i.price === undefined ? {} : { price: i.price }),
  };
  // Coins are sold with the same request as they are bought. `cancelBefore` is never used: it would cancel orders of
  // the owner.
  if (i.positionId === undefined || isSpot(i.symbol))
    return ctx.venue.order({ ...common, ...(i.losscutPrice === undefined ? {} : { losscutPrice: i.losscutPrice }) });
  return ctx.venue.closeOrder({ ...common, positionId: i.positionId });
};

const recordResult = (tx: Tx, by: AuditCtx, orderId: number, result: WriteResult<string>): Order => {
  const now = mustExist(tx, orderId);
  switch (result.kind) {
    case "accepted":
      // Another job may have looked it up meanwhile, and even seen its end.
      if ("venueOrderId" in now && now.venueOrderId === result.value) return now;
      return applyOrderEvent(tx, by, orderId, { kind: "accepted", venueOrderId: result.value });
    case "refused":
      // Given up as lost while the answer was on its way, and the answer agrees.
      if (now.state === "neverSent") return now;
      return applyOrderEvent(tx, by, orderId, { ...result, atMs: by.atMs });
    case "unknown":
      if (now.state !== "sending") return now;
      return applyOrderEvent(tx, by, orderId, { kind: "noAnswer" });
    default:
      return result satisfies never;
  }
};
