// The paper venue: no candles, only live quotes as they come. Price and book are those of the latest quote.
import { afterEach, describe, expect, test } from "vitest";
import { yen } from "../../../../lib/core/money.ts";
import { type EpochMs, epochMs } from "../../../../lib/core/time.ts";
import { SYMBOL_RULES } from "../../../../lib/sim/engine/symbolRules.ts";
import { QuoteMarket } from "../../../../lib/sim/market/quoteMarket.ts";
import { Simulator } from "../../../../lib/sim/simulator.ts";
import { Desk, START_MS, tempFile } from "../desk.ts";

const opened: Simulator[] = [];
afterEach(() => {
  for (const simulator of opened.splice(0)) simulator.close();
});
/** A desk in front of a venue that lives on quotes. */
const paper = (
  path = ":memory:",
): Desk & { readonly feed: (bid: number, ask: number, last: number, atMs?: EpochMs) => unknown } => {
  const market = new QuoteMarket(SYMBOL_RULES);
  const simulator = Simulator.open({
    path,
    market,
    seed: 1,
    startEquity: yen(1_000_000),
    startMs: START_MS,
    options: { synchronous: "OFF" },
  });
  opened.push(simulator);
  const desk = new Desk();
  desk.simulator.close();
  desk.simulator = simulator;
  return Object.assign(desk, {
    feed: (bid: number, ask: number, last: number, atMs = epochMs(simulator.nowMs() + 1_000)) =>
      simulator.feedQuote("BTC_JPY", { bid: yen(bid), ask: yen(ask), last: yen(last), atMs }),
  });
};

describe("before the first quote", () => {
  test("there is no price, and orders wait for one", () => {
    const d = paper();
    expect(d.get("/v1/ticker", { symbol: "BTC_JPY" }).data).toEqual([]);
    expect(d.post("/v1/order", { symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: "0.01" }).code).toBe(
      "ERR-554",
    );
    expect(() => d.simulator.lastPrice("BTC_JPY")).toThrow("feed a quote first");
  });
});

describe("quotes", () => {
  test("a taker gets the touch, in full", () => {
    const d = paper();
    d.feed(9_999_000, 10_001_000, 10_000_000);
    const id = d.order({ size: "0.1" });
    expect(d.executionsOf(id)).toMatchObject([{ price: "10001000", size: "0.1" }]);
  });
  test("a resting order fills when a new quote goes through it, at its own price, and not before", () => {
    const d = paper();
    d.feed(9_999_000, 10_001_000, 10_000_000);
    const id = d.order({ price: "9998000", size: "0.1", timeInForce: "SOK" });
    expect(d.feed(9_997_500, 9_998_500, 9_998_000)).toEqual([]);
    // Time alone does nothing, whatever the quote that stands.
    expect(d.pass(3_600)).toEqual([]);
    d.feed(9_996_500, 9_997_500, 9_997_000);
    expect(d.executionsOf(id)).toMatchObject([{ price: "9998000", size: "0.1" }]);
  });
  test("a last price outside bid and ask is old: it counts as the nearer of the two", () => {
    const d = paper();
    d.feed(9_999_000, 10_001_000, 10_000_000);
    const stop = d.closeOrder(d.position("0.01"), "0.01", { executionType: "STOP", price: "9990000" });
    d.feed(9_995_000, 9_996_000, 9_980_000);
    expect(d.shown(stop).status).toBe("WAITING");
    expect(d.simulator.lastPrice("BTC_JPY")).toBe(yen(9_995_000));
    d.feed(9_989_000, 9_990_000, 9_999_000);
    expect(d.executionsOf(stop)).toMatchObject([{ price: "9989000" }]);
  });
  test.each([
    ["crossed", 10_001_000, 10_001_000, 10_000_000],
    ["without a bid", 0, 10_001_000, 10_000_000],
    ["without a last price", 9_999_000, 10_001_000, 0],
  ])("a quote that is %s is refused, and the venue goes on with the next", (_, bid, ask, last) => {
    const d = paper();
    d.feed(9_999_000, 10_001_000, 10_000_000);
    const id = d.order({ price: "9998000", size: "0.1" });
    expect(() => d.feed(bid, ask, last)).toThrow(expect.objectContaining({ code: "SIM_QUOTE", verdict: "permanent" }));
    expect(d.shown(id).status).toBe("ORDERED");
    d.feed(9_996_500, 9_997_500, 9_997_000);
    expect(d.shown(id).status).toBe("EXECUTED");
  });
  test("a late quote does not turn time back", () => {
    const d = paper();
    d.feed(9_999_000, 10_001_000, 10_000_000);
    const nowMs = d.nowMs;
    d.feed(9_999_100, 10_001_100, 10_000_100, epochMs(nowMs - 500));
    expect(d.nowMs).toBe(nowMs);
    expect(d.simulator.lastPrice("BTC_JPY")).toBe(yen(10_000_100));
  });
  test("the last quote, orders and positions are there again after a restart", () => {
    const path = tempFile();
    const d = paper(path);
    d.feed(9_999_000, 10_001_000, 10_000_000);
    d.position("0.1");
    d.order({ price: "9998000", size: "0.01" });
    d.simulator.close();
    const again = paper(path);
    expect(again.simulator.resumed).toBe(true);
    expect(again.nowMs).toBe(d.nowMs);
    expect(again.get("/v1/ticker", { symbol: "BTC_JPY" }).data[0]).toMatchObject({ bid: "9999000", ask: "10001000" });
    expect(again.active()).toHaveLength(1);
    expect(again.positions()).toMatchObject([{ size: "0.1", lossGain: "-200" }]);
  });
  test("recorded candles take no quotes", () => {
    const d = new Desk();
    opened.push(d.simulator);
    const quote = { bid: yen(1), ask: yen(2), last: yen(1), atMs: d.nowMs };
    expect(() => d.simulator.feedQuote("BTC_JPY", quote)).toThrow("needs a QuoteMarket");
  });
});
