// model_performance: the owner's table, one row per JST day, model and head. Recomputed while labels are still added.
import type { HeadPerformance } from "../../lib/core/performance.ts";
import { type EpochMs, isoUtc } from "../../lib/core/time.ts";
import type { Direction } from "../../lib/core/venue.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

interface Row {
  date: string;
  model_version: string;
  predictions: number;
  correct_predictions: number;
  auc_roc: number | null;
  brier: number | null;
  symbol: string;
  side: Direction;
}

interface ModelDay {
  readonly date: string;
  readonly modelId: string;
  readonly symbol: string;
  readonly side: Direction;
  readonly predictions: number;
  readonly correct: number;
  readonly auc: number | undefined;
  readonly brier: number | undefined;
}

export const modelPerformanceReads = (sql: Sqlite) => {
  const of = sql.prepare<[string], Row>(
    "SELECT * FROM model_performance WHERE date = ? ORDER BY model_version, symbol, side",
  );
  return {
    of: (date: string): readonly ModelDay[] =>
      of.all(date).map((row) => ({
        date: row.date,
        modelId: row.model_version,
        symbol: row.symbol,
        side: row.side,
        predictions: row.predictions,
        correct: row.correct_predictions,
        auc: row.auc_roc ?? undefined,
        brier: row.brier ?? undefined,
      })),
  };
};

export const modelPerformanceWrites = (sql: Sqlite) => {
  const upsert = sql.prepare(
    `INSERT INTO model_performance (date, model_version, predictions, correct_predictions, accuracy, auc_roc, created_at, symbol, side, brier)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (date, model_version, symbol, side) DO UPDATE SET predictions = excluded.predictions,
       correct_predictions = excluded.correct_predictions, accuracy = excluded.accuracy, auc_roc = excluded.auc_roc,
       brier = excluded.brier`,
  );
  return {
    /** `predictions` counts the labelled ones, so that accuracy = correct / predictions. */
    upsert: (date: string, head: HeadPerformance, atMs: EpochMs): void =>
      void upsert.run(
        date,
        head.modelId,
        head.predictions,
        head.correct,
        head.accuracy ?? null,
        head.auc ?? null,
        isoUtc(atMs),
        head.symbol,
        head.side,
        head.brier ?? null,
      ),
  };
};
