// Replies to pause, stop, panic, close, resume: the immediate effect, the state at the exchange, and why it was refused.
import { pairText, yenText } from "./format.ts";
import { inBoth } from "./locale.ts";

type Command = "pause" | "resume" | "stop" | "panic" | "close" | "rejectAll" | "adopt" | "keepStop" | "restoreStop";
/** The immediate effect of a request. */
export interface Asked {
  readonly command: Command;
  /** JST, when the halt was active already. */
  readonly since: string | undefined;
  readonly rejected: readonly string[];
  readonly tradeIds: readonly number[];
  readonly positionId: string | undefined;
  /** keepStop, restoreStop: where the stops are from now on. */
  readonly stopYen?: readonly number[];
}
export type NotAdoptable =
  | "missing"
  | "ours"
  | "tradeOpen"
  | "ordersRest"
  | "notWhole"
  | "noAtr"
  | "tooLarge"
  | "tooOld";
const NOT_ADOPTABLE_EN: Readonly<Record<NotAdoptable, string>> = {
  missing: "the exchange shows no such position of this product (coins of spot are not adopted)",
  ours: "it is in the book already",
  tradeOpen: "a trade of this symbol is open: one at a time",
  ordersRest: "closing orders that are not ours are active on it: cancel them on the exchange's page first",
  notWhole: "its opening cannot be booked exactly: older than a day, or part of it is closed",
  noAtr: "no bar of the last hour was judged, so there is no ATR for its stop",
  tooLarge: "it is too large for a stop within the risk of one trade: reduce or close it on the exchange's page",
  tooOld: "it was requested more than 5 minutes ago, request it again",
};
const NOT_ADOPTABLE_JA: Readonly<Record<NotAdoptable, string>> = {
  missing: "この商品の建玉として取引所に見つかりません（現物は対象外です）",
  ours: "すでに帳簿にあります",
  tradeOpen: "この銘柄には進行中の取引があります（同時に一つまで）",
  ordersRest: "本システムのものではない決済注文が残っています。先に取引所の画面で取り消してください",
  notWhole: "新規約定を正確に記帳できません（1日以上前の建玉、または一部決済済み）",
  noAtr: "直近1時間に判定した足がなく、損切りの ATR がありません",
  tooLarge: "1取引のリスク上限に収まる損切りを置けません。取引所の画面で減らすか決済してください",
  tooOld: "5分以上前の指示です。もう一度指示してください",
};
interface SeenOrderText {
  readonly symbol: string;
  readonly side: string;
  readonly type: string;
  readonly size: string;
  readonly yen: number | undefined;
  readonly orderId: string;
}
interface SeenPositionText {
  readonly symbol: string;
  readonly direction: "long" | "short";
  readonly size: string;
  readonly yen: number;
  readonly tradeId: number | null;
  readonly positionId: string;
  readonly bare: string | undefined;
  readonly covers: readonly { readonly type: string; readonly size: string; readonly yen: number | undefined }[];
}

const STATUS_JA: Readonly<Record<string, string>> = {
  pending: "発注中",
  open: "保有中",
  closed: "決済済み",
  cancelled: "取引なし",
};
const statusJa = (status: string): string => STATUS_JA[status] ?? status;
/** The command's name above its answer. */
const NAMES = {
  pause: "PAUSE",
  resume: "RESUME",
  stop: "STOP",
  panic: "PANIC",
  close: "CLOSE",
  rejectAll: "REJECT ALL",
  adopt: "ADOPT",
  keepStop: "KEEP STOP",
  restoreStop: "RESTORE STOP",
} as const satisfies Record<Command, string>;
const NAMES_JA = {
  pause: "一時停止",
  resume: "再開",
  stop: "停止",
  panic: "緊急停止・全決済",
  close: "決済",
  rejectAll: "すべて却下",
  adopt: "建玉の引き取り",
  keepStop: "損切りを維持",
  restoreStop: "損切りを元に戻す",
} as const satisfies Record<Command, string>;
const at = (yen: number | undefined): string => (yen === undefined ? "" : ` ${yenText(yen)}`);
const orderEn = (o: SeenOrderText): string =>
  `${pairText(o.symbol)} ${o.side} ${o.type} ${o.size}${at(o.yen)} (order ${o.orderId})`;
