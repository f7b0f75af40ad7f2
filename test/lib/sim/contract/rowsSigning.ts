// Statements about keys and signatures: section 2 of the reference, its worked example sent to the venue as it stands.
import { createHmac } from "node:crypto";
import { expect } from "vitest";
import { epochMs } from "../../../../lib/core/time.ts";
import { accepted, at, failureOf, type Row, row } from "./world.ts";

/** The worked example of 2.2, sent as it stands. */
const EXAMPLE = {
  credentials: { apiKey: "EXAMPLE_KEY", secret: "EXAMPLE_SECRET_0123456789abcdef" },
  authClock: () => epochMs(1_767_225_600_123),
};
const BODY_A = `{"symbol":"BTC","side":"BUY","executionType":"LIMIT","timeInForce":"SOK","price":"10000000","size":"0.001"}`;
const BODY_B = `{"symbol":"BTC_JPY","side":"SELL","executionType":"STOP","price":"9800000","settlePosition":[{"positionId":1234567,"size":"0.01"}]}`;
const VECTORS: readonly (readonly [
  method: string,
  path: string,
  query: string,
  body: string | undefined,
  sign: string,
])[] = [
  ["GET", "/v1/account/assets", "", undefined, "9ea60fd33b08a08d41d054061b4b22e6269c66a8727eae2df7ca5bc89680cbf3"],
  [
    "GET",
    "/v1/activeOrders",
    "symbol=BTC_JPY&page=1",
    undefined,
    "f6d01c6ca47f87de97d648300b916aa0804528cd512a57c015abc7cc1c2b60a0",
  ],
  ["POST", "/v1/order", "", BODY_A, "960e41198707ed69301b03ea2885b021196ae0b3cb05cff3e97ea65dd5f96935"],
  ["POST", "/v1/closeOrder", "", BODY_B, "247903a33993c63511b4dbaed09edafe7160eb2f1a9b395498c263127e959017"],
  ["POST", "/v1/ws-auth", "", "{}", "5e83eb8ea1c2b48d0fc83248649d067a703f4bea8581ed6960cfa37c65ac5898"],
  ["PUT", "/v1/ws-auth", "", `{"token":"x"}`, "e8a1b00344bc1d27c1857ee2b6fc9542342e004411408c111e1a6941f470f6e7"],
  ["DELETE", "/v1/ws-auth", "", `{"token":"x"}`, "f476272ce1c4400b0dc3db2235a623269334ad2dc769e58050ab29697468f108"],
];
const signatureRows = VECTORS.map(([method, path, query, body, sign]) =>
  row(
    "2.2",
    "DM",
    `${method} ${path}${query && " with a query"}: the signature of the worked example passes, any other is ERR-5010`,
    async (w) => {
      const send = async (signature: string): Promise<string | undefined> => {
        const headers = { "API-SIGN": signature };
        const timestamp = 1_767_225_600_123;
        return (await w.venue.send(method, path, { timestamp, query, headers, ...(body ? { body } : {}) })).code;
      };
      expect(await send(sign)).not.toBe("ERR-5010");
      expect(await send(sign.replace(/^./, (c) => (c === "0" ? "1" : "0")))).toBe("ERR-5010");
      // Ours is the same: our connector is let in by the same key at the same instant.
      const api = w.apiWith({ clock: { nowMs: EXAMPLE.authClock }, followVenueClock: false });
      await api.assets();
      expect(w.last.request.headers["API-SIGN"]).toBe(VECTORS[0]![4]);
    },
    EXAMPLE,
  ),
);

export const SIGNING_ROWS: readonly Row[] = [
  ...signatureRows,
  row("2", "DM", "a signed query, a path with /private and a signed PUT body are ERR-5010", async (w) => {
    const query = "symbol=BTC_JPY";
    expect((await w.venue.send("GET", "/v1/activeOrders", { query, signed: `?${query}` })).code).toBe("ERR-5010");
    const { secret } = w.venue.server.simulator.credentials();
    const timestamp = Date.now();
    const sign = createHmac("sha256", secret).update(`${timestamp}GET/private/v1/account/margin`).digest("hex");
    const headers = { "API-SIGN": sign };
    expect((await w.venue.send("GET", "/v1/account/margin", { timestamp, headers })).code).toBe("ERR-5010");
    const token = accepted(await w.api.issueToken());
    const body = JSON.stringify({ token });
    for (const method of ["PUT", "DELETE"]) {
      expect((await w.venue.send(method, "/v1/ws-auth", { body, signed: body })).code).toBe("ERR-5010");
      expect((await w.venue.send(method, "/v1/ws-auth", { body })).json.status).toBe(0);
    }
  }),
  row("2", "D", "POST signs exactly the bytes sent: another spacing of the same JSON is ERR-5010", async (w) => {
    const body = JSON.stringify({ orderId: 1 });
    expect((await w.venue.send("POST", "/v1/cancelOrder", { body, signed: `{ "orderId": 1 }` })).code).toBe("ERR-5010");
    expect((await w.venue.send("POST", "/v1/cancelOrder", { body })).code).toBe("ERR-151");
  }),
  row("2", "D", "POST ws-auth: {} signed, or no body and nothing signed", async (w) => {
    accepted(await w.api.issueToken());
    expect(w.last.request.body).toBe("{}");
    expect((await w.venue.send("POST", "/v1/ws-auth")).json.data).toMatch(/^[\w-]+$/);
  }),
  row(
    "2.3",
    "M",
    "a trade-only key: reads are ERR-5012, orders go",
    async (w) => {
      expect(await failureOf(w.api.margin())).toBe("ERR-5012");
      await w.order({ price: at(-10_000) });
    },
    { server: { denied: ["/v1/account/margin"] } },
  ),
];
