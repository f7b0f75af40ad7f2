// A whole small world for tests: real SQLite, real queue, real connector, the simulated venue on a scripted path, and a
// virtual clock. It can die at any durable step (before or after a commit, before or after a request reaches the venue)
// and be started again from its two files, as after kill -9.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, openDatabase } from "../../db/open.ts";
import type { Proposal } from "../../db/tables/proposals.ts";
import type { Trade } from "../../db/tables/trades.ts";
import type { Messenger, Services } from "../../handlers/context.ts";
import { notifyJob } from "../../handlers/jobs.ts";
import { onAccountEvent } from "../../handlers/orders/accountEvents.ts";
import { bookFence } from "../../handlers/orders/bookFence.ts";
import { modifyProposal } from "../../handlers/proposals/modifyProposal.ts";
import { createSystem, haltUntilReconciled, type System } from "../../handlers/runtime/createSystem.ts";
import { type Config, defaultConfig } from "../../lib/core/config.ts";
import type { HaltKind } from "../../lib/core/haltKinds.ts";
import { type CoinE8, parseCoin, toNumber, yen } from "../../lib/core/money.ts";
import { isSpot, symbolsOf } from "../../lib/core/product.ts";
import { type EpochMs, epochMs, MINUTE_MS, parseInstant } from "../../lib/core/time.ts";
import type { SymbolRules, Venue } from "../../lib/core/venue.ts";
import { parseTopic } from "../../lib/core/wakeTopics.ts";
import { VirtualClock } from "../../lib/io/clock.ts";
import { createGmoVenue } from "../../lib/io/gmo/gmoVenue.ts";
import { noTimers } from "../../lib/io/gmo/timers.ts";
import type { TransportReply } from "../../lib/io/gmo/transport.ts";
import { silentLogger } from "../../lib/io/logger.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { openSqlite } from "../../lib/io/sqlite.ts";
import { ALL_RULES, SYMBOL_RULES } from "../../lib/sim/engine/symbolRules.ts";
import { CandleMarket } from "../../lib/sim/market/candleMarket.ts";
import type { Market } from "../../lib/sim/market/market.ts";
import { SpotMarket } from "../../lib/sim/market/spotMarket.ts";
import { Simulator, type SimulatorOptions } from "../../lib/sim/simulator.ts";
import type { JobStore } from "../../queue/store.ts";
import type { NewJob, Tx } from "../../queue/types.ts";
import type { Worker } from "../../queue/worker.ts";
import { makeDatabase } from "./emptyDatabase.ts";
import { knowRights } from "./knownRights.ts";
import { MortalDatabase, Mortality, mortalTransport } from "./mortal.ts";
import { brokenPromises, describeWorld } from "./promises.ts";
import { insertProposal, type ProposalSpec, settleApproved } from "./proposals.ts";
import { Script } from "./script.ts";

/** 09:00 JST on a Tuesday: far from 06:00 JST, the weekend's maintenance and any event. */
export const START_MS = parseInstant("2025-07-01T00:00:00Z");
export const START_PRICE = 10_000_000;
/** Full spread, basis points: 1,000 yen at the start price, so best bid and ask are 500 yen from the last price. */
const SPREAD_BPS = 1;
const SEED = 7;
/** The scripted prices are the coins' own. */
export const COINS_AT_PAR = { BTC: { of: "BTC_JPY", factor: 1 }, ETH: { of: "ETH_JPY", factor: 1 } };

