// A world for the proof of the orders: our real handlers, queue and connector on a SQLite database in memory, the
// simulated venue behind requests that take time, and a process that may die before, during and after each request and
// around each commit. The venue lives on meanwhile. One plan (orderPlan.ts) makes one world; the same plan makes the
// same story.

import { migrate } from "../../db/migrate.ts";
import { reconcileJob } from "../../handlers/jobs.ts";
import { onAccountEvent } from "../../handlers/orders/accountEvents.ts";
import { haltUntilReconciled } from "../../handlers/runtime/createSystem.ts";
import { type Config, defaultConfig } from "../../lib/core/config.ts";
import { yen } from "../../lib/core/money.ts";
import { isSpot, symbolsOf } from "../../lib/core/product.ts";
import { epochMs, MINUTE_MS } from "../../lib/core/time.ts";
import type { Venue } from "../../lib/core/venue.ts";
import { type ParsedTopic, parseTopic } from "../../lib/core/wakeTopics.ts";
import { createGmoVenue } from "../../lib/io/gmo/gmoVenue.ts";
import { noTimers } from "../../lib/io/gmo/timers.ts";
import { silentLogger } from "../../lib/io/logger.ts";
import { type Random, seededRandom } from "../../lib/io/random.ts";
import { openSqlite, type Sqlite } from "../../lib/io/sqlite.ts";
import { ALL_RULES, SYMBOL_RULES } from "../../lib/sim/engine/symbolRules.ts";
import { CandleMarket } from "../../lib/sim/market/candleMarket.ts";
import type { Market } from "../../lib/sim/market/market.ts";
import { SpotMarket } from "../../lib/sim/market/spotMarket.ts";
import { Simulator } from "../../lib/sim/simulator.ts";
import { knowRights } from "../sim/knownRights.ts";
import { Death } from "../sim/mortal.ts";
import { insertProposal, proposalId, settleApproved } from "../sim/proposals.ts";
import { Script } from "../sim/script.ts";
import { reuseStatements } from "../sim/statements.ts";
import { COINS_AT_PAR, START_MS, START_PRICE } from "../sim/world.ts";
import type { FaultName } from "./orderFaults.ts";
import { ownerActs } from "./orderHand.ts";
import { type Life, newLife } from "./orderLife.ts";
import { BareWatch, type Kill, PriceWatch, RECOVERY_MS, type Stretch } from "./orderMeasure.ts";
import { type RunPlan, venueClockAt } from "./orderPlan.ts";
import { OrderRequests, REFUSED_TAIL_MS } from "./orderRequests.ts";
import { SABOTAGES } from "./orderSabotage.ts";
import { VirtualTime } from "./virtualTime.ts";

const OPEN_PRICES =
  "SELECT venue_order_id AS id, price_e8 AS price FROM orders WHERE state = 'open' AND price_e8 IS NOT NULL";
interface OpenPrice {
  readonly id: string;
  readonly price: bigint;
}

