// feature_rows and scores: the indicators of each closed bar and the probabilities of the model's heads, also for
// warm-up bars, because `rank` is a percentile among the trailing 30 days of scores of the same symbol and side.
import type { Score } from "../../lib/core/score.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Direction } from "../../lib/core/venue.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

interface FeatureRow {
  readonly symbol: string;
  readonly barOpenMs: EpochMs;
  readonly featureSet: string;
  readonly result:
    | { readonly kind: "ok"; readonly values: readonly number[]; readonly atr: number }
    | { readonly kind: "noSignal"; readonly reason: string };
}

export const featureReads = (sql: Sqlite) => {
  const at = sql.prepare<
    [string, number, string],
    { vector: string | null; atr: number | null; no_signal: string | null }
  >("SELECT vector, atr, no_signal FROM feature_rows WHERE symbol = ? AND bar_open_ms = ? AND feature_set = ?");
  return {
    at(symbol: string, barOpenMs: EpochMs, featureSet: string): FeatureRow | undefined {
      const row = at.get(symbol, barOpenMs, featureSet);
      if (!row) return undefined;
      return {
        symbol,
        barOpenMs,
        featureSet,
        result:
          row.vector === null
            ? { kind: "noSignal", reason: row.no_signal ?? "unknown" }
            : { kind: "ok", values: JSON.parse(row.vector) as number[], atr: row.atr ?? Number.NaN },
      };
    },
  };
};
export const featureWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    "INSERT INTO feature_rows (symbol, bar_open_ms, feature_set, vector, atr, no_signal) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const refuse = sql.prepare(
    "UPDATE feature_rows SET vector = NULL, atr = NULL, no_signal = ? WHERE symbol = ? AND bar_open_ms = ? AND feature_set = ?",
  );
  return {
    /** The stored indicators turned out to be impossible: the bar has no signal, with this reason. */
    refuse: (symbol: string, barOpenMs: EpochMs, featureSet: string, reason: string): void =>
      void refuse.run(reason, symbol, barOpenMs, featureSet),
    insert({ symbol, barOpenMs, featureSet, result }: FeatureRow): void {
      if (result.kind === "ok")
        insert.run(symbol, barOpenMs, featureSet, JSON.stringify(result.values), result.atr, null);
      else insert.run(symbol, barOpenMs, featureSet, null, null, result.reason);
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
