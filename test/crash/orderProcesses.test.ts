// A real worker process, killed with SIGKILL while it enters, protects and exits, against the simulated venue over HTTP in
// real time. After each start: one entry, protected within seconds, and in the end the book is the venue's.
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ledgerDifferences } from "../../handlers/reconcile.ts";
import { createGmoVenue } from "../../lib/io/gmo/gmoVenue.ts";
import { httpTransport } from "../../lib/io/gmo/httpTransport.ts";
import { realTimers } from "../../lib/io/gmo/timers.ts";
import { silentLogger } from "../../lib/io/logger.ts";
import { seededRandom } from "../../lib/io/random.ts";
import { LONG } from "../long.ts";
import { OrderStand, PRICE, SYMBOL } from "./orderStand.ts";

const KILLS = LONG ? 40 : 3;
const seed = process.env["CRASH_SEED"] ?? "processes";
let stand: OrderStand;

beforeAll(async () => {
  stand = await OrderStand.open(seed);
}, 120_000);
afterAll(() => stand.close());

test(`killed ${KILLS} times with SIGKILL while it enters, protects and exits: one entry, protected again, book = venue`, async () => {
  const random = seededRandom(seed);
  const { simulator, db } = stand;
  const entries = (from: number) =>
    simulator.orders().filter((o, i) => i >= from && o.settleType === "OPEN" && o.status !== "EXPIRED");
  for (let round = 0; round < KILLS; round += 1) {
    stand.feed(PRICE);
    await stand.start();
    await stand.until("the first reconcile", () => stand.isReconciled());
    const before = simulator.orders().length;
    // Dies at one of the venue's next events about this trade, or up to 60 ms after it.
    const events = 1 + random.int(14);
    const laterMs = random.int(60);
    let heard = 0;
    let killing: Promise<void> | undefined;
    const stop = simulator.onEvent(() => {
      heard += 1;
      if (heard === events) killing = delay(laterMs).then(() => stand.kill());
    });
    const proposalId = stand.approve();
    const trade = () => db.read.trades.byProposal(proposalId);
    const label = `round ${round}, event ${events} + ${laterMs} ms`;
    // The market does its part: into the entry, then up to both targets.
    await stand.until(`an entry (${label})`, () => entries(before).length > 0 || killing !== undefined);
    stand.feed(PRICE - 2_000);
    await stand.until(`a stop, or the kill (${label})`, () => killing !== undefined || stand.isProtected());
    stand.feed(PRICE + 40_000);
    await stand.until(`the kill, or the end (${label})`, () => killing !== undefined || trade()?.status === "closed");
    stop();
    await (killing ?? stand.kill());
    await stand.start();
    await stand.until(`nothing bare (${label})`, () => simulator.bareSize(SYMBOL) === 0n);
    stand.feed(PRICE + 70_000);
    const ended = (): boolean => ["closed", "cancelled"].includes(trade()?.status ?? "none");
    await stand.until(`the end of the trade (${label})`, ended);
    await stand.kill();

    expect(entries(before).filter((o) => o.executedSize > 0n).length, label).toBeLessThanOrEqual(1);
    expect(
      simulator.positions().filter((p) => p.size > 0n),
      label,
    ).toEqual([]);
  }
  const { addresses } = stand.server;
  const transport = httpTransport({ publicUrl: addresses.restPublic, privateUrl: addresses.restPrivate });
  const venue = createGmoVenue({
    transport,
    credentials: simulator.credentials(),
    clock: { nowMs: () => simulator.nowMs() },
    log: silentLogger(),
    timers: realTimers,
  });
  // Asked over HTTP, as anybody could.
  expect(await ledgerDifferences({ db: db.read, venue }, [SYMBOL])).toEqual([]);
  await transport.close();
  expect(db.read.trades.newest(100).every((t) => t.status === "closed" || t.status === "cancelled")).toBe(true);
  expect(db.read.audit.firstBroken()).toBeUndefined();
}, 1_800_000);
