// Alerts about orders and positions of ours that were changed on the exchange's page, and the two answers to a moved stop.
import type { ChangedField, OrderChange } from "../orderChanges.ts";
import type { AlertText } from "./alertTexts.ts";
import { pairText, yenText } from "./format.ts";
import { inBoth } from "./locale.ts";

type Purpose = "entry" | "stop" | "takeProfit" | "exit";
/** What the system does about a changed order. */
export type ChangeEffect =
  /** The new numbers hold from now on. */
  | "takenOver"
  /** An entry at a price or of a size that was not approved. */
  | "cancelled"
  /** Part of the position is not covered by its stop. */
  | "coverAgain"
  /** Another side, type or settle type: not our order any more. */
  | "replaced"
  /** It was filled before the change was noticed. */
  | "filled";
interface Changed {
  readonly purpose: Purpose;
  readonly symbol: string;
  readonly tradeId: number;
  /** The venue's id. */
  readonly orderId: string;
  readonly changes: readonly OrderChange[];
  readonly effect: ChangeEffect;
}
interface Moved {
  readonly symbol: string;
  readonly tradeId: number;
  readonly size: string;
  readonly oursYen: number;
  readonly theirsYen: number;
  /** Loss at the approved stop, and at the stop as it rests now. */
  readonly approvedYen: number;
  readonly nowYen: number;
}
interface Losscut {
  readonly symbol: string;
  readonly tradeId: number;
  readonly positionId: string;
  readonly before: string;
  readonly after: string;
  /** It stands before the stop. */
  readonly first: boolean;
}

const ORDER: Readonly<Record<Purpose, string>> = {
  entry: "entry order",
  stop: "stop",
  takeProfit: "take-profit",
  exit: "closing order",
};
const ORDER_JA: Readonly<Record<Purpose, string>> = {
  entry: "新規注文",
  stop: "損切り注文",
  takeProfit: "利確注文",
  exit: "決済注文",
};
const FIELD: Readonly<Record<ChangedField, string>> = {
  side: "side",
  executionType: "type",
  settleType: "settle type",
  price: "price",
  size: "size",
  losscutPrice: "loss-cut price",
};
const FIELD_JA: Readonly<Record<ChangedField, string>> = {
  side: "売買",
  executionType: "執行条件",
  settleType: "新規・決済",
  price: "価格",
  size: "数量",
  losscutPrice: "ロスカット価格",
};
const VALUES_JA: Readonly<Record<string, string>> = {
  BUY: "買い",
  SELL: "売り",
  STOP: "逆指値",
  LIMIT: "指値",
  MARKET: "成行",
  OPEN: "新規",
  CLOSE: "決済",
  none: "なし",
};
const listEn = (changes: readonly OrderChange[]): string =>
  changes.map((c) => `${FIELD[c.field]} ${c.before} → ${c.after}`).join(", ");
const listJa = (changes: readonly OrderChange[]): string =>
  changes
    .map((c) => `${FIELD_JA[c.field]} ${VALUES_JA[c.before] ?? c.before} → ${VALUES_JA[c.after] ?? c.after}`)
    .join("、");

const DID: Readonly<Record<ChangeEffect, string>> = {
  takenOver: "taken over: the book shows the new numbers, and nothing moves them back",
  cancelled: "it is being cancelled, because this was not approved; no other entry follows",
  coverAgain: "the uncovered part counts as unprotected: the stop is placed again for the whole size",
  replaced: "it is being cancelled; a position it should protect gets its stop again at once",
  filled: "it filled before the change was seen; it is booked as it filled",
};
const DID_JA: Readonly<Record<ChangeEffect, string>> = {
  takenOver: "新しい内容を帳簿に反映しました。元に戻すことはしません",
  cancelled: "承認の範囲外のため取り消しています。新規注文は出し直しません",
  coverAgain: "足りない分は保護なしとみなし、全量の損切り注文を出し直します",
  replaced: "取り消しています。保護すべき建玉には直ちに損切り注文を出し直します",
  filled: "気づく前に約定しました。約定のとおり記帳しました",
};

const alert = (what: string, detail: string, did: string, todo: string): AlertText => ({ what, detail, did, todo });

