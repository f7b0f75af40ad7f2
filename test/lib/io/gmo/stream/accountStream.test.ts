// The private stream on a fake network in fake time: gap repair, and what is handed out in which order.
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "../../../../../lib/core/errors.ts";
import { coinE8, yen } from "../../../../../lib/core/money.ts";
import { MarketStream } from "../../../../../lib/io/gmo/stream/marketStream.ts";
import { silentLogger } from "../../../../../lib/io/logger.ts";
import { seededRandom } from "../../../../../lib/io/random.ts";
import { execution, fillFrame, order, orderFrame, position, positionFrame, Stage } from "./accountStage.ts";
import { flush, stopAll } from "./fakes.ts";

let stage = new Stage();
afterEach(async () => {
  await stopAll(stage);
  stage = new Stage();
});

describe("a new connection", () => {
  test("subscribes, waits until that must be live, reads REST, then is live", async () => {
    const stream = stage.stream();
    expect(stream.state.kind).toBe("connecting");
    stream.start();
    await stage.timers.pass(3_699);
    expect(stage.network.last.said).toEqual(["executionEvents", "orderEvents", "positionEvents"]);
    expect(stage.network.last.commands.map(({ atMs }) => atMs)).toEqual([0, 1_100, 2_200]);
    expect([stream.state.kind, stage.repairs]).toEqual(["connecting", 0]);
    await stage.timers.pass(1);
    expect([stream.state.kind, stage.repairs]).toEqual(["repairing", 1]);
    await stage.timers.pass(500);
    expect(stream.state).toEqual({ kind: "live", sinceMs: stage.timers.clock.nowMs() });
    expect(stage.story).toEqual(["repaired (a gap)"]);
  });

  test("its commands go before those of a public stream that waits already", async () => {
    const { pace, timers, network } = stage;
    const { connect } = network;
    const url = "wss://venue.test/ws/public/v1";
    const market = new MarketStream({
      ...{ url, pace, timers, clock: timers.clock, random: seededRandom(1), log: silentLogger(), connect },
    });
    for (const symbol of ["BTC_JPY", "ETH_JPY", "BTC", "ETH"]) market.subscribe("ticker", symbol);
    market.start();
    await timers.pass(0);
    stage.stream().start();
    await timers.pass(8_000);
    const times = (name: string): number[] =>
      network.all.find(({ url: u }) => u.includes(name))!.commands.map(({ atMs }) => atMs);
    expect(times("public")).toEqual([0, 4_400, 5_500, 6_600]);
    expect(times("private")).toEqual([1_100, 2_200, 3_300]);
    const stopped = market.stop();
    await timers.pass(2_000);
    await stopped;
  });

  test("events that come meanwhile follow the repair, without doubles and without what the snapshot has overtaken", async () => {
    stage.rest = {
      orders: [order(1, "ORDERED", { executedSize: coinE8(400_000n) }), order(2, "CANCELED"), order(3, "ORDERED")],
      executions: [execution(11, 1)],
      positions: [position(7)],
    };
    const stream = stage.stream();
    stream.start();
    await stage.timers.pass(1_000);
    const [venue] = stage.network.all;
    venue!.send(orderFrame(1, "ORDERED"));
    venue!.send(fillFrame(11, 1, "0.004"));
    await stage.timers.pass(3_000);
    expect(stream.state.kind).toBe("repairing");
    venue!.send(orderFrame(2, "ORDERED"));
    venue!.send(orderFrame(3, "CANCELED"));
    venue!.send(fillFrame(12, 1, "0.01"));
    venue!.send(positionFrame(7, "OPR"));
    expect([stage.story, stream.counts().buffered]).toEqual([[], 6]);
    await stage.timers.pass(500);
    expect(stage.story).toEqual(["repaired (a gap)", "order 3 CANCELED applied", "fill 12 applied"]);
    expect(stage.states.at(-1)).toBe("live");
    expect(stream.view.orders().map((row) => `${row.orderId} ${row.status}`)).toEqual([
      ...["1 EXECUTED", "2 CANCELED", "3 CANCELED"],
    ]);
    expect(stream.counts().buffered).toBe(0);
    const [repaired] = stage.seen.filter((event) => event.kind === "repaired");
    expect(repaired).toMatchObject({ newExecutions: [{ executionId: "11" }], snapshot: { positions: [{}] } });
  });

  test("a command refused as too fast after the repair: subscribed again, repaired again", async () => {
    const stream = await stage.liveStream();
    stage.network.last.send({ error: "ERR-5003 Requests are too many." });
    // Sent within the last five seconds: either may be meant.
    await stage.live(10_000);
    expect(stage.network.last.said.slice(3)).toEqual(["orderEvents", "positionEvents"]);
    expect([stage.story, stage.states]).toEqual([["repaired (a gap)"], ["repairing", "live"]]);
    expect(stream.state.kind).toBe("live");
  });
});

