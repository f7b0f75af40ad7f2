// Facts about the book for the risk rules: live trades, how many began today, the notional that working entries may
// still fill. Read-only.
import { type CoinE8, coinE8, notionalYen, type YenE8, yenE8 } from "../../lib/core/money.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

interface LiveTrade {
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
  // Of two trades checked against each other the older one has precedence: a trade counts only the ones before it. Its
  // row exists before its last check, so of two trades begun at the same moment exactly one sees the other.
  // (The plus sign leaves the search to the index of the few live trades.)
  const before = "+t.id < coalesce((SELECT id FROM trades WHERE proposal_id = ?), 9223372036854775807)";
  const unfilled = sql
    .prepare<[string], number>(
      `SELECT count(*) FROM trades t WHERE t.status IN ('pending', 'open') AND t.first_fill_ms IS NULL AND ${before}`,
    )
    .pluck();
  const working = sql
    .prepare<[string], { target_e8: CoinE8; filled_e8: CoinE8; price_e8: YenE8 }>(
      `SELECT t.target_size_e8 AS target_e8, p.band_high_e8 AS price_e8,
         (SELECT coalesce(sum(e.size_e8), 0) FROM executions e WHERE e.trade_id = t.id AND e.kind = 'open') AS filled_e8
       FROM trades t JOIN proposals p ON p.id = t.proposal_id
       WHERE t.status IN ('pending', 'open') AND t.entry_ended_ms IS NULL AND ${before}`,
    )
    .safeIntegers();
  // Approved, and the job that turns it into a trade has not ended: here too the older one has precedence.
  const approved = sql
    .prepare<[string], number>(
      `SELECT count(*) FROM jobs j WHERE j.name = 'execute' AND j.state IN ('ready', 'running')
         AND j.id < coalesce((SELECT id FROM jobs WHERE name = 'execute' AND key = 'execute:' || ?), 9223372036854775807)
         AND NOT EXISTS (SELECT 1 FROM trades t WHERE t.proposal_id = substr(j.key, 9))`,
    )
    .pluck();
  const pending = sql.prepare<[string], { id: string; symbol: string }>(
    "SELECT id, symbol FROM proposals WHERE state = 'pending' AND id <> ?",
  );
  // What open proposals, and approved ones that are no trade yet, may still enter. A proposal counts only the ones before
  // it: what came later was sized with it in mind.
  const earlier = "+p.rowid < coalesce((SELECT rowid FROM proposals WHERE id = ?), 9223372036854775807)";
  const reserved = sql
    .prepare<[string, string], { price: YenE8; size: CoinE8 }>(
      `SELECT p.band_high_e8 AS price, p.size_e8 AS size FROM proposals p WHERE p.state = 'pending' AND ${earlier}
       UNION ALL SELECT p.band_high_e8, p.size_e8 FROM jobs j JOIN proposals p ON p.id = substr(j.key, 9)
         WHERE j.name = 'execute' AND j.state IN ('ready', 'running') AND p.state = 'approved' AND ${earlier}
         AND NOT EXISTS (SELECT 1 FROM trades t WHERE t.proposal_id = p.id)`,
    )
    .safeIntegers();
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
    /** First fills since `dayStartMs` plus entries still working plus open proposals, approved ones too (DESIGN 8). */
    tradesSince: (dayStartMs: EpochMs, exceptProposal = ""): number =>
      (filledSince.get(dayStartMs, exceptProposal) ?? 0) +
      (unfilled.get(exceptProposal) ?? 0) +
      (approved.get(exceptProposal) ?? 0) +
      pending.all(exceptProposal).length,
    /** Sizes that proposals before `exceptProposal` may still enter, with the worst price of their band. */
    reserved: (exceptProposal = ""): readonly { readonly price: YenE8; readonly size: CoinE8 }[] =>
      reserved.all(exceptProposal, exceptProposal),
    /** Notional that working entries may still fill, partly filled ones too, at the worst price of their band. */
    workingNotional: (exceptProposal = ""): YenE8 =>
      yenE8(
        working
          .all(exceptProposal)
          .map((row) => ({ price: row.price_e8, rest: row.target_e8 - row.filled_e8 }))
          .reduce((sum, { price, rest }) => (rest > 0n ? sum + notionalYen(price, coinE8(rest)) : sum), 0n),
      ),
  };
};
