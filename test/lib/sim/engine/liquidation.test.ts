// What the venue does without being asked, and when it is closed: GMO API 5.1, 6, 7.3, 11, 12 against the raw API.
import { afterEach, describe, expect, test } from "vitest";
import { yen } from "../../../../lib/core/money.ts";
import { DAY_MS, epochMs, HOUR_MS, MINUTE_MS, parseInstant } from "../../../../lib/core/time.ts";
import { FAITHFUL_OPTIONS } from "../../../../lib/sim/engine/options.ts";
import { Desk, type DeskOptions, START_MS, tempFile } from "../desk.ts";

const desks: Desk[] = [];
const desk = (options?: DeskOptions): Desk => {
  const made = new Desk(options);
  desks.push(made);
  return made;
};
afterEach(() => {
  for (const made of desks.splice(0)) made.close();
});
const LIMIT = { symbol: "BTC_JPY", side: "BUY", executionType: "LIMIT", price: "9000000", size: "0.001" };
const margin = (d: Desk) => d.get("/v1/account/margin").data;

describe("a loss cut of the account", () => {
  // 0.06 long uses 300,015 of 320,000 yen; 50 % of that is left when the price has fallen by some 2.83 million yen.
  const falling: DeskOptions = { equity: yen(320_000), btc: (s) => s.flat(1).to(7_600_000, 10).flat(5) };
  test("takes every position and margin order at the first full second at or below the threshold", () => {
    // Down to 7,600,000 the position's own price (7,500,375) is not reached.
    const d = desk({ ...falling, venue: { accountLosscutPercent: 60 }, path: tempFile() });
    const id = d.position("0.06");
    const stop = d.closeOrder(id, "0.06", { price: "11000000" });
    d.order({ price: "6000000", size: "0.001" });
    // (320,000 - 0.06 x (10,000,500 - bid)) / 300,015 = 0.6 at a bid of 7,667,317
    let aboveMs = 0;
    while (d.positions().length > 0) {
      const { equity, used } = d.simulator.account();
      expect(equity * 100n > used * 60n).toBe(true);
      aboveMs = d.nowMs;
      d.pass(1);
    }
    const cut = d.simulator.executions().at(-1)!;
    expect(cut.atMs).toBe(aboveMs + 1_000);
    expect(cut).toMatchObject({ settleType: "LOSS_CUT", positionId: id });
    expect(d.shown(stop)).toMatchObject({ status: "CANCELED", cancelType: "ACCOUNT_LOSSCUT" });
    expect(d.active()).toEqual([]);
    expect(margin(d).marginCallStatus).toBe("LOSSCUT");
    expect(d.post("/v1/order", LIMIT).code).toBe("ERR-683");
    d.reopen();
    expect(margin(d).marginCallStatus).toBe("LOSSCUT");
    d.pass(60);
    expect(margin(d).marginCallStatus).toBe("NORMAL");
    expect(d.post("/v1/order", LIMIT).status).toBe(0);
  });
  test("never happens by default", () => {
    const d = desk(falling);
    d.position("0.06");
    d.pass(15 * 60);
    expect(d.positions()).toHaveLength(1);
    expect(margin(d).marginCallStatus).toBe("NORMAL");
  });
  test("waits while the venue is closed", () => {
    const closures = [
      { kind: "maintenance" as const, fromMs: epochMs(START_MS + 3 * MINUTE_MS), untilMs: epochMs(START_MS + HOUR_MS) },
    ];
    const d = desk({ ...falling, venue: { accountLosscutPercent: 60, closures } });
    d.position("0.06");
    d.simulator.advanceTo(epochMs(START_MS + HOUR_MS - 1));
    expect(d.simulator.positions()[0]!.size).toBeGreaterThan(0n);
    d.pass(0.001);
    expect(d.simulator.executions().at(-1)!.atMs).toBe(START_MS + HOUR_MS);
  });
});