export interface WorldOptions {
  readonly btc: (script: Script) => Script;
  readonly eth?: (script: Script) => Script;
  readonly config?: Readonly<Record<string, string>>;
  readonly venue?: SimulatorOptions;
  /** Spot: coins the owner has already. */
  readonly coins?: Readonly<Record<string, CoinE8>>;
  readonly killAt?: number;
  /** Handlers at once; 1 as in the replay. */
  readonly concurrency?: number;
  readonly pollMs?: number;
  readonly seed?: number;
  /** Whether the streams tell everything; default: they do not, and all is polled. */
  readonly hears?: () => boolean;
  /** The key's rights are not known at the start: they are probed before the first entry. */
  readonly rightsUnknown?: boolean;
  /** Called before a request of ours goes out: a test may move the venue's time (`world.pass`) or look around. */
  readonly onRequest?: (world: World, what: string) => void | Promise<void>;
  /** Called with each answer; a test may put another in its place (undefined: it stays). */
  readonly onReply?: (world: World, what: string, reply: TransportReply) => TransportReply | undefined;
  /** Where messages go, made anew for each life; without one they stay in the outbox. */
  readonly messenger?: (world: World) => Messenger;
  /** Called after each commit of ours: what another process may do between two of them. */
  readonly onCommit?: (world: World) => void;
}

export type { ProposalSpec };

export class World {
  readonly dir: string;
  readonly config: Config;
  readonly market: Market;
  /** Of the product (`config: { PRODUCT: "spot" }`). */
  readonly symbols: readonly string[];
  readonly #rules: readonly SymbolRules[];
  mortality: Mortality;
  clock!: VirtualClock;
  simulator!: Simulator;
  /** For assertions: its errors are not counted. The handlers ask through the API watch of createSystem. */
  venue!: Venue;
  db!: Database;
  system!: System;
  store!: JobStore;
  worker!: Worker;
  /** Writes that the fence held back: a fault of ours, so `close` throws. */
  readonly fenced: string[] = [];
  /** Requests that reached the venue, "POST /v1/order" and so on. */
  readonly requests: string[] = [];
  #lives = 0;
  #proposals = 0;

  constructor(readonly options: WorldOptions) {
    this.dir = mkdtempSync(join(tmpdir(), "world-"));
    this.config = defaultConfig(options.config);
    const script = (price: number, build: ((s: Script) => Script) | undefined) =>
      (build ?? ((s: Script) => s.flat(600)))(new Script(START_MS, price).flat(2)).build();
    const spot = this.config.PRODUCT === "spot";
    this.symbols = symbolsOf(this.config.PRODUCT);
    this.#rules = spot ? ALL_RULES : SYMBOL_RULES;
    const recorded = new CandleMarket({
      candles: { BTC_JPY: script(START_PRICE, options.btc), ETH_JPY: script(500_000, options.eth) },
      rules: this.#rules,
      spreadsBps: new Map(["BTC_JPY", "ETH_JPY"].map((s) => [s, new Array<number>(24).fill(SPREAD_BPS)])),
      volumeShare: 1,
    });
    this.market = spot ? new SpotMarket(recorded, ALL_RULES, COINS_AT_PAR) : recorded;
    this.mortality = new Mortality(options.killAt);
    this.#begin();
  }

