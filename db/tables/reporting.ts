// Reads across tables for the daily report, the summary and the HTML report. Never writes, and nothing here decides a
// trade. Statements are prepared on use: reports are rare and must not slow down a worker's start.

import { type CoinE8, toNumber, type YenE8 } from "../../lib/core/money.ts";
import type { NoSignalKind } from "../../lib/core/noSignal.ts";
import type { AnsweredProposal, JudgedBar, PlannedFill } from "../../lib/core/performance.ts";
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import type { Direction } from "../../lib/core/venue.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";
import type { ProposalState } from "./proposals.ts";
import type { DecidedBy } from "./signals.ts";

/** A trade with at least one fill, or one that was cancelled. Yen and coins in human units. */
export interface ReportTrade {
  readonly id: number;
  readonly proposalId: string;
  readonly symbol: string;
  readonly direction: Direction;
  readonly status: "pending" | "open" | "closed" | "cancelled";
  readonly entryPrice: number;
  readonly exitPrice: number | undefined;
  /** As proposed; the stop in force may have moved to the entry price. */
  readonly stop: number;
  readonly tp1: number;
  readonly tp2: number;
  readonly size: number;
  readonly confidence: number;
  /** Win rate at which the plan breaks even, 0..1. */
  readonly breakEven: number;
  readonly createdMs: EpochMs;
  readonly firstFillMs: EpochMs | undefined;
  readonly closedMs: EpochMs | undefined;
  readonly exitReason: string | undefined;
  readonly cancelReason: string | undefined;
  /** Net of fees. */
  readonly pnlYen: number | undefined;
  readonly feesYen: number;
  /** Yen at risk for the size really filled: stop distance of the plan x size. */
  readonly riskYen: number;
}

export interface ReportProposal {
  readonly id: string;
  readonly symbol: string;
  readonly direction: Direction;
  readonly entry: number;
  readonly stop: number;
  readonly tp1: number;
  readonly tp2: number;
  readonly size: number;
  readonly riskYen: number;
  readonly confidence: number;
  readonly rank: number | undefined;
  readonly breakEven: number;
  readonly createdMs: EpochMs;
  readonly validUntilMs: EpochMs;
  readonly state: ProposalState;
  readonly decidedBy: DecidedBy | undefined;
  readonly actor: string | undefined;
  readonly decidedMs: EpochMs | undefined;
  /** Why the re-check on fresh data refused it after its approval. */
  readonly refusal: string | undefined;
  /** The trade it became, filled or not. */
  readonly tradeId: number | undefined;
}

/** One execution, for the marks on a price chart. */
export interface ReportFill {
  readonly tradeId: number;
  readonly kind: "open" | "close";
  readonly price: number;
  readonly size: number;
  readonly exitReason: string | undefined;
  readonly atMs: EpochMs;
}

/** Counts that must be zero when nothing is in progress. */
interface BookCheck {
  /** Positions with an open size above 0. */
  readonly openPositions: number;
  /** Of those, positions whose open size is not covered by a STOP or closing order known to the venue. */
  readonly barePositions: number;
  /** Proposals with two live entry orders at once, or filled beyond the approved size. */
  readonly duplicateOrders: number;
}

interface TradeRow {
  id: number;
  proposal_id: string;
  symbol: string;
  direction: Direction;
  status: ReportTrade["status"];
  entry_price: number;
  exit_price: number | null;
  plan_entry: number;
  plan_stop: number;
  plan_tp1: number;
  plan_tp2: number;
  position_size: number;
  confidence: number;
  break_even: number;
  created_at: string;
  first_fill_ms: EpochMs | null;
  closed_ms: EpochMs | null;
  exit_reason: string | null;
  cancel_reason: string | null;
  pnl_amount: number | null;
  fees: number;
}
interface ProposalRow {
  id: string;
  symbol: string;
  direction: Direction;
  entry_e8: YenE8;
  stop_e8: YenE8;
  tp1_e8: YenE8;
  tp2_e8: YenE8;
  size_e8: CoinE8;
  risk_e8: YenE8;
  confidence: number;
  rank: number | null;
  break_even: number;
  created_ms: bigint;
  valid_until_ms: bigint;
  state: ProposalState;
  decided_by: DecidedBy | null;
  actor: string | null;
  decided_ms: bigint | null;
  refusal: string | null;
  trade_id: bigint | null;
}

