// The one door through which a proposal is answered, by a person (CLI, later Telegram) or by the replay's scripted owner.
// One answer per proposal, ever: the parked row, the proposal's state and the approvals key all say so in one transaction.
// An approval is bound to the hash of exactly what was shown; a modification makes a new proposal that is asked again.

import type { Proposal } from "../db/tables/proposals.ts";
import type { DecidedBy } from "../db/tables/signals.ts";
import type { Config } from "../lib/core/config.ts";
import { AppError } from "../lib/core/errors.ts";
import { type CoinE8, floorToStep, formatE8, maxBig, minBig, type YenE8 } from "../lib/core/money.ts";
import { breakEvenRate, costBpsOf, pricesAround, proposalHash, riskYen } from "../lib/core/plan.ts";
import { type Catalogue, textsOf } from "../lib/core/text/catalogue.ts";
import type { EpochMs } from "../lib/core/time.ts";
import type { Clock } from "../lib/io/clock.ts";
import type { JobStore } from "../queue/store.ts";
import type { Database } from "../queue/types.ts";
import { notifyJob } from "./notify.ts";

export interface Desk {
  readonly db: Database;
  readonly store: JobStore;
  readonly clock: Clock;
}
export interface Answer {
  readonly proposalId: string;
  readonly decision: "approved" | "rejected";
  readonly by: Extract<DecidedBy, "human" | "script">;
  /** Who exactly: "cli", "telegram:<user id>", "script". */
  readonly actor: string;
  /** The hash that was shown; when given it must be the proposal's. */
  readonly hash?: string | undefined;
}
export type AnswerResult =
  | { readonly kind: "recorded"; readonly proposal: Proposal; readonly decision: "approved" | "rejected" }
  /** It had its answer before (or its time is over): nothing was changed. */
  | { readonly kind: "tooLate"; readonly proposal: Proposal; readonly why: string };

/**
 * Records the answer and, when approved, enqueues `execute` in the same transaction.
 * Throws AppError permanent PROPOSAL_MISSING / PROPOSAL_CHANGED, retry PROPOSAL_NOT_WAITING (asked a moment too early).
 */
export const answerProposal = (desk: Desk, answer: Answer): AnswerResult => {
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
    name: "awaitApproval",
    key: `awaitApproval:${proposal.id}`,
    write: (tx) => {
      tx.proposals.settle(answer.decision, {
        proposalId: proposal.id,
        decision: answer.decision,
        decidedBy: answer.by,
        actor: answer.actor,
        hash: proposal.hash,
        decidedMs: atMs,
      });
      tx.signals.answer(proposal.signalId, approved, answer.by);
      tx.audit.append({
        atMs,
        kind: `proposal.${answer.decision}`,
        actor: answer.actor,
        traceId: proposal.traceId,
        data: { proposalId: proposal.id, hash: proposal.hash, by: answer.by },
      });
    },
    next: approved ? [{ name: "execute", key: `execute:${proposal.id}`, input: { proposalId: proposal.id } }] : [],
  });
  return settled(db, proposal.id, outcome, () => ({
    kind: "recorded",
    proposal: mustExist(db, proposal.id),
    decision: answer.decision,
  }));
};

export interface Modification {
  readonly proposalId: string;
  readonly actor: string;
  /** New size in coins; only smaller than proposed. */
  readonly size?: CoinE8 | undefined;
  /** New entry limit, inside the proposal's band. */
  readonly entry?: YenE8 | undefined;
  /** New stop, between the proposed stop and the entry: never a wider risk. */
  readonly stop?: YenE8 | undefined;
  readonly tick: YenE8;
  readonly sizeStep: CoinE8;
  readonly minSize: CoinE8;
  /** The words of a refusal; default English. */
  readonly texts?: Catalogue["modify"];
}
export type ModifyResult =
  | { readonly kind: "proposed"; readonly proposal: Proposal }
  | { readonly kind: "tooLate"; readonly proposal: Proposal; readonly why: string };

/**
 * Replaces a pending proposal by a changed one with the same deadline; it counts only after its own approval.
 * Throws AppError permanent MODIFY_REFUSED when a number would widen the risk or leave the band.
 */
