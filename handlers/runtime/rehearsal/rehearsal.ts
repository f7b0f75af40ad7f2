// A rehearsal of real trading: the exchange as a process of its own, the real worker in MODE=live against it, an owner who
// approves everything. Each round is one whole trade; the worker is killed at random moments and started again.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { openDatabase } from "../../../db/open.ts";
import type { Proposal } from "../../../db/tables/proposals.ts";
import { AppError } from "../../../lib/core/errors.ts";
import { START } from "../../../lib/core/haltKinds.ts";
import { liveSentence } from "../../../lib/core/liveSettings.ts";
import { BAR_MS, barOpen, type EpochMs, plusMs, SECOND_MS } from "../../../lib/core/time.ts";
import { type Clock, type FastClock, fastClock, fastClockText, realClock } from "../../../lib/io/clock.ts";
import { fingerprint } from "../../../lib/io/gmo/sign.ts";
import { seededRandom } from "../../../lib/io/random.ts";
import { Scheduler } from "../../../queue/schedule.ts";
import { JobStore } from "../../../queue/store.ts";
import type { Database } from "../../../queue/types.ts";
import type { AppJob } from "../../jobs.ts";
import { answerProposal } from "../../proposals/answerProposal.ts";
import { registry } from "../../registry.ts";
import { databasePath } from "../stateFolder.ts";
import { Child } from "./child.ts";
import { type Kill, type RehearsalResult, type Round, resultOf } from "./result.ts";
import { VenueAddresses, VenueFacts } from "./venueProcess.ts";

interface RehearsalPlan {
  readonly rounds: number;
  readonly kills: number;
  /** Fault script of the exchange; undefined: it works. */
  readonly faultsFile: string | undefined;
  readonly speed: number;
  readonly seed: number;
  /** An own folder: the worker's state lies in `trader` below it. */
  readonly dir: string;
  /** The trader command: node and main.js. */
  readonly program: readonly string[];
  readonly path: string;
}

const EQUITY_JPY = 1_000_000;
const POLL_MS = 25;
/** Of the wall, beside a whole bar of the clock: no step of a round takes longer, not even on a busy machine. */
const STEP_LIMIT_MS = 180_000;
/** Bars that a round waits for a proposal. */
const MOST_BARS = 4;
/** After the approval: until then a round has been protected, and often closed. */
const KILL_WITHIN_MS = 15_000;
/** A dip through the entry, then beyond both targets or through the stop; a minute each. */
const DIP = [-0.002];
const UP = [0.004, 0.015];
const DOWN = [-0.01, -0.03];
const SYMBOLS = ["BTC_JPY", "ETH_JPY"] as const;

/** Every gate open, and both targets within reach: a rehearsal is about orders, not about signals. */
const SETTINGS: Readonly<Record<string, string>> = {
  MODE: "live",
  CAPITAL_LIMIT_JPY: String(EQUITY_JPY),
  LONG_MIN_CONFIDENCE: "0",
  SHORT_MIN_CONFIDENCE: "1",
  CONFIDENCE_RANK: "1",
  MAX_SPREAD_BPS: "1000",
  MIN_VOLUME_RATIO: "0",
  AVOID_NEWS_TIME: "false",
  MARGIN_ROLLOVER: "charge",
  MAINTENANCE_LEAD_HOURS: "0",
  ENTRY_BAND_PCT: "0.05",
  MAX_DAILY_TRADES: "1000",
  MAX_DAILY_LOSS_PCT: "1",
  MAX_WEEKLY_LOSS_PCT: "1",
  MAX_MONTHLY_LOSS_PCT: "1",
  QUOTE_POLL_SECONDS: "1",
  QUOTE_MAX_AGE_SECONDS: "60",
};

export const rehearse = async (plan: RehearsalPlan, say: (text: string) => void): Promise<RehearsalResult> => {
  const { dir, program, path, seed, speed } = plan;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const time: FastClock = { wallMs: realClock.nowMs(), fromMs: realClock.nowMs(), speed };
  const clock = fastClock(time);
  const env = { PATH: path };
  const faults = plan.faultsFile === undefined ? [] : ["--faults", plan.faultsFile];
  const words = ["rehearse", "--serve", fastClockText(time), "--seed", String(seed), ...faults];
  const venue = new Child("simulated exchange", [...program, ...words], { cwd: dir, env });
  const stage = new Stage(plan, clock, say);
  try {
    const addresses = VenueAddresses.parse(JSON.parse(await venue.line()));
    await stage.begin({ ...env, ...SETTINGS, ...addressSettings(addresses) }, time);
    for (let i = 0; i < plan.rounds; i += 1) await stage.round(i, venue);
    const rounds = await stage.end();
    venue.tell({ look: true });
    const facts = VenueFacts.parse(JSON.parse(await venue.line()));
    return resultOf({ facts, rounds, kills: stage.kills, db: stage.db.read, speed });
  } finally {
    await stage.close();
    await venue.end("stdin");
  }
};

