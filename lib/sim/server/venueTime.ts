// Advances venue time with the wall clock times a speed, in steps that stop at every event of our orders and every grid
// point of the public channels, so that frames are sent in order, each at its own venue time, at any speed.
import { type EpochMs, epochMs, SECOND_MS } from "../../core/time.ts";
import type { Simulator } from "../simulator.ts";
import type { Wall } from "./wallClock.ts";

interface VenueTimeConfig {
  readonly simulator: Simulator;
  readonly wall: Wall;
  /** Venue seconds per second; 0: time moves by `advanceTo` only. */
  readonly speed: number;
  /** Venue time follows this clock instead, which runs at `speed`; nothing that is late is dropped. */
  readonly clockMs?: (() => number) | undefined;
  /** Called after each step with the venue time before it. */
  readonly onStep: (beforeMs: EpochMs) => void;
  /** The next instant after `nowMs` at which a frame may be due; undefined: no subscriber. */
  readonly nextFrameMs: (nowMs: EpochMs) => EpochMs | undefined;
  /** Called when a step failed: the venue must stop. */
  readonly onFailure: (error: unknown) => void;
  /** Called once when the steps take longer than the time they cover: venue time runs slower than `speed`. */
  readonly onSlow?: (() => void) | undefined;
}

/** The longest sleep, wall time: market and maintenance are checked at least this often. */
const LONGEST_SLEEP_MS = SECOND_MS;
/** At very high speeds something is always due: the pause gives the process time for its connections. */
const SHORTEST_SLEEP_MS = 2;
/**
 * The longest uninterrupted work, wall time. The remaining lag is dropped, not caught up: otherwise a slow venue would
 * fall further and further behind and stop answering.
 */
const LONGEST_WORK_MS = 50;
/** Minimum time between two frames of a grid, wall time: at high speed frames would otherwise take all the time. */
const SHORTEST_GRID_WALL_MS = 25;

/** The grid of `ms` venue time, widened to a multiple of `ms` where `speed` would produce too many frames. */
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
    const { wall, speed, clockMs } = this.config;
    if (clockMs) return clockMs();
    return this.#baseVenueMs + (wall.monotonicMs() - this.#baseWallMs) * speed;
  }

  /**
   * Advances to the present. Call it before answering; call `schedule` afterwards if the next due time may have
   * changed.
   */
  catchUp(): void {
    const { wall, simulator, onSlow } = this.config;
    const untilMs = wall.monotonicMs() + LONGEST_WORK_MS;
    const targetMs = Math.floor(this.#targetMs());
    // A clock that other processes follow too cannot be slowed down for this one.
    const isOutOfTime = this.config.clockMs ? undefined : () => wall.monotonicMs() >= untilMs;
    if (this.#stepTo(targetMs, isOutOfTime)) return;
    this.#baseVenueMs -= this.#targetMs() - simulator.nowMs();
    if (!this.#slow) onSlow?.();
    this.#slow = true;
  }
  /** Advances time explicitly; with a speed above 0 it then continues from there. Throws RangeError for the past. */
  advanceTo(ms: EpochMs): void {
    const { simulator } = this.config;
    if (ms < simulator.nowMs()) throw new RangeError(`venue time cannot go back from ${simulator.nowMs()} to ${ms}`);
    this.#stepTo(ms);
    this.#baseVenueMs += Math.max(0, ms - this.#targetMs());
    this.schedule();
  }

  /** False: stopped before the target because time was up. */
  #stepTo(targetMs: number, isOutOfTime: () => boolean = () => false): boolean {
    const { simulator, nextFrameMs, onStep } = this.config;
    for (let nowMs = simulator.nowMs(); nowMs < targetMs; nowMs = simulator.nowMs()) {
      const limitMs = epochMs(Math.min(targetMs, nextFrameMs(nowMs) ?? targetMs));
      simulator.advanceTo(simulator.nextEventMs(limitMs) ?? limitMs);
      onStep(nowMs);
      if (simulator.nowMs() < targetMs && isOutOfTime()) return false;
    }
    return true;
  }

  /** Sets the timer for the next due event. */
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
