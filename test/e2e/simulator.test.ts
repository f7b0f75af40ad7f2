// `trader simulator` as a user runs it: a process of its own, found by its first line, ended by a signal, killed and
// restarted.
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { type Running, startTrader, tempFolder, traderHere } from "./trader.ts";

interface Hello {
  readonly restPublic: string;
  readonly restPrivate: string;
  readonly wsPublic: string;
  readonly wsPrivate: string;
  readonly apiKey: string;
  readonly secret: string;
}
let running: Running[] = [];
afterEach(async () => {
  for (const { child, ended } of running) {
    child.kill("SIGKILL");
    await ended;
  }
  running = [];
});
/** Starts it and reads its first line. */
const simulator = async (...args: string[]): Promise<Running & { readonly hello: Hello }> => {
  const made = startTrader(["simulator", "--json", ...args]);
  running.push(made);
  let stdout = "";
  made.child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  await made.saying(`"secret"`);
  return { ...made, hello: JSON.parse(stdout.split("\n")[0]!) as Hello };
};
// biome-ignore lint/suspicious/noExplicitAny: replies are judged field by field, as a stranger's would be
type Json = any;
const signed = async (
  { restPrivate, apiKey, secret }: Hello,
  method: string,
  path: string,
  query = "",
  body?: object,
) => {
  const timestamp = String(Date.now());
  const text = body === undefined ? "" : JSON.stringify(body);
  const sign = createHmac("sha256", secret)
    .update(timestamp + method + path + text)
    .digest("hex");
  const headers = { "API-KEY": apiKey, "API-TIMESTAMP": timestamp, "API-SIGN": sign };
  const reply = await fetch(`${restPrivate}${path}${query}`, { method, headers, ...(body ? { body: text } : {}) });
  return (await reply.json()) as Json;
};
const firstFrame = (url: string, command: object): Promise<Json> =>
  new Promise((resolve, reject) => {
    const ws = new WebSocket(url);
    ws.on("open", () => ws.send(JSON.stringify(command)));
    ws.on("error", reject);
    ws.on("message", (data: Buffer) => {
      ws.terminate();
      resolve(JSON.parse(data.toString()));
    });
  });

test("the first line says where and with which key; REST and both sockets answer; SIGTERM ends it with 0", async () => {
  const { hello, child, ended } = await simulator("--speed", "60", "--seed", "5");
  expect(Object.keys(hello)).toEqual(["restPublic", "restPrivate", "wsPublic", "wsPrivate", "apiKey", "secret"]);
  const root = new URL(hello.restPublic).host;
  expect(hello).toMatchObject({
    restPublic: `http://${root}/public`,
    restPrivate: `http://${root}/private`,
    wsPublic: `ws://${root}/ws/public/v1`,
    wsPrivate: `ws://${root}/ws/private/v1`,
  });
  expect(root).toMatch(/^127\.0\.0\.1:\d+$/);
  const ticker = (await (await fetch(`${hello.restPublic}/v1/ticker`)).json()) as Json;
  expect(ticker.data.map((row: Json) => row.symbol)).toEqual(["BTC", "BTC_JPY", "ETH", "ETH_JPY"]);
  expect((await signed(hello, "GET", "/v1/account/margin")).data.actualProfitLoss).toBe("1000000");
  const subscribe = { command: "subscribe", channel: "orderbooks", symbol: "BTC_JPY" };
  expect(await firstFrame(hello.wsPublic, subscribe)).toMatchObject({ channel: "orderbooks", symbol: "BTC_JPY" });
  const token = (await signed(hello, "POST", "/v1/ws-auth", "", {})).data;
  // The second command within a second.
  expect(await firstFrame(`${hello.wsPrivate}/${token}`, { command: "subscribe", channel: "orderEvents" })).toEqual({
    error: "ERR-5003 Requests are too many.",
  });
  // Signalled repeatedly, also during its shutdown: it still exits with 0.
  const nagging = setInterval(() => child.kill("SIGTERM"), 1);
  const end = await ended;
  clearInterval(nagging);
  expect([end.code, end.signal, end.stderr]).toEqual([0, null, ""]);
  expect(end.stdout.trim().split("\n")).toHaveLength(1);
});

