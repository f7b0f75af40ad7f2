// proposals and approvals: what the owner is asked to approve, and the one decision on it.
import type { CoinE8, YenE8 } from "../../lib/core/money.ts";
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import type { Direction } from "../../lib/core/venue.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";
import type { DecidedBy } from "./signals.ts";

/**
 * - pending: waits for the owner's decision; a decision, a modification, the deadline or the owner's stop moves it on
 * - approved: `execute` re-checks it and may trade until `validUntilMs`; final
 * - rejected: rejected by a person, the script or the owner's stop; final
 * - expired: no decision before the deadline; final
 * - superseded: replaced by a proposal with changed numbers; final
 */
export type ProposalState = "pending" | "approved" | "rejected" | "expired" | "superseded";
export interface Proposal {
  readonly id: string;
  readonly signalId: number;
  readonly symbol: string;
  readonly direction: Direction;
  /** Entry limit, yen per coin; the band is where re-quotes may move it. */
  readonly entry: YenE8;
  readonly bandLow: YenE8;
  readonly bandHigh: YenE8;
  readonly stop: YenE8;
  readonly tp1: YenE8;
  readonly tp2: YenE8;
  readonly size: CoinE8;
  /** Yen lost when the stop is hit at its price, costs excluded. */
  readonly risk: YenE8;
  /** Account equity the size was computed from. */
  readonly equity: YenE8;
  /** ATR(14) of 15-minute candles, yen. */
  readonly atr: number;
  readonly confidence: number;
  readonly rank: number | undefined;
  /** Win rate at which this plan breaks even, 0..1. */
  readonly breakEven: number;
  /** Binds a decision to exactly these numbers. */
  readonly hash: string;
  readonly createdMs: EpochMs;
  readonly validUntilMs: EpochMs;
  readonly state: ProposalState;
  readonly supersedes: string | undefined;
  readonly traceId: string;
}
export interface Approval {
  readonly proposalId: string;
  readonly decision: "approved" | "rejected" | "modified";
  readonly decidedBy: DecidedBy;
  readonly actor: string;
  readonly hash: string;
  readonly decidedMs: EpochMs;
}
interface Row {
  id: string;
  signal_id: bigint;
  symbol: string;
  direction: Direction;
  entry_e8: YenE8;
  band_low_e8: YenE8;
  band_high_e8: YenE8;
  stop_e8: YenE8;
  tp1_e8: YenE8;
  tp2_e8: YenE8;
  size_e8: CoinE8;
  risk_e8: YenE8;
  equity_e8: YenE8;
  atr: number;
  confidence: number;
  rank: number | null;
  break_even: number;
  hash: string;
  created_ms: bigint;
  valid_until_ms: bigint;
  state: ProposalState;
  supersedes: string | null;
  trace_id: string;
}
const toProposal = (row: Row): Proposal => ({
  id: row.id,
  signalId: Number(row.signal_id),
  symbol: row.symbol,
  direction: row.direction,
  entry: row.entry_e8,
  bandLow: row.band_low_e8,
  bandHigh: row.band_high_e8,
  stop: row.stop_e8,
  tp1: row.tp1_e8,
  tp2: row.tp2_e8,
  size: row.size_e8,
  risk: row.risk_e8,
  equity: row.equity_e8,
  atr: row.atr,
  confidence: row.confidence,
  rank: row.rank ?? undefined,
  breakEven: row.break_even,
  hash: row.hash,
  createdMs: epochMs(Number(row.created_ms)),
  validUntilMs: epochMs(Number(row.valid_until_ms)),
  state: row.state,
  supersedes: row.supersedes ?? undefined,
  traceId: row.trace_id,
});

