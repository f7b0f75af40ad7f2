// Every shape of `--json` under the name docs/json.md gives it, and the keys it has.
import { z } from "zod";
import { AuditEventJson, EconomicEventJson } from "../../../handlers/cli/json/event.ts";
import { FailureJson, FrameJson, NoPricesJson, WorkerJson } from "../../../handlers/cli/json/frame.ts";
import { AlertJson, HaltJson } from "../../../handlers/cli/json/halt.ts";
import { AttemptJson, JobCountsJson, JobErrorJson, JobJson, TraceJobJson } from "../../../handlers/cli/json/job.ts";
import { JobPageJson, StoryJson, TradeStoryJson } from "../../../handlers/cli/json/jobPage.ts";
import { OpenResultJson } from "../../../handlers/cli/json/openResult.ts";
import { OrderJson } from "../../../handlers/cli/json/order.ts";
import { PositionJson, SeenJson, SeenOrderJson } from "../../../handlers/cli/json/position.ts";
import { ProposalJson, SignalJson } from "../../../handlers/cli/json/proposal.ts";
import { ReportJson } from "../../../handlers/cli/json/report.ts";
import * as results from "../../../handlers/cli/json/results.ts";
import { ScheduleJson, ScheduleRowJson } from "../../../handlers/cli/json/schedule.ts";
import { SilenceJson } from "../../../handlers/cli/json/silence.ts";
import { StatusJson } from "../../../handlers/cli/json/status.ts";
import { ExecutionJson, TradeJson } from "../../../handlers/cli/json/trade.ts";
import { Time } from "../../../handlers/cli/json/values.ts";

const number = z.number().nullable();
/** Lines of the two programs that the runtime prints (handlers/runtime/); the schemas are the tests' alone. */
const StartedLine = z.strictObject({
  event: z.literal("started"),
  mode: z.string(),
  dbPath: z.string(),
  model: z.string(),
});
const MessageLine = z.strictObject({
  event: z.literal("message"),
  kind: z.string(),
  proposalId: z.string().nullable(),
  text: z.string(),
});
const HealthLine = z.strictObject({
  event: z.literal("health"),
  ok: z.boolean(),
  why: z.string().nullable(),
  redMs: number,
});
const StoppingLine = z.strictObject({ event: z.literal("stopping"), signal: z.string() });
const StoppedLine = z.strictObject({
  event: z.literal("stopped"),
  ready: z.int().nullable(),
  parked: z.int().nullable(),
});
const ReplayEventLine = z.strictObject({
  event: z.literal("audit"),
  seq: z.int(),
  at: Time,
  kind: z.string(),
  text: z.string(),
});
const ReplayReportLine = z.strictObject({ event: z.literal("report"), text: z.string() });
const ReplaySummaryJson = z.strictObject({
  product: z.string(),
  bars: z.int(),
  noSignalBars: z.int(),
  signals: z.int(),
  notified: z.int(),
  approved: z.int(),
  rejected: z.int(),
  expired: z.int(),
  pending: z.int(),
  refused: z.int(),
  trades: z.int(),
  tradesCancelled: z.int(),
  wins: z.int(),
  losses: z.int(),
  winRate: number,
  breakEvenRate: number,
  profitFactor: number,
  openPositions: z.int(),
  barePositions: z.int(),
  duplicateOrders: z.int(),
  ledgerMatchesVenue: z.boolean(),
  jobsDead: z.int(),
  equityStartJpy: z.number(),
  equityEndJpy: z.number(),
  netPnlJpy: z.number(),
  feesJpy: z.number(),
  maxDrawdownJpy: number,
  maxDrawdownPct: number,
  auditEvents: z.int(),
  auditChainOk: z.boolean(),
  dbPath: z.string(),
  reportPath: z.string().nullable(),
  elapsedMs: z.number(),
});

