// Spot: the account's coins against our book. Coins belong to no position, so external trades are read from the
// executions: a purchase is the owner's, a sale takes our coins only where no order of ours had locked them. Nothing
// is concluded while an order of ours is in flight, or when the balance cannot be read.

import type { Difference } from "../../db/tables/differences.ts";
import { executionChangeId } from "../../db/tables/ownerCoins.ts";
import type { PositionRow } from "../../db/tables/positions.ts";
import { type CoinE8, ceilDiv, coinE8, formatE8, toNumber, yenE8 } from "../../lib/core/money.ts";
import { type In, isInFlight } from "../../lib/core/order.ts";
import { soldOfOurs } from "../../lib/core/spot.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { sizeText } from "../../lib/core/text/format.ts";
import type { Execution } from "../../lib/core/venue.ts";
import type { Reads, Tx } from "../../queue/types.ts";
import { auditCtx, bookExternalClose } from "../book/booking.ts";
import { balanceOf, openCoins, recordOwnerCoins } from "../book/coinBalances.ts";
import { tradeCtx } from "../book/tradeCtx.ts";
import type { AppCtx } from "../context.ts";
import { bindLateOrders, LATE_ARRIVAL_MS } from "../orders/lateArrivals.ts";
import { type ExternalActivity, externalActivity } from "../orders/orderLookup.ts";

/** For this long after an order was given up as lost, every look searches for it. */
const FRESHLY_LOST_MS = 60_000;

/** Coins of the account, ours and the owner's. Throws AppError retry when the balance cannot be read. */
export const coinsHeld = async (ctx: AppCtx, symbol: string): Promise<CoinE8> => {
  await recordOwnerCoins(ctx, symbol);
  return balanceOf(await ctx.venue.assets(ctx.signal), symbol).amount;
};

const expected = (db: Reads, symbol: string): bigint => openCoins(db, symbol) + db.ownerCoins.amount(symbol);
const hasInFlight = (db: Reads, symbol: string): boolean => db.orders.live(symbol).some(isInFlight);

/**
 * Books external trades where `held` differs from the book; it was read before our orders were brought up to date, so
 * the difference is not ours. Costs further reads only then, or while an order given up as lost may still arrive.
 */
export const bookIfChanged = async (ctx: AppCtx, symbol: string, held: CoinE8): Promise<void> => {
  const lost = ctx.db.orders.givenUp(symbol, ctx.clock.nowMs() - FRESHLY_LOST_MS).length > 0;
  if (held === expected(ctx.db, symbol) && !lost) return;
  await bookCoinTrades(ctx, symbol);
};

/** Binds late orders of ours, then books the external trades of this coin. Idempotent. */
export const bookCoinTrades = async (ctx: AppCtx, symbol: string, seen?: ExternalActivity): Promise<void> => {
  const around = seen ?? (await externalActivity(ctx, symbol));
  const tradeIds = ctx.db.orders.givenUp(symbol, ctx.clock.nowMs() - LATE_ARRIVAL_MS).map((o) => o.intent.tradeId);
  for (const id of new Set(tradeIds)) {
    const trade = ctx.db.trades.byId(id);
    if (trade && around.orders.length > 0) await bindLateOrders(tradeCtx(ctx, trade), around);
  }
  const unknown = around.executions.filter((e) => isNew(ctx.db, e));
  for (const e of unknown.toSorted(
    (a, b) => a.timestampMs - b.timestampMs || Number(BigInt(a.executionId) - BigInt(b.executionId)),
  ))
    if (!hasInFlight(ctx.db, symbol)) ctx.commit((tx) => bookCoinTrade(tx, ctx, e));
};

const isNew = (db: Reads, e: Execution): boolean =>
  !db.executions.has(e.executionId) && !db.ownerCoins.has(executionChangeId(e.executionId));

