// stop_questions: stops that were moved on the exchange's page to where they lose more than approved, and what the
// owner answered. At most one open question per leg.
import type { YenE8 } from "../../lib/core/money.ts";
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

/** `settled`: without an answer; the risk is within the approved one again, or the leg is closed. */
export type StopAnswer = "keep" | "restore" | "settled";
export interface StopQuestion {
  readonly id: number;
  readonly tradeId: number;
  readonly legId: number;
  /** The stop before it was moved. */
  readonly ours: YenE8;
  /** Where it rests now. */
  readonly theirs: YenE8;
  readonly askedMs: EpochMs;
  /** undefined: open. */
  readonly answer: StopAnswer | undefined;
}
interface Row {
  id: bigint;
  trade_id: bigint;
  leg_id: bigint;
  ours_e8: YenE8;
  theirs_e8: YenE8;
  asked_ms: bigint;
  answer: StopAnswer | null;
}
const toQuestion = (r: Row): StopQuestion => ({
  id: Number(r.id),
  tradeId: Number(r.trade_id),
  legId: Number(r.leg_id),
  ours: r.ours_e8,
  theirs: r.theirs_e8,
  askedMs: epochMs(Number(r.asked_ms)),
  answer: r.answer ?? undefined,
});

export const stopQuestionReads = (sql: Sqlite) => {
  const select = <P extends unknown[]>(rest: string) =>
    sql.prepare<P, Row>(`SELECT * FROM stop_questions ${rest}`).safeIntegers();
  const open = select<[]>("INDEXED BY one_open_stop_question WHERE answer IS NULL ORDER BY leg_id");
  const byId = select<[number]>("WHERE id = ?");
  const kept = select<[number]>("WHERE leg_id = ? AND answer = 'keep' ORDER BY id DESC LIMIT 1");
  return {
    /** In the order of their legs. */
    open: (): readonly StopQuestion[] => open.all().map(toQuestion),
    byId: (id: number): StopQuestion | undefined => {
      const row = byId.get(id);
      return row && toQuestion(row);
    },
    /** The newest stop of the leg that the owner kept: it is the approved one since. */
    keptStop: (legId: number): YenE8 | undefined => kept.get(legId)?.theirs_e8,
  };
};

export const stopQuestionWrites = (sql: Sqlite) => {
  const insert = sql.prepare(
    "INSERT INTO stop_questions (trade_id, leg_id, ours_e8, theirs_e8, asked_ms) VALUES (?, ?, ?, ?, ?)",
  );
  const answer = sql.prepare(
    "UPDATE stop_questions SET answer = ?, answered_by = ?, answered_ms = ? WHERE id = ? AND answer IS NULL",
  );
  return {
    /** Returns its id. Throws (by the table's index) while another of the leg is open. */
    ask: (q: Pick<StopQuestion, "tradeId" | "legId" | "ours" | "theirs" | "askedMs">): number =>
      Number(insert.run(q.tradeId, q.legId, q.ours, q.theirs, q.askedMs).lastInsertRowid),
    /** Returns false when it had its answer before. */
    answer: (id: number, to: StopAnswer, by: string, atMs: EpochMs): boolean =>
      answer.run(to, by, atMs, id).changes === 1,
  };
};
