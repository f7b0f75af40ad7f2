// A world for the proof of the orders: our real handlers, queue and connector on a SQLite database in memory, the simulated
// venue behind requests that take time, and a process that may die before, during and after each request and around each
// commit. The venue lives on meanwhile. One plan (orderPlan.ts) makes one world; the same plan makes the same story.

import { migrate } from "../../db/migrate.ts";
import type { Services } from "../../handlers/context.ts";
import { onAccountEvent } from "../../handlers/orders/accountEvents.ts";
import { requestCommand } from "../../handlers/owner/requestCommand.ts";
import { registry } from "../../handlers/registry.ts";
import { onFailure } from "../../handlers/runtime/onFailure.ts";
import { schedulesOf } from "../../handlers/runtime/schedules.ts";
import { haltUntilReconciled } from "../../handlers/runtime/system.ts";
import { type Config, defaultConfig } from "../../lib/core/config.ts";
import { yen } from "../../lib/core/money.ts";
import { isSpot, symbolsOf } from "../../lib/core/product.ts";
import { epochMs, MINUTE_MS } from "../../lib/core/time.ts";
import type { Venue } from "../../lib/core/venue.ts";
import { type ParsedTopic, parseTopic } from "../../lib/core/wake.ts";
import { createGmoVenue } from "../../lib/io/gmo/gmoVenue.ts";
import { noTimers } from "../../lib/io/gmo/timers.ts";
import {
  type Transport,
  TransportError,
  type TransportReply,
  type TransportRequest,
} from "../../lib/io/gmo/transport.ts";
import { silentLogger } from "../../lib/io/logger.ts";
import { type Random, seededRandom } from "../../lib/io/random.ts";
import { openSqlite, type Sqlite } from "../../lib/io/sqlite.ts";
import { ALL_RULES, SYMBOL_RULES } from "../../lib/sim/engine/symbolRules.ts";
import { delivered } from "../../lib/sim/faults/faults.ts";
import { CandleMarket } from "../../lib/sim/market/candleMarket.ts";
import type { Market } from "../../lib/sim/market/market.ts";
import { SpotMarket } from "../../lib/sim/market/spotMarket.ts";
import { Simulator } from "../../lib/sim/simulator.ts";
import { Scheduler } from "../../queue/schedule.ts";
import { JobStore } from "../../queue/store.ts";
import { createWorker, type Worker } from "../../queue/worker.ts";
import { Death, MortalDatabase, Mortality } from "../sim/mortal.ts";
import { insertProposal, proposalId, settleApproved } from "../sim/proposals.ts";
import { Script } from "../sim/script.ts";
import { reuseStatements } from "../sim/statements.ts";
import { COINS_AT_PAR, START_MS, START_PRICE } from "../sim/world.ts";
import { type FaultName, nameOf, type Strike, strikeOf, struckOf } from "./orderFaults.ts";
import { byHand } from "./orderHand.ts";
import { BareWatch, type Kill, RECOVERY_MS, type Stretch } from "./orderMeasure.ts";
import type { OwnerAct, RunPlan } from "./orderPlan.ts";
import { SABOTAGES } from "./orderSabotage.ts";
import { LifeTime, VirtualTime } from "./virtualTime.ts";

const ETH_START = 500_000;
/** Where the price path ends; every run ends long before. */
const PATH_MINUTES = 600;
const CLIENT_TIMEOUT_MS = 5_000;
const IMAGE: Buffer = (() => {
  const sql = openSqlite(":memory:");
  migrate(sql);
  const image = sql.serialize();
  sql.close();
  return image;
})();
/** Enough of the system's clockwork for a world of orders. */
const RECONCILE = schedulesOf("margin").find((schedule) => schedule.name === "reconcile")!;

interface Life {
  readonly number: number;
  readonly mortality: Mortality;
  readonly time: LifeTime;
  readonly db: MortalDatabase;
  readonly store: JobStore;
  readonly scheduler: Scheduler;
  readonly worker: Worker;
  readonly services: Services;
  /** Requests so far, dead ones included. */
  requests: number;
  draining: Promise<void> | undefined;
  failure: unknown;
  startedMs: number;
  recoveredMs: number | undefined;
}

