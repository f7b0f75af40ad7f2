// The public stream on a fake network in fake time: dead connections, reconnecting, stopping.
import { afterEach, describe, expect, test } from "vitest";
import type { Random } from "../../../../../lib/io/random.ts";
import { type FakeConnection, stopAll } from "./fakes.ts";
import { book, Stage, ticker } from "./marketStage.ts";

/** Always the largest wait, a millisecond below the bound. */
const most: Random = { next: () => 0.999_999, int: (bound) => bound - 1 };
const half: Random = { next: () => 0.5, int: (bound) => Math.floor(bound / 2) };

let stage = new Stage();
afterEach(async () => {
  await stopAll(stage);
  stage = new Stage();
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
