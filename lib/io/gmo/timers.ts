// Waiting, injectable: the network waits in real time; a simulator in virtual time never waits.
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

/** No waiting: retries follow at once and no pace is kept. For the simulator in the same process. */
export const noTimers: Timers = {
  sleep: async (_ms, signal) => signal?.throwIfAborted(),
  monotonicMs: () => 0,
};

/** At most `perSecond` on average with bursts of `burst`, first come first served. */
export class TokenBucket {
  #tokens: number;
  #atMs: number;
  #slowUntilMs = Number.NEGATIVE_INFINITY;
  constructor(
    private perSecond: number,
    private burst: number,
    private readonly timers: Timers,
  ) {
    this.#tokens = burst;
    this.#atMs = timers.monotonicMs();
  }
  /** Waits for a turn. Rejects when the signal is or gets aborted (the turn is then lost). */
  async take(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.#refill();
    this.#tokens -= 1;
    if (this.#tokens < 0) await this.timers.sleep(Math.ceil(this.#waitMs(-this.#tokens)), signal);
  }
  /** From now on; a request already waiting keeps its turn. */
  setRate(perSecond: number, burst: number): void {
    this.#refill();
    this.perSecond = perSecond;
    this.burst = burst;
    this.#tokens = Math.min(this.#tokens, burst);
  }
  /** No burst, and a quarter of the rate for `forMs`. */
  slowDown(forMs: number): void {
    this.#refill();
    this.#tokens = Math.min(this.#tokens, 0);
    this.#slowUntilMs = this.#atMs + forMs;
  }
  #refill(): void {
    const nowMs = this.timers.monotonicMs();
    const slowMs = Math.max(0, Math.min(nowMs, this.#slowUntilMs) - this.#atMs);
    const fullMs = nowMs - this.#atMs - slowMs;
    this.#tokens = Math.min(this.burst, this.#tokens + ((fullMs + slowMs * SLOW_RATE) / 1000) * this.perSecond);
    this.#atMs = nowMs;
  }
  #waitMs(tokens: number): number {
    const fullMs = (tokens / this.perSecond) * 1000;
    const slowLeftMs = Math.max(0, this.#slowUntilMs - this.#atMs);
    const atSlowRateMs = fullMs / SLOW_RATE;
    return atSlowRateMs <= slowLeftMs ? atSlowRateMs : slowLeftMs + fullMs - slowLeftMs * SLOW_RATE;
  }
}
const SLOW_RATE = 0.25;
