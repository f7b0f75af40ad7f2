// Spot: how the account's coins divide into those of our trades and those of the owner.
import { executionChangeId, startId } from "../../db/tables/ownerCoins.ts";
import { AppError } from "../../lib/core/errors.ts";
import { type CoinE8, coinE8 } from "../../lib/core/money.ts";
import type { Asset, Side } from "../../lib/core/venue.ts";
import type { Reads } from "../../queue/types.ts";
import type { AppCtx } from "../context.ts";

/** Throws AppError retry ASSETS_INCOMPLETE: a missing balance does not count as zero. */
export const balanceOf = (assets: readonly Asset[], name: string): Asset => {
  const found = assets.find((row) => row.symbol === name);
  if (found) return found;
  throw new AppError("retry", "ASSETS_INCOMPLETE", `expected a balance of ${name} from the venue, found none`);
};

/** Coins of a symbol that our trades hold. */
export const openCoins = (db: Reads, symbol: string): CoinE8 =>
  coinE8(
    db.positions
      .open()
      .filter((p) => p.symbol === symbol)
      .reduce((sum, p) => sum + p.open, 0n),
  );

/** Coins that came from trading, by this system or by the owner. */
interface TradedCoins {
  readonly coins: CoinE8;
  /** False: the balance differs from the book by more than live orders of ours can explain. */
  readonly explained: boolean;
}
/**
 * How much of the balance came from trading. Where live orders of ours can explain the difference to the book, the
 * balance counts; otherwise coins were deposited or withdrawn, and the book counts.
 */
export const tradedCoins = (db: Reads, symbol: string, amount: CoinE8): TradedCoins => {
  const outside = db.ownerCoins.outside(symbol);
  const booked = coinE8(openCoins(db, symbol) + db.ownerCoins.amount(symbol) - outside);
  const shown = coinE8(amount - outside);
  const inOrders = (side: Side): bigint =>
    db.orders
      .live(symbol)
      .filter((o) => o.intent.side === side)
      .reduce((sum, o) => sum + o.intent.size - ("executed" in o ? o.executed : 0n), 0n);
  const explained = shown >= booked - inOrders("SELL") && shown <= booked + inOrders("BUY");
  return { coins: explained ? shown : booked, explained };
};

/**
 * Once per state folder and symbol: all coins that are not of our trades, and all external executions so far, are
 * recorded as the owner's. Throws AppError retry COINS_MOVING when the balance changes meanwhile.
 */
export const recordOwnerCoins = async (ctx: AppCtx, symbol: string): Promise<void> => {
  if (ctx.db.ownerCoins.has(startId(symbol))) return;
  const before = balanceOf(await ctx.venue.assets(ctx.signal), symbol).amount;
  const executions = await ctx.venue.latestExecutions(symbol, ctx.signal);
  const { amount } = balanceOf(await ctx.venue.assets(ctx.signal), symbol);
  if (amount !== before)
    throw new AppError("retry", "COINS_MOVING", `${symbol} is being traded at this moment; its start is counted later`);
  ctx.commit((tx) => {
    const atMs = ctx.clock.nowMs();
    const change = coinE8(amount - openCoins(tx, symbol));
    if (!tx.ownerCoins.add({ id: startId(symbol), symbol, kind: "start", change, tradeId: undefined, atMs })) return;
    const ours = tx.orders.venueIds(symbol);
    for (const e of executions)
      if (!ours.has(e.orderId))
        tx.ownerCoins.add({
          id: executionChangeId(e.executionId),
          symbol,
          kind: "execution",
          change: coinE8(0n),
          tradeId: undefined,
          atMs,
        });
    tx.audit.append({ atMs, kind: "coins.start", actor: ctx.job.name, data: { symbol, ownersE8: change } });
  });
};
