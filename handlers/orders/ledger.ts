// Compares the whole book with the venue: every execution of every order we ever sent, the open positions, the realised P&L.
import {
  executionDifferences,
  type LedgerDifference,
  orderDifferences,
  positionDifferences,
} from "../../lib/core/ledger.ts";
import type { Execution, Venue } from "../../lib/core/venue.ts";
import type { Reads } from "../../queue/types.ts";

interface Sides {
  readonly db: Reads;
  readonly venue: Venue;
  readonly signal?: AbortSignal;
}

/** True when there is no difference at all; see ledgerDifferences. */
export const ledgerMatchesVenue = async (sides: Sides, symbols: readonly string[]): Promise<boolean> =>
  (await ledgerDifferences(sides, symbols)).length === 0;

/**
 * Reads the venue (one call per order we sent, so for summaries and doctor, not for every minute) and compares. Executions
 * of positions of ours that another hand closed are read from the last day only, as far as the venue tells them.
 * Throws AppError when the venue cannot be read.
 */
export const ledgerDifferences = async (
  { db: read, venue, signal }: Sides,
  symbols: readonly string[],
): Promise<readonly LedgerDifference[]> => {
  const differences: LedgerDifference[] = [];
  const seen = new Map<string, Execution>();
  for (const order of read.orders.all())
    if ("venueOrderId" in order)
      for (const e of await venue.executions(order.venueOrderId, signal)) seen.set(e.executionId, e);
  const open = read.positions.open();
  const ours = read.executions.all();
  const foreign = new Set(ours.filter((e) => e.orderId === undefined).map((e) => e.venueOrderId));
  for (const orderId of foreign) for (const e of await venue.executions(orderId, signal)) seen.set(e.executionId, e);
  for (const symbol of symbols) {
    for (const e of await venue.latestExecutions(symbol, signal)) seen.set(e.executionId, e);
    const held = await venue.openPositions(symbol, signal);
    differences.push(
      ...positionDifferences(
        open.filter((p) => p.symbol === symbol),
        held,
      ),
      ...orderDifferences(read.orders.venueIds(symbol), await venue.activeOrders(symbol, signal)),
    );
  }
  // An order of another hand may close positions of ours and of others: only what touches ours is in our book.
  const mine = new Set(ours.map((e) => e.executionId));
  const venueSide = [...seen.values()].filter((e) => mine.has(e.executionId) || !foreign.has(e.orderId));
  differences.push(...executionDifferences(ours, venueSide));
  return differences;
};
