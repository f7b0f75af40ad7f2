// trades: the owner's table, in human units, computed from exact executions. One open trade per symbol.

import type { CloseHow } from "../../lib/core/exitFacts.ts";
import { type CoinE8, toNumber, type YenE8 } from "../../lib/core/money.ts";
import type { ExitReason } from "../../lib/core/order.ts";
import type { TradeResult } from "../../lib/core/pnl.ts";
import type { SizeBound } from "../../lib/core/risk.ts";
import { type EpochMs, epochMs, isoUtc } from "../../lib/core/time.ts";
import { assertTrade, moveTrade, type TradeStatus } from "../../lib/core/tradeState.ts";
import type { Direction } from "../../lib/core/venue.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";
import type { Proposal } from "./proposals.ts";

export type { TradeStatus };
export interface Trade {
  readonly id: number;
  readonly symbol: string;
  readonly direction: Direction;
  readonly status: TradeStatus;
  readonly proposalId: string;
  readonly signalId: number;
  readonly traceId: string;
  /** Human units (yen per coin, coins, yen), for the owner. */
  readonly entryPrice: number;
  readonly exitPrice: number | undefined;
  readonly stopLoss: number;
  readonly takeProfit1: number | undefined;
  readonly takeProfit2: number | undefined;
  readonly positionSize: number;
  readonly confidence: number;
  readonly breakEven: number;
  readonly entryTime: string;
  readonly exitTime: string | undefined;
  readonly exitReason: ExitReason | undefined;
  readonly pnlAmount: number | undefined;
  /** Percent of the entry notional. */
  readonly pnlPercent: number | undefined;
  readonly fees: number;
  readonly cancelReason: string | undefined;
  readonly createdAt: string;
  readonly firstFillMs: EpochMs | undefined;
  readonly closedMs: EpochMs | undefined;
  readonly timeStopMs: EpochMs | undefined;
  readonly entryEndedMs: EpochMs | undefined;
  /** When its resting entry was last checked in full after a restart. */
  readonly entryCheckedMs: EpochMs | undefined;
  /** The limit that made its entry smaller than approved; undefined: none. */
  readonly sizeBound: SizeBound | undefined;
  /** How the owner wants it closed; undefined: by its own exits. */
  readonly closeHow: CloseHow | undefined;
  /** Exact: the size the entry is to fill, and the symbol's rules at the check. */
  readonly targetSize: CoinE8;
  readonly tick: YenE8;
  readonly minSize: CoinE8;
  readonly sizeStep: CoinE8;
}
interface Row {
  id: bigint;
  symbol: string;
  direction: Direction;
  status: TradeStatus;
  proposal_id: string;
  signal_id: bigint;
  trace_id: string;
  entry_price: number;
  exit_price: number | null;
  stop_loss: number;
  take_profit_1: number | null;
  take_profit_2: number | null;
  position_size: number;
  confidence: number;
  break_even: number;
  entry_time: string;
  exit_time: string | null;
  exit_reason: ExitReason | null;
  pnl_amount: number | null;
  pnl_percent: number | null;
  fees: number;
  cancel_reason: string | null;
  created_at: string;
  first_fill_ms: bigint | null;
  closed_ms: bigint | null;
  time_stop_ms: bigint | null;
  entry_ended_ms: bigint | null;
  entry_checked_ms: bigint | null;
  size_bound: SizeBound | null;
  close_how: CloseHow | null;
  target_size_e8: CoinE8;
  tick_e8: YenE8;
  min_size_e8: CoinE8;
  size_step_e8: CoinE8;
}
const ms = (value: bigint | null): EpochMs | undefined => (value === null ? undefined : epochMs(Number(value)));
const toTrade = (r: Row): Trade => {
  const trade = fieldsOf(r);
  assertTrade(trade);
  return trade;
};
const fieldsOf = (r: Row): Trade => ({
  id: Number(r.id),
  symbol: r.symbol,
  direction: r.direction,
  status: r.status,
  proposalId: r.proposal_id,
  signalId: Number(r.signal_id),
  traceId: r.trace_id,
  entryPrice: r.entry_price,
  exitPrice: r.exit_price ?? undefined,
  stopLoss: r.stop_loss,
  takeProfit1: r.take_profit_1 ?? undefined,
  takeProfit2: r.take_profit_2 ?? undefined,
  positionSize: r.position_size,
  confidence: r.confidence,
  breakEven: r.break_even,
  entryTime: r.entry_time,
  exitTime: r.exit_time ?? undefined,
  exitReason: r.exit_reason ?? undefined,
  pnlAmount: r.pnl_amount ?? undefined,
  pnlPercent: r.pnl_percent ?? undefined,
  fees: r.fees,
  cancelReason: r.cancel_reason ?? undefined,
  createdAt: r.created_at,
  firstFillMs: ms(r.first_fill_ms),
  closedMs: ms(r.closed_ms),
  timeStopMs: ms(r.time_stop_ms),
  entryEndedMs: ms(r.entry_ended_ms),
  entryCheckedMs: ms(r.entry_checked_ms),
  sizeBound: r.size_bound ?? undefined,
  closeHow: r.close_how ?? undefined,
  targetSize: r.target_size_e8,
  tick: r.tick_e8,
  minSize: r.min_size_e8,
  sizeStep: r.size_step_e8,
});

