// A real clock that is some minutes ahead, so that a test of "just after the bar closed" can run at any time of the
// day.

import { BAR_MS, barOpen, epochMs } from "../../lib/core/time.ts";
import { type Clock, realClock } from "../../lib/io/clock.ts";

export const shiftedClock = (aheadMs: number): Clock => ({
  ...realClock,
  nowMs: () => epochMs(realClock.nowMs() + aheadMs),
});

/** How far ahead the clock must be to stand ten seconds after a bar close. */
export const untilBarClose = (): number => {
  const now = realClock.nowMs();
  return barOpen(now) + BAR_MS + 10_000 - now;
};