const addressSettings = (a: VenueAddresses): Readonly<Record<string, string>> => ({
  GMO_API_KEY: a.apiKey,
  GMO_API_SECRET: a.secret,
  GMO_PUBLIC_URL: a.restPublic,
  GMO_PRIVATE_URL: a.restPrivate,
  GMO_WS_PUBLIC_URL: a.wsPublic,
  GMO_WS_PRIVATE_URL: a.wsPrivate,
  LIVE_CONFIRM: liveSentence(
    { PRODUCT: "margin", CAPITAL_LIMIT_JPY: BigInt(EQUITY_JPY) * 100_000_000n },
    fingerprint(a.apiKey),
  ),
});

/** The worker, its book, and the owner. */
class Stage {
  readonly kills: Kill[] = [];
  readonly #rounds: Round[] = [];
  readonly #killAfterMs = new Map<number, number>();
  #worker: Child | undefined;
  #start: () => Child = () => {
    throw new RangeError("expected begin first");
  };
  #db: Database | undefined;

  constructor(
    private readonly plan: RehearsalPlan,
    private readonly clock: Clock,
    private readonly say: (text: string) => void,
  ) {
    const random = seededRandom(`rehearsal:${plan.seed}`);
    const rounds = Array.from({ length: plan.rounds }, (_, i) => ({ i, order: random.next() }));
    const chosen = rounds.toSorted((a, b) => a.order - b.order).slice(0, plan.kills);
    for (const { i } of chosen) this.#killAfterMs.set(i, random.int(KILL_WITHIN_MS));
  }

  get db(): Database {
    if (this.#db === undefined) throw new RangeError("expected begin first");
    return this.#db;
  }

  async begin(env: Readonly<Record<string, string>>, time: FastClock): Promise<void> {
    const { program, dir } = this.plan;
    const varDir = join(dir, "trader");
    const words = ["worker", "--json", "--var", varDir, "--clock", fastClockText(time)];
    this.#start = () => new Child("worker", [...program, ...words], { cwd: dir, env });
    await this.#started();
    this.#db = openDatabase(databasePath(varDir));
    // Only the rounds judge bars: a proposal of the schedule that nobody answers would hold back the next one's size.
    const scheduler = new Scheduler(this.db, new JobStore<AppJob>(this.db, registry, this.clock), this.clock);
    for (const symbol of SYMBOLS) scheduler.setPaused(`fetchMarket:${symbol}`, true);
    await this.#until("the history", () => {
      const done = this.db.read.jobs.list({ name: "collectHistory", state: "done", limit: SYMBOLS.length });
      return done.length === SYMBOLS.length;
    });
  }

  async #started(): Promise<void> {
    this.#worker = this.#start();
    await this.#worker.line((line) => line.includes('"event":"started"'));
  }

  /** One whole trade, from the signal to the end. */
  async round(index: number, venue: Child): Promise<void> {
    const symbol = SYMBOLS[index % SYMBOLS.length]!;
    const { db, clock } = this;
    const store = new JobStore<AppJob>(db, registry, clock);
    const { id } = await this.#proposed(index, symbol, store);
    await this.#until("the proposal to wait for its answer", () => {
      try {
        return (
          answerProposal(
            { db, store, clock },
            { proposalId: id, decision: "approved", by: "human", actor: "rehearsal" },
          ).kind === "recorded"
        );
      } catch (e) {
        if (e instanceof AppError && e.code === "PROPOSAL_NOT_WAITING") return false;
        throw e;
      }
    });
    const approvedMs = clock.nowMs();
    const killing = this.#killLater(index);
    const trade = () => db.read.trades.byProposal(id);
    const isOver = (): boolean => ["closed", "cancelled"].includes(trade()?.status ?? "");
    await this.#until("the entry at the exchange", () => isOver() || this.#rests(id));
    venue.tell({ steer: { symbol, path: DIP } });
    await this.#until("a protected position", () => isOver() || this.#isProtected(id));
    const path = index % 3 === 2 ? DOWN : UP;
    if (!isOver()) venue.tell({ steer: { symbol, path } });
    await this.#until("the end of the trade", isOver);
    const killed = await killing;
    const { status } = trade()!;
    this.#rounds.push({ proposalId: id, approvedMs, killed, traded: status === "closed" });
    this.say(`round ${index + 1}: ${symbol} ${status}${killed ? ", killed on the way" : ""}`);
  }

  async end(): Promise<readonly Round[]> {
    await this.#until("the last jobs", () => this.db.read.trades.alive().length === 0);
    await this.#worker?.end("SIGTERM");
    return this.#rounds;
  }
  async close(): Promise<void> {
    if (this.#worker?.isOver === false) await this.#worker.end("SIGKILL");
    this.#db?.close();
  }

  readonly #judged = new Map<string, number>();
  /** A bar is judged once, and a gate may refuse its signal: then the next one is. */
  async #proposed(index: number, symbol: (typeof SYMBOLS)[number], store: JobStore<AppJob>): Promise<Proposal> {
    const { db, clock } = this;
    const before = new Set(db.read.proposals.newest(10).map((p) => p.id));
    const proposal = () => db.read.proposals.pending().find((p) => p.symbol === symbol && !before.has(p.id));
    for (let bar = 0; bar < MOST_BARS; bar += 1) {
      await this.#until("the next bar", () => barOpen(clock.nowMs()) !== this.#judged.get(symbol));
      const barMs = barOpen(clock.nowMs());
      this.#judged.set(symbol, barMs);
      const input = { symbol, tickMs: plusMs(barMs, 5 * SECOND_MS) };
      store.enqueue({ name: "fetchMarket", key: `rehearsal:${index}:${bar}`, input });
      await this.#until(
        "a proposal or the next bar",
        () => proposal() !== undefined || barOpen(clock.nowMs()) !== barMs,
      );
      const found = proposal();
      if (found !== undefined) return found;
    }
    throw new AppError(
      "permanent",
      "REHEARSAL",
      `expected a proposal of ${symbol} within ${MOST_BARS} bars, found none`,
    );
  }
  #rests(proposalId: string): boolean {
    const trade = this.db.read.trades.byProposal(proposalId);
    return (
      trade !== undefined &&
      this.db.read.orders.ofTrade(trade.id).some((o) => "venueOrderId" in o && o.venueOrderId !== undefined)
    );
  }
  #isProtected(proposalId: string): boolean {
    const { trades, tradeLegs, orders } = this.db.read;
    const trade = trades.byProposal(proposalId);
    if (trade === undefined) return false;
    const open = tradeLegs.ofTrade(trade.id).reduce((sum, leg) => sum + leg.open, 0n);
    const stops = orders.ofTrade(trade.id).filter((o) => o.intent.purpose === "stop" && o.state === "open");
    return open > 0n && stops.reduce((sum, o) => sum + o.intent.size, 0n) >= open;
  }

  /** Kills the worker some time after the approval, where the plan says so, and starts it again. */
  async #killLater(index: number): Promise<boolean> {
    const afterMs = this.#killAfterMs.get(index);
    if (afterMs === undefined) return false;
    await delay(afterMs);
    await this.#worker?.end("SIGKILL");
    const atMs = this.clock.nowMs();
    await this.#started();
    await this.#until("the comparison after the start", () => (this.#cleared() ?? 0) > atMs);
    this.kills.push({ atMs, recoveredMs: this.#cleared()! });
    return true;
  }
  #cleared(): EpochMs | undefined {
    return this.db.read.halts.lastCleared(START)?.clearedMs;
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    const longestMs = STEP_LIMIT_MS + BAR_MS / this.plan.speed;
    const limitMs = realClock.monotonicMs() + longestMs;
    while (!condition()) {
      if (realClock.monotonicMs() > limitMs)
        throw new AppError(
          "permanent",
          "REHEARSAL",
          `expected ${what} within ${Math.round(longestMs / SECOND_MS)} s, found none; see ${this.plan.dir}/trader/logs`,
        );
      await delay(POLL_MS);
    }
  }
}
