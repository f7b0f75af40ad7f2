// Stores the venue's closed candles and records what a later version changed: one audit event per replaced candle, and a
// mark on the signals that were judged from the earlier one. They stay as judged.
import type { Candle } from "../../lib/core/candle.ts";
import { isoUtc } from "../../lib/core/time.ts";
import type { Tx } from "../../queue/types.ts";
import type { AppCtx } from "../context.ts";

const valuesOf = ({ open, high, low, close, volume }: Candle) => ({ open, high, low, close, volume });

/** In the transaction that stores them; storing the same candles again records nothing. */
export const storeVenueCandles = (
  tx: Tx,
  ctx: AppCtx,
  symbol: string,
  candles: readonly Candle[],
  actor: "fetchMarket" | "collectHistory",
): void => {
  const atMs = ctx.clock.nowMs();
  for (const { before, beforeSource, after } of tx.candles.upsert(symbol, candles, "klines")) {
    const signals = tx.signals.markRevised(symbol, after.openMs, atMs);
    tx.audit.append({
      atMs,
      kind: "candle.revised",
      actor,
      traceId: ctx.job.traceId,
      data: {
        symbol,
        bar: isoUtc(after.openMs),
        source: beforeSource,
        before: valuesOf(before),
        after: valuesOf(after),
        signals,
      },
    });
  }
};
