// The Venue of lib/core/venue.ts over GMO Coin's REST API. The same code trades live, on paper and in replay; only the
// transport, the clock and the timers differ. The whole API, including what no handler needs, is in api.ts.
import { type YenE8, yenE8 } from "../../core/money.ts";
import { type EpochMs, epochMs, MINUTE_MS } from "../../core/time.ts";
import type { Venue, YenPayment } from "../../core/venue.ts";
import { createGmoApi } from "./api.ts";
import { type ClientOptions, GmoClient } from "./client.ts";
import { type Fence, fenced } from "./fence.ts";
import { QuoteChecks } from "./quoteChecks.ts";

export interface GmoVenueOptions extends Omit<ClientOptions, "checks"> {
  /** Default 10,000 (QUOTE_MAX_AGE_SECONDS): older market data are refused with AppError retry QUOTE_OLD. */
  readonly quoteMaxAgeMs?: number;
  /** Judges each write before it leaves; without it every write may (tests of the wire). */
  readonly fence?: Fence;
  /** Prices from before this process, for the first look at each symbol. */
  readonly knownPrices?: readonly { readonly symbol: string; readonly price: YenE8; readonly atMs: EpochMs }[];
}

/** GMO API 6.4: a longer one is refused (ERR-846). */
const HISTORY_WINDOW_MS = 30 * MINUTE_MS;

/** Reads need no credentials on the public half; private calls without them throw AppError permanent VENUE_NO_KEY. */
export const createGmoVenue = (options: GmoVenueOptions): Venue => venueOf(createGmo(options).api);

/** The whole API over one client, so one pace and one clock offset, and its checks, for streams beside it. */
export const createGmo = ({ quoteMaxAgeMs, knownPrices = [], fence, ...options }: GmoVenueOptions) => {
  const checks = new QuoteChecks(quoteMaxAgeMs);
  for (const { symbol, price, atMs } of knownPrices) checks.remember(symbol, price, atMs);
  const transport = fence === undefined ? options.transport : fenced(options.transport, fence);
  return { api: createGmoApi(new GmoClient({ ...options, transport, checks })), checks };
};

/** For a program that uses both: one client, so one pace and one clock offset. */
export const venueOf = (api: ReturnType<typeof createGmoApi>): Venue => ({
  clock: api.clock,
  status: api.status,
  symbols: api.symbols,
  ticker: api.ticker,
  orderBook: api.orderBook,
  trades: api.trades,
  klines: api.klines,
  async margin(signal) {
    const { equity, available, used, unrealised, callStatus } = await api.margin(signal);
    return { equity, available, used, unrealised, callStatus };
  },
  assets: api.assets,
  orders: api.orders,
  activeOrders: api.activeOrders,
  executions: api.executions,
  latestExecutions: api.latestExecutions,
  openPositions: api.openPositions,
  async yenPaidOut(fromMs, toMs, signal) {
    const rows: YenPayment[] = [];
    for (let at: number = fromMs; at < toMs; at += HISTORY_WINDOW_MS) {
      const window = { fromMs: epochMs(at), toMs: epochMs(Math.min(at + HISTORY_WINDOW_MS, toMs)) };
      for (const row of await api.fiatWithdrawals(window, signal))
        rows.push({ atMs: row.timestampMs, amount: yenE8(row.amount + (row.fee ?? 0n)) });
    }
    return rows;
  },
  order: api.order,
  closeOrder: api.closeOrder,
  cancelOrder: api.cancelOrder,
  right: api.right,
});
