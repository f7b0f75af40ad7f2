// What may go wrong between us and the venue: lost answers, lost requests, refusals, slow cancels, maintenance, a dead
// watcher, somebody else on the account. Never two entries, never an order in doubt at the end, never a bare position without
// an alarm.
import { afterEach, describe, expect, test } from "vitest";
import { parseCoin, yen } from "../../lib/core/money.ts";
import { epochMs } from "../../lib/core/time.ts";
import type { Fault, Faults } from "../../lib/sim/simulator.ts";
import { LONG } from "../long.ts";
import { Death, World, type WorldOptions } from "../sim/world.ts";

let world: World;
const start = (options: WorldOptions): World => {
  world = new World(options);
  return world;
};
afterEach(() => world.close());
const nothingBroken = async () => expect(await world.brokenPromises()).toEqual([]);
const entriesAtVenue = () => world.simulator.orders().filter((o) => o.settleType === "OPEN").length;
const LOSING = (s: Parameters<WorldOptions["btc"]>[0]) => s.to(9_998_000, 2).to(9_940_000, 10).flat(30);

/** `fault` for the `nth` request to `path` (1 = the first), in this phase. */
const once = (path: string, phase: "before" | "after", fault: Fault, nth = 1): Faults => {
  let seen = 0;
  return (request, at) => {
    if (request.path !== path || at !== "before")
      return at === phase && request.path === path && seen === nth ? fault : undefined;
    seen += 1;
    return phase === "before" && seen === nth ? fault : undefined;
  };
};
const LOST: readonly Fault[] = [
  { kind: "dropReply" },
  { kind: "error", code: "ERR-9999" },
  { kind: "reset" },
  { kind: "httpError" },
  { kind: "html" },
  { kind: "truncate" },
  { kind: "error", code: "ERR-554" },
  { kind: "error", code: "ERR-626" },
];
/** To us all of them say the same, "unknown"; every kind is tried on the entry, and in the long run everywhere. */
const SOME_LOST = LONG ? LOST : LOST.slice(0, 2);

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

