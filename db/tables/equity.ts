// equity_points: account equity over time, the base of the daily, weekly and monthly loss limits and of the equity
// curve.
import type { YenE8 } from "../../lib/core/money.ts";
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

export interface EquityPoint {
  readonly atMs: EpochMs;
  readonly equity: YenE8;
  /** Open P&L, part of `equity`; undefined in points of older versions. */
  readonly unrealised: YenE8 | undefined;
}
interface Row {
  at_ms: bigint;
  equity_e8: YenE8;
  unrealised_e8: YenE8 | null;
}
const toPoint = (row: Row): EquityPoint => ({
  atMs: epochMs(Number(row.at_ms)),
  equity: row.equity_e8,
  unrealised: row.unrealised_e8 ?? undefined,
});

export const equityReads = (sql: Sqlite) => {
  const before = sql
    .prepare<[number], Row>("SELECT * FROM equity_points WHERE at_ms <= ? ORDER BY at_ms DESC LIMIT 1")
    .safeIntegers();
  const first = sql
    .prepare<[number, number], Row>("SELECT * FROM equity_points WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms LIMIT 1")
    .safeIntegers();
  const range = sql
    .prepare<[number, number], Row>("SELECT * FROM equity_points WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms")
    .safeIntegers();
  return {
    /**
     * Equity at the start of a period: the last point at or before its start, else the first one in it.
     * undefined while nothing was recorded.
     */
    atStartOf(startMs: EpochMs): EquityPoint | undefined {
      const row = before.get(startMs) ?? first.get(startMs, Number.MAX_SAFE_INTEGER);
      return row && toPoint(row);
    },
    /**
     * The base for the losses of a period: the larger of the last point at or before its start and the first one in
     * it, so that a gap in the points at the boundary never makes a loss smaller. Points at or after `untilMs` do not
     * count. undefined while nothing was recorded.
     */
    baseOf(startMs: EpochMs, untilMs: number = Number.MAX_SAFE_INTEGER): EquityPoint | undefined {
      const around = [before.get(startMs), first.get(startMs, untilMs)].flatMap((row) => (row ? [toPoint(row)] : []));
      return around.reduce<EquityPoint | undefined>((a, b) => (a && a.equity >= b.equity ? a : b), undefined);
    },
    latest(): EquityPoint | undefined {
      const row = before.get(Number.MAX_SAFE_INTEGER);
      return row && toPoint(row);
    },
    range: (fromMs: EpochMs, toMs: EpochMs): readonly EquityPoint[] => range.all(fromMs, toMs).map(toPoint),
  };
};
export const equityWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    `INSERT INTO equity_points (at_ms, equity_e8, unrealised_e8) VALUES (?, ?, ?)
     ON CONFLICT (at_ms) DO UPDATE SET equity_e8 = excluded.equity_e8, unrealised_e8 = excluded.unrealised_e8`,
  );
  return {
    /** `unrealised`: open P&L, part of `equity`; 0 when nothing is open. */
    record: (atMs: EpochMs, equity: YenE8, unrealised: bigint = 0n): void => void insert.run(atMs, equity, unrealised),
  };
};
