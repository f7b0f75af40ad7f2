// Every alert: what happened, what the system has done, and what the owner can do. Composed into a message by composeAlert.ts.
import type { NoSignalKind } from "../noSignal.ts";
import { differenceEn, differenceJa } from "./differenceTexts.ts";
import { pairText, percentText, signedPercent, yenText } from "./format.ts";
import { inBoth } from "./locale.ts";
import { words } from "./words.ts";

export interface AlertText {
  /** What happened, in one line. */
  readonly what: string;
  /** Numbers and causes; may be empty. */
  readonly detail?: string | undefined;
  /** What the system did or does about it. */
  readonly did: string;
  /** What the owner can do, with the command. */
  readonly todo: string;
}
/** The server cannot look up names or make a connection: its own network is at fault, or the way to the exchange. */
const isOwnNetwork = (code: string): boolean => code === "VENUE_DNS" || code === "NOT_CONNECTED";

const alert = (what: string, detail: string | undefined, did: string, todo: string): AlertText => ({
  what,
  detail,
  did,
  todo,
});

type Side = "long" | "short";
type Period = keyof (typeof words)["en"]["period"];
interface Bare {
  readonly size: string;
  readonly symbol: string;
  readonly tradeId: number;
}
const listEn = (items: readonly string[]): string => items.join("; ");
const PAUSED_EN = "new entries are paused; stops at the exchange stay";
const PAUSED_JA = "新規注文を停止しました。取引所の損切り注文はそのままです";

