// The history the chain needs: closed candles of the past days and the scores that `rank` is computed from. Runs at the
// start and once a day, with one commit per day, so that a crash repeats little work. Makes no signals and sends no
// messages.

import { computeFeatureSeries, FEATURE_WINDOW_BARS } from "../lib/core/features.ts";
import { RANK_WINDOW_MS } from "../lib/core/gates.ts";
import { assertTraded } from "../lib/core/product.ts";
import { BAR_MS, barOpen, DAY_MS, type EpochMs, epochMs, venueDate, venueDayStart } from "../lib/core/time.ts";
import { scoreBar } from "../models/scoreBar.ts";
import type { AppCtx, AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS } from "./jobs.ts";
import { storeVenueCandles } from "./market/revisions.ts";

export const collectHistory: AppHandler<"collectHistory"> = {
  name: "collectHistory",
  input: JOB_INPUTS.collectHistory,
  maxAttempts: 8,
  timeoutMs: 300_000,
  risk: "neutral",
  backoff: { baseMs: 2_000, capMs: 120_000 },
  serialKey: ({ symbol }) => `history:${symbol}`,
  async run({ symbol }, ctx): Promise<AppOutcome> {
    assertTraded(ctx.config.PRODUCT, symbol);
    const now = ctx.clock.nowMs();
    const judgedFrom = epochMs(barOpen(now) - RANK_WINDOW_MS);
    const oldest = epochMs(judgedFrom - FEATURE_WINDOW_BARS * BAR_MS);
    for (let day = venueDayStart(oldest); day < now; day = epochMs(day + DAY_MS)) await storeDay(ctx, symbol, day, now);
    scoreBars(ctx, symbol, oldest, judgedFrom, barOpen(now));
    return { kind: "done" };
  },
};

/** Fetches one venue day unless all its closed bars are stored as the venue published them. A day before the venue's first one is empty. */
const storeDay = async (ctx: AppCtx, symbol: string, day: EpochMs, now: EpochMs): Promise<void> => {
  const end = epochMs(Math.min(day + DAY_MS, barOpen(now)));
  const known = ctx.db.candles.ownOpenTimes(symbol, day, end);
  if (known.size >= (end - day) / BAR_MS) return;
  const candles = await ctx.venue.klines(symbol, "15min", venueDate(day), ctx.signal);
  const closed = candles.filter((c) => c.openMs + BAR_MS <= now);
  if (closed.length > 0) ctx.commit((tx) => storeVenueCandles(tx, ctx, symbol, closed, "collectHistory"));
};

/**
 * Scores each stored bar with from <= open < to that has no score of this model yet; `oldest` starts the indicator
 * windows.
 */
const scoreBars = (ctx: AppCtx, symbol: string, oldest: EpochMs, from: EpochMs, to: EpochMs): void => {
  const scored = ctx.db.scores.scoredBars(ctx.model.id, symbol, from, to);
  const candles = ctx.db.candles.range(symbol, oldest, to);
  if (!candles.some((c) => c.openMs >= from && !scored.has(c.openMs))) return;
  const features = computeFeatureSeries(candles);
  const scores = candles.flatMap((candle, i) => {
    const result = features[i];
    if (candle.openMs < from || scored.has(candle.openMs) || result?.kind !== "ok") return [];
    return scoreBar(ctx.model, symbol, candle.openMs, result.values);
  });
  ctx.commit((tx) => {
    for (const score of scores) tx.scores.insert(score);
  });
};