const en = {
  changed: (p: Changed) =>
    alert(
      `the ${ORDER[p.purpose]} of ${pairText(p.symbol)} was changed on the exchange's page`,
      `trade ${p.tradeId}, order ${p.orderId}: ${listEn(p.changes)}`,
      DID[p.effect],
      `/positions, /orders; if this was not you, change your exchange password and keys, and /close ${p.tradeId}`,
    ),
  moved: (p: Moved) =>
    alert(
      `the stop of ${p.size} ${pairText(p.symbol)} now risks ${yenText(p.nowYen)}, approved were ${yenText(p.approvedYen)}`,
      `trade ${p.tradeId}: the stop was moved on the exchange's page from ${yenText(p.oursYen)} to ${yenText(p.theirsYen)}`,
      "new entries are paused until you answer; the stop stays where it was put and is not moved back without your answer",
      `the buttons below, or trader keep-stop ${p.tradeId} (it counts as approved), trader restore-stop ${p.tradeId} (ours returns to ${yenText(p.oursYen)}; where the price has passed it, the position is closed at market)`,
    ),
  losscut: (p: Losscut) =>
    alert(
      `the loss-cut price of a ${pairText(p.symbol)} position was changed on the exchange's page`,
      `trade ${p.tradeId}, position ${p.positionId}: ${p.before} → ${p.after}${p.first ? "; it stands before the stop" : ""}`,
      "the book shows it; our stop stays as it is",
      p.first
        ? "the exchange would close the position before our stop, for a fee of 0.5 %: move it back on the exchange's page if you do not want that"
        : "no action is needed if this was you; the exchange's page changes it",
    ),
  shrunk: (p: { size: string; symbol: string; tradeId: number }) =>
    alert(
      `${p.size} ${pairText(p.symbol)} has no protection`,
      `trade ${p.tradeId}: its stop was made smaller at the exchange`,
      "new entries are paused; the stop is being placed again for the whole size",
      `/close ${p.tradeId}; if that does not help, close it on the exchange's own page`,
    ),
  keep: "Keep the stop there",
  restore: "Put ours back",
  answered: "this stop is answered already, or no longer open; nothing was changed",
};

export const changes = inBoth(en, {
  changed: (p) =>
    alert(
      `${pairText(p.symbol)} の${ORDER_JA[p.purpose]}が取引所の画面で変更されました`,
      `取引 ${p.tradeId}、注文 ${p.orderId}: ${listJa(p.changes)}`,
      DID_JA[p.effect],
      `/positions、/orders で確認。心当たりがなければ取引所のパスワードとキーを変更し、/close ${p.tradeId}`,
    ),
  moved: (p) =>
    alert(
      `${p.size} ${pairText(p.symbol)} の損切りの損失見込みが ${yenText(p.nowYen)} になりました（承認は ${yenText(p.approvedYen)}）`,
      `取引 ${p.tradeId}: 損切り注文が取引所の画面で ${yenText(p.oursYen)} から ${yenText(p.theirsYen)} に動かされました`,
      "回答があるまで新規注文を停止します。損切り注文は動かされた位置のままで、回答なしに元へは戻しません",
      `下のボタン、または trader keep-stop ${p.tradeId}（承認済みとして扱う）、trader restore-stop ${p.tradeId}（${yenText(p.oursYen)} に戻す。価格がすでに越えていれば成行で決済）`,
    ),
  losscut: (p) =>
    alert(
      `${pairText(p.symbol)} の建玉のロスカット価格が取引所の画面で変更されました`,
      `取引 ${p.tradeId}、建玉 ${p.positionId}: ${VALUES_JA[p.before] ?? p.before} → ${VALUES_JA[p.after] ?? p.after}${p.first ? "。損切りより手前です" : ""}`,
      "帳簿に反映しました。損切り注文はそのままです",
      p.first
        ? "取引所が損切りより先に 0.5 % の手数料で決済します。望まない場合は取引所の画面で戻してください"
        : "ご自身の操作なら対応は不要です。変更は取引所の画面で行えます",
    ),
  shrunk: (p) =>
    alert(
      `${p.size} ${pairText(p.symbol)} に損切り注文がありません`,
      `取引 ${p.tradeId}: 損切り注文の数量が取引所で減らされました`,
      "新規注文を停止し、全量の損切り注文を出し直しています",
      `/close ${p.tradeId} で決済。解消しなければ取引所の画面で決済してください`,
    ),
  keep: "そのままにする",
  restore: "元に戻す",
  answered: "この損切りは回答済みか、すでに対象がありません。何も変更していません",
});
