// Waits at the command line for a job to end. Reads only, on a read-only connection; when the wait ends, by time or
// Ctrl+C, the job stays as it is.

import type { Job } from "../../../db/tables/jobs.ts";
import { AppError } from "../../../lib/core/errors.ts";
import type { EpochMs } from "../../../lib/core/time.ts";
import type { State } from "../../runtime/stateFolder.ts";
import { SILENT_MS, watchedWorkers } from "../../runtime/workerProcesses.ts";
import { type Hint, hintWith, isReplay } from "../folder.ts";
import type { Common, JobsDeps } from "../queueOptions.ts";
import { clean, durationText, jstSeconds, sleepOrAbort, untilInterrupted } from "../terminal.ts";

const POLL_MS = 100;
const LOOK_AT_WORKERS_MS = 1_000;

interface Waited {
  readonly job: Job;
  /** What ended the waiting: the job, the time, or Ctrl+C. */
  readonly end: "job" | "time" | "interrupt";
  readonly waitedMs: number;
}

/**
 * Waits until the job is done, dead, cancelled or expired; `limitMs` undefined: without limit. Progress goes to
 * `deps.err`. Throws AppError permanent JOB_GONE when the row is gone.
 */
export const waitForJob = async (
  deps: JobsDeps,
  options: Common,
  wanted: { readonly id: number; readonly limitMs: number | undefined },
): Promise<Waited> => {
  const state = deps.look(options.var === undefined ? {} : { var: options.var });
  const interruption = (deps.interruption ?? untilInterrupted)();
  const sleep = deps.sleep ?? sleepOrAbort;
  const startMs = state.clock.monotonicMs();
  let reported = "";
  let workersSeenMs = Number.NEGATIVE_INFINITY;
  let workers: Workers = { state: "none" };
  try {
    for (;;) {
      const job = state.db.read.jobs.byId(wanted.id);
      if (!job)
        throw new AppError("permanent", "JOB_GONE", `expected job ${wanted.id}, found none: it was pruned meanwhile`);
      const waitedMs = state.clock.monotonicMs() - startMs;
      if (job.finishedMs !== undefined) return { job, end: "job", waitedMs };
      const now = situation(state, job);
      if (now !== reported && now !== "") deps.err(`job ${job.id} ${clean(now)}`);
      reported = now;
      if (waitedMs - workersSeenMs >= LOOK_AT_WORKERS_MS) {
        workersSeenMs = waitedMs;
        const before = workers;
        workers = lookAtWorkers(state);
        const text = workersText(before, workers, hintWith(options));
        if (text !== undefined) deps.err(`note: ${text}`);
      }
      if (interruption.signal.aborted) return { job, end: "interrupt", waitedMs };
      const leftMs = (wanted.limitMs ?? Number.POSITIVE_INFINITY) - waitedMs;
      if (leftMs <= 0) return { job, end: "time", waitedMs };
      await sleep(Math.min(POLL_MS, leftMs), interruption.signal);
    }
  } finally {
    state.close();
    interruption.release();
  }
};

/** The state of an unfinished job in words; empty for one that is due and ready. */
const situation = ({ db, clock }: State, job: Job): string => {
  const nowMs = clock.nowMs();
  const at = (ms: EpochMs): string => jstSeconds(ms);
  if (job.state === "running") return `runs: attempt ${job.attempts} of ${job.maxAttempts}`;
  if (job.state === "parked")
    return `is parked: a person decides${job.deadlineMs === undefined ? "" : `, at the latest the deadline ${at(job.deadlineMs)}`}`;
  if (job.snoozed) return `is snoozed until ${at(job.runAtMs)}: ${job.reason ?? "no reason given"}`;
  if (job.attempts > 0 && job.error)
    return `failed attempt ${job.attempts} of ${job.maxAttempts} (${job.error.code}: ${job.error.message}); the next at ${at(job.runAtMs)}`;
  const halts = job.risk === "adding" ? db.read.halts.active(nowMs) : [];
  if (halts.length > 0) return `waits: entries are halted (${halts.map((h) => `${h.kind}: ${h.reason}`).join("; ")})`;
  return job.runAtMs > nowMs ? `waits for its time, ${at(job.runAtMs)}` : "";
};

interface Workers {
  readonly state: "none" | "alive" | "silent";
  /** Since the newest heartbeat. */
  readonly ageMs?: number;
}
/** A replay writes no heartbeats between its drains, so nothing is reported for it. */
const lookAtWorkers = ({ db, clock }: State): Workers => {
  const living = isReplay(db) ? [] : watchedWorkers(db).filter((w) => w.process === "alive" || w.process === "unknown");
  if (living.length === 0) return { state: "none" };
  const ageMs = Math.min(...living.map((w) => clock.realNowMs() - w.heartbeatMs));
  return { state: ageMs > SILENT_MS ? "silent" : "alive", ageMs };
};
/** Reported when it changes. Whoever enqueued has already said that none runs at the start. */
const workersText = (before: Workers, now: Workers, hint: Hint): string | undefined => {
  if (before.state === now.state) return undefined;
  if (now.state === "silent")
    return `the worker is SILENT for ${durationText(now.ageMs ?? 0)}: it hangs, or cannot write its file (${hint("status")} tells more); still waiting`;
  if (now.state === "none") return `no worker runs any more (${hint("worker")} starts one); still waiting`;
  return before.state === "silent" ? "the worker is alive again" : undefined;
};

/** The result of the wait in words; `failed` is the error's code, and the exit code is then 1. */
export const verdictOf = (
  { job, end, waitedMs }: Waited,
  hint: Hint,
): { readonly text: string; readonly failed: string | undefined } => {
  const what = `job ${job.id} ${job.name} ${clean(job.key)}`;
  const after = `after ${durationText(waitedMs)}`;
  const error = job.error ? `: ${clean(`${job.error.code}: ${job.error.message}`)}` : "";
  const show = `see ${hint(`jobs show ${job.id}`)}`;
  if (end !== "job") {
    const how = end === "time" ? `not ended ${after}` : "the waiting was broken off";
    return {
      text: `${what}: ${how}; it is ${job.state} and stays in the queue (${show}; ${hint(`jobs cancel ${job.id}`)} ends it)`,
      failed: end === "time" ? "WAIT_TIMEOUT" : "WAIT_INTERRUPTED",
    };
  }
  switch (job.state) {
    case "done":
      return {
        text: `${what}: done ${after}${job.reason === undefined ? "" : `: ${clean(job.reason)}`}`,
        failed: undefined,
      };
    case "dead":
      return {
        text: `${what}: dead after ${job.attempts} of ${job.maxAttempts} attempts${error}; ${show}, when the cause is gone ${hint(`jobs retry ${job.id}`)}`,
        failed: "JOB_DEAD",
      };
    case "expired":
      return { text: `${what}: expired, it did not start before its time was over; ${show}`, failed: "JOB_EXPIRED" };
    default:
      return {
        text: `${what}: ${job.state}${job.reason === undefined ? "" : `: ${clean(job.reason)}`}; ${show}`,
        failed: "JOB_CANCELLED",
      };
  }
};
