// Changing and cancelling what rests, closing in bulk: GMO API 7.9-7.12, 8.2, 8.4, 8.5 against the raw API.
import { afterEach, describe, expect, test } from "vitest";
import type { SimulatorOptions, VenueEvent } from "../../../../lib/sim/simulator.ts";
import { Desk, type DeskOptions, tempFile, textOf } from "../desk.ts";

const desks: Desk[] = [];
const desk = (options?: DeskOptions): Desk => {
  const made = new Desk(options);
  desks.push(made);
  return made;
};
afterEach(() => {
  for (const made of desks.splice(0)) made.close();
});
const change = (d: Desk, orderId: number, price: string, more: object = {}) =>
  d.post("/v1/changeOrder", { orderId, price, ...more });
/** Order events from now on, as "msgType status cancelType". */
const heard = (d: Desk): string[] => {
  const words: string[] = [];
  d.simulator.onEvent((event: VenueEvent) => {
    if (event.kind !== "order") return;
    words.push([event.msgType, event.order.status, event.cancelType ?? event.order.cancelType ?? ""].join(" ").trim());
  });
  return words;
};

describe("changeOrder", () => {
  test("is MODIFYING first, then stands at the new price under its old id; the answer carries no data", () => {
    const d = desk({ venue: { changeAfterMs: 500 } });
    const id = d.order({ price: "9990000", size: "0.01" });
    const words = heard(d);
    expect(Object.keys(JSON.parse(change(d, id, "9980000").text))).toEqual(["status", "responsetime"]);
    expect(d.shown(id)).toMatchObject({ status: "MODIFYING", price: "9990000" });
    expect(change(d, id, "9970000").code).toBe("ERR-5122");
    expect(d.post("/v1/cancelOrder", { orderId: id }).code).toBe("ERR-5122");
    d.pass(0.499);
    expect(words).toEqual([]);
    d.pass(0.001);
    expect(d.shown(id)).toMatchObject({ status: "ORDERED", price: "9980000", size: "0.01" });
    expect(words).toEqual(["ROR ORDERED"]);
  });
  test("a fill on the way wins, at the old price", () => {
    const d = desk({ btc: (s) => s.flat(1).spike(9_980_000).flat(5), venue: { changeAfterMs: 60_000 } });
    const id = d.order({ price: "9990000", size: "0.01" });
    d.pass(50);
    expect(change(d, id, "9900000").status).toBe(0);
    d.pass(120);
    expect(d.executionsOf(id)).toMatchObject([{ price: "9990000", size: "0.01" }]);
    expect(d.shown(id)).toMatchObject({ status: "EXECUTED", price: "9990000" });
    expect(d.simulator.orders()[0]!.change).toBeUndefined();
  });
  test("is on its way also after a restart, and then counts", () => {
    const d = desk({ venue: { changeAfterMs: 500, maxChanges: 1 }, path: tempFile() });
    const id = d.order({ price: "9990000", size: "0.01" });
    expect(change(d, id, "9980000", { losscutPrice: "9000000" }).status).toBe(0);
    d.reopen();
    expect(d.shown(id)).toMatchObject({ status: "MODIFYING", price: "9990000" });
    d.pass(0.5);
    expect(d.shown(id)).toMatchObject({ status: "ORDERED", price: "9980000", losscutPrice: "9000000" });
    d.reopen();
    expect(change(d, id, "9970000").code).toBe("ERR-5206");
  });
  test("a dearer price sets its margin aside while it is on its way", () => {
    const d = desk({ venue: { changeAfterMs: 500 } });
    const id = d.order({ price: "9000000", size: "0.1" });
    expect(change(d, id, "9900000").status).toBe(0);
    expect(d.get("/v1/account/margin").data.availableAmount).toBe("505000");
    d.pass(1);
    expect(d.get("/v1/account/margin").data.availableAmount).toBe("505000");
  });
  test("moves the trigger of a WAITING stop", () => {
    const d = desk({ btc: (s) => s.flat(1).to(9_940_000).flat(5) });
    const id = d.order({ executionType: "STOP", side: "SELL", price: "9900000", size: "0.01" });
    expect(change(d, id, "9950000").status).toBe(0);
    expect(d.shown(id)).toMatchObject({ status: "WAITING", price: "9950000" });
    d.pass(120);
    expect(d.shown(id).status).toBe("EXECUTED");
  });
  test("a post-only order that would take keeps its price and lives: SOK_TAKER", () => {
    const d = desk();
    const id = d.order({ price: "9990000", size: "0.01", timeInForce: "SOK" });
    const words = heard(d);
    expect(change(d, id, "10000500").status).toBe(0);
    expect(words).toEqual(["ROR ORDERED SOK_TAKER"]);
    expect(d.shown(id)).toMatchObject({ status: "ORDERED", price: "9990000" });
    expect(d.shown(id)).not.toHaveProperty("cancelType");
  });
  test("a price outside the band keeps the old one and lives: PRICE_LIMIT", () => {
    const d = desk();
    const id = d.order({ price: "9990000", size: "0.01" });
    const words = heard(d);
    expect(change(d, id, "5000000").status).toBe(0);
    expect(words).toEqual(["ROR ORDERED PRICE_LIMIT"]);
    expect(d.shown(id)).toMatchObject({ status: "ORDERED", price: "9990000" });
  });
  test("a crossing FAS takes at once", () => {
    const d = desk();
    const id = d.order({ price: "9990000", size: "0.01" });
    expect(change(d, id, "10000500").status).toBe(0);
    expect(d.executionsOf(id)).toMatchObject([{ price: "10000500" }]);
  });
  test("loses its place: it fills with the next stretch of the path, not in this one", () => {
    // Falls from 15 s to 45 s of the minute, through 9,995,000 at once.
    const d = desk({ btc: (s) => s.to(9_900_000).flat(5) });
    d.pass(16);
    const id = d.order({ price: "9990000", size: "0.01" });
    const kept = d.order({ price: "9980000", size: "0.01" });
    expect(change(d, id, "9980000").status).toBe(0);
    d.pass(28.9);
    expect([d.shown(kept).status, d.shown(id).status]).toEqual(["EXECUTED", "ORDERED"]);
    d.pass(0.1);
    expect(d.shown(id)).toMatchObject({ status: "EXECUTED" });
  });
  test("takes a dearer price only where the margin is there", () => {
    const d = desk();
    const id = d.order({ price: "9990000", size: "0.2" });
    expect(change(d, id, "10020001").code).toBe("ERR-201");
    expect(change(d, id, "9999999").status).toBe(0);
    expect(d.get("/v1/account/margin").data.availableAmount).toBe("0");
  });
  test.each<[string, (d: Desk) => [number, string, object?], string]>([
    ["an id that does not exist", () => [1, "9990000"], "ERR-5123"],
    ["an executed order", (d) => [d.order({ size: "0.01" }), "9990000"], "ERR-5122"],
    ["a price between the ticks", (d) => [resting(d), "9990000.5"], "ERR-5114"],
    ["a price of zero", (d) => [resting(d), "0"], "ERR-5106"],
    ["a price in words", (d) => [resting(d), "cheap"], "ERR-5106"],
    ["a loss-cut price above the new one", (d) => [resting(d), "9980000", { losscutPrice: "9985000" }], "ERR-5106"],
    [
      "a stop beyond the market",
      (d) => [d.order({ executionType: "STOP", side: "SELL", price: "9900000", size: "0.01" }), "10000000"],
      "ERR-5129",
    ],
    ["a loss-cut price of a close order", (d) => [closing(d), "10200000", { losscutPrice: "9000000" }], "ERR-5118"],
  ])("%s is refused and nothing changes", (_, target, code) => {
    const d = desk();
    const [id, price, more] = target(d);
    const before = textOf(d.simulator.orders());
    expect(change(d, id, price, more)).toMatchObject({ status: 1, code });
    expect(textOf(d.simulator.orders())).toBe(before);
  });
  const resting = (d: Desk): number => d.order({ price: "9990000", size: "0.01" });
  const closing = (d: Desk): number => d.closeOrder(d.position("0.01"), "0.01", { price: "10100000" });

  test("is limited in number; refused changes do not count", () => {
    const d = desk({ venue: { maxChanges: 2 } });
    const id = resting(d);
    expect(change(d, id, "9990000.5").code).toBe("ERR-5114");
    expect([change(d, id, "9980000").status, change(d, id, "9970000").status]).toEqual([0, 0]);
    expect(change(d, id, "9960000").code).toBe("ERR-5206");
    expect(d.post("/v1/cancelOrder", { orderId: id }).status).toBe(0);
  });
  test("changes the loss-cut price with it, and a position gets the new one", () => {
    const d = desk({ btc: (s) => s.flat(1).to(9_970_000).flat(5) });
    const id = resting(d);
    expect(change(d, id, "9980000", { losscutPrice: "9000000" }).status).toBe(0);
    expect(d.shown(id)).toMatchObject({ price: "9980000", losscutPrice: "9000000" });
    d.pass(120);
    expect(d.positions()).toMatchObject([{ price: "9980000", losscutPrice: "9000000" }]);
  });
});

