// The replies to the owner's read-only commands, in lines that fit a phone (about 40 columns for rows), and the menu of all
// commands. Composed in handlers/answers/.
import type { NoSignalKind } from "../noSignal.ts";
import { cut, durationText, pairText, percentText, signedPercent, signedYen, yenText } from "./format.ts";
import { inBoth } from "./locale.ts";
import { words } from "./words.ts";

type Side = "long" | "short";
const orNone = (lines: string): string => (lines === "" ? "–" : lines);

const menuEn = {
  status: "State, open trades, problems",
  positions: "Open trades with stop, targets and result so far",
  orders: "Orders at the exchange",
  signals: "The last judged bars",
  why: "Reasons for a bar or proposal: /why, /why ID, /why 14:15",
  daily: "Report of today; /daily 2025-08-12 of a past day",
  weekly: "Report of this week; /weekly 2025-08-12 of a past one",
  monthly: "Report of this month; /monthly 2025-08 of a past one",
  performance: "Trades of the last 30 days: win rate, break-even, drawdown",
  risk: "Loss limits, trades of the day, sizes",
  health: "Prices, jobs, alerts, this bot",
  model: "The model, its age and its last results",
  pause: "No new trades until /resume",
  resume: "Allow new trades again (asks to confirm)",
  stop: "Stop trading: no entries, open proposals rejected",
  panic: "Close everything at market (asks to confirm)",
  close: "Close all trades or one: /close 5 (asks to confirm)",
  reject_all: "Reject every open proposal",
  config: "Settings that differ from the defaults",
  quiet: "Mute kinds of messages: /quiet info",
  help: "This list",
  start: "Who this bot is",
};
export const menu = inBoth(menuEn, {
  status: "稼働状況・保有・問題点",
  positions: "保有中の取引（損切り・利確・現在の損益）",
  orders: "取引所に出ている注文",
  signals: "最近判定した足",
  why: "判定の理由: /why 、/why 番号 、/why 14:15",
  daily: "本日のレポート（/daily 2025-08-12 で過去の日）",
  weekly: "今週のレポート（/weekly 2025-08-12 で過去の週）",
  monthly: "今月のレポート（/monthly 2025-08 で過去の月）",
  performance: "直近30日の成績（勝率・損益分岐・DD）",
  risk: "損失上限・本日の取引数・数量",
  health: "価格・ジョブ・アラート・ボットの状態",
  model: "モデルの情報と最近の成績",
  pause: "/resume まで新規の取引を止める",
  resume: "新規の取引を再開（確認あり）",
  stop: "取引停止（新規なし、提案は却下）",
  panic: "すべて成行で決済（確認あり）",
  close: "決済: すべて、または /close 5（確認あり）",
  reject_all: "未回答の提案をすべて却下",
  config: "初期値と異なる設定",
  quiet: "通知の種類ごとの停止と再開",
  help: "コマンド一覧",
  start: "このボットについて",
});

