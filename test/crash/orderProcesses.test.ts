// A real worker process, killed with SIGKILL while it enters, protects and exits, against the simulated venue over HTTP in
// real time. After each start: one entry, protected within seconds, and in the end the book is the venue's.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Database, openDatabase } from "../../db/open.ts";
import { ledgerDifferences } from "../../handlers/reconcile.ts";
import { registry } from "../../handlers/registry.ts";
import { yen } from "../../lib/core/money.ts";
import { epochMs, MINUTE_MS, SECOND_MS } from "../../lib/core/time.ts";
import { realClock } from "../../lib/io/clock.ts";
import { createGmoVenue } from "../../lib/io/gmo/gmoVenue.ts";
import { httpTransport } from "../../lib/io/gmo/httpTransport.ts";
import { realTimers } from "../../lib/io/gmo/timers.ts";
import { silentLogger } from "../../lib/io/logger.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { QuoteMarket } from "../../lib/sim/quoteMarket.ts";
import { startVenueServer, type VenueServer } from "../../lib/sim/server/server.ts";
import { Simulator } from "../../lib/sim/simulator.ts";
import { SYMBOL_RULES } from "../../lib/sim/symbolRules.ts";
import { JobStore } from "../../queue/store.ts";
import { LONG } from "../long.ts";
import { insertProposal, settleApproved } from "../sim/proposals.ts";
import { START_MS } from "../sim/world.ts";
import { buildProgram } from "./build.ts";
import type { ChildArguments } from "./orderChild.ts";

const SYMBOL = "BTC_JPY";
const PRICE = 10_000_000;
const KILLS = LONG ? 40 : 3;
/** A busy machine may take long for a process to start; the goal itself is measured by the bench. */
const PATIENCE_MS = 60 * SECOND_MS;
const seed = process.env["CRASH_SEED"] ?? "processes";

let build: { readonly dir: string; readonly program: string };
let dir: string;
let market: QuoteMarket;
let server: VenueServer;
let db: Database;
let store: JobStore;
let child: ChildProcess | undefined;
let lives = 0;

const feed = (last: number): void => {
  const { simulator } = server;
  simulator.feedQuote(SYMBOL, { bid: yen(last - 500), ask: yen(last + 500), last: yen(last), atMs: simulator.nowMs() });
};
const startChild = async (): Promise<void> => {
  lives += 1;
  const { apiKey, secret } = server.simulator.credentials();
  const given: ChildArguments = {
    path: join(dir, "trader.db"),
    publicUrl: server.addresses.restPublic,
    privateUrl: server.addresses.restPrivate,
    apiKey,
    secret,
    offsetMs: server.simulator.nowMs() - realClock.nowMs(),
    bootId: `life-${lives}`,
  };
  const made = spawn(process.execPath, [build.program, JSON.stringify(given)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = made;
  await new Promise<void>((resolve, reject) => {
    made.stdout?.once("data", () => resolve());
    made.once("exit", (code) => reject(new Error(`the worker ended with ${code} before it had started`)));
  });
};
const kill = async (): Promise<void> => {
  const dying = child;
  child = undefined;
  if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
  const gone = new Promise((resolve) => dying.once("exit", resolve));
  dying.kill("SIGKILL");
  await gone;
};
const until = async (what: string, holds: () => boolean): Promise<void> => {
  const endMs = realClock.monotonicMs() + PATIENCE_MS;
  while (!holds()) {
    if (realClock.monotonicMs() > endMs) throw new Error(`expected ${what} within ${PATIENCE_MS} ms`);
    // Venue time is driven by the wall: this lets it pass.
    await delay(10);
  }
};
const entries = (from: number) =>
  server.simulator.orders().filter((o, i) => i >= from && o.settleType === "OPEN" && o.status !== "EXPIRED");

beforeAll(async () => {
  build = buildProgram("test/crash/orderChild.ts");
  dir = mkdtempSync(join(tmpdir(), "order-processes-"));
  db = openDatabase(join(dir, "trader.db"));
  store = new JobStore(db, registry, { ...realClock, nowMs: () => server.simulator.nowMs() });
  market = new QuoteMarket(SYMBOL_RULES);
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
      authClock: () => realClock.nowMs(),
    },
  });
  for (const [symbol, price] of [
    [SYMBOL, PRICE],
    ["ETH_JPY", 500_000],
  ] as const)
    simulator.feedQuote(symbol, { bid: yen(price - 500), ask: yen(price + 500), last: yen(price), atMs: startMs });
  server = await startVenueServer({ simulator, market, rules: SYMBOL_RULES, seed, startMs, speed: 1 });
}, 120_000);
afterAll(async () => {
  await kill();
  db.close();
  await server.close();
  rmSync(dir, { recursive: true, force: true });
  rmSync(build.dir, { recursive: true, force: true });
});

