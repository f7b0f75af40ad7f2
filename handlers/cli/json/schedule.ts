// A schedule, as `--json` prints it everywhere.
import { z } from "zod";
import type { Job } from "../../../db/tables/jobs.ts";
import type { Schedule } from "../../../db/tables/schedules.ts";
import { isoUtc } from "../../../lib/core/time.ts";
import { everyText } from "../queue/scheduleList.ts";
import { JobJson, jobJson } from "./job.ts";
import { Stored, Time, timeOrNull } from "./values.ts";

export const ScheduleJson = z.strictObject({
  name: z.string(),
  handler: z.string(),
  input: Stored,
  every: z.string(),
  everyMs: z.int(),
  offsetMs: z.int(),
  policy: z.string(),
  maxCatchUp: z.int(),
  expiresAfterMs: z.int().nullable(),
  nextTickAt: Time,
  lastTickAt: Time.nullable(),
  paused: z.boolean(),
});
export const scheduleJson = (s: Schedule): z.infer<typeof ScheduleJson> => ({
  name: s.name,
  handler: s.handler,
  input: s.input,
  every: everyText(s.everyMs, s.offsetMs),
  everyMs: s.everyMs,
  offsetMs: s.offsetMs,
  policy: s.policy,
  maxCatchUp: s.maxCatchUp,
  expiresAfterMs: s.expiresAfterMs ?? null,
  nextTickAt: isoUtc(s.nextTickMs),
  lastTickAt: timeOrNull(s.lastTickMs),
  paused: s.paused,
});

/** A row of `schedules list`: the schedule and its last tick's job; null without a tick, or when the job is pruned. */
export const ScheduleRowJson = ScheduleJson.extend({ lastJob: JobJson.nullable() });
export const scheduleRowJson = (s: Schedule, job: Job | undefined): z.infer<typeof ScheduleRowJson> => ({
  ...scheduleJson(s),
  lastJob: job ? jobJson(job) : null,
});
