// Every write: the very request that leaves, and what becomes of its answer (GMO API 7, 8, 10.3).
import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { coinE8, parseCoin, parseYen, yen } from "../../../../lib/core/money.ts";
import type { GmoApi } from "../../../../lib/io/gmo/api.ts";
import { TransportError } from "../../../../lib/io/gmo/transport.ts";
import { type Answer, body, CREDENTIALS, errorOf, okay, refusal, stub } from "./stub.ts";

const SIZE = parseCoin("0.00001"); // 1e-5 in a careless program
const bulk = { symbol: "BTC_JPY", side: "SELL", executionType: "MARKET", size: SIZE } as const;

describe("writes: the body to the byte", () => {
  test.each<[string, (api: GmoApi) => Promise<unknown>, string, string]>([
    [
      "order: the keys of GMO API 7.8",
      (api) =>
        api.order({
          symbol: "BTC_JPY",
          side: "BUY",
          executionType: "LIMIT",
          timeInForce: "SOK",
          price: parseYen("13500000.5"),
          losscutPrice: yen(12_800_000),
          size: SIZE,
        }),
      "POST /v1/order",
      '{"symbol":"BTC_JPY","side":"BUY","executionType":"LIMIT","timeInForce":"SOK","price":"13500000.5","losscutPrice":"12800000","size":"0.00001"}',
    ],
    [
      "order: cancelBefore",
      (api) => api.order({ symbol: "BTC", side: "SELL", executionType: "MARKET", size: SIZE, cancelBefore: true }),
      "POST /v1/order",
      '{"symbol":"BTC","side":"SELL","executionType":"MARKET","size":"0.00001","cancelBefore":true}',
    ],
    [
      "closeBulkOrder",
      (api) => api.closeBulkOrder({ ...bulk, executionType: "STOP", timeInForce: "FAK", price: yen(9_800_000) }),
      "POST /v1/closeBulkOrder",
      '{"symbol":"BTC_JPY","side":"SELL","executionType":"STOP","timeInForce":"FAK","price":"9800000","size":"0.00001"}',
    ],
    [
      "changeOrder",
      (api) => api.changeOrder({ orderId: "8819977864", price: yen(13_600_000) }),
      "POST /v1/changeOrder",
      '{"orderId":8819977864,"price":"13600000"}',
    ],
    [
      "changeOrder with a loss-cut price",
      (api) => api.changeOrder({ orderId: "8819977864", price: yen(13_600_000), losscutPrice: yen(12_000_000) }),
      "POST /v1/changeOrder",
      '{"orderId":8819977864,"price":"13600000","losscutPrice":"12000000"}',
    ],
    [
      "changeLosscutPrice is a POST",
      (api) => api.changeLosscutPrice({ positionId: "289850034", losscutPrice: yen(12_800_000) }),
      "POST /v1/changeLosscutPrice",
      '{"positionId":289850034,"losscutPrice":"12800000"}',
    ],
    [
      "cancelOrders",
      (api) => api.cancelOrders(["1", "8819977864", "9007199254740991"]),
      "POST /v1/cancelOrders",
      '{"orderIds":[1,8819977864,9007199254740991]}',
    ],
    [
      "cancelBulkOrder",
      (api) => api.cancelBulkOrder({ symbols: ["BTC_JPY", "ETH_JPY"], side: "BUY", settleType: "OPEN", desc: true }),
      "POST /v1/cancelBulkOrder",
      '{"symbols":["BTC_JPY","ETH_JPY"],"side":"BUY","settleType":"OPEN","desc":true}',
    ],
    [
      "cancelBulkOrder, the least of it",
      (api) => api.cancelBulkOrder({ symbols: ["BTC"] }),
      "POST /v1/cancelBulkOrder",
      '{"symbols":["BTC"]}',
    ],
    ["issueToken", (api) => api.issueToken(), "POST /v1/ws-auth", "{}"],
    ["extendToken", (api) => api.extendToken("a-token"), "PUT /v1/ws-auth", '{"token":"a-token"}'],
    ["deleteToken", (api) => api.deleteToken("a-token"), "DELETE /v1/ws-auth", '{"token":"a-token"}'],
  ])("%s", async (_name, call, what, sentBody) => {
    const world = stub([refusal("ERR-5106")]);
    expect(await call(world.api)).toMatchObject({ kind: "refused", code: "ERR-5106" });
    expect(world.sent).toHaveLength(1);
    const { area, method, path, query, body, headers } = world.sent[0]!;
    expect({ area, what: `${method} ${path}`, query, body }).toEqual({
      area: "private",
      what,
      query: undefined,
      body: sentBody,
    });
    // A POST signs what it sends; PUT and DELETE send a body they do not sign (GMO API 2).
    const text = `${headers["API-TIMESTAMP"]}${method}${path}${method === "POST" ? sentBody : ""}`;
    expect(headers["API-SIGN"]).toBe(createHmac("sha256", CREDENTIALS.secret).update(text).digest("hex"));
    expect(headers["Content-Type"]).toBe("application/json");
  });

  test.each<[string, (api: GmoApi) => Promise<unknown>, string]>([
    ["eleven ids", (api) => api.cancelOrders(Array.from({ length: 11 }, (_, i) => String(i + 1))), "VENUE_REQUEST"],
    ["no id", (api) => api.cancelOrders([]), "VENUE_REQUEST"],
    ["no symbol", (api) => api.cancelBulkOrder({ symbols: [] }), "VENUE_REQUEST"],
    ["no symbol to cancel all of", (api) => api.cancelAll({ symbols: [] }), "VENUE_REQUEST"],
    ["a size of zero", (api) => api.order({ ...bulk, size: coinE8(0n) }), "VENUE_REQUEST"],
    ["a negative size", (api) => api.closeBulkOrder({ ...bulk, size: coinE8(-1n) }), "VENUE_REQUEST"],
    ["a price of zero", (api) => api.changeOrder({ orderId: "1", price: yen(0) }), "VENUE_REQUEST"],
    ["2^53 as an order id", (api) => api.changeOrder({ orderId: "9007199254740992", price: yen(1) }), "VENUE_ID"],
    ["2^53 among ten", (api) => api.cancelOrders(["1", "9007199254740992"]), "VENUE_ID"],
    [
      "2^53 as a position",
      (api) => api.changeLosscutPrice({ positionId: "9007199254740993", losscutPrice: yen(1) }),
      "VENUE_ID",
    ],
  ])("%s: refused before anything is sent", async (_name, call, code) => {
    const world = stub([]);
    expect(await errorOf(call(world.api))).toMatchObject({ verdict: "permanent", code });
    expect(world.sent).toEqual([]);
  });

  const WRITES: readonly (readonly [string, (api: GmoApi) => Promise<{ kind: string }>])[] = [
    ["closeBulkOrder", (api) => api.closeBulkOrder(bulk)],
    ["changeOrder", (api) => api.changeOrder({ orderId: "1", price: yen(1) })],
    ["changeLosscutPrice", (api) => api.changeLosscutPrice({ positionId: "1", losscutPrice: yen(1) })],
    ["cancelOrders", (api) => api.cancelOrders(["1"])],
    ["cancelBulkOrder", (api) => api.cancelBulkOrder({ symbols: ["BTC"] })],
    ["issueToken", (api) => api.issueToken()],
    ["extendToken", (api) => api.extendToken("t")],
    ["deleteToken", (api) => api.deleteToken("t")],
  ];
  describe.each(WRITES)("%s is sent once", (_name, write) => {
    test.each<[string, Answer, string]>([
      ["a timeout", new TransportError("timeout", "timeout"), "unknown"],
      ["a reset", new TransportError("reset", "reset"), "unknown"],
      ["HTTP 500", body("", 500), "unknown"],
      ["HTML", body("<html></html>"), "unknown"],
      ["cut JSON", body('{"status":0,'), "unknown"],
      ["ERR-554", refusal("ERR-554"), "unknown"],
      ["a code nobody documented", refusal("ERR-9999"), "unknown"],
      ["ERR-5008", refusal("ERR-5008"), "refused"],
      ["ERR-5003", refusal("ERR-5003"), "refused"],
    ])("%s", async (_case, answer, kind) => {
      const world = stub([answer, okay("1"), okay("1")]);
      expect((await write(world.api)).kind).toBe(kind);
      expect(world.sent).toHaveLength(1);
    });
  });
});

