// How far the imported calendar reaches: after its last event the news gate blocks nothing, without a message of its
// own.
import { type EpochMs, jstText } from "../../../lib/core/time.ts";

const DO = "the news gate sees no events: trader events import FILE";

/** Why the calendar blocks no entry from `nowMs` on; undefined while an event is still to come. */
export const calendarGap = (lastMs: EpochMs | undefined, nowMs: EpochMs): string | undefined => {
  if (lastMs === undefined) return `EMPTY, ${DO}`;
  return lastMs < nowMs ? `ENDED ${jstText(lastMs)}, ${DO}` : undefined;
};
