// Approved trades from the tap to the P&L, through the real queue, connector and book, on scripted prices: every
// way out.
import { afterEach, describe, expect, test } from "vitest";
import { parseCoin, toNumber, yen } from "../../lib/core/money.ts";
import { START_PRICE, World, type WorldOptions } from "../sim/world.ts";

// Best bid and ask stand 500 yen from the last price; a resting buy at the bid fills when the last price falls below
// it.
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

describe("ways out", () => {
  test("both targets, the second half's stop at the entry after the first", async () => {
    const w = start({ btc: (s) => s.flat(1).to(9_998_000, 2).to(10_000_000, 2).to(10_080_000, 20).flat(30) });
    w.approve();
    await w.runToEnd();
    closed("tp2");
    const exits = w.db.read.executions.ofTrade(1).filter((e) => e.kind === "close");
    expect(exits.map((e) => [e.exitReason, toNumber(e.price)])).toEqual([
      ["tp1", 10_029_498],
      ["tp2", 10_059_497],
    ]);
    const moved = w.orders("stop").at(-1)?.intent;
    expect(moved?.price).toBe(yen(BID));
    expect(w.trade().pnlAmount).toBe(59 + 119);
    expect(w.trade().exitPrice).toBeCloseTo((10_029_498 + 10_059_497) / 2, 6);
    expect(w.messages().map((m) => m.split(" ")[0])).toEqual(["FILLED", "CLOSED"]);
    expect(bareMs()).toBe(0);
    await nothingBroken();
  });

  test("a stop: the loss is the approved one and its slippage", async () => {
    const w = start({ btc: (s) => s.to(9_990_000, 4).to(9_940_000, 10).flat(30) });
    w.approve();
    await w.runToEnd();
    closed("stop_loss");
    expect(states("stop")).toEqual(["filled", "filled"]);
    expect(w.trade().pnlAmount).toBeLessThan(-195);
    expect(w.trade().pnlAmount).toBeGreaterThan(-210);
    await nothingBroken();
  });

  test("a short, stopped out", async () => {
    const w = start({ btc: (s) => s.to(10_002_000, 2).to(10_060_000, 10).flat(30) });
    w.approve({ direction: "short" });
    await w.runToEnd();
    closed("stop_loss");
    expect(w.trade()).toMatchObject({ direction: "short", entryPrice: START_PRICE + 500 });
    expect(w.trade().pnlAmount).toBeLessThan(-195);
    await nothingBroken();
  });

  test("a short, both targets", async () => {
    const w = start({ btc: (s) => s.to(10_002_000, 2).to(9_920_000, 20).flat(30) });
    w.approve({ direction: "short" });
    await w.runToEnd();
    closed("tp2");
    expect(w.trade().pnlAmount).toBeGreaterThan(170);
    await nothingBroken();
  });

  test("the first target, then back: the rest leaves at the entry price", async () => {
    const w = start({ btc: (s) => s.to(9_998_000, 2).to(10_035_000, 8).to(9_980_000, 10).flat(10) });
    w.approve();
    await w.runToEnd();
    closed("stop_loss");
    const exits = w.db.read.executions.ofTrade(1).filter((e) => e.kind === "close");
    expect(exits.map((e) => e.exitReason)).toEqual(["tp1", "stop_loss"]);
    expect(w.trade().pnlAmount).toBeGreaterThan(50);
    await nothingBroken();
  });

  test("the time stop: a passive close first, the market at the end", async () => {
    const w = start({ btc: (s) => s.to(9_998_000, 2).flat(300), config: { TIME_STOP_HOURS: "1" } });
    w.approve();
    await w.runToEnd();
    closed("time_stop");
    expect(w.orders("exit").map((o) => `${o.intent.executionType} ${o.state}`)).toEqual([
      "LIMIT cancelled",
      "LIMIT cancelled",
      "MARKET filled",
      "MARKET filled",
    ]);
    const trade = w.trade();
    expect((trade.closedMs ?? 0) - (trade.firstFillMs ?? 0)).toBe(3_600_000 + 5_000);
    await nothingBroken();
  });

  test("the time stop, closed passively when the market comes to it", async () => {
    const w = start({
      btc: (s) => s.to(9_998_000, 1).flat(59).to(10_010_000, 2).flat(60),
      config: { TIME_STOP_HOURS: "1" },
    });
    w.approve();
    await w.runToEnd();
    closed("time_stop");
    expect(w.orders("exit").every((o) => o.intent.executionType === "LIMIT" && o.state === "filled")).toBe(true);
    await nothingBroken();
  });

  test("one lot has one leg with the first target", async () => {
    const w = start({ btc: (s) => s.to(9_998_000, 2).to(10_080_000, 20).flat(10) });
    w.approve({ size: "0.001" });
    await w.runToEnd();
    closed("tp1");
    await nothingBroken();
  });

  test("a target touched and left again: the stop is back, and it pays in the end", async () => {
    const w = start({ btc: (s) => s.to(9_998_000, 2).spike(10_029_600).flat(3).to(9_940_000, 10).flat(10) });
    w.approve();
    await w.runToEnd();
    closed("stop_loss");
    expect(states("takeProfit")).toContain("cancelled");
    expect(bareMs()).toBe(0);
    await nothingBroken();
  });

  test("a gap through stop and fence is the venue's loss-cut, booked as a stop", async () => {
    const w = start({ btc: (s) => s.to(9_998_000, 2).flat(2).gap(9_600_000).flat(30) });
    w.approve();
    await w.runToEnd();
    closed("stop_loss");
    expect(w.simulator.orders().some((o) => o.orderType === "LOSSCUT")).toBe(true);
    expect(w.trade().fees).toBeGreaterThan(0);
    await nothingBroken();
  });

  test("the owner closes externally: recognised, booked as manual", async () => {
    const w = start({ btc: (s) => s.to(9_998_000, 2).flat(60) });
    w.approve();
    await w.advance(5);
    for (const o of await w.owner.activeOrders("BTC_JPY")) await w.owner.cancelOrder(o.orderId);
    for (const p of await w.owner.openPositions("BTC_JPY"))
      await w.owner.closeOrder({
        symbol: "BTC_JPY",
        side: "SELL",
        executionType: "MARKET",
        positionId: p.positionId,
        size: p.size,
      });
    await w.runToEnd();
    closed("manual");
    await nothingBroken();
  });

  test("the owner closes a part externally: the remainder stays protected and follows its plan", async () => {
    const w = start({ btc: (s) => s.to(9_998_000, 2).flat(5).to(10_080_000, 20).flat(10) });
    w.approve();
    await w.advance(5);
    const [order] = await w.owner.activeOrders("BTC_JPY");
    const [position] = await w.owner.openPositions("BTC_JPY");
    if (!order || !position) throw new Error("expected a protected position");
    await w.owner.cancelOrder(order.orderId);
    await w.owner.closeOrder({
      symbol: "BTC_JPY",
      side: "SELL",
      executionType: "MARKET",
      positionId: position.positionId,
      size: order.size,
    });
    await w.runToEnd();
    expect(w.trade().status).toBe("closed");
    const exits = w.db.read.executions.ofTrade(1).filter((e) => e.kind === "close");
    expect(exits[0]?.exitReason).toBe("manual");
    expect(["tp1", "tp2"]).toContain(exits[1]?.exitReason);
    await nothingBroken();
  });

  test("the owner cancels a stop by hand: it is placed again", async () => {
    const w = start({ btc: (s) => s.to(9_998_000, 2).flat(5).to(9_940_000, 20).flat(10) });
    w.approve();
    await w.advance(4);
    for (const o of await w.owner.activeOrders("BTC_JPY")) await w.owner.cancelOrder(o.orderId);
    await w.advance(1.1);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    await w.runToEnd();
    closed("stop_loss");
    await nothingBroken();
  });
});