const orderJa = (o: SeenOrderText): string =>
  `${pairText(o.symbol)} ${o.side === "BUY" ? "買い" : "売り"} ${typeJa(o.type)} ${o.size}${at(o.yen)}（注文 ${o.orderId}）`;
const covers = (p: SeenPositionText): string[] => p.covers.map((c) => `${c.type} ${c.size}${at(c.yen)}`);
const TYPES_JA: Readonly<Record<string, string>> = { STOP: "逆指値", LIMIT: "指値", MARKET: "成行" };
const typeJa = (type: string): string => TYPES_JA[type] ?? type;
const coversJa = (p: SeenPositionText): string[] => p.covers.map((c) => `${typeJa(c.type)} ${c.size}${at(c.yen)}`);

const stopsOf = (a: Asked): string => {
  const stops = [...new Set(a.stopYen ?? [])].map((stop) => yenText(stop));
  return stops.length === 0 ? "" : ` (${stops.join(", ")})`;
};
const tradesEn = (ids: readonly number[]): string =>
  ids.length === 0 ? "any position found open" : `trade${ids.length > 1 ? "s" : ""} ${ids.join(", ")}`;
const haltedEn = (a: Asked): string =>
  a.since === undefined
    ? `Entries are halted (${a.command}).`
    : `Entries are halted (${a.command}) since ${a.since} already; it is verified again.`;
const rejectedEn = (a: Asked): string => (a.rejected.length === 0 ? "" : ` Rejected: ${a.rejected.join(", ")}.`);
const askedEn = (a: Asked): string => {
  switch (a.command) {
    case "pause":
      return `${haltedEn(a)} No new proposal, no new entry until resume; a working entry order is cancelled; stops, targets and time stops continue.`;
    case "stop":
      return `${haltedEn(a)}${rejectedEn(a)} Entry orders are being cancelled at the exchange; stops stay. Only resume ends it.`;
    case "panic":
      return `${haltedEn(a)}${rejectedEn(a)} Entry orders are being cancelled and ${tradesEn(a.tradeIds)} closed at market, until flat. Only resume ends it.`;
    case "close":
      return a.tradeIds.length === 0
        ? "No trade is open or pending; the exchange is checked anyway."
        : `${tradesEn(a.tradeIds)} will be closed: a limit order for a few seconds, then market. Trading continues.`;
    case "rejectAll":
      return a.rejected.length === 0 ? "No proposal is open." : rejectedEn(a).trim();
    case "resume":
      return "Resume: the exchange is compared with the book first.";
    case "adopt":
      return `Position ${a.positionId} is looked up at the exchange.`;
    case "keepStop":
      return `The stop of ${tradesEn(a.tradeIds)} stays where it was put${stopsOf(a)}; it counts as approved.`;
    case "restoreStop":
      return `The stop of ${tradesEn(a.tradeIds)} returns to where it was${stopsOf(a)}; where the price has passed it, the position is closed at market.`;
    default:
      return a.command satisfies never;
  }
};
const tradesJa = (ids: readonly number[]): string => (ids.length === 0 ? "残っている建玉" : `取引 ${ids.join("、")}`);
const haltedJa = (a: Asked): string =>
  a.since === undefined
    ? `新規注文を停止しました（/${a.command}）。`
    : `新規注文は ${a.since} から停止中です（/${a.command}）。もう一度確認します。`;
