// Spot at the simulated venue: GMO API 4.6, 5, 6.2, 7.8. One yen balance for spot and margin; here spot costs what
// margin does.
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { type CoinE8, parseCoin, yen } from "../../../../lib/core/money.ts";
import { epochMs, MINUTE_MS } from "../../../../lib/core/time.ts";
import { SPOT_SYMBOL_RULES, SYMBOL_RULES } from "../../../../lib/sim/engine/symbolRules.ts";
import { SpotMarket } from "../../../../lib/sim/market/spotMarket.ts";
import { LONG } from "../../../long.ts";
import { Script } from "../../../sim/script.ts";
import { Desk, type DeskOptions, marketOf, START_MS, START_PRICE, tempFile } from "../desk.ts";
import { candlesOf, steps } from "../streams.ts";

const desks: Desk[] = [];
const desk = (coins: string | undefined, options: DeskOptions = {}): Desk => {
  const spot: Record<string, CoinE8> = coins === undefined ? {} : { BTC: parseCoin(coins) };
  const made = new Desk({ spot, ...options });
  desks.push(made);
  return made;
};
afterEach(() => {
  for (const made of desks.splice(0)) made.close();
});
const BUY = { symbol: "BTC", side: "BUY", executionType: "MARKET", size: "0.01" };
const SELL = { ...BUY, side: "SELL" };
const REST = { ...BUY, executionType: "LIMIT", price: "9990000" };
const assets = (d: Desk): Record<string, [string, string]> =>
  Object.fromEntries(
    d
      .get("/v1/account/assets")
      .data.map((row: Record<string, string>) => [row["symbol"], [row["amount"], row["available"]]]),
  );

describe("buying and selling coins", () => {
  test("takes yen and fee, gives coins, opens no position", () => {
    const d = desk(undefined);
    const id = d.order(BUY);
    const [row] = d.executionsOf(id);
    // 10,000,500 x 0.01 = 100,005; fee 0.05 % = 50.0025, rounded up
    expect(row).toMatchObject({ symbol: "BTC", settleType: "OPEN", price: "10000500", lossGain: "0", fee: "51" });
    expect(row).not.toHaveProperty("positionId");
    expect(d.shown(id)).toMatchObject({ status: "EXECUTED", settleType: "OPEN", losscutPrice: "0" });
    expect(assets(d)).toMatchObject({ JPY: ["899944", "899944"], BTC: ["0.01", "0.01"] });
    expect(d.positions()).toEqual([]);
    expect(d.get("/v1/positionSummary").data).toEqual({});
    for (const path of ["/v1/openPositions", "/v1/positionSummary"])
      expect(d.get(path, { symbol: "BTC" }).code).toBe("ERR-5106");
    const back = d.order(SELL);
    // 9,999,500 x 0.01 = 99,995; fee 49.9975, rounded up
    expect(d.executionsOf(back)).toMatchObject([{ settleType: "OPEN", side: "SELL", price: "9999500", fee: "50" }]);
    expect(assets(d)).toMatchObject({ JPY: ["999889", "999889"], BTC: ["0", "0"] });
  });
  test("a maker is paid 0.01 %, rounded down", () => {
    const d = desk(undefined, { btc: (s) => s.flat(1).spike(9_980_000).flat(5) });
    const id = d.order({ ...REST, timeInForce: "SOK" });
    d.pass(180);
    // 99,900 x 0.0001 = 9.99
    expect(d.executionsOf(id)).toMatchObject([{ price: "9990000", fee: "-9" }]);
    expect(assets(d)["JPY"]).toEqual(["900109", "900109"]);
  });
  test("the fee may round to the nearest yen, or not at all", () => {
    const fee = (yenRounding: "nearest" | "exact") => {
      const d = desk(undefined, { venue: { yenRounding } });
      return d.executionsOf(d.order(BUY))[0].fee;
    };
    expect([fee("nearest"), fee("exact")]).toEqual(["50", "50.0025"]);
  });
  test("the minimum is finer than on margin, and SOK works on ETH, too", () => {
    const d = desk(undefined);
    expect(d.post("/v1/order", { ...BUY, size: "0.00001" }).status).toBe(0);
    expect(d.post("/v1/order", { ...BUY, size: "0.000001" }).code).toBe("ERR-5114");
    const eth = { ...REST, symbol: "ETH", price: "499000", size: "0.001", timeInForce: "SOK" };
    expect(d.post("/v1/order", eth).status).toBe(0);
    expect(d.post("/v1/order", { ...eth, size: "0.0009" }).code).toBe("ERR-5126");
  });
});

