// Old market data through the real connector: status, ticker, book, trades and candles over REST.
import { describe, expect, test } from "vitest";
import { verdictOf } from "../../../../handlers/market/apiErrors.ts";
import { AppError } from "../../../../lib/core/errors.ts";
import { epochMs, isoUtc, parseInstant } from "../../../../lib/core/time.ts";
import type { ClientOptions } from "../../../../lib/io/gmo/client.ts";
import { createGmoVenue } from "../../../../lib/io/gmo/gmoVenue.ts";
import { silentLogger } from "../../../../lib/io/logger.ts";
import { CREDENTIALS, errorOf, FakeTimers, json } from "./stub.ts";

const START = parseInstant("2026-09-20T01:02:03.456Z");
const BTC = "BTC_JPY";
type RefusedReply = Parameters<NonNullable<ClientOptions["onRefusedReply"]>>[0];

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

describe("truth 20: an impossible reply is evidence, asked again, never handed on", () => {
  const scripted = (answer: (n: number, path: string) => object) => {
    const timers = new FakeTimers();
    const kept: RefusedReply[] = [];
    let asked = 0;
    const nowMs = () => epochMs(START + timers.nowMs);
    const venue = createGmoVenue({
      transport: {
        send: async ({ path }) => {
          asked += 1;
          return json({ status: 0, responsetime: isoUtc(nowMs()), ...answer(asked, path) });
        },
      },
      credentials: CREDENTIALS,
      clock: { nowMs },
      log: silentLogger(),
      timers,
      onRefusedReply: (evidence) => void kept.push(evidence),
    });
    return { venue, kept, timers, asked: () => asked, nowMs };
  };
  const priced = (price: string, atMs: number, more: object = {}) => ({
    data: [
      {
        ...{ symbol: BTC, ask: price, bid: price, last: price, high: price, low: price, volume: "5" },
        timestamp: isoUtc(epochMs(atMs)),
        ...more,
      },
    ],
  });

  test("zeros once: asked again, and the reply is kept without secrets", async () => {
    const s = scripted((n) => priced(n === 1 ? "0" : "100", START, { token: "abcdefghijklmnopqrstuvwxyz0123456789" }));
    expect(await s.venue.ticker(BTC)).toMatchObject({ bid: 100n * 10n ** 8n });
    expect(s.kept).toEqual([
      expect.objectContaining({ path: "/v1/ticker", code: "QUOTE_IMPOSSIBLE", found: "bid 0", leftOut: 0 }),
    ]);
    expect(s.kept[0]?.body).toContain('"bid":"0"');
    expect(s.kept[0]?.body).not.toContain("abcdefghij");
  });

  test("zeros for ever: no quote, and one piece of evidence a minute", async () => {
    const s = scripted(() => priced("0", START));
    for (let i = 0; i < 5; i += 1) expect((await errorOf(s.venue.ticker(BTC))).code).toBe("QUOTE_IMPOSSIBLE");
    expect(s.asked()).toBe(15);
    expect(s.kept).toHaveLength(1);
  });

  test("a fall of 20 % is believed by the second reply, within half a second", async () => {
    const s = scripted((n) => priced(n === 1 ? "100" : "80", START));
    await s.venue.ticker(BTC);
    expect(await s.venue.ticker(BTC)).toMatchObject({ bid: 80n * 10n ** 8n });
    expect(s.asked()).toBe(3);
    expect(s.timers.nowMs).toBeLessThanOrEqual(500);
  });

  test("the same body out of a cache is no second look", async () => {
    const cached = isoUtc(epochMs(START + 10));
    const s = scripted((n) => (n === 1 ? priced("100", START) : { ...priced("80", START), responsetime: cached }));
    await s.venue.ticker(BTC);
    expect((await errorOf(s.venue.ticker(BTC))).message).toMatch(/a price of 80 beside the last known 100/);
  });

  test("a tenth of the market is outside the venue's band: no look makes it a price within the hour", async () => {
    const s = scripted((n) => priced(n === 1 ? "100" : "10", START));
    await s.venue.ticker(BTC);
    for (let i = 0; i < 3; i += 1) expect((await errorOf(s.venue.ticker(BTC))).code).toBe("QUOTE_IMPOSSIBLE");
  });

  test("a number that cannot be read is asked again before it is an alert", async () => {
    const s = scripted((n) => priced(n < 3 ? "abc" : "100", START));
    expect(await s.venue.ticker(BTC)).toBeDefined();
    const never = scripted(() => priced("abc", START));
    expect(await errorOf(never.venue.ticker(BTC))).toMatchObject({ verdict: "alert", code: "VENUE_REPLY" });
    expect(never.asked()).toBe(3);
  });

  test("a candle of 1975, and a low of a ten-thousandth, are refused; a deep bar is taken when it comes again", async () => {
    const day = parseInstant("2026-09-18T21:00:00Z");
    const kline = (openMs: number, low = "90") => ({
      ...{ openTime: String(openMs).padStart(12, "0"), open: "100", high: "110", low, close: "101", volume: "1" },
    });
    const read = (row: object) => scripted(() => ({ data: [kline(day), row] })).venue.klines(BTC, "15min", "20260919");
    expect((await errorOf(read(kline(157_766_400_000)))).code).toBe("QUOTE_IMPOSSIBLE");
    expect((await errorOf(read(kline(day + 900_000, "0.01")))).code).toBe("QUOTE_IMPOSSIBLE");
    expect(await read(kline(day + 900_000, "70"))).toHaveLength(2);
  });
});