describe("a margin call", () => {
  const CALL_MS = parseInstant("2025-07-01T21:30:00Z"); // 06:30 JST
  const GRACE_MS = 2 * HOUR_MS;
  const called = (after: DeskOptions["btc"] = (s) => s.flat(3_000)): Desk => {
    const d = desk({
      equity: yen(320_000),
      btc: (s) => after!(s.flat(30).to(9_300_000, 10)).flat(3_000),
      venue: { marginCallPercent: 100, marginCallGraceMs: GRACE_MS },
      path: tempFile(),
    });
    d.position("0.06");
    d.order({ price: "6000000", size: "0.001" });
    d.simulator.advanceTo(CALL_MS);
    return d;
  };
  test("comes at 06:30 JST when the ratio is below 100 %, and takes resting opening orders", () => {
    const d = called();
    expect(margin(d)).toMatchObject({ marginCallStatus: "MARGIN_CALL" });
    expect(Number(margin(d).marginRatio)).toBeLessThan(100);
    expect(d.simulator.orders().find((o) => o.price === yen(6_000_000))).toMatchObject({ cancelType: "MARGIN_CALL" });
    expect(d.positions()).toHaveLength(1);
  });
  test("orders are refused with ERR-683 at first, then only those that add risk, with ERR-682", () => {
    const d = called();
    const [{ positionId }] = d.positions();
    const settlePosition = [{ positionId, size: "0.001" }];
    const exit = { symbol: "BTC_JPY", side: "SELL", executionType: "MARKET", settlePosition };
    expect([d.post("/v1/order", LIMIT).code, d.post("/v1/closeOrder", exit).code]).toEqual(["ERR-683", "ERR-683"]);
    d.pass(60);
    d.reopen();
    expect(d.post("/v1/order", LIMIT).code).toBe("ERR-682");
    expect(d.post("/v1/closeOrder", exit).status).toBe(0);
  });
  test("is met when a close has lifted the ratio", () => {
    const d = called();
    d.pass(60);
    d.closeOrder(d.positions()[0].positionId, "0.03", {});
    expect(margin(d).marginCallStatus).toBe("NORMAL");
    d.pass(3 * 3_600);
    expect(d.positions()).toMatchObject([{ size: "0.03" }]);
  });
  test("not met in time, everything is closed by force", () => {
    const d = called();
    const [{ positionId }] = d.positions();
    d.pass(60);
    const target = d.closeOrder(positionId, "0.01", { price: "11000000" });
    d.simulator.advanceTo(epochMs(CALL_MS + GRACE_MS - 1));
    expect(d.positions()).toHaveLength(1);
    d.pass(0.001);
    expect(d.shown(target)).toMatchObject({ status: "CANCELED", cancelType: "MARGIN_CALL_LOSSCUT" });
    expect(d.simulator.executions().at(-1)).toMatchObject({ settleType: "LOSS_CUT", fee: yen(3_001) }); // 0.5 % of 600,030
    expect(d.positions()).toEqual([]);
  });
  test("a price that came back in time saves the account", () => {
    const d = called((s) => s.flat(21 * 60).to(10_000_000, 10));
    d.simulator.advanceTo(epochMs(CALL_MS + GRACE_MS));
    expect(d.positions()).toHaveLength(1);
    expect(margin(d).marginCallStatus).toBe("NORMAL");
  });
});

describe("money that is gone when an order should fill", () => {
  test("an opening order is CANCELED as INSUFFICIENT_MARGIN where that is switched on", () => {
    const late = (uncoveredOrders: "fill" | "cancel") => {
      const gaps: DeskOptions["btc"] = (s) => s.flat(1).gap(16_000_000).flat(1).gap(9_900_000).flat(5);
      const d = desk({ btc: gaps, venue: { uncoveredOrders } });
      d.position("0.1", "SELL");
      const id = d.order({ price: "9950000", size: "0.1" }); // 497,500 of margin
      d.pass(180); // The short has cost 600,000 when the order is reached.
      return d.shown(id);
    };
    expect(late("fill")).toMatchObject({ status: "EXECUTED" });
    expect(late("cancel")).toMatchObject({ status: "CANCELED", cancelType: "INSUFFICIENT_MARGIN", executedSize: "0" });
  });
});

