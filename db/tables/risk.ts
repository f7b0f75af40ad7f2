// Facts about the book that the risk rules need: which trades are alive, how many began today, what working entries may
// still become. Read-only.
import { type CoinE8, notionalYen, type YenE8, yenE8 } from "../../lib/core/money.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

export interface LiveTrade {
  readonly id: number;
  readonly symbol: string;
  readonly direction: "long" | "short";
  readonly status: "pending" | "open";
  readonly size: number;
  readonly entryPrice: number;
}

export const riskReads = (sql: Sqlite) => {
  const alive = sql
    .prepare<[string, string], number>(
      "SELECT count(*) FROM trades WHERE symbol = ? AND status IN ('pending', 'open') AND proposal_id <> ?",
    )
    .pluck();
  const filledSince = sql
    .prepare<[number, string], number>("SELECT count(*) FROM trades WHERE first_fill_ms >= ? AND proposal_id <> ?")
    .pluck();
  const working = sql
    .prepare<[string], { size_e8: CoinE8; entry_e8: YenE8 }>(
      `SELECT p.size_e8, p.entry_e8 FROM trades t JOIN proposals p ON p.id = t.proposal_id
       WHERE t.status = 'pending' AND t.first_fill_ms IS NULL AND t.proposal_id <> ?`,
    )
    .safeIntegers();
  const pending = sql.prepare<[string], { id: string; symbol: string }>(
    "SELECT id, symbol FROM proposals WHERE state = 'pending' AND id <> ?",
  );
  const live = sql.prepare<[], LiveTrade>(
    `SELECT id, symbol, direction, status, position_size AS size, entry_price AS entryPrice
     FROM trades WHERE status IN ('pending', 'open') ORDER BY id`,
  );
  return {
    /** Pending and open trades, in the units of the owner's table. */
    liveTrades: (): readonly LiveTrade[] => live.all(),
    /** A trade of this symbol is pending or open; the trade of `exceptProposal` is not counted. */
    hasLiveTrade: (symbol: string, exceptProposal = ""): boolean => (alive.get(symbol, exceptProposal) ?? 0) > 0,
    hasPendingProposal: (symbol: string, exceptProposal = ""): boolean =>
      pending.all(exceptProposal).some((p) => p.symbol === symbol),
    /** First fills since `dayStartMs` plus entries still working plus open proposals (DESIGN 8). */
    tradesSince: (dayStartMs: EpochMs, exceptProposal = ""): number =>
      (filledSince.get(dayStartMs, exceptProposal) ?? 0) +
      working.all(exceptProposal).length +
      pending.all(exceptProposal).length,
    /** Notional that unfilled entries may still become, at their proposed price and full size. */
    workingNotional: (exceptProposal = ""): YenE8 =>
      yenE8(working.all(exceptProposal).reduce((sum, row) => sum + notionalYen(row.entry_e8, row.size_e8), 0n)),
  };
};