describe("cancelOrders", () => {
  test("returns which were accepted and which were not, and why", () => {
    const d = desk();
    const [a, b, done] = [
      d.order({ price: "9990000", size: "0.01" }),
      d.order({ price: "9980000", size: "0.01" }),
      d.order({ size: "0.01" }),
    ];
    expect(d.post("/v1/cancelOrders", { orderIds: [a, 1, done, b] })).toMatchObject({
      status: 0,
      data: {
        success: [a, b],
        failed: [
          { message_code: "ERR-151", orderId: 1 },
          { message_code: "ERR-5122", orderId: done },
        ],
      },
    });
    expect(d.active()).toEqual([]);
  });
  test.each<[string, unknown]>([
    ["eleven", Array.from({ length: 11 }, (_, i) => i + 1)],
    ["none", []],
    ["text", ["8800000001"]],
  ])("%s ids are refused", (_, orderIds) => {
    expect(desk().post("/v1/cancelOrders", { orderIds }).code).toBe("ERR-5106");
  });
});

describe("cancelBulkOrder", () => {
  const many = (d: Desk): number[] => Array.from({ length: 12 }, () => d.order({ price: "9990000", size: "0.001" }));
  const bulk = (d: Desk, body: object) => d.post("/v1/cancelBulkOrder", { symbols: ["BTC_JPY"], ...body });
  test("takes ten a call, oldest first or newest first, until there is nothing left", () => {
    const d = desk();
    const ids = many(d);
    expect(bulk(d, {}).data).toEqual(ids.slice(0, 10));
    expect(bulk(d, {}).data).toEqual(ids.slice(10));
    expect(bulk(d, {})).toMatchObject({ status: 0, data: [] });
    const more = many(d);
    expect(bulk(d, { desc: true }).data).toEqual(more.toReversed().slice(0, 10));
  });
  test("takes only the side, the kind and the symbols it was asked for", () => {
    const d = desk();
    const stop = d.closeOrder(d.position("0.01"), "0.01", { executionType: "STOP", price: "9900000" });
    const sell = d.order({ side: "SELL", price: "10010000", size: "0.001" });
    const buy = d.order({ price: "9990000", size: "0.001" });
    expect(bulk(d, { symbols: ["ETH_JPY"] }).data).toEqual([]);
    expect(bulk(d, { settleType: "CLOSE" }).data).toEqual([stop]);
    expect(bulk(d, { side: "BUY" }).data).toEqual([buy]);
    expect(bulk(d, { settleType: "OPEN", side: "SELL" }).data).toEqual([sell]);
    expect(bulk(d, { symbols: [] }).code).toBe("ERR-5106");
    expect(bulk(d, { symbols: ["ZZZ"] }).code).toBe("ERR-5106");
  });
});

