// The real WebSocket over loopback: what the venue's side sees, and how each kind of end is reported.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { realClock } from "../../../../../lib/io/clock.ts";
import { CommandPace } from "../../../../../lib/io/gmo/stream/commandPace.ts";
import { type ConnectionEnd, wsConnect } from "../../../../../lib/io/gmo/stream/connection.ts";
import { MarketStream } from "../../../../../lib/io/gmo/stream/marketStream.ts";
import { realTimers } from "../../../../../lib/io/gmo/timers.ts";
import { silentLogger } from "../../../../../lib/io/logger.ts";
import { seededRandom } from "../../../../../lib/io/random.ts";

let server: Server;
let sockets: WebSocketServer;
let requests: IncomingMessage[] = [];
/** HTTP status instead of an upgrade. */
let refusal: number | undefined;
const raw = new Set<Socket>();

beforeEach(async () => {
  requests = [];
  refusal = undefined;
  sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true });
  server = createServer();
  server.on("connection", (socket) => {
    raw.add(socket);
    socket.on("close", () => raw.delete(socket));
  });
  server.on("upgrade", (request, socket, head) => {
    requests.push(request);
    if (refusal === undefined) sockets.handleUpgrade(request, socket, head, (ws) => sockets.emit("connection", ws));
    else socket.end(`HTTP/1.1 ${refusal} No\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nno`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  for (const socket of raw) socket.destroy();
  sockets.close();
  server.close();
  await once(server, "close");
});
const url = (): string => `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws/public/v1`;

interface Heard {
  readonly texts: string[];
  pings: number;
  pongs: number;
  readonly end: Promise<ConnectionEnd>;
  readonly opened: Promise<void>;
  ends: number;
}
const connect = (address = url()) => {
  const gates = { opened: (): void => {}, end: (_: ConnectionEnd): void => {} };
  const heard: Heard = {
    ...{ texts: [], pings: 0, pongs: 0, ends: 0 },
    opened: new Promise((resolve) => {
      gates.opened = resolve;
    }),
    end: new Promise((resolve) => {
      gates.end = resolve;
    }),
  };
  const connection = wsConnect(address, {
    onOpen: () => gates.opened(),
    onText: (text) => void heard.texts.push(text),
    onPing: () => void heard.pings++,
    onPong: () => void heard.pongs++,
    onEnd: (end) => {
      heard.ends += 1;
      gates.end(end);
    },
  });
  return { connection, heard };
};
/** Both ends of a new connection. */
const both = async () => {
  const accepted = once(sockets, "connection");
  const { connection, heard } = connect();
  const [venue] = (await accepted) as [WebSocket];
  await heard.opened;
  return { connection, heard, venue };
};
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
};

describe("wsConnect", () => {
  test("requests no compression, carries text both ways, answers pings and receives pongs", async () => {
    const { connection, heard, venue } = await both();
    expect(requests[0]!.headers["sec-websocket-extensions"]).toBeUndefined();
    expect(requests[0]!.url).toBe("/ws/public/v1");
    const said = once(venue, "message");
    connection.send('{"command":"subscribe"}');
    expect(String((await said)[0])).toBe('{"command":"subscribe"}');
    venue.send('{"channel":"ticker"}');
    const pong = once(venue, "pong");
    venue.ping();
    await pong;
    connection.ping();
    await until(() => heard.pongs === 1);
    expect([heard.texts, heard.pings]).toEqual([['{"channel":"ticker"}'], 1]);
    connection.close();
    expect(await heard.end).toEqual({ kind: "closed", code: 1000, reason: "" });
  });

  test.each([503, 404, 302])("HTTP %i on upgrade is reported with its status", async (status) => {
    refusal = status;
    const { heard } = connect();
    expect(await heard.end).toEqual({ kind: "refused", httpStatus: status });
  });

  test("a close by the venue, with code and reason", async () => {
    const { heard, venue } = await both();
    venue.close(1001, "going away");
    expect(await heard.end).toEqual({ kind: "closed", code: 1001, reason: "going away" });
  });

  test("a cut without a close frame is 1006", async () => {
    const { heard } = await both();
    for (const socket of raw) socket.destroy();
    expect(await heard.end).toEqual({ kind: "closed", code: 1006, reason: "" });
  });

  test("a frame beyond a megabyte ends the connection", async () => {
    const { heard, venue } = await both();
    venue.on("error", () => {});
    venue.send("x".repeat(1_048_577));
    expect(await heard.end).toMatchObject({ kind: "closed" });
    expect(heard.texts).toEqual([]);
  });

  test("no listener: failed, and logged once", async () => {
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const { heard } = connect(`ws://127.0.0.1:${port}/`);
    expect(await heard.end).toMatchObject({ kind: "failed", reason: expect.stringContaining("ECONNREFUSED") });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    expect(heard.ends).toBe(1);
  });

  test("cut while the upgrade is still unanswered", async () => {
    server.removeAllListeners("upgrade");
    const reached = once(server, "connection");
    server.on("upgrade", () => {});
    const { connection, heard } = connect();
    await reached;
    connection.terminate();
    expect(await heard.end).toMatchObject({ kind: "failed" });
  });

  test("sending after the end is no error", async () => {
    const { connection, heard } = await both();
    connection.terminate();
    await heard.end;
    connection.send("late");
    connection.ping();
    connection.close();
    connection.terminate();
    expect(heard.ends).toBe(1);
  });
});

test("a stream over the real network: subscribes, receives, survives a lost connection, leaves no socket open", async () => {
  const commands: string[] = [];
  sockets.on("connection", (venue: WebSocket) => {
    venue.on("message", (data) => {
      commands.push(String(data));
      venue.send(
        JSON.stringify({
          ...{ channel: "orderbooks", symbol: "BTC_JPY", asks: [{ price: "101", size: "1" }], bids: [] },
          timestamp: "2026-09-20T00:00:00.000Z",
        }),
      );
    });
  });
  const pace = new CommandPace(realTimers, 5);
  const stream = new MarketStream({
    ...{ url: url(), pace, timers: realTimers, clock: realClock, random: seededRandom(1), log: silentLogger() },
    limits: { settleMs: 5, reconnect: { baseMs: 5, capMs: 20 }, closeWithinMs: 200 },
  });
  const seen: string[] = [];
  stream.listen((event) => {
    if (event.kind === "market") seen.push(event.event.kind);
    if (event.kind === "state") seen.push(event.state.kind);
  });
  stream.subscribe("orderbooks", "BTC_JPY");
  stream.start();
  await until(() => seen.includes("live") && seen.includes("orderBook"));
  for (const socket of raw) socket.destroy();
  await until(() => seen.filter((kind) => kind === "live").length === 2);
  expect(seen).toContain("down");
  expect(new Set(commands)).toEqual(new Set(['{"command":"subscribe","channel":"orderbooks","symbol":"BTC_JPY"}']));
  await stream.stop();
  await until(() => raw.size === 0);
  expect(stream.state).toMatchObject({ kind: "down", final: true });
});
