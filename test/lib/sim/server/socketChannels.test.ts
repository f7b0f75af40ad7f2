// The public and private channels of the venue's WebSockets (GMO API 10.2, 10.4): plain `ws`, frames checked as text.
import { afterEach, describe, expect, test } from "vitest";
import { type Ear, START_PRICE, type Stand, type StandOptions, stand } from "./stand.ts";

let open: Stand[] = [];
const started = async (options?: StandOptions): Promise<Stand> => {
  const made = await stand(options);
  open.push(made);
  return made;
};
afterEach(async () => {
  for (const made of open) await made.close();
  open = [];
});
const BTC = { symbol: "BTC_JPY" };
const msOf = (frame: { readonly timestamp: string }): number => Date.parse(frame.timestamp);

describe("public channels (10.2)", () => {
  const RISING: StandOptions = { btc: (s) => s.to(START_PRICE + 60_000, 10).flat(60) };
  test("orderbooks: 30 levels a side on the 505 ms grid, asks rising, bids falling, grouping", async () => {
    const venue = await started(RISING);
    const ear = await venue.publicEar();
    ear.subscribe("orderbooks", BTC);
    await ear.settled();
    venue.advance(15);
    venue.advance(10);
    const books = await ear.heard(20, "orderbooks");
    for (const book of books) {
      expect(msOf(book) % 505).toBe(0);
      expect([book.asks.length, book.bids.length, book.symbol, book.grouping]).toEqual([30, 30, "BTC_JPY", "1"]);
      const [asks, bids] = [book.asks, book.bids].map((side) =>
        side.map((row: { price: string }) => Number(row.price)),
      );
      expect(asks).toEqual(asks.toSorted((a: number, b: number) => a - b));
      expect(bids).toEqual(bids.toSorted((a: number, b: number) => b - a));
      expect(bids[0]).toBeLessThan(asks[0]);
    }
    // From 15 s on the price moves, and every point of the grid has news.
    const moving = books.map(msOf).filter((ms) => ms > Date.parse("2025-07-01T00:02:16Z"));
    expect(moving.slice(1).map((ms, i) => ms - moving[i]!)).toEqual(Array(moving.length - 1).fill(505));
  });
  test("an unchanged book is said again at most every 5.2 s", async () => {
    const venue = await started();
    const ear = await venue.publicEar();
    ear.subscribe("orderbooks", BTC);
    await ear.settled();
    venue.advance(26);
    const books = await ear.heard(5, "orderbooks");
    await ear.settled();
    const gaps = books.slice(1).map((book, i) => msOf(book) - msOf(books[i]));
    expect(gaps).toEqual(Array(gaps.length).fill(5_050));
    expect(new Set(books.map(({ asks, bids }) => JSON.stringify([asks, bids]))).size).toBe(1);
  });
  test("the book of the socket is the top of the book of REST", async () => {
    const venue = await started();
    const ear = await venue.publicEar();
    ear.subscribe("orderbooks", BTC);
    await ear.settled();
    venue.advance(1);
    const [book] = await ear.heard(1, "orderbooks");
    const { data } = (await venue.public("/v1/orderbooks?symbol=BTC_JPY")).json;
    expect(data.asks.length).toBe(100);
    expect([book.asks, book.bids]).toEqual([data.asks.slice(0, 30), data.bids.slice(0, 30)]);
  });
  test("ticker: strings, sent when it has changed", async () => {
    const venue = await started({
      btc: (s) =>
        s
          .flat(1)
          .to(START_PRICE + 6_000, 1)
          .flat(30),
    });
    const ear = await venue.publicEar();
    ear.subscribe("ticker", BTC);
    await ear.settled();
    venue.advance(30);
    await ear.settled();
    const quiet = ear.frames.length;
    venue.advance(60);
    await ear.settled();
    expect(Object.keys(ear.frames[0]).toSorted()).toEqual(
      ["ask", "bid", "channel", "high", "last", "low", "symbol", "timestamp", "volume"].toSorted(),
    );
    const said = ear.frames.map((frame) => JSON.stringify({ ...frame, timestamp: "" }));
    expect(said.filter((text, i) => text === said[i - 1])).toEqual([]);
    expect(ear.frames.length).toBeGreaterThan(quiet);
  });
  test("trades: each match twice; TAKER_ONLY once; the latest subscription wins", async () => {
    const venue = await started(RISING);
    const [both, taker] = [await venue.publicEar(), await venue.publicEar()];
    both.subscribe("trades", { ...BTC, option: "TAKER_ONLY" });
    both.subscribe("trades", BTC);
    taker.subscribe("trades", BTC);
    taker.subscribe("trades", { ...BTC, option: "TAKER_ONLY" });
    for (const ear of [both, taker]) await ear.settled();
    venue.advance(120);
    for (const ear of [both, taker]) await ear.settled();
    expect([both.frames.length, taker.frames.length]).toEqual([16, 8]);
    const [first, second] = both.frames;
    expect([first.side, second.side]).toEqual(["BUY", "SELL"]);
    expect({ ...first, side: "" }).toEqual({ ...second, side: "" });
    expect(
      taker.frames.every((frame) => both.frames.some((row) => JSON.stringify(row) === JSON.stringify(frame))),
    ).toBe(true);
    // Where the price rose, buyers took.
    const rises = taker.frames.filter((frame, i) => i > 0 && Number(frame.price) > Number(taker.frames[i - 1].price));
    expect(rises.map((frame) => frame.side)).toEqual(Array(rises.length).fill("BUY"));
    expect(rises.length).toBeGreaterThan(1);
    expect(taker.frames.map(msOf)).toEqual(taker.frames.map(msOf).toSorted((a, b) => a - b));
  });
  test("a duplicate subscription is one stream; unsubscribe ends it; other symbols go on", async () => {
    const venue = await started(RISING);
    const ear = await venue.publicEar();
    ear.subscribe("orderbooks", BTC);
    ear.subscribe("orderbooks", BTC);
    ear.subscribe("orderbooks", { symbol: "BTC" });
    await ear.settled();
    venue.advance(0.6);
    await ear.settled();
    expect(ear.frames.map((frame) => frame.symbol).toSorted()).toEqual(["BTC", "BTC_JPY"]);
    ear.send({ command: "unsubscribe", channel: "orderbooks", ...BTC });
    await ear.settled();
    venue.advance(20);
    await ear.settled();
    expect(new Set(ear.frames.slice(2).map((frame) => frame.symbol))).toEqual(new Set(["BTC"]));
  });
});

