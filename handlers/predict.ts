// Step 3: evaluates the model's two heads on the bar's indicators and stores one signals row per bar: calibrated touch
// probabilities, the stronger side, its rank among the trailing 30 days, and the reasons (TreeSHAP, only over the
// threshold).

import type { Reason } from "../db/tables/signals.ts";
import { AppError } from "../lib/core/errors.ts";
import { FEATURE_NAMES, featureRangeProblem } from "../lib/core/featureSet.ts";
import { percentileRank, RANK_WINDOW_MS, strongerSide, thresholdOf } from "../lib/core/gates.ts";
import { epochMs } from "../lib/core/time.ts";
import { headOf, scoreBar } from "../models/scoreBar.ts";
import type { AppHandler, AppOutcome } from "./context.ts";
import { chainJob, JOB_INPUTS } from "./jobs.ts";
import { endSilence, recordNoSignal } from "./market/silence.ts";

const topReasons = (contributions: readonly number[], values: readonly number[]): readonly Reason[] =>
  FEATURE_NAMES.map((feature, i) => ({ feature, value: values[i] ?? Number.NaN, contribution: contributions[i] ?? 0 }))
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
    .slice(0, 3);

export const predict: AppHandler<"predict"> = {
  name: "predict",
  input: JOB_INPUTS.predict,
  maxAttempts: 3,
  timeoutMs: 10_000,
  risk: "neutral",
  serialKey: ({ symbol }) => `chain:${symbol}`,
  async run({ symbol, barOpenMs }, ctx): Promise<AppOutcome> {
    const bar = epochMs(barOpenMs);
    const known = ctx.db.signals.at(symbol, bar);
    if (known) return { kind: "stop", reason: `bar already judged as signal ${known.id}` };
    const row = ctx.db.features.at(symbol, bar, ctx.model.featureSet);
    if (row?.result.kind !== "ok")
      throw new AppError(
        "permanent",
        "FEATURES_MISSING",
        `expected indicators ${ctx.model.featureSet} of ${symbol} at ${bar}, found none; run computeFeatures first`,
      );
    const { values, atr } = row.result;
    const impossible = atr > 0 ? featureRangeProblem(values) : `expected a positive ATR(14), found ${atr}`;
    if (impossible !== undefined) {
      const result = { kind: "noSignal", why: "outOfRange", reason: impossible } as const;
      return {
        kind: "stop",
        reason: `no signal: ${impossible}`,
        write: (tx) => {
          tx.features.refuse(symbol, bar, ctx.model.featureSet, result);
          recordNoSignal(tx, ctx, { symbol, barOpenMs: bar, actor: "predict" }, result);
        },
      };
    }
    const scores = scoreBar(ctx.model, symbol, bar, values);
    const [long, short] = scores;
    const direction = strongerSide(ctx.config, { long: long.pTouch, short: short.pTouch });
    const confidence = direction === "long" ? long.pTouch : short.pTouch;
    const past = ctx.db.scores.trailing(ctx.model.id, symbol, direction, bar - RANK_WINDOW_MS, bar);
    const overThreshold = confidence >= thresholdOf(ctx.config, direction);
    const reasons = overThreshold ? topReasons(headOf(ctx.model, symbol, direction).contributions(values), values) : [];
    return {
      kind: "done",
      write: (tx) => {
        endSilence(tx, symbol, ctx.clock.nowMs());
        for (const score of scores) tx.scores.insert(score);
        tx.signals.insert({
          symbol,
          barOpenMs: bar,
          direction,
          confidence,
          features: Object.fromEntries(FEATURE_NAMES.map((name, i) => [name, values[i] ?? Number.NaN])),
          predictedMs: ctx.clock.nowMs(),
          modelId: ctx.model.id,
          featureSet: ctx.model.featureSet,
          pTouchLong: long.pTouch,
          pTouchShort: short.pTouch,
          rank: percentileRank(confidence, past),
          rankSample: past.length,
          atr,
          reasons,
          overThreshold,
          traceId: ctx.job.traceId,
        });
      },
      next: [chainJob("filter", symbol, bar)],
    };
  },
};