test("kill -9 and restart with --var: orders, positions, money, time and key are as they were", async () => {
  const dir = join(tempFolder(), "venue");
  const args = ["--var", dir, "--equity", "2000000", "--from", "2025-07-02T00:00:00Z", "--speed", "0.001"];
  const first = await simulator(...args);
  expect(
    (
      await signed(first.hello, "POST", "/v1/order", "", {
        symbol: "BTC_JPY",
        side: "BUY",
        executionType: "MARKET",
        size: "0.001",
      })
    ).status,
  ).toBe(0);
  const ticker = (await (await fetch(`${first.hello.restPublic}/v1/ticker?symbol=BTC_JPY`)).json()) as Json;
  expect(ticker.data[0].timestamp).toMatch(/^2025-07-02T00:00:00/);
  const price = String(Number(ticker.data[0].bid) - 1_000_000);
  expect(
    (
      await signed(first.hello, "POST", "/v1/order", "", {
        symbol: "BTC_JPY",
        side: "BUY",
        executionType: "LIMIT",
        price,
        size: "0.02",
      })
    ).status,
  ).toBe(0);
  const seen = async (hello: Hello): Promise<Json[]> =>
    Promise.all(
      ["activeOrders", "openPositions", "latestExecutions"].map(async (what) => {
        const { data } = await signed(hello, "GET", `/v1/${what}`, "?symbol=BTC_JPY");
        // What moves with the price is not the account's.
        return data.list.map((row: Json) => ({ ...row, lossGain: "" }));
      }),
    );
  const before = await seen(first.hello);
  expect(before.map((list) => list.length)).toEqual([1, 1, 1]);
  first.child.kill("SIGKILL");
  await first.ended;
  const second = await simulator(...args);
  expect(second.hello.apiKey).toBe(first.hello.apiKey);
  expect(await seen(second.hello)).toEqual(before);
  second.child.kill("SIGINT");
  const end = await second.ended;
  expect(end.code).toBe(0);
  expect(end.stderr).toContain("--from counts for a new venue only");
  // Another seed is another venue: refused, not mixed in.
  const other = await startTrader(["simulator", "--var", dir, "--seed", "7"]).ended;
  expect([other.code, other.stdout]).toEqual([2, ""]);
  expect(other.stderr).toContain("SIM_CHANGED");
});

test("truth 18: a closed terminal or ssh session ends it as SIGTERM does", async () => {
  for (const signal of ["SIGTERM", "SIGHUP"] as const) {
    const { child, ended } = await simulator();
    child.kill(signal);
    expect(await ended, signal).toMatchObject({ code: 0, signal: null });
  }
});

test("a port in use is exit 1, named", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const end = await traderHere(["simulator", "--port", String(port)]);
  await new Promise((resolve) => server.close(resolve));
  expect(end.code).toBe(1);
  expect(end.stderr).toContain(
    `SIM_PORT: expected a free port on 127.0.0.1, found one that another program listens on: ${port}`,
  );
});

test("own candles of 15 minutes, an option, a fault script, text for people", async () => {
  const dir = tempFolder();
  const data = join(dir, "candles.csv");
  const rows = Array.from(
    { length: 10 },
    (_, i) => `${1_751_328_000_000 + i * 900_000},9000000,9001000,8999000,9000000,5`,
  );
  writeFileSync(data, `open_time,open,high,low,close,volume\n${rows.join("\n")}\n`);
  const script = join(dir, "faults.json");
  writeFileSync(
    script,
    JSON.stringify({ rules: [{ match: { path: "/v1/status" }, fault: { kind: "html", phase: "after" } }] }),
  );
  const made = startTrader([
    // Slow: the first price stands however long a busy machine takes to ask.
    ...["simulator", "--data", `BTC_JPY=${data}`, "--faults", script, "--speed", "0.001"],
    ...["--option", "publicCacheMs=0", "maxActiveOrders=1"],
  ]);
  running.push(made);
  let stdout = "";
  made.child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  await made.saying("Ctrl+C ends it");
  const restPublic = /^restPublic +(\S+)$/m.exec(stdout)?.[1];
  expect(await (await fetch(`${restPublic}/v1/status`)).text()).toMatch(/^<html>/);
  const ticker = (await (await fetch(`${restPublic}/v1/ticker`)).json()) as Json;
  expect(ticker.data.map((row: Json) => [row.symbol, row.last])).toEqual([
    ["BTC", "8991900"],
    ["BTC_JPY", "9000000"],
  ]);
  made.child.kill("SIGTERM");
  const end = await made.ended;
  expect(end.code).toBe(0);
  expect(end.stdout).toContain("2025-07-01T00:00:00.000Z (2025-07-01 09:00 JST)");
  expect(end.stdout).toMatch(/^restPrivate http:\/\/127\.0\.0\.1:\d+\/private$/m);
});

