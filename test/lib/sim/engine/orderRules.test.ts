// Which orders, closes and cancels the venue refuses and accepts: GMO API 7, 8, 11 against the raw API.
import { afterEach, describe, expect, test } from "vitest";
import { yen } from "../../../../lib/core/money.ts";
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

const LIMIT = { symbol: "BTC_JPY", side: "BUY", executionType: "LIMIT", price: "9990000", size: "0.01" };
const MARKET = { symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: "0.01" };
const STOP = { ...LIMIT, executionType: "STOP", price: "10100000" };

describe("a new order", () => {
  test.each<[string, object, string]>([
    ["an unknown symbol", { ...LIMIT, symbol: "ZZZ_INVALID" }, "ERR-5106"],
    ["a spot symbol (this venue has none)", { ...LIMIT, symbol: "BTC" }, "ERR-5106"],
    ["an unknown side", { ...LIMIT, side: "HOLD" }, "ERR-5106"],
    ["a missing size", { ...LIMIT, size: undefined }, "ERR-5106"],
    ["a size that is a number", { ...LIMIT, size: 0.01 }, "ERR-5106"],
    ["an exponent", { ...LIMIT, size: "1e-2" }, "ERR-5106"],
    ["a negative price", { ...LIMIT, price: "-1" }, "ERR-5106"],
    ["a price of zero", { ...LIMIT, price: "0" }, "ERR-5106"],
    ["a LIMIT without a price", { ...LIMIT, price: undefined }, "ERR-5106"],
    ["a MARKET with a price", { ...MARKET, price: "10000000" }, "ERR-5106"],
    ["cancelBefore, which is for spot", { ...MARKET, cancelBefore: true }, "ERR-5106"],
    ["a price between the ticks", { ...LIMIT, price: "9990000.5" }, "ERR-5114"],
    ["a price of nine decimals", { ...LIMIT, price: "9990000.000000001" }, "ERR-5114"],
    ["a size between the steps", { ...LIMIT, size: "0.0105" }, "ERR-5114"],
    ["a size below the minimum", { ...LIMIT, size: "0" }, "ERR-5126"],
    ["a size above the maximum", { ...LIMIT, size: "5.001" }, "ERR-5126"],
    ["half the price", { ...LIMIT, price: "5000000" }, "ERR-5121"],
    ["one and a half times the price", { ...LIMIT, price: "15000000", side: "SELL" }, "ERR-5121"],
    ["a buy stop at the last price", { ...STOP, price: "10000000" }, "ERR-5129"],
    ["a sell stop above it", { ...STOP, side: "SELL", price: "10000001" }, "ERR-5129"],
    ["a MARKET that stays", { ...MARKET, timeInForce: "FAS" }, "ERR-5111"],
    ["a STOP that is post-only", { ...STOP, timeInForce: "SOK" }, "ERR-5111"],
    ["a LIMIT with FAK", { ...LIMIT, timeInForce: "FAK" }, "ERR-5111"],
    ["SOK on ETH_JPY", { ...LIMIT, symbol: "ETH_JPY", price: "499000", timeInForce: "SOK" }, "ERR-5111"],
    ["a loss-cut price on a MARKET", { ...MARKET, losscutPrice: "9000000" }, "ERR-5118"],
    ["a loss-cut price above a buy", { ...LIMIT, losscutPrice: "9990000" }, "ERR-5106"],
    ["more than the margin buys", { ...LIMIT, size: "0.201" }, "ERR-201"],
  ])("%s is refused", (_, body, code) => {
    const d = desk();
    const answer = d.post("/v1/order", body);
    expect(answer).toMatchObject({ httpStatus: 200, status: 1, code });
    expect(answer.data).toBeUndefined();
    expect(d.simulator.orders()).toEqual([]);
  });

  test("the refusal names every wrong field", () => {
    expect(desk().post("/v1/order", { side: "BUY", executionType: "LIMIT", price: "1", size: 5 }).text).toContain(
      "Invalid request parameter. symbol size",
    );
  });
  test("the margin that just suffices is accepted, resting orders reserve theirs, a cancel gives it back", () => {
    const d = desk();
    const id = d.order({ price: "9990000", size: "0.2" });
    expect(d.get("/v1/account/margin").data).toMatchObject({ availableAmount: "1000", margin: "0" });
    expect(d.post("/v1/order", { ...LIMIT, size: "0.001" }).code).toBe("ERR-201");
    expect(d.post("/v1/cancelOrder", { orderId: id }).status).toBe(0);
    expect(d.get("/v1/account/margin").data.availableAmount).toBe("1000000");
  });
  test("the order id is a string in the answer, a number in reads, and only rises", () => {
    const d = desk();
    const answers = [1, 2, 3].map(() => d.post("/v1/order", LIMIT).data);
    expect(answers.map((id) => typeof id)).toEqual(["string", "string", "string"]);
    const shown = d.active().map((row) => row.orderId);
    expect(shown).toEqual(answers.map(Number).toReversed());
    expect(Number(answers[0])).toBeGreaterThan(2 ** 32);
  });
  test("too many active orders are refused", () => {
    const d = desk({ venue: { maxActiveOrders: 2 } });
    d.order({ price: "9990000", size: "0.001" });
    d.order({ price: "9990000", size: "0.001" });
    expect(d.post("/v1/order", LIMIT).code).toBe("ERR-635");
  });
});

