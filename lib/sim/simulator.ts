// The complete venue simulator: market, machine and store behind GMO Coin's API, in virtual time. Its state is separate
// from the trader's (docs/decisions/0004): it commits to its own file before it answers, and its time never goes back.
import { createHash } from "node:crypto";
import { AppError } from "../core/errors.ts";
import { type CoinE8, formatE8, type YenE8 } from "../core/money.ts";
import { type EpochMs, isoUtc, latest } from "../core/time.ts";
import type { SymbolRules, VenueStatus } from "../core/venue.ts";
import type { Credentials } from "../io/gmo/sign.ts";
import { type Transport, TransportError, type TransportReply, type TransportRequest } from "../io/gmo/transport.ts";
import { seededRandom } from "../io/random.ts";
import { type ApiOptions, type ApiRequest, answer } from "./api/api.ts";
import { VenueViews } from "./api/views.ts";
import type { Account } from "./engine/account.ts";
import { Machine, type Watch } from "./engine/machine.ts";
import { type VenueOptions, venueOptions } from "./engine/options.ts";
import {
  type BareStats,
  JPY,
  type LedgerEntry,
  type SimExecution,
  type SimOrder,
  type SimPosition,
  SimState,
  type VenueEvent,
} from "./engine/state.ts";
import { SYMBOL_RULES } from "./engine/symbolRules.ts";
import { applyFault, type Delivery, delivered } from "./faults/faults.ts";
import type { Fault, Faults } from "./faults/faultTypes.ts";
import type { Market } from "./market/market.ts";
import { QuoteMarket, type TimedQuote } from "./market/quoteMarket.ts";
import { type QuoteRow, SimStore } from "./store/store.ts";

export type {
  Account,
  ApiRequest,
  BareStats,
  Delivery,
  Fault,
  Faults,
  LedgerEntry,
  SimExecution,
  SimOrder,
  SimPosition,
  TimedQuote,
  VenueEvent,
  VenueOptions,
  Watch,
};

/** Defaults: PLAIN_OPTIONS (options.ts). */
export interface SimulatorOptions extends Partial<VenueOptions> {
  /** Default: virtual time. */
  readonly authClock?: () => EpochMs;
  /** Default: derived from the seed. */
  readonly credentials?: Credentials;
  readonly faults?: Faults;
  /** OFF only for temporary files. */
  readonly synchronous?: "FULL" | "OFF";
}

interface SimulatorConfig {
  /** A SQLite file, or ":memory:". */
  readonly path: string;
  readonly market: Market;
  readonly seed: number | string;
  /** Default SYMBOL_RULES. */
  readonly rules?: readonly SymbolRules[];
  readonly startEquity: YenE8;
  /** Initial coin balances by name ("BTC"); default none. */
  readonly startCoins?: Readonly<Record<string, CoinE8>>;
  /** Used for a new file only; an existing file resumes at its own time. */
  readonly startMs: EpochMs;
  readonly options?: SimulatorOptions;
}

/** The result of one request. */
interface Served {
  readonly delivery: Delivery;
  /** The account events of the request, in order; already passed to the listeners. */
  readonly events: readonly VenueEvent[];
  /** Whether the private sockets receive the events before the reply (option `eventOrder`; "random" uses the seed). */
  readonly eventsFirst: boolean;
}

export class Simulator {
  #machine: Machine;
  #state: SimState;
  readonly #listeners = new Set<(event: VenueEvent) => void>();
  /** Reads for a server: frames, checks, replies. */
  readonly views: VenueViews;
  readonly options: VenueOptions;
  #requests = 0;
  /** Why the last change could not be made or stored; until one is stored again. */
  #trouble: string | undefined;
  /** Memory may be ahead of the file, which alone is valid: read again before anything else happens. */
  #ahead = false;

  private constructor(
    private readonly store: SimStore,
    private readonly config: SimulatorConfig,
    state: SimState,
    /** True when the file existed: time and account resume. */
    readonly resumed: boolean,
  ) {
    const { faults: _, authClock: __, synchronous: ___, credentials: ____, ...options } = config.options ?? {};
    this.options = venueOptions(options);
    this.#state = state;
    this.#machine = this.#machineOf(state);
    this.views = new VenueViews(
      () => this.#machine,
      () => this.#apiOptions(),
    );
  }

