// All of GMO Coin's REST API that the system or its owner can need, one function per endpoint (GMO API 4, 6, 7, 8,
// 10.3). Reads throw AppError with a verdict. Writes are sent at most once and return a WriteResult; they throw only
// for an invalid request (permanent VENUE_REQUEST, VENUE_ID) or without a key (VENUE_NO_KEY).
// Excluded on purpose: account/transfer and the sending of coins. Our keys must not have those rights.
import type { z } from "zod";
import type { Candle } from "../../core/candle.ts";
import { AppError } from "../../core/errors.ts";
import type { YenE8 } from "../../core/money.ts";
import { type EpochMs, HOUR_MS, isoUtc, MINUTE_MS } from "../../core/time.ts";
import type { CloseOrderRequest, KlineInterval, OrderBook, Ticker, WriteResult } from "../../core/venue.ts";
import * as bodies from "./bodies.ts";
import type { GmoClient } from "./client.ts";
import { SCALED } from "./codecs.ts";
import { isMaintenance, ruleOf } from "./errorCodes.ts";
import { allPages, inBatches, PAGE_SIZE } from "./pages.ts";
import type { Judge } from "./quoteChecks.ts";
import { redactBody } from "./reply.ts";
import { publicReplies } from "./wire.ts";
import { accountReplies, ExchangeFeeReply, type FeePage } from "./wireAccount.ts";
import * as trading from "./wireTrading.ts";

export type GmoApi = ReturnType<typeof createGmoApi>;

/** A window of a deposit or withdrawal history: at most 30 minutes (ERR-846), also the default. */
interface HistoryWindow {
  readonly fromMs: EpochMs;
  readonly toMs?: EpochMs;
}
interface FeeQuery {
  /** Business dates YYYYMMDD; at most 7 days. */
  readonly fromDate: string;
  readonly toDate?: string;
}
/** One failed cancel among many; `resend` as in WriteResult, "unknown" = query the order. */
interface FailedCancel {
  readonly orderId: string;
  readonly code: string;
  readonly text: string;
  readonly resend: "never" | "later" | "unknown";
}
interface CancelledOrders {
  readonly accepted: readonly string[];
  readonly failed: readonly FailedCancel[];
  /** Requested but missing in the reply: state unknown, query them. */
  readonly unmentioned: readonly string[];
}
interface BulkCancelled {
  /** Ids whose cancel was accepted; the final state comes later. */
  readonly accepted: readonly string[];
  /** `complete`: nothing was left to cancel. Else the result that ended the rounds, or too many rounds. */
  readonly end: "complete" | "tooMany" | Exclude<WriteResult<never>, { kind: "accepted" }>;
}

const publicReply = publicReplies(SCALED);
const accountReply = accountReplies(SCALED);
const tradingReply = trading.tradingReplies(SCALED);

/** Length of the intervals that are asked for by day; the longer ones are asked for by year. */
const SPAN_MS: Readonly<Partial<Record<KlineInterval, number>>> = {
  "1min": MINUTE_MS,
  "5min": 5 * MINUTE_MS,
  "10min": 10 * MINUTE_MS,
  "15min": 15 * MINUTE_MS,
  "30min": 30 * MINUTE_MS,
  "1hour": HOUR_MS,
};
/** GMO API 6.4. */
const MAX_WINDOW_MS = 30 * MINUTE_MS;
/** 10 orders a round: far more than one account may have. */
const MAX_CANCEL_ROUNDS = 100;

export const createGmoApi = (client: GmoClient) => ({
  clock: () => client.clock(),
  ...publicEndpoints(client),
  ...accountEndpoints(client),
  ...orderReads(client),
  ...orderWrites(client),
  ...tokenEndpoints(client),
});

