// Tick, step and minimum size of a symbol as the venue last published them (the filter stores them), for commands that
// run without a connection to the venue. Never a constant (DESIGN 6).
import { z } from "zod";
import { AppError } from "../../lib/core/errors.ts";
import { type CoinE8, formatE8, parseCoin, parseYen, type YenE8 } from "../../lib/core/money.ts";
import type { SymbolRules } from "../../lib/core/venue.ts";
import type { Reads, Tx } from "../../queue/types.ts";

const Stored = z.object({ tick: z.string(), sizeStep: z.string(), minSize: z.string() });
const keyOf = (symbol: string): string => `rules:${symbol}`;

export const storeRules = (tx: Tx, rules: SymbolRules): void =>
  tx.meta.set(
    keyOf(rules.symbol),
    JSON.stringify({
      tick: formatE8(rules.tick),
      sizeStep: formatE8(rules.sizeStep),
      minSize: formatE8(rules.minSize),
    }),
  );

/** Throws AppError permanent RULES_UNKNOWN when no proposal of the symbol was ever made here. */
export const storedRules = (db: Reads, symbol: string): { tick: YenE8; sizeStep: CoinE8; minSize: CoinE8 } => {
  const text = db.meta.get(keyOf(symbol));
  if (text === undefined)
    throw new AppError(
      "permanent",
      "RULES_UNKNOWN",
      `expected a known proposal, found none: no rules of ${symbol || "that symbol"} are stored yet`,
    );
  const stored = Stored.parse(JSON.parse(text));
  return { tick: parseYen(stored.tick), sizeStep: parseCoin(stored.sizeStep), minSize: parseCoin(stored.minSize) };
};
