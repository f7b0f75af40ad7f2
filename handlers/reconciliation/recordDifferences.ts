// Differences between venue and book that nothing explains: counted over looks, until a difference is either booked
// or a mismatch.
import type { SeenDifference } from "../../db/tables/differences.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Tx } from "../../queue/types.ts";
import type { CoinDifference } from "./coinTrades.ts";

/** A difference seen at this many looks is a fact. */
export const SEEN_ENOUGH = 2;

/**
 * Records what this look found. A difference that persists and has a `settle` is booked by it (a deposit, a
 * withdrawal, an inferred close). Returns all others, and those that are too young for their `settle`.
 */
export const recordDifferences = (
  tx: Tx,
  found: readonly CoinDifference[],
  atMs: EpochMs,
): readonly SeenDifference[] => {
  const byKey = new Map(found.map((d) => [d.key, d] as const));
  const mismatches: SeenDifference[] = [];
  for (const d of tx.differences.record(found, atMs)) {
    const { settle, settleAfterMs } = byKey.get(d.key) ?? {};
    const early = settleAfterMs !== undefined && atMs - d.firstSeenMs < settleAfterMs;
    if (settle === undefined || early) mismatches.push(d);
    else if (d.seen >= SEEN_ENOUGH) settle(tx);
  }
  return mismatches;
};