describe("a lost connection", () => {
  test("is down since the loss until the next repair; what was missed is found", async () => {
    stage.rest = { orders: [order(1, "ORDERED"), order(2, "ORDERED")], executions: [], positions: [position(7)] };
    const stream = await stage.liveStream();
    const lostMs = stage.timers.clock.nowMs();
    stage.network.last.cut();
    await flush();
    expect(stream.state).toMatchObject({ kind: "down", sinceMs: lostMs, reason: "closed with 1006" });
    // While we are away order 1 is filled, 2 cancelled, a position closed and another opened.
    const filled = order(1, "EXECUTED", { executedSize: coinE8(1_000_000n) });
    stage.rest = { orders: [filled, order(2, "CANCELED")], executions: [execution(11, 1)], positions: [position(8)] };
    await stage.timers.pass(6_000);
    expect(stage.seen.flatMap((event) => (event.kind === "state" ? [event.state] : []))).toMatchObject([
      { kind: "down", sinceMs: lostMs },
      { kind: "repairing", sinceMs: lostMs },
      { kind: "live" },
    ]);
    expect(stream.view.liveOrders("BTC_JPY")).toEqual([]);
    expect(stream.view.positions("BTC_JPY").map(({ positionId }) => positionId)).toEqual(["8"]);
    expect(stream.view.executions("1")).toHaveLength(1);
    // A late event from before the loss changes nothing any more.
    stage.seen.length = 0;
    stage.network.last.send(orderFrame(2, "ORDERED"));
    stage.network.last.send(positionFrame(7, "UPR", { orderdSize: "0.01" }));
    await flush();
    expect(stage.story).toEqual(["position 7 UPR unconfirmed"]);
    expect(stream.view.positions("BTC_JPY").map(({ positionId }) => positionId)).toEqual(["8"]);
  });

  test("while a repair runs: it is aborted, and the next connection starts another", async () => {
    const stream = stage.stream();
    stream.start();
    await stage.timers.pass(4_000);
    expect(stream.state.kind).toBe("repairing");
    stage.network.last.send(orderFrame(1, "ORDERED"));
    stage.network.last.cut();
    await stage.live(10_000);
    expect(stage.story).toEqual(["repaired (a gap)"]);
    expect([stage.repairs, stream.state.kind, stage.network.all.length]).toEqual([2, "live", 2]);
  });

  test("a failing repair is retried with growing waits, stays `repairing`, and is logged once", async () => {
    stage.restFails = new AppError("retry", "VENUE_TIMEOUT", "expected a reply, found none");
    const stream = stage.stream();
    stream.start();
    await stage.live(120_000);
    expect(stream.state).toMatchObject({ kind: "repairing" });
    expect(stage.repairs).toBeGreaterThan(4);
    expect(stage.repairs).toBeLessThan(30);
    expect(stage.problems).toEqual(["retry VENUE_TIMEOUT"]);
    stage.network.last.send(orderFrame(1, "CANCELED"));
    stage.restFails = undefined;
    await stage.live(60_000);
    expect(stream.state.kind).toBe("live");
    expect(stage.story).toEqual(["repaired (a gap)", "order 1 CANCELED applied"]);
  });

  test("more events than the buffer holds: they are dropped and REST is read again before anything is handed out", async () => {
    const stream = stage.stream({ repairLimits: { bufferLimit: 5 } });
    stream.start();
    await stage.timers.pass(4_000);
    for (let i = 1; i <= 8; i++) stage.network.last.send(orderFrame(i, "CANCELED"));
    await stage.timers.pass(500);
    expect([stream.state.kind, stage.story]).toEqual(["repairing", []]);
    await stage.live(5_000);
    expect(stream.state.kind).toBe("live");
    expect(stage.repairs).toBe(2);
    expect(stage.story).toEqual(["repaired (a gap)", "order 7 CANCELED applied", "order 8 CANCELED applied"]);
  });
});

