// `trader jobs list | show | retry | discard | cancel | stats`: the ledger as a person reads it, and the person's own
// commands on it. All of them work beside a running worker.
import { type Command, Option } from "commander";
import type { Database } from "../../db/open.ts";
import type { Attempt, Job, JobState } from "../../db/tables/jobs.ts";
import { UsageError } from "../../lib/core/errors.ts";
import { isoUtc } from "../../lib/core/time.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { JobDetails, JobStore } from "../../queue/store.ts";

export interface JobsDeps {
  readonly open: (options: { var?: string }) => JobsState;
  readonly out: (text: string) => void;
}
export interface JobsState {
  readonly db: Database;
  readonly store: JobStore;
  readonly clock: Clock;
  close(): void;
}
interface Common {
  readonly var?: string;
  readonly json?: boolean;
}

const STATES: readonly JobState[] = ["ready", "running", "parked", "done", "dead", "cancelled", "expired"];
const ACTOR = "cli";

export const registerJobs = (program: Command, deps: JobsDeps): void => {
  const jobs = program.command("jobs").description("look at the job queue and mend it");
  const withState = <T>(options: Common, work: (state: JobsState) => T): T => {
    const state = deps.open(options.var === undefined ? {} : { var: options.var });
    try {
      return work(state);
    } finally {
      state.close();
    }
  };
  const command = (usage: string, description: string): Command =>
    jobs
      .command(usage)
      .description(description)
      .option("--var <dir>", "state folder (default: the setting VAR_DIR)")
      .option("--json", "print JSON");

  command("list", "jobs, newest first")
    .addOption(new Option("--state <state>", "only this state").choices(STATES))
    .option("--name <handler>", "only this handler")
    .option("--trace <id>", "only this trace")
    .option("--limit <n>", "at most this many", "50")
    .action((options: Common & { state?: JobState; name?: string; trace?: string; limit: string }) =>
      withState(options, ({ store }) => {
        const { state, name, trace: traceId } = options;
        const found = store.list({ state, name, traceId, limit: positive("--limit", options.limit) });
        if (options.json) deps.out(JSON.stringify(found.map(jobJson)));
        else deps.out(found.length === 0 ? "no jobs" : table(found));
      }),
    );

  command("show <id>", "one job with its attempts, parent, children and trace").action((id: string, options: Common) =>
    withState(options, ({ store }) => {
      const details = store.show(positive("ID", id));
      deps.out(options.json ? JSON.stringify(detailsJson(details)) : detailsText(details));
    }),
  );

  const change = (verb: "retry" | "discard" | "cancel", description: string) =>
    command(`${verb} <id>`, description).action((id: string, options: Common) =>
      withState(options, ({ store }) => {
        const job = store[verb](positive("ID", id), ACTOR);
        deps.out(options.json ? JSON.stringify(jobJson(job)) : `job ${job.id} ${job.name} ${job.key}: ${job.state}`);
      }),
    );
  change("retry", "give a dead or cancelled job fresh attempts");
  change("discard", "put a dead job away");
  change("cancel", "end a job that waits or runs");

  command("stats", "how many jobs are in which state").action((options: Common) =>
    withState(options, ({ store, db, clock }) => {
      const stats = store.stats();
      const halts = db.read.halts.active(clock.nowMs());
      if (options.json) {
        deps.out(JSON.stringify({ ...stats, oldestDueMs: stats.oldestDueMs ?? null, halts: halts.map((h) => h.kind) }));
        return;
      }
      const lines = [
        STATES.map((state) => `${state} ${stats.states[state]}`).join("  "),
        `due now ${stats.due}${stats.oldestDueMs === undefined ? "" : `, oldest since ${isoUtc(stats.oldestDueMs)}`}`,
        ...(halts.length > 0 ? [`halts: ${halts.map((h) => `${h.kind} (${h.reason})`).join(", ")}`] : []),
        ...stats.names.map((row) => `  ${row.name.padEnd(24)} ${row.state.padEnd(10)} ${row.count}`),
      ];
      deps.out(lines.join("\n"));
    }),
  );
};

const positive = (what: string, text: string): number => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new UsageError(`${what}: expected a whole number of at least 1, found ${JSON.stringify(text)}`);
  return value;
};

/** Absent values are null, so that every object has the same fields. */
const plain = (value: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(value).map(([name, field]) => [name, field ?? null]));
const jobJson = (job: Job): Record<string, unknown> => plain(job);
/** `attempts` is the list here; the count is `attemptsMade`. */
const detailsJson = (details: JobDetails): Record<string, unknown> => ({
  ...jobJson(details.job),
  attemptsMade: details.job.attempts,
  attempts: details.attempts.map(plain),
  parent: details.parent ? jobJson(details.parent) : null,
  children: details.children.map(jobJson),
  trace: details.trace.map(({ id, name, key, state }) => ({ id, name, key, state })),
});

const table = (jobs: readonly Job[]): string => {
  const rows = [
    ["ID", "STATE", "HANDLER", "KEY", "TRIES", "RUNS AT", "NOTE"],
    ...jobs.map((job) => [
      String(job.id),
      job.state + (job.snoozed ? " (snoozed)" : ""),
      job.name,
      job.key,
      `${job.attempts}/${job.maxAttempts}`,
      isoUtc(job.deadlineMs !== undefined && job.state === "parked" ? job.deadlineMs : job.runAtMs),
      note(job),
    ]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};
const note = (job: Job): string => (job.error ? `${job.error.code}: ${job.error.message}` : (job.reason ?? ""));

const attemptText = (attempt: Attempt): string =>
  `  ${attempt.attempt} (fence ${attempt.fence})  ${isoUtc(attempt.startedMs)}  ${attempt.outcome ?? "running"}  ${attempt.worker}` +
  (attempt.error ? `\n      ${attempt.error.verdict} ${attempt.error.code}: ${attempt.error.message}` : "");

const detailsText = ({ job, attempts, parent, children, trace }: JobDetails): string => {
  const line = (other: Job) => `  ${other.id}  ${other.name}  ${other.key}  ${other.state}`;
  return [
    `job ${job.id}  ${job.name}  ${job.key}  ${job.state}${job.snoozed ? " (snoozed)" : ""}`,
    `input      ${JSON.stringify(job.input)}`,
    `trace      ${job.traceId}`,
    `runs at    ${isoUtc(job.runAtMs)}${job.expiresAtMs === undefined ? "" : `, expires ${isoUtc(job.expiresAtMs)}`}`,
    ...(job.deadlineMs === undefined
      ? []
      : [`deadline   ${isoUtc(job.deadlineMs)}${job.deadlinePassed ? " (passed)" : ""}`]),
    ...(job.wakeOn.length === 0 ? [] : [`wakes on   ${job.wakeOn.join(", ")}`]),
    `tries      ${job.attempts} of ${job.maxAttempts}, risk ${job.risk}, priority ${job.priority}`,
    ...(note(job) === "" ? [] : [`note       ${note(job)}`]),
    "attempts:",
    ...(attempts.length === 0 ? ["  none yet"] : attempts.map(attemptText)),
    ...(parent ? ["parent:", line(parent)] : []),
    ...(children.length > 0 ? ["children:", ...children.map(line)] : []),
    "trace:",
    ...trace.map(line),
  ].join("\n");
};