test(`killed ${KILLS} times with SIGKILL while it enters, protects and exits: one entry, protected again, book = venue`, async () => {
  const random = seededRandom(seed);
  const { simulator } = server;
  for (let round = 0; round < KILLS; round += 1) {
    feed(PRICE);
    await startChild();
    await until("the first reconcile", () => db.read.halts.active(simulator.nowMs()).length === 0);
    const before = simulator.orders().length;
    // Dies at one of the venue's next events about this trade, or up to 60 ms after it.
    const events = 1 + random.int(14);
    const laterMs = random.int(60);
    let heard = 0;
    let killing: Promise<void> | undefined;
    const stop = simulator.onEvent(() => {
      heard += 1;
      if (heard === events) killing = delay(laterMs).then(kill);
    });
    const proposalId = db.transaction((tx) => {
      const proposal = insertProposal(tx, market, simulator.nowMs(), START_MS, round + 1, { size: "0.002" });
      store.enqueueIn(tx, settleApproved(tx, proposal, simulator.nowMs()));
      return proposal.id;
    });
    const trade = () => db.read.trades.byProposal(proposalId);
    const label = `round ${round}, event ${events} + ${laterMs} ms`;
    // The market does its part: into the entry, then up to both targets.
    await until(`an entry (${label})`, () => entries(before).length > 0 || killing !== undefined);
    feed(PRICE - 2_000);
    await until(`a stop, or the kill (${label})`, () => killing !== undefined || isProtected());
    feed(PRICE + 40_000);
    await until(`the kill, or the end (${label})`, () => killing !== undefined || trade()?.status === "closed");
    stop();
    await (killing ?? kill());
    await startChild();
    await until(`nothing bare (${label})`, () => simulator.bareSize(SYMBOL) === 0n);
    feed(PRICE + 70_000);
    await until(`the end of the trade (${label})`, () => ["closed", "cancelled"].includes(trade()?.status ?? "none"));
    await kill();

    expect(entries(before).filter((o) => o.executedSize > 0n).length, label).toBeLessThanOrEqual(1);
    expect(
      simulator.positions().filter((p) => p.size > 0n),
      label,
    ).toEqual([]);
  }
  const transport = httpTransport({ publicUrl: server.addresses.restPublic, privateUrl: server.addresses.restPrivate });
  const venue = createGmoVenue({
    transport,
    credentials: simulator.credentials(),
    clock: realClock,
    log: silentLogger(),
    timers: realTimers,
  });
  // Asked over HTTP, as anybody could.
  expect(await ledgerDifferences({ db: db.read, venue }, [SYMBOL])).toEqual([]);
  await transport.close();
  expect(db.read.trades.newest(100).every((t) => t.status === "closed" || t.status === "cancelled")).toBe(true);
  expect(db.read.audit.firstBroken()).toBeUndefined();
}, 1_800_000);

const isProtected = (): boolean =>
  server.simulator.positions().some((p) => p.size > 0n) && server.simulator.bareSize(SYMBOL) === 0n;
