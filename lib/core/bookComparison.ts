// Compares our book with the venue. Pure; describes every difference in text. Used by reconcile and the replay's
// summary.
import { formatE8, type YenE8, yenE8 } from "./money.ts";
import type { Intent } from "./order.ts";
import { changesOf } from "./orderChanges.ts";
import type { BookedExecution } from "./pnl.ts";
import type { Execution, Position, VenueOrder } from "./venue.ts";

export interface LedgerDifference {
  /** Stable while the difference lasts: "order:880..", "position:289..", "size:289..", "execution:921..", "pnl". */
  readonly key: string;
  readonly text: string;
}

interface OpenPosition {
  readonly positionId: string;
  readonly symbol: string;
  readonly open: bigint;
}

/** Open positions, in both directions and by size. */
export const positionDifferences = (
  ours: readonly OpenPosition[],
  venue: readonly Position[],
): readonly LedgerDifference[] => {
  const held = new Map(venue.map((p) => [p.positionId, p] as const));
  const booked = new Map(ours.map((p) => [p.positionId, p] as const));
  const differences: LedgerDifference[] = [];
  for (const p of venue)
    if (!booked.has(p.positionId))
      differences.push({
        key: `position:${p.positionId}`,
        text: `the venue holds ${formatE8(p.size)} ${p.symbol} (${p.side}, position ${p.positionId}) that is not in our book; if it is yours, close it or trade it from another account, if not, close it on the exchange's page`,
      });
  for (const p of ours) {
    const size = held.get(p.positionId)?.size ?? 0n;
    if (size !== p.open)
      differences.push({
        key: `size:${p.positionId}`,
        text: `our book holds ${formatE8(p.open)} ${p.symbol} of position ${p.positionId}, the venue ${formatE8(size)}; compare with the exchange's execution history`,
      });
  }
  return differences;
};

/** Active orders at the venue without a row of ours. */
export const orderDifferences = (
  ourIds: Pick<ReadonlySet<string>, "has">,
  active: readonly VenueOrder[],
): readonly LedgerDifference[] =>
  active
    .filter((o) => !ourIds.has(o.orderId))
    .map((o) => ({
      key: `order:${o.orderId}`,
      text: `the venue has a ${o.side} ${o.executionType} order ${o.orderId} of ${formatE8(o.size)} ${o.symbol} that is not ours; cancel it on the exchange's page if it is not meant to be there`,
    }));

/** Active orders of ours that differ from their row; the next look takes the venue's numbers over (orderChanges.ts). */
export const restingDifferences = (
  ours: ReadonlyMap<string, Intent>,
  active: readonly VenueOrder[],
): readonly LedgerDifference[] =>
  active.flatMap((shown) => {
    const intent = ours.get(shown.orderId);
    const changes = intent === undefined ? [] : changesOf(intent, shown);
    if (changes.length === 0) return [];
    const text = changes.map((c) => `${c.field} ${c.after} at the venue, ${c.before} in our book`).join(", ");
    return [{ key: `changed:${shown.orderId}`, text: `order ${shown.orderId} of ${shown.symbol}: ${text}` }];
  });

/** Executions, field by field, and the realised P&L they add up to. */
export const executionDifferences = (
  ours: readonly BookedExecution[],
  venue: readonly Execution[],
): readonly LedgerDifference[] => {
  const booked = new Map(ours.map((e) => [e.executionId, e] as const));
  const known = new Map(venue.map((e) => [e.executionId, e] as const));
  const differences: LedgerDifference[] = [];
  for (const e of known.values()) {
    const own = booked.get(e.executionId);
    if (own === undefined)
      differences.push({
        key: `execution:${e.executionId}`,
        text: `the venue executed ${formatE8(e.size)} ${e.symbol} at ${formatE8(e.price)} (execution ${e.executionId}) that is not in our book`,
      });
    else if (own.size !== e.size || own.price !== e.price || own.lossGain !== e.lossGain || own.fee !== e.fee)
      differences.push({
        key: `execution:${e.executionId}`,
        text: `execution ${e.executionId}: the venue says ${formatE8(e.size)} at ${formatE8(e.price)}, result ${formatE8(e.lossGain)}, fee ${formatE8(e.fee)}; our book ${formatE8(own.size)} at ${formatE8(own.price)}, ${formatE8(own.lossGain)}, ${formatE8(own.fee)}`,
      });
  }
  for (const e of ours)
    if (!known.has(e.executionId))
      differences.push({
        key: `execution:${e.executionId}`,
        text: `our book has execution ${e.executionId} that the venue does not show`,
      });
  const ourPnl = realised(ours);
  const venuePnl = realised([...known.values()]);
  if (ourPnl !== venuePnl)
    differences.push({
      key: "pnl",
      text: `realised P&L less fees: ${formatE8(ourPnl)} in our book, ${formatE8(venuePnl)} at the venue`,
    });
  return differences;
};

/** Realised P&L less fees, exact. */
const realised = (executions: readonly { readonly lossGain: YenE8; readonly fee: YenE8 }[]): YenE8 =>
  yenE8(executions.reduce((sum, e) => sum + e.lossGain - e.fee, 0n));
