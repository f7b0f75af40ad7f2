// Statements about candles of long ago, margin calls, reasons to cancel, bulk and the quirks of section 14: what needs
// more than one request.
import { expect } from "vitest";
import { parseE8 } from "../../../../lib/core/money.ts";
import { HOUR_MS, parseInstant } from "../../../../lib/core/time.ts";
import type { Script } from "../../../sim/script.ts";
import { accepted, at, codeOf, coins, failureOf, orderOf, PRICE, type Row, row, type World } from "./world.ts";

const REST = { price: at(-10_000) } as const;
const FALLING = { btc: (s: Script) => s.to(PRICE - 60_000, 10).flat(60) };

/** A long of 0.06 that uses 300,000 of 320,000 yen; then 7 % down. */
const SHORT_OF_MARGIN = {
  equity: 320_000,
  btc: (s: Script) =>
    s
      .flat(30)
      .to(PRICE - 700_000, 10)
      .flat(3_000),
} as const;
const CALL_S = 21.5 * 3_600 - 120;
const cancelTypeOf = async (w: World, orderId: string): Promise<string | undefined> =>
  (await w.shown(orderId)).cancelType;

export const LIFE_ROWS: readonly Row[] = [
  row(
    "4.5",
    "M",
    "date D has 24 hours from 06:00 JST: a whole day of 1hour candles begins at 21:00Z and ends at 20:00Z",
    async (w) => {
      w.venue.advance(46 * 3_600);
      const hours = await w.api.klines("BTC_JPY", "1hour", "20250702");
      expect([hours.length, hours[0]!.openMs, hours.at(-1)!.openMs]).toEqual([
        24,
        parseInstant("2025-07-01T21:00:00Z"),
        parseInstant("2025-07-02T20:00:00Z"),
      ]);
    },
    { btc: (s) => s.flat(2_900) },
  ),
  row("4.5", "DM", "before 20210415, and in a year before the listing: ERR-5207", async (w) => {
    for (const [interval, date] of [
      ["1min", "20210414"],
      ["1hour", "20180905"],
      ["1day", "2017"],
      ["1week", "2017"],
      ["1month", "2017"],
    ] as const) {
      expect(await w.api.klines("BTC_JPY", interval, date)).toEqual([]);
      expect([w.last.reply.httpStatus, w.last.json.messages[0].message_code]).toEqual([404, "ERR-5207"]);
    }
  }),

  row("5.1", "D", "no fee for BTC_JPY, taking or making; spot makers get theirs back", async (w) => {
    const [taken] = await w.api.executions(await w.order({ size: coins("0.001") }));
    expect(taken!.fee).toBe(0n);
    const rows = new Map((await w.api.symbols()).map((rules) => [rules.symbol, rules]));
    expect(rows.get("BTC")!.makerFee).toBe(parseE8("-0.0001"));
  }),
  row(
    "5.1",
    "D",
    "margin call at 06:30 JST below 100 %: MARGIN_CALL, resting opening orders go; unmet, all is closed for 0.5 %",
    async (w) => {
      await w.order({ size: coins("0.06") });
      const resting = await w.order({ price: at(-4_000_000), size: coins("0.001") });
      w.venue.advance(CALL_S - 1);
      expect(await w.api.margin()).toMatchObject({ callStatus: "NORMAL" });
      w.venue.advance(1);
      expect(await w.api.margin()).toMatchObject({ callStatus: "MARGIN_CALL" });
      expect(Number(w.last.json.data.marginRatio)).toBeLessThan(100);
      expect(await cancelTypeOf(w, resting)).toBe("MARGIN_CALL");
      const [{ positionId, price }] = (await w.api.openPositions("BTC_JPY")) as [never];
      w.venue.advance(60);
      const target = accepted(
        await w.api.closeOrder({ ...orderOf({ side: "SELL", size: coins("0.01"), price: at(2_000_000) }), positionId }),
      );
      w.venue.advance(3_600);
      expect(await w.api.openPositions("BTC_JPY")).toEqual([]);
      expect(await cancelTypeOf(w, target)).toBe("MARGIN_CALL_LOSSCUT");
      const [cut] = await w.api.latestExecutions("BTC_JPY");
      const half = ((price as bigint) * coins("0.06") * 5n) / 100_000_000n / 1_000n;
      expect(cut!.settleType).toBe("LOSS_CUT");
      expect(cut!.fee >= half && cut!.fee < half + 100_000_000n).toBe(true);
    },
    { ...SHORT_OF_MARGIN, venue: { marginCallPercent: 100, marginCallGraceMs: HOUR_MS } },
  ),
  row(
    "5.1",
    "D",
    "the account's loss cut: positions and margin orders go, marginCallStatus is LOSSCUT",
    async (w) => {
      await w.order({ size: coins("0.06") });
      const resting = await w.order({ price: at(-4_000_000), size: coins("0.001") });
      w.venue.advance(45 * 60);
      expect(await w.api.openPositions("BTC_JPY")).toEqual([]);
      expect(await cancelTypeOf(w, resting)).toBe("ACCOUNT_LOSSCUT");
    },
    { ...SHORT_OF_MARGIN, venue: { accountLosscutPercent: 95 } },
  ),

  row("6.2", "D", "a resting spot SELL locks its coins", async (w) => {
    await w.order({ symbol: "BTC" });
    await w.order({ symbol: "BTC", side: "SELL", price: at(500_000), size: coins("0.004") });
    const btc = (await w.api.assets()).find(({ symbol }) => symbol === "BTC");
    expect(btc).toMatchObject({ amount: coins("0.01"), available: coins("0.006") });
  }),

  row("7.1", "D", 'price is "0" on the wire for a MARKET order, and none for us', async (w) => {
    expect((await w.shown(await w.order())).price).toBeUndefined();
    expect(w.last.json.data.list[0].price).toBe("0");
  }),
  row("7.3", "D", "EXPIRED_SELFTRADE: an order that would trade with our own", async (w) => {
    await w.order({ side: "SELL", price: at(200), size: coins("0.01") });
    const order = await w.shown(await w.order({ price: at(300) }));
    expect(order).toMatchObject({ status: "EXPIRED", cancelType: "EXPIRED_SELFTRADE", executedSize: 0n });
  }),
  row(
    "7.3",
    "D",
    "POSITION_LOSSCUT takes the close orders of the position; the event may call it CLOSED_ORDER",
    async (w) => {
      const { positionId, size } = await w.position();
      const { events, until } = await w.account(["orderEvents"]);
      const close = orderOf({ side: "SELL", size, price: at(1_000_000) });
      const id = accepted(await w.api.closeOrder({ ...close, positionId }));
      w.venue.advance(600);
      expect(await cancelTypeOf(w, id)).toBe("POSITION_LOSSCUT");
      const ended = () => events.find((event) => event.kind === "order" && event.status === "CANCELED");
      await until(() => ended() !== undefined);
      expect(ended()).toMatchObject({ orderId: id, cancelType: "CLOSED_ORDER" });
    },
    { btc: (s) => s.to(7_000_000, 5).flat(30), venue: { vanishedCloseEvent: "CLOSED_ORDER" } },
  ),
  row(
    "7.3",
    "D",
    "INSUFFICIENT_MARGIN: an order whose margin is gone when it should fill",
    async (w) => {
      await w.order({ side: "SELL", size: coins("0.1") });
      const id = await w.order({ price: at(-50_000), size: coins("0.1") });
      w.venue.advance(240);
      expect(await w.shown(id)).toMatchObject({ status: "CANCELED", cancelType: "INSUFFICIENT_MARGIN" });
    },
    {
      btc: (s) => s.flat(1).gap(16_000_000).flat(1).gap(9_900_000).flat(10),
      venue: { uncoveredOrders: "cancel", accountLosscutPercent: undefined },
    },
  ),
  row("7.3", "D", "SOK_TAKER and PRICE_LIMIT come with ORDERED: a change was refused, the order lives", async (w) => {
    const { events, until, stream } = await w.account(["orderEvents"]);
    // An order as old as the last repair may have ended since: events of it would prove nothing.
    w.venue.advance(10);
    const post = await w.order({ ...REST, timeInForce: "SOK" });
    const far = await w.order(REST);
    accepted(await w.api.changeOrder({ orderId: post, price: at(100_000) }));
    accepted(await w.api.changeOrder({ orderId: far, price: at(-PRICE / 2) }));
    await until(() => events.length === 4);
    expect(events.slice(2).map((e) => e.kind === "order" && [e.orderId, e.status, e.cancelType])).toEqual([
      [post, "ORDERED", "SOK_TAKER"],
      [far, "ORDERED", "PRICE_LIMIT"],
    ]);
    for (const id of [post, far]) {
      expect(await w.shown(id)).toMatchObject({ status: "ORDERED", price: REST.price });
      expect(stream.view.order(id)?.status).toBe("ORDERED");
    }
  }),
  row(
    "7.8",
    "D",
    "cancelBefore on a spot MARKET SELL: the oldest resting sales go until the size is there",
    async (w) => {
      await w.order({ symbol: "BTC" });
      const sale = (size: string, more = {}) =>
        orderOf({ symbol: "BTC", side: "SELL", price: at(500_000), size: coins(size), ...more });
      const [old, young] = [accepted(await w.api.order(sale("0.006"))), accepted(await w.api.order(sale("0.003")))];
      const market = { symbol: "BTC", side: "SELL", executionType: "MARKET", size: coins("0.005") } as const;
      expect(codeOf(await w.api.order(market))).toBe("ERR-208");
      const sold = accepted(await w.api.order({ ...market, cancelBefore: true }));
      expect([(await w.shown(old)).status, (await w.shown(young)).status, (await w.shown(sold)).status]).toEqual([
        "CANCELED",
        "ORDERED",
        "EXECUTED",
      ]);
    },
  ),
  row("7.8", "D", "cancelBefore on any other order is ERR-5106", async (w) => {
    expect(codeOf(await w.api.order({ ...orderOf(), cancelBefore: true }))).toBe("ERR-5106");
    expect(codeOf(await w.api.order({ ...orderOf({ symbol: "BTC" }), cancelBefore: true }))).toBe("ERR-5106");
  }),
  row("7.9", "D", "a change moves the trigger of a WAITING stop, and can set a losscutPrice", async (w) => {
    const stop = await w.order({ executionType: "STOP", price: at(50_000) });
    accepted(await w.api.changeOrder({ orderId: stop, price: at(60_000) }));
    expect(await w.shown(stop)).toMatchObject({ status: "WAITING", price: at(60_000) });
    const limit = await w.order(REST);
    accepted(await w.api.changeOrder({ orderId: limit, price: at(-20_000), losscutPrice: at(-1_000_000) }));
    expect(await w.shown(limit)).toMatchObject({ price: at(-20_000), losscutPrice: at(-1_000_000) });
  }),
  row(
    "7.12",
    "D",
    "cancelBulkOrder by symbol, side and settleType; spot orders match OPEN; nothing left is []",
    async (w) => {
      const { positionId, size } = await w.position();
      const open = await w.order({ ...REST, size: coins("0.001") });
      const spot = await w.order({ symbol: "BTC", price: at(-100_000), size: coins("0.001") });
      const close = accepted(
        await w.api.closeOrder({ ...orderOf({ side: "SELL", size, price: at(50_000) }), positionId }),
      );
      const bulk = async (more: object) =>
        accepted(await w.api.cancelBulkOrder({ symbols: ["BTC_JPY", "BTC"], ...more })).toSorted();
      expect(await bulk({ side: "SELL", settleType: "OPEN" })).toEqual([]);
      expect(await bulk({ settleType: "CLOSE" })).toEqual([close]);
      expect(await bulk({ settleType: "OPEN", side: "BUY" })).toEqual([open, spot].toSorted());
      expect(await bulk({})).toEqual([]);
      expect(w.last.json.data).toEqual([]);
    },
  ),
  row(
    "7.12",
    "D",
    "cancelBulkOrder and cancelOrders work during pre-open",
    async (w) => {
      const ids = [await w.order(REST), await w.order(REST)];
      w.venue.advance(60);
      expect(await w.api.status()).toBe("PREOPEN");
      expect(accepted(await w.api.cancelOrders([ids[0]!])).accepted).toEqual([ids[0]]);
      expect(accepted(await w.api.cancelBulkOrder({ symbols: ["BTC_JPY"] }))).toEqual([ids[1]]);
    },
    { faults: { closures: [{ kind: "preopen", fromMs: 60_000, untilMs: 120_000 }] } },
  ),

  row("8.3", "D", "settlePosition has exactly one entry", async (w) => {
    const { positionId, size } = await w.position();
    const entry = { positionId: Number(positionId), size: "0.001" };
    const close = { symbol: "BTC_JPY", side: "SELL", executionType: "MARKET" };
    for (const settlePosition of [[], [entry, entry]])
      expect((await w.venue.post("/v1/closeOrder", { ...close, settlePosition })).code).toBe("ERR-5106");
    accepted(await w.api.closeOrder({ ...orderOf({ side: "SELL", size }), positionId }));
  }),
  row("8.3", "D", "cancelBefore cannot free what a bulk close reserves: ERR-200, the bulk order stays", async (w) => {
    const { positionId, size } = await w.position();
    await w.position();
    const both = orderOf({ side: "SELL", size: coins("0.002"), price: at(50_000) });
    const bulk = accepted(await w.api.closeBulkOrder(both));
    const close = { ...orderOf({ side: "SELL", size }), positionId, cancelBefore: true };
    expect(codeOf(await w.api.closeOrder(close))).toBe("ERR-200");
    expect((await w.shown(bulk)).status).toBe("ORDERED");
    expect((await w.api.openPositions("BTC_JPY")).map(({ orderedSize }) => orderedSize)).toEqual([size, size]);
  }),
  row("8.3", "D", "cancelBefore with LIMIT or STOP is ERR-5106", async (w) => {
    const { positionId, size } = await w.position();
    const close = { ...orderOf({ side: "SELL", size, price: at(50_000) }), positionId, cancelBefore: true };
    expect(codeOf(await w.api.closeOrder(close))).toBe("ERR-5106");
  }),
  row(
    "8.4",
    "D",
    "a bulk close that rests settles several positions: several executions, each with its positionId",
    async (w) => {
      for (let i = 0; i < 3; i++) await w.position("SELL");
      const bulk = accepted(
        await w.api.closeBulkOrder(orderOf({ side: "BUY", size: coins("0.003"), price: at(-20_000) })),
      );
      w.venue.advance(600);
      const fills = await w.api.executions(bulk);
      expect(new Set(fills.map(({ positionId }) => positionId)).size).toBe(3);
      expect(await w.api.openPositions("BTC_JPY")).toEqual([]);
    },
    FALLING,
  ),

  row(
    "12",
    "D",
    "regular maintenance, then pre-open, then open: orders rest through it, cancels work from the pre-open on",
    async (w) => {
      const id = await w.order(REST);
      w.venue.advance(60);
      expect([await w.api.status(), codeOf(await w.api.cancelOrder(id))]).toEqual(["MAINTENANCE", "ERR-5201"]);
      w.venue.advance(60);
      expect([await w.api.status(), codeOf(await w.api.order(orderOf()))]).toEqual(["PREOPEN", "ERR-5203"]);
      expect(codeOf(await w.api.cancelOrder(id))).toBe("accepted");
      w.venue.advance(60);
      expect(await w.api.status()).toBe("OPEN");
      await w.order(REST);
    },
    {
      faults: {
        closures: [
          { kind: "maintenance", fromMs: 60_000, untilMs: 120_000 },
          { kind: "preopen", fromMs: 120_000, untilMs: 180_000 },
        ],
      },
    },
  ),

  row(
    "14.1",
    "M",
    "an error is never an empty list, whatever HTTP status it comes with",
    async (w) => {
      const { api } = w;
      await w.order();
      for (const read of [
        () => api.openPositions("BTC_JPY"),
        () => api.activeOrders("BTC_JPY"),
        () => api.latestExecutions("BTC_JPY"),
        () => api.positionSummary(),
        () => api.assets(),
      ])
        expect(await failureOf(read())).toBe("ERR-5010");
    },
    {
      faults: {
        rules: [{ match: { method: "GET" }, fault: { kind: "error", phase: "before", code: "ERR-5010" } }],
      },
    },
  ),
  row("14.7", "D", "a STOP is active as WAITING: no filter for ORDERED loses it", async (w) => {
    const stop = await w.order({ executionType: "STOP", price: at(50_000) });
    expect(await w.api.activeOrders("BTC_JPY")).toMatchObject([{ orderId: stop, status: "WAITING" }]);
  }),
  row(
    "14.22",
    "D",
    "the fee of 0.04 % is due for a position of the last minute before 06:00 JST",
    async (w) => {
      w.venue.advance(21 * 3_600 - 180);
      await w.position();
      const before = w.venue.server.simulator.account().cash;
      w.venue.advance(2 * 60);
      expect(before - w.venue.server.simulator.account().cash).toBe(400_000_000n);
    },
    { btc: (s) => s.flat(1_500) },
  ),
];
