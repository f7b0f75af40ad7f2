// One or more parameters for every text of the catalogue that takes some. A missing sample does not compile.
import type { Gate, GateName } from "../../../../lib/core/gates.ts";
import type { Catalogue } from "../../../../lib/core/text/catalogue.ts";

/** For each function of a section its parameters; sections without functions have none. */
type SamplesOf<S> = {
  readonly [K in keyof S as S[K] extends (p: infer P) => unknown
    ? unknown extends P
      ? never
      : K
    : never]: S[K] extends (p: infer P) => unknown ? readonly P[] : never;
};
type Samples = { readonly [K in Exclude<keyof Catalogue, "words">]: SamplesOf<Catalogue[K]> };

const gate = (name: GateName, value: string | number | null, limit: string | number | null): Gate => ({
  gate: name,
  value,
  limit,
  pass: false,
});
const level = { yen: 17_300_111, away: -0.0123 };
const head = { side: "short", symbol: "ETH_JPY", proposalId: "btc2508112115m1", tradeId: 4711 } as const;
const bare = { size: "0.005 BTC", symbol: "BTC_JPY", tradeId: 4711 };

const seenOrder = {
  symbol: "BTC_JPY",
  side: "SELL",
  type: "STOP",
  size: "0.005",
  yen: 17_300_111,
  orderId: "8000000301",
} as const;
const seenPosition = {
  symbol: "BTC_JPY",
  direction: "short",
  size: "0.005",
  yen: 17_300_111,
  tradeId: 4711,
  positionId: "270010001",
} as const;

