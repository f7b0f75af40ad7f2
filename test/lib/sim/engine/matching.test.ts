// When orders fill: docs/venue.md, "When a resting order fills" and "Stops". Prices walk from 15 s to 45 s of a rising
// or falling minute (test/sim/script.ts).
import { afterEach, describe, expect, test } from "vitest";
import { yen } from "../../../../lib/core/money.ts";
import { epochMs, MINUTE_MS, SECOND_MS } from "../../../../lib/core/time.ts";
import { Desk, type DeskOptions, START_PRICE } from "../desk.ts";

const desks: Desk[] = [];
const desk = (options?: DeskOptions): Desk => {
  const made = new Desk(options);
  desks.push(made);
  return made;
};
afterEach(() => {
  for (const made of desks.splice(0)) made.close();
});

describe("a resting limit", () => {
  test.each([
    ["buy", "BUY", "9990000", 9_990_000, 9_989_999],
    ["sell", "SELL", "10010000", 10_010_000, 10_010_001],
  ] as const)(
    "%s fills only when the path goes through it; touching is not enough",
    (_, side, price, touch, through) => {
      const touched = desk({ btc: (s) => s.flat(1).spike(touch).flat(5) });
      const id = touched.order({ side, price, size: "0.01", timeInForce: "SOK" });
      expect(touched.pass(300)).toEqual([]);
      expect(touched.shown(id).status).toBe("ORDERED");

      const passed = desk({ btc: (s) => s.flat(1).spike(through).flat(5) });
      const filled = passed.order({ side, price, size: "0.01", timeInForce: "SOK" });
      expect(passed.pass(300).map((event) => event.kind)).toEqual(["execution", "position"]);
      // At its own price, as maker, at the very bottom (or top) of the spike.
      const [execution] = passed.executionsOf(filled);
      expect(execution).toMatchObject({ price, size: "0.01", settleType: "OPEN", lossGain: "0", fee: "0" });
      // (Prices are rounded to the tick, so it comes a millisecond before the point itself.)
      expect(Date.parse(execution.timestamp)).toBe(passed.startMs + MINUTE_MS + 45 * SECOND_MS - 1);
      expect(passed.simulator.executions()[0]!.taker).toBe(false);
    },
  );
  test("inside the spread it fills when the whole spread has gone through it, not when the last price has", () => {
    // Last 10,000,000, bid 9,999,500, ask 10,000,500; a buy at 10,000,400 wants the ask to go below it: last 9,999,899.
    const place = (bottom: number) => {
      const d = desk({ btc: (s) => s.flat(1).spike(bottom).flat(1) });
      const id = d.order({ price: "10000400", size: "0.01", timeInForce: "SOK" });
      d.pass(170);
      return d.shown(id).status;
    };
    expect([place(9_999_900), place(9_999_899)]).toEqual(["ORDERED", "EXECUTED"]);
  });
  test("a jump over it between two candles fills it at its own price when the next candle opens", () => {
    const d = desk({ btc: (s) => s.flat(1).gap(9_950_000).flat(3) });
    const id = d.order({ price: "9990000", size: "0.01" });
    d.pass(120);
    const [execution] = d.executionsOf(id);
    expect(execution.price).toBe("9990000");
    expect(Date.parse(execution.timestamp)).toBe(d.startMs + MINUTE_MS);
  });
  test("what rests after taking waits for the next stretch of the path, however far the price falls before", () => {
    const d = desk({ volume: 0.05, btc: (s) => s.to(9_900_000).flat(3) });
    d.pass(20);
    const { ask } = d.get("/v1/ticker", { symbol: "BTC_JPY" }).data[0];
    const id = d.order({ price: ask, size: "0.02" });
    d.pass(24.999);
    expect(d.shown(id)).toMatchObject({ status: "ORDERED", executedSize: "0.005" });
    d.pass(0.001);
    expect(d.shown(id).status).toBe("EXECUTED");
    expect(d.executionsOf(id).map((row) => row.price)).toEqual([ask, ask]);
  });
  test("an order that rests where we have emptied the book waits for the next stretch, too", () => {
    const d = desk({ volume: 0.05 });
    d.order({ side: "SELL", size: "0.012" }); // the bids of 9,999,500 and 9,999,375
    const id = d.order({ side: "SELL", price: "9999400", size: "0.01", timeInForce: "SOK" });
    const quarterMs = epochMs(d.startMs + 15 * SECOND_MS);
    expect(d.simulator.nextEventMs(epochMs(d.nowMs + MINUTE_MS))).toBe(quarterMs);
    expect(d.simulator.advanceTo(epochMs(quarterMs - 1))).toEqual([]);
    d.simulator.advanceTo(quarterMs);
    expect(d.executionsOf(id)).toMatchObject([{ price: "9999400", size: "0.01" }]);
  });
  test("partial fills never exceed the order nor what trades, and each makes a position of its own", () => {
    for (let seed = 1; seed <= 20; seed++) {
      // 0.04 coins a minute: 0.01 trade in the first and last quarter, 0.02 between; the price falls through for good
      const btc: DeskOptions["btc"] = (s) =>
        s.flat(1).to(9_980_000, 1, 0.04).candle(9_980_000, 9_979_000, 9_979_500, 0.04).flat(30);
      const d = desk({ volume: 0.04, btc, seed, venue: { partialFills: true } });
      const id = d.order({ price: "9990000", size: "0.05" });
      d.pass(1_200);
      const executions = d.executionsOf(id);
      const sizes = executions.map((row) => Math.round(Number(row.size) * 1_000));
      expect(d.shown(id)).toMatchObject({ status: "EXECUTED", executedSize: "0.05" });
      expect(sizes.reduce((a, b) => a + b, 0)).toBe(50);
      expect(executions.length).toBeGreaterThanOrEqual(3);
      for (const size of sizes) expect(size).toBeLessThanOrEqual(20);
      expect(new Set(executions.map((row) => row.positionId)).size).toBe(executions.length);
      expect(
        d
          .positions()
          .map((row) => row.size)
          .toSorted(),
      ).toEqual(executions.map((row) => row.size).toSorted());
      expect(new Set(executions.map((row) => row.timestamp)).size).toBe(executions.length);
    }
  });
  test("the size of a partial fill depends on the seed, and only on it", () => {
    const sizes = (seed: number) => {
      const d = desk({
        volume: 0.4,
        btc: (s) => s.flat(1).to(9_980_000).flat(30),
        seed,
        venue: { partialFills: true },
      });
      const id = d.order({ price: "9990000", size: "0.19" });
      d.pass(1_200);
      return d
        .executionsOf(id)
        .map((row) => row.size)
        .join(" ");
    };
    expect(sizes(1)).toBe(sizes(1));
    expect(new Set([1, 2, 3, 4, 5].map(sizes)).size).toBeGreaterThan(1);
  });
});

