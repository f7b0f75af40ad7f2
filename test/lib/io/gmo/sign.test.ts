// GMO API 2: what is signed, and that the signed bytes are the sent bytes. Vectors of section 2.2.
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coinE8, formatE8, parseCoin, parseYen, yenE8 } from "../../../../lib/core/money.ts";
import { epochMs } from "../../../../lib/core/time.ts";
import { authHeaders, signedText } from "../../../../lib/io/gmo/sign.ts";
import { LONG } from "../../../long.ts";
import { AT_MS, CREDENTIALS, errorOf, okay, refusal, type Stub, stub } from "./stub.ts";

const BODY_A =
  '{"symbol":"BTC","side":"BUY","executionType":"LIMIT","timeInForce":"SOK","price":"10000000","size":"0.001"}';
const BODY_B =
  '{"symbol":"BTC_JPY","side":"SELL","executionType":"STOP","price":"9800000","settlePosition":[{"positionId":1234567,"size":"0.01"}]}';
const SIGN_A = "960e41198707ed69301b03ea2885b021196ae0b3cb05cff3e97ea65dd5f96935";
const SIGN_B = "247903a33993c63511b4dbaed09edafe7160eb2f1a9b395498c263127e959017";
const SIGN_ASSETS = "9ea60fd33b08a08d41d054061b4b22e6269c66a8727eae2df7ca5bc89680cbf3";
const SIGN_ACTIVE = "f6d01c6ca47f87de97d648300b916aa0804528cd512a57c015abc7cc1c2b60a0";

const onlyRequest = ({ sent }: Stub) => {
  expect(sent).toHaveLength(1);
  return sent[0]!;
};

describe("worked vectors", () => {
  test.each([
    ["GET", "/v1/account/assets", "", SIGN_ASSETS],
    ["GET", "/v1/activeOrders", "", SIGN_ACTIVE],
    ["POST", "/v1/order", BODY_A, SIGN_A],
    ["POST", "/v1/closeOrder", BODY_B, SIGN_B],
    ["POST", "/v1/ws-auth", "{}", "5e83eb8ea1c2b48d0fc83248649d067a703f4bea8581ed6960cfa37c65ac5898"],
    ["PUT", "/v1/ws-auth", '{"token":"t"}', "e8a1b00344bc1d27c1857ee2b6fc9542342e004411408c111e1a6941f470f6e7"],
    ["DELETE", "/v1/ws-auth", '{"token":"t"}', "f476272ce1c4400b0dc3db2235a623269334ad2dc769e58050ab29697468f108"],
  ] as const)("%s %s %s", (method, path, body, sign) => {
    expect(authHeaders(CREDENTIALS, AT_MS, method, path, body)).toEqual({
      "API-KEY": "EXAMPLE_KEY",
      "API-TIMESTAMP": "1767225600123",
      "API-SIGN": sign,
      ...(body === "" ? {} : { "Content-Type": "application/json" }),
    });
  });
  test("the independent one", () => {
    const headers = authHeaders({ apiKey: "any", secret: "hoge" }, epochMs(1721121776490), "GET", "/v1/account/assets");
    expect(headers["API-SIGN"]).toBe("daff080eff4acc3aca91b9cc2ba84c6c1f302a2c7625683c8d80345d988d724d");
  });
  test("only a POST's body is part of the text", () => {
    expect(signedText(AT_MS, "GET", "/v1/activeOrders", "")).toBe("1767225600123GET/v1/activeOrders");
    expect(signedText(AT_MS, "PUT", "/v1/ws-auth", '{"token":"t"}')).toBe("1767225600123PUT/v1/ws-auth");
    expect(signedText(AT_MS, "POST", "/v1/ws-auth", "{}")).toBe("1767225600123POST/v1/ws-auth{}");
  });
});

