// A public stream on a fake network in fake time, and frames as the venue writes them.
import { CommandPace } from "../../../../../lib/io/gmo/stream/commandPace.ts";
import {
  MarketStream,
  type MarketStreamEvent,
  type MarketStreamOptions,
} from "../../../../../lib/io/gmo/stream/marketStream.ts";
import { silentLogger } from "../../../../../lib/io/logger.ts";
import { seededRandom } from "../../../../../lib/io/random.ts";
import { FakeNetwork, FakeTimers } from "./fakes.ts";

export const book = (symbol: string, price = "100") => ({
  ...{ channel: "orderbooks", symbol, asks: [{ price, size: "1" }], bids: [] },
  timestamp: "2026-09-20T00:00:00.000Z",
});
export const ticker = (symbol: string, last: string) => ({
  ...{ channel: "ticker", symbol, ask: "101", bid: "99", last, high: "110", low: "90", volume: "5" },
  timestamp: "2026-09-20T00:00:00.000Z",
});
export const trade = (price: string) => ({
  ...{ channel: "trades", symbol: "BTC_JPY", price, side: "BUY", size: "0.001" },
  timestamp: "2026-09-20T00:00:00.000Z",
});

export class Stage {
  readonly timers = new FakeTimers();
  readonly network = new FakeNetwork(this.timers);
  readonly pace = new CommandPace(this.timers);
  readonly streams: MarketStream[] = [];
  readonly seen: MarketStreamEvent[] = [];

  stream(options: Partial<MarketStreamOptions> = {}): MarketStream {
    const stream = new MarketStream({
      ...{ url: "wss://venue.test/ws/public/v1", pace: this.pace, timers: this.timers, clock: this.timers.clock },
      ...{ random: seededRandom(7), log: silentLogger(), connect: this.network.connect },
      ...options,
    });
    stream.listen((event) => void this.seen.push(event));
    this.streams.push(stream);
    return stream;
  }
  of<K extends MarketStreamEvent["kind"]>(kind: K): Extract<MarketStreamEvent, { kind: K }>[] {
    return this.seen.filter((event): event is Extract<MarketStreamEvent, { kind: K }> => event.kind === kind);
  }
  get problems(): string[] {
    return this.of("problem").map(({ error }) => `${error.verdict} ${error.code}`);
  }
  /** Time passes while the venue lives: pings of its own, books of what is subscribed. */
  async live(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 5_000) {
      for (const connection of this.network.live.filter(({ opened }) => opened)) {
        connection.ping();
        for (const name of new Set(connection.said)) {
          const [channel, symbol] = name.split(" ");
          if (channel === "orderbooks") connection.send(book(symbol!));
        }
      }
      await this.timers.pass(Math.min(5_000, left));
    }
  }
}
