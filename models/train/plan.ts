// The choices of a training run, in one place: parameters tried, periods and their order.
import type { Parameters } from "./trainer.ts";

const SEED = 20250629;
/**
 * Common to every fit. `deterministic` and `force_row_wise` make a retrain byte-identical for any number of threads.
 */
const COMMON: Parameters = {
  objective: "binary",
  metric: "binary_logloss",
  learning_rate: 0.03,
  num_iterations: 1500,
  early_stopping_round: 50,
  min_data_in_leaf: 300,
  lambda_l2: 10,
  feature_fraction: 0.8,
  bagging_fraction: 0.8,
  bagging_freq: 1,
  deterministic: "true",
  force_row_wise: "true",
  num_threads: 2,
  seed: SEED,
};
/** Every set that is compared counts as a trial and is listed in the manifest. */
export const TRIALS: readonly { readonly name: string; readonly parameters: Parameters }[] = [
  { name: "leaves-7", parameters: { ...COMMON, num_leaves: 7 } },
  { name: "leaves-15", parameters: { ...COMMON, num_leaves: 15 } },
  { name: "leaves-31", parameters: { ...COMMON, num_leaves: 31 } },
];
/** One feature needs few leaves. The same for every trial, so that the baseline is fixed. */
export const ATR_PARAMETERS: Parameters = { ...COMMON, num_leaves: 7, feature_fraction: 1 };
/** The leak test fits noise on purpose: no early stopping, a fixed number of rounds. */
export const LEAK_TEST_SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;
export const leakTestParameters = (parameters: Parameters): Parameters => ({
  ...parameters,
  num_iterations: 60,
  early_stopping_round: 0,
});

export const SYMBOL_FILES = [
  { symbol: "BTC_JPY", file: "btc_jpy_15m_derived.csv.gz" },
  { symbol: "ETH_JPY", file: "eth_jpy_15m_derived.csv.gz" },
] as const;
/** GMO Coin's own trades: two short windows, evaluation only. */
export const NATIVE_FILE = { symbol: "BTC_JPY", file: "btc_jpy_15m.csv.gz" } as const;
export const SIDES = ["long", "short"] as const;

/** Quarters from 2024 on, ending at `endMs`: there is a year of data before the first one. */
export const walkForwardEdges = (endMs: number): number[] => {
  const edges: number[] = [];
  for (let quarter = 0; ; quarter++) {
    const edge = Date.UTC(2024, quarter * 3, 1);
    if (edge >= endMs) break;
    edges.push(edge);
  }
  // A last period of a few days would be noise: it is merged into the previous one.
  if (endMs - edges.at(-1)! < 30 * 86_400_000) edges.pop();
  return [...edges, endMs];
};
