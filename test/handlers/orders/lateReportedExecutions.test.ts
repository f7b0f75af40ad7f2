// Executions that the venue reports long after our book has inferred them.
import { afterEach, expect, test } from "vitest";
import { onAccountEvent } from "../../../handlers/orders/accountEvents.ts";
import { coinE8, yen } from "../../../lib/core/money.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

let world: World;
afterEach(() => world.close());
const emptied = (reply: { readonly body: string }) => JSON.stringify({ ...JSON.parse(reply.body), data: {} });
const HIDDEN = ["GET /v1/orders", "GET /v1/executions", "GET /v1/latestExecutions", "GET /v1/activeOrders"];
/** The venue reports no orders and executions while `silent()`. */
const start = (silent: () => boolean, options: Partial<WorldOptions> = {}): World => {
  world = new World({
    btc: (s) => s.to(9_998_000, 2).flat(3).to(9_940_000, 8).flat(3_000),
    onReply: (_, what, reply) => (silent() && HIDDEN.includes(what) ? { ...reply, body: emptied(reply) } : undefined),
    ...options,
  });
  return world;
};
const reconcile = async (w: World, key: string): Promise<void> => {
  w.enqueue({ name: "reconcile", key, input: {} });
  await w.advance(0.2);
};

test("our own stop's fill takes the place of the estimate that was booked for it", async () => {
  let silent = false;
  const w = start(() => silent);
  w.approve();
  await w.advance(5);
  expect(w.trade().status).toBe("open");
  silent = true;
  // The stops fill at the venue; it shows neither them nor their executions, only that the position is gone.
  w.pass(20 * 60_000);
  expect(w.simulator.positions().reduce((sum, p) => sum + p.size, 0n)).toBe(0n);
  await w.advance(0.2);
  for (let i = 0; i < 4 && w.trade().status === "open"; i += 1) {
    w.pass(6 * 60_000);
    await reconcile(w, `silent ${i}`);
  }
  expect(w.trade().status).toBe("closed");
  expect(w.db.read.executions.ofTrade(1).some((e) => e.estimated)).toBe(true);
  silent = false;
  await reconcile(w, "told");
  expect(w.db.read.jobs.list({ name: "reconcile", limit: 100 }).filter((j) => j.state !== "done")).toEqual([]);
  const closes = w.db.read.executions.ofTrade(1).filter((e) => e.kind === "close");
  expect(closes.every((e) => !e.estimated && e.orderId !== undefined && e.exitReason === "stop_loss")).toBe(true);
  expect(w.db.read.alerts.open().filter((a) => a.key.startsWith("estimated:"))).toEqual([]);
  await w.advance(1);
  expect(await w.brokenPromises()).toEqual([]);
});

test("a later close of the remainder is not taken for the inferred one", async () => {
  const untold = new Set<string>();
  const w = start(() => false, {
    btc: (s) => s.to(9_998_000, 2).flat(6_000),
    onReply: (_, what, reply) => {
      if (what !== "GET /v1/latestExecutions") return undefined;
      const body = JSON.parse(reply.body) as { data: { list?: { orderId: number }[] } };
      const list = (body.data.list ?? []).filter((e) => !untold.has(String(e.orderId)));
      return { ...reply, body: JSON.stringify({ ...body, data: list.length === 0 ? {} : { ...body.data, list } }) };
    },
  });
  w.approve();
  await w.advance(5);
  const all = w.db.read.positions.open();
  const half = coinE8(all.reduce((sum, p) => sum + p.open, 0n) / 2n);
  const byHand = async (): Promise<string> => {
    for (const o of await w.owner.activeOrders("BTC_JPY")) await w.owner.cancelOrder(o.orderId);
    const order = { symbol: "BTC_JPY", side: "SELL", executionType: "MARKET", size: half } as const;
    const result = await w.owner.closeOrder({ ...order, positionId: all[0]?.positionId ?? "" });
    return result.kind === "accepted" ? result.value : "";
  };
  w.crash();
  w.restart();
  untold.add(await byHand());
  await w.advance(0.2);
  w.pass(10 * 60_000);
  await reconcile(w, "r1");
  const estimated = () => w.db.read.executions.ofTrade(1).filter((e) => e.estimated);
  expect(estimated().map((e) => e.size)).toEqual([half]);
  const id = estimated()[0]?.executionId;
  await byHand();
  await reconcile(w, "r2");
  await w.advance(0.2);
  expect(w.deadJobs()).toEqual([]);
  expect(estimated().map((e) => e.executionId)).toEqual([id]);
  expect(w.trade().status).toBe("closed");
  // Now the first one is reported too.
  untold.clear();
  await reconcile(w, "r3");
  expect(estimated()).toEqual([]);
  expect(await w.brokenPromises()).toEqual([]);
});

test("a close of the remainder and the inferred one, reported together, are booked once each", async () => {
  let hidden = false;
  const w = start(() => false, {
    btc: (s) => s.to(9_998_000, 2).flat(6_000),
    onReply: (_, what, reply) =>
      hidden && what === "GET /v1/latestExecutions" ? { ...reply, body: emptied(reply) } : undefined,
  });
  w.approve();
  await w.advance(5);
  const [position] = w.db.read.positions.open();
  const half = coinE8((position?.open ?? 0n) / 2n);
  const byHand = async (): Promise<void> => {
    for (const o of await w.owner.activeOrders("BTC_JPY")) await w.owner.cancelOrder(o.orderId);
    const order = { symbol: "BTC_JPY", side: "SELL", executionType: "MARKET", size: half } as const;
    await w.owner.closeOrder({ ...order, positionId: position?.positionId ?? "" });
  };
  hidden = true;
  await byHand();
  await reconcile(w, "r0");
  w.pass(10 * 60_000);
  await reconcile(w, "r1");
  expect(w.db.read.executions.ofTrade(1).filter((e) => e.estimated)).toHaveLength(1);
  await byHand();
  hidden = false;
  await w.advance(2);
  expect(w.trade().status).toBe("closed");
  expect(w.db.read.executions.ofTrade(1).filter((e) => e.estimated)).toEqual([]);
  // No job has stumbled over it.
  expect(w.db.read.halts.recent().map((h) => h.kind)).not.toContain("doubt");
  expect(await w.brokenPromises()).toEqual([]);
});

test("continuous external trading causes one quick reconcile at a time", async () => {
  const w = start(() => false);
  const heard = () => w.db.read.jobs.list({ name: "reconcile", limit: 1_000 });
  for (let i = 0; i < 200; i += 1)
    onAccountEvent(w, {
      kind: "execution",
      symbol: "BTC_JPY",
      order: {
        orderId: 77,
        symbol: "BTC_JPY",
        side: "BUY",
        settleType: "OPEN",
        executionType: "LIMIT",
        size: coinE8(100_000_000n),
        executedSize: coinE8(1n),
        status: "ORDERED",
        price: yen(1),
      },
      execution: { executionId: 5_000 + i },
    });
  expect(heard()).toHaveLength(1);
  await w.drain();
  expect(heard().map((j) => j.state)).toEqual(["done"]);
});
