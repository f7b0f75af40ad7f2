// The tables of the report: trades, proposals, days, model. On a phone each row becomes a card (style.ts), the labels
// coming from `data-label`. Everything from the database is escaped here.

import type { ReportProposal, ReportTrade } from "../../db/tables/reporting.ts";
import { AUC_WARNING, aucIsLow } from "../../lib/core/performance.ts";
import { NONE, show, showPercent, showYen } from "../../lib/core/statistics.ts";
import { escapeHtml } from "../../lib/core/svg.ts";
import { type EpochMs, jstText } from "../../lib/core/time.ts";
import { outcomeOf } from "./day.ts";
import type { ReportData } from "./reportData.ts";

interface Column {
  readonly label: string;
  readonly kind?: "head" | "wrap";
}
type Tone = "gain" | "loss" | undefined;
export interface Cell {
  readonly text: string;
  readonly tone?: Tone;
  /** A second, less prominent line. */
  readonly below?: string | undefined;
}
export const cell = (text: string, tone?: Tone, below?: string): Cell => ({ text, tone, below });
export const toneOf = (value: number | undefined): Tone =>
  value === undefined || value === 0 ? undefined : value > 0 ? "gain" : "loss";
export const money = (value: number | undefined): Cell => cell(showYen(value, true), toneOf(value));
const time = (at: EpochMs | undefined): string => (at === undefined ? NONE : jstText(at).slice(5, 16));
/** Coins without trailing zeros. */
const coins = (size: number): string => String(Number(size.toFixed(8)));

const table = (columns: readonly Column[], rows: readonly (readonly Cell[])[]): string => {
  const kindOf = (column: Column) => (column.kind ? `text ${column.kind}` : "");
  const head = columns.map((c) => `<th class="${c.kind ? "text" : ""}">${escapeHtml(c.label)}</th>`).join("");
  const body = rows
    .map((row) => {
      const cells = row.map(({ text, tone, below }, i) => {
        const column = columns[i]!;
        const value = `<span>${escapeHtml(text)}${below === undefined ? "" : `<small>${escapeHtml(below)}</small>`}</span>`;
        return `<td class="${kindOf(column)} ${tone ?? ""}" data-label="${escapeHtml(column.label)}">${value}</td>`;
      });
      return `<tr>${cells.join("")}</tr>`;
    })
    .join("");
  return `<div class="scroll"><table class="stack"><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
};

export const section = (title: string, ...body: readonly string[]): string =>
  `<section><h2>${escapeHtml(title)}</h2>${body.join("")}</section>`;

const EXIT_WORDS: Readonly<Record<string, string>> = {
  tp1: "TP1",
  tp2: "TP2",
  stop_loss: "stop",
  time_stop: "time stop",
  manual: "manual",
};
/** The exit of each part, in order: "TP1, stop". */
const exitWords = (d: ReportData, trade: ReportTrade): string => {
  const fills = d.symbols.flatMap((s) => s.fills).filter((f) => f.tradeId === trade.id && f.kind === "close");
  const reasons = fills.length > 0 ? fills.map((f) => f.exitReason) : [trade.exitReason];
  return [...new Set(reasons.map((reason) => EXIT_WORDS[reason ?? ""] ?? NONE))].join(", ");
};

export const trades = (d: ReportData): string => {
  const filled = d.trades.filter((t) => t.firstFillMs !== undefined);
  const givenUp = d.trades.filter((t) => t.status === "cancelled");
  const rows = filled.map((t) => {
    const o = outcomeOf(t);
    const over = t.status === "closed";
    return [
      cell(`#${t.id} ${t.symbol} ${t.direction}`),
      cell(showYen(t.entryPrice), undefined, time(t.firstFillMs)),
      cell(showYen(t.exitPrice), undefined, over ? `${time(t.closedMs)}, ${exitWords(d, t)}` : t.status),
      cell(showYen(t.stop)),
      cell(coins(t.size)),
      over ? money(t.pnlYen) : cell(NONE),
      over ? cell(show(o.pnlBps, 1), toneOf(o.pnlBps)) : cell(NONE),
      over ? cell(show(o.pnlR), toneOf(o.pnlR)) : cell(NONE),
      cell(showPercent(t.breakEven)),
    ];
  });
  const columns: Column[] = [
    { label: "Trade", kind: "head" },
    ...["Entry", "Exit", "Stop", "Size", "P&L", "bps", "R", "Break-even"].map((label) => ({ label })),
  ];
  return section(
    "Trades",
    rows.length === 0 ? `<p class="empty">No entry order was filled.</p>` : table(columns, rows),
    givenUp.length === 0
      ? ""
      : `<p class="note">Given up without a fill: ${givenUp.map((t) => escapeHtml(`#${t.id} ${t.symbol} (${t.cancelReason ?? "no reason stored"})`)).join("; ")}.</p>`,
  );
};

