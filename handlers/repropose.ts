// Makes a proposal with new numbers after the re-check refused an approved one, because the price had left the band or
// a gate had closed. The owner may ask for it within the signal's 15 minutes: entry, band, stop and targets come from
// the current order book, the size never exceeds the approved one, the same checks apply, and the owner must approve
// again. The deadline stays the same.

import type { Proposal } from "../db/tables/proposals.ts";
import { textsOf } from "../lib/core/text/catalogue.ts";
import { noteText } from "../lib/core/text/reasonTexts.ts";
import { planPrices } from "../lib/core/tradePlan.ts";
import type { AppCtx, AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS, notifyJob } from "./jobs.ts";
import { bestQuote, spreadBps, symbolRules } from "./market/quotes.ts";
import { storeRules } from "./market/storedRules.ts";
import { numbers, repriced, roundTripCostBps } from "./proposals/makeProposal.ts";
import { recheckEntry } from "./risk/entryCheck.ts";

export const repropose: AppHandler<"repropose"> = {
  name: "repropose",
  input: JOB_INPUTS.repropose,
  maxAttempts: 3,
  timeoutMs: 20_000,
  risk: "neutral",
  backoff: { baseMs: 500, capMs: 2_000 },
  serialKey: ({ proposalId }) => `repropose:${proposalId}`,
  async run({ proposalId, actor }, ctx): Promise<AppOutcome> {
    const old = ctx.db.proposals.byId(proposalId);
    const why = old === undefined ? "unknown" : whyNot(ctx, old);
    if (old === undefined || why !== undefined) return no(ctx, proposalId, why ?? "unknown");
    const rules = await symbolRules(ctx, old.symbol);
    const quote = bestQuote(await ctx.venue.orderBook(old.symbol, ctx.signal));
    const prices = planPrices(ctx.config, { direction: old.direction, ...quote, atr: old.atr, tick: rules.tick });
    const costBps = roundTripCostBps(spreadBps(quote.bid, quote.ask), rules);
    const fresh = { prices, costBps, nowMs: ctx.clock.nowMs() };
    const check = await recheckEntry(ctx, repriced(old, { ...fresh, size: old.size }));
    if (check.kind === "refused") return no(ctx, proposalId, noteText(ctx.config.LOCALE, check.reason));
    const proposal = repriced(old, { ...fresh, size: check.size });
    return {
      kind: "done",
      write: (tx) => {
        tx.proposals.insert(proposal);
        storeRules(tx, rules);
        tx.audit.append({
          atMs: ctx.clock.nowMs(),
          kind: "proposal.created",
          actor,
          traceId: old.traceId,
          data: {
            signalId: old.signalId,
            symbol: old.symbol,
            direction: old.direction,
            instead: old.id,
            ...numbers(proposal),
          },
        });
      },
      next: [notifyJob(proposal)],
    };
  },
};

const whyNot = (ctx: AppCtx, old: Proposal): string | undefined => {
  const texts = textsOf(ctx.config.LOCALE).repropose;
  if (ctx.db.trades.byProposal(old.id)) return texts.traded;
  if (ctx.db.proposals.successorOf(old.id) !== undefined) return texts.pending;
  if (old.state !== "approved" || ctx.db.outbox.byKey(`refused:${old.id}`) === undefined) return texts.notRefused;
  return ctx.clock.nowMs() >= old.validUntilMs ? texts.over({ minutes: ctx.config.APPROVAL_MINUTES }) : undefined;
};

const no = (ctx: AppCtx, proposalId: string, why: string): AppOutcome => ({
  kind: "stop",
  reason: why,
  write: (tx) =>
    tx.outbox.insert({
      key: `repropose:${ctx.job.id}`,
      kind: "answer",
      text: `${textsOf(ctx.config.LOCALE).repropose.title({ id: proposalId })}\n${why}`,
      atMs: ctx.clock.nowMs(),
    }),
});
