// The common part of the report jobs: the period that a tick or a person requests, its message with the equity chart,
// its audit event, and its rows of daily_summary and model_performance.

import type { DailySummary } from "../../db/tables/dailySummary.ts";
import type { NewMessage } from "../../db/tables/outbox.ts";
import { AppError } from "../../lib/core/errors.ts";
import type { HeadPerformance } from "../../lib/core/performance.ts";
import { type Period, type PeriodKind, parsePeriod, periodAt, periodBefore } from "../../lib/core/period.ts";
import { DAY_MS, type EpochMs, epochMs, jstDate, jstDateStart, jstText, plusMs } from "../../lib/core/time.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import type { AppCtx, AppOutcome } from "../context.ts";
import type { JobInput } from "../jobs.ts";
import { equityCurve, headsBetween, type PeriodReport, periodReport } from "./day.ts";
import { renderEquityChart } from "./equityPicture.ts";
import { type AuditEnd, reportText } from "./reportText.ts";

/** `tickMs` of the schedule: the period before it; `date`: the period that holds this JST date. */
type ReportInput = JobInput<"dailyReport">;

interface Asked {
  readonly period: Period;
  readonly scheduled: boolean;
  readonly partial: boolean;
  /** End of the reported time, exclusive. */
  readonly endMs: EpochMs;
}
/** Throws AppError permanent REPORT_DAY_UNFINISHED for a period that is not over, unless `partial` is requested. */
export const askedPeriod = (kind: PeriodKind, input: ReportInput, nowMs: EpochMs): Asked => {
  const scheduled = "tickMs" in input;
  const period = scheduled ? periodBefore(periodAt(kind, epochMs(input.tickMs))) : parsePeriod(kind, input.date);
  const partial = !scheduled && input.partial === true && nowMs < period.toMs;
  if ((nowMs < period.toMs && !partial) || nowMs < period.fromMs)
    throw new AppError(
      "permanent",
      "REPORT_DAY_UNFINISHED",
      `expected a JST ${kind} that is over, found ${period.name} at ${jstText(nowMs)}; wait for its end, or ask with "partial": true within it`,
    );
  // One millisecond beyond now: events at this very moment belong to the report.
  return { period, scheduled, partial, endMs: partial ? plusMs(nowMs, 1) : period.toMs };
};

/** PNG of the equity over the period; undefined without a point. */
export const reportChart = (db: Reads, r: PeriodReport, toMs: EpochMs): Uint8Array | undefined =>
  renderEquityChart(equityCurve(db, r.fromMs, r.endMs), {
    span: { fromMs: r.fromMs, toMs },
    title: r.name.replace("–", "-"),
    drawdown: r.drawdown,
  });

/**
 * The message of a report, once per period. A replay shows text only; a chart that cannot be drawn delays no report.
 */
export const reportMessage = (
  ctx: AppCtx,
  r: PeriodReport,
  toMs: EpochMs,
  atMs: EpochMs,
  auditHead?: AuditEnd,
): NewMessage => {
  const name = r.kind === "day" ? r.name : `${r.kind}:${jstDate(r.fromMs)}`;
  let photo: Uint8Array | undefined;
  try {
    photo = ctx.account === "replay" ? undefined : reportChart(ctx.db, r, toMs);
  } catch (error) {
    ctx.log.error({ report: name, err: error }, "chart.notDrawn");
  }
  return {
    key: r.partial ? `report:${name}:partial` : `report:${name}`,
    kind: "report",
    text: reportText(ctx.config.LOCALE, r, auditHead),
    ...(photo === undefined ? {} : { photo }),
    atMs,
  };
};

export const auditReport = (tx: Tx, ctx: AppCtx, r: PeriodReport, atMs: EpochMs): void =>
  void tx.audit.append({
    atMs,
    kind: { day: "report.daily", week: "report.weekly", month: "report.monthly" }[r.kind],
    actor: ctx.job.name,
    traceId: ctx.job.traceId,
    data: {
      date: r.kind === "day" ? r.name : jstDate(r.fromMs),
      partial: r.partial,
      trades: r.statistics.trades,
      netPnlYen: r.statistics.netPnlYen,
      equityEndYen: r.equityEndYen ?? null,
      bars: r.funnel.bars,
      proposed: r.funnel.proposed,
    },
  });

/** A weekly or monthly report as a job: the message and its audit event. Only the daily report writes rows. */
export const reportPeriod = (kind: "week" | "month", input: ReportInput, ctx: AppCtx): AppOutcome => {
  const nowMs = ctx.clock.nowMs();
  const asked = askedPeriod(kind, input, nowMs);
  const r = periodReport(ctx.db, ctx.config, asked.period, asked.endMs);
  const message = reportMessage(ctx, r, asked.period.toMs, nowMs);
  return {
    kind: "done",
    write: (tx) => {
      tx.outbox.insert(message);
      auditReport(tx, ctx, r, nowMs);
    },
  };
};

export const summaryRow = (day: PeriodReport): DailySummary => ({
  date: day.name,
  totalTrades: day.statistics.trades,
  winningTrades: day.statistics.wins,
  losingTrades: day.statistics.losses,
  grossProfit: day.statistics.grossProfitYen,
  grossLoss: day.statistics.grossLossYen,
  netPnl: day.statistics.netPnlYen,
  maxDrawdown: day.drawdown?.yen,
  sharpeRatio: day.sharpe,
  breakEvenRate: day.statistics.breakEvenRate,
  profitFactor: day.statistics.profitFactor,
  fees: day.feesYen,
  equityEnd: day.equityEndYen,
  funnel: day.funnel,
});

/** The model on the bars of one JST day and of the day before, whose last hours were labelled only after its report. */
export const headsOfDays = (
  db: Reads,
  date: string,
  endMs: EpochMs,
): readonly { readonly date: string; readonly rows: readonly HeadPerformance[] }[] => {
  const fromMs = jstDateStart(date);
  const beforeMs = plusMs(fromMs, -DAY_MS);
  return [
    { date: jstDate(beforeMs), rows: headsBetween(db, beforeMs, fromMs) },
    { date, rows: headsBetween(db, fromMs, endMs) },
  ];
};
