// The daily, weekly and monthly report. Composed in handlers/report/reportText.ts; what each number means: docs/reports.md.
import type { NoSignalKind } from "../noSignal.ts";
import type { PeriodKind } from "../period.ts";
import { show } from "../statistics.ts";
import { durationText, pairText, percentText, signedPercent, signedYen, yenText } from "./format.ts";
import { inBoth } from "./locale.ts";
import { words } from "./words.ts";

type Side = "long" | "short";
interface Left {
  readonly count: number;
  readonly known: number;
  readonly bps: number | undefined;
  readonly yen: number;
}
const signedBps = (bps: number | undefined): string =>
  bps !== undefined && bps > 0 ? `+${show(bps, 1)}` : show(bps, 1);

const en = {
  title: (p: { kind: PeriodKind; name: string; until: string | undefined }) =>
    `${{ day: "Daily", week: "Weekly", month: "Monthly" }[p.kind]} report ${p.name} (JST)${p.until === undefined ? "" : `, until ${p.until}`}`,
  performance: (p: { name: string }) => `Performance ${p.name} (JST)`,
  pnl: (p: { yen: number; ratio: number | undefined; feesYen: number }) =>
    `P&L ${signedYen(p.yen)} (${signedPercent(p.ratio)}), ${p.feesYen < 0 ? `rebates ${yenText(-p.feesYen)}` : `fees ${yenText(p.feesYen)}`}`,
  equity: (p: { yen: number | undefined; at: string | undefined }) =>
    `Equity ${p.yen === undefined ? "–" : yenText(p.yen)}${p.at === undefined ? "" : ` (${p.at})`}`,
  auditHead: (p: { events: number; hash: string }) => `Audit log ${p.events}:${p.hash}`,
  trades: (p: { count: number; wins: number; losses: number; open: number }) =>
    `Trades ${p.count}: ${p.wins} won, ${p.losses} lost${p.open > 0 ? `, ${p.open} still open` : ""}`,
  winRate: (p: { rate: number | undefined; breakEven: number | undefined }) =>
    `Win rate ${percentText(p.rate)} (break-even ${percentText(p.breakEven)})`,
  tooFew: (p: { count: number; needed: number; low: number; high: number }) =>
    `Too few trades: ${p.count} of at least ${p.needed} trades; the true win rate may be ${percentText(p.low, 0)} to ${percentText(p.high, 0)}`,
  quality: (p: { factor: number | undefined; bps: number | undefined; r: number | undefined }) =>
    `Profit factor ${show(p.factor)}, expectancy ${show(p.bps, 1)} bps, ${show(p.r)} R`,
  drawdown: (p: { yen: number; ratio: number | undefined; from: string; to: string }) =>
    `Max drawdown ${yenText(p.yen)} (${p.ratio === undefined ? "n/a" : percentText(p.ratio, 2)}), ${p.from} – ${p.to}`,
  noDrawdown: (p: { yen: number | undefined }) => `Max drawdown ${p.yen === undefined ? "–" : yenText(p.yen)}`,
  sharpe: (p: { value: number | undefined; days: number; needed: number }) =>
    p.days < p.needed
      ? `Sharpe – (too few days: ${p.days} of at least ${p.needed})`
      : `Sharpe ${show(p.value)} (${p.days} daily returns × √365)`,
  slippage: (p: { yen: number; bps: number | undefined; fills: number }) =>
    `Slippage ${signedYen(p.yen)} (${show(p.bps, 2)} bps, ${p.fills} fills; plus = worse than planned)`,
  dayLine: (p: { date: string; yen: number; trades: number }) => `  ${p.date} ${signedYen(p.yen)} (${p.trades})`,
  funnel: (p: { bars: number }) => `Signals: ${p.bars} bars judged`,
  noSignal: "no signal",
  silence: (p: {
    symbol: string;
    from: string;
    to: string;
    bars: number;
    why: NoSignalKind;
    until: string | undefined;
  }) =>
    `  no signals of ${pairText(p.symbol)} ${p.from} – ${p.to} (${p.bars} bars): ${words.en.noSignal[p.why]}${p.until === undefined ? "" : `; until ${p.until} at the earliest`}`,
  moreSilences: (p: { count: number }) => `  and ${p.count} more times without signals`,
  unfinished: "unfinished",
  proposed: "proposed",
  answers: (p: { approved: number; refused: number; rejected: number; expired: number; pending: number }) =>
    `Answers: ${p.approved} approved${p.refused > 0 ? ` (${p.refused} refused at the re-check)` : ""}, ${p.rejected} rejected, ${p.expired} expired${p.pending > 0 ? `, ${p.pending} pending` : ""}`,
  tap: (p: { ms: number | undefined }) => `Median time to your tap ${durationText(p.ms)}`,
  counterfactual: "What they would have earned by the traded rule:",
  left: (p: Left & { answer: "approved" | "rejected" | "expired" }) =>
    `  ${p.answer} ${p.count}: ${p.known === 0 ? "not known yet" : `${signedBps(p.bps)} bps each, ${signedYen(p.yen)}${p.known < p.count ? ` (${p.known} known)` : ""}`}`,
  losses: (p: { at: string | undefined }) => `Loss limits${p.at === undefined ? "" : ` (${p.at})`}:`,
  loss: (p: { period: "day" | "week" | "month"; yen: number; limitYen: number; reached: boolean }) =>
    `  ${p.period} ${yenText(p.yen)} of ${yenText(p.limitYen)}${p.reached ? " REACHED" : ""}`,
  halts: (p: { list: string | undefined }) => `Halts: ${p.list ?? "none"}`,
  model: (p: { known: boolean }) => `Model, 30 days:${p.known ? "" : " no outcome known yet"}`,
  head: (p: { symbol: string; side: Side; auc: number | undefined; bars: number; below: number | undefined }) =>
    `  ${pairText(p.symbol)} ${p.side}: AUC ${show(p.auc, 3)} (${p.bars} bars)${p.below === undefined ? "" : ` BELOW ${p.below}`}`,
  skill: (p: { skill: number | undefined; days: number; needed: number }) =>
    p.skill === undefined
      ? `    against ATR alone: not enough days (${p.days} of ${p.needed})`
      : `    against ATR alone (Brier skill): ${show(p.skill, 3)}${p.skill > 0 ? "" : ", adds nothing"}`,
  calibration: (p: { promised: number | undefined; real: number | undefined; error: number | undefined }) =>
    `    predicted ${percentText(p.promised)}, actual ${percentText(p.real)}, calibration error ${show(p.error, 3)}`,
  events: (p: { known: boolean }) => `Next important events:${p.known ? "" : " none known"}`,
  edge: "Edge: not tested",
};

