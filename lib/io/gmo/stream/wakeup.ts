// Waits that end early: by a signal, by an abort, by time. Nothing stays registered when a wait is over.
import type { Timers } from "../timers.ts";

/** False when the abort came first. */
export const sleepUnlessAborted = async (timers: Timers, ms: number, signal: AbortSignal): Promise<boolean> => {
  if (signal.aborted) return false;
  try {
    await timers.sleep(ms, signal);
  } catch (e) {
    if (!signal.aborted) throw e;
  }
  return !signal.aborted;
};

/** Whichever comes first: the promise, or undefined when the signal aborts; the promise's later result is ignored. */
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

/** Keeps one signal until a waiter has consumed it. One waiter at a time. */
export class Wakeup {
  #signaled = false;
  #wake: (() => void) | undefined;
  constructor(private readonly timers: Timers) {}

  signal(): void {
    this.#signaled = true;
    this.#wake?.();
  }
  /** True: signaled. False: the time is over (`ms` undefined: never) or `signal` aborted. */
  async wait(signal: AbortSignal, ms?: number): Promise<boolean> {
    if (!this.#signaled && !signal.aborted) {
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
    const signaled = this.#signaled;
    this.#signaled = false;
    return signaled;
  }
}
