// The public API of the simulated venue (GMO API 4). Unknown symbols and invalid kline arguments are HTTP 404 with
// ERR-5207.
import { formatE8, fromNumber } from "../../core/money.ts";
import { DAY_MS, type EpochMs, epochMs, isoUtc, MINUTE_MS, venueDayStart } from "../../core/time.ts";
import type { Machine } from "../engine/machine.ts";
import { invalid, type Refusal, refuse } from "../engine/refusal.ts";
import type { Kline } from "../market/market.ts";
import { klineRows } from "./klines.ts";
import { bookView, klineView, pricedBy, printViews, symbolView } from "./wireViews.ts";

export type ApiResult =
  | { readonly kind: "ok"; readonly data?: unknown }
  | { readonly kind: "refused"; readonly refusal: Refusal };
export const okay = (data?: unknown): ApiResult => ({ kind: "ok", data });
export const refusedWith = (refusal: Refusal): ApiResult => ({ kind: "refused", refusal });

const NOT_FOUND = refusedWith(refuse("ERR-5207", "Not found"));

/** undefined: no such path. */
export const publicApi = (machine: Machine, path: string, query: URLSearchParams): ApiResult | undefined => {
  const { state, market } = machine;
  const nowMs = state.nowMs;
  const symbol = query.get("symbol") ?? undefined;
  const known = symbol !== undefined && machine.rules.has(symbol);

  switch (path) {
    case "/v1/status":
      return okay({ status: machine.status() });
    case "/v1/symbols":
      return okay([...machine.rules.values()].map(symbolView));
    case "/v1/ticker": {
      if (symbol !== undefined && !known) return NOT_FOUND;
      const symbols = symbol === undefined ? market.symbols : [symbol];
      return okay(symbols.flatMap((name) => tickerView(machine, name)));
    }
    case "/v1/orderbooks": {
      const book = known ? market.book(symbol, nowMs) : undefined;
      return book ? okay(bookView(symbol!, book, pricedBy(machine.rules.get(symbol!)!), nowMs)) : NOT_FOUND;
    }
    case "/v1/trades":
      return known ? trades(machine, symbol, query) : NOT_FOUND;
    case "/v1/klines":
      return known ? klines(machine, symbol, query.get("interval") ?? "", query.get("date") ?? "") : NOT_FOUND;
    default:
      return undefined;
  }
};

/** `page` and `count` of lists: default 1 and 100, count at most 100. */
export const paging = (query: URLSearchParams): { readonly page: number; readonly count: number } | Refusal => {
  const read = (name: string, fallback: number, max: number): number | undefined => {
    const text = query.get(name);
    if (text === null) return fallback;
    const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
    return value >= 1 && value <= max ? value : undefined;
  };
  const page = read("page", 1, 999_999);
  const count = read("count", 100, 100);
  if (page === undefined || count === undefined)
    return invalid(...(page === undefined ? ["page"] : []), ...(count === undefined ? ["count"] : []));
  return { page, count };
};

/** High and low of the trading day, volume of 24 hours (GMO API 4.2). Empty before the first price. */
export const tickerView = (machine: Machine, symbol: string): readonly object[] => {
  const { state, market } = machine;
  const quote = machine.quoteYen(symbol);
  if (!quote) return [];
  const priced = pricedBy(machine.rules.get(symbol)!);
  const known = (fromMs: EpochMs, spanMs: number): Kline | undefined =>
    market.klines(symbol, spanMs, fromMs, epochMs(fromMs + spanMs), state.nowMs)[0];
  const today = known(venueDayStart(state.nowMs), DAY_MS);
  const dayAgo = known(epochMs(Math.floor((state.nowMs - DAY_MS) / MINUTE_MS) * MINUTE_MS), DAY_MS + MINUTE_MS);
  return [
    {
      ask: formatE8(quote.ask),
      bid: formatE8(quote.bid),
      high: today ? priced(today.high) : formatE8(quote.last),
      last: formatE8(quote.last),
      low: today ? priced(today.low) : formatE8(quote.last),
      symbol,
      timestamp: isoUtc(state.nowMs),
      volume: formatE8(fromNumber(dayAgo?.volume ?? 0)),
    },
  ];
};

const trades = (machine: Machine, symbol: string, query: URLSearchParams): ApiResult => {
  const limits = paging(query);
  if ("code" in limits) return refusedWith(limits);
  const { page, count } = limits;
  const priced = pricedBy(machine.rules.get(symbol)!);
  // Two rows per match; a page may begin or end between the two.
  const firstRow = (page - 1) * count;
  const prints = machine.market.prints(
    symbol,
    machine.state.nowMs,
    Math.floor(firstRow / 2),
    Math.ceil((count + (firstRow % 2)) / 2),
  );
  const list = prints.flatMap((print) => printViews(print, priced)).slice(firstRow % 2, (firstRow % 2) + count);
  return pageOf(machine, list, limits);
};

/** One page in the venue's envelope; `{}` when empty (GMO API 14.2). */
export const pageOf = (
  { options }: Machine,
  list: readonly object[],
  { page, count }: { readonly page: number; readonly count: number },
): ApiResult => {
  if (list.length === 0) return okay({});
  const shownCount = options.paginationCount === "asked" ? count : list.length;
  return okay({ pagination: { currentPage: page, count: shownCount }, list });
};

/** A range in the future, a wrong date format and a range without data are ERR-5207. */
const klines = (machine: Machine, symbol: string, interval: string, date: string): ApiResult => {
  const rows = klineRows(machine, symbol, interval, date);
  const priced = pricedBy(machine.rules.get(symbol)!);
  return rows.length === 0 ? NOT_FOUND : okay(rows.map((row) => klineView(row, priced)));
};
