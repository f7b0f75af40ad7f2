// Scores a closed bar's indicators with both heads of a model. predict and collectHistory share it, so that a warm-up
// bar and a live bar are scored alike.
import { AppError } from "../lib/core/errors.ts";
import { featureRangeProblem } from "../lib/core/featureSet.ts";
import { modelSymbol } from "../lib/core/product.ts";
import type { Score } from "../lib/core/score.ts";
import { epochMs } from "../lib/core/time.ts";
import type { Direction } from "../lib/core/venue.ts";
import type { LoadedModel } from "./registry.ts";

/**
 * Scores of both heads for one bar. Throws AppError permanent when the model does not know the symbol, and when a value
 * is outside its indicator's range: a model answers any number, so an impossible one must not reach it.
 */
export const scoreBar = (
  model: LoadedModel,
  symbol: string,
  barOpenMs: number,
  values: readonly number[],
): readonly [Score, Score] => {
  const impossible = featureRangeProblem(values);
  if (impossible !== undefined)
    throw new AppError("permanent", "FEATURE_RANGE", `${symbol} at ${barOpenMs}: ${impossible}; the bar has no signal`);
  const score = (side: Direction): Score => {
    const head = headOf(model, symbol, side);
    const raw = head.raw(values);
    return { modelId: model.id, symbol, side, barOpenMs: epochMs(barOpenMs), raw, pTouch: head.probability(raw) };
  };
  return [score("long"), score("short")];
};

export const headOf = (model: LoadedModel, symbol: string, side: Direction) => {
  const head = model.head(modelSymbol(symbol), side);
  if (!head)
    throw new AppError(
      "permanent",
      "MODEL_HEAD",
      `expected a ${side} head for ${modelSymbol(symbol)} in model ${model.id}, found heads for ${model.symbols.join(", ")}`,
    );
  return head;
};
