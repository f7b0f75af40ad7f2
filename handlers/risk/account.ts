// The account's equity and available yen. Margin: the venue publishes both. Spot: the venue's margin figures exclude
// coins, so they are computed from the balances: yen, plus the coins that came from trading, valued at the current bid.

import { E8, floorDiv, notionalYen, pnlYen, type YenE8, yenE8 } from "../../lib/core/money.ts";
import { type Product, symbolsOf } from "../../lib/core/product.ts";
import type { AccountFacts } from "../../lib/core/risk.ts";
import type { Asset, Venue } from "../../lib/core/venue.ts";
import type { Reads } from "../../queue/types.ts";
import { balanceOf, openCoins, recordOwnerCoins, tradedCoins } from "../book/coinBalances.ts";
import type { AppCtx } from "../context.ts";
import { bookCoinTrades } from "../reconciliation/coinTrades.ts";
import { newLimits } from "./lossLimits.ts";
import { bookWithdrawals } from "./withdrawals.ts";

interface Sides {
  readonly db: Reads;
  readonly venue: Venue;
  readonly signal?: AbortSignal;
}

/**
 * Throws AppError when the venue cannot be read. On spot the owner's coins must be recorded before (`syncAccount` does
 * it).
 */
export const accountFacts = async (sides: Sides, product: Product): Promise<AccountFacts> =>
  product === "spot"
    ? spotAccount(sides, symbolsOf(product), await sides.venue.assets(sides.signal))
    : sides.venue.margin(sides.signal);

/**
 * The same for a handler; writes the book. On spot the first call records the coins already present as the owner's, and
 * external trades since then are booked before a balance that the book does not explain is taken for a payment.
 */
export const syncAccount = async (ctx: AppCtx): Promise<AccountFacts> => {
  const account = await freshAccount(ctx);
  await bookWithdrawals(ctx, account);
  if (newLimits(ctx, account).length === 0) return account;
  // No halt is raised by one reply: the second one counts, whatever it says.
  const again = await freshAccount(ctx);
  if (newLimits(ctx, again).length === 0)
    ctx.log.error({ equityE8: account.equity, againE8: again.equity }, "account.lossNotConfirmed");
  return again;
};

const freshAccount = async (ctx: AppCtx): Promise<AccountFacts> => {
  const { PRODUCT: product } = ctx.config;
  if (product === "spot") {
    for (const symbol of symbolsOf(product)) await recordOwnerCoins(ctx, symbol);
    const assets = await ctx.venue.assets(ctx.signal);
    const unexplained = symbolsOf(product).filter(
      (symbol) => !tradedCoins(ctx.db, symbol, balanceOf(assets, symbol).amount).explained,
    );
    if (unexplained.length === 0) return spotAccount(ctx, symbolsOf(product), assets);
    for (const symbol of unexplained) await bookCoinTrades(ctx, symbol);
  }
  return accountFacts(ctx, product);
};

const spotAccount = async (
  { db, venue, signal }: Sides,
  symbols: readonly string[],
  assets: readonly Asset[],
): Promise<AccountFacts> => {
  const yen = balanceOf(assets, "JPY");
  let equity: bigint = yen.amount;
  let unrealised = 0n;
  for (const symbol of symbols) {
    const { coins } = tradedCoins(db, symbol, balanceOf(assets, symbol).amount);
    const open = db.positions.open().filter((p) => p.symbol === symbol);
    if (coins === 0n && open.length === 0) continue;
    const { bid } = await venue.ticker(symbol, signal);
    equity += floorDiv(bid * coins, E8);
    for (const p of open) unrealised += pnlYen("long", p.price, bid, p.open);
  }
  return { equity: yenE8(equity), unrealised: yenE8(unrealised), available: yenE8(yen.available) };
};

/** Notional of the open positions in yen: margin at their entry price, coins at the current ask. */
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