describe("time in force", () => {
  test.each([
    ["at the best ask", "10000500"],
    ["above it", "10000900"],
  ])("a post-only buy %s is accepted and expires", (_, price) => {
    const d = desk();
    const id = d.order({ price, size: "0.01", timeInForce: "SOK" });
    expect(d.shown(id)).toMatchObject({ status: "EXPIRED", cancelType: "EXPIRED_SOK", executedSize: "0" });
    expect(d.executionsOf(id)).toEqual([]);
  });
  test("one tick below the best ask it rests", () => {
    const d = desk();
    const shown = d.shown(d.order({ price: "10000499", size: "0.01", timeInForce: "SOK" }));
    expect(shown).toMatchObject({ status: "ORDERED", timeInForce: "SOK", settleType: "OPEN", losscutPrice: "0" });
    expect(shown).not.toHaveProperty("cancelType");
  });
  test("what the book cannot fill of a MARKET expires as FAK", () => {
    // 0.05 coins a minute: levels of 0.005, 0.007, 0.01, ... coins
    const d = desk({ volume: 0.05, equity: yen(100_000_000) });
    const id = d.order({ size: "5" });
    const shown = d.shown(id);
    expect(shown).toMatchObject({ status: "EXPIRED", cancelType: "EXPIRED_FAK", timeInForce: "FAK", price: "0" });
    const sizes = d.executionsOf(id).map((row) => Number(row.size));
    expect(sizes).toHaveLength(20);
    expect(sizes.slice(0, 3)).toEqual([0.005, 0.007, 0.01]);
    expect(sizes.reduce((a, b) => a + b, 0)).toBeCloseTo(Number(shown.executedSize), 9);
    // The book is empty until the path goes on.
    expect(d.shown(d.order({ size: "0.001" })).executedSize).toBe("0");
    d.pass(30);
    expect(d.shown(d.order({ size: "0.001" })).status).toBe("EXECUTED");
  });
  test("FOK fills whole or not at all", () => {
    const d = desk({ volume: 0.05 });
    // 0.005 coins at 10,000,500 and 0.007 at 10,000,625
    const short = d.order({ price: "10000500", size: "0.006", timeInForce: "FOK" });
    expect(d.shown(short)).toMatchObject({ status: "EXPIRED", cancelType: "EXPIRED_FOK", executedSize: "0" });
    const whole = d.order({ price: "10000625", size: "0.006", timeInForce: "FOK" });
    expect(d.shown(whole).status).toBe("EXECUTED");
    expect(d.executionsOf(whole).map((row) => [row.size, row.price])).toEqual([
      ["0.005", "10000500"],
      ["0.001", "10000625"],
    ]);
  });
  test("a crossing FAS limit takes what its price allows and rests with the remainder", () => {
    const d = desk({ volume: 0.05 });
    const id = d.order({ price: "10000500", size: "0.02" });
    expect(d.shown(id)).toMatchObject({ status: "ORDERED", executedSize: "0.005", timeInForce: "FAS" });
  });
  test("an order never trades with our own", () => {
    const d = desk();
    d.order({ price: "10000200", size: "0.01", side: "SELL" });
    const id = d.order({ price: "10000300", size: "0.01" });
    expect(d.shown(id)).toMatchObject({ status: "EXPIRED", cancelType: "EXPIRED_SELFTRADE", executedSize: "0" });
    expect(d.positions()).toEqual([]);
  });
});

