// Replaces a pending proposal by a changed one: never with a wider risk, and valid only after a new approval.

import type { Proposal } from "../../db/tables/proposals.ts";
import type { Config } from "../../lib/core/config.ts";
import { AppError } from "../../lib/core/errors.ts";
import { type CoinE8, floorToStep, formatE8, maxBig, minBig, type YenE8 } from "../../lib/core/money.ts";
import { type Catalogue, textsOf } from "../../lib/core/text/catalogue.ts";
import type { EpochMs } from "../../lib/core/time.ts";
import { costBpsOf, pricesAround } from "../../lib/core/tradePlan.ts";
import type { CommandCtx } from "../context.ts";
import { notifyJob, parkedApproval } from "../jobs.ts";
import { endProposal } from "./endProposal.ts";
import { modified } from "./makeProposal.ts";
import { mustExist, resolvedOr, whyTooLate } from "./pendingProposal.ts";

interface Modification {
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
  /** The texts of a refusal; default English. */
  readonly texts?: Catalogue["modify"];
}
type ModifyResult =
  | { readonly kind: "proposed"; readonly proposal: Proposal }
  | { readonly kind: "tooLate"; readonly proposal: Proposal; readonly why: string };
/**
 * Replaces a pending proposal by a changed one with the same deadline; it counts only after its own approval.
 * Throws AppError permanent MODIFY_REFUSED when a number would widen the risk or leave the band.
 */
export const modifyProposal = (desk: CommandCtx, config: Config, change: Modification): ModifyResult => {
  const { db, store, clock } = desk;
  const old = mustExist(db, change.proposalId);
  const atMs = clock.nowMs();
  const late = whyTooLate(old, atMs);
  if (late) return { kind: "tooLate", proposal: old, why: late };
  const next = checkedChange(old, config, change, atMs);
  const outcome = store.resolveParked({
    ...parkedApproval(old.id),
    write: (tx) => {
      endProposal(
        tx,
        old,
        "modified",
        { decidedBy: "human", actor: change.actor, atMs },
        { becomes: next.id, sizeE8: next.size, entryE8: next.entry, stopE8: next.stop, hash: next.hash },
      );
      tx.proposals.insert(next);
    },
    next: [notifyJob(next)],
  });
  return resolvedOr<ModifyResult>(db, old.id, outcome, () => ({ kind: "proposed", proposal: next }));
};

/** The changed proposal. Throws AppError permanent MODIFY_REFUSED when a number leaves its range. */
const checkedChange = (old: Proposal, config: Config, change: Modification, atMs: EpochMs): Proposal => {
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
    // Never beyond the old band: repeated changes must not move away from the prices the signal was checked at.
    bandLow: maxBig(around.bandLow, old.bandLow) as YenE8,
    bandHigh: minBig(around.bandHigh, old.bandHigh) as YenE8,
    stop,
    tp1: around.tp1,
    tp2: around.tp2,
  };
  // The cost of a round trip was measured for the signal and stays the same after a change of numbers.
  return modified(old, { prices, size, costBps: costBpsOf(old, old.breakEven), nowMs: atMs });
};
