// The parameters of the replies to the owner's read-only commands (samples.ts has those of the other sections).
import type { Catalogue } from "../../../../lib/core/text/catalogue.ts";

/** For each function of a section its parameters; sections without functions have none. */
export type SamplesOf<S> = {
  readonly [K in keyof S as S[K] extends (p: infer P) => unknown
    ? unknown extends P
      ? never
      : K
    : never]: S[K] extends (p: infer P) => unknown ? readonly P[] : never;
};
export const ANSWER_SAMPLES: SamplesOf<Catalogue["answers"]> = {
  statusTitle: [{ time: "2025-08-12 21:45 JST" }],
  account: [{ account: "paper" }, { account: "replay" }, { account: "live" }],
  halt: [{ what: "SAMPLE", ends: "SAMPLE" }],
  until: [{ time: "2025-08-12 21:45 JST" }],
  equity: [{ yen: 1_001_234, todayYen: -1_234, time: "21:45" }],
  counts: [{ open: 301, working: 302, proposals: 303 }],
  today: [{ count: 301, limit: 302 }],
  lastMarket: [{ time: "2025-08-12 21:45 JST" }],
  deadJobs: [{ count: 301 }],
  alertLine: [{ text: "SAMPLE" }],
  position: [{ id: 4711, side: "long", symbol: "BTC_JPY", coins: "0.005 BTC" }],
  entering: [{ yen: 17_512_345 }],
  held: [{ yen: 17_512_345, ms: 3_900_000 }],
  priced: [{ yen: 17_612_345, ageMs: 4_000, resultYen: 500, ratio: 0.0057 }],
  notPriced: [{ since: undefined }, { since: "21:45" }],
  closedPart: [{ yen: -1_234 }],
  openTotal: [
    { yen: 500, ratio: 0.0057, beforeFees: false },
    { yen: -500, ratio: -0.0057, beforeFees: true },
  ],
  openTotalUnknown: [{ symbols: ["BTC_JPY", "ETH_JPY"] }],
  levels: [{ stopYen: 17_300_111, tp1Yen: 17_564_882, tp2Yen: 17_617_419 }],
  timeStop: [{ time: "21:45 JST" }],
  order: [{ id: 4711, symbol: "BTC_JPY", side: "SAMPLE", type: "SAMPLE", size: "0.005", yen: 17_512_345 }],
  orderState: [{ purpose: "SAMPLE", state: "SAMPLE", tradeId: 4711 }],
  silence: [
    { symbol: "BTC_JPY", since: "2025-08-11 20:15 JST", until: "2025-08-12 21:45 JST", why: "history" },
    { symbol: "BTC_JPY", since: "2025-08-11 20:15 JST", until: undefined, why: "dataLate" },
  ],
  noSignalBar: [{ time: "08-12 21:45", symbol: "BTC_JPY", why: "flat", reason: "SAMPLE" }],
  signal: [{ time: "08-12 21:45", symbol: "BTC_JPY", side: "short", probability: 0.7834, rank: 301 }],
  filtered: [{ why: [] }, { why: ["SAMPLE", "SAMPLE"] }],
  whyTitle: [{ time: "08-12 21:45", symbol: "BTC_JPY", side: "long" }],
  whyNumbers: [{ probability: 0.7834, rank: 95.21 }],
  gate: [
    { pass: true, name: "SAMPLE", value: "0.83", limit: "0.75" },
    { pass: false, name: "SAMPLE", value: "", limit: "" },
  ],
  revised: [{ time: "2025-08-12 21:45 JST" }],
  whyProposal: [{ id: "btc2508112115", became: ["SAMPLE", "SAMPLE"] }],
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
  lossesAsOf: [{ time: "21:45" }],
  prices: [{ ageMs: 4_000 }],
  pricesOld: [{ symbol: "BTC_JPY", since: "21:45" }],
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
  startText: [{ minutes: 303 }],
  helpLine: [{ command: "status", what: "SAMPLE" }],
};
