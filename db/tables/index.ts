// All tables of the database, reads separate from writes: a Tx has both, and only a transaction provides one.
// One file per table (or per pair of tables always written together): its SQL and its row shape.
import type { Sqlite } from "../../lib/io/sqlite.ts";
import { auditReads, auditWrites } from "./audit.ts";
import { auditHeadReads, auditHeadWrites } from "./auditHeads.ts";
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
import { quoteReads, quoteWrites } from "./quotes.ts";
import { reportingReads } from "./reporting.ts";
import { riskReads } from "./risk.ts";
import { scheduleReads } from "./schedules.ts";
import { featureReads, featureWrites, scoreReads, scoreWrites } from "./scores.ts";
import { signalReads, signalWrites } from "./signals.ts";
import { snapshotReads, snapshotWrites } from "./snapshots.ts";
import { stopQuestionReads, stopQuestionWrites } from "./stopQuestions.ts";
import { telegramReads, telegramWrites } from "./telegram.ts";
import { tradeLegReads, tradeLegWrites } from "./tradeLegs.ts";
import { tradeReads, tradeWrites } from "./trades.ts";

const READS = {
  alerts: alertReads,
  audit: auditReads,
  auditHeads: auditHeadReads,
  candles: candleReads,
  dailySummary: dailySummaryReads,
  differences: differenceReads,
  equity: equityReads,
  events: eventReads,
  executions: executionReads,
  features: featureReads,
  labels: labelReads,
  halts: haltReads,
  jobs: jobReads,
  meta: metaReads,
  modelPerformance: modelPerformanceReads,
  models: modelReads,
  orders: orderReads,
  outbox: outboxReads,
  ownerCommands: ownerCommandReads,
  ownerCoins: ownerCoinReads,
  payments: paymentReads,
  positions: positionReads,
  progress: progressReads,
  proposals: proposalReads,
  schedules: scheduleReads,
  queueLook: queueLookReads,
  quotes: quoteReads,
  reporting: reportingReads,
  risk: riskReads,
  scores: scoreReads,
  signals: signalReads,
  snapshots: snapshotReads,
  stopQuestions: stopQuestionReads,
  telegram: telegramReads,
  tradeLegs: tradeLegReads,
  trades: tradeReads,
};

const WRITES = {
  alerts: alertWrites,
  audit: auditWrites,
  auditHeads: auditHeadWrites,
  candles: candleWrites,
  dailySummary: dailySummaryWrites,
  differences: differenceWrites,
  equity: equityWrites,
  events: eventWrites,
  executions: executionWrites,
  features: featureWrites,
  labels: labelWrites,
  halts: haltWrites,
  meta: metaWrites,
  modelPerformance: modelPerformanceWrites,
  models: modelWrites,
  orders: orderWrites,
  outbox: outboxWrites,
  ownerCommands: ownerCommandWrites,
  ownerCoins: ownerCoinWrites,
  payments: paymentWrites,
  positions: positionWrites,
  proposals: proposalWrites,
  quotes: quoteWrites,
  scores: scoreWrites,
  signals: signalWrites,
  snapshots: snapshotWrites,
  stopQuestions: stopQuestionWrites,
  telegram: telegramWrites,
  tradeLegs: tradeLegWrites,
  trades: tradeWrites,
};
type Functions<T extends Record<string, (sql: Sqlite) => object>> = { readonly [K in keyof T]: ReturnType<T[K]> };
export type Reads = Functions<typeof READS>;
type Writes = Functions<typeof WRITES>;
/** Reads and writes of one transaction. */
export type Tx = { readonly [K in keyof Reads]: Reads[K] & (K extends keyof Writes ? Writes[K] : unknown) };

/** Each table's statements are prepared on first use: a process uses a few of the hundreds that exist. */
const onFirstUse = <T extends object>(tables: readonly string[], make: (table: string) => object): T =>
  Object.defineProperties(
    {},
    Object.fromEntries(
      tables.map((table) => {
        let made: object | undefined;
        return [table, { enumerable: true, get: () => (made ??= make(table)) }];
      }),
    ),
  ) as T;

export const readsOf = (sql: Sqlite): Reads =>
  onFirstUse(Object.keys(READS), (table) => READS[table as keyof Reads](sql));

export const writesOf = (sql: Sqlite, reads: Reads): Tx =>
  onFirstUse(Object.keys(READS), (table) => ({
    ...reads[table as keyof Reads],
    ...(table in WRITES ? WRITES[table as keyof Writes](sql) : {}),
  }));
