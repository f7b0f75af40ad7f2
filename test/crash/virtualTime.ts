// Venue time for a world in which requests take time: due events happen in order, and each waiter wakes exactly at its
// time. Nothing here waits for real, so minutes of trading pass in milliseconds, always in the same order.
import { setImmediate as turn } from "node:timers/promises";
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Timers } from "../../lib/io/gmo/timers.ts";
import { Death } from "../sim/mortal.ts";

interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

export class VirtualTime {
  #nowMs: EpochMs;
  /** Sorted by time; of the same time, in order of arrival. */
  readonly #due: Due[] = [];
  /** Everything that was scheduled or has run: unchanged over two turns of the loop, all work has ended. */
  #activity = 0;

  constructor(startMs: EpochMs) {
    this.#nowMs = startMs;
  }
  get nowMs(): EpochMs {
    return this.#nowMs;
  }
  nextMs(): number | undefined {
    return this.#due[0]?.atMs;
  }
  at(atMs: number, run: () => void): void {
    this.#activity += 1;
    const index = this.#due.findIndex((due) => due.atMs > atMs);
    this.#due.splice(index < 0 ? this.#due.length : index, 0, { atMs, run });
  }
  /** Moves the time; what is due by then must be run with `runDue`. */
  advanceTo(ms: number): void {
    if (ms < this.#nowMs) throw new RangeError(`virtual time cannot go back from ${this.#nowMs} to ${ms}`);
    this.#nowMs = epochMs(ms);
  }
  runDue(): void {
    for (let due = this.#due[0]; due && due.atMs <= this.#nowMs; due = this.#due[0]) {
      this.#due.shift();
      this.#activity += 1;
      due.run();
    }
  }
  /** Until every handler waits for something of this time, or has ended. */
  async settle(): Promise<void> {
    for (let quiet = 0, before = this.#activity; quiet < 2; quiet += 1) {
      await turn();
      if (before !== this.#activity) quiet = -1;
      before = this.#activity;
    }
  }
}

/** The waiting of one life of the process: it ends with it. */
export class LifeTime {
  readonly #waiting = new Set<(error: Death) => void>();
  #over = false;
  /** What the wall clock of this machine is off by; the monotonic clock never is. */
  skewMs = 0;
  constructor(private readonly time: VirtualTime) {}

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (this.#over) return Promise.reject(new Death("dead already"));
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = (): void => end(() => reject(signal?.reason));
      const end = (settle: () => void): void => {
        this.#waiting.delete(reject);
        signal?.removeEventListener("abort", abort);
        settle();
      };
      this.#waiting.add(reject);
      signal?.addEventListener("abort", abort, { once: true });
      this.time.at(this.time.nowMs + ms, () => end(resolve));
    });
  }
  /** The process is gone: drops all waiters. */
  kill(): void {
    this.#over = true;
    for (const reject of [...this.#waiting]) reject(new Death("dead already"));
    this.#waiting.clear();
  }
  get clock(): Clock {
    const { time } = this;
    return {
      nowMs: () => epochMs(time.nowMs + this.skewMs),
      realNowMs: () => epochMs(Date.now()),
      // The worker takes a breath by it, which is a matter of real time.
      monotonicMs: () => 0,
    };
  }
  get timers(): Timers {
    return { sleep: (ms, signal) => this.sleep(ms, signal), monotonicMs: () => this.time.nowMs };
  }
}
