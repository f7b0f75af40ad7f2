// Reads a symbol's current rules, best prices and spread from the venue.
import { AppError } from "../../lib/core/errors.ts";
import { toNumber, type YenE8 } from "../../lib/core/money.ts";
import type { OrderBook, SymbolRules } from "../../lib/core/venue.ts";
import type { AppCtx } from "../context.ts";

export const symbolRules = async (ctx: AppCtx, symbol: string): Promise<SymbolRules> => {
  const rules = (await ctx.venue.symbols(ctx.signal)).find((r) => r.symbol === symbol);
  if (!rules)
    throw new AppError(
      "alert",
      "SYMBOL_GONE",
      `expected ${symbol} among the venue's symbols, found none; check the venue's notices`,
    );
  return rules;
};
/** Best bid and ask of a book; throws AppError retry when a side is empty. */
export const bestQuote = (book: OrderBook): { readonly bid: YenE8; readonly ask: YenE8 } => {
  const bid = book.bids[0]?.price;
  const ask = book.asks[0]?.price;
  if (bid === undefined || ask === undefined || bid >= ask)
    throw new AppError(
      "retry",
      "BOOK_EMPTY",
      `expected a bid below an ask for ${book.symbol}, found bid ${bid} and ask ${ask}`,
    );
  return { bid, ask };
};
/** Spread in basis points of the mid price. */
export const spreadBps = (bid: YenE8, ask: YenE8): number =>
  ((toNumber(ask) - toNumber(bid)) / ((toNumber(ask) + toNumber(bid)) / 2)) * 10_000;
