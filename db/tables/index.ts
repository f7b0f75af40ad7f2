// All tables of the database, reads apart from writes: a Tx has both, and only a transaction hands one out.
// One file per table (or per pair of tables that live and die together): its SQL and its row shape.
import type { Sqlite } from "../../lib/io/sqlite.ts";
import { auditReads, auditWrites } from "./audit.ts";
import { candleReads, candleWrites } from "./candles.ts";
import { dailySummaryReads, dailySummaryWrites } from "./dailySummary.ts";
import { equityReads, equityWrites } from "./equity.ts";
import { eventReads, eventWrites } from "./events.ts";
import { labelReads, labelWrites } from "./labels.ts";
import { metaReads, metaWrites } from "./meta.ts";
import { modelPerformanceReads, modelPerformanceWrites } from "./modelPerformance.ts";
import { modelReads, modelWrites } from "./models.ts";
import { alertReads, alertWrites, outboxReads, outboxWrites } from "./outbox.ts";
import { proposalReads, proposalWrites } from "./proposals.ts";
import { reportingReads } from "./reporting.ts";
import { featureReads, featureWrites, scoreReads, scoreWrites } from "./scores.ts";
import { signalReads, signalWrites } from "./signals.ts";
import { snapshotReads, snapshotWrites } from "./snapshots.ts";

export const readsOf = (sql: Sqlite) => ({
  alerts: alertReads(sql),
  audit: auditReads(sql),
  candles: candleReads(sql),
  dailySummary: dailySummaryReads(sql),
  equity: equityReads(sql),
  events: eventReads(sql),
  features: featureReads(sql),
  labels: labelReads(sql),
  meta: metaReads(sql),
  modelPerformance: modelPerformanceReads(sql),
  models: modelReads(sql),
  outbox: outboxReads(sql),
  proposals: proposalReads(sql),
  reporting: reportingReads(sql),
  scores: scoreReads(sql),
  signals: signalReads(sql),
  snapshots: snapshotReads(sql),
});
export type Reads = ReturnType<typeof readsOf>;

const writers = (sql: Sqlite) => ({
  alerts: alertWrites(sql),
  audit: auditWrites(sql),
  candles: candleWrites(sql),
  dailySummary: dailySummaryWrites(sql),
  equity: equityWrites(sql),
  events: eventWrites(sql),
  features: featureWrites(sql),
  labels: labelWrites(sql),
  meta: metaWrites(sql),
  modelPerformance: modelPerformanceWrites(sql),
  models: modelWrites(sql),
  outbox: outboxWrites(sql),
  proposals: proposalWrites(sql),
  scores: scoreWrites(sql),
  signals: signalWrites(sql),
  snapshots: snapshotWrites(sql),
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