const rejectedJa = (a: Asked): string => (a.rejected.length === 0 ? "" : ` 却下: ${a.rejected.join("、")}。`);
const askedJa = (a: Asked): string => {
  switch (a.command) {
    case "pause":
      return `${haltedJa(a)} 再開（/resume）まで提案も新規注文も行いません。発注中の新規注文は取り消します。損切り・利確・最長保有は続きます。`;
    case "stop":
      return `${haltedJa(a)}${rejectedJa(a)} 取引所の新規注文を取り消しています。損切り注文は残します。解除は /resume のみです。`;
    case "panic":
      return `${haltedJa(a)}${rejectedJa(a)} 新規注文を取り消し、${tradesJa(a.tradeIds)}を成行で決済します（建玉がなくなるまで）。解除は /resume のみです。`;
    case "close":
      return a.tradeIds.length === 0
        ? "保有中・発注中の取引はありません。取引所にも確認します。"
        : `${tradesJa(a.tradeIds)}を決済します（数秒の指値、その後成行）。取引は続きます。`;
    case "rejectAll":
      return a.rejected.length === 0 ? "回答待ちの提案はありません。" : rejectedJa(a).trim();
    case "resume":
      return "再開: まず取引所と帳簿を照合します。";
    case "adopt":
      return `建玉 ${a.positionId} を取引所に照会します。`;
    case "keepStop":
      return `${tradesJa(a.tradeIds)}の損切りは動かされた位置のままとします${stopsOf(a)}。承認済みとして扱います。`;
    case "restoreStop":
      return `${tradesJa(a.tradeIds)}の損切りを元の位置に戻します${stopsOf(a)}。価格がすでに越えていれば成行で決済します。`;
    default:
      return a.command satisfies never;
  }
};

const en = {
  asked: askedEn,
  head: (p: { command: Command; id: number; outcome: "done" | "refused" }) =>
    `${NAMES[p.command]} #${p.id} ${p.outcome === "done" ? "done" : "REFUSED"}`,
  notDone: (p: { command: Command; id: number; why: string }) =>
    `${NAMES[p.command]} #${p.id} is not done yet: ${p.why}. It is retried, and you get a message when it is done`,
  paused: "entries are paused until resume, also after a restart; stops, targets and time stops continue",
  stopped: "entries are stopped until resume, also after a restart; stops, targets and time stops continue",
  flat: "flat, and entries are stopped until resume",
  tradeIs: (p: { id: number; status: string }) => `trade ${p.id} is ${p.status}`,
  stopKept: "the stop counts as approved where it rests now",
  noTrade: "no trade was open or pending",
  noProposal: "no proposal was open",
  rejected: (p: { ids: readonly string[] }) => `rejected: ${p.ids.join(", ")}`,
  seenAt: (p: { time: string }) => `at the exchange, ${p.time}:`,
  noEntry: "no entry order of ours",
  entries: (p: { orders: readonly SeenOrderText[] }) => `ENTRY ORDERS still there: ${p.orders.map(orderEn).join("; ")}`,
  noPosition: "no position of ours",
  position: (p: SeenPositionText) =>
    `${pairText(p.symbol)} ${p.direction} ${p.size} from ${yenText(p.yen)} (trade ${p.tradeId}): ${[...(p.bare === undefined ? [] : [`BARE ${p.bare}`]), ...covers(p)].join(", ") || "covered"}`,
  foreignPosition: (p: SeenPositionText) =>
    `not ours, left alone: ${pairText(p.symbol)} ${p.direction} ${p.size}, position ${p.positionId}`,
  foreignOrder: (p: SeenOrderText) => `not ours, left alone: ${orderEn(p)}`,
  adopted: (p: {
    positionId: string;
    tradeId: number;
    stopYen: number;
    tp1Yen: number;
    tp2Yen: number;
    timeStop: string;
  }) =>
    `position ${p.positionId} is trade ${p.tradeId} now: stop ${yenText(p.stopYen)}, TP1 ${yenText(p.tp1Yen)}, TP2 ${yenText(p.tp2Yen)}, time stop ${p.timeStop}; its stop is being placed`,
  notAdoptable: (p: { why: NotAdoptable }) => NOT_ADOPTABLE_EN[p.why],
  unexplained: (p: { text: string }) => `unexplained: ${p.text}`,
  agreed: (p: { kinds: readonly string[] }) => `the venue and the book agree; ended: ${p.kinds.join(", ")}`,
  nothingPaused: "nothing was paused or stopped",
  allowed: "entries are allowed again",
  stillHalted: "entries are still halted:",
  nothingChanged: (p: { why: string }) => `${p.why}; nothing was changed`,
  overtaken: (p: { command: string }) => `${p.command} was requested after it`,
  tooOld: "it was requested more than 5 minutes ago, request it again",
  notFlat: (p: { trades: readonly { id: number; symbol: string; status: string }[] }) =>
    `the panic is not flat yet: ${p.trades.map((t) => `trade ${t.id} (${pairText(t.symbol)}) is ${t.status}`).join(", ")}`,
  disagree: (p: { differences: readonly string[] }) => `the venue and the book disagree: ${p.differences.join("; ")}`,
  unsettled: (p: { ids: readonly number[] }) =>
    `order ${p.ids.join(", ")} got no answer and is still being searched for`,
  silent: (p: { code: string; message: string }) => `the venue does not respond correctly (${p.code}: ${p.message})`,
};

