// Behaviour that is not documented (GMO API 17 and its [?] marks): each reading is an option, and each value of it
// shows.
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { yen } from "../../../../lib/core/money.ts";
import { epochMs } from "../../../../lib/core/time.ts";
import type { VenueOptions } from "../../../../lib/sim/engine/options.ts";
import { SYMBOL_RULES } from "../../../../lib/sim/engine/symbolRules.ts";
import { CandleMarket } from "../../../../lib/sim/market/candleMarket.ts";
import { QuoteMarket } from "../../../../lib/sim/market/quoteMarket.ts";
import { parseOptions } from "../../../../lib/sim/server/optionTable.ts";
import { Script } from "../../../sim/script.ts";
import { Desk, type DeskOptions, START_MS, START_PRICE } from "../desk.ts";

const desks: Desk[] = [];
const desk = (options?: DeskOptions): Desk => {
  const made = new Desk(options);
  desks.push(made);
  return made;
};
afterEach(() => {
  for (const made of desks.splice(0)) made.close();
});

describe("a STOP that triggers in a gap", () => {
  const outcome = (triggeredStop: "market" | "limit") => {
    const d = desk({ btc: (s) => s.flat(1).gap(9_800_000).flat(1), venue: { triggeredStop } });
    const id = d.closeOrder(d.position("0.01"), "0.01", { executionType: "STOP", price: "9900000" });
    d.pass(90);
    const { status, cancelType, executedSize } = d.shown(id);
    return { status, cancelType, executedSize, held: d.positions().length };
  };
  test("takes what the book offers as a market order", () => {
    expect(outcome("market")).toEqual({ status: "EXECUTED", cancelType: undefined, executedSize: "0.01", held: 0 });
  });
  test("fills nothing as a limit at its trigger, and the position is bare", () => {
    expect(outcome("limit")).toEqual({ status: "EXPIRED", cancelType: "EXPIRED_FAK", executedSize: "0", held: 1 });
  });
});

test.each([
  ["mixed", ["995000.25", "995000"]],
  ["whole", ["995000", "995000"]],
  ["exact", ["995000.25", "995000.25"]],
] as const)("yen in account/assets: %s", (assetYen, shown) => {
  const d = desk({ venue: { assetYen } });
  d.simulator.pay("JPY", -499_975_000_000n);
  const { amount, available } = d.get("/v1/account/assets").data[0];
  expect([amount, available]).toEqual(shown);
});

test("maintenance has HTTP 200 or 503, other refusals 200", () => {
  const http = (maintenanceHttpStatus: 200 | 503) => {
    const fromMs = epochMs(START_MS + 120_000);
    const closures = [{ kind: "emergency" as const, fromMs, untilMs: epochMs(fromMs + 60_000) }];
    const d = desk({ venue: { maintenanceHttpStatus, closures, statusInMaintenance: "refusal" } });
    const closed = [d.get("/v1/account/assets"), d.get("/v1/status")];
    expect(closed.map(({ code }) => code)).toEqual(["ERR-5202", "ERR-5202"]);
    d.pass(60);
    return [...closed, d.get("/v1/account/assets"), d.post("/v1/order", {})].map(({ httpStatus }) => httpStatus);
  };
  expect([http(200), http(503)]).toEqual([
    [200, 200, 200, 200],
    [503, 503, 200, 200],
  ]);
});

test("lists begin with the newest or the oldest, and tell the rows of the page or the count that was asked for", () => {
  const page = (venue: Partial<VenueOptions>) => {
    const d = desk({ venue });
    const ids = ["9900000", "9900001"].map((price) => d.order({ price, size: "0.01" }));
    const { list, pagination } = d.get("/v1/activeOrders", { symbol: "BTC_JPY", count: 50 }).data;
    const trades = d.get("/v1/trades", { symbol: "BTC_JPY", count: 90 }).data;
    return {
      order: list.map(({ orderId }: { orderId: number }) => ids.indexOf(orderId)),
      counts: [pagination.count, trades.pagination.count === trades.list.length],
    };
  };
  expect(page({})).toEqual({ order: [1, 0], counts: [2, true] });
  expect(page({ listOrder: "oldest", paginationCount: "asked" })).toEqual({ order: [0, 1], counts: [50, false] });
});

