// What a number from outside can be.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Candle } from "../../../lib/core/candle.ts";
import { coinE8, yen, yenE8 } from "../../../lib/core/money.ts";
import {
  assetsProblem,
  assetsWorth,
  bookProblem,
  candlesVerdict,
  executionProblem,
  isNearPrice,
  isOutsideBand,
  marginProblem,
  orderProblem,
  positionProblem,
  tickerProblem,
  tradesProblem,
} from "../../../lib/core/plausible.ts";
import { BAR_MS, DAY_MS, epochMs, parseInstant } from "../../../lib/core/time.ts";
import type { Execution, Position, Ticker, VenueOrder } from "../../../lib/core/venue.ts";

const DAY = parseInstant("2026-09-19T21:00:00Z");
const NOW = epochMs(DAY + 6 * 3_600_000);
const PERIOD = { fromMs: DAY, untilMs: DAY + DAY_MS, spanMs: BAR_MS };
const HUGE = yenE8(10n ** 30n);
const BTC = yen(15_000_000);

describe("truth 20: a ticker", () => {
  const ticker = (it: Partial<Ticker>): Ticker => ({
    ...{ symbol: "BTC_JPY", bid: yen(14_999_000), ask: yen(15_001_000), last: BTC, high: BTC, low: BTC },
    ...{ volume: coinE8(1n), timestampMs: NOW },
    ...it,
  });
  test.each([
    ["zeros", { bid: yen(0), ask: yen(0), last: yen(0) }],
    ["a bid of zero", { bid: yen(0) }],
    ["a last price of zero", { last: yen(0) }],
    ["bid above ask", { bid: yen(15_001_001) }],
    ["22 digits", { bid: HUGE, ask: HUGE, last: HUGE }],
    ["an ask of three times the bid", { ask: yen(45_000_000) }],
    ["a last price outside the band", { last: yen(7_000_000) }],
    ["a negative bid", { bid: yenE8(-1n) }],
  ] as const)("with %s is impossible", (_, it) => {
    expect(tickerProblem(ticker(it))).toBeDefined();
  });
  test("of a market, quiet or wild, is possible", () => {
    expect(tickerProblem(ticker({}))).toBeUndefined();
    expect(tickerProblem(ticker({ bid: BTC, ask: BTC }))).toBeUndefined();
    expect(tickerProblem(ticker({ bid: yen(12_000_000) }))).toBeUndefined();
  });
  test("any bid of at most ask, within half of each other, is possible; anything crossed is not", () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 10n ** 17n), fc.bigInt(0n, 50n), fc.bigInt(0n, 100n), (bid, wide, inside) => {
        const ask = bid + (bid * wide) / 100n;
        const last = bid + ((ask - bid) * inside) / 100n;
        const [b, a, l] = [yenE8(bid), yenE8(ask), yenE8(last)];
        expect(tickerProblem(ticker({ bid: b, ask: a, last: l }))).toBeUndefined();
        expect(tickerProblem(ticker({ bid: yenE8(ask + 1n), ask: b, last: l }))).toBeDefined();
      }),
      { seed: 20 },
    );
  });
});

test("truth 20: a book and a page of trades", () => {
  const level = (price: bigint) => ({ price: yenE8(price), size: coinE8(1n) });
  const book = (bids: readonly bigint[], asks: readonly bigint[]) =>
    bookProblem({ symbol: "BTC_JPY", bids: bids.map(level), asks: asks.map(level), timestampMs: NOW });
  expect(book([BTC - 1n], [BTC])).toBeUndefined();
  expect(book([], [BTC])).toBeUndefined();
  for (const [bids, asks] of [
    [[0n], [BTC]],
    [[BTC + 1n], [BTC]],
    [[BTC], [HUGE]],
    [[BTC], [3n * BTC]],
  ] as const)
    expect(book(bids, asks)).toBeDefined();
  const trade = (price: bigint, atMs: number = NOW, size = 1n) => ({
    ...{ price: yenE8(price), size: coinE8(size), side: "BUY" as const, timestampMs: epochMs(atMs) },
  });
  expect(tradesProblem([trade(BTC), trade(BTC - 5n)], NOW)).toBeUndefined();
  expect(tradesProblem([], NOW)).toBeUndefined();
  for (const bad of [
    trade(0n),
    trade(HUGE),
    trade(BTC, 157_766_400_000),
    trade(BTC, NOW + DAY_MS),
    trade(BTC, NOW, 0n),
    trade(BTC / 10_000n),
  ])
    expect(tradesProblem([trade(BTC), bad], NOW)).toBeDefined();
});

