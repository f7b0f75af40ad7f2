// A real worker process over a database file, and the simulated venue it trades at over HTTP in real time: for the suite that
// kills it and for the bench that times it.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Database, openDatabase } from "../../db/open.ts";
import { registry } from "../../handlers/registry.ts";
import { yen } from "../../lib/core/money.ts";
import { epochMs, MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import { realClock } from "../../lib/io/clock.ts";
import { SYMBOL_RULES } from "../../lib/sim/engine/symbolRules.ts";
import { QuoteMarket } from "../../lib/sim/market/quoteMarket.ts";
import { startVenueServer, type VenueServer } from "../../lib/sim/server/server.ts";
import { Simulator } from "../../lib/sim/simulator.ts";
import { JobStore } from "../../queue/store.ts";
import { insertProposal, settleApproved } from "../sim/proposals.ts";
import { START_MS } from "../sim/world.ts";
import { buildProgram } from "./build.ts";
import type { ChildArguments } from "./orderChild.ts";

export const SYMBOL = "BTC_JPY";
export const PRICE = 10_000_000;
/** A busy machine may take long for a process to start. */
const PATIENCE_MS = 60 * SECOND_MS;

export class OrderStand {
  #child: ChildProcess | undefined;
  #lives = 0;
  #proposals = 0;
  private constructor(
    private readonly build: { readonly dir: string; readonly program: string },
    private readonly dir: string,
    readonly market: QuoteMarket,
    readonly server: VenueServer,
    readonly db: Database,
    private readonly store: JobStore,
  ) {}

  static async open(seed: string): Promise<OrderStand> {
    const build = buildProgram("test/crash/orderChild.ts");
    const dir = mkdtempSync(join(tmpdir(), "order-processes-"));
    const db = openDatabase(join(dir, "trader.db"));
    const market = new QuoteMarket(SYMBOL_RULES);
    const startMs = epochMs(START_MS + 2 * MINUTE_MS);
    const simulator = Simulator.open({
      path: ":memory:",
      market,
      seed,
      rules: SYMBOL_RULES,
      startEquity: yen(1_000_000),
      startMs,
      options: {
        partialFills: false,
        cancelAfterMs: 20,
        positionVisibleAfterMs: 100,
      },
    });
    for (const [symbol, price] of [
      [SYMBOL, PRICE],
      ["ETH_JPY", 500_000],
    ] as const)
      simulator.feedQuote(symbol, { bid: yen(price - 500), ask: yen(price + 500), last: yen(price), atMs: startMs });
    const server = await startVenueServer({ simulator, market, rules: SYMBOL_RULES, seed, startMs, speed: 1 });
    const store = new JobStore(db, registry, { ...realClock, nowMs: () => simulator.nowMs() });
    return new OrderStand(build, dir, market, server, db, store);
  }

  get simulator(): Simulator {
    return this.server.simulator;
  }
  feed(last: number): void {
    const quote = { bid: yen(last - 500), ask: yen(last + 500), last: yen(last), atMs: this.simulator.nowMs() };
    this.simulator.feedQuote(SYMBOL, quote);
  }
  /** The owner's yes to a new proposal, written from another process than the worker's. Returns its id. */
  approve(): string {
    this.#proposals += 1;
    return this.db.transaction((tx) => {
      const nowMs = this.simulator.nowMs();
      const proposal = insertProposal(tx, this.market, nowMs, START_MS, this.#proposals, { size: "0.002" });
      this.store.enqueueIn(tx, settleApproved(tx, proposal, nowMs));
      return proposal.id;
    });
  }
  async start(): Promise<void> {
    this.#lives += 1;
    const { apiKey, secret } = this.simulator.credentials();
    const given: ChildArguments = {
      path: join(this.dir, "trader.db"),
      publicUrl: this.server.addresses.restPublic,
      privateUrl: this.server.addresses.restPrivate,
      apiKey,
      secret,
      offsetMs: this.simulator.nowMs() - realClock.nowMs(),
      bootId: `life-${this.#lives}`,
    };
    const made = spawn(process.execPath, [this.build.program, JSON.stringify(given)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = made;
    await new Promise<void>((resolve, reject) => {
      made.stdout?.once("data", () => resolve());
      made.once("exit", (code) => reject(new Error(`the worker ended with ${code} before it had started`)));
    });
  }
  async kill(): Promise<void> {
    const dying = this.#child;
    this.#child = undefined;
    if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
    const gone = new Promise((resolve) => dying.once("exit", resolve));
    dying.kill("SIGKILL");
    await gone;
  }
  /** Venue time is driven by the wall: waiting lets it pass. */
  async until(what: string, holds: () => boolean, lookMs = 10): Promise<void> {
    const endMs = realClock.monotonicMs() + PATIENCE_MS;
    while (!holds()) {
      if (realClock.monotonicMs() > endMs) throw new Error(`expected ${what} within ${PATIENCE_MS} ms`);
      await delay(lookMs);
    }
  }
  /** Entries halted until the first reconcile of a start has found both equal. */
  isReconciled(): boolean {
    return this.db.read.halts.active(this.simulator.nowMs()).length === 0;
  }
  isProtected(): boolean {
    return this.simulator.positions().some((p) => p.size > 0n) && this.simulator.bareSize(SYMBOL) === 0n;
  }
  async close(): Promise<void> {
    await this.kill();
    this.db.close();
    await this.server.close();
    rmSync(this.dir, { recursive: true, force: true });
    rmSync(this.build.dir, { recursive: true, force: true });
  }
}
