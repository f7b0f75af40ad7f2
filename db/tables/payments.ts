// payments: yen the owner has withdrawn, so that they do not count as a trading loss.
import { type YenE8, yenE8 } from "../../lib/core/money.ts";
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

export const paymentReads = (sql: Sqlite) => {
  const between = sql
    .prepare<[number, number], bigint>(
      "SELECT coalesce(sum(amount_e8), 0) FROM payments WHERE at_ms >= ? AND at_ms < ?",
    )
    .pluck()
    .safeIntegers();
  const list = sql
    .prepare<[number, number], { at_ms: bigint; amount_e8: YenE8 }>(
      "SELECT at_ms, amount_e8 FROM payments WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms",
    )
    .safeIntegers();
  return {
    /** Each of them, in order. */
    list: (fromMs: EpochMs, untilMs: number): readonly { readonly atMs: EpochMs; readonly amount: YenE8 }[] =>
      list.all(fromMs, untilMs).map((row) => ({ atMs: epochMs(Number(row.at_ms)), amount: row.amount_e8 })),
    /** Withdrawn with fromMs <= time < untilMs, 0 or more. */
    outBetween: (fromMs: EpochMs, untilMs: number): YenE8 => yenE8(between.get(fromMs, untilMs) ?? 0n),
  };
};
export const paymentWrites = (sql: Sqlite) => {
  const insert = sql.prepare("INSERT INTO payments (id, at_ms, amount_e8) VALUES (?, ?, ?) ON CONFLICT DO NOTHING");
  return {
    /** Returns whether it was new. */
    add: (id: string, atMs: EpochMs, amount: YenE8): boolean => insert.run(id, atMs, amount).changes === 1,
  };
};