export const tradeReads = (sql: Sqlite) => {
  const select = <P extends unknown[]>(rest: string) =>
    sql.prepare<P, Row>(`SELECT * FROM trades ${rest}`).safeIntegers();
  const byId = select<[number]>("WHERE id = ?");
  const byProposal = select<[string]>("WHERE proposal_id = ?");
  const alive = select<[]>("WHERE status IN ('pending', 'open') ORDER BY id");
  const closed = select<[number, number]>("WHERE closed_ms >= ? AND closed_ms < ? ORDER BY closed_ms, id");
  const lastClosed = select<[number]>("WHERE closed_ms IS NOT NULL ORDER BY closed_ms DESC, id DESC LIMIT ?");
  const newest = select<[number]>("ORDER BY id DESC LIMIT ?");
  const map = (row: Row | undefined): Trade | undefined => row && toTrade(row);
  return {
    byId: (id: number): Trade | undefined => map(byId.get(id)),
    byProposal: (proposalId: string): Trade | undefined => map(byProposal.get(proposalId)),
    /** Pending and open, oldest first. */
    alive: (): readonly Trade[] => alive.all().map(toTrade),
    /** Closed in [fromMs, toMs), in order of closing. */
    closedBetween: (fromMs: EpochMs, toMs: EpochMs): readonly Trade[] => closed.all(fromMs, toMs).map(toTrade),
    /** Newest first, by their close. */
    lastClosed: (limit: number): readonly Trade[] => lastClosed.all(limit).map(toTrade),
    newest: (limit: number): readonly Trade[] => newest.all(limit).map(toTrade),
  };
};