const en = {
  lossLimit: (p: { period: Period; lossYen: number; limitYen: number; until: string }) =>
    alert(
      `${words.en.period[p.period]} loss limit reached`,
      `loss ${yenText(p.lossYen)} of at most ${yenText(p.limitYen)}`,
      `no new entries until ${p.until}; open positions keep their stops`,
      "/risk shows the limits; no action is needed",
    ),
  doubt: (p: { job: string; code: string }) =>
    alert(
      "something unexpected happened",
      `${p.job}: ${p.code}`,
      `${PAUSED_EN}; the exchange is compared with our book; trading resumes when both agree`,
      "/status; on the server: trader enqueue reconcile '{}' compares again at once",
    ),
  jobDead: (p: { id: number; name: string; code: string; comesBack: boolean }) =>
    alert(
      `job ${p.id} (${p.name}) has failed permanently`,
      p.code,
      p.comesBack
        ? "the worker retries when the exchange responds; candles of past days are missing until then"
        : "it is kept with all its errors; the other jobs continue",
      `on the server: trader jobs show ${p.id}, then trader jobs retry ${p.id} or trader jobs discard ${p.id}`,
    ),
  mismatch: (p: { keys: readonly string[] }) =>
    alert(
      "the exchange and our book disagree",
      listEn(p.keys.map(differenceEn)),
      `${PAUSED_EN}; trading resumes automatically when both agree again`,
      "compare on the exchange's page; close or cancel there what you did not intend; /positions, /orders",
    ),
  excess: (p: { size: string; approved: string; tradeId: number }) =>
    alert(
      `${p.size} more than approved were filled`,
      `trade ${p.tradeId}: an order presumed lost filled in addition to its replacement; ${p.approved} were approved`,
      "the excess has its stop and is being closed at market",
      "check the trade with trader positions; the approved part continues",
    ),
  oversold: (p: { size: string; tradeId: number }) =>
    alert(
      `${p.size} of your own coins were sold`,
      `trade ${p.tradeId}: an order presumed lost filled in addition to the order that replaced it`,
      "it is booked as a sale of your own coins; nothing is bought back",
      "check the exchange's execution history; buy the coins back there if you want them",
    ),
  estimated: (p: { size: string; yen: number; tradeId: number }) =>
    alert(
      `${p.size} were closed outside this system, the price is estimated`,
      `trade ${p.tradeId}: the exchange no longer reports the execution`,
      `booked as manual at the stop, ${yenText(p.yen)}, so that book and exchange agree; the real result differs`,
      "check the exchange's execution history and correct your own records",
    ),
  bareRefused: (p: Bare & { code: string }) =>
    alert(
      `${p.size} ${pairText(p.symbol)} has no protection`,
      `trade ${p.tradeId}: the exchange refused the order (${p.code})`,
      "new entries are paused; the protective order is retried continuously",
      `/close ${p.tradeId}; if that does not help, close it on the exchange's own page`,
    ),
  bareLost: (p: Bare & { orders: number }) =>
    alert(
      `${p.size} ${pairText(p.symbol)} may have no protection`,
      `trade ${p.tradeId}: ${p.orders} orders got no answer and cannot be found at the exchange`,
      "new entries are paused; the protective order is retried continuously",
      `/close ${p.tradeId}; if that does not help, close it on the exchange's own page`,
    ),
  blind: (p: { symbol: string; tradeId: number; code: string }) =>
    alert(
      `${pairText(p.symbol)} is not known to be protected`,
      `trade ${p.tradeId}: the exchange does not answer (${p.code})`,
      "new entries are paused; the exchange is queried continuously",
      "check the position on the exchange's own page",
    ),
  quarantine: (p: { proposals: number; jobs: number }) =>
    alert(
      "a backup was restored",
      `${p.proposals} open proposals rejected, ${p.jobs} waiting entries cancelled`,
      "new entries are paused until exchange and book agree; changes since the backup are read from the exchange",
      "no action is needed; messages of that time may arrive twice",
    ),
  progress: (p: { why: string }) =>
    alert(
      "progress.json cannot be written",
      p.why,
      "it is retried every 10 seconds; trading continues",
      "check the disk and the permissions of the state folder: a backup restored meanwhile might not be recognised",
    ),
  folderLost: (p: { why: string }) =>
    alert(
      "the state folder was deleted or replaced while the worker ran",
      p.why,
      "the worker has stopped: nothing is entered, moved or closed any more; stops at the exchange stay",
      "put the folder back, or trader restore FILE; then trader doctor and start the worker",
    ),
  /** `dns`: the server cannot look up names, so its own network is at fault, not the exchange. */
  noPrices: (p: { symbols: readonly string[]; why: string; history: readonly string[]; dns?: boolean }) =>
    alert(
      `no prices of ${p.symbols.map(pairText).join(", ")}`,
      `${p.why}${p.history.length > 0 ? `; history of ${p.history.map(pairText).join(", ")} is not collected` : ""}`,
      "no bar is judged and no entry is made until prices return; both then resume automatically",
      p.dns
        ? "the server cannot look up names: check its own network and name servers (the exchange is not the cause); trader doctor shows each host"
        : "/health, or trader status on the server; check the server's network (trader doctor shows each host) and the exchange's notices",
    ),
  noSignals: (p: { symbol: string; why: NoSignalKind; until: string | undefined }) =>
    alert(
      `no signals of ${pairText(p.symbol)}`,
      `${words.en.noSignal[p.why]}; ${p.until === undefined ? "until complete data arrives" : `until ${p.until} at the earliest`}`,
      "no bar of it is judged and no entry proposed meanwhile; open trades keep their stops and targets; it resumes by itself",
      "/why, or trader why on the server: since when, until when and why",
    ),
  aucLow: (p: { side: Side; symbol: string; modelId: string; auc: number; bars: number; limit: number }) =>
    alert(
      `the ${p.side} model of ${pairText(p.symbol)} has little predictive power`,
      `${p.modelId}: AUC ${p.auc.toFixed(3)} over 30 days and ${p.bars} bars, below ${p.limit}`,
      "notice only: signals continue",
      "/model; /pause if you do not want its signals",
    ),
  priceMove: (p: { symbol: string; move: number; limit: number; lowYen: number; highYen: number }) =>
    alert(
      `${pairText(p.symbol)} moved ${signedPercent(p.move, 1)} in 15 minutes`,
      `between ${yenText(p.lowYen)} and ${yenText(p.highYen)} (limit ${percentText(p.limit, 0)})`,
      "notice only: limits and stops are in force",
      "/positions; /pause stops new entries, /panic closes everything",
    ),
  apiFailing: (p: { count: number; code: string }) =>
    alert(
      `the exchange's API failed ${p.count} times in a row`,
      p.code,
      `${PAUSED_EN}; trading resumes after 3 successful checks`,
      isOwnNetwork(p.code)
        ? "/health, or trader status on the server; check the server's own network first (trader doctor shows each host)"
        : "/health, or trader status on the server; check the exchange's notices, and the server's network (trader doctor)",
    ),
  /** `seconds`: exchange minus server; undefined unless `far`. */
  clockOff: (p: { kind: "unknown" | "unsteady" | "refused" | "far"; seconds: number | undefined }) =>
    alert(
      p.seconds !== undefined
        ? `the exchange's clock is ${Math.abs(p.seconds).toFixed(1)} s ${p.seconds < 0 ? "behind" : "ahead of"} this server's`
        : p.kind === "unsteady"
          ? "the exchange's clock or this server's was just set"
          : p.kind === "refused"
            ? "the exchange refuses our requests for their timestamp (ERR-5008, ERR-5009)"
            : "the exchange's clock could not be measured",
      undefined,
      `${PAUSED_EN} until they are known to agree within 5 s; open positions stay managed`,
      "check that time synchronisation is active on the server (timedatectl); trader doctor shows the difference",
    ),
  ownerNotDone: (p: { command: string; id: number; seconds: number; why: string }) =>
    alert(
      `${p.command} #${p.id} is not done after ${p.seconds} s`,
      p.why,
      "it is retried, also after a restart; what it halted stays halted",
      "check the exchange's page and do by hand what cannot wait: a manual close is booked as manual",
    ),
  unanswered: (p: {
    orderId: number;
    tradeId: number;
    side: "BUY" | "SELL";
    type: string;
    size: string;
    yen: number | undefined;
    sent: string;
  }) =>
    alert(
      `order ${p.orderId} got no answer`,
      `trade ${p.tradeId}: ${p.side} ${p.type} ${p.size}${p.yen === undefined ? "" : ` at ${yenText(p.yen)}`}, sent ${p.sent}; the exchange cannot be read`,
      "new entries are paused; it is searched for continuously and never sent a second time",
      "check the lists of orders, executions and positions on the exchange's own page; cancel or close there what you did not intend; /orders",
    ),
  lossStreak: (p: { count: number; tradeIds: readonly number[]; yen: number }) =>
    alert(
      `${p.count} losing trades in a row`,
      `trades ${p.tradeIds.join(", ")}: ${yenText(p.yen)} together`,
      "notice only: limits and stops are in force",
      "/daily, /why; /pause if you want to check first",
    ),
};

