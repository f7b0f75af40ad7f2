// The end of a proposal that nobody answered in time.
import type { Proposal } from "../../db/tables/proposals.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import { type Note, noteText } from "../../lib/core/text/reasonTexts.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Tx } from "../../queue/types.ts";

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