export class OrderWorld {
  readonly sql: Sqlite;
  readonly time: VirtualTime;
  readonly simulator: Simulator;
  readonly market: Market;
  readonly symbols: readonly string[];
  readonly #config: Config;
  readonly bare: BareWatch;
  readonly kills: Kill[] = [];
  /** Where each life died, in words. */
  readonly deaths: string[] = [];
  readonly struck: FaultName[] = [];
  /** Time for which the venue is to blame; see orderMeasure.ts. */
  readonly excuses: Stretch[] = [];
  /** From 3 s after each death, or a later start, to "reconciled, and nothing of ours is bare". */
  readonly recoveries: { readonly fromMs: number; readonly untilMs: number }[] = [];
  /** Venue order ids that our process made, and positions and orders that another hand did. */
  readonly ours = new Set<number>();
  readonly foreignPositions = new Set<number>();
  /** Times two entry orders of ours were live at once for one symbol. */
  twoEntries = 0;
  /** Step of the last life at which its trades had ended. */
  endedAtStep = 0;
  life!: Life;
  readonly #random: Random;
  readonly #latency: Random;
  #spoil: Strike["spoil"];
  #effects: Strike["effects"];
  #said: string[] = [];
  readonly #changes;
  readonly #newLife: () => void;
  #seen:
    | {
        readonly changes: number;
        readonly life: number;
        readonly untilMs: number;
        readonly dueMs: number;
        readonly topics: readonly { text: string; topic: Extract<ParsedTopic, { kind: "price" }> }[];
      }
    | undefined;
  #drained = -1;

