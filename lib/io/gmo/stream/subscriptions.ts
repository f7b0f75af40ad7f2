// The subscriptions a stream wants, in the order they were wanted, each channel and symbol once. The list outlives
// connections: every new connection subscribes to all of it again.
import type { VenueFrame } from "../../../core/venueEvents.ts";
import type { Channel, Command } from "../wireEvents.ts";

export interface Subscription {
  readonly channel: Channel;
  /** Public channels only. */
  readonly symbol?: string;
  readonly option?: "TAKER_ONLY" | "PERIODIC";
}

export const keyOf = ({ channel, symbol }: Subscription): string =>
  symbol === undefined ? channel : `${channel}:${symbol}`;

const CHANNEL_OF_KIND = {
  ticker: "ticker",
  orderBook: "orderbooks",
  trade: "trades",
  execution: "executionEvents",
  order: "orderEvents",
  position: "positionEvents",
  positionSummary: "positionSummaryEvents",
} as const satisfies Record<Exclude<VenueFrame["kind"], "error">, Channel>;
const PUBLIC: ReadonlySet<Channel> = new Set(["ticker", "orderbooks", "trades"]);

/** The key of the subscription a frame belongs to. */
export const keyOfFrame = (frame: Exclude<VenueFrame, { kind: "error" }>): string => {
  const channel = CHANNEL_OF_KIND[frame.kind];
  return PUBLIC.has(channel) ? `${channel}:${frame.symbol}` : channel;
};

export const commandOf = (command: "subscribe" | "unsubscribe", { channel, symbol, option }: Subscription): Command =>
  ({
    command,
    channel,
    ...(symbol === undefined ? {} : { symbol }),
    // The option belongs to the subscription; an unsubscribe names channel and symbol alone.
    ...(option === undefined || command === "unsubscribe" ? {} : { option }),
  }) as Command;

export class Subscriptions {
  readonly #wanted = new Map<string, Subscription>();
  readonly #refused = new Map<string, string>();
  readonly #listeners = new Set<() => void>();

  /** The same channel and symbol again changes only the option: the latest wins, as at the venue. */
  want(subscription: Subscription): void {
    const key = keyOf(subscription);
    if (this.#wanted.get(key)?.option === subscription.option && this.#wanted.has(key)) return;
    this.#wanted.set(key, subscription);
    this.#changed();
  }
  forget(key: string): void {
    this.#refused.delete(key);
    if (this.#wanted.delete(key)) this.#changed();
  }
  /** Refused by the venue: never requested again, unless forgotten and wanted anew. */
  refuse(key: string, code: string): void {
    this.#refused.set(key, code);
  }
  /** Requested again on the next connection: the refusal meant something else. */
  allow(key: string): void {
    this.#refused.delete(key);
  }
  /** In the order they were wanted, without the refused ones. */
  list(): readonly Subscription[] {
    return [...this.#wanted.values()].filter((subscription) => !this.#refused.has(keyOf(subscription)));
  }
  has(key: string): boolean {
    return this.#wanted.has(key) && !this.#refused.has(key);
  }
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