describe("cancelling many", () => {
  test("cancelOrders: accepted, failed with the possible action, and those without a result", async () => {
    const world = stub([
      okay({
        success: [3, 4],
        failed: [
          { message_code: "ERR-5122", message_string: "state", orderId: 1 },
          { message_code: "ERR-151", message_string: "Service Unavailable", orderId: 2 },
        ],
      }),
    ]);
    expect(await world.api.cancelOrders(["1", "2", "3", "4", "5"])).toEqual({
      kind: "accepted",
      value: {
        accepted: ["3", "4"],
        failed: [
          { orderId: "1", code: "ERR-5122", text: "state", resend: "never" },
          { orderId: "2", code: "ERR-151", text: "Service Unavailable", resend: "unknown" },
        ],
        unmentioned: ["5"],
      },
    });
  });
  test.each([okay({}), okay(), okay([]), okay({ success: ["x"] })])(
    "an answer that names no order is unknown",
    async (answer) => {
      expect(await stub([answer]).api.cancelOrders(["1"])).toMatchObject({ kind: "unknown", code: "VENUE_REPLY" });
    },
  );
  test.each([
    ["[]", okay([])],
    ["no data", okay()],
    ["{}", okay({})],
  ])("cancelBulkOrder with nothing to cancel: %s", async (_name, answer) => {
    expect(await stub([answer]).api.cancelBulkOrder({ symbols: ["BTC"] })).toEqual({ kind: "accepted", value: [] });
  });
  test.each([okay(null), okay({ list: [] }), okay("8819977864"), okay([1.5])])(
    "another shape is unknown",
    async (answer) => {
      expect(await stub([answer]).api.cancelBulkOrder({ symbols: ["BTC"] })).toMatchObject({ kind: "unknown" });
    },
  );

  const ids = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  test("cancelAll asks until nothing is left", async () => {
    const world = stub([okay(ids(1, 10)), okay(ids(11, 10)), okay(ids(21, 3)), okay([])]);
    const result = await world.api.cancelAll({ symbols: ["BTC_JPY"], settleType: "OPEN" });
    expect(result).toEqual({ accepted: ids(1, 23).map(String), end: "complete" });
    expect(world.sent).toHaveLength(4);
    expect(new Set(world.sent.map((request) => request.body))).toEqual(
      new Set(['{"symbols":["BTC_JPY"],"settleType":"OPEN"}']),
    );
  });
  test("cancelAll ends when only orders come that are on their way out", async () => {
    const world = stub([okay([1, 2]), okay([2, 1]), okay([9])]);
    expect(await world.api.cancelAll({ symbols: ["BTC"] })).toEqual({ accepted: ["1", "2"], end: "complete" });
    expect(world.sent).toHaveLength(2);
  });
  test("cancelAll goes on after ten orders that are on their way out: they may hide others", async () => {
    const world = stub([okay(ids(1, 10)), okay(ids(1, 10)), okay([...ids(4, 7), 11, 12, 13]), okay([])]);
    expect(await world.api.cancelAll({ symbols: ["BTC"] })).toEqual({
      accepted: ids(1, 13).map(String),
      end: "complete",
    });
  });
  test.each<[string, Answer, object]>([
    ["refused", refusal("ERR-5012"), { kind: "refused", code: "ERR-5012" }],
    ["unknown", new TransportError("timeout", "timeout"), { kind: "unknown", code: "VENUE_TIMEOUT" }],
  ])("cancelAll stops at the first answer that is %s and says what was accepted", async (_name, answer, end) => {
    const world = stub([okay([1]), answer, okay([2])]);
    expect(await world.api.cancelAll({ symbols: ["BTC"] })).toMatchObject({ accepted: ["1"], end });
    expect(world.sent).toHaveLength(2);
  });
  test("cancelAll ends after a bounded number of requests", async () => {
    const world = stub(Array.from({ length: 101 }, (_, i) => okay([i + 1])));
    expect((await world.api.cancelAll({ symbols: ["BTC"] })).end).toBe("tooMany");
    expect(world.sent).toHaveLength(100);
  });
});

describe("access tokens", () => {
  const TOKEN = "short-token-42";
  test("issued, extended, deleted", async () => {
    const world = stub([okay(TOKEN), okay(), okay()]);
    expect(await world.api.issueToken()).toEqual({ kind: "accepted", value: TOKEN });
    expect(await world.api.extendToken(TOKEN)).toEqual({ kind: "accepted", value: undefined });
    expect(await world.api.deleteToken(TOKEN)).toEqual({ kind: "accepted", value: undefined });
    expect(world.logged()).not.toContain(TOKEN);
  });
  test.each<[string, Answer]>([
    ["in another shape", okay({ token: TOKEN })],
    ["in cut JSON", body(`{"status":0,"data":"${TOKEN}`)],
    ["in a failure without a code", body(`{"status":1,"data":"${TOKEN}"}`)],
  ])("an unreadable answer %s keeps no word of it", async (_name, answer) => {
    const world = stub([answer]);
    const result = await world.api.issueToken();
    expect(result.kind).toBe("unknown");
    expect(`${JSON.stringify(result)} ${world.logged()}`).not.toContain(TOKEN);
  });
});
