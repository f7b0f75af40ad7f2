// An example input per handler, for `trader enqueue --help`. A test checks the table against the registry and its
// schemas.
const BAR = { symbol: "BTC_JPY", barOpenMs: 1754987400000 };
const PROPOSAL = { proposalId: "btc2508121730" };

/** In the order of the chain. */
export const EXAMPLE_INPUTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  fetchMarket: { symbol: "BTC_JPY", tickMs: 1754988305000 },
  computeFeatures: BAR,
  predict: BAR,
  filter: BAR,
  notify: PROPOSAL,
  awaitApproval: PROPOSAL,
  execute: PROPOSAL,
  repropose: { ...PROPOSAL, actor: "cli" },
  watchEntry: PROPOSAL,
  placeProtectiveOrders: { positionId: "270010001" },
  watchPosition: { tradeId: 1 },
  labelSignals: { tickMs: 1754987820000 },
  dailyReport: { date: "2025-08-12" },
  weeklyReport: { date: "2025-08-12" },
  monthlyReport: { date: "2025-08-12" },
  reconcile: {},
  ownerCommand: { commandId: 1 },
  checkApi: {},
  collectHistory: { symbol: "ETH_JPY" },
  pruneJobs: {},
  sendTelegram: { outboxId: 1 },
  answerByScript: { ...PROPOSAL, decision: "rejected" },
};

export const examplesText = (): string => {
  const entries = Object.entries(EXAMPLE_INPUTS);
  const width = Math.max(...entries.map(([name]) => name.length));
  return [
    "Each handler with an example input (…Ms are UTC epoch milliseconds, dates are JST):",
    ...entries.map(([name, input]) => `  ${name.padEnd(width)}  '${JSON.stringify(input)}'`),
    "A person needs reconcile, collectHistory, the reports and pruneJobs; the others are enqueued by the step before them.",
  ].join("\n");
};
