// One frame of `jobs watch` as JSON.
import { z } from "zod";
import { isoUtc } from "../../../lib/core/time.ts";
import type { NoPrices } from "../../market/priceOutage.ts";
import type { Frame } from "../queue/watchFrame.ts";
import { HaltJson, haltJson } from "./halt.ts";
import { JobCountsJson, JobErrorJson, JobJson, jobCountsJson, jobErrorJson, jobJson } from "./job.ts";
import { ScheduleJson, scheduleJson } from "./schedule.ts";
import { Time, timeOrNull } from "./values.ts";

/** The exchange gives no prices of these symbols. */
export const NoPricesJson = z.strictObject({ sinceAt: Time, why: z.string(), symbols: z.array(z.string()) });
export const noPricesJson = (none: NoPrices | undefined): z.infer<typeof NoPricesJson> | null =>
  none === undefined ? null : { sinceAt: isoUtc(none.sinceMs), why: none.why, symbols: [...none.symbols] };

export const WorkerJson = z.strictObject({
  bootId: z.string(),
  pid: z.int(),
  process: z.string(),
  startedAt: Time,
  heartbeatAt: Time,
  heartbeatAgeMs: z.number(),
  stoppedAt: Time.nullable(),
});
export const FailureJson = z.strictObject({
  jobId: z.int(),
  name: z.string(),
  key: z.string(),
  state: z.string(),
  attempt: z.int(),
  maxAttempts: z.int(),
  endedAt: Time,
  error: JobErrorJson,
});
export const FrameJson = JobCountsJson.extend({
  at: Time,
  dir: z.string(),
  mode: z.string().nullable(),
  finishedLastMinute: z.int(),
  finishedLastHour: z.int(),
  halts: z.array(HaltJson),
  noPrices: NoPricesJson.nullable(),
  workers: z.array(WorkerJson),
  running: z.array(z.strictObject({ job: JobJson, startedAt: Time, ageMs: z.number() })),
  failures: z.array(FailureJson),
  failuresLastDay: z.int(),
  schedules: z.array(ScheduleJson),
});
export const frameJson = (frame: Frame): z.infer<typeof FrameJson> => ({
  at: isoUtc(frame.nowMs),
  dir: frame.dir,
  mode: frame.mode ?? null,
  ...jobCountsJson(frame.stats),
  finishedLastMinute: frame.finishedLastMinute,
  finishedLastHour: frame.finishedLastHour,
  halts: frame.halts.map(haltJson),
  noPrices: noPricesJson(frame.noPrices),
  workers: frame.workers.map((w) => ({
    bootId: w.bootId,
    pid: w.pid,
    process: w.process,
    startedAt: isoUtc(w.startedMs),
    heartbeatAt: isoUtc(w.heartbeatMs),
    heartbeatAgeMs: frame.realNowMs - w.heartbeatMs,
    stoppedAt: timeOrNull(w.stoppedMs),
  })),
  running: frame.running.map(({ job, startedMs }) => ({
    job: jobJson(job),
    startedAt: isoUtc(startedMs),
    ageMs: frame.nowMs - startedMs,
  })),
  failures: frame.failures.newest.map((f) => ({
    jobId: f.jobId,
    name: f.name,
    key: f.key,
    state: f.state,
    attempt: f.attempt,
    maxAttempts: f.maxAttempts,
    endedAt: isoUtc(f.endedMs),
    error: jobErrorJson(f.error),
  })),
  failuresLastDay: frame.failures.total,
  schedules: frame.schedules.map(scheduleJson),
});