describe("closeBulkOrder", () => {
  const bulk = (d: Desk, size: string, more: object = {}) =>
    d.post("/v1/closeBulkOrder", { symbol: "BTC_JPY", side: "SELL", executionType: "MARKET", size, ...more });
  const three = (venue: SimulatorOptions = {}) => {
    const d = desk({ venue });
    return { d, ids: ["0.01", "0.02", "0.03"].map((size) => d.position(size)) };
  };
  test.each([
    [
      "oldest",
      [
        ["0.01", 0],
        ["0.015", 1],
      ],
      ["0.03", "0.005"],
    ],
    ["newest", [["0.025", 2]], ["0.005", "0.02", "0.01"]],
  ] as const)("settles the %s positions first, one execution each", (bulkCloseFirst, settled, left) => {
    const { d, ids } = three({ bulkCloseFirst });
    const id = Number(bulk(d, "0.025").data);
    expect(d.shown(id)).toMatchObject({
      status: "EXECUTED",
      settleType: "CLOSE",
      size: "0.025",
      executedSize: "0.025",
    });
    expect(d.executionsOf(id).map((row) => [row.size, row.positionId])).toEqual(
      settled.map(([size, i]) => [size, ids[i]]),
    );
    expect(d.positions().map((row) => row.size)).toEqual(left);
  });
  test("a resting one reserves in each position what it will settle", () => {
    const { d, ids } = three();
    const id = Number(bulk(d, "0.025", { executionType: "LIMIT", price: "10100000" }).data);
    expect(d.positions().map((row) => row.orderdSize)).toEqual(["0", "0.015", "0.01"]);
    expect(bulk(d, "0.036").code).toBe("ERR-200");
    // Not even cancelBefore frees a position of it.
    const settlePosition = [{ positionId: ids[0], size: "0.01" }];
    const exit = { symbol: "BTC_JPY", side: "SELL", executionType: "MARKET", settlePosition, cancelBefore: true };
    expect(d.post("/v1/closeOrder", exit).code).toBe("ERR-200");
    expect(d.post("/v1/cancelOrder", { orderId: id }).status).toBe(0);
    expect(d.positions().map((row) => row.orderdSize)).toEqual(["0", "0", "0"]);
  });
  test("what a resting one reserves survives a restart", () => {
    const d = desk({ path: tempFile() });
    for (const size of ["0.01", "0.02"]) d.position(size);
    bulk(d, "0.025", { executionType: "LIMIT", price: "10100000" });
    const shown = d.positions();
    expect(shown.map((row) => row.orderdSize)).toEqual(["0.015", "0.01"]);
    d.reopen();
    expect(d.positions()).toEqual(shown);
  });
  test("nothing to close, more than there is, the wrong side", () => {
    const d = desk();
    expect(bulk(d, "0.01").code).toBe("ERR-422");
    d.position("0.01");
    expect(bulk(d, "0.011").code).toBe("ERR-423");
    expect(bulk(d, "0.01", { side: "BUY" }).code).toBe("ERR-422");
    expect(bulk(d, "0.0005").code).toBe("ERR-5114");
    expect(bulk(d, "0.01", { executionType: "STOP", price: "10000000" }).code).toBe("ERR-5129");
  });
  test("goes whole when one of its positions is cut; the channel may call it CLOSED_ORDER", () => {
    const d = desk({ btc: (s) => s.flat(1).to(9_880_000).flat(5), venue: { vanishedCloseEvent: "CLOSED_ORDER" } });
    const cut = d.position("0.01");
    d.position("0.02");
    const id = Number(bulk(d, "0.03", { executionType: "LIMIT", price: "10100000" }).data);
    const words = heard(d);
    expect(d.post("/v1/changeLosscutPrice", { positionId: cut, losscutPrice: "9900000" }).status).toBe(0);
    d.pass(200);
    expect(d.shown(id)).toMatchObject({ status: "CANCELED", cancelType: "POSITION_LOSSCUT", executedSize: "0" });
    expect(words[0]).toBe("COR CANCELED CLOSED_ORDER");
    expect(d.positions()).toMatchObject([{ size: "0.02", orderdSize: "0" }]);
  });
});