describe("a stop", () => {
  test("waits for the last price, not for the bid, and fills as taker at the bid", () => {
    // The bid (9,999,500) is below the trigger from the start.
    const d = desk({ btc: (s) => s.flat(1).to(9_999_600).flat(3) });
    const position = d.position("0.01");
    const stop = d.closeOrder(position, "0.01", { executionType: "STOP", price: "9999600" });
    d.pass(60 + 44.9);
    expect(d.shown(stop).status).toBe("WAITING");
    const events = d.pass(0.1);
    expect(events.map((event) => `${event.kind} ${event.msgType}`)).toEqual([
      "order NOR",
      "execution ER",
      "position CPR",
    ]);
    expect(d.executionsOf(stop)).toMatchObject([{ price: "9999100", settleType: "CLOSE", lossGain: "-14" }]);
    expect(d.simulator.executions().at(-1)!.taker).toBe(true);
    expect(d.positions()).toEqual([]);
  });
  test("that opens triggers upwards", () => {
    const d = desk({ btc: (s) => s.flat(1).spike(10_020_000).flat(3) });
    const id = d.order({ executionType: "STOP", price: "10020000", size: "0.01" });
    d.pass(300);
    // Half of 1 basis point of 10,020,000 above the last price.
    expect(d.executionsOf(id)).toMatchObject([{ price: "10020501", side: "BUY", settleType: "OPEN" }]);
  });
  test("in a gap it gets the price after the gap", () => {
    const d = desk({ btc: (s) => s.flat(1).gap(9_800_000).flat(3) });
    const stop = d.closeOrder(d.position("0.01"), "0.01", { executionType: "STOP", price: "9950000" });
    d.pass(60);
    expect(d.executionsOf(stop)).toMatchObject([{ price: "9799510" }]);
  });
  test("in a thin book its remainder expires, the position stays unprotected, and the next order finds no quantity", () => {
    const thin = 0.05;
    const d = desk({
      equity: yen(100_000_000),
      btc: (s) => s.flat(1).to(START_PRICE, 1, thin).to(9_950_000, 1, thin).flat(3),
    });
    const position = d.position("1");
    const stop = d.closeOrder(position, "1", { executionType: "STOP", price: "9960000" });
    const next = d.order({ side: "SELL", executionType: "STOP", price: "9960000", size: "0.5" });
    d.pass(180);
    expect(d.shown(stop)).toMatchObject({ status: "EXPIRED", cancelType: "EXPIRED_FAK" });
    // 20 levels, together 11.5 minutes' worth of a tenth of the volume, each cut to the step
    const executed = Number(d.shown(stop).executedSize);
    expect(executed).toBeGreaterThan(0.5);
    expect(executed).toBeLessThanOrEqual(11.5 * thin);
    expect(d.shown(next)).toMatchObject({ status: "EXPIRED", executedSize: "0" });
    expect(Number(d.simulator.bareSize("BTC_JPY"))).toBe(Math.round((1 - executed) * 1e8));
  });
  test("a slow cancel that loses the race is over", () => {
    const d = desk({ btc: (s) => s.flat(1).to(9_900_000).flat(3), venue: { cancelAfterMs: 60_000 } });
    const stop = d.closeOrder(d.position("0.01"), "0.01", { executionType: "STOP", price: "9950000" });
    d.pass(50);
    d.post("/v1/cancelOrder", { orderId: stop });
    d.pass(180);
    expect(d.shown(stop)).toMatchObject({ status: "EXECUTED" });
    expect(d.shown(stop)).not.toHaveProperty("cancelType");
  });
});

