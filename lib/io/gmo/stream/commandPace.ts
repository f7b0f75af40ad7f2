// The venue takes one subscribe or unsubscribe a second per IP address, over all sockets (GMO API 3): one object of
// this class is shared by every socket of the process. Another process behind the same address has a pace of its own;
// the venue then returns ERR-5003 and `pause` slows us down.
import type { Timers } from "../timers.ts";
import { sleepUnlessAborted } from "./wakeup.ts";

interface Waiting {
  readonly urgent: boolean;
  readonly act: () => boolean;
  readonly done: () => void;
}

/** One command per 1.1 s: 19 in a row at this pace were never refused (GMO API 3). */
const COMMAND_EVERY_MS = 1_100;

export class CommandPace {
  #waiting: Waiting[] = [];
  #freeAtMs = Number.NEGATIVE_INFINITY;
  #pumping = false;
  #nobodyWaits = new AbortController();

  constructor(
    private readonly timers: Timers,
    private readonly everyMs: number = COMMAND_EVERY_MS,
  ) {}

  /**
   * Calls `act` when its turn comes, urgent ones first, else first come first served. `act` returns whether it sent
   * anything; if not, the turn goes to the next. Resolves after that, or when the signal aborts. Errors of `act` are
   * not caught here.
   */
  async turn(signal: AbortSignal, urgent: boolean, act: () => boolean): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        if (this.#waiting.length === 0) this.#nobodyWaits.abort();
        resolve();
      };
      const done = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const waiting: Waiting = { urgent, act, done };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiting);
      if (!this.#pumping) void this.#pump();
    });
  }
  /** No turn is given for `ms` from now on. */
  pause(ms: number): void {
    this.#freeAtMs = Math.max(this.#freeAtMs, this.timers.monotonicMs() + ms);
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    while (this.#waiting.length > 0) {
      const waitMs = this.#freeAtMs - this.timers.monotonicMs();
      if (waitMs > 0) {
        this.#nobodyWaits = new AbortController();
        await sleepUnlessAborted(this.timers, waitMs, this.#nobodyWaits.signal);
        continue;
      }
      const next = this.#waiting.find(({ urgent }) => urgent) ?? this.#waiting[0]!;
      this.#waiting = this.#waiting.filter((other) => other !== next);
      if (next.act()) this.#freeAtMs = this.timers.monotonicMs() + this.everyMs;
      next.done();
    }
    this.#pumping = false;
  }
}