export const tradeWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    `INSERT INTO trades (symbol, direction, entry_price, stop_loss, take_profit_1, take_profit_2, position_size, confidence,
       entry_time, status, created_at, proposal_id, signal_id, trace_id, break_even, target_size_e8, tick_e8, min_size_e8, size_step_e8,
       size_bound) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  // A lost entry may fill late: then an ended trade opens again, `late` beside another live one.
  const fill = sql.prepare(
    `UPDATE trades SET status = 'open', cancel_reason = NULL, entry_price = ?, position_size = ?, fees = ?, entry_time = ?,
       first_fill_ms = ?, time_stop_ms = ?, closed_ms = NULL, exit_time = NULL, exit_reason = NULL, pnl_amount = NULL,
       pnl_percent = NULL, late = CASE WHEN status IN ('pending', 'open') THEN late ELSE EXISTS
         (SELECT 1 FROM trades o WHERE o.symbol = trades.symbol AND o.id <> trades.id AND o.status IN ('pending', 'open')) END
     WHERE id = ?`,
  );
  const progress = sql.prepare(
    `UPDATE trades SET exit_price = ?, fees = ?, pnl_amount = CASE WHEN status = 'closed' THEN ? ELSE pnl_amount END,
       pnl_percent = CASE WHEN status = 'closed' THEN ? ELSE pnl_percent END WHERE id = ?`,
  );
  const endEntry = sql.prepare("UPDATE trades SET entry_ended_ms = ? WHERE id = ? AND entry_ended_ms IS NULL");
  const reduce = sql.prepare("UPDATE trades SET target_size_e8 = ?, size_bound = ? WHERE id = ?");
  const checkEntry = sql.prepare("UPDATE trades SET entry_checked_ms = ? WHERE id = ?");
  const askClose = sql.prepare(
    "UPDATE trades SET close_how = ? WHERE id = ? AND status IN ('pending', 'open') AND close_how IS NOT 'market'",
  );
  const cancel = sql.prepare(
    "UPDATE trades SET status = 'cancelled', cancel_reason = ? WHERE id = ? AND status = 'pending'",
  );
  const giveUp = sql.prepare(
    "UPDATE trades SET status = 'cancelled', cancel_reason = ? WHERE id = ? AND status = 'open'",
  );
  const close = sql.prepare(
    `UPDATE trades SET status = 'closed', exit_price = ?, exit_time = ?, exit_reason = ?, pnl_amount = ?, pnl_percent = ?,
       fees = ?, closed_ms = ? WHERE id = ? AND status = 'open'`,
  );
  const statusOf = sql.prepare<[number], TradeStatus>("SELECT status FROM trades WHERE id = ?").pluck();
  /** Throws, and so rolls back the transaction, when a write made a transition that is not allowed. */
  const guarded = (id: number, write: () => { readonly changes: number }): boolean => {
    const from = statusOf.get(id);
    const { changes } = write();
    const to = statusOf.get(id);
    if (from !== undefined && to !== undefined && from !== to) moveTrade(id, from, to);
    return changes === 1;
  };
  return {
    /** A new trade, pending. `entry` is the first limit price, exact values become human units here. */
    insert(t: {
      readonly proposal: Proposal;
      readonly entry: YenE8;
      readonly size: CoinE8;
      /** The limit that made `size` smaller than approved. */
      readonly bound?: SizeBound | undefined;
      readonly rules: { readonly tick: YenE8; readonly minSize: CoinE8; readonly sizeStep: CoinE8 };
      readonly atMs: EpochMs;
    }): number {
      const { proposal: p } = t;
      const now = isoUtc(t.atMs);
      const { lastInsertRowid } = insert.run(
        p.symbol,
        p.direction,
        toNumber(t.entry),
        toNumber(p.stop),
        toNumber(p.tp1),
        toNumber(p.tp2),
        toNumber(t.size),
        p.confidence,
        now,
        now,
        p.id,
        p.signalId,
        p.traceId,
        p.breakEven,
        t.size,
        t.rules.tick,
        t.rules.minSize,
        t.rules.sizeStep,
        t.bound ?? null,
      );
      return Number(lastInsertRowid);
    },
    /** First and later fills: the mean entry and the filled size so far. */
    setFilled(id: number, result: TradeResult, timeStopMs: EpochMs): void {
      if (result.entryPrice === undefined || result.firstFillMs === undefined)
        throw new RangeError(`trade ${id}: expected an opening execution before it counts as filled`);
      const size = toNumber(result.entrySize);
      const first = result.firstFillMs;
      const price = result.entryPrice;
      guarded(id, () => fill.run(price, size, toNumber(result.fees), isoUtc(first), first, timeStopMs, id));
    },
    /** Exits so far; for a trade already closed, its result corrected by a late sale. */
    setProgress: (id: number, { exitPrice, fees, pnl, pnlPercent }: TradeResult): void =>
      void progress.run(exitPrice ?? null, toNumber(fees), toNumber(pnl), pnlPercent ?? null, id),
    endEntry: (id: number, atMs: EpochMs): boolean => endEntry.run(atMs, id).changes === 1,
    /** The entry is to fill less than approved from now on. */
    reduceTarget: (id: number, size: CoinE8, bound: SizeBound): void => void reduce.run(size, bound, id),
    /** Its resting entry passed every check after a restart. */
    setEntryChecked: (id: number, atMs: EpochMs): void => void checkEntry.run(atMs, id),
    /** The owner wants it closed: watchPosition closes it (lib/core/exits.ts). `market` is never undone. */
    askClose: (id: number, how: CloseHow): void => void askClose.run(how, id),
    /** A pending trade without any fill. */
    cancel: (id: number, reason: string): boolean => guarded(id, () => cancel.run(reason, id)),
    /** An open trade whose remaining coins are too few to be sold (spot). */
    giveUp: (id: number, reason: string): boolean => guarded(id, () => giveUp.run(reason, id)),
    /** An open trade that is flat. Returns false when it was not open. */
    close(id: number, result: TradeResult, atMs: EpochMs): boolean {
      if (result.exitPrice === undefined || result.exitReason === undefined || result.pnlPercent === undefined)
        throw new RangeError(`trade ${id}: expected closing executions before it counts as closed`);
      const { exitPrice, exitReason, pnlPercent, lastCloseMs = atMs } = result;
      const [pnl, fees] = [toNumber(result.pnl), toNumber(result.fees)];
      return guarded(id, () =>
        close.run(exitPrice, isoUtc(lastCloseMs), exitReason, pnl, pnlPercent, fees, lastCloseMs, id),
      );
    },
  };
};