describe("where nothing trades, nothing fills", () => {
  test("a missing candle leaves the last price standing", () => {
    // A minute without volume is a minute without a candle, whatever its prices say.
    const d = desk({ btc: (s) => s.flat(1).to(9_900_000, 2, 0).flat(3) });
    const limit = d.order({ price: "9990000", size: "0.01" });
    const stop = d.order({ side: "SELL", executionType: "STOP", price: "9950000", size: "0.01" });
    d.pass(179.999);
    expect(d.active()).toHaveLength(2);
    expect(d.get("/v1/ticker", { symbol: "BTC_JPY" }).data[0].last).toBe("10000000");
    d.pass(0.001);
    expect([limit, stop].map((id) => d.shown(id).status)).toEqual(["EXECUTED", "EXECUTED"]);
    expect(d.get("/v1/ticker", { symbol: "BTC_JPY" }).data[0].last).toBe("9900000");
  });
  test("after the end of the data prices stand still", () => {
    const d = desk({ btc: (s) => s.flat(1).to(10_000_300, 1) });
    d.pass(120);
    const limit = d.order({ price: "10000299", size: "0.01" });
    const stop = d.order({ executionType: "STOP", price: "10000301", size: "0.01" });
    const before = d.get("/v1/orderbooks", { symbol: "BTC_JPY" }).data.asks;
    expect(d.pass(30 * 24 * 3_600)).toEqual([]);
    expect([limit, stop].map((id) => d.shown(id).status)).toEqual(["ORDERED", "WAITING"]);
    expect(d.get("/v1/ticker", { symbol: "BTC_JPY" }).data[0]).toMatchObject({ last: "10000300", volume: "0" });
    expect(d.get("/v1/orderbooks", { symbol: "BTC_JPY" }).data.asks).toEqual(before);
  });
});
