// Step 6: waits for the owner's decision as a parked row with a deadline; it holds no slot and no serial key and
// survives any restart. No decision by the deadline is a rejection (approved_by = 'timeout'). A decision, a
// modification and the owner's stop resolve the row (proposals/endProposal.ts).

import { AppError } from "../lib/core/errors.ts";
import type { AppHandler, AppOutcome } from "./context.ts";
import { JOB_INPUTS } from "./jobs.ts";
import { expireProposal } from "./proposals/expireProposal.ts";

export const awaitApproval: AppHandler<"awaitApproval"> = {
  name: "awaitApproval",
  input: JOB_INPUTS.awaitApproval,
  maxAttempts: 5,
  timeoutMs: 5_000,
  risk: "neutral",
  async run({ proposalId }, ctx): Promise<AppOutcome> {
    const proposal = ctx.db.proposals.byId(proposalId);
    if (!proposal) throw new AppError("permanent", "PROPOSAL_MISSING", `expected a proposal ${proposalId}, found none`);
    if (proposal.state !== "pending")
      return { kind: "stop", reason: `proposal ${proposalId} is already ${proposal.state}` };
    const atMs = ctx.clock.nowMs();
    if (atMs < proposal.validUntilMs) return { kind: "park", deadlineMs: proposal.validUntilMs };
    return {
      kind: "stop",
      reason: "no answer in time",
      write: (tx) => expireProposal(tx, proposal, { actor: "awaitApproval", atMs, locale: ctx.config.LOCALE }),
    };
  },
};
