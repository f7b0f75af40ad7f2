// 00:05 JST: reports the day before to the owner and stores it in daily_summary and model_performance. Any past day can
// be computed again ({date}); the message of a day is sent once. Reads the book, never changes a trade.

import { AUC_WARNING, aucIsLow, type HeadPerformance } from "../lib/core/performance.ts";
import { textsOf } from "../lib/core/text/catalogue.ts";
import { composeAlert } from "../lib/core/text/composeAlert.ts";
import type { Locale } from "../lib/core/text/locale.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { Tx } from "../queue/types.ts";
import type { AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS } from "./jobs.ts";
import { periodReport } from "./report/day.ts";
import { askedPeriod, auditReport, headsOfDays, reportMessage, summaryRow } from "./report/sendReport.ts";

export const dailyReport: AppHandler<"dailyReport"> = {
  name: "dailyReport",
  input: JOB_INPUTS.dailyReport,
  maxAttempts: 5,
  timeoutMs: 60_000,
  risk: "neutral",
  serialKey: () => "dailyReport",
  async run(input, ctx): Promise<AppOutcome> {
    const nowMs = ctx.clock.nowMs();
    const { period, scheduled, partial, endMs } = askedPeriod("day", input, nowMs);
    const day = periodReport(ctx.db, ctx.config, period, endMs);
    const heads = headsOfDays(ctx.db, day.name, endMs);
    const head = ctx.db.audit.last();
    const message = reportMessage(ctx, day, period.toMs, nowMs, head);
    return {
      kind: "done",
      write: (tx) => {
        tx.dailySummary.upsert(summaryRow(day));
        if (head !== undefined) tx.auditHeads.insert({ seq: head.seq, hash: head.hash, atMs: nowMs });
        for (const { date, rows } of heads) for (const row of rows) tx.modelPerformance.upsert(date, row, nowMs);
        if (scheduled || partial)
          for (const head of day.heads)
            if (head.modelId === ctx.model.id) warnAboutAuc(tx, ctx.config.LOCALE, head, nowMs);
        tx.outbox.insert(message);
        auditReport(tx, ctx, day, nowMs);
      },
    };
  },
};

/** The warning of a low AUC (architecture 8.1), raised once while the condition lasts. */
const warnAboutAuc = (tx: Tx, locale: Locale, head: HeadPerformance, atMs: EpochMs): void => {
  const key = `auc:${head.symbol}:${head.side}`;
  if (!aucIsLow(head)) {
    tx.alerts.resolve(key, atMs);
    return;
  }
  const text = textsOf(locale).alerts.aucLow({
    side: head.side,
    symbol: head.symbol,
    modelId: head.modelId,
    auc: head.auc ?? 0,
    bars: head.predictions,
    limit: AUC_WARNING,
  });
  tx.alerts.raise(composeAlert(locale, { key, severity: "warning", atMs }, text));
};