describe("locks", () => {
  test("a resting purchase locks its yen with the taker fee, a resting sale its coins; a cancel frees them", () => {
    const d = desk("0.02");
    const buy = d.order(REST);
    const sell = d.order({ ...SELL, executionType: "LIMIT", price: "10100000", size: "0.015" });
    expect(assets(d)).toMatchObject({ JPY: ["1000000", "900050"], BTC: ["0.02", "0.005"] });
    for (const orderId of [buy, sell]) expect(d.post("/v1/cancelOrder", { orderId }).status).toBe(0);
    expect(assets(d)).toMatchObject({ JPY: ["1000000", "1000000"], BTC: ["0.02", "0.02"] });
  });
  test("the fee is not locked where that is switched off", () => {
    const d = desk(undefined, { venue: { lockTakerFee: false } });
    d.order(REST);
    expect(assets(d)["JPY"]).toEqual(["1000000", "900100"]);
  });
  test.each<[string, object, string]>([
    ["coins that are not there", { ...SELL, size: "0.021" }, "ERR-201"],
    ["coins that a resting sale has locked", { ...SELL, size: "0.006" }, "ERR-208"],
    ["yen that are not there", { ...REST, size: "0.11" }, "ERR-201"],
    ["yen that a resting purchase has locked", { ...REST, size: "0.06" }, "ERR-208"],
    ["a loss-cut price", { ...REST, losscutPrice: "9000000" }, "ERR-5118"],
    ["cancelBefore on a purchase", { ...BUY, cancelBefore: true }, "ERR-5106"],
    ["cancelBefore on a LIMIT", { ...SELL, executionType: "LIMIT", price: "10100000", cancelBefore: true }, "ERR-5106"],
  ])("%s is refused", (_, body, code) => {
    const d = desk("0.02");
    d.order({ ...SELL, executionType: "LIMIT", price: "10100000", size: "0.015" });
    d.order({ ...REST, size: "0.05" });
    expect(d.post("/v1/order", body).code).toBe(code);
    expect(d.simulator.orders()).toHaveLength(2);
  });
  test("cancelBefore sells what the oldest resting sales have locked, and leaves the rest", () => {
    const d = desk("0.03");
    const prices = ["10100000", "10200000", "10300000"];
    const ids = prices.map((price) => d.order({ ...SELL, executionType: "LIMIT", price }));
    d.order({ ...SELL, size: "0.015", cancelBefore: true });
    expect(ids.map((id) => d.shown(id).status)).toEqual(["CANCELED", "CANCELED", "ORDERED"]);
    expect(assets(d)["BTC"]).toEqual(["0.015", "0.005"]);
  });
  test("a close path does not know spot", () => {
    const d = desk("0.02");
    const settlePosition = [{ positionId: 1, size: "0.01" }];
    expect(d.post("/v1/closeOrder", { ...SELL, settlePosition }).code).toBe("ERR-5106");
    expect(d.post("/v1/closeBulkOrder", SELL).code).toBe("ERR-5106");
  });
});

describe("one yen balance", () => {
  test("yen locked by spot are no margin, and margin in use buys no coins", () => {
    const d = desk(undefined);
    d.order({ ...REST, size: "0.05" });
    expect(d.get("/v1/account/margin").data).toMatchObject({ availableAmount: "500250", actualProfitLoss: "1000000" });
    expect(d.post("/v1/order", { ...REST, symbol: "BTC_JPY", size: "0.101" }).code).toBe("ERR-201");
    d.position("0.1");
    expect(d.post("/v1/order", { ...REST, size: "0.001" }).code).toBe("ERR-208");
  });
  test("a gain that is not settled buys no coins", () => {
    const d = desk(undefined, { equity: yen(100_000), btc: (s) => s.to(10_400_000).flat(5) });
    d.position("0.002");
    d.pass(120);
    expect(Number(d.get("/v1/account/margin").data.profitLoss)).toBeGreaterThan(0);
    expect(d.post("/v1/order", { ...BUY, size: "0.00962" }).code).toBe("ERR-201");
  });
  test("a loss that eats locked yen cancels the newest purchases: INSUFFICIENT_BALANCE", () => {
    const d = desk(undefined, { equity: yen(350_000), btc: (s) => s.flat(1).gap(16_000_000).flat(5) });
    d.position("0.05", "SELL"); // margin 249,988
    const [older, newer] = [d.order({ ...REST, size: "0.004" }), d.order({ ...REST, size: "0.004" })]; // 39,980 each
    d.pass(120);
    // Cut far beyond its margin: about 300,000 and the fee of 2,500 are gone, 47,000 are left.
    expect(d.simulator.executions().at(-1)).toMatchObject({ settleType: "LOSS_CUT" });
    expect(d.shown(newer)).toMatchObject({ status: "CANCELED", cancelType: "INSUFFICIENT_BALANCE" });
    expect(d.shown(older).status).toBe("ORDERED");
  });
  test("a market purchase takes no more than there is money for; the rest is CANCELED", () => {
    // A thin book: 0.005 at the best ask, dearer above; the money is for the first price only.
    const d = desk(undefined, { equity: yen(100_056), volume: 0.05 });
    const id = d.order(BUY);
    expect(d.shown(id)).toMatchObject({ status: "CANCELED", cancelType: "INSUFFICIENT_BALANCE" });
    expect(Number(d.shown(id).executedSize)).toBeGreaterThan(0.0099);
    expect(Number(assets(d)["JPY"]![0])).toBeGreaterThanOrEqual(0);
  });
});

