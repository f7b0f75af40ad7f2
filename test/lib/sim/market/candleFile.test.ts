// Candle files are read strictly: whatever is wrong names the file and the line. And the bundled days are what they
// claim.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { AppError } from "../../../../lib/core/errors.ts";
import { isoUtc, MINUTE_MS } from "../../../../lib/core/time.ts";
import { SYMBOL_RULES } from "../../../../lib/sim/engine/symbolRules.ts";
import {
  BUNDLED_FROM_MS,
  BUNDLED_SYMBOLS,
  BUNDLED_TO_MS,
  bundledCandleFile,
  bundledEventsFile,
  bundledSpreads,
} from "../../../../lib/sim/market/bundled.ts";
import { CANDLE_HEADER, parseCandles, readCandleFile } from "../../../../lib/sim/market/candleFile.ts";
import { CandleMarket } from "../../../../lib/sim/market/candleMarket.ts";
import { tempFile } from "../desk.ts";

const T = 1_751_328_000_000;
const row = (minute: number, rest = "100,110,90,105,1.5"): string => `${T + minute * MINUTE_MS},${rest}`;
const file = (...rows: readonly string[]): string => `${[CANDLE_HEADER, ...rows].join("\n")}\n`;
const refusal = (work: () => unknown): AppError => {
  try {
    work();
  } catch (e) {
    if (e instanceof AppError) return e;
    throw e;
  }
  throw new Error("expected a refusal, found none");
};

describe("a candle file", () => {
  test.each<[string, string, number, string]>([
    ["nothing at all", "", 1, "the header"],
    ["another header", `time,open\n${row(0)}`, 1, "the header"],
    ["no rows", file(), 1, "at least two candles"],
    ["one row", file(row(0)), 2, "at least two candles"],
    ["a column missing", file(row(0), row(1, "100,110,90,105")), 3, "6 columns"],
    ["a column too many", file(row(0), row(1, "100,110,90,105,1,1")), 3, "6 columns"],
    ["an empty line inside", file(row(0), "", row(1)), 3, "6 columns"],
    ["a cut last line", file(row(0), row(1)).slice(0, -9), 3, "6 columns"],
    ["seconds for milliseconds", file(row(0), `${T / 1000},100,110,90,105,1`), 3, "in column open_time"],
    ["an ISO time", file("2025-07-01T00:00:00Z,100,110,90,105,1", row(1)), 2, "in column open_time"],
    ["a price of zero", file(row(0), row(1, "0,110,0,105,1")), 3, "in column open"],
    ["a negative price", file(row(0), row(1, "100,110,-90,105,1")), 3, "in column low"],
    ["no number", file(row(0), row(1, "100,110,90,NaN,1")), 3, "in column close"],
    ["an empty price", file(row(0), row(1, "100,,90,105,1")), 3, "in column high"],
    ["a price with an exponent", file(row(0), row(1, "1e2,110,90,105,1")), 3, "in column open"],
    ["a negative volume", file(row(0), row(1, "100,110,90,105,-1")), 3, "in column volume"],
    ["a low above the close", file(row(0), row(1, "100,110,106,105,1")), 3, "low <= open, close <= high"],
    ["a high below the open", file(row(0), row(1, "100,99,90,95,1")), 3, "low <= open, close <= high"],
    ["a bar twice", file(row(0), row(1), row(1)), 4, "every bar once"],
    ["a bar out of order", file(row(0), row(2), row(1)), 4, "ascending"],
    ["bars of an hour", file(row(0), row(60), row(120)), 3, "bars of 1 or 15 minutes"],
    [
      "a bar between two minutes",
      file(row(0), row(1), `${T + 1.5 * MINUTE_MS},100,110,90,105,1`, row(2)),
      4,
      "bars of 1 or 15",
    ],
    ["a bar off the minute", file(row(0), row(1), `${T + 2.5 * MINUTE_MS},100,110,90,105,1`), 4, "on a multiple of"],
    [
      "all bars off the minute",
      file(...[0, 1, 2].map((m) => `${T + 30_000 + m * MINUTE_MS},100,110,90,105,1`)),
      2,
      "on a multiple of",
    ],
  ])("with %s is refused, with file and line", (_, text, line, expected) => {
    const error = refusal(() => parseCandles(text, "days.csv"));
    expect(error).toMatchObject({ verdict: "permanent", code: "CANDLE_FILE", data: { file: "days.csv", line } });
    expect(error.message).toContain(`days.csv, line ${line}: expected `);
    expect(error.message).toContain(expected);
  });

  test("gaps, Windows line ends, a byte-order mark and tiny volumes are fine", () => {
    const text = `\ufeff${file(row(0), row(1, "100,110,90,105,3e-8"), row(7)).replaceAll("\n", "\r\n")}`;
    const { candles, intervalMs } = parseCandles(text, "days.csv");
    expect(intervalMs).toBe(MINUTE_MS);
    expect(candles.map((c) => c.openMs)).toEqual([0, 1, 7].map((m) => T + m * MINUTE_MS));
    expect(candles[1]).toEqual({ openMs: T + MINUTE_MS, open: 100, high: 110, low: 90, close: 105, volume: 3e-8 });
  });
  test("the length of a bar is the smallest distance", () => {
    expect(parseCandles(file(row(0), row(15), row(60)), "q.csv").intervalMs).toBe(15 * MINUTE_MS);
  });

  test("gzip is known by its first bytes, whatever the name", () => {
    const path = tempFile("candles.txt");
    writeFileSync(path, gzipSync(file(row(0), row(1))));
    expect(readCandleFile(path).candles).toHaveLength(2);
  });
  test.each<[string, (path: string) => void]>([
    ["that is missing", () => undefined],
    ["with a torn gzip", (path) => writeFileSync(path, gzipSync(file(row(0), row(1))).subarray(0, 30))],
  ])("%s is refused by its path", (_, make) => {
    const path = tempFile("candles.csv.gz");
    make(path);
    const error = refusal(() => readCandleFile(path));
    expect(error).toMatchObject({ verdict: "permanent", code: "CANDLE_FILE" });
    expect(error.message).toContain(path);
  });
  test("without volume there is no market in it", () => {
    const candles = parseCandles(file(row(0, "100,110,90,105,0"), row(1, "100,110,90,105,0")), "days.csv");
    const spreadsBps = new Map([["BTC_JPY", new Array<number>(24).fill(1)]]);
    const error = refusal(() => new CandleMarket({ candles: { BTC_JPY: candles }, rules: SYMBOL_RULES, spreadsBps }));
    expect(error.code).toBe("CANDLE_FILE");
  });
  test.each(["XRP_JPY", "ETH_JPY"])("%s without rules or spreads is refused", (symbol) => {
    const candles = parseCandles(file(row(0), row(1)), "days.csv");
    const spreadsBps = new Map([["BTC_JPY", new Array<number>(24).fill(1)]]);
    const error = refusal(() => new CandleMarket({ candles: { [symbol]: candles }, rules: SYMBOL_RULES, spreadsBps }));
    expect(error).toMatchObject({ code: "SIM_MARKET", message: expect.stringContaining(symbol) });
  });
});

