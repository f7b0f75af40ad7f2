// Places one closing order of a leg: sends it once and handles the answer. An answer that leaves the leg unprotected
// is alerted.
import type { LegRow } from "../../db/tables/tradeLegs.ts";
import type { Trade } from "../../db/tables/trades.ts";
import { AppError } from "../../lib/core/errors.ts";
import type { LegAction } from "../../lib/core/exitFacts.ts";
import { QUANTITY_RESERVED, refusalIsAlarming } from "../../lib/core/exitPauses.ts";
import { isLive } from "../../lib/core/order.ts";
import { sizeText } from "../../lib/core/text/format.ts";
import { closingSide, isClosedVenue } from "../../lib/core/venue.ts";
import type { TradeCtx } from "../book/tradeCtx.ts";
import { bindLateOrders } from "../orders/lateArrivals.ts";
import { externalActivity, syncOpenOrders } from "../orders/orderLookup.ts";
import { intendAndSend } from "../orders/sendOrder.ts";
import { raiseUnprotected } from "./unprotectedAlert.ts";

/** After this many lost closing orders of one leg the owner is alerted. */
const LOST_BEFORE_ALERT = 2;

/** Throws AppError retry VENUE_NOT_OPEN: everything stays as it is until then. */
export const mustBeOpen = async ({ ctx, trade }: TradeCtx): Promise<void> => {
  const status = await ctx.venue.status(ctx.signal);
  if (status !== "OPEN")
    throw new AppError("retry", "VENUE_NOT_OPEN", `${trade.symbol}: expected the venue to be open, found ${status}`);
};

export const place = async (t: TradeCtx, leg: LegRow, action: Extract<LegAction, { kind: "place" }>): Promise<void> => {
  const { ctx, trade } = t;
  const last = ctx.db.orders.ofLeg(leg.id).at(-1);
  // Refused for maintenance: the status says when it is over, without a refused order every few seconds.
  if (last?.state === "rejected" && isClosedVenue(last.code)) await mustBeOpen(t);
  const order = await intendAndSend(
    t,
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
    // Another attempt may have been faster: one live order per leg, for exactly what is open now.
    { guard: (tx) => tx.tradeLegs.byId(leg.id)?.open === leg.open && !tx.orders.ofLeg(leg.id).some(isLive) },
  );
  if (order === undefined) return;
  if (order.state === "rejected") {
    // Something holds the quantity. It may be a stop of ours that was given up as lost and reached the venue later.
    if (QUANTITY_RESERVED.has(order.code) && (await bindLateOrders(t, await externalActivity(ctx, trade.symbol))) > 0)
      return;
    const earlier = ctx.db.orders.ofLeg(leg.id);
    if (refusalIsAlarming(order, earlier))
      t.commit((tx, by) =>
        raiseUnprotected(tx, by, leg.id, (texts) => texts.bareRefused({ ...bareFacts(trade, leg), code: order.code })),
      );
    return;
  }
  const lost = ctx.db.orders.ofLeg(leg.id).filter((o) => o.state === "neverSent" && o.sentMs !== undefined).length;
  if (order.state === "unknown" && lost >= LOST_BEFORE_ALERT)
    t.commit((tx, by) =>
      raiseUnprotected(tx, by, leg.id, (texts) => texts.bareLost({ ...bareFacts(trade, leg), orders: lost })),
    );
  if (order.state !== "open") return;
  // A stop waits for its trigger; any other order may fill at once, so it is read back at once.
  if (order.intent.executionType !== "STOP") await syncOpenOrders(t, [order]);
};

const bareFacts = (trade: Trade, leg: LegRow) => ({
  size: sizeText(leg.open, trade.symbol),
  symbol: trade.symbol,
  tradeId: trade.id,
});
