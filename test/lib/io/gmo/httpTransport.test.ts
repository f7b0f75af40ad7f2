// The network door against a real server on loopback: what arrives there, what comes back, how each failure is named.
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { coinE8 } from "../../../../lib/core/money.ts";
import { createGmoVenue } from "../../../../lib/io/gmo/gmoVenue.ts";
import {
  GMO_PRIVATE_URL,
  GMO_PUBLIC_URL,
  type HttpTransport,
  httpTransport,
} from "../../../../lib/io/gmo/httpTransport.ts";
import { authHeaders } from "../../../../lib/io/gmo/sign.ts";
import { TransportError, type TransportFailure, type TransportRequest } from "../../../../lib/io/gmo/transport.ts";
import { silentLogger } from "../../../../lib/io/logger.ts";
import { AT_MS, CREDENTIALS, FakeTimers } from "./stub.ts";

interface Arrived {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
let server: Server;
let baseUrl: string;
let connections = 0;
let arrived: Arrived[] = [];
let respond: (response: ServerResponse, request: Arrived) => void;
let transport: HttpTransport;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    const seen = { method, url, headers, body: Buffer.concat(chunks).toString("utf8") };
    arrived.push(seen);
    respond(response, seen);
  });
  server.on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => {
  connections = 0;
  arrived = [];
  respond = (response) => response.end('{"status":0}');
  transport = httpTransport({ publicUrl: `${baseUrl}/public`, privateUrl: `${baseUrl}/private` });
});
afterEach(async () => {
  server.closeAllConnections();
  await transport.close();
});

/** Long enough for a busy machine to deliver the request, short enough to wait for. */
const SHORT_MS = 300;
const read: TransportRequest = { area: "public", method: "GET", path: "/v1/status", headers: {}, timeoutMs: 5_000 };
const ORDER_BODY = '{"symbol":"BTC_JPY","side":"買"}'; // not ASCII: what is signed must still be what is sent
const write: TransportRequest = {
  area: "private",
  method: "POST",
  path: "/v1/order",
  body: ORDER_BODY,
  headers: authHeaders(CREDENTIALS, AT_MS, "POST", "/v1/order", ORDER_BODY),
  timeoutMs: 5_000,
};
const failureOf = async (call: Promise<unknown>): Promise<TransportFailure> => {
  const error = await call.catch((e: unknown) => e);
  if (error instanceof TransportError) return error.failure;
  throw new Error(`expected a TransportError, found ${String(error)}`);
};

describe("what arrives", () => {
  test("the live addresses are GMO Coin's", () => {
    expect(GMO_PUBLIC_URL).toBe("https://api.coin.z.com/public");
    expect(GMO_PRIVATE_URL).toBe("https://api.coin.z.com/private");
  });
  test("each area under its base URL, the query behind the path", async () => {
    await transport.send({ ...read, path: "/v1/ticker", query: "symbol=BTC_JPY" });
    await transport.send({ ...read, area: "private", path: "/v1/orders", query: "orderId=1,2,3" });
    await transport.send(read);
    expect(arrived.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /public/v1/ticker?symbol=BTC_JPY",
      "GET /private/v1/orders?orderId=1,2,3",
      "GET /public/v1/status",
    ]);
    expect(arrived.map(({ body }) => body)).toEqual(["", "", ""]);
  });
  test("a write: the signing headers and the very bytes", async () => {
    await transport.send(write);
    expect(arrived[0]).toMatchObject({ method: "POST", url: "/private/v1/order", body: ORDER_BODY });
    expect(arrived[0]?.headers).toMatchObject({
      "api-key": "EXAMPLE_KEY",
      "api-timestamp": "1767225600123",
      "api-sign": write.headers["API-SIGN"],
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(ORDER_BODY)),
      accept: "application/json",
    });
  });
  test("connections are kept and used again", async () => {
    for (let i = 0; i < 20; i++) await transport.send(i % 2 === 0 ? read : write);
    expect(arrived).toHaveLength(20);
    // The pool opens a second one when a request follows in the very tick the reply before it ended.
    expect(connections).toBeLessThanOrEqual(2);
  });
});

