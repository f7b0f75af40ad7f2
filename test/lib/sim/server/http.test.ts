// The venue over real HTTP, queried by an independent client: plain fetch, own signing, and curl with openssl where
// both exist.
import { execFileSync, spawn } from "node:child_process";
import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { type Reply, START_PRICE, type Stand, type StandOptions, stand } from "./stand.ts";

let open: Stand[] = [];
const started = async (options?: StandOptions): Promise<Stand> => {
  const made = await stand(options);
  open.push(made);
  return made;
};
afterEach(async () => {
  for (const made of open) await made.close();
  open = [];
});

describe("the envelope (GMO API 1)", () => {
  test("1.1 success has status 0, data and an ISO responsetime in venue time", async () => {
    const venue = await started();
    const reply = await venue.public("/v1/status");
    expect(reply.http).toBe(200);
    expect(reply.json).toEqual({ status: 0, data: { status: "OPEN" }, responsetime: "2025-07-01T00:02:00.000Z" });
    expect(reply.headers.get("content-type")).toMatch(/^application\/json/);
  });
  test("1.1 success without payload has no data key", async () => {
    const venue = await started();
    const id = await venue.order({ price: String(START_PRICE - 1_000), size: "0.01" });
    const reply = await venue.post("/v1/cancelOrder", { orderId: id });
    expect(Object.keys(reply.json)).toEqual(["status", "responsetime"]);
  });
  test("1.3 business errors come with HTTP 200 and no data key", async () => {
    const venue = await started();
    const reply = await venue.post("/v1/order", { symbol: "ZZZ", side: "BUY", executionType: "MARKET", size: "1" });
    expect([reply.http, reply.json.status, reply.code, "data" in reply.json]).toEqual([200, 1, "ERR-5106", false]);
  });
  test.each([
    ["/private/v1/nothing", "GET", "ERR-5204"],
    ["/private/v2/account/margin", "GET", "ERR-5204"],
    ["/private", "GET", "ERR-5204"],
    ["/", "GET", "ERR-5204"],
    ["/v1/account/margin", "GET", "ERR-5204"],
    ["/public/v1/nothing", "GET", "ERR-5207"],
    ["/public/v2/status", "GET", "ERR-5207"],
    ["/public/v1/ticker?symbol=ZZZ", "GET", "ERR-5207"],
    ["/public/v1/status", "POST", "ERR-5207"],
    ["/public/v1/status", "OPTIONS", "ERR-5207"],
  ])("1.3 %s (%s) is HTTP 404 with %s", async (path, method, code) => {
    const venue = await started();
    const root = venue.server.addresses.restPublic.replace("/public", "");
    const { apiKey, secret } = venue.server.simulator.credentials();
    const reply: Reply = path.startsWith("/private/v1/")
      ? await venue.send(method, path.replace("/private", ""))
      : await venue.fetch(`${root}${path}`, { method, headers: { apiKey, secret } });
    expect([reply.http, reply.code]).toEqual([404, code]);
  });
  test("HEAD answers without a body and the connection lives on", async () => {
    const venue = await started();
    const reply = await venue.fetch(`${venue.server.addresses.restPublic}/v1/status`, { method: "HEAD" });
    expect([reply.http, reply.text]).toEqual([404, ""]);
    expect((await venue.public("/v1/status")).http).toBe(200);
  });
  test("an offer of another protocol is declined and the request answered, also with a body", async () => {
    const venue = await started();
    const offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    const asked = [
      `GET /public/v1/status HTTP/1.1\r\nHost: x\r\n${offer}\r\n`,
      `POST /private/v1/order HTTP/1.1\r\nHost: x\r\n${offer}Content-Length: 2\r\n\r\n{}`,
      "GET /public/v1/symbols HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ];
    // Both offers and a plain request, one after the other on one connection.
    const socket = connect(venue.server.port, "127.0.0.1");
    let heard = "";
    const answers = (): number => heard.split("HTTP/1.1 200 OK").length - 1;
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
      const next = asked[answers()];
      if (next !== undefined && heard.endsWith("}")) socket.write(next);
    });
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.write(asked[0]!);
    await closed;
    expect(answers()).toBe(3);
    expect(heard).toContain(`"data":{"status":"OPEN"}`);
    expect(heard).toContain("ERR-5011");
    expect(heard).toContain("minOrderSize");
  });
  test("two requests go over one connection", async () => {
    const venue = await started();
    const socket = connect(venue.server.port, "127.0.0.1");
    let text = "";
    const twice = new Promise<void>((resolve) =>
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (text.split("HTTP/1.1 200 OK").length === 3) resolve();
      }),
    );
    socket.write("GET /public/v1/status HTTP/1.1\r\nHost: x\r\n\r\nGET /public/v1/symbols HTTP/1.1\r\nHost: x\r\n\r\n");
    await twice;
    expect(text).toMatch(/connection: keep-alive/i);
    socket.destroy();
  });
});

