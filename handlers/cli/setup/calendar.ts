// How far the imported calendar reaches: the news gate is blind beyond its end, and silent about it.
import { type EpochMs, jstText } from "../../../lib/core/time.ts";

const DO = "the news gate sees no events: trader events import FILE";

/** Why the calendar protects nobody at `nowMs`; undefined when an event is still to come. */
export const calendarGap = (lastMs: EpochMs | undefined, nowMs: EpochMs): string | undefined => {
  if (lastMs === undefined) return `EMPTY, ${DO}`;
  return lastMs < nowMs ? `ENDED ${jstText(lastMs)}, ${DO}` : undefined;
};