// Prices of the plan come from the proposal (the trades row's stop follows the stop in force). As doubles: for display
// only.
const TRADES = `SELECT t.*, p.entry_e8 / 1e8 AS plan_entry, p.stop_e8 / 1e8 AS plan_stop, p.tp1_e8 / 1e8 AS plan_tp1,
    p.tp2_e8 / 1e8 AS plan_tp2
  FROM trades t JOIN proposals p ON p.id = t.proposal_id`;

const toTrade = (row: TradeRow): ReportTrade => ({
  id: row.id,
  proposalId: row.proposal_id,
  symbol: row.symbol,
  direction: row.direction,
  status: row.status,
  entryPrice: row.entry_price,
  exitPrice: row.exit_price ?? undefined,
  stop: row.plan_stop,
  tp1: row.plan_tp1,
  tp2: row.plan_tp2,
  size: row.position_size,
  confidence: row.confidence,
  breakEven: row.break_even,
  createdMs: epochMs(Date.parse(row.created_at)),
  firstFillMs: row.first_fill_ms ?? undefined,
  closedMs: row.closed_ms ?? undefined,
  exitReason: row.exit_reason ?? undefined,
  cancelReason: row.cancel_reason ?? undefined,
  pnlYen: row.pnl_amount ?? undefined,
  feesYen: row.fees,
  riskYen: Math.abs(row.plan_entry - row.plan_stop) * row.position_size,
});

