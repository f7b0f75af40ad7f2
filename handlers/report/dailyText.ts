// The daily report as the owner reads it on a phone: plain text, short lines, every rate beside what it must beat.
import { toNumber } from "../../lib/core/money.ts";
import { AUC_WARNING, aucIsLow, funnelText, type HeadPerformance } from "../../lib/core/performance.ts";
import type { LossUse } from "../../lib/core/risk.ts";
import { NONE, show, showPercent, showYen } from "../../lib/core/statistics.ts";
import { jstText } from "../../lib/core/time.ts";
import type { DayReport } from "./day.ts";

const lossText = ({ period, loss, limit, reached }: LossUse): string =>
  `${period} ${showYen(toNumber(loss))} of ${showYen(toNumber(limit))}${reached ? " REACHED" : ""}`;

/** Below this many daily returns a Sharpe ratio is noise. */
const FEW_RETURNS = 20;

export const headText = (head: HeadPerformance): string =>
  `${head.symbol} ${head.side} ${show(head.auc, 3)} (${head.predictions} bars)${
    aucIsLow(head) ? ` BELOW ${AUC_WARNING}` : ""
  }`;

export const dailyText = (day: DayReport): string => {
  const s = day.statistics;
  const returned =
    day.equityStartYen === undefined || day.equityStartYen <= 0 ? undefined : s.netPnlYen / day.equityStartYen;
  const fall = day.drawdown;
  const a = day.answers;
  return [
    `Daily report ${day.date} (JST)${day.partial ? `, until ${jstText(day.endMs)}` : ""}`,
    `P&L ${showYen(s.netPnlYen, true)} (${showPercent(returned, 2)}), ${day.feesYen < 0 ? `rebates ${showYen(-day.feesYen)}` : `fees ${showYen(day.feesYen)}`}`,
    `Equity ${showYen(day.equityEndYen)}`,
    `Trades ${s.trades}: ${s.wins} won, ${s.losses} lost${day.openTrades > 0 ? `, ${day.openTrades} still open` : ""}`,
    `Win rate ${showPercent(s.winRate)} (break-even ${showPercent(s.breakEvenRate)})`,
    `Profit factor ${show(s.profitFactor)}, expectancy ${show(s.expectancyBps, 1)} bps, ${show(s.expectancyR)} R`,
    fall && fall.yen > 0
      ? `Max drawdown ${showYen(fall.yen)} (${showPercent(fall.ratio, 2)}), ${jstText(fall.fromMs)} – ${jstText(fall.toMs)}`
      : `Max drawdown ${fall ? showYen(0) : NONE}`,
    `Sharpe ${show(day.sharpe)} (${day.sharpeDays} daily returns × √365${day.sharpeDays < FEW_RETURNS ? ", too few" : ""})`,
    "",
    `Funnel: ${funnelText(day.funnel)}`,
    `Answers: ${a.approved} approved${a.refused > 0 ? ` (${a.refused} refused at the re-check)` : ""}, ${a.rejected} rejected, ${a.expired} expired${a.pending > 0 ? `, ${a.pending} pending` : ""}`,
    "",
    `Loss limits: ${day.losses.map(lossText).join(", ")}`,
    `Halts: ${day.halts.length === 0 ? "none" : day.halts.map((h) => `${h.kind} (${h.reason})`).join("; ")}`,
    `Model AUC, 30 days: ${day.heads.length === 0 ? "no outcome known yet" : ""}`.trimEnd(),
    ...day.heads.map((head) => `  ${headText(head)}`),
    "Edge: not tested",
  ].join("\n");
};
