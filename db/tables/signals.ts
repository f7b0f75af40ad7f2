// signals: the owner's table, one row per judged symbol and bar. The direction is that of the stronger head; the gates
// say whether the signal passed. `approved` stays NULL until a person or the deadline decides a proposal.

import { FEATURE_WINDOW_BARS } from "../../lib/core/features.ts";
import type { Gate } from "../../lib/core/gates.ts";
import { BAR_MS, type EpochMs, isoUtc } from "../../lib/core/time.ts";
import type { Direction } from "../../lib/core/venue.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

/**
 * Who decided a proposal: `human` by Telegram or CLI, `timeout` the deadline, `script` the replay's scripted owner,
 * `system` the
 * owner's /stop or /panic, which rejects pending proposals.
 */
export type DecidedBy = "human" | "timeout" | "script" | "system";
export interface Reason {
  readonly feature: string;
  readonly value: number;
  /** Log-odds added by this feature (TreeSHAP). */
  readonly contribution: number;
}
interface NewSignal {
  readonly symbol: string;
  readonly barOpenMs: EpochMs;
  readonly direction: Direction;
  /** p_touch of the direction's head (design mode). */
  readonly confidence: number;
  readonly features: Readonly<Record<string, number>>;
  readonly predictedMs: EpochMs;
  readonly modelId: string;
  readonly featureSet: string;
  readonly pTouchLong: number;
  readonly pTouchShort: number;
  /** 0..100 percentile; undefined while there is no history. */
  readonly rank: number | undefined;
  readonly rankSample: number;
  readonly atr: number;
  readonly reasons: readonly Reason[];
  readonly overThreshold: boolean;
  readonly traceId: string;
}
export interface Signal extends Omit<NewSignal, "predictedMs"> {
  readonly id: number;
  readonly verdict: "judging" | "proposed" | "filtered";
  readonly gates: readonly Gate[] | undefined;
  readonly approved: boolean | undefined;
  readonly approvedBy: DecidedBy | undefined;
  readonly tradeId: number | undefined;
  /** When a candle it was judged from was first replaced by a later version; it stays as judged. */
  readonly candleRevisedMs: EpochMs | undefined;
}
interface Row {
  id: number;
  symbol: string;
  direction: Direction;
  confidence: number;
  features: string;
  bar_open_ms: EpochMs;
  model_id: string;
  feature_set: string;
  p_touch_long: number;
  p_touch_short: number;
  rank: number | null;
  rank_sample: number;
  atr: number;
  reasons: string;
  over_threshold: number;
  verdict: "judging" | "proposed" | "filtered";
  gates: string | null;
  approved: number | null;
  approved_by: DecidedBy | null;
  trade_id: number | null;
  trace_id: string;
  candle_revised_ms: EpochMs | null;
}

export const signalReads = (sql: Sqlite) => {
  const byId = sql.prepare<[number], Row>("SELECT * FROM signals WHERE id = ?");
  const at = sql.prepare<[string, number], Row>("SELECT * FROM signals WHERE symbol = ? AND bar_open_ms = ?");
  const newest = sql.prepare<[number], Row>("SELECT * FROM signals ORDER BY bar_open_ms DESC, id DESC LIMIT ?");
  const toSignal = (row: Row): Signal => ({
    id: row.id,
    symbol: row.symbol,
    barOpenMs: row.bar_open_ms,
    direction: row.direction,
    confidence: row.confidence,
    features: JSON.parse(row.features) as Record<string, number>,
    modelId: row.model_id,
    featureSet: row.feature_set,
    pTouchLong: row.p_touch_long,
    pTouchShort: row.p_touch_short,
    rank: row.rank ?? undefined,
    rankSample: row.rank_sample,
    atr: row.atr,
    reasons: JSON.parse(row.reasons) as Reason[],
    overThreshold: row.over_threshold === 1,
    verdict: row.verdict,
    gates: row.gates === null ? undefined : (JSON.parse(row.gates) as Gate[]),
    approved: row.approved === null ? undefined : row.approved === 1,
    approvedBy: row.approved_by ?? undefined,
    tradeId: row.trade_id ?? undefined,
    traceId: row.trace_id,
    candleRevisedMs: row.candle_revised_ms ?? undefined,
  });
  const map = (row: Row | undefined) => row && toSignal(row);
  return {
    byId: (id: number): Signal | undefined => map(byId.get(id)),
    at: (symbol: string, barOpenMs: EpochMs): Signal | undefined => map(at.get(symbol, barOpenMs)),
    newest: (limit: number): readonly Signal[] => newest.all(limit).map(toSignal),
  };
};

export const signalWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    `INSERT INTO signals (symbol, direction, confidence, features, prediction_time, created_at, bar_open_ms, model_id, feature_set,
       p_touch_long, p_touch_short, rank, rank_sample, atr, reasons, over_threshold, verdict, trace_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'judging', ?)`,
  );
  const judge = sql.prepare("UPDATE signals SET verdict = ?, gates = ? WHERE id = ?");
  const answer = sql.prepare("UPDATE signals SET approved = ?, approved_by = ? WHERE id = ?");
  const markRevised = sql.prepare(
    `UPDATE signals SET candle_revised_ms = ?
     WHERE symbol = ? AND bar_open_ms >= ? AND bar_open_ms < ? AND candle_revised_ms IS NULL`,
  );
  const setTrade = sql.prepare("UPDATE signals SET trade_id = ? WHERE id = ?");
  return {
    /** Marks the signals whose indicators used the candle that opens at `openMs`; the number that were not marked yet. */
    markRevised: (symbol: string, openMs: EpochMs, atMs: EpochMs): number =>
      markRevised.run(atMs, symbol, openMs, openMs + FEATURE_WINDOW_BARS * BAR_MS).changes,
    insert(s: NewSignal): number {
      const time = isoUtc(s.predictedMs);
      const { lastInsertRowid } = insert.run(
        s.symbol,
        s.direction,
        s.confidence,
        JSON.stringify(s.features),
        time,
        time,
        s.barOpenMs,
        s.modelId,
        s.featureSet,
        s.pTouchLong,
        s.pTouchShort,
        s.rank ?? null,
        s.rankSample,
        s.atr,
        JSON.stringify(s.reasons),
        s.overThreshold ? 1 : 0,
        s.traceId,
      );
      return Number(lastInsertRowid);
    },
    judge: (id: number, verdict: "proposed" | "filtered", gates: readonly Gate[]): void =>
      void judge.run(verdict, JSON.stringify(gates), id),
    answer: (id: number, approved: boolean, by: DecidedBy): void => void answer.run(approved ? 1 : 0, by, id),
    setTrade: (id: number, tradeId: number): void => void setTrade.run(tradeId, id),
  };
};
