// owner_coins (spot): the coins of the account that are not this book's, as a ledger of changes, each counted once.
import { type CoinE8, coinE8 } from "../../lib/core/money.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

/** `dust` and `oversold` come from a trade of ours, the others from elsewhere. */
type OwnerCoinKind = "start" | "moved" | "execution" | "dust" | "oversold";
interface OwnerCoinChange {
  readonly id: string;
  readonly symbol: string;
  readonly kind: OwnerCoinKind;
  /** Negative: fewer. */
  readonly change: CoinE8;
  readonly tradeId: number | undefined;
  readonly atMs: EpochMs;
}
export const startId = (symbol: string): string => `start:${symbol}`;
export const executionChangeId = (executionId: string): string => `execution:${executionId}`;

export const ownerCoinReads = (sql: Sqlite) => {
  const sum = <P extends unknown[]>(where: string) =>
    sql.prepare<P, bigint>(`SELECT coalesce(sum(change_e8), 0) FROM owner_coins WHERE ${where}`).pluck().safeIntegers();
  const all = sum<[string]>("symbol = ?");
  const outside = sum<[string]>("symbol = ? AND kind IN ('start', 'moved')");
  const ofTrade = sum<[number]>("trade_id = ?");
  const known = sql.prepare<[string], number>("SELECT 1 FROM owner_coins WHERE id = ?").pluck();
  return {
    /** Coins that are the owner's. */
    amount: (symbol: string): CoinE8 => coinE8(all.get(symbol) ?? 0n),
    /** Of those, coins that came from outside the account's trading: no part of its equity. */
    outside: (symbol: string): CoinE8 => coinE8(outside.get(symbol) ?? 0n),
    /** What a trade left over (above 0) or sold too much of (below 0). */
    ofTrade: (tradeId: number): CoinE8 => coinE8(ofTrade.get(tradeId) ?? 0n),
    has: (id: string): boolean => known.get(id) === 1,
  };
};

export const ownerCoinWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    "INSERT INTO owner_coins (id, symbol, kind, change_e8, trade_id, at_ms) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
  );
  return {
    /** Returns false when it was counted before. */
    add: (c: OwnerCoinChange): boolean =>
      insert.run(c.id, c.symbol, c.kind, c.change, c.tradeId ?? null, c.atMs).changes === 1,
  };
};
