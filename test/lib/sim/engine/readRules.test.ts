// What the venue answers to reads: empty lists, pages, wrong parameters, assets and margin (GMO API 6, 11).
import { afterEach, describe, expect, test } from "vitest";
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

describe("reads", () => {
  test.each(["activeOrders", "latestExecutions", "openPositions"])("%s wants a symbol and is {} when empty", (name) => {
    const d = desk();
    expect(d.get(`/v1/${name}`)).toMatchObject({ status: 1, code: "ERR-5106" });
    expect(d.get(`/v1/${name}`, { symbol: "ZZZ" }).code).toBe("ERR-5106");
    expect(d.get(`/v1/${name}`, { symbol: "BTC_JPY" })).toMatchObject({ status: 0, data: {} });
    expect(d.get(`/v1/${name}`, { symbol: "BTC_JPY", count: 101 }).code).toBe("ERR-5106");
    expect(d.get(`/v1/${name}`, { symbol: "BTC_JPY", page: 0 }).code).toBe("ERR-5106");
  });
  test.each<[string, string, string | undefined]>([
    ["orders", "orderId=1", undefined],
    ["orders", "", "ERR-5106"],
    ["orders", `orderId=${Array.from({ length: 11 }, (_, i) => i + 1).join(",")}`, "ERR-5106"],
    ["executions", "orderId=1", undefined],
    ["executions", "executionId=1,2", undefined],
    ["executions", "", "ERR-5106"],
    ["executions", "orderId=1&executionId=1", "ERR-5208"],
    ["executions", "orderId=1,2", "ERR-430"],
    ["executions", "orderId=x", "ERR-430"],
  ])("%s?%s", (path, query, code) => {
    const answer = desk().raw("GET", `/v1/${path}`, { query });
    expect(answer.code).toBe(code);
    if (code === undefined) expect(answer.data).toEqual({});
  });
  test("lists are newest first, in pages", () => {
    const d = desk();
    const ids = Array.from({ length: 5 }, () => d.order({ price: "9990000", size: "0.001" })).toReversed();
    const page = (n: number) => d.get("/v1/activeOrders", { symbol: "BTC_JPY", page: n, count: 2 }).data;
    expect([1, 2, 3].flatMap((n) => page(n).list.map((row: { orderId: number }) => row.orderId))).toEqual(ids);
    expect(page(3).pagination).toEqual({ currentPage: 3, count: 1 });
    expect(page(4)).toEqual({});
  });
  test("latestExecutions forgets after a day, executions do not", () => {
    const d = desk({ btc: (s) => s.flat(1_500) });
    const id = d.order({ size: "0.01" });
    d.pass(24 * 3_600 - 1);
    expect(d.get("/v1/latestExecutions", { symbol: "BTC_JPY" }).data.list).toHaveLength(1);
    d.pass(1);
    expect(d.get("/v1/latestExecutions", { symbol: "BTC_JPY" }).data).toEqual({});
    expect(d.executionsOf(id)).toHaveLength(1);
  });
  test("symbols are those of the market, with their rules as strings", () => {
    expect(desk().get("/v1/symbols").data).toEqual([
      {
        symbol: "BTC_JPY",
        minOrderSize: "0.001",
        maxOrderSize: "5",
        sizeStep: "0.001",
        tickSize: "1",
        takerFee: "0",
        makerFee: "0",
      },
      {
        symbol: "ETH_JPY",
        minOrderSize: "0.01",
        maxOrderSize: "100",
        sizeStep: "0.01",
        tickSize: "1",
        takerFee: "0",
        makerFee: "0",
      },
    ]);
  });
  test("assets and margin agree", () => {
    const d = desk();
    d.position("0.01");
    expect(d.get("/v1/account/margin").data).toMatchObject({
      actualProfitLoss: "999990", // bought at the ask, valued at the bid: 1,000 yen x 0.01
      profitLoss: "-10",
      margin: "50002.5",
      availableAmount: "949987",
      marginCallStatus: "NORMAL",
      marginRatio: "1999.8",
    });
    expect(d.get("/v1/account/assets").data[0]).toMatchObject({
      symbol: "JPY",
      amount: "1000000",
      available: "949987",
    });
  });
});
