// Weeks and months, and the grid of the long intervals: GMO API 4.5 and its open question 11, each as an option says.
import { expect, test } from "vitest";
import { epochMs, HOUR_MS, parseInstant } from "../../../../lib/core/time.ts";
import type { CandleFile } from "../../../../lib/sim/market/candleFile.ts";
import type { SimulatorOptions } from "../../../../lib/sim/simulator.ts";
import { Desk } from "../desk.ts";

/** A candle each full hour from 2025-06-20 to 2025-08-10, each a yen dearer than the one before, one coin each. */
const FROM_MS = parseInstant("2025-06-20T00:00:00Z");
const TO_MS = parseInstant("2025-08-10T00:00:00Z");
const candles: CandleFile = {
  intervalMs: 60_000,
  candles: Array.from({ length: (TO_MS - FROM_MS) / HOUR_MS }, (_, i) => {
    const price = 10_000_000 + i;
    return [0, 1].map((minute) => ({
      openMs: epochMs(FROM_MS + i * HOUR_MS + minute * 60_000),
      open: price,
      high: price,
      low: price,
      close: price,
      volume: 0.5,
    }));
  }).flat(),
};
const rows = (interval: string, date: string, venue: SimulatorOptions = {}, atMs = TO_MS) => {
  const d = new Desk({ candles, startMs: FROM_MS, eth: "none", venue });
  d.simulator.advanceTo(atMs);
  const answer = d.get("/v1/klines", { symbol: "BTC_JPY", interval, date });
  d.close();
  return (answer.data ?? []).map((row: Record<string, string>) => ({
    at: new Date(Number(row["openTime"])).toISOString().slice(0, 13),
    open: Number(row["open"]) - 10_000_000,
    close: Number(row["close"]) - 10_000_000,
    volume: row["volume"],
  }));
};

test.each([
  // Monday (or Sunday) 06:00 JST is 21:00 UTC of the day before.
  [
    "monday",
    [
      "2025-06-15T21",
      "2025-06-22T21",
      "2025-06-29T21",
      "2025-07-06T21",
      "2025-07-13T21",
      "2025-07-20T21",
      "2025-07-27T21",
      "2025-08-03T21",
    ],
  ],
  [
    "sunday",
    [
      "2025-06-14T21",
      "2025-06-21T21",
      "2025-06-28T21",
      "2025-07-05T21",
      "2025-07-12T21",
      "2025-07-19T21",
      "2025-07-26T21",
      "2025-08-02T21",
      "2025-08-09T21",
    ],
  ],
] as const)("weeks open on %s, 06:00 JST", (weekStart, openings) => {
  const found = rows("1week", "2025", { weekStart });
  expect(found.map((row: { at: string }) => row.at)).toEqual(openings);
  // A full week holds 168 hours, each opening an hour after the last close.
  expect(found[2]).toMatchObject({ close: found[2].open + 167, volume: "168" });
  expect(found[3].open).toBe(found[2].close + 1);
});
test("months open on the first, 06:00 JST, the running one included", () => {
  const found = rows("1month", "2025");
  expect(found.map((row: { at: string }) => row.at)).toEqual(["2025-05-31T21", "2025-06-30T21", "2025-07-31T21"]);
  expect(found[1].volume).toBe(String(31 * 24));
  expect(found[2].open).toBe(found[1].close + 1);
});
test("a year before the data has no weeks and no months, nor has one that has not begun", () => {
  for (const interval of ["1week", "1month"])
    for (const year of ["2024", "2026"]) expect(rows(interval, year)).toEqual([]);
});
test("a week that is running ends where the path is", () => {
  const atMs = parseInstant("2025-06-24T00:00:30Z");
  const found = rows("1week", "2025", {}, atMs);
  expect(found).toHaveLength(2);
  expect(found[1]).toMatchObject({
    at: "2025-06-22T21",
    close: (parseInstant("2025-06-24T00:00:00Z") - FROM_MS) / HOUR_MS,
  });
});
test.each([
  ["venueDay", "8hour", ["21", "05", "13"]],
  ["utcMidnight", "8hour", ["00", "08", "16"]],
  ["venueDay", "12hour", ["09", "21"]],
  ["utcMidnight", "12hour", ["00", "12"]],
  ["utcMidnight", "1day", ["21"]],
] as const)("on the grid %s, %s candles open at %j UTC", (longKlineGrid, interval, hours) => {
  const found = rows(interval, "2025", { longKlineGrid });
  expect(new Set(found.map((row: { at: string }) => row.at.slice(11)))).toEqual(new Set(hours));
});
