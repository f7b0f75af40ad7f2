// What a reply of market data must be before anything is decided by it: written by the venue a moment ago. One object
// for one venue; the sockets may share it. Must never change a value, only take it or refuse it.
import {
  judgeAge,
  LARGEST_AHEAD_MS,
  type MeasuredOffset,
  QUOTE_AHEAD,
  QUOTE_OLD,
  UNMEASURED,
} from "../../core/quoteAge.ts";
import { type EpochMs, earliestKnown, MINUTE_MS, SECOND_MS } from "../../core/time.ts";

/** A reply that parsed: when the venue wrote it, when we received it (our clock), what is known of its clock. */
export interface ReplyTime {
  /** `responsetime`; undefined: the reply has none. */
  readonly venueMs: EpochMs | undefined;
  readonly receivedMs: EpochMs;
  /** undefined: not measured. */
  readonly clock: MeasuredOffset | undefined;
}
export type Judged<T> =
  | { readonly kind: "taken"; readonly value: T }
  | {
      readonly kind: "refused";
      /** QUOTE_OLD, QUOTE_AHEAD. */
      readonly code: string;
      readonly expected: string;
      readonly found: string;
      /** For the error's data: `ageMs`, `aheadMs`. */
      readonly data: Readonly<Record<string, number>>;
    };
export type Judge<T> = (value: T, at: ReplyTime) => Judged<T>;

const DEFAULT_QUOTE_MAX_AGE_MS = 10 * SECOND_MS;
/**
 * A public `responsetime` is never later than the venue's clock, so the newest of the last minutes bounds the offset from
 * below. In paper trading it is the only measure: the account's clock there is not the exchange's.
 */
const BOUND_FOR_MS = 5 * MINUTE_MS;

const seconds = (ms: number): string => `${(ms / SECOND_MS).toFixed(1)} s`;

export class QuoteChecks {
  /** Lower bounds of the offset, newest last, each higher than the ones after it. */
  #bounds: { readonly atMs: EpochMs; readonly offsetMs: number }[] = [];

  /** Oldest usable data, milliseconds. */
  constructor(readonly maxAgeMs: number = DEFAULT_QUOTE_MAX_AGE_MS) {}

  /**
   * Judges data of which the venue says "as of `dataMs`" in a reply it wrote at `at.venueMs`: the older of the two counts.
   * `value` gets the data's time on our clock. Without any time the age is not known, and that is no quote.
   */
  fresh<T>(dataMs: EpochMs | undefined, at: ReplyTime, value: (asOfMs: EpochMs) => T): Judged<T> {
    const venueMs = earliestKnown(dataMs, at.venueMs);
    const expected = `data at most ${seconds(this.maxAgeMs)} old by the venue's own time`;
    if (venueMs === undefined)
      return { kind: "refused", code: QUOTE_OLD, expected, found: "a reply without a time", data: {} };
    const age = judgeAge(venueMs, at.receivedMs, this.#clockOf(at), this.maxAgeMs);
    switch (age.kind) {
      case "fresh":
        // Learnt only from what is not ahead of what is known: one impossible time must not age what follows.
        this.#learn(at);
        return { kind: "taken", value: value(age.asOfMs) };
      case "old":
        this.#learn(at);
        return {
          kind: "refused",
          code: QUOTE_OLD,
          expected,
          found: `data ${seconds(age.ageMs)} old (a repeated reply, a stopped feed, or this machine's clock is wrong)`,
          data: { ageMs: age.ageMs },
        };
      case "ahead":
        return {
          kind: "refused",
          code: QUOTE_AHEAD,
          expected,
          found: `data dated ${seconds(age.aheadMs)} after now (this machine's clock is wrong, or the venue's)`,
          data: { aheadMs: age.aheadMs },
        };
      default:
        return age satisfies never;
    }
  }

  #clockOf({ clock = UNMEASURED, receivedMs }: ReplyTime): MeasuredOffset {
    this.#bounds = this.#bounds.filter(({ atMs }) => Math.abs(receivedMs - atMs) <= BOUND_FOR_MS);
    const bound = this.#bounds[0]?.offsetMs ?? Number.NEGATIVE_INFINITY;
    return bound > clock.offsetMs ? { ...clock, offsetMs: bound } : clock;
  }
  #learn({ venueMs, receivedMs, clock = UNMEASURED }: ReplyTime): void {
    if (venueMs === undefined) return;
    const offsetMs = venueMs - receivedMs;
    if (offsetMs > clock.offsetMs + clock.errorMs + LARGEST_AHEAD_MS) return;
    this.#bounds = [...this.#bounds.filter((b) => b.offsetMs > offsetMs), { atMs: receivedMs, offsetMs }];
  }
}
