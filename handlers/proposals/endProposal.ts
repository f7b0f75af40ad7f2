// The only place that ends a proposal: its state, its one approval row, the signal's decision and the audit event are
// written together, in the caller's transaction. Enforced by test/tidy.test.ts.
import type { Approval, Proposal, ProposalState } from "../../db/tables/proposals.ts";
import type { DecidedBy } from "../../db/tables/signals.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Tx } from "../../queue/types.ts";

interface End {
  readonly state: Exclude<ProposalState, "pending">;
  readonly decision: Approval["decision"];
  /** The decision written into the signal's row; undefined: none. */
  readonly signal: boolean | undefined;
  /** Audit kind; undefined: the event of the trade that follows records it. */
  readonly event: string | undefined;
}
const ENDS = {
  approved: { state: "approved", decision: "approved", signal: true, event: "proposal.approved" },
  rejected: { state: "rejected", decision: "rejected", signal: false, event: "proposal.rejected" },
  /** No decision before its deadline, or none was possible any more. */
  expired: { state: "expired", decision: "rejected", signal: false, event: "proposal.expired" },
  /** A proposal with changed numbers replaces it; the signal gets the decision on that one. */
  modified: { state: "superseded", decision: "modified", signal: undefined, event: "proposal.modified" },
  /** The plan of a position that the owner adopts (`adopt`): no signal was decided. */
  adopted: { state: "approved", decision: "approved", signal: undefined, event: undefined },
} as const satisfies Readonly<Record<string, End>>;

/** Throws when the proposal is not pending: a proposal is decided once. */
export const endProposal = (
  tx: Tx,
  proposal: Proposal,
  how: keyof typeof ENDS,
  by: { readonly decidedBy: DecidedBy; readonly actor: string; readonly atMs: EpochMs },
  /** Further data of the audit event, beside the proposal's id. */
  data: Readonly<Record<string, unknown>> = {},
): void => {
  const { state, decision, signal, event } = ENDS[how];
  const { id: proposalId, hash, signalId, traceId } = proposal;
  const { decidedBy, actor, atMs } = by;
  tx.proposals.settle(state, { proposalId, decision, decidedBy, actor, hash, decidedMs: atMs });
  if (signal !== undefined) tx.signals.answer(signalId, signal, decidedBy);
  if (event !== undefined) tx.audit.append({ atMs, kind: event, actor, traceId, data: { proposalId, ...data } });
};
