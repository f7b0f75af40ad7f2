// Offset of the venue's clock from ours (GMO API 2.1), from `responsetime` of private replies: it was written between
// our sending and our receiving, so each reply gives an interval that contains the true offset. Intervals are
// intersected: the estimate narrows with every quick round trip and widens with age.
import { type EpochMs, epochMs } from "../../core/time.ts";

export interface OffsetEstimate {
  /** Venue minus us, milliseconds. */
  readonly offsetMs: number;
  /** The true offset lies within plus and minus this. */
  readonly errorMs: number;
  /** Number of replies behind it since the last reset. */
  readonly samples: number;
}
interface OffsetSample {
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

/** Drift between two computer clocks is far below this: 100 microseconds a second. */
const DRIFT = 1e-4;
/** `responsetime` has whole milliseconds. */
const RESOLUTION_MS = 1;
/**
 * Above this the two sides do not mean the same time (a machine without a clock, a venue replaying the past): signing
 * with such an offset would hide it, so it is reported and not applied.
 */
export const LARGEST_USED_MS = 30_000;
/** About where GMO is believed to refuse a timestamp (the window is not published); reported to the operator. */
const LARGE_MS = 500;

export class ClockOffset {
  #interval: Interval | undefined;
  /** A reply that contradicts the estimate; a second one that agrees with it means that a clock was set. */
  #dissent: Interval | undefined;

  /** undefined until a private reply with a `responsetime` came in. */
  estimate(nowMs: number): OffsetEstimate | undefined {
    if (!this.#interval) return undefined;
    const { lowMs, highMs, samples } = aged(this.#interval, nowMs);
    return { offsetMs: (lowMs + highMs) / 2, errorMs: (highMs - lowMs) / 2, samples };
  }

  /**
   * API-TIMESTAMP for a request sent now: our clock, corrected when the offset is certainly not zero and not absurd.
   */
  stamp(nowMs: EpochMs): EpochMs {
    const estimate = this.estimate(nowMs);
    if (!estimate) return nowMs;
    const { offsetMs, errorMs } = estimate;
    const used = Math.abs(offsetMs) > errorMs && Math.abs(offsetMs) <= LARGEST_USED_MS;
    return used ? epochMs(Math.round(nowMs + offsetMs)) : nowMs;
  }

  /** More than the round trip can explain, and more than the venue may accept. For worker health. */
  isLarge(nowMs: number): boolean {
    const estimate = this.estimate(nowMs);
    return estimate !== undefined && Math.abs(estimate.offsetMs) - estimate.errorMs > LARGE_MS;
  }

  add({ sentMs, receivedMs, venueMs }: OffsetSample): void {
    if (receivedMs < sentMs) return; // Our clock was set meanwhile: no usable interval.
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

  /** The venue refused our timestamp (ERR-5008, ERR-5009): discard the estimate and measure again. */
  forget(): void {
    this.#interval = undefined;
    this.#dissent = undefined;
  }
}

const aged = (interval: Interval, nowMs: number): Interval => {
  const growthMs = Math.abs(nowMs - interval.atMs) * DRIFT;
  return { ...interval, lowMs: interval.lowMs - growthMs, highMs: interval.highMs + growthMs };
};

/** undefined when they do not overlap. */
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
