// A proposal as the filter leaves it, and the owner's yes to it, for worlds that begin after the signal chain.
import type { Proposal } from "../../db/tables/proposals.ts";
import type { AppJob } from "../../handlers/jobs.ts";
import { type CoinE8, parseCoin, yen } from "../../lib/core/money.ts";
import { type EpochMs, epochMs, MINUTE_MS } from "../../lib/core/time.ts";
import { proposalHash } from "../../lib/core/tradePlan.ts";
import type { Direction } from "../../lib/core/venue.ts";
import type { Market } from "../../lib/sim/market/market.ts";
import type { Tx } from "../../queue/types.ts";

export interface ProposalSpec {
  readonly symbol?: string;
  readonly direction?: Direction;
  /** Coins, decimal text. */
  readonly size?: string;
  readonly entry?: number;
  readonly stop?: number;
  readonly tp1?: number;
  readonly tp2?: number;
  readonly validMinutes?: number;
}

export const proposalId = (spec: ProposalSpec, number: number): string =>
  `${(spec.symbol ?? "BTC_JPY").slice(0, 3).toLowerCase()}${2507010000 + number}`;

/** Defaults: long BTC, everything as DESIGN 8 plans it. `number` makes its id, its bar and its trace. */
export const insertProposal = (
  tx: Tx,
  market: Market,
  nowMs: EpochMs,
  startMs: EpochMs,
  number: number,
  spec: ProposalSpec,
): Proposal => {
  const symbol = spec.symbol ?? "BTC_JPY";
  const direction = spec.direction ?? "long";
  const sign = direction === "long" ? 1 : -1;
  const best = market.best(symbol, nowMs);
  if (!best) throw new Error(`no price of ${symbol} yet`);
  const entry = spec.entry ?? (direction === "long" ? best.bid : best.ask);
  const at = (ratio: number): number => Math.round(entry * (1 + sign * ratio));
  const id = proposalId(spec, number);
  const prices = {
    entry: yen(entry),
    bandLow: yen(Math.ceil(entry * 0.999)),
    bandHigh: yen(Math.floor(entry * 1.001)),
    stop: yen(spec.stop ?? at(-0.005)),
    tp1: yen(spec.tp1 ?? at(0.003)),
    tp2: yen(spec.tp2 ?? at(0.006)),
  };
  const size: CoinE8 = parseCoin(spec.size ?? "0.004");
  const validUntilMs = epochMs(Math.round(nowMs + (spec.validMinutes ?? 15) * MINUTE_MS));
  const signalId = tx.signals.insert({
    symbol,
    barOpenMs: epochMs(startMs + number * 900_000),
    direction,
    confidence: 0.9,
    features: {},
    predictedMs: nowMs,
    modelId: "test",
    featureSet: "test",
    pTouchLong: 0.9,
    pTouchShort: 0.1,
    rank: 99,
    rankSample: 1_000,
    atr: 25_000,
    reasons: [],
    overThreshold: true,
    traceId: `trace:${id}`,
  });
  tx.signals.judge(signalId, "proposed", []);
  const proposal: Proposal = {
    id,
    signalId,
    symbol,
    direction,
    ...prices,
    size,
    risk: yen(1),
    equity: yen(1_000_000),
    atr: 25_000,
    confidence: 0.9,
    rank: 99,
    breakEven: 0.6,
    hash: proposalHash({ id, symbol, direction, size, prices, validUntilMs }),
    createdMs: nowMs,
    validUntilMs,
    state: "pending",
    supersedes: undefined,
    traceId: `trace:${id}`,
  };
  tx.proposals.insert(proposal);
  return proposal;
};

/** The owner approves. Returns the job that follows; it belongs in the same transaction. */
export const settleApproved = (tx: Tx, proposal: Proposal, nowMs: EpochMs): AppJob => {
  tx.proposals.settle("approved", {
    proposalId: proposal.id,
    decision: "approved",
    decidedBy: "script",
    actor: "test",
    hash: proposal.hash,
    decidedMs: nowMs,
  });
  tx.signals.answer(proposal.signalId, true, "script");
  return {
    name: "execute",
    key: `execute:${proposal.id}`,
    input: { proposalId: proposal.id },
    traceId: proposal.traceId,
  };
};
