// Checks of a proposal that waits for its decision: whether it exists, whether it is too late, and how its parked job
// ended.
import type { Proposal } from "../../db/tables/proposals.ts";
import { AppError } from "../../lib/core/errors.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import type { Database } from "../../queue/types.ts";

export const mustExist = (db: Database, id: string): Proposal => {
  const proposal = db.read.proposals.byId(id);
  if (!proposal)
    throw new AppError(
      "permanent",
      "PROPOSAL_MISSING",
      `expected the id of a proposal, found ${JSON.stringify(id)}; trader status lists the open ones`,
    );
  return proposal;
};
export const whyTooLate = (p: Proposal, nowMs: EpochMs): string | undefined =>
  p.state !== "pending" ? `it is already ${p.state}` : nowMs >= p.validUntilMs ? "its time is over" : undefined;
export const resolvedOr = <R>(
  db: Database,
  id: string,
  outcome: "resolved" | "notParked" | "expired",
  onResolved: () => R,
): R => {
  if (outcome === "resolved") return onResolved();
  const now = mustExist(db, id);
  if (outcome === "expired") return { kind: "tooLate", proposal: now, why: "its time is over" } as R;
  if (now.state !== "pending") return { kind: "tooLate", proposal: now, why: `it is already ${now.state}` } as R;
  throw new AppError(
    "retry",
    "PROPOSAL_NOT_WAITING",
    `the proposal ${id} is still being prepared; answer again in a moment`,
  );
};
