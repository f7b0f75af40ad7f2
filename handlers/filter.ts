// Step 4: the hard filter. Every gate is evaluated and stored with its value, limit and verdict; only a bar that passes
// all of them becomes a proposal. A rejection is logged, not sent to the owner. Must never relax a limit to let a bar
// pass.

import type { Signal } from "../db/tables/signals.ts";
import { AppError } from "../lib/core/errors.ts";
import { type Gate, marketGates } from "../lib/core/gates.ts";
import { quoteAgeMs } from "../lib/core/quoteAge.ts";
import { refusalText, riskGates } from "../lib/core/risk.ts";
import { epochMs, isoUtc } from "../lib/core/time.ts";
import { planPrices } from "../lib/core/tradePlan.ts";
import type { Tx } from "../queue/types.ts";
import type { AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS, notifyJob } from "./jobs.ts";
import { symbolRules } from "./market/quotes.ts";
import { storeRules } from "./market/storedRules.ts";
import { fromSignal, numbers, roundTripCostBps } from "./proposals/makeProposal.ts";
import { bookFacts, entryFacts, newsAt } from "./risk/entryCheck.ts";

export const filter: AppHandler<"filter"> = {
  name: "filter",
  input: JOB_INPUTS.filter,
  maxAttempts: 5,
  timeoutMs: 20_000,
  risk: "neutral",
  serialKey: ({ symbol }) => `chain:${symbol}`,
  async run({ symbol, barOpenMs }, ctx): Promise<AppOutcome> {
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
      quoteAgeMs: quoteAgeMs(snapshot.asOfMs ?? snapshot.takenMs, nowMs),
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
      const data = { ...signalData(signal), failed };
      tx.audit.append({ atMs: nowMs, kind: "signal.filtered", actor: "filter", traceId: ctx.job.traceId, data });
    };
    const refusal = refusalText(gates) ?? (sizing.kind === "ok" ? undefined : "no size");
    if (refusal !== undefined || sizing.kind !== "ok")
      return { kind: "stop", reason: refusal ?? "", write: (tx) => filtered(tx, refusal ?? "", gates) };

    const propose = (size: typeof sizing.size) =>
      fromSignal(ctx, signal, prices, size, {
        equity: facts.equity,
        costBps: roundTripCostBps(snapshot.spreadBps, rules),
        nowMs,
      });
    return {
      kind: "done",
      write: (tx) => {
        // Another symbol's filter, an approval or a halt may have been committed since the facts were read.
        const late = { ...facts, ...bookFacts(tx, { symbol, atMs: nowMs }) };
        const lateRisk = riskGates(ctx.config, late);
        const again = [...market, ...lateRisk.gates];
        const failed = refusalText(again);
        if (failed !== undefined || lateRisk.sizing.kind !== "ok") {
          filtered(tx, failed ?? "no size", again);
          return;
        }
        // A proposal of the same moment reserves its part first.
        const proposal = propose(lateRisk.sizing.size);
        tx.signals.judge(signal.id, "proposed", again);
        tx.proposals.insert(proposal);
        storeRules(tx, rules);
        tx.audit.append({
          atMs: nowMs,
          kind: "proposal.created",
          actor: "filter",
          traceId: ctx.job.traceId,
          data: { ...signalData(signal), ...numbers(proposal) },
        });
        ctx.desk.store.enqueueIn(tx, notifyJob(proposal), ctx.job);
      },
    };
  },
};

const signalData = (s: Signal) => ({
  signalId: s.id,
  symbol: s.symbol,
  bar: isoUtc(s.barOpenMs),
  direction: s.direction,
  pTouch: s.confidence,
  rank: s.rank ?? null,
  model: s.modelId,
});
