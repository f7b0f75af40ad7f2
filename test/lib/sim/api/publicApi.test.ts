// What the public half says of the recorded candles, and that it never says anything of what comes later: GMO API 4,
// docs/venue.md.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Candle } from "../../../../lib/core/candle.ts";
import { DAY_MS, type EpochMs, epochMs, HOUR_MS, MINUTE_MS, parseInstant } from "../../../../lib/core/time.ts";
import { LONG } from "../../../long.ts";
import { type Answer, Desk, marketOf, START_PRICE } from "../desk.ts";
import { candlesOf, commands, play, steps } from "../streams.ts";

/** 04:30 JST, an hour and a half before the venue's day ends. */
const FROM_MS = parseInstant("2025-06-30T19:30:00Z");
const DAY_START_MS = parseInstant("2025-06-30T21:00:00Z");
/** About four hours with gaps, always the same. */
const RECORDED = candlesOf(FROM_MS, START_PRICE, fc.sample(steps(180, 180), { numRuns: 1, seed: 11 })[0]!).candles;
const END_MS = RECORDED.at(-1)!.openMs + MINUTE_MS;

const at = (nowMs: number, candles: readonly Candle[] = RECORDED): Desk =>
  new Desk({ candles: { candles, intervalMs: MINUTE_MS }, eth: FROM_MS, startMs: epochMs(nowMs) });
const klines = (d: Desk, interval: string, date: string): Answer =>
  d.get("/v1/klines", { symbol: "BTC_JPY", interval, date });

interface Row {
  readonly openMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}
const rowsOf = (answer: Answer): readonly Row[] =>
  answer.data.map((row: Readonly<Record<string, string>>) => ({
    openMs: Number(row["openTime"]),
    ...Object.fromEntries(["open", "high", "low", "close", "volume"].map((key) => [key, Number(row[key])])),
  }));
/** Straight from the recorded minutes: what an interval should be. */
const merged = (candles: readonly Candle[], intervalMs: number): readonly Row[] => {
  const rows = new Map<number, Candle[]>();
  for (const candle of candles) {
    const openMs = candle.openMs - ((((candle.openMs - DAY_START_MS) % intervalMs) + intervalMs) % intervalMs);
    rows.set(openMs, [...(rows.get(openMs) ?? []), candle]);
  }
  return [...rows].map(([openMs, part]) => ({
    openMs,
    open: part[0]!.open,
    high: Math.max(...part.map((c) => c.high)),
    low: Math.min(...part.map((c) => c.low)),
    close: part.at(-1)!.close,
    volume: Number(part.reduce((sum, c) => sum + c.volume, 0).toFixed(8)),
  }));
};
const between = (fromMs: number, toMs: number): readonly Candle[] =>
  RECORDED.filter((c) => c.openMs >= fromMs && c.openMs < toMs);

