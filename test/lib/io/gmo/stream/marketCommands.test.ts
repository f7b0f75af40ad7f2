// The commands of the public stream on a fake network in fake time: pace, order, and what the venue refuses.
import { afterEach, describe, expect, test } from "vitest";
import type { MarketStream } from "../../../../../lib/io/gmo/stream/marketStream.ts";
import { stopAll } from "./fakes.ts";
import { Stage, ticker } from "./marketStage.ts";

let stage = new Stage();
afterEach(async () => {
  await stopAll(stage);
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
