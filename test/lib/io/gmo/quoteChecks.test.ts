// Old market data through the real connector: status, ticker, book, trades and candles over REST.
import { describe, expect, test } from "vitest";
import { verdictOf } from "../../../../handlers/market/apiErrors.ts";
import { AppError } from "../../../../lib/core/errors.ts";
import { epochMs, isoUtc, parseInstant } from "../../../../lib/core/time.ts";
import { createGmoVenue } from "../../../../lib/io/gmo/gmoVenue.ts";
import { silentLogger } from "../../../../lib/io/logger.ts";
import { CREDENTIALS, errorOf, FakeTimers, json } from "./stub.ts";

const START = parseInstant("2026-09-20T01:02:03.456Z");
const BTC = "BTC_JPY";

/** A venue whose public API writes its replies `wroteAgoMs` ago, stamped `stampAgoMs` before that; its clock is off by `offsetMs`. */
const venueWith = (it: {
  wroteAgoMs?: number;
  stampAgoMs?: number;
  offsetMs?: number;
  quoteMaxAgeMs?: number;
  lastTradeAgoMs?: number;
}) => {
  const timers = new FakeTimers();
  const facts = { wroteAgoMs: 0, stampAgoMs: 0, offsetMs: 0, lastTradeAgoMs: 300_000, ...it };
  const asked: string[] = [];
  const nowMs = () => epochMs(START + timers.nowMs);
  const venue = createGmoVenue({
    transport: {
      send: async ({ area, path }) => {
        asked.push(path);
        const venueNow = nowMs() + facts.offsetMs;
        const wroteMs = venueNow - (area === "private" ? 0 : facts.wroteAgoMs);
        const stamp = isoUtc(epochMs(wroteMs - facts.stampAgoMs));
        const level = (price: string) => [{ price, size: "0.1" }];
        const kline = (openMs: number) => ({
          ...{ openTime: String(openMs), open: "100", high: "110", low: "90", close: "101", volume: "1" },
        });
        const bar = Math.floor(wroteMs / 900_000) * 900_000;
        const data: Record<string, unknown> = {
          "/v1/status": { status: "OPEN" },
          "/v1/ticker": [
            { symbol: BTC, ask: "101", bid: "99", last: "100", high: "110", low: "90", volume: "5", timestamp: stamp },
          ],
          "/v1/orderbooks": { symbol: BTC, asks: level("101"), bids: level("99"), timestamp: stamp },
          "/v1/trades": {
            list: [
              { price: "100", side: "BUY", size: "0.1", timestamp: isoUtc(epochMs(venueNow - facts.lastTradeAgoMs)) },
            ],
          },
          "/v1/klines": [kline(bar - 900_000), kline(bar)],
          "/v1/account/assets": [],
        };
        return json({ status: 0, data: data[path], responsetime: isoUtc(epochMs(wroteMs)) });
      },
    },
    credentials: CREDENTIALS,
    clock: { nowMs },
    log: silentLogger(),
    timers,
    ...(facts.quoteMaxAgeMs === undefined ? {} : { quoteMaxAgeMs: facts.quoteMaxAgeMs }),
  });
  const reads = {
    status: () => venue.status(),
    ticker: () => venue.ticker(BTC),
    book: () => venue.orderBook(BTC),
    trades: () => venue.trades(BTC),
  };
  return { venue, facts, timers, asked, reads, all: Object.values(reads) };
};

