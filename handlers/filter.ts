// Step 4: the hard filter. Every gate is evaluated and stored with its value, limit and verdict; only a bar that passes
// all of them becomes a proposal. A "no" is an outcome: logged, not sent. Must never soften a limit to let a bar pass.

import type { Proposal } from "../db/tables/proposals.ts";
import type { Signal } from "../db/tables/signals.ts";
import { AppError } from "../lib/core/errors.ts";
import { type Gate, marketGates } from "../lib/core/gates.ts";
import { type CoinE8, toNumber } from "../lib/core/money.ts";
import { breakEvenRate, type PlanPrices, planPrices, proposalHash, riskYen } from "../lib/core/plan.ts";
import { refusalText, riskGates } from "../lib/core/risk.ts";
import { type EpochMs, epochMs, isoUtc, MINUTE_MS } from "../lib/core/time.ts";
import type { SymbolRules } from "../lib/core/venue.ts";
import type { Outcome, Tx } from "../queue/types.ts";
import { BarInput } from "./computeFeatures.ts";
import { countedFacts, entryFacts, newsAt, symbolRules } from "./facts.ts";
import { notifyJob } from "./notify.ts";
import { rememberRules } from "./ruleTable.ts";
import type { AppCtx, AppHandler } from "./services.ts";

/** Cost of a round trip beyond the measured spread, basis points: stop slippage and adverse selection (docs/model.md). */
const EXTRA_COST_BPS = 2;
/** Fees of a round trip that enters as maker and leaves as taker, basis points; never counted as a gain. */
const feeBps = ({ makerFee, takerFee }: SymbolRules): number => Math.max(0, toNumber(makerFee + takerFee) * 10_000);
/** What a round trip costs at this spread, basis points of the entry. */
export const roundTripCostBps = (spread: number, rules: SymbolRules): number => spread + EXTRA_COST_BPS + feeBps(rules);

export const filter: AppHandler<BarInput> = {
  name: "filter",
  input: BarInput,
  maxAttempts: 5,
  timeoutMs: 20_000,
  risk: "neutral",
  serialKey: ({ symbol }) => `chain:${symbol}`,
  async run({ symbol, barOpenMs }, ctx): Promise<Outcome> {
    const bar = epochMs(barOpenMs);
    const signal = ctx.db.signals.at(symbol, bar);
    const snapshot = ctx.db.snapshots.at(symbol, bar);
    if (!signal || !snapshot)
      throw new AppError(
        "permanent",
        "SIGNAL_MISSING",
        `expected a signal and a snapshot of ${symbol} at ${isoUtc(bar)}, found ${signal ? "no snapshot" : "no signal"}; run the chain from fetchMarket`,
      );
    if (signal.verdict !== "judging")
      return { kind: "stop", reason: `signal ${signal.id} is already ${signal.verdict}` };

    const nowMs = ctx.clock.nowMs();
    const rules = await symbolRules(ctx, symbol);
    const prices = planPrices(ctx.config, {
      direction: signal.direction,
      bid: snapshot.bid,
      ask: snapshot.ask,
      atr: signal.atr,
      tick: rules.tick,
    });
    const facts = await entryFacts(ctx, { symbol, entry: prices.entry, stop: prices.stop, rules });
    const risk = riskGates(ctx.config, facts);
    const market = marketGates(ctx.config, {
      direction: signal.direction,
      probability: signal.confidence,
      rank: signal.rank,
      rankSample: signal.rankSample,
      spreadBps: snapshot.spreadBps,
      volumeRatio: snapshot.volumeRatio,
      news: newsAt(ctx.db, nowMs, ctx.config.NEWS_WINDOW_MINUTES),
      nowMs,
    });
    const gates: readonly Gate[] = [...market, ...risk.gates];
    const sizing = risk.sizing;
    const filtered = (tx: Tx, failed: string, judged: readonly Gate[]): void => {
      tx.signals.judge(signal.id, "filtered", judged);
      if (!signal.overThreshold) return;
      const data = { ...story(signal), failed };
      tx.audit.append({ atMs: nowMs, kind: "signal.filtered", actor: "filter", traceId: ctx.job.traceId, data });
    };
    const refusal = refusalText(gates) ?? (sizing.kind === "ok" ? undefined : "no size");
    if (refusal !== undefined || sizing.kind !== "ok")
      return { kind: "stop", reason: refusal ?? "", write: (tx) => filtered(tx, refusal ?? "", gates) };

    const proposal = makeProposal(ctx, signal, prices, sizing.size, {
      equity: facts.equity,
      costBps: roundTripCostBps(snapshot.spreadBps, rules),
      nowMs,
    });
    return {
      kind: "done",
      write: (tx) => {
        // Another symbol's filter, an approval or a halt may have come between the look and this moment.
        const late = { ...facts, ...countedFacts(tx, { symbol, atMs: nowMs }) };
        const again = [...market, ...riskGates(ctx.config, late).gates];
        const failed = refusalText(again);
        if (failed !== undefined) {
          filtered(tx, failed, again);
          return;
        }
        tx.signals.judge(signal.id, "proposed", gates);
        tx.proposals.insert(proposal);
        rememberRules(tx, rules);
        tx.audit.append({
          atMs: nowMs,
          kind: "proposal.created",
          actor: "filter",
          traceId: ctx.job.traceId,
          data: { ...story(signal), ...numbers(proposal) },
        });
        ctx.desk.store.enqueueIn(tx, notifyJob(proposal), ctx.job);
      },
    };
  },
};

const story = (s: Signal) => ({
  signalId: s.id,
  symbol: s.symbol,
  bar: isoUtc(s.barOpenMs),
  direction: s.direction,
  pTouch: s.confidence,
  rank: s.rank ?? null,
  model: s.modelId,
});
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

const makeProposal = (
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
