// The signal message: the basis of the owner's decision, so nothing in it may be ambiguous. Composed in
// handlers/proposals/proposalText.ts.
import { coinText, pairText, percentText, signedPercent, yenText } from "./format.ts";
import { inBoth } from "./locale.ts";
import { words } from "./words.ts";

type Side = "long" | "short";
interface Level {
  readonly yen: number;
  /** Against the entry, as a ratio. */
  readonly away: number;
}

const level = (p: Level): string => `${yenText(p.yen)} (${signedPercent(p.away)})`;
/** A reason's direction: what raises the chance of a rise pushes up; what raises the chance of a fall pushes down. */
const pushesUp = (p: { side: Side; supports: boolean }): boolean => (p.side === "long") === p.supports;

const en = {
  title: (p: { side: Side; symbol: string; probability: number; rank: number | undefined }) =>
    `${words.en.direction[p.side]} ${pairText(p.symbol)} · ${percentText(p.probability)} · rank ${p.rank?.toFixed(1) ?? "–"}`,
  simulated: (p: { account: "replay" | "paper" }): string =>
    p.account === "paper" ? "PAPER: live prices, no real money" : "REPLAY: recorded prices, no real money",
  replaces: (p: { id: string }) => `Changed by you, replaces ${p.id}: it counts only when approved`,
  probability: (p: { side: Side; probability: number; needed: number | undefined }) =>
    `Probability ${percentText(p.probability)} that ${p.side === "long" ? "+0.3%" : "-0.3%"} is touched within 1 h${p.needed === undefined ? "" : ` (needs ${percentText(p.needed, 0)})`}`,
  confidence: (p: { confidence: number; rank: number | undefined; needed: number | undefined }) =>
    `Confidence ${percentText(p.confidence)} (design mode: the same number), rank ${p.rank?.toFixed(1) ?? "–"} of 100${p.needed === undefined ? "" : ` (needs ${p.needed})`}`,
  breakEven: (p: { rate: number }) => `Break-even win rate ${percentText(p.rate)} · edge: not tested`,
  entry: (p: { yen: number; low: number; high: number }) =>
    `Entry ${yenText(p.yen)} limit (${yenText(p.low)} – ${yenText(p.high)})`,
  stop: (p: Level) => `Stop  ${level(p)}`,
  target: (p: Level & { number: 1 | 2 }) => `TP${p.number}   ${level(p)}`,
  size: (p: { coins: string; symbol: string; yen: number }) =>
    `Size  ${p.coins} ${coinText(p.symbol)} = ${yenText(p.yen)}`,
  risk: (p: { yen: number; ofEquity: number | undefined }) =>
    `Risk  ${yenText(p.yen)} = ${percentText(p.ofEquity, 2)} of equity`,
  reasons: "Strongest reasons",
  reason: (p: { feature: string; value: string; side: Side; supports: boolean }) =>
    `${pushesUp(p) ? "▲" : "▼"} ${p.feature} ${p.value}: pushes ${pushesUp(p) ? "up" : "down"} (${p.supports ? "for" : "against"} the ${p.side})`,
  filters: "Filters (measured / limit)",
  spread: (p: { value: string; limit: string }) => `spread ${p.value} / ${p.limit} bps`,
  volume: (p: { value: string; limit: string }) => `volume ${p.value} / ${p.limit} × average`,
  news: (p: { title: string | undefined }) => (p.title === undefined ? "no news near" : `news: ${p.title}`),
  trades: (p: { today: string; limit: string }) => `trades today ${p.today} / ${p.limit}`,
  rollover: (p: { hours: string }) => `06:00 JST in ${p.hours} h`,
  more: (p: { id: string }) => `More: /why ${p.id}`,
  validUntil: (p: { time: string }) => `Valid until ${p.time}`,
  commands: (p: { id: string }) => `/approve_${p.id}\n/reject_${p.id}\n/modify_${p.id}`,
};

export const signal = inBoth(en, {
  title: (p) =>
    `${words.ja.direction[p.side]} ${pairText(p.symbol)} ・ ${percentText(p.probability)} ・ 順位 ${p.rank?.toFixed(1) ?? "–"}`,
  simulated: (p) =>
    p.account === "paper"
      ? "ペーパー取引（実際の価格、実際のお金は動きません）"
      : "リプレイ（過去の価格、実際のお金は動きません）",
  replaces: (p) => `変更後の提案です（${p.id} の代わり）。承認するまで有効になりません`,
  probability: (p) =>
    `確率 ${percentText(p.probability)}（1時間以内に${p.side === "long" ? "+0.3%" : "-0.3%"}に達する${p.needed === undefined ? "" : `、基準 ${percentText(p.needed, 0)}`}）`,
  confidence: (p) =>
    `確信度 ${percentText(p.confidence)}（設計モードでは確率と同じ値）、順位 ${p.rank?.toFixed(1) ?? "–"}/100${p.needed === undefined ? "" : `（基準 ${p.needed}）`}`,
  breakEven: (p) => `損益分岐の勝率 ${percentText(p.rate)} ・ 優位性: 未検証`,
  entry: (p) => `エントリー ${yenText(p.yen)} 指値（${yenText(p.low)} – ${yenText(p.high)}）`,
  stop: (p) => `損切り ${level(p)}`,
  target: (p) => `利確${p.number} ${level(p)}`,
  size: (p) => `数量 ${p.coins} ${coinText(p.symbol)} = ${yenText(p.yen)}`,
  risk: (p) => `リスク額 ${yenText(p.yen)} = 資産の${percentText(p.ofEquity, 2)}`,
  reasons: "主な理由（強い順）",
  reason: (p) =>
    `${pushesUp(p) ? "▲" : "▼"} ${p.feature} ${p.value}: ${pushesUp(p) ? "上昇" : "下落"}方向（${p.side === "long" ? "買い" : "売り"}${p.supports ? "を支持" : "に不利"}）`,
  filters: "フィルター（実測 / 基準）",
  spread: (p) => `スプレッド ${p.value} / ${p.limit} bps`,
  volume: (p) => `出来高 平均の${p.value} / ${p.limit}倍`,
  news: (p) => (p.title === undefined ? "前後に重要指標なし" : `経済指標: ${p.title}`),
  trades: (p) => `本日の取引 ${p.today} / ${p.limit}`,
  rollover: (p) => `6:00 JSTまで ${p.hours}時間`,
  more: (p) => `詳細: /why ${p.id}`,
  validUntil: (p) => `有効期限 ${p.time}`,
  commands: (p) => `/approve_${p.id}\n/reject_${p.id}\n/modify_${p.id}`,
});
