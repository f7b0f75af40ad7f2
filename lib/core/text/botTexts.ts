// The bot's own texts: buttons, the first line of a decided proposal, notices over the chat, the conversation that modifies a
// proposal, confirmations and commands. The replies to the read-only commands are in answerTexts.ts.
import { cut, signedPercent, signedYen, yenText } from "./format.ts";
import { inBoth } from "./locale.ts";

interface Range {
  readonly low: string;
  readonly high: string;
  readonly found: string;
}

const en = {
  buttons: {
    approve: "✅ Approve",
    reject: "❌ Reject",
    modify: "✏️ Modify",
    half: "Size ½",
    quarter: "Size ¼",
    best: "Entry at the best price",
    tighter: "Stop half as far",
    newNumbers: "New numbers",
    confirm: (p: { command: string }) => `Yes, ${p.command}`,
    cancel: "No",
  },
  /** The first line of a proposal's message once it is no longer open. */
  card: {
    again: "(again)",
    who: { human: "you", timeout: "timeout", script: "script", system: "system", cli: "command line" },
    expired: (p: { time: string }) => `⌛ EXPIRED ${p.time}: no answer in time, rejected`,
    rejected: (p: { time: string; by: string }) => `❌ REJECTED ${p.time} (${p.by})`,
    waiting: (p: { time: string }) => `❔ OPEN: waits for your answer until ${p.time}`,
    overdue: (p: { time: string }) => `⌛ its time ended ${p.time}: no answer, being rejected`,
    superseded: (p: { time: string; by: string; id: string }) =>
      `✏️ CHANGED ${p.time}: replaced by another proposal, ${p.id} (${p.by})`,
    approved: (p: { time: string; by: string }) => `✅ APPROVED ${p.time} (${p.by})`,
    checking: "checking price, spread and risk before the order",
    halted: "waiting: entries are halted",
    never: (p: { time: string }) => `🚫 NOT TRADED: its time ended ${p.time} before the checks were done`,
    failed: (p: { why: string }) => `🚫 NOT TRADED: the check failed: ${cut(p.why, 200)}`,
    refused: (p: { why: string }) => `🚫 NOT TRADED: ${p.why}`,
    newNumbers: (p: { id: string }) => `asked again with new numbers: ${p.id}`,
    working: (p: { coins: string; yen: number }) => `⏳ entry order for ${p.coins} at ${yenText(p.yen)} is working`,
    open: (p: { coins: string; yen: number; stopYen: number }) =>
      `🔵 OPEN ${p.coins} at ${yenText(p.yen)}, stop ${yenText(p.stopYen)}`,
    cancelled: (p: { why: string }) => `🚫 NO TRADE: ${p.why}`,
    closed: (p: { time: string; yen: number; percent: number; exit: string }) =>
      `🏁 CLOSED ${p.time} ${signedYen(p.yen)} (${signedPercent(p.percent)}), ${p.exit}`,
  },
  notice: {
    approved: "Approved. Price, spread and risk are checked now; then the order is sent.",
    rejected: "Rejected.",
    tooLate: (p: { id: string; why: string }) => `Nothing changed: ${p.id}: ${p.why}.`,
    state: {
      pending: "its deadline has passed",
      approved: "it is already approved",
      rejected: "it is already rejected",
      expired: "its deadline has passed, it counts as rejected",
      superseded: "it was replaced by changed numbers",
    },
    changed: "Nothing changed: this button belongs to older numbers. Use the newest message.",
    unknown: "Nothing changed: there is no such proposal.",
    preparing: "Nothing changed yet: the proposal is still being prepared. Tap again in a moment.",
    badButton: "Unknown button.",
    prompted: "Choose below what to change.",
    changing: "Changed. It counts only when you approve the new message.",
    refused: (p: { why: string }) => `Nothing changed: ${cut(p.why, 150)}`,
    reproposing: "Requesting fresh numbers…",
    confirmed: "Done.",
    confirmGone: "Nothing was done: this confirmation was used or has expired. Send the command again.",
    cancelled: "Cancelled, nothing was done.",
    noPrice: "Nothing changed: no price from the exchange right now. Tap again in a moment.",
  },
  modify: {
    prompt: (p: {
      id: string;
      coins: string;
      minCoins: string;
      entry: number;
      low: number;
      high: number;
      stop: number;
    }) =>
      [
        `CHANGE ${p.id}`,
        `size ${p.minCoins} to ${p.coins} (only smaller)`,
        `entry ${yenText(p.low)} to ${yenText(p.high)}, now ${yenText(p.entry)}`,
        `stop ${yenText(p.stop)} or closer to the entry`,
        "Tap, or reply to this message, for example:",
        `size ${p.minCoins}`,
        `entry ${Math.round(p.entry)} stop ${Math.round(p.stop)}`,
        "The new numbers are shown again and count only when approved. The deadline does not change.",
      ].join("\n"),
    notUnderstood: (p: { found: string; id: string }) =>
      `Expected "size 0.002", "entry 15000000" or "stop 14900000" (one or more of them), found "${cut(p.found, 60)}". Nothing was changed. Example: /modify_${p.id} size 0.002`,
    done: (p: { id: string; next: string }) =>
      `${p.id} is replaced by ${p.next}. It counts only when you approve its message.`,
    tooSmall: (p: { min: string }) => `the result would be below the smallest size ${p.min}`,
    noRoom: "there is no other price inside the limits",
    entryRange: (p: Range) => `expected an entry on the tick between ${p.low} and ${p.high}, found ${p.found}`,
    stopRange: (p: { stop: string; entry: string; found: string }) =>
      `expected a stop on the tick between the proposed ${p.stop} and the entry ${p.entry}, found ${p.found}`,
    sizeRange: (p: Range & { step: string }) =>
      `expected a size in steps of ${p.step} from ${p.low} to ${p.high}, found ${p.found}`,
  },
  repropose: {
    title: (p: { id: string }) => `NO NEW NUMBERS for ${p.id}`,
    over: (p: { minutes: number }) => `the signal's ${p.minutes} minutes are over`,
    traded: "it was traded",
    notRefused: "it was not refused",
    pending: "new numbers were proposed already",
  },
  confirm: {
    panic: "/panic closes every position at market and cancels every order of ours. Sure?",
    close: (p: { what: string }) => `/close: ${p.what} at market. Sure?`,
    closeAll: "every open trade",
    closeOne: (p: { id: number }) => `trade ${p.id}`,
    resume: "/resume allows new trades again, as soon as the exchange and the book agree. Sure?",
    valid: "Valid for 60 seconds, once.",
    /** Under a question whose buttons are gone. */
    answered: "— answered",
    over: "— no longer valid",
  },
  command: {
    unknown: (p: { found: string }) => `Not a command: ${cut(p.found, 40)}. /help lists them.`,
    failed: (p: { command: string; why: string }) => `${p.command} did not work: ${cut(p.why, 300)}`,
    wrongUse: (p: { usage: string }) => `Expected: ${p.usage}. Nothing was done.`,
    reportQueued: "The report is being made; it will arrive in a moment.",
    quiet: (p: { muted: string; loud: string }) =>
      `QUIET: ${p.muted === "" ? "nothing is muted" : `muted: ${p.muted}`}\nnot muted: ${p.loud}\nalerts, proposals and answers are always sent`,
    kinds: { trade: "trades", report: "reports", info: "notes" },
    plainText: "I understand commands and replies that change a proposal. /help lists the commands.",
    stranger: (p: { userId: number; chatId: number }) =>
      `An unauthorised user wrote to your bot (user ${p.userId}, chat ${p.chatId}): ignored, no reply.\nReported at most once an hour. If this is you on another account, check the setting of who may use it.`,
    alertFlood: (p: { count: number }) =>
      `ALERTS: ${p.count} more in a short time, combined here. /health shows the open ones.`,
    undeliverable: (p: { key: string; why: string }) =>
      `A message could not be delivered and was given up: ${p.key}: ${cut(p.why, 200)}\ntrader audit list shows it.`,
  },
};

