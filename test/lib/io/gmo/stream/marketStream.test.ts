// The public stream on a fake network in fake time: pace, reconnects, dead connections, refusals, slow listeners,
// stopping.
import { afterEach, describe, expect, test } from "vitest";
import { CommandPace } from "../../../../../lib/io/gmo/stream/commandPace.ts";
import {
  MarketStream,
  type MarketStreamEvent,
  type MarketStreamOptions,
} from "../../../../../lib/io/gmo/stream/marketStream.ts";
import { silentLogger } from "../../../../../lib/io/logger.ts";
import { type Random, seededRandom } from "../../../../../lib/io/random.ts";
import { type FakeConnection, FakeNetwork, FakeTimers, flush } from "./fakes.ts";

const book = (symbol: string, price = "100") => ({
  ...{ channel: "orderbooks", symbol, asks: [{ price, size: "1" }], bids: [] },
  timestamp: "2026-09-20T00:00:00.000Z",
});
const ticker = (symbol: string, last: string) => ({
  ...{ channel: "ticker", symbol, ask: "101", bid: "99", last, high: "110", low: "90", volume: "5" },
  timestamp: "2026-09-20T00:00:00.000Z",
});
const trade = (price: string) => ({
  ...{ channel: "trades", symbol: "BTC_JPY", price, side: "BUY", size: "0.001" },
  timestamp: "2026-09-20T00:00:00.000Z",
});
/** Always the largest wait, a millisecond below the bound. */
const most: Random = { next: () => 0.999_999, int: (bound) => bound - 1 };
const half: Random = { next: () => 0.5, int: (bound) => Math.floor(bound / 2) };