describe("changeLosscutPrice", () => {
  const cut = (d: Desk, positionId: number, losscutPrice: string) =>
    d.post("/v1/changeLosscutPrice", { positionId, losscutPrice });
  test("moves the price, publishes ULR, and the position is closed there", () => {
    const d = desk({ btc: (s) => s.flat(1).to(9_880_000).flat(5) });
    const id = d.position("0.01");
    const told: string[] = [];
    d.simulator.onEvent((event) => void told.push(`${event.kind} ${event.msgType}`));
    expect(Object.keys(JSON.parse(cut(d, id, "9900000").text))).toEqual(["status", "responsetime"]);
    expect(told).toEqual(["position ULR"]);
    expect(d.positions()).toMatchObject([{ losscutPrice: "9900000", orderdSize: "0" }]);
    d.pass(200);
    expect(d.simulator.executions().at(-1)).toMatchObject({ settleType: "LOSS_CUT" });
  });
  test.each<[string, (id: number) => [number, string], string]>([
    ["an unknown position", () => [1, "9900000"], "ERR-254"],
    ["where it would be cut at once", (id) => [id, "10000000"], "ERR-5106"],
    ["beyond what the margin lasts for", (id) => [id, "7500374"], "ERR-5106"],
    ["between the ticks", (id) => [id, "9900000.5"], "ERR-5114"],
  ])("%s is refused", (_, target, code) => {
    const d = desk();
    expect(cut(d, ...target(d.position("0.01"))).code).toBe(code);
    expect(d.positions()).toMatchObject([{ losscutPrice: "7500375" }]);
  });
});

