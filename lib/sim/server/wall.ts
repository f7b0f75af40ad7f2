// The wall side of the simulated venue's server: what belongs to connections (keepalive, tokens, rate limits, delays) runs
// on real time, whatever the speed of the venue's own time. Injectable, so that a test can let an hour pass at once.
import { realClock } from "../../io/clock.ts";

export interface Wall {
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
  /** Runs `run` once after `ms`. Returns how to prevent it. */
  after(ms: number, run: () => void): () => void;
}

export const realWall: Wall = {
  monotonicMs: () => realClock.monotonicMs(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
