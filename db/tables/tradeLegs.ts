// trade_legs: the parts of a position, each with one target and one stop; at most one live order each.
import type { CoinE8, YenE8 } from "../../lib/core/money.ts";
import type { ExitReason } from "../../lib/core/order.ts";
import type { LegPlan } from "../../lib/core/protection.ts";
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import { assertLeg } from "../../lib/core/tradeState.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";
import { legGuard } from "./legMoves.ts";
import { orderReads } from "./orders.ts";

export interface LegRow {
  readonly id: number;
  readonly tradeId: number;
  readonly positionId: string;
  readonly target: 1 | 2;
  readonly size: CoinE8;
  readonly open: CoinE8;
  readonly targetPrice: YenE8;
  /** Where its stop should be now. */
  readonly stop: YenE8;
  /** Filled beyond the approved size: closed at market. */
  readonly excess: boolean;
  readonly exitReason: ExitReason | undefined;
  readonly closedMs: EpochMs | undefined;
}
interface Row {
  id: bigint;
  trade_id: bigint;
  position_id: string;
  target: bigint;
  size_e8: CoinE8;
  open_e8: CoinE8;
  target_e8: YenE8;
  stop_e8: YenE8;
  excess: bigint;
  exit_reason: ExitReason | null;
  closed_ms: bigint | null;
}
const toLeg = (r: Row): LegRow => {
  const leg = fieldsOf(r);
  assertLeg(leg);
  return leg;
};
const fieldsOf = (r: Row): LegRow => ({
  id: Number(r.id),
  tradeId: Number(r.trade_id),
  positionId: r.position_id,
  target: r.target === 1n ? 1 : 2,
  size: r.size_e8,
  open: r.open_e8,
  targetPrice: r.target_e8,
  stop: r.stop_e8,
  excess: r.excess === 1n,
  exitReason: r.exit_reason ?? undefined,
  closedMs: r.closed_ms === null ? undefined : epochMs(Number(r.closed_ms)),
});

export const tradeLegReads = (sql: Sqlite) => {
  const select = <P extends unknown[]>(rest: string) =>
    sql.prepare<P, Row>(`SELECT * FROM trade_legs ${rest}`).safeIntegers();
  const byId = select<[number]>("WHERE id = ?");
  const ofTrade = select<[number]>("WHERE trade_id = ? ORDER BY id");
  const ofPosition = select<[string]>("WHERE position_id = ? ORDER BY id");
  return {
    byId: (id: number): LegRow | undefined => {
      const row = byId.get(id);
      return row && toLeg(row);
    },
    ofTrade: (tradeId: number): readonly LegRow[] => ofTrade.all(tradeId).map(toLeg),
    ofPosition: (positionId: string): readonly LegRow[] => ofPosition.all(positionId).map(toLeg),
  };
};

export const tradeLegWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    "INSERT INTO trade_legs (trade_id, position_id, target, size_e8, open_e8, target_e8, stop_e8, excess) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const shrink = sql.prepare(
    `UPDATE trade_legs SET open_e8 = open_e8 - ?, exit_reason = ?, closed_ms = CASE WHEN open_e8 = ? THEN ? END WHERE id = ?`,
  );
  const grow = sql.prepare("UPDATE trade_legs SET size_e8 = size_e8 + ?, open_e8 = open_e8 + ? WHERE id = ?");
  const guarded = legGuard(sql, orderReads(sql).ofLeg);
  const moveTarget = sql.prepare("UPDATE trade_legs SET target_e8 = ? WHERE id = ?");
  const moveStop = sql.prepare("UPDATE trade_legs SET stop_e8 = ? WHERE id = ?");
  return {
    insert: (tradeId: number, positionId: string, plan: LegPlan): number =>
      Number(
        insert.run(
          tradeId,
          positionId,
          plan.target,
          plan.size,
          plan.size,
          plan.targetPrice,
          plan.stop,
          plan.excess === true ? 1 : 0,
        ).lastInsertRowid,
      ),
    /** Throws (by the table's CHECK) when more is closed than open. */
    shrink: (id: number, size: CoinE8, reason: ExitReason, atMs: EpochMs): void =>
      void guarded(id, () => shrink.run(size, reason, size, atMs, id)),
    /** Adds coins to an open leg. */
    grow: (id: number, size: CoinE8): void => void guarded(id, () => grow.run(size, size, id)),
    moveTarget: (id: number, price: YenE8): void => void moveTarget.run(price, id),
    moveStop: (id: number, stop: YenE8): void => void moveStop.run(stop, id),
  };
};