describe("caps", () => {
  test("new positions of a trading day, and what is left of them", () => {
    const d = desk({
      venue: { dailyOpenOrders: 1 },
      equity: yen(100_000_000),
      volume: 1_000,
      btc: (s) => s.flat(3_000),
    });
    d.order({ size: "3" });
    const row = () => d.get("/v1/account/tradingVolume").data.limit[0];
    expect(row()).toEqual({ symbol: "BTC/JPY", todayLimitOpenSize: "2", takerFee: "0", makerFee: "0" });
    expect(d.post("/v1/order", { ...LIMIT, size: "2.001" }).code).toBe("ERR-5126");
    d.simulator.advanceTo(parseInstant("2025-07-01T21:00:00Z"));
    expect(row().todayLimitOpenSize).toBe("5");
  });
  test("open positions, with or without resting orders", () => {
    const place = (positionCapCountsOrders: boolean) => {
      const d = desk({ venue: { positionCapCountsOrders }, equity: yen(1_000_000_000) });
      const order = { ...LIMIT, size: "5" };
      return Array.from({ length: 11 }, () => d.post("/v1/order", order).code ?? "ok").filter((x) => x === "ok").length;
    };
    expect([place(false), place(true)]).toEqual([11, 10]);
  });
});

describe("volume and tier", () => {
  test("this week's volume; the tier comes from the week before, on Sunday 06:00 JST", () => {
    const d = desk({ equity: yen(1_000_000_000), volume: 10_000, btc: (s) => s.flat(8_000) });
    const volume = () => d.get("/v1/account/tradingVolume").data;
    for (let i = 0; i < 20; i++) d.closeOrder(d.position("5"), "5", {});
    const traded = 20 * 5 * (10_000_500 + 9_999_500);
    expect(volume()).toMatchObject({ jpyVolume: String(traded), tierLevel: 1 });
    const sundayMs = parseInstant("2025-07-05T21:00:00Z");
    d.simulator.advanceTo(epochMs(sundayMs - 1));
    expect([volume().tierLevel, d.simulator.views.tierLevel()]).toEqual([1, 1]);
    d.pass(0.001);
    expect(volume()).toMatchObject({ jpyVolume: "0", tierLevel: 3 });
    expect(d.simulator.views.tierLevel()).toBe(3);
  });
});

describe("histories", () => {
  const FEE_MS = parseInstant("2025-07-01T21:00:00Z");
  test("leverage fees by business date, newest first, in pages", () => {
    const d = desk({ btc: (s) => s.flat(5_000), path: tempFile(), venue: { feeRowFields: "guessed" } });
    const ids = [d.position("0.01"), d.position("0.02")];
    d.simulator.advanceTo(epochMs(FEE_MS + DAY_MS));
    d.reopen();
    const page = (query: Record<string, string | number>) => d.get("/v1/account/exchangeFee/history", query).data;
    expect(page({ fromDate: "20250701" }).list).toEqual(
      ids.toReversed().map((positionId, i) => ({
        feeType: "LEVERAGE_FEE",
        symbol: "BTC_JPY",
        positionId,
        fee: i === 0 ? "80" : "40",
        deliveryDatetime: "2025-07-01T21:00:00.000Z",
      })),
    );
    const first = page({ fromDate: "20250701", toDate: "20250702", count: 3 });
    expect([first.list.length, first.cursor]).toEqual([3, "3"]);
    const second = page({ fromDate: "20250701", toDate: "20250702", count: 3, cursor: first.cursor });
    expect([second.list.length, second.cursor]).toEqual([1, undefined]);
    expect(page({ fromDate: "20250703" })).toEqual({});
  });
  test.each([
    [""],
    ["fromDate=2025-07-01"],
    ["fromDate=20250732"],
    ["fromDate=20250702&toDate=20250701"],
    ["fromDate=20250701&toDate=20250708"],
    ["fromDate=20250701&count=0"],
    ["fromDate=20250701&count=101"],
    ["fromDate=20250701&cursor=x"],
  ])("fees: %s is refused", (query) => {
    expect(desk().raw("GET", "/v1/account/exchangeFee/history", { query }).code).toBe("ERR-5106");
  });
  test.each(["fiatDeposit", "fiatWithdrawal", "deposit", "withdrawal"])(
    "%s is empty, its window 30 minutes",
    (name) => {
      const coin = name.startsWith("fiat") ? "" : "symbol=BTC&";
      const ask = (query: string) => desk().raw("GET", `/v1/account/${name}/history`, { query });
      const from = "fromTimestamp=2025-07-01T00:00:00.000Z";
      expect(ask(`${coin}${from}`)).toMatchObject({ status: 0, data: {} });
      expect(ask(`${coin}${from}&toTimestamp=2025-07-01T00:30:00.000Z`)).toMatchObject({ status: 0, data: {} });
      expect(ask(`${coin}${from}&toTimestamp=2025-07-01T00:30:00.001Z`).code).toBe("ERR-846");
      expect(ask(`${coin}${from}&toTimestamp=2025-06-30T00:00:00.000Z`).code).toBe("ERR-5106");
      expect(ask(`${coin}fromTimestamp=2025-07-01`).code).toBe("ERR-5106");
      expect(ask(coin).code).toBe("ERR-5106");
      if (coin !== "") expect(ask(from).code).toBe("ERR-5106");
    },
  );
  test("a transfer is refused: there is no other account", () => {
    const d = desk();
    expect(d.post("/v1/account/transfer", { amount: "1000", transferType: "DEPOSIT" }).code).toBe("ERR-5135");
    expect(d.post("/v1/account/transfer", { amount: 1000, transferType: "DEPOSIT" }).code).toBe("ERR-5106");
  });
  test("an order that has ended is forgotten after the retention, one that lives is not", () => {
    const d = desk({ venue: { orderRetentionMs: HOUR_MS } });
    const [ended, lives] = [d.order({ size: "0.001" }), d.order({ price: "9000000", size: "0.001" })];
    const known = () =>
      (d.get("/v1/orders", { orderId: `${ended},${lives}` }).data.list ?? []).map(
        (row: { orderId: number }) => row.orderId,
      );
    d.pass(3_599.999);
    expect(known()).toEqual([ended, lives]);
    d.pass(0.001);
    expect(known()).toEqual([lives]);
  });
});