describe("klines", () => {
  test.each([
    ["1min", MINUTE_MS],
    ["5min", 5 * MINUTE_MS],
    ["10min", 10 * MINUTE_MS],
    ["15min", 15 * MINUTE_MS],
    ["30min", 30 * MINUTE_MS],
    ["1hour", HOUR_MS],
  ])("%s of a finished day equal the recorded candles: nothing empty, nothing added", (interval, intervalMs) => {
    const d = at(END_MS);
    expect(rowsOf(klines(d, interval, "20250630"))).toEqual(merged(between(FROM_MS, DAY_START_MS), intervalMs));
    expect(rowsOf(klines(d, interval, "20250701"))).toEqual(merged(between(DAY_START_MS, END_MS), intervalMs));
  });
  test.each(["4hour", "8hour", "12hour", "1day"])("%s of a year begin at 06:00 JST", (interval) => {
    const intervalMs = { "4hour": 4, "8hour": 8, "12hour": 12, "1day": 24 }[interval]! * HOUR_MS;
    expect(rowsOf(klines(at(END_MS), interval, "2025"))).toEqual(merged(RECORDED, intervalMs));
  });
  test("the recorded hours have gaps, so the tests above show that none is filled", () => {
    expect((END_MS - FROM_MS) / MINUTE_MS).toBeGreaterThan(RECORDED.length + 10);
  });

  test("only up to now, the running candle as far as it has gone", () => {
    const open = { volume: 8, openMs: FROM_MS, open: 10_000_000, high: 10_060_000, low: 10_000_000, close: 10_060_000 };
    const candles = [
      open,
      {
        ...open,
        openMs: epochMs(FROM_MS + MINUTE_MS),
        open: 10_060_000,
        high: 10_060_000,
        low: 9_000_000,
        close: 9_000_000,
      },
    ];
    const seen = (second: number) => rowsOf(klines(at(FROM_MS + second * 1_000, candles), "1min", "20250630"));
    // Up from 15 s to 45 s: half way at 30 s; the volume in proportion to the time.
    expect(seen(0)).toMatchObject([{ open: 10_000_000, high: 10_000_000, low: 10_000_000, close: 10_000_000 }]);
    expect(seen(30)).toMatchObject([{ high: 10_030_000, low: 10_000_000, close: 10_030_000 }]);
    expect(seen(30)[0]!.volume).toBeCloseTo(4, 2);
    expect(seen(59.999)).toEqual([open]);
    expect(seen(60)).toMatchObject([open, { openMs: FROM_MS + MINUTE_MS, close: 10_060_000, low: 10_060_000 }]);
    // The 15-minute row runs over both.
    expect(rowsOf(klines(at(FROM_MS + 90_000, candles), "15min", "20250630"))).toMatchObject([
      { openMs: FROM_MS, open: 10_000_000, high: 10_060_000, low: 9_530_000, close: 9_530_000 },
    ]);
  });
  test.each([
    ["the day that has not begun", "1min", "20250701"],
    ["a day before the data", "1min", "20250629"],
    ["a year for a short interval", "1min", "2025"],
    ["a day for a long interval", "4hour", "20250630"],
    ["dashes", "1min", "2025-06-30"],
    ["a day that does not exist", "1min", "20250631"],
    ["nothing", "1min", ""],
    ["an unknown interval", "2min", "20250630"],
    ["the last year with four digits", "1day", "9999"],
    ["a year before the data", "1day", "0001"],
    ["a week by its day", "1week", "20250630"],
  ])("%s is ERR-5207, and the venue lives on", (_, interval, date) => {
    const d = at(DAY_START_MS - 1);
    expect(klines(d, interval, date)).toMatchObject({ httpStatus: 404, status: 2, code: "ERR-5207" });
    expect(klines(d, "1min", "20250630").status).toBe(0);
  });
  test("at 06:00 JST the new day is there as soon as it has traded", () => {
    const d = at(DAY_START_MS - 1);
    expect(klines(d, "1min", "20250701").code).toBe("ERR-5207");
    d.simulator.advanceTo(epochMs(between(DAY_START_MS, END_MS)[0]!.openMs));
    expect(rowsOf(klines(d, "1min", "20250701"))).toHaveLength(1);
  });
});

describe("trades", () => {
  const trades = (d: Desk, page: number, count: number): readonly Readonly<Record<string, string>>[] =>
    d.get("/v1/trades", { symbol: "BTC_JPY", page, count }).data.list ?? [];

  test("every match prints a BUY and a SELL row, newest first, none from the future", () => {
    const d = at(END_MS - 20_000);
    const rows = trades(d, 1, 100);
    expect(rows).toHaveLength(100);
    for (let i = 0; i < rows.length; i += 2)
      expect([rows[i]!["side"], { ...rows[i + 1], side: "BUY" }]).toEqual(["BUY", { ...rows[i], side: "BUY" }]);
    const times = rows.map((row) => Date.parse(row["timestamp"]!));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(times[0]).toBeLessThanOrEqual(d.nowMs);
    expect(times[0]).toBeGreaterThan(d.nowMs - 30_000);
  });
  test("pages follow one another without a seam, also with an odd count", () => {
    const d = at(END_MS);
    const pages = Array.from({ length: 8 }, (_, i) => trades(d, i + 1, 7)).flat();
    expect(pages).toEqual(trades(d, 1, 56));
    expect(trades(d, 9_999, 100)).toEqual([]);
  });
  test("the prints of a minute touch its open, high, low and close and add up to its volume", () => {
    const candle = RECORDED.find((c) => c.volume === 20 && c.high > c.open && c.low < c.open)!;
    const rows = trades(at(candle.openMs + MINUTE_MS - 1), 1, 8);
    const prices = rows.map((row) => Number(row["price"]));
    expect(new Set(prices)).toEqual(new Set([candle.open, candle.high, candle.low, candle.close]));
    expect(rows.reduce((sum, row) => sum + Number(row["size"]), 0)).toBeCloseTo(20, 6);
  });
});