export const owner = inBoth(en, {
  asked: askedJa,
  head: (p) => `${NAMES_JA[p.command]} #${p.id} ${p.outcome === "done" ? "完了" : "実行できません"}`,
  notDone: (p) =>
    `${NAMES_JA[p.command]} #${p.id} はまだ完了していません: ${p.why}。続けて試し、完了したらお知らせします`,
  paused: "再開（/resume）まで新規注文を止めています。再起動しても続きます。損切り・利確・最長保有は続きます",
  stopped: "再開（/resume）まで取引を停止しています。再起動しても続きます。損切り・利確・最長保有は続きます",
  flat: "建玉はありません。再開（/resume）まで新規注文を止めています",
  tradeIs: (p) => `取引 ${p.id}: ${statusJa(p.status)}`,
  stopKept: "損切り注文は今の位置で承認済みとして扱います",
  noTrade: "保有中・発注中の取引はありませんでした",
  noProposal: "回答待ちの提案はありませんでした",
  rejected: (p) => `却下: ${p.ids.join("、")}`,
  seenAt: (p) => `取引所で確認（${p.time}）:`,
  noEntry: "本システムの新規注文はありません",
  entries: (p) => `新規注文が残っています: ${p.orders.map(orderJa).join("、")}`,
  noPosition: "本システムの建玉はありません",
  position: (p) =>
    `${pairText(p.symbol)} ${p.direction === "long" ? "買い" : "売り"} ${p.size} ${yenText(p.yen)}（取引 ${p.tradeId}）: ${[...(p.bare === undefined ? [] : [`保護なし ${p.bare}`]), ...coversJa(p)].join("、") || "保護あり"}`,
  foreignPosition: (p) =>
    `本システムのものではないため触れません: ${pairText(p.symbol)} ${p.direction === "long" ? "買い" : "売り"} ${p.size}、建玉 ${p.positionId}`,
  foreignOrder: (p) => `本システムのものではないため触れません: ${orderJa(p)}`,
  adopted: (p) =>
    `建玉 ${p.positionId} を取引 ${p.tradeId} として引き取りました。損切り ${yenText(p.stopYen)}、利確1 ${yenText(p.tp1Yen)}、利確2 ${yenText(p.tp2Yen)}、最長保有 ${p.timeStop} まで。損切り注文を発注中です`,
  notAdoptable: (p) => NOT_ADOPTABLE_JA[p.why],
  unexplained: (p) => `説明のつかない差異: ${p.text}`,
  agreed: (p) => `取引所と帳簿は一致しています。解除: ${p.kinds.map((kind) => `/${kind}`).join("、")}`,
  nothingPaused: "停止中のものはありませんでした",
  allowed: "新規注文を再開しました",
  stillHalted: "新規注文はまだ停止中です:",
  nothingChanged: (p) => `${p.why}。何も変更していません`,
  overtaken: (p) => `その後に /${p.command} が指示されています`,
  tooOld: "5分以上前の指示です。もう一度指示してください",
  notFlat: (p) =>
    `/panic の決済が終わっていません: ${p.trades.map((t) => `取引 ${t.id}（${pairText(t.symbol)}）${statusJa(t.status)}`).join("、")}`,
  disagree: (p) => `取引所と帳簿が一致しません: ${p.differences.join("、")}`,
  unsettled: (p) => `注文 ${p.ids.join("、")} の応答がなく、確認中です`,
  silent: (p) => `取引所が正常に応答しません（${p.code}: ${p.message}）`,
});
