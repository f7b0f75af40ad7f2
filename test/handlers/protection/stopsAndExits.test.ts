// What may go wrong with stops and exits: no bare position without an alarm, none sent twice, no order in doubt at the
// end.
import { afterEach, describe, expect, test } from "vitest";
import { once, SOME_LOST } from "../../sim/lost.ts";
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
    "the position is not visible yet (%s): placed after 50 and 100 ms, nobody is alarmed",
    async (code) => {
      const w = start({ btc: LOSING, venue: { positionVisibleAfterMs: 150, positionNotVisibleCode: code } });
      w.approve();
      await w.runToEnd();
      expect(w.simulator.bareStats("BTC_JPY").longestMs).toBe(150);
      expect(w.messages().filter((m) => m.startsWith("CRITICAL"))).toEqual([]);
      await nothingBroken();
    },
  );

  test("the price is through already: closed at market at once", async () => {
    let gapped = false;
    const w = start({
      // Low at 15 s, high at 45 s, low again at the end: the entry of 20 s fills in the last second, and while its stop
      // is on the way the next minute opens below it.
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

  test("maintenance: entries pause, the owner is alerted, the stop is placed when it is over, and the pause ends", async () => {
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
    await w.advance(1.1); // It said OPEN and refused for three minutes: asked once a minute by now.
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

  test("a venue that cannot be read while a fill is unprotected: the owner is alerted, and it is protected when the venue responds", async () => {
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
    // The two stops were sent a minute ago: a person is asked about each.
    expect(w.db.read.alerts.open().map((a) => a.key)).toEqual(["bare:blind:1", "api", "unanswered:2", "unanswered:3"]);
    expect(w.db.read.halts.active(w.nowMs).map((h) => h.kind)).toEqual(["bare", "api", "unanswered"]);
    await w.advance(1);
    silent = false;
    await w.advance(0.2);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    // The API halt ends after three good checks, ten seconds apart.
    expect(w.db.read.halts.active(w.nowMs).map((h) => h.kind)).toEqual(["api"]);
    await w.advance(0.5);
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

  test("the cancel never arrives: requested again, the stop is still open", async () => {
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

  test("no market close of the time stop arrives for a while: both halves are retried, at the same time", async () => {
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
      // The target is touched in the last second before a stretch of the path ends: one lot trades before it, one
      // after.
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

  test("a take-profit the venue refuses for good: tried ever less often, its stop back at once each time", async () => {
    const w = start({
      btc: (s) => s.to(9_998_000, 2).to(10_080_000, 20).flat(30),
      venue: {
        faults: (request, phase) =>
          phase === "before" && request.path === "/v1/closeOrder" && (request.body ?? "").includes('"LIMIT"')
            ? { kind: "error", code: "ERR-5121" }
            : undefined,
      },
    });
    w.approve();
    await w.advance(45);
    const tries = w.orders("takeProfit").length;
    expect(tries).toBeGreaterThan(2);
    expect(tries).toBeLessThan(20);
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    expect(w.simulator.bareStats("BTC_JPY").longestMs).toBe(0);
    expect(w.db.read.halts.recent().filter((h) => h.kind === "doubt")).toEqual([]);
  });

  test("a time stop that is no whole number of milliseconds: the fill is booked and protected all the same", async () => {
    const w = start({ btc: (s) => s.to(9_998_000, 2).flat(60), config: { TIME_STOP_HOURS: "0.3333333" } });
    w.approve();
    await w.advance(5);
    expect(w.trade().status).toBe("open");
    expect(w.simulator.bareSize("BTC_JPY")).toBe(0n);
    await w.runToEnd(60);
    expect(w.trade().exitReason).toBe("time_stop");
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
