// snapshots: the market data fetchMarket read at one bar close. Written once per symbol and bar.
import type { YenE8 } from "../../lib/core/money.ts";
import { type EpochMs, epochMs, epochMsOrUndefined } from "../../lib/core/time.ts";
import type { VenueStatus } from "../../lib/core/venue.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

interface Snapshot {
  readonly id: string;
  readonly symbol: string;
  readonly barOpenMs: EpochMs;
  /** When we had read everything; our clock. */
  readonly takenMs: EpochMs;
  /** The venue's own time of the prices, its clock; undefined: not kept (an older version), or the reply had none. */
  readonly venueMs?: EpochMs | undefined;
  /** The same on our clock. */
  readonly asOfMs?: EpochMs | undefined;
  readonly venueStatus: VenueStatus;
  readonly bid: YenE8;
  readonly ask: YenE8;
  readonly last: YenE8;
  /** Basis points of the mid price. */
  readonly spreadBps: number;
  /** The bar's volume over the mean of the 96 closed bars before; undefined while there are too few. */
  readonly volumeRatio: number | undefined;
  /** Rows in the first page of public trades. */
  readonly tradesSeen: number;
  readonly traceId: string;
}
interface Row {
  id: string;
  symbol: string;
  bar_open_ms: bigint;
  taken_ms: bigint;
  venue_ms: bigint | null;
  as_of_ms: bigint | null;
  venue_status: VenueStatus;
  bid_e8: YenE8;
  ask_e8: YenE8;
  last_e8: YenE8;
  spread_bps: number;
  volume_ratio: number | null;
  trades_seen: bigint;
  trace_id: string;
}

const timeOrNone = (ms: bigint | null): EpochMs | undefined => epochMsOrUndefined(ms === null ? undefined : Number(ms));

export const snapshotReads = (sql: Sqlite) => {
  const at = sql
    .prepare<[string, number], Row>("SELECT * FROM snapshots WHERE symbol = ? AND bar_open_ms = ?")
    .safeIntegers();
  const newest = sql.prepare<[], number | null>("SELECT max(taken_ms) FROM snapshots").pluck();
  return {
    /** When market data was last stored. */
    lastTakenMs: (): EpochMs | undefined => epochMsOrUndefined(newest.get()),
    at: (symbol: string, barOpenMs: EpochMs): Snapshot | undefined => {
      const row = at.get(symbol, barOpenMs);
      return (
        row && {
          id: row.id,
          symbol: row.symbol,
          barOpenMs: epochMs(Number(row.bar_open_ms)),
          takenMs: epochMs(Number(row.taken_ms)),
          venueMs: timeOrNone(row.venue_ms),
          asOfMs: timeOrNone(row.as_of_ms),
          venueStatus: row.venue_status,
          bid: row.bid_e8,
          ask: row.ask_e8,
          last: row.last_e8,
          spreadBps: row.spread_bps,
          volumeRatio: row.volume_ratio ?? undefined,
          tradesSeen: Number(row.trades_seen),
          traceId: row.trace_id,
        }
      );
    },
  };
};

export const snapshotWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    `INSERT INTO snapshots (id, symbol, bar_open_ms, taken_ms, venue_ms, as_of_ms, venue_status, bid_e8, ask_e8, last_e8, spread_bps, volume_ratio, trades_seen, trace_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  return {
    insert: (s: Snapshot): void =>
      void insert.run(
        s.id,
        s.symbol,
        s.barOpenMs,
        s.takenMs,
        s.venueMs ?? null,
        s.asOfMs ?? null,
        s.venueStatus,
        s.bid,
        s.ask,
        s.last,
        s.spreadBps,
        s.volumeRatio ?? null,
        s.tradesSeen,
        s.traceId,
      ),
  };
};