test("every order and every execution is in the audit log once, under one trace", async () => {
  const w = start({ btc: (s) => s.to(9_998_000, 2).to(10_080_000, 20).flat(10) });
  w.approve();
  await w.runToEnd();
  const rows = w.db.read.audit.after(0, 10_000).filter((r) => r.traceId === w.trade().traceId);
  const count = (kind: string) => rows.filter((r) => r.kind === kind).length;
  expect(count("order.intended")).toBe(w.orders().length);
  expect(count("order.sending")).toBe(w.orders().length);
  expect(count("entry.filled") + count("exit.filled")).toBe(w.simulator.executions().length);
  expect(count("trade.closed")).toBe(1);
  expect(parseCoin("0.004")).toBe(w.trade().targetSize);
});

test("several handlers at once do not get in each other's way", async () => {
  const w = start({
    btc: (s) => s.to(9_998_000, 1, 0.006).to(9_997_000, 2, 0.006).to(10_080_000, 20).flat(20),
    eth: (s) => s.to(499_000, 2).to(490_000, 10).flat(30),
    venue: { partialFills: true },
    concurrency: 4,
  });
  w.approve({ size: "0.006" });
  w.approve({ symbol: "ETH_JPY", size: "0.04" });
  await w.runToEnd();
  expect(w.db.read.positions.ofTrade(1).length).toBeGreaterThan(1);
  expect(w.db.read.halts.recent()).toEqual([]);
  expect([w.trade(1).status, w.trade(2).status]).toEqual(["closed", "closed"]);
  expect(bareMs()).toBe(0);
  await nothingBroken();
});