export const SAMPLES: Samples = {
  reasons: {
    halted: [{ kinds: ["stop", "loss-day"] }],
    onlyDust: [{ size: "0.0005 ETH" }],
    venueRefused: [{ code: "ERR-201" }],
    requotesUsed: [{ count: 301 }],
    venueNotOpen: [{ status: "MAINTENANCE" }, { status: "PREOPEN" }],
    outsideBand: [{ price: 17_512_345, low: 17_400_001, high: 17_450_002 }],
    beyondStop: [{ price: 17_512_345, stop: 17_600_003 }],
    gates: [
      {
        failed: [
          gate("spread", 7.255, 5),
          gate("volume", 0.311, 0.8),
          gate("rank", 88.123, 90),
          gate("probability", 0.7111, 0.75),
          gate("rollover", 2.345, 4),
          gate("maintenance", 2.345, 4),
          gate("halt", "panic, bare", null),
          gate("openTrade", 1, 0),
          gate("pendingProposal", 1, 0),
          gate("dailyTrades", 301, 300),
          gate("lossLimits", "SAMPLE", null),
          gate("size", "0.0001", "0.001"),
          gate("news", "SAMPLE", "±30"),
          gate("side", "SAMPLE", null),
        ],
      },
    ],
  },
  signal: {
    title: [
      { side: "long", symbol: "BTC_JPY", probability: 0.7834, rank: 95.21 },
      { side: "short", symbol: "BTC_JPY", probability: 0.7834, rank: undefined },
    ],
    simulated: [{ account: "paper" }, { account: "replay" }],
    replaces: [{ id: "btc2508112115" }],
    probability: [
      { side: "long", probability: 0.7834, needed: 0.75 },
      { side: "short", probability: 0.8834, needed: undefined },
    ],
    confidence: [{ confidence: 0.7834, rank: 95.21, needed: 90.5 }],
    breakEven: [{ rate: 0.7144 }],
    entry: [{ yen: 17_512_345, low: 17_494_833, high: 17_529_857 }],
    stop: [level],
    target: [{ ...level, number: 1 }],
    size: [{ coins: "0.00512", symbol: "BTC_JPY", yen: 87_562 }],
    risk: [{ yen: 1_062, ofEquity: 0.0011 }],
    reason: [
      { feature: "RSI", value: "71.25", side: "long", supports: true },
      { feature: "RSI", value: "71.25", side: "short", supports: true },
      { feature: "RSI", value: "71.25", side: "short", supports: false },
    ],
    spread: [{ value: "0.84", limit: "5.01" }],
    volume: [{ value: "1.32", limit: "0.81" }],
    news: [{ title: undefined }, { title: "SAMPLE" }],
    trades: [{ today: "101", limit: "303" }],
    rollover: [{ hours: "7.25" }],
    more: [{ id: "btc2508112115" }],
    validUntil: [{ time: "2025-08-12 21:45 JST" }],
    commands: [{ id: "btc2508112115" }],
  },
  trade: {
    filled: [head],
    fill: [{ size: "0.00512 BTC", yen: 17_512_345, filled: "0.00512", target: "0.00613" }],
    leg: [{ size: "0.00512 BTC", stopYen: 17_300_111, target: 2, targetYen: 17_617_420 }],
    tooLittle: [{ size: "0.0005 ETH", minimum: "0.001" }],
    timeStop: [{ time: "2025-08-12 21:45 JST" }],
    cancelled: [head],
    refused: [head],
    refusedWhy: [{ why: "SAMPLE" }],
    closed: [head],
    result: [
      { yen: -1_234, percent: -0.0123, exit: "stop_loss" },
      { yen: 1_234, percent: 0.0123, exit: undefined },
    ],
    fromTo: [
      { size: "0.00512 BTC", entryYen: 17_512_345, exitYen: 17_617_420, feesYen: 1_234 },
      { size: "0.00512 BTC", entryYen: 17_512_345, exitYen: 17_617_420, feesYen: -1_234 },
    ],
    breakEven: [{ rate: 0.7144 }],
    expired: [{ proposalId: "btc2508112115", why: "SAMPLE" }],
  },
  owner: {
    asked: (["pause", "stop", "panic", "close", "rejectAll", "resume", "adopt"] as const).flatMap((command) => [
      { command, since: "SAMPLE", rejected: ["btc2508112115"], tradeIds: [4711, 4712], positionId: "270010001" },
      { command, since: undefined, rejected: [], tradeIds: [], positionId: "270010001" },
    ]),
    head: [
      { command: "stop", id: 31, outcome: "done" },
      { command: "resume", id: 31, outcome: "refused" },
    ],
    notDone: [{ command: "panic", id: 31, why: "SAMPLE" }],
    tradeIs: [{ id: 4711, status: "closed" }],
    rejected: [{ ids: ["btc2508112115"] }],
    seenAt: [{ time: "SAMPLE" }],
    entries: [{ orders: [seenOrder] }],
    position: [
      { ...seenPosition, bare: "0.002", covers: [seenOrder] },
      { ...seenPosition, bare: undefined, covers: [] },
    ],
    foreignPosition: [{ ...seenPosition, bare: undefined, covers: [] }],
    foreignOrder: [seenOrder, { ...seenOrder, yen: undefined }],
    unexplained: [{ text: "SAMPLE" }],
    agreed: [{ kinds: ["stop", "panic"] }],
    nothingChanged: [{ why: "SAMPLE" }],
    overtaken: [{ command: "stop" }],
    notFlat: [{ trades: [{ id: 4711, symbol: "ETH_JPY", status: "open" }] }],
    disagree: [{ differences: ["SAMPLE"] }],
    unsettled: [{ ids: [301, 302] }],
    silent: [{ code: "ERR-5201", message: "SAMPLE" }],
  },
  coins: {
    bought: [{ size: "0.01 BTC", yen: 17_512_345 }],
    sold: [{ size: "0.01 BTC", yen: 17_512_345 }],
    moved: [
      { size: "0.01 BTC", more: true, symbol: "BTC" },
      { size: "0.01 BTC", more: false, symbol: "BTC" },
    ],
    dust: [{ size: "0.0005 ETH", minimum: "0.001", tradeId: 4711 }],
  },
  alerts: {
    lossLimit: [{ period: "day", lossYen: 30_001, limitYen: 30_000, until: "2025-08-13 00:00 JST" }],
    doubt: [{ job: "SAMPLE", code: "ERR-5201" }],
    jobDead: [
      { id: 4711, name: "SAMPLE", code: "ERR-5201", comesBack: false },
      { id: 4711, name: "SAMPLE", code: "ERR-5201", comesBack: true },
    ],
    mismatch: [{ keys: ["position:28901", "size:28901", "order:88001", "execution:92101", "coins:BTC", "SAMPLE"] }],
    oversold: [{ size: "0.005 BTC", tradeId: 4711 }],
    bareRefused: [{ ...bare, code: "ERR-254" }],
    bareLost: [{ ...bare, orders: 301 }],
    blind: [{ symbol: "BTC_JPY", tradeId: 4711, code: "ERR-5201" }],
    quarantine: [{ proposals: 101, jobs: 202 }],
    progress: [{ why: "SAMPLE" }],
    noPrices: [{ symbols: ["BTC_JPY", "ETH_JPY"], why: "SAMPLE", history: ["ETH_JPY"] }],
    aucLow: [{ side: "short", symbol: "BTC_JPY", modelId: "SAMPLE", auc: 0.5012, bars: 2_880, limit: 0.521 }],
    priceMove: [{ symbol: "BTC_JPY", move: -0.0612, limit: 0.05, lowYen: 16_512_345, highYen: 17_512_345 }],
    apiFailing: [{ count: 301, code: "ERR-5201" }],
    ownerNotDone: [{ command: "/panic", id: 31, seconds: 47, why: "SAMPLE" }],
    unanswered: [
      { orderId: 301, tradeId: 4711, side: "BUY", type: "LIMIT", size: "0.005 BTC", yen: 17_300_111, sent: "SAMPLE" },
      { orderId: 301, tradeId: 4711, side: "SELL", type: "MARKET", size: "0.005 BTC", yen: undefined, sent: "SAMPLE" },
    ],
    lossStreak: [{ count: 3, tradeIds: [4711, 4712, 4713], yen: -12_345 }],
  },
  buttons: { confirm: [{ command: "/panic" }] },
  card: {
    expired: [{ time: "21:45 JST" }],
    rejected: [{ time: "21:45 JST", by: "SAMPLE" }],
    superseded: [{ time: "21:45 JST", by: "SAMPLE" }],
    approved: [{ time: "21:45 JST", by: "SAMPLE" }],
    refused: [{ why: "SAMPLE" }],
    working: [{ coins: "0.005 BTC", yen: 17_512_345 }],
    open: [{ coins: "0.005 BTC", yen: 17_512_345, stopYen: 17_300_111 }],
    cancelled: [{ why: "SAMPLE" }],
    closed: [{ time: "21:45 JST", yen: -1_234, percent: -0.0123, exit: "SAMPLE" }],
  },
  notice: { tooLate: [{ id: "btc2508112115", why: "SAMPLE" }], refused: [{ why: "SAMPLE" }] },
  modify: {
    prompt: [
      {
        id: "btc2508112115",
        coins: "0.005",
        minCoins: "0.001",
        entry: 17_512_345,
        low: 17_494_833,
        high: 17_529_857,
        stop: 17_300_111,
      },
    ],
    notUnderstood: [{ found: "SAMPLE", id: "btc2508112115" }],
    done: [{ id: "btc2508112115", next: "btc2508112115m1" }],
    tooSmall: [{ min: "0.001" }],
  },
  repropose: { title: [{ id: "btc2508112115" }] },
  confirm: { close: [{ what: "SAMPLE" }], closeOne: [{ id: 4711 }] },
  command: {
    unknown: [{ found: "/sample" }],
    failed: [{ command: "/close", why: "SAMPLE" }],
    wrongUse: [{ usage: "/daily" }],
    quiet: [
      { muted: "", loud: "SAMPLE" },
      { muted: "SAMPLE", loud: "SAMPLE" },
    ],
    stranger: [{ userId: 123_456, chatId: 654_321 }],
    undeliverable: [{ key: "SAMPLE", why: "SAMPLE" }],
  },
  menu: {},
  answers: {
    statusTitle: [{ time: "2025-08-12 21:45 JST" }],
    account: [{ account: "paper" }, { account: "replay" }, { account: "live" }],
    halt: [{ what: "SAMPLE", ends: "SAMPLE" }],
    until: [{ time: "2025-08-12 21:45 JST" }],
    equity: [{ yen: 1_001_234, todayYen: -1_234 }],
    counts: [{ open: 301, working: 302, proposals: 303 }],
    today: [{ count: 301, limit: 302 }],
    lastMarket: [{ time: "2025-08-12 21:45 JST" }],
    deadJobs: [{ count: 301 }],
    alertLine: [{ text: "SAMPLE" }],
    position: [{ id: 4711, side: "long", symbol: "BTC_JPY", coins: "0.005 BTC" }],
    entering: [{ yen: 17_512_345 }],
    held: [
      { yen: 17_512_345, nowYen: undefined, resultYen: undefined },
      { yen: 17_512_345, nowYen: 17_612_345, resultYen: 500 },
    ],
    levels: [{ stopYen: 17_300_111, tp1Yen: 17_564_882, tp2Yen: 17_617_419 }],
    timeStop: [{ time: "21:45 JST" }],
    asOf: [{ time: "2025-08-12 21:45 JST" }],
    order: [{ id: 4711, symbol: "BTC_JPY", side: "SAMPLE", type: "SAMPLE", size: "0.005", yen: 17_512_345 }],
    orderState: [{ purpose: "SAMPLE", state: "SAMPLE", tradeId: 4711 }],
    signal: [{ time: "08-12 21:45", symbol: "BTC_JPY", side: "short", probability: 0.7834, rank: 301 }],
    whyTitle: [{ time: "08-12 21:45", symbol: "BTC_JPY", side: "long" }],
    whyNumbers: [{ probability: 0.7834, rank: 95.21 }],
    gate: [
      { pass: true, name: "SAMPLE", value: "0.83", limit: "0.75" },
      { pass: false, name: "SAMPLE", value: "", limit: "" },
    ],
    whyProposal: [{ id: "btc2508112115", answer: "SAMPLE" }],
    whyNotFound: [{ found: "SAMPLE" }],
    reason: [
      { feature: "SAMPLE", supports: true },
      { feature: "SAMPLE", supports: false },
    ],
    riskTitle: [{ time: "2025-08-12 21:45 JST" }],
    loss: [{ period: "week", yen: 12_345, limitYen: 70_000, reached: true }],
    perTrade: [{ ratio: 0.0212, yen: 20_000 }],
    positionLimit: [{ ratio: 0.1, yen: 100_000, usedYen: 87_562 }],
    stopRule: [{ atr: 2.05, hours: 4.05 }],
    healthTitle: [{ time: "2025-08-12 21:45 JST" }],
    noPrices: [{ symbols: ["BTC_JPY", "ETH_JPY"], time: "2025-08-12 21:45 JST" }],
    jobs: [{ ready: 301, running: 302, parked: 303, dead: 304 }],
    bot: [
      { name: "SAMPLE", seconds: 301 },
      { name: "SAMPLE", seconds: undefined },
    ],
    botTrouble: [{ why: "SAMPLE" }],
    outbox: [{ count: 301 }],
    alerts: [{ count: 301 }],
    modelTitle: [{ id: "SAMPLE" }],
    modelAge: [{ time: "2025-08-12", days: 301 }],
    modelDay: [{ symbol: "BTC_JPY", side: "long", auc: 0.5712, bars: 2_880, brier: 0.2134 }],
    modelDate: [{ date: "2025-08-12" }],
    setting: [{ name: "SAMPLE", value: "SAMPLE" }],
    helpLine: [{ command: "status", what: "SAMPLE" }],
  },
};
