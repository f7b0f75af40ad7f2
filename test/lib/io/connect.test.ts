// Connections: the addresses of a host beside each other, each for the whole connect timeout; what failed says where and why, and that
// nothing was sent.
import { EventEmitter } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket, type TcpNetConnectOpts } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { runTrader } from "../../../handlers/cli/program.ts";
import { networkChecks } from "../../../handlers/cli/setup/networkChecks.ts";
import { verdictOf } from "../../../handlers/market/apiErrors.ts";
import { whyNoPrices } from "../../../handlers/market/priceOutage.ts";
import { defaultConfig } from "../../../lib/core/config.ts";
import { AppError, errorText, toAppError } from "../../../lib/core/errors.ts";
import { textsOf } from "../../../lib/core/text/catalogue.ts";
import { type Address, NotConnected, neverConnected, openTcp, probeAddresses } from "../../../lib/io/connect.ts";
import { createGmoVenue } from "../../../lib/io/gmo/gmoVenue.ts";
import { httpTransport } from "../../../lib/io/gmo/httpTransport.ts";
import { wsConnect } from "../../../lib/io/gmo/stream/connection.ts";
import { TransportError } from "../../../lib/io/gmo/transport.ts";
import { silentLogger } from "../../../lib/io/logger.ts";
import { createTelegramClient } from "../../../lib/io/telegram/client.ts";
import { TelegramFailure } from "../../../lib/io/telegram/failure.ts";
import { TOKEN } from "../../sim/telegram/server.ts";
import { AT_MS, CREDENTIALS, FakeTimers } from "./gmo/stub.ts";

const V6: Address = { address: "2001:db8::1", family: 6 };
const V4: Address = { address: "203.0.113.5", family: 4 };

/** A network in which each address answers after a time, or fails, or never answers. */
const network = (answers: Readonly<Record<string, number | string | undefined>>) => {
  const dialled: { readonly address: string; readonly atMs: number; destroyed: boolean }[] = [];
  const dial = ({ host = "" }: TcpNetConnectOpts): Socket => {
    const made = { address: host, atMs: Date.now(), destroyed: false };
    dialled.push(made);
    const socket = Object.assign(new EventEmitter(), {
      setNoDelay: () => undefined,
      destroy: () => {
        made.destroyed = true;
      },
    });
    const answer = answers[host];
    if (typeof answer === "number") setTimeout(() => made.destroyed || socket.emit("connect"), answer);
    if (typeof answer === "string")
      setTimeout(() => socket.emit("error", Object.assign(new Error(answer), { code: answer })), 1);
    return socket as unknown as Socket;
  };
  return { dial, dialled };
};
const target = (addresses: readonly Address[], net: ReturnType<typeof network>) => ({
  host: "api.example.com",
  port: 443,
  timeoutMs: 3_000,
  resolve: async () => addresses,
  dial: net.dial,
});
const failureOf = async (work: Promise<unknown>): Promise<NotConnected> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!(error instanceof NotConnected)) throw new Error(`expected NotConnected, found ${String(error)}`);
  return error;
};
const soon = async <T>(work: Promise<T>, ms: number): Promise<T> => {
  work.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(ms);
  return work;
};

