// Compares the whole book with the venue: every execution of every order we ever sent, the open positions, the
// realised P&L.

import type { ExecutionRow } from "../../db/tables/executions.ts";
import { executionChangeId } from "../../db/tables/ownerCoins.ts";
import {
  executionDifferences,
  type LedgerDifference,
  orderDifferences,
  positionDifferences,
  restingDifferences,
} from "../../lib/core/bookComparison.ts";
import { formatE8, yenE8 } from "../../lib/core/money.ts";
import { isSpot } from "../../lib/core/product.ts";
import { totalGain } from "../../lib/core/spot.ts";
import type { Asset, Execution, Venue } from "../../lib/core/venue.ts";
import type { Reads } from "../../queue/types.ts";
import { balanceOf } from "../book/coinBalances.ts";

interface Sides {
  readonly db: Reads;
  readonly venue: Venue;
  readonly signal?: AbortSignal;
}

/** True when there is no difference at all; see ledgerDifferences. */
export const ledgerMatchesVenue = async (sides: Sides, symbols: readonly string[]): Promise<boolean> =>
  (await ledgerDifferences(sides, symbols)).length === 0;

/**
 * Reads the venue (one call per order we sent, so for summaries and doctor, not for every minute) and compares.
 * Executions of positions of ours that were closed externally are read from the last day only, as far as the venue
 * reports them. Closes that are booked with an estimated price are left out. Throws AppError when the venue cannot be
 * read.
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
  // Inferred closes have no execution at the venue to compare with.
  const ours = read.executions.all().filter((e) => !e.estimated);
  const external = new Set(ours.filter((e) => e.orderId === undefined).map((e) => e.venueOrderId));
  for (const orderId of external) for (const e of await venue.executions(orderId, signal)) seen.set(e.executionId, e);
  for (const symbol of symbols) {
    for (const e of await venue.latestExecutions(symbol, signal)) seen.set(e.executionId, e);
    const positions = open.filter((p) => p.symbol === symbol);
    const active = await venue.activeOrders(symbol, signal);
    const resting = new Map(
      read.orders.live(symbol).flatMap((o) => (o.state === "open" ? [[o.venueOrderId, o.intent] as const] : [])),
    );
    differences.push(
      ...(isSpot(symbol)
        ? coinDifference(symbol, positions, read.ownerCoins.amount(symbol), await venue.assets(signal))
        : positionDifferences(positions, await venue.openPositions(symbol, signal))),
      ...orderDifferences(read.orders.venueIds(symbol), active),
      ...restingDifferences(resting, active),
    );
  }
  // An external order may close positions of ours and other ones: only the part of ours is in our book.
  const mine = new Set(ours.map((e) => e.executionId));
  const byHand = (e: Execution): boolean =>
    external.has(e.orderId) || read.ownerCoins.has(executionChangeId(e.executionId));
  const venueSide = [...seen.values()].filter((e) => mine.has(e.executionId) || !byHand(e));
  differences.push(...executionDifferences(...comparable(ours, venueSide)), ...gainDifferences(ours, venueSide));
  return differences;
};

const coinDifference = (
  symbol: string,
  open: readonly { readonly open: bigint }[],
  owners: bigint,
  assets: readonly Asset[],
): readonly LedgerDifference[] => {
  const ours = open.reduce((sum, p) => sum + p.open, 0n);
  const { amount } = balanceOf(assets, symbol);
  if (amount === ours + owners) return [];
  const text = `the account holds ${formatE8(amount)} ${symbol}, our book ${formatE8(ours)} and ${formatE8(owners)} of the owner's`;
  return [{ key: `coins:${symbol}`, text }];
};

/**
 * Spot: the venue reports no gain of a sale, and an external sale may have taken our coins only in part. Those
 * figures are taken out of both sides here; the gains are compared by `gainDifferences`.
 */
const comparable = (
  ours: readonly ExecutionRow[],
  venue: readonly Execution[],
): readonly [readonly ExecutionRow[], readonly Execution[]] => {
  const own = new Map(ours.map((e) => [e.executionId, e] as const));
  return [
    ours.map((e) => (isSpot(e.symbol) ? { ...e, lossGain: yenE8(0n) } : e)),
    venue.map((e) => {
      const booked = own.get(e.executionId);
      if (!isSpot(e.symbol) || booked === undefined) return e;
      const part = booked.orderId === undefined && booked.size < e.size ? { size: booked.size, fee: booked.fee } : {};
      return { ...e, ...part, lossGain: yenE8(0n) };
    }),
  ];
};

/** Spot: the gains of each trade against what its executions at the venue add up to. */
const gainDifferences = (ours: readonly ExecutionRow[], venue: readonly Execution[]): readonly LedgerDifference[] => {
  const known = new Map(venue.map((e) => [e.executionId, e] as const));
  const ids = new Set(ours.filter((e) => isSpot(e.symbol)).map((e) => e.tradeId));
  return [...ids].flatMap((tradeId) => {
    const booked = ours.filter((e) => e.tradeId === tradeId);
    const sides = (kind: "open" | "close") =>
      booked.flatMap((e) => {
        const shown = known.get(e.executionId);
        return e.kind === kind && shown !== undefined ? [{ size: e.size, price: shown.price }] : [];
      });
    const gain = totalGain(sides("open"), sides("close"));
    const sum = booked.reduce((total, e) => total + e.lossGain, 0n);
    if (gain === sum) return [];
    const text = `trade ${tradeId}: our book gained ${formatE8(sum)} yen before fees, its executions at the venue ${formatE8(gain)}`;
    return [{ key: `gain:${tradeId}`, text }];
  });
};