describe("a request given up as lost arrives after all", () => {
  /** The same order once more, as the delayed request would make it. */
  const arrive = (w: World, id: number) => {
    const i = w.orders().find((o) => o.id === id)?.intent;
    if (!i) throw new Error(`no order ${id}`);
    const common = {
      symbol: i.symbol,
      side: i.side,
      executionType: i.executionType,
      timeInForce: i.timeInForce,
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

  test("an entry that filled when its trade was given up: the trade opens again and is protected", async () => {
    const w = start({
      btc: (s) => s.flat(20).to(9_998_000, 2).flat(5).to(9_940_000, 10).flat(30),
      config: { MAX_REQUOTES: "0" },
      venue: { faults: once("/v1/order", "before", { kind: "reset" }) },
    });
    w.approve();
    await w.advance(1);
    expect(w.trade().status).toBe("cancelled");
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
        for (const ms of [10_000, 10_001])
          it.db.transaction((tx) => tx.orders.move(1, { kind: "absent", atMs: epochMs(it.nowMs + ms) }));
      },
      venue: { faults: once("/v1/order", "before", { kind: "error", code: "ERR-5003" }) },
    });
    w.approve();
    await w.runToEnd();
    expect(w.orders("entry").map((o) => o.state)).toEqual(["neverSent", "filled"]);
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

describe("trouble with the stop", () => {
  test.each(SOME_LOST.map((f) => [`${f.kind} ${f.code ?? ""}`, f] as const))(
    "its answer is lost (%s): found, bare for no moment",
    async (_, fault) => {
      const w = start({ btc: LOSING, venue: { faults: once("/v1/closeOrder", "after", fault) } });
      w.approve();
      await w.runToEnd();
      expect(w.auditKinds()).toContain("order.unknown");
      expect(w.simulator.bareStats("BTC_JPY").longestMs).toBe(0);
      expect(w.orders("stop").map((o) => o.state)).toEqual(["filled", "filled"]);
      await nothingBroken();
    },
  );

  test("its request is lost: bare for three seconds, then placed; the other half is protected meanwhile", async () => {
    const w = start({ btc: LOSING, venue: { faults: once("/v1/closeOrder", "before", { kind: "reset" }) } });
    w.approve();
    await w.runToEnd();
    expect(w.simulator.bareStats("BTC_JPY").longestMs).toBe(3_000);
    expect(w.orders("stop").map((o) => o.state)).toEqual(["neverSent", "filled", "filled"]);
    await nothingBroken();
  });

  test.each(["ERR-254", "ERR-5106"] as const)(
    "the position is not visible yet (%s): placed 200 ms later, nobody is alarmed",
    async (code) => {
      const w = start({ btc: LOSING, venue: { positionVisibleAfterMs: 150, positionNotVisibleCode: code } });
      w.approve();
      await w.runToEnd();
      expect(w.simulator.bareStats("BTC_JPY").longestMs).toBe(200);
      expect(w.messages().filter((m) => m.startsWith("CRITICAL"))).toEqual([]);
      await nothingBroken();
    },
  );

  test("the price is through already: closed at market at once", async () => {
    let gapped = false;
    const w = start({
      // Low at 15 s, high at 45 s, low again at the end: the entry of 20 s fills in the last second, and while its stop is on
      // the way the next minute opens below it.
      btc: (s) => s.candle(10_003_000, 9_999_000, 9_999_000).gap(9_930_000).flat(30),
      onRequest: (it, what) => {
        if (gapped || what !== "POST /v1/closeOrder") return;
        gapped = true;
        it.pass(4_000);
      },
    });
    await w.advance(20 / 60);
    w.approve();
    await w.runToEnd();
    expect(w.orders().map((o) => (o.state === "rejected" ? o.code : o.state))).toContain("ERR-5129");
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
    await nothingBroken();
  });

  test("maintenance: entries pause, the owner is told, the stop is placed when it is over, and the pause ends", async () => {
    let refusing = true;
    const w = start({
      btc: (s) => s.to(9_998_000, 2).flat(10).to(9_940_000, 10).flat(30),
      venue: {
        faults: (request, phase) =>
          refusing && phase === "before" && request.path === "/v1/closeOrder"
            ? { kind: "error", code: "ERR-5201" }
            : undefined,
      },
    });
    w.approve();
    await w.advance(3);
    expect(w.db.read.halts.active(w.nowMs).map((h) => h.kind)).toEqual(["bare"]);
    expect(w.messages().filter((m) => m.startsWith("CRITICAL")).length).toBe(2);
    refusing = false;
    await w.advance(0.2);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    expect(w.db.read.halts.active(w.nowMs)).toEqual([]);
    expect(w.db.read.alerts.open()).toEqual([]);
    await w.runToEnd();
    await nothingBroken();
  });

  test("refused for good: closed at market rather than left bare", async () => {
    const w = start({
      btc: (s) => s.to(9_998_000, 2).flat(30),
      venue: {
        faults: (request, phase) =>
          phase === "before" && request.path === "/v1/closeOrder" && (request.body ?? "").includes('"STOP"')
            ? { kind: "error", code: "ERR-5121" }
            : undefined,
      },
    });
    w.approve();
    await w.runToEnd();
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
    expect(w.simulator.bareStats("BTC_JPY").longestMs).toBeLessThanOrEqual(2_000);
    await nothingBroken();
  });

  test("a venue that cannot be read while a fill is bare: the owner is told, and it is protected when it answers", async () => {
    let silent = false;
    const w = start({
      btc: (s) => s.to(9_998_000, 2).flat(10).to(9_940_000, 10).flat(30),
      venue: {
        faults: (_, phase) => (silent && phase === "before" ? { kind: "reset" } : undefined),
      },
      onRequest: (it, what) => {
        if (what === "POST /v1/closeOrder" && it.minute < 4) silent = true;
      },
    });
    w.approve();
    await w.advance(2);
    expect(w.db.read.alerts.open().map((a) => a.key)).toEqual(["bare:blind:1"]);
    expect(w.db.read.halts.active(w.nowMs).map((h) => h.kind)).toEqual(["bare"]);
    await w.advance(1);
    silent = false;
    await w.advance(0.2);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    expect(w.db.read.halts.active(w.nowMs)).toEqual([]);
    await w.runToEnd();
    await nothingBroken();
  });
});

describe("trouble with exits", () => {
  const WINNING = (s: Parameters<WorldOptions["btc"]>[0]) => s.to(9_998_000, 2).to(10_080_000, 20).flat(30);

  test("a cancel that takes its time: the leg waits for it, and the stop may win the race", async () => {
    const w = start({ btc: WINNING, venue: { cancelAfterMs: 700 } });
    w.approve();
    await w.runToEnd();
    expect(w.trade().status).toBe("closed");
    await nothingBroken();
  });

  test("the answer to a cancel is lost", async () => {
    const w = start({ btc: WINNING, venue: { faults: once("/v1/cancelOrder", "after", { kind: "reset" }) } });
    w.approve();
    await w.runToEnd();
    expect(w.trade().exitReason).toBe("tp2");
    await nothingBroken();
  });

  test("the cancel never arrives: asked again, the stop still stands", async () => {
    const w = start({ btc: WINNING, venue: { faults: once("/v1/cancelOrder", "before", { kind: "reset" }) } });
    w.approve();
    await w.runToEnd();
    expect(w.trade().exitReason).toBe("tp2");
    expect(w.simulator.bareStats("BTC_JPY").longestMs).toBe(0);
    await nothingBroken();
  });

  test.each(SOME_LOST.map((f) => [`${f.kind} ${f.code ?? ""}`, f] as const))(
    "answers to closing orders are lost at random (%s): it still ends in order",
    async (_, fault) => {
      let n = 0;
      const w = start({
        btc: WINNING,
        venue: {
          faults: (request, phase) => {
            if (request.method !== "POST" || phase !== "after") return undefined;
            n += 1;
            return n % 3 === 0 ? fault : undefined;
          },
        },
      });
      w.approve();
      await w.runToEnd();
      expect(w.trade().status).toBe("closed");
      expect(entriesAtVenue()).toBe(1);
      await nothingBroken();
    },
  );

  test("no answer to any market close of the time stop: each is found, none is sent twice", async () => {
    const w = start({
      btc: (s) => s.to(9_998_000, 2).flat(120),
      config: { TIME_STOP_HOURS: "0.5" },
      venue: {
        faults: (request, phase) =>
          phase === "after" && (request.body ?? "").includes('"MARKET"') ? { kind: "dropReply" } : undefined,
      },
    });
    w.approve();
    await w.runToEnd();
    expect(
      w
        .orders("exit")
        .filter((o) => o.intent.executionType === "MARKET")
        .map((o) => o.state),
    ).toEqual(["filled", "filled"]);
    expect(w.trade().exitReason).toBe("time_stop");
    expect(w.db.read.halts.recent()).toEqual([]);
    await nothingBroken();
  });

  test("no market close of the time stop arrives for a while: both halves are tried on, at the same time", async () => {
    let silent = true;
    const w = start({
      btc: (s) => s.to(9_998_000, 2).flat(120),
      config: { TIME_STOP_HOURS: "0.5" },
      venue: {
        faults: (request, phase) =>
          silent && phase === "before" && (request.body ?? "").includes('"MARKET"') ? { kind: "reset" } : undefined,
      },
    });
    w.approve();
    await w.advance(31);
    expect(w.orders("exit").at(-1)?.state).toBe("unknown");
    await w.advance(1);
    expect(w.db.read.halts.active(w.nowMs).map((h) => h.kind)).toEqual(["bare"]);
    silent = false;
    await w.runToEnd();
    expect(w.trade().exitReason).toBe("time_stop");
    expect(w.db.read.halts.active(w.nowMs)).toEqual([]);
    expect(w.db.read.halts.recent().filter((h) => h.kind === "doubt")).toEqual([]);
    await nothingBroken();
  });

  test("a target that fills bit by bit is booked bit by bit, each once", async () => {
    const w = start({
      // The target is touched in the last second before a stretch of the path ends: one lot trades before it, one after.
      btc: (s) => s.to(9_998_000, 2).to(10_000_000, 1).to(10_030_100, 1, 0.002).flat(5).to(9_940_000, 10).flat(10),
      venue: { partialFills: true },
    });
    w.approve({ size: "0.008", tp1: 10_029_500, tp2: 10_200_000 });
    await w.runToEnd();
    const tp1 = w.db.read.executions.ofTrade(1).filter((e) => e.exitReason === "tp1");
    expect(new Set(tp1.map((e) => e.orderId)).size).toBeLessThan(tp1.length);
    expect(w.trade().status).toBe("closed");
    await nothingBroken();
  });

  test("a stop is not given up while the venue takes no orders", async () => {
    let closed = false;
    const w = start({
      btc: (s) => s.to(9_998_000, 2).to(10_030_000, 10).flat(10).to(10_080_000, 10).flat(30),
      venue: {
        faults: (request, phase) =>
          closed && phase === "before" && request.path === "/v1/status"
            ? { kind: "error", code: "ERR-5201" }
            : undefined,
      },
    });
    w.approve();
    await w.advance(4);
    closed = true;
    await w.advance(15);
    expect(w.requests).not.toContain("POST /v1/cancelOrder");
    expect(w.orders("stop").map((o) => o.state)).toEqual(["open", "open"]);
    closed = false;
    await w.runToEnd();
    expect(w.trade().exitReason).toBe("tp2");
    await nothingBroken();
  });
});

describe("reconcile", () => {
  const look = (w: World, key: string) => w.enqueue({ name: "reconcile", key, input: {} });

  test("with nothing to say clears doubt, and says nothing", async () => {
    const w = start({ btc: (s) => s.flat(60) });
    w.halt("doubt");
    look(w, "r1");
    await w.advance(1);
    expect(w.db.read.halts.active(w.nowMs)).toEqual([]);
    expect(w.messages()).toEqual([]);
  });

  test("a position and an order of another hand: entries halt at the second look, and go on when they are gone", async () => {
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

  test("leaves a close without an answer to its own look, and does not take it for another hand's", async () => {
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

  test("a bare position of ours is protected, also when nobody watches it", async () => {
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

  test("an entry nobody works any more is taken up, and its missed fill is protected", async () => {
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
