// Margin, fees, loss cuts and the books: GMO API 5.1, 6.1, 8.1. Then random order streams, judged by sums of our own.
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { E8, parseE8, parseRatio, yen } from "../../../../lib/core/money.ts";
import { epochMs, HOUR_MS, MINUTE_MS, parseInstant } from "../../../../lib/core/time.ts";
import { SYMBOL_RULES } from "../../../../lib/sim/engine/symbolRules.ts";
import { Simulator } from "../../../../lib/sim/simulator.ts";
import { LONG } from "../../../long.ts";
import { Desk, type DeskOptions, START_MS, START_PRICE, tempFile } from "../desk.ts";
import { type Command, candlesOf, commands, play, steps } from "../streams.ts";

const desks: Desk[] = [];
const desk = (options?: DeskOptions): Desk => {
  const made = new Desk(options);
  desks.push(made);
  return made;
};
afterEach(() => {
  for (const made of desks.splice(0)) made.close();
});
const cash = (d: Desk): string => d.get("/v1/account/assets").data[0].amount;

describe("margin", () => {
  test("half of the entry price; long and short stand side by side and add up", () => {
    const d = desk();
    d.position("0.1");
    d.position("0.05", "SELL");
    expect(d.positions()).toMatchObject([
      { side: "SELL", size: "0.05", price: "9999500", losscutPrice: "12499375", leverage: "2", lossGain: "-50" },
      { side: "BUY", size: "0.1", price: "10000500", losscutPrice: "7500375", leverage: "2", lossGain: "-100" },
    ]);
    // 0.1 x 10,000,500 / 2 + 0.05 x 9,999,500 / 2
    expect(d.get("/v1/account/margin").data).toMatchObject({ margin: "750012.5", actualProfitLoss: "999850" });
  });
  test("a default loss-cut price is rounded toward the entry", () => {
    const d = desk({ btc: (s) => s.flat(1).gap(10_000_003).flat(5) });
    d.pass(60);
    d.position("0.01");
    d.position("0.01", "SELL");
    // entries 10,000,503 and 9,999,503: x 0.75 = 7,500,377.25, x 1.25 = 12,499,378.75
    expect(d.positions().map((row) => row.losscutPrice)).toEqual(["12499378", "7500378"]);
  });
  test("profit and loss are whole yen, rounded down", () => {
    const close = (price: number) => {
      const d = desk({ btc: (s) => s.to(price).flat(3) });
      const id = d.position("0.001");
      d.pass(60);
      d.closeOrder(id, "0.001", {});
      return [d.simulator.executions().at(-1)!.lossGain / 100_000_000n, cash(d)];
    };
    // bought at 10,000,500, sold 300 yen lower and 300 yen higher: -0.3 and +0.3 yen
    expect(close(10_000_700)).toEqual([-1n, "999999"]);
    expect(close(10_001_300)).toEqual([0n, "1000000"]);
    expect(close(10_003_000)).toEqual([2n, "1000002"]);
  });
  test("taker fees round up, maker rebates down, in whole yen", () => {
    const rules = SYMBOL_RULES.map((row) => ({
      ...row,
      takerFee: parseRatio("0.0005"),
      makerFee: parseRatio("-0.0001"),
    }));
    const d = desk({ btc: (s) => s.flat(1).spike(9_990_000).flat(3) });
    const simulator = Simulator.open({
      path: ":memory:",
      market: d.market,
      seed: 1,
      rules,
      startEquity: yen(1_000_000),
      startMs: d.startMs,
      options: { partialFills: false },
    });
    d.close();
    d.simulator = simulator;
    d.order({ size: "0.001" }); // 10,000.5 yen: fee 5.00025
    d.order({ price: "9999000", size: "0.001" }); // 9,999 yen: rebate 0.9999
    d.order({ price: "9999000", size: "0.011" }); // 109,989 yen: rebate 10.9989
    d.pass(180);
    expect(simulator.executions().map((row) => row.fee / 1_000_000n)).toEqual([600n, 0n, -1000n]);
    expect(cash(d)).toBe("1000004");
  });
});