export const reportingReads = (sql: Sqlite) => ({
  /**
   * Bars with fromMs <= close < toMs that the chain judged or could not judge, in order: a bar belongs to the day in
   * which it was judged. `barMs` is a bar's length. Warm-up bars (before the first one the chain judged) are excluded.
   */
  judgedBars(fromMs: EpochMs, toMs: EpochMs, barMs: number): readonly JudgedBar[] {
    const rows = sql
      .prepare<
        [number, number, number, number],
        {
          symbol: string;
          bar_open_ms: EpochMs;
          no_signal: string | null;
          no_signal_why: NoSignalKind | null;
          judged_from_ms: number | null;
          over_threshold: number;
          verdict: "judging" | "proposed" | "filtered";
          gates: string | null;
        }
      >(
        `SELECT symbol, bar_open_ms, NULL AS no_signal, NULL AS no_signal_why, NULL AS judged_from_ms,
                over_threshold, verdict, gates FROM signals
           WHERE bar_open_ms >= ? AND bar_open_ms < ?
         UNION ALL
         SELECT f.symbol, f.bar_open_ms, max(f.no_signal), f.no_signal_why, f.judged_from_ms, 0, 'filtered', NULL
           FROM feature_rows f
           WHERE f.no_signal IS NOT NULL AND f.bar_open_ms >= ? AND f.bar_open_ms < ?
             AND f.bar_open_ms >= (SELECT min(open) FROM (SELECT min(bar_open_ms) AS open FROM signals
                                   UNION ALL SELECT min(bar_open_ms) FROM snapshots))
             AND NOT EXISTS (SELECT 1 FROM signals s WHERE s.symbol = f.symbol AND s.bar_open_ms = f.bar_open_ms)
           GROUP BY f.symbol, f.bar_open_ms
         ORDER BY 2, 1`,
      )
      .all(fromMs - barMs, toMs - barMs, fromMs - barMs, toMs - barMs);
    return rows.map((row) =>
      row.no_signal !== null
        ? {
            kind: "noSignal",
            symbol: row.symbol,
            barOpenMs: row.bar_open_ms,
            why: row.no_signal_why ?? "history",
            judgedFromMs: row.judged_from_ms ?? undefined,
            reason: row.no_signal,
          }
        : {
            kind: "judged",
            symbol: row.symbol,
            barOpenMs: row.bar_open_ms,
            overThreshold: row.over_threshold === 1,
            verdict: row.verdict,
            gates: row.gates === null ? undefined : (JSON.parse(row.gates) as { gate: string; pass: boolean }[]),
          },
    );
  },

  /** Trades closed with fromMs <= time < toMs, in order of closing. */
  tradesClosed: (fromMs: EpochMs, toMs: EpochMs): readonly ReportTrade[] =>
    sql
      .prepare<[number, number], TradeRow>(
        `${TRADES} WHERE t.status = 'closed' AND t.closed_ms >= ? AND t.closed_ms < ? ORDER BY t.closed_ms, t.id`,
      )
      .all(fromMs, toMs)
      .map(toTrade),
  /** All trades, also pending and given up, oldest first. */
  trades: (): readonly ReportTrade[] => sql.prepare<[], TradeRow>(`${TRADES} ORDER BY t.id`).all().map(toTrade),

  /** Proposals made with fromMs <= time < toMs and their decisions, oldest first. */
  proposals: (fromMs: EpochMs, toMs: EpochMs): readonly ReportProposal[] =>
    sql
      .prepare<[number, number], ProposalRow>(
        `WITH refused AS (SELECT json_extract(data, '$.proposalId') AS id, max(json_extract(data, '$.reason')) AS reason
                          FROM audit_events WHERE kind = 'entry.refused' GROUP BY 1)
         SELECT p.*, a.decided_by, a.actor, a.decided_ms, r.reason AS refusal, t.id AS trade_id
         FROM proposals p LEFT JOIN approvals a ON a.proposal_id = p.id
           LEFT JOIN refused r ON r.id = p.id LEFT JOIN trades t ON t.proposal_id = p.id
         WHERE p.created_ms >= ? AND p.created_ms < ? ORDER BY p.created_ms, p.id`,
      )
      .safeIntegers()
      .all(fromMs, toMs)
      .map((row) => ({
        id: row.id,
        symbol: row.symbol,
        direction: row.direction,
        entry: toNumber(row.entry_e8),
        stop: toNumber(row.stop_e8),
        tp1: toNumber(row.tp1_e8),
        tp2: toNumber(row.tp2_e8),
        size: toNumber(row.size_e8),
        riskYen: toNumber(row.risk_e8),
        confidence: row.confidence,
        rank: row.rank ?? undefined,
        breakEven: row.break_even,
        createdMs: epochMs(Number(row.created_ms)),
        validUntilMs: epochMs(Number(row.valid_until_ms)),
        state: row.state,
        decidedBy: row.decided_by ?? undefined,
        actor: row.actor ?? undefined,
        decidedMs: row.decided_ms === null ? undefined : epochMs(Number(row.decided_ms)),
        refusal: row.refusal ?? undefined,
        tradeId: row.trade_id === null ? undefined : Number(row.trade_id),
      })),

  /**
   * Fills with fromMs <= time < toMs beside their planned price: the proposal's entry, or the closing order's own
   * price.
   */
  plannedFills: (fromMs: EpochMs, toMs: EpochMs): readonly PlannedFill[] =>
    sql
      .prepare<[number, number], { side: "BUY" | "SELL"; price: number; planned: number | null; size: number }>(
        `SELECT e.side, e.price_e8 / 1e8 AS price, e.size_e8 / 1e8 AS size,
           CASE e.kind WHEN 'open' THEN p.entry_e8 ELSE o.planned_e8 END / 1e8 AS planned
         FROM executions e JOIN trades t ON t.id = e.trade_id JOIN proposals p ON p.id = t.proposal_id
           LEFT JOIN orders o ON o.id = e.order_id
         WHERE e.at_ms >= ? AND e.at_ms < ? ORDER BY e.at_ms, e.execution_id`,
      )
      .all(fromMs, toMs)
      .map((row) => ({ ...row, planned: row.planned ?? undefined })),

  /**
   * Decided proposals made with fromMs <= time < toMs, each with the traded rule's result on its signal. A proposal
   * with a successor (fresh numbers) is excluded in favour of it: one signal counts once.
   */
  answered: (fromMs: EpochMs, toMs: EpochMs): readonly AnsweredProposal[] =>
    sql
      .prepare<[number, number], { answer: AnsweredProposal["answer"]; notional: number; bps: number | null }>(
        `SELECT p.state AS answer, (p.entry_e8 / 1e8) * (p.size_e8 / 1e8) AS notional, l.rule_net_bps AS bps
         FROM proposals p LEFT JOIN signal_labels l ON l.signal_id = p.signal_id AND l.side = p.direction
         WHERE p.state IN ('approved', 'rejected', 'expired')
           AND NOT EXISTS (SELECT 1 FROM proposals n WHERE n.supersedes = p.id) AND p.created_ms >= ? AND p.created_ms < ?
         ORDER BY p.created_ms, p.id`,
      )
      .all(fromMs, toMs)
      .map((row) => ({ answer: row.answer, notionalYen: row.notional, ruleNetBps: row.bps ?? undefined })),

  /** Every execution of our trades, in order. */
  fills: (): readonly ReportFill[] =>
    sql
      .prepare<
        [],
        {
          trade_id: number;
          kind: "open" | "close";
          price: number;
          size: number;
          exit_reason: string | null;
          at_ms: EpochMs;
        }
      >(
        `SELECT trade_id, kind, price_e8 / 1e8 AS price, size_e8 / 1e8 AS size, exit_reason, at_ms
         FROM executions ORDER BY at_ms, execution_id`,
      )
      .all()
      .map((row) => ({
        tradeId: row.trade_id,
        kind: row.kind,
        price: row.price,
        size: row.size,
        exitReason: row.exit_reason ?? undefined,
        atMs: row.at_ms,
      })),

  bookCheck(): BookCheck {
    const count = (text: string): number => sql.prepare<[], number>(text).pluck().get() ?? 0;
    return {
      openPositions: count("SELECT count(*) FROM positions WHERE open_e8 > 0"),
      barePositions: count(
        `SELECT count(*) FROM positions p WHERE p.open_e8 >
           (SELECT coalesce(sum(o.size_e8 - o.executed_e8), 0) FROM orders o
            WHERE o.position_id = p.position_id AND o.state = 'open')`,
      ),
      // Sent orders only: a refused or never sent order was not live.
      duplicateOrders: count(
        `WITH entry AS (SELECT id, trade_id, size_e8, executed_e8, sent_ms, coalesce(closed_ms, ${Number.MAX_SAFE_INTEGER}) AS end_ms
                        FROM orders WHERE purpose = 'entry' AND sent_ms IS NOT NULL AND state NOT IN ('rejected', 'neverSent'))
         SELECT count(*) FROM trades t JOIN proposals p ON p.id = t.proposal_id
         WHERE (SELECT coalesce(sum(executed_e8), 0) FROM entry e WHERE e.trade_id = t.id) > p.size_e8
            OR EXISTS (SELECT 1 FROM entry a JOIN entry b ON a.trade_id = b.trade_id AND a.id < b.id
                       WHERE a.trade_id = t.id AND a.sent_ms < b.end_ms AND b.sent_ms < a.end_ms)`,
      ),
    };
  },

  /** Daily report messages, oldest first. */
  reportMessages: (): readonly { readonly key: string; readonly text: string }[] =>
    sql
      .prepare<[], { key: string; text: string }>("SELECT key, text FROM outbox WHERE kind = 'report' ORDER BY id")
      .all(),

  jobsDead: (): number => sql.prepare<[], number>("SELECT count(*) FROM jobs WHERE state = 'dead'").pluck().get() ?? 0,
  auditEvents: (): number => sql.prepare<[], number>("SELECT count(*) FROM audit_events").pluck().get() ?? 0,
});
