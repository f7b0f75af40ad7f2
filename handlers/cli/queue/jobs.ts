// `trader jobs list | show | retry | discard | cancel | stats | watch | prune`: shows the jobs and changes them. All of
// them work beside a running worker; those that only read use a read-only connection and take no lock.

import { type Command, InvalidArgumentError } from "commander";
import type { z } from "zod";
import type { Job, JobState } from "../../../db/tables/jobs.ts";
import { AppError } from "../../../lib/core/errors.ts";
import type { State } from "../../runtime/stateFolder.ts";
import { folderText, hintWith } from "../folder.ts";
import { haltJson } from "../json/halt.ts";
import { jobCountsJson, jobJson } from "../json/job.ts";
import { jobPageJson } from "../json/jobPage.ts";
import type { ChangedJobJson, JobStatsJson } from "../json/results.ts";
import { ACTOR, type Common, type JobsDeps, jobId, positive, STATES, withCommon, within } from "../queueOptions.ts";
import { clean, jstSeconds, wrapTo } from "../terminal.ts";
import { registerJobsPrune } from "./jobsPrune.ts";
import { registerWatch } from "./jobsWatch.ts";
import { jobTable, TABLE_LEGEND } from "./jobTable.ts";
import { gatherJobPage, jobPageText } from "./jobText.ts";

export const registerJobs = (program: Command, deps: JobsDeps): void => {
  const jobs = program.command("jobs").description("show the job queue and change jobs");
  registerList(jobs, deps);
  withCommon(jobs, "show <id>", "one job: attempts, parent and children, trace, and the trade it led to").action(
    (id: string, options: Common) =>
      within(deps.look, options, (state) => {
        const { store, db } = state;
        const wanted = jobId(id);
        const page = db.read.queueLook.atOnce(() => {
          mustExist(state, wanted, options);
          return gatherJobPage(db.read, store.show(wanted), state.clock.nowMs());
        });
        const setting = { folder: folderText(db), hint: hintWith(options), width: deps.terminal?.columns() };
        deps.out(options.json ? JSON.stringify(jobPageJson(page, state.clock.nowMs())) : jobPageText(page, setting));
      }),
  );
  registerChange(jobs, deps, "retry", "give dead or cancelled jobs fresh attempts");
  registerChange(jobs, deps, "discard", "cancel dead jobs and end their alerts");
  registerChange(jobs, deps, "cancel", "cancel jobs that wait or run");
  registerStats(jobs, deps);
  registerWatch(jobs, deps);
  registerJobsPrune(jobs, deps);
};

const JOB_NOT_FOUND = "JOB_NOT_FOUND";
/** Throws AppError JOB_NOT_FOUND with a hint that names the folder. */
const mustExist = ({ db }: State, id: number, options: Common): void => {
  if (db.read.jobs.byId(id) === undefined)
    throw new AppError(
      "permanent",
      JOB_NOT_FOUND,
      `expected the id of a job, found ${id}; see ${hintWith(options)("jobs list")}`,
    );
};

interface ListOptions extends Common {
  readonly state?: readonly JobState[];
  readonly name?: string;
  readonly trace?: string;
  readonly limit: string;
}
/** What other queues call our states. */
const OTHER_WORDS: ReadonlyMap<string, JobState> = new Map(
  Object.entries({
    failed: "dead",
    error: "dead",
    discarded: "cancelled",
    canceled: "cancelled",
    completed: "done",
    succeeded: "done",
    pending: "ready",
    queued: "ready",
    snoozed: "ready",
    waiting: "ready",
    active: "running",
  } as const),
);
/** `--state dead --state PARKED` and `--state dead,parked` alike. */
const states = (text: string, before: readonly JobState[] = []): readonly JobState[] => {
  const found = text.split(",").map((word) => word.trim().toLowerCase());
  const wrong = found.find((word) => !(STATES as readonly string[]).includes(word));
  if (wrong !== undefined) {
    const meant = OTHER_WORDS.get(wrong);
    throw new InvalidArgumentError(
      `expected one or more of ${STATES.join(", ")}, found ${JSON.stringify(wrong)}${meant === undefined ? "" : `; did you mean ${meant}?`}`,
    );
  }
  return [...before, ...(found as JobState[])];
};