describe("06:00 JST", () => {
  const FEE_MS = parseInstant("2025-07-01T21:00:00Z");
  test("every position held across it pays 0.04 % of the closing price, once, rounded up", () => {
    const d = desk({ btc: (s) => s.flat(30).to(11_000_001).flat(3_000), path: tempFile() });
    d.position("0.01");
    d.position("0.003", "SELL");
    d.simulator.advanceTo(epochMs(FEE_MS - 1));
    expect(cash(d)).toBe("1000000");
    d.pass(0.001);
    // 11,000,001 x 0.01 x 0.0004 = 44.000004 -> 45; x 0.003 = 13.2000012 -> 14
    expect(
      d.simulator
        .ledger()
        .filter((row) => row.kind === "leverage_fee")
        .map((row) => row.amount),
    ).toEqual([yen(-45), yen(-14)]);
    expect(cash(d)).toBe("999941");
    d.reopen();
    d.pass(24 * 3_600 - 0.001);
    expect(cash(d)).toBe("999941");
    d.pass(0.001);
    expect(cash(d)).toBe("999882");
  });
  test("the closing price is the last one of the old day, not the first of the new", () => {
    const d = desk({
      btc: (s) =>
        s
          .flat(21 * 60 - 2)
          .gap(12_000_000)
          .flat(60),
    });
    d.position("0.01");
    d.simulator.advanceTo(FEE_MS);
    expect(d.simulator.lastPrice("BTC_JPY")).toBe(yen(12_000_000));
    expect(cash(d)).toBe("999960");
  });
  test("a position opened at that instant or closed before it pays nothing", () => {
    const d = desk({ btc: (s) => s.flat(3_000) });
    const id = d.position("0.01");
    d.simulator.advanceTo(epochMs(FEE_MS - 1));
    d.closeOrder(id, "0.01", {});
    d.pass(0.001);
    d.position("0.01");
    d.pass(3_600);
    expect(d.simulator.ledger().some((row) => row.kind === "leverage_fee")).toBe(false);
  });
});

describe("a loss cut", () => {
  test("closes the whole position at the market for 0.5 % of the entry, and drops its close orders", () => {
    const d = desk({ btc: (s) => s.flat(1).to(7_000_000, 10).flat(5) });
    const id = d.position("0.1");
    const target = d.closeOrder(id, "0.1", { price: "11000000" });
    d.pass(11 * 60);
    expect(d.positions()).toEqual([]);
    expect(d.shown(target)).toMatchObject({ status: "CANCELED", cancelType: "POSITION_LOSSCUT" });
    const cut = d.simulator.executions().at(-1)!;
    expect(d.shown(cut.orderId)).toMatchObject({
      orderType: "LOSSCUT",
      status: "EXECUTED",
      side: "SELL",
      settleType: "CLOSE",
    });
    const [row] = d.executionsOf(cut.orderId);
    expect(row).toMatchObject({ settleType: "LOSS_CUT", positionId: id, size: "0.1", fee: "5001" }); // 5,000.25 up
    // The path falls through 7,500,375; the bid is half a basis point (375 yen) below the last price.
    expect(Number(row.price)).toBeLessThanOrEqual(7_500_375 - 375);
    expect(Number(row.price)).toBeGreaterThan(7_499_800);
    expect(Number(cash(d))).toBe(1_000_000 + Number(row.lossGain) - 5_001);
  });
  test("comes at the order's own loss-cut price when it has one", () => {
    const d = desk({ btc: (s) => s.flat(1).to(9_980_000).to(9_890_000).flat(5) });
    d.order({ price: "9990000", size: "0.01", losscutPrice: "9900000" });
    d.pass(100);
    expect(d.positions()).toMatchObject([{ losscutPrice: "9900000" }]);
    d.pass(100);
    expect(d.simulator.executions().at(-1)).toMatchObject({ settleType: "LOSS_CUT" });
    expect(d.positions()).toEqual([]);
  });
});

test("bare time is measured in venue time, between a fill and its stop", () => {
  const d = desk({ btc: (s) => s.flat(1).gap(9_950_000).flat(5) });
  d.order({ price: "9990000", size: "0.01" });
  d.pass(60 + 0.4);
  expect(d.simulator.bareSize("BTC_JPY")).toBe(1_000_000n);
  d.closeOrder(d.positions()[0].positionId, "0.004", { executionType: "STOP", price: "9900000" });
  expect(d.simulator.bareStats("BTC_JPY")).toEqual({ sinceMs: d.nowMs - 400, longestMs: 0 });
  d.pass(0.1);
  d.closeOrder(d.positions()[0].positionId, "0.006", { executionType: "STOP", price: "9900000" });
  expect(d.simulator.bareStats("BTC_JPY")).toEqual({ sinceMs: undefined, longestMs: 500 });
});

