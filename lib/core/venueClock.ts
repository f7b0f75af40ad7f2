// The venue's clock against ours: what is known of it, when it is too far off to trade, and how a venue time is translated.
// No venue time is compared with ours in any other way. Order ids, not times, decide which order is ours (order.ts).
import { type EpochMs, earliest, epochMs } from "./time.ts";

/** What the replies of the venue say of its clock. */
export interface VenueClock {
  /** Measured by private replies, which no cache answers; undefined before there are enough of them. */
  readonly measured:
    | {
        /** Venue minus us, milliseconds. */
        readonly offsetMs: number;
        /** The true offset lies within plus and minus this. */
        readonly errorMs: number;
      }
    | undefined;
  /** False after one of the two clocks was set (a jump of more than a second), until enough replies agree again. */
  readonly steady: boolean;
  /**
   * Measured by public replies, which a cache may delay: the venue's clock is at least this far from ours, milliseconds,
   * negative: behind. undefined: none lately. On paper this is the exchange, and `measured` the simulated account.
   */
  readonly publicMs: number | undefined;
  /** The venue refuses our requests for their timestamp, whether they carry our time or the measured one (ERR-5008, ERR-5009). */
  readonly refused?: boolean;
}

/** Entries are sent only while the venue's clock is known to be within this of ours. */
const LARGEST_OFFSET_MS = 5_000;
/** A halt ends only well inside the limit, so that a clock at the limit does not raise it every few minutes. */
export const HALT_ENDS_BELOW_MS = 4_000;

export type ClockProblem =
  | { readonly kind: "unknown" }
  | { readonly kind: "unsteady" }
  | { readonly kind: "refused" }
  /** `offsetMs`: venue minus us; `errorMs` 0 when only its smallest distance is known. */
  | { readonly kind: "far"; readonly offsetMs: number; readonly errorMs: number };

/** Why no entry may be sent by these clocks; undefined: they agree. `mostMs`: the largest distance allowed. */
export const clockProblem = (clock: VenueClock, mostMs = LARGEST_OFFSET_MS): ClockProblem | undefined => {
  const { measured, publicMs } = clock;
  if (clock.refused === true) return { kind: "refused" };
  if (measured === undefined) return { kind: "unknown" };
  if (Math.abs(measured.offsetMs) + measured.errorMs > mostMs && Math.abs(measured.offsetMs) > measured.errorMs)
    return { kind: "far", ...measured };
  if (publicMs !== undefined && Math.abs(publicMs) > mostMs) return { kind: "far", offsetMs: publicMs, errorMs: 0 };
  if (!clock.steady) return { kind: "unsteady" };
  // Nothing contradicts an offset of zero, but the true offset may be beyond the limit, and nothing contradicts that either.
  if (!(Math.abs(measured.offsetMs) + measured.errorMs <= mostMs)) return { kind: "unknown" };
  return undefined;
};

/** The venue's time now; undefined while it is unknown or a clock has just been set. */
export const venueTime = ({ measured, steady }: VenueClock, nowMs: EpochMs): EpochMs | undefined =>
  measured === undefined || !steady ? undefined : epochMs(Math.floor(nowMs + measured.offsetMs));

/**
 * A time that the venue wrote, on our clock; never later than `nowMs`, since it has happened. While the offset is not
 * known, the time is taken as it stands.
 */
export const onOurClock = (clock: VenueClock, venueMs: EpochMs, nowMs: EpochMs): EpochMs => {
  const { measured, steady } = clock;
  const certain = measured !== undefined && steady && Math.abs(measured.offsetMs) > measured.errorMs;
  return earliest(certain ? Math.round(venueMs - measured.offsetMs) : venueMs, nowMs);
};
