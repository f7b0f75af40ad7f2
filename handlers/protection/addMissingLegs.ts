// Legs for what was filled: each part of a position gets its stop and its target; what exceeds the approved size is a
// leg of its own that is closed at market.
import { AppError } from "../../lib/core/errors.ts";
import { type CoinE8, coinE8, maxBig } from "../../lib/core/money.ts";
import { type ApprovedExits, coverRemainder, excessOf, type LegPlan, wholeLeg } from "../../lib/core/protection.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import { sizeText } from "../../lib/core/text/format.ts";
import type { Tx } from "../../queue/types.ts";
import { type AuditCtx, audit } from "../book/booking.ts";
import type { TradeCtx } from "../book/tradeCtx.ts";

/** Sees to it that every open quantity belongs to a leg. Costs no commit when none is missing. */
export const planMissingLegs = ({ ctx, trade, positionId, commit }: TradeCtx): void => {
  for (const position of ctx.db.positions.ofTrade(trade.id)) {
    if (positionId !== undefined && position.positionId !== positionId) continue;
    const legs = ctx.db.tradeLegs.ofPosition(position.positionId);
    if (position.open > legs.reduce((sum, leg) => sum + leg.open, 0n))
      commit((tx, by) => addMissingLegs(tx, by, position.positionId));
  }
};

/** Adds or grows legs for the part of a position that has none yet. */
const addMissingLegs = (tx: Tx, by: AuditCtx, positionId: string): void => {
  const position = tx.positions.byId(positionId);
  const proposal = tx.proposals.byId(by.trade.proposalId);
  if (position === undefined || proposal === undefined)
    throw new AppError("alert", "POSITION_MISSING", `expected position ${positionId} and its proposal, found none`);
  const legs = tx.tradeLegs.ofPosition(positionId);
  const uncovered = coinE8(position.open - legged(tx, positionId));
  if (uncovered <= 0n) return;
  const held = (target: 1 | 2): CoinE8 =>
    coinE8(
      tx.tradeLegs
        .ofTrade(by.trade.id)
        .filter((l) => l.target === target)
        .reduce((sum, l) => sum + l.size, 0n),
    );
  const exits = { direction: by.trade.direction, stop: proposal.stop, tp1: proposal.tp1, tp2: proposal.tp2 };
  const open = legs.filter((leg) => leg.open > 0n && !leg.excess);
  const excess = excessIn(tx, by, uncovered);
  const approved = coinE8(uncovered - excess);
  const already = { tp1: held(1), tp2: held(2) };
  const cover = approved > 0n ? coverRemainder(approved, exits, by.trade, open, already) : { grow: [], add: [] };
  const plans = [...cover.add, ...(excess > 0n ? planExcess(tx, by, excess, exits) : [])];
  const { grow } = cover;
  for (const { legId, by: size } of grow) {
    tx.tradeLegs.grow(legId, size);
    audit(tx, by, "leg.grown", { legId, positionId, sizeE8: size });
  }
  for (const plan of plans) {
    const legId = tx.tradeLegs.insert(by.trade.id, positionId, plan);
    audit(tx, by, "leg.planned", {
      legId,
      positionId,
      target: plan.target,
      sizeE8: plan.size,
      stopE8: plan.stop,
      targetE8: plan.targetPrice,
    });
  }
};

/** Open quantity of a position that its legs hold. */
const legged = (tx: Tx, positionId: string): bigint =>
  tx.tradeLegs.ofPosition(positionId).reduce((sum, leg) => sum + leg.open, 0n);

/**
 * How much of `uncovered` exceeds the approved size. Counted from the positions: on spot legs join and pass coins on,
 * so their sizes do not add up to what was bought.
 */
const excessIn = (tx: Tx, by: AuditCtx, uncovered: CoinE8): CoinE8 => {
  const planned = tx.positions
    .ofTrade(by.trade.id)
    .reduce((sum, p) => sum + p.opened - maxBig(p.open - legged(tx, p.positionId), 0n), 0n);
  const excess = excessOf(uncovered, coinE8(planned), by.trade.targetSize);
  return excess >= by.trade.minSize ? excess : coinE8(0n);
};

/** One leg with a stop like any other until manageExits has closed it at market; the owner is alerted. */
const planExcess = (tx: Tx, by: AuditCtx, excess: CoinE8, exits: ApprovedExits): readonly LegPlan[] => {
  const { trade, atMs, locale } = by;
  audit(tx, by, "entry.excess", { sizeE8: excess, approvedE8: trade.targetSize });
  const size = sizeText(excess, trade.symbol);
  const approved = sizeText(trade.targetSize, trade.symbol);
  const text = textsOf(locale).alerts.excess({ size, approved, tradeId: trade.id });
  tx.alerts.raise(composeAlert(locale, { key: `excess:${trade.id}`, severity: "critical", atMs }, text));
  return [{ ...wholeLeg(excess, exits, trade), excess: true }];
};