describe("truth 6: the addresses of a host", () => {
  afterEach(() => void vi.useRealTimers());

  test("a path of 2.9 s connects, though IPv6 leads nowhere; the next address starts after 250 ms and ends none before it", async () => {
    vi.useFakeTimers();
    const net = network({ [V4.address]: 2_600 });
    const startedMs = Date.now();
    await soon(openTcp(target([V6, V4], net)), 2_900);
    expect(net.dialled.map(({ address, atMs }) => [address, atMs - startedMs])).toEqual([
      [V6.address, 0],
      [V4.address, 250],
    ]);
    expect(net.dialled.map(({ destroyed }) => destroyed)).toEqual([true, false]);
  });
  test("a slow first address wins over none at all: it is not given up for the second", async () => {
    vi.useFakeTimers();
    const net = network({ [V6.address]: 1_000 });
    await soon(openTcp(target([V6, V4], net)), 1_100);
    expect(net.dialled.map(({ destroyed }) => destroyed)).toEqual([false, true]);
  });
  test("a refused address costs no wait, and the families take turns", async () => {
    vi.useFakeTimers();
    const more = [1, 2, 3].map((n): Address => ({ address: `2001:db8::${n}`, family: 6 }));
    const net = network({ "2001:db8::1": "ENETUNREACH", [V4.address]: 10 });
    const startedMs = Date.now();
    await soon(openTcp(target([...more, V4], net)), 100);
    expect(net.dialled.map(({ address }) => address)).toEqual(["2001:db8::1", V4.address]);
    expect(net.dialled[1]!.atMs - startedMs).toBeLessThan(50);
  });
  test("what fails names host, address, port, family and reason of each", async () => {
    vi.useFakeTimers();
    const error = await failureOf(soon(openTcp(target([V6, V4], network({ [V6.address]: "ENETUNREACH" }))), 3_100));
    expect(error.message).toBe(
      "no connection to api.example.com: [2001:db8::1]:443 (IPv6) ENETUNREACH, 203.0.113.5:443 (IPv4) no answer within 3 s",
    );
    expect(error.kind).toBe("timeout");
    const both = network({ [V6.address]: "ENETUNREACH", [V4.address]: "ECONNREFUSED" });
    expect((await failureOf(soon(openTcp(target([V6, V4], both)), 100))).kind).toBe("refused");
  });
  test.each([
    ["ENOTFOUND", /the name api\.example\.com cannot be looked up \(DNS\): ENOTFOUND; check this server's own network/],
    ["EAI_AGAIN", /EAI_AGAIN; check this server's own network and its name servers/],
  ])("a name that cannot be looked up points to this server's own network: %s", async (code, text) => {
    const resolve = () => Promise.reject(Object.assign(new Error("getaddrinfo"), { code, syscall: "getaddrinfo" }));
    const error = await failureOf(openTcp({ host: "api.example.com", port: 443, resolve }));
    expect(error).toMatchObject({ kind: "dns", message: expect.stringMatching(text) });
  });
  test("name servers that never answer end with the connect timeout", async () => {
    vi.useFakeTimers();
    const never = () => new Promise<readonly Address[]>(() => undefined);
    const work = openTcp({ host: "api.example.com", port: 443, timeoutMs: 3_000, resolve: never });
    expect((await failureOf(soon(work, 3_100))).message).toMatch(
      /no answer within 3 s; check this server's own network/,
    );
  });
  test("doctor tries every address, also behind one that connects", async () => {
    vi.useFakeTimers();
    const net = network({ [V6.address]: "EHOSTUNREACH", [V4.address]: 40 });
    const attempts = await soon(probeAddresses(target([V4, V6], net)), 3_100);
    expect(attempts).toMatchObject([{ tookMs: 40 }, { error: "EHOSTUNREACH" }]);
  });
});

describe("truth 6: what never connected was not sent", () => {
  const system = (code: string, more: object) => Object.assign(new Error(`${code}`), { code, ...more });
  test.each<[string, unknown, boolean]>([
    ["ECONNREFUSED", system("ECONNREFUSED", { syscall: "connect" }), true],
    ["ETIMEDOUT of a connect", system("ETIMEDOUT", { syscall: "connect" }), true],
    ["ENOTFOUND", system("ENOTFOUND", { syscall: "getaddrinfo" }), true],
    ["EAI_AGAIN, passed on without its call", system("EAI_AGAIN", {}), true],
    ["a connect timeout of undici", system("UND_ERR_CONNECT_TIMEOUT", {}), true],
    [
      "an alert of TLS, which may come after the request",
      system("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", {}),
      false,
    ],
    ["a certificate", system("CERT_HAS_EXPIRED", {}), true],
    [
      "all addresses refused",
      new AggregateError([
        system("ECONNREFUSED", { syscall: "connect" }),
        system("ENETUNREACH", { syscall: "connect" }),
      ]),
      true,
    ],
    [
      "one of the parts was connected",
      new AggregateError([system("ECONNREFUSED", { syscall: "connect" }), system("ECONNRESET", { syscall: "read" })]),
      false,
    ],
    ["a reset", system("ECONNRESET", { syscall: "read" }), false],
    ["a broken pipe", system("EPIPE", { syscall: "write" }), false],
    ["ETIMEDOUT of a read", system("ETIMEDOUT", { syscall: "read" }), false],
    ["an empty AggregateError", new AggregateError([]), false],
    ["a timeout of the reply", system("UND_ERR_HEADERS_TIMEOUT", {}), false],
  ])("%s", (_, error, never) => {
    expect(neverConnected(error)).toBe(never);
  });

  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  const listen = async (server: Server): Promise<number> => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  };
  const closedPort = async (): Promise<number> => {
    const port = await listen(createServer());
    await new Promise((resolve) => servers.pop()!.close(resolve));
    return port;
  };
  const CASES: [string, () => Promise<string>, "no" | "maybe"][] = [
    ["nothing listens", async () => `http://127.0.0.1:${await closedPort()}`, "no"],
    ["nothing listens, with TLS", async () => `https://127.0.0.1:${await closedPort()}`, "no"],
    ["a name that does not exist", async () => "https://no-such-host.invalid", "no"],
    [
      "no TLS on the other side",
      async () =>
        `https://127.0.0.1:${await listen(createServer((s) => void s.on("error", () => undefined).end("no TLS")))}`,
      "no",
    ],
    [
      "cut during the TLS handshake",
      async () => `https://127.0.0.1:${await listen(createServer((s) => void s.once("data", () => s.destroy())))}`,
      "no",
    ],
    [
      "cut after the request",
      async () => `http://127.0.0.1:${await listen(createServer((s) => void s.once("data", () => s.destroy())))}`,
      "maybe",
    ],
    [
      "a page that is no reply",
      async () => `http://127.0.0.1:${await listen(createHttpServer((_, r) => void r.writeHead(502).end("<html>")))}`,
      "maybe",
    ],
  ];
  test.each(CASES)("an order, %s", async (_, url, arrived) => {
    const transport = httpTransport({ privateUrl: await url(), connectTimeoutMs: 2_000 });
    const timers = new FakeTimers();
    const venue = createGmoVenue({
      transport,
      credentials: CREDENTIALS,
      clock: { nowMs: () => AT_MS },
      log: silentLogger(),
      timers,
    });
    const result = await venue.cancelOrder("1");
    if (arrived === "no") {
      expect(result).toMatchObject({ kind: "refused", code: "NOT_CONNECTED", resend: "later", verdict: "retry" });
      expect(verdictOf({ value: result })).toBe("bad");
    } else expect(result).toMatchObject({ kind: "unknown" });
    await transport.close();
  });
  test.each(CASES)("a Telegram message, %s", async (_, url, arrived) => {
    const client = await createTelegramClient({ token: TOKEN, apiUrl: await url(), timeoutMs: 2_000 });
    const error = await client.sendMessage(1, { text: "x" }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TelegramFailure);
    expect((error as TelegramFailure).kind).toBe(arrived === "no" ? "notSent" : "noAnswer");
    expect((error as TelegramFailure).message.length).toBeGreaterThan("sendMessage: ".length + 5);
  });
  test("a request given up while its connection is being made was not sent", async () => {
    const transport = httpTransport({
      publicUrl: "http://gw.invalid",
      resolve: () => new Promise(() => undefined),
      connectTimeoutMs: 1_000,
    });
    const read = transport.send({ area: "public", method: "GET", path: "/v1/status", headers: {}, timeoutMs: 20 });
    await expect(read).rejects.toMatchObject({ failure: "timeout", notSent: true });
  });
  test("all three clients reach a host whose first address is dead", async () => {
    const port = await listen(createHttpServer((_, r) => void r.end('{"ok":true,"result":{"id":7,"username":"b"}}')));
    const resolve = async (): Promise<readonly Address[]> => [
      { address: "::1", family: 6 },
      { address: "127.0.0.1", family: 4 },
    ];
    const transport = httpTransport({ publicUrl: `http://gw.example.com:${port}`, resolve });
    const reply = await transport.send({
      area: "public",
      method: "GET",
      path: "/v1/status",
      headers: {},
      timeoutMs: 5_000,
    });
    expect(reply.httpStatus).toBe(200);
    await transport.close();
    const client = await createTelegramClient({
      token: TOKEN,
      apiUrl: `http://gw.example.com:${port}`,
      resolve,
      timeoutMs: 5_000,
    });
    expect(await client.getMe()).toMatchObject({ id: 7 });
  });
  test("a WebSocket that cannot be opened says where and why", async () => {
    const port = await closedPort();
    const end = await new Promise((resolve) =>
      wsConnect(`ws://127.0.0.1:${port}/v1`, { onOpen() {}, onText() {}, onPing() {}, onPong() {}, onEnd: resolve }),
    );
    expect(end).toEqual({
      kind: "failed",
      reason: `no connection to 127.0.0.1: 127.0.0.1:${port} (IPv4) ECONNREFUSED`,
    });
  });
});

describe("truth 6: reasons are shown", () => {
  const parts = new AggregateError([
    Object.assign(new Error("connect ETIMEDOUT 203.0.113.5:443"), {
      code: "ETIMEDOUT",
      address: "203.0.113.5",
      port: 443,
    }),
    Object.assign(new Error(""), { code: "ENETUNREACH", address: "2001:db8::1", port: 443 }),
  ]);
  test("an AggregateError shows its parts: address, port, family, code", async () => {
    const text = errorText(parts);
    expect(text).toBe("connect ETIMEDOUT 203.0.113.5:443 (IPv4); ENETUNREACH 2001:db8::1:443 (IPv6)");
    expect(toAppError(parts).message).toContain(text);
    expect(
      whyNoPrices(new AppError("retry", "X", "x", {}, { cause: new TransportError("timeout", "x", { cause: parts }) })),
    ).toContain(text);
    const said: string[] = [];
    const config = (): never => {
      throw parts;
    };
    await runTrader(["config"], { config, out: () => undefined, err: (line) => void said.push(line) });
    expect(said.join()).toContain(text);
  });
  test.each(["en", "ja"] as const)("the alert for DNS trouble points to the server's own network (%s)", (locale) => {
    const alerts = textsOf(locale).alerts;
    const texts = (dns: boolean) =>
      JSON.stringify(alerts.noPrices({ symbols: ["BTC_JPY"], why: "dns: x", history: [], dns }));
    expect(texts(true)).toMatch(/its own network|サーバー自身のネットワーク/);
    expect(texts(true)).not.toBe(texts(false));
  });
  test("doctor names address, family and reason per host; without a worker or bot it is a notice", async () => {
    const env = {
      TELEGRAM_BOT_TOKEN: TOKEN,
      TELEGRAM_CHAT_ID: "1",
      GMO_PUBLIC_URL: "http://127.0.0.1:1/public",
      TELEGRAM_API_URL: "https://no-such-host.invalid",
    };
    const [exchange, telegram] = await networkChecks(defaultConfig(env), { needed: true });
    expect(exchange).toEqual({
      name: "exchange host",
      ok: false,
      found: "NOT REACHED: 127.0.0.1: 127.0.0.1:1 (IPv4) ECONNREFUSED; check this server's own network and firewall",
    });
    expect(telegram).toMatchObject({
      name: "telegram host",
      ok: false,
      found: expect.stringMatching(/no-such-host\.invalid cannot be looked up \(DNS\)/),
    });
    const [notice] = await networkChecks(defaultConfig({ GMO_PUBLIC_URL: "http://127.0.0.1:1/public" }), {
      needed: false,
    });
    expect(notice).toMatchObject({ ok: true, found: expect.stringMatching(/^NOT REACHED/) });
  });
});
