import { describe, expect, test } from "vitest";
import * as indicators from "../../../lib/core/indicators.ts";

const prices = Array.from({ length: 60 }, (_, i) => 1000 + 30 * Math.sin(i / 3) + i);
const high = prices.map((p) => p + 5);
const low = prices.map((p) => p - 4);

describe("the one door to tulind", () => {
  test("pads every series to the bars: index i is bar i, NaN before the first value", () => {
    const series = indicators.rsi(prices, 14);
    expect(series).toHaveLength(60);
    expect(series.slice(0, 14).every(Number.isNaN)).toBe(true);
    expect(series.slice(14).every((v) => v >= 0 && v <= 100)).toBe(true);
  });
  test("a series computed on fewer bars is the beginning of the series on more bars", () => {
    const { rsi, ema, sma, volatility, rateOfChange } = indicators;
    for (const indicator of [rsi, ema, sma, volatility, rateOfChange])
      expect(indicator(prices.slice(0, 41), 14)).toEqual(indicator(prices, 14).slice(0, 41));
  });
  test.each([0, 1, 5, 14])("gives NaN, not a crash, on %i bars where 15 are needed", (length) => {
    const series = indicators.rsi(prices.slice(0, length), 14);
    expect(series).toHaveLength(length);
    expect(series.every(Number.isNaN)).toBe(true);
  });
  test("refuses series of different lengths, which tulind would cut silently", () => {
    expect(() => indicators.atr(high, low.slice(1), prices, 14)).toThrow(/atr: expected 60 values of low, found 59/);
  });
  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    "refuses %s inside an input, which tulind would carry on",
    (bad) => {
      const broken = prices.with(20, bad);
      expect(() => indicators.ema(broken, 12)).toThrow(/ema: expected finite real, found .* at bar 20/);
    },
  );
  test("turns tulind's error strings into errors", () => {
    expect(() => indicators.rsi(prices, 0)).toThrow(/rsi\(0\): Invalid options/);
  });
  test("the EMA spread is the standard MACD line, not tulind's macd", () => {
    const ema = (period: number): number =>
      prices.slice(1).reduce((smooth, value) => smooth + (2 / (period + 1)) * (value - smooth), prices[0]!);
    expect(indicators.emaSpread(prices, 12, 26).at(-1)).toBeCloseTo(ema(12) - ema(26), 10);
  });
  test("rate of change is a fraction", () => {
    expect(indicators.rateOfChange([100, 100, 101], 2).at(-1)).toBeCloseTo(0.01, 12);
  });
  test("the average true range counts bar 0", () => {
    expect(indicators.atr([12, 12], [10, 10], [11, 11], 2)).toEqual([Number.NaN, 2]);
  });
  test("%K is the mean of three raw values", () => {
    const raw = (end: number): number => {
      const top = Math.max(...high.slice(end - 14, end));
      const bottom = Math.min(...low.slice(end - 14, end));
      return (100 * (prices[end - 1]! - bottom)) / (top - bottom);
    };
    expect(indicators.stochasticK(high, low, prices, 14, 3).at(-1)).toBeCloseTo((raw(60) + raw(59) + raw(58)) / 3, 9);
  });
  test("a flat market gives NaN for rsi and adx, for the caller to refuse", () => {
    const flat = new Array<number>(60).fill(1000);
    expect(indicators.rsi(flat, 14).at(-1)).toBeNaN();
    expect(indicators.adx(flat, flat, flat, 14).at(-1)).toBeNaN();
  });
});