describe("through the connector", () => {
  test("a read without arguments", async () => {
    const world = stub([okay([])]);
    await world.venue.assets();
    const request = onlyRequest(world);
    expect(request).toMatchObject({ area: "private", method: "GET", path: "/v1/account/assets" });
    expect(request).not.toHaveProperty("body");
    expect(request).not.toHaveProperty("query");
    expect(request.headers["API-SIGN"]).toBe(SIGN_ASSETS);
  });
  test("the query travels beside the path and is not signed", async () => {
    const world = stub([okay({})]);
    await world.venue.activeOrders("BTC_JPY");
    const request = onlyRequest(world);
    expect(request.path).toBe("/v1/activeOrders");
    expect(request.query).toBe("symbol=BTC_JPY&page=1&count=100");
    expect(request.headers["API-SIGN"]).toBe(SIGN_ACTIVE);
  });
  test("order: body A, byte for byte", async () => {
    const world = stub([okay("8819977864")]);
    await world.venue.order({
      symbol: "BTC",
      side: "BUY",
      executionType: "LIMIT",
      timeInForce: "SOK",
      price: parseYen("10000000"),
      size: parseCoin("0.001"),
    });
    const request = onlyRequest(world);
    expect(request).toMatchObject({ area: "private", method: "POST", path: "/v1/order", body: BODY_A });
    expect(request.headers["API-SIGN"]).toBe(SIGN_A);
  });
  test("closeOrder: body B, byte for byte", async () => {
    const world = stub([okay("8819977865")]);
    await world.venue.closeOrder({
      symbol: "BTC_JPY",
      side: "SELL",
      executionType: "STOP",
      price: parseYen("9800000"),
      positionId: "1234567",
      size: parseCoin("0.01"),
    });
    const request = onlyRequest(world);
    expect(request).toMatchObject({ method: "POST", path: "/v1/closeOrder", body: BODY_B });
    expect(request.headers["API-SIGN"]).toBe(SIGN_B);
  });
  test("cancelOrder sends the id as a JSON number", async () => {
    const world = stub([okay()]);
    await world.venue.cancelOrder("8819977864");
    expect(onlyRequest(world)).toMatchObject({ path: "/v1/cancelOrder", body: '{"orderId":8819977864}' });
  });
  test("public calls carry no key, no signature, and need none", async () => {
    const world = stub([okay({ status: "OPEN" })], null);
    await world.venue.status();
    expect(onlyRequest(world)).toMatchObject({ area: "public", headers: {} });
  });
  test("a private call without credentials is a clear permanent error and sends nothing", async () => {
    const world = stub([], null);
    const order = { symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: coinE8(1n) } as const;
    for (const call of [world.venue.margin(), world.venue.order(order), world.venue.cancelOrder("1")])
      expect(await errorOf(call)).toMatchObject({ verdict: "permanent", code: "VENUE_NO_KEY" });
    expect(world.sent).toEqual([]);
  });
  test("the timestamp is taken after the wait for a turn, and anew for each try", async () => {
    const world = stub([refusal("ERR-5003"), okay([])]);
    await world.venue.assets();
    expect(world.sent.map(({ headers }) => headers["API-TIMESTAMP"])).toEqual(["1767225600123", "1767225602123"]);
    expect(world.sent[0]!.headers["API-SIGN"]).toBe(SIGN_ASSETS);
    expect(world.sent[1]!.headers["API-SIGN"]).not.toBe(SIGN_ASSETS);
  });
});

describe("whatever is ordered", () => {
  const request = fc.record({
    symbol: fc.constantFrom("BTC", "BTC_JPY", "ETH_JPY"),
    side: fc.constantFrom("BUY" as const, "SELL" as const),
    priceE8: fc.bigInt({ min: 1n, max: 10n ** 16n }),
    sizeE8: fc.bigInt({ min: 1n, max: 10n ** 12n }),
    positionId: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    closing: fc.boolean(),
  });
  test("the signature is the one of the sent bytes; decimals are exact and plain", async () => {
    await fc.assert(
      fc.asyncProperty(request, async ({ symbol, side, priceE8, sizeE8, positionId, closing }) => {
        const world = stub([okay("1")]);
        const price = yenE8(priceE8);
        const size = coinE8(sizeE8);
        await (closing
          ? world.venue.closeOrder({ symbol, side, executionType: "STOP", price, size, positionId: String(positionId) })
          : world.venue.order({ symbol, side, executionType: "LIMIT", price, size }));
        const { headers, body = "", path } = onlyRequest(world);
        const text = `${headers["API-TIMESTAMP"]}POST${path}${body}`;
        expect(headers["API-SIGN"]).toBe(createHmac("sha256", CREDENTIALS.secret).update(text).digest("hex"));
        const sent = JSON.parse(body) as { price: string; size?: string; settlePosition?: unknown };
        expect(sent.price).toBe(formatE8(priceE8));
        const wireSize = formatE8(sizeE8);
        expect(closing ? sent.settlePosition : sent.size).toEqual(
          closing ? [{ positionId, size: wireSize }] : wireSize,
        );
        expect(`${sent.price}${wireSize}`).toMatch(/^[\d.]+$/);
      }),
      { numRuns: LONG ? 20_000 : 100 },
    );
  });
  test.each(["", "abc", "1.5", "-1", "1e9", "99999999999999999"])(
    "an id that is no id is refused unsent: %j",
    async (id) => {
      const world = stub([]);
      const close = { symbol: "BTC_JPY", side: "SELL", executionType: "MARKET", size: coinE8(1n) } as const;
      for (const call of [world.venue.cancelOrder(id), world.venue.closeOrder({ ...close, positionId: id })])
        expect(await errorOf(call)).toMatchObject({ verdict: "permanent", code: "VENUE_ID" });
      expect(world.sent).toEqual([]);
    },
  );
});
