// The public channels (GMO API 10.2): books of 30 levels on a grid of venue time, the ticker when it has changed, every match
// as it is printed. The grid is the market's own, the same for all sockets.
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
  /** What was said last, without its time, and when. */
  said: string | undefined;
  saidMs: number;
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
    const mine = this.#byConnection.get(connection) ?? new Map<string, Subscription>();
    mine.set(`${channel} ${symbol}`, { channel, symbol, option, said: undefined, saidMs: 0 });
    this.#byConnection.set(connection, mine);
  }
  unsubscribe(connection: Connection, channel: PublicChannel, symbol: string): void {
    const mine = this.#byConnection.get(connection);
    mine?.delete(`${channel} ${symbol}`);
    if (mine?.size === 0) this.#byConnection.delete(connection);
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
          if (channel === "trades" || this.#isNews(subscription, frame, nowMs)) connection.send(channel, frame);
      }
  }
  #frames(channel: PublicChannel, symbol: string, option: TradeOption, afterMs: EpochMs): readonly object[] {
    if (channel === "trades") return this.views.tradeFrames(symbol, afterMs, option);
    const frame = channel === "ticker" ? this.views.tickerFrame(symbol) : this.views.bookFrame(symbol);
    return frame === undefined ? [] : [frame];
  }

  /** Changed since it was last said to this socket; a standing book is said again from time to time. */
  #isNews(subscription: Subscription, frame: object, nowMs: EpochMs): boolean {
    const text = JSON.stringify({ ...frame, timestamp: "" });
    const quietMs = nowMs - subscription.saidMs;
    const beats = subscription.channel === "orderbooks" && quietMs >= this.options.bookHeartbeatMs;
    if (subscription.said === text && !beats) return false;
    subscription.said = text;
    subscription.saidMs = nowMs;
    return true;
  }
}