test("cancelBulkOrder with nothing to cancel answers an empty list, or without data", () => {
  const answer = (emptyBulkCancel: "list" | "absent") =>
    desk({ venue: { emptyBulkCancel } }).post("/v1/cancelBulkOrder", { symbols: ["BTC_JPY"] });
  expect([answer("list"), answer("absent")].map(({ status, data }) => [status, data])).toEqual([
    [0, []],
    [0, undefined],
  ]);
});

describe("the price that cuts a position", () => {
  const cutAt = (losscutTrigger: "last" | "touch", side: "BUY" | "SELL", losscutPrice: string, btc: number) => {
    const d = desk({ btc: (s) => s.flat(1).to(btc).flat(5), venue: { losscutTrigger } });
    const positionId = d.position("0.01", side);
    expect(d.post("/v1/changeLosscutPrice", { positionId, losscutPrice }).status).toBe(0);
    d.pass(300);
    return d.positions().length === 0;
  };
  // Half the spread is 495 yen there: the last price stops 300 short of the loss-cut price, the touch goes through it.
  test.each([
    ["BUY", "9900000", 9_900_300],
    ["SELL", "10100000", 10_099_700],
  ] as const)("of a %s is the last price, or the touch, which comes sooner", (side, losscutPrice, to) => {
    expect([cutAt("last", side, losscutPrice, to), cutAt("touch", side, losscutPrice, to)]).toEqual([false, true]);
  });
  test("decides where a new loss-cut price would cut at once", () => {
    const code = (losscutTrigger: "last" | "touch") => {
      const d = desk({ venue: { losscutTrigger } });
      return d.post("/v1/changeLosscutPrice", { positionId: d.position("0.01"), losscutPrice: "9999800" }).code;
    };
    expect([code("last"), code("touch")]).toEqual([undefined, "ERR-5106"]);
  });
  test("is found where a look at every second finds it, whatever the hour's spread", () => {
    const wander = new Script(START_MS, START_PRICE)
      .to(START_PRICE + 50_000, 40)
      .to(START_PRICE - 50_000, 40)
      .flat(20);
    const candles = { BTC_JPY: wander.build() };
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 24, maxLength: 24 }),
        fc.integer({ min: -40_000, max: 40_000 }),
        fc.boolean(),
        (bps, by, isBid) => {
          const spreadsBps = new Map([["BTC_JPY", bps]]);
          const market = new CandleMarket({ candles, rules: SYMBOL_RULES, spreadsBps });
          const level = START_PRICE + by;
          const untilMs = epochMs(START_MS + 100 * 60_000 - 1);
          const side = isBid ? "atOrBelow" : "atOrAbove";
          const foundMs = market.firstTouch("BTC_JPY", { side, ticks: level, price: "touch" }, START_MS, untilMs);
          const touches = (ms: number): boolean => {
            const { bid, ask } = market.best("BTC_JPY", epochMs(ms))!;
            return isBid ? bid <= level : ask >= level;
          };
          for (let ms: number = START_MS; ms < (foundMs ?? untilMs); ms += 1_000)
            expect([ms, touches(ms)]).toEqual([ms, false]);
          expect(foundMs === undefined || touches(foundMs)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });
  test("of a live quote is its last price, or its touch", () => {
    const market = new QuoteMarket(SYMBOL_RULES);
    market.feed("BTC_JPY", { bid: yen(9_900), ask: yen(9_910), last: yen(9_905), atMs: START_MS });
    const touched = (side: "atOrBelow" | "atOrAbove", ticks: number, price: "last" | "touch") =>
      market.firstTouch("BTC_JPY", { side, ticks, price }, START_MS, START_MS) === START_MS;
    expect([touched("atOrBelow", 9_900, "last"), touched("atOrBelow", 9_900, "touch")]).toEqual([false, true]);
    expect([touched("atOrAbove", 9_910, "last"), touched("atOrAbove", 9_910, "touch")]).toEqual([false, true]);
    expect(touched("atOrAbove", 9_911, "touch")).toBe(false);
  });
});