  #begin(): void {
    const { options } = this;
    this.#lives += 1;
    const path = join(this.dir, "trader.db");
    makeDatabase(path);
    openDatabase(path, { synchronous: "OFF" }).close();
    this.db = new MortalDatabase(openSqlite(path, { synchronous: "OFF" }), path, this.mortality, () =>
      options.onCommit?.(this),
    );
    this.simulator = Simulator.open({
      path: join(this.dir, "venue.db"),
      market: this.market,
      seed: options.seed ?? SEED,
      rules: this.#rules,
      startEquity: yen(1_000_000),
      startCoins: options.coins ?? {},
      startMs: epochMs(START_MS + 2 * MINUTE_MS),
      options: { synchronous: "OFF", partialFills: false, ...options.venue },
    });
    this.clock = new VirtualClock(this.simulator.nowMs());
    this.venue = createGmoVenue({
      transport: mortalTransport(
        this.simulator.transport(),
        this.mortality,
        async (what) => {
          await options.onRequest?.(this, what);
          this.requests.push(what);
        },
        (what, reply) => options.onReply?.(this, what, reply) ?? reply,
      ),
      credentials: this.simulator.credentials(),
      clock: this.clock,
      log: silentLogger(),
      timers: noTimers,
      fence: bookFence({ db: this.db.read, clock: this.clock, config: this.config }),
      onFenced: (message) => void this.fenced.push(message),
    });
    this.system = createSystem({
      db: this.db,
      clock: this.clock,
      config: this.config,
      venue: this.venue,
      // No handler of these tests asks a model.
      model: undefined as unknown as Services["model"],
      messenger: options.messenger?.(this) ?? { deliver: () => Promise.reject(new Error("no messages in this world")) },
      account: "replay",
      pollMs: options.pollMs ?? MINUTE_MS,
      log: silentLogger(),
      bootId: `life-${this.dir}-${this.#lives}`,
      random: seededRandom(`${options.seed ?? SEED}:jitter`),
      hears: options.hears ?? (() => false),
      concurrency: options.concurrency ?? 1,
      virtual: true,
      // A test enqueues what it wants to run.
      schedules: [],
    });
    this.store = this.system.store;
    this.worker = this.system.worker;
    // Known for the day, so that a test sees the requests that it is about.
    if (options.rightsUnknown !== true) knowRights(this.db.sql, this.nowMs);
  }

  get nowMs(): EpochMs {
    return this.clock.nowMs();
  }
  /** Minutes since the world began. */
  get minute(): number {
    return (this.nowMs - START_MS) / MINUTE_MS;
  }

  /** A proposal the owner has approved, with its `execute` job. Defaults: long BTC, everything as DESIGN 8 plans it. */
  approve(spec: ProposalSpec = {}): Proposal {
    return this.db.transaction((tx) => {
      const proposal = this.#insertProposal(tx, spec);
      this.store.enqueueIn(tx, settleApproved(tx, proposal, this.nowMs));
      return proposal;
    });
  }
  /** A proposal as the filter leaves it: pending, with the job that asks the owner. */
  propose(spec: ProposalSpec = {}): Proposal {
    return this.db.transaction((tx) => {
      const proposal = this.#insertProposal(tx, spec);
      this.store.enqueueIn(tx, { ...notifyJob(proposal), traceId: proposal.traceId });
      return proposal;
    });
  }
  /** The owner makes it smaller. */
  modify(proposalId: string): Proposal {
    const { desk } = this.system;
    const { tick, sizeStep, minSize } = SYMBOL_RULES.find((r) => r.symbol === "BTC_JPY")!;
    const result = modifyProposal(desk, this.config, {
      proposalId,
      actor: "test",
      size: parseCoin("0.002"),
      tick,
      sizeStep,
      minSize,
    });
    if (result.kind !== "proposed") throw new Error(result.why);
    return result.proposal;
  }

  #insertProposal(tx: Tx, spec: ProposalSpec): Proposal {
    this.#proposals += 1;
    return insertProposal(tx, this.market, this.nowMs, START_MS, this.#proposals, spec);
  }

  enqueue(job: NewJob): void {
    this.store.enqueue(job);
  }
  halt(kind: HaltKind = "stop"): void {
    this.db.transaction((tx) => tx.halts.raise({ kind, reason: "test", atMs: this.nowMs }));
  }

  /** Runs what is due now. */
  async drain(): Promise<void> {
    await this.worker.drain();
  }

  /** Runs everything until `untilMs`, in exact order of fills, touched prices and due jobs. */
  async runUntil(untilMs: EpochMs, done: () => boolean = () => false): Promise<void> {
    for (;;) {
      await this.drain();
      if (done() || this.nowMs >= untilMs) return;
      this.#leap(Math.min(untilMs, this.store.nextDueMs() ?? untilMs) as EpochMs);
    }
  }
  /** Minutes of venue time. */
  advance(minutes: number): Promise<void> {
    return this.runUntil(epochMs(Math.round(this.nowMs + minutes * MINUTE_MS)));
  }
  /** Until every trade has ended; throws when that takes more than `minutes`. */
  async runToEnd(minutes = 8 * 60): Promise<void> {
    const untilMs = epochMs(Math.round(this.nowMs + minutes * MINUTE_MS));
    const ended = () =>
      this.db.read.trades.alive().length === 0 &&
      this.store.list({ state: "ready" }).length === 0 &&
      this.store.list({ state: "running" }).length === 0;
    await this.runUntil(untilMs, ended);
    if (!ended()) throw new Error(`not ended after ${minutes} minutes: ${this.describe()}`);
  }

  #leap(targetMs: EpochMs): void {
    const topics = this.store.wakeTopics().flatMap((text) => {
      const topic = parseTopic(text);
      return topic ? [{ text, topic }] : [];
    });
    const watches = topics.flatMap(({ topic }) => (topic.kind === "price" ? [topic] : []));
    const next = epochMs(
      Math.max(this.nowMs, Math.min(targetMs, this.simulator.nextEventMs(targetMs, watches) ?? targetMs)),
    );
    this.clock.advanceTo(next);
    for (const event of this.simulator.advanceTo(next)) onAccountEvent(this, event);
    for (const { text, topic } of topics) {
      if (topic.kind !== "price") continue;
      const last = this.simulator.lastPrice(topic.symbol);
      if (topic.side === "atOrAbove" ? last >= topic.price : last <= topic.price) this.store.wake(text);
    }
  }

  /** Venue time that passes while a request is on its way. */
  pass(ms: number): void {
    this.simulator.advanceTo(epochMs(this.simulator.nowMs() + ms));
    this.clock.advanceTo(this.simulator.nowMs());
  }
  /** The owner at the exchange's own page, or another program with the same account: not through our book. */
  get owner(): Venue {
    return createGmoVenue({
      transport: this.simulator.transport(),
      credentials: this.simulator.credentials(),
      clock: this.clock,
      log: silentLogger(),
      timers: noTimers,
    });
  }

  /** The process is gone: open transactions roll back, everything in memory is lost. */
  crash(): void {
    this.mortality.dead = true;
    this.db.sql.close();
    this.simulator.close();
  }
  /** A new process on the same files, `downMs` of venue time later. Reconciles first, as a start does. */
  restart({ downMs = 0, killAt }: { downMs?: number; killAt?: number } = {}): void {
    this.mortality = new Mortality(killAt);
    this.#begin();
    if (downMs > 0) {
      this.simulator.advanceTo(epochMs(this.simulator.nowMs() + downMs));
      this.clock.advanceTo(this.simulator.nowMs());
    }
    haltUntilReconciled(this.db, this.clock);
    this.store.wakeAll();
    this.enqueue({ name: "reconcile", key: `reconcile:start:${this.#lives}`, input: {} });
  }
  close(): void {
    if (this.db.sql.open) this.db.close();
    this.simulator.close();
    rmSync(this.dir, { recursive: true, force: true });
    if (this.fenced.length > 0) throw new Error(this.fenced.join("; "));
  }

  trade(id = 1): Trade {
    const trade = this.db.read.trades.byId(id);
    if (!trade) throw new Error(`no trade ${id}: ${this.describe()}`);
    return trade;
  }
  orders(purpose?: string) {
    return this.db.read.orders.all().filter((o) => purpose === undefined || o.intent.purpose === purpose);
  }
  auditKinds(): readonly string[] {
    return this.db.read.audit.after(0, 100_000).map((row) => row.kind);
  }
  messages(): readonly string[] {
    return this.db.read.outbox.after(0).map((m) => m.text);
  }
  deadJobs() {
    return this.store.list({ state: "dead" });
  }

  /** Everything that must hold once no trade is open; see promises.ts. */
  brokenPromises(): Promise<readonly string[]> {
    return brokenPromises(this);
  }
  /** Size entered at the venue, all entries together, coins. */
  entered(): number {
    return this.simulator
      .executions()
      .filter((e) => e.settleType === "OPEN" && !(isSpot(e.symbol) && e.side === "SELL"))
      .reduce((sum, e) => sum + toNumber(e.size), 0);
  }

  describe(): string {
    return describeWorld(this);
  }
}
