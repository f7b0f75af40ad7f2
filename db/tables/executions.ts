// executions: every fill of our orders, and every close of our positions by another order, booked exactly once.
import type { CoinE8, YenE8 } from "../../lib/core/money.ts";
import { floorDiv, yenE8 } from "../../lib/core/money.ts";
import type { ExitReason } from "../../lib/core/order.ts";
import type { BookedExecution } from "../../lib/core/pnl.ts";
import { epochMs } from "../../lib/core/time.ts";
import type { Side } from "../../lib/core/venue.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

export interface ExecutionRow extends BookedExecution {
  readonly venueOrderId: string;
  /** undefined: not our order. */
  readonly orderId: number | undefined;
  readonly tradeId: number;
  readonly positionId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly settleType: string;
  /** Inferred, not reported by the venue: price and time are estimated. */
  readonly estimated: boolean;
}
interface Row {
  execution_id: string;
  venue_order_id: string;
  order_id: bigint | null;
  trade_id: bigint;
  position_id: string;
  symbol: string;
  side: Side;
  settle_type: string;
  kind: "open" | "close";
  size_e8: CoinE8;
  price_e8: YenE8;
  loss_gain_e8: YenE8;
  fee_e8: YenE8;
  exit_reason: ExitReason | null;
  at_ms: bigint;
  estimated: bigint;
}
const toExecution = (r: Row): ExecutionRow => ({
  executionId: r.execution_id,
  venueOrderId: r.venue_order_id,
  orderId: r.order_id === null ? undefined : Number(r.order_id),
  tradeId: Number(r.trade_id),
  positionId: r.position_id,
  symbol: r.symbol,
  side: r.side,
  settleType: r.settle_type,
  kind: r.kind,
  size: r.size_e8,
  price: r.price_e8,
  lossGain: r.loss_gain_e8,
  fee: r.fee_e8,
  exitReason: r.exit_reason ?? undefined,
  atMs: epochMs(Number(r.at_ms)),
  estimated: r.estimated === 1n,
});

/** To be booked; as reported by the venue unless `estimated`. */
export type NewExecution = Omit<ExecutionRow, "estimated"> & { readonly estimated?: boolean };

export const executionReads = (sql: Sqlite) => {
  const select = <P extends unknown[]>(rest: string) =>
    sql.prepare<P, Row>(`SELECT * FROM executions ${rest}`).safeIntegers();
  const ofTrade = select<[number]>("WHERE trade_id = ? ORDER BY at_ms, execution_id");
  const all = select<[]>("ORDER BY at_ms, execution_id");
  const booked = sql
    .prepare<[number], CoinE8 | null>("SELECT sum(size_e8) FROM executions WHERE order_id = ?")
    .pluck()
    .safeIntegers();
  const known = sql.prepare<[string], number>("SELECT 1 FROM executions WHERE execution_id = ?").pluck();
  const realised = sql
    .prepare<[number, number], bigint | null>(
      "SELECT sum(loss_gain_e8 - fee_e8) FROM executions WHERE at_ms >= ? AND at_ms < ?",
    )
    .pluck()
    .safeIntegers();
  return {
    ofTrade: (tradeId: number): readonly ExecutionRow[] => ofTrade.all(tradeId).map(toExecution),
    all: (): readonly ExecutionRow[] => all.all().map(toExecution),
    /** Booked executed size of one order. */
    bookedSize: (orderId: number): CoinE8 => booked.get(orderId) ?? (0n as CoinE8),
    has: (executionId: string): boolean => known.get(executionId) === 1,
    /** Realised P&L less fees in [fromMs, toMs), exact. */
    realisedBetween: (fromMs: number, toMs: number): YenE8 => yenE8(realised.get(fromMs, toMs) ?? 0n),
  };
};

export const executionWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    `INSERT INTO executions (execution_id, venue_order_id, order_id, trade_id, position_id, symbol, side, settle_type, kind,
       size_e8, price_e8, loss_gain_e8, fee_e8, exit_reason, at_ms, estimated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (execution_id) DO NOTHING`,
  );
  const removeEstimated = sql.prepare("DELETE FROM executions WHERE position_id = ? AND estimated = 1");
  const remove = sql.prepare("DELETE FROM executions WHERE execution_id = ? AND estimated = 1");
  const shrink = sql.prepare(
    "UPDATE executions SET size_e8 = ?, loss_gain_e8 = ? WHERE execution_id = ? AND estimated = 1",
  );
  return {
    /** Removes `part` of an estimated execution, with its share of the gain (rounded down below 1e-8 yen). */
    takeEstimated({ executionId, size, lossGain }: ExecutionRow, part: CoinE8): void {
      if (part >= size) remove.run(executionId);
      else shrink.run(size - part, floorDiv(lossGain * (size - part), size), executionId);
    },
    /**
     * Removes the estimated executions of a position, before the reported ones are booked. Returns the number of rows.
     */
    removeEstimated: (positionId: string): number => removeEstimated.run(positionId).changes,
    /** Returns false when it was booked before. */
    insert: (e: NewExecution): boolean =>
      insert.run(
        e.executionId,
        e.venueOrderId,
        e.orderId ?? null,
        e.tradeId,
        e.positionId,
        e.symbol,
        e.side,
        e.settleType,
        e.kind,
        e.size,
        e.price,
        e.lossGain,
        e.fee,
        e.exitReason ?? null,
        e.atMs,
        e.estimated === true ? 1 : 0,
      ).changes === 1,
  };
};