const ETH_START = 500_000;
/** Where the price path ends; every run ends long before. */
const PATH_MINUTES = 600;
const IMAGE: Buffer = (() => {
  const sql = openSqlite(":memory:");
  migrate(sql);
  const image = sql.serialize();
  sql.close();
  return image;
})();
export class OrderWorld {
  readonly sql: Sqlite;
  readonly time: VirtualTime;
  readonly simulator: Simulator;
  readonly market: Market;
  readonly symbols: readonly string[];
  readonly #config: Config;
  readonly bare: BareWatch;
  readonly prices: PriceWatch;
  readonly kills: Kill[] = [];
  /** Writes that the fence held back: a fault of ours. */
  readonly fenced: string[] = [];
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
  readonly #requests: OrderRequests;
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
    this.#requests = new OrderRequests(this);
    this.sql = openSqlite(IMAGE);
    knowRights(this.sql, epochMs(START_MS));
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
        authClock: () => epochMs(this.time.nowMs + this.venueClockMs),
        faults: this.#requests.faults,
      },
    });
    const smallest = rules.filter((r) => isSpot(r.symbol)).map((r) => [r.symbol, r.minSize] as const);
    this.bare = new BareWatch(this.simulator, this.symbols, new Map(smallest));
    this.prices = new PriceWatch(this.simulator);
    this.simulator.onEvent((event) => {
      this.say(`venue ${event.kind} ${event.symbol}${"msgType" in event ? ` ${event.msgType}` : ""}`);
      // An empty book: a stop or market order that nobody took is sent again, and the next one may be taken.
      if (event.kind === "order" && event.msgType === "ER" && event.order.executedSize === 0n)
        if (event.order.executionType !== "LIMIT" && this.ours.has(event.order.orderId))
          this.excuses.push({ fromMs: this.nowMs, untilMs: this.nowMs + REFUSED_TAIL_MS });
      // A socket that hears all, some or nothing: what it does not hear is found by looking.
      if (this.#random.next() < plan.heard)
        this.time.at(this.time.nowMs + this.#requests.delay(), () => {
          if (!this.life.mortality.dead) this.orDie(() => onAccountEvent(this.life.system.desk, event));
        });
    });
    for (const closure of plan.venue.closures ?? [])
      this.excuses.push({ fromMs: closure.fromMs, untilMs: closure.untilMs + CLOSURE_TAIL_MS });
    for (const { afterMs, act } of plan.owner) this.time.at(startMs + afterMs, () => void ownerActs(this, act));
    for (const [i, { afterMs }] of plan.proposals.entries()) this.time.at(startMs + afterMs, () => this.#tap(i));
    this.#begin();
  }

  /** The owner's yes. While the process is dead there is nobody to hear it: it is said again. */
  #tap(index: number): void {
    const { life } = this;
    if (!life.mortality.dead)
      this.orDie(() => {
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
  get refusedCloses() {
    return this.#requests.refusedCloses;
  }
  /** How far the venue's clock is from the world's now. */
  get venueClockMs(): number {
    return venueClockAt(this.plan.venueClock, this.nowMs - START_MS - 2 * MINUTE_MS);
  }
  say(text: string): void {
    if (this.plan.story) this.#said.push(`${((this.nowMs - START_MS) / 1_000).toFixed(3)} s  ${text}`);
  }
  get story(): readonly string[] {
    return this.#said;
  }

  #begin(): void {
    const { plan } = this;
    const number = this.kills.length + 1;
    this.#newLife();
    const life = newLife(this, number, {
      config: this.#config,
      transport: (mortality, time) => ({ send: (request) => this.#requests.send(request, mortality, time) }),
      // The first commits of a life come before `this.life` is it.
      onCommit: () => {
        if (this.life?.number === number) this.onCommit?.(this);
      },
    });
    this.life = life;
    this.say(`life ${number} begins`);
    this.orDie(() => {
      life.system.declareSchedules();
      if (number > 1 || plan.strictBoot) haltUntilReconciled(life.db, life.system.desk.clock);
      life.store.enqueue({ ...reconcileJob(`start:${number}`), priority: 100 });
      life.store.wakeAll();
      if (plan.sabotage) SABOTAGES[plan.sabotage].boot?.(this.sql, number);
    });
  }

  orDie(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Death)) throw error;
    }
  }
  unlessDead(work: () => void): void {
    if (!this.life.mortality.dead) this.orDie(work);
  }

  /** Until `done`, or `untilMs`. Dies and starts again as the plan says. */
  async run(untilMs: number, done: () => boolean): Promise<void> {
    while (this.nowMs < untilMs) {
      const { life } = this;
      if (!life.mortality.dead && this.#isDue(life)) {
        if (life.draining) this.orDie(() => life.system.worker.claimNewlyDue());
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
    life.draining = life.system.worker.drain().then(
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
    this.refusedCloses.died();
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
    const dueMs = Math.min(life.store.nextDueMs() ?? Infinity, life.system.scheduler.nextTickMs() ?? Infinity);
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
      this.lookAtPrices(next);
      for (const { text, topic } of topics) {
        const last = this.simulator.lastPrice(topic.symbol);
        if (topic.side === "atOrAbove" ? last >= topic.price : last <= topic.price)
          this.orDie(() => this.life.store.wake(text));
      }
    }
    this.time.runDue();
  }

  /** Only where the owner changes orders: it reads the book at every step. */
  lookAtPrices(nowMs: number): void {
    if (!this.plan.owner.some(({ act }) => act.kind === "changeOrders")) return;
    const rows = this.life.mortality.dead
      ? undefined
      : (this.sql.prepare(OPEN_PRICES).safeIntegers().all() as OpenPrice[]);
    this.prices.look(nowMs, rows && new Map(rows.map((row) => [Number(row.id), row.price])));
  }

  #noteRecovery(life: Life): void {
    if (life.number === 1 || life.recoveredMs !== undefined || this.bare.isBare()) return;
    const job = life.db.read.jobs.byKey("reconcile", `reconcile:start:${life.number}`);
    // A difference that is seen for the first time is looked at once more: that is reconcile's work, too, but not
    // recovery.
    if (job?.state !== "done" && job?.reason !== "a difference was seen for the first time") return;
    life.recoveredMs = this.nowMs;
    // Who was sooner back than DESIGN 7 says has as long as the others: a lost answer is looked for from its request
    // on.
    const fromMs = Math.max(life.startedMs, this.kills.at(-1)!.atMs + DOWN_MS);
    this.recoveries.push({ fromMs: Math.min(fromMs, this.nowMs), untilMs: this.nowMs });
  }

  /**
   * What a person who restarts us takes longer than the 3 s of DESIGN 7 is not ours to answer for; nor are those of a
   * death after which we died again before the 10 s of a recovery were over: the goal is of one kill.
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
    const odd = errors.filter(({ error }) => ODD.test(error));
    return [...this.fenced, ...odd.map(({ name, error }) => `${name} failed: ${error.slice(0, 300)}`)];
  }

  /** The venue as anybody sees it who is not struck by faults. */
  get plainVenue(): Venue {
    return createGmoVenue({
      transport: this.simulator.transport(),
      credentials: this.simulator.credentials(),
      clock: { nowMs: () => epochMs(this.nowMs + this.venueClockMs) },
      followVenueClock: false,
      log: silentLogger(),
      timers: noTimers,
    });
  }

  close(): void {
    this.sql.close();
    this.simulator.close();
  }
}

const DOWN_MS = 3_000;
const BLOCKED_MS = 100;
const ODD =
  /UNCLASSIFIED|ORDER_MOVE|ORDER_ROW|ORDER_INTENT|TRADE_|LEG_|POSITION_|PROTECTION_|_ENDLESS|EXECUTION_STRANGE|ORDER_GONE|SQLITE/;

/** The venue opens, and we see it with the next look. */
const CLOSURE_TAIL_MS = 6_000;
