// The written report: one self-contained HTML page (no script, nothing loaded) drawn from ReportData alone. Everything
// that comes from the database is escaped. Every win rate is shown beside its break-even, and unknown figures are named
// as unknown.

import { toNumber } from "../../lib/core/money.ts";
import { gatesInOrder } from "../../lib/core/performance.ts";
import { rateInterval, show, showPercent, showYen } from "../../lib/core/statistics.ts";
import { escapeHtml } from "../../lib/core/svg.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { jstText } from "../../lib/core/time.ts";
import { equityChart, priceChart } from "./charts.ts";
import { FEW_RETURNS } from "./day.ts";
import type { NewsBand, ReportData } from "./reportData.ts";
import { FEW_TRADES } from "./reportText.ts";
import { REPORT_STYLE } from "./style.ts";
import { type Cell, cell, days, model, money, proposals, section, toneOf, trades } from "./tables.ts";

const cards = (items: readonly (readonly [label: string, value: Cell, below: string])[]): string =>
  `<ul class="cards">${items
    .map(
      ([label, value, below]) =>
        `<li><span>${escapeHtml(label)}</span><b class="${value.tone ?? ""}">${escapeHtml(value.text)}</b><span>${escapeHtml(below)}</span></li>`,
    )
    .join("")}</ul>`;

/** Sentences on what the numbers can and cannot show. */
export const honestWords = ({ summary, statistics: s, method }: ReportData): readonly string[] => {
  const words = [
    "Edge: not tested. The model says how likely a move of 0.3 % within the hour is; that is mostly a measure of volatility, and nothing here shows that such trades pay.",
  ];
  if (s.winRate === undefined || s.breakEvenRate === undefined)
    words.push("No trade was closed in these days, so there is no win rate and nothing to conclude.");
  else {
    const [low, high] = rateInterval(s.wins, s.trades) ?? [0, 1];
    const beside = s.winRate >= s.breakEvenRate ? "above" : "below";
    words.push(
      `${s.wins} of ${s.trades} closed trades won: ${showPercent(s.winRate)}, ${beside} the ${showPercent(s.breakEvenRate)} at which these stops and targets break even.`,
    );
    if (s.trades < FEW_TRADES)
      words.push(
        `${s.trades === 1 ? "One trade is" : `${s.trades} trades are`} far too few to judge: the true win rate may well lie anywhere from ${showPercent(low, 0)} to ${showPercent(high, 0)}.`,
      );
  }
  words.push(
    `The model was over its threshold on ${summary.signals} of ${summary.bars} judged bars and ${summary.notified} became ${summary.notified === 1 ? "a proposal" : "proposals"}${summary.refused > 0 ? `; of ${summary.approved} approved, ${summary.refused} were refused when the market was checked again at the tap` : ""}.`,
  );
  return [...words, method];
};

/** Violated safety invariants; normally none. */
const alarms = ({ summary: s, openAlerts }: ReportData): readonly string[] => [
  ...(s.barePositions > 0 ? [`${s.barePositions} open positions are not protected by a stop.`] : []),
  ...(s.openPositions > 0 ? [`${s.openPositions} positions are still open.`] : []),
  ...(s.duplicateOrders > 0 ? [`${s.duplicateOrders} proposals had duplicate entry orders.`] : []),
  ...(s.ledgerMatchesVenue ? [] : ["The book does not match the venue."]),
  ...(s.auditChainOk ? [] : ["The audit chain is broken."]),
  ...(s.jobsDead > 0 ? [`${s.jobsDead} jobs died.`] : []),
  ...openAlerts.map((text) => `Alert, ${text}`),
];

const headline = (d: ReportData): string => {
  const { statistics: s, summary } = d;
  const returned = summary.equityStartJpy > 0 ? summary.netPnlJpy / summary.equityStartJpy : undefined;
  return cards([
    ["P&L", money(summary.netPnlJpy), `${showPercent(returned, 3)}, fees ${showYen(summary.feesJpy)}`],
    ["Win rate", cell(showPercent(s.winRate)), `break-even ${showPercent(s.breakEvenRate)}`],
    ["Trades", cell(String(s.trades)), `${s.wins} won, ${s.losses} lost`],
    ["Profit factor", cell(show(s.profitFactor)), "gross profit ÷ gross loss"],
    ["Expectancy", cell(show(s.expectancyBps, 1, " bps"), toneOf(s.expectancyBps)), `${show(s.expectancyR)} R a trade`],
    [
      "Max drawdown",
      cell(showYen(d.drawdown?.yen)),
      d.drawdown?.ratio === undefined ? "n/a" : showPercent(d.drawdown.ratio, 3),
    ],
    [
      "Sharpe",
      cell(show(d.sharpe.days < FEW_RETURNS ? undefined : d.sharpe.value)),
      d.sharpe.days < FEW_RETURNS
        ? `too few days: ${d.sharpe.days} of at least ${FEW_RETURNS}`
        : `${d.sharpe.days} daily returns × √365`,
    ],
    ["Equity", cell(showYen(summary.equityEndJpy)), `from ${showYen(summary.equityStartJpy)}`],
  ]);
};