describe("truth 20: candles", () => {
  const bar = (i: number, it: Partial<Candle> = {}): Candle => ({
    ...{ openMs: epochMs(DAY + i * BAR_MS), open: 15e6, high: 15.1e6, low: 14.9e6, close: 15e6, volume: 3 },
    ...it,
  });
  test.each([
    ["a low above the close", { low: 15.05e6 }],
    ["a high below the open", { high: 14.95e6 }],
    ["a low of zero", { low: 0 }],
    ["a low of a ten-thousandth of the market", { low: 1_500 }],
    ["22 digits", { high: 1e22 }],
    ["a time of 1975", { openMs: epochMs(157_766_400_000) }],
    ["the day after", { openMs: epochMs(DAY + DAY_MS) }],
    ["a time beside the grid", { openMs: epochMs(DAY + BAR_MS + 1) }],
    ["the time of the bar before", { openMs: DAY }],
    ["no number", { volume: Number.NaN }],
  ] as const)("with %s are impossible", (_, it) => {
    expect(candlesVerdict([bar(0), bar(1, it), bar(2)], PERIOD, NOW).impossible).toBeDefined();
  });
  test("a bar that falls by 30 % is doubtful: a second look decides", () => {
    const verdict = candlesVerdict([bar(0), bar(1, { low: 10.5e6, close: 10.5e6 })], PERIOD, NOW);
    expect(verdict).toMatchObject({ impossible: undefined, doubtful: expect.stringMatching(/low 10500000/) });
    expect(candlesVerdict([bar(0), bar(1, { low: 12.5e6, close: 12.5e6 })], PERIOD, NOW)).toEqual({
      impossible: undefined,
      doubtful: "",
    });
  });
  test("bars of any market with four ordered prices on the grid are possible", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.nat(99)), { minLength: 1, maxLength: 96 }),
        (rows) => {
          const candles = rows.map((four, i) => {
            const [low, a, b, high] = four.map((n) => 15e6 + n * 1_000).sort((x, y) => x - y) as [
              number,
              number,
              number,
              number,
            ];
            return bar(i, { low, high, open: a, close: b });
          });
          expect(candlesVerdict(candles, PERIOD, NOW)).toEqual({ impossible: undefined, doubtful: "" });
        },
      ),
      { seed: 20 },
    );
  });
});

test("truth 20: the account's rows", () => {
  const margin = {
    equity: yen(1_000_000),
    available: yen(-5),
    used: yen(0),
    unrealised: yen(-3),
    callStatus: "NORMAL",
  };
  expect(marginProblem(margin)).toBeUndefined();
  expect(marginProblem({ ...margin, equity: yenE8(HUGE * 10n) })).toBeDefined();
  const asset = { symbol: "JPY", amount: coinE8(5n), available: coinE8(5n), conversionRate: yen(1) };
  expect(assetsProblem([asset])).toBeUndefined();
  expect(assetsProblem([{ ...asset, amount: coinE8(-1n) }])).toBeDefined();
  expect(assetsWorth([asset, { ...asset, symbol: "BTC", amount: coinE8(10n ** 8n), conversionRate: BTC }])).toBe(
    BTC + 5n,
  );
  const row = { price: BTC, size: coinE8(10n), timestampMs: NOW };
  const order = (it: object) => orderProblem({ ...row, executedSize: coinE8(0n), ...it } as VenueOrder, NOW);
  expect(order({})).toBeUndefined();
  expect(order({ price: undefined })).toBeUndefined();
  for (const it of [
    { price: HUGE },
    { size: coinE8(0n) },
    { executedSize: coinE8(11n) },
    { timestampMs: 157_766_400_000 },
  ])
    expect(order(it)).toBeDefined();
  const fill = (it: object) => executionProblem({ ...row, fee: yen(0), lossGain: yen(-9), ...it } as Execution, NOW);
  expect(fill({})).toBeUndefined();
  expect(fill({ price: yen(0) })).toBeDefined();
  const position = (it: object) =>
    positionProblem({ ...row, orderedSize: coinE8(0n), lossGain: yen(0), ...it } as Position, NOW);
  expect(position({})).toBeUndefined();
  expect(position({ price: HUGE })).toBeDefined();
});

test("truth 20: near is 2 % of the last known price, the venue's band is half of it to twice", () => {
  expect([isNearPrice(BTC, BTC), isNearPrice((BTC * 101n) / 100n, BTC), isNearPrice((BTC * 103n) / 100n, BTC)]).toEqual(
    [true, true, false],
  );
  expect([isOutsideBand(BTC / 2n, BTC), isOutsideBand(BTC / 2n - 1n, BTC), isOutsideBand(2n * BTC + 1n, BTC)]).toEqual([
    false,
    true,
    true,
  ]);
});
