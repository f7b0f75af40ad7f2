// An external close that the venue no longer reports: its latest executions reach one day back.
import { afterEach, describe, expect, test } from "vitest";
import { parseCoin } from "../../../lib/core/money.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

const HOUR = 3_600_000;
let world: World;
afterEach(() => world.close());
const start = (options: Partial<WorldOptions> = {}): World => {
  world = new World({ btc: (s) => s.to(9_998_000, 2).flat(3_000), ...options });
  return world;
};
const halts = (w: World) => w.db.read.halts.active(w.nowMs).map((h) => h.kind);
const reconcile = async (w: World, key: string): Promise<void> => {
  w.enqueue({ name: "reconcile", key, input: {} });
  await w.advance(0.2);
};
/** The worker dies; the owner closes by hand; `hours` later it starts again. */
const closedWhileDown = async (w: World, hours: number, size?: string): Promise<void> => {
  w.approve();
  await w.advance(5);
  expect(w.trade().status).toBe("open");
  w.crash();
  w.restart();
  for (const o of await w.owner.activeOrders("BTC_JPY")) await w.owner.cancelOrder(o.orderId);
  let left = size === undefined ? undefined : parseCoin(size);
  for (const p of await w.owner.openPositions("BTC_JPY")) {
    const part = left ?? p.size;
    await w.owner.closeOrder({
      symbol: "BTC_JPY",
      side: "SELL",
      executionType: "MARKET",
      positionId: p.positionId,
      size: part,
    });
    left = size === undefined ? undefined : parseCoin("0");
  }
  w.pass(hours * HOUR);
};

describe("a position closed by hand while the worker was down", () => {
  test("for a few hours: booked with the venue's own price and time", async () => {
    const w = start();
    await closedWhileDown(w, 3);
    await w.runToEnd(30);
    const closes = w.db.read.executions.ofTrade(1).filter((e) => e.kind === "close");
    expect(closes.map((e) => e.estimated)).toEqual([false]);
    // When it happened, not when it was found.
    expect(closes[0]?.atMs).toBeLessThan(w.nowMs - 2 * HOUR);
    expect(closes[0]?.atMs).toBe(w.simulator.executions().at(-1)?.atMs);
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
    expect(await w.brokenPromises()).toEqual([]);
  });

  test("for two days: after ten minutes booked with an estimated price, alerted, and entries resume", async () => {
    const w = start();
    await closedWhileDown(w, 30);
    await w.advance(0.5);
    expect(halts(w)).toContain("mismatch");
    expect(w.trade().status).toBe("open");
    w.pass(5 * 60_000);
    await reconcile(w, "after 5 min");
    expect(halts(w)).toContain("mismatch");
    w.pass(5 * 60_000);
    await reconcile(w, "after 10 min");
    await reconcile(w, "and again");
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual", exitPrice: w.trade().stopLoss });
    expect(w.db.read.executions.ofTrade(1).map((e) => [e.kind, e.estimated])).toEqual([
      ["open", false],
      ["close", true],
    ]);
    expect(w.auditKinds()).toContain("exit.estimated");
    expect(w.messages().filter((m) => m.includes("the price is estimated"))).toHaveLength(1);
    expect(halts(w)).not.toContain("mismatch");
    await w.advance(1);
    expect(w.db.read.alerts.open().filter((a) => a.key.startsWith("bare:"))).toEqual([]);
    expect(await w.brokenPromises()).toEqual([]);
  });

  test("in part, for two days: the rest stays ours, under its stop", async () => {
    const w = start();
    await closedWhileDown(w, 30, "0.001");
    await w.advance(0.2);
    w.pass(10 * 60_000);
    await reconcile(w, "r1");
    await w.advance(0.2);
    const open = w.db.read.positions.ofTrade(1).reduce((sum, p) => sum + p.open, 0n);
    const held = w.simulator.positions().reduce((sum, p) => sum + p.size, 0n);
    expect(open).toBe(held);
    expect(halts(w)).not.toContain("mismatch");
  });

  test("is not believed while our stop still stands at the venue: an empty list of positions closes nothing", async () => {
    let silent = false;
    const w = start({
      onReply: (_, what, reply) =>
        silent && what === "GET /v1/openPositions"
          ? { ...reply, body: JSON.stringify({ ...JSON.parse(reply.body), data: {} }) }
          : undefined,
    });
    w.approve();
    await w.advance(5);
    silent = true;
    for (let i = 0; i < 4; i += 1) {
      await reconcile(w, `r${i}`);
      w.pass(6 * 60_000);
    }
    expect(halts(w)).toContain("mismatch");
    expect(w.trade().status).toBe("open");
    silent = false;
    await reconcile(w, "end");
    expect(halts(w)).toEqual([]);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
  });

  test("reported later: the venue's price and time replace the estimate, and the result is corrected", async () => {
    let silent = false;
    const w = start({
      onReply: (_, what, reply) =>
        silent && what === "GET /v1/latestExecutions"
          ? { ...reply, body: JSON.stringify({ ...JSON.parse(reply.body), data: {} }) }
          : undefined,
    });
    silent = true;
    await closedWhileDown(w, 0);
    await w.advance(0.2);
    w.pass(10 * 60_000);
    await reconcile(w, "r1");
    expect(w.trade().status).toBe("closed");
    const estimate = w.trade().pnlAmount ?? 0;
    silent = false;
    await reconcile(w, "r2");
    const closes = w.db.read.executions.ofTrade(1).filter((e) => e.kind === "close");
    expect(closes.map((e) => e.estimated)).toEqual([false]);
    expect(w.trade().pnlAmount).toBeGreaterThan(estimate);
    expect(w.auditKinds()).toContain("exit.corrected");
    expect(w.db.read.alerts.open().filter((a) => a.key.startsWith("estimated:"))).toEqual([]);
    expect(await w.brokenPromises()).toEqual([]);
  });
});