describe("truth 1: a reply that the venue wrote long ago is no quote, whenever we asked", () => {
  test.each(["status", "ticker", "book", "trades"] as const)(
    "%s: asked again, then refused with its age",
    async (name) => {
      const w = venueWith({ wroteAgoMs: 11_000 });
      const error = await errorOf(w.reads[name]());
      expect(error).toMatchObject({ verdict: "retry", code: "QUOTE_OLD", data: { ageMs: 11_000 } });
      expect(error.message).toMatch(
        /expected data at most 10\.0 s old by the venue's own time, found data 11\.0 s old/,
      );
      expect(w.asked).toHaveLength(3);
      // NO PRICES says it; the API answers, so no API error is counted.
      expect(verdictOf({ error })).toBeUndefined();
    },
  );

  test("one old reply of a cache is only asked for again", async () => {
    const w = venueWith({ wroteAgoMs: 11_000 });
    w.timers.onSleep = () => {
      w.facts.wroteAgoMs = 400;
    };
    expect(await w.venue.ticker(BTC)).toMatchObject({ asOfMs: START + w.timers.nowMs - 400 });
    expect(w.asked).toHaveLength(2);
  });

  test("a fresh reply around a ticker or a book of a stopped feed is no quote; the newest trade proves nothing", async () => {
    const w = venueWith({ stampAgoMs: 12_000 });
    expect((await errorOf(w.venue.ticker(BTC))).code).toBe("QUOTE_OLD");
    expect((await errorOf(w.venue.orderBook(BTC))).code).toBe("QUOTE_OLD");
    expect(await w.venue.trades(BTC)).toHaveLength(1);
  });

  test("a quiet market is no old market: the same prices with fresh stamps for ten minutes", async () => {
    const w = venueWith({ wroteAgoMs: 1_400, stampAgoMs: 505 });
    for (let i = 0; i < 120; i += 1) {
      w.timers.nowMs += 5_000;
      for (const read of w.all) await read();
    }
    expect(w.asked).toHaveLength(480);
  });

  test.each([-5_000, -2_000, 2_000, 5_000])(
    "the venue's clock %d ms from ours, not measured: fresh is fresh, frozen is old",
    async (offsetMs) => {
      const w = venueWith({ offsetMs, wroteAgoMs: 1_400 });
      for (const read of w.all) await read();
      w.facts.wroteAgoMs = 30_000;
      for (const read of w.all) expect((await errorOf(read())).code).toBe("QUOTE_OLD");
    },
  );

  test.each([-3_600_000, -70_000, 70_000])("a measured offset of %d ms is taken out", async (offsetMs) => {
    const w = venueWith({ offsetMs, wroteAgoMs: 900 });
    await w.venue.assets(); // a private reply measures it
    for (const read of w.all) await read();
    w.facts.wroteAgoMs = 12_000;
    for (const read of w.all) expect((await errorOf(read())).code).toBe("QUOTE_OLD");
  });

  test("data from after now are no quote, and one such time ages nothing that follows", async () => {
    const w = venueWith({ offsetMs: 42_000 });
    expect(await errorOf(w.venue.ticker(BTC))).toMatchObject({ code: "QUOTE_AHEAD", data: { aheadMs: 42_000 } });
    w.facts.offsetMs = 0;
    expect(await w.venue.ticker(BTC)).toMatchObject({ asOfMs: START + w.timers.nowMs });
  });

  test("our clock is slow and nothing private measures it (paper): a freeze is seen all the same", async () => {
    const w = venueWith({ offsetMs: 4_500 });
    await w.venue.ticker(BTC);
    w.facts.wroteAgoMs = 10_500; // 6 s old on our slow clock
    expect(await errorOf(w.venue.ticker(BTC))).toMatchObject({ code: "QUOTE_OLD", data: { ageMs: 10_500 } });
  });

  test("an API frozen since before the start is old from the first reply on", async () => {
    const w = venueWith({ wroteAgoMs: 7_200_000 });
    for (const read of w.all) expect((await errorOf(read())).code).toBe("QUOTE_OLD");
    for (const read of w.all) expect((await errorOf(read())).code).toBe("QUOTE_OLD");
  });

  test("QUOTE_MAX_AGE_SECONDS is the limit", async () => {
    expect((await errorOf(venueWith({ wroteAgoMs: 4_000, quoteMaxAgeMs: 3_000 }).venue.ticker(BTC))).code).toBe(
      "QUOTE_OLD",
    );
    expect(await venueWith({ wroteAgoMs: 55_000, quoteMaxAgeMs: 60_000 }).venue.ticker(BTC)).toBeDefined();
  });

  test("a candle that was still running when the venue wrote the reply is left out", async () => {
    const w = venueWith({});
    const candles = await w.venue.klines(BTC, "15min", "20260920");
    expect(candles.map((c) => isoUtc(c.openMs))).toEqual(["2026-09-20T00:45:00.000Z"]);
    // Asked after the close, written before it: by our clock the bar of 01:00 would count as closed.
    w.timers.nowMs += 13 * 60_000;
    w.facts.wroteAgoMs = 10_000;
    const late = await w.venue.klines(BTC, "15min", "20260920");
    expect(late.map((c) => isoUtc(c.openMs))).toEqual(["2026-09-20T00:45:00.000Z"]);
  });

  test("it is an AppError that is safe to repeat", async () => {
    expect(await errorOf(venueWith({ wroteAgoMs: 60_000 }).venue.ticker(BTC))).toBeInstanceOf(AppError);
  });
});
