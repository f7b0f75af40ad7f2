// A clock many times as fast as the wall's for a server and its clients in one process. It cannot run away from them: in
// one turn of the event loop it advances by a bounded step, so that on a busy machine the clock slows down with everything
// that reads it, and a stall of the machine is no silence of the venue.
import type { Timers } from "../../../../lib/io/gmo/timers.ts";
import type { Wall } from "../../../../lib/sim/server/wallClock.ts";

/** Wall time that one turn may count at most. */
const MOST_PER_TURN_MS = 3;

interface Waiting {
  readonly atMs: number;
  readonly run: () => void;
}

export class FastTime implements Wall, Timers {
  #nowMs = 0;
  #lastWallMs = performance.now();
  readonly #waiting = new Set<Waiting>();
  readonly #ticker = setInterval(() => this.#turn(), 1).unref();
  constructor(private readonly speed: number) {}

  monotonicMs(): number {
    return this.#nowMs;
  }
  after(ms: number, run: () => void): () => void {
    const entry = { atMs: this.#nowMs + Math.max(0, ms), run };
    this.#waiting.add(entry);
    return () => void this.#waiting.delete(entry);
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const aborted = (): void => {
        cancel();
        reject(signal!.reason);
      };
      const cancel = this.after(ms, () => {
        signal?.removeEventListener("abort", aborted);
        resolve();
      });
      signal?.addEventListener("abort", aborted, { once: true });
    });
  }
  /** Nothing that waits is run any more. */
  end(): void {
    clearInterval(this.#ticker);
  }

  #turn(): void {
    const wallMs = performance.now();
    const untilMs = this.#nowMs + Math.min(wallMs - this.#lastWallMs, MOST_PER_TURN_MS) * this.speed;
    this.#lastWallMs = wallMs;
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#waiting.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
    }
    this.#nowMs = untilMs;
  }
  /** The first that is due until then; of several at one time the one that was asked for first. */
  #next(untilMs: number): Waiting | undefined {
    let first: Waiting | undefined;
    for (const entry of this.#waiting)
      if (entry.atMs <= untilMs && (first === undefined || entry.atMs < first.atMs)) first = entry;
    return first;
  }
}
