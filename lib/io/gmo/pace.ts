// Our request rate (GMO API 3): one bucket per direction, sized by the account's tier and our share of it. The limits
// belong to the account, so another process with the same key draws on the same ones.
import { type Timers, TokenBucket } from "./timers.ts";

export interface PaceOptions {
  /** Our part of the account's private limits, above 0 and at most 1. Default 0.5: room for a second process. */
  readonly share?: number;
  /** Public requests a second. Default 2.5: the limit is not published, 2-3 were never refused, bursts of 5 were. */
  readonly publicPerSecond?: number;
  /** Burst of public requests. Default 2. */
  readonly publicBurst?: number;
}
/** PUT and DELETE count as "post": GMO does not document it, this is the cautious reading. */
export type Direction = "public" | "get" | "post";

/** Requests a second, GET and POST each. An unknown tier gets the lowest. */
const PER_SECOND_OF_TIER: Readonly<Record<number, number>> = { 1: 20, 2: 30, 3: 50 };
/** After ERR-5003 a bucket refills at a quarter of its rate for this long. */
const SLOW_MS = 2_000;

export class Pace {
  readonly #share: number;
  readonly #buckets: Readonly<Record<Direction, TokenBucket>>;
  #tier = 1;

  constructor(timers: Timers, options: PaceOptions = {}) {
    const { share = 0.5, publicPerSecond = 2.5, publicBurst = 2 } = options;
    if (!(share > 0 && share <= 1)) throw new RangeError(`expected a share above 0 and at most 1, found ${share}`);
    this.#share = share;
    const privatePerSecond = this.#privatePerSecond();
    this.#buckets = {
      public: new TokenBucket(publicPerSecond, publicBurst, timers),
      get: new TokenBucket(privatePerSecond, privatePerSecond, timers),
      post: new TokenBucket(privatePerSecond, privatePerSecond, timers),
    };
  }

  get tier(): number {
    return this.#tier;
  }
  /** `tradingVolume.tierLevel`; changes on Sundays between 06:00 and 06:30 JST. */
  setTier(tier: number): void {
    this.#tier = tier;
    const perSecond = this.#privatePerSecond();
    for (const direction of ["get", "post"] as const) this.#buckets[direction].setRate(perSecond, perSecond);
  }
  /** Waits for a turn; rejects when the signal is or gets aborted. */
  take(direction: Direction, signal?: AbortSignal): Promise<void> {
    return this.#buckets[direction].take(signal);
  }
  /** The venue returned ERR-5003. */
  refused(direction: Direction): void {
    this.#buckets[direction].slowDown(SLOW_MS);
  }

  /** At least one, so that a small share cannot stop all requests. */
  #privatePerSecond(): number {
    const perSecond = PER_SECOND_OF_TIER[this.#tier] ?? PER_SECOND_OF_TIER[1]!;
    return Math.max(1, Math.floor(perSecond * this.#share));
  }
}
