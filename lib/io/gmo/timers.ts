// Waiting, injectable: the network waits for real; a simulator in virtual time never does.
import { setTimeout as delay } from "node:timers/promises";
import { realClock } from "../clock.ts";

export interface Timers {
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Never goes back; measures the pace of requests. */
  monotonicMs(): number;
}

export const realTimers: Timers = {
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
  monotonicMs: () => realClock.monotonicMs(),
};

/** No waiting at all: retries follow at once and no pace is kept. For the simulator in the same process. */
export const noTimers: Timers = {
  sleep: async (_ms, signal) => signal?.throwIfAborted(),
  monotonicMs: () => 0,
};

/** At most `perSecond` on average with bursts of `burst`, first come first served. */
export class TokenBucket {
  #tokens: number;
  #atMs: number;
  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly timers: Timers,
  ) {
    this.#tokens = burst;
    this.#atMs = timers.monotonicMs();
  }
  /** Waits for a turn. Rejects when the signal is or gets aborted (a turn waited for is then lost). */
  async take(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const nowMs = this.timers.monotonicMs();
    this.#tokens = Math.min(this.burst, this.#tokens + ((nowMs - this.#atMs) / 1000) * this.perSecond);
    this.#atMs = nowMs;
    this.#tokens -= 1;
    if (this.#tokens < 0) await this.timers.sleep(Math.ceil((-this.#tokens / this.perSecond) * 1000), signal);
  }
}
