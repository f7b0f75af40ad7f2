// A job, its attempts, and the counts of the queue, as `--json` prints them everywhere.
import { z } from "zod";
import type { Attempt, Job, JobStats, StoredError } from "../../../db/tables/jobs.ts";
import type { JobSpan } from "../../../db/tables/queueLook.ts";
import { epochMsOrUndefined, isoUtc } from "../../../lib/core/time.ts";
import { Stored, Time, timeOrNull } from "./values.ts";

export const JobErrorJson = z.strictObject({
  verdict: z.string(),
  code: z.string(),
  message: z.string(),
  data: Stored,
});
export const jobErrorJson = (e: StoredError): z.infer<typeof JobErrorJson> => ({
  verdict: e.verdict,
  code: e.code,
  message: e.message,
  data: e.data ?? null,
});

export const JobJson = z.strictObject({
  id: z.int(),
  name: z.string(),
  key: z.string(),
  input: Stored,
  state: z.string(),
  risk: z.string(),
  priority: z.int(),
  serialKey: z.string().nullable(),
  runAt: Time,
  expiresAt: Time.nullable(),
  attempts: z.int(),
  maxAttempts: z.int(),
  fence: z.int(),
  worker: z.string().nullable(),
  leaseEndsAt: Time.nullable(),
  snoozed: z.boolean(),
  wakeOn: z.array(z.string()),
  deadlineAt: Time.nullable(),
  deadlinePassed: z.boolean(),
  parentId: z.int().nullable(),
  traceId: z.string(),
  error: JobErrorJson.nullable(),
  reason: z.string().nullable(),
  createdAt: Time,
  finishedAt: Time.nullable(),
});
export type JobJson = z.infer<typeof JobJson>;
export const jobJson = (job: Job): JobJson => ({
  id: job.id,
  name: job.name,
  key: job.key,
  input: job.input,
  state: job.state,
  risk: job.risk,
  priority: job.priority,
  serialKey: job.serialKey ?? null,
  runAt: isoUtc(job.runAtMs),
  expiresAt: timeOrNull(job.expiresAtMs),
  attempts: job.attempts,
  maxAttempts: job.maxAttempts,
  fence: job.fence,
  worker: job.worker ?? null,
  leaseEndsAt: timeOrNull(epochMsOrUndefined(job.leaseUntilMs)),
  snoozed: job.snoozed,
  wakeOn: [...job.wakeOn],
  deadlineAt: timeOrNull(job.deadlineMs),
  deadlinePassed: job.deadlinePassed,
  parentId: job.parentId ?? null,
  traceId: job.traceId,
  error: job.error ? jobErrorJson(job.error) : null,
  reason: job.reason ?? null,
  createdAt: isoUtc(job.createdMs),
  finishedAt: timeOrNull(job.finishedMs),
});

/** A job of a trace: the job, and when its first attempt began. */
export const TraceJobJson = JobJson.extend({ startedAt: Time.nullable() });
export const traceJobJson = (job: Job, span: JobSpan | undefined): z.infer<typeof TraceJobJson> => ({
  ...jobJson(job),
  startedAt: timeOrNull(span?.startedMs),
});

export const AttemptJson = z.strictObject({
  attempt: z.int(),
  fence: z.int(),
  worker: z.string(),
  startedAt: Time,
  endedAt: Time.nullable(),
  durationMs: z.number().nullable(),
  outcome: z.string().nullable(),
  error: JobErrorJson.nullable(),
});
export const attemptJson = (a: Attempt): z.infer<typeof AttemptJson> => ({
  attempt: a.attempt,
  fence: a.fence,
  worker: a.worker,
  startedAt: isoUtc(a.startedMs),
  endedAt: timeOrNull(a.endedMs),
  durationMs: a.endedMs === undefined ? null : a.endedMs - a.startedMs,
  outcome: a.outcome ?? null,
  error: a.error ? jobErrorJson(a.error) : null,
});

export const JobCountsJson = z.strictObject({
  states: z.record(z.string(), z.int()),
  names: z.array(z.strictObject({ name: z.string(), state: z.string(), count: z.int() })),
  due: z.int(),
  oldestDueAt: Time.nullable(),
});
export const jobCountsJson = (s: JobStats): z.infer<typeof JobCountsJson> => ({
  states: s.states,
  names: s.names.map(({ name, state, count }) => ({ name, state, count })),
  due: s.due,
  oldestDueAt: timeOrNull(s.oldestDueMs),
});