describe("closing", () => {
  const closing = (positionId: number, size: string, extra: object = {}) => ({
    symbol: "BTC_JPY",
    side: "SELL",
    executionType: "MARKET",
    settlePosition: [{ positionId, size }],
    ...extra,
  });
  test.each<[string, (id: number) => object, string]>([
    ["an unknown position", () => closing(1, "0.01"), "ERR-254"],
    ["another symbol's position", (id) => closing(id, "0.01", { symbol: "ETH_JPY" }), "ERR-254"],
    ["the position's own side", (id) => closing(id, "0.01", { side: "BUY" }), "ERR-70"],
    ["more than the position", (id) => closing(id, "0.011"), "ERR-189"],
    [
      "two positions at once",
      (id) => closing(id, "0.01", { settlePosition: [1, 2].map(() => ({ positionId: id, size: "0.005" })) }),
      "ERR-5106",
    ],
    ["no position", (id) => closing(id, "0.01", { settlePosition: [] }), "ERR-5106"],
    ["a size between the steps", (id) => closing(id, "0.0005"), "ERR-5114"],
    [
      "cancelBefore on a LIMIT",
      (id) => closing(id, "0.01", { executionType: "LIMIT", price: "10100000", cancelBefore: true }),
      "ERR-5106",
    ],
    [
      "a stop that is already reached",
      (id) => closing(id, "0.01", { executionType: "STOP", price: "10000000" }),
      "ERR-5129",
    ],
  ])("%s is refused", (_, body, code) => {
    const d = desk();
    const id = d.position("0.01");
    expect(d.post("/v1/closeOrder", body(id)).code).toBe(code);
    expect(d.positions()).toMatchObject([{ size: "0.01", orderdSize: "0" }]);
  });

  test("a resting close order reserves its quantity: a second one fits only in what is left", () => {
    const d = desk();
    const id = d.position("0.01");
    const stop = d.closeOrder(id, "0.006", { executionType: "STOP", price: "9900000" });
    expect(d.shown(stop)).toMatchObject({ status: "WAITING", settleType: "CLOSE" });
    expect(d.positions()).toMatchObject([{ size: "0.01", orderdSize: "0.006" }]);
    expect(d.post("/v1/closeOrder", closing(id, "0.005")).code).toBe("ERR-200");
    d.closeOrder(id, "0.004", { price: "10100000" });
    expect(d.positions()).toMatchObject([{ orderdSize: "0.01" }]);
    expect(d.simulator.bareSize("BTC_JPY")).toBe(0n);
    expect(d.post("/v1/cancelOrder", { orderId: stop }).status).toBe(0);
    expect(d.positions()).toMatchObject([{ orderdSize: "0.004" }]);
    expect(d.simulator.bareSize("BTC_JPY")).toBe(600_000n);
  });
  test("cancelBefore drops the stop and gets out in one request", () => {
    const d = desk();
    const id = d.position("0.01");
    const stop = d.closeOrder(id, "0.01", { executionType: "STOP", price: "9900000" });
    const exit = d.closeOrder(id, "0.01", { cancelBefore: true });
    expect(d.shown(stop)).toMatchObject({ status: "CANCELED", cancelType: "USER" });
    expect(d.shown(exit)).toMatchObject({ status: "EXECUTED", settleType: "CLOSE" });
    expect(d.positions()).toEqual([]);
    expect(d.executionsOf(exit)).toMatchObject([{ positionId: id, settleType: "CLOSE", price: "9999500" }]);
  });
  test("a refused cancelBefore leaves the stop where it is", () => {
    const d = desk();
    const id = d.position("0.01");
    const stop = d.closeOrder(id, "0.01", { executionType: "STOP", price: "9900000" });
    expect(d.post("/v1/closeOrder", closing(id, "0.011", { cancelBefore: true })).code).toBe("ERR-189");
    expect(d.shown(stop).status).toBe("WAITING");
  });
  test.each(["ERR-254", "ERR-5106"] as const)("a position too young to be seen is %s", (code) => {
    const d = desk({ venue: { positionVisibleAfterMs: 200, positionNotVisibleCode: code } });
    const id = d.position("0.01");
    d.pass(0.199);
    expect(d.post("/v1/closeOrder", closing(id, "0.01")).code).toBe(code);
    d.pass(0.001);
    expect(d.post("/v1/closeOrder", closing(id, "0.01")).status).toBe(0);
  });
});

