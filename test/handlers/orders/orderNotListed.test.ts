// The venue shows no order by an id it gave: its executions and the active orders show what became of it.
import { afterEach, expect, test } from "vitest";
import { Death } from "../../sim/mortal.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

let world: World;
afterEach(() => world.close());
/** Orders asked for by id are not shown, while `hidden`. */
const start = (options: WorldOptions, hidden: (w: World) => boolean, also: readonly string[] = []): World => {
  world = new World({
    ...options,
    onReply: (w, what, reply) =>
      hidden(w) && (what === "GET /v1/orders" || also.includes(what))
        ? { ...reply, body: JSON.stringify({ ...JSON.parse(reply.body), data: {} }) }
        : undefined,
  });
  return world;
};
const LOSING: WorldOptions = { btc: (s) => s.to(9_998_000, 2).flat(3).to(9_940_000, 8).flat(30) };
const halts = (w: World) => w.db.read.halts.recent().map((h) => h.kind);

test("a filled entry: its executions are the evidence, it is booked and protected, no alert is raised", async () => {
  const w = start(LOSING, (it) => it.entered() > 0 && it.db.read.executions.all().length === 0);
  w.approve();
  await w.runToEnd();
  expect(w.simulator.bareStats("BTC_JPY").longestMs).toBe(0);
  expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
  expect(halts(w)).toEqual([]);
  expect(await w.brokenPromises()).toEqual([]);
});

test("resting orders: the list of active ones is the evidence, nothing is sent again", async () => {
  const w = start({ btc: (s) => s.to(9_998_000, 2).flat(200) }, () => true);
  w.approve();
  await w.advance(30);
  expect(w.requests.filter((r) => r.startsWith("POST"))).toEqual([
    "POST /v1/order",
    "POST /v1/closeOrder",
    "POST /v1/closeOrder",
  ]);
  expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
  expect(halts(w)).toEqual([]);
});

test("a stop that is nowhere: taken for ended, and the leg has another at once", async () => {
  let hiding = false;
  const w = start({ btc: (s) => s.to(9_998_000, 2).flat(200) }, () => hiding);
  w.approve();
  await w.advance(5);
  hiding = true;
  for (const o of await w.owner.activeOrders("BTC_JPY")) await w.owner.cancelOrder(o.orderId);
  await w.advance(1.2);
  expect(w.orders("stop").map((o) => o.state)).toEqual(["cancelled", "cancelled", "open", "open"]);
  expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
});

test("an entry that is nowhere: a person is asked and entries pause; it ends once its cancel had its time", async () => {
  const w = start({ btc: (s) => s.flat(200) }, (it) => it.minute > 4, ["GET /v1/activeOrders"]);
  w.approve();
  await w.advance(4);
  expect(w.messages().some((m) => m.startsWith("CRITICAL"))).toBe(true);
  expect(halts(w)).toContain("doubt");
  await w.runToEnd(30);
  expect(w.orders("entry").map((o) => o.state)).toEqual(["cancelled"]);
  expect(w.trade().status).toBe("cancelled");
  expect(w.requests.filter((r) => r === "POST /v1/order")).toHaveLength(1);
});

test("dead between the mark of its cancel and the cancel: it is cancelled by the next life, and only then taken for ended", async () => {
  const nowhere = (killAt?: number) =>
    start({ btc: (s) => s.flat(200), ...(killAt === undefined ? {} : { killAt }) }, (it) => it.minute > 4, [
      "GET /v1/activeOrders",
    ]);
  const whole = nowhere();
  whole.approve();
  await whole.runToEnd(30);
  const killAt = whole.mortality.story.indexOf("before POST /v1/cancelOrder") + 1;
  expect(killAt).toBeGreaterThan(1);
  whole.close();

  const w = nowhere(killAt);
  w.approve();
  await expect(w.runToEnd(30)).rejects.toThrow(Death);
  w.crash();
  w.restart({ downMs: 30_000 });
  await w.runToEnd(30);
  expect(w.orders("entry").map((o) => o.state)).toEqual(["cancelled"]);
  expect(w.simulator.orders().map((o) => o.status)).toEqual(["CANCELED"]);
});