class Stage {
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

let stage = new Stage();
afterEach(async () => {
  const stops = stage.streams.map((stream) => stream.stop());
  await stage.timers.pass(10_000);
  await Promise.all(stops);
  // Nothing may be left of any test.
  expect({ timers: stage.timers.waiting, connections: stage.network.live.length }).toEqual({
    timers: 0,
    connections: 0,
  });
  stage = new Stage();
});

describe("commands", () => {
  test("go out one per 1.1 s, in the order they were wanted, each channel and symbol once", async () => {
    const stream = stage.stream();
    stream.subscribe("orderbooks", "BTC_JPY");
    stream.subscribe("trades", "BTC_JPY");
    stream.subscribe("orderbooks", "BTC_JPY");
    stream.subscribe("ticker", "ETH_JPY");
    stream.start();
    await stage.live(4_000);
    const { commands, said } = stage.network.last;
    expect(said).toEqual(["orderbooks BTC_JPY", "trades BTC_JPY", "ticker ETH_JPY"]);
    expect(commands.map(({ atMs }) => atMs)).toEqual([0, 1_100, 2_200]);
    expect(commands.map(({ command }) => command["option"])).toEqual([undefined, "TAKER_ONLY", undefined]);
  });

  test("share one pace over two sockets", async () => {
    for (const symbol of ["BTC_JPY", "ETH_JPY"]) {
      const stream = stage.stream();
      stream.subscribe("ticker", symbol);
      stream.subscribe("trades", symbol);
      stream.start();
    }
    await stage.live(6_000);
    expect(stage.network.all).toHaveLength(2);
    const times = stage.network.all.flatMap(({ commands }) => commands.map(({ atMs }) => atMs));
    expect(times.sort((a, b) => a - b)).toEqual([0, 1_100, 2_200, 3_300]);
  });

  test("unsubscribe when the last one lets go, and letting go twice counts once", async () => {
    const stream = stage.stream();
    const first = stream.subscribe("ticker", "BTC_JPY");
    const second = stream.subscribe("ticker", "BTC_JPY");
    stream.start();
    await stage.live(3_000);
    first();
    first();
    await stage.live(3_000);
    expect(stage.network.last.said).toEqual(["ticker BTC_JPY"]);
    second();
    stage.network.last.send(ticker("BTC_JPY", "100"));
    await stage.live(3_000);
    expect(stage.network.last.said).toEqual(["ticker BTC_JPY", "-ticker BTC_JPY"]);
    expect(stage.of("market")).toEqual([]);
    expect(stream.counts().subscriptions).toBe(0);
  });

  test("a stream is live when everything is subscribed and nothing was refused for 1.5 s", async () => {
    const stream = stage.stream();
    stream.subscribe("ticker", "BTC_JPY");
    stream.subscribe("ticker", "ETH_JPY");
    stream.start();
    expect(stream.state.kind).toBe("connecting");
    await stage.live(2_599);
    expect(stream.state.kind).toBe("connecting");
    await stage.live(1);
    expect(stream.state).toEqual({ kind: "live", sinceMs: stage.timers.clock.nowMs() });
  });

  test("after a reconnect everything is subscribed again, in the same order and pace", async () => {
    const stream = stage.stream();
    for (const symbol of ["BTC_JPY", "ETH_JPY", "BTC"]) stream.subscribe("ticker", symbol);
    stream.start();
    await stage.live(5_000);
    const lostMs = stage.timers.clock.nowMs();
    stage.network.last.cut();
    await stage.timers.pass(0);
    expect(stream.state).toEqual({ kind: "down", sinceMs: lostMs, reason: "closed with 1006", final: false });
    await stage.live(6_000);
    expect(stage.network.all).toHaveLength(2);
    expect(stage.network.last.said).toEqual(["ticker BTC_JPY", "ticker ETH_JPY", "ticker BTC"]);
    const times = stage.network.last.commands.map(({ atMs }) => atMs);
    expect([times[1]! - times[0]!, times[2]! - times[1]!]).toEqual([1_100, 1_100]);
    expect(stream.state.kind).toBe("live");
  });
});

describe("a dead connection is noticed and replaced", () => {
  test("no answer to our ping within 10 s: half open", async () => {
    stage.stream().start();
    await stage.timers.pass(1_000);
    stage.network.last.polite = false;
    await stage.timers.pass(28_999);
    expect(stage.network.last.pings).toBe(1);
    expect(stage.network.last.ended).toBe(false);
    await stage.timers.pass(1);
    expect(stage.network.all[0]!.ended).toBe(true);
    expect(stage.of("state").at(-1)?.state).toMatchObject({ kind: "down", reason: "no pong within 10000 ms" });
    await stage.timers.pass(1_000);
    expect(stage.network.live).toHaveLength(1);
  });

  test("our pings keep an idle connection open for an hour, if the venue pings too", async () => {
    stage.stream().start();
    await stage.live(3_600_000);
    expect(stage.network.all).toHaveLength(1);
    expect(stage.network.last.pings).toBe(180);
  });

  test("pongs alone are not the venue: without a frame or ping of its own for 200 s it is cut", async () => {
    stage.stream().start();
    await stage.timers.pass(199_999);
    expect(stage.network.all).toHaveLength(1);
    await stage.timers.pass(2_000);
    expect(stage.of("state").map(({ state }) => state)).toContainEqual(
      expect.objectContaining({ kind: "down", reason: "the venue silent for 200000 ms" }),
    );
    expect(stage.network.all).toHaveLength(2);
  });

  test("a book silent for 15 s, though other channels go on", async () => {
    const stream = stage.stream();
    stream.subscribe("orderbooks", "BTC_JPY");
    stream.subscribe("ticker", "BTC_JPY");
    stream.start();
    await stage.live(10_000);
    const [connection] = stage.network.all;
    connection!.send(book("BTC_JPY"));
    for (let i = 0; i < 14; i++) {
      await stage.timers.pass(1_000);
      connection!.send(ticker("BTC_JPY", "100"));
    }
    expect(connection!.ended).toBe(false);
    await stage.timers.pass(1_000);
    expect(connection!.ended).toBe(true);
    expect(stream.state).toMatchObject({ kind: "down", reason: "orderbooks:BTC_JPY silent for 15000 ms" });
  });

  test("a book that repeats every 5 s is alive; a quiet ticker is no sign of death", async () => {
    const stream = stage.stream();
    stream.subscribe("orderbooks", "BTC_JPY");
    stream.subscribe("ticker", "BTC_JPY");
    stream.start();
    await stage.live(600_000);
    expect(stage.network.all).toHaveLength(1);
  });

  test("no answer to the upgrade within 10 s", async () => {
    stage.network.onConnect = () => {};
    const stream = stage.stream();
    stream.start();
    await stage.timers.pass(9_999);
    expect(stream.state.kind).toBe("connecting");
    await stage.timers.pass(1);
    expect(stream.state).toMatchObject({ kind: "down", reason: "no answer to the upgrade within 10000 ms" });
  });
});

describe("reconnecting", () => {
  /** Milliseconds between tries, while `onConnect` lets none succeed. */
  const waits = async (random: Random, onConnect: typeof stage.network.onConnect, tries: number): Promise<number[]> => {
    stage.network.onConnect = onConnect;
    stage.stream({ random }).start();
    while (stage.network.all.length < tries) await stage.timers.pass(100);
    const times = stage.network.all.slice(0, tries).map(({ bornMs }) => bornMs);
    return times.slice(1).map((bornMs, i) => bornMs - times[i]!);
  };
  const fails = (connection: FakeConnection): void => connection.end({ kind: "failed", reason: "ECONNREFUSED" });
  const refuses =
    (httpStatus: number) =>
    (connection: FakeConnection): void =>
      connection.end({ kind: "refused", httpStatus });

  test("waits double from half a second to half a minute", async () => {
    expect(await waits(most, fails, 10)).toEqual([499, 999, 1_999, 3_999, 7_999, 15_999, 29_999, 29_999, 29_999]);
    expect(stage.problems).toEqual([]);
  });
  test("and are jittered over their whole range", async () => {
    expect(await waits(half, fails, 5)).toEqual([250, 500, 1_000, 2_000]);
  });
  test("a minute of life starts them anew", async () => {
    let lives = 0;
    stage.network.onConnect = (connection) => {
      lives += 1;
      if (lives === 3) connection.open();
      else connection.end({ kind: "failed", reason: "ECONNRESET" });
    };
    stage.stream({ random: most }).start();
    await stage.timers.pass(2_000);
    expect(stage.network.last.opened).toBe(true);
    await stage.live(60_000);
    const cutMs = stage.timers.nowMs;
    stage.network.last.cut();
    await stage.timers.pass(5_000);
    expect(stage.network.all.slice(3).map(({ bornMs }) => bornMs - cutMs)).toEqual([499, 499 + 999, 499 + 999 + 1_999]);
  });
  test("HTTP 503 is maintenance: slower, and not logged", async () => {
    const found = await waits(most, refuses(503), 3);
    expect(found).toEqual([59_999, 59_999]);
    expect(stage.problems).toEqual([]);
    expect(stage.of("state").at(-1)?.state).toMatchObject({ reason: "HTTP 503 on upgrade" });
  });
  test("HTTP 404 is a wrong address: logged once, retried slowly", async () => {
    const found = await waits(most, refuses(404), 3);
    expect(found).toEqual([119_999, 119_999]);
    expect(stage.problems).toEqual(["alert VENUE_WS_REFUSED"]);
    expect(stage.of("problem")[0]!.error.message).toContain("found HTTP 404 on upgrade; check the address");
  });
  test("HTTP 502 is a failure like others", async () => {
    const found = await waits(most, refuses(502), 3);
    expect(found).toEqual([499, 999]);
    expect(stage.problems).toEqual([]);
  });
  test("an address that is no URL is refused at once", () => {
    expect(() => stage.stream({ url: "nowhere" })).toThrow(TypeError);
  });
});

describe("error frames", () => {
  const started = async (): Promise<MarketStream> => {
    const stream = stage.stream();
    stream.subscribe("ticker", "BTC_JPY");
    stream.subscribe("ticker", "ETH_JPY");
    stream.start();
    await stage.timers.pass(0);
    return stream;
  };

  test("ERR-5003: the command goes out again, all sockets pause, each time longer", async () => {
    const stream = await started();
    const [connection] = stage.network.all;
    connection!.send({ error: "ERR-5003 Requests are too many." });
    await stage.timers.pass(2_000);
    expect(connection!.commands.map(({ atMs }) => atMs)).toEqual([0, 2_000]);
    connection!.send({ error: "ERR-5003 Requests are too many." });
    await stage.live(10_000);
    expect(connection!.commands.map(({ atMs }) => atMs)).toEqual([0, 2_000, 6_000, 7_100]);
    expect(connection!.said).toEqual(["ticker BTC_JPY", "ticker BTC_JPY", "ticker BTC_JPY", "ticker ETH_JPY"]);
    expect([stream.state.kind, ...stage.problems]).toEqual(["live"]);
  });

  test("ERR-5003 may mean the command before the last: all recent ones go out again", async () => {
    await started();
    await stage.timers.pass(1_100);
    stage.network.last.send({ error: "ERR-5003" });
    await stage.live(6_000);
    expect(stage.network.last.said).toEqual(["BTC", "ETH", "BTC", "ETH"].map((coin) => `ticker ${coin}_JPY`));
  });

  test("ERR-5003 on an unsubscribe: it is unsubscribed again", async () => {
    const stream = stage.stream();
    const release = stream.subscribe("ticker", "BTC_JPY");
    stream.start();
    await stage.live(10_000);
    release();
    await stage.timers.pass(0);
    stage.network.last.send({ error: "ERR-5003" });
    await stage.live(5_000);
    expect(stage.network.last.said).toEqual(["ticker BTC_JPY", "-ticker BTC_JPY", "-ticker BTC_JPY"]);
  });

  test.each([
    ["ERR-5106 Invalid request parameter. symbol", "permanent ERR-5106"],
    ["ERR-5012 Invalid permissions for action", "alert ERR-5012"],
    ["who are you", "permanent UNKNOWN"],
  ])("%s: told once, never asked again, the others go on", async (error, problem) => {
    const stream = await started();
    stage.network.last.send({ error });
    await stage.live(4_000);
    expect(stage.network.last.said).toEqual(["ticker BTC_JPY", "ticker ETH_JPY"]);
    expect(stage.problems).toEqual([problem]);
    expect(stage.of("problem")[0]!.error.message).toContain("ticker:BTC_JPY");
    stage.network.last.cut();
    await stage.live(6_000);
    expect(stage.network.last.said).toEqual(["ticker ETH_JPY"]);
    expect([stream.state.kind, ...stage.problems]).toEqual(["live", problem]);
  });

  test("an error long after the last command condemns nothing", async () => {
    const stream = await started();
    await stage.live(20_000);
    stage.network.last.send({ error: "ERR-5106 Invalid request parameter." });
    await stage.live(5_000);
    expect(stage.problems).toEqual(["permanent ERR-5106"]);
    expect(stage.network.last.said).toEqual(["ticker BTC_JPY", "ticker ETH_JPY"]);
    expect(stream.counts().subscriptions).toBe(2);
  });
});

describe("delivery", () => {
  const listening = async (queueLimit?: number): Promise<MarketStream> => {
    const stream = stage.stream(queueLimit === undefined ? {} : { queueLimit });
    for (const channel of ["orderbooks", "trades", "ticker"] as const) stream.subscribe(channel, "BTC_JPY");
    stream.start();
    await stage.live(5_000);
    stage.seen.length = 0;
    return stream;
  };

  test("events carry the time they reached us", async () => {
    await listening();
    await stage.timers.pass(123);
    stage.network.last.send(trade("100"));
    await flush();
    expect(stage.of("market")).toMatchObject([{ receivedMs: stage.timers.clock.nowMs(), event: { kind: "trade" } }]);
  });

  test("a slow listener gets every trade but only the newest book, and delays no other", async () => {
    const stream = await listening();
    const slow: string[] = [];
    const gates: (() => void)[] = [];
    const leave = stream.listen(async (event) => {
      if (event.kind !== "market") return;
      const { event: e } = event;
      slow.push(e.kind === "orderBook" ? `book ${e.asks[0]!.price / 100_000_000n}` : e.kind);
      await new Promise<void>((resolve) => void gates.push(resolve));
    });
    stage.network.last.send(trade("1"));
    await flush();
    for (const price of ["1", "2", "3"]) {
      stage.network.last.send(book("BTC_JPY", price));
      stage.network.last.send(trade(price));
      stage.network.last.send(ticker("BTC_JPY", price));
      await flush();
    }
    expect(stage.of("market")).toHaveLength(10);
    expect(stream.counts().waiting).toBe(5);
    for (let i = 0; i < 6; i++) {
      gates.shift()?.();
      await flush();
    }
    expect(slow).toEqual(["trade", "book 3", "trade", "ticker", "trade", "trade"]);
    leave();
    expect(stream.counts()).toMatchObject({ listeners: 1, waiting: 0 });
  });

  test("beyond the bound the oldest are dropped and the listener gets their number", async () => {
    const stream = await listening(3);
    const heard: string[] = [];
    const gates: (() => void)[] = [];
    stream.listen(async (event) => {
      if (event.kind === "lost") heard.push(`lost ${event.count}`);
      if (event.kind === "market" && event.event.kind === "trade") heard.push(`${event.event.price / 100_000_000n}`);
      if (heard.length === 1) await new Promise<void>((resolve) => void gates.push(resolve));
    });
    stage.network.last.send(trade("1"));
    await flush();
    for (let i = 2; i <= 7; i++) stage.network.last.send(trade(String(i)));
    await flush();
    gates[0]!();
    await flush();
    expect(heard).toEqual(["1", "lost 3", "5", "6", "7"]);
  });

  test("a listener that throws or rejects loses one event, no connection and no other listener", async () => {
    const stream = await listening();
    let calls = 0;
    stream.listen(() => {
      calls += 1;
      throw new Error("a listener's own");
    });
    stream.listen(async () => {
      calls += 1;
      throw new Error("another's");
    });
    for (const price of ["1", "2"]) stage.network.last.send(trade(price));
    await flush();
    expect(calls).toBe(4);
    expect(stage.of("market")).toHaveLength(2);
    expect(stage.network.all).toHaveLength(1);
  });

  test("a frame that does not parse is logged once until live again, without secrets", async () => {
    await listening();
    const body = { ...ticker("BTC_JPY", "1e5"), extra: "A".repeat(40) };
    stage.network.last.send(body);
    stage.network.last.send(body);
    stage.network.last.send("{");
    await flush();
    expect(stage.problems).toEqual(["alert VENUE_FRAME", "alert VENUE_FRAME"]);
    const { message, data } = stage.of("problem")[0]!.error;
    expect(message).toContain("ticker that does not parse: last");
    expect(data["body"]).toContain("[redacted]");
    expect(stage.network.all).toHaveLength(1);
  });
});

describe("stopping leaves nothing behind, whatever the stream was doing", () => {
  const silent = (): void => {};
  const maintenance = (connection: FakeConnection): void => connection.end({ kind: "refused", httpStatus: 503 });
  const opens = (connection: FakeConnection): void => connection.open();
  test.each([
    ["not started", "connecting", opens, undefined],
    ["waiting for the upgrade", "connecting", silent, 10],
    ["subscribing", "connecting", opens, 10],
    ["live", "live", opens, 10_000],
    ["waiting to reconnect", "down", maintenance, 10],
  ])("%s", async (_name, kind, onConnect, forMs) => {
    stage.network.onConnect = onConnect;
    const stream = stage.stream();
    for (const symbol of ["BTC_JPY", "ETH_JPY", "BTC"]) stream.subscribe("orderbooks", symbol);
    if (forMs !== undefined) {
      stream.start();
      await stage.live(forMs);
    }
    expect(stream.state.kind).toBe(kind);
    const stopped = stream.stop();
    await stage.timers.pass(2_100);
    await stopped;
    expect(stream.state).toMatchObject({ kind: "down", reason: "stopped", final: true });
    expect([stage.timers.waiting, stage.network.live.length]).toEqual([0, 0]);
    const made = stage.network.all.length;
    await stage.timers.pass(600_000);
    expect(stage.network.all).toHaveLength(made);
  });

  test("a venue that does not agree to close is cut after 2 s", async () => {
    const stream = stage.stream();
    stream.start();
    await stage.timers.pass(10);
    stage.network.last.polite = false;
    const stopped = stream.stop();
    await stage.timers.pass(1_999);
    expect(stage.network.last).toMatchObject({ closeAsked: true, ended: false });
    await stage.timers.pass(1);
    await stopped;
    expect(stage.network.last.ended).toBe(true);
  });
});
