// One trade as the order, protection and reconciliation code works on it: the handler's context, the trade, and
// optionally one position of it. `commit` builds the trade's own audit context, so no commit can carry that of
// another trade.

import type { LegRow } from "../../db/tables/tradeLegs.ts";
import type { Trade } from "../../db/tables/trades.ts";
import { AppError } from "../../lib/core/errors.ts";
import type { Order } from "../../lib/core/order.ts";
import type { Tx } from "../../queue/types.ts";
import type { AppCtx } from "../context.ts";
import type { AppJob } from "../jobs.ts";
import { type AuditCtx, auditCtx } from "./booking.ts";

/** A leg's row with its live order and its newest ones, oldest first. */
export type LegWithOrders = LegRow & { readonly orders: readonly Order[] };

export interface TradeCtx {
  readonly ctx: AppCtx;
  /** As it was read when this was built. What changes (status, closeHow, timeStopMs) is read again where it counts. */
  readonly trade: Trade;
  /** Limits the work to the legs of this position; undefined: the whole trade. */
  readonly positionId: string | undefined;
  /** Fresh from the book; of `positionId` alone where it is set. */
  legs(): readonly LegWithOrders[];
  /** Live orders and all entries, fresh from the book, oldest first; of `positionId` alone where it is set, so without entries. */
  orders(): readonly Order[];
  /** The audit context at this moment, for a write that an outcome commits. */
  auditCtx(): AuditCtx;
  /** One transaction (see Ctx.commit) with the audit context of this trade. */
  commit<T>(write: (tx: Tx, by: AuditCtx) => T, next?: readonly AppJob[]): T;
}

export const tradeCtx = (ctx: AppCtx, trade: Trade, positionId?: string): TradeCtx => {
  const inScope = (id: string | undefined): boolean => positionId === undefined || id === positionId;
  return {
    ctx,
    trade,
    positionId,
    legs: () =>
      ctx.db.tradeLegs
        .ofTrade(trade.id)
        .filter((leg) => inScope(leg.positionId))
        .map((leg) => ({ ...leg, orders: ctx.db.orders.ofLeg(leg.id) })),
    orders: () => ctx.db.orders.working(trade.id).filter((o) => inScope(o.intent.positionId)),
    auditCtx: () => auditCtx(ctx, trade),
    commit: (write, next) => ctx.commit((tx) => write(tx, auditCtx(ctx, trade)), next),
  };
};

/** The same with the trade read now; undefined when there is none. */
export const readTradeCtxIfAny = (ctx: AppCtx, tradeId: number): TradeCtx | undefined => {
  const trade = ctx.db.trades.byId(tradeId);
  return trade && tradeCtx(ctx, trade);
};

/** The same with the trade read now. Throws AppError permanent TRADE_MISSING. */
export const readTradeCtx = (ctx: AppCtx, tradeId: number): TradeCtx => {
  const found = readTradeCtxIfAny(ctx, tradeId);
  if (found === undefined) throw new AppError("permanent", "TRADE_MISSING", `expected trade ${tradeId}, found none`);
  return found;
};