export const alerts = inBoth(en, {
  lossLimit: (p) =>
    alert(
      `${words.ja.period[p.period]}の損失上限に到達しました`,
      `損失 ${yenText(p.lossYen)}（上限 ${yenText(p.limitYen)}）`,
      `${p.until} まで新規注文を停止しました。保有中の建玉の損切り注文はそのままです`,
      "/risk で上限の使用状況を確認できます。操作は不要です",
    ),
  doubt: (p) =>
    alert(
      "想定外の事象が発生しました",
      `${p.job}: ${p.code}`,
      `${PAUSED_JA}。取引所と帳簿を照合し、一致すれば自動で再開します`,
      "/status で確認。サーバーで trader enqueue reconcile '{}' を実行するとすぐに再照合します",
    ),
  jobDead: (p) =>
    alert(
      `ジョブ ${p.id}（${p.name}）が失敗し、再試行を終えました`,
      p.code,
      p.comesBack
        ? "取引所の応答が戻れば自動でやり直します。それまで過去のローソク足が不足します"
        : "エラーとともに保存しました。他のジョブは続いています",
      `サーバーで trader jobs show ${p.id} を確認し、trader jobs retry ${p.id} または trader jobs discard ${p.id} を実行してください`,
    ),
  mismatch: (p) =>
    alert(
      "取引所と帳簿が一致しません",
      p.keys.map(differenceJa).join("、"),
      `${PAUSED_JA}。一致すれば自動で再開します`,
      "取引所の画面で確認し、意図しない注文や建玉はそこで取消・決済してください。/positions、/orders も使えます",
    ),
  excess: (p) =>
    alert(
      `承認した数量を ${p.size} 超えて約定しました`,
      `取引 ${p.tradeId}: 届いていないとみなした注文が、後続の注文とは別に約定しました（承認は ${p.approved}）`,
      "超過分は逆指値で保護したうえで、成行で決済中です",
      "trader positions で取引を確認してください。承認した分はそのまま続きます",
    ),
  oversold: (p) =>
    alert(
      `ご自身のコイン ${p.size} が売却されました`,
      `取引 ${p.tradeId}: 届かなかったと判断した注文が、代わりの注文と重ねて約定しました`,
      "ご自身のコインからの売却として記帳しました。買い戻しはしません",
      "取引所の約定履歴を確認し、必要なら取引所の画面で買い戻してください",
    ),
  estimated: (p) =>
    alert(
      `${p.size} は当システム以外で決済されました。価格は推定です`,
      `取引 ${p.tradeId}: 取引所から約定の記録を取得できなくなっています`,
      `帳簿を取引所に合わせるため、損切り価格 ${yenText(p.yen)} での手動決済として記帳しました。実際の損益とは異なります`,
      "取引所の約定履歴を確認し、ご自身の記録を訂正してください",
    ),
  bareRefused: (p) =>
    alert(
      `${p.size} ${pairText(p.symbol)} に損切り注文がありません`,
      `取引 ${p.tradeId}: 取引所が注文を拒否しました（${p.code}）`,
      "新規注文を停止し、損切り注文を出し直し続けています",
      `/close ${p.tradeId} で決済。解消しなければ取引所の画面で決済してください`,
    ),
  bareLost: (p) =>
    alert(
      `${p.size} ${pairText(p.symbol)} の損切り注文が確認できません`,
      `取引 ${p.tradeId}: ${p.orders}件の注文に応答がなく、痕跡もありません`,
      "新規注文を停止し、損切り注文を出し直し続けています",
      `/close ${p.tradeId} で決済。解消しなければ取引所の画面で決済してください`,
    ),
  blind: (p) =>
    alert(
      `${pairText(p.symbol)} が保護されているか確認できません`,
      `取引 ${p.tradeId}: 取引所が応答しません（${p.code}）`,
      "新規注文を停止し、取引所への問い合わせを続けています",
      "取引所の画面で建玉を確認してください",
    ),
  quarantine: (p) =>
    alert(
      "バックアップから復元されました",
      `回答待ちの提案 ${p.proposals}件を却下、待機中の新規注文 ${p.jobs}件を取消`,
      "取引所と帳簿が一致するまで新規注文を停止し、バックアップ以降の出来事を取引所に照会します",
      "操作は不要です。その間のメッセージが二度届くことがあります",
    ),
  progress: (p) =>
    alert(
      "progress.json に書き込めません",
      p.why,
      "10秒ごとに再試行しています。取引は続いています",
      "状態フォルダのディスク容量と権限を確認してください。この間に復元したバックアップは検出できないことがあります",
    ),
  folderLost: (p) =>
    alert(
      "ワーカーの実行中に状態フォルダが削除または置き換えられました",
      p.why,
      "ワーカーは停止しました。新規注文も注文の変更や決済も行いません。取引所の損切り注文はそのままです",
      "フォルダを元に戻すか、trader restore でバックアップを復元し、trader doctor で確認してからワーカーを起動してください",
    ),
  noPrices: (p) =>
    alert(
      `${p.symbols.map(pairText).join("、")} の価格が取得できません`,
      `${p.why}${p.history.length > 0 ? `、${p.history.map(pairText).join("、")} の履歴は未取得` : ""}`,
      "価格が戻るまで判定も新規注文も行いません。戻れば自動で再開します",
      p.dns
        ? "サーバーが名前解決（DNS）できません。取引所ではなくサーバー自身のネットワークとネームサーバーを確認してください。trader doctor で接続先ごとに確認できます"
        : "/health、またはサーバーで trader status。サーバーの通信（trader doctor で接続先ごとに確認）と取引所のお知らせを確認してください",
    ),
  noSignals: (p) =>
    alert(
      `${pairText(p.symbol)} のシグナルを出せません`,
      `${words.ja.noSignal[p.why]}、${p.until === undefined ? "データが揃うまで" : `早くて ${p.until} まで`}`,
      "その間この銘柄の判定と提案は行いません。保有中の取引の損切りと利確は有効です。自動で再開します",
      "/why、またはサーバーで trader why（いつから、いつまで、理由）",
    ),
  aucLow: (p) =>
    alert(
      `${pairText(p.symbol)} の${p.side === "long" ? "買い" : "売り"}モデルの識別力が低下しています`,
      `${p.modelId}: AUC ${p.auc.toFixed(3)}（30日、${p.bars}本）、基準 ${p.limit} 未満`,
      "お知らせのみです。シグナルは続きます",
      "/model で確認。シグナルが不要なら /pause",
    ),
  priceMove: (p) =>
    alert(
      `${pairText(p.symbol)} が15分で ${signedPercent(p.move, 1)} 動きました`,
      `${yenText(p.lowYen)} – ${yenText(p.highYen)}（基準 ${percentText(p.limit, 0)}）`,
      "お知らせのみです。各上限と損切り注文は有効です",
      "/positions で確認。/pause で新規停止、/panic で全決済",
    ),
  apiFailing: (p) =>
    alert(
      `取引所のAPIが${p.count}回続けて失敗しました`,
      p.code,
      `${PAUSED_JA}。正常な応答が3回続けば自動で再開します`,
      isOwnNetwork(p.code)
        ? "/health、またはサーバーで trader status。まずサーバー自身のネットワークを確認してください（trader doctor が接続先ごとに表示します）"
        : "/health、またはサーバーで trader status。取引所のお知らせと、サーバーのネットワーク（trader doctor）を確認してください",
    ),
  clockOff: (p) =>
    alert(
      p.seconds !== undefined
        ? `取引所の時計がこのサーバーより${Math.abs(p.seconds).toFixed(1)}秒${p.seconds < 0 ? "遅れて" : "進んで"}います`
        : p.kind === "unsteady"
          ? "取引所またはこのサーバーの時計が変更されました"
          : p.kind === "refused"
            ? "取引所がリクエストのタイムスタンプを拒否しています（ERR-5008、ERR-5009）"
            : "取引所の時計を確認できません",
      undefined,
      `${PAUSED_JA}。時計の差が5秒以内と確認できれば自動で再開します。建玉の管理は続きます`,
      "サーバーの時刻同期が有効か確認してください。差は trader doctor で分かります",
    ),
  ownerNotDone: (p) =>
    alert(
      `${p.command} #${p.id} が ${p.seconds} 秒たっても完了していません`,
      p.why,
      "再起動後も続けて試します。停止したものは停止したままです",
      "取引所の画面で確認し、急ぐものは手動で操作してください（手動の決済も記録されます）",
    ),
  unanswered: (p) =>
    alert(
      `注文 ${p.orderId} に応答がありません`,
      `取引 ${p.tradeId}: ${p.side === "BUY" ? "買い" : "売り"} ${p.size}${p.yen === undefined ? "（成行）" : ` ${yenText(p.yen)}`}、送信 ${p.sent}。取引所の状態を読めません`,
      "新規注文を停止し、注文を探し続けています。同じ注文を再送することはありません",
      "取引所の画面で注文・約定・建玉の一覧を確認し、意図しないものはそこで取消・決済してください。/orders",
    ),
  lossStreak: (p) =>
    alert(
      `${p.count}回続けて損失の取引でした`,
      `取引 ${p.tradeIds.join("、")}: 合計 ${yenText(p.yen)}`,
      "お知らせのみです。各上限と損切り注文は有効です",
      "/daily、/why で確認。一度止めるなら /pause",
    ),
});
