// The jobs that should manage our trades and positions and are missing: dead, cancelled or never enqueued.

import type { Trade } from "../../db/tables/trades.ts";
import { tooLittle } from "../../lib/core/exits.ts";
import { type In, isLive } from "../../lib/core/order.ts";
import type { AppCtx } from "../context.ts";
import { type AppJob, entryKey, type JobName, protectJob, watchEntryJob, watchKey, watchPositionJob } from "../jobs.ts";

/** New jobs for trades and positions of the symbol that no job manages. */
export const missingJobs = (ctx: AppCtx, symbol: string): readonly AppJob[] => {
  const nowMs = ctx.clock.nowMs();
  const jobs: AppJob[] = [];
  for (const trade of ctx.db.trades.alive()) {
    if (trade.symbol !== symbol) continue;
    const alive = (name: JobName, keyStart: string): boolean =>
      ctx.db.jobs
        .trace(trade.traceId)
        .some((j) => j.name === name && j.key.startsWith(keyStart) && ["ready", "running", "parked"].includes(j.state));
    const traceId = trade.traceId;
    const entry = entryKey(trade.proposalId);
    if (trade.entryEndedMs === undefined && !alive("watchEntry", entry))
      jobs.push({ ...watchEntryJob(trade.proposalId, `${entry}:${nowMs}`), traceId });
    for (const position of ctx.db.positions.ofTrade(trade.id)) {
      if (position.open === 0n) continue;
      const covered = coveredSize(ctx, position.positionId, trade);
      const protecting = ctx.db.jobs
        .trace(traceId)
        .some(
          (j) =>
            j.name === "placeProtectiveOrders" &&
            (j.input as { positionId?: string }).positionId === position.positionId &&
            ["ready", "running"].includes(j.state),
        );
      if (covered < position.open && !protecting)
        jobs.push({ ...protectJob(position.positionId, `${position.positionId}:${nowMs}`), traceId });
    }
    const watch = watchKey(trade.id);
    if (trade.status === "open" && !alive("watchPosition", watch))
      jobs.push({ ...watchPositionJob(trade.id, `${watch}:${nowMs}`), traceId });
  }
  return jobs;
};
/** Coins too few for an order (spot) count as covered: nothing can be placed for them. */
const coveredSize = (ctx: AppCtx, positionId: string, { symbol, minSize }: Trade): bigint =>
  ctx.db.tradeLegs.ofPosition(positionId).reduce((sum, leg) => {
    if (tooLittle(symbol, leg.open, minSize)) return sum + leg.open;
    const live = ctx.db.orders.ofLeg(leg.id).filter((o): o is In<"open"> => isLive(o) && o.state === "open");
    return live.reduce((covered, o) => covered + o.intent.size - o.executed, sum);
  }, 0n);
