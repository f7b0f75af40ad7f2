// A failure that repeats is logged once, and then at most once a minute.
const QUIET_MS = 60_000;

export class LogThrottle {
  readonly #logged = new Map<string, { atMs: number; suppressed: number }>();

  /**
   * Whether `what` is to be logged now (a monotonic clock): undefined when not, else how many repetitions were
   * suppressed since it was last logged. `what` must have few values: each is kept until the process ends.
   */
  admit(what: string, nowMs: number): number | undefined {
    const entry = this.#logged.get(what);
    if (entry !== undefined && nowMs - entry.atMs < QUIET_MS) {
      entry.suppressed += 1;
      return undefined;
    }
    this.#logged.set(what, { atMs: nowMs, suppressed: 0 });
    return entry?.suppressed ?? 0;
  }
}
