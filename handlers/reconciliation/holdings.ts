// What the venue holds of a symbol: positions on margin, coins on spot; and what another hand has done to ours since. Read
// before our own orders are brought up to date, so that what is missing then was taken by somebody else.
import type { Trade } from "../../db/tables/trades.ts";
import type { CoinE8 } from "../../lib/core/money.ts";
import { isSpot } from "../../lib/core/product.ts";
import type { Position } from "../../lib/core/venue.ts";
import type { AppCtx } from "../context.ts";
import { bookIfChanged, coinsHeld } from "./coinTrades.ts";
import { bookExternalCloses } from "./externalCloses.ts";

export type Holdings =
  | { readonly kind: "positions"; readonly positions: readonly Position[] }
  | { readonly kind: "coins"; readonly amount: CoinE8 };

/** Throws AppError retry when the venue cannot be read. */
export const readHeld = async (ctx: AppCtx, symbol: string): Promise<Holdings> =>
  isSpot(symbol)
    ? { kind: "coins", amount: await coinsHeld(ctx, symbol) }
    : { kind: "positions", positions: await ctx.venue.openPositions(symbol, ctx.signal) };

/** Books closes of the trade's positions that no order of ours explains. */
export const bookOthersTrades = (ctx: AppCtx, trade: Trade, held: Holdings): Promise<void> =>
  held.kind === "coins"
    ? bookIfChanged(ctx, trade.symbol, held.amount)
    : bookExternalCloses(ctx, trade, held.positions);
