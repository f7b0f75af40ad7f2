// signal_labels: what the market did after each signal, for both sides, approved or not.
import type { RuleExit } from "../../lib/core/labels.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Direction } from "../../lib/core/venue.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

export interface SignalLabel {
  readonly signalId: number;
  readonly side: Direction;
  readonly touched: boolean;
  readonly closedBeyond: boolean;
  /** undefined: no room for a stop, or a hole in the candles after the first hour. */
  readonly rule: { readonly netBps: number; readonly exit: RuleExit } | undefined;
  readonly labelledMs: EpochMs;
}
export interface UnlabelledSignal {
  readonly id: number;
  readonly symbol: string;
  readonly barOpenMs: EpochMs;
  /** Yen. */
  readonly atr: number;
}
/** One head's probability and the outcome, for the model's performance. */
interface LabelledScore {
  readonly modelId: string;
  readonly symbol: string;
  readonly side: Direction;
  readonly barOpenMs: EpochMs;
  readonly pTouch: number;
  readonly touched: boolean;
  readonly closedBeyond: boolean;
  /** ATR(14) over the close of the bar. */
  readonly atrRatio: number | undefined;
  readonly ruleNetBps: number | undefined;
}

interface ScoreRow {
  model_id: string;
  symbol: string;
  side: Direction;
  bar_open_ms: EpochMs;
  p_touch: number;
  atr_ratio: number | null;
  touched: number;
  closed_beyond: number;
  rule_net_bps: number | null;
}

export const labelReads = (sql: Sqlite) => {
  const unlabelled = sql.prepare<[number, number], UnlabelledSignal>(
    `SELECT s.id, s.symbol, s.bar_open_ms AS barOpenMs, s.atr FROM signals s
     WHERE s.bar_open_ms >= ? AND s.bar_open_ms <= ?
       AND NOT EXISTS (SELECT 1 FROM signal_labels l WHERE l.signal_id = s.id)
     ORDER BY s.bar_open_ms, s.id`,
  );
  const scored = sql.prepare<[number, number], ScoreRow>(
    `SELECT s.model_id, s.symbol, l.side, s.bar_open_ms, l.touched, l.closed_beyond, l.rule_net_bps,
       CASE l.side WHEN 'long' THEN s.p_touch_long ELSE s.p_touch_short END AS p_touch,
       json_extract(s.features, '$.atr14_pct') AS atr_ratio
     FROM signal_labels l JOIN signals s ON s.id = l.signal_id
     WHERE s.bar_open_ms >= ? AND s.bar_open_ms < ? ORDER BY s.bar_open_ms, s.id, l.side`,
  );
  return {
    /** Signals of bars with fromMs <= open <= toMs without a label, oldest first. */
    unlabelled: (fromMs: EpochMs, toMs: EpochMs): readonly UnlabelledSignal[] => unlabelled.all(fromMs, toMs),
    /** Both heads of every labelled bar with fromMs <= open < toMs. */
    scored: (fromMs: EpochMs, toMs: EpochMs): readonly LabelledScore[] =>
      scored.all(fromMs, toMs).map((row) => ({
        modelId: row.model_id,
        symbol: row.symbol,
        side: row.side,
        barOpenMs: row.bar_open_ms,
        pTouch: row.p_touch,
        touched: row.touched === 1,
        closedBeyond: row.closed_beyond === 1,
        atrRatio: row.atr_ratio ?? undefined,
        ruleNetBps: row.rule_net_bps ?? undefined,
      })),
  };
};

export const labelWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    `INSERT INTO signal_labels (signal_id, side, touched, closed_beyond, rule_net_bps, rule_exit, labelled_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  return {
    /** The first label is kept; labelling again changes nothing. */
    insert: (label: SignalLabel): void =>
      void insert.run(
        label.signalId,
        label.side,
        label.touched ? 1 : 0,
        label.closedBeyond ? 1 : 0,
        label.rule?.netBps ?? null,
        label.rule?.exit ?? null,
        label.labelledMs,
      ),
  };
};
