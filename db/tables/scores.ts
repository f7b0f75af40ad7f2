// feature_rows and scores: the indicators of each closed bar and the probabilities of the model's heads, also for
// warm-up bars, because `rank` is a percentile among the trailing 30 days of scores of the same symbol and side.
import type { NoSignal, NoSignalKind } from "../../lib/core/noSignal.ts";
import type { Score } from "../../lib/core/score.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Direction } from "../../lib/core/venue.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

interface FeatureRow {
  readonly symbol: string;
  readonly barOpenMs: EpochMs;
  readonly featureSet: string;
  readonly result: { readonly kind: "ok"; readonly values: readonly number[]; readonly atr: number } | NoSignal;
}

interface StoredRow {
  symbol: string;
  bar_open_ms: EpochMs;
  feature_set: string;
  vector: string | null;
  atr: number | null;
  no_signal: string | null;
  no_signal_why: NoSignalKind | null;
  judged_from_ms: number | null;
}
const toRow = (row: StoredRow): FeatureRow => ({
  symbol: row.symbol,
  barOpenMs: row.bar_open_ms,
  featureSet: row.feature_set,
  result:
    row.vector === null
      ? {
          kind: "noSignal",
          // Rows of a version that stored no kind.
          why: row.no_signal_why ?? "history",
          reason: row.no_signal ?? "unknown",
          ...(row.judged_from_ms === null ? {} : { judgedFromMs: row.judged_from_ms }),
        }
      : { kind: "ok", values: JSON.parse(row.vector) as number[], atr: row.atr ?? Number.NaN },
});

export const featureReads = (sql: Sqlite) => {
  const at = sql.prepare<[string, number, string], StoredRow>(
    "SELECT * FROM feature_rows WHERE symbol = ? AND bar_open_ms = ? AND feature_set = ?",
  );
  const newest = sql.prepare<[string], StoredRow>(
    "SELECT * FROM feature_rows WHERE symbol = ? ORDER BY bar_open_ms DESC LIMIT 1",
  );
  const newestJudged = sql
    .prepare<[string], EpochMs>(
      "SELECT bar_open_ms FROM feature_rows WHERE symbol = ? AND vector IS NOT NULL ORDER BY bar_open_ms DESC LIMIT 1",
    )
    .pluck();
  const firstAfter = sql
    .prepare<[string, number], EpochMs>(
      "SELECT bar_open_ms FROM feature_rows WHERE symbol = ? AND bar_open_ms > ? ORDER BY bar_open_ms LIMIT 1",
    )
    .pluck();
  return {
    at(symbol: string, barOpenMs: EpochMs, featureSet: string): FeatureRow | undefined {
      const row = at.get(symbol, barOpenMs, featureSet);
      return row && toRow(row);
    },
    /** The newest bar that was evaluated, with or without a signal. */
    newest(symbol: string): FeatureRow | undefined {
      const row = newest.get(symbol);
      return row && toRow(row);
    },
    /** Open of the first evaluated bar after the newest one that could be judged: where a silence that lasts began. */
    silentFrom: (symbol: string): EpochMs | undefined => firstAfter.get(symbol, newestJudged.get(symbol) ?? -1),
  };
};
export const featureWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    `INSERT INTO feature_rows (symbol, bar_open_ms, feature_set, vector, atr, no_signal, no_signal_why, judged_from_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const refuse = sql.prepare(
    `UPDATE feature_rows SET vector = NULL, atr = NULL, no_signal = ?, no_signal_why = ?
     WHERE symbol = ? AND bar_open_ms = ? AND feature_set = ?`,
  );
  return {
    /** The stored indicators turned out to be impossible: the bar has no signal, with this reason. */
    refuse: (symbol: string, barOpenMs: EpochMs, featureSet: string, { reason, why }: NoSignal): void =>
      void refuse.run(reason, why, symbol, barOpenMs, featureSet),
    insert({ symbol, barOpenMs, featureSet, result }: FeatureRow): void {
      const key = [symbol, barOpenMs, featureSet] as const;
      if (result.kind === "ok") insert.run(...key, JSON.stringify(result.values), result.atr, null, null, null);
      else insert.run(...key, null, null, result.reason, result.why, result.judgedFromMs ?? null);
    },
  };
};

export const scoreReads = (sql: Sqlite) => {
  const trailing = sql
    .prepare<[string, string, string, number, number], number>(
      "SELECT p_touch FROM scores WHERE model_id = ? AND symbol = ? AND side = ? AND bar_open_ms >= ? AND bar_open_ms < ?",
    )
    .pluck();
  const bars = sql
    .prepare<[string, string, number, number], number>(
      "SELECT DISTINCT bar_open_ms FROM scores WHERE model_id = ? AND symbol = ? AND bar_open_ms >= ? AND bar_open_ms < ?",
    )
    .pluck();
  return {
    /** Probabilities of bars with fromMs <= open < toMs (the judged bar itself excluded by the caller's `toMs`). */
    trailing: (modelId: string, symbol: string, side: Direction, fromMs: number, toMs: number): readonly number[] =>
      trailing.all(modelId, symbol, side, fromMs, toMs),
    scoredBars: (modelId: string, symbol: string, fromMs: number, toMs: number): ReadonlySet<number> =>
      new Set(bars.all(modelId, symbol, fromMs, toMs)),
  };
};
export const scoreWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    "INSERT INTO scores (model_id, symbol, side, bar_open_ms, raw, p_touch) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  return {
    insert: (s: Score): void => void insert.run(s.modelId, s.symbol, s.side, s.barOpenMs, s.raw, s.pTouch),
  };
};
