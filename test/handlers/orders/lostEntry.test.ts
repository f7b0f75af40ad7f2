// Entries whose request or answer is lost, refused or late: never two of them.
import { afterEach, describe, expect, test } from "vitest";
import { LOST, once } from "../../sim/lost.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

let world: World;
const start = (options: WorldOptions): World => {
  world = new World(options);
  return world;
};
afterEach(() => world.close());
const nothingBroken = async () => expect(await world.brokenPromises()).toEqual([]);
const entriesAtVenue = () => world.simulator.orders().filter((o) => o.settleType === "OPEN").length;
const LOSING = (s: Parameters<WorldOptions["btc"]>[0]) => s.to(9_998_000, 2).to(9_940_000, 10).flat(30);

/** A trade given up after its entry was lost on the way. Later its price is met, and its stop. */
const givenUp = async (): Promise<World> => {
  const w = start({
    btc: (s) => s.flat(20).to(9_998_000, 2).flat(5).to(9_940_000, 10).flat(30),
    config: { MAX_REQUOTES: "0" },
    venue: { faults: once("/v1/order", "before", { kind: "reset" }) },
  });
  w.approve();
  await w.advance(3); // Past the looks that follow giving it up.
  expect(w.trade().status).toBe("cancelled");
  return w;
};

describe("the answer to an entry is lost", () => {
  test.each(LOST.map((f) => [`${f.kind} ${f.code ?? ""}`, f] as const))(
    "%s: one entry, found and worked on",
    async (_, fault) => {
      const w = start({ btc: LOSING, venue: { faults: once("/v1/order", "after", fault) } });
      w.approve();
      await w.runToEnd();
      expect(entriesAtVenue()).toBe(1);
      expect(w.auditKinds()).toContain("order.unknown");
      expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss", positionSize: 0.004 });
      await nothingBroken();
    },
  );

  test("and it was filled at once: the fill is found and protected", async () => {
    const w = start({
      // ETH has no post-only: the price jumps below our limit while the order is on its way, so it trades as taker.
      btc: (s) => s.flat(60),
      eth: (s) => s.flat(1).gap(499_700).flat(5).to(490_000, 10).flat(20),
      onRequest: (it, what) => {
        if (what === "POST /v1/order") it.pass(4_000);
      },
      venue: { faults: once("/v1/order", "after", { kind: "dropReply" }) },
    });
    await w.advance(0.95);
    w.approve({ symbol: "ETH_JPY", size: "0.04" });
    await w.runToEnd();
    expect(entriesAtVenue()).toBe(1);
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
    expect(w.simulator.bareStats("ETH_JPY").longestMs).toBe(0);
    await nothingBroken();
  });
});

describe("the request of an entry is lost", () => {
  test("nothing is sent again for ten seconds, then once", async () => {
    const w = start({ btc: LOSING, venue: { faults: once("/v1/order", "before", { kind: "dropReply" }) } });
    w.approve();
    const sentMs = w.nowMs;
    await w.advance(9.9 / 60);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["unknown"]);
    await w.runToEnd();
    const states = w.orders("entry").map((o) => o.state);
    expect(states).toEqual(["neverSent", "filled"]);
    expect(w.orders("entry")[1]?.createdMs).toBeGreaterThanOrEqual(sentMs + 10_000);
    expect(entriesAtVenue()).toBe(1);
    await nothingBroken();
  });
});

