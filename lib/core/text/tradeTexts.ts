// The result of a decided proposal: filled and protected, cancelled, refused at the re-check, closed.
import { pairText, percentText, signedPercent, signedYen, yenText } from "./format.ts";
import { inBoth } from "./locale.ts";
import { words } from "./words.ts";

type Side = "long" | "short";
interface Head {
  readonly side: Side;
  readonly symbol: string;
  readonly proposalId: string;
  readonly tradeId: number;
}
const headEn = (p: Head): string =>
  `${words.en.direction[p.side]} ${pairText(p.symbol)} [${p.proposalId}, trade ${p.tradeId}]`;
const headJa = (p: Head): string =>
  `${words.ja.direction[p.side]} ${pairText(p.symbol)} [${p.proposalId}、取引 ${p.tradeId}]`;
/** Below zero a maker rebate was received (spot). */
const feesEn = (yen: number): string => (yen < 0 ? `rebate ${yenText(-yen)}` : `fees ${yenText(yen)}`);
const feesJa = (yen: number): string => (yen < 0 ? `リベート受取 ${yenText(-yen)}` : `手数料 ${yenText(yen)}`);
/** The stop moves to the entry after the first target: a stop that closed a gain was that one. */
const afterTarget = (p: { readonly yen: number; readonly exit: Exit | undefined }): boolean =>
  p.exit === "stop_loss" && p.yen > 0;
type Exit = keyof (typeof words)["en"]["exit"];

const en = {
  filled: (p: Head) => `FILLED ${headEn(p)}`,
  fill: (p: { size: string; yen: number; filled: string; target: string }) =>
    `${p.size} at ${yenText(p.yen)} (${p.filled} of ${p.target} in all)`,
  leg: (p: { size: string; stopYen: number; target: 1 | 2; targetYen: number }) =>
    `${p.size}: stop ${yenText(p.stopYen)} at the exchange, TP${p.target} ${yenText(p.targetYen)}`,
  tooLittle: (p: { size: string; minimum: string }) =>
    `${p.size}: below the exchange's smallest order (${p.minimum}), no stop can be placed until more is bought`,
  timeStop: (p: { time: string }) => `time stop ${p.time}`,
  cancelled: (p: Head) => `NO TRADE ${headEn(p)}`,
  refused: (p: { symbol: string; proposalId: string }) => `NO TRADE ${pairText(p.symbol)} [${p.proposalId}]`,
  refusedWhy: (p: { why: string }) => `The check before the order refused it: ${p.why}`,
  closed: (p: Head) => `CLOSED ${headEn(p)}`,
  result: (p: { yen: number; percent: number; exit: Exit | undefined }) =>
    `${signedYen(p.yen)} (${signedPercent(p.percent)})${p.exit === undefined ? "" : `, ${afterTarget(p) ? "first target, then the stop at the entry" : words.en.exit[p.exit]}`}`,
  fromTo: (p: { size: string; entryYen: number; exitYen: number; feesYen: number }) =>
    `${p.size} from ${yenText(p.entryYen)} to ${yenText(p.exitYen)}, ${feesEn(p.feesYen)}`,
  breakEven: (p: { rate: number }) => `break-even win rate of this plan ${percentText(p.rate)}`,
  expired: (p: { proposalId: string; why: string }) => `[${p.proposalId}] ${p.why}: rejected`,
};

export const trade = inBoth(en, {
  filled: (p) => `約定 ${headJa(p)}`,
  fill: (p) => `${p.size} を ${yenText(p.yen)} で約定（合計 ${p.filled} / ${p.target}）`,
  leg: (p) => `${p.size}: 取引所に損切り ${yenText(p.stopYen)}、利確${p.target} ${yenText(p.targetYen)}`,
  tooLittle: (p) => `${p.size}: 最小注文数量（${p.minimum}）未満のため、買い増されるまで損切り注文を置けません`,
  timeStop: (p) => `最長保有 ${p.time} まで`,
  cancelled: (p) => `取引なし ${headJa(p)}`,
  refused: (p) => `取引なし ${pairText(p.symbol)} [${p.proposalId}]`,
  refusedWhy: (p) => `発注前の再確認で見送りました: ${p.why}`,
  closed: (p) => `決済 ${headJa(p)}`,
  result: (p) =>
    `${signedYen(p.yen)}（${signedPercent(p.percent)}）${p.exit === undefined ? "" : `、${afterTarget(p) ? "第1利確のあと建値で決済" : words.ja.exit[p.exit]}`}`,
  fromTo: (p) => `${p.size}: ${yenText(p.entryYen)} → ${yenText(p.exitYen)}、${feesJa(p.feesYen)}`,
  breakEven: (p) => `このプランの損益分岐の勝率 ${percentText(p.rate)}`,
  expired: (p) => `[${p.proposalId}] ${p.why}。却下として扱います`,
});
