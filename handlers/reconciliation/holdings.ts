// What the venue holds of a symbol: positions on margin, coins on spot; and the external closes and trades that
// explain what is missing. Read before our own orders are brought up to date, so that whatever is missing then was
// closed externally.
import type { CoinE8 } from "../../lib/core/money.ts";
import { isSpot } from "../../lib/core/product.ts";
import type { Position } from "../../lib/core/venue.ts";
import type { TradeCtx } from "../book/tradeCtx.ts";
import type { AppCtx } from "../context.ts";
import { noticeLosscuts } from "../orders/venueChanges.ts";
import { bookIfChanged, coinsHeld } from "./coinTrades.ts";
import { bookExternalCloses } from "./externalCloses.ts";

type Holdings =
  | { readonly kind: "positions"; readonly positions: readonly Position[] }
  | { readonly kind: "coins"; readonly amount: CoinE8 };

/** Throws AppError retry when the venue cannot be read. */
export const readHoldings = async (ctx: AppCtx, symbol: string): Promise<Holdings> =>
  isSpot(symbol)
    ? { kind: "coins", amount: await coinsHeld(ctx, symbol) }
    : { kind: "positions", positions: await ctx.venue.openPositions(symbol, ctx.signal) };

/** Books closes of the trade's positions that no order of ours explains, and notices changed loss-cut prices. */
export const bookExternalTrades = async (t: TradeCtx, held: Holdings): Promise<void> => {
  if (held.kind === "coins") return bookIfChanged(t.ctx, t.trade.symbol, held.amount);
  noticeLosscuts(t, held.positions);
  return bookExternalCloses(t, held.positions);
};
