// What the questions that the worker asks in a loop cost on 1,000 and on 100,000 old rows: the ratio is the finding, 2 at most
// is wanted. test/db/plans.test.ts keeps every such statement off the tables that grow.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, openDatabase } from "../../db/open.ts";
import { jobWrites } from "../../db/tables/jobWrites.ts";
import { epochMs } from "../../lib/core/time.ts";
import { realClock } from "../../lib/io/clock.ts";

const NOW = epochMs(1_750_000_000_000);
const ROWS = { few: 1_000, many: 100_000 } as const;
const ROUNDS = 7;
const CALLS = 200;

/** As a system leaves them behind: ended jobs with their attempts, ended orders of a leg, sent messages. */
const fill = (db: Database, rows: number): void => {
  const series = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})`;
  db.sql.pragma("foreign_keys = OFF");
  db.sql.exec(`${series} INSERT INTO jobs (name, key, input, state, risk, priority, run_at_ms, max_attempts, trace_id, created_ms, finished_ms)
    SELECT 'fetchMarket', 'k' || i, '{}', 'done', 'neutral', 0, i, 5, 't' || i, i, i FROM n`);
  db.sql.exec(`${series} INSERT INTO attempts (job_id, fence, attempt, worker, started_ms, ended_ms, outcome)
    SELECT i, 1, 1, 'w', i, i, 'done' FROM n`);
  db.sql.exec(`${series} INSERT INTO orders (trade_id, purpose, leg_id, position_id, exit_reason, symbol, side, execution_type,
      time_in_force, size_e8, state, created_ms, sent_ms, closed_ms, refusal_code, refusal_resend)
    SELECT 1, 'exit', 1, 'p', 'stop_loss', 'BTC_JPY', 'SELL', 'MARKET', 'FAK', 100000, 'rejected', i, i, i, 'ERR-635', 'later' FROM n`);
  db.sql.exec(`${series} INSERT INTO audit_events (seq, at_ms, kind, actor, trace_id, data, prev_hash, hash)
    SELECT i, i, 'x', 'a', NULL, '{}', 'p', 'h' FROM n`);
  db.sql.exec("ANALYZE");
};

/** Microseconds a call, the median of the rounds. */
const measure = (work: () => unknown): number => {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startMs = realClock.monotonicMs();
    for (let call = 0; call < CALLS; call += 1) work();
    rounds.push(((realClock.monotonicMs() - startMs) / CALLS) * 1_000);
  }
  return rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
};

const questionsOf = (db: Database): Readonly<Record<string, () => unknown>> => {
  const jobs = jobWrites(db.sql);
  const { read } = db;
  return {
    "jobs.running": () => jobs.running(),
    "jobs.claimable": () => jobs.claimable(NOW, "[]"),
    "jobs.mustSweep": () => jobs.mustSweep(NOW),
    "jobs.held": () => jobs.held("w"),
    "jobs.nextDueMs": () => read.jobs.nextDueMs(NOW),
    "jobs.wakeTopics": () => read.jobs.wakeTopics(),
    "orders.live": () => read.orders.live("BTC_JPY"),
    "orders.allLive": () => read.orders.allLive(),
    "orders.ofLeg": () => read.orders.ofLeg(1),
    "orders.working": () => read.orders.working(1),
    "orders.venueIds": () => read.orders.venueIds("BTC_JPY").has("1"),
    "audit.last": () => read.audit.last(),
    "progress.now": () => read.progress.now(),
    "halts.active": () => read.halts.active(NOW),
    "trades.alive": () => read.trades.alive(),
  };
};

/** Resolves with the cost of each question on few and on many rows. */
export const benchLoops = async (): Promise<Record<string, unknown>> => {
  const dir = mkdtempSync(join(tmpdir(), "bench-loops-"));
  const costs = Object.entries(ROWS).map(([name, rows]) => {
    const db = openDatabase(join(dir, `${name}.db`), { synchronous: "OFF" });
    fill(db, rows);
    const cost = Object.fromEntries(Object.entries(questionsOf(db)).map(([question, ask]) => [question, measure(ask)]));
    db.close();
    return cost;
  });
  rmSync(dir, { recursive: true });
  const [few = {}, many = {}] = costs;
  const questions = Object.keys(few).map((question) => {
    const [a, b] = [few[question] ?? 0, many[question] ?? 0];
    return { question, fewUs: round(a), manyUs: round(b), ratio: round(b / a) };
  });
  return { rows: ROWS, wanted: "ratio at most 2", worst: Math.max(...questions.map((q) => q.ratio)), questions };
};
const round = (n: number): number => Math.round(n * 100) / 100;
