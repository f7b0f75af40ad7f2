// The frames of both WebSockets as the simulator makes them: GMO API 10.2 and 10.4, field by field.
import { afterEach, describe, expect, test } from "vitest";
import { parseCoin } from "../../../../lib/core/money.ts";
import { epochMs, isoUtc } from "../../../../lib/core/time.ts";
import { readFrame } from "../../../../lib/io/gmo/wireEvents.ts";
import { Desk, type DeskOptions } from "../desk.ts";

const desks: Desk[] = [];
const desk = (options?: DeskOptions): Desk => {
  const made = new Desk(options);
  desks.push(made);
  return made;
};
afterEach(() => {
  for (const made of desks.splice(0)) made.close();
});
interface Said {
  readonly channel: string;
  readonly [field: string]: unknown;
}
/** All private frames from now on, as somebody would read them. */
const listening = (d: Desk): Said[] => {
  const said: Said[] = [];
  d.simulator.onEvent((event) => {
    for (const { channel, frame } of d.simulator.views.privateFrames(event)) {
      const text = JSON.stringify(frame);
      expect(readFrame(text).kind, text).toBe("frame");
      expect(JSON.parse(text).channel).toBe(channel);
      said.push(JSON.parse(text));
    }
  });
  return said;
};
const short = (said: readonly Said[]): string[] =>
  said
    .filter((frame) => frame.channel !== "positionSummaryEvents")
    .map((f) =>
      [f.channel.replace("Events", ""), f["msgType"], f["orderStatus"], f["cancelType"]].filter(Boolean).join(" "),
    );