export const modifyProposal = (desk: Desk, config: Config, change: Modification): ModifyResult => {
  const { db, store, clock } = desk;
  const old = mustExist(db, change.proposalId);
  const atMs = clock.nowMs();
  const late = whyTooLate(old, atMs);
  if (late) return { kind: "tooLate", proposal: old, why: late };
  const next = modified(old, config, change, atMs);
  const outcome = store.resolveParked({
    name: "awaitApproval",
    key: `awaitApproval:${old.id}`,
    write: (tx) => {
      tx.proposals.settle("superseded", {
        proposalId: old.id,
        decision: "modified",
        decidedBy: "human",
        actor: change.actor,
        hash: old.hash,
        decidedMs: atMs,
      });
      tx.proposals.insert(next);
      tx.audit.append({
        atMs,
        kind: "proposal.modified",
        actor: change.actor,
        traceId: old.traceId,
        data: {
          proposalId: old.id,
          becomes: next.id,
          sizeE8: next.size,
          entryE8: next.entry,
          stopE8: next.stop,
          hash: next.hash,
        },
      });
    },
    next: [notifyJob(next)],
  });
  return settled<ModifyResult>(db, old.id, outcome, () => ({ kind: "proposed", proposal: next }));
};

const modified = (old: Proposal, config: Config, change: Modification, atMs: EpochMs): Proposal => {
  const texts = change.texts ?? textsOf("en").modify;
  const refuse = (why: string): never => {
    throw new AppError("permanent", "MODIFY_REFUSED", change.texts ? why : `${why}; nothing was changed`);
  };
  const long = old.direction === "long";
  const entry = change.entry ?? old.entry;
  if (entry < old.bandLow || entry > old.bandHigh || entry % change.tick !== 0n)
    refuse(texts.entryRange({ low: formatE8(old.bandLow), high: formatE8(old.bandHigh), found: formatE8(entry) }));
  const stop = change.stop ?? old.stop;
  const inside = long ? stop >= old.stop && stop < entry : stop <= old.stop && stop > entry;
  if (!inside || stop % change.tick !== 0n)
    refuse(texts.stopRange({ stop: formatE8(old.stop), entry: formatE8(entry), found: formatE8(stop) }));
  const size = change.size ?? old.size;
  if (size > old.size || size < change.minSize || floorToStep(size, change.sizeStep) !== size)
    refuse(
      texts.sizeRange({
        step: formatE8(change.sizeStep),
        low: formatE8(change.minSize),
        high: formatE8(old.size),
        found: formatE8(size),
      }),
    );
  const around = pricesAround(config, { direction: old.direction, entry, atr: old.atr, tick: change.tick });
  const prices = {
    entry,
    // Never beyond the band it was changed in, or change after change would walk away from what was judged.
    bandLow: maxBig(around.bandLow, old.bandLow) as YenE8,
    bandHigh: minBig(around.bandHigh, old.bandHigh) as YenE8,
    stop,
    tp1: around.tp1,
    tp2: around.tp2,
  };
  const id = `${old.id.replace(/m\d+$/, "")}m${Number(/m(\d+)$/.exec(old.id)?.[1] ?? 0) + 1}`;
  return {
    ...old,
    ...prices,
    id,
    size,
    risk: riskYen(entry, stop, size),
    // What a round trip costs was measured for the signal: a change of numbers does not make it free.
    breakEven: breakEvenRate(prices, costBpsOf(old, old.breakEven)),
    hash: proposalHash({
      id,
      symbol: old.symbol,
      direction: old.direction,
      size,
      prices,
      validUntilMs: old.validUntilMs,
    }),
    createdMs: atMs,
    state: "pending",
    supersedes: old.id,
  };
};

const mustExist = (db: Database, id: string): Proposal => {
  const proposal = db.read.proposals.byId(id);
  if (!proposal)
    throw new AppError(
      "permanent",
      "PROPOSAL_MISSING",
      `expected the id of a proposal, found ${JSON.stringify(id)}; trader status lists the open ones`,
    );
  return proposal;
};
const whyTooLate = (p: Proposal, nowMs: EpochMs): string | undefined =>
  p.state !== "pending" ? `it is already ${p.state}` : nowMs >= p.validUntilMs ? "its time is over" : undefined;

const settled = <R>(
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
