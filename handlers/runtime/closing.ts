// Closes what was opened, in reverse order, each thing once, also when a later step fails.

type Close = () => void | Promise<void>;

/** What was opened so far by one step of a program. */
export class Closing {
  #closes: Close[] = [];

  add(close: Close): void {
    this.#closes.push(close);
  }
  /** Takes over the closing of what a step opened, and returns what it made. */
  keep<T>(opened: Opened<T>): T {
    this.add(opened.close);
    return opened.made;
  }
  /**
   * Closes everything, the newest first. A failing close does not keep the others open. Throws the first failure at the
   * end. Called again, it closes only what was added since.
   */
  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closes.splice(0).reverse())
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    if (failures.length > 0) throw failures[0];
  }
}

/** What a step made, and what closes it. */
interface Opened<T> {
  readonly made: T;
  readonly close: () => Promise<void>;
}

/** Called with the error of a failing close when there is an earlier error to throw; must not throw. */
type OnCloseFailed = (error: unknown) => void;

const closeAfter = async (closing: Closing, onCloseFailed: OnCloseFailed): Promise<void> => {
  try {
    await closing.close();
  } catch (error) {
    onCloseFailed(error);
  }
};

/** Runs a step that opens several things. When it throws, what it had opened is closed, and its error is thrown. */
export const opening = async <T>(
  onCloseFailed: OnCloseFailed,
  step: (closing: Closing) => T | Promise<T>,
): Promise<Opened<T>> => {
  const closing = new Closing();
  try {
    const made = await step(closing);
    return { made, close: () => closing.close() };
  } catch (error) {
    await closeAfter(closing, onCloseFailed);
    throw error;
  }
};

/** Runs `work` and closes what it has opened. Throws the error of `work`, or else the first failure of a close. */
export const closingAfter = async (
  onCloseFailed: OnCloseFailed,
  work: (closing: Closing) => Promise<void>,
): Promise<void> => {
  const opened = await opening(onCloseFailed, work);
  await opened.close();
};

/** The worker's life: three steps that open, one that waits for the end. */
interface Steps<F, C, R> {
  openFolder(): Promise<Opened<F>>;
  connect(folder: F): Promise<Opened<C>>;
  start(folder: F, connections: C): Promise<Opened<R>>;
  untilStopped(folder: F, running: R): Promise<void>;
}

/** Runs the steps in order; whatever was opened is closed in reverse order at the end, or when a step fails. */
export const runSteps = <F, C, R>(steps: Steps<F, C, R>, onCloseFailed: OnCloseFailed): Promise<void> =>
  closingAfter(onCloseFailed, async (closing) => {
    const folder = closing.keep(await steps.openFolder());
    const connections = closing.keep(await steps.connect(folder));
    const running = closing.keep(await steps.start(folder, connections));
    await steps.untilStopped(folder, running);
  });
