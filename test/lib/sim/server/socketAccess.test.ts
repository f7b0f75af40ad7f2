// Who may connect to the venue's WebSockets, answers to commands, keepalive and access tokens (GMO API 10.1, 10.3):
// plain `ws`, frames checked as text.
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { type Ear, START_PRICE, type Stand, type StandOptions, stand } from "./stand.ts";

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
const BTC = { symbol: "BTC_JPY" };
/** Error frames received so far. */
const errors = (ear: Ear): unknown[] => ear.frames.filter((frame) => "error" in frame).map((frame) => frame.error);

describe("who is let in", () => {
  test.each(["/ws/public", "/ws/public/", "/ws/public/v1/", "/ws/private/v1", "/ws/private/v1/", "/ws", "/public/v1"])(
    "%s is HTTP 404 on upgrade",
    async (path) => {
      const venue = await started();
      await expect(venue.connect(`ws://127.0.0.1:${venue.server.port}${path}`)).rejects.toThrow("HTTP 404");
    },
  );
  test("a token that was not issued is HTTP 404, or 401 by option", async () => {
    await expect((await started()).privateEar("x".repeat(32))).rejects.toThrow("HTTP 404");
    await expect((await started({ server: { badTokenStatus: 401 } })).privateEar("x")).rejects.toThrow("HTTP 401");
  });
  test("an address has a cap of sockets, both halves together; one that left makes room", async () => {
    const venue = await started({ server: { maxConnections: 2, tooManyConnectionsStatus: 429 } });
    const ear = await venue.publicEar();
    await venue.privateEar();
    await expect(venue.publicEar()).rejects.toThrow("HTTP 429");
    ear.ws.close();
    await ear.closed;
    await expect.poll(() => venue.server.sockets()).toBe(1);
    await venue.publicEar();
  });
  test("maintenance is HTTP 503 on upgrade, and open sockets are closed", async () => {
    const venue = await started({
      faults: { closures: [{ kind: "maintenance", fromMs: 60_000, untilMs: 120_000 }] },
    });
    const ears = [await venue.publicEar(), await venue.privateEar()];
    venue.advance(59.999);
    expect(venue.server.sockets()).toBe(2);
    venue.advance(0.001);
    expect(await Promise.all(ears.map((ear) => ear.closed))).toEqual([1001, 1001]);
    await expect(venue.publicEar()).rejects.toThrow("HTTP 503");
    venue.advance(60);
    await venue.publicEar();
  });
  test("permessage-deflate is negotiated when it is offered, and only then", async () => {
    const venue = await started();
    expect((await venue.publicEar()).ws.extensions).toBe("permessage-deflate");
    expect((await venue.publicEar({ perMessageDeflate: false })).ws.extensions).toBe("");
  });
  test("an upgrade that breaks off affects no other connection", async () => {
    const venue = await started();
    const socket = connect(venue.server.port, "127.0.0.1");
    socket.write("GET /ws/public/v1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    socket.resetAndDestroy();
    await venue.publicEar();
  });
});

describe("commands (10.1)", () => {
  test.each([
    ["no json", "ERR-5106 Invalid request parameter."],
    ["[]", "ERR-5106 Invalid request parameter."],
    ["1", "ERR-5106 Invalid request parameter."],
    [{ command: "subscribe", channel: "Ticker", ...BTC }, "ERR-5106 Invalid request parameter. channel"],
    [{ command: "subscribe", channel: "orderEvents", ...BTC }, "ERR-5106 Invalid request parameter. channel"],
    [{ command: "subscribe", ...BTC }, "ERR-5106 Invalid request parameter. channel"],
    [{ command: "subscribe", channel: "ticker" }, "ERR-5106 Invalid request parameter. symbol"],
    [{ command: "subscribe", channel: "ticker", symbol: "ZZZ" }, "ERR-5106 Invalid request parameter. symbol"],
    [{ command: "unsubscribe", channel: "ticker", symbol: 1 }, "ERR-5106 Invalid request parameter. symbol"],
    [{ channel: "ticker", ...BTC }, "ERR-5106 Invalid request parameter. command"],
    [{ command: "subscribe", channel: "trades", ...BTC, option: "X" }, "ERR-5106 Invalid request parameter. option"],
  ])("%j is one error frame and the socket stays open", async (command, error) => {
    const venue = await started();
    const ear = await venue.publicEar();
    ear.send(command);
    await ear.settled();
    expect(ear.frames).toEqual([{ error }]);
    ear.subscribe("ticker", BTC);
    await ear.settled();
    venue.advance(3);
    await ear.heard(1, "ticker");
  });
  test("a public channel is none of the private socket's", async () => {
    const venue = await started();
    const ear = await venue.privateEar();
    ear.subscribe("ticker", BTC);
    await ear.settled();
    expect(errors(ear)).toEqual(["ERR-5106 Invalid request parameter. channel"]);
  });
  test("a channel without the right is ERR-5012 and the socket stays open", async () => {
    const venue = await started({ server: { denied: ["orderEvents"] } });
    const ear = await venue.privateEar();
    ear.subscribe("orderEvents");
    ear.subscribe("executionEvents");
    await ear.settled();
    expect(errors(ear)).toEqual(["ERR-5012 Invalid permissions for action"]);
    await venue.order({ size: "0.01" });
    await ear.heard(1, "executionEvents");
  });
  test("success is not acknowledged, and unsubscribe has no answer", async () => {
    const venue = await started();
    const ear = await venue.privateEar();
    ear.subscribe("orderEvents");
    ear.send({ command: "unsubscribe", channel: "orderEvents" });
    ear.send({ command: "unsubscribe", channel: "executionEvents" });
    await ear.settled();
    await venue.order({ size: "0.01" });
    await ear.settled();
    expect(ear.frames).toEqual([]);
  });
  test("the text of a command too fast is an option: it was never captured", async () => {
    const venue = await started({ server: { commandIntervalMs: 1_000, commandTooFastText: "ERR-5003 Too fast" } });
    const ear = await venue.publicEar();
    ear.subscribe("ticker", BTC);
    ear.subscribe("orderbooks", BTC);
    await ear.settled();
    expect(errors(ear)).toEqual(["ERR-5003 Too fast"]);
  });
  test("one command a second per address, shared by all its sockets; too fast is an ERR-5003 frame", async () => {
    const venue = await started({ server: { commandIntervalMs: 1_000 } });
    const [one, two] = [await venue.publicEar(), await venue.privateEar()];
    one.subscribe("ticker", BTC);
    await one.settled();
    two.subscribe("orderEvents");
    await two.settled();
    expect([errors(one), errors(two)]).toEqual([[], ["ERR-5003 Requests are too many."]]);
    venue.wall.advance(999);
    one.send("no json");
    await one.settled();
    expect(errors(one)).toEqual(["ERR-5003 Requests are too many."]);
    venue.wall.advance(1);
    two.subscribe("orderEvents");
    await two.settled();
    expect(errors(two)).toHaveLength(1);
    await venue.order({ size: "0.01" });
    await two.heard(1, "orderEvents");
  });
});

describe("keepalive (10.1)", () => {
  test("a socket that never sends is cut at 60 s with 1006; one that has sent anything stays", async () => {
    const venue = await started();
    const [silent, pinging, speaking] = [await venue.publicEar(), await venue.publicEar(), await venue.publicEar()];
    await pinging.settled();
    speaking.subscribe("ticker", BTC);
    await speaking.settled();
    venue.wall.advance(59_999);
    expect(venue.server.sockets()).toBe(3);
    venue.wall.advance(1);
    expect(await silent.closed).toBe(1006);
    await pinging.settled();
    await speaking.settled();
    expect(venue.server.sockets()).toBe(2);
  });
  test("the server pings every 60 s; three missed pongs in a row end the connection, two do not", async () => {
    const venue = await started();
    const [mute, lively] = [await venue.publicEar({ autoPong: false }), await venue.publicEar()];
    for (const ear of [mute, lively]) await ear.settled();
    for (let minute = 1; minute <= 3; minute++) {
      venue.wall.advance(60_000);
      await mute.until((ear) => ear.pings === minute);
      await lively.until((ear) => ear.pings === minute);
      await lively.settled();
    }
    // Three pings are out, the third is not yet missed.
    expect(venue.server.sockets()).toBe(2);
    venue.wall.advance(59_999);
    await mute.settled();
    venue.wall.advance(1);
    expect(await mute.closed).toBe(1006);
    await lively.settled();
    expect(venue.server.sockets()).toBe(1);
  });
  test("a pong makes up for pongs missed before", async () => {
    const venue = await started();
    const ear = await venue.publicEar({ autoPong: false });
    await ear.settled();
    for (let minute = 1; minute <= 8; minute++) {
      venue.wall.advance(60_000);
      await ear.until(({ pings }) => pings === minute);
      if (minute % 3 === 0) ear.ws.pong();
      await ear.settled();
    }
    expect(venue.server.sockets()).toBe(1);
  });
  test("a client that does not read is cut before it fills the memory", async () => {
    const venue = await started({
      server: { maxBufferedBytes: 1_000_000 },
      btc: (s) => s.to(START_PRICE + 60_000, 300),
    });
    const ear = await venue.publicEar({ perMessageDeflate: false });
    ear.subscribe("orderbooks", BTC);
    await ear.settled();
    ear.ws.pause();
    for (let i = 0; i < 20 && venue.server.sockets() === 1; i++) {
      venue.advance(300);
      // Lets the server hear that the socket has gone.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(venue.server.sockets()).toBe(0);
  });
});

describe("access tokens (10.3)", () => {
  const put = (venue: Stand, token: string) => venue.send("PUT", "/v1/ws-auth", { body: JSON.stringify({ token }) });
  const MINUTE = 60_000;
  test("a token lives 60 minutes, PUT makes it 60 from now, expiry closes its sockets", async () => {
    const venue = await started();
    const token = await venue.token();
    const ear = await venue.privateEar(token);
    ear.subscribe("orderEvents");
    await ear.settled();
    // One big leap would leave the pings unanswered.
    const minutes59 = async (): Promise<void> => {
      for (let minute = 0; minute < 59; minute++) {
        venue.wall.advance(MINUTE);
        await ear.settled();
      }
    };
    await minutes59();
    expect((await put(venue, token)).json.status).toBe(0);
    await minutes59();
    venue.wall.advance(MINUTE - 1);
    await ear.settled();
    expect(venue.server.sockets()).toBe(1);
    venue.wall.advance(1);
    expect(await ear.closed).toBe(1006);
    await expect(venue.privateEar(token)).rejects.toThrow("HTTP 404");
    expect((await put(venue, token)).code).toBe("ERR-5106");
  });
  test("DELETE ends a token and closes its sockets with the code of the option", async () => {
    const venue = await started({ server: { tokenCloseCode: 1000 } });
    const token = await venue.token();
    const [mine, other] = [await venue.privateEar(token), await venue.privateEar()];
    const body = JSON.stringify({ token });
    expect((await venue.send("DELETE", "/v1/ws-auth", { body })).json.status).toBe(0);
    expect(await mine.closed).toBe(1000);
    await other.settled();
  });
  test("a sixth token ends the one nearest to expiry and closes its sockets", async () => {
    const venue = await started();
    const tokens: string[] = [];
    for (let i = 0; i < 5; i++) {
      tokens.push(await venue.token());
      venue.wall.advance(1_000);
    }
    // The oldest is extended: now the second is nearest to its end.
    await put(venue, tokens[0]!);
    const ears = await Promise.all(tokens.map((token) => venue.privateEar(token)));
    const sixth = await venue.token();
    expect(new Set([...tokens, sixth]).size).toBe(6);
    expect(await ears[1]!.closed).toBe(1006);
    await expect(venue.privateEar(tokens[1])).rejects.toThrow("HTTP 404");
    await venue.privateEar(tokens[0]);
    expect(venue.server.sockets()).toBe(5);
  });
  test("several sockets may share a token", async () => {
    const venue = await started();
    const token = await venue.token();
    const ears = [await venue.privateEar(token), await venue.privateEar(token)];
    for (const ear of ears) {
      ear.subscribe("orderEvents");
      await ear.settled();
    }
    await venue.order({ size: "0.01" });
    for (const ear of ears) await ear.heard(1, "orderEvents");
  });
});
