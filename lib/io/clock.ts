// The only door to the clock. `nowMs` is the system's clock (virtual in replay); `realNowMs` is always the wall clock
// and serves leases, heartbeats and handler timeouts only (DESIGN 5); durations use `monotonicMs`.
import { performance } from "node:perf_hooks";
import { type EpochMs, epochMs } from "../core/time.ts";

export interface Clock {
  nowMs(): EpochMs;
  realNowMs(): EpochMs;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
}

export const realClock: Clock = {
  nowMs: () => epochMs(Date.now()),
  realNowMs: () => epochMs(Date.now()),
  monotonicMs: () => performance.now(),
};

/** A clock that stands still until told to move; never moves back. */
export class VirtualClock implements Clock {
  #nowMs: EpochMs;
  constructor(startMs: EpochMs) {
    this.#nowMs = startMs;
  }
  nowMs(): EpochMs {
    return this.#nowMs;
  }
  realNowMs(): EpochMs {
    return realClock.realNowMs();
  }
  monotonicMs(): number {
    return realClock.monotonicMs();
  }
  advanceTo(nowMs: EpochMs): void {
    if (nowMs < this.#nowMs) throw new RangeError(`virtual time cannot go back from ${this.#nowMs} to ${nowMs}`);
    this.#nowMs = nowMs;
  }
}