/** Name, schema, and the shape whose keys it has besides. In the order of the page. */
const SHAPES: readonly (readonly [string, z.ZodType, string?])[] = [
  ["order", OrderJson],
  ["trade", TradeJson],
  ["open result", OpenResultJson],
  ["execution", ExecutionJson],
  ["trade story", TradeStoryJson, "trade"],
  ["proposal", ProposalJson],
  ["signal", SignalJson],
  ["position", PositionJson],
  ["venue order", SeenOrderJson],
  ["snapshot", SeenJson],
  ["halt", HaltJson],
  ["alert", AlertJson],
  ["job", JobJson],
  ["job error", JobErrorJson],
  ["attempt", AttemptJson],
  ["trace job", TraceJobJson, "job"],
  ["story", StoryJson],
  ["job page", JobPageJson, "job"],
  ["job counts", JobCountsJson],
  ["job stats", results.JobStatsJson, "job counts"],
  ["schedule", ScheduleJson],
  ["schedule row", ScheduleRowJson, "schedule"],
  ["price outage", NoPricesJson],
  ["silence", SilenceJson],
  ["worker process", WorkerJson],
  ["failed attempt", FailureJson],
  ["queue frame", FrameJson, "job counts"],
  ["economic event", EconomicEventJson],
  ["audit event", AuditEventJson],
  ["status", StatusJson],
  ["report", ReportJson],
  ["enqueued", results.EnqueuedJson],
  ["waited", results.WaitedJson, "enqueued"],
  ["changed job", results.ChangedJobJson],
  ["pruned", results.PrunedJson],
  ["schedule run", results.ScheduleRunJson],
  ["schedule pause", results.SchedulePausedJson],
  ["owner command", results.OwnerCommandJson],
  ["alert seen", results.AlertSeenJson],
  ["events import", results.EventsImportedJson],
  ["events removed", results.EventsRemovedJson],
  ["backup", results.BackupJson],
  ["restore", results.RestoreJson],
  ["audit verification", results.AuditVerifiedJson],
  ["doctor", results.DoctorJson],
  ["reply kind", results.ReplyKindJson],
  ["simulator", results.SimulatorJson],
  ["rehearsal", results.RehearseJson],
  ["prediction", results.PredictionJson],
  ["replay event", ReplayEventLine],
  ["replay report", ReplayReportLine],
  ["replay summary", ReplaySummaryJson],
  ["worker started", StartedLine],
  ["worker message", MessageLine],
  ["worker health", HealthLine],
  ["worker stopping", StoppingLine],
  ["worker stopped", StoppedLine],
];
export const shapeNames = SHAPES.map(([name]) => name);
export const shapeOf = (name: string): z.ZodType => {
  const found = SHAPES.find(([each]) => each === name)?.[1];
  if (found === undefined) throw new Error(`expected the name of a shape, found ${name}`);
  return found;
};
export const baseOf = (name: string): string | undefined => SHAPES.find(([each]) => each === name)?.[2];

interface Key {
  /** "legs[].order". */
  readonly path: string;
  /** What stands there: a basic value, or "list of order", each with "or null" where it may be. */
  readonly value: string;
}
const BASIC: readonly (readonly [abstract new (...args: never[]) => z.core.$ZodType, string])[] = [
  [z.ZodString, "text"],
  [z.ZodEnum, "text"],
  [z.ZodLiteral, "fixed"],
  [z.ZodBoolean, "true or false"],
  [z.ZodNumber, "number"],
  [z.ZodPipe, "number"],
  [z.ZodUnion, "number or text"],
  [z.ZodUnknown, "JSON as stored"],
];
const keysBelow = (schema: unknown, path: string): readonly Key[] => {
  if (schema === Time) return [{ path, value: "time" }];
  const named = SHAPES.find(([, each]) => each === schema)?.[0];
  if (named !== undefined && path !== "") return [{ path, value: named }];
  if (schema instanceof z.ZodNullable)
    return keysBelow(schema.unwrap(), path).map((key) =>
      key.path === path ? { path, value: `${key.value} or null` } : key,
    );
  if (schema instanceof z.ZodOptional) return keysBelow(schema.unwrap(), path);
  if (schema instanceof z.ZodArray) {
    const [element, ...below] = keysBelow(schema.element, path);
    return [
      { path, value: `list of ${element?.value}` },
      ...below.map((key) => ({ ...key, path: `${path}[]${key.path.slice(path.length)}` })),
    ];
  }
  if (schema instanceof z.ZodRecord) return [{ path, value: "number per name" }];
  if (schema instanceof z.ZodObject)
    return [
      ...(path === "" ? [] : [{ path, value: "object" }]),
      ...Object.entries(schema.shape).flatMap(([key, inner]) => keysBelow(inner, path === "" ? key : `${path}.${key}`)),
    ];
  const basic = BASIC.find(([type]) => schema instanceof type)?.[1];
  if (basic === undefined) throw new Error(`${path}: a kind of value this page does not know`);
  return [{ path, value: basic }];
};
/** The keys of a shape, without those of its base. */
export const keysOf = (name: string): readonly Key[] => {
  const base = baseOf(name);
  const known = new Set(base === undefined ? [] : keysBelow(shapeOf(base), "").map((key) => key.path));
  return keysBelow(shapeOf(name), "").filter((key) => !known.has(key.path));
};