test("coins and locks survive a restart", () => {
  const d = desk("0.02", { path: tempFile() });
  d.order({ ...SELL, executionType: "LIMIT", price: "10100000", size: "0.015" });
  d.order(BUY);
  const before = assets(d);
  d.reopen();
  expect(assets(d)).toEqual(before);
  expect(before["BTC"]).toEqual(["0.03", "0.015"]);
});
test("other coins to begin with are another venue", () => {
  const path = tempFile();
  new Desk({ path, spot: { BTC: parseCoin("1") } }).close();
  expect(() => desk("2", { path })).toThrow(expect.objectContaining({ code: "SIM_CHANGED" }));
});

describe("a spot path made from margin candles", () => {
  test("touches, lasts and books agree with each other at every instant", () => {
    const rules = [...SYMBOL_RULES, ...SPOT_SYMBOL_RULES];
    let touched = 0;
    fc.assert(
      fc.property(
        steps(3, 6),
        fc.double({ min: 0.9, max: 1.1, noNaN: true }),
        fc.integer({ min: -20_000, max: 20_000 }),
        fc.boolean(),
        (path, factor, away, above) => {
          const margin = marketOf(candlesOf(START_MS, START_PRICE, path), "none");
          const market = new SpotMarket(margin, rules, { BTC: { of: "BTC_JPY", factor } });
          const ticks = Math.round((START_PRICE + away) * factor);
          const untilMs = epochMs(margin.endMs("BTC_JPY") - 1);
          const reaches = (ms: number): boolean => {
            const last = market.last("BTC", epochMs(ms))!;
            return above ? last >= ticks : last <= ticks;
          };
          const atMs = market.firstTouch("BTC", { side: above ? "atOrAbove" : "atOrBelow", ticks }, START_MS, untilMs);
          if (atMs !== undefined) {
            touched += 1;
            expect(reaches(atMs)).toBe(true);
          }
          const traded = (ms: number): boolean => path.length > 0 && margin.traded("BTC_JPY", epochMs(ms)) > 0n;
          for (let ms: number = START_MS; ms < (atMs ?? untilMs); ms += 499)
            if (traded(ms)) expect(reaches(ms)).toBe(false);
          for (let ms: number = START_MS; ms < untilMs; ms += MINUTE_MS / 2) {
            const [best, book] = [market.best("BTC", epochMs(ms))!, market.book("BTC", epochMs(ms))!];
            expect([book.bids[0]!.ticks, book.asks[0]!.ticks]).toEqual([best.bid, best.ask]);
            expect(best.bid < best.last && best.last < best.ask).toBe(true);
            expect(book.asks.every((row, i) => i === 0 || row.ticks > book.asks[i - 1]!.ticks)).toBe(true);
            expect(book.bids.every((row, i) => i === 0 || row.ticks < book.bids[i - 1]!.ticks)).toBe(true);
          }
        },
      ),
      { numRuns: LONG ? 1_000 : 100 },
    );
    expect(touched).toBeGreaterThan(10);
  });
  test.each([0.91, 1.09])("at a factor of %d every price is touched at its first millisecond", (factor) => {
    const rules = [...SYMBOL_RULES, ...SPOT_SYMBOL_RULES];
    const margin = marketOf(
      new Script(START_MS, START_PRICE)
        .to(START_PRICE + 60)
        .flat(2)
        .build(),
      "none",
    );
    const market = new SpotMarket(margin, rules, { BTC: { of: "BTC_JPY", factor } });
    const lasts = Array.from({ length: MINUTE_MS }, (_, ms) => market.last("BTC", epochMs(START_MS + ms))!);
    const untilMs = epochMs(START_MS + MINUTE_MS - 1);
    for (let ticks = lasts[0]! + 1; ticks <= lasts.at(-1)!; ticks++)
      expect(market.firstTouch("BTC", { side: "atOrAbove", ticks }, START_MS, untilMs)).toBe(
        START_MS + lasts.findIndex((last) => last >= ticks),
      );
  });
  test("a margin symbol without candles makes no spot symbol", () => {
    const rules = [...SYMBOL_RULES, ...SPOT_SYMBOL_RULES];
    const margin = marketOf(flat(), "none");
    expect(new SpotMarket(margin, rules).symbols).toEqual(["BTC", "BTC_JPY"]);
  });
  const flat = () => ({
    candles: [0, 1].map((i) => ({
      openMs: epochMs(START_MS + i * MINUTE_MS),
      open: 1e7,
      high: 1e7,
      low: 1e7,
      close: 1e7,
      volume: 1,
    })),
    intervalMs: MINUTE_MS,
  });
});
