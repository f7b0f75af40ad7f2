// Step 2: the twelve indicators of the closed bar, from a fixed window of stored candles. The same function serves
// training and backtest. No features (gap, flat market, short history) ends the bar as "no signal", never as a guess.

import { FEATURE_SET } from "../lib/core/featureSet.ts";
import { computeFeatures as compute, FEATURE_WINDOW_BARS } from "../lib/core/features.ts";
import { epochMs } from "../lib/core/time.ts";
import type { AppHandler, AppOutcome } from "./context.ts";
import { chainJob, JOB_INPUTS } from "./jobs.ts";
import { recordNoSignal, unjudgedBar } from "./market/silence.ts";

export const computeFeatures: AppHandler<"computeFeatures"> = {
  name: "computeFeatures",
  input: JOB_INPUTS.computeFeatures,
  maxAttempts: 3,
  timeoutMs: 10_000,
  risk: "neutral",
  serialKey: ({ symbol }) => `chain:${symbol}`,
  async run({ symbol, barOpenMs }, ctx): Promise<AppOutcome> {
    const bar = epochMs(barOpenMs);
    const window = ctx.db.candles.window(symbol, bar, FEATURE_WINDOW_BARS);
    const result =
      window.at(-1)?.openMs === bar
        ? compute(window)
        : unjudgedBar(ctx.db, symbol, bar, "dataLate", "the judged bar has no candle");
    const row = { symbol, barOpenMs: bar, featureSet: FEATURE_SET, result };
    if (result.kind === "noSignal")
      return {
        kind: "stop",
        reason: `no signal: ${result.reason}`,
        write: (tx) => {
          tx.features.insert(row);
          recordNoSignal(tx, ctx, { symbol, barOpenMs: bar, actor: "computeFeatures" }, result);
        },
      };
    return { kind: "done", write: (tx) => tx.features.insert(row), next: [chainJob("predict", symbol, bar)] };
  },
};
