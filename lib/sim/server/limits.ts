// Rate limits that refuse instead of waiting (GMO API 3): a bucket that holds one second's worth and refills evenly.
import type { Wall } from "./wall.ts";

export class RateLimit {
  #tokens = Number.POSITIVE_INFINITY;
  #atMs: number;
  constructor(private readonly wall: Wall) {
    this.#atMs = wall.monotonicMs();
  }
  /** Whether one more may pass now. `perSecond` 0: no limit. What is refused costs nothing. */
  take(perSecond: number): boolean {
    if (perSecond === 0) return true;
    const nowMs = this.wall.monotonicMs();
    // Slower than one a second: still one at a time.
    const full = Math.max(1, perSecond);
    this.#tokens = Math.min(full, this.#tokens + ((nowMs - this.#atMs) * perSecond) / 1_000);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** GMO API 3. The third row is known from the newest copy of the documentation only. */
export const PER_SECOND_OF_TIER: Readonly<Record<1 | 2 | 3, number>> = { 1: 20, 2: 30, 3: 50 };

/** One bucket per client address. */
export class RateLimits {
  readonly #byKey = new Map<string, RateLimit>();
  constructor(private readonly wall: Wall) {}
  take(key: string, perSecond: number): boolean {
    let limit = this.#byKey.get(key);
    if (!limit) {
      // Never forgotten: only loopback addresses come here, a handful.
      limit = new RateLimit(this.wall);
      this.#byKey.set(key, limit);
    }
    return limit.take(perSecond);
  }
}
