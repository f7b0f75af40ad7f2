// The last look at a write before it leaves: what is read from its bytes, and what never leaves.
import { describe, expect, test } from "vitest";
import { parseCoin, yen } from "../../../../lib/core/money.ts";
import { type FencedWrite, fenced } from "../../../../lib/io/gmo/fence.ts";
import { RIGHT_PROBES } from "../../../../lib/io/gmo/rightProbes.ts";
import type { TransportRequest } from "../../../../lib/io/gmo/transport.ts";

const ORDER = {
  symbol: "BTC_JPY",
  side: "BUY",
  executionType: "LIMIT",
  timeInForce: "SOK",
  price: "9998000",
  losscutPrice: "9500000",
  size: "0.005",
};
const CLOSE = {
  symbol: "BTC_JPY",
  side: "SELL",
  executionType: "STOP",
  timeInForce: "FAK",
  price: "9950000",
  settlePosition: [{ positionId: 289, size: "0.002" }],
};
const sendWith = (request: { method?: TransportRequest["method"]; path: string; body?: string }, why?: string) => {
  const [sent, judged] = [[] as string[], [] as FencedWrite[]];
  const transport = fenced(
    {
      send: async ({ method, path }) => {
        sent.push(`${method} ${path}`);
        return { httpStatus: 200, body: "{}" };
      },
    },
    (write) => {
      judged.push(write);
      return why;
    },
  );
  const { method = "POST", path, body } = request;
  const done = transport.send({
    ...{ area: "private", method, path: path as `/v1/${string}`, headers: {}, timeoutMs: 1 },
    ...(body === undefined ? {} : { body }),
  });
  return { done, sent, judged };
};

describe("a write is judged by its own bytes", () => {
  test.each<[string, object, FencedWrite]>([
    [
      "/v1/order",
      ORDER,
      {
        ...{ kind: "order", symbol: "BTC_JPY", side: "BUY", executionType: "LIMIT" },
        ...{ price: yen(9_998_000), losscutPrice: yen(9_500_000), size: parseCoin("0.005") },
      },
    ],
    [
      "/v1/closeOrder",
      CLOSE,
      {
        ...{ kind: "closeOrder", symbol: "BTC_JPY", side: "SELL", executionType: "STOP" },
        ...{ price: yen(9_950_000), size: parseCoin("0.002"), positionId: "289" },
      },
    ],
    ["/v1/cancelOrder", { orderId: 88 }, { kind: "cancelOrder", orderId: "88" }],
  ])("%s", async (path, body, write) => {
    const { done, sent, judged } = sendWith({ path, body: JSON.stringify(body) });
    await done;
    expect(judged).toEqual([write]);
    expect(sent).toEqual([`POST ${path}`]);
  });
  test("held back: nothing is sent, and the reason is said", async () => {
    const { done, sent } = sendWith({ path: "/v1/order", body: JSON.stringify(ORDER) }, "no approval");
    await expect(done).rejects.toThrow("POST /v1/order was held back: no approval");
    expect(sent).toEqual([]);
  });
});

describe("what is not understood does not leave, whatever the judge says", () => {
  test.each<[string, TransportRequest["method"], string, string | undefined]>([
    ["another endpoint", "POST", "/v1/closeBulkOrder", JSON.stringify(CLOSE)],
    ["a bulk cancel", "POST", "/v1/cancelBulkOrder", '{"symbols":["BTC_JPY"]}'],
    ["a change in place", "POST", "/v1/changeOrder", '{"orderId":88,"price":"1"}'],
    ["a transfer", "POST", "/v1/account/transfer", '{"amount":"1","transferType":"DEPOSIT"}'],
    ["another method", "DELETE", "/v1/order", JSON.stringify(ORDER)],
    ["no body", "POST", "/v1/order", undefined],
    ["no JSON", "POST", "/v1/order", "{"],
    ["a field that we never send", "POST", "/v1/order", JSON.stringify({ ...ORDER, cancelBefore: true })],
    ["a size as a number", "POST", "/v1/order", JSON.stringify({ ...ORDER, size: 0.005 })],
    ["a size in exponents", "POST", "/v1/order", JSON.stringify({ ...ORDER, size: "5e-3" })],
    ["a negative size", "POST", "/v1/order", JSON.stringify({ ...ORDER, size: "-0.005" })],
    [
      "two positions at once",
      "POST",
      "/v1/closeOrder",
      JSON.stringify({
        ...CLOSE,
        settlePosition: [
          { positionId: 1, size: "1" },
          { positionId: 2, size: "1" },
        ],
      }),
    ],
    ["an order id as text", "POST", "/v1/cancelOrder", '{"orderId":"88"}'],
  ])("%s", async (_, method, path, body) => {
    const { done, sent, judged } = sendWith({ method, path, ...(body === undefined ? {} : { body }) });
    await expect(done).rejects.toThrow(/was held back/);
    expect([sent, judged]).toEqual([[], []]);
  });
});

test.each([
  ["GET", "/v1/account/margin"],
  ["POST", "/v1/ws-auth"],
  ["PUT", "/v1/ws-auth"],
  ["DELETE", "/v1/ws-auth"],
] as const)("%s %s trades nothing and leaves unjudged", async (method, path) => {
  const { done, sent, judged } = sendWith({ method, path, body: '{"token":"x"}' }, "no");
  await done;
  expect([sent, judged]).toEqual([[`${method} ${path}`], []]);
});

test("a probe of the key's rights leaves as it is, and not with a byte changed", async () => {
  const { path, body } = RIGHT_PROBES.order;
  const probe = sendWith({ path, body: JSON.stringify(body) }, "no");
  await probe.done;
  expect([probe.sent, probe.judged]).toEqual([["POST /v1/order"], []]);
  const changed = sendWith({ path, body: JSON.stringify({ ...body, symbol: "BTC_JPY" }) }, "no");
  await expect(changed.done).rejects.toThrow(/was held back: no/);
  expect(changed.sent).toEqual([]);
});
