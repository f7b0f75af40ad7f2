// The one door that ends a proposal: its state, its one approval row, the signal's answer and the audit event are written together,
// in the caller's transaction. Nothing else ends a proposal (test/tidy.test.ts).
import type { Approval, Proposal, ProposalState } from "../../db/tables/proposals.ts";
import type { DecidedBy } from "../../db/tables/signals.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Tx } from "../../queue/types.ts";

interface End {
  readonly state: Exclude<ProposalState, "pending">;
  readonly decision: Approval["decision"];
  /** What the signal's row says then; undefined: it stays unanswered. */
  readonly signal: boolean | undefined;
  /** undefined: the event of the trade that follows says it. */
  readonly event: string | undefined;
}
const ENDS = {
  approved: { state: "approved", decision: "approved", signal: true, event: "proposal.approved" },
  rejected: { state: "rejected", decision: "rejected", signal: false, event: "proposal.rejected" },
  /** Nobody answered before its deadline, or nobody could any more. */
  expired: { state: "expired", decision: "rejected", signal: false, event: "proposal.expired" },
  /** A proposal with changed numbers takes its place and answers the signal. */
  modified: { state: "superseded", decision: "modified", signal: undefined, event: "proposal.modified" },
  /** The plan of a position that the owner handed over (`adopt`): no signal was answered. */
  adopted: { state: "approved", decision: "approved", signal: undefined, event: undefined },
} as const satisfies Readonly<Record<string, End>>;

/** Throws when the proposal is not pending: a proposal gets one answer, ever. */
export const endProposal = (
  tx: Tx,
  proposal: Proposal,
  how: keyof typeof ENDS,
  by: { readonly decidedBy: DecidedBy; readonly actor: string; readonly atMs: EpochMs },
  /** Beside the proposal's id, for the audit event. */
  data: Readonly<Record<string, unknown>> = {},
): void => {
  const { state, decision, signal, event } = ENDS[how];
  const { id: proposalId, hash, signalId, traceId } = proposal;
  const { decidedBy, actor, atMs } = by;
  tx.proposals.settle(state, { proposalId, decision, decidedBy, actor, hash, decidedMs: atMs });
  if (signal !== undefined) tx.signals.answer(signalId, signal, decidedBy);
  if (event !== undefined) tx.audit.append({ atMs, kind: event, actor, traceId, data: { proposalId, ...data } });
};
