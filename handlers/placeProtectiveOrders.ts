// Step 8: places the stop of every fill, a partial one too, at the exchange at once. Risk "reducing", and only owner
// commands have a higher priority: it never waits behind an entry, a halt or another symbol. Where no stop can be
// placed, the position is closed at market; where neither works, it is retried, with entries paused and the owner
// alerted.

import { AppError } from "../lib/core/errors.ts";
import { coinE8 } from "../lib/core/money.ts";
import { isSpot } from "../lib/core/product.ts";
import { tradeCtx } from "./book/tradeCtx.ts";
import { protectedText } from "./book/tradeText.ts";
import type { AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS, watchKey, watchPositionJob } from "./jobs.ts";
import { manageExits } from "./protection/manageExits.ts";
import { pollAgain, withVenueRetry } from "./protection/venueRetry.ts";

const RETRY_MS = 1_000;

export const placeProtectiveOrders: AppHandler<"placeProtectiveOrders"> = {
  name: "placeProtectiveOrders",
  input: JOB_INPUTS.placeProtectiveOrders,
  maxAttempts: 100_000,
  timeoutMs: 60_000,
  risk: "reducing",
  priority: 100,
  backoff: { baseMs: 200, capMs: 2_000 },
  serialKey: ({ positionId }) => `position:${positionId}`,
  async run({ positionId }, ctx): Promise<AppOutcome> {
    const position = ctx.db.positions.byId(positionId);
    const trade = position && ctx.db.trades.byId(position.tradeId);
    if (!position || !trade)
      throw new AppError("permanent", "POSITION_MISSING", `expected position ${positionId} in the book, found none`);
    // One watchPosition job per trade; a fill after that job has finished gets another.
    const first = watchKey(trade.id);
    const over = ctx.db.jobs.byKey("watchPosition", first)?.finishedMs !== undefined;
    const key = over ? `${first}:${positionId}` : first;
    const watch = watchPositionJob(trade.id, key);
    return withVenueRetry(tradeCtx(ctx, trade), async () => {
      const state = await manageExits(tradeCtx(ctx, trade, positionId));
      if (state.kind === "wait" && !state.covered) return pollAgain(ctx, trade.symbol, state, RETRY_MS);
      const legs = ctx.db.tradeLegs.ofPosition(positionId);
      const filled = ctx.db.positions.ofTrade(trade.id).reduce((sum, p) => sum + p.opened, 0n);
      const atMs = ctx.clock.nowMs();
      const approved = ctx.db.proposals.byId(trade.proposalId)?.size;
      return {
        kind: "done",
        write: (tx) =>
          tx.outbox.insert({
            // A spot position grows with every fill.
            key: `trade:${trade.id}:position:${positionId}${isSpot(trade.symbol) ? `:${position.opened}` : ""}`,
            kind: "trade",
            text: protectedText(
              ctx.config.LOCALE,
              trade,
              coinE8(filled),
              position,
              legs,
              trade.timeStopMs ?? atMs,
              approved,
            ),
            atMs,
          }),
        next: [watch],
      };
    });
  },
};