describe("private frames", () => {
  test("an opening order at the market: order, execution, position, summary", () => {
    const d = desk();
    const said = listening(d);
    const orderId = d.order({ size: "0.01" });
    const [execution] = d.executionsOf(orderId);
    const { executionId, positionId } = execution;
    const at = isoUtc(d.nowMs);
    const order = { executionType: "MARKET", orderId, orderPrice: "0", orderSize: "0.01", orderTimestamp: at };
    const common = { side: "BUY", symbol: "BTC_JPY", timeInForce: "FAK" };
    expect(said).toEqual([
      {
        channel: "orderEvents",
        ...order,
        ...common,
        settleType: "OPEN",
        orderStatus: "ORDERED",
        orderExecutedSize: "0",
        losscutPrice: "0",
        msgType: "NOR",
      },
      {
        channel: "executionEvents",
        ...order,
        ...common,
        settleType: "OPEN",
        executionId,
        positionId,
        executionPrice: "10000500",
        executionSize: "0.01",
        executionTimestamp: at,
        lossGain: "0",
        fee: "0",
        orderExecutedSize: "0.01",
        msgType: "ER",
      },
      {
        channel: "positionEvents",
        positionId,
        symbol: "BTC_JPY",
        side: "BUY",
        size: "0.01",
        orderdSize: "0",
        price: "10000500",
        lossGain: "-10",
        leverage: "2",
        losscutPrice: "7500375",
        timestamp: at,
        msgType: "OPR",
      },
      {
        channel: "positionSummaryEvents",
        averagePositionRate: "10000500",
        positionLossGain: "-10",
        side: "BUY",
        sumOrderQuantity: "0",
        sumPositionQuantity: "0.01",
        symbol: "BTC_JPY",
        timestamp: at,
        msgType: "UPDATE",
      },
    ]);
  });
  test("a resting close is reported by UPR, its fill by CPR; no order event says EXECUTED", () => {
    const d = desk({ btc: (s) => s.flat(1).spike(10_200_000).flat(3) });
    const id = d.position("0.01");
    const said = listening(d);
    d.closeOrder(id, "0.01", { price: "10100000" });
    d.pass(180);
    expect(short(said)).toEqual(["order NOR ORDERED", "position UPR", "execution ER", "position CPR"]);
    expect(said[1]).toMatchObject({ orderdSize: "0.01", size: "0.01", msgType: "UPR" });
    expect(said.find((f) => f.channel === "executionEvents")).toMatchObject({
      settleType: "CLOSE",
      positionId: id,
      lossGain: "995",
      orderExecutedSize: "0.01",
    });
    expect(said.at(-1)).toMatchObject({ channel: "positionSummaryEvents", sumPositionQuantity: "0" });
    expect(said.some((f) => f["orderStatus"] === "EXECUTED")).toBe(false);
  });
  test("orderExecutedSize adds up over the fills", () => {
    const d = desk({ volume: 0.05 });
    const said = listening(d);
    d.order({ price: "10000625", size: "0.01" });
    expect(said.filter((f) => f.channel === "executionEvents").map((f) => f["orderExecutedSize"])).toEqual([
      "0.005",
      "0.01",
    ]);
  });
  test.each<[string, (d: Desk) => void, string[]]>([
    [
      "a stop that triggers",
      (d) => void d.order({ executionType: "STOP", side: "SELL", price: "9950000", size: "0.01" }),
      ["order NOR WAITING", "order NOR ORDERED", "execution ER", "position OPR"],
    ],
    [
      "a crossing SOK",
      (d) => void d.order({ price: "10000500", size: "0.01", timeInForce: "SOK" }),
      ["order ER EXPIRED EXPIRED_SOK"],
    ],
    [
      "a cancelled order",
      (d) => void d.post("/v1/cancelOrder", { orderId: d.order({ price: "9000000", size: "0.01" }) }),
      ["order NOR ORDERED", "order COR CANCELED USER"],
    ],
    [
      "a changed order",
      (d) => void d.post("/v1/changeOrder", { orderId: d.order({ price: "9000000", size: "0.01" }), price: "9100000" }),
      ["order NOR ORDERED", "order ROR ORDERED"],
    ],
  ])("%s", (_, act, expected) => {
    const d = desk({ btc: (s) => s.flat(1).to(9_940_000).flat(3) });
    const said = listening(d);
    act(d);
    d.pass(180);
    expect(short(said)).toEqual(expected);
    const orders = said.filter((f) => f.channel === "orderEvents");
    expect(new Set(orders.map((f) => f["orderTimestamp"]))).toEqual(new Set([isoUtc(d.startMs)]));
  });
  test("a loss cut is LOSS_CUT on the channels", () => {
    const d = desk({ btc: (s) => s.flat(1).gap(7_400_000).flat(3) });
    d.position("0.01");
    const said = listening(d);
    d.pass(180);
    expect(said.filter((f) => f["settleType"]).map((f) => [f.channel, f["settleType"]])).toEqual([
      ["orderEvents", "LOSS_CUT"],
      ["executionEvents", "LOSS_CUT"],
    ]);
    expect(d.shown(said[0]!["orderId"] as number)).toMatchObject({ settleType: "CLOSE", orderType: "LOSSCUT" });
  });
  test("spot executions carry no position", () => {
    const d = desk({ spot: { BTC: parseCoin("1") } });
    const said = listening(d);
    d.order({ symbol: "BTC", side: "SELL", size: "0.01" });
    expect(said.map((f) => f.channel)).toEqual(["orderEvents", "executionEvents"]);
    expect(said[1]).not.toHaveProperty("positionId");
  });
  test("INIT and PERIODIC summaries are those of REST, one per side that is held", () => {
    const d = desk();
    expect(d.simulator.views.summaryFrames("INIT")).toEqual([]);
    d.position("0.01");
    d.position("0.02", "SELL");
    for (const msgType of ["INIT", "PERIODIC"] as const) {
      const frames = d.simulator.views.summaryFrames(msgType);
      const rows = d.get("/v1/positionSummary").data.list as object[];
      const extra = { channel: "positionSummaryEvents", timestamp: isoUtc(d.nowMs), msgType };
      expect(frames).toEqual(rows.map((row) => ({ ...row, ...extra })));
    }
  });
});

