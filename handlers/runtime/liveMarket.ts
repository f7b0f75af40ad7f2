// The market as the live worker reads it: what the public stream has told a moment ago is not asked for again, so that the
// owner's tap does not wait in the queue of public requests. Everything else, and everything older, is read over REST; whether
// the exchange is open always is, since a stop is given up only while it takes orders.

import { HOUR_MS, SECOND_MS } from "../../lib/core/time.ts";
import type { OrderBook, SymbolRules, Ticker, Venue } from "../../lib/core/venue.ts";
import type { MarketEvent } from "../../lib/core/venueEvents.ts";
import type { Clock } from "../../lib/io/clock.ts";

/** A book or ticker of the stream serves for this long, by its own time. */
const FRESH_MS = 2 * SECOND_MS;
/** Rules change rarely, and an order that breaks them is refused by the exchange. */
const RULES_MS = HOUR_MS;

export class LiveMarket {
  readonly #books = new Map<string, OrderBook>();
  readonly #tickers = new Map<string, Ticker>();
  /** When they were read, on the clock that never goes back. */
  #rules: { readonly all: readonly SymbolRules[]; readonly atMs: number } | undefined;

  constructor(private readonly clock: Pick<Clock, "nowMs" | "monotonicMs">) {}

  /** `event`: judged already; without a time of its own it is not kept. */
  hear(event: MarketEvent): void {
    if (event.kind === "orderBook") this.#books.set(event.symbol, event);
    else if (event.kind === "ticker") this.#tickers.set(event.symbol, event);
  }
  /** The stream is down: what it told is no longer the market. */
  forget(): void {
    this.#books.clear();
    this.#tickers.clear();
  }

  over(venue: Venue): Venue {
    return {
      ...venue,
      symbols: async (signal) => {
        const nowMs = this.clock.monotonicMs();
        if (this.#rules === undefined || nowMs - this.#rules.atMs >= RULES_MS)
          this.#rules = { all: await venue.symbols(signal), atMs: nowMs };
        return this.#rules.all;
      },
      orderBook: async (symbol, signal) => this.#fresh(this.#books.get(symbol)) ?? venue.orderBook(symbol, signal),
      ticker: async (symbol, signal) => this.#fresh(this.#tickers.get(symbol)) ?? venue.ticker(symbol, signal),
    };
  }

  #fresh<T extends { readonly asOfMs?: number }>(told: T | undefined): T | undefined {
    const ageMs = told?.asOfMs === undefined ? Number.NaN : this.clock.nowMs() - told.asOfMs;
    return ageMs >= 0 && ageMs <= FRESH_MS ? told : undefined;
  }
}
