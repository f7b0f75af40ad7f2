// What a command that changes or checks something prints with `--json`: one object each.
import { z } from "zod";
import { EconomicEventJson } from "./event.ts";
import { HaltJson } from "./halt.ts";
import { JobCountsJson, JobErrorJson, JobJson } from "./job.ts";
import { SeenJson } from "./position.ts";
import { Time } from "./values.ts";

/** enqueue. `created` is false when a job of that name and key was there. */
export const EnqueuedJson = z.strictObject({ id: z.int(), created: z.boolean() });
/** enqueue --wait. `ended`: the job ended within the wait. */
export const WaitedJson = EnqueuedJson.extend({
  state: z.string(),
  ended: z.boolean(),
  attempts: z.int(),
  reason: z.string().nullable(),
  error: JobErrorJson.nullable(),
  waitedMs: z.int(),
});
/** jobs retry, discard and cancel of several ids: one of these per id. */
export const ChangedJobJson = z.strictObject({
  id: z.int(),
  ok: z.boolean(),
  job: JobJson.nullable(),
  code: z.string().nullable(),
  message: z.string().nullable(),
});
/** jobs stats. */
export const JobStatsJson = JobCountsJson.extend({ halts: z.array(HaltJson) });
/** jobs prune. With --dry-run: what would go. */
export const PrunedJson = z.strictObject({
  dryRun: z.boolean(),
  jobs: z.int(),
  attempts: z.int().nullable(),
  workers: z.int().nullable(),
  beforeAt: Time,
  bytes: z.strictObject({ before: z.int(), after: z.int() }).nullable(),
});
/** schedules run: the job it enqueued. */
export const ScheduleRunJson = z.strictObject({
  id: z.int(),
  schedule: z.string(),
  name: z.string(),
  key: z.string(),
  tickAt: Time,
});
/** schedules pause and resume. */
export const SchedulePausedJson = z.strictObject({
  name: z.string(),
  paused: z.boolean(),
  changed: z.boolean(),
  nextTickAt: Time,
});
/** pause, stop, panic, resume, close, reject-all, adopt, keep-stop, restore-stop. */
export const OwnerCommandJson = z.strictObject({
  command: z.string(),
  commandId: z.int(),
  jobId: z.int(),
  outcome: z.string().nullable(),
  text: z.string(),
  seen: SeenJson.nullable(),
});
/** alerts seen. */
export const AlertSeenJson = z.strictObject({ key: z.string(), seen: z.literal(true) });
/** events import. */
export const EventsImportedJson = z.strictObject({
  file: z.string(),
  added: z.int(),
  changed: z.int(),
  unchanged: z.int(),
  withdrawn: z.int(),
  dryRun: z.boolean(),
  firstAt: Time,
  lastAt: Time,
});
/** events remove. */
export const EventsRemovedJson = z.strictObject({ withdrawn: z.array(EconomicEventJson) });
const DatabaseJson = z.strictObject({
  path: z.string(),
  mode: z.string().nullable(),
  schemaVersion: z.int(),
  jobs: z.int(),
  auditEvents: z.int(),
  lastEventAt: Time.nullable(),
});
/** backup. */
export const BackupJson = DatabaseJson.extend({ bytes: z.int() });
/** restore. */
export const RestoreJson = DatabaseJson.extend({ replaced: z.string().nullable(), haltsLost: z.array(z.string()) });
/** audit verify. */
export const AuditVerifiedJson = z.strictObject({
  ok: z.boolean(),
  events: z.int(),
  head: z.string().nullable(),
  firstBroken: z.int().nullable(),
  missing: z.int().nullable(),
  problems: z.array(z.string()),
  notes: z.array(z.string()),
});
/** doctor. */
export const DoctorJson = z.strictObject({
  ok: z.boolean(),
  checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), warning: z.boolean(), found: z.string() })),
});
/** gmo kinds: one row. */
export const ReplyKindJson = z.strictObject({ kind: z.string(), source: z.string(), about: z.string() });
/** simulator. */
export const SimulatorJson = z.strictObject({
  restPublic: z.string(),
  restPrivate: z.string(),
  wsPublic: z.string(),
  wsPrivate: z.string(),
  apiKey: z.string(),
  secret: z.string(),
});
/** predict: a line per row of the CSV. `raw` and `contrib` only with their option. */
export const PredictionJson = z.strictObject({
  p: z.number().nullable(),
  raw: z.number().nullable().optional(),
  contrib: z.array(z.number().nullable()).optional(),
});

/** rehearse. Times in milliseconds of the wall clock; null: not measured. */
export const RehearseJson = z.strictObject({
  rounds: z.int(),
  trades: z.int(),
  kills: z.int(),
  duplicateEntries: z.int(),
  lostOrders: z.int(),
  unresolvedUnknown: z.int(),
  pnlMismatchJpy: z.number(),
  unprotectedMsMax: z.number().nullable(),
  unprotectedMsMaxAfterKill: z.number().nullable(),
  tapToAcceptedMsP50: z.number().nullable(),
  fillToStopMsP50: z.number().nullable(),
  fillToStopMsP99: z.number().nullable(),
  recoveryMsMax: z.number().nullable(),
  requestsPerSecondMax: z.int(),
  bookMatchesVenue: z.boolean(),
});
