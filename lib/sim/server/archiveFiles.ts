// The trade archive (GMO API 13): /data/trades/{SYMBOL}/{YYYY}/{MM}/{YYYYMMDD}_{SYMBOL}.csv.gz, one row per match with
// the taker's side. The current trading day is 403, a day without candles 404; each parent folder has an HTML index.
import { gzipSync } from "node:zlib";
import { formatE8 } from "../../core/money.ts";
import { DAY_MS, type EpochMs, epochMs, isoUtc, jstDateStart, venueDate, venueDayStart } from "../../core/time.ts";
import type { SymbolRules } from "../../core/venue.ts";
import { takerSide } from "../api/wireFrames.ts";
import type { Market } from "../market/market.ts";

export type Archived =
  | { readonly kind: "file"; readonly bytes: Buffer }
  | { readonly kind: "page"; readonly httpStatus: number; readonly html: string };

/** From midnight to 06:00 JST. */
const DAY_OFFSET_MS = DAY_MS / 4;
export const ARCHIVE_PREFIX = "/data/trades/";

/** What the archive reads from the venue. */
export interface ArchiveSource {
  readonly market: Market;
  /** Rules of the traded symbols. */
  readonly rules: ReadonlyMap<string, SymbolRules>;
  nowMs(): EpochMs;
}

/** `path` begins with ARCHIVE_PREFIX, without a query. */
export const archived = (source: ArchiveSource, path: string): Archived => {
  const parts = path
    .slice(ARCHIVE_PREFIX.length)
    .split("/")
    .filter((part) => part !== "");
  const [symbol, year, month, name] = parts;
  if (parts.length > 4 || (symbol !== undefined && !source.rules.has(symbol))) return page(404);
  if (name === undefined) return index(source, path, parts);
  const date = name.slice(0, 8);
  const startMs = dayStart(date);
  if (startMs === undefined || `${year}${month}` !== date.slice(0, 6) || name !== `${date}_${symbol}.csv.gz`)
    return page(404);
  if (startMs === venueDayStart(source.nowMs())) return page(403);
  const rows = startMs < source.nowMs() ? dayRows(source, symbol!, startMs) : [];
  if (rows.length === 0) return page(404);
  const text = `symbol,side,size,price,timestamp\n${rows.join("\n")}\n`;
  return { kind: "file", bytes: gzipSync(text) };
};

/** 06:00 JST of a date YYYYMMDD; undefined for an invalid date. */
const dayStart = (date: string): EpochMs | undefined => {
  try {
    return epochMs(jstDateStart(`${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`) + DAY_OFFSET_MS);
  } catch {
    return undefined;
  }
};

const PAGE_ROWS = 1_000;
const dayRows = ({ market, rules }: ArchiveSource, symbol: string, startMs: EpochMs): readonly string[] => {
  const rule = rules.get(symbol)!;
  const untilMs = epochMs(startMs + DAY_MS - 1);
  const rows: string[] = [];
  // One print more than is returned: a row's side depends on the previous print.
  let prints = market.prints(symbol, untilMs, 0, PAGE_ROWS + 1);
  for (let skip = 0; ; skip += PAGE_ROWS, prints = market.prints(symbol, untilMs, skip, PAGE_ROWS + 1)) {
    for (const [i, print] of prints.slice(0, PAGE_ROWS).entries()) {
      if (print.atMs < startMs) return rows.reverse();
      const side = takerSide(print, prints[i + 1]);
      const price = formatE8(BigInt(print.ticks) * rule.tick);
      const [whole, decimals = ""] = price.split(".");
      const time = isoUtc(print.atMs).replace("T", " ").replace("Z", "");
      rows.push(`${symbol},${side},${formatE8(print.size)},${whole}.${decimals.padEnd(3, "0")},${time}`);
    }
    if (prints.length <= PAGE_ROWS) return rows.reverse();
  }
};

const page = (httpStatus: number): Archived => ({
  kind: "page",
  httpStatus,
  html: `<html><head><title>${httpStatus}</title></head><body>${httpStatus}</body></html>`,
});

/** The index of a folder: symbols, years, months or days. */
const index = (source: ArchiveSource, path: string, parts: readonly string[]): Archived => {
  const [symbol, year, month] = parts;
  const names = symbol === undefined ? [...source.rules.keys()] : namesUnder(source, symbol, year, month);
  if (names.length === 0) return page(404);
  const base = path.endsWith("/") ? path : `${path}/`;
  const links = names.map((name) => `<li><a href="${base}${name}">${name}</a></li>`).join("");
  return {
    kind: "page",
    httpStatus: 200,
    html: `<html><head><title>${path}</title></head><body><ul>${links}</ul></body></html>`,
  };
};
const hasTrades = ({ market }: ArchiveSource, symbol: string, startMs: EpochMs): boolean => {
  const [last] = market.prints(symbol, epochMs(startMs + DAY_MS - 1), 0, 1);
  return last !== undefined && last.atMs >= startMs;
};
const namesUnder = (source: ArchiveSource, symbol: string, year?: string, month?: string): readonly string[] => {
  const firstMs = source.market.firstMs(symbol);
  if (firstMs === undefined) return [];
  const names = new Set<string>();
  const endMs = venueDayStart(source.nowMs());
  for (let ms = venueDayStart(firstMs); ms < endMs; ms = epochMs(ms + DAY_MS)) {
    const date = venueDate(ms);
    if (year === undefined) names.add(`${date.slice(0, 4)}/`);
    else if (!date.startsWith(year)) continue;
    else if (month === undefined) names.add(`${date.slice(4, 6)}/`);
    else if (date.slice(4, 6) === month && hasTrades(source, symbol, ms)) names.add(`${date}_${symbol}.csv.gz`);
  }
  return [...names];
};
