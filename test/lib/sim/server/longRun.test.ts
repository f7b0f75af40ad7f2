// Our connector against the venue's server over real HTTP and WebSocket, hours of venue time in minutes, with random
// faults of every kind and an owner who does anything: nothing is sent twice, every socket comes back, the view is the
// venue's after each repair, and nothing is left behind.
import { setTimeout as delay } from "node:timers/promises";
import { inspect, isDeepStrictEqual } from "node:util";
import { afterEach, expect, test } from "vitest";
import type { AppError } from "../../../../lib/core/errors.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../../lib/core/time.ts";
import { isTerminalStatus } from "../../../../lib/core/venue.ts";
import { entropyHex, seededRandom } from "../../../../lib/io/random.ts";
import { LONG } from "../../../long.ts";
import { Owner, pictured, readTruth, viewed } from "./longRunOwner.ts";
import { type LongWorld, openLongWorld, SYMBOLS } from "./longRunWorld.ts";

const SEED = process.env["TEST_SEED"] ?? (LONG ? entropyHex(4) : "1");
/** Venue seconds per second, at most. */
const SPEED = LONG ? 240 : 120;
const DURATION_MS = LONG ? 24 * HOUR_MS : 30 * MINUTE_MS;
const CHECK_EVERY_MS = LONG ? 15 * MINUTE_MS : 3 * MINUTE_MS;
const TIME_LIMIT_MS = LONG ? 60 * 60_000 : 180_000;
/** What a stream may tell as a problem while the network is as bad as this; anything else is a defect. */
const EXPECTED =
  /^(VENUE_(FRAME|TIMEOUT|RESET|OTHER|GARBLED|ABORTED|WS_REFUSED|WS_TOKEN_LOST)|ERR-(554|5003|5008|5201|5202|5203))$/;

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => {
  unhandled.push(reason);
};
let world: LongWorld | undefined;
afterEach(async () => {
  process.off("unhandledRejection", onUnhandled);
  await world?.close();
});

/** Handles, timers and sockets of this process, by kind. */
const resources = (): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
};
const leaked = (before: Readonly<Record<string, number>>): string[] =>
  Object.entries(resources()).flatMap(([kind, n]) =>
    n > (before[kind] ?? 0) ? [`${kind}: ${before[kind] ?? 0} -> ${n}`] : [],
  );
const heapMb = (): number => Math.round(process.memoryUsage().heapUsed / 1_048_576);

/** Everything the streams publish, checked as it arrives. */
class Watch {
  repairs = 0;
  /** Repairs after which the venue stood still long enough to compare. */
  compared = 0;
  readonly downs = { private: 0, public: 0 };
  readonly problems = new Map<string, number>();
  readonly wrong: string[] = [];
  stopping = false;
  constructor(private readonly world: LongWorld) {
    const { account, market } = world;
    account.listen((told) => {
      if (told.kind === "problem") this.#problem(told.error);
      if (told.kind === "lost") this.wrong.push(`the listener lost ${told.count} events`);
      if (told.kind === "state" && told.state.kind === "down") this.#down("private", told.state);
      if (told.kind !== "repaired") return;
      this.repairs += 1;
      const { view } = account;
      // Comparable when the view knows of no doubt and nothing has happened since the repair began to ask.
      if (account.state.kind !== "live" || view.doubts > 0 || world.events() !== world.askedAtEvent()) return;
      this.compared += 1;
      this.#same("repaired", viewed(world), pictured(world, told.snapshot));
    });
    market.listen((told) => {
      if (told.kind === "problem") this.#problem(told.error);
      if (told.kind === "state" && told.state.kind === "down") this.#down("public", told.state);
    });
  }
  #problem({ code, message }: AppError): void {
    this.problems.set(code, (this.problems.get(code) ?? 0) + 1);
    if (!EXPECTED.test(code)) this.wrong.push(`${code}: ${message}`);
  }
  #down(stream: "private" | "public", { reason, final }: { readonly reason: string; readonly final: boolean }): void {
    if (!final) this.downs[stream] += 1;
    else if (!this.stopping) this.wrong.push(`the ${stream} stream has given up: ${reason}`);
  }
  #same(when: string, found: unknown, truth: unknown): void {
    if (isDeepStrictEqual(found, truth)) return;
    const text = (value: unknown): string => inspect(value, { depth: 5, breakLength: 200, maxArrayLength: 5 });
    this.wrong.push(`${when}: expected what REST says, ${text(truth)}, found ${text(found)}`);
  }

  /** With the owner at rest: both sockets live, and everything as REST, asked anew, says. */
  async agrees(): Promise<void> {
    const { world } = this;
    const { account, market, server } = world;
    for (;;) {
      const settled = (): boolean =>
        account.state.kind === "live" && market.state.kind === "live" && server.sockets() === 2;
      await world.until(settled);
      const repairsBefore = this.repairs;
      account.repairNow("the test asks");
      await world.until(() => this.repairs > repairsBefore && account.view.doubts === 0 && settled());
      // A repair of the stream's own may begin and end while the truth is read: its event count says nothing of that.
      const eventsBefore = world.events();
      const truth = await readTruth(world);
      if (world.events() !== eventsBefore) continue;
      // Moved on meanwhile, or in the way of a fault: another look.
      if (!truth || account.view.doubts > 0 || !settled() || world.events() !== world.askedAtEvent()) continue;
      this.#same("at rest", viewed(world), pictured(world, truth));
      for (const rest of truth.ends) {
        const row = account.view.order(rest.orderId)!;
        this.#same(
          "an end",
          [row.orderId, row.status, row.executedSize],
          [rest.orderId, rest.status, rest.executedSize],
        );
      }
      return;
    }
  }
}

