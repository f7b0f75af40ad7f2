// The Venue of lib/core/venue.ts over GMO Coin's REST API (GMO API 4-8). The same code trades live, on paper and in replay;
// only the transport, the clock and the timers differ.
import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import { formatE8 } from "../../core/money.ts";
import type { Venue } from "../../core/venue.ts";
import { type ClientOptions, GmoClient } from "./client.ts";
import { isMaintenance } from "./errorCodes.ts";
import * as wire from "./wire.ts";

export type GmoVenueOptions = ClientOptions;

/** Rows a page, also the venue's maximum. */
const PAGE_SIZE = 100;
/** Stops a venue that never sends a short page: 10,000 rows is far beyond what one account can have. */
const MAX_PAGES = 100;
/** GMO API 7.4. */
const IDS_PER_CALL = 10;

/** Reads need no credentials on the public half; private calls without them throw AppError permanent VENUE_NO_KEY. */
export const createGmoVenue = (options: GmoVenueOptions): Venue => {
  const client = new GmoClient(options);

  const pages = async <T>(
    path: `/v1/${string}`,
    symbol: string,
    schema: z.ZodType<readonly T[]>,
    signal?: AbortSignal,
  ): Promise<readonly T[]> => {
    const rows: T[] = [];
    for (let page = 1; page <= MAX_PAGES; page++) {
      const part = await client.get("private", path, { symbol, page, count: PAGE_SIZE }, schema, signal);
      rows.push(...part);
      if (part.length < PAGE_SIZE) return rows;
    }
    throw new AppError("alert", "VENUE_REPLY", `${path}: expected a last page, found ${MAX_PAGES} full ones`, {
      symbol,
    });
  };

  return {
    async status(signal) {
      try {
        return await client.get("public", "/v1/status", {}, wire.StatusReply, signal);
      } catch (e) {
        // During maintenance this call may itself answer ERR-5201 (GMO API 4.1).
        if (e instanceof AppError && isMaintenance(e.code)) return "MAINTENANCE";
        throw e;
      }
    },
    symbols: (signal) => client.get("public", "/v1/symbols", {}, wire.SymbolsReply, signal),
    async ticker(symbol, signal) {
      const rows = await client.get("public", "/v1/ticker", { symbol }, wire.TickerReply, signal);
      const row = rows.find((ticker) => ticker.symbol === symbol);
      if (row) return row;
      throw new AppError("alert", "VENUE_REPLY", `/v1/ticker: expected a row of ${symbol}, found none`, { symbol });
    },
    orderBook: (symbol, signal) => client.get("public", "/v1/orderbooks", { symbol }, wire.OrderBookReply, signal),
    trades: (symbol, page = 1, signal) =>
      client.get("public", "/v1/trades", { symbol, page, count: PAGE_SIZE }, wire.TradesReply, signal),
    async klines(symbol, interval, date, signal) {
      try {
        return await client.get("public", "/v1/klines", { symbol, interval, date }, wire.KlinesReply, signal);
      } catch (e) {
        if (e instanceof AppError && e.code === "ERR-5207") return [];
        throw e;
      }
    },
    margin: (signal) => client.get("private", "/v1/account/margin", {}, wire.MarginReply, signal),
    assets: (signal) => client.get("private", "/v1/account/assets", {}, wire.AssetsReply, signal),
    async orders(orderIds, signal) {
      const rows = [];
      for (let i = 0; i < orderIds.length; i += IDS_PER_CALL) {
        const orderId = orderIds.slice(i, i + IDS_PER_CALL).join(",");
        rows.push(...(await client.get("private", "/v1/orders", { orderId }, wire.OrdersReply, signal)));
      }
      return rows;
    },
    activeOrders: (symbol, signal) => pages("/v1/activeOrders", symbol, wire.OrdersReply, signal),
    executions: (orderId, signal) => client.get("private", "/v1/executions", { orderId }, wire.ExecutionsReply, signal),
    latestExecutions: (symbol, signal) => pages("/v1/latestExecutions", symbol, wire.ExecutionsReply, signal),
    openPositions: (symbol, signal) => pages("/v1/openPositions", symbol, wire.PositionsReply, signal),

    order: ({ symbol, side, executionType, timeInForce, price, losscutPrice, size }, signal) =>
      client.post(
        "/v1/order",
        {
          symbol,
          side,
          executionType,
          timeInForce,
          price: price === undefined ? undefined : formatE8(price),
          losscutPrice: losscutPrice === undefined ? undefined : formatE8(losscutPrice),
          size: formatE8(size),
        },
        wire.NewOrderReply,
        signal,
      ),
    closeOrder: async ({ symbol, side, executionType, timeInForce, price, positionId, size, cancelBefore }, signal) =>
      client.post(
        "/v1/closeOrder",
        {
          symbol,
          side,
          executionType,
          timeInForce,
          price: price === undefined ? undefined : formatE8(price),
          settlePosition: [{ positionId: idNumber(positionId), size: formatE8(size) }],
          cancelBefore,
        },
        wire.NewOrderReply,
        signal,
      ),
    cancelOrder: async (orderId, signal) =>
      client.post("/v1/cancelOrder", { orderId: idNumber(orderId) }, NoData, signal),
  };
};

/** GMO API 1.1: accepted without `data`. */
const NoData = z.unknown().transform((): void => undefined);

/** Ids in bodies are JSON numbers (GMO API 2). */
const idNumber = (id: string): number => {
  const value = /^\d{1,16}$/.test(id) ? Number(id) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new AppError("permanent", "VENUE_ID", `expected a venue id of digits, found ${JSON.stringify(id)}`, { id });
};
