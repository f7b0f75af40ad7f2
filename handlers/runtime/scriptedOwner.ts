// The replay's scripted owner: reads a delivered proposal and answers after a human-like delay. Deterministic in
// (seed, proposal id), so a repeated delivery after a crash gets the same answer.
import { AppError, UsageError } from "../../lib/core/errors.ts";
import { seededRandom } from "../../lib/io/random.ts";
import type { Messenger, OutgoingMessage, ScriptedAnswer } from "../context.ts";

type Approver =
  | { readonly kind: "all" }
  | { readonly kind: "none" }
  | { readonly kind: "random"; readonly seed: string };

/** "all", "none" (never answers) or "random:SEED" (approves 50 %, rejects 30 %, stays silent 20 %). */
export const parseApprover = (text: string): Approver => {
  if (text === "all" || text === "none") return { kind: text };
  const seed = /^random:(\w+)$/.exec(text)?.[1];
  if (seed === undefined)
    throw new UsageError(`--approver: expected all, none or random:SEED, found ${JSON.stringify(text)}`);
  return { kind: "random", seed };
};

/** Reaction time: 10 s to 3 min, so that prices have moved a little before the tap, as they do for people. */
export const scriptedAnswer = (approver: Approver, seed: number, proposalId: string): ScriptedAnswer | undefined => {
  if (approver.kind === "none") return undefined;
  const random = seededRandom(`${seed}:${approver.kind === "random" ? approver.seed : "all"}:${proposalId}`);
  const afterMs = 10_000 + random.int(170_000);
  if (approver.kind === "all") return { decision: "approved", afterMs };
  const roll = random.next();
  return roll < 0.5 ? { decision: "approved", afterMs } : roll < 0.8 ? { decision: "rejected", afterMs } : undefined;
};

/** Delivers to the script only: the replay prints its lines from the audit log. */
export const scriptedMessenger = (approver: Approver, seed: number): Messenger => ({
  async deliver(message: OutgoingMessage) {
    if (message.kind !== "proposal") return { kind: "delivered" };
    if (message.proposalId === undefined)
      throw new AppError(
        "permanent",
        "OUTBOX_PROPOSAL",
        `expected a proposal id on message ${message.key}, found none`,
      );
    const answer = scriptedAnswer(approver, seed, message.proposalId);
    return answer ? { kind: "delivered", answer } : { kind: "delivered" };
  },
});
