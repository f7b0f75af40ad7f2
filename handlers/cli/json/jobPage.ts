// `jobs show` as JSON: the job, its attempts and relatives, and what its trace did in the market.
import { z } from "zod";
import type { EpochMs } from "../../../lib/core/time.ts";
import type { JobPageView } from "../queue/jobText.ts";
import type { Trace } from "../queue/traceText.ts";
import { AttemptJson, attemptJson, JobJson, jobJson, TraceJobJson, traceJobJson } from "./job.ts";
import { OrderJson, orderJson } from "./order.ts";
import { ProposalJson, proposalJson, SignalJson, signalJson } from "./proposal.ts";
import { ExecutionJson, executionJson, TradeJson, tradeJson } from "./trade.ts";

/** A trade with its orders and executions. */
export const TradeStoryJson = TradeJson.extend({ orders: z.array(OrderJson), executions: z.array(ExecutionJson) });
export const StoryJson = z.strictObject({
  problem: z.string().nullable(),
  signals: z.array(SignalJson),
  proposals: z.array(ProposalJson),
  trades: z.array(TradeStoryJson),
});
const storyJson = (story: Trace, nowMs: EpochMs): z.infer<typeof StoryJson> => ({
  problem: story.problem ?? null,
  signals: story.signals.map(signalJson),
  proposals: story.proposals.map(({ proposal, answer }) => proposalJson(proposal, answer)),
  trades: story.trades.map(({ trade, open, orders, executions }) => ({
    ...tradeJson(trade, open),
    orders: orders.map((o) => orderJson(o, nowMs)),
    executions: executions.map(executionJson),
  })),
});

export const JobPageJson = JobJson.extend({
  attemptList: z.array(AttemptJson),
  parent: JobJson.nullable(),
  ancestors: z.array(JobJson),
  children: z.array(JobJson),
  trace: z.array(TraceJobJson),
  story: StoryJson,
});
export const jobPageJson = (page: JobPageView, nowMs: EpochMs): z.infer<typeof JobPageJson> => ({
  ...jobJson(page.job),
  attemptList: page.attempts.map(attemptJson),
  parent: page.parent ? jobJson(page.parent) : null,
  ancestors: page.ancestors.map(jobJson),
  children: page.children.map(jobJson),
  trace: page.trace.map((job) => traceJobJson(job, page.spans.get(job.id))),
  story: storyJson(page.story, nowMs),
});
