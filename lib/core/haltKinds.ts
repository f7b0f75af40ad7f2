// The kinds of halts (docs/decisions/0008-what-pauses-trading.md). What each kind means and how it ends, in words:
// lib/core/text/words.ts.
export const PAUSE = "pause";
export const STOP = "stop";
export const PANIC = "panic";
export const OWNER_HALTS: readonly string[] = [PAUSE, STOP, PANIC];

export const MISMATCH = "mismatch";
/** Raised by the queue after an `alert`; nobody but a clean reconcile (or the owner) ends it. */
export const DOUBT = "doubt";
/** Raised by the queue when the reaction to a failure failed itself (queue/ledger.ts). */
export const FAILURE_HANDLING = "failureHandling";
/** Raised at the start on a restored backup (handlers/runtime/restoredBackup.ts). */
export const QUARANTINE = "quarantine";
