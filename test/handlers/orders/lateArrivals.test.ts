// Orders given up as lost that the venue shows later: what is bound, what is cancelled, and what belongs to another row.
import { afterEach, describe, expect, test } from "vitest";
import { bindLateOrders } from "../../../handlers/orders/lateArrivals.ts";
import { externalActivity } from "../../../handlers/orders/orderLookup.ts";
import { parseCoin } from "../../../lib/core/money.ts";
import { once } from "../../sim/lost.ts";
import { World, type WorldOptions } from "../../sim/world.ts";
import { tradeCtxOf } from "../../sim/worldCtx.ts";

let world: World;
afterEach(() => world.close());
const start = (options: WorldOptions): World => {
  world = new World(options);
  return world;
};
const states = (purpose: string) => world.orders(purpose).map((o) => o.state);
/** The same order once more, as the delayed request would make it. */
const arrive = async (w: World, id: number): Promise<string> => {
  const i = w.orders().find((o) => o.id === id)!.intent;
  const { symbol, side, executionType, timeInForce, size } = i;
  const known = new Set(w.simulator.orders().map((o) => o.orderId));
  await w.owner.order({ symbol, side, executionType, timeInForce, size, price: i.price! });
  return String(w.simulator.orders().find((o) => !known.has(o.orderId))!.orderId);
};
const bind = async (w: World, symbol: string): Promise<number> => {
  const t = tradeCtxOf(w);
  return bindLateOrders(t, await externalActivity(t.ctx, symbol));
};
const statusOf = (w: World, id: string) => w.simulator.orders().find((o) => String(o.orderId) === id)?.status;

/** An entry that was lost on its way and given up, and its successor, resting. */
const replaced = async (options: Partial<WorldOptions> = {}): Promise<World> => {
  const w = start({
    btc: (s) => s.flat(60),
    venue: { faults: once("/v1/order", "before", { kind: "dropReply" }) },
    ...options,
  });
  w.approve();
  await w.runUntil(
    (w.nowMs + 60_000) as typeof w.nowMs,
    () => states("entry").length === 2 && states("entry")[1] === "open",
  );
  expect(states("entry")).toEqual(["neverSent", "open"]);
  return w;
};

describe("truth 22: a late entry", () => {
  test("beside its resting successor is cancelled, bound to its own row, and the successor rests on", async () => {
    const w = await replaced();
    const late = await arrive(w, 1);
    expect(await bind(w, "BTC_JPY")).toBe(1);
    expect(statusOf(w, late)).toBe("CANCELED");
    expect(w.orders("entry")[0]).toMatchObject({ state: "cancelled", venueOrderId: late });
    expect(w.orders("entry")[1]?.state).toBe("open");
  });

  test("is not taken to be its successor's order while that one has no answer: nothing is cancelled", async () => {
    const w = await replaced();
    const successor = w.orders("entry")[1]!;
    if (!("venueOrderId" in successor)) throw new Error("expected an order at the venue");
    w.db.sql.exec("UPDATE orders SET state = 'unknown', venue_order_id = NULL, executed_e8 = 0 WHERE id = 2");
    expect(await bind(w, "BTC_JPY")).toBe(0);
    expect(statusOf(w, successor.venueOrderId)).toBe("ORDERED");
    expect(states("entry")).toEqual(["neverSent", "unknown"]);
  });

  test("is found by the job that works the entry itself, though no event and no reconcile tells of it", async () => {
    const w = await replaced({
      pollMs: 2_000,
      onCommit: (it) => {
        if (it.db.sql.open)
          it.db.sql.exec(
            "UPDATE jobs SET state = 'cancelled', finished_ms = 1 WHERE name = 'reconcile' AND state = 'ready'",
          );
      },
    });
    const late = await arrive(w, 1);
    await w.advance(3 / 60);
    expect(statusOf(w, late)).toBe("CANCELED");
    expect(w.orders("entry")[0]).toMatchObject({ state: "cancelled", venueOrderId: late });
    expect(w.simulator.orders().filter((o) => o.status === "ORDERED")).toHaveLength(1);
  });
});

test("truth 22: a late sale of a closed half is cancelled: it would sell coins of the owner", async () => {
  const w = start({
    btc: (s) => s.to(9_998_000, 2).to(10_080_000, 16).flat(60),
    config: { PRODUCT: "spot" },
    coins: { BTC: parseCoin("0.5") },
  });
  w.approve({ symbol: "BTC", size: "0.002" });
  await w.runToEnd();
  expect(w.trade().status).toBe("closed");
  const stop = w.orders("stop").find((o) => o.state === "cancelled")!;
  // Given up as lost, in our book; its request arrives now.
  w.db.sql
    .prepare(
      "UPDATE orders SET state = 'neverSent', venue_order_id = NULL, executed_e8 = 0, closed_ms = ? WHERE id = ?",
    )
    .run(w.nowMs, stop.id);
  const late = await arrive(w, stop.id);
  expect(statusOf(w, late)).toBe("WAITING");
  expect(await bind(w, "BTC")).toBe(1);
  expect(statusOf(w, late)).toBe("CANCELED");
});
