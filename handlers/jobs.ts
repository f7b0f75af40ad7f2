// The contract of the chain: name, input and key of every job. Steps know this file and not each other; a job of an unknown name or
// with a wrong input does not compile. Names and keys are stored: never rename one.
import { z } from "zod";
import type { Proposal } from "../db/tables/proposals.ts";
import { ALL_SYMBOLS, type TradedSymbol } from "../lib/core/product.ts";
import { BAR_MS, type EpochMs, MINUTE_MS, plusMs } from "../lib/core/time.ts";
import type { ScheduleSpec } from "../queue/schedule.ts";
import type { NewJob } from "../queue/types.ts";

const symbol = z.enum(ALL_SYMBOLS);
const proposalId = z.string().min(1);
/** The tick (UTC epoch ms) of the schedule that made the job; absent in a job made by hand. */
const tickMs = z.int().optional();
const bar = z.strictObject({ symbol, barOpenMs: z.int() });
/** The schedule's tick reports the period before it; a date reports its own. */
const report = z.union(
  [
    z.strictObject({ tickMs: z.int() }),
    z.strictObject({
      date: z.iso.date({ error: "expected a JST date YYYY-MM-DD" }),
      /** The period is not over, report what there is: the end of a replay. */
      partial: z.boolean().optional(),
    }),
  ],
  { error: 'expected {"date": "YYYY-MM-DD"} (JST), or the schedule\'s {"tickMs": …}' },
);

/** What each handler accepts: checked when a job is enqueued, and again when it is claimed. */
export const JOB_INPUTS = {
  fetchMarket: z.strictObject({ symbol, tickMs: z.int() }),
  computeFeatures: bar,
  predict: bar,
  filter: bar,
  notify: z.strictObject({ proposalId }),
  awaitApproval: z.strictObject({ proposalId }),
  /** `symbol`: absent in a job made by hand or by a version before it was added. */
  execute: z.strictObject({ proposalId, symbol: symbol.optional() }),
  repropose: z.strictObject({ proposalId, actor: z.string().min(1) }),
  watchEntry: z.strictObject({ proposalId }),
  placeProtectiveOrders: z.strictObject({ positionId: z.string().min(1) }),
  watchPosition: z.strictObject({ tradeId: z.int().positive() }),
  labelSignals: z.strictObject({ tickMs: z.int() }),
  dailyReport: report,
  weeklyReport: report,
  monthlyReport: report,
  /** `quick`: one look at orders, executions and positions, without waiting for a second one. */
  reconcile: z.strictObject({ tickMs, quick: z.boolean().optional() }),
  ownerCommand: z.strictObject({ commandId: z.int().positive() }),
  checkApi: z.strictObject({}),
  collectHistory: z.strictObject({ symbol, tickMs }),
  pruneJobs: z.strictObject({ tickMs }),
  sendTelegram: z.strictObject({ outboxId: z.int() }),
  answerByScript: z.strictObject({ proposalId, decision: z.enum(["approved", "rejected"]) }),
} as const;

export type JobName = keyof typeof JOB_INPUTS;
export type JobInput<N extends JobName> = z.infer<(typeof JOB_INPUTS)[N]>;
/** A job of this system: its input belongs to its name. */
export type AppJob = { readonly [N in JobName]: JobOf<N> }[JobName];
type JobOf<N extends JobName> = Omit<NewJob, "name" | "input"> & { readonly name: N; readonly input: JobInput<N> };
/** A schedule of this system; each tick's job gets `tickMs` added to its input. */
export type AppSchedule = {
  readonly [N in JobName]: Omit<ScheduleSpec, "handler" | "input"> & {
    readonly handler: N;
    readonly input: Omit<JobInput<N>, "tickMs">;
  };
}[JobName];

/** A step that has not begun this long after its bar closed is too old to be right. */
export const SIGNAL_LIFE_MS = 10 * MINUTE_MS;
/** The next step of one bar's chain; it expires when the bar is too old. */
export const chainJob = (
  name: "computeFeatures" | "predict" | "filter",
  ofSymbol: TradedSymbol,
  barOpenMs: EpochMs,
): AppJob => ({
  name,
  key: `${name}:${ofSymbol}:${barOpenMs}`,
  input: { symbol: ofSymbol, barOpenMs },
  expiresAtMs: plusMs(barOpenMs, BAR_MS + SIGNAL_LIFE_MS),
});

