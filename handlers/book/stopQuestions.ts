// A stop that was moved on the exchange's page to where it loses more than was approved: entries pause until the owner
// keeps it or has ours put back. Nothing moves it back without the answer. The question ends by itself when the risk is
// within the approved one again, or the leg is closed.
import { clearHalt, type HaltActor, raiseHalt } from "../../db/halts.ts";
import type { StopAnswer, StopQuestion } from "../../db/tables/stopQuestions.ts";
import type { LegRow } from "../../db/tables/tradeLegs.ts";
import type { Trade } from "../../db/tables/trades.ts";
import { STOP_MOVED_HALT } from "../../lib/core/haltKinds.ts";
import { toNumber, type YenE8 } from "../../lib/core/money.ts";
import { risksMore, stopLossYen } from "../../lib/core/orderChanges.ts";
import { stopOnTick } from "../../lib/core/protection.ts";
import { tapData } from "../../lib/core/tapData.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { composeAlert } from "../../lib/core/text/composeAlert.ts";
import { sizeText } from "../../lib/core/text/format.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import { type AuditCtx, audit, haltActor, tradeData } from "./booking.ts";

const keyOf = (id: number): string => `${STOP_MOVED_HALT}:${id}`;

/** The stop of the leg that was approved: the proposal's, or one that the owner has kept since. */
const approvedStop = (
  db: Pick<Reads, "proposals" | "stopQuestions">,
  trade: Trade,
  legId: number,
): YenE8 | undefined => {
  const proposal = db.proposals.byId(trade.proposalId);
  return db.stopQuestions.keptStop(legId) ?? (proposal && stopOnTick(trade.direction, proposal.stop, trade.tick));
};

/** Whether a stop of the leg at this price risks more than was approved. */
export const isAbove = (
  db: Pick<Reads, "proposals" | "stopQuestions" | "positions">,
  trade: Trade,
  leg: LegRow,
  stop: YenE8,
): boolean => {
  const approved = approvedStop(db, trade, leg.id);
  const entry = db.positions.byId(leg.positionId)?.price;
  if (approved === undefined || entry === undefined) return false;
  return risksMore(trade.direction, { entry, stop, approved, size: leg.open });
};

/**
 * Asks about the stop of `leg`, which rests at `theirs` now. A second move takes the place of an open question; ours
 * stays the stop before the first one.
 */
export const askAboutStop = (tx: Tx, by: AuditCtx, leg: LegRow, theirs: YenE8): void => {
  const { trade, atMs } = by;
  const approved = approvedStop(tx, trade, leg.id) ?? leg.stop;
  const entry = tx.positions.byId(leg.positionId)?.price ?? leg.stop;
  const earlier = tx.stopQuestions.open().find((q) => q.legId === leg.id);
  if (earlier !== undefined) end(tx, earlier, "settled", haltActor(by));
  const ours = earlier?.ours ?? leg.stop;
  const id = tx.stopQuestions.ask({ tradeId: trade.id, legId: leg.id, ours, theirs, askedMs: atMs });
  const lossAt = (stop: YenE8): number => stopLossYen(trade.direction, entry, stop, leg.open);
  const facts = {
    symbol: trade.symbol,
    tradeId: trade.id,
    size: sizeText(leg.open, trade.symbol),
    oursYen: toNumber(ours),
    theirsYen: toNumber(theirs),
    approvedYen: lossAt(approved),
    nowYen: lossAt(theirs),
  };
  const texts = textsOf(by.locale).changes;
  const { what, detail } = textsOf("en").changes.moved(facts);
  const alert = {
    ...composeAlert(by.locale, { key: keyOf(id), severity: "critical", atMs }, texts.moved(facts)),
    buttons: [
      [
        { text: texts.restore, data: tapData("restoreStop", String(id)) },
        { text: texts.keep, data: tapData("keepStop", String(id)) },
      ],
    ],
  };
  const data = { ...tradeData(by), questionId: id, legId: leg.id, oursE8: ours, theirsE8: theirs };
  raiseHalt(tx, { kind: STOP_MOVED_HALT, reason: `${what} (${detail})`, by: haltActor(by), alert, data });
  audit(tx, by, "stop.asked", { ...data, approvedYen: facts.approvedYen, nowYen: facts.nowYen });
};

/** The owner's answer. `restore` moves the leg's stop back; the exit rules then replace the order at the venue. */
export const answerQuestion = (tx: Tx, q: StopQuestion, answer: StopAnswer, by: HaltActor): void => {
  const leg = tx.tradeLegs.byId(q.legId);
  if (answer === "restore" && leg !== undefined) {
    tx.tradeLegs.moveStop(leg.id, q.ours);
    const data = { tradeId: q.tradeId, legId: leg.id, fromE8: leg.stop, toE8: q.ours, why: "the owner puts it back" };
    tx.audit.append({ atMs: by.atMs, actor: by.actor, traceId: by.traceId, kind: "leg.stopMoved", data });
  }
  end(tx, q, answer, by);
  if (tx.stopQuestions.open().length === 0)
    clearHalt(tx, { kind: STOP_MOVED_HALT, by, alertKey: undefined, data: { questionId: q.id, answer } });
};

const end = (tx: Tx, q: StopQuestion, answer: StopAnswer, by: HaltActor): void => {
  if (!tx.stopQuestions.answer(q.id, answer, by.actor, by.atMs)) return;
  const data = { questionId: q.id, tradeId: q.tradeId, legId: q.legId, answer, oursE8: q.ours, theirsE8: q.theirs };
  tx.audit.append({ atMs: by.atMs, actor: by.actor, traceId: by.traceId, kind: "stop.answered", data });
  tx.alerts.resolve(keyOf(q.id), by.atMs);
};

/** Open questions that nobody has to answer any more. */
const settledQuestions = (db: Reads): readonly StopQuestion[] =>
  db.stopQuestions.open().filter((q) => {
    const leg = db.tradeLegs.byId(q.legId);
    const trade = db.trades.byId(q.tradeId);
    return leg === undefined || trade === undefined || leg.open === 0n || !isAbove(db, trade, leg, leg.stop);
  });
/** Asked first, so that a look without news costs no commit. */
export const hasSettledQuestions = (db: Reads): boolean => settledQuestions(db).length > 0;
export const endSettledQuestions = (tx: Tx, by: HaltActor): void => {
  for (const q of settledQuestions(tx)) answerQuestion(tx, q, "settled", by);
};
