// positions: what our entries opened at the venue, and how much of each is still open. One trade may hold several.
import { type CoinE8, floorDiv, type YenE8 } from "../../lib/core/money.ts";
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import type { Side } from "../../lib/core/venue.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

export interface PositionRow {
  readonly positionId: string;
  readonly tradeId: number;
  readonly symbol: string;
  /** Side of the opening: BUY is long. */
  readonly side: Side;
  readonly opened: CoinE8;
  readonly open: CoinE8;
  /** Size-weighted opening price, rounded down below 1e-8 yen. */
  readonly price: YenE8;
  /** The loss-cut price: of the entry that opened it, then as the venue shows it. undefined: none, or not known yet. */
  readonly losscut: YenE8 | undefined;
  readonly openedMs: EpochMs;
  readonly closedMs: EpochMs | undefined;
}
interface Row {
  position_id: string;
  trade_id: bigint;
  symbol: string;
  side: Side;
  opened_e8: CoinE8;
  open_e8: CoinE8;
  price_e8: YenE8;
  losscut_e8: YenE8 | null;
  opened_ms: bigint;
  closed_ms: bigint | null;
}
const toPosition = (r: Row): PositionRow => ({
  positionId: r.position_id,
  tradeId: Number(r.trade_id),
  symbol: r.symbol,
  side: r.side,
  opened: r.opened_e8,
  open: r.open_e8,
  price: r.price_e8,
  losscut: r.losscut_e8 ?? undefined,
  openedMs: epochMs(Number(r.opened_ms)),
  closedMs: r.closed_ms === null ? undefined : epochMs(Number(r.closed_ms)),
});

export const positionReads = (sql: Sqlite) => {
  const select = <P extends unknown[]>(rest: string) =>
    sql.prepare<P, Row>(`SELECT * FROM positions ${rest}`).safeIntegers();
  const byId = select<[string]>("WHERE position_id = ?");
  const ofTrade = select<[number]>("WHERE trade_id = ? ORDER BY opened_ms, position_id");
  const open = select<[]>("WHERE open_e8 > 0 ORDER BY opened_ms, position_id");
  return {
    byId: (positionId: string): PositionRow | undefined => {
      const row = byId.get(positionId);
      return row && toPosition(row);
    },
    ofTrade: (tradeId: number): readonly PositionRow[] => ofTrade.all(tradeId).map(toPosition),
    open: (): readonly PositionRow[] => open.all().map(toPosition),
  };
};

export const positionWrites = (sql: Sqlite) => {
  const reads = positionReads(sql);
  const insert = sql.prepare(
    "INSERT INTO positions (position_id, trade_id, symbol, side, opened_e8, open_e8, price_e8, losscut_e8, opened_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const update = sql.prepare(
    "UPDATE positions SET opened_e8 = ?, open_e8 = ?, price_e8 = ?, closed_ms = NULL WHERE position_id = ?",
  );
  const shrink = sql.prepare(
    "UPDATE positions SET open_e8 = open_e8 - ?, closed_ms = CASE WHEN open_e8 = ? THEN ? END WHERE position_id = ?",
  );
  const losscutAt = sql.prepare("UPDATE positions SET losscut_e8 = ? WHERE position_id = ?");
  return {
    /** A new position, or an increase of one that several executions build up. */
    grow(p: Omit<PositionRow, "open" | "closedMs" | "losscut"> & Partial<Pick<PositionRow, "losscut">>): void {
      const known = reads.byId(p.positionId);
      if (known === undefined) {
        insert.run(
          p.positionId,
          p.tradeId,
          p.symbol,
          p.side,
          p.opened,
          p.opened,
          p.price,
          p.losscut ?? null,
          p.openedMs,
        );
        return;
      }
      const opened = known.opened + p.opened;
      const price = floorDiv(known.price * known.opened + p.price * p.opened, opened);
      update.run(opened, known.open + p.opened, price, p.positionId);
    },
    /** As the venue shows it. */
    setLosscut: (positionId: string, losscut: YenE8 | undefined): void =>
      void losscutAt.run(losscut ?? null, positionId),
    /** Throws (by the table's CHECK) when more is closed than open. */
    shrink: (positionId: string, size: CoinE8, atMs: EpochMs): void => void shrink.run(size, size, atMs, positionId),
  };
};