const ja: typeof en = {
  buttons: {
    approve: "✅ 承認",
    reject: "❌ 却下",
    modify: "✏️ 変更",
    half: "数量 ½",
    quarter: "数量 ¼",
    best: "最良気配で指値",
    tighter: "損切り幅を半分",
    newNumbers: "新しい条件",
    confirm: (p) => `はい（${p.command}）`,
    cancel: "いいえ",
  },
  card: {
    again: "（再送）",
    who: { human: "あなた", timeout: "時間切れ", script: "スクリプト", system: "システム", cli: "コマンドライン" },
    expired: (p) => `⌛ 期限切れ ${p.time}: 回答がないため却下`,
    rejected: (p) => `❌ 却下 ${p.time}（${p.by}）`,
    waiting: (p) => `❔ 回答待ち（${p.time} まで）`,
    overdue: (p) => `⌛ 期限 ${p.time} を過ぎました。回答がないため却下されます`,
    superseded: (p) => `✏️ 変更 ${p.time}: 別の提案 ${p.id} に置き換え（${p.by}）`,
    approved: (p) => `✅ 承認 ${p.time}（${p.by}）`,
    checking: "発注前に価格・スプレッド・リスクを確認中",
    halted: "待機中: 新規注文は停止されています",
    never: (p) => `🚫 取引なし: 確認が終わる前に期限 ${p.time} を過ぎました`,
    failed: (p) => `🚫 取引なし: 確認に失敗しました: ${cut(p.why, 200)}`,
    refused: (p) => `🚫 取引なし: ${p.why}`,
    newNumbers: (p) => `新しい条件で再提案: ${p.id}`,
    working: (p) => `⏳ 新規注文 ${p.coins} を ${yenText(p.yen)} で発注中`,
    open: (p) => `🔵 保有中 ${p.coins} @ ${yenText(p.yen)}、損切り ${yenText(p.stopYen)}`,
    cancelled: (p) => `🚫 取引なし: ${p.why}`,
    closed: (p) => `🏁 決済 ${p.time} ${signedYen(p.yen)}（${signedPercent(p.percent)}）、${p.exit}`,
  },
  notice: {
    approved: "承認しました。価格・スプレッド・リスクを確認してから発注します。",
    rejected: "却下しました。",
    tooLate: (p) => `変更ありません: ${p.id}: ${p.why}。`,
    state: {
      pending: "有効期限が過ぎています",
      approved: "すでに承認済みです",
      rejected: "すでに却下済みです",
      expired: "有効期限が過ぎ、却下として扱われました",
      superseded: "変更後の提案に置き換えられています",
    },
    changed: "変更ありません: このボタンは保存されている条件のものではありません。最新のメッセージを見てください。",
    unknown: "変更ありません: その提案はありません。",
    preparing: "提案を準備中です。少し後にもう一度押してください。",
    badButton: "このボタンは使えません。",
    prompted: "下から変更内容を選んでください。",
    changing: "変更しました。新しいメッセージを承認するまで有効になりません。",
    refused: (p) => `変更ありません: ${cut(p.why, 150)}`,
    reproposing: "新しい条件を確認しています…",
    confirmed: "実行しました。",
    confirmGone: "何もしていません: この確認は使用済みか、1分を過ぎています。もう一度コマンドを送ってください。",
    cancelled: "取り消しました。何もしていません。",
    noPrice: "変更ありません: 取引所の価格が取得できません。少し後にもう一度押してください。",
  },
  modify: {
    prompt: (p) =>
      [
        `変更 ${p.id}`,
        `数量 ${p.minCoins}〜${p.coins}（減らすのみ）`,
        `指値 ${yenText(p.low)}〜${yenText(p.high)}、現在 ${yenText(p.entry)}`,
        `損切り ${yenText(p.stop)} または指値に近い価格`,
        "ボタンを押すか、このメッセージに返信してください。例:",
        `数量 ${p.minCoins}`,
        `指値 ${Math.round(p.entry)} 損切り ${Math.round(p.stop)}`,
        "変更後の条件はもう一度表示され、承認するまで有効になりません。有効期限は延びません。",
      ].join("\n"),
    notUnderstood: (p) =>
      `「数量 0.002」「指値 15000000」「損切り 14900000」（複数可）の形で送ってください。受信: 「${cut(p.found, 60)}」。変更ありません。例: /modify_${p.id} 数量 0.002`,
    done: (p) => `${p.id} を ${p.next} に置き換えました。新しいメッセージを承認するまで有効になりません。`,
    tooSmall: (p) => `最小数量 ${p.min} を下回ります`,
    noRoom: "範囲内に別の価格がありません",
    entryRange: (p) => `指値は ${p.low}〜${p.high}（呼値単位）で指定してください。指定: ${p.found}`,
    stopRange: (p) => `損切りは提案の ${p.stop} と指値 ${p.entry} の間（呼値単位）で指定してください。指定: ${p.found}`,
    sizeRange: (p) => `数量は ${p.low}〜${p.high}（${p.step}単位）で指定してください。指定: ${p.found}`,
  },
  repropose: {
    title: (p) => `新しい条件はありません: ${p.id}`,
    over: (p) => `シグナルの${p.minutes}分が過ぎています`,
    traded: "すでに取引されています",
    notRefused: "見送られた提案ではありません",
    pending: "新しい条件はすでに提案済みです",
  },
  confirm: {
    panic: "/panic: すべての建玉を成行で決済し、本システムの注文をすべて取り消します。よろしいですか？",
    close: (p) => `/close: ${p.what}を成行で決済します。よろしいですか？`,
    closeAll: "すべての取引",
    closeOne: (p) => `取引 ${p.id} `,
    resume: "/resume: 取引所と帳簿が一致し次第、新規の取引を再開します。よろしいですか？",
    valid: "60秒以内、1回だけ有効です。",
    answered: "— 回答済み",
    over: "— 無効になりました",
  },
  command: {
    unknown: (p) => `コマンドではありません: ${cut(p.found, 40)}。/help で一覧を表示します。`,
    failed: (p) => `${p.command} は実行できませんでした: ${cut(p.why, 300)}`,
    wrongUse: (p) => `使い方: ${p.usage}。何もしていません。`,
    reportQueued: "レポートを作成しています。少しお待ちください。",
    quiet: (p) =>
      `通知設定: ${p.muted === "" ? "停止中の通知はありません" : `停止中: ${p.muted}`}\n通知あり: ${p.loud}\nアラート・提案・回答は常に届きます`,
    kinds: { trade: "取引", report: "レポート", info: "お知らせ" },
    plainText: "コマンドと、提案を変更する返信だけを受け付けます。/help で一覧を表示します。",
    stranger: (p) =>
      `あなた以外がボットに書き込みました（ユーザー ${p.userId}、チャット ${p.chatId}）。無視し、返信していません。\nこの通知は1時間に1回までです。ご自身の別アカウントの場合は、許可するユーザーの設定を確認してください。`,
    alertFlood: (p) =>
      `アラートが短時間に続いたため、${p.count}件をまとめてお知らせします。現在の状態は /health で確認できます。`,
    undeliverable: (p) =>
      `配信できないメッセージがあり、送信をあきらめました: ${p.key}: ${cut(p.why, 200)}\ntrader audit list で確認できます。`,
  },
};

export const buttons = inBoth(en.buttons, ja.buttons);
export const card = inBoth(en.card, ja.card);
export const notice = inBoth(en.notice, ja.notice);
export const modify = inBoth(en.modify, ja.modify);
export const repropose = inBoth(en.repropose, ja.repropose);
export const confirm = inBoth(en.confirm, ja.confirm);
export const command = inBoth(en.command, ja.command);
