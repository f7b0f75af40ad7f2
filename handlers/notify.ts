// Step 5: asks the owner. Puts the proposal into the outbox (sendTelegram delivers it) and enqueues awaitApproval.

import { AppError } from "../lib/core/errors.ts";
import type { AppCtx, AppHandler, AppOutcome } from "./context.ts";
import { type AppJob, awaitApprovalJob, JOB_INPUTS } from "./jobs.ts";
import { proposalText } from "./proposals/proposalText.ts";
import { renderProposalChart } from "./report/proposalChart.ts";

export const notify: AppHandler<"notify"> = {
  name: "notify",
  input: JOB_INPUTS.notify,
  maxAttempts: 5,
  timeoutMs: 10_000,
  risk: "neutral",
  async run({ proposalId }, ctx): Promise<AppOutcome> {
    const proposal = ctx.db.proposals.byId(proposalId);
    const signal = proposal && ctx.db.signals.byId(proposal.signalId);
    if (!proposal || !signal)
      throw new AppError(
        "permanent",
        "PROPOSAL_MISSING",
        `expected a proposal ${proposalId}, found none; trader jobs show ${ctx.job.id} shows where it came from`,
      );
    if (proposal.state !== "pending")
      return { kind: "stop", reason: `proposal ${proposalId} is already ${proposal.state}` };
    const atMs = ctx.clock.nowMs();
    const next: readonly AppJob[] = [awaitApprovalJob(proposalId)];
    if (atMs >= proposal.validUntilMs) return { kind: "stop", reason: "too late to ask", next };
    const photo = chartOf(ctx, proposalId);
    return {
      kind: "done",
      write: (tx) => {
        tx.outbox.insert({
          key: `proposal:${proposalId}`,
          kind: "proposal",
          proposalId,
          ...(photo === undefined ? {} : { photo }),
          text: proposalText(ctx.config.LOCALE, proposal, signal, ctx.account),
          atMs,
        });
        tx.audit.append({
          atMs,
          kind: "proposal.notified",
          actor: "notify",
          traceId: ctx.job.traceId,
          data: { proposalId },
        });
      },
      next,
    };
  },
};

/**
 * A chart that cannot be drawn does not delay the signal: the message is sent without it. A replay's messages are text
 * only.
 */
const chartOf = (ctx: AppCtx, proposalId: string): Uint8Array | undefined => {
  if (ctx.account === "replay") return undefined;
  try {
    return renderProposalChart(ctx.db, proposalId, ctx.config.NEWS_WINDOW_MINUTES);
  } catch (error) {
    ctx.log.error({ proposalId, err: error }, "chart.notDrawn");
    return undefined;
  }
};
