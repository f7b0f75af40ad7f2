// Step 3: the model's two heads on the bar's indicators: calibrated touch probabilities, the stronger side, its rank among
// the trailing 30 days, and the reasons (TreeSHAP, only when the probability is over its threshold). One signals row per bar.
import type { Score } from "../db/tables/scores.ts";
import type { Reason } from "../db/tables/signals.ts";
import { AppError } from "../lib/core/errors.ts";
import { FEATURE_NAMES } from "../lib/core/features.ts";
import { percentileRank, RANK_WINDOW_MS, strongerSide, thresholdOf } from "../lib/core/gates.ts";
import { modelSymbol } from "../lib/core/product.ts";
import { epochMs } from "../lib/core/time.ts";
import type { Direction } from "../lib/core/venue.ts";
import type { LoadedModel } from "../models/registry.ts";
import type { Outcome } from "../queue/types.ts";
import { BarInput } from "./computeFeatures.ts";
import { chainJob } from "./fetchMarket.ts";
import type { AppHandler } from "./services.ts";

/** Scores of both heads for one bar. Throws AppError permanent when the model does not know the symbol. */
export const scoreBar = (
  model: LoadedModel,
  symbol: string,
  barOpenMs: number,
  values: readonly number[],
): readonly [Score, Score] => {
  const score = (side: Direction): Score => {
    const head = headOf(model, symbol, side);
    const raw = head.raw(values);
    return { modelId: model.id, symbol, side, barOpenMs: epochMs(barOpenMs), raw, pTouch: head.probability(raw) };
  };
  return [score("long"), score("short")];
};

const headOf = (model: LoadedModel, symbol: string, side: Direction) => {
  const head = model.head(modelSymbol(symbol), side);
  if (!head)
    throw new AppError(
      "permanent",
      "MODEL_HEAD",
      `expected a ${side} head for ${modelSymbol(symbol)} in model ${model.id}, found heads for ${model.symbols.join(", ")}`,
    );
  return head;
};

const topReasons = (contributions: readonly number[], values: readonly number[]): readonly Reason[] =>
  FEATURE_NAMES.map((feature, i) => ({ feature, value: values[i] ?? Number.NaN, contribution: contributions[i] ?? 0 }))
    .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
    .slice(0, 3);

export const predict: AppHandler<BarInput> = {
  name: "predict",
  input: BarInput,
  maxAttempts: 3,
  timeoutMs: 10_000,
  risk: "neutral",
  serialKey: ({ symbol }) => `chain:${symbol}`,
  async run({ symbol, barOpenMs }, ctx): Promise<Outcome> {
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
