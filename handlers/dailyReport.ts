// 00:05 JST: the day before, told to the owner and kept in daily_summary and model_performance. Any past day can be
// computed again ({date}); the message of a day goes out once. Reads the book, never touches a trade.
import { z } from "zod";
import { AppError } from "../lib/core/errors.ts";
import { AUC_WARNING, aucIsLow, type HeadPerformance } from "../lib/core/performance.ts";
import { composeAlert } from "../lib/core/text/alertTexts.ts";
import { textsOf } from "../lib/core/text/catalogue.ts";
import type { Locale } from "../lib/core/text/locale.ts";
import { DAY_MS, type EpochMs, epochMs, jstDate, jstDateStart, jstText } from "../lib/core/time.ts";
import type { Outcome, Tx } from "../queue/types.ts";
import { dailyText } from "./report/dailyText.ts";
import { type DayReport, dayReport, headsBetween } from "./report/day.ts";
import type { AppCtx, AppHandler } from "./services.ts";

const Input = z.union(
  [
    z.strictObject({ tickMs: z.int() }),
    z.strictObject({
      date: z.iso.date({ error: "expected a JST date YYYY-MM-DD" }),
      /** The day is not over, report what there is: the end of a replay. */
      partial: z.boolean().optional(),
    }),
  ],
  { error: 'expected {"date": "YYYY-MM-DD"} (JST), or the schedule\'s {"tickMs": …}' },
);
type Input = z.infer<typeof Input>;

export const dailyReport: AppHandler<Input> = {
  name: "dailyReport",
  input: Input,
  maxAttempts: 5,
  timeoutMs: 60_000,
  risk: "neutral",
  serialKey: () => "dailyReport",
  async run(input, ctx): Promise<Outcome> {
    const nowMs = ctx.clock.nowMs();
    const scheduled = "tickMs" in input;
    const date = scheduled ? jstDate((epochMs(input.tickMs) - DAY_MS) as EpochMs) : input.date;
    const fromMs = jstDateStart(date);
    const dayEndMs = (fromMs + DAY_MS) as EpochMs;
    const partial = !scheduled && input.partial === true && nowMs < dayEndMs;
    if ((nowMs < dayEndMs && !partial) || nowMs < fromMs)
      throw new AppError(
        "permanent",
        "REPORT_DAY_UNFINISHED",
        `expected a JST day that is over, found ${date} at ${jstText(nowMs)}; wait for its end, or ask with "partial": true on the day itself`,
      );
    // One millisecond beyond now: what happened at this very moment belongs to the report.
    const endMs = partial ? ((nowMs + 1) as EpochMs) : dayEndMs;
    const day = dayReport(ctx.db, ctx.config, date, endMs);
    // The last hours of a day are labelled only after it has been reported, so the day before is counted once more.
    const yesterday = jstDate((fromMs - DAY_MS) as EpochMs);
    const heads = [
      { date: yesterday, rows: headsBetween(ctx.db, (fromMs - DAY_MS) as EpochMs, fromMs) },
      { date, rows: headsBetween(ctx.db, fromMs, endMs) },
    ];
    return {
      kind: "done",
      write: (tx) => {
        tx.dailySummary.upsert(summaryRow(day));
        for (const { date: of, rows } of heads) for (const row of rows) tx.modelPerformance.upsert(of, row, nowMs);
        if (scheduled || partial)
          for (const head of day.heads)
            if (head.modelId === ctx.model.id) warnAboutAuc(tx, ctx.config.LOCALE, head, nowMs);
        tx.outbox.insert({
          key: partial ? `report:${date}:partial` : `report:${date}`,
          kind: "report",
          text: dailyText(day),
          atMs: nowMs,
        });
        tx.audit.append(auditOf(ctx, day, nowMs));
      },
    };
  },
};

const summaryRow = (day: DayReport) => ({
  date: day.date,
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

/** The owner's Warning (architecture 8.1), raised once while it lasts. */
const warnAboutAuc = (tx: Tx, locale: Locale, head: HeadPerformance, atMs: EpochMs): void => {
  const key = `auc:${head.symbol}:${head.side}`;
  if (aucIsLow(head))
    tx.alerts.raise(
      composeAlert(
        locale,
        { key, severity: "warning", atMs },
        textsOf(locale).alerts.aucLow({
          side: head.side,
          symbol: head.symbol,
          modelId: head.modelId,
          auc: head.auc ?? 0,
          bars: head.predictions,
          limit: AUC_WARNING,
        }),
      ),
    );
  else tx.alerts.resolve(key, atMs);
};

const auditOf = (ctx: AppCtx, day: DayReport, atMs: EpochMs) => ({
  atMs,
  kind: "report.daily",
  actor: "dailyReport",
  traceId: ctx.job.traceId,
  data: {
    date: day.date,
    partial: day.partial,
    trades: day.statistics.trades,
    netPnlYen: day.statistics.netPnlYen,
    equityEndYen: day.equityEndYen ?? null,
    bars: day.funnel.bars,
    proposed: day.funnel.proposed,
  },
});
