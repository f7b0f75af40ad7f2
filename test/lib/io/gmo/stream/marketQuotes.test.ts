// Frames that are late, of a stopped feed or impossible are not delivered; the reason is reported once.
import { afterEach, expect, test } from "vitest";
import { parseYen } from "../../../../../lib/core/money.ts";
import { isoUtc, plusMs } from "../../../../../lib/core/time.ts";
import { QuoteChecks } from "../../../../../lib/io/gmo/quoteChecks.ts";
import { stopAll } from "./fakes.ts";
import { book, Stage, ticker, trade } from "./marketStage.ts";

let stage = new Stage();
afterEach(async () => {
  await stopAll(stage);
  stage = new Stage();
});

/** A live stream of all three channels; the venue's clock is `offsetMs` from ours. */
const live = async (offsetMs = 0) => {
  const stream = stage.stream({
    quotes: { checks: new QuoteChecks(), venueClock: () => ({ offsetMs, errorMs: 0 }) },
  });
  for (const channel of ["ticker", "orderbooks", "trades"] as const) stream.subscribe(channel, "BTC_JPY");
  stream.start();
  await stage.timers.pass(5_000);
  const send = async (frame: object, agoMs: number) => {
    const timestamp = isoUtc(plusMs(stage.timers.clock.nowMs(), offsetMs - agoMs));
    stage.network.last.send({ ...frame, timestamp });
    await stage.timers.pass(10);
  };
  return { send };
};
const delivered = () => stage.of("market").map(({ event }) => event.kind);

test("truth 1: a late ticker, book or trade is no quote; it is reported once until a fresh one comes", async () => {
  const { send } = await live();
  for (const frame of [ticker("BTC_JPY", "100"), book("BTC_JPY", "100"), trade("100")]) {
    await send(frame, 10_001);
    await send(frame, 12_000);
  }
  expect(delivered()).toEqual([]);
  expect(stage.problems).toEqual(["retry QUOTE_OLD", "retry QUOTE_OLD", "retry QUOTE_OLD"]);
  await send(ticker("BTC_JPY", "100"), 200);
  await send(ticker("BTC_JPY", "100"), 11_000);
  expect(delivered()).toEqual(["ticker"]);
  expect(stage.problems).toHaveLength(4);
});

test.each([-3_600_000, -5_000, 5_000])("truth 1: the venue's clock %d ms from ours is taken out", async (offsetMs) => {
  const { send } = await live(offsetMs);
  await send(ticker("BTC_JPY", "100"), 300);
  await send(ticker("BTC_JPY", "100"), 11_000);
  expect(delivered()).toEqual(["ticker"]);
});

test("truth 20: an impossible frame is not delivered; a jump is, with the second frame that shows it", async () => {
  const { send } = await live();
  const priced = (price: string) => ({ ...ticker("BTC_JPY", price), bid: price, ask: price });
  await send(priced("100"), 100);
  for (const price of ["0", "9999999999999999999999", "10"]) await send(priced(price), 100);
  await send(trade("0"), 100);
  expect(delivered()).toEqual(["ticker"]);
  await send(priced("80"), 100);
  expect(delivered()).toEqual(["ticker"]);
  await send(priced("81"), 100);
  expect(stage.of("market").at(-1)?.event).toMatchObject({ kind: "ticker", bid: parseYen("81") });
});