describe("the bundled days", () => {
  test.each(BUNDLED_SYMBOLS)("%s: 64,800 minutes, none missing, exactly the promised days", (symbol) => {
    const { candles, intervalMs } = readCandleFile(bundledCandleFile(symbol));
    expect([isoUtc(BUNDLED_FROM_MS), isoUtc(BUNDLED_TO_MS)]).toEqual([
      "2025-06-30T21:00:00.000Z",
      "2025-08-14T21:00:00.000Z",
    ]);
    expect([candles.length, intervalMs]).toEqual([64_800, MINUTE_MS]);
    expect([candles[0]!.openMs, candles.at(-1)!.openMs + MINUTE_MS]).toEqual([BUNDLED_FROM_MS, BUNDLED_TO_MS]);
  });
  test("are small, with spreads for every hour and the events of the window", () => {
    const files = [...BUNDLED_SYMBOLS.map(bundledCandleFile), bundledEventsFile()];
    expect(files.reduce((sum, path) => sum + statSync(path).size, 0)).toBeLessThan(4_000_000);
    for (const symbol of BUNDLED_SYMBOLS) {
      const hours = bundledSpreads().get(symbol)!;
      expect(hours).toHaveLength(24);
      expect(hours.every((bps) => bps > 0 && bps < 50)).toBe(true);
    }
    const [header, ...events] = readFileSync(bundledEventsFile(), "utf8").trimEnd().split("\n");
    expect(header).toBe("time_utc,currency,importance,title");
    expect(events.length).toBeGreaterThan(0);
    expect(events.every((line) => line >= "2025-06-01" && line < "2025-09-01")).toBe(true);
  });
});
