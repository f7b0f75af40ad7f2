// The public channels (GMO API 10.2): books of 30 levels on a grid of venue time, the ticker when it has changed, every
// match when it is printed. All sockets share one grid.
import { type EpochMs, epochMs } from "../../core/time.ts";
import type { VenueViews } from "../api/views.ts";
import type { Connection } from "./connection.ts";
import type { ServerOptions } from "./serverOptions.ts";
import { gridAt } from "./venueTime.ts";

export type PublicChannel = "ticker" | "orderbooks" | "trades";
export const PUBLIC_CHANNELS: readonly string[] = ["ticker", "orderbooks", "trades"] satisfies PublicChannel[];
type TradeOption = "both" | "TAKER_ONLY";

interface Subscription {
  readonly channel: PublicChannel;
  readonly symbol: string;
  readonly option: TradeOption;
  /** The last frame without its timestamp, and when it was sent. */
  lastText: string | undefined;
  lastSentMs: number;
}

export class PublicFeed {
  readonly #byConnection = new Map<Connection, Map<string, Subscription>>();
  readonly #bookGridMs: number;
  readonly #tickerGridMs: number;

  constructor(
    private readonly views: VenueViews,
    private readonly options: ServerOptions,
    speed: number,
  ) {
    this.#bookGridMs = gridAt(speed, options.bookGridMs);
    this.#tickerGridMs = gridAt(speed, options.tickerGridMs);
  }

  /** The latest subscription of a channel and symbol wins. Throws RangeError for an unknown symbol. */
  subscribe(connection: Connection, channel: PublicChannel, symbol: string, option: TradeOption): void {
    const subscriptions = this.#byConnection.get(connection) ?? new Map<string, Subscription>();
    subscriptions.set(`${channel} ${symbol}`, { channel, symbol, option, lastText: undefined, lastSentMs: 0 });
    this.#byConnection.set(connection, subscriptions);
  }
  unsubscribe(connection: Connection, channel: PublicChannel, symbol: string): void {
    const subscriptions = this.#byConnection.get(connection);
    subscriptions?.delete(`${channel} ${symbol}`);
    if (subscriptions?.size === 0) this.#byConnection.delete(connection);
  }
  forget(connection: Connection): void {
    this.#byConnection.delete(connection);
  }

  nextFrameMs(nowMs: EpochMs): EpochMs | undefined {
    if (this.#byConnection.size === 0) return undefined;
    const next = (gridMs: number): number => (Math.floor(nowMs / gridMs) + 1) * gridMs;
    return epochMs(Math.min(next(this.#bookGridMs), next(this.#tickerGridMs)));
  }

  /** Venue time has moved from `beforeMs` to `nowMs`. */
  step(beforeMs: EpochMs, nowMs: EpochMs): void {
    if (this.#byConnection.size === 0) return;
    const crossed = (gridMs: number): boolean => Math.floor(nowMs / gridMs) > Math.floor(beforeMs / gridMs);
    const isDue = {
      trades: true,
      orderbooks: crossed(this.#bookGridMs),
      ticker: crossed(this.#tickerGridMs),
    };
    const made = new Map<string, readonly object[]>();
    const once = (key: string, make: () => readonly object[]): readonly object[] => {
      const frames = made.get(key) ?? make();
      made.set(key, frames);
      return frames;
    };
    for (const [connection, subscriptions] of this.#byConnection)
      for (const subscription of subscriptions.values()) {
        const { channel, symbol, option } = subscription;
        if (!isDue[channel]) continue;
        const frames = once(`${channel} ${symbol} ${option}`, () => this.#frames(channel, symbol, option, beforeMs));
        for (const frame of frames)
          if (channel === "trades" || this.#mustSend(subscription, frame, nowMs)) connection.send(channel, frame);
      }
  }
  #frames(channel: PublicChannel, symbol: string, option: TradeOption, afterMs: EpochMs): readonly object[] {
    if (channel === "trades") return this.views.tradeFrames(symbol, afterMs, option);
    const frame = channel === "ticker" ? this.views.tickerFrame(symbol) : this.views.bookFrame(symbol);
    return frame === undefined ? [] : [frame];
  }

  /** Whether the frame changed since the last one sent to this socket, or an unchanged book is due again. */
  #mustSend(subscription: Subscription, frame: object, nowMs: EpochMs): boolean {
    const text = JSON.stringify({ ...frame, timestamp: "" });
    const quietMs = nowMs - subscription.lastSentMs;
    const isHeartbeatDue = subscription.channel === "orderbooks" && quietMs >= this.options.bookHeartbeatMs;
    if (subscription.lastText === text && !isHeartbeatDue) return false;
    subscription.lastText = text;
    subscription.lastSentMs = nowMs;
    return true;
  }
}
