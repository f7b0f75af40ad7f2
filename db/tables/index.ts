// All tables of the database, reads apart from writes: a Tx has both, and only a transaction hands one out.
// One file per table (or per pair of tables that live and die together): its SQL and its row shape.
import type { Sqlite } from "../../lib/io/sqlite.ts";
import { auditReads, auditWrites } from "./audit.ts";
import { candleReads, candleWrites } from "./candles.ts";
import { dailySummaryReads, dailySummaryWrites } from "./dailySummary.ts";
import { differenceReads, differenceWrites } from "./differences.ts";
import { equityReads, equityWrites } from "./equity.ts";
import { eventReads, eventWrites } from "./events.ts";
import { executionReads, executionWrites } from "./executions.ts";
import { haltReads, haltWrites } from "./halts.ts";
import { jobReads } from "./jobs.ts";
import { labelReads, labelWrites } from "./labels.ts";
import { metaReads, metaWrites } from "./meta.ts";
import { modelPerformanceReads, modelPerformanceWrites } from "./modelPerformance.ts";
import { modelReads, modelWrites } from "./models.ts";
import { orderReads, orderWrites } from "./orders.ts";
import { alertReads, alertWrites, outboxReads, outboxWrites } from "./outbox.ts";
import { ownerCoinReads, ownerCoinWrites } from "./ownerCoins.ts";
import { ownerCommandReads, ownerCommandWrites } from "./ownerCommands.ts";
import { paymentReads, paymentWrites } from "./payments.ts";
import { positionReads, positionWrites } from "./positions.ts";
import { progressReads } from "./progress.ts";
import { proposalReads, proposalWrites } from "./proposals.ts";
import { queueLookReads } from "./queueLook.ts";
import { reportingReads } from "./reporting.ts";
import { riskReads } from "./risk.ts";
import { scheduleReads } from "./schedules.ts";
import { featureReads, featureWrites, scoreReads, scoreWrites } from "./scores.ts";
import { signalReads, signalWrites } from "./signals.ts";
import { snapshotReads, snapshotWrites } from "./snapshots.ts";
import { telegramReads, telegramWrites } from "./telegram.ts";
import { tradeLegReads, tradeLegWrites } from "./tradeLegs.ts";
import { tradeReads, tradeWrites } from "./trades.ts";

export const readsOf = (sql: Sqlite) => ({
  alerts: alertReads(sql),
  audit: auditReads(sql),
  candles: candleReads(sql),
  dailySummary: dailySummaryReads(sql),
  differences: differenceReads(sql),
  equity: equityReads(sql),
  events: eventReads(sql),
  executions: executionReads(sql),
  features: featureReads(sql),
  labels: labelReads(sql),
  halts: haltReads(sql),
  jobs: jobReads(sql),
  meta: metaReads(sql),
  modelPerformance: modelPerformanceReads(sql),
  models: modelReads(sql),
  orders: orderReads(sql),
  outbox: outboxReads(sql),
  ownerCommands: ownerCommandReads(sql),
  ownerCoins: ownerCoinReads(sql),
  payments: paymentReads(sql),
  positions: positionReads(sql),
  progress: progressReads(sql),
  proposals: proposalReads(sql),
  schedules: scheduleReads(sql),
  queueLook: queueLookReads(sql),
  reporting: reportingReads(sql),
  risk: riskReads(sql),
  scores: scoreReads(sql),
  signals: signalReads(sql),
  snapshots: snapshotReads(sql),
  telegram: telegramReads(sql),
  tradeLegs: tradeLegReads(sql),
  trades: tradeReads(sql),
});
export type Reads = ReturnType<typeof readsOf>;

const writers = (sql: Sqlite) => ({
  alerts: alertWrites(sql),
  audit: auditWrites(sql),
  candles: candleWrites(sql),
  dailySummary: dailySummaryWrites(sql),
  differences: differenceWrites(sql),
  equity: equityWrites(sql),
  events: eventWrites(sql),
  executions: executionWrites(sql),
  features: featureWrites(sql),
  labels: labelWrites(sql),
  halts: haltWrites(sql),
  meta: metaWrites(sql),
  modelPerformance: modelPerformanceWrites(sql),
  models: modelWrites(sql),
  orders: orderWrites(sql),
  outbox: outboxWrites(sql),
  ownerCommands: ownerCommandWrites(sql),
  ownerCoins: ownerCoinWrites(sql),
  payments: paymentWrites(sql),
  positions: positionWrites(sql),
  proposals: proposalWrites(sql),
  scores: scoreWrites(sql),
  signals: signalWrites(sql),
  snapshots: snapshotWrites(sql),
  telegram: telegramWrites(sql),
  tradeLegs: tradeLegWrites(sql),
  trades: tradeWrites(sql),
});
type Writes = ReturnType<typeof writers>;

/** Reads and writes of one transaction. */
export type Tx = { readonly [K in keyof Reads]: Reads[K] & (K extends keyof Writes ? Writes[K] : unknown) };

export const writesOf = (sql: Sqlite, reads: Reads): Tx => {
  const writes = writers(sql) as Record<string, object>;
  return Object.fromEntries(
    Object.entries(reads).map(([table, functions]) => [table, { ...functions, ...(writes[table] ?? {}) }]),
  ) as unknown as Tx;
};