const priceKey = (d: ReportData): string =>
  PRICE_KEY.filter(([key]) => key !== "kNews" || d.news.length > 0)
    .map(([key, text]) => `<span><i class="${key}"></i>${text}</span>`)
    .join("");
const PRICE_KEY = [
  ["kEntry", "entry ▲ long ▼ short"],
  ["kPlan", "from entry to targets and to the stop, while open"],
  ["kGain", "target"],
  ["kLoss", "stop"],
  ["kOther", "time stop or manual"],
  ["kUntaken", "proposal without a trade"],
  ["kNews", "important news, no entries"],
] as const;

const newsText = (band: NewsBand): string => escapeHtml(`${jstText(band.atMs).slice(5, 16)} ${band.title}`);

const charts = (d: ReportData): string =>
  section(
    "Equity",
    `<figure>${equityChart(d.equity, d)}<figcaption>Change from ${escapeHtml(showYen(d.equity[0]?.yen))}, open positions at market. Times are JST.</figcaption></figure>`,
  ) +
  d.symbols
    .map((symbol) =>
      section(
        `${symbol.symbol.replace("_", "/")}: price and trades`,
        `<figure>${priceChart(symbol, d.news, d)}<figcaption>${priceKey(d)}</figcaption></figure>`,
        d.news.length === 0 ? "" : `<p class="note">News: ${d.news.map(newsText).join("; ")}.</p>`,
      ),
    )
    .join("");

const { stopped } = textsOf("en").words;
const gateName = (gate: string): string => stopped[gate as keyof typeof stopped] ?? gate;

const funnel = ({ funnel: f }: ReportData): string => {
  const gates = gatesInOrder([...Object.keys(f.stoppedBy), ...Object.keys(f.failed)]);
  const width = (count: number) => (f.bars === 0 ? 0 : (count / f.bars) * 100).toFixed(2);
  const bar = (label: string, first: number, more: number) =>
    `<span>${escapeHtml(label)}</span><div><i style="width:${width(first)}%"></i><u style="width:${width(more)}%"></u></div><b>${first}${more > 0 ? ` <small class="sub">of ${first + more}</small>` : ""}</b>`;
  return section(
    "Why so few: the funnel",
    `<p>Of ${f.bars} judged bars, each is stopped by the first gate it fails (dark). The pale part failed that gate too, but an earlier one had stopped it.</p>`,
    `<div class="bars">${[
      ...(f.noSignal > 0 ? [bar("no signal", f.noSignal, 0)] : []),
      ...gates.map((gate) =>
        bar(gateName(gate), f.stoppedBy[gate] ?? 0, (f.failed[gate] ?? 0) - (f.stoppedBy[gate] ?? 0)),
      ),
      ...(f.unfinished > 0 ? [bar("unfinished", f.unfinished, 0)] : []),
      bar("proposed", f.proposed, 0),
    ].join("")}</div>`,
  );
};

const risk = (d: ReportData): string => {
  const meters = d.losses.map(({ period, loss, limit, reached }) => {
    const used = limit > 0n ? Math.min(100, (toNumber(loss) / toNumber(limit)) * 100) : 0;
    return `<span>${period}</span><div><i style="width:${used.toFixed(2)}%"></i></div><b class="${reached ? "loss" : ""}">${escapeHtml(`${showYen(toNumber(loss))} of ${showYen(toNumber(limit))}`)}</b>`;
  });
  const halts = d.halts.map((h) => `<li>${escapeHtml(`${h.kind}: ${h.reason}`)}</li>`).join("");
  return section(
    "Risk state at the end",
    `<div class="bars">${meters.join("")}</div>`,
    d.halts.length === 0 ? `<p class="note">No halt is in force.</p>` : `<ul>${halts}</ul>`,
  );
};

/** A number and its percent sign stay on one line. */
const paragraph = (text: string): string => `<p>${escapeHtml(text).replace(/(\d) %/g, "$1&nbsp;%")}</p>`;

/** The whole page. Pure: the same data give the same bytes. */
export const renderReport = (d: ReportData): string => {
  const alarm = alarms(d);
  const title = `CryptoTrader report ${jstText(d.fromMs).slice(0, 10)} to ${jstText(d.toMs).slice(0, 10)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>
${REPORT_STYLE}
</style>
</head>
<body>
<main>
<header>
<h1>${d.symbols.map((s) => escapeHtml(s.symbol.replace("_", "/"))).join(" and ") || "No symbols"}</h1>
<p class="sub">${escapeHtml(`${jstText(d.fromMs)} to ${jstText(d.toMs)}`)}</p>
${alarm.length === 0 ? "" : `<div class="honest alarm">${alarm.map(paragraph).join("")}</div>`}
<div class="honest">${honestWords(d).map(paragraph).join("")}</div>
${headline(d)}
</header>
${charts(d)}
${trades(d)}
${proposals(d)}
${funnel(d)}
${days(d)}
${risk(d)}
${model(d)}
<footer>
<p>${escapeHtml(d.dataNote)}</p>
<p>${escapeHtml(`CryptoTrader ${d.version} · ${d.summary.auditEvents} audit events, chain ${d.summary.auditChainOk ? "whole" : "broken"} · database `)}<code>${escapeHtml(d.summary.dbPath)}</code></p>
</footer>
</main>
</body>
</html>
`;
};
