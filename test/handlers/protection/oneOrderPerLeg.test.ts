// One live order per leg, for exactly what is open now; a new fill gets its stop before anything is read; one stop is
// given up at a time.
import { afterEach, describe, expect, test } from "vitest";
import { place } from "../../../handlers/protection/placeExitOrder.ts";
import type { LegAction } from "../../../lib/core/exitFacts.ts";
import { coinE8, yen } from "../../../lib/core/money.ts";
import { World, type WorldOptions } from "../../sim/world.ts";
import { tradeCtxOf } from "../../sim/worldCtx.ts";

let world: World;
afterEach(() => world.close());
/** Two legs under their stops. */
const protectedTrade = async (options: Partial<WorldOptions> = {}): Promise<World> => {
  world = new World({ btc: (s) => s.to(9_998_000, 2).flat(60), ...options });
  world.approve();
  await world.advance(4);
  expect(world.orders("stop").map((o) => o.state)).toEqual(["open", "open"]);
  return world;
};
const STOP: Extract<LegAction, { kind: "place" }> = {
  kind: "place",
  purpose: "stop",
  executionType: "STOP",
  price: yen(9_949_000),
  exitReason: "stop_loss",
  why: "test",
};

describe("truth 22: an order for a leg", () => {
  test("that has a live one already is neither written nor sent", async () => {
    const w = await protectedTrade();
    const [leg] = w.db.read.tradeLegs.ofTrade(1);
    const requests = w.requests.length;
    await place(tradeCtxOf(w), leg!, STOP);
    expect(w.orders("stop")).toHaveLength(2);
    expect(w.requests.length).toBe(requests);
  });

  test.each([-1n, 1n])("that was read with another open size (%s) is neither written nor sent", async (difference) => {
    const w = await protectedTrade();
    for (const o of await w.owner.activeOrders("BTC_JPY")) await w.owner.cancelOrder(o.orderId);
    // The book knows that its stops are gone, and nobody has acted on it yet.
    w.db.sql.exec("UPDATE orders SET state = 'cancelled', closed_ms = 1 WHERE purpose = 'stop'");
    const [leg] = w.db.read.tradeLegs.ofTrade(1);
    const requests = w.requests.length;
    await place(tradeCtxOf(w), { ...leg!, open: coinE8(leg!.open + difference * 100_000n) }, STOP);
    expect(w.orders("stop")).toHaveLength(2);
    expect(w.requests.length).toBe(requests);
    await place(tradeCtxOf(w), leg!, STOP);
    expect(w.orders("stop").map((o) => o.state)).toEqual(["cancelled", "cancelled", "open"]);
  });
});

test("truth 22: a new fill gets its stop before anything is read of the market or the position", async () => {
  const w = await protectedTrade();
  const first = w.requests.indexOf("POST /v1/closeOrder");
  const booked = w.requests.lastIndexOf("GET /v1/executions", first);
  expect(booked).toBeGreaterThan(0);
  expect(w.requests.slice(booked + 1, first + 2)).toEqual(["POST /v1/closeOrder", "POST /v1/closeOrder"]);
});

test("truth 22: one stop is given up at a time: the next one only when the order that follows stands", async () => {
  let most = 0;
  const w = await protectedTrade({
    venue: { cancelAfterMs: 300 },
    pollMs: 2_000,
    onCommit: (it) => {
      if (!it.db.sql.open) return;
      const asked = it.db.read.orders
        .all()
        .filter((o) => o.state === "open" && o.intent.purpose === "stop" && o.cancelAskedMs !== undefined);
      most = Math.max(most, asked.length);
    },
  });
  w.halt("panic");
  w.enqueue({ name: "watchPosition", key: "now", input: { tradeId: 1 } });
  await w.runToEnd(30);
  expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
  expect(most).toBe(1);
});

test("truth 22: a panic closes a position that nobody asked to close by itself", async () => {
  const w = await protectedTrade({ pollMs: 2_000 });
  expect(w.trade().closeHow).toBeUndefined();
  w.halt("panic");
  await w.advance(1);
  expect(w.trade()).toMatchObject({ status: "closed", exitReason: "manual" });
  expect(w.orders("exit").map((o) => o.intent.executionType)).toEqual(["MARKET", "MARKET"]);
});