/** Without an expiry: a proposal that nobody could be asked in time must end too, or its symbol is blocked for ever. */
export const notifyJob = ({ id }: Pick<Proposal, "id">): AppJob => ({
  name: "notify",
  key: `notify:${id}`,
  input: { proposalId: id },
});
const approvalKey = (id: string): string => `awaitApproval:${id}`;
export const awaitApprovalJob = (id: string): AppJob => ({
  name: "awaitApproval",
  key: approvalKey(id),
  input: { proposalId: id },
});
/** The parked job that waits for the answer: whoever ends a pending proposal resolves it too. */
export const parkedApproval = (id: string) => ({ name: "awaitApproval", key: approvalKey(id) }) as const;
export const executeJob = (p: Pick<Proposal, "id" | "symbol">): AppJob => ({
  name: "execute",
  key: `execute:${p.id}`,
  input: { proposalId: p.id, symbol: symbol.parse(p.symbol) },
});
/** One request for new numbers per tap. */
export const reproposeJob = (p: Pick<Proposal, "id" | "traceId">, actor: string, updateId: number): AppJob => ({
  name: "repropose",
  key: `repropose:${p.id}:${updateId}`,
  input: { proposalId: p.id, actor },
  traceId: p.traceId,
});
export const answerByScriptJob = (
  id: string,
  decision: JobInput<"answerByScript">["decision"],
  runAtMs: EpochMs,
): AppJob => ({ name: "answerByScript", key: `answer:${id}`, input: { proposalId: id, decision }, runAtMs });

/** Start of the keys of a trade's jobs that manage its entry. */
export const entryKey = (id: string): string => `entry:${id}`;
export const watchEntryJob = (id: string, key = entryKey(id)): AppJob => ({
  name: "watchEntry",
  key,
  input: { proposalId: id },
});
/** `cause`: what the protection is for (an execution, a look that found it missing): each is enqueued once. */
export const protectJob = (positionId: string, cause: string): AppJob => ({
  name: "placeProtectiveOrders",
  key: `protect:${cause}`,
  input: { positionId },
});
/** Start of the keys of the jobs that watch a trade. */
export const watchKey = (tradeId: number): string => `watch:${tradeId}`;
export const watchPositionJob = (tradeId: number, key = watchKey(tradeId)): AppJob => ({
  name: "watchPosition",
  key,
  input: { tradeId },
});

/** `cause` names what asked for it: the same cause is looked at once. */
export const reconcileJob = (cause: string, input: JobInput<"reconcile"> = {}): JobOf<"reconcile"> => ({
  name: "reconcile",
  key: `reconcile:${cause}`,
  input,
});
/** Checks until the halt of the API ends. */
export const checkJob = (atMs: EpochMs): AppJob => ({ name: "checkApi", key: `checkApi:${atMs}`, input: {} });
export const ownerCommandJob = (commandId: number, traceId: string): AppJob => ({
  name: "ownerCommand",
  key: `owner:${commandId}`,
  input: { commandId },
  traceId,
});
export const collectHistoryJob = (ofSymbol: TradedSymbol, cause: string): AppJob => ({
  name: "collectHistory",
  key: `collectHistory:${ofSymbol}:${cause}`,
  input: { symbol: ofSymbol },
});

/** The key of the job that delivers one message of the outbox. */
export const deliveryKey = (outboxId: number): string => `send:${outboxId}`;
export const deliverJob = (outboxId: number): AppJob => ({
  name: "sendTelegram",
  key: deliveryKey(outboxId),
  input: { outboxId },
});

/** What a replay does at its end: the labels so far, and the report of the unfinished JST day (`date`: YYYY-MM-DD). */
export const closingJobs = (nowMs: EpochMs, date: string): readonly AppJob[] => [
  { name: "labelSignals", key: "labelSignals:final", input: { tickMs: nowMs } },
  { name: "dailyReport", key: `dailyReport:final:${date}`, input: { date, partial: true } },
];
