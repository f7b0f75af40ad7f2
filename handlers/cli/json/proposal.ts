// A proposal with its answer, and the signal behind it, as `--json` prints them everywhere.
import { z } from "zod";
import type { Approval, Proposal } from "../../../db/tables/proposals.ts";
import type { Signal } from "../../../db/tables/signals.ts";
import { toNumber } from "../../../lib/core/money.ts";
import { isoUtc } from "../../../lib/core/time.ts";
import { Time, timeOrNull } from "./values.ts";

export const ProposalJson = z.strictObject({
  id: z.string(),
  signalId: z.int(),
  traceId: z.string(),
  symbol: z.string(),
  direction: z.string(),
  state: z.string(),
  entry: z.number(),
  bandLow: z.number(),
  bandHigh: z.number(),
  stop: z.number(),
  tp1: z.number(),
  tp2: z.number(),
  size: z.number(),
  riskJpy: z.number(),
  confidence: z.number(),
  rank: z.number().nullable(),
  breakEven: z.number(),
  supersedes: z.string().nullable(),
  createdAt: Time,
  expiresAt: Time,
  answer: z
    .strictObject({ decision: z.string(), decidedBy: z.string(), actor: z.string(), decidedAt: Time })
    .nullable(),
});
export const proposalJson = (p: Proposal, answer: Approval | undefined): z.infer<typeof ProposalJson> => ({
  id: p.id,
  signalId: p.signalId,
  traceId: p.traceId,
  symbol: p.symbol,
  direction: p.direction,
  state: p.state,
  entry: toNumber(p.entry),
  bandLow: toNumber(p.bandLow),
  bandHigh: toNumber(p.bandHigh),
  stop: toNumber(p.stop),
  tp1: toNumber(p.tp1),
  tp2: toNumber(p.tp2),
  size: toNumber(p.size),
  riskJpy: toNumber(p.risk),
  confidence: p.confidence,
  rank: p.rank ?? null,
  breakEven: p.breakEven,
  supersedes: p.supersedes ?? null,
  createdAt: isoUtc(p.createdMs),
  expiresAt: isoUtc(p.validUntilMs),
  answer: answer
    ? {
        decision: answer.decision,
        decidedBy: answer.decidedBy,
        actor: answer.actor,
        decidedAt: isoUtc(answer.decidedMs),
      }
    : null,
});

const GateValue = z.union([z.string(), z.number()]).nullable();
export const SignalJson = z.strictObject({
  id: z.int(),
  symbol: z.string(),
  barOpenAt: Time,
  direction: z.string(),
  confidence: z.number(),
  pTouchLong: z.number(),
  pTouchShort: z.number(),
  rank: z.number().nullable(),
  modelId: z.string(),
  verdict: z.string(),
  gates: z
    .array(
      z.strictObject({
        gate: z.string(),
        value: GateValue,
        limit: GateValue,
        pass: z.boolean(),
        reason: z.string().nullable(),
      }),
    )
    .nullable(),
  reasons: z.array(z.strictObject({ feature: z.string(), value: z.number(), contribution: z.number() })),
  approved: z.boolean().nullable(),
  approvedBy: z.string().nullable(),
  tradeId: z.int().nullable(),
  traceId: z.string(),
  candleRevisedAt: Time.nullable(),
});
export const signalJson = (s: Signal): z.infer<typeof SignalJson> => ({
  id: s.id,
  symbol: s.symbol,
  barOpenAt: isoUtc(s.barOpenMs),
  direction: s.direction,
  confidence: s.confidence,
  pTouchLong: s.pTouchLong,
  pTouchShort: s.pTouchShort,
  rank: s.rank ?? null,
  modelId: s.modelId,
  verdict: s.verdict,
  gates: s.gates?.map((g) => ({ ...g, reason: g.reason ?? null })) ?? null,
  reasons: s.reasons.map(({ feature, value, contribution }) => ({ feature, value, contribution })),
  approved: s.approved ?? null,
  approvedBy: s.approvedBy ?? null,
  tradeId: s.tradeId ?? null,
  traceId: s.traceId,
  candleRevisedAt: timeOrNull(s.candleRevisedMs),
});
