// The text of a report for the owner's phone: plain text, short lines, every rate beside its break-even, and an
// explicit note where there are too few trades to conclude anything.

import { MIN_SKILL_DAYS } from "../../lib/core/atrSkill.ts";
import { toNumber } from "../../lib/core/money.ts";
import { AUC_WARNING, aucIsLow, type Funnel, type HeadPerformance } from "../../lib/core/performance.ts";
import { NONE, rateInterval } from "../../lib/core/statistics.ts";
import { type Catalogue, textsOf } from "../../lib/core/text/catalogue.ts";
import { cut, shortTime } from "../../lib/core/text/format.ts";
import { haltWords } from "../../lib/core/text/haltText.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import { jstText } from "../../lib/core/time.ts";
import { FEW_RETURNS, type PeriodReport } from "./day.ts";

/** Fewer closed trades than this allow no conclusion about the rule. */
export const FEW_TRADES = 30;
const MOST_TITLE_CHARS = 60;
const MOST_SILENCES = 6;

/** "192 bars judged: 150 below the probability, 39 below the rank, 3 proposed". */
export const funnelText = ({ report: t, words }: Catalogue, funnel: Funnel): string => {
  const gate = (name: string): string => words.stopped[name as keyof typeof words.stopped] ?? name;
  const parts = [
    ...(funnel.noSignal > 0 ? [`${funnel.noSignal} ${t.noSignal}`] : []),
    ...Object.entries(funnel.stoppedBy).map(([name, count]) => `${count} ${gate(name)}`),
    ...(funnel.unfinished > 0 ? [`${funnel.unfinished} ${t.unfinished}`] : []),
    `${funnel.proposed} ${t.proposed}`,
  ];
  return [t.funnel({ bars: funnel.bars }), ...parts.map((part) => `  ${part}`)].join("\n");
};

/** Times without signals: since when, until when and why. */
const silenceLines = ({ report: t }: Catalogue, { silences }: PeriodReport): readonly string[] => [
  ...silences.slice(0, MOST_SILENCES).map(({ symbol, fromMs, toMs, bars, why, untilMs }) =>
    t.silence({
      symbol,
      from: shortTime(fromMs),
      to: shortTime(toMs),
      bars,
      why,
      until: untilMs === undefined ? undefined : shortTime(untilMs),
    }),
  ),
  ...(silences.length > MOST_SILENCES ? [t.moreSilences({ count: silences.length - MOST_SILENCES })] : []),
];

const headLines = ({ report: t }: Catalogue, head: HeadPerformance): readonly string[] => [
  t.head({
    symbol: head.symbol,
    side: head.side,
    auc: head.auc,
    bars: head.predictions,
    below: aucIsLow(head) ? AUC_WARNING : undefined,
  }),
  t.calibration({ promised: head.meanProbability, real: head.baseRate, error: head.calibrationError }),
  t.skill({ ...head.atrSkill, needed: MIN_SKILL_DAYS }),
];

/** Win rate, profit factor and the other figures, with the warning where there are too few trades. */
const performanceLines = ({ report: t }: Catalogue, r: PeriodReport): readonly string[] => {
  const s = r.statistics;
  const [low, high] = rateInterval(s.wins, s.trades) ?? [0, 1];
  const few = s.trades > 0 && s.trades < FEW_TRADES;
  const fall = r.drawdown;
  return [
    t.trades({ count: s.trades, wins: s.wins, losses: s.losses, open: r.openTrades }),
    ...(r.kind === "day"
      ? []
      : r.days.map((d) => t.dayLine({ date: d.date.slice(5), yen: d.netPnlYen, trades: d.trades }))),
    t.winRate({ rate: s.winRate, breakEven: s.breakEvenRate }),
    ...(few ? [t.tooFew({ count: s.trades, needed: FEW_TRADES, low, high })] : []),
    t.quality({ factor: s.profitFactor, bps: s.expectancyBps, r: s.expectancyR }),
    fall && fall.yen > 0
      ? t.drawdown({ yen: fall.yen, ratio: fall.ratio, from: shortTime(fall.fromMs), to: shortTime(fall.toMs) })
      : t.noDrawdown({ yen: fall?.yen }),
    t.sharpe({ value: r.sharpe, days: r.sharpeDays, needed: FEW_RETURNS }),
    ...(r.slippage.fills > 0
      ? [t.slippage({ yen: r.slippage.yen, bps: r.slippage.bps, fills: r.slippage.fills })]
      : []),
  ];
};

