// Entries: post-only and passive, re-quoted, part filled, given up, halted.
import { afterEach, describe, expect, test } from "vitest";
import { toNumber, yen } from "../../lib/core/money.ts";
import { START_PRICE, World, type WorldOptions } from "../sim/world.ts";

// Best bid and ask stand 500 yen from the last price; a resting buy at the bid fills when the last price falls below it.
const BID = START_PRICE - 500;
let world: World;
const start = (options: WorldOptions): World => {
  world = new World(options);
  return world;
};
afterEach(() => world.close());

const states = (purpose: string) => world.orders(purpose).map((o) => o.state);
const closed = (reason: string) => expect(world.trade()).toMatchObject({ status: "closed", exitReason: reason });
const nothingBroken = async () => expect(await world.brokenPromises()).toEqual([]);
/** Longest stretch without protection, venue time. */
const bareMs = (symbol = "BTC_JPY") => world.simulator.bareStats(symbol).longestMs;

describe("ways in", () => {
  test("post-only on BTC, a passive limit on ETH, each with a fence behind the stop", async () => {
    const w = start({
      btc: (s) => s.to(9_998_000, 2).to(9_940_000, 10).flat(30),
      eth: (s) => s.to(499_500, 2).to(490_000, 10).flat(30),
    });
    w.approve();
    w.approve({ symbol: "ETH_JPY", size: "0.04" });
    await w.runToEnd();
    expect(w.orders("entry").map((o) => [o.intent.symbol, o.intent.timeInForce, o.state])).toEqual([
      ["BTC_JPY", "SOK", "filled"],
      ["ETH_JPY", "FAS", "filled"],
    ]);
    for (const o of w.orders("entry")) {
      const trade = w.trade(o.intent.tradeId);
      expect(toNumber(o.intent.losscutPrice ?? yen(0))).toBeLessThan(trade.stopLoss);
    }
    await nothingBroken();
  });

  test("a resting entry is cancelled when its holding time would begin to cross 06:00 JST", async () => {
    // 21 hours to 06:00 JST at the start: the gate closes after six minutes, the price comes after ten.
    const w = start({ btc: (s) => s.flat(8).to(9_998_000, 2).flat(30), config: { TIME_STOP_HOURS: "20.9" } });
    w.approve();
    await w.advance(1);
    expect(states("entry")).toEqual(["open"]);
    await w.advance(15);
    expect(states("entry")).toEqual(["cancelled"]);
    expect(w.trade()).toMatchObject({ status: "cancelled", cancelReason: expect.stringContaining("06:00 JST") });
    await nothingBroken();
  });

  test("an entry that expires as taker is quoted again", async () => {
    let crossed = false;
    const w = start({
      btc: (s) => s.flat(1).gap(9_997_000).flat(3).to(9_994_000, 2).to(9_940_000, 10).flat(20),
      // The market jumps below our bid while the order is on its way.
      onRequest: (it, what) => {
        if (what !== "POST /v1/order" || crossed) return;
        crossed = true;
        it.pass(4_000);
      },
    });
    await w.advance(0.95);
    w.approve();
    await w.runToEnd();
    expect(w.orders("entry").map((o) => o.state)).toEqual(["expired", "filled"]);
    expect(w.orders("entry")[1]?.intent.price).toBe(yen(9_996_500));
    closed("stop_loss");
    await nothingBroken();
  });

  test("a resting entry follows the market after a minute, inside the band and at most three times", async () => {
    const w = start({ btc: (s) => s.to(10_004_000, 4).flat(2).to(10_030_000, 4).flat(60) });
    w.approve();
    await w.runToEnd();
    const prices = w.orders("entry").map((o) => toNumber(o.intent.price ?? yen(0)));
    expect(prices.length).toBeGreaterThan(1);
    expect(prices.length).toBeLessThanOrEqual(4);
    expect(prices.toSorted((a, b) => a - b)).toEqual(prices);
    expect(Math.max(...prices)).toBeLessThanOrEqual(BID * 1.001);
    expect(w.trade()).toMatchObject({ status: "cancelled" });
    expect(w.trade().cancelReason).toMatch(/time is over|band|re-quotes/);
    expect(w.messages().at(-1)).toContain("NO TRADE");
    await nothingBroken();
  });

  test("an entry rests on where it is while the market is outside the band, and fills when it comes back", async () => {
    const w = start({
      btc: (s) => s.flat(2).gap(10_030_000).flat(6).gap(9_998_000).flat(2).to(9_940_000, 10).flat(20),
    });
    w.approve();
    await w.runToEnd();
    expect(states("entry")).toEqual(["filled"]);
    closed("stop_loss");
    await nothingBroken();
  });

  test("partial fills are protected one by one, and split in halves together", async () => {
    const w = start({
      btc: (s) =>
        s.to(9_998_000, 1, 0.01).flat(1).to(9_997_000, 1, 0.01).to(9_996_000, 2, 0.02).to(9_940_000, 12, 10).flat(20),
      venue: { partialFills: true },
    });
    w.approve({ size: "0.006" });
    await w.runToEnd();
    const positions = w.db.read.positions.ofTrade(1);
    expect(positions.length).toBeGreaterThan(1);
    expect(bareMs()).toBe(0);
    expect(w.messages().filter((m) => m.startsWith("FILLED")).length).toBe(positions.length);
    closed("stop_loss");
    await nothingBroken();
  });

  test("at the end of its time a part fill is kept and the rest cancelled", async () => {
    const w = start({
      btc: (s) => s.to(9_998_000, 1, 0.002).gap(10_001_000).flat(30).to(9_940_000, 12).flat(20),
      venue: { partialFills: true },
    });
    w.approve({ size: "0.006" });
    await w.advance(20);
    expect(w.trade().status).toBe("open");
    expect(w.trade().positionSize).toBeLessThan(0.006);
    expect(w.trade().entryEndedMs).toBeDefined();
    expect((await w.owner.activeOrders("BTC_JPY")).filter((o) => o.settleType === "OPEN")).toEqual([]);
    await w.runToEnd();
    closed("stop_loss");
    await nothingBroken();
  });

  test("the rest of a part fill is cancelled once the trade has begun to close", async () => {
    const w = start({
      btc: (s) => s.to(9_998_000, 1, 0.002).gap(10_001_000).to(10_080_000, 8).flat(30),
      venue: { partialFills: true },
    });
    w.approve({ size: "0.006" });
    await w.runToEnd();
    expect(states("entry")).toEqual(["cancelled"]);
    expect(w.trade().status).toBe("closed");
    expect(w.minute).toBeLessThan(15);
    await nothingBroken();
  });

  test("nothing is bought when the price has left the approved band", async () => {
    const w = start({ btc: (s) => s.flat(60) });
    w.approve({ entry: 10_050_000 });
    await w.runToEnd();
    expect(w.db.read.trades.newest(1)).toEqual([]);
    expect(w.auditKinds()).toContain("entry.refused");
    expect(w.messages().at(-1)).toContain("band");
    expect(w.requests.filter((r) => r.startsWith("POST"))).toEqual([]);
  });

  test("an unfilled entry is cancelled when its time is over, and the owner is told", async () => {
    const w = start({ btc: (s) => s.flat(60) });
    w.approve();
    await w.runToEnd();
    expect(w.trade()).toMatchObject({ status: "cancelled", cancelReason: "the approval's time is over" });
    expect(w.minute).toBeCloseTo(2 + 15, 1);
    await nothingBroken();
  });

  test("a second approval of the same symbol is refused while the first is worked", async () => {
    const w = start({ btc: (s) => s.flat(60) });
    w.approve();
    w.approve();
    await w.runToEnd();
    expect(w.db.read.trades.newest(10).length).toBe(1);
    expect(w.simulator.orders().length).toBe(1);
    await nothingBroken();
  });
});

