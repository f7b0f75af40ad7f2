// Reconcile: what it explains, what it repairs, what it halts for.
import { afterEach, describe, expect, test } from "vitest";
import { parseCoin, yen } from "../../lib/core/money.ts";
import { once } from "../sim/lost.ts";
import { Death } from "../sim/mortal.ts";
import { World, type WorldOptions } from "../sim/world.ts";

let world: World;
const start = (options: WorldOptions): World => {
  world = new World(options);
  return world;
};
afterEach(() => world.close());
const nothingBroken = async () => expect(await world.brokenPromises()).toEqual([]);
describe("reconcile", () => {
  const look = (w: World, key: string) => w.enqueue({ name: "reconcile", key, input: {} });

  test("without a difference clears doubt, and sends no message", async () => {
    const w = start({ btc: (s) => s.flat(60) });
    w.halt("doubt");
    look(w, "r1");
    await w.advance(1);
    expect(w.db.read.halts.active(w.nowMs)).toEqual([]);
    expect(w.messages()).toEqual([]);
  });

  test("an order without a response: no halt ends before its state is known", async () => {
    const w = start({ btc: (s) => s.flat(60), venue: { faults: once("/v1/order", "before", { kind: "dropReply" }) } });
    w.approve();
    await w.advance(2 / 60);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["unknown"]);
    w.halt("doubt");
    look(w, "r1");
    await w.advance(5 / 60);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["unknown"]);
    expect(w.db.read.halts.active(w.nowMs).map((h) => h.kind)).toEqual(["doubt"]);
    await w.advance(1);
    expect(w.db.read.halts.active(w.nowMs)).toEqual([]);
    await w.runToEnd();
    await nothingBroken();
  });

  test("an external position and order: entries halt at the second look, and resume when they are gone", async () => {
    const w = start({ btc: (s) => s.flat(60) });
    await w.owner.order({ symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: parseCoin("0.001") });
    await w.owner.order({
      symbol: "BTC_JPY",
      side: "BUY",
      executionType: "LIMIT",
      price: yen(9_900_000),
      size: parseCoin("0.001"),
    });
    look(w, "r1");
    await w.drain();
    expect(w.db.read.halts.active(w.nowMs)).toEqual([]);
    await w.advance(0.2);
    const [halt] = w.db.read.halts.active(w.nowMs);
    expect(halt?.kind).toBe("mismatch");
    expect(halt?.reason).toContain("not in our book");
    expect(halt?.reason).toContain("not ours");
    expect(w.messages().length).toBe(1);
    look(w, "r2");
    await w.advance(1);
    expect(w.messages().length).toBe(1);

    for (const o of await w.owner.activeOrders("BTC_JPY")) await w.owner.cancelOrder(o.orderId);
    for (const p of await w.owner.openPositions("BTC_JPY"))
      await w.owner.closeOrder({
        symbol: "BTC_JPY",
        side: "SELL",
        executionType: "MARKET",
        positionId: p.positionId,
        size: p.size,
      });
    look(w, "r3");
    await w.advance(1);
    expect(w.db.read.halts.active(w.nowMs)).toEqual([]);
    expect(w.db.read.alerts.open()).toEqual([]);
  });

  test("leaves a close without a response to its own lookup, and does not take it for an external one", async () => {
    const scenario = {
      btc: (s: Parameters<WorldOptions["btc"]>[0]) => s.to(9_998_000, 2).flat(120),
      config: { TIME_STOP_HOURS: "0.5" },
    };
    const whole = start(scenario);
    whole.approve();
    await whole.runToEnd();
    const killAt = 1 + whole.mortality.story.lastIndexOf("after POST /v1/closeOrder");
    whole.close();
    const w = start({ ...scenario, killAt });
    w.approve();
    await expect(w.runToEnd()).rejects.toBeInstanceOf(Death);
    w.crash();
    w.restart();
    await w.runToEnd();
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "time_stop" });
    await nothingBroken();
  });

  test("a watcher that is gone gets a successor, and the trade still ends", async () => {
    const w = start({ btc: (s) => s.to(9_998_000, 2).flat(10).to(10_080_000, 20).flat(20) });
    w.approve();
    await w.advance(4);
    const watcher = w.store.list({ name: "watchPosition", state: "ready" })[0];
    if (!watcher) throw new Error("expected a watcher");
    w.store.cancel(watcher.id, "test");
    look(w, "r1");
    await w.runToEnd();
    expect(w.trade().exitReason).toBe("tp2");
    await nothingBroken();
  });

  test("an unprotected position of ours is protected, also when no job watches it", async () => {
    const w = start({ btc: (s) => s.to(9_998_000, 2).flat(10).to(9_940_000, 10).flat(20) });
    w.approve();
    await w.advance(4);
    for (const job of w.store.list({ name: "watchPosition", state: "ready" })) w.store.cancel(job.id, "test");
    for (const o of await w.owner.activeOrders("BTC_JPY")) await w.owner.cancelOrder(o.orderId);
    expect(w.simulator.bareSize("BTC_JPY")).toBeGreaterThan(0n);
    look(w, "r1");
    await w.drain();
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    await w.runToEnd();
    await nothingBroken();
  });

  test("an entry without its job gets a new one, and its missed fill is protected", async () => {
    const w = start({ btc: (s) => s.flat(2).to(9_998_000, 2).flat(10).to(9_940_000, 10).flat(20) });
    w.approve();
    await w.advance(1);
    for (const job of w.store.list({ name: "watchEntry", state: "ready" })) w.store.cancel(job.id, "test");
    await w.advance(4);
    expect(w.simulator.bareSize("BTC_JPY")).toBeGreaterThan(0n);
    look(w, "r1");
    await w.drain();
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    await w.runToEnd();
    expect(w.trade().status).toBe("closed");
    await nothingBroken();
  });
});
