// Rate limits that refuse instead of waiting (GMO API 3): a token bucket with the capacity of one second, refilled
// evenly.
import type { Wall } from "./wallClock.ts";

export class RateLimit {
  #tokens = Number.POSITIVE_INFINITY;
  #atMs: number;
  constructor(private readonly wall: Wall) {
    this.#atMs = wall.monotonicMs();
  }
  /** Whether one more request may pass now. `perSecond` 0: no limit. A refused request takes no token. */
  take(perSecond: number): boolean {
    if (perSecond === 0) return true;
    const nowMs = this.wall.monotonicMs();
    // Rates below one per second still need a capacity of one.
    const full = Math.max(1, perSecond);
    this.#tokens = Math.min(full, this.#tokens + ((nowMs - this.#atMs) * perSecond) / 1_000);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** GMO API 3. Tier 3 appears only in the newest copy of the documentation. */
export const PER_SECOND_OF_TIER: Readonly<Record<1 | 2 | 3, number>> = { 1: 20, 2: 30, 3: 50 };

/** One bucket per client address. */
export class RateLimits {
  readonly #byKey = new Map<string, RateLimit>();
  constructor(private readonly wall: Wall) {}
  take(key: string, perSecond: number): boolean {
    let limit = this.#byKey.get(key);
    if (!limit) {
      // Never removed: only a few loopback addresses connect.
      limit = new RateLimit(this.wall);
      this.#byKey.set(key, limit);
    }
    return limit.take(perSecond);
  }
}
