// The kinds of halts: what each means, who raises it, who clears it (docs/decisions/0008-what-pauses-trading.md). A halt stops
// entries, never protection. The words a person reads are in lib/core/text/words.ts. Stored values: never rename one.

/** The owner paused entries (/pause). Raised by the owner's command; cleared only by /resume. */
export const PAUSE = "pause";
/** The owner stopped entries and cancelled entry orders (/stop). Raised by the owner's command; cleared only by /resume. */
export const STOP = "stop";
/** The owner closed everything (/panic). Raised by the owner's command; cleared only by /resume once the account is flat. */
export const PANIC = "panic";
const OWNER_HALTS = [PAUSE, STOP, PANIC] as const;
type OwnerHalt = (typeof OWNER_HALTS)[number];
export const isOwnerHalt = (kind: string): kind is OwnerHalt => (OWNER_HALTS as readonly string[]).includes(kind);

/** A daily, weekly or monthly loss limit is reached. Raised by whoever reads the account; ends with its JST period. */
export const LOSS_HALT = { day: "loss-day", week: "loss-week", month: "loss-month" } as const;
/** Three API errors in a row. Raised by the API watch; cleared by checkApi after three good checks. */
export const API_HALT = "api";
/**
 * A worker has just started. Raised by it; cleared by a clean reconcile. The only halt under which a resting entry waits instead of
 * being cancelled.
 */
export const START = "start";
/** A job failed with verdict `alert`. Raised by the queue; cleared by a clean reconcile. */
export const DOUBT = "doubt";
/** Venue and book differ on two looks in a row. Raised and cleared by reconcile. */
export const MISMATCH = "mismatch";
/** A position is not covered by a stop, or cannot be read. Raised by protection; cleared when every leg is covered again. */
export const BARE_HALT = "bare";
/** The reaction to a failure failed itself. Raised by the queue; cleared by a clean reconcile. */
export const FAILURE_HANDLING = "failureHandling";
/** A backup was restored. Raised at the worker's start; cleared by a clean reconcile. */
export const QUARANTINE = "quarantine";
/** An order has had no answer for a minute and the venue cannot be read. Raised and cleared by protection and reconcile. */
export const UNANSWERED_HALT = "unanswered";

/** The venue's clock is unknown, more than 5 s from ours, or was just set. Raised and cleared by an entry's check and reconcile. */
export const CLOCK_HALT = "clock";
/** A stop was moved on the exchange's page so that it risks more than approved. Raised by a look; cleared by the owner's answer, or when the risk is within the approved one again. */
export const STOP_MOVED_HALT = "stopMoved";
/** The API key lacks a right that trading needs. Raised and cleared by an entry's check and reconcile. */
export const RIGHTS_HALT = "rights";
/** A write was held back by the last look before it leaves: nothing approved it. Raised by the connector; cleared only by /resume. */
export const FENCE_HALT = "fence";
/** Of those that the owner did not raise, the ones that only /resume ends. */
const OWNER_LOOKS = [FENCE_HALT] as const;
export type EndedByOwner = OwnerHalt | (typeof OWNER_LOOKS)[number];
/** Whether only the owner's /resume ends it. */
export const isEndedByOwner = (kind: string): kind is EndedByOwner =>
  isOwnerHalt(kind) || (OWNER_LOOKS as readonly string[]).includes(kind);

export const HALT_KINDS = [
  PAUSE,
  STOP,
  PANIC,
  ...(["loss-day", "loss-week", "loss-month"] as const),
  API_HALT,
  START,
  DOUBT,
  MISMATCH,
  BARE_HALT,
  FAILURE_HANDLING,
  QUARANTINE,
  UNANSWERED_HALT,
  CLOCK_HALT,
  STOP_MOVED_HALT,
  RIGHTS_HALT,
  FENCE_HALT,
] as const;
export type HaltKind = (typeof HALT_KINDS)[number];
/** A stored kind may be one that only a newer version knows: it is shown as it stands. */
export const isHaltKind = (kind: string): kind is HaltKind => (HALT_KINDS as readonly string[]).includes(kind);
