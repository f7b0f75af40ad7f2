// What fills after we thought it was over: seen at once, without a restart and without the reconcile of every five
// minutes; protected, closed and accounted for.
import { afterEach, describe, expect, test } from "vitest";
import { reconcileFor } from "../../../handlers/orders/accountEvents.ts";
import { formatE8, parseCoin, yen } from "../../../lib/core/money.ts";
import { epochMs } from "../../../lib/core/time.ts";
import { once } from "../../sim/lost.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

let world: World;
const start = (options: WorldOptions): World => {
  world = new World(options);
  return world;
};
afterEach(() => world.close());
const nothingBroken = async () => expect(await world.brokenPromises()).toEqual([]);
const lostEntry = () => ({ faults: once("/v1/order", "before", { kind: "reset" }) });
const SECONDS = 1 / 60;

/** The same order once more, as the delayed request would make it. */
const arrive = async (w: World, id: number, timeInForce?: "FAS"): Promise<void> => {
  const i = w.orders().find((o) => o.id === id)?.intent;
  if (i?.price === undefined) throw new Error(`no order ${id} with a price`);
  const { symbol, side, executionType, size, price } = i;
  await w.owner.order({ symbol, side, executionType, timeInForce: timeInForce ?? i.timeInForce, size, price });
};

describe("an entry that was presumed lost", () => {
  test("fills after its trade has ended: protected within a second of the fill's event", async () => {
    const w = start({
      btc: (s) => s.flat(20).to(9_998_000, 2).flat(5).to(9_940_000, 10).flat(30),
      config: { MAX_REQUOTES: "0" },
      venue: lostEntry(),
    });
    w.approve();
    await w.advance(3);
    expect(w.trade().status).toBe("cancelled");
    await arrive(w, 1);
    await w.runUntil(epochMs(w.nowMs + 30 * 60_000), () => w.entered() > 0);
    await w.advance(1 * SECONDS);
    expect(w.trade().status).toBe("open");
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    expect(w.simulator.bareStats("BTC_JPY").longestMs).toBeLessThanOrEqual(1_000);
    await w.runToEnd();
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
    await nothingBroken();
  });

  test("fills after its trade has ended, without an event: found by the lookups after it was presumed lost", async () => {
    const w = start({
      btc: (s) => s.flat(1).gap(9_998_000).flat(20).to(9_940_000, 10).flat(30),
      config: { MAX_REQUOTES: "0" },
      venue: lostEntry(),
    });
    w.approve();
    await w.advance(15 * SECONDS);
    expect(w.trade().status).toBe("cancelled");
    await w.advance(50 * SECONDS);
    await arrive(w, 1, "FAS");
    expect(w.entered()).toBeGreaterThan(0);
    await w.advance(100 * SECONDS);
    expect(w.trade().status).toBe("open");
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    await w.runToEnd();
    await nothingBroken();
  });

  test("fills beside the position of its successor: the excess is seen at the next look, and closed", async () => {
    const w = start({
      btc: (s) => s.flat(1).to(9_998_000, 1).flat(10),
      venue: lostEntry(),
      pollMs: 2_000,
    });
    w.approve();
    await w.advance(2.5);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["neverSent", "filled"]);
    await arrive(w, 1, "FAS");
    expect(w.entered()).toBe(0.008);
    await w.advance(10 * SECONDS);
    const held = w.simulator.positions().reduce((sum, p) => sum + p.size, 0n);
    expect(formatE8(held)).toBe("0.004");
    expect(w.simulator.bareStats("BTC_JPY").longestMs).toBeLessThanOrEqual(5_000);
    expect(w.messages().filter((m) => m.startsWith("CRITICAL")).length).toBe(1);
  });

  test("fills beside another live trade of its symbol: both are held, protected, closed and have their result", async () => {
    const w = start({
      btc: (s) => s.flat(4).to(9_998_000, 2).flat(10).to(9_940_000, 10).flat(30),
      config: { MAX_REQUOTES: "0" },
      venue: lostEntry(),
    });
    w.approve();
    await w.advance(1);
    expect(w.trade(1).status).toBe("cancelled");
    w.approve();
    await w.advance(7);
    expect(w.trade(2).status).toBe("open");
    await arrive(w, 1, "FAS");
    w.enqueue({ name: "reconcile", key: "r1", input: {} });
    await w.advance(1 * SECONDS);
    expect([w.trade(1).status, w.trade(2).status]).toEqual(["open", "open"]);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    // Its jobs are gone: the check for missing jobs finds the trade too.
    w.db.sql.prepare("UPDATE jobs SET state = 'cancelled', finished_ms = 1 WHERE name = 'watchPosition'").run();
    w.enqueue({ name: "reconcile", key: "r2", input: {} });
    await w.advance(1);
    expect(w.store.list({ name: "watchPosition", state: "ready" })).toHaveLength(2);
    await w.runToEnd();
    for (const id of [1, 2]) {
      expect(w.trade(id)).toMatchObject({ status: "closed", exitReason: "stop_loss", positionSize: 0.004 });
      expect(w.trade(id).pnlAmount).toBeLessThan(0);
    }
    await nothingBroken();
  });
});