const answerLines = ({ report: t }: Catalogue, r: PeriodReport): readonly string[] => {
  const kinds = (["rejected", "expired", "approved"] as const).filter((kind) => r.counterfactual[kind].count > 0);
  return [
    t.answers(r.answers),
    ...(r.medianTapMs === undefined ? [] : [t.tap({ ms: r.medianTapMs })]),
    ...(kinds.length === 0 ? [] : [t.counterfactual]),
    ...kinds.map((answer) => {
      const { count, known, meanBps, yen } = r.counterfactual[answer];
      return t.left({ answer, count, known, bps: meanBps, yen });
    }),
  ];
};

/** Only the trades, their quality figures, and the resulting equity. */
export const performanceText = (locale: Locale, r: PeriodReport): string => {
  const texts = textsOf(locale);
  const { report: t } = texts;
  return [
    t.performance({ name: r.name }),
    t.pnl({ yen: r.statistics.netPnlYen, ratio: returnOf(r), feesYen: r.feesYen }),
    equityLine(texts, r),
    ...performanceLines(texts, { ...r, days: [] }),
    t.edge,
  ].join("\n");
};

/** An unfinished period is shown with the time of its equity: what came later is not included. */
const equityTime = ({ equityEndMs, partial }: PeriodReport): string | undefined =>
  partial && equityEndMs !== undefined ? shortTime(equityEndMs) : undefined;
const equityLine = ({ report: t }: Catalogue, r: PeriodReport): string =>
  t.equity({ yen: r.equityEndYen, at: equityTime(r) });

const returnOf = (r: PeriodReport): number | undefined =>
  r.equityStartYen === undefined || r.equityStartYen <= 0 ? undefined : r.statistics.netPnlYen / r.equityStartYen;

/** The newest audit event when the report was made. */
export interface AuditEnd {
  readonly seq: number;
  readonly hash: string;
}
/** As much of a hash as a report prints and `trader audit verify --head` takes. */
export const HEAD_CHARS = 16;

export const reportText = (locale: Locale, r: PeriodReport, auditHead?: AuditEnd): string => {
  const texts = textsOf(locale);
  const { report: t } = texts;
  const halts = r.halts.map((h) => haltWords(locale, h.kind)?.what ?? h.kind);
  return [
    t.title({ kind: r.kind, name: r.name, until: r.partial ? jstText(r.endMs) : undefined }),
    t.pnl({ yen: r.statistics.netPnlYen, ratio: returnOf(r), feesYen: r.feesYen }),
    equityLine(texts, r),
    ...(auditHead === undefined
      ? []
      : [t.auditHead({ events: auditHead.seq, hash: auditHead.hash.slice(0, HEAD_CHARS) })]),
    ...performanceLines(texts, r),
    "",
    funnelText(texts, r.funnel),
    ...silenceLines(texts, r),
    ...answerLines(texts, r),
    "",
    r.losses.length === 0 ? `${t.losses({ at: undefined })} ${NONE}` : t.losses({ at: equityTime(r) }),
    ...r.losses.map(({ period, loss, limit, reached }) =>
      t.loss({ period, yen: toNumber(loss), limitYen: toNumber(limit), reached }),
    ),
    t.halts({ list: halts.length === 0 ? undefined : halts.join(", ") }),
    "",
    t.model({ known: r.heads.length > 0 }),
    ...r.heads.flatMap((head) => headLines(texts, head)),
    t.edge,
    "",
    t.events({ known: r.nextEvents.length > 0 }),
    ...r.nextEvents.map((e) => `  ${shortTime(e.atMs)} ${e.currency} ${cut(e.title, MOST_TITLE_CHARS)}`),
  ].join("\n");
};