describe("while live", () => {
  test("events of unknown orders are passed on, stamped with the time they came", async () => {
    await stage.liveStream();
    await stage.live(60_000);
    const nowMs = stage.timers.clock.nowMs();
    stage.network.last.send(orderFrame(99, "EXPIRED", { cancelType: "EXPIRED_SOK" }));
    stage.network.last.send(fillFrame(5, 98, "0.004", { symbol: "ETH_JPY" }));
    await flush();
    expect(stage.story).toEqual(["order 99 EXPIRED applied", "fill 5 foreign"]);
    expect(stage.seen).toMatchObject([{ receivedMs: nowMs }, { receivedMs: nowMs }]);
  });

  test("doubles are handed out once", async () => {
    await stage.liveStream();
    for (let i = 0; i < 3; i++) {
      stage.network.last.send(fillFrame(5, 1));
      stage.network.last.send(orderFrame(2, "CANCELED"));
      stage.network.last.send(positionFrame(7, "CPR"));
    }
    await flush();
    expect(stage.story).toEqual(["fill 5 applied", "order 2 CANCELED applied", "position 7 CPR applied"]);
  });

  test("a full fill is EXECUTED though no order event says so, and a late order event does not undo it", async () => {
    const stream = await stage.liveStream();
    stage.network.last.send(fillFrame(6, 1, "0.01"));
    stage.network.last.send(fillFrame(5, 1, "0.006"));
    stage.network.last.send(orderFrame(1, "ORDERED"));
    await flush();
    expect(stream.view.order("1")).toMatchObject({ status: "EXECUTED", executedSize: 1_000_000n });
    expect(stage.story).toEqual(["fill 6 applied", "fill 5 applied"]);
  });

  test("what an event cannot prove waits for REST, and other events go on meanwhile", async () => {
    stage.rest = { orders: [order(1, "ORDERED")], executions: [], positions: [] };
    const stream = await stage.liveStream();
    const before = stage.repairs;
    stage.network.last.send(orderFrame(1, "ORDERED", { orderPrice: "101", msgType: "ROR" }));
    await flush();
    expect(stage.story).toEqual(["order 1 ORDERED unconfirmed"]);
    expect([stream.view.order("1")?.price, stream.counts().doubts]).toEqual([yen(100), 1]);
    stage.rest = { orders: [order(1, "ORDERED", { price: yen(101) })], executions: [], positions: [] };
    await stage.timers.pass(1_200);
    expect(stage.repairs).toBe(before + 1);
    stage.network.last.send(orderFrame(2, "CANCELED"));
    await flush();
    expect(stage.story.at(-1)).toBe("order 2 CANCELED applied");
    await stage.timers.pass(400);
    expect([stream.view.order("1")?.price, stream.counts().doubts]).toEqual([yen(101), 0]);
    expect(stage.story.at(-1)).toBe("repaired (a doubt)");
    expect(stage.states).toEqual([]);
  });

  test("REST is read every ten minutes, and when asked", async () => {
    const stream = await stage.liveStream();
    await stage.live(601_000);
    expect(stage.story).toEqual(["repaired (routine)"]);
    stream.repairNow("the venue is open again");
    await stage.live(2_000);
    expect(stage.story.at(-1)).toBe("repaired (the venue is open again)");
  });

  test("a doubt that REST never resolves is queried with growing intervals", async () => {
    stage.rest = { orders: [order(1, "CANCELLING")], executions: [], positions: [] };
    const stream = await stage.liveStream();
    const before = stage.repairs;
    await stage.live(300_000);
    expect(stream.counts().doubts).toBe(1);
    expect(stage.repairs - before).toBeGreaterThan(5);
    expect(stage.repairs - before).toBeLessThan(15);
  });

  test("REST behind an event for longer than allowed: alerted, our view stays", async () => {
    const stream = await stage.liveStream();
    stage.network.last.send(orderFrame(1, "CANCELED"));
    stage.rest = { orders: [order(1, "ORDERED")], executions: [], positions: [] };
    await stage.live(10_000);
    stream.repairNow("a test");
    await stage.live(5_000);
    expect(stage.problems).toEqual(["alert VENUE_CONTRADICTION"]);
    expect(stream.view.order("1")?.status).toBe("CANCELED");
  });

  test("a frame that does not parse is logged and REST is read", async () => {
    await stage.liveStream();
    stage.network.last.send(orderFrame(1, "EXECUTED"));
    await stage.live(3_000);
    expect(stage.problems).toEqual(["alert VENUE_FRAME"]);
    expect(stage.story).toEqual(["repaired (an unreadable frame)"]);
  });

  test("a slow listener misses events, is notified, and gets a repair", async () => {
    const stream = await stage.liveStream({ queueLimit: 3 });
    const heard: string[] = [];
    const gates: (() => void)[] = [];
    stream.listen(async (event) => {
      heard.push(event.kind);
      if (heard.length === 1) await new Promise<void>((resolve) => void gates.push(resolve));
    });
    stage.network.last.send(orderFrame(1, "CANCELED"));
    await flush();
    for (let i = 2; i <= 6; i++) stage.network.last.send(orderFrame(i, "CANCELED"));
    gates[0]!();
    await stage.live(3_000);
    expect(heard).toEqual(["account", "lost", "account", "account", "account", "repaired"]);
  });
});
