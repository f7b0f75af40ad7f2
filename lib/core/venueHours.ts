// The venue's known closed time: a bar that lies wholly inside it does not exist, so it is not missing. Saturday
// 09:00-11:00 JST, then about ten minutes of pre-open in which nothing is matched (GMO API 12). An emergency
// maintenance is not known in advance, so its bars count as missing.
import { BAR_MS, DAY_MS, type EpochMs, epochMs, HOUR_MS, MINUTE_MS } from "./time.ts";

const WEEK_MS = 7 * DAY_MS;
/** 1970-01-03 was a Saturday; 09:00 JST is 00:00 UTC. */
const FIRST_SATURDAY_MS = 2 * DAY_MS;
const MAINTENANCE_MS = 2 * HOUR_MS;
const PREOPEN_MS = 10 * MINUTE_MS;

interface KnownClosure {
  readonly fromMs: EpochMs;
  /** End of the maintenance: from here to `openMs` only cancels are accepted. */
  readonly preopenMs: EpochMs;
  readonly openMs: EpochMs;
}

/** The scheduled maintenance that is in force at this instant. undefined: the venue is to be open. */
export const knownClosure = (atMs: number): KnownClosure | undefined => {
  const fromMs = Math.floor((atMs - FIRST_SATURDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_SATURDAY_MS;
  const preopenMs = fromMs + MAINTENANCE_MS;
  const openMs = preopenMs + PREOPEN_MS;
  if (atMs >= openMs) return undefined;
  return { fromMs: epochMs(fromMs), preopenMs: epochMs(preopenMs), openMs: epochMs(openMs) };
};

/** Whether the whole bar lies inside a known closed time. */
export const isClosedBar = (openMs: number): boolean => {
  const closure = knownClosure(openMs);
  return closure !== undefined && openMs + BAR_MS <= closure.openMs;
};
