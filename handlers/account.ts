// What the account is worth and can spend. Margin: the venue says it. Spot: the venue's margin figures know no coins, so it
// is counted from the balances: yen, and the coins that came from trading at what somebody bids for them now.
import { executionChangeId, startId } from "../db/tables/ownerCoins.ts";
import { AppError } from "../lib/core/errors.ts";
import { type CoinE8, coinE8, E8, floorDiv, notionalYen, pnlYen, type YenE8, yenE8 } from "../lib/core/money.ts";
import { type Product, symbolsOf } from "../lib/core/product.ts";
import type { Asset, Venue } from "../lib/core/venue.ts";
import type { Reads } from "../queue/types.ts";
import type { AppCtx } from "./services.ts";

export interface AccountFacts {
  readonly equity: YenE8;
  /** Open P&L, part of `equity`. */
  readonly unrealised: YenE8;
  /** Yen: trading capacity of margin, or money that nothing locks. */
  readonly available: YenE8;
}
interface Sides {
  readonly db: Reads;
  readonly venue: Venue;
  readonly signal?: AbortSignal;
}

/** Throws AppError when the venue cannot be read. On spot it needs the folder's start (`readAccount` makes it). */
export const accountFacts = (sides: Sides, product: Product): Promise<AccountFacts> =>
  product === "spot" ? spotAccount(sides, symbolsOf(product)) : sides.venue.margin(sides.signal);

/** The same for a handler; the first one on spot counts the coins that are there already as the owner's. */
export const readAccount = async (ctx: AppCtx): Promise<AccountFacts> => {
  const { PRODUCT: product } = ctx.config;
  if (product === "spot") for (const symbol of symbolsOf(product)) await countOwnersCoins(ctx, symbol);
  return accountFacts(ctx, product);
};

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

const spotAccount = async ({ db, venue, signal }: Sides, symbols: readonly string[]): Promise<AccountFacts> => {
  const assets = await venue.assets(signal);
  const yen = balanceOf(assets, "JPY");
  let equity: bigint = yen.amount;
  let unrealised = 0n;
  for (const symbol of symbols) {
    const traded = balanceOf(assets, symbol).amount - db.ownerCoins.outside(symbol);
    const open = db.positions.open().filter((p) => p.symbol === symbol);
    if (traded === 0n && open.length === 0) continue;
    const { bid } = await venue.ticker(symbol, signal);
    equity += floorDiv(bid * traded, E8);
    for (const p of open) unrealised += pnlYen("long", p.price, bid, p.open);
  }
  return { equity: yenE8(equity), unrealised: yenE8(unrealised), available: yenE8(yen.available) };
};

/** Yen at work in open positions: margin at their price, coins at what they would cost now. */
export const openNotional = async (ctx: AppCtx): Promise<YenE8> => {
  const { PRODUCT: product } = ctx.config;
  let sum = 0n;
  for (const symbol of symbolsOf(product))
    if (product === "margin")
      for (const p of await ctx.venue.openPositions(symbol, ctx.signal)) sum += notionalYen(p.price, p.size);
    else {
      const open = openCoins(ctx.db, symbol);
      if (open > 0n) sum += notionalYen((await ctx.venue.ticker(symbol, ctx.signal)).ask, open);
    }
  return yenE8(sum);
};

/**
 * Once per folder and symbol: coins that are there and not our trades' are the owner's, and so is everything another hand
 * has traded before this moment. Throws AppError retry COINS_MOVING while a trade goes on at this very moment.
 */
export const countOwnersCoins = async (ctx: AppCtx, symbol: string): Promise<void> => {
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
