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
    openTimes: (symbol: string, fromMs: EpochMs, toMs: EpochMs): ReadonlySet<number> =>
      new Set(opens.all(symbol, fromMs, toMs)),
  };
};

export const candleWrites = (sql: Sqlite) => {
  const upsert = sql.prepare(
    `INSERT INTO candles (symbol, open_ms, open, high, low, close, volume, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (symbol, open_ms) DO UPDATE SET open = excluded.open, high = excluded.high, low = excluded.low,
       close = excluded.close, volume = excluded.volume, source = excluded.source
     WHERE candles.source = 'trades' AND excluded.source = 'klines'`,
  );
  return {
    /** Only closed candles; the caller has compared them with the clock. */
    upsert(symbol: string, candles: readonly Candle[], source: CandleSource): void {
      for (const c of candles) upsert.run(symbol, c.openMs, c.open, c.high, c.low, c.close, c.volume, source);
    },
  };
};
