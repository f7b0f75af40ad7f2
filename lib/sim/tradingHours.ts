// When the simulated venue trades. `saturday`: maintenance 09:00-11:00 JST, then ten minutes of pre-open (GMO API 12).
// The default is `none`, because the bundled candles come from a venue that trades through it (docs/venue.md).
import { DAY_MS, type EpochMs, epochMs, HOUR_MS, MINUTE_MS } from "../core/time.ts";
import type { VenueStatus } from "../core/venue.ts";

export type Maintenance = "none" | "saturday";

const WEEK_MS = 7 * DAY_MS;
/** 1970-01-03 was a Saturday; 09:00 JST is 00:00 UTC. */
const FIRST_SATURDAY_MS = 2 * DAY_MS;
const CLOSED_MS = 2 * HOUR_MS;
const PREOPEN_MS = 10 * MINUTE_MS;

export const statusAt = (maintenance: Maintenance, atMs: EpochMs): VenueStatus => {
  if (maintenance === "none") return "OPEN";
  const intoWeek = (((atMs - FIRST_SATURDAY_MS) % WEEK_MS) + WEEK_MS) % WEEK_MS;
  return intoWeek < CLOSED_MS ? "MAINTENANCE" : intoWeek < CLOSED_MS + PREOPEN_MS ? "PREOPEN" : "OPEN";
};

/** `atMs` itself when orders are matched then, else the instant matching resumes. */
export const matchingFrom = (maintenance: Maintenance, atMs: EpochMs): EpochMs => {
  if (statusAt(maintenance, atMs) === "OPEN") return atMs;
  const weekStart = Math.floor((atMs - FIRST_SATURDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_SATURDAY_MS;
  return epochMs(weekStart + CLOSED_MS + PREOPEN_MS);
};