describe("ticker and book", () => {
  test("asks ascend, bids descend, around the last price by half the hour's spread; the ticker says the same", () => {
    for (let nowMs: number = FROM_MS; nowMs < END_MS; nowMs += 7 * MINUTE_MS + 11_111) {
      const d = at(nowMs);
      const { asks, bids } = d.get("/v1/orderbooks", { symbol: "BTC_JPY" }).data;
      const [ticker] = d.get("/v1/ticker", { symbol: "BTC_JPY" }).data;
      const prices = (side: readonly { price: string }[]): readonly number[] =>
        side.map((level) => Number(level.price));
      expect(prices(asks)).toEqual([...new Set(prices(asks))].toSorted((a, b) => a - b));
      expect(prices(bids)).toEqual([...new Set(prices(bids))].toSorted((a, b) => b - a));
      expect([ticker.ask, ticker.bid]).toEqual([asks[0].price, bids[0].price]);
      const half = Math.round(Number(ticker.last) / 20_000);
      expect(prices(asks)[0]! - Number(ticker.last)).toBe(half);
      expect(Number(ticker.last) - prices(bids)[0]!).toBe(half);
      expect([...asks, ...bids].every((level: { size: string }) => Number(level.size) >= 0.001)).toBe(true);
      expect(asks).toHaveLength(20);
      d.close();
    }
  });
  test("the book's size comes from the minute before: the running minute does not show in it", () => {
    const flat = { open: 10_000_000, high: 10_000_000, low: 10_000_000, close: 10_000_000 };
    const candles = [5, 500].map((volume, i) => ({ ...flat, openMs: epochMs(FROM_MS + i * MINUTE_MS), volume }));
    const best = (second: number) =>
      at(FROM_MS + second * 1_000, candles).get("/v1/orderbooks", { symbol: "BTC_JPY" }).data.asks[0].size;
    expect([best(61), best(119), best(120)]).toEqual(["0.5", "0.5", "50"]);
  });
  test("high and low are those of the venue's day, volume is that of 24 hours", () => {
    const [before] = at(DAY_START_MS - 1).get("/v1/ticker", { symbol: "BTC_JPY" }).data;
    const old = between(FROM_MS, DAY_START_MS);
    expect(Number(before.high)).toBe(Math.max(...old.map((c) => c.high)));
    const d = at(END_MS - 1);
    const [ticker] = d.get("/v1/ticker", { symbol: "BTC_JPY" }).data;
    const today = between(DAY_START_MS, END_MS);
    expect(Number(ticker.high)).toBe(Math.max(...today.map((c) => c.high)));
    expect(Number(ticker.low)).toBe(Math.min(...today.map((c) => c.low)));
    expect(Number(ticker.volume)).toBeCloseTo(
      RECORDED.reduce((sum, c) => sum + c.volume, 0),
      6,
    );
    expect(d.get("/v1/ticker").data).toHaveLength(2);
  });
});

describe("the path", () => {
  const path = fc.tuple(
    steps(3, 6),
    fc.nat(6 * MINUTE_MS),
    fc.nat(4 * MINUTE_MS),
    fc.integer({ min: -30_000, max: 30_000 }),
  );
  test("the first touch of a level is the first millisecond at which the price is there", () => {
    const found = { some: 0, none: 0 };
    fc.assert(
      fc.property(path, fc.boolean(), ([list, fromOffset, length, away], above) => {
        const file = candlesOf(FROM_MS, START_PRICE, list);
        const market = marketOf(file);
        const level = START_PRICE + away;
        const fromMs = FROM_MS + fromOffset;
        const untilMs = fromMs + length;
        const trades = (ms: number): boolean => file.candles.some((c) => ms >= c.openMs && ms < c.openMs + MINUTE_MS);
        const touches = (ms: number): boolean => {
          const last = market.last("BTC_JPY", epochMs(ms))!;
          return trades(ms) && (above ? last >= level : last <= level);
        };
        const atMs = market.firstTouch(
          "BTC_JPY",
          { side: above ? "atOrAbove" : "atOrBelow", ticks: level },
          epochMs(fromMs),
          epochMs(untilMs),
        );
        for (let ms = fromMs; ms < Math.min(atMs ?? untilMs + 1, untilMs + 1); ms += 97)
          if (touches(ms)) throw new Error(`touched at ${ms}, before ${atMs}`);
        if (atMs === undefined) found.none += 1;
        else {
          found.some += 1;
          expect([atMs >= fromMs && atMs <= untilMs, touches(atMs)]).toEqual([true, true]);
          if (atMs > fromMs) expect(touches(atMs - 1)).toBe(false);
        }
      }),
      { numRuns: LONG ? 10_000 : 300 },
    );
    expect(Math.min(found.some, found.none)).toBeGreaterThan(10);
  });
  test.each<[string, readonly [number, number, number, number], readonly [number, number, number, number]]>([
    ["the high when it is nearer to the open", [100, 103, 90, 95], [100, 103, 90, 95]],
    ["the low when it is nearer to the open", [100, 110, 97, 105], [100, 97, 110, 105]],
    ["on a tie the low when the candle rises", [100, 110, 90, 101], [100, 90, 110, 101]],
    ["on a tie the high when it falls", [100, 110, 90, 99], [100, 110, 90, 99]],
    ["on a tie the low when it ends where it began", [100, 110, 90, 100], [100, 90, 110, 100]],
  ])("after the open at 1/4 comes %s, the other at 3/4, the close at the end", (_name, ohlc, points) => {
    for (const intervalMs of [MINUTE_MS, 15 * MINUTE_MS]) {
      const [open, high, low, close] = ohlc.map((offset) => START_PRICE + offset) as [number, number, number, number];
      const candle = (openMs: number): Candle => ({ openMs: epochMs(openMs), open, high, low, close, volume: 1 });
      const market = marketOf({ candles: [candle(DAY_START_MS), candle(DAY_START_MS + intervalMs)], intervalMs });
      const seen = [0, intervalMs / 4, (intervalMs * 3) / 4, intervalMs - 1].map(
        (offset) => market.last("BTC_JPY", epochMs(DAY_START_MS + offset))! - START_PRICE,
      );
      expect(seen).toEqual(points);
    }
  });
  test("it visits each candle's open, high, low and close and never leaves its range", () => {
    const market = marketOf({ candles: RECORDED, intervalMs: MINUTE_MS });
    for (const candle of RECORDED.slice(0, 40)) {
      const values: number[] = [];
      for (let ms: number = candle.openMs; ms < candle.openMs + MINUTE_MS; ms += 250)
        values.push(market.last("BTC_JPY", epochMs(ms))!);
      values.push(market.last("BTC_JPY", epochMs(candle.openMs + MINUTE_MS - 1))!);
      expect([values[0], Math.max(...values), Math.min(...values), values.at(-1)]).toEqual([
        candle.open,
        candle.high,
        candle.low,
        candle.close,
      ]);
    }
  });
});

