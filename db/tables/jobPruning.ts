// Which finished jobs may be forgotten, and forgetting them: rows of jobs and attempts, and workers long gone.
import type { Sqlite } from "../../lib/io/sqlite.ts";

/**
 * Finished before @before. What a person may still have to look at stays: dead jobs, and every job of a dead one's trace.
 * Ready, running and parked rows have no finished_ms.
 */
const FORGETTABLE = `
  state IN ('done', 'cancelled', 'expired') AND finished_ms < @before
  AND trace_id NOT IN (SELECT trace_id FROM jobs WHERE state = 'dead')`;

export const jobPruning = (sql: Sqlite) => {
  const newest = sql.prepare<[], number | null>("SELECT max(id) FROM jobs").pluck();
  const nextId = sql.prepare<[number], number | null>("SELECT min(id) FROM jobs WHERE id > ?").pluck();
  const count = sql.prepare<[{ before: number }], number>(`SELECT count(*) FROM jobs WHERE ${FORGETTABLE}`).pluck();
  const inRange = sql
    .prepare<[{ before: number; after: number; to: number }], number>(
      `SELECT id FROM jobs WHERE id > @after AND id <= @to AND ${FORGETTABLE}`,
    )
    .pluck();
  const cutLinks = sql.prepare<[{ list: string }]>(
    `UPDATE jobs SET parent_id = NULL WHERE parent_id IN (SELECT value FROM json_each(@list))
       AND id NOT IN (SELECT value FROM json_each(@list))`,
  );
  const dropAttempts = sql.prepare("DELETE FROM attempts WHERE job_id IN (SELECT value FROM json_each(?))");
  const dropJobs = sql.prepare("DELETE FROM jobs WHERE id IN (SELECT value FROM json_each(?))");
  const dropWorkers = sql.prepare(
    `DELETE FROM workers WHERE max(heartbeat_ms, coalesce(stopped_ms, 0)) < ?
       AND boot_id NOT IN (SELECT worker FROM jobs WHERE state = 'running')`,
  );
  return {
    newestId: (): number => newest.get() ?? 0,
    nextIdAfter: (id: number): number | undefined => nextId.get(id) ?? undefined,
    count: (before: number): number => count.get({ before }) ?? 0,
    /** Forgets the forgettable with after < id <= to; children that stay lose their link to a parent that goes. */
    dropRange(range: { before: number; after: number; to: number }): { jobs: number; attempts: number } {
      const ids = inRange.all(range);
      if (ids.length === 0) return { jobs: 0, attempts: 0 };
      const list = JSON.stringify(ids);
      cutLinks.run({ list });
      const attempts = dropAttempts.run(list).changes;
      return { jobs: dropJobs.run(list).changes, attempts };
    },
    /** Workers not heard of since `before` (real clock) that hold no job. */
    dropWorkers: (before: number): number => dropWorkers.run(before).changes,
  };
};
