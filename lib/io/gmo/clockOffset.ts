// Offset of the venue's clock from ours (GMO API 2.1), from `responsetime` of private replies: it was written between
// our sending and our receiving, so each reply gives an interval that contains the true offset. Intervals are
// intersected: the estimate narrows with every quick round trip and widens with age. Two replies in a row that contradict
// it by more than a second mean that one of the clocks was set: then it is not steady until enough replies agree again.
import { type EpochMs, epochMs } from "../../core/time.ts";
import type { VenueClock } from "../../core/venueClock.ts";

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
 * with such an offset would hide it, so it is reported and not applied. Below it requests are signed with the venue's
 * time, so that open positions stay protected while a clock is wrong; entries are halted from 5 s on (venueClock.ts).
 */
export const LARGEST_USED_MS = 2 * 3_600_000;
/** About where GMO is believed to refuse a timestamp (the window is not published); reported to the operator. */
const LARGE_MS = 500;
/** A contradiction above this is a clock that was set; below it is drift. */
const JUMP_MS = 1_000;
/** Replies that agree after a jump before the offset counts again; at the start the first one counts. */
const AGREED_AFTER_JUMP = 5;

export class ClockOffset {
  #interval: Interval | undefined;
  /** A reply that contradicts the estimate; a second one that agrees with it means that a clock was set. */
  #dissent: Interval | undefined;
  /** The last estimate, also after `forget`. */
  #before: Interval | undefined;
  #agreed = 0;
  #needed = 1;

  /** undefined until a private reply with a `responsetime` came in. */
  estimate(nowMs: number): OffsetEstimate | undefined {
    if (!this.#interval) return undefined;
    const { lowMs, highMs, samples } = aged(this.#interval, nowMs);
    return { offsetMs: (lowMs + highMs) / 2, errorMs: (highMs - lowMs) / 2, samples };
  }

  /** False after a jump until enough replies agree. One reply that contradicts all others says nothing yet. */
  isSteady(): boolean {
    return this.#interval !== undefined && this.#agreed >= this.#needed;
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

  /** True when the estimate was replaced by one that contradicts it: what was concluded with the old one is void. */
  add({ sentMs, receivedMs, venueMs }: OffsetSample): boolean {
    if (receivedMs < sentMs) return false; // Our clock was set meanwhile: no usable interval.
    const fresh: Interval = {
      lowMs: venueMs - receivedMs,
      highMs: venueMs - sentMs + RESOLUTION_MS,
      atMs: receivedMs,
      samples: 1,
    };
    const both = this.#interval && cut(this.#interval, fresh);
    if (this.#interval === undefined || both) {
      return this.#take(both ?? fresh);
    }
    const agreed = this.#dissent && cut(this.#dissent, fresh);
    if (agreed) return this.#take(agreed);
    this.#dissent = fresh;
    return false;
  }

  #take(next: Interval): boolean {
    const gap = this.#before === undefined ? 0 : gapMs(aged(this.#before, next.atMs), next);
    if (gap > JUMP_MS) {
      this.#needed = AGREED_AFTER_JUMP;
      this.#agreed = 0;
    }
    this.#agreed += 1;
    this.#interval = next;
    this.#before = next;
    this.#dissent = undefined;
    return gap > 0;
  }

  /** The venue refused our timestamp (ERR-5008, ERR-5009): discard the estimate and measure again. */
  forget(): void {
    this.#interval = undefined;
    this.#dissent = undefined;
  }
}

/** Only this long a public reply says something of the venue's clock. */
const PUBLIC_FOR_MS = 2 * 60_000;
/** How old a public reply may be when it arrives: a cache in front of the venue (GMO API 2.1, about 1.5 s). */
const PUBLIC_CACHE_MS = 3_000;

/**
 * The least distance of the venue's clock, from public replies. A cache can only make a reply older, never newer, so the
 * newest of the last minutes counts: one frozen answer among fresh ones is no wrong clock.
 */
export class PublicClock {
  #kept: { readonly lowMs: number; readonly atMs: number }[] = [];

  add({ sentMs, receivedMs, venueMs }: OffsetSample): void {
    if (receivedMs < sentMs) return;
    const lowMs = venueMs - receivedMs;
    // Of two kept values the older one must be the larger, or it can never count again.
    this.#kept = this.#fresh(receivedMs).filter((one) => one.lowMs > lowMs);
    this.#kept.push({ lowMs, atMs: receivedMs });
  }

  /** The clock was set: what was seen before says nothing of it. */
  forget(): void {
    this.#kept = [];
  }

  /** Milliseconds, venue minus us; 0 when a cache explains it. undefined: no reply lately. */
  leastMs(nowMs: number): number | undefined {
    const [newest] = this.#fresh(nowMs);
    if (newest === undefined) return undefined;
    return newest.lowMs < 0 ? Math.min(0, newest.lowMs + PUBLIC_CACHE_MS) : newest.lowMs;
  }

  #fresh(nowMs: number) {
    return this.#kept.filter(({ atMs }) => Math.abs(nowMs - atMs) <= PUBLIC_FOR_MS);
  }
}

export const venueClockOf = (own: ClockOffset, shown: PublicClock, nowMs: number): VenueClock => ({
  measured: own.estimate(nowMs),
  steady: own.isSteady(),
  publicMs: shown.leastMs(nowMs),
});

const aged = (interval: Interval, nowMs: number): Interval => {
  const growthMs = Math.abs(nowMs - interval.atMs) * DRIFT;
  return { ...interval, lowMs: interval.lowMs - growthMs, highMs: interval.highMs + growthMs };
};

/** How far two intervals lie apart; 0 or less: they overlap. */
const gapMs = (a: Interval, b: Interval): number => Math.max(a.lowMs - b.highMs, b.lowMs - a.highMs);

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