test.each([
  ["made by an older version, without its symbol, trades", undefined, "open"],
  ["with another symbol than its proposal's fails and sends nothing", "ETH_JPY", undefined],
] as const)("an execute job %s", async (_, symbol, entry) => {
  const w = start({ btc: (s) => s.flat(60) });
  w.halt(); // The job that `approve` makes must not run first.
  const { id } = w.approve();
  w.store.cancel(w.store.list({ name: "execute" })[0]!.id, "test");
  w.db.transaction((tx) => tx.halts.clear("stop", "test", w.nowMs));
  const input = { proposalId: id, ...(symbol === undefined ? {} : { symbol }) };
  w.enqueue({ name: "execute", key: "again", input });
  await w.advance(1);
  expect(w.orders("entry")[0]?.state).toBe(entry);
  const error = w.store.list({ name: "execute", state: "dead" })[0]?.error;
  expect(error?.code).toBe(symbol === undefined ? undefined : "PROPOSAL_SYMBOL");
});

describe("a halt", () => {
  test("stops the claim of execute, and nothing is sent", async () => {
    const w = start({ btc: (s) => s.flat(60) });
    w.halt();
    w.approve();
    await w.advance(20);
    expect(w.requests).toEqual([]);
    expect(w.store.list({ name: "execute" })[0]?.state).toBe("ready");
  });

  test("between the check and the request drops the intention", async () => {
    let halted = false;
    const w = start({
      btc: (s) => s.flat(60),
      // Raised after the last check of the facts, before the order would go out.
      onRequest: (it, what) => {
        if (halted || what !== "GET /v1/openPositions" || it.db.read.trades.alive().length === 0) return;
        halted = true;
        it.halt();
      },
    });
    w.approve();
    await w.runToEnd();
    expect(w.requests.filter((r) => r.startsWith("POST"))).toEqual([]);
    expect(states("entry")).toEqual(["neverSent"]);
    expect(w.trade().cancelReason).toContain("halt");
    await nothingBroken();
  });

  test("between the intention and the request drops it in the transaction that would send it", async () => {
    let halted = false;
    const w = start({
      btc: (s) => s.flat(60),
      // By another process, right after a re-quote was committed as an intention.
      onCommit: (it) => {
        if (halted || !it.db.read.orders.all().some((o) => o.state === "intended" && o.id === 2)) return;
        halted = true;
        it.halt();
      },
      venue: {
        faults: (request, phase) =>
          phase === "before" && request.path === "/v1/order" ? { kind: "error", code: "ERR-5003" } : undefined,
      },
    });
    w.approve();
    await w.runToEnd();
    expect(states("entry")).toEqual(["rejected", "neverSent"]);
    expect(w.requests.filter((r) => r === "POST /v1/order").length).toBe(1);
    await nothingBroken();
  });

  test("cancels a resting entry, keeps its part fill and goes on protecting it", async () => {
    const w = start({
      btc: (s) => s.to(9_998_000, 1, 0.002).gap(10_001_000).flat(10).to(10_080_000, 20).flat(20),
      venue: { partialFills: true },
    });
    w.approve({ size: "0.006" });
    await w.advance(1);
    expect(w.trade().status).toBe("open");
    expect(states("entry")).toEqual(["open"]);
    w.halt();
    await w.advance(0.5);
    expect(states("entry")).toEqual(["cancelled"]);
    await w.runToEnd();
    expect(w.trade().exitReason).toMatch(/^tp/);
    expect(w.trade().positionSize).toBeLessThan(0.006);
    await nothingBroken();
  });
});
