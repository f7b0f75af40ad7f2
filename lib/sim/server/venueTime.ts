// Moves the venue's time along the wall clock, times a speed, in steps that stop at everything that happens: our orders'
// events and the grid of the public channels. So the frames go out in order, each at its own venue time, however fast it runs.
import { type EpochMs, epochMs, SECOND_MS } from "../../core/time.ts";
import type { Simulator } from "../simulator.ts";
import type { Wall } from "./wall.ts";

export interface VenueTimeConfig {
  readonly simulator: Simulator;
  readonly wall: Wall;
  /** Venue seconds per second; 0: time moves by `advanceTo` alone. */
  readonly speed: number;
  /** After each step, with the venue's time before it. */
  readonly onStep: (beforeMs: EpochMs) => void;
  /** The next instant after `nowMs` at which a frame may be due; undefined: nobody listens. */
  readonly nextFrameMs: (nowMs: EpochMs) => EpochMs | undefined;
  /** A step failed: the venue must not go on. */
  readonly onFailure: (error: unknown) => void;
  /** The steps take longer than the time they stand for: venue time runs slower than `speed`. Told once. */
  readonly onSlow?: (() => void) | undefined;
}

/** The longest sleep: market and maintenance are looked at this often, wall time. */
const LONGEST_SLEEP_MS = SECOND_MS;
/** At very high speeds there is always something due: leave the process time for its connections. */
const SHORTEST_SLEEP_MS = 2;
/**
 * The longest piece of work at a time, wall time. What is left is not made up for: a venue that falls behind would have ever more
 * to do, and answer nobody.
 */
const LONGEST_WORK_MS = 50;
/** Between two frames of a grid, wall time: nobody could read more, and a fast venue would do nothing else. */
const SHORTEST_GRID_WALL_MS = 25;

/** The grid of `ms`, venue time, with frames left out where `speed` would make too many. */
export const gridAt = (speed: number, ms: number): number =>
  ms * Math.max(1, Math.ceil((speed * SHORTEST_GRID_WALL_MS) / ms));

export class VenueTime {
  #baseVenueMs: number;
  readonly #baseWallMs: number;
  #cancel: (() => void) | undefined;
  #closed = false;
  #slow = false;

  constructor(private readonly config: VenueTimeConfig) {
    this.#baseVenueMs = config.simulator.nowMs();
    this.#baseWallMs = config.wall.monotonicMs();
  }

  #targetMs(): number {
    const { wall, speed } = this.config;
    return this.#baseVenueMs + (wall.monotonicMs() - this.#baseWallMs) * speed;
  }

  /** To the present. Call before anything is answered, then `schedule` when that may have changed what comes next. */
  catchUp(): void {
    const { wall, simulator, onSlow } = this.config;
    const untilMs = wall.monotonicMs() + LONGEST_WORK_MS;
    const targetMs = Math.floor(this.#targetMs());
    if (this.#stepTo(targetMs, () => wall.monotonicMs() >= untilMs)) return;
    this.#baseVenueMs -= this.#targetMs() - simulator.nowMs();
    if (!this.#slow) onSlow?.();
    this.#slow = true;
  }
  /** Moves time by hand (speed 0); with a speed, time leaps and runs on from there. Throws RangeError for the past. */
  advanceTo(ms: EpochMs): void {
    const { simulator } = this.config;
    if (ms < simulator.nowMs()) throw new RangeError(`venue time cannot go back from ${simulator.nowMs()} to ${ms}`);
    this.#stepTo(ms);
    this.#baseVenueMs += Math.max(0, ms - this.#targetMs());
    this.schedule();
  }

  /** False: given up before the target. */
  #stepTo(targetMs: number, isEnough: () => boolean = () => false): boolean {
    const { simulator, nextFrameMs, onStep } = this.config;
    for (let nowMs = simulator.nowMs(); nowMs < targetMs; nowMs = simulator.nowMs()) {
      const limitMs = epochMs(Math.min(targetMs, nextFrameMs(nowMs) ?? targetMs));
      simulator.advanceTo(simulator.nextEventMs(limitMs) ?? limitMs);
      onStep(nowMs);
      if (simulator.nowMs() < targetMs && isEnough()) return false;
    }
    return true;
  }

  /** Sleeps until the next thing is due. */
  schedule(): void {
    const { simulator, wall, speed, nextFrameMs, onFailure } = this.config;
    this.#cancel?.();
    this.#cancel = undefined;
    if (speed === 0 || this.#closed) return;
    const nowMs = simulator.nowMs();
    const horizonMs = epochMs(nowMs + Math.ceil(LONGEST_SLEEP_MS * speed));
    const limitMs = epochMs(Math.min(horizonMs, nextFrameMs(nowMs) ?? horizonMs));
    const dueMs = simulator.nextEventMs(limitMs) ?? limitMs;
    const sleepMs = Math.ceil((dueMs - this.#targetMs()) / speed);
    this.#cancel = wall.after(Math.min(LONGEST_SLEEP_MS, Math.max(SHORTEST_SLEEP_MS, sleepMs)), () => {
      try {
        this.catchUp();
        this.schedule();
      } catch (e) {
        onFailure(e);
      }
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }
}