export const proposalReads = (sql: Sqlite) => {
  const byId = sql.prepare<[string], Row>("SELECT * FROM proposals WHERE id = ?").safeIntegers();
  const pending = sql
    .prepare<[], Row>("SELECT * FROM proposals WHERE state = 'pending' ORDER BY created_ms, id")
    .safeIntegers();
  const newest = sql
    .prepare<[number], Row>("SELECT * FROM proposals ORDER BY created_ms DESC, id DESC LIMIT ?")
    .safeIntegers();
  const ofSignal = sql
    .prepare<[number], Row>("SELECT * FROM proposals WHERE signal_id = ? ORDER BY created_ms, id")
    .safeIntegers();
  const successor = sql.prepare<[string], string>("SELECT id FROM proposals WHERE supersedes = ? LIMIT 1").pluck();
  const approval = sql.prepare<
    [string],
    {
      proposal_id: string;
      decision: Approval["decision"];
      decided_by: DecidedBy;
      actor: string;
      hash: string;
      decided_ms: number;
    }
  >("SELECT * FROM approvals WHERE proposal_id = ?");
  return {
    byId: (id: string): Proposal | undefined => {
      const row = byId.get(id);
      return row && toProposal(row);
    },
    pending: (): readonly Proposal[] => pending.all().map(toProposal),
    /** The first one and its successors, by modification or with fresh numbers. */
    ofSignal: (signalId: number): readonly Proposal[] => ofSignal.all(signalId).map(toProposal),
    /** Id of the proposal that replaced it. */
    successorOf: (id: string): string | undefined => successor.get(id),
    newest: (limit: number): readonly Proposal[] => newest.all(limit).map(toProposal),
    approval(proposalId: string): Approval | undefined {
      const row = approval.get(proposalId);
      return (
        row && {
          proposalId: row.proposal_id,
          decision: row.decision,
          decidedBy: row.decided_by,
          actor: row.actor,
          hash: row.hash,
          decidedMs: epochMs(row.decided_ms),
        }
      );
    },
  };
};

export const proposalWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    `INSERT INTO proposals (id, signal_id, symbol, direction, entry_e8, band_low_e8, band_high_e8, stop_e8, tp1_e8, tp2_e8, size_e8,
       risk_e8, equity_e8, atr, confidence, rank, break_even, hash, created_ms, valid_until_ms, state, supersedes, trace_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const settle = sql.prepare("UPDATE proposals SET state = ? WHERE id = ? AND state = 'pending'");
  const endValidity = sql.prepare<[{ at: number }]>(
    "UPDATE proposals SET valid_until_ms = max(@at, created_ms + 1) WHERE state = 'approved' AND valid_until_ms > @at",
  );
  const approve = sql.prepare(
    "INSERT INTO approvals (proposal_id, decision, decided_by, actor, hash, decided_ms) VALUES (?, ?, ?, ?, ?, ?)",
  );
  return {
    insert: (p: Proposal): void =>
      void insert.run(
        p.id,
        p.signalId,
        p.symbol,
        p.direction,
        p.entry,
        p.bandLow,
        p.bandHigh,
        p.stop,
        p.tp1,
        p.tp2,
        p.size,
        p.risk,
        p.equity,
        p.atr,
        p.confidence,
        p.rank ?? null,
        p.breakEven,
        p.hash,
        p.createdMs,
        p.validUntilMs,
        p.state,
        p.supersedes ?? null,
        p.traceId,
      ),
    /** Ends the validity of approved proposals: no entry is sent or re-quoted for them. */
    endValidity: (atMs: EpochMs): void => void endValidity.run({ at: atMs }),
    /**
     * For handlers/proposals/endProposal.ts only. Ends a pending proposal with its one decision; throws when not
     * pending.
     */
    settle(state: Exclude<ProposalState, "pending">, approval: Approval): void {
      if (settle.run(state, approval.proposalId).changes !== 1)
        throw new Error(`proposal ${approval.proposalId} is not pending, so it cannot become ${state}`);
      approve.run(
        approval.proposalId,
        approval.decision,
        approval.decidedBy,
        approval.actor,
        approval.hash,
        approval.decidedMs,
      );
    },
  };
};
