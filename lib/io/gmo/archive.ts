// GMO Coin's archive of trades, one gzipped CSV per symbol and trading day (GMO API 13). Public, no key. One row per
// match, the side is the taker's; the public trades of REST print each match twice and must not be mixed with these.
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { AppError } from "../../core/errors.ts";
import { type CoinE8, parseCoin, parseYen, type YenE8 } from "../../core/money.ts";
import { type EpochMs, epochMs, venueDate } from "../../core/time.ts";
import type { Side } from "../../core/venue.ts";
import type { HttpTransport } from "./httpTransport.ts";
import { TransportError } from "./transport.ts";

interface ArchivedTrade {
  readonly side: Side;
  readonly size: CoinE8;
  readonly price: YenE8;
  readonly timestampMs: EpochMs;
}
type ArchivedDay =
  | { readonly kind: "trades"; readonly trades: readonly ArchivedTrade[] }
  /** HTTP 403 or 404: the day is not over, or nothing was recorded. */
  | { readonly kind: "absent"; readonly httpStatus: number };

const HEADER = "symbol,side,size,price,timestamp";
/** A day of BTC_JPY is some ten megabytes of text. */
const MAX_TEXT_BYTES = 128_000_000;
const TIMEOUT_MS = 60_000;

/** `date` YYYYMMDD is the trading day: 20250701 starts 2025-06-30 21:00 UTC. */
export const archivePath = (symbol: string, date: string): string => {
  if (!/^[A-Z0-9]{1,12}(_JPY)?$/.test(symbol) || !/^\d{8}$/.test(date))
    throw new AppError(
      "permanent",
      "VENUE_REQUEST",
      `expected a symbol such as BTC_JPY and a date YYYYMMDD, found ${JSON.stringify(symbol)} and ${JSON.stringify(date)}`,
    );
  return `/${symbol}/${date.slice(0, 4)}/${date.slice(4, 6)}/${date}_${symbol}.csv.gz`;
};

/**
 * One day of trades in the file's order. Throws AppError: `retry` without a good reply, `alert` VENUE_ARCHIVE when the
 * file differs from the reference (columns, symbol, a row outside its day): none of it is used then.
 */
export const fetchArchivedDay = async (
  http: Pick<HttpTransport, "download">,
  symbol: string,
  date: string,
  signal?: AbortSignal,
): Promise<ArchivedDay> => {
  const path = archivePath(symbol, date);
  const failed = (code: string, found: string, cause?: unknown) =>
    new AppError("retry", code, `${path}: expected the file or its absence, found ${found}`, { path }, { cause });
  let file: Awaited<ReturnType<HttpTransport["download"]>>;
  try {
    file = await http.download({ path, timeoutMs: TIMEOUT_MS, ...(signal ? { signal } : {}) });
  } catch (e) {
    if (e instanceof TransportError) throw failed(`VENUE_${e.failure.toUpperCase()}`, e.message, e);
    throw e;
  }
  if (file.httpStatus === 403 || file.httpStatus === 404) return { kind: "absent", httpStatus: file.httpStatus };
  if (file.httpStatus !== 200) throw failed("VENUE_GARBLED", `HTTP ${file.httpStatus}`);
  let text: string;
  try {
    const plain = await promisify(gunzip)(file.bytes, { maxOutputLength: MAX_TEXT_BYTES });
    text = new TextDecoder("utf-8", { fatal: true }).decode(plain);
  } catch (e) {
    const tooBig = (e as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    const found = tooBig ? "more than 128 MB of text" : `no gzipped text: ${(e as Error).message}`;
    throw failed("VENUE_GARBLED", found, e);
  }
  return { kind: "trades", trades: parseArchivedDay(text, symbol, date) };
};

/** The text of one day's file. Throws AppError alert VENUE_ARCHIVE with the line. */
export const parseArchivedDay = (text: string, symbol: string, date: string): readonly ArchivedTrade[] => {
  const lines = text.split(/\r?\n/);
  const wrong = (line: number, expected: string, found: string) =>
    new AppError(
      "alert",
      "VENUE_ARCHIVE",
      `archive ${date}_${symbol} line ${line}: expected ${expected}, found ${JSON.stringify(found.slice(0, 200))}`,
    );
  if (lines[0] !== HEADER) throw wrong(1, HEADER, lines[0] ?? "");
  if (lines.at(-1) !== "") throw wrong(lines.length, "a whole line that ends the file", lines.at(-1) ?? "");
  return lines.slice(1, -1).map((text, i) => {
    const fields = text.split(",");
    const [rowSymbol, side, size = "", price = "", time = ""] = fields;
    if (fields.length !== 5 || rowSymbol !== symbol || (side !== "BUY" && side !== "SELL"))
      throw wrong(i + 2, `a trade of ${symbol}`, text);
    const timestampMs = utc(time);
    if (timestampMs === undefined) throw wrong(i + 2, "a time YYYY-MM-DD HH:MM:SS.fff", time);
    if (venueDate(timestampMs) !== date) throw wrong(i + 2, "a trade of this trading day (06:00 to 06:00 JST)", time);
    try {
      const trade = { side, size: parseCoin(size), price: parseYen(price), timestampMs } as const;
      if (trade.size > 0n && trade.price > 0n) return trade;
    } catch {
      // Told below, with the row.
    }
    throw wrong(i + 2, "a size and a price above zero", text);
  });
};

/** The archive's times are UTC without saying so: read as local time they would be right on a server in London only. */
const utc = (text: string): EpochMs | undefined => {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?)$/.exec(text);
  const ms = match ? Date.parse(`${match[1]}T${match[2]}Z`) : Number.NaN;
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== match?.[1] ? undefined : epochMs(ms);
};