describe("closed times", () => {
  const at = (minutes: number) => epochMs(START_MS + minutes * MINUTE_MS);
  const scripted = (): Desk =>
    desk({
      venue: {
        closures: [
          { kind: "emergency", fromMs: at(10), untilMs: at(20) },
          { kind: "preopen", fromMs: at(20), untilMs: at(30) },
        ],
      },
    });
  test("an emergency is ERR-5202 on everything but the status", () => {
    const d = scripted();
    d.simulator.advanceTo(at(10));
    expect(d.post("/v1/order", LIMIT)).toMatchObject({ httpStatus: 200, status: 5, code: "ERR-5202" });
    expect(d.get("/v1/ticker")).toMatchObject({ status: 5, code: "ERR-5202" });
    expect(d.get("/v1/status").data).toEqual({ status: "MAINTENANCE" });
    expect(d.simulator.views.socketUpgrade()).toBe("refused");
  });
  test("the status itself may be refused, too", () => {
    const d = desk({
      venue: { statusInMaintenance: "refusal", closures: [{ kind: "maintenance", fromMs: at(2), untilMs: at(3) }] },
    });
    expect(d.get("/v1/status")).toMatchObject({ status: 5, code: "ERR-5201" });
  });
  test("pre-open refuses orders, closes and changes; cancels and reads work", () => {
    const d = scripted();
    const id = d.order({ ...LIMIT });
    const positionId = d.position("0.001");
    d.simulator.advanceTo(at(20));
    expect(d.get("/v1/status").data).toEqual({ status: "PREOPEN" });
    const refused: [string, object][] = [
      ["order", LIMIT],
      ["changeOrder", { orderId: id, price: "9100000" }],
      ["closeOrder", { ...LIMIT, side: "SELL", settlePosition: [{ positionId, size: "0.001" }] }],
      ["closeBulkOrder", { ...LIMIT, side: "SELL" }],
      ["changeLosscutPrice", { positionId, losscutPrice: "9000000" }],
    ];
    for (const [path, body] of refused)
      expect(d.post(`/v1/${path}`, body), path).toMatchObject({ status: 1, code: "ERR-5203" });
    expect(d.active()).toHaveLength(1);
    expect(d.post("/v1/cancelBulkOrder", { symbols: ["BTC_JPY"] }).data).toEqual([id]);
    expect(d.simulator.views.socketUpgrade()).toBe("open");
  });
  test("a change that is due meanwhile waits until orders are matched again", () => {
    const closures = [{ kind: "maintenance" as const, fromMs: at(3), untilMs: at(5) }];
    const d = desk({ venue: { closures, changeAfterMs: 2 * MINUTE_MS } });
    const id = d.order({ ...LIMIT });
    d.post("/v1/changeOrder", { orderId: id, price: "9100000" });
    d.simulator.advanceTo(at(5));
    expect(d.shown(id)).toMatchObject({ status: "ORDERED", price: "9100000" });
  });
});