test(`${DURATION_MS / HOUR_MS} venue hours with random faults, seed ${SEED}`, { timeout: TIME_LIMIT_MS }, async () => {
  process.on("unhandledRejection", onUnhandled);
  const before = resources();
  const heapBefore = heapMb();
  const about = `seed ${SEED} (TEST_SEED=${SEED} repeats its choices)`;
  world = await openLongWorld(SEED, SPEED, DURATION_MS);
  const { time, clock, fromMs, ledger, server, account, market, api } = world;
  const watch = new Watch(world);
  const owner = new Owner(world, SEED);
  const random = seededRandom(`${SEED}:waits`);
  for (const channel of ["ticker", "orderbooks", "trades"] as const) market.subscribe(channel, "BTC_JPY");
  market.subscribe("ticker", "BTC");
  market.start();
  account.start();

  let checks = 0;
  let nextCheckMs = fromMs + CHECK_EVERY_MS;
  while (clock.nowMs() < fromMs + DURATION_MS) {
    // The owner trusts the view only while it is live, and waits for it.
    await world.until(() => account.state.kind === "live");
    await owner.act();
    // Somebody else with our account issues tokens: the venue keeps five, ours ends.
    if (random.int(100) === 0) for (let i = 0; i < 5; i++) await api.issueToken();
    await time.sleep(random.int(8) * SECOND_MS);
    if (clock.nowMs() < nextCheckMs) continue;
    await watch.agrees();
    checks += 1;
    nextCheckMs = clock.nowMs() + CHECK_EVERY_MS;
    expect(watch.wrong, about).toEqual([]);
    expect(ledger.violations, about).toEqual([]);
  }

  // The end: nothing is left open, and the view knows.
  for (const end = { done: false }; !end.done; ) {
    await world.until(() => account.state.kind === "live");
    ledger.sentInCall = 0;
    await api.cancelBulkOrder({ symbols: SYMBOLS });
    ledger.sentInCall = undefined;
    await watch.agrees();
    end.done = SYMBOLS.every((symbol) => account.view.liveOrders(symbol).length === 0);
  }
  expect(
    SYMBOLS.flatMap((symbol) => account.view.liveOrders(symbol)),
    about,
  ).toEqual([]);
  expect(
    account.view.orders().every(({ status }) => isTerminalStatus(status)),
    about,
  ).toBe(true);
  const heapAfter = heapMb();

  watch.stopping = true;
  await account.stop();
  await market.stop();
  await world.until(() => server.sockets() === 0);
  expect(account.counts(), about).toMatchObject({ waiting: 0, buffered: 0 });
  await world.close();
  // The network may still be closing; what is there after a while is there for good.
  let left = leaked(before);
  for (let look = 0; left.length > 0 && look < 250; look++) {
    await delay(10);
    left = leaked(before);
  }
  const { repairs, compared, downs, problems } = watch;
  const report = {
    seed: SEED,
    checks,
    repairs,
    compared,
    downs,
    owner: owner.results,
    events: world.events(),
    heapMb: [heapBefore, heapAfter],
  };
  process.stdout.write(
    `${JSON.stringify({ ...report, problems: Object.fromEntries(problems), codes: Object.fromEntries(owner.codes) })}\n`,
  );

  expect(left, about).toEqual([]);
  expect(unhandled, about).toEqual([]);
  expect(world.failure(), about).toBeUndefined();
  expect(watch.wrong, about).toEqual([]);
  expect(ledger.violations, about).toEqual([]);
  // It was as bad as it should be, and there was something to compare.
  expect(
    Math.min(downs.private, downs.public, owner.results.unknown, owner.results.accepted, compared, checks),
    about,
  ).toBeGreaterThan(0);
});