const en = {
  statusTitle: (p: { time: string }) => `STATUS ${p.time}`,
  account: (p: { account: "replay" | "paper" | "live" }) =>
    ({ paper: "PAPER: no real money", replay: "REPLAY: recorded prices", live: "LIVE: real money" })[p.account],
  entriesOn: "✅ new trades are allowed",
  halt: (p: { what: string; ends: string }) => `⛔ ${p.what}\n   ${p.ends}`,
  until: (p: { time: string }) => `until ${p.time}`,
  equity: (p: { yen: number; todayYen: number | undefined; time: string }) =>
    `Equity ${yenText(p.yen)}, today ${signedYen(p.todayYen)}, as of ${p.time}`,
  noEquity: "Equity not known before the first bar",
  counts: (p: { open: number; working: number; proposals: number }) =>
    `Trades open ${p.open}, entering ${p.working}, proposals ${p.proposals}`,
  today: (p: { count: number; limit: number }) => `Trades today ${p.count} of ${p.limit}`,
  lastMarket: (p: { time: string }) => `Last market data ${p.time}`,
  noMarket: "No market data yet",
  deadJobs: (p: { count: number }) => `Jobs failed permanently: ${p.count}`,
  alertLine: (p: { text: string }) => `🔔 ${cut(p.text, 120)}`,
  allWell: "No problems",

  noPositions: "No open trade",
  position: (p: { id: number; side: Side; symbol: string; coins: string }) =>
    `#${p.id} ${words.en.direction[p.side]} ${pairText(p.symbol)} ${p.coins}`,
  entering: (p: { yen: number }) => `  entering at ${yenText(p.yen)}`,
  held: (p: { yen: number; ms: number }) => `  from ${yenText(p.yen)}, held ${durationText(p.ms)}`,
  priced: (p: { yen: number; ageMs: number; resultYen: number; ratio: number | undefined }) =>
    `  now ${yenText(p.yen)} (${durationText(p.ageMs)} ago)\n  open P&L ${signedYen(p.resultYen)} (${signedPercent(p.ratio)})`,
  notPriced: (p: { since: string | undefined }) =>
    p.since === undefined ? "  no price yet" : `  no price since ${p.since}, open P&L not known`,
  nothingHeld: "  nothing held any more, being ended",
  closedPart: (p: { yen: number }) => `  closed part ${signedYen(p.yen)}`,
  openTotal: (p: { yen: number; ratio: number | undefined; beforeFees: boolean }) =>
    `Open P&L ${signedYen(p.yen)} (${signedPercent(p.ratio)})${p.beforeFees ? " before the fees of closing" : ""}`,
  openTotalUnknown: (p: { symbols: readonly string[] }) =>
    `Open P&L not known: no current price of ${p.symbols.map(pairText).join(", ")}`,
  levels: (p: { stopYen: number; tp1Yen: number; tp2Yen: number }) =>
    `  stop ${yenText(p.stopYen)}\n  TP1 ${yenText(p.tp1Yen)} TP2 ${yenText(p.tp2Yen)}`,
  timeStop: (p: { time: string }) => `  time stop ${p.time}`,

  noOrders: "No order of ours at the exchange",
  order: (p: { id: number; symbol: string; side: string; type: string; size: string; yen: number | undefined }) =>
    `#${p.id} ${pairText(p.symbol)} ${p.side} ${p.type} ${p.size}${p.yen === undefined ? "" : `\n  at ${yenText(p.yen)}`}`,
  orderState: (p: { purpose: string; state: string; tradeId: number }) =>
    `  ${p.purpose}, ${p.state}, trade ${p.tradeId}`,
  purpose: { entry: "entry", stop: "stop", takeProfit: "take profit", exit: "exit" },
  orderStates: { intended: "about to be sent", sending: "sent, no answer yet", unknown: "in doubt", open: "open" },

  noSignals: "No bar was judged yet",
  silence: (p: { symbol: string; since: string; until: string | undefined; why: NoSignalKind }) =>
    `🔇 No signals of ${pairText(p.symbol)} since ${p.since}, ${p.until === undefined ? "until complete data arrives" : `until ${p.until} at the earliest`}: ${words.en.noSignal[p.why]}`,
  noSignalBar: (p: { time: string; symbol: string; why: NoSignalKind; reason: string }) =>
    `NO SIGNAL ${pairText(p.symbol)} ${p.time}: ${words.en.noSignal[p.why]}\n${cut(p.reason, 200)}`,
  signalsTitle: "Last judged bars (JST)",
  signal: (p: { time: string; symbol: string; side: Side; probability: number; rank: number | undefined }) =>
    `${p.time} ${p.symbol.slice(0, 3)} ${p.side} ${percentText(p.probability)} rank ${p.rank?.toFixed(0) ?? "–"}`,
  verdict: { judging: "  being judged", proposed: "  → proposed" },
  filtered: (p: { why: readonly string[] }) => `  → filtered${p.why.length === 0 ? "" : `: ${p.why.join(", ")}`}`,

  whyTitle: (p: { time: string; symbol: string; side: Side }) =>
    `WHY ${pairText(p.symbol)} ${p.time}, ${words.en.direction[p.side]}`,
  whyNumbers: (p: { probability: number; rank: number | undefined }) =>
    `probability ${percentText(p.probability)}, rank ${p.rank?.toFixed(1) ?? "–"}`,
  gate: (p: { pass: boolean; name: string; value: string; limit: string }) =>
    `${p.pass ? "✅" : "❌"} ${p.name}: ${orNone(p.value)}${p.limit === "" ? "" : ` / ${p.limit}`}`,
  revised: (p: { time: string }) => `Judged from an earlier version of the candles, replaced ${p.time}`,
  noGates: "It has not been judged yet",
  whyProposal: (p: { id: string; became: readonly string[] }) => [`Proposal ${p.id}`, ...p.became].join("\n  "),
  whyNotFound: (p: { found: string }) =>
    `Nothing found for "${cut(p.found, 40)}". /why alone is about the last bar; /why ID takes a proposal or trade, /why 14:15 a bar of today.`,
  reasonsTitle: "Strongest reasons",
  reason: (p: { feature: string; supports: boolean }) => `${p.supports ? "▲ for" : "▼ against"}: ${p.feature}`,

  riskTitle: (p: { time: string }) => `RISK ${p.time}`,
  lossesAsOf: (p: { time: string }) => `Losses as of ${p.time} (the account is read at each bar)`,
  loss: (p: { period: "day" | "week" | "month"; yen: number; limitYen: number; reached: boolean }) =>
    `${words.en.period[p.period]} loss ${yenText(p.yen)} of ${yenText(p.limitYen)}${p.reached ? " REACHED" : ""}`,
  perTrade: (p: { ratio: number; yen: number }) => `per trade at most ${percentText(p.ratio, 2)} = ${yenText(p.yen)}`,
  positionLimit: (p: { ratio: number; yen: number; usedYen: number }) =>
    `positions ${yenText(p.usedYen)} of ${yenText(p.yen)} (${percentText(p.ratio, 0)})`,
  stopRule: (p: { atr: number; hours: number }) => `stop ${p.atr} × ATR, at most ${p.hours} h`,

  healthTitle: (p: { time: string }) => `HEALTH ${p.time}`,
  prices: (p: { ageMs: number }) => `✅ prices are current (${durationText(p.ageMs)} old)`,
  pricesOld: (p: { symbol: string; since: string }) => `❌ no price of ${pairText(p.symbol)} since ${p.since}`,
  noPrices: (p: { symbols: readonly string[]; time: string }) =>
    `❌ no prices of ${p.symbols.map(pairText).join(", ")} since ${p.time}`,
  jobs: (p: { ready: number; running: number; parked: number; dead: number }) =>
    `${p.dead > 0 ? "❌" : "✅"} jobs: ${p.ready} waiting, ${p.running} running, ${p.parked} for you, ${p.dead} failed`,
  bot: (p: { name: string; seconds: number | undefined }) =>
    `✅ Telegram ${p.name}${p.seconds === undefined ? "" : `, last contact ${p.seconds} s ago`}`,
  botTrouble: (p: { why: string }) => `❌ ${cut(p.why, 200)}`,
  outbox: (p: { count: number }) => `messages waiting: ${p.count}`,
  alerts: (p: { count: number }) => `${p.count > 0 ? "🔔" : "✅"} open alerts: ${p.count}`,

  modelTitle: (p: { id: string }) => `MODEL ${p.id}`,
  noModel: "No model has run in this folder yet",
  modelAge: (p: { time: string; days: number }) => `data until ${p.time} (${p.days} days ago)`,
  modelDay: (p: { symbol: string; side: Side; auc: number | undefined; bars: number; brier: number | undefined }) =>
    `${p.symbol.slice(0, 3)} ${p.side}: AUC ${p.auc?.toFixed(3) ?? "–"}, ${p.bars} bars, Brier ${p.brier?.toFixed(3) ?? "–"}`,
  modelDate: (p: { date: string }) => `Results of ${p.date} (30 days)`,
  noModelDays: "No labelled day yet",
  edge: "It gives the probability of a price touch, not of a winning trade: edge not tested.",

  configTitle: "SETTINGS other than the default",
  configNone: "All settings are the defaults",
  setting: (p: { name: string; value: string }) => `${p.name}\n  ${p.value}`,
  configHint: "trader config lists all with their meaning",

  startTitle: "CryptoTrader: signals, approvals and reports",
  startText: (p: { minutes: number }) =>
    `Each proposal comes with buttons and is valid for ${p.minutes} minutes. No answer means no trade.`,
  helpTitle: "COMMANDS",
  helpLine: (p: { command: string; what: string }) => `/${p.command}\n  ${p.what}`,
};