describe("positionSummary", () => {
  test("one row per symbol and side; {} when flat", () => {
    const d = desk();
    expect(d.get("/v1/positionSummary")).toMatchObject({ status: 0, data: {} });
    const id = d.position("0.01");
    d.order({ price: "10000625", size: "0.02" }); // at the best ask
    d.position("0.03", "SELL");
    d.closeOrder(id, "0.004", { executionType: "STOP", price: "9900000" });
    expect(d.get("/v1/positionSummary", { symbol: "BTC_JPY" }).data.list).toEqual([
      {
        averagePositionRate: "10000500",
        positionLossGain: "-30",
        side: "BUY",
        sumOrderQuantity: "0.004",
        sumPositionQuantity: "0.03",
        symbol: "BTC_JPY",
      },
      {
        averagePositionRate: "9999500",
        positionLossGain: "-30",
        side: "SELL",
        sumOrderQuantity: "0",
        sumPositionQuantity: "0.03",
        symbol: "BTC_JPY",
      },
    ]);
    expect(d.get("/v1/positionSummary", { symbol: "ETH_JPY" }).data).toEqual({});
    expect(d.get("/v1/positionSummary", { symbol: "ZZZ" }).code).toBe("ERR-5106");
  });
  test("with one position per order, several fills make one position at their average", () => {
    const d = desk({ volume: 0.05, venue: { positionGranularity: "order" } });
    const id = d.order({ price: "10000625", size: "0.01" }); // 0.005 at 10,000,500, 0.005 at 10,000,625
    expect(d.executionsOf(id)).toHaveLength(2);
    expect(d.positions()).toMatchObject([{ size: "0.01", price: "10000562.5", losscutPrice: "7500422" }]);
  });
});
