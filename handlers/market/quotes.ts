// Reads a symbol's current rules, best prices and spread from the venue.
import { AppError } from "../../lib/core/errors.ts";
import { toNumber, type YenE8 } from "../../lib/core/money.ts";
import { type EpochMs, HOUR_MS } from "../../lib/core/time.ts";
import type { OrderBook, SymbolRules, Venue } from "../../lib/core/venue.ts";
import type { AppCtx } from "../context.ts";

/** Rules change rarely, and an order that breaks them is refused: those read within this time will do for an entry. */
const KEPT_MS = HOUR_MS;
/** What was read last, of each connector: every bar reads them anew. */
const kept = new WeakMap<Venue, { readonly rules: readonly SymbolRules[]; readonly atMs: EpochMs }>();

const readRules = async ({ venue, clock, signal }: AppCtx): Promise<readonly SymbolRules[]> => {
  const rules = await venue.symbols(signal);
  kept.set(venue, { rules, atMs: clock.nowMs() });
  return rules;
};

/** Throws AppError alert SYMBOL_GONE. */
export const symbolRules = async (ctx: AppCtx, symbol: string): Promise<SymbolRules> =>
  ruleOf(await readRules(ctx), symbol);
/** As `symbolRules`, from at most an hour ago: the owner's tap does not wait for them. */
export const keptRules = async (ctx: AppCtx, symbol: string): Promise<SymbolRules> => {
  const known = kept.get(ctx.venue);
  const ageMs = known === undefined ? Number.NaN : ctx.clock.nowMs() - known.atMs;
  return ruleOf(known !== undefined && ageMs >= 0 && ageMs < KEPT_MS ? known.rules : await readRules(ctx), symbol);
};

const ruleOf = (all: readonly SymbolRules[], symbol: string): SymbolRules => {
  const rules = all.find((r) => r.symbol === symbol);
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
