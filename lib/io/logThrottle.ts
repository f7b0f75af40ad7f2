// What fails again and again is said once, and then at most once a minute.
const QUIET_MS = 60_000;

export class LogThrottle {
  readonly #said = new Map<string, { atMs: number; leftOut: number }>();

  /**
   * Whether `what` is to be said now (a monotonic clock): undefined when not, else how often it was left out since it was
   * said last. `what` must be one of few: each is kept for ever.
   */
  admit(what: string, nowMs: number): number | undefined {
    const said = this.#said.get(what);
    if (said !== undefined && nowMs - said.atMs < QUIET_MS) {
      said.leftOut += 1;
      return undefined;
    }
    this.#said.set(what, { atMs: nowMs, leftOut: 0 });
    return said?.leftOut ?? 0;
  }
}
