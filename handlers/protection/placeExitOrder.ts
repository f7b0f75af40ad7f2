// One closing order of a leg, placed: sent once, and its answer taken for what it says. What leaves the leg bare is told.
import type { LegRow } from "../../db/tables/tradeLegs.ts";
import type { Trade } from "../../db/tables/trades.ts";
import { AppError } from "../../lib/core/errors.ts";
import type { LegAction } from "../../lib/core/exitFacts.ts";
import { QUANTITY_RESERVED, refusalIsAlarming } from "../../lib/core/exitPauses.ts";
import { isLive } from "../../lib/core/order.ts";
import { sizeText } from "../../lib/core/text/format.ts";
import { closingSide } from "../../lib/core/venue.ts";
import { auditCtx } from "../book/booking.ts";
import type { AppCtx } from "../context.ts";
import { bindLateOrders } from "../orders/lateArrivals.ts";
import { externalActivity, syncOpenOrders } from "../orders/lookup.ts";
import { intendAndSend } from "../orders/sendOrder.ts";
import { raiseUnprotected } from "./unprotectedAlert.ts";

/** Closing orders of one leg that vanished before the owner hears of it. */
const LOST_BEFORE_ALARM = 2;

/** Regular and emergency maintenance, pre-open (GMO API 11). */
const NOT_OPEN = new Set(["ERR-5201", "ERR-5202", "ERR-5203"]);
/** Throws AppError retry VENUE_NOT_OPEN: everything stays as it is until then. */
export const mustBeOpen = async (ctx: AppCtx, trade: Trade): Promise<void> => {
  const status = await ctx.venue.status(ctx.signal);
  if (status !== "OPEN")
    throw new AppError("retry", "VENUE_NOT_OPEN", `${trade.symbol}: expected the venue to be open, found ${status}`);
};

export const place = async (
  ctx: AppCtx,
  trade: Trade,
  leg: LegRow,
  action: Extract<LegAction, { kind: "place" }>,
): Promise<void> => {
  const last = ctx.db.orders.ofLeg(leg.id).at(-1);
  // Refused for maintenance: the status tells when it is over, without a refused order every few seconds.
  if (last?.state === "rejected" && NOT_OPEN.has(last.code)) await mustBeOpen(ctx, trade);
  const order = await intendAndSend(
    ctx,
    trade,
    {
      tradeId: trade.id,
      purpose: action.purpose,
      legId: leg.id,
      positionId: leg.positionId,
      exitReason: action.exitReason,
      symbol: trade.symbol,
      side: closingSide(trade.direction),
      executionType: action.executionType,
      timeInForce: action.executionType === "LIMIT" ? "FAS" : "FAK",
      price: action.price,
      plannedPrice: action.price,
      losscutPrice: undefined,
      size: leg.open,
    },
    action.why,
    // Another attempt may have come first: one live order per leg, for exactly what is open now.
    (tx) => tx.tradeLegs.byId(leg.id)?.open === leg.open && !tx.orders.ofLeg(leg.id).some(isLive),
  );
  if (order === undefined) return;
  if (order.state === "rejected") {
    // Something reserves the quantity: a stop of ours that was given up as lost and arrived after all?
    if (
      QUANTITY_RESERVED.has(order.code) &&
      (await bindLateOrders(ctx, trade, await externalActivity(ctx, trade.symbol))) > 0
    )
      return;
    const earlier = ctx.db.orders.ofLeg(leg.id);
    if (refusalIsAlarming(order, earlier))
      ctx.commit((tx) =>
        raiseUnprotected(tx, auditCtx(ctx, trade), leg.id, (t) =>
          t.bareRefused({ ...bareFacts(trade, leg), code: order.code }),
        ),
      );
    return;
  }
  const lost = ctx.db.orders.ofLeg(leg.id).filter((o) => o.state === "neverSent" && o.sentMs !== undefined).length;
  if (order.state === "unknown" && lost >= LOST_BEFORE_ALARM)
    ctx.commit((tx) =>
      raiseUnprotected(tx, auditCtx(ctx, trade), leg.id, (t) => t.bareLost({ ...bareFacts(trade, leg), orders: lost })),
    );
  if (order.state !== "open") return;
  // A stop rests until something happens; what may trade at once is looked at at once.
  if (order.intent.executionType !== "STOP") await syncOpenOrders(ctx, trade, [order]);
};

const bareFacts = (trade: Trade, leg: LegRow) => ({
  size: sizeText(leg.open, trade.symbol),
  symbol: trade.symbol,
  tradeId: trade.id,
});
