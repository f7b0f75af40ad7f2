// Loss limits as halts: raised by the first reader of the account, counted from the right start, held over restarts,
// ended with their JST period. And the alert after three losing trades in a row.
import { afterEach, describe, expect, test } from "vitest";
import { toNumber, yen } from "../../../lib/core/money.ts";
import { DAY_MS, epochMs, jstDayStart, MINUTE_MS } from "../../../lib/core/time.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});
const begin = (options: WorldOptions): World => {
  const world = new World(options);
  worlds.push(world);
  world.db.transaction((tx) => tx.equity.record(jstDayStart(world.nowMs), yen(1_000_000)));
  return world;
};
const halts = (w: World) => w.db.read.halts.active(w.nowMs);
/** Filled at 9,998,000, then 0.3 % under it: an open loss of some 120 yen on 0.004. */
const LOSING: WorldOptions = {
  btc: (s) => s.to(9_998_000, 2).flat(2).to(9_968_000, 2).flat(600),
  config: { MAX_DAILY_LOSS_PCT: "0.0001" }, // 100 yen
};

describe("the open loss of a trade", () => {
  test("halts entries while it is watched, before any bar or filter looks", async () => {
    const w = begin(LOSING);
    w.approve();
    await w.advance(4);
    expect(halts(w)).toEqual([]);
    await w.advance(4);
    const [halt] = halts(w);
    expect(halt).toMatchObject({ kind: "loss-day", untilMs: jstDayStart(w.nowMs) + DAY_MS });
    expect(w.messages().filter((text) => text.startsWith("CRITICAL daily loss limit"))).toHaveLength(1);
    expect(w.trade().status).toBe("open");
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
  });

  test("is held over a restart, also when the price recovers, and ends with the JST day", async () => {
    const w = begin({
      ...LOSING,
      btc: (s) => s.to(9_998_000, 2).flat(2).to(9_968_000, 2).to(9_998_000, 3).flat(2_000),
    });
    w.approve();
    await w.advance(12);
    expect(halts(w).map((h) => h.kind)).toEqual(["loss-day"]);
    w.crash();
    w.restart({ downMs: 60_000 });
    await w.advance(1);
    expect(halts(w).map((h) => h.kind)).toEqual(["loss-day"]);
    const midnight = epochMs(jstDayStart(w.nowMs) + DAY_MS);
    await w.runUntil(epochMs(midnight - 1));
    expect(halts(w).map((h) => h.kind)).toEqual(["loss-day"]);
    await w.runUntil(midnight);
    expect(halts(w)).toEqual([]);
    w.enqueue({ name: "reconcile", key: "new day", input: {} });
    await w.drain();
    expect(w.db.read.alerts.open()).toEqual([]);
  });

  test("a new entry of the other symbol is refused with the limit as its reason", async () => {
    const w = begin(LOSING);
    w.approve();
    await w.advance(8);
    w.approve({ symbol: "ETH_JPY", size: "0.1" });
    await w.advance(1);
    expect(w.simulator.orders().filter((o) => o.symbol === "ETH_JPY")).toEqual([]);
  });
});

describe("what a loss is counted from", () => {
  test("a worker that was down at midnight counts from the larger of the points around it", () => {
    const w = begin(LOSING);
    const day = jstDayStart(w.nowMs);
    const next = epochMs(day + DAY_MS);
    w.db.transaction((tx) => {
      tx.equity.record(epochMs(next - 8 * 60 * MINUTE_MS), yen(990_000));
      tx.equity.record(epochMs(next + 3 * 60 * MINUTE_MS), yen(1_020_000));
      tx.equity.record(epochMs(next + 4 * 60 * MINUTE_MS), yen(1_500_000));
    });
    expect(toNumber(w.db.read.equity.baseOf(next)?.equity ?? yen(0))).toBe(1_020_000);
    expect(toNumber(w.db.read.equity.baseOf(day)?.equity ?? yen(0))).toBe(1_000_000);
  });

  test("the first reconcile of a JST day makes its point when no bar has", async () => {
    const w = begin({ btc: (s) => s.flat(2_000) });
    const midnight = epochMs(jstDayStart(w.nowMs) + DAY_MS);
    w.pass(midnight + 90 * MINUTE_MS - w.nowMs);
    w.enqueue({ name: "reconcile", key: "r1", input: {} });
    await w.drain();
    expect(w.db.read.equity.latest()?.atMs).toBe(w.nowMs);
    w.enqueue({ name: "reconcile", key: "r2", input: {} });
    w.pass(60_000);
    await w.drain();
    expect(w.db.read.equity.range(midnight, epochMs(midnight + DAY_MS))).toHaveLength(1);
  });

  test("reconcile judges it too", async () => {
    const w = begin({ btc: (s) => s.flat(60) });
    w.db.transaction((tx) => tx.equity.record(jstDayStart(w.nowMs), yen(1_040_000)));
    w.enqueue({ name: "reconcile", key: "r1", input: {} });
    await w.drain();
    expect(halts(w).map((h) => h.kind)).toEqual(["loss-day"]);
  });
});

test("three losing trades in a row raise one alert, and the next winning trade ends it", async () => {
  const w = begin({
    btc: (s) => {
      let path = s;
      for (let i = 0; i < 3; i += 1) path = path.to(9_998_000, 2).flat(1).to(9_930_000, 6).gap(10_000_000).flat(3);
      return path.to(9_998_000, 2).flat(1).to(10_080_000, 12).flat(30);
    },
    config: { MAX_DAILY_TRADES: "10" },
  });
  for (let trade = 1; trade <= 4; trade += 1) {
    w.approve();
    await w.runToEnd();
    const told = w.messages().filter((text) => text.startsWith("WARNING 3 losing trades in a row"));
    expect(told, `after trade ${trade}`).toHaveLength(trade >= 3 ? 1 : 0);
    if (trade < 3) await w.advance(2);
  }
  expect(w.trade(4).pnlAmount).toBeGreaterThan(0);
  expect(w.db.read.alerts.open()).toEqual([]);
});