describe("private channels (10.4)", () => {
  const EVERYTHING = ["executionEvents", "orderEvents", "positionEvents", "positionSummaryEvents"];
  const listening = async (venue: Stand, channels = EVERYTHING): Promise<Ear> => {
    const ear = await venue.privateEar();
    for (const channel of channels) ear.subscribe(channel);
    await ear.settled();
    return ear;
  };
  test("an order that fills publishes order, execution, position and summary, without a symbol in the command", async () => {
    const venue = await started();
    const ear = await listening(venue);
    const id = await venue.order({ size: "0.01" });
    await ear.settled();
    expect(ear.frames.map(({ channel, msgType }) => [channel, msgType])).toEqual([
      ["orderEvents", "NOR"],
      ["executionEvents", "ER"],
      ["positionEvents", "OPR"],
      ["positionSummaryEvents", "UPDATE"],
    ]);
    const [order, execution] = ear.frames;
    // Never EXECUTED: the full fill is seen in the execution alone.
    expect([order.orderId, order.orderStatus]).toEqual([id, "ORDERED"]);
    expect([execution.orderId, execution.orderExecutedSize, execution.orderSize]).toEqual([id, "0.01", "0.01"]);
  });
  test("positionSummaryEvents: INIT after the subscription, PERIODIC every 5 s when asked for, latest wins", async () => {
    const venue = await started();
    await venue.order({ size: "0.01" });
    const ear = await listening(venue, ["positionSummaryEvents"]);
    venue.advance(20);
    await ear.settled();
    expect(ear.frames.map((frame) => frame.msgType)).toEqual(["INIT"]);
    ear.subscribe("positionSummaryEvents", { option: "PERIODIC" });
    await ear.settled();
    venue.advance(15);
    await ear.settled();
    expect(ear.frames.map((frame) => frame.msgType)).toEqual(["INIT", "INIT", "PERIODIC", "PERIODIC", "PERIODIC"]);
    const times = ear.frames.slice(2).map(msOf);
    expect([times[1]! - times[0]!, times[2]! - times[1]!]).toEqual([5_000, 5_000]);
    ear.subscribe("positionSummaryEvents");
    await ear.settled();
    venue.advance(20);
    await ear.settled();
    expect(ear.frames.slice(5).map((frame) => frame.msgType)).toEqual(["INIT"]);
  });
  test("events of venue time come in order, each at its own time, in one leap", async () => {
    const venue = await started({
      btc: (s) =>
        s
          .to(START_PRICE - 60_000, 10)
          .to(START_PRICE + 60_000, 10)
          .flat(10),
    });
    const ear = await listening(venue, ["executionEvents"]);
    for (const away of [30_000, 10_000, 20_000]) await venue.order({ price: String(START_PRICE - away), size: "0.01" });
    venue.advance(1_500);
    const fills = await ear.heard(3, "executionEvents");
    expect(fills.map((fill) => Number(fill.executionPrice))).toEqual([9_990_000, 9_980_000, 9_970_000]);
    const times = fills.map((fill) => fill.executionTimestamp);
    expect(times).toEqual(times.toSorted());
    expect(new Set(times).size).toBe(3);
  });
  test("eventOrder before: the event is published, the response follows after the gap", async () => {
    const venue = await started({ venue: { eventOrder: "before" }, server: { eventGapMs: 20 } });
    const ear = await listening(venue, ["orderEvents"]);
    let replied = false;
    const reply = venue.order({ price: String(START_PRICE - 10_000), size: "0.01" }).finally(() => {
      replied = true;
    });
    const [event] = await ear.heard(1);
    venue.wall.advance(19);
    await ear.settled();
    expect(replied).toBe(false);
    venue.wall.advance(1);
    expect(await reply).toBe(event.orderId);
  });
  test("eventOrder after: the reply is given, the event follows after the gap", async () => {
    const venue = await started({ venue: { eventOrder: "after" }, server: { eventGapMs: 20 } });
    const ear = await listening(venue, ["orderEvents"]);
    const id = await venue.order({ price: String(START_PRICE - 10_000), size: "0.01" });
    venue.wall.advance(19);
    await ear.settled();
    expect(ear.frames).toEqual([]);
    venue.wall.advance(1);
    expect((await ear.heard(1))[0].orderId).toBe(id);
  });
  test("eventOrder random: both happen, drawn by the seed", async () => {
    const orders = async (seed: number): Promise<string> => {
      const venue = await started({ seed });
      const ear = await listening(venue, ["orderEvents"]);
      let text = "";
      for (let i = 1; i <= 12; i++) {
        const served = venue.server.simulator.serve.bind(venue.server.simulator);
        venue.server.simulator.serve = (request) => {
          const result = served(request);
          text += result.eventsFirst ? "b" : "a";
          return result;
        };
        await venue.order({ price: String(START_PRICE - 10_000), size: "0.001" });
        venue.server.simulator.serve = served;
        await ear.heard(i);
      }
      return text;
    };
    const [one, again] = [await orders(1), await orders(1)];
    expect(again).toBe(one);
    expect(new Set(one)).toEqual(new Set(["a", "b"]));
  });
  test("an event held back until after its reply is not overtaken: a fill of venue time sends it first", async () => {
    const venue = await started({
      venue: { eventOrder: "after" },
      server: { eventGapMs: 60_000 },
      btc: (s) => s.to(START_PRICE - 60_000, 10).flat(10),
    });
    const ear = await listening(venue, ["orderEvents", "executionEvents"]);
    const ids = [];
    for (const away of [10_000, 20_000])
      ids.push(await venue.order({ price: String(START_PRICE - away), size: "0.001" }));
    await ear.settled();
    expect(ear.frames).toEqual([]);
    venue.advance(120);
    await ear.heard(3);
    expect(ear.frames.map(({ channel, orderId }) => [channel, orderId])).toEqual([
      ["orderEvents", ids[0]],
      ["orderEvents", ids[1]],
      ["executionEvents", ids[0]],
    ]);
    venue.wall.advance(60_000);
    await ear.settled();
    expect(ear.frames).toHaveLength(3);
  });
  test("channels are mixed by the seed, each in its own order; or kept", async () => {
    const run = async (channelOrder: "mixed" | "kept", seed: number): Promise<string[]> => {
      const venue = await started({ seed, server: { channelOrder } });
      const ear = await listening(venue);
      for (let i = 0; i < 8; i++) await venue.order({ size: "0.01" });
      await ear.heard(32);
      const executions = ear.frames.filter((frame) => frame.channel === "executionEvents");
      expect(executions.map((row) => row.executionId)).toEqual(executions.map((row) => row.executionId).toSorted());
      return ear.frames.map((frame) => frame.channel);
    };
    const kept = await run("kept", 1);
    expect(kept).toEqual(
      Array(8).fill(["orderEvents", "executionEvents", "positionEvents", "positionSummaryEvents"]).flat(),
    );
    const mixed = await run("mixed", 1);
    expect(mixed).not.toEqual(kept);
    expect(await run("mixed", 1)).toEqual(mixed);
    expect(mixed.toSorted()).toEqual(kept.toSorted());
  });
});
