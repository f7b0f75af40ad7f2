// A large file that is read shows its progress on a terminal, and only there.
import { describe, expect, test } from "vitest";
import { readProgress } from "../../../lib/io/readProgress.ts";
import { parseCandles } from "../../../lib/sim/market/candleFile.ts";
import { parseFeatureTable } from "../../../models/featureTable.ts";

const screen = (isTTY: boolean) => {
  const written: string[] = [];
  let nowMs = 0;
  const stream = { isTTY, write: (text: string) => written.push(text) };
  const onRead = readProgress(stream, "btc.csv", () => nowMs);
  return {
    written,
    onRead,
    at: (ms: number) => {
      nowMs = ms;
      return onRead;
    },
  };
};

describe("truth 19: progress of a large file", () => {
  test("at most five times a second, cleared at the end", () => {
    const { at, written } = screen(true);
    for (let ms = 0; ms <= 1_000; ms += 50) at(ms)(ms / 2_000);
    at(1_050)(1);
    expect(written).toEqual([
      ...[10, 20, 30, 40, 50].map((percent) => `\r\u001b[Kreading btc.csv ${percent} %`),
      "\r\u001b[K",
    ]);
  });
  test("nothing of a file that is read at once, and nothing where stderr is no terminal", () => {
    const quick = screen(true);
    quick.at(10)(0.5);
    quick.at(20)(1);
    const piped = screen(false);
    piped.at(5_000)(0.5);
    piped.at(6_000)(1);
    expect([quick.written, piped.written]).toEqual([[], []]);
  });

  const rows = 25_000;
  test("candles tell how far they are read, upwards", () => {
    const lines = Array.from({ length: rows }, (_, i) => `${1_600_000_020_000 + i * 60_000},5,6,4,5,1`);
    const shares: number[] = [];
    const text = ["open_time,open,high,low,close,volume", ...lines].join("\n");
    expect(parseCandles(text, "x", (share) => shares.push(share)).candles).toHaveLength(rows);
    expect(shares.map((share) => share.toFixed(1))).toEqual(["0.2", "0.4", "0.6", "0.8", "1.0"]);
  });
  test("feature rows too", () => {
    const shares: number[] = [];
    const text = `a\n${"1\n".repeat(rows)}`;
    expect(parseFeatureTable(text, ["a"], "x", (share) => shares.push(share)).rowCount).toBe(rows);
    expect(shares.map((share) => share.toFixed(1))).toEqual(["0.2", "0.4", "0.6", "0.8", "1.0", "1.0"]);
  });
});