describe("what comes back", () => {
  test.each([
    [200, '{"status":0,"data":"日本"}'],
    [404, '{"status":2}'],
    [503, "<html>Service Unavailable</html>"],
    [200, ""],
  ])("HTTP %i is a reply, body as it is: %s", async (httpStatus, text) => {
    respond = (response) => response.writeHead(httpStatus).end(text);
    expect(await transport.send(read)).toEqual({ httpStatus, body: text });
  });
  test("gzip is unpacked, though it was not asked for", async () => {
    respond = (response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync('{"status":0}'));
    expect(await transport.send(read)).toEqual({ httpStatus: 200, body: '{"status":0}' });
    expect(arrived[0]?.headers).not.toHaveProperty("accept-encoding");
  });
  test("PUT and DELETE carry their bodies", async () => {
    for (const method of ["PUT", "DELETE"] as const)
      await transport.send({ ...write, method, path: "/v1/ws-auth", body: '{"token":"t"}' });
    expect(arrived.map(({ method, url, body }) => `${method} ${url} ${body}`)).toEqual([
      'PUT /private/v1/ws-auth {"token":"t"}',
      'DELETE /private/v1/ws-auth {"token":"t"}',
    ]);
  });
  test("a file of the archive comes as its bytes", async () => {
    const bytes = gzipSync("symbol,side,size,price,timestamp\n");
    respond = (response) => response.writeHead(200, { "content-type": "application/gzip" }).end(bytes);
    const own = httpTransport({ archiveUrl: `${baseUrl}/data/trades` });
    const file = await own.download({ path: "/BTC_JPY/2025/07/20250701_BTC_JPY.csv.gz", timeoutMs: 5_000 });
    expect(file.httpStatus).toBe(200);
    expect(Buffer.from(file.bytes).equals(bytes)).toBe(true);
    expect(arrived[0]?.url).toBe("/data/trades/BTC_JPY/2025/07/20250701_BTC_JPY.csv.gz");
    await own.close();
  });
  test("a redirect is a reply, not followed: a signed request goes nowhere else", async () => {
    respond = (response) => response.writeHead(307, { location: `${baseUrl}/elsewhere` }).end("moved");
    expect(await transport.send(write)).toEqual({ httpStatus: 307, body: "moved" });
    expect(arrived.map(({ url }) => url)).toEqual(["/private/v1/order"]);
  });
});

