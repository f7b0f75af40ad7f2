// How far the venue's clock is from ours (GMO API 2.1), from `responsetime` of private replies: it was written between our
// sending and our receiving, so each reply gives an interval that holds the true offset. Intervals are cut with each other:
// the estimate gets sharper with every quick round trip and widens with age.
import { type EpochMs, epochMs } from "../../core/time.ts";

export interface OffsetEstimate {
  /** Venue minus us, milliseconds. */
  readonly offsetMs: number;
  /** The true offset lies within plus and minus this. */
  readonly errorMs: number;
  /** Replies it stands on since the last fresh start. */
  readonly samples: number;
}
export interface OffsetSample {
  readonly sentMs: EpochMs;
  /** On the same clock as `sentMs`. */
  readonly receivedMs: EpochMs;
  readonly venueMs: EpochMs;
}
interface Interval {
  readonly lowMs: number;
  readonly highMs: number;
  readonly atMs: number;
  readonly samples: number;
}

/** Two computer clocks drift apart by far less: 100 microseconds a second. */
const DRIFT = 1e-4;
/** `responsetime` has whole milliseconds. */
const RESOLUTION_MS = 1;
/**
 * Beyond this the two sides do not mean the same time (a machine without a clock, a venue replaying the past): signing
 * with such an offset would hide it, so it is told and not used.
 */
export const LARGEST_USED_MS = 30_000;
/** About where GMO is believed to refuse (the window is not published); told to the operator. */
export const LARGE_MS = 500;

export class ClockOffset {
  #interval: Interval | undefined;
  /** A reply that contradicts the estimate; a second one that agrees with it means the clock has been set. */
  #dissent: Interval | undefined;

  /** undefined until a private reply with a `responsetime` came in. */
  estimate(nowMs: number): OffsetEstimate | undefined {
    if (!this.#interval) return undefined;
    const { lowMs, highMs, samples } = aged(this.#interval, nowMs);
    return { offsetMs: (lowMs + highMs) / 2, errorMs: (highMs - lowMs) / 2, samples };
  }

  /** API-TIMESTAMP for a request sent now: our clock, corrected when the offset is surely not zero and not absurd. */
  stamp(nowMs: EpochMs): EpochMs {
    const estimate = this.estimate(nowMs);
    if (!estimate) return nowMs;
    const { offsetMs, errorMs } = estimate;
    const used = Math.abs(offsetMs) > errorMs && Math.abs(offsetMs) <= LARGEST_USED_MS;
    return used ? epochMs(Math.round(nowMs + offsetMs)) : nowMs;
  }

  /** More than the round trip can explain, and more than the venue may accept. For the health light. */
  isLarge(nowMs: number): boolean {
    const estimate = this.estimate(nowMs);
    return estimate !== undefined && Math.abs(estimate.offsetMs) - estimate.errorMs > LARGE_MS;
  }

  add({ sentMs, receivedMs, venueMs }: OffsetSample): void {
    if (receivedMs < sentMs) return; // Our clock was set meanwhile: this says nothing.
    const fresh: Interval = {
      lowMs: venueMs - receivedMs,
      highMs: venueMs - sentMs + RESOLUTION_MS,
      atMs: receivedMs,
      samples: 1,
    };
    const both = this.#interval && cut(this.#interval, fresh);
    if (!this.#interval || both) {
      this.#interval = both ?? fresh;
      this.#dissent = undefined;
      return;
    }
    const agreed = this.#dissent && cut(this.#dissent, fresh);
    if (agreed) {
      this.#interval = agreed;
      this.#dissent = undefined;
    } else this.#dissent = fresh;
  }

  /** The venue refused our timestamp (ERR-5008, ERR-5009): what we believed is worth nothing, measure anew. */
  forget(): void {
    this.#interval = undefined;
    this.#dissent = undefined;
  }
}

const aged = (interval: Interval, nowMs: number): Interval => {
  const growthMs = Math.abs(nowMs - interval.atMs) * DRIFT;
  return { ...interval, lowMs: interval.lowMs - growthMs, highMs: interval.highMs + growthMs };
};

/** undefined when they have nothing in common. */
const cut = (older: Interval, fresh: Interval): Interval | undefined => {
  const { lowMs, highMs, samples } = aged(older, fresh.atMs);
  const both = {
    lowMs: Math.max(lowMs, fresh.lowMs),
    highMs: Math.min(highMs, fresh.highMs),
    atMs: fresh.atMs,
    samples: samples + 1,
  };
  return both.lowMs <= both.highMs ? both : undefined;
};