  #machineOf(state: SimState): Machine {
    const { market, seed } = this.config;
    // A symbol without prices is not traded: an order for it is refused like one for an unknown symbol.
    const traded = (this.config.rules ?? SYMBOL_RULES).filter((row) => market.symbols.includes(row.symbol));
    const rules = new Map(traded.map((row) => [row.symbol, row]));
    return new Machine({ state, market, rules, options: this.options, seed });
  }

  /**
   * Opens or creates a venue. Throws AppError permanent: SIM_START (no price at the start time), SIM_CHANGED (the file
   * was created with another seed, market, equity, coins or symbols), SIM_TOO_NEW, SIM_OPTION, DB_OPEN.
   */
  static open(config: SimulatorConfig): Simulator {
    const { path, market, seed, startEquity, startMs } = config;
    const startCoins = Object.entries(config.startCoins ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const rules = config.rules ?? SYMBOL_RULES;
    if (market.kind === "candles")
      for (const symbol of market.symbols) {
        const firstMs = market.firstMs(symbol);
        if (firstMs === undefined || startMs < firstMs)
          throw new AppError(
            "permanent",
            "SIM_START",
            `expected a start at or after the first candle of ${symbol} (${firstMs === undefined ? "none" : isoUtc(firstMs)}), found ${isoUtc(startMs)}`,
          );
      }
    const identity = createHash("sha256")
      .update(JSON.stringify([seed, market.fingerprint(), startEquity.toString(), market.symbols]))
      .update(rules.map((row) => Object.values(row).join(",")).join(";"))
      .update(startCoins.map(([coin, amount]) => `${coin} ${amount};`).join(""))
      .digest("hex");
    const store = new SimStore(path, { synchronous: config.options?.synchronous ?? "FULL" });
    try {
      const found = store.venue();
      if (found && found.identity !== identity)
        throw new AppError(
          "permanent",
          "SIM_CHANGED",
          `${path}: expected the seed, market, symbols and starting equity that the simulated venue was created with, found others; use the same, or start fresh`,
          { path },
        );
      const state = new SimState(found?.nowMs ?? startMs);
      const simulator = new Simulator(store, config, state, found !== undefined);
      if (found) simulator.#load(state);
      else {
        state.post("deposit", startEquity, 0);
        for (const [coin, amount] of startCoins) state.post("deposit", amount, 0, coin);
        store.create({ identity, startMs, startEquity, nowMs: startMs }, state);
      }
      return simulator;
    } catch (e) {
      store.close();
      throw e;
    }
  }

  nowMs(): EpochMs {
    return this.#state.nowMs;
  }
  status(): VenueStatus {
    return this.#machine.status();
  }

  /** The current last price. Throws RangeError before the first price (only with a QuoteMarket). */
  lastPrice(symbol: string): YenE8 {
    const quote = this.#machine.quoteYen(symbol);
    if (!quote) throw new RangeError(`expected a price of ${symbol}, found none yet; feed a quote first`);
    return quote.last;
  }

  /**
   * Advances virtual time; everything due on the way happens in exact order. Committed before this returns.
   * Throws RangeError when `ms` lies before now: venue time never goes back.
   */
  advanceTo(ms: EpochMs): readonly VenueEvent[] {
    if (ms < this.nowMs())
      throw new RangeError(`venue time cannot go back from ${isoUtc(this.nowMs())} to ${isoUtc(ms)}`);
    return this.#step(() => this.#machine.advanceTo(ms));
  }

  /**
   * First instant in (now, untilMs] at which one of our orders fills, triggers or ends, or the last price touches a
   * watched level; undefined when there is none. Does not change the venue.
   */
  nextEventMs(untilMs: EpochMs, watches: readonly Watch[] = []): EpochMs | undefined {
    return this.#machine.nextEventMs(untilMs, watches);
  }

  /**
   * Paper mode: a live quote sets the market prices and advances time to `quote.atMs` (never back). Needs a
   * QuoteMarket. Throws AppError permanent SIM_QUOTE for an invalid quote (crossed, empty); the venue is then
   * unchanged.
   */
  feedQuote(symbol: string, quote: TimedQuote): readonly VenueEvent[] {
    const { market } = this.config;
    if (!(market instanceof QuoteMarket)) throw new RangeError("feedQuote needs a QuoteMarket, found recorded candles");
    const atMs = latest(quote.atMs, this.nowMs());
    // Checked before the step: an invalid quote of a live feed must not end the venue.
    market.check(symbol, { ...quote, atMs });
    // Events due before the quote arrived happen first, at the old price.
    return this.#step(() => {
      this.#machine.advanceTo(atMs);
      market.feed(symbol, { ...quote, atMs });
      this.#machine.advanceTo(atMs);
    }, [{ symbol, ...quote, atMs }]);
  }

  /** Requests are answered at the current virtual time, without delay. */
  transport(): Transport {
    return { send: async (request) => this.#serve(request) };
  }

  #serve(request: TransportRequest): TransportReply {
    if (request.signal?.aborted) throw new TransportError("aborted", "aborted before it was sent");
    return this.handle(request);
  }

  /** Serves one raw request of a client in the same process. Throws TransportError when a fault loses the reply. */
  handle(request: ApiRequest): TransportReply {
    return delivered(this.serve(request).delivery);
  }
  /** Serves one raw request for a transport that can itself lose, delay and reorder replies. */
  serve(request: ApiRequest): Served {
    const { eventOrder } = this.options;
    this.#requests += 1;
    const eventsFirst =
      eventOrder === "random"
        ? seededRandom(`${this.config.seed}:events:${this.#requests}`).next() < 0.5
        : eventOrder === "before";
    const faults = this.config.options?.faults;
    const before = faults?.(request, "before", this.nowMs());
    if (before) return { delivery: applyFault(before, undefined, this.nowMs()), events: [], eventsFirst };
    let reply: TransportReply | undefined;
    const events = this.#step(() => {
      reply = answer(this.#machine, this.#apiOptions(), request, faults?.effects?.() ?? {});
    });
    if (faults?.recall && reply) reply = faults.recall(request, reply, this.nowMs());
    const after = faults?.(request, "after", this.nowMs());
    const delivery: Delivery = after
      ? applyFault(after, reply, this.nowMs())
      : { kind: "reply", reply: reply!, delayMs: 0 };
    return { delivery, events, eventsFirst };
  }

  #apiOptions(): ApiOptions {
    const { authClock } = this.config.options ?? {};
    return { credentials: this.credentials(), authClock: authClock ?? (() => this.nowMs()) };
  }

  #reloadIfPossible(): void {
    try {
      this.#reload();
    } catch {
      // The next step tries it again, and throws what is wrong.
    }
  }

  #load(state: SimState): void {
    this.store.load(state);
    const { market } = this.config;
    if (market instanceof QuoteMarket) market.restore(this.store.quotes());
  }

  /** Goes back to the file: what could not be stored has not happened, and nobody was told of it. */
  #reload(): void {
    const state = new SimState(this.store.venue()?.nowMs ?? this.config.startMs);
    this.#load(state);
    this.#state = state;
    this.#machine = this.#machineOf(state);
    this.#ahead = false;
  }

  /**
   * Runs a change, commits it (only when there is something to commit), then calls the listeners. A change that fails is
   * undone; the next one begins from what the file holds.
   */
  #step(change: () => void, quotes: readonly QuoteRow[] = []): readonly VenueEvent[] {
    if (this.#ahead) this.#reload();
    const beforeMs = this.#state.nowMs;
    let events: readonly VenueEvent[];
    try {
      change();
      if (this.#state.nowMs !== beforeMs || this.#state.hasChanges() || quotes.length > 0) {
        this.store.save(this.#state, quotes);
        this.#trouble = undefined;
      }
      events = this.#state.takeEvents();
    } catch (e) {
      this.#trouble = e instanceof Error ? e.message : String(e);
      this.#ahead = true;
      this.#reloadIfPossible();
      throw e;
    }
    for (const event of events) for (const listener of this.#listeners) listener(event);
    return events;
  }

  /** Why the last change could not be stored; undefined when it was. */
  trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * The owner deposits yen or coins, or withdraws them (amount below 0), outside the API. Throws RangeError for a
   * withdrawal above the balance.
   */
  pay(currency: string, amount: bigint): readonly VenueEvent[] {
    const has = currency === JPY ? this.#state.cash : this.#state.coin(currency);
    if (has + amount < 0n) throw new RangeError(`expected at most ${formatE8(has)} ${currency} to pay out`);
    return this.#step(() => this.#machine.pay(currency, amount));
  }

  /**
   * The owner changes a resting order on the exchange's page, in place and at once (machine.ts). `price` in yen,
   * decimal text. Returns false, with nothing changed, for an order that cannot be changed so.
   */
  changeOnPage(orderId: number, to: { readonly price?: string; readonly size?: CoinE8 }): boolean {
    let taken = false;
    this.#step(() => {
      taken = this.#machine.changeOnPage(orderId, to);
    });
    return taken;
  }

  /** Calls the listener after each commit, synchronously, in event order. Returns the function that unsubscribes. */
  onEvent(listener: (event: VenueEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The only API key of this venue: as configured, else derived from the seed. */
  credentials(): Credentials {
    const given = this.config.options?.credentials;
    if (given) return given;
    const of = (name: string): string =>
      createHash("sha256").update(`${this.config.seed}:${name}`).digest("hex").slice(0, 32);
    return { apiKey: of("key"), secret: of("secret") };
  }

  close(): void {
    this.store.close();
  }

  // Reads for tests and reports; the trader itself must use the API.
  orders(): readonly Readonly<SimOrder>[] {
    return [...this.#state.orders.values()].map((order) => ({ ...order }));
  }
  executions(): readonly SimExecution[] {
    return [...this.#state.executions];
  }
  /** Open and closed (size 0). */
  positions(): readonly Readonly<SimPosition>[] {
    return [...this.#state.positions.values()].map((position) => ({ ...position }));
  }
  account(): Account {
    return this.#machine.account();
  }
  ledger(): readonly LedgerEntry[] {
    return this.store.ledger();
  }
  /** Open quantity without a covering live close order. */
  bareSize(symbol: string): CoinE8 {
    return this.#state.bareSize(symbol);
  }
  /** Since when a symbol has had uncovered quantity, and the longest finished period, in venue time. */
  bareStats(symbol: string): Readonly<BareStats> {
    return { ...(this.#state.bare.get(symbol) ?? { sinceMs: undefined, longestMs: 0 }) };
  }
}
