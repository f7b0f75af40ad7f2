// The alerts about the API key and about requests that were held back: what only a person can set right.
import type { KeyRight } from "../keyRights.ts";
import type { AlertText } from "./alertTexts.ts";
import { inBoth } from "./locale.ts";

const rightEn: Readonly<Record<KeyRight, string>> = {
  order: "new orders",
  closeOrder: "closing orders",
  cancelOrder: "cancelling orders",
  changeOrder: "changing orders",
  changeLosscutPrice: "changing the loss-cut price",
  closeBulkOrder: "closing several positions at once",
  cancelBulkOrder: "cancelling several orders at once",
  transfer: "transfers",
};
const rightJa: Readonly<Record<KeyRight, string>> = {
  order: "新規注文",
  closeOrder: "決済注文",
  cancelOrder: "注文キャンセル",
  changeOrder: "注文変更",
  changeLosscutPrice: "ロスカットレート変更",
  closeBulkOrder: "一括決済注文",
  cancelBulkOrder: "注文の一括キャンセル",
  transfer: "振替",
};
const PAUSED_EN = "new entries are paused";

const en = {
  rightName: rightEn,
  fenced: (p: { message: string }): AlertText => ({
    what: "a request to the exchange that nobody approved was held back",
    detail: p.message,
    did: `nothing was sent; ${PAUSED_EN} until /resume; open positions stay managed`,
    todo: "this is a fault of the program: keep trader audit and the logs for the report, look at your orders on the exchange's page, then /resume",
  }),
  rightsMissing: (p: { rights: readonly KeyRight[] }): AlertText => ({
    what: `the API key lacks rights: ${p.rights.map((r) => rightEn[r]).join(", ")}`,
    detail: "refused with ERR-5012; the same answer comes from an address that the key's list does not hold",
    did: `${PAUSED_EN}; what is open may not be manageable: look at it on the exchange's page`,
    todo: "tick these boxes for the key on the exchange's API page (and check its address list); it is asked again every five minutes",
  }),
};

export const keyAlerts = inBoth(en, {
  rightName: rightJa,
  fenced: (p) => ({
    what: "承認のない取引所へのリクエストを止めました",
    detail: p.message,
    did: "何も送信していません。新規注文は /resume まで停止します。建玉の管理は続きます",
    todo: "プログラムの不具合です。trader audit とログを保存して報告し、取引所の画面で注文を確認してから /resume してください",
  }),
  rightsMissing: (p) => ({
    what: `APIキーに権限がありません: ${p.rights.map((r) => rightJa[r]).join("、")}`,
    detail: "ERR-5012 で拒否されました。接続元のアドレスが許可リストにない場合も同じ応答です",
    did: "新規注文を停止しました。保有中の建玉を管理できない可能性があります。取引所の画面で確認してください",
    todo: "取引所のAPI設定で該当する権限を有効にし、アドレスの許可リストも確認してください。5分ごとに確認し、自動で再開します",
  }),
});
