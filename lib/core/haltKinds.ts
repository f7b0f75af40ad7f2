// The halts that the owner raises, and only he ends (docs/decisions/0008-what-pauses-trading.md). What each kind of halt means
// and how it ends, in words: lib/core/text/words.ts.
export const PAUSE = "pause";
export const STOP = "stop";
export const PANIC = "panic";
export const OWNER_HALTS: readonly string[] = [PAUSE, STOP, PANIC];
