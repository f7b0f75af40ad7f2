// Delivers events to listeners one at a time, in order, without ever blocking the socket. A slow listener has a bounded
// queue: of books and tickers only the newest of each symbol waits; beyond the bound the oldest events are dropped and
// the listener gets their number. A listener that throws is logged and stays subscribed.
import type { Logger } from "../../logger.ts";

export type Listener<E> = (event: E) => void | Promise<void>;

interface DeliveryOptions<E> {
  readonly log: Logger;
  /** Events waiting for one listener. */
  readonly queueLimit: number;
  /** Of events with the same key only the newest waits; undefined: every event counts. */
  readonly keyOf: (event: E) => string | undefined;
  readonly lost: (count: number) => E;
  /** Events were dropped. */
  readonly onLost?: () => void;
}

class Queue<E> {
  #waiting: { key: string | undefined; event: E }[] = [];
  #pumping = false;
  #closed = false;
  #lost = 0;
  constructor(
    private readonly listener: Listener<E>,
    private readonly options: DeliveryOptions<E>,
  ) {}

  push(event: E): void {
    if (this.#closed) return;
    const key = this.options.keyOf(event);
    const older = key === undefined ? undefined : this.#waiting.find((entry) => entry.key === key);
    if (older) older.event = event;
    else this.#waiting.push({ key, event });
    if (this.#waiting.length > this.options.queueLimit) {
      this.#waiting.shift();
      this.#lost += 1;
      if (this.#lost === 1) this.options.onLost?.();
    }
    if (!this.#pumping) void this.#pump();
  }
  close(): void {
    this.#closed = true;
    this.#waiting = [];
  }
  get length(): number {
    return this.#waiting.length;
  }
  async #pump(): Promise<void> {
    this.#pumping = true;
    // The socket's callback returns first: no listener runs inside it.
    await Promise.resolve();
    while (!this.#closed && (this.#lost > 0 || this.#waiting.length > 0)) {
      const lost = this.#lost;
      this.#lost = 0;
      await this.#hand(lost > 0 ? this.options.lost(lost) : this.#waiting.shift()!.event);
    }
    this.#pumping = false;
  }
  async #hand(event: E): Promise<void> {
    try {
      await this.listener(event);
    } catch (err) {
      this.options.log.error({ err }, "stream.listener");
    }
  }
}

export class Delivery<E> {
  readonly #queues = new Set<Queue<E>>();
  constructor(private readonly options: DeliveryOptions<E>) {}

  /** Returns the function that unsubscribes. */
  listen(listener: Listener<E>): () => void {
    const queue = new Queue(listener, this.options);
    this.#queues.add(queue);
    return () => {
      queue.close();
      this.#queues.delete(queue);
    };
  }
  emit(event: E): void {
    for (const queue of this.#queues) queue.push(event);
  }
  get listenerCount(): number {
    return this.#queues.size;
  }
  /** The longest queue. */
  get waiting(): number {
    return Math.max(0, ...[...this.#queues].map((queue) => queue.length));
  }
}
