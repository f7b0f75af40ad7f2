// Spot: which of the account's coins are our trades', which the owner's, and what the balance endpoint says of them.
import { executionChangeId, startId } from "../../db/tables/ownerCoins.ts";
import { AppError } from "../../lib/core/errors.ts";
import { type CoinE8, coinE8 } from "../../lib/core/money.ts";
import type { Asset, Side } from "../../lib/core/venue.ts";
import type { Reads } from "../../queue/types.ts";
import type { AppCtx } from "../context.ts";

/** Throws AppError retry ASSETS_INCOMPLETE: a balance that is not told is not taken for none. */
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

/** Coins that came from trading, here or by hand. */
export interface TradedCoins {
  readonly coins: CoinE8;
  /** False: the balance says something else than the book, beyond what orders of ours may just have done. */
  readonly explained: boolean;
}
/**
 * What of the shown amount came from trading. The balance is right where orders of ours explain what the book does not show
 * yet; otherwise somebody has paid coins in or out, and the book is right.
 */
export const tradedCoins = (db: Reads, symbol: string, amount: CoinE8): TradedCoins => {
  const outside = db.ownerCoins.outside(symbol);
  const booked = coinE8(openCoins(db, symbol) + db.ownerCoins.amount(symbol) - outside);
  const shown = coinE8(amount - outside);
  const flying = (side: Side): bigint =>
    db.orders
      .live(symbol)
      .filter((o) => o.intent.side === side)
      .reduce((sum, o) => sum + o.intent.size - ("executed" in o ? o.executed : 0n), 0n);
  const explained = shown >= booked - flying("SELL") && shown <= booked + flying("BUY");
  return { coins: explained ? shown : booked, explained };
};

/**
 * Once per folder and symbol: coins that are there and not our trades' are the owner's, and so is everything another hand
 * has traded before this moment. Throws AppError retry COINS_MOVING while a trade goes on at this very moment.
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