test("a fill of an order that the venue had called cancelled without one is booked and protected", async () => {
  let lied = false;
  const w = start({
    btc: (s) => s.to(9_998_000, 2).flat(10).to(9_940_000, 10).flat(30),
    config: { MAX_REQUOTES: "0" },
    onReply: (_, what, reply) => {
      if (lied || what !== "GET /v1/orders" || !reply.body.includes('"EXECUTED"')) return undefined;
      lied = true;
      const body = reply.body
        .replace('"EXECUTED"', '"CANCELED"')
        .replace(/"executedSize":"[^"]+"/, '"executedSize":"0"');
      return { ...reply, body };
    },
  });
  w.approve();
  await w.advance(5);
  expect(w.trade().status).toBe("cancelled");
  w.enqueue({ name: "reconcile", key: "r1", input: {} });
  await w.advance(1 * SECONDS);
  expect(w.trade().status).toBe("open");
  expect(w.orders("entry").map((o) => [o.state, "executed" in o ? formatE8(o.executed) : ""])).toEqual([
    ["cancelled", "0.004"],
  ]);
  expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
  await w.runToEnd();
  await nothingBroken();
});

describe("what an event asks for", () => {
  const shown = {
    symbol: "BTC_JPY",
    side: "BUY",
    settleType: "OPEN",
    executionType: "LIMIT",
    size: parseCoin("0.004"),
    executedSize: parseCoin("0"),
    status: "ORDERED",
    price: yen(9_999_500),
  } as const;
  const event = (w: World, more: object) =>
    ({ kind: "order", symbol: "BTC_JPY", order: { ...shown, orderId: 99, createdMs: w.nowMs, ...more } }) as const;
  const fill = (w: World, orderId: number | string) =>
    ({ ...event(w, { orderId }), kind: "execution", execution: { executionId: 7 } }) as const;

  test("an unknown order: a reconcile; one that came and went without a trade: nothing", () => {
    const w = start({ btc: (s) => s.flat(5) });
    expect(reconcileFor(w.db.read, event(w, {}))?.name).toBe("reconcile");
    expect(reconcileFor(w.db.read, event(w, { status: "EXPIRED" }))).toBeUndefined();
    expect(reconcileFor(w.db.read, fill(w, 99))?.name).toBe("reconcile");
    expect(reconcileFor(w.db.read, { kind: "position", symbol: "BTC_JPY" })).toBeUndefined();
  });

  test("a live order of ours, or one whose answer is on its way: nothing, its own job looks", async () => {
    let during: unknown = "not asked";
    const w = start({
      btc: (s) => s.flat(60),
      onRequest: (it, what) => {
        if (what === "POST /v1/order") during = reconcileFor(it.db.read, event(it, {}));
      },
    });
    w.approve();
    await w.advance(1);
    expect(during).toBeUndefined();
    const [entry] = w.orders("entry");
    if (entry?.state !== "open") throw new Error("expected a resting entry");
    expect(reconcileFor(w.db.read, fill(w, entry.venueOrderId))).toBeUndefined();
    expect(reconcileFor(w.db.read, event(w, { orderId: entry.venueOrderId }))).toBeUndefined();
  });
});