describe("public frames", () => {
  test("the ticker is that of REST", () => {
    const d = desk();
    const [row] = d.get("/v1/ticker", { symbol: "BTC_JPY" }).data;
    expect(d.simulator.views.tickerFrame("BTC_JPY")).toEqual({ channel: "ticker", ...row });
    expect(() => d.simulator.views.tickerFrame("ZZZ")).toThrow(RangeError);
  });
  test("the book has at most 30 levels a side, sorted, with its grouping", () => {
    const d = desk();
    const frame = d.simulator.views.bookFrame("BTC_JPY") as { asks: { price: string }[]; bids: { price: string }[] };
    expect(frame).toMatchObject({
      channel: "orderbooks",
      symbol: "BTC_JPY",
      grouping: "1",
      timestamp: isoUtc(d.nowMs),
    });
    expect(frame.asks.length).toBeLessThanOrEqual(30);
    expect(frame.asks[0]!.price).toBe("10000500");
    expect(frame.bids[0]!.price).toBe("9999500");
    expect(readFrame(JSON.stringify(frame)).kind).toBe("frame");
  });
  test("each match is reported once, printed twice or as the taker's row alone, in every kind of query", () => {
    const d = desk({ btc: (s) => s.flat(2).to(10_100_000).to(9_900_000).flat(5) });
    const whole = d.nowMs;
    const parts: object[] = [];
    let afterMs = d.nowMs;
    for (let i = 0; i < 60; i++) {
      d.pass(5.01);
      parts.push(...d.simulator.views.tradeFrames("BTC_JPY", afterMs, "TAKER_ONLY"));
      afterMs = d.nowMs;
    }
    const taker = d.simulator.views.tradeFrames("BTC_JPY", whole, "TAKER_ONLY") as Said[];
    expect(parts).toEqual(taker);
    const both = d.simulator.views.tradeFrames("BTC_JPY", whole, "both") as Said[];
    expect(both).toHaveLength(2 * taker.length);
    expect(taker.every((row, i) => i === 0 || row["timestamp"]! >= taker[i - 1]!["timestamp"]!)).toBe(true);
    // Up in the rising minute, down in the falling one.
    const sideAt = (price: string) => taker.find((row) => row["price"] === price)!["side"];
    expect([sideAt("10100000"), sideAt("9900000")]).toEqual(["BUY", "SELL"]);
    for (const frame of both) expect(readFrame(JSON.stringify(frame)).kind).toBe("frame");
    const listed = d.get("/v1/trades", { symbol: "BTC_JPY", count: 100 }).data.list as object[];
    const rest = listed
      .slice(0, both.length)
      .map((row) => JSON.stringify(row))
      .toSorted();
    const told = both.map(({ channel: _, symbol: __, ...row }) => JSON.stringify(row)).toSorted();
    expect(told).toEqual(rest);
  });
  test("every symbol is known to the views, spot included", () => {
    expect(desk({ spot: {} }).simulator.views.symbols()).toEqual(["BTC_JPY", "ETH_JPY", "BTC", "ETH"]);
    expect(desk().simulator.views.symbols()).toEqual(["BTC_JPY", "ETH_JPY"]);
  });
});

describe("what a server asks", () => {
  test("a request for tokens is checked as any private one, and answered in the envelope", () => {
    const d = desk();
    const { apiKey } = d.simulator.credentials();
    const request = {
      area: "private" as const,
      method: "POST",
      path: "/v1/ws-auth",
      headers: { "API-KEY": apiKey, "API-TIMESTAMP": String(d.nowMs), "API-SIGN": "0" },
    };
    expect(d.simulator.views.refused(request)!.body).toContain("ERR-5010");
    expect(d.simulator.views.refused({ ...request, headers: {} })!.body).toContain("ERR-5011");
    expect(JSON.parse(d.simulator.views.success("token").body)).toMatchObject({ status: 0, data: "token" });
    expect(JSON.parse(d.simulator.views.refusal("ERR-5003", "Requests are too many.").body).status).toBe(4);
  });
  test("eventOrder is a hint, seeded where it is random", () => {
    const hints = (eventOrder: "random" | "before" | "after", seed = 7): string => {
      const d = desk({ seed, venue: { eventOrder } });
      const ask = () => d.simulator.serve({ area: "public", method: "GET", path: "/v1/status", headers: {} });
      return Array.from({ length: 20 }, () => (ask().eventsFirst ? "b" : "a")).join("");
    };
    expect(hints("before")).toBe("b".repeat(20));
    expect(hints("after")).toBe("a".repeat(20));
    expect(hints("random")).toBe(hints("random"));
    expect(hints("random")).toMatch(/ab|ba/);
    expect(hints("random", 8)).not.toBe(hints("random"));
  });
  test("serve returns the events a request caused, as the listeners receive them", () => {
    const d = desk();
    const heard: unknown[] = [];
    d.simulator.onEvent((event) => heard.push(event));
    d.order({ size: "0.01" });
    expect(heard).toHaveLength(3);
    expect(d.simulator.advanceTo(epochMs(d.nowMs + 1))).toEqual([]);
  });
});