  constructor(
    readonly plan: RunPlan,
    private readonly onCommit?: (w: OrderWorld) => void,
  ) {
    this.#random = seededRandom(`${plan.seed}:world`);
    this.#latency = seededRandom(`${plan.seed}:latency`);
    this.sql = openSqlite(IMAGE);
    this.#newLife = reuseStatements(this.sql);
    this.#changes = this.sql.prepare<[], number>("SELECT total_changes()").pluck();
    const script = (price: number, build: (s: Script) => Script) =>
      build(new Script(START_MS, price).flat(2)).flat(PATH_MINUTES).build();
    this.#config = defaultConfig(plan.config);
    const spot = this.#config.PRODUCT === "spot";
    this.symbols = symbolsOf(this.#config.PRODUCT);
    const rules = spot ? ALL_RULES : SYMBOL_RULES;
    const recorded = new CandleMarket({
      candles: { BTC_JPY: script(START_PRICE, plan.btc), ETH_JPY: script(ETH_START, plan.eth ?? ((s) => s)) },
      rules,
      spreadsBps: new Map(["BTC_JPY", "ETH_JPY"].map((s) => [s, new Array<number>(24).fill(1)])),
      volumeShare: 1,
    });
    this.market = spot ? new SpotMarket(recorded, rules, COINS_AT_PAR) : recorded;
    const startMs = epochMs(START_MS + 2 * MINUTE_MS);
    this.time = new VirtualTime(startMs);
    this.simulator = Simulator.open({
      path: ":memory:",
      market: this.market,
      seed: plan.seed,
      rules,
      startEquity: yen(1_000_000),
      startCoins: plan.coins ?? {},
      startMs,
      options: {
        synchronous: "OFF",
        ...plan.venue,
        authClock: () => this.time.nowMs,
        faults: Object.assign(
          (_request: unknown, phase: "before" | "after") =>
            this.#spoil?.phase === phase ? this.#spoil.fault : undefined,
          { effects: () => this.#effects },
        ),
      },
    });
    const smallest = rules.filter((r) => isSpot(r.symbol)).map((r) => [r.symbol, r.minSize] as const);
    this.bare = new BareWatch(this.simulator, this.symbols, new Map(smallest));
    this.simulator.onEvent((event) => {
      this.say(`venue ${event.kind} ${event.symbol}${"msgType" in event ? ` ${event.msgType}` : ""}`);
      // A socket that hears all, some or nothing: what it does not hear is found by looking.
      if (this.#random.next() < plan.heard)
        this.time.at(this.time.nowMs + this.#delay(), () => {
          if (!this.life.mortality.dead) this.#orDie(() => onAccountEvent(this.life, event));
        });
    });
    for (const closure of plan.venue.closures ?? [])
      this.excuses.push({ fromMs: closure.fromMs, untilMs: closure.untilMs + CLOSURE_TAIL_MS });
    for (const { afterMs, act } of plan.owner) this.time.at(startMs + afterMs, () => void this.#act(act));
    for (const [i, { afterMs }] of plan.proposals.entries()) this.time.at(startMs + afterMs, () => this.#tap(i));
    this.#begin();
  }

  /** The owner's yes. While the process is dead there is nobody to hear it: it is said again. */
  #tap(index: number): void {
    const { life } = this;
    if (!life.mortality.dead)
      this.#orDie(() => {
        const { spec } = this.plan.proposals[index]!;
        if (life.db.read.proposals.byId(proposalId(spec, index + 1)) !== undefined) return;
        life.db.transaction((tx) => {
          const proposal = insertProposal(tx, this.market, this.nowMs, START_MS, index + 1, spec);
          life.store.enqueueIn(tx, settleApproved(tx, proposal, this.nowMs));
        });
      });
    if (life.mortality.dead) this.time.at(this.nowMs + 500, () => this.#tap(index));
  }

  get nowMs() {
    return this.time.nowMs;
  }
  say(text: string): void {
    if (this.plan.story) this.#said.push(`${((this.nowMs - START_MS) / 1_000).toFixed(3)} s  ${text}`);
  }
  get story(): readonly string[] {
    return this.#said;
  }

  #delay(): number {
    return 20 + this.#latency.int(60);
  }

  #begin(): void {
    const { plan } = this;
    const number = this.kills.length + 1;
    this.#newLife();
    const mortality = new Mortality(plan.kills[number - 1] ?? Number.POSITIVE_INFINITY);
    const time = new LifeTime(this.time);
    const db = new MortalDatabase(this.sql, ":memory:", mortality, () => {
      // The first commits of a life come before it is whole.
      if (this.life?.number === number) this.onCommit?.(this);
    });
    const { clock } = time;
    const handlers = plan.sabotage ? SABOTAGES[plan.sabotage].registry(registry) : registry;
    const store = new JobStore(db, handlers, clock);
    const venue = createGmoVenue({
      transport: this.#transport(mortality, time),
      credentials: this.simulator.credentials(),
      clock,
      log: silentLogger(),
      timers: time.timers,
      timeoutMs: CLIENT_TIMEOUT_MS,
    });
    const services: Services = {
      config: this.#config,
      venue: plan.sabotage ? SABOTAGES[plan.sabotage].venue(venue) : venue,
      pollMs: plan.pollMs,
      account: "replay",
      // No handler of these runs asks a model or the messenger.
      model: undefined as unknown as Services["model"],
      messenger: { deliver: () => Promise.reject(new Error("no messages in this world")) },
      desk: { db, store, clock },
    };
    const worker = createWorker({
      db,
      store,
      registry: handlers,
      clock,
      log: silentLogger(),
      services,
      bootId: `${plan.seed}-life-${number}`,
      concurrency: 3,
      reserve: 1,
      random: seededRandom(`${plan.seed}:jitter`),
      onFailure: (tx, failure) => {
        this.say(`job ${failure.job.name} failed: ${failure.error.code} ${failure.error.message.slice(0, 160)}`);
        return onFailure(tx, { atMs: clock.nowMs(), locale: "en" }, failure);
      },
      virtual: true,
    });
    const scheduler = new Scheduler(db, store, clock);
    this.life = {
      number,
      mortality,
      time,
      db,
      store,
      scheduler,
      worker,
      services,
      requests: 0,
      draining: undefined,
      failure: undefined,
      startedMs: this.nowMs,
      recoveredMs: undefined,
    };
    this.say(`life ${number} begins`);
    this.#orDie(() => {
      scheduler.declareSchedule(RECONCILE);
      if (number > 1 || plan.strictBoot) haltUntilReconciled(db, clock);
      store.enqueue({ name: "reconcile", key: `reconcile:start:${number}`, input: {}, priority: 100 });
      store.wakeAll();
      if (plan.sabotage) SABOTAGES[plan.sabotage].boot?.(this.sql, number);
    });
  }

  /** Every request takes its time there and back. Each end, and the way itself, is a place to die. */
  #transport(mortality: Mortality, time: LifeTime): Transport {
    return { send: (request) => this.#send(request, mortality, time) };
  }
  async #send(request: TransportRequest, mortality: Mortality, time: LifeTime): Promise<TransportReply> {
    const { life } = this;
    const struck = struckOf(request);
    const what = nameOf(struck);
    mortality.pass(`before ${what}`);
    life.requests += 1;
    const name = this.plan.fault(struck, {
      life: life.number,
      request: life.requests,
      nowMs: this.nowMs - START_MS,
    });
    const strike: Strike = name ? strikeOf(name) : {};
    if (name) {
      this.struck.push(name);
      this.say(`${what} is struck by ${name}`);
    }
    const sentMs = this.nowMs;
    const thereMs = this.#delay() + (strike.thereMs ?? 0);
    const backMs = this.#delay() + (strike.backMs ?? 0);
    let reply: TransportReply | undefined;
    let lost: unknown;
    // The request is out: it arrives whether we live or not.
    this.time.at(sentMs + thereMs, () => {
      try {
        reply = this.#serve(request, strike);
        if (strike.short) reply = withoutNewest(reply);
      } catch (error) {
        lost = error;
      }
    });
    mortality.pass(`on the way ${what}`);
    try {
      await time.sleep(Math.min(CLIENT_TIMEOUT_MS, thereMs + backMs), request.signal);
      if (lost instanceof TransportError && lost.failure === "timeout")
        await time.sleep(sentMs + CLIENT_TIMEOUT_MS - this.nowMs, request.signal);
      mortality.pass(`after ${what}`);
      if (lost !== undefined) throw lost;
      if (reply === undefined || thereMs + backMs > CLIENT_TIMEOUT_MS)
        throw new TransportError("timeout", "no reply in time");
      return reply;
    } finally {
      if (!mortality.dead) this.#excuse(request, name !== undefined, reply, sentMs);
    }
  }

  #serve(request: TransportRequest, strike: Strike): TransportReply {
    const post = request.method === "POST";
    const before = post ? this.simulator.orders().length : 0;
    this.#spoil = strike.spoil;
    this.#effects = strike.effects;
    try {
      return delivered(this.simulator.serve({ ...request }).delivery);
    } finally {
      this.#spoil = undefined;
      this.#effects = undefined;
      if (post) {
        const orders = this.simulator.orders();
        for (const order of orders.slice(before)) {
          this.ours.add(order.orderId);
          this.say(
            `venue takes order ${order.orderId}: ${order.settleType} ${order.side} ${order.executionType} of ${order.size}`,
          );
        }
        if (orders.length > before) this.#countEntries(orders);
        this.bare.look(this.nowMs, this.foreignPositions);
      }
    }
  }
  #countEntries(orders: ReturnType<Simulator["orders"]>): void {
    for (const symbol of this.symbols) {
      const live = orders.filter(
        (o) =>
          o.symbol === symbol &&
          o.settleType === "OPEN" &&
          !(isSpot(symbol) && o.side === "SELL") &&
          this.ours.has(o.orderId) &&
          ["ORDERED", "WAITING", "MODIFYING", "CANCELLING"].includes(o.status),
      );
      if (live.length > 1) this.twoEntries += 1;
    }
  }

  /**
   * The venue's own fault: the time a request it lost or refused took, and a while after. Only what was injected counts, and
   * the two refusals that belong to the venue's nature: a position not yet visible, a stop price already passed.
   */
  #excuse(request: TransportRequest, injected: boolean, reply: TransportReply | undefined, sentMs: number): void {
    const code = /"message_code":"([^"]+)"/.exec(reply?.body ?? "")?.[1];
    const { sale } = struckOf(request);
    const closes = request.path === "/v1/closeOrder" || sale;
    const nature = closes && ["ERR-254", "ERR-5106", "ERR-5129"].includes(code ?? "");
    if (!injected && !nature) return;
    const refused = code !== undefined && !UNKNOWN.test(code);
    const lostTailMs = sale && this.plan.coins !== undefined ? LOST_SALE_TAIL_MS : LOST_TAIL_MS;
    const tail = nature && !injected ? NATURE_TAIL_MS : refused ? REFUSED_TAIL_MS : lostTailMs;
    this.excuses.push({ fromMs: sentMs, untilMs: this.nowMs + (code === "ERR-5003" ? RATE_TAIL_MS : tail) });
  }

  #orDie(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Death)) throw error;
    }
  }
  #unlessDead(work: () => void): void {
    if (!this.life.mortality.dead) this.#orDie(work);
  }

  /** Until `done`, or `untilMs`. Dies and starts again as the plan says. */
  async run(untilMs: number, done: () => boolean): Promise<void> {
    while (this.nowMs < untilMs) {
      const { life } = this;
      if (!life.mortality.dead && this.#isDue(life)) {
        if (life.draining) this.#orDie(() => life.worker.claimNewlyDue());
        else this.#drain(life);
      }
      await this.time.settle();
      if (life.failure !== undefined && !(life.failure instanceof Death)) throw life.failure;
      if (life.mortality.dead) {
        await this.#bury(life);
        continue;
      }
      this.#noteRecovery(life);
      if (!life.draining && done()) return;
      this.#step(this.#nextMs(life, untilMs));
    }
  }
  #drain(life: Life): void {
    life.draining = life.worker.drain().then(
      () => {
        life.draining = undefined;
      },
      (error: unknown) => {
        life.draining = undefined;
        life.failure = error;
      },
    );
  }
  async #bury(life: Life): Promise<void> {
    const atMs = this.nowMs;
    const where = life.mortality.story.at(-1) ?? "?";
    this.deaths.push(where);
    this.say(`life ${life.number} dies: step ${life.mortality.step}, ${where}`);
    life.time.kill();
    await life.draining;
    const backMs = atMs + this.plan.downMs;
    while (this.nowMs < backMs) this.#step(Math.min(backMs, this.time.nextMs() ?? backMs));
    this.kills.push({ atMs, backMs });
    this.#begin();
  }

  /** What the rows say is due next, and what they wait for; read anew only when a row has changed. */
  #rows(life: Life) {
    const changes = this.#changes.get()!;
    const nowMs = this.nowMs + life.time.skewMs;
    if (this.#seen?.changes === changes && this.#seen.life === life.number && this.#seen.untilMs > nowMs)
      return this.#seen;
    const dueMs = Math.min(life.store.nextDueMs() ?? Infinity, life.scheduler.nextTickMs() ?? Infinity);
    const topics = life.store.wakeTopics().flatMap((text) => {
      const topic = parseTopic(text);
      return topic?.kind === "price" ? [{ text, topic }] : [];
    });
    // A row that is due and has no slot is claimed when one is free; until then it is looked at now and then.
    this.#seen = { changes, life: life.number, untilMs: dueMs > nowMs ? dueMs : nowMs + BLOCKED_MS, dueMs, topics };
    return this.#seen;
  }
  #isDue(life: Life): boolean {
    const rows = this.#rows(life);
    if (rows.changes !== this.#drained) {
      this.#drained = rows.changes;
      return true;
    }
    return rows.dueMs <= this.nowMs + life.time.skewMs;
  }
  #nextMs(life: Life, untilMs: number): number {
    return Math.min(untilMs, this.time.nextMs() ?? Infinity, this.#rows(life).untilMs - life.time.skewMs);
  }

  /** Moves on to `ms`, or to what happens at the venue before. */
  #step(ms: number): void {
    const topics = this.life.mortality.dead || this.plan.heard === 0 ? [] : this.#rows(this.life).topics;
    const watches = topics.map(({ topic }) => topic);
    const next = Math.max(
      this.nowMs,
      ms > this.nowMs ? (this.simulator.nextEventMs(epochMs(Math.ceil(ms)), watches) ?? Math.ceil(ms)) : ms,
    );
    if (next > this.nowMs) {
      this.time.advanceTo(next);
      this.simulator.advanceTo(epochMs(next));
      this.bare.look(next, this.foreignPositions);
      for (const { text, topic } of topics) {
        const last = this.simulator.lastPrice(topic.symbol);
        if (topic.side === "atOrAbove" ? last >= topic.price : last <= topic.price)
          this.#orDie(() => this.life.store.wake(text));
      }
    }
    this.time.runDue();
  }

  #noteRecovery(life: Life): void {
    if (life.number === 1 || life.recoveredMs !== undefined || this.bare.isBare()) return;
    const job = life.db.read.jobs.byKey("reconcile", `reconcile:start:${life.number}`);
    // A difference that is seen for the first time is looked at once more: that is reconcile's work, too, but not recovery.
    if (job?.state !== "done" && job?.reason !== "a difference was seen for the first time") return;
    life.recoveredMs = this.nowMs;
    // Who was sooner back than DESIGN 7 says has as long as the others: a lost answer is looked for from its request on.
    const fromMs = Math.max(life.startedMs, this.kills.at(-1)!.atMs + DOWN_MS);
    this.recoveries.push({ fromMs: Math.min(fromMs, this.nowMs), untilMs: this.nowMs });
  }

  /**
   * What a person who restarts us takes longer than the 3 s of DESIGN 7 is not ours to answer for; nor are those of a death
   * after which we died again before the 10 s of a recovery were over: the goal is of one kill.
   */
  longDowntimes(): readonly Stretch[] {
    return this.kills.map(({ atMs, backMs }, i) => {
      const next = this.kills[i + 1];
      const diedAgain = next !== undefined && next.atMs < backMs + RECOVERY_MS;
      return { fromMs: diedAgain ? atMs : Math.min(backMs, atMs + DOWN_MS), untilMs: backMs };
    });
  }
  /** Seconds after the start, for people. */
  at(ms: number): string {
    return `${((ms - START_MS) / 1_000).toFixed(3)} s`;
  }
  /** Attempts that failed with something no venue and no network can cause. */
  oddFailures(): readonly string[] {
    const errors = this.sql
      .prepare<[], { name: string; error: string }>(
        "SELECT j.name, a.error FROM attempts a JOIN jobs j ON j.id = a.job_id WHERE a.error IS NOT NULL",
      )
      .all();
    return errors
      .filter(({ error }) => ODD.test(error))
      .map(({ name, error }) => `${name} failed: ${error.slice(0, 300)}`);
  }

  /** The venue as anybody sees it who is not struck by faults. */
  get plainVenue(): Venue {
    return createGmoVenue({
      transport: this.simulator.transport(),
      credentials: this.simulator.credentials(),
      clock: { nowMs: () => this.nowMs },
      log: silentLogger(),
      timers: noTimers,
    });
  }

  /** The owner's hand: at the exchange's own page, or on the command line. */
  async #act(act: OwnerAct): Promise<void> {
    this.say(`the owner: ${JSON.stringify(act)}`);
    switch (act.kind) {
      case "clockBack":
        this.life.time.skewMs = -act.ms;
        return;
      case "stop":
      case "panic":
        // Said to a dead process, it is said again.
        this.#unlessDead(() => void requestCommand(this.life.services.desk, { command: act.kind, actor: "cli" }));
        if (this.life.mortality.dead) this.time.at(this.nowMs + 500, () => void this.#act(act));
        return;
      case "halt":
        this.#unlessDead(() =>
          this.life.db.transaction((tx) => tx.halts.raise({ kind: "stop", reason: "by hand", atMs: this.nowMs })),
        );
        return;
      default:
        // The owner's own doing: until the next look that finds it.
        if (act.kind === "cancelStop" || act.kind === "closeByHand")
          this.excuses.push({ fromMs: this.nowMs, untilMs: this.nowMs + this.plan.pollMs + REFUSED_TAIL_MS });
        await byHand(this, act);
        this.bare.look(this.nowMs, this.foreignPositions);
    }
  }

  close(): void {
    this.sql.close();
    this.simulator.close();
  }
}

