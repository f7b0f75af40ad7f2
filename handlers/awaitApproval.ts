// Step 6: waits for the owner as a parked row with a deadline; it holds no slot and no key and survives any restart.
// The deadline decides otherwise: no answer is a rejection (approved_by = 'timeout'). Only handlers/approval.ts answers it.
import type { Proposal } from "../db/tables/proposals.ts";
import { AppError } from "../lib/core/errors.ts";
import { textsOf } from "../lib/core/text/catalogue.ts";
import type { Locale } from "../lib/core/text/locale.ts";
import { type Note, noteText } from "../lib/core/text/reasonTexts.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { Outcome, Tx } from "../queue/types.ts";
import { ProposalInput } from "./notify.ts";
import type { AppHandler } from "./services.ts";

export const awaitApproval: AppHandler<ProposalInput> = {
  name: "awaitApproval",
  input: ProposalInput,
  maxAttempts: 5,
  timeoutMs: 5_000,
  risk: "neutral",
  async run({ proposalId }, ctx): Promise<Outcome> {
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

/** Ends a pending proposal nobody answered: rejected by the clock, in the words of the owner's table `timeout`. */
export const expireProposal = (
  tx: Tx,
  proposal: Proposal,
  by: { readonly actor: string; readonly atMs: EpochMs; readonly locale: Locale },
  why: Note = { key: "noAnswer" },
): void => {
  const { actor, atMs, locale } = by;
  tx.proposals.settle("expired", {
    proposalId: proposal.id,
    decision: "rejected",
    decidedBy: "timeout",
    actor,
    hash: proposal.hash,
    decidedMs: atMs,
  });
  tx.signals.answer(proposal.signalId, false, "timeout");
  const data = { proposalId: proposal.id };
  tx.audit.append({ atMs, kind: "proposal.expired", actor, traceId: proposal.traceId, data });
  const text = textsOf(locale).trade.expired({ proposalId: proposal.id, why: noteText(locale, why) });
  tx.outbox.insert({ key: `expired:${proposal.id}`, kind: "info", text, atMs });
};