const publicEndpoints = (client: GmoClient) => ({
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
      bookOf(client),
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
      // The newest trade is no proof of age: in a quiet market it is minutes old.
      ofNow(client),
    ),
  /**
   * `date`: YYYYMMDD up to 1hour, YYYY above; the other form would return "no data". ERR-5207 is an empty list. A candle
   * that had not closed when the venue wrote the reply is left out (a cached reply may be older than our question).
   */
  async klines(symbol: string, interval: KlineInterval, date: string, signal?: AbortSignal) {
    const form = interval in SPAN_MS ? "YYYYMMDD" : "YYYY";
    if (!/^\d+$/.test(date) || date.length !== form.length)
      throw bodies.badRequest(`a date ${form} for ${interval} candles`, JSON.stringify(date));
    try {
      return await client.get(
        "public",
        "/v1/klines",
        { symbol, interval, date },
        publicReply.klines,
        signal,
        closedOnly(client, interval),
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
    // REST stamps a ticker when it is made, in a quiet market too (GMO API 4.2): an old stamp is a stopped feed.
    return checks.fresh(row?.timestampMs, at, (asOfMs) => rows.map((ticker) => ({ ...ticker, asOfMs })));
  });
const bookOf = ({ checks }: GmoClient): Judge<OrderBook> | undefined =>
  checks && ((book, at) => checks.fresh(book.timestampMs, at, (asOfMs) => ({ ...book, asOfMs })));
const closedOnly = ({ checks }: GmoClient, interval: KlineInterval): Judge<readonly Candle[]> | undefined => {
  const spanMs = SPAN_MS[interval];
  if (checks === undefined || spanMs === undefined) return undefined;
  return (candles, { venueMs }) => ({
    kind: "taken",
    value: venueMs === undefined ? candles : candles.filter((candle) => candle.openMs + spanMs <= venueMs),
  });
};

const accountEndpoints = (client: GmoClient) => {
  const transfers = (
    path: `/v1/account/${string}/history`,
    { fromMs, toMs }: HistoryWindow,
    symbol: string | undefined,
    signal: AbortSignal | undefined,
  ) => {
    if (toMs !== undefined && (toMs <= fromMs || toMs - fromMs > MAX_WINDOW_MS))
      throw bodies.badRequest("a window of at most 30 minutes", `${toMs - fromMs} ms`);
    const toTimestamp = toMs === undefined ? undefined : isoUtc(toMs);
    return client.get(
      "private",
      path,
      { symbol, fromTimestamp: isoUtc(fromMs), toTimestamp },
      accountReply.transfers,
      signal,
    );
  };
  const exchangeFeePage = ({ fromDate, toDate }: FeeQuery, cursor?: string, signal?: AbortSignal): Promise<FeePage> =>
    client.get(
      "private",
      "/v1/account/exchangeFee/history",
      { fromDate, toDate, count: PAGE_SIZE, cursor },
      ExchangeFeeReply,
      signal,
    );
  return {
    margin: (signal?: AbortSignal) => client.get("private", "/v1/account/margin", {}, accountReply.margin, signal),
    assets: (signal?: AbortSignal) => client.get("private", "/v1/account/assets", {}, accountReply.assets, signal),
    /** Also sets the connector's tier, and with it its request rate. */
    async tradingVolume(signal?: AbortSignal) {
      const path = "/v1/account/tradingVolume";
      const volume = await client.get("private", path, {}, accountReply.tradingVolume, signal);
      client.pace.setTier(volume.tier);
      return volume;
    },
    fiatDeposits: async (window: HistoryWindow, signal?: AbortSignal) =>
      transfers("/v1/account/fiatDeposit/history", window, undefined, signal),
    fiatWithdrawals: async (window: HistoryWindow, signal?: AbortSignal) =>
      transfers("/v1/account/fiatWithdrawal/history", window, undefined, signal),
    deposits: async (symbol: string, window: HistoryWindow, signal?: AbortSignal) =>
      transfers("/v1/account/deposit/history", window, symbol, signal),
    withdrawals: async (symbol: string, window: HistoryWindow, signal?: AbortSignal) =>
      transfers("/v1/account/withdrawal/history", window, symbol, signal),
    exchangeFeePage,
    /** All rows of the days; throws AppError alert VENUE_REPLY when a cursor repeats. */
    async exchangeFees(query: FeeQuery, signal?: AbortSignal): Promise<FeePage["rows"]> {
      const rows: FeePage["rows"][number][] = [];
      const seen = new Set<string>();
      let cursor: string | undefined;
      do {
        const page = await exchangeFeePage(query, cursor, signal);
        rows.push(...page.rows);
        cursor = page.cursor;
        if (cursor !== undefined && (seen.has(cursor) || page.rows.length === 0)) {
          const found = `the cursor ${cursor} ${page.rows.length === 0 ? "after an empty page" : "again"}`;
          throw new AppError("alert", "VENUE_REPLY", `exchangeFee/history: expected a last page, found ${found}`);
        }
        if (cursor !== undefined) seen.add(cursor);
      } while (cursor !== undefined);
      return rows;
    },
  };
};

/** Throws AppError alert VENUE_REPLY for a row that was not requested: its money would be booked as ours. */
const onlyOf = <K extends string, T extends Readonly<Record<K, string>>>(
  path: string,
  key: K,
  asked: readonly string[],
  rows: readonly T[],
): readonly T[] => {
  const odd = rows.find((row) => !asked.includes(row[key]));
  if (!odd) return rows;
  const message = `${path}: expected rows of ${key} ${asked.join(", ")} alone, found one of ${redactBody(odd[key])}`;
  throw new AppError("alert", "VENUE_REPLY", message, { path });
};
const pagesOf = async <T extends { readonly symbol: string }>(
  client: GmoClient,
  path: `/v1/${string}`,
  symbol: string,
  schema: z.ZodType<readonly T[]>,
  idOf: (row: T) => string,
  signal: AbortSignal | undefined,
): Promise<readonly T[]> => {
  const read = (page: number) => client.get("private", path, { symbol, page, count: PAGE_SIZE }, schema, signal);
  return onlyOf(path, "symbol", [symbol], await allPages(path, read, idOf));
};

const orderReads = (client: GmoClient) => ({
  /** Unknown ids are simply absent. */
  async orders(orderIds: readonly string[], signal?: AbortSignal) {
    const path = "/v1/orders";
    const rows = await inBatches(orderIds, (orderId) =>
      client.get("private", path, { orderId }, tradingReply.orders, signal),
    );
    return onlyOf(path, "orderId", orderIds, rows);
  },
  activeOrders: (symbol: string, signal?: AbortSignal) =>
    pagesOf(client, "/v1/activeOrders", symbol, tradingReply.orders, (order) => order.orderId, signal),
  async executions(orderId: string, signal?: AbortSignal) {
    const path = "/v1/executions";
    const rows = await client.get("private", path, { orderId }, tradingReply.executions, signal);
    return onlyOf(path, "orderId", [orderId], rows);
  },
  async executionsById(executionIds: readonly string[], signal?: AbortSignal) {
    const path = "/v1/executions";
    const rows = await inBatches(executionIds, (executionId) =>
      client.get("private", path, { executionId }, tradingReply.executions, signal),
    );
    return onlyOf(path, "executionId", executionIds, rows);
  },
  /** Only the last day. */
  latestExecutions: (symbol: string, signal?: AbortSignal) =>
    pagesOf(client, "/v1/latestExecutions", symbol, tradingReply.executions, (fill) => fill.executionId, signal),
  openPositions: (symbol: string, signal?: AbortSignal) =>
    pagesOf(client, "/v1/openPositions", symbol, tradingReply.positions, (position) => position.positionId, signal),
  /** Without a symbol: all of them. */
  positionSummary: (symbol?: string, signal?: AbortSignal) =>
    client.get("private", "/v1/positionSummary", { symbol }, tradingReply.positionSummary, signal),
});

const orderWrites = (client: GmoClient) => {
  const cancelBulkOrder = async (request: bodies.CancelBulkRequest, signal?: AbortSignal) =>
    client.post("/v1/cancelBulkOrder", bodies.cancelBulkOrderBody(request), trading.CancelBulkOrderReply, signal);
  return {
    order: async (request: bodies.NewOrderRequest, signal?: AbortSignal) =>
      client.post("/v1/order", bodies.orderBody(request), trading.NewOrderReply, signal),
    closeOrder: async (request: CloseOrderRequest, signal?: AbortSignal) =>
      client.post("/v1/closeOrder", bodies.closeOrderBody(request), trading.NewOrderReply, signal),
    /** One order over several positions; each fill names its position. */
    closeBulkOrder: async (request: bodies.CloseBulkRequest, signal?: AbortSignal) =>
      client.post("/v1/closeBulkOrder", bodies.closeBulkOrderBody(request), trading.NewOrderReply, signal),
    /** Price only; accepted is not done: the order is MODIFYING, then ORDERED, or an event refuses the change. */
    changeOrder: async (
      change: { readonly orderId: string; readonly price: YenE8; readonly losscutPrice?: YenE8 },
      signal?: AbortSignal,
    ) => {
      const body = bodies.changeOrderBody(change.orderId, change.price, change.losscutPrice);
      return client.post("/v1/changeOrder", body, trading.NoDataReply, signal);
    },
    changeLosscutPrice: async (
      change: { readonly positionId: string; readonly losscutPrice: YenE8 },
      signal?: AbortSignal,
    ) => {
      const body = bodies.changeLosscutPriceBody(change.positionId, change.losscutPrice);
      return client.post("/v1/changeLosscutPrice", body, trading.NoDataReply, signal);
    },
    cancelOrder: async (orderId: string, signal?: AbortSignal) =>
      client.post("/v1/cancelOrder", { orderId: bodies.idNumber(orderId) }, trading.NoDataReply, signal),
    /** At most 10 ids. Accepted means the venue decided each id separately: see the per-id results. */
    cancelOrders: async (orderIds: readonly string[], signal?: AbortSignal): Promise<WriteResult<CancelledOrders>> => {
      const body = bodies.cancelOrdersBody(orderIds);
      const result = await client.post("/v1/cancelOrders", body, trading.CancelOrdersReply, signal);
      if (result.kind !== "accepted") return result;
      const { accepted, failed } = result.value;
      const mentioned = new Set([...accepted, ...failed.map((row) => row.orderId)]);
      return {
        kind: "accepted",
        value: {
          accepted,
          failed: failed.map((row) => ({ ...row, resend: ruleOf(row.code).resendPost })),
          unmentioned: orderIds.filter((id) => !mentioned.has(id)),
        },
      };
    },
    /** At most 10 orders a call; the ids whose cancel was accepted. */
    cancelBulkOrder,
    /**
     * Repeats until nothing is left to cancel. Each call is a request of its own, none is a resend: the first one that
     * is
     * not accepted ends it.
     */
    async cancelAll(request: bodies.CancelBulkRequest, signal?: AbortSignal): Promise<BulkCancelled> {
      const accepted = new Set<string>();
      for (let round = 0; round < MAX_CANCEL_ROUNDS; round++) {
        const result = await cancelBulkOrder(request, signal);
        if (result.kind !== "accepted") return { accepted: [...accepted], end: result };
        const before = accepted.size;
        for (const id of result.value) accepted.add(id);
        // Orders whose cancel is in progress are listed again. A reply with only known ids ends it unless the reply is
        // full: a full reply may have left out other orders.
        if (accepted.size === before && result.value.length < bodies.IDS_PER_CALL)
          return { accepted: [...accepted], end: "complete" };
      }
      return { accepted: [...accepted], end: "tooMany" };
    },
  };
};

/** Access tokens of the private WebSocket: 60 minutes, five per account (GMO API 10.3). A token is a secret. */
const tokenEndpoints = (client: GmoClient) => ({
  issueToken: (signal?: AbortSignal) => client.write("POST", "/v1/ws-auth", {}, trading.TokenReply, signal),
  /** Good for another 60 minutes from now. */
  extendToken: (token: string, signal?: AbortSignal) =>
    client.write("PUT", "/v1/ws-auth", { token }, trading.NoDataReply, signal),
  deleteToken: (token: string, signal?: AbortSignal) =>
    client.write("DELETE", "/v1/ws-auth", { token }, trading.NoDataReply, signal),
});
