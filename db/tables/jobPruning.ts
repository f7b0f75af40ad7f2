// Which finished jobs may be deleted, and their deletion: rows of jobs and attempts, and workers long gone.
import type { Sqlite } from "../../lib/io/sqlite.ts";

/**
 * Finished before @before, in a trace without unfinished and without dead jobs: jobs that may still run need the keys
 * of what they have enqueued, and a dead job needs its history. Ready, running and parked rows have no finished_ms.
 */
const FORGETTABLE = `
  j.state IN ('done', 'cancelled', 'expired') AND j.finished_ms < @before
  AND NOT EXISTS (SELECT 1 FROM jobs o
    WHERE o.trace_id = j.trace_id AND o.state IN ('ready', 'running', 'parked', 'dead'))`;

export const jobPruning = (sql: Sqlite) => {
  const newest = sql.prepare<[], number | null>("SELECT max(id) FROM jobs").pluck();
  const nextId = sql.prepare<[number], number | null>("SELECT min(id) FROM jobs WHERE id > ?").pluck();
  const count = sql.prepare<[{ before: number }], number>(`SELECT count(*) FROM jobs j WHERE ${FORGETTABLE}`).pluck();
  const inRange = sql
    .prepare<[{ before: number; after: number; to: number }], number>(
      `SELECT j.id FROM jobs j WHERE j.id > @after AND j.id <= @to AND ${FORGETTABLE}`,
    )
    .pluck();
  const cutLinks = sql.prepare<[{ list: string }]>(
    `UPDATE jobs SET parent_id = NULL WHERE parent_id IN (SELECT value FROM json_each(@list))
       AND id NOT IN (SELECT value FROM json_each(@list))`,
  );
  const dropAttempts = sql.prepare("DELETE FROM attempts WHERE job_id IN (SELECT value FROM json_each(?))");
  const dropJobs = sql.prepare("DELETE FROM jobs WHERE id IN (SELECT value FROM json_each(?))");
  const oldWorkers = sql.prepare<[number], { boot_id: string; pid: number; host: string; stopped_ms: number | null }>(
    `SELECT boot_id, pid, host, stopped_ms FROM workers WHERE max(heartbeat_ms, coalesce(stopped_ms, 0)) < ?
       AND boot_id NOT IN (SELECT worker FROM jobs WHERE state = 'running')`,
  );
  const dropWorker = sql.prepare("DELETE FROM workers WHERE boot_id = ?");
  return {
    newestId: (): number => newest.get() ?? 0,
    nextIdAfter: (id: number): number | undefined => nextId.get(id) ?? undefined,
    count: (before: number): number => count.get({ before }) ?? 0,
    /** Deletes the deletable jobs with after < id <= to; children that stay lose the link to a deleted parent. */
    dropRange(range: { before: number; after: number; to: number }): { jobs: number; attempts: number } {
      const ids = inRange.all(range);
      if (ids.length === 0) return { jobs: 0, attempts: 0 };
      const list = JSON.stringify(ids);
      cutLinks.run({ list });
      const attempts = dropAttempts.run(list).changes;
      return { jobs: dropJobs.run(list).changes, attempts };
    },
    /** Workers without a heartbeat since `before` (real clock) that own no job. */
    oldWorkers: (before: number) =>
      oldWorkers.all(before).map((row) => ({
        bootId: row.boot_id,
        pid: row.pid,
        host: row.host,
        stopped: row.stopped_ms !== null,
      })),
    dropWorker: (bootId: string): void => void dropWorker.run(bootId),
  };
};
