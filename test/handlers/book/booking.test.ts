// What an execution may be booked as: its own order's, its own side's, its own position's, once.
import { afterEach, describe, expect, test } from "vitest";
import { bookOrder, moveStopsToEntry } from "../../../handlers/book/booking.ts";
import { yen } from "../../../lib/core/money.ts";
import { HOUR_MS } from "../../../lib/core/time.ts";
import type { Execution } from "../../../lib/core/venue.ts";
import { World, type WorldOptions } from "../../sim/world.ts";
import { auditCtxOf } from "../../sim/worldCtx.ts";

let world: World;
afterEach(() => world.close());
const open = async (options: Partial<WorldOptions> = {}, size = "0.004"): Promise<World> => {
  world = new World({ btc: (s) => s.to(9_998_000, 2).flat(60), ...options });
  world.approve({ size });
  await world.advance(4);
  expect(world.trade().status).toBe("open");
  return world;
};
const IN_PARTS: Partial<WorldOptions> = {
  btc: (s) => s.to(9_998_000, 1, 0.01).flat(1).to(9_997_000, 1, 0.01).to(9_996_000, 2, 0.02).flat(60),
  venue: { partialFills: true },
};

describe("truth 22: an execution", () => {
  /** One more execution of the first order with this purpose, changed. */
  const oneMore = async (purpose: "entry" | "stop", change: Partial<Execution>) => {
    const w = await open();
    const order = w.orders(purpose)[0]!;
    if (!("venueOrderId" in order)) throw new Error("expected an order at the venue");
    const [shown] = await w.venue.orders([order.venueOrderId]);
    const [entry] = await w.venue.latestExecutions("BTC_JPY");
    const execution: Execution = {
      ...entry!,
      executionId: "999999999",
      orderId: order.venueOrderId,
      side: order.intent.side,
      ...(purpose === "stop" ? { settleType: "CLOSE", positionId: order.intent.positionId! } : {}),
      ...change,
    };
    const before = w.db.read.executions.all();
    const book = () => w.db.transaction((tx) => bookOrder(tx, auditCtxOf(w), order.id, shown!, [execution]));
    return { w, book, before };
  };
  test.each<["entry" | "stop", string, Partial<Execution>]>([
    ["entry", "of another order", { orderId: "1" }],
    ["entry", "of the other side", { side: "SELL" }],
    ["entry", "of another symbol", { symbol: "ETH_JPY" }],
    ["entry", "that names no position", { positionId: undefined } as Partial<Execution>],
    ["stop", "of another order", { orderId: "1" }],
    ["stop", "of the other side", { side: "BUY" }],
    ["stop", "of another symbol", { symbol: "ETH_JPY" }],
    ["stop", "that closes another position", { positionId: "1" }],
  ])("of an %s %s is an alert, and nothing is booked", async (purpose, _, change) => {
    const { w, book, before } = await oneMore(purpose, change);
    expect(book).toThrow(expect.objectContaining({ code: "EXECUTION_STRANGE", verdict: "alert" }));
    expect(w.db.read.executions.all()).toEqual(before);
  });

  test("that is booked already changes nothing: neither position, leg, trade nor audit log", async () => {
    const w = await open();
    const order = w.orders("entry")[0]!;
    if (!("venueOrderId" in order)) throw new Error("expected an order at the venue");
    const [shown] = await w.venue.orders([order.venueOrderId]);
    const executions = await w.venue.executions(order.venueOrderId);
    const state = () => [
      w.db.read.positions.ofTrade(1),
      w.db.read.tradeLegs.ofTrade(1),
      w.trade(),
      w.db.read.executions.all(),
      w.auditKinds(),
    ];
    const before = state();
    w.db.transaction((tx) => bookOrder(tx, auditCtxOf(w), order.id, shown!, executions));
    expect(state()).toEqual(before);
  });
});

test("truth 22: the time stop counts from the first fill, however late the last one comes", async () => {
  const w = await open({ ...IN_PARTS, config: { TIME_STOP_HOURS: "4" } }, "0.006");
  await w.advance(4);
  const fills = w.db.read.executions.ofTrade(1).filter((e) => e.kind === "open");
  expect(fills.length).toBeGreaterThan(1);
  expect(fills.at(-1)!.atMs).toBeGreaterThan(fills[0]!.atMs);
  expect(w.trade().timeStopMs).toBe(fills[0]!.atMs + 4 * HOUR_MS);
  expect(w.trade().firstFillMs).toBe(fills[0]!.atMs);
});

test("truth 22: after TP1 only second halves move to the entry price of their own position, and never to a worse stop", async () => {
  const w = await open(IN_PARTS, "0.006");
  await w.advance(4);
  const before = w.db.read.tradeLegs.ofTrade(1);
  expect(new Set(before.map((leg) => leg.target))).toEqual(new Set([1, 2]));
  const better = before.find((leg) => leg.target === 2)!;
  w.db.transaction((tx) => {
    tx.tradeLegs.moveStop(better.id, yen(9_999_900));
    moveStopsToEntry(tx, auditCtxOf(w));
  });
  for (const leg of w.db.read.tradeLegs.ofTrade(1)) {
    const was = before.find((one) => one.id === leg.id)!;
    const position = w.db.read.positions.byId(leg.positionId)!;
    if (leg.id === better.id) expect(leg.stop).toBe(yen(9_999_900));
    else expect(leg.stop).toBe(leg.target === 1 ? was.stop : position.price);
  }
});

test.each([1, 2] as const)(
  "truth 22: what the owner closes by hand is taken from the half (%i) that has no order, not from the protected one",
  async (target) => {
    const w = await open({ pollMs: 2_000 });
    const legs = () => w.db.read.tradeLegs.ofTrade(1);
    const half = legs().find((leg) => leg.target === target)!;
    const other = legs().find((leg) => leg.target !== target)!;
    const stopOf = (legId: number) => w.db.read.orders.ofLeg(legId).at(-1)!;
    const [stop, standing] = [stopOf(half.id), stopOf(other.id)];
    if (!("venueOrderId" in stop)) throw new Error("expected a stop at the venue");
    await w.owner.cancelOrder(stop.venueOrderId);
    await w.owner.closeOrder({
      symbol: "BTC_JPY",
      side: "SELL",
      executionType: "MARKET",
      positionId: half.positionId,
      size: half.open,
    });
    await w.advance(0.2);
    expect(legs().find((leg) => leg.id === half.id)!.open).toBe(0n);
    expect(legs().find((leg) => leg.id === other.id)!.open).toBe(other.open);
    expect(stopOf(other.id)).toEqual(standing);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
  },
);
