// What a crash run found: the counts over a file after its deaths, and their sum over the lanes.
import { existsSync, readFileSync } from "node:fs";
import { openSqlite } from "../../lib/io/sqlite.ts";

/** What may never be other than 0. */
export const PROMISES = [
  "lost",
  "effectsTwice",
  "effectsMissing",
  "childless",
  "orphans",
  "staleCommits",
  "stranded",
  "errorsLogged",
] as const;

export interface CrashReport {
  seed: string;
  /** Processes that ended by SIGKILL. */
  kills: number;
  acked: number;
  /** Acknowledged and missing from the file, or not done at the end: no handler of this run may ever die for good. */
  lost: number;
  effectsTwice: number;
  /** Done without the child it named. */
  childless: number;
  /** Children of a job that is not done. */
  orphans: number;
  /** Effects of an attempt other than the one that finished the job. */
  staleCommits: number;
  /**
   * Left ready or running when nothing moved any more; also what was due and not run by a process that pushed nothing.
   */
  stranded: number;
  /** Done without its effect. */
  effectsMissing: number;
  /** Lines the processes wrote to their error log. */
  errorsLogged: number;
  jobsDone: number;
  /** Times the file was looked at between two deaths. */
  looks: number;
  /** Longest time a process that pushed nothing needed until nothing was due. Measured, not judged. */
  slowestCatchUpMs: number;
  /** How many died at each named point; "random" from outside, "caughtUp" with nothing left due. */
  killsAt: Record<string, number>;
}

export const emptyReport = (seed: string): CrashReport => ({
  seed,
  kills: 0,
  acked: 0,
  lost: 0,
  effectsTwice: 0,
  childless: 0,
  orphans: 0,
  staleCommits: 0,
  stranded: 0,
  effectsMissing: 0,
  errorsLogged: 0,
  jobsDone: 0,
  looks: 0,
  slowestCatchUpMs: 0,
  killsAt: {},
});

export const brokenPromises = (report: CrashReport): number => PROMISES.reduce((sum, name) => sum + report[name], 0);

type Counts = Pick<
  CrashReport,
  "acked" | "lost" | "effectsTwice" | "effectsMissing" | "childless" | "orphans" | "staleCommits" | "jobsDone"
> & { readonly unfinished: number };

/** `final`: nothing runs any more, so that an acknowledged job must have ended; before that it must only be there. */
export const inspect = (dbPath: string, sideLogPath: string, final: boolean): Counts => {
  const sql = openSqlite(dbPath);
  try {
    const count = (query: string): number => sql.prepare<[], number>(query).pluck().get() ?? 0;
    const state = sql.prepare<[string, string], string>("SELECT state FROM jobs WHERE name = ? AND key = ?").pluck();
    // A line is an acknowledgement only with its newline: the kill may cut the last one.
    const acked = existsSync(sideLogPath) ? readFileSync(sideLogPath, "utf8").split("\n").slice(0, -1) : [];
    const lost = acked.filter((line) => {
      const [name = "", key = ""] = line.split(" ");
      const found = state.get(name, key);
      return final ? found !== "done" : found === undefined;
    });
    return {
      acked: acked.length,
      lost: lost.length,
      effectsTwice: count(
        "SELECT count(*) FROM (SELECT 1 FROM crash_effects GROUP BY job_id, kind HAVING count(*) > 1)",
      ),
      effectsMissing: count(
        `SELECT count(*) FROM jobs WHERE state = 'done'
           AND id NOT IN (SELECT job_id FROM crash_effects WHERE kind = 'end')`,
      ),
      childless: count(
        `SELECT count(*) FROM jobs WHERE state = 'done' AND input ->> 'left' > 0
           AND id NOT IN (SELECT parent_id FROM jobs WHERE parent_id IS NOT NULL)`,
      ),
      orphans: count("SELECT count(*) FROM jobs c JOIN jobs p ON p.id = c.parent_id WHERE p.state <> 'done'"),
      staleCommits: count(
        `SELECT count(*) FROM crash_effects e WHERE e.kind = 'end' AND NOT EXISTS
           (SELECT 1 FROM attempts a WHERE a.job_id = e.job_id AND a.fence = e.fence AND a.outcome = 'done')`,
      ),
      jobsDone: count("SELECT count(*) FROM jobs WHERE state = 'done'"),
      unfinished: count("SELECT count(*) FROM jobs WHERE state IN ('ready', 'running')"),
    };
  } finally {
    sql.close();
  }
};

/** A breach seen between two deaths counts, also when a later process mended it. */
export const worst = (report: CrashReport, seen: Omit<Counts, "unfinished">): void => {
  for (const name of ["lost", "effectsTwice", "effectsMissing", "childless", "orphans", "staleCommits"] as const)
    report[name] = Math.max(report[name], seen[name]);
};

export const sum = (seed: string, reports: readonly CrashReport[]): CrashReport => {
  const total = emptyReport(seed);
  for (const report of reports) {
    for (const name of Object.keys(total) as (keyof CrashReport)[]) {
      const value = report[name];
      if (name === "slowestCatchUpMs") total[name] = Math.max(total[name], report[name]);
      else if (name !== "seed" && name !== "killsAt") total[name] += value as number;
    }
    for (const [point, kills] of Object.entries(report.killsAt))
      total.killsAt[point] = (total.killsAt[point] ?? 0) + kills;
  }
  return total;
};
