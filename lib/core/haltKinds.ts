// Every kind of halt, in words: what it means and what ends it. The rows are in `halts`; the decision record is
// docs/decisions/0008-what-pauses-trading.md.

export const PAUSE = "pause";
export const STOP = "stop";
export const PANIC = "panic";
/** Ended only by the owner's resume. */
export const OWNER_HALTS = [PAUSE, STOP, PANIC] as const;

export interface HaltKind {
  readonly means: string;
  readonly ends: string;
}
const KINDS: Readonly<Record<string, HaltKind>> = {
  [PAUSE]: { means: "the owner paused entries", ends: "by resume" },
  [STOP]: { means: "the owner stopped trading; stops, targets and time stops go on", ends: "only by resume" },
  [PANIC]: {
    means: "the owner wants to be flat: whatever is open of ours is closed at market",
    ends: "only by resume",
  },
  doubt: {
    means: "something failed that may concern money or truth",
    ends: "by itself, when reconcile finds venue and book equal",
  },
  mismatch: { means: "venue and book disagree", ends: "by itself, when reconcile finds venue and book equal" },
  bare: { means: "a position is not known to be covered by a stop", ends: "by itself, when it is covered again" },
  failureHandling: {
    means: "the reaction to a failure failed",
    ends: "by itself, when reconcile finds venue and book equal",
  },
  quarantine: {
    means: "the database is a restored backup",
    ends: "by itself, when reconcile finds venue and book equal",
  },
  "loss-day": { means: "the daily loss limit is reached", ends: "with the JST day" },
  "loss-week": { means: "the weekly loss limit is reached", ends: "with the JST week" },
  "loss-month": { means: "the monthly loss limit is reached", ends: "with the JST month" },
};
/** Also for a kind this version does not know (a newer database, a test). */
export const haltKind = (kind: string): HaltKind =>
  KINDS[kind] ?? { means: "entries are halted", ends: "when it is cleared" };
