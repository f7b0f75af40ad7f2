// The page of `jobs show` as text (as JSON: json/jobPage.ts). The table of `jobs list`: jobTable.ts.
import type { Attempt, Job } from "../../../db/tables/jobs.ts";
import type { JobSpan } from "../../../db/tables/queueLook.ts";
import type { EpochMs } from "../../../lib/core/time.ts";
import type { JobDetails } from "../../../queue/store.ts";
import type { Reads } from "../../../queue/types.ts";
import { type Hint, shellQuoted } from "../folder.ts";
import { bothTimes, clean, cutTo, durationText, jstSeconds } from "../terminal.ts";
import { readTrace, storyLines, type Trace } from "./traceText.ts";

export interface JobPageView extends JobDetails {
  /** From the root to the parent. */
  readonly ancestors: readonly Job[];
  readonly spans: ReadonlyMap<number, JobSpan>;
  readonly story: Trace;
}
/** Everything about a job, from one snapshot of the file. */
export const gatherJobPage = (read: Reads, details: JobDetails, nowMs: EpochMs): JobPageView => {
  const ancestors: Job[] = [];
  for (let at = details.parent; at; at = at.parentId === undefined ? undefined : read.jobs.byId(at.parentId))
    ancestors.unshift(at);
  const story = readTrace(read, [...details.trace, details.job], nowMs);
  return { ...details, ancestors, spans: read.queueLook.spans(details.job.traceId), story };
};

/** Why it failed, stopped, snoozes or was cancelled. */
export const note = (job: Job): string =>
  job.error && job.reason
    ? `${job.reason}; ${job.error.code}: ${job.error.message}`
    : job.error
      ? `${job.error.code}: ${job.error.message}`
      : (job.reason ?? "");
export const stateText = (job: Job): string => job.state + (job.snoozed ? " (snoozed)" : "");

/** A longer trace is cut in the middle: jobs shown. */
const TRACE_LINES = 60;

interface PageSetting {
  /** "var-paper (paper)". */
  readonly folder: string;
  readonly hint: Hint;
  readonly width: number | undefined;
}
export const jobPageText = (page: JobPageView, { folder, hint, width }: PageSetting): string => {
  const { job, attempts, ancestors, children, trace } = page;
  const story = storyLines(page.story);
  const lines = [
    `job ${job.id}  ${job.name}  ${job.key}  ${stateText(job)}`,
    ...factLines(job, folder, hint),
    "attempts:",
    ...(attempts.length === 0
      ? ["  none (an attempt that only snoozed leaves no trace)"]
      : attempts.flatMap(attemptLines)),
    ...(ancestors.length > 0 ? ["descends from (root first):", ...ancestors.map((other) => relative(other))] : []),
    ...(children.length > 0 ? ["children:", ...children.map((other) => relative(other))] : []),
    `trace: ${trace.length} ${trace.length === 1 ? "job" : "jobs"} in order of creation (times are JST)`,
    ...traceLines(page, hint),
    ...(story.length > 0 ? ["in the market:", ...story.map((line) => `  ${line}`)] : []),
    `more: ${hint(`audit list --trace ${shellQuoted(job.traceId)}`)}`,
  ].map(clean);
  // The terminal wraps long lines of a page; only the rows of its lists are cut to one line.
  return lines.map((line) => (width !== undefined && line.startsWith("  #") ? cutTo(line, width) : line)).join("\n");
};

const factLines = (job: Job, folder: string, hint: Hint): readonly string[] => {
  const fact = (name: string, text: string): string => `${name.padEnd(11)}${text}`;
  const { error } = job;
  return [
    fact("folder", folder),
    fact("input", JSON.stringify(job.input)),
    fact("trace", job.traceId),
    fact("created", bothTimes(job.createdMs)),
    fact(
      "runs at",
      `${bothTimes(job.runAtMs)}${job.expiresAtMs === undefined ? "" : `, expires ${jstSeconds(job.expiresAtMs)}`}`,
    ),
    ...(job.deadlineMs === undefined
      ? []
      : [fact("deadline", `${bothTimes(job.deadlineMs)}${job.deadlinePassed ? " (passed)" : ""}`)]),
    ...(job.finishedMs === undefined
      ? []
      : [
          fact(
            "ended",
            `${bothTimes(job.finishedMs)}, ${durationText(job.finishedMs - job.createdMs)} after it was created`,
          ),
        ]),
    ...(job.wakeOn.length === 0 ? [] : [fact("wakes on", job.wakeOn.join(", "))]),
    fact(
      "tries",
      `${job.attempts} of ${job.maxAttempts}, risk ${job.risk}, priority ${job.priority}${job.serialKey === undefined ? "" : `, serial key ${job.serialKey}`}`,
    ),
    ...(job.reason === undefined ? [] : [fact("note", job.reason)]),
    ...(error === undefined ? [] : [fact("error", `${error.verdict} ${error.code}: ${error.message}`)]),
    ...(error === undefined || isEmpty(error.data) ? [] : [fact("error data", JSON.stringify(error.data))]),
    ...adviceLines(job, hint).map((text) => fact("to do", text)),
  ];
};
const isEmpty = (data: unknown): boolean =>
  data === undefined || data === null || (typeof data === "object" && Object.keys(data).length === 0);

const adviceLines = (job: Job, hint: Hint): readonly string[] => {
  if (job.state === "dead")
    return [
      `when the cause is gone: ${hint(`jobs retry ${job.id}`)}; when it does not matter: ${hint(`jobs discard ${job.id}`)}`,
    ];
  if (job.state === "parked") return [`a person decides: ${hint("status")}; without an answer the deadline does`];
  return [];
};

const attemptLines = (attempt: Attempt): readonly string[] => {
  const { startedMs, endedMs, error } = attempt;
  const took = endedMs === undefined ? "running" : `${attempt.outcome} after ${durationText(endedMs - startedMs)}`;
  return [
    `  ${attempt.attempt}  ${jstSeconds(startedMs)}  ${took}  (worker ${attempt.worker}, fence ${attempt.fence})`,
    ...(error === undefined ? [] : [`     ${error.verdict} ${error.code}: ${error.message}`]),
  ];
};

const relative = (job: Job): string => {
  const why = note(job);
  return `  #${job.id}  ${job.name}  ${job.key}  ${stateText(job)}${why === "" ? "" : `  ${why}`}`;
};

const traceLines = ({ job, trace }: JobPageView, hint: Hint): readonly string[] => {
  const lines = trace.map((other) => {
    const took = other.finishedMs === undefined ? "" : ` after ${durationText(other.finishedMs - other.createdMs)}`;
    const mark = other.id === job.id ? "  <- this job" : "";
    const why = note(other);
    return `  #${other.id}  ${jstSeconds(other.createdMs).slice(0, 19)}  ${other.name}  ${stateText(other)}${took}${mark}${why === "" ? "" : `  ${why}`}`;
  });
  if (lines.length <= TRACE_LINES) return lines;
  const head = TRACE_LINES / 2;
  const left = lines.length - 2 * head;
  return [
    ...lines.slice(0, head),
    `  … ${left} more: ${hint(`jobs list --trace ${shellQuoted(job.traceId)} --limit ${trace.length}`)}`,
    ...lines.slice(-head),
  ];
};
