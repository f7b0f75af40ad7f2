// Expires a proposal that was not decided in time.

import type { Proposal } from "../../db/tables/proposals.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import { type Note, noteText } from "../../lib/core/text/reasonTexts.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Tx } from "../../queue/types.ts";
import { endProposal } from "./endProposal.ts";

/** Ends a pending, undecided proposal as rejected by timeout (approved_by = 'timeout') and sends the owner a note. */
export const expireProposal = (
  tx: Tx,
  proposal: Proposal,
  by: { readonly actor: string; readonly atMs: EpochMs; readonly locale: Locale },
  why: Note = { key: "noAnswer" },
): void => {
  const { actor, atMs, locale } = by;
  endProposal(tx, proposal, "expired", { decidedBy: "timeout", actor, atMs });
  const text = textsOf(locale).trade.expired({ proposalId: proposal.id, why: noteText(locale, why) });
  tx.outbox.insert({ key: `expired:${proposal.id}`, kind: "info", text, atMs });
};