describe("the permitted range of a loss-cut price", () => {
  const codes = (venue: Partial<VenueOptions>, prices: readonly string[]) => {
    const d = desk({ venue });
    const positionId = d.position("0.01"); // at 10000500, the last price 10000000
    const limit = { symbol: "BTC_JPY", side: "BUY", executionType: "LIMIT", price: "9990000", size: "0.01" };
    return prices.map((losscutPrice) => [
      d.post("/v1/changeLosscutPrice", { positionId, losscutPrice }).code,
      d.post("/v1/order", { ...limit, losscutPrice }).code,
    ]);
  };
  test("ends where the margin does, or at another share of the entry, or nowhere", () => {
    const prices = ["1", "7000000", "7600000", "9600000"];
    const [no, ok] = [
      ["ERR-5106", "ERR-5106"],
      [undefined, undefined],
    ];
    expect(codes({}, prices)).toEqual([no, no, ok, ok]);
    expect(codes({ losscutMaxPercent: 5 }, prices)).toEqual([no, no, no, ok]);
    expect(codes({ losscutMaxPercent: undefined }, [...prices, "0"])).toEqual([ok, ok, ok, ok, no]);
  });
  test("keeps a distance from what would cut it, and of an order from its price", () => {
    expect(codes({}, ["9989999", "9990000"])).toEqual([
      [undefined, undefined],
      [undefined, "ERR-5106"],
    ]);
    expect(codes({ losscutMinTicks: 20_000 }, ["9970000", "9970001", "9980000", "9980001"])).toEqual([
      [undefined, undefined],
      [undefined, "ERR-5106"],
      [undefined, "ERR-5106"],
      ["ERR-5106", "ERR-5106"],
    ]);
  });
});

test("a price too high above the market is refused in the words and with the code of the option", () => {
  const refusal = (venue: Partial<VenueOptions>) => {
    const body = { symbol: "BTC_JPY", side: "SELL", executionType: "LIMIT", price: "15000000", size: "0.01" };
    const [message] = JSON.parse(desk({ venue }).post("/v1/order", body).text).messages;
    return [message.message_code, message.message_string];
  };
  expect(refusal({})).toEqual(["ERR-5121", "Too high price."]);
  expect(refusal({ tooHighPriceCode: "ERR-5106", tooHighPriceText: "Invalid request parameter. price" })).toEqual([
    "ERR-5106",
    "Invalid request parameter. price",
  ]);
});

test("rows of exchangeFee have the fields that are known, or a guess at more; the cursor stands where the option says", () => {
  const page = (venue: Partial<VenueOptions>) => {
    const d = desk({ btc: (s) => s.flat(1_500), venue });
    d.position("0.01");
    d.position("0.02");
    d.pass(22 * 3_600);
    const { list, ...rest } = d.get("/v1/account/exchangeFee/history", { fromDate: "20250701", count: 1 }).data;
    return [Object.keys(list[0]), rest];
  };
  expect(page({})).toEqual([["feeType", "deliveryDatetime"], { cursor: "1" }]);
  const guessed = ["feeType", "symbol", "positionId", "fee", "deliveryDatetime"];
  expect(page({ feeRowFields: "guessed", feeCursor: "nextCursor" })).toEqual([guessed, { nextCursor: "1" }]);
  expect(page({ feeCursor: "pagination" })[1]).toEqual({ pagination: { cursor: "1" } });
});

describe("on the command line", () => {
  test("each has its name and its values", () => {
    const given = [
      "triggeredStop=limit",
      "assetYen=exact",
      "maintenanceHttpStatus=503",
      "paginationCount=asked",
      "listOrder=oldest",
      "emptyBulkCancel=absent",
      "losscutTrigger=last",
      "losscutMaxPercent=none",
      "losscutMinTicks=0",
      "tooHighPriceCode=ERR-5106",
      "tooHighPriceText=Too high.",
      "feeRowFields=guessed",
      "feeCursor=pagination",
      "commandTooFastText=ERR-5003 Too fast",
      "maxConnections=2",
      "tooManyConnectionsStatus=429",
    ];
    expect(parseOptions(given)).toMatchObject({
      venue: {
        triggeredStop: "limit",
        assetYen: "exact",
        maintenanceHttpStatus: 503,
        paginationCount: "asked",
        listOrder: "oldest",
        emptyBulkCancel: "absent",
        losscutTrigger: "last",
        losscutMaxPercent: undefined,
        losscutMinTicks: 0,
        tooHighPriceCode: "ERR-5106",
        tooHighPriceText: "Too high.",
        feeRowFields: "guessed",
        feeCursor: "pagination",
      },
      server: { commandTooFastText: "ERR-5003 Too fast", maxConnections: 2, tooManyConnectionsStatus: 429 },
    });
  });
  test.each([
    "losscutTrigger=mark",
    "tooHighPriceText=",
    "maintenanceHttpStatus=500",
    "commandTooFastText=",
    "commandTooFastText=a\nb",
    "maxConnections=-1",
  ])("%j is refused", (text) => {
    expect(() => parseOptions([text])).toThrow(/expected/);
  });
});
