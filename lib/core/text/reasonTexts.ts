// Why something was not done, as a key with its numbers: the pure rules return a Note, the log and the audit store its English
// text, the owner gets it in the configured language.

import type { Gate } from "../gates.ts";
import type { SizeBound } from "../risk.ts";
import { SECOND_MS } from "../time.ts";
import type { VenueStatus } from "../venue.ts";
import { cut, yenText } from "./format.ts";
import { haltWords } from "./haltText.ts";
import { inBoth, type Locale } from "./locale.ts";
import { words } from "./words.ts";

const haltNames = (locale: Locale, kinds: readonly string[]): string =>
  kinds.map((kind) => haltWords(locale, kind)?.what ?? cut(kind, 40)).join(", ");

const rounded = (value: string | number | null): string =>
  value === null ? "–" : typeof value === "number" ? String(Math.round(value * 100) / 100) : cut(value, 60);

/** Milliseconds as whole seconds, rounded up: 10.2 s old is more than 10. */
const whole = (ms: number): number => Math.ceil(ms / SECOND_MS);

/** One failed gate: its name, the measured value and the limit. */
const gateText = (locale: Locale, gate: Gate): string => {
  const name = words[locale].gate[gate.gate];
  const yes = words[locale].stopped[gate.gate];
  switch (gate.gate) {
    case "halt": {
      const kinds = typeof gate.value === "string" ? gate.value.split(", ") : [];
      return `${name}: ${haltNames(locale, kinds)}`;
    }
    case "openTrade":
    case "pendingProposal":
    case "lossLimits":
    case "side":
      return yes;
    case "news":
      return `${yes}: ${rounded(gate.value)}`;
    case "rank":
      return `${name} ${rounded(gate.value)} < ${rounded(gate.limit)}`;
    case "probability":
    case "volume":
    case "rollover":
    case "maintenance":
    case "size":
      return `${name} ${rounded(gate.value)} < ${rounded(gate.limit)}`;
    case "quoteAge":
      return `${name} ${rounded(gate.value)} s > ${rounded(gate.limit)} s`;
    case "spread":
      return `${name} ${rounded(gate.value)} bps > ${rounded(gate.limit)} bps`;
    case "dailyTrades":
      return `${name} ${rounded(gate.value)} / ${rounded(gate.limit)}`;
    default:
      return gate.gate satisfies never;
  }
};

/** Why an entry is smaller. */
const BOUND_EN: Readonly<Record<SizeBound, string>> = {
  risk: "the risk limit of one trade",
  position: "the limit of all positions and open proposals together",
  margin: "the available margin",
  balance: "the available yen",
  maximum: "the exchange's largest order",
};
const BOUND_JA: Readonly<Record<SizeBound, string>> = {
  risk: "1取引のリスク上限",
  position: "建玉と提案を合わせた上限",
  margin: "利用できる証拠金",
  balance: "利用できる日本円",
  maximum: "取引所の最大注文数量",
};

const en = {
  halted: (p: { kinds: readonly string[] }) => `entries are halted (${haltNames("en", p.kinds)})`,
  cancelAgain: () => "the cancel had no effect yet",
  approvalOver: () => "the approval's time is over",
  exitStarted: () => "the trade has begun to close",
  ownerCloses: () => "the owner closes the trade",
  cancelledByHand: () => "its order was cancelled on the exchange's page",
  changedByHand: () => "its order was changed on the exchange's page; no other follows",
  filled: () => "filled",
  filledElsewhere: () => "an earlier order of the trade has filled after all",
  remainderTooSmall: () => "the rest is below the venue's minimum",
  onlyDust: (p: { size: string }) => `only ${p.size} were bought, too little to sell again; they are yours now`,
  venueRefused: (p: { code: string }) => `the venue refused the order (${p.code})`,
  requotesUsed: (p: { count: number }) => `no fill after ${p.count} re-quotes`,
  noPassivePrice: () => "no passive price inside the approved band",
  priceMoved: () => "the price moved before it was sent",
  unexplainedOrder: () => "the exchange shows an order or position that may be an earlier entry of this trade",
  quoteOld: (p: { ageMs: number | undefined; maxAgeMs: number }) =>
    `the exchange's prices are ${p.ageMs === undefined ? "of an unknown age" : `${whole(p.ageMs)} s old`}; at most ${whole(p.maxAgeMs)} s are allowed`,
  quoteAhead: (p: { aheadMs: number }) =>
    `the exchange's prices are dated ${whole(p.aheadMs)} s after now: its clock and ours differ`,
  quoteImpossible: () => "the exchange sent prices that cannot be true; its reply is in the log",
  venueNotOpen: (p: { status: VenueStatus }) => `the venue is ${p.status}`,
  proposalOver: () => "the proposal is no longer valid",
  outsideBand: (p: { price: number; low: number; high: number }) =>
    `the price ${yenText(p.price)} left the approved band ${yenText(p.low)} – ${yenText(p.high)}`,
  beyondStop: (p: { price: number; stop: number }) =>
    `the price ${yenText(p.price)} has passed the stop ${yenText(p.stop)}`,
  stopTooFar: (p: { price: number; stop: number }) =>
    `the stop ${yenText(p.stop)} is 20 % or more from the price ${yenText(p.price)}: the exchange's loss-cut would come first`,
  gates: (p: { failed: readonly Gate[] }) => p.failed.map((gate) => gateText("en", gate)).join("; "),
  smaller: (p: { size: string; approved: string; bound: SizeBound }) =>
    `smaller than approved: ${p.size} instead of ${p.approved}, because of ${BOUND_EN[p.bound]}`,
  belowHalf: (p: { size: string; approved: string; bound: SizeBound }) =>
    `only ${p.size} of the approved ${p.approved} are allowed now, less than half, because of ${BOUND_EN[p.bound]}`,
  noSize: () => "the limits leave no size to trade",
  noAnswer: () => "no answer in time",
  beforeRestore: () => "asked before the backup was restored",
};