describe("no reply", () => {
  test.each([
    ["silence", () => {}],
    ["headers and half a body", (response: ServerResponse) => void response.writeHead(200).write('{"status":0,')],
  ])("timeout: %s", async (_name, silent) => {
    await transport.send(read); // the connection is there
    respond = silent;
    expect(await failureOf(transport.send({ ...write, timeoutMs: SHORT_MS }))).toBe("timeout");
    expect(arrived.map(({ method }) => method)).toEqual(["GET", "POST"]);
  });
  test.each([
    ["before the headers", (response: ServerResponse) => void response.destroy()],
    [
      "within the body",
      (response: ServerResponse) => {
        response.writeHead(200, { "content-length": "100" });
        response.write('{"status":0,', () => response.destroy());
      },
    ],
  ])("reset %s: the request is not sent a second time, neither read nor write", async (_name, cut) => {
    respond = cut;
    expect(await failureOf(transport.send(write))).toBe("reset");
    expect(await failureOf(transport.send(read))).toBe("reset");
    expect(arrived.map(({ method }) => method)).toEqual(["POST", "GET"]);
  });
  test("reset on a connection that was good before", async () => {
    await transport.send(read);
    respond = (response) => void response.destroy();
    expect(await failureOf(transport.send(write))).toBe("reset");
    respond = (response) => response.end("{}");
    expect(await transport.send(read)).toMatchObject({ httpStatus: 200 });
    expect(arrived.map(({ method }) => method)).toEqual(["GET", "POST", "GET"]);
  });
  test("no server listens", async () => {
    const free = createTcpServer();
    await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(free.address() as AddressInfo).port}`;
    await new Promise((resolve) => free.close(resolve));
    const nobody = httpTransport({ publicUrl: url });
    expect(await failureOf(nobody.send(read))).toBe("reset");
    await nobody.close();
  });
  test("a name that cannot exist (a label beyond 63 letters asks no server)", async () => {
    const nowhere = httpTransport({ publicUrl: `http://${"x".repeat(64)}.test` });
    expect(await failureOf(nowhere.send(read))).toBe("dns");
    await nowhere.close();
  });
  test("a body beyond 8 MB is given up, not collected", async () => {
    respond = (response) => response.end(Buffer.alloc(9_000_000, 32));
    expect(await failureOf(transport.send(read))).toBe("oversize");
    // The same in few bytes: a bomb is not unpacked beyond the limit.
    const bomb = gzipSync(Buffer.alloc(9_000_000, 32));
    respond = (response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
    expect(await failureOf(transport.send(read))).toBe("oversize");
  });
  test("cut gzip, and an encoding that was not requested", async () => {
    const whole = gzipSync('{"status":0}');
    respond = (response) => response.writeHead(200, { "content-encoding": "gzip" }).end(whole.subarray(0, 15));
    expect(await failureOf(transport.send(read))).toBe("other");
    respond = (response) => response.writeHead(200, { "content-encoding": "zstd" }).end(whole);
    expect(await failureOf(transport.send(read))).toBe("other");
  });
  test("abort within the body ends the read, and the listener is taken off the signal", async () => {
    const abort = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = abort.signal;
    abort.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(abort.signal, args);
    };
    abort.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(abort.signal, args);
    };
    for (let i = 0; i < 20; i++) await transport.send({ ...read, signal: abort.signal });
    expect(listeners).toBe(0);
    respond = (response) => void response.writeHead(200).write('{"status":0,', () => abort.abort());
    expect(await failureOf(transport.send({ ...read, signal: abort.signal }))).toBe("aborted");
    expect(listeners).toBe(0);
  });
  test("close does not wait for a body that is not read to its end", async () => {
    respond = (response) => response.end(Buffer.alloc(9_000_000, 32));
    const own = httpTransport({ publicUrl: `${baseUrl}/public` });
    expect(await failureOf(own.send(read))).toBe("oversize");
    await own.close();
  });
  test("abort: while waiting, and before anything is sent", async () => {
    const abort = new AbortController();
    respond = () => abort.abort();
    expect(await failureOf(transport.send({ ...write, signal: abort.signal }))).toBe("aborted");
    expect(arrived).toHaveLength(1);
    expect(await failureOf(transport.send({ ...write, signal: abort.signal }))).toBe("aborted");
    expect(arrived).toHaveLength(1);
  });
  test("the error says which call failed and holds no header", async () => {
    respond = (response) => void response.destroy();
    const error = (await transport.send(write).catch((e: unknown) => e)) as TransportError;
    expect(error.message).toMatch(/^POST \/v1\/order: reset: /);
    expect(`${error.stack} ${String(error.cause)}`).not.toMatch(/EXAMPLE_/);
  });
});

describe("the connector over the network", () => {
  const venueOf = (timeoutMs: number) =>
    createGmoVenue({
      transport,
      credentials: CREDENTIALS,
      clock: { nowMs: () => AT_MS },
      log: silentLogger(),
      timers: new FakeTimers(),
      timeoutMs,
    });
  const order = { symbol: "BTC_JPY", side: "BUY", executionType: "MARKET", size: coinE8(1_000_000n) } as const;
  const sink: readonly (readonly [string, (response: ServerResponse) => void, string, number])[] = [
    ["a reset after the request arrived", (response) => void response.destroy(), "VENUE_RESET", 5_000],
    ["silence", () => {}, "VENUE_TIMEOUT", SHORT_MS],
    ["503 HTML", (response) => void response.writeHead(503).end("<html></html>"), "VENUE_GARBLED", 5_000],
  ];
  test.each(sink)(
    "%s: a write arrives once and is unknown; a read arrives three times",
    async (_name, bad, code, timeoutMs) => {
      const venue = venueOf(timeoutMs);
      await transport.send(read); // the connection is there
      arrived = [];
      respond = bad;
      expect(await venue.order(order)).toMatchObject({ kind: "unknown", code });
      expect(arrived).toHaveLength(1);
      await expect(venue.margin()).rejects.toMatchObject({ verdict: "retry", code });
      expect(arrived).toHaveLength(4);
    },
  );
});
