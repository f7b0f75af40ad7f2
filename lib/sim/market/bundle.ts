// Cuts the bundled replay data out of the full research data: `tsx lib/sim/market/bundle.ts --data FOLDER`.
// Run by hand, offline; the product reads only what this writes into lib/sim/data. The same input gives the same bytes.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import { HOUR_MS, parseInstant } from "../../core/time.ts";
import { projectPath } from "../../io/paths.ts";

/** Fixed in advance: the replay window lies after all data that the shipped models were trained on. */
const FROM_MS = parseInstant("2025-06-30T21:00:00Z");
const TO_MS = parseInstant("2025-08-14T21:00:00Z");
const EVENTS_FROM = "2025-06-01";
const EVENTS_TO = "2025-09-01";

/** gzip with a header that does not depend on the machine: no time, no name, operating system "unknown". */
const gzip = (text: string): Buffer => {
  const packed = gzipSync(text, { level: 9 });
  packed[9] = 255;
  return packed;
};
const linesOf = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");

const cutCandles = (source: string): string => {
  const [header = "", ...rows] = linesOf(gunzipSync(readFileSync(source)).toString("utf8"));
  const kept = rows.filter((row) => {
    const openMs = Number(row.slice(0, row.indexOf(",")));
    return openMs >= FROM_MS && openMs < TO_MS;
  });
  return `${[header, ...kept].join("\n")}\n`;
};

const cutEvents = (source: string): string => {
  const [header = "", ...rows] = linesOf(readFileSync(source, "utf8"));
  return `${[header, ...rows.filter((row) => row >= EVENTS_FROM && row < EVENTS_TO)].join("\n")}\n`;
};

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/**
 * Median of the hourly p50 estimates by hour of the JST day ("0" to "23"), basis points of the mid price, 3 decimals.
 */
const spreadByHour = (source: string): Readonly<Record<string, number>> => {
  const byHour: number[][] = Array.from({ length: 24 }, () => []);
  for (const row of linesOf(gunzipSync(readFileSync(source)).toString("utf8")).slice(1)) {
    const [openMs, , , p50] = row.split(",");
    byHour[(Math.floor(Number(openMs) / HOUR_MS) + 9) % 24]!.push(Number(p50));
  }
  return Object.fromEntries(byHour.map((values, hour) => [String(hour), Number(median(values).toFixed(3))]));
};

const { values } = parseArgs({ options: { data: { type: "string" } } });
if (values.data === undefined) throw new RangeError("expected --data FOLDER, the folder of the full research data");
const from = (name: string): string => join(values.data as string, name);
const to = (name: string): string => projectPath("lib", "sim", "data", name);

writeFileSync(to("BTC_JPY_1m.csv.gz"), gzip(cutCandles(from("btc_jpy_1m_derived.csv.gz"))));
writeFileSync(to("ETH_JPY_1m.csv.gz"), gzip(cutCandles(from("eth_jpy_1m_derived.csv.gz"))));
writeFileSync(to("economic_events.csv"), cutEvents(from("economic_events.csv")));
writeFileSync(
  to("spread_by_hour.json"),
  `${JSON.stringify(
    {
      unit: "basis points of the mid price, full spread, by hour of the JST day",
      source: "median of the hourly p50 of BTC_JPY effective spreads estimated from GMO Coin trades (README.md)",
      bpsByJstHour: { BTC_JPY: spreadByHour(from("gmo_btc_jpy_effective_spread_1h.csv.gz")) },
      factorOfBtc: { ETH_JPY: 1.5 },
    },
    null,
    2,
  )}\n`,
);
