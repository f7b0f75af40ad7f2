// candles: closed 15-minute candles. A venue candle (klines) replaces one built from trades, never the other way round.
import type { Candle } from "../../lib/core/candle.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

type CandleSource = "klines" | "trades";
interface Row {
  open_ms: EpochMs;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}
const toCandle = (row: Row): Candle => ({
  openMs: row.open_ms,
  open: row.open,
  high: row.high,
  low: row.low,
  close: row.close,
  volume: row.volume,
});
const COLUMNS = "open_ms, open, high, low, close, volume";

export const candleReads = (sql: Sqlite) => {
  const upTo = sql.prepare<[string, number, number], Row>(
    `SELECT ${COLUMNS} FROM candles WHERE symbol = ? AND open_ms <= ? ORDER BY open_ms DESC LIMIT ?`,
  );
  const range = sql.prepare<[string, number, number], Row>(
    `SELECT ${COLUMNS} FROM candles WHERE symbol = ? AND open_ms >= ? AND open_ms < ? ORDER BY open_ms`,
  );
  const one = sql.prepare<[string, number], Row>(`SELECT ${COLUMNS} FROM candles WHERE symbol = ? AND open_ms = ?`);
  const opens = sql
    .prepare<[string, number, number], number>(
      "SELECT open_ms FROM candles WHERE symbol = ? AND open_ms >= ? AND open_ms < ?",
    )
    .pluck();
  const ownOpens = sql
    .prepare<[string, number, number], number>(
      "SELECT open_ms FROM candles WHERE symbol = ? AND open_ms >= ? AND open_ms < ? AND source = 'klines'",
    )
    .pluck();
  return {
    /** The last `count` candles that open at or before `openMs`, ascending. */
    window: (symbol: string, openMs: EpochMs, count: number): readonly Candle[] =>
      upTo.all(symbol, openMs, count).map(toCandle).reverse(),
    /** Candles with fromMs <= open < toMs, ascending. */
    range: (symbol: string, fromMs: EpochMs, toMs: EpochMs): readonly Candle[] =>
      range.all(symbol, fromMs, toMs).map(toCandle),
    at: (symbol: string, openMs: EpochMs): Candle | undefined => {
      const row = one.get(symbol, openMs);
      return row && toCandle(row);
    },
    /** The same without those that were built from trades: the venue's own are still to come. */
    ownOpenTimes: (symbol: string, fromMs: EpochMs, toMs: EpochMs): ReadonlySet<number> =>
      new Set(ownOpens.all(symbol, fromMs, toMs)),
    openTimes: (symbol: string, fromMs: EpochMs, toMs: EpochMs): ReadonlySet<number> =>
      new Set(opens.all(symbol, fromMs, toMs)),
  };
};

/** A stored candle that a later version of the venue's replaced. */
interface CandleRevision {
  readonly before: Candle;
  readonly beforeSource: CandleSource;
  readonly after: Candle;
}
const sameCandle = (a: Candle, b: Candle): boolean =>
  a.open === b.open && a.high === b.high && a.low === b.low && a.close === b.close && a.volume === b.volume;

export const candleWrites = (sql: Sqlite) => {
  const stored = sql.prepare<[string, number], Row & { source: CandleSource }>(
    `SELECT ${COLUMNS}, source FROM candles WHERE symbol = ? AND open_ms = ?`,
  );
  const put = sql.prepare(
    `INSERT INTO candles (symbol, open_ms, open, high, low, close, volume, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (symbol, open_ms) DO UPDATE SET open = excluded.open, high = excluded.high, low = excluded.low,
       close = excluded.close, volume = excluded.volume, source = excluded.source`,
  );
  return {
    /**
     * Stores closed candles (the caller has compared them with the clock): the venue's own replaces what is there, one
     * built from trades only fills a gap. Returns the candles whose values changed; a repetition changes none.
     */
    upsert(symbol: string, candles: readonly Candle[], source: CandleSource): readonly CandleRevision[] {
      const revisions: CandleRevision[] = [];
      for (const after of candles) {
        const row = stored.get(symbol, after.openMs);
        const before = row && toCandle(row);
        const equal = before !== undefined && sameCandle(before, after);
        if (row !== undefined && (source === "trades" || (equal && row.source === source))) continue;
        put.run(symbol, after.openMs, after.open, after.high, after.low, after.close, after.volume, source);
        if (row !== undefined && before !== undefined && !equal)
          revisions.push({ before, beforeSource: row.source, after });
      }
      return revisions;
    },
  };
};