describe("signing (GMO API 2)", () => {
  test("a signed GET with a query passes; the query is not signed", async () => {
    const venue = await started();
    expect((await venue.get("/v1/activeOrders", "symbol=BTC_JPY&page=1")).json).toMatchObject({ status: 0, data: {} });
  });
  test("a signed query is ERR-5010", async () => {
    const venue = await started();
    const reply = await venue.send("GET", "/v1/activeOrders", { query: "symbol=BTC_JPY", signed: "?symbol=BTC_JPY" });
    expect([reply.http, reply.json.status, reply.code]).toEqual([200, 1, "ERR-5010"]);
    expect(reply.json.messages[0].message_string).toBe("Signature for this request is not valid.");
  });
  test("a POST must sign exactly the bytes it sends", async () => {
    const venue = await started();
    const body = `{"orderId": 1}`;
    expect((await venue.send("POST", "/v1/cancelOrder", { body, signed: `{"orderId":1}` })).code).toBe("ERR-5010");
    expect((await venue.send("POST", "/v1/cancelOrder", { body })).code).toBe("ERR-151");
  });
  test("POST ws-auth takes {} signed, and no body with nothing signed", async () => {
    const venue = await started();
    for (const options of [{ body: "{}" }, {}]) {
      const reply = await venue.send("POST", "/v1/ws-auth", options);
      expect(reply.json).toMatchObject({ status: 0, data: expect.stringMatching(/^[\w-]{16,}$/) });
    }
  });
  test.each(["PUT", "DELETE"])(
    "%s ws-auth sends its body and does not sign it; a signed one is ERR-5010",
    async (method) => {
      const venue = await started();
      const body = JSON.stringify({ token: await venue.token() });
      expect((await venue.send(method, "/v1/ws-auth", { body, signed: body })).code).toBe("ERR-5010");
      const reply = await venue.send(method, "/v1/ws-auth", { body });
      expect([reply.http, Object.keys(reply.json)]).toEqual([200, ["status", "responsetime"]]);
    },
  );
  test.each([
    ["ERR-5011 without a key", { "API-KEY": undefined }, "ERR-5011"],
    ["ERR-5012 with another key", { "API-KEY": "other" }, "ERR-5012"],
    ["ERR-5007 without a timestamp", { "API-TIMESTAMP": undefined }, "ERR-5007"],
    ["ERR-5007 with a timestamp that is none", { "API-TIMESTAMP": "now" }, "ERR-5007"],
  ])("%s", async (_, headers, code) => {
    const venue = await started();
    const { apiKey, secret } = venue.server.simulator.credentials();
    const full = { "API-KEY": apiKey, "API-TIMESTAMP": String(Date.now()), "API-SIGN": secret, ...headers };
    const sent = Object.fromEntries(Object.entries(full).filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >;
    const reply = await venue.fetch(`${venue.server.addresses.restPrivate}/v1/account/margin`, { headers: sent });
    expect([reply.http, reply.code]).toEqual([200, code]);
  });
  test("the timestamp is judged by the wall clock, not by venue time", async () => {
    const venue = await started();
    const at = (timestamp: number) => venue.send("GET", "/v1/account/margin", { timestamp });
    expect((await at(Date.now())).json.status).toBe(0);
    expect((await at(venue.server.simulator.nowMs())).code).toBe("ERR-5009");
    expect((await at(Date.now() + 60_000)).code).toBe("ERR-5008");
  });
  test("a right the key does not have is ERR-5012, after a good signature", async () => {
    const venue = await started({ server: { denied: ["/v1/closeOrder"] } });
    expect((await venue.post("/v1/closeOrder", {})).code).toBe("ERR-5012");
    expect((await venue.send("POST", "/v1/closeOrder", { body: "{}", signed: "" })).code).toBe("ERR-5010");
    await venue.order({ size: "0.01" });
  });
});

describe("bodies", () => {
  test.each(["", "no json", "[]", "null", `"text"`, "{"])("%j is an invalid parameter, not a failure", async (body) => {
    const venue = await started();
    const reply = await venue.send("POST", "/v1/order", { body });
    expect([reply.http, reply.code]).toEqual([200, "ERR-5106"]);
  });
  test.each(["no json", "null", "{}", `{"token":1}`, `{"token":"unknown"}`])("PUT ws-auth with %j", async (body) => {
    const venue = await started();
    expect((await venue.send("PUT", "/v1/ws-auth", { body })).code).toBe("ERR-5106");
  });
  test("a body beyond the limit is HTTP 413", async () => {
    const venue = await started({ server: { maxBodyBytes: 100 } });
    expect((await venue.send("POST", "/v1/order", { body: "x".repeat(101) })).http).toBe(413);
    expect((await venue.send("POST", "/v1/order", { body: "x".repeat(100) })).http).toBe(200);
  });
});

describe("rate limits (GMO API 3)", () => {
  test("an account has 20 GETs and 20 POSTs a second, apart; beyond is ERR-5003 status 4 HTTP 200", async () => {
    const venue = await started({ server: { privateLimit: "tier" } });
    for (let i = 0; i < 20; i++) expect((await venue.get("/v1/account/margin")).json.status).toBe(0);
    const refused = await venue.get("/v1/account/margin");
    expect([refused.http, refused.json.status, refused.code]).toEqual([200, 4, "ERR-5003"]);
    expect(refused.json.messages[0].message_string).toBe("Requests are too many.");
    // PUT and DELETE count as POST.
    const body = JSON.stringify({ token: await venue.token() });
    for (let i = 0; i < 19; i++) expect((await venue.send("PUT", "/v1/ws-auth", { body })).code).toBeUndefined();
    expect((await venue.post("/v1/cancelOrder", { orderId: 1 })).code).toBe("ERR-5003");
    venue.wall.advance(50);
    expect((await venue.get("/v1/account/margin")).json.status).toBe(0);
    expect((await venue.get("/v1/account/margin")).code).toBe("ERR-5003");
    venue.wall.advance(60_000);
    for (let i = 0; i < 20; i++) expect((await venue.get("/v1/account/margin")).json.status).toBe(0);
    expect((await venue.get("/v1/account/margin")).code).toBe("ERR-5003");
  });
  test("requests without the account's key do not use up its budget", async () => {
    const venue = await started({ server: { privateLimit: "tier" } });
    for (let i = 0; i < 30; i++)
      expect((await venue.fetch(`${venue.server.addresses.restPrivate}/v1/account/margin`)).code).toBe("ERR-5011");
    expect((await venue.get("/v1/account/margin")).json.status).toBe(0);
  });
  test("the public half refuses after about 5 a second", async () => {
    const venue = await started({ server: { publicPerSecond: 5 } });
    const codes = [];
    for (let i = 0; i < 7; i++) codes.push((await venue.public("/v1/status")).code);
    expect(codes).toEqual([undefined, undefined, undefined, undefined, undefined, "ERR-5003", "ERR-5003"]);
    venue.wall.advance(1_000);
    expect((await venue.public("/v1/status")).json.status).toBe(0);
  });
  test("the public cache gives the same reply for a second of venue time; the query is part of the address", async () => {
    const venue = await started({
      server: { publicCacheMs: 1_000 },
      btc: (s) => s.to(START_PRICE + 60_000, 10).flat(5),
    });
    const first = await venue.public("/v1/ticker?symbol=BTC_JPY");
    venue.advance(0.999);
    expect((await venue.public("/v1/ticker?symbol=BTC_JPY")).text).toBe(first.text);
    expect((await venue.public("/v1/ticker?symbol=BTC_JPY&x=1")).text).not.toBe(first.text);
    venue.advance(0.001);
    expect((await venue.public("/v1/ticker?symbol=BTC_JPY")).text).not.toBe(first.text);
  });
});

describe("the trade archive (GMO API 13)", () => {
  const DAYS = (s: Parameters<NonNullable<StandOptions["btc"]>>[0]) =>
    s
      .to(START_PRICE + 60_000, 60)
      .to(START_PRICE, 60)
      .flat(1_500);
  const path = (date: string, symbol = "BTC_JPY") =>
    `/data/trades/${symbol}/2025/${date.slice(4, 6)}/${date}_${symbol}.csv.gz`;
  const file = async (venue: Stand, address: string): Promise<{ readonly http: number; readonly text: string }> => {
    const response = await fetch(`${venue.server.addresses.restPublic.replace("/public", "")}${address}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    return {
      http: response.status,
      text: response.status === 200 && address.endsWith(".gz") ? gunzipSync(bytes).toString() : bytes.toString(),
    };
  };
  test("403 for the running day, 404 for a missing one, the file once the day is over", async () => {
    const venue = await started({ btc: DAYS });
    expect((await file(venue, path("20250701"))).http).toBe(403);
    expect((await file(venue, path("20250630"))).http).toBe(404);
    expect((await file(venue, path("20250702"))).http).toBe(404);
    venue.advance(21 * 3_600);
    const { http, text } = await file(venue, path("20250701"));
    expect(http).toBe(200);
    const lines = text.split("\n");
    expect(lines[0]).toBe("symbol,side,size,price,timestamp");
    expect(lines[1]).toMatch(/^BTC_JPY,(BUY|SELL),[\d.]+,10000000\.000,2025-07-01 00:00:00\.000$/);
    expect(lines.at(-1)).toBe("");
    const rows = lines.slice(1, -1).map((line) => line.split(","));
    expect(rows.map((row) => row[4])).toEqual(rows.map((row) => row[4]).toSorted());
    // First and last price are the daily candle's.
    const daily = (await venue.public("/v1/klines?symbol=BTC_JPY&interval=1day&date=2025")).json.data[0];
    expect([Number(rows[0]![3]), Number(rows.at(-1)![3])]).toEqual([Number(daily.open), Number(daily.close)]);
  });
  test("one row per match, with the side as TAKER_ONLY reports it", async () => {
    const venue = await started({ btc: DAYS });
    const ear = await venue.publicEar();
    ear.subscribe("trades", { symbol: "BTC_JPY", option: "TAKER_ONLY" });
    await ear.settled();
    venue.advance(600);
    // The later events of the day have no listener.
    ear.send({ command: "unsubscribe", channel: "trades", symbol: "BTC_JPY" });
    await ear.settled();
    venue.advance(21 * 3_600);
    const told = (await ear.heard(40, "trades")).slice(0, 40);
    const { text } = await file(venue, path("20250701"));
    const rows = new Set(text.split("\n").map((line) => line.split(",").slice(1).join(",")));
    for (const { side, size, price, timestamp } of told)
      expect(rows).toContain(`${side},${size},${price}.000,${timestamp.replace("T", " ").replace("Z", "")}`);
  });
  test.each([
    ["/data/trades/", "BTC_JPY"],
    ["/data/trades/BTC_JPY/", "2025/"],
    ["/data/trades/BTC_JPY/2025/", "07/"],
    ["/data/trades/BTC_JPY/2025/07/", "20250701_BTC_JPY.csv.gz"],
  ])("%s lists %s", async (address, name) => {
    const venue = await started({ btc: DAYS });
    venue.advance(21 * 3_600);
    const { http, text } = await file(venue, address);
    expect([http, text.includes(`>${name}</a>`)]).toEqual([200, true]);
  });
  test.each([
    "/data/trades/ZZZ/",
    "/data/trades/BTC_JPY/2025/07/20250701_ETH_JPY.csv.gz",
    "/data/trades/BTC_JPY/2025/08/20250701_BTC_JPY.csv.gz",
    "/data/trades/BTC_JPY/2025/07/20250732_BTC_JPY.csv.gz",
    "/data/trades/BTC_JPY/2025/07/../../../../etc/passwd",
    "/data/trades/BTC_JPY/2025/07/20250701_BTC_JPY.csv.gz/more",
  ])("%s is not there", async (address) => {
    const venue = await started({ btc: DAYS });
    venue.advance(21 * 3_600);
    expect((await file(venue, address)).http).toBe(404);
  });
});

describe("two clients and determinism", () => {
  test("same seed, same requests at the same venue times: same replies", async () => {
    const run = async (seed: number): Promise<string[]> => {
      const venue = await started({
        seed,
        venue: { partialFills: true },
        btc: (s) => s.to(START_PRICE - 60_000, 10).flat(20),
      });
      const texts: string[] = [];
      const told = (reply: Reply): void => void texts.push(reply.text);
      told(
        await venue.post("/v1/order", {
          symbol: "BTC_JPY",
          side: "BUY",
          executionType: "LIMIT",
          price: String(START_PRICE - 9_000),
          size: "0.5",
        }),
      );
      told(await venue.send("POST", "/v1/ws-auth", { body: "{}" }));
      venue.advance(90);
      told(await venue.get("/v1/openPositions", "symbol=BTC_JPY"));
      told(await venue.get("/v1/latestExecutions", "symbol=BTC_JPY"));
      told(await venue.public("/v1/orderbooks?symbol=BTC"));
      return texts;
    };
    const [one, two, other] = [await run(7), await run(7), await run(8)];
    expect(two).toEqual(one);
    expect(other).not.toEqual(one);
  });
  test("two clients see one account", async () => {
    const venue = await started();
    const ids = await Promise.all(
      Array.from({ length: 10 }, (_, i) => venue.order({ price: String(START_PRICE - 10_000 - i), size: "0.001" })),
    );
    expect(new Set(ids).size).toBe(10);
    expect(Math.min(...ids)).toBeGreaterThan(8_000_000_000);
    expect((await venue.get("/v1/activeOrders", "symbol=BTC_JPY")).json.data.list).toHaveLength(10);
  });
});

const hasBoth = (() => {
  try {
    execFileSync("curl", ["--version"], { stdio: "ignore" });
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
describe.skipIf(!hasBoth)(`curl and openssl${hasBoth ? "" : " (skipped: not both are installed)"}`, () => {
  test("an order goes in and is listed", async () => {
    const venue = await started();
    const { apiKey, secret } = venue.server.simulator.credentials();
    const shell = (script: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const child = spawn("sh", ["-ec", script], {
          env: {
            PATH: process.env["PATH"] ?? "",
            KEY: apiKey,
            SECRET: secret,
            BASE: venue.server.addresses.restPrivate,
          },
        });
        let out = "";
        child.stdout.on("data", (chunk: Buffer) => {
          out += chunk.toString();
        });
        child.on("close", (code) => (code === 0 ? resolve(out) : reject(new Error(`ended with ${code}`))));
      });
    const call = (method: string, path: string, query: string, body: string): Promise<string> =>
      shell(`
        ts=$(date +%s)000
        sign=$(printf '%s' "\${ts}${method}${path}${body.replaceAll('"', '\\"')}" | openssl dgst -sha256 -hmac "$SECRET" | sed 's/.* //')
        curl -s -X ${method} "$BASE${path}${query}" -H "API-KEY: $KEY" -H "API-TIMESTAMP: $ts" -H "API-SIGN: $sign" \
          ${body === "" ? "" : `-H 'Content-Type: application/json' -d '${body}'`}`);
    const body = `{"symbol":"BTC_JPY","side":"BUY","executionType":"LIMIT","price":"9900000","size":"0.01"}`;
    const placed = JSON.parse(await call("POST", "/v1/order", "", body));
    expect(placed).toMatchObject({ status: 0, data: expect.stringMatching(/^8\d{9}$/) });
    const listed = JSON.parse(await call("GET", "/v1/activeOrders", "?symbol=BTC_JPY", ""));
    expect(listed.data.list[0].orderId).toBe(Number(placed.data));
  });
});
