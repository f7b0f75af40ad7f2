// The only access to the clock. `nowMs` is the system's clock (virtual in replay); `realNowMs` is always the wall clock
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

/**
 * A wall clock set back by at most this is not followed: requests are signed with the venue's own time (GMO API 2.1).
 */
const HELD_MS = 30_000;

/**
 * A wall clock that does not go back: after a step back of up to 30 s it continues from where it was, by the monotonic
 * clock, until the wall clock has caught up. A larger step back is followed, and `onSetBack` is called soon after.
 * `floorMs`: the latest time in the book of an earlier process; never gone below in the same way.
 */
export const steadyClock = (
  source: Clock = realClock,
  options: { readonly floorMs?: EpochMs | undefined; readonly onSetBack?: (byMs: number) => void } = {},
): Clock => {
  let anchorMs: number = source.nowMs();
  let anchorMonotonicMs = source.monotonicMs();
  const { floorMs, onSetBack } = options;
  if (floorMs !== undefined && floorMs > anchorMs && floorMs - anchorMs <= HELD_MS) anchorMs = floorMs;
  return {
    nowMs: () => {
      const wallMs = source.nowMs();
      const monotonicMs = source.monotonicMs();
      const steadyMs = Math.floor(anchorMs + (monotonicMs - anchorMonotonicMs));
      if (wallMs <= steadyMs && steadyMs - wallMs <= HELD_MS) return epochMs(steadyMs);
      if (wallMs < steadyMs) setImmediate(() => onSetBack?.(steadyMs - wallMs));
      anchorMs = wallMs;
      anchorMonotonicMs = monotonicMs;
      return wallMs;
    },
    realNowMs: source.realNowMs,
    monotonicMs: source.monotonicMs,
  };
};

/** A clock that stands still until it is moved; never moves back. */
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

export interface FastClock {
  /** Of the wall clock, when the fast one stood at `fromMs`. */
  readonly wallMs: number;
  readonly fromMs: number;
  /** Milliseconds per millisecond of the wall. */
  readonly speed: number;
}
/** One clock for the processes of a rehearsal: each computes it from the wall clock. */
export const fastClock = ({ wallMs, fromMs, speed }: FastClock): Clock => ({
  ...realClock,
  nowMs: () => epochMs(Math.floor(fromMs + (realClock.nowMs() - wallMs) * speed)),
});
export const fastClockText = ({ wallMs, fromMs, speed }: FastClock): string => [wallMs, fromMs, speed].join(",");
/** undefined: not three numbers above 0. */
export const parseFastClock = (text: string): FastClock | undefined => {
  const [wallMs = Number.NaN, fromMs = Number.NaN, speed = Number.NaN, ...rest] = text.split(",").map(Number);
  const isWhole = rest.length === 0 && [wallMs, fromMs, speed].every((n) => Number.isFinite(n) && n > 0);
  return isWhole ? { wallMs, fromMs, speed } : undefined;
};