const STATUS_JA: Readonly<Record<VenueStatus, string>> = {
  OPEN: "取引可能",
  PREOPEN: "開始前",
  MAINTENANCE: "メンテナンス中",
};

const reasons = inBoth(en, {
  halted: (p) => `新規注文は停止中です（${haltNames("ja", p.kinds)}）`,
  cancelAgain: () => "取消がまだ反映されていません",
  approvalOver: () => "承認の有効時間が過ぎました",
  exitStarted: () => "すでに決済が始まっています",
  ownerCloses: () => "オーナーが決済しました",
  cancelledByHand: () => "注文が取引所の画面で取り消されたため",
  changedByHand: () => "注文が取引所の画面で変更されたため",
  filled: () => "約定済み",
  filledElsewhere: () => "届いていないとみなした注文が後から約定したため",
  remainderTooSmall: () => "残りの数量が取引所の最小数量に満たないため",
  onlyDust: (p) => `約定は ${p.size} のみで最小数量に満たず売却できません。ご自身のコインとして扱います`,
  venueRefused: (p) => `取引所が注文を拒否しました（${p.code}）`,
  requotesUsed: (p) => `${p.count}回出し直しましたが約定しませんでした`,
  noPassivePrice: () => "承認された価格帯の中にメイカーで置ける価格がありません",
  priceMoved: () => "発注の前に価格が動きました",
  unexplainedOrder: () => "この取引の以前の注文かもしれない注文または建玉が取引所にあります",
  quoteOld: (p) =>
    `取引所の価格が${p.ageMs === undefined ? "いつのものか分かりません" : `${whole(p.ageMs)}秒前のものです`}（上限 ${whole(p.maxAgeMs)}秒）`,
  quoteAhead: (p) => `取引所の価格の時刻が${whole(p.aheadMs)}秒先です。取引所とこちらの時計がずれています`,
  quoteImpossible: () => "取引所の価格がありえない値でした。応答はログに残っています",
  venueNotOpen: (p) => `取引所は${STATUS_JA[p.status]}です`,
  proposalOver: () => "提案の有効時間が過ぎました",
  outsideBand: (p) =>
    `価格 ${yenText(p.price)} が承認された価格帯（${yenText(p.low)} – ${yenText(p.high)}）から外れました`,
  beyondStop: (p) => `価格 ${yenText(p.price)} がすでに損切り価格 ${yenText(p.stop)} を越えています`,
  stopTooFar: (p) =>
    `損切り価格 ${yenText(p.stop)} が価格 ${yenText(p.price)} から20%以上離れており、取引所のロスカットが先に働きます`,
  gates: (p) => p.failed.map((gate) => gateText("ja", gate)).join("、"),
  smaller: (p) => `承認より少ない数量です: ${p.size}（承認は ${p.approved}）。理由: ${BOUND_JA[p.bound]}`,
  belowHalf: (p) =>
    `いま可能な数量は ${p.size} で、承認された ${p.approved} の半分に満たないため。理由: ${BOUND_JA[p.bound]}`,
  noSize: () => "各上限の範囲では取引できる数量がありません",
  noAnswer: () => "時間内に回答がありませんでした",
  beforeRestore: () => "バックアップの復元より前の提案のため",
});

type Reasons = (typeof reasons)["en"];
/** A reason with its numbers, not yet in any language. */
export type Note = {
  [K in keyof Reasons]: Parameters<Reasons[K]> extends [infer P]
    ? { readonly key: K; readonly with: P }
    : { readonly key: K };
}[keyof Reasons];

export const noteText = (locale: Locale, note: Note): string => {
  const say = reasons[locale][note.key] as (parameters: unknown) => string;
  return say("with" in note ? note.with : undefined);
};
/** For the log, the audit and the command line. */
export const english = (note: Note): string => noteText("en", note);
export { reasons as reasonTexts };
