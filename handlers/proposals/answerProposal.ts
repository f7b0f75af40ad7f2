// Approves or rejects a proposal, as a person (CLI, Telegram) or the replay's scripted owner decided. The parked job,
// the proposal (endProposal.ts) and the `execute` job change in one transaction. An approval is bound to the hash of
// what was shown.

import type { Proposal } from "../../db/tables/proposals.ts";
import type { DecidedBy } from "../../db/tables/signals.ts";
import { AppError } from "../../lib/core/errors.ts";
import type { CommandCtx } from "../context.ts";
import { executeJob, parkedApproval } from "../jobs.ts";
import { endProposal } from "./endProposal.ts";
import { mustExist, resolvedOr, whyTooLate } from "./pendingProposal.ts";

interface Decision {
  readonly proposalId: string;
  readonly decision: "approved" | "rejected";
  readonly by: Extract<DecidedBy, "human" | "script">;
  /** Who exactly: "cli", "telegram:<user id>", "script". */
  readonly actor: string;
  /** The hash that was shown; when given it must be the proposal's. */
  readonly hash?: string | undefined;
}
type AnswerResult =
  | { readonly kind: "recorded"; readonly proposal: Proposal; readonly decision: "approved" | "rejected" }
  /** It was decided before, or has expired: nothing was changed. */
  | { readonly kind: "tooLate"; readonly proposal: Proposal; readonly why: string };

/**
 * Records the decision and, when approved, enqueues `execute` in the same transaction.
 * Throws AppError permanent PROPOSAL_MISSING / PROPOSAL_CHANGED, retry PROPOSAL_NOT_WAITING (awaitApproval has not parked yet).
 */
export const answerProposal = (desk: CommandCtx, answer: Decision): AnswerResult => {
  const { db, store, clock } = desk;
  const proposal = mustExist(db, answer.proposalId);
  if (answer.hash !== undefined && answer.hash !== proposal.hash)
    throw new AppError(
      "permanent",
      "PROPOSAL_CHANGED",
      `expected an answer to ${proposal.hash}, found one to ${answer.hash}: the proposal ${proposal.id} is not what was shown; look at it again`,
    );
  const late = whyTooLate(proposal, clock.nowMs());
  if (late) return { kind: "tooLate", proposal, why: late };
  const atMs = clock.nowMs();
  const approved = answer.decision === "approved";
  const outcome = store.resolveParked({
    ...parkedApproval(proposal.id),
    write: (tx) => {
      const by = { decidedBy: answer.by, actor: answer.actor, atMs };
      endProposal(tx, proposal, answer.decision, by, { hash: proposal.hash, by: answer.by });
    },
    next: approved ? [executeJob(proposal)] : [],
  });
  return resolvedOr(db, proposal.id, outcome, () => ({
    kind: "recorded",
    proposal: mustExist(db, proposal.id),
    decision: answer.decision,
  }));
};
