// The market as the live worker reads it: what the public stream has told a moment ago is not asked for again, so that the
// owner's tap does not wait in the queue of public requests. Everything else, and everything older, is read over REST.

import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import type { OrderBook, SymbolRules, Ticker, Venue } from "../../lib/core/venue.ts";
import type { MarketEvent } from "../../lib/core/venueEvents.ts";
import type { Clock } from "../../lib/io/clock.ts";

/** A book or ticker of the stream serves for this long, by its own time. */
const FRESH_MS = 2 * SECOND_MS;
/** That the exchange is open is kept for this long: an order that comes too late is refused by the exchange itself. */
const OPEN_MS = MINUTE_MS / 2;
/** Rules change rarely, and an order that breaks them is refused by the exchange. */
const RULES_MS = HOUR_MS;

/** A value kept for a while, on the clock that never goes back; undefined: none, or too old. */
class Kept<T> {
  #kept: { readonly value: T; readonly atMs: number } | undefined;
  constructor(
    private readonly clock: Pick<Clock, "monotonicMs">,
    private readonly forMs: number,
  ) {}
  get value(): T | undefined {
    return this.#kept && this.clock.monotonicMs() - this.#kept.atMs < this.forMs ? this.#kept.value : undefined;
  }
  keep(value: T): T {
    this.#kept = { value, atMs: this.clock.monotonicMs() };
    return value;
  }
}

export class LiveMarket {
  readonly #books = new Map<string, OrderBook>();
  readonly #tickers = new Map<string, Ticker>();
  readonly #open: Kept<"OPEN">;
  readonly #rules: Kept<readonly SymbolRules[]>;

  constructor(private readonly clock: Pick<Clock, "nowMs" | "monotonicMs">) {
    this.#open = new Kept(clock, OPEN_MS);
    this.#rules = new Kept(clock, RULES_MS);
  }

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
      status: async (signal) => {
        if (this.#open.value !== undefined) return this.#open.value;
        const status = await venue.status(signal);
        return status === "OPEN" ? this.#open.keep(status) : status;
      },
      symbols: async (signal) => this.#rules.value ?? this.#rules.keep(await venue.symbols(signal)),
      orderBook: async (symbol, signal) => this.#fresh(this.#books.get(symbol)) ?? venue.orderBook(symbol, signal),
      ticker: async (symbol, signal) => this.#fresh(this.#tickers.get(symbol)) ?? venue.ticker(symbol, signal),
    };
  }

  #fresh<T extends { readonly asOfMs?: number }>(told: T | undefined): T | undefined {
    const ageMs = told?.asOfMs === undefined ? Number.NaN : this.clock.nowMs() - told.asOfMs;
    return ageMs >= 0 && ageMs <= FRESH_MS ? told : undefined;
  }
}