describe("whatever is ordered", () => {
  const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);
  const rising = (values: readonly number[]): boolean => values.every((value, i) => i === 0 || value > values[i - 1]!);

  /** What must hold after every command, added up here again; the broken promises in words. */
  const broken = (d: Desk, deposit: bigint): readonly string[] => {
    const { simulator } = d;
    const found: string[] = [];
    const must = (holds: boolean, promise: string): void => {
      if (!holds) found.push(promise);
    };
    const executions = simulator.executions();
    const orders = simulator.orders();

    for (const position of simulator.positions()) {
      const mine = executions.filter((row) => row.positionId === position.positionId);
      const [opened, ...more] = mine.filter((row) => row.settleType === "OPEN");
      const closed = sum(mine.filter((row) => row.settleType !== "OPEN").map((row) => row.size));
      must(more.length === 0, "a position comes from one execution");
      must(opened!.size - closed === position.size, "coins opened and not closed are held");
    }

    const night = simulator.ledger().filter((row) => row.kind === "leverage_fee");
    const moved = sum(executions.map((row) => row.lossGain - row.fee)) + sum(night.map((row) => row.amount));
    must(parseE8(cash(d)) === deposit + moved, "cash is the deposit and what was settled");
    const [ticker] = d.get("/v1/ticker", { symbol: "BTC_JPY" }).data;
    // Sizes are on 0.001 and prices on 1 yen, so this is exact.
    const open = sum(
      simulator
        .positions()
        .map(({ side, price, size }) =>
          side === "BUY" ? ((parseE8(ticker.bid) - price) * size) / E8 : ((price - parseE8(ticker.ask)) * size) / E8,
        ),
    );
    must(simulator.account().equity === deposit + moved + open, "equity is cash and the open gain");
    const shown = parseE8(d.get("/v1/account/margin").data.actualProfitLoss);
    must(shown <= deposit + moved + open && shown + E8 > deposit + moved + open, "the API shows it in whole yen");

    for (const row of d.positions()) {
      const closing = orders.filter(
        (o) => o.positionId === row.positionId && ["WAITING", "ORDERED"].includes(o.status),
      );
      must(parseE8(row.orderdSize) === sum(closing.map((o) => o.size - o.executedSize)), "orderdSize is what rests");
      must(parseE8(row.orderdSize) <= parseE8(row.size), "orderdSize <= size");
    }
    for (const order of orders) {
      const mine = executions.filter((row) => row.orderId === order.orderId);
      must(sum(mine.map((row) => row.size)) === order.executedSize, "executedSize is the sum of the executions");
      must(order.executedSize <= order.size, "executedSize <= size");
      must((order.status === "EXECUTED") === (order.executedSize === order.size), "EXECUTED means full");
      if (order.executionType === "LIMIT")
        must(
          mine.every((row) => (order.side === "BUY" ? row.price <= order.price! : row.price >= order.price!)),
          "no fill is worse than the limit",
        );
      if (order.timeInForce === "SOK") must(!mine.some((row) => row.taker), "SOK never takes");
    }
    must(rising(orders.map((row) => row.orderId)), "order ids rise");
    must(rising(executions.map((row) => row.executionId)), "execution ids rise");
    must(
      executions.every((row, i) => i === 0 || row.atMs >= executions[i - 1]!.atMs),
      "executions come in time order",
    );
    return found;
  };

  test("money and coins are conserved and nothing is reserved or executed twice", () => {
    const seen = { opened: 0, closed: 0, partial: 0, nights: 0 };
    // 05:40 JST: the night's fee comes on the way.
    const startMs = epochMs(START_MS - 3 * HOUR_MS - 20 * MINUTE_MS);
    fc.assert(
      fc.property(steps(20, 40), commands(40), fc.nat(1_000), (path, list, seed) => {
        const candles = candlesOf(startMs, START_PRICE, path);
        const d = new Desk({ candles, eth: startMs, startMs, seed, venue: { partialFills: true } });
        for (const command of [...list, { do: "pass", ms: 15 * MINUTE_MS } satisfies Command]) {
          play(d, command);
          expect(broken(d, yen(1_000_000))).toEqual([]);
        }
        const executions = d.simulator.executions();
        seen.opened += executions.filter((row) => row.settleType === "OPEN").length;
        seen.closed += executions.filter((row) => row.settleType === "CLOSE").length;
        seen.partial += d.simulator.orders().filter((o) => o.executedSize > 0n && o.executedSize < o.size).length;
        seen.nights += d.simulator.ledger().filter((row) => row.kind === "leverage_fee").length;
        d.close();
      }),
      { numRuns: LONG ? 400 : 40 },
    );
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(0);
  });
});