const registerList = (jobs: Command, deps: JobsDeps): void => {
  withCommon(jobs, "list", "jobs, newest first")
    .option("--state <state>", `only these states: ${STATES.join(", ")}; several with commas or by repeating`, states)
    .option("--name <handler>", "only this handler")
    .option("--trace <id>", "only this trace")
    .option("--limit <n>", "at most this many", "50")
    .action((options: ListOptions) =>
      within(deps.look, options, ({ db, store, clock }) => {
        const { state, name, trace: traceId } = options;
        const limit = positive("--limit", options.limit);
        const { jobs: found, total } = db.read.queueLook.atOnce(() =>
          db.read.queueLook.page({ states: state, name, traceId, limit }),
        );
        const more = total - found.length;
        if (options.json) {
          deps.out(JSON.stringify(found.map(jobJson)));
          if (more > 0) deps.err(`note: ${found.length} of ${total} jobs; --limit ${total} gives all`);
        } else if (found.length > 0) {
          const width = deps.terminal?.columns();
          for (const line of jobTable(found, clock.nowMs(), width)) deps.out(line);
          const count =
            more > 0 ? `${found.length} of ${total} jobs; ${more} more: --limit ${total}` : `${total} in all`;
          for (const line of wrapTo(`${count}; ${folderText(db)}`, width)) deps.out(line);
          for (const line of wrapTo(TABLE_LEGEND, width)) deps.out(line);
        } else {
          const known = [...new Set(store.stats().names.map((row) => row.name))];
          const hint =
            name !== undefined && !known.includes(name)
              ? `; jobs there are of ${known.join(", ") || "no handler"}`
              : "";
          deps.out(`no jobs in ${folderText(db)}${hint}`);
        }
      }),
    );
};

const registerChange = (
  jobs: Command,
  deps: JobsDeps,
  verb: "retry" | "discard" | "cancel",
  description: string,
): void => {
  withCommon(jobs, `${verb} <id...>`, description).action((texts: readonly string[], options: Common) => {
    const ids = [...new Set(texts.map(jobId))];
    within(deps.open, options, (state) => {
      const { store, db } = state;
      const change = (id: number): Job => {
        mustExist(state, id, options);
        return store[verb](id, ACTOR);
      };
      const line = (job: Job) => `job ${job.id} ${job.name} ${clean(job.key)}: ${job.state}`;
      if (ids.length === 1) {
        const job = change(ids[0]!);
        deps.out(options.json ? JSON.stringify(jobJson(job)) : `${line(job)}, in ${folderText(db)}`);
        return;
      }
      // Each id is a transaction of its own: one that cannot be changed must not block the others.
      const results = ids.map((id) => attempt(id, () => change(id)));
      if (options.json) deps.out(JSON.stringify(results.map(changedJson)));
      for (const r of results) {
        if ("job" in r) {
          if (!options.json) deps.out(line(r.job));
        } else deps.err(`${r.error.code}: ${r.error.message}`);
      }
      if (!options.json) deps.out(`in ${folderText(db)}`);
      const failed = results.filter((r) => "error" in r);
      if (failed.length === 0) return;
      const text = `${verb}: expected to change ${ids.length} jobs, changed ${ids.length - failed.length}; unchanged: ${failed.map((r) => r.id).join(", ")}`;
      const isUnknown = failed.some((r) => r.error.code === JOB_NOT_FOUND);
      throw new AppError("permanent", isUnknown ? JOB_NOT_FOUND : "JOBS_UNCHANGED", text);
    });
  });
};
type Result = { readonly id: number; readonly job: Job } | { readonly id: number; readonly error: AppError };
const changedJson = (r: Result): z.infer<typeof ChangedJobJson> =>
  "job" in r
    ? { id: r.id, ok: true, job: jobJson(r.job), code: null, message: null }
    : { id: r.id, ok: false, job: null, code: r.error.code, message: r.error.message };
const attempt = (id: number, change: () => Job): Result => {
  try {
    return { id, job: change() };
  } catch (error) {
    if (error instanceof AppError) return { id, error };
    throw error;
  }
};

const registerStats = (jobs: Command, deps: JobsDeps): void => {
  withCommon(jobs, "stats", "how many jobs are in which state").action((options: Common) =>
    within(deps.look, options, ({ store, db, clock }) => {
      const nowMs = clock.nowMs();
      const { stats, halts } = db.read.queueLook.atOnce(() => ({
        stats: store.stats(),
        halts: db.read.halts.active(nowMs),
      }));
      if (options.json) {
        const fact = { ...jobCountsJson(stats), halts: halts.map(haltJson) };
        deps.out(JSON.stringify(fact satisfies z.infer<typeof JobStatsJson>));
        return;
      }
      const oldest = stats.oldestDueMs;
      const lines = [
        folderText(db),
        STATES.map((state) => `${state} ${stats.states[state]}`).join("  "),
        `due now ${stats.due}${oldest === undefined ? "" : `, oldest since ${jstSeconds(oldest)}`}`,
        ...(halts.length > 0 ? [`halts: ${halts.map((h) => `${h.kind} (${h.reason})`).join(", ")}`] : []),
        ...stats.names.map((row) => `  ${row.name.padEnd(24)} ${row.state.padEnd(10)} ${row.count}`),
      ];
      deps.out(lines.join("\n"));
    }),
  );
};