describe("options", () => {
  test.each([{ maxActiveOrders: -1 }, { cancelAfterMs: 0.5 }, { accountLosscutPercent: Number.NaN }])(
    "%o is refused, by name",
    (venue) => {
      expect(() => desk({ venue })).toThrow(expect.objectContaining({ code: "SIM_OPTION", verdict: "permanent" }));
      expect(() => desk({ venue })).toThrow(Object.keys(venue)[0]!);
    },
  );
  test("a closure that ends before it begins is refused", () => {
    const closures = [{ kind: "preopen" as const, fromMs: START_MS, untilMs: START_MS }];
    expect(() => desk({ venue: { closures } })).toThrow("ends after it begins");
  });
  test("the faithful ones open", () => {
    expect(desk({ venue: FAITHFUL_OPTIONS }).simulator.options).toMatchObject({
      cancelAfterMs: 20,
      maxActiveOrders: 200,
    });
  });
  test.each([
    ["ERR-5008", "ERR-5009"],
    ["ERR-5009", "ERR-5008"],
  ] as const)("a timestamp ahead of the server is %s, one behind it %s", (timestampAheadCode, behind) => {
    const d = desk({ venue: { timestampAheadCode } });
    const { apiKey } = d.simulator.credentials();
    const ask = (skewMs: number) =>
      d.simulator.handle({
        area: "private",
        method: "GET",
        path: "/v1/account/assets",
        headers: { "API-KEY": apiKey, "API-TIMESTAMP": String(d.nowMs + skewMs), "API-SIGN": "x" },
      }).body;
    expect(ask(5_001)).toContain(timestampAheadCode);
    expect(ask(-5_001)).toContain(behind);
  });
  test.each([
    ["limitFak", { limitFak: "accepted" }, { ...LIMIT, timeInForce: "FAK" }, "EXPIRED_FAK"],
    [
      "sokUnsupportedCode",
      { sokUnsupportedCode: "ERR-5106" },
      { ...LIMIT, symbol: "ETH_JPY", price: "499000", size: "0.01", timeInForce: "SOK" },
      "ERR-5106",
    ],
  ] as const)("%s", (_, venue, body, outcome) => {
    const d = desk({ venue });
    const answer = d.post("/v1/order", body);
    expect(answer.code ?? d.shown(Number(answer.data)).cancelType).toBe(outcome);
  });
  test("cancelBefore of a closing BUY can be refused", () => {
    const close = (cancelBeforeBuyClose: "accepted" | "refused") => {
      const d = desk({ venue: { cancelBeforeBuyClose } });
      const settlePosition = [{ positionId: d.position("0.01", "SELL"), size: "0.01" }];
      const body = { symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", settlePosition, cancelBefore: true };
      return d.post("/v1/closeOrder", body).code;
    };
    expect([close("accepted"), close("refused")]).toEqual([undefined, "ERR-5106"]);
  });
  test("a stop can watch the touch instead of the last price", () => {
    // Ask 10,100,000 when the last price is 10,099,495; bid half a basis point lower.
    const at = (stopTrigger: "last" | "touch") => {
      const d = desk({ btc: (s) => s.flat(1).spike(10_099_700).flat(1), venue: { stopTrigger } });
      const id = d.order({ executionType: "STOP", price: "10100000", size: "0.01" });
      d.pass(170);
      return d.shown(id).status;
    };
    expect([at("last"), at("touch")]).toEqual(["WAITING", "EXECUTED"]);
  });
  test("hedged margin can count the larger side alone", () => {
    const used = (hedgedMargin: "sum" | "larger") => {
      const d = desk({ venue: { hedgedMargin } });
      d.position("0.1");
      d.position("0.05", "SELL");
      return margin(d).margin;
    };
    expect([used("sum"), used("larger")]).toEqual(["750012.5", "500025"]);
  });
});
