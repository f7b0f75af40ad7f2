// What listeners of the public stream get, on a fake network in fake time: order, slow and failing listeners.
import { afterEach, describe, expect, test } from "vitest";
import type { MarketStream } from "../../../../../lib/io/gmo/stream/marketStream.ts";
import { flush, stopAll } from "./fakes.ts";
import { book, Stage, ticker, trade } from "./marketStage.ts";

let stage = new Stage();
afterEach(async () => {
  await stopAll(stage);
  stage = new Stage();
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