/** Not "today": a report of a past day says the same. */
const PERIOD_JA = { day: "日次", week: "週次", month: "月次" } as const;
const ANSWER_JA = { approved: "承認", rejected: "却下", expired: "時間切れ" } as const;

export const report = inBoth(en, {
  title: (p) =>
    `${{ day: "日次", week: "週次", month: "月次" }[p.kind]}レポート ${p.name}（日本時間）${p.until === undefined ? "" : ` ${p.until} まで`}`,
  performance: (p) => `成績 ${p.name}（日本時間）`,
  pnl: (p) =>
    `損益 ${signedYen(p.yen)}（${signedPercent(p.ratio)}）、${p.feesYen < 0 ? `リベート ${yenText(-p.feesYen)}` : `手数料 ${yenText(p.feesYen)}`}`,
  equity: (p) => `資産 ${p.yen === undefined ? "–" : yenText(p.yen)}${p.at === undefined ? "" : `（${p.at} 時点）`}`,
  auditHead: (p) => `監査ログ ${p.events}:${p.hash}`,
  trades: (p) => `取引 ${p.count}件: ${p.wins}勝 ${p.losses}敗${p.open > 0 ? `、保有中 ${p.open}件` : ""}`,
  winRate: (p) => `勝率 ${percentText(p.rate)}（損益分岐 ${percentText(p.breakEven)}）`,
  tooFew: (p) =>
    `判断には件数が不足: ${p.count}件（目安 ${p.needed}件以上）。真の勝率は ${percentText(p.low, 0)}〜${percentText(p.high, 0)} の可能性`,
  quality: (p) => `PF ${show(p.factor)}、期待値 ${show(p.bps, 1)} bps、${show(p.r)} R`,
  drawdown: (p) =>
    `最大DD ${yenText(p.yen)}（${p.ratio === undefined ? "割合なし" : percentText(p.ratio, 2)}）、${p.from} – ${p.to}`,
  noDrawdown: (p) => `最大DD ${p.yen === undefined ? "–" : yenText(p.yen)}`,
  sharpe: (p) =>
    p.days < p.needed
      ? `シャープレシオ –（日数不足: ${p.days}日、${p.needed}日以上必要）`
      : `シャープレシオ ${show(p.value)}（日次リターン${p.days}日 × √365）`,
  slippage: (p) => `スリッページ ${signedYen(p.yen)}（${show(p.bps, 2)} bps、約定${p.fills}件、プラスは計画より不利）`,
  dayLine: (p) => `  ${p.date} ${signedYen(p.yen)}（${p.trades}件）`,
  funnel: (p) => `シグナル: 判定 ${p.bars}本`,
  noSignal: "シグナルなし",
  silence: (p) =>
    `  ${pairText(p.symbol)} シグナルなし ${p.from} – ${p.to}（${p.bars}本）: ${words.ja.noSignal[p.why]}${p.until === undefined ? "" : `、早くて ${p.until} まで`}`,
  moreSilences: (p) => `  ほか ${p.count}回`,
  unfinished: "未完了",
  proposed: "提案",
  answers: (p) =>
    `回答: 承認 ${p.approved}${p.refused > 0 ? `（うち再確認で見送り ${p.refused}）` : ""}、却下 ${p.rejected}、時間切れ ${p.expired}${p.pending > 0 ? `、回答待ち ${p.pending}` : ""}`,
  tap: (p) => `回答までの時間（中央値） ${durationText(p.ms)}`,
  counterfactual: "同じルールで取引した場合の損益:",
  left: (p) =>
    `  ${ANSWER_JA[p.answer]} ${p.count}件: ${p.known === 0 ? "まだ不明" : `1件あたり ${signedBps(p.bps)} bps、計 ${signedYen(p.yen)}${p.known < p.count ? `（判明 ${p.known}件）` : ""}`}`,
  losses: (p) => `損失上限${p.at === undefined ? "" : `（${p.at} 時点）`}:`,
  loss: (p) => `  ${PERIOD_JA[p.period]} ${yenText(p.yen)} / ${yenText(p.limitYen)}${p.reached ? " 到達" : ""}`,
  halts: (p) => `停止: ${p.list ?? "なし"}`,
  model: (p) => `モデル（30日）:${p.known ? "" : " 結果待ち"}`,
  head: (p) =>
    `  ${pairText(p.symbol)} ${p.side === "long" ? "買い" : "売り"}: AUC ${show(p.auc, 3)}（${p.bars}本）${p.below === undefined ? "" : ` ${p.below} 未満`}`,
  skill: (p) =>
    p.skill === undefined
      ? `    ATR 単独との比較: 日数不足（${p.days} / ${p.needed} 日）`
      : `    ATR 単独との比較（ブライアスキル）: ${show(p.skill, 3)}${p.skill > 0 ? "" : "、上乗せなし"}`,
  calibration: (p) => `    予測 ${percentText(p.promised)}、実績 ${percentText(p.real)}、校正誤差 ${show(p.error, 3)}`,
  events: (p) => `今後の重要指標:${p.known ? "" : " 登録なし"}`,
  edge: "優位性: 未検証",
});
