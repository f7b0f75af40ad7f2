// The public half of GMO Coin's REST API (GMO API 4), and what its replies must be before they are used (quoteChecks.ts). Reads
// throw AppError with a verdict, as in api.ts.
import { AppError } from "../../core/errors.ts";
import type { CandlePeriod } from "../../core/plausible.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, venueDayOf } from "../../core/time.ts";
import type { KlineInterval, Ticker } from "../../core/venue.ts";
import { badRequest } from "./bodies.ts";
import type { GmoClient } from "./client.ts";
import { SCALED } from "./codecs.ts";
import { isMaintenance } from "./errorCodes.ts";
import { PAGE_SIZE } from "./pages.ts";
import type { Judge } from "./quoteChecks.ts";
import { onlyOf } from "./rows.ts";
import { publicReplies } from "./wire.ts";

const publicReply = publicReplies(SCALED);
/** Length of the intervals that are asked for by day; the longer ones are asked for by year. */
const SPAN_MS: Readonly<Partial<Record<KlineInterval, number>>> = {
  "1min": MINUTE_MS,
  "5min": 5 * MINUTE_MS,
  "10min": 10 * MINUTE_MS,
  "15min": 15 * MINUTE_MS,
  "30min": 30 * MINUTE_MS,
  "1hour": HOUR_MS,
};

export const publicEndpoints = (client: GmoClient, { checks }: GmoClient = client) => ({
  async status(signal?: AbortSignal) {
    try {
      return await client.get("public", "/v1/status", {}, publicReply.status, signal, ofNow(client));
    } catch (e) {
      // During maintenance this call may itself return ERR-5201 (GMO API 4.1).
      if (e instanceof AppError && isMaintenance(e.code)) return "MAINTENANCE";
      throw e;
    }
  },
  symbols: (signal?: AbortSignal) => client.get("public", "/v1/symbols", {}, publicReply.symbols, signal),
  async ticker(symbol: string, signal?: AbortSignal): Promise<Ticker> {
    const rows = await client.get(
      "public",
      "/v1/ticker",
      { symbol },
      publicReply.ticker,
      signal,
      tickerOf(client, symbol),
    );
    const row = rows.find((ticker) => ticker.symbol === symbol);
    if (row) return row;
    throw new AppError("alert", "VENUE_REPLY", `/v1/ticker: expected a row of ${symbol}, found none`, { symbol });
  },
  /** All symbols. */
  tickers: (signal?: AbortSignal) => client.get("public", "/v1/ticker", {}, publicReply.ticker, signal),
  /** Up to 500 levels a side. */
  async orderBook(symbol: string, signal?: AbortSignal) {
    const book = await client.get(
      "public",
      "/v1/orderbooks",
      { symbol },
      publicReply.orderBook,
      signal,
      checks && ((value, at) => checks.book(value, at)),
    );
    return onlyOf("/v1/orderbooks", "symbol", [symbol], [book])[0]!;
  },
  /**
   * One page of 100, newest first; each match is printed twice, as BUY and SELL. Rows move to later pages meanwhile.
   */
  trades: (symbol: string, page = 1, signal?: AbortSignal) =>
    client.get(
      "public",
      "/v1/trades",
      { symbol, page, count: PAGE_SIZE },
      publicReply.trades,
      signal,
      checks && ((list, at) => checks.trades(list, at)),
    ),
  /**
   * `date`: YYYYMMDD up to 1hour, YYYY above; the other form would return "no data". ERR-5207 is an empty list. A candle
   * that had not closed when the venue wrote the reply is left out (a cached reply may be older than our question).
   */
  async klines(symbol: string, interval: KlineInterval, date: string, signal?: AbortSignal) {
    const form = interval in SPAN_MS ? "YYYYMMDD" : "YYYY";
    if (!/^\d+$/.test(date) || date.length !== form.length)
      throw badRequest(`a date ${form} for ${interval} candles`, JSON.stringify(date));
    try {
      return await client.get(
        "public",
        "/v1/klines",
        { symbol, interval, date },
        publicReply.klines,
        signal,
        checks &&
          ((candles, at) => checks.candles(`${symbol} ${interval} ${date}`, candles, periodOf(interval, date), at)),
      );
    } catch (e) {
      if (e instanceof AppError && e.code === "ERR-5207") return [];
      throw e;
    }
  },
});

/** Taken only while the reply itself is fresh; nothing in it has a time of its own. */
const ofNow = <T>({ checks }: GmoClient): Judge<T> | undefined =>
  checks && ((value, at) => checks.fresh(undefined, at, () => value));
const tickerOf = ({ checks }: GmoClient, symbol: string): Judge<readonly Ticker[]> | undefined =>
  checks &&
  ((rows, at) => {
    const row = rows.find((ticker) => ticker.symbol === symbol);
    // A missing row is refused by the caller.
    if (row === undefined) return { kind: "taken", value: rows };
    const judged = checks.ticker(row, at);
    return judged.kind === "refused" ? judged : { kind: "taken", value: [judged.value] };
  });
/** The day that was asked for; the long intervals, asked for by year, begin where the venue says. */
const periodOf = (interval: KlineInterval, date: string): CandlePeriod | undefined => {
  const spanMs = SPAN_MS[interval];
  if (spanMs === undefined) return undefined;
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  const fromMs = venueDayOf(day);
  return fromMs === undefined ? undefined : { fromMs, untilMs: fromMs + DAY_MS, spanMs };
};