const whatFollowed = (d: ReportData, p: ReportProposal): string => {
  if (p.refusal !== undefined) return `refused at the re-check: ${p.refusal}`;
  const trade = d.trades.find((t) => t.id === p.tradeId);
  if (!trade) return NONE;
  return trade.status === "cancelled" ? `#${trade.id} given up` : `trade #${trade.id}`;
};

export const proposals = (d: ReportData): string => {
  const rows = d.proposals.map((p) => [
    cell(`${p.symbol} ${p.direction}`, undefined, time(p.createdMs)),
    cell(showPercent(p.confidence), undefined, `rank ${show(p.rank, 1)}`),
    cell(showPercent(p.breakEven)),
    cell(showYen(p.entry), undefined, `stop ${showYen(p.stop)}`),
    cell(coins(p.size), undefined, `risk ${showYen(p.riskYen)}`),
    p.state === "pending"
      ? cell("pending", undefined, `until ${time(p.validUntilMs)}`)
      : cell(p.state, undefined, `by ${p.decidedBy ?? NONE}, ${time(p.decidedMs)}`),
    cell(whatFollowed(d, p)),
  ]);
  const columns: Column[] = [
    { label: "Proposal", kind: "head" },
    ...["Probability", "Break-even", "Entry", "Size", "Answer"].map((label) => ({ label })),
    { label: "Then", kind: "wrap" },
  ];
  return section(
    "Proposals and answers",
    rows.length === 0
      ? `<p class="empty">No bar passed every gate, so nothing was proposed.</p>`
      : table(columns, rows),
  );
};

export const days = (d: ReportData): string => {
  const columns: Column[] = [
    { label: "JST day", kind: "head" },
    ...["Trades", "Win rate", "P&L", "Profit factor", "Drawdown", "Fees", "Equity", "Bars"].map((label) => ({ label })),
  ];
  const rows = d.days.map((day) => {
    const rate = day.totalTrades === 0 ? undefined : day.winningTrades / day.totalTrades;
    return [
      cell(day.date),
      cell(String(day.totalTrades), undefined, `${day.winningTrades} won, ${day.losingTrades} lost`),
      cell(showPercent(rate), undefined, `break-even ${showPercent(day.breakEvenRate)}`),
      money(day.netPnl),
      cell(show(day.profitFactor)),
      cell(showYen(day.maxDrawdown)),
      cell(showYen(day.fees)),
      cell(showYen(day.equityEnd)),
      cell(String(day.funnel?.bars ?? NONE), undefined, `${day.funnel?.proposed ?? NONE} proposed`),
    ];
  });
  return section(
    "Days",
    rows.length === 0 ? `<p class="empty">No day has been reported yet.</p>` : table(columns, rows),
    ...d.days.map((day) =>
      day.text === undefined
        ? ""
        : `<details><summary>Message of ${escapeHtml(day.date)}</summary><pre>${escapeHtml(day.text)}</pre></details>`,
    ),
  );
};

export const model = (d: ReportData): string => {
  if (!d.model && d.heads.length === 0) return section("Model", `<p class="empty">No model is recorded.</p>`);
  const seen = d.heads.map((h) => [
    cell(`${h.symbol} ${h.side}`),
    cell(String(h.predictions)),
    cell(showPercent(h.baseRate)),
    cell(showPercent(h.accuracy)),
    cell(show(h.auc, 3), aucIsLow(h) ? "loss" : undefined),
    cell(show(h.aucClosedBeyond, 3)),
    cell(show(h.brier, 3)),
  ]);
  const card = d.model?.heads.map((h) => [
    cell(`${h.symbol} ${h.side}`),
    cell(String(h.walkForward.bars)),
    cell(showPercent(h.walkForward.baseRate)),
    cell(show(h.walkForward.auc, 3)),
    cell(show(h.walkForward.aucAtr, 3)),
    cell(show(h.closeReading.auc, 3)),
    cell(show(h.walkForward.brierSkillVsAtr, 3)),
    cell(show(h.walkForward.ece, 3)),
    cell(show(h.walkForward.highestP, 2)),
  ]);
  const head = { label: "Head", kind: "head" as const };
  const labels = (...names: string[]): Column[] => [head, ...names.map((label) => ({ label }))];
  return section(
    "Model",
    d.model
      ? `<p><code>${escapeHtml(d.model.id)}</code>, everything it was made from ends ${escapeHtml(jstText(d.model.dataEndMs))}.</p>`
      : "",
    `<h3>On these days</h3>`,
    seen.length === 0
      ? `<p class="empty">The outcome of no bar is known yet.</p>`
      : table(labels("Bars", "Base rate", "Accuracy", "AUC touch", "AUC close after 1 h", "Brier"), seen),
    `<p class="note">AUC 0.5 is a coin; below ${AUC_WARNING} over 30 days raises a warning. Accuracy counts only against the base rate.</p>`,
    card
      ? `<h3>Measured before, out of sample</h3>${table(labels("Bars", "Base rate", "AUC", "AUC of ATR alone", "AUC close after 1 h", "Brier skill over ATR", "ECE", "Highest p"), card)}`
      : "",
  );
};
