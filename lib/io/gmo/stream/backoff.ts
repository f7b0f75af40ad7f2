// Wait before a retry: exponential with full jitter, so that many clients disconnected together do not return together.
// Maintenance and refusals have slower retries of their own.
import type { Random } from "../../random.ts";

export interface BackoffLimits {
  /** The first wait is uniform in [0, baseMs). */
  readonly baseMs: number;
  /** No wait is longer. */
  readonly capMs: number;
}

export class Backoff {
  #tries = 0;
  constructor(
    private readonly limits: BackoffLimits,
    private readonly random: Random,
  ) {}
  /** Milliseconds: uniform in [0, min(cap, base * 2^tries)). */
  nextMs(): number {
    const boundMs = Math.min(this.limits.capMs, this.limits.baseMs * 2 ** Math.min(this.#tries, 30));
    this.#tries += 1;
    return Math.floor(this.random.next() * boundMs);
  }
  reset(): void {
    this.#tries = 0;
  }
}

/** Uniform in [ms, 2 ms): for requests that must be rare. */
export const slowly = (ms: number, random: Random): number => ms + Math.floor(random.next() * ms);