describe("a request presumed lost arrives later", () => {
  /** The same order once more, as the delayed request would make it. */
  const arrive = (w: World, id: number, timeInForce?: "FAS") => {
    const i = w.orders().find((o) => o.id === id)?.intent;
    if (!i) throw new Error(`no order ${id}`);
    const common = {
      symbol: i.symbol,
      side: i.side,
      executionType: i.executionType,
      timeInForce: timeInForce ?? i.timeInForce,
      size: i.size,
      ...(i.price === undefined ? {} : { price: i.price }),
    };
    return i.positionId === undefined
      ? w.owner.order({ ...common, ...(i.losscutPrice === undefined ? {} : { losscutPrice: i.losscutPrice }) })
      : w.owner.closeOrder({ ...common, positionId: i.positionId });
  };

  test("an entry beside its successor: cancelled, known as ours, no halt", async () => {
    const w = start({
      btc: (s) => s.flat(5).to(9_998_000, 2).to(9_940_000, 10).flat(30),
      venue: { faults: once("/v1/order", "before", { kind: "reset" }) },
    });
    w.approve();
    await w.advance(1);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["neverSent", "open"]);
    await arrive(w, 1);
    w.enqueue({ name: "reconcile", key: "r1", input: {} });
    await w.drain();
    expect(w.orders("entry").map((o) => o.state)).toEqual(["cancelled", "open"]);
    await w.runToEnd();
    expect(w.db.read.halts.recent()).toEqual([]);
    expect(w.trade().positionSize).toBe(0.004);
    await nothingBroken();
  });

  test("an entry that fills above its resting successor: the successor is cancelled, never twice the size", async () => {
    const w = start({
      btc: (s) => s.flat(60),
      // The price falls after the request was lost: the successor rests lower, and the late one trades at once (no
      // post-only).
      eth: (s) => s.flat(1).gap(499_700).flat(3).to(490_000, 10).flat(20),
      venue: { faults: once("/v1/order", "before", { kind: "reset" }) },
    });
    await w.advance(0.95);
    w.approve({ symbol: "ETH_JPY", size: "0.04" });
    await w.advance(0.5);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["neverSent", "open"]);
    await arrive(w, 1);
    await w.runToEnd();
    expect(w.orders("entry").map((o) => o.state)).toEqual(["filled", "cancelled"]);
    expect(w.entered()).toBe(0.04);
    expect(w.simulator.bareStats("ETH_JPY").longestMs).toBeLessThanOrEqual(15_000);
    await nothingBroken();
  });

  test("an entry that filled when its trade was given up: the trade opens again and is protected", async () => {
    const w = await givenUp();
    await arrive(w, 1);
    await w.advance(21);
    w.enqueue({ name: "reconcile", key: "r1", input: {} });
    await w.advance(0.1);
    expect(w.trade().status).toBe("open");
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    await w.runToEnd();
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
    await nothingBroken();
  });

  test("an entry of an ended trade whose jobs are dead: reconcile protects its fill within seconds, and the trade ends", async () => {
    const w = await givenUp();
    w.db.sql.prepare("UPDATE jobs SET state = 'dead' WHERE name IN ('watchEntry', 'execute')").run();
    await arrive(w, 1);
    await w.runUntil((w.nowMs + 1_800_000) as typeof w.nowMs, () => w.entered() > 0);
    w.crash();
    w.restart({ downMs: 3_000 });
    await w.drain();
    expect(w.trade().status).toBe("open");
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    await w.runToEnd();
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss", positionSize: 0.004 });
    expect((await w.brokenPromises()).filter((p) => !p.includes("is dead"))).toEqual([]);
  });

  test("an entry that fills after its successor has filled: the excess is closed at market, what was approved stays", async () => {
    const w = start({
      btc: (s) => s.flat(5).to(9_998_000, 2).flat(10).to(9_940_000, 10).flat(30),
      venue: { faults: once("/v1/order", "before", { kind: "reset" }) },
    });
    w.approve();
    await w.advance(1);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["neverSent", "open"]);
    await w.advance(8);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["neverSent", "filled"]);
    // The market is below its price by now: it trades as taker.
    await arrive(w, 1, "FAS");
    expect(w.entered()).toBe(0.008);
    w.enqueue({ name: "reconcile", key: "r1", input: {} });
    await w.advance(0.5);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["filled", "filled"]);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    const held = w.simulator.positions().reduce((sum, p) => sum + p.size, 0n);
    expect(held).toBe(w.trade().targetSize);
    expect(w.messages().filter((m) => m.startsWith("CRITICAL")).length).toBe(1);
    await w.runToEnd();
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
    expect((await w.brokenPromises()).filter((p) => !p.includes("entered more than approved"))).toEqual([]);
  });

  test("a stop just before its successor: the successor is refused, the late one is taken for what it is", async () => {
    let posts = 0;
    const w = start({
      btc: LOSING,
      venue: { faults: once("/v1/closeOrder", "before", { kind: "reset" }) },
      onRequest: async (it, what) => {
        // The third closing order is the successor of the first, which was lost.
        if (what === "POST /v1/closeOrder" && ++posts === 3) await arrive(it, it.orders("stop")[0]?.id ?? 0);
      },
    });
    w.approve();
    await w.runToEnd();
    expect(w.orders("stop").map((o) => (o.state === "rejected" ? o.code : o.state))).toEqual([
      "filled",
      "filled",
      "ERR-200",
    ]);
    expect(w.messages().filter((m) => m.startsWith("CRITICAL"))).toEqual([]);
    await nothingBroken();
  });

  test("a refusal that comes after the order was given up changes nothing", async () => {
    let given = false;
    const w = start({
      btc: LOSING,
      onRequest: (it, what) => {
        if (given || what !== "POST /v1/order") return;
        given = true;
        for (const ms of [10_000, 1]) {
          it.pass(ms);
          const absent = { kind: "absent", atMs: it.nowMs, venueMs: it.nowMs, unexplained: false } as const;
          it.db.transaction((tx) => tx.orders.move(1, absent));
        }
      },
      venue: { faults: once("/v1/order", "before", { kind: "error", code: "ERR-5003" }) },
    });
    w.approve();
    await w.runToEnd();
    expect(w.orders("entry").map((o) => o.state)).toEqual(["neverSent", "filled"]);
    expect(w.db.read.halts.recent()).toEqual([]);
    await nothingBroken();
  });
});

describe("refusals of an entry", () => {
  test.each([
    ["no margin: the trade is given up", "ERR-201", ["rejected"], "cancelled"],
    ["rate limit: sent again as a new order", "ERR-5003", ["rejected", "filled"], "closed"],
    ["a wrong clock: sent again as a new order", "ERR-5008", ["rejected", "filled"], "closed"],
  ])("%s", async (_, code, states, status) => {
    const w = start({ btc: LOSING, venue: { faults: once("/v1/order", "before", { kind: "error", code }) } });
    w.approve();
    await w.runToEnd();
    expect(w.orders("entry").map((o) => o.state)).toEqual(states);
    expect(w.trade().status).toBe(status);
    await nothingBroken();
  });
});