describe("no look-ahead", () => {
  /** Everything one can ask. */
  const everything = (d: Desk): string =>
    [
      d.get("/v1/ticker"),
      d.get("/v1/orderbooks", { symbol: "BTC_JPY" }),
      d.get("/v1/trades", { symbol: "BTC_JPY" }),
      ...["1min", "15min", "1hour"].flatMap((i) => ["20250630", "20250701"].map((date) => klines(d, i, date))),
      klines(d, "1day", "2025"),
      ...["activeOrders", "latestExecutions", "openPositions"].map((p) => d.get(`/v1/${p}`, { symbol: "BTC_JPY" })),
      d.get("/v1/account/margin"),
      d.get("/v1/account/assets"),
    ]
      .map((answer) => answer.text)
      .join("\n");

  test("two markets that differ only from T on give the same replies up to T, whatever is ordered", () => {
    let differed = 0;
    let compared = 0;
    fc.assert(
      fc.property(steps(5, 12), steps(1, 8), steps(1, 8), commands(25), fc.nat(99), (past, one, other, list, seed) => {
        const startMs = epochMs(DAY_START_MS - 5 * MINUTE_MS);
        const shared = candlesOf(startMs, START_PRICE, past).candles;
        const splitMs = shared.at(-1)!.openMs + MINUTE_MS;
        const venue = (future: typeof one) => {
          const tail = candlesOf(epochMs(splitMs), shared.at(-1)!.close, future).candles;
          const candles = { candles: [...shared, ...tail], intervalMs: MINUTE_MS };
          return new Desk({ candles, eth: startMs, startMs, seed, venue: { partialFills: true, cancelAfterMs: 300 } });
        };
        const [a, b] = [venue(one), venue(other)];
        for (const command of list) {
          if (command.do === "pass" && a.nowMs + command.ms >= splitMs) continue;
          expect(play(a, command)).toBe(play(b, command));
          expect(everything(a)).toBe(everything(b));
          compared += 1;
        }
        for (const d of [a, b]) d.simulator.advanceTo(epochMs(splitMs - 1));
        expect(everything(a)).toBe(everything(b));
        for (const d of [a, b]) d.simulator.advanceTo(epochMs(splitMs + HOUR_MS));
        if (everything(a) !== everything(b)) differed += 1;
        for (const d of [a, b]) d.close();
      }),
      { numRuns: LONG ? 150 : 25 },
    );
    // The futures were different, or the test would prove nothing.
    expect(differed).toBeGreaterThan(5);
    expect(compared).toBeGreaterThan(50);
  });
  test("nothing is known after the last candle, nor before the first", () => {
    const market = marketOf({ candles: RECORDED, intervalMs: MINUTE_MS });
    const before = epochMs(FROM_MS - 1) satisfies EpochMs;
    expect([market.last("BTC_JPY", before), market.best("BTC_JPY", before), market.book("BTC_JPY", before)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(() => at(FROM_MS - 1)).toThrow("expected a start at or after the first candle of BTC_JPY");
    expect(market.last("BTC_JPY", epochMs(END_MS + DAY_MS))).toBe(RECORDED.at(-1)!.close);
  });
});
