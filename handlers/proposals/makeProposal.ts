// A judged signal as a proposal: its id, its numbers, its hash.
import type { Proposal } from "../../db/tables/proposals.ts";
import type { Signal } from "../../db/tables/signals.ts";
import { type CoinE8, toNumber } from "../../lib/core/money.ts";
import { breakEvenRate, type PlanPrices, proposalHash, riskYen } from "../../lib/core/plan.ts";
import { type EpochMs, epochMs, isoUtc, MINUTE_MS } from "../../lib/core/time.ts";
import type { SymbolRules } from "../../lib/core/venue.ts";
import type { AppCtx } from "../context.ts";

/** Cost of a round trip beyond the measured spread, basis points: stop slippage and adverse selection (docs/model.md). */
export const EXTRA_COST_BPS = 2;
/** Fees of a round trip that enters as maker and leaves as taker, basis points; never counted as a gain. */
export const feeBps = ({ makerFee, takerFee }: SymbolRules): number =>
  Math.max(0, toNumber(makerFee + takerFee) * 10_000);
/** What a round trip costs at this spread, basis points of the entry. */
export const roundTripCostBps = (spread: number, rules: SymbolRules): number => spread + EXTRA_COST_BPS + feeBps(rules);
/** The numbers of a proposal as the audit log keeps them (1e-8 yen or coins as decimal strings). */
export const numbers = (p: Proposal) => ({
  proposalId: p.id,
  entryE8: p.entry,
  bandLowE8: p.bandLow,
  bandHighE8: p.bandHigh,
  stopE8: p.stop,
  tp1E8: p.tp1,
  tp2E8: p.tp2,
  sizeE8: p.size,
  riskE8: p.risk,
  hash: p.hash,
  validUntil: isoUtc(p.validUntilMs),
});
/** "btc2508112115": symbol and bar, short enough for a command or a button, the same in every replay. */
export const proposalId = (symbol: string, barOpenMs: EpochMs): string =>
  `${symbol.split("_")[0]?.toLowerCase()}${isoUtc(barOpenMs).replace(/\D/g, "").slice(2, 12)}`;
export const makeProposal = (
  ctx: AppCtx,
  signal: Signal,
  prices: PlanPrices,
  size: CoinE8,
  at: { readonly equity: Proposal["equity"]; readonly costBps: number; readonly nowMs: EpochMs },
): Proposal => {
  const id = proposalId(signal.symbol, signal.barOpenMs);
  const validUntilMs = epochMs(at.nowMs + ctx.config.APPROVAL_MINUTES * MINUTE_MS);
  return {
    id,
    signalId: signal.id,
    symbol: signal.symbol,
    direction: signal.direction,
    ...prices,
    size,
    risk: riskYen(prices.entry, prices.stop, size),
    equity: at.equity,
    atr: signal.atr,
    confidence: signal.confidence,
    rank: signal.rank,
    breakEven: breakEvenRate(prices, at.costBps),
    hash: proposalHash({ id, symbol: signal.symbol, direction: signal.direction, size, prices, validUntilMs }),
    createdMs: at.nowMs,
    validUntilMs,
    state: "pending",
    supersedes: undefined,
    traceId: ctx.job.traceId,
  };
};