describe("cancelling", () => {
  test("an order is cancelled once; the answer carries no data", () => {
    const d = desk();
    const id = d.order({ price: "9990000", size: "0.01" });
    const answer = d.post("/v1/cancelOrder", { orderId: id });
    expect(Object.keys(JSON.parse(answer.text))).toEqual(["status", "responsetime"]);
    expect(d.shown(id)).toMatchObject({ status: "CANCELED", cancelType: "USER" });
    expect(d.post("/v1/cancelOrder", { orderId: id }).code).toBe("ERR-5122");
    expect(d.active()).toEqual([]);
  });
  test.each<[string, object, string]>([
    ["an id that does not exist", { orderId: 1 }, "ERR-151"],
    ["an id that is text", { orderId: "8800000001" }, "ERR-5106"],
    ["nothing", {}, "ERR-5106"],
  ])("%s is refused", (_, body, code) => {
    expect(desk().post("/v1/cancelOrder", body).code).toBe(code);
  });
  test("an executed order cannot be cancelled", () => {
    const d = desk();
    expect(d.post("/v1/cancelOrder", { orderId: d.order({ size: "0.01" }) }).code).toBe("ERR-5122");
  });
  test("a slow cancel shows CANCELLING, and a fill on the way wins", () => {
    const d = desk({ btc: (s) => s.flat(1).spike(9_980_000), venue: { cancelAfterMs: 20_000 } });
    const lost = d.order({ price: "9990000", size: "0.01" });
    const kept = d.order({ price: "9970000", size: "0.01" });
    d.pass(60 + 20);
    for (const orderId of [lost, kept]) expect(d.post("/v1/cancelOrder", { orderId }).status).toBe(0);
    expect(d.shown(kept)).toMatchObject({ status: "CANCELLING", cancelType: "USER" });
    expect(d.post("/v1/cancelOrder", { orderId: kept }).code).toBe("ERR-5122");
    d.pass(19.999);
    // the spike walks down from 15 s to 45 s of its minute: 9,989,999 came at 30 s
    expect(d.shown(lost)).toMatchObject({ status: "EXECUTED", executedSize: "0.01" });
    expect(d.shown(kept).status).toBe("CANCELLING");
    d.pass(0.001);
    expect(d.shown(kept)).toMatchObject({ status: "CANCELED", cancelType: "USER" });
  });
});