/** Fills that lack the newest one. */
const withoutNewest = (reply: TransportReply): TransportReply => {
  const body = JSON.parse(reply.body) as { data?: { list?: { executionId: number }[] } };
  const { list } = body.data ?? {};
  if (!list || list.length === 0) return reply;
  const newest = Math.max(...list.map((row) => row.executionId));
  body.data!.list = list.filter((row) => row.executionId !== newest);
  return { ...reply, body: JSON.stringify(body) };
};

const DOWN_MS = 3_000;
const BLOCKED_MS = 100;
/** Codes that say nothing of what the venue did (GMO API 11). */
const UNKNOWN = /^ERR-(151|554|626|9999)$/;
const ODD =
  /UNCLASSIFIED|ORDER_MOVE|ORDER_ROW|ORDER_INTENT|TRADE_|LEG_|POSITION_|PROTECTION_|_ENDLESS|EXECUTION_STRANGE|ORDER_GONE|SQLITE/;

/** After a request without an answer: 3 s in which it is looked for, and the goal of one second. */
const LOST_TAIL_MS = 4_000;
/** Spot, beside coins of the owner: a second sale would take those, so it is looked for as long as an entry, 10 s. */
const LOST_SALE_TAIL_MS = 11_000;
/** After a refusal: the next try within a second. */
const REFUSED_TAIL_MS = 1_000;
/** ERR-5003 wants two seconds of silence (GMO API 3). */
const RATE_TAIL_MS = 3_000;
const NATURE_TAIL_MS = 500;
/** The venue opens, and we see it with the next look. */
const CLOSURE_TAIL_MS = 6_000;
