// Step 9: while a trade is open, manages its exits: target, stop, time stop, external closes; and places a stop
// wherever one is missing. Ends when the trade is closed.

import { readTradeCtx } from "./book/tradeCtx.ts";
import { finishIfFlat } from "./book/tradeEnd.ts";
import type { AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS } from "./jobs.ts";
import { manageExits } from "./protection/manageExits.ts";
import { pollAgain, withVenueRetry } from "./protection/venueRetry.ts";
import { syncAccount } from "./risk/account.ts";
import { checkLossLimits } from "./risk/lossLimits.ts";

export const watchPosition: AppHandler<"watchPosition"> = {
  name: "watchPosition",
  input: JOB_INPUTS.watchPosition,
  maxAttempts: 100_000,
  timeoutMs: 120_000,
  risk: "reducing",
  priority: 80,
  backoff: { baseMs: 500, capMs: 5_000 },
  serialKey: ({ tradeId }) => `watch:${tradeId}`,
  async run({ tradeId }, ctx): Promise<AppOutcome> {
    const t = readTradeCtx(ctx, tradeId);
    const { trade } = t;
    const ended = trade.status === "closed" || trade.status === "cancelled";
    if (ended && ctx.db.positions.ofTrade(tradeId).every((p) => p.open === 0n)) return { kind: "done" };
    return withVenueRetry(t, async () => {
      const state = await manageExits(t);
      // An open loss counts at once, not at the next bar; protection comes first.
      if (state.kind === "wait" && state.covered) checkLossLimits(ctx, await syncAccount(ctx));
      if (state.kind === "wait") {
        const isQuiet = state.covered && ctx.hears();
        return pollAgain(ctx, trade.symbol, state, isQuiet ? Math.max(ctx.pollMs, QUIET_LOOK_MS) : ctx.pollMs);
      }
      if (finishIfFlat(t)) return { kind: "done" };
      return pollAgain(ctx, trade.symbol, { untilMs: undefined, reason: "flat, the entry is not ended" }, RECHECK_MS);
    });
  },
};
/** Poll interval of a flat trade whose entry has not ended: watchEntry ends it once the trade has begun to close. */
const RECHECK_MS = 1_000;
/** Look at a covered position while the streams tell what happens to it; their end wakes it. */
const QUIET_LOOK_MS = 30_000;
