// `trader jobs prune`: does by hand what the schedule `pruneJobs` does every day, and can give the freed space back to
// the disk.
import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import type { z } from "zod";
import type { Database } from "../../../db/open.ts";
import { UsageError } from "../../../lib/core/errors.ts";
import { DAY_MS, isoUtc, plusMs } from "../../../lib/core/time.ts";
import { lockFolder } from "../../../lib/io/lock.ts";
import { prunableJobs, pruneJobs } from "../../../queue/prune.ts";
import { folderText } from "../folder.ts";
import type { PrunedJson } from "../json/results.ts";
import { ACTOR, type Common, type JobsDeps, withCommon } from "../queueOptions.ts";
import { jstSeconds } from "../terminal.ts";

interface Options extends Common {
  readonly olderThan?: string;
  readonly dryRun?: boolean;
  readonly vacuum?: boolean;
}

export const registerJobsPrune = (jobs: Command, deps: JobsDeps): void => {
  withCommon(jobs, "prune", "delete old finished jobs; dead ones and their traces stay")
    .option("--older-than <days>", "finished at least this many days ago (default: the setting JOBS_KEEP_DAYS)")
    .option("--dry-run", "only count them")
    .option("--vacuum", "give the freed space back to the disk; not while a worker runs")
    .action(async (options: Options) => {
      const days = options.olderThan === undefined ? deps.config().JOBS_KEEP_DAYS : daysOf(options.olderThan);
      const state = deps.open(options.var === undefined ? {} : { var: options.var });
      let unlock: (() => void) | undefined;
      try {
        const { db, clock } = state;
        // VACUUM locks the file for seconds: no worker may start meanwhile.
        if (options.vacuum) unlock = lockFolder(dirname(db.path));
        const beforeMs = plusMs(clock.nowMs(), -days * DAY_MS);
        const json = (fact: Omit<z.infer<typeof PrunedJson>, "beforeAt">): string =>
          JSON.stringify({ ...fact, beforeAt: isoUtc(beforeMs) });
        const since = `finished before ${jstSeconds(beforeMs)}`;
        if (options.dryRun) {
          const count = prunableJobs(db, beforeMs);
          deps.out(
            options.json
              ? json({ dryRun: true, jobs: count, attempts: null, workers: null, bytes: null })
              : `${count} jobs ${since} would go, in ${folderText(db)}`,
          );
          return;
        }
        const pruned = await pruneJobs(db, clock, { beforeMs });
        db.transaction((tx) =>
          tx.audit.append({ atMs: clock.nowMs(), kind: "jobs.pruned", actor: ACTOR, data: { ...pruned, beforeMs } }),
        );
        const bytes = options.vacuum ? vacuum(db) : undefined;
        if (options.json) deps.out(json({ dryRun: false, ...pruned, bytes: bytes ?? null }));
        else {
          deps.out(
            `${pruned.jobs} jobs ${since} are forgotten, with ${pruned.attempts} attempts, in ${folderText(db)}`,
          );
          if (bytes) deps.out(`the file had ${megabytes(bytes.before)}, now it has ${megabytes(bytes.after)}`);
        }
      } finally {
        unlock?.();
        state.close();
      }
    });
};

const vacuum = (db: Database): { before: number; after: number } => {
  db.sql.pragma("wal_checkpoint(TRUNCATE)");
  const before = statSync(db.path).size;
  db.sql.exec("VACUUM");
  db.sql.pragma("wal_checkpoint(TRUNCATE)");
  return { before, after: statSync(db.path).size };
};

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const daysOf = (text: string): number => {
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1)
    throw new UsageError(`--older-than: expected whole days of at least 1, found ${JSON.stringify(text)}`);
  return Number(text);
};
