// Statements about orders and positions: sections 7, 8 and 11 of the reference.
import { expect } from "vitest";
import type { Script } from "../../../sim/script.ts";
import { accepted, at, codeOf, coins, orderOf, PRICE, type Row, row, type World } from "./world.ts";

const FALLING = { btc: (s: Script) => s.to(PRICE - 60_000, 10).flat(60) };
const REST = { price: at(-10_000) } as const;
const raw = (w: World, body: object) => w.venue.post("/v1/order", { symbol: "BTC_JPY", side: "BUY", ...body });

export const ORDER_ROWS: readonly Row[] = [
  row("7.1", "D", "an order: rootOrderId equals orderId, ids are numbers, sizes strings", async (w) => {
    const id = await w.order(REST);
    expect(await w.shown(id)).toMatchObject({ orderId: id, rootOrderId: id, orderType: "NORMAL", settleType: "OPEN" });
    expect(w.last.json.data.list[0]).toMatchObject({
      orderId: Number(id),
      size: "0.01",
      price: "9990000",
      losscutPrice: "0",
    });
  }),
  row(
    "7.1",
    "D",
    "cancelType only when CANCELLING, CANCELED or EXPIRED",
    async (w) => {
      const id = await w.order(REST);
      expect((await w.shown(id)).cancelType).toBeUndefined();
      await w.api.cancelOrder(id);
      expect(await w.shown(id)).toMatchObject({ status: "CANCELLING", cancelType: "USER" });
      w.venue.advance(0.02);
      expect(await w.shown(id)).toMatchObject({ status: "CANCELED", cancelType: "USER" });
    },
    { venue: { cancelAfterMs: 20 } },
  ),
  row(
    "7.2",
    "D",
    "a partial fill has no status of its own: ORDERED with executedSize above 0",
    async (w) => {
      const id = await w.order({ ...REST, size: coins("0.15") });
      w.venue.advance(100);
      const order = await w.shown(id);
      expect(order.status).toBe("ORDERED");
      expect(order.executedSize > 0n && order.executedSize < order.size).toBe(true);
    },
    { ...FALLING, volume: 0.05, venue: { partialFills: true } },
  ),
  row("7.4", "M", "unknown ids: status 0 and data {}", async (w) => {
    expect(await w.api.orders(["1", "2"])).toEqual([]);
    expect([w.last.json.status, w.last.json.data]).toEqual([0, {}]);
  }),
  row("7.4", "D", "at most 10 ids a call, comma separated; terminal orders are found, too", async (w) => {
    const ids = [];
    for (let i = 0; i < 12; i++) ids.push(await w.order({ ...REST, size: coins("0.001") }));
    await w.api.cancelOrder(ids[0]!);
    expect((await w.api.orders(ids)).map(({ orderId }) => orderId).toSorted()).toEqual(ids.toSorted());
    expect(w.wire.slice(-2).map(({ request }) => request.query!.split(",").length)).toEqual([10, 2]);
    expect((await w.venue.get("/v1/orders", `orderId=${ids.slice(0, 11).join(",")}`)).code).toBe("ERR-5106");
  }),
  row("7.5", "M", "no active orders: data {}", async (w) => {
    expect(await w.api.activeOrders("BTC_JPY")).toEqual([]);
    expect(w.last.json.data).toEqual({});
  }),
  row("7.5", "DM", "activeOrders, latestExecutions and openPositions require symbol", async (w) => {
    for (const path of ["/v1/activeOrders", "/v1/latestExecutions", "/v1/openPositions"])
      expect((await w.venue.get(path)).code).toBe("ERR-5106");
  }),
  row("7.5", "D", "pages of at most 100; the connector reads them all", async (w) => {
    for (let i = 0; i < 103; i++) await w.order({ ...REST, size: coins("0.001") });
    expect((await w.api.activeOrders("BTC_JPY")).length).toBe(103);
    expect((await w.venue.get("/v1/activeOrders", "symbol=BTC_JPY&count=101")).code).toBe("ERR-5106");
  }),
  row("7.6", "D", "executions take orderId or executionId: both is ERR-5208, bad values ERR-430", async (w) => {
    expect((await w.venue.get("/v1/executions", "orderId=1&executionId=1")).code).toBe("ERR-5208");
    expect((await w.venue.get("/v1/executions", "orderId=x")).code).toBe("ERR-430");
  }),
  row("7.6", "M", "executions of an unknown order: data {}", async (w) => {
    expect(await w.api.executions("1")).toEqual([]);
    expect(w.last.json.data).toEqual({});
  }),
  row("7.6", "D", "an execution by its id is the one of its order; lossGain is 0 on opens", async (w) => {
    const [execution] = await w.api.executions(await w.order({ size: coins("0.001") }));
    expect(await w.api.executionsById([execution!.executionId])).toEqual([execution]);
    expect([execution!.lossGain, execution!.settleType]).toEqual([0n, "OPEN"]);
  }),
  row(
    "7.7",
    "D",
    "latestExecutions: only the last day",
    async (w) => {
      await w.order({ size: coins("0.001") });
      expect((await w.api.latestExecutions("BTC_JPY")).length).toBe(1);
      w.venue.advance(86_400);
      expect(await w.api.latestExecutions("BTC_JPY")).toEqual([]);
    },
    { btc: (s) => s.flat(1_500) },
  ),

  row("7.8", "DM", "the order id comes back as a string, and is a number everywhere else", async (w) => {
    const id = await w.order(REST);
    expect(w.last.json.data).toBe(id);
    await w.api.activeOrders("BTC_JPY");
    expect(w.last.json.data.list[0].orderId).toBe(Number(id));
    expect(Number(id)).toBeGreaterThan(8_000_000_000);
  }),
  row("7.8", "D", "MARKET: FAK by default; price must be absent", async (w) => {
    expect((await w.shown(await w.order())).timeInForce).toBe("FAK");
    expect((await raw(w, { executionType: "MARKET", size: "0.01", price: "1" })).code).toBe("ERR-5106");
  }),
  row("7.8", "D", "LIMIT: FAS by default, rests at its price", async (w) => {
    expect(await w.shown(await w.order(REST))).toMatchObject({ timeInForce: "FAS", status: "ORDERED" });
  }),
  row(
    "7.8",
    "D",
    "MARKET takes what the book offers, the rest EXPIRED with EXPIRED_FAK",
    async (w) => {
      const order = await w.shown(await w.order({ size: coins("0.15") }));
      expect(order).toMatchObject({ status: "EXPIRED", cancelType: "EXPIRED_FAK" });
      expect(order.executedSize > 0n && order.executedSize < order.size).toBe(true);
    },
    { volume: 0.0001 },
  ),
  row("7.8", "D", "FOK: all at once or EXPIRED_FOK", async (w) => {
    const order = await w.shown(await w.order({ timeInForce: "FOK", price: at(-10_000) }));
    expect(order).toMatchObject({ status: "EXPIRED", cancelType: "EXPIRED_FOK", executedSize: 0n });
    expect((await w.shown(await w.order({ timeInForce: "FOK", price: at(50_000) }))).status).toBe("EXECUTED");
  }),
  row("7.8", "D", "SOK that would cross: accepted with an id, then EXPIRED with EXPIRED_SOK", async (w) => {
    const order = await w.shown(await w.order({ timeInForce: "SOK", price: at(50_000) }));
    expect(order).toMatchObject({ status: "EXPIRED", cancelType: "EXPIRED_SOK", executedSize: 0n });
    expect((await w.shown(await w.order({ timeInForce: "SOK", price: at(-50_000) }))).status).toBe("ORDERED");
  }),
  row("7.8", "D", "STOP waits as WAITING; one that is reached already is ERR-5129 and makes no order", async (w) => {
    const stop = await w.order({ executionType: "STOP", price: at(50_000) });
    expect(await w.shown(stop)).toMatchObject({ status: "WAITING", timeInForce: "FAK" });
    expect(codeOf(await w.api.order(orderOf({ executionType: "STOP", price: at(-50_000) })))).toBe("ERR-5129");
    expect((await w.api.activeOrders("BTC_JPY")).map(({ orderId }) => orderId)).toEqual([stop]);
  }),
  row(
    "7.8",
    "D",
    "a STOP triggers when the price gets there and takes",
    async (w) => {
      const stop = await w.order({ side: "SELL", executionType: "STOP", price: at(-20_000), size: coins("0.001") });
      w.venue.advance(600);
      expect((await w.shown(stop)).status).toBe("EXECUTED");
    },
    FALLING,
  ),
  row("7.8", "M", 'a price at half the market is ERR-5121 "Too low price."; 90 % of it is accepted', async (w) => {
    expect(codeOf(await w.api.order(orderOf({ price: at(-PRICE / 2) })))).toBe("ERR-5121");
    expect(w.last.json.messages[0].message_string).toBe("Too low price.");
    await w.order({ price: at(-PRICE / 10) });
  }),
  row("7.8", "M", "too many decimals: ERR-5114; outside minimum and maximum: ERR-5126", async (w) => {
    expect(codeOf(await w.api.order(orderOf({ size: coins("0.0105") })))).toBe("ERR-5114");
    expect((await raw(w, { executionType: "LIMIT", size: "0.01", price: "9990000.5" })).code).toBe("ERR-5114");
    expect((await raw(w, { executionType: "MARKET", size: "0.000" })).code).toMatch(/^ERR-5(126|106)$/);
    expect(codeOf(await w.api.order(orderOf({ size: coins("6") })))).toBe("ERR-5126");
  }),
  row("7.8", "M", "bad or missing values: ERR-5106 with the names of the fields", async (w) => {
    const reply = await w.venue.post("/v1/order", { side: "BUY", executionType: "MARKET" });
    expect([reply.code, reply.json.messages[0].message_string]).toEqual([
      "ERR-5106",
      "Invalid request parameter. symbol size",
    ]);
  }),
  row("7.8", "M", "exponents are refused", async (w) => {
    expect((await raw(w, { executionType: "MARKET", size: "1e-2" })).code).toMatch(/^ERR-51(06|14)$/);
  }),
  row("7.8", "D", "more than the available yen or margin: refused, not executed", async (w) => {
    expect(codeOf(await w.api.order(orderOf({ size: coins("1") })))).toBe("ERR-201");
    expect(codeOf(await w.api.order(orderOf({ symbol: "BTC", side: "SELL" })))).toMatch(/^ERR-20[18]$/);
  }),

  row(
    "7.9",
    "D",
    "changeOrder: no data; MODIFYING, then ORDERED at the new price with the same id",
    async (w) => {
      const id = await w.order(REST);
      expect(codeOf(await w.api.changeOrder({ orderId: id, price: at(-20_000) }))).toBe("accepted");
      expect(w.last.json).not.toHaveProperty("data");
      expect((await w.shown(id)).status).toBe("MODIFYING");
      w.venue.advance(0.02);
      expect(await w.shown(id)).toMatchObject({ status: "ORDERED", price: at(-20_000), size: coins("0.01") });
    },
    { venue: { changeAfterMs: 20 } },
  ),
  row(
    "7.9",
    "D",
    "changeOrder: ERR-5123 unknown id, ERR-5122 wrong state, ERR-5206 too many changes",
    async (w) => {
      const change = (orderId: string) => w.api.changeOrder({ orderId, price: at(-20_000) });
      expect(codeOf(await change("1"))).toBe("ERR-5123");
      expect(w.last.json.messages[0].message_string).toBe("The orderID not exist.");
      expect(codeOf(await change(await w.order()))).toBe("ERR-5122");
      const id = await w.order(REST);
      expect([codeOf(await change(id)), codeOf(await change(id)), codeOf(await change(id))]).toEqual([
        "accepted",
        "accepted",
        "ERR-5206",
      ]);
    },
    { venue: { maxChanges: 2 } },
  ),
  row("7.10", "D", "cancelOrder of an ended order: ERR-5122", async (w) => {
    const id = await w.order(REST);
    accepted(await w.api.cancelOrder(id));
    expect(codeOf(await w.api.cancelOrder(id))).toBe("ERR-5122");
    expect(w.last.json.messages[0].message_string).toBe(
      "The request is invalid due to the status of the specified order.",
    );
  }),
  row("7.10", "M", "cancelOrder of an unknown id: ERR-151, to be queried", async (w) => {
    expect(await w.api.cancelOrder("1")).toMatchObject({ kind: "unknown", code: "ERR-151" });
  }),
  row("7.11", "D", "cancelOrders: outer status 0; success are numbers, failed carry code and id", async (w) => {
    const id = await w.order(REST);
    const { accepted: done, failed } = accepted(await w.api.cancelOrders([id, "1"]));
    expect([done, failed.map((one) => [one.orderId, one.code])]).toEqual([[id], [["1", "ERR-151"]]]);
    expect(w.last.json.data.success).toEqual([Number(id)]);
    expect((await w.venue.post("/v1/cancelOrders", { orderIds: Array(11).fill(1) })).code).toBe("ERR-5106");
  }),
  row(
    "7.12",
    "D",
    "cancelBulkOrder: at most 10 a call, oldest first, desc the newest; a loop empties the book",
    async (w) => {
      const ids: string[] = [];
      for (let i = 0; i < 24; i++) ids.push(await w.order({ ...REST, size: coins("0.001") }));
      const first = accepted(await w.api.cancelBulkOrder({ symbols: ["BTC_JPY"] }));
      expect(first.toSorted()).toEqual(ids.slice(0, 10));
      const newest = accepted(await w.api.cancelBulkOrder({ symbols: ["BTC_JPY"], desc: true }));
      expect(newest.toSorted()).toEqual(ids.slice(14));
      expect(await w.api.cancelAll({ symbols: ["BTC_JPY"] })).toMatchObject({ end: "complete" });
      expect(await w.api.activeOrders("BTC_JPY")).toEqual([]);
    },
  ),

  row("8.1", "DM", "orderdSize: what resting close orders reserve; positions are data {} when flat", async (w) => {
    expect(await w.api.openPositions("BTC_JPY")).toEqual([]);
    expect(w.last.json.data).toEqual({});
    const { positionId, size } = await w.position();
    accepted(await w.api.closeOrder({ ...orderOf({ side: "SELL", size, price: at(50_000) }), positionId }));
    expect((await w.api.openPositions("BTC_JPY"))[0]).toMatchObject({ size, orderedSize: size });
    expect(w.last.json.data.list[0]).toHaveProperty("orderdSize", "0.001");
  }),
  row("8.2", "D", "positionSummary: one row per symbol and side, {} when flat", async (w) => {
    expect(await w.api.positionSummary()).toEqual([]);
    expect(w.last.json.data).toEqual({});
    await w.position();
    await w.position();
    await w.position("SELL");
    const rows = await w.api.positionSummary("BTC_JPY");
    expect(rows.map(({ side, size }) => [side, size]).toSorted()).toEqual([
      ["BUY", coins("0.002")],
      ["SELL", coins("0.001")],
    ]);
  }),
  row("8.3", "D", "closeOrder: ERR-254 unknown position, ERR-189 too large, ERR-70 wrong side", async (w) => {
    const { positionId, size } = await w.position();
    const close = async (more: object) =>
      codeOf(await w.api.closeOrder({ ...orderOf({ side: "SELL", size }), positionId, ...more }));
    expect(await close({ positionId: "1" })).toBe("ERR-254");
    expect(w.last.json.messages[0].message_string).toBe("Not found position");
    expect(await close({ size: coins("0.002") })).toBe("ERR-189");
    expect(await close({ side: "BUY" })).toBe("ERR-70");
    expect(await close({ executionType: "STOP", price: at(50_000) })).toBe("ERR-5129");
  }),
  row("8.3", "D", "cancelBefore with MARKET drops the resting stop and closes in one request", async (w) => {
    const { positionId, size } = await w.position();
    const close = orderOf({ side: "SELL", size });
    const stop = accepted(await w.api.closeOrder({ ...close, positionId, executionType: "STOP", price: at(-50_000) }));
    accepted(await w.api.closeOrder({ ...close, positionId, cancelBefore: true }));
    expect((await w.shown(stop)).status).toBe("CANCELED");
    expect(await w.api.openPositions("BTC_JPY")).toEqual([]);
  }),
  row("8.4", "D", "closeBulkOrder: one order over several positions; ERR-422 none, ERR-423 too large", async (w) => {
    const bulk = (size: string) => w.api.closeBulkOrder(orderOf({ side: "SELL", size: coins(size) }));
    expect(codeOf(await bulk("0.001"))).toBe("ERR-422");
    await w.position();
    await w.position();
    expect(codeOf(await bulk("0.003"))).toBe("ERR-423");
    const executions = await w.api.executions(accepted(await bulk("0.002")));
    expect(new Set(executions.map(({ positionId }) => positionId)).size).toBe(2);
  }),
  row("8.5", "D", "changeLosscutPrice: no data, the position has the new price", async (w) => {
    const { positionId } = await w.position();
    expect(codeOf(await w.api.changeLosscutPrice({ positionId, losscutPrice: at(-1_000_000) }))).toBe("accepted");
    expect(w.last.json).not.toHaveProperty("data");
    expect((await w.api.openPositions("BTC_JPY"))[0]!.losscutPrice).toBe(at(-1_000_000));
  }),
  row("8.6", "M", "stop-loss and take-profit of the full size cannot both rest: the second is ERR-200", async (w) => {
    const { positionId, size } = await w.position();
    const close = { ...orderOf({ side: "SELL", size }), positionId };
    accepted(await w.api.closeOrder({ ...close, executionType: "STOP", price: at(-50_000) }));
    expect(codeOf(await w.api.closeOrder({ ...close, executionType: "LIMIT", price: at(50_000) }))).toBe("ERR-200");
  }),
  row(
    "8.6",
    "M",
    "right after the fill the position is not visible to closeOrder yet",
    async (w) => {
      const { positionId, size } = await w.position();
      const close = { ...orderOf({ side: "SELL", size }), positionId };
      expect(codeOf(await w.api.closeOrder(close))).toMatch(/^ERR-(254|5106)$/);
      w.venue.advance(0.1);
      accepted(await w.api.closeOrder(close));
    },
    { venue: { positionVisibleAfterMs: 100 } },
  ),

  row("11", "M", "wire texts of ERR-5010, ERR-5008 and ERR-5207", async (w) => {
    const text = async (
      code: string,
      reply: Promise<{ readonly code: string | undefined; readonly json: unknown }>,
    ) => {
      const { code: found, json } = (await reply) as { code: string; json: { messages: [{ message_string: string }] } };
      expect(found).toBe(code);
      return json.messages[0].message_string;
    };
    expect(await text("ERR-5010", w.venue.send("GET", "/v1/account/margin", { signed: "x" }))).toBe(
      "Signature for this request is not valid.",
    );
    expect(
      await text("ERR-5008", w.venue.send("GET", "/v1/account/margin", { timestamp: Date.now() + 3_600_000 })),
    ).toBe("Timestamp for this request is too late.");
    expect(await text("ERR-5207", w.venue.public("/v1/ticker?symbol=ZZZ"))).toBe("Not found");
  }),
  row("11", "M", "an explicit rejection was not executed", async (w) => {
    expect(codeOf(await w.api.order(orderOf({ size: coins("1") })))).toBe("ERR-201");
    expect([(await w.api.activeOrders("BTC_JPY")).length, (await w.api.latestExecutions("BTC_JPY")).length]).toEqual([
      0, 0,
    ]);
  }),
];
