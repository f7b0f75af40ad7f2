// The wall clock of the simulated venue's server: connections (keepalive, tokens, rate limits, delays) use real time,
// independent of the speed of venue time. Injectable, so that a test can skip an hour.
import { realClock } from "../../io/clock.ts";

export interface Wall {
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
  /** Runs `run` once after `ms`. Returns the function that cancels it. */
  after(ms: number, run: () => void): () => void;
}

export const realWall: Wall = {
  monotonicMs: () => realClock.monotonicMs(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
