// What surrounds every request to the venue: keys, signatures, unknown paths, maintenance (GMO API 1, 2).
import { createHmac } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { epochMs, parseInstant } from "../../../../lib/core/time.ts";
import { Desk, type DeskOptions, read, START_MS } from "../desk.ts";

const desks: Desk[] = [];
const desk = (options?: DeskOptions): Desk => {
  const made = new Desk(options);
  desks.push(made);
  return made;
};
afterEach(() => {
  for (const made of desks.splice(0)) made.close();
});

const LIMIT = { symbol: "BTC_JPY", side: "BUY", executionType: "LIMIT", price: "9990000", size: "0.01" };

describe("the envelope", () => {
  const signed = (d: Desk, change: Readonly<Record<string, string | undefined>>, body = "") => {
    const { apiKey, secret } = d.simulator.credentials();
    const timestamp = change["API-TIMESTAMP"] ?? String(d.nowMs);
    const sign = createHmac("sha256", secret).update(`${timestamp}POST/v1/order${body}`).digest("hex");
    const headers = { "API-KEY": apiKey, "API-TIMESTAMP": timestamp, "API-SIGN": sign, ...change };
    const kept = Object.entries(headers).filter((row): row is [string, string] => row[1] !== undefined);
    return read(
      d.simulator.handle({
        area: "private",
        method: "POST",
        path: "/v1/order",
        body,
        headers: Object.fromEntries(kept),
      }),
    );
  };
  const START = START_MS + 120_000;
  test.each<[string, Readonly<Record<string, string | undefined>>, string]>([
    ["no key", { "API-KEY": undefined }, "ERR-5011"],
    ["another key", { "API-KEY": "somebody" }, "ERR-5012"],
    ["no timestamp", { "API-TIMESTAMP": "" }, "ERR-5007"],
    ["a timestamp in words", { "API-TIMESTAMP": "yesterday" }, "ERR-5007"],
    ["a timestamp 5,001 ms late", { "API-TIMESTAMP": String(START + 5_001) }, "ERR-5008"],
    ["a timestamp 5,001 ms early", { "API-TIMESTAMP": String(START - 5_001) }, "ERR-5009"],
    ["a wrong signature", { "API-SIGN": "00" }, "ERR-5010"],
    ["5,000 ms early, which is in the window", { "API-TIMESTAMP": String(START - 5_000) }, "ERR-5106"],
    ["5,000 ms late", { "API-TIMESTAMP": String(START + 5_000) }, "ERR-5106"],
  ])("%s", (_, change, code) => {
    expect(signed(desk(), change)).toMatchObject({ httpStatus: 200, status: 1, code });
  });
  test("the body is signed, the query is not", () => {
    const d = desk();
    const { apiKey, secret } = d.simulator.credentials();
    const sign = (text: string) => createHmac("sha256", secret).update(`${d.nowMs}${text}`).digest("hex");
    const send = (method: string, path: string, text: string, rest: { query?: string; body?: string }) =>
      read(
        d.simulator.handle({
          area: "private",
          method,
          path,
          ...rest,
          headers: { "api-key": apiKey, "api-timestamp": String(d.nowMs), "api-sign": sign(text) },
        }),
      );
    const query = "symbol=BTC_JPY";
    expect(send("GET", "/v1/activeOrders", "GET/v1/activeOrders", { query }).status).toBe(0);
    expect(send("GET", "/v1/activeOrders", `GET/v1/activeOrders?${query}`, { query }).code).toBe("ERR-5010");
    expect(send("POST", "/v1/order", "POST/v1/order", { body: "{}" }).code).toBe("ERR-5010");
    // PUT is signed without its body; the path itself does not exist here
    expect(send("PUT", "/v1/ws-auth", "PUT/v1/ws-auth", { body: "{}" }).code).toBe("ERR-5204");
  });
  test("a close order has no loss-cut price: ERR-5118, never silence", () => {
    const d = desk();
    const positionId = d.position("0.01");
    const close = {
      symbol: "BTC_JPY",
      side: "SELL",
      executionType: "LIMIT",
      price: "10100000",
      losscutPrice: "9000000",
    };
    const settlePosition = [{ positionId, size: "0.01" }];
    expect(d.post("/v1/closeOrder", { ...close, settlePosition }).code).toBe("ERR-5118");
    expect(d.post("/v1/closeBulkOrder", { ...close, size: "0.01" }).code).toBe("ERR-5118");
    expect(d.positions()[0].orderdSize).toBe("0");
  });
  test("an id asked for twice is answered once", () => {
    const d = desk();
    const id = d.order({ size: "0.01" });
    expect(d.get("/v1/orders", { orderId: `${id},${id}` }).data.list).toHaveLength(1);
  });
  test("unknown paths: 404 with ERR-5204 in private, ERR-5207 in public", () => {
    const d = desk();
    expect(d.get("/v1/nothing")).toMatchObject({ httpStatus: 404, status: 1, code: "ERR-5204" });
    // Whoever asks: a path that is not there asks for no key.
    const stranger = (method: string, path: string) =>
      read(d.simulator.handle({ area: "private", method, path, headers: {} }));
    expect(stranger("GET", "/v1/nothing")).toMatchObject({ httpStatus: 404, code: "ERR-5204" });
    expect(stranger("GET", "/v1/account/depositHistory")).toMatchObject({ httpStatus: 404, code: "ERR-5204" });
    expect(stranger("GET", "/v1/order")).toMatchObject({ httpStatus: 404, code: "ERR-5204" });
    expect(stranger("POST", "/v1/order")).toMatchObject({ httpStatus: 200, code: "ERR-5011" });
    for (const path of ["/v1/ticker", "/v1/orderbooks", "/v1/trades", "/v1/klines"])
      expect(d.get(path, { symbol: "ZZZ" })).toMatchObject({ httpStatus: 404, status: 2, code: "ERR-5207" });
  });
  test("a body that is no JSON is a bad parameter", () => {
    expect(desk().raw("POST", "/v1/order", { body: "{" }).code).toBe("ERR-5106");
  });

  test("the Saturday maintenance refuses, the pre-open takes cancels only, and nothing matches meanwhile", () => {
    const saturdayMs = parseInstant("2025-07-05T00:00:00Z");
    const openMs = parseInstant("2025-07-05T02:10:00Z");
    // Flat but for a spike within the maintenance.
    const d = desk({ btc: (s) => s.flat(5_798).spike(9_900_000).flat(300), venue: { maintenance: "saturday" } });
    const id = d.order({ price: "9990000", size: "0.01" });
    const stopped = d.order({ price: "9950000", size: "0.01", side: "SELL", executionType: "STOP" });
    d.simulator.advanceTo(epochMs(saturdayMs - 1));
    expect(d.get("/v1/status").data).toEqual({ status: "OPEN" });
    d.pass(0.001);
    expect(d.get("/v1/status").data).toEqual({ status: "MAINTENANCE" });
    expect(d.get("/v1/ticker")).toMatchObject({ httpStatus: 200, status: 5, code: "ERR-5201" });
    expect(d.post("/v1/cancelOrder", { orderId: id })).toMatchObject({ status: 5, code: "ERR-5201" });
    d.simulator.advanceTo(epochMs(openMs - 1));
    expect(d.get("/v1/status").data).toEqual({ status: "PREOPEN" });
    expect(d.post("/v1/order", LIMIT)).toMatchObject({ status: 1, code: "ERR-5203" });
    expect(d.active()).toHaveLength(2);
    expect(d.post("/v1/cancelOrder", { orderId: stopped }).status).toBe(0);
    d.pass(0.001);
    expect(d.get("/v1/status").data).toEqual({ status: "OPEN" });
    expect(d.active().map((row) => row.orderId)).toEqual([id]);
  });
});
