// Waiting that can be cut short: by a ring, by an abort, by time. Nothing stays behind when a wait is over.
import type { Timers } from "../timers.ts";

/** False when the signal came first. */
export const sleepUnlessAborted = async (timers: Timers, ms: number, signal: AbortSignal): Promise<boolean> => {
  if (signal.aborted) return false;
  try {
    await timers.sleep(ms, signal);
  } catch (e) {
    if (!signal.aborted) throw e;
  }
  return !signal.aborted;
};

/** Whichever comes first: the promise, or undefined when the signal aborts; what the promise then does is nobody's business. */
export const unlessAborted = async <T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> => {
  let stop = (): void => {};
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } catch (e) {
    if (signal.aborted) return undefined;
    throw e;
  } finally {
    signal.removeEventListener("abort", stop);
  }
};

/** Remembers one ring until somebody has waited for it. One waiter at a time. */
export class Wakeup {
  #rung = false;
  #wake: (() => void) | undefined;
  constructor(private readonly timers: Timers) {}

  signal(): void {
    this.#rung = true;
    this.#wake?.();
  }
  /** True: rung. False: the time is up (`ms` undefined: never) or the signal aborted. */
  async wait(signal: AbortSignal, ms?: number): Promise<boolean> {
    if (!this.#rung && !signal.aborted) {
      const cut = new AbortController();
      const stop = (): void => cut.abort();
      signal.addEventListener("abort", stop, { once: true });
      this.#wake = stop;
      if (ms === undefined)
        await new Promise<void>((resolve) => cut.signal.addEventListener("abort", () => resolve(), { once: true }));
      else await sleepUnlessAborted(this.timers, ms, cut.signal);
      this.#wake = undefined;
      signal.removeEventListener("abort", stop);
    }
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }
}
