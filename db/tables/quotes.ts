// quotes: the newest best prices of each symbol that the worker has read, for everything that shows a price as the
// current one. Other processes read them here; decisions never do, they read the venue.
import type { YenE8 } from "../../lib/core/money.ts";
import type { StoredQuote } from "../../lib/core/openResult.ts";
import { epochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

interface Row {
  symbol: string;
  bid_e8: YenE8;
  ask_e8: YenE8;
  last_e8: YenE8;
  venue_ms: bigint;
  seen_ms: bigint;
  current_ms: bigint;
}
/** Without a feed nothing reads the price again before the next bar. */
const SNAPSHOT_CURRENT_MS = 10n * 1_000n;
const toQuote = (row: Row): StoredQuote => ({
  symbol: row.symbol,
  bid: row.bid_e8,
  ask: row.ask_e8,
  last: row.last_e8,
  venueMs: epochMs(Number(row.venue_ms)),
  seenMs: epochMs(Number(row.seen_ms)),
  currentMs: Number(row.current_ms),
});

export const quoteReads = (sql: Sqlite) => {
  const ofSymbol = sql.prepare<[string], Row>("SELECT * FROM quotes WHERE symbol = ?").safeIntegers();
  // A bar's snapshot has prices too: the newest ones where no feed runs (replay), or until its first look.
  const snapshot = sql
    .prepare<[string], Omit<Row, "current_ms">>(
      "SELECT symbol, bid_e8, ask_e8, last_e8, coalesce(as_of_ms, taken_ms) AS venue_ms, taken_ms AS seen_ms FROM snapshots WHERE symbol = ? ORDER BY bar_open_ms DESC LIMIT 1",
    )
    .safeIntegers();
  return {
    /** The newest known prices, of whatever age; undefined while none was ever read. */
    newest(symbol: string): StoredQuote | undefined {
      const found = ofSymbol.get(symbol);
      const bar = snapshot.get(symbol);
      if (bar === undefined || (found !== undefined && found.seen_ms >= bar.seen_ms)) return found && toQuote(found);
      return toQuote({ ...bar, current_ms: SNAPSHOT_CURRENT_MS });
    },
  };
};

export const quoteWrites = (sql: Sqlite) => {
  const upsert = sql.prepare(
    `INSERT INTO quotes (symbol, bid_e8, ask_e8, last_e8, venue_ms, seen_ms, current_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (symbol) DO UPDATE SET bid_e8 = excluded.bid_e8, ask_e8 = excluded.ask_e8, last_e8 = excluded.last_e8,
       venue_ms = excluded.venue_ms, seen_ms = excluded.seen_ms, current_ms = excluded.current_ms`,
  );
  return {
    record: (q: StoredQuote): void => void upsert.run(q.symbol, q.bid, q.ask, q.last, q.venueMs, q.seenMs, q.currentMs),
  };
};