const bookCoinTrade = (tx: Tx, ctx: AppCtx, e: Execution): void => {
  // Another job may have bound it to an order of ours since it was read.
  if (!isNew(tx, e) || hasInFlight(tx, e.symbol) || tx.orders.venueIds(e.symbol).has(e.orderId)) return;
  const atMs = ctx.clock.nowMs();
  const ofOurs = e.side === "SELL" ? closeByHand(tx, ctx, e) : 0n;
  const owners = coinE8(e.size - ofOurs);
  const change = e.side === "SELL" ? coinE8(-owners) : owners;
  const id = executionChangeId(e.executionId);
  tx.ownerCoins.add({ id, symbol: e.symbol, kind: "execution", change, tradeId: undefined, atMs });
  if (owners === 0n) return;
  const data = { symbol: e.symbol, executionId: e.executionId, orderId: e.orderId, changeE8: change, priceE8: e.price };
  tx.audit.append({ atMs, kind: "coins.byHand", actor: ctx.job.name, traceId: ctx.job.traceId, data });
  const say = textsOf(ctx.config.LOCALE).coins[e.side === "SELL" ? "sold" : "bought"];
  const text = say({ size: sizeText(owners, e.symbol), yen: toNumber(e.price) });
  tx.outbox.insert({ key: `coins:${e.executionId}`, kind: "info", text, atMs });
};

/** Books the part of an external sale that took our coins, from the oldest position. Returns its size. */
const closeByHand = (tx: Tx, ctx: AppCtx, e: Execution): CoinE8 => {
  for (const position of tx.positions.open()) {
    const trade = tx.trades.byId(position.tradeId);
    if (position.symbol !== e.symbol || trade === undefined) continue;
    const size = soldOfOurs(e.size, position.open, locksOf(tx, position));
    if (size === 0n) continue;
    const fee = yenE8(ceilDiv(e.fee * size, e.size));
    bookExternalClose(tx, auditCtx(ctx, trade), { ...e, positionId: position.positionId, size, fee }, "manual");
    return size;
  }
  return coinE8(0n);
};
const locksOf = (tx: Tx, position: PositionRow) =>
  tx.tradeLegs
    .ofPosition(position.positionId)
    .flatMap((leg) => tx.orders.ofLeg(leg.id))
    .filter((o): o is In<"open"> => o.state === "open")
    .map((o) => ({ remaining: coinE8(o.intent.size - o.executed) }));

export interface CoinDifference extends Difference {
  /**
   * Called when the difference persists on the second look: books the deposit, withdrawal or close that explains it.
   */
  readonly settle?: (tx: Tx) => void;
  /**
   * `settle` is not called before the difference is this old; it counts as a mismatch until then. Default: the second
   * look.
   */
  readonly settleAfterMs?: number;
}
/**
 * How the balance differs from our book once every execution is booked. Fewer coins than our trades hold is a
 * mismatch; any other change is a deposit or withdrawal of the owner. `held` was read before the booking: when the
 * balance has changed since, nothing is concluded.
 */
export const coinDifferences = async (
  ctx: AppCtx,
  symbol: string,
  held: CoinE8,
): Promise<readonly CoinDifference[]> => {
  const now = await coinsHeld(ctx, symbol);
  const open = openCoins(ctx.db, symbol);
  const change = coinE8(now - expected(ctx.db, symbol));
  if (now !== held || change === 0n) return [];
  if (now < open)
    return [
      {
        key: `coins:${symbol}`,
        text: `our trades hold ${formatE8(open)} ${symbol}, the account ${formatE8(now)}; pay in or buy what is missing on the exchange's page`,
      },
    ];
  const text = `the account's ${symbol} changed by ${formatE8(change)} without a trade`;
  return [{ key: `moved:${symbol}:${change}`, text, settle: (tx) => bookMoved(tx, ctx, symbol, change) }];
};

const bookMoved = (tx: Tx, ctx: AppCtx, symbol: string, change: CoinE8): void => {
  const atMs = ctx.clock.nowMs();
  const id = `moved:${symbol}:${atMs}`;
  if (!tx.ownerCoins.add({ id, symbol, kind: "moved", change, tradeId: undefined, atMs })) return;
  const data = { symbol, changeE8: change };
  tx.audit.append({ atMs, kind: "coins.moved", actor: ctx.job.name, traceId: ctx.job.traceId, data });
  const size = sizeText(change < 0n ? coinE8(-change) : change, symbol);
  const text = textsOf(ctx.config.LOCALE).coins.moved({ size, more: change > 0n, symbol });
  tx.outbox.insert({ key: id, kind: "info", text, atMs });
};