test("a file named after another coin is reported", async () => {
  const notes = async (file: string) => (await traderHere(["simulator", "--data", `BTC_JPY=${file}`])).stderr;
  expect(await notes("/nowhere/eth_jpy.csv")).toMatch(/^note: BTC_JPY is read from .*eth_jpy\.csv, named ETH\n/);
  for (const file of ["/nowhere/ETH/btc.csv", "/nowhere/btc-eth.csv", "/nowhere/x.csv"])
    expect(await notes(file)).not.toContain("note:");
});

describe("wrong use is exit 2 and says what was expected", () => {
  const folder = tempFolder();
  const bad = (text: string): string => {
    const path = join(folder, `${Buffer.from(text).toString("hex").slice(0, 16)}.json`);
    writeFileSync(path, text);
    return path;
  };
  test.each([
    [["--port", "70000"], "--port: expected a port from 0 to 65535"],
    [["--port", "-1"], "--port"],
    [["--speed", "0"], "--speed: expected a number above 0"],
    [["--speed", "1e9"], "--speed"],
    [["--seed", "x"], "--seed: expected a whole number"],
    [["--equity", "0"], "--equity: expected whole yen"],
    [["--equity", "1.5"], "--equity"],
    [["--from", "yesterday"], "--from: expected an ISO-8601 time"],
    [["--from", "2025-01-01T00:00:00Z"], "expected a start at or after the first candle"],
    [["--data", "BTC_JPY"], "--data: expected SYMBOL=FILE"],
    [["--data", "DOGE=x.csv"], "--data: expected SYMBOL=FILE"],
    [["--data", "BTC_JPY=/nowhere.csv"], "expected a readable candle file"],
    [["--data", "BTC_JPY=a.csv", "BTC_JPY=b.csv"], "each once"],
    [["--option", "nothing=1"], "--option: expected NAME=VALUE with a name that --help lists"],
    [["--option", "maxChanges"], "--option: expected NAME=VALUE"],
    [["--option", "maxChanges=many"], "expected maxChanges=count"],
    [["--option", "eventOrder=never"], "expected eventOrder=random|before|after"],
    [["--option", "maxChanges=1", "maxChanges=2"], "expected maxChanges once"],
    [["--option", "bookLevels=20"], "expected bookLevels from 30 to 500"],
    [["--option", "bookGridMs=0"], "expected a whole number of 1 or more for bookGridMs"],
    [["--option", "constructor=1"], "--option: expected NAME=VALUE"],
    [["--faults", "/nowhere.json"], "--faults: expected a readable file"],
    [["--faults", bad("{")], "expected JSON"],
    [["--faults", bad(`{"rules":[{"fault":{"kind":"no"}}]}`)], "rule 1"],
    [["--faults", bad(`{"sockets":[{"match":{"on":"frame"},"fault":{"kind":"refuse"}}]}`)], "socket rule 1"],
    [["--nonsense"], "unknown option"],
    [["more"], "too many arguments"],
  ])("%j", async (args, message) => {
    const end = await traderHere(["simulator", ...args]);
    expect([end.code, end.stdout]).toEqual([2, ""]);
    expect(end.stderr).toContain(message);
  });
  test("--help lists every option with its default", async () => {
    const { code, stdout } = await traderHere(["simulator", "--help"]);
    expect(code).toBe(0);
    for (const text of [
      "--port <n>",
      "positionVisibleAfterMs=100",
      "publicPerSecond=5",
      "bookLevels=100",
      "denied=nothing",
    ])
      expect(stdout).toContain(text);
  });
});
