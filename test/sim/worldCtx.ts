// A handler's context in a world, for tests of the steps below a handler. Its commits are not tied to a job.
import type { AuditCtx } from "../../handlers/book/booking.ts";
import { readTradeCtx, type TradeCtx } from "../../handlers/book/tradeCtx.ts";
import type { AppCtx } from "../../handlers/context.ts";
import type { AppJob } from "../../handlers/jobs.ts";
import { silentLogger } from "../../lib/io/logger.ts";
import type { Tx } from "../../queue/types.ts";
import type { World } from "./world.ts";

const ctxOf = (w: World): AppCtx =>
  ({
    db: w.db.read,
    clock: w.clock,
    venue: w.venue,
    config: w.config,
    log: silentLogger(),
    job: { name: "test", traceId: "trace:test" },
    signal: new AbortController().signal,
    pollMs: 60_000,
    commit: <T>(write: (tx: Tx) => T, next: readonly AppJob[] = []): T =>
      w.db.transaction((tx) => {
        const result = write(tx);
        for (const job of next) w.store.enqueueIn(tx, job);
        return result;
      }),
  }) as unknown as AppCtx;

export const tradeCtxOf = (w: World, tradeId = 1): TradeCtx => readTradeCtx(ctxOf(w), tradeId);
/** Who writes, in a transaction of the test. */
export const auditCtxOf = (w: World, tradeId = 1): AuditCtx => tradeCtxOf(w, tradeId).auditCtx();