export const answers = inBoth(en, {
  statusTitle: (p) => `状況 ${p.time}`,
  account: (p) =>
    ({ paper: "ペーパー取引（実際のお金は動きません）", replay: "リプレイ（過去の価格）", live: "本番（実際のお金）" })[
      p.account
    ],
  entriesOn: "✅ 新規の取引は可能です",
  halt: (p) => `⛔ ${p.what}\n   ${p.ends}`,
  until: (p) => `${p.time} まで`,
  equity: (p) => `資産 ${yenText(p.yen)}、本日 ${signedYen(p.todayYen)}（${p.time} 時点）`,
  noEquity: "資産は最初の足まで不明です",
  counts: (p) => `保有 ${p.open}、発注中 ${p.working}、提案 ${p.proposals}`,
  today: (p) => `本日の取引 ${p.count} / ${p.limit}`,
  lastMarket: (p) => `最新の市場データ ${p.time}`,
  noMarket: "市場データはまだありません",
  deadJobs: (p) => `失敗したジョブ: ${p.count}`,
  alertLine: (p) => `🔔 ${cut(p.text, 120)}`,
  allWell: "問題はありません",

  noPositions: "保有中の取引はありません",
  position: (p) => `#${p.id} ${words.ja.direction[p.side]} ${pairText(p.symbol)} ${p.coins}`,
  entering: (p) => `  ${yenText(p.yen)} で発注中`,
  held: (p) => `  取得 ${yenText(p.yen)}、保有時間 ${durationText(p.ms)}`,
  priced: (p) =>
    `  現在 ${yenText(p.yen)}（${durationText(p.ageMs)} 前）\n  含み損益 ${signedYen(p.resultYen)}（${signedPercent(p.ratio)}）`,
  notPriced: (p) =>
    p.since === undefined ? "  価格はまだありません" : `  ${p.since} 以降の価格がないため、含み損益は不明です`,
  nothingHeld: "  保有数量は 0 です（終了処理中）",
  closedPart: (p) => `  決済済みの分 ${signedYen(p.yen)}`,
  openTotal: (p) =>
    `含み損益の合計 ${signedYen(p.yen)}（${signedPercent(p.ratio)}）${p.beforeFees ? "決済手数料の控除前" : ""}`,
  openTotalUnknown: (p) => `含み損益の合計は不明です: ${p.symbols.map(pairText).join(", ")} の現在の価格がありません`,
  levels: (p) => `  損切り ${yenText(p.stopYen)}\n  利確1 ${yenText(p.tp1Yen)} 利確2 ${yenText(p.tp2Yen)}`,
  timeStop: (p) => `  最長保有 ${p.time} まで`,

  noOrders: "取引所に本システムの注文はありません",
  order: (p) =>
    `#${p.id} ${pairText(p.symbol)} ${p.side} ${p.type} ${p.size}${p.yen === undefined ? "" : `\n  ${yenText(p.yen)}`}`,
  orderState: (p) => `  ${p.purpose}、${p.state}、取引 ${p.tradeId}`,
  purpose: { entry: "新規", stop: "損切り", takeProfit: "利確", exit: "決済" },
  orderStates: { intended: "送信前", sending: "送信済み・回答待ち", unknown: "不明（確認中）", open: "有効" },

  noSignals: "判定した足はまだありません",
  silence: (p) =>
    `🔇 ${pairText(p.symbol)} はシグナルなし（${p.since} から、${p.until === undefined ? "データが揃うまで" : `早くて ${p.until} まで`}）: ${words.ja.noSignal[p.why]}`,
  noSignalBar: (p) => `シグナルなし ${pairText(p.symbol)} ${p.time}: ${words.ja.noSignal[p.why]}`,
  signalsTitle: "最近判定した足（JST）",
  signal: (p) =>
    `${p.time} ${p.symbol.slice(0, 3)} ${p.side === "long" ? "買い" : "売り"} ${percentText(p.probability)} 順位 ${p.rank?.toFixed(0) ?? "–"}`,
  verdict: { judging: "  判定中", proposed: "  → 提案" },
  filtered: (p) => `  → 見送り${p.why.length === 0 ? "" : `: ${p.why.join("、")}`}`,

  whyTitle: (p) => `理由 ${pairText(p.symbol)} ${p.time}、${words.ja.direction[p.side]}`,
  whyNumbers: (p) => `確率 ${percentText(p.probability)}、順位 ${p.rank?.toFixed(1) ?? "–"}`,
  gate: (p) => `${p.pass ? "✅" : "❌"} ${p.name}: ${orNone(p.value)}${p.limit === "" ? "" : ` / ${p.limit}`}`,
  revised: (p) => `足の以前の値で判定しました（${p.time} に差し替え）`,
  noGates: "まだ判定されていません",
  whyProposal: (p) => [`提案 ${p.id}`, ...p.became].join("\n  "),
  whyNotFound: (p) =>
    `「${cut(p.found, 40)}」は見つかりません。/why は最新の足、/why 番号 は提案または取引、/why 14:15 は本日の足です。`,
  reasonsTitle: "主な理由（強い順）",
  reason: (p) => `${p.supports ? "▲ 支持" : "▼ 不利"}: ${p.feature}`,

  riskTitle: (p) => `リスク ${p.time}`,
  lossesAsOf: (p) => `損失（${p.time} 時点、足ごとに更新）`,
  loss: (p) =>
    `${words.ja.period[p.period]}損失 ${yenText(p.yen)} / 上限 ${yenText(p.limitYen)}${p.reached ? "（到達）" : ""}`,
  perTrade: (p) => `1取引の上限 ${percentText(p.ratio, 2)} = ${yenText(p.yen)}`,
  positionLimit: (p) => `保有 ${yenText(p.usedYen)} / 上限 ${yenText(p.yen)}（${percentText(p.ratio, 0)}）`,
  stopRule: (p) => `損切り ATR × ${p.atr}、最長 ${p.hours} 時間`,

  healthTitle: (p) => `健全性 ${p.time}`,
  prices: (p) => `✅ 価格を受信しています（${durationText(p.ageMs)} 前）`,
  pricesOld: (p) => `❌ ${pairText(p.symbol)} の価格が ${p.since} からありません`,
  noPrices: (p) => `❌ ${p.symbols.map(pairText).join(", ")} の価格がありません（${p.time} から）`,
  jobs: (p) =>
    `${p.dead > 0 ? "❌" : "✅"} ジョブ: 待機 ${p.ready}、実行中 ${p.running}、回答待ち ${p.parked}、失敗 ${p.dead}`,
  bot: (p) => `✅ テレグラム ${p.name}${p.seconds === undefined ? "" : `、${p.seconds} 秒前に受信`}`,
  botTrouble: (p) => `❌ ${cut(p.why, 200)}`,
  outbox: (p) => `送信待ちのメッセージ: ${p.count}`,
  alerts: (p) => `${p.count > 0 ? "🔔" : "✅"} 未解決のアラート: ${p.count}`,

  modelTitle: (p) => `モデル ${p.id}`,
  noModel: "このフォルダーではまだモデルが動いていません",
  modelAge: (p) => `学習データ ${p.time} まで（${p.days} 日前）`,
  modelDay: (p) =>
    `${p.symbol.slice(0, 3)} ${p.side === "long" ? "買い" : "売り"}: AUC ${p.auc?.toFixed(3) ?? "–"}、${p.bars} 本、ブライア ${p.brier?.toFixed(3) ?? "–"}`,
  modelDate: (p) => `${p.date} の成績（30日間）`,
  noModelDays: "ラベル付けされた日はまだありません",
  edge: "価格に到達する確率を示すもので、取引の勝率ではありません（優位性は未検証）。",

  configTitle: "初期値と異なる設定",
  configNone: "すべて初期値です",
  setting: (p) => `${p.name}\n  ${p.value}`,
  configHint: "trader config ですべての設定と意味を表示します",

  startTitle: "シグナル・承認・レポートのボットです",
  startText: (p) => `提案にはボタンが付き、${p.minutes}分間有効です。回答がなければ取引しません。`,
  helpTitle: "コマンド",
  helpLine: (p) => `/${p.command}\n  ${p.what}`,
});
