// Statements about the life of a socket and of its token (10.1, 10.3) and the options of channels (10.2, 10.4). What
// only the venue's side shows is looked at with a plain socket beside our streams.
import { expect } from "vitest";
import { SECOND_MS } from "../../../../lib/core/time.ts";
import type { Script } from "../../../sim/script.ts";
import { accepted, at, type Row, row } from "./world.ts";

const MINUTE = 60 * SECOND_MS;
const RISING = { btc: (s: Script) => s.to(10_060_000, 60).flat(30) };
const BOOK = { channel: "orderbooks", symbol: "BTC_JPY" } as const;

export const SOCKET_ROWS: readonly Row[] = [
  row(
    "10.1",
    "DM",
    "the server pings once a minute: our streams pong, so five minutes pass on one connection",
    async (w) => {
      const { stream, events, states, until } = await w.market((s) => s.subscribe("orderbooks", "BTC_JPY"));
      const plain = await w.venue.publicEar();
      await plain.settled();
      for (let minute = 1; minute <= 5; minute++) {
        w.venue.wall.advance(MINUTE);
        await plain.until((ear) => ear.pings === minute);
        // A frame after the ping has come: the pong is out.
        const before = events.length;
        w.venue.advance(6);
        await until(() => events.length > before);
        await w.api.status();
      }
      expect([stream.state.kind, states.filter((state) => state === "down")]).toEqual(["live", []]);
    },
  ),
  row("10.1", "DM", "three missed pongs in a row close the connection: 1006", async (w) => {
    const mute = await w.venue.publicEar({ autoPong: false });
    await mute.settled();
    for (let minute = 1; minute <= 3; minute++) {
      w.venue.wall.advance(MINUTE);
      await mute.until((ear) => ear.pings === minute);
    }
    expect(w.venue.server.sockets()).toBe(1);
    w.venue.wall.advance(MINUTE);
    expect(await mute.closed).toBe(1006);
  }),
  row(
    "10.1",
    "M",
    "who never sends is dropped at 60 s with 1006; our streams subscribe at once and stay",
    async (w) => {
      const silent = await w.venue.publicEar();
      const market = await w.market((s) => s.subscribe("ticker", "BTC_JPY"));
      const account = await w.account(["orderEvents"]);
      w.venue.wall.advance(MINUTE);
      expect(await silent.closed).toBe(1006);
      await w.order({ price: at(-10_000) });
      await account.until(() => account.events.length === 1);
      expect([w.venue.server.sockets(), market.states.includes("down"), account.states.includes("down")]).toEqual([
        2,
        false,
        false,
      ]);
    },
  ),
  row("10.1", "M", "permessage-deflate is negotiated if offered; ours does not offer it", async (w) => {
    const offers = await w.venue.publicEar({ perMessageDeflate: true });
    const plain = await w.venue.publicEar({ perMessageDeflate: false });
    expect([offers.ws.extensions, plain.ws.extensions]).toEqual(["permessage-deflate", ""]);
  }),
  row(
    "10.1",
    "M",
    "no JSON, an unknown command, channel or symbol: one error frame each, the socket stays open",
    async (w) => {
      const ear = await w.venue.publicEar();
      ear.send("no json");
      ear.send({ command: "ask", ...BOOK });
      ear.subscribe("OrderBooks", { symbol: "BTC_JPY" });
      ear.subscribe("orderbooks", { symbol: "ZZZ" });
      expect(await ear.heard(4)).toEqual([
        { error: "ERR-5106 Invalid request parameter." },
        { error: "ERR-5106 Invalid request parameter. command" },
        // Names of channels are case sensitive.
        { error: "ERR-5106 Invalid request parameter. channel" },
        { error: "ERR-5106 Invalid request parameter. symbol" },
      ]);
      await ear.settled();
    },
  ),
  row("10.1", "DM", "success has no answer, unsubscribe neither; a duplicate subscription is one stream", async (w) => {
    const ear = await w.venue.publicEar();
    ear.send({ command: "subscribe", ...BOOK });
    ear.send({ command: "subscribe", ...BOOK });
    await ear.settled();
    expect(ear.frames).toEqual([]);
    w.venue.advance(0.505);
    await ear.settled();
    expect(ear.frames).toHaveLength(1);
    ear.send({ command: "unsubscribe", ...BOOK });
    await ear.settled();
    w.venue.advance(20);
    await ear.settled();
    expect(ear.frames).toHaveLength(1);
  }),
  row(
    "10.1",
    "D",
    "nothing is replayed after a reconnect: our stream finds what it missed over REST",
    async (w) => {
      const { stream, events, states, until } = await w.account();
      w.venue.advance(1);
      await until(() => states.includes("down"));
      const { positionId } = await w.position();
      await until(() => stream.state.kind === "live");
      // In the snapshot of the repair, or in an event that came after the new subscription: never lost, never twice.
      await until(() => stream.view.positions("BTC_JPY").length > 0);
      expect(stream.view.positions("BTC_JPY").map((position) => position.positionId)).toEqual([positionId]);
      expect(events.filter((event) => event.kind === "execution").length).toBeLessThanOrEqual(1);
    },
    { faults: { sockets: [{ match: { on: "time", fromMs: 1_000 }, fault: { kind: "cut" } }] } },
  ),

  row(
    "10.2",
    "M",
    "a quiet book is said again, at most every 5.2 s: our stream takes it as a sign of life",
    async (w) => {
      const ear = await w.venue.publicEar();
      ear.send({ command: "subscribe", ...BOOK });
      await ear.settled();
      w.venue.advance(60);
      await ear.settled();
      const times = ear.frames.map((frame) => Date.parse(frame.timestamp));
      expect(times.length).toBeGreaterThan(10);
      expect(Math.max(...times.slice(1).map((ms, i) => ms - times[i]!))).toBeLessThanOrEqual(5_200);
      expect(ear.frames[0].grouping).toBe("1");
    },
  ),
  row(
    "10.2",
    "DM",
    "trades print both sides of a match; with TAKER_ONLY one; the latest subscription wins",
    async (w) => {
      const [both, taker, changed] = [await w.venue.publicEar(), await w.venue.publicEar(), await w.venue.publicEar()];
      both.subscribe("trades", { symbol: "BTC_JPY" });
      taker.subscribe("trades", { symbol: "BTC_JPY", option: "TAKER_ONLY" });
      changed.subscribe("trades", { symbol: "BTC_JPY" });
      changed.subscribe("trades", { symbol: "BTC_JPY", option: "TAKER_ONLY" });
      for (const ear of [both, taker, changed]) await ear.settled();
      w.venue.advance(120);
      for (const ear of [both, taker, changed]) await ear.settled();
      expect(taker.frames.length).toBeGreaterThan(3);
      expect(both.frames).toHaveLength(taker.frames.length * 2);
      expect(changed.frames).toEqual(taker.frames);
      for (let i = 0; i < both.frames.length; i += 2)
        expect([both.frames[i].side, both.frames[i + 1].side].toSorted()).toEqual(["BUY", "SELL"]);
    },
    RISING,
  ),

  row(
    "10.3",
    "D",
    "a token that is not extended ends after 60 minutes; our stream gets another and comes back",
    async (w) => {
      const { stream, states, until } = await w.account();
      const issued = (): number =>
        w.wire.filter(({ request }) => request.path === "/v1/ws-auth" && request.method === "POST").length;
      expect(issued()).toBe(1);
      w.venue.wall.advance(60 * MINUTE);
      await until(() => states.includes("down"));
      await until(() => stream.state.kind === "live");
      expect(issued()).toBe(2);
      expect(w.venue.server.sockets()).toBe(1);
    },
  ),
  row(
    "10.3",
    "D",
    "a token is used again after a cut, and deleted when we stop",
    async (w) => {
      const { stream, states, until } = await w.account();
      w.venue.advance(1);
      await until(() => states.includes("down"));
      await until(() => stream.state.kind === "live");
      await stream.stop();
      const calls = w.wire.map(({ request }) => request).filter(({ path }) => path === "/v1/ws-auth");
      expect(calls.map(({ method }) => method)).toEqual(["POST", "DELETE"]);
      const token = w.wire.find(({ request }) => request.path === "/v1/ws-auth")!.json.data;
      await expect(w.venue.privateEar(token)).rejects.toThrow(/HTTP 40[14]/);
    },
    { faults: { sockets: [{ match: { on: "time", fromMs: 1_000 }, fault: { kind: "cut" } }] } },
  ),
  row(
    "10.3",
    "D",
    "five tokens live side by side; the sixth ends the one nearest to expiry, not the oldest",
    async (w) => {
      const tokens: string[] = [];
      for (let i = 0; i < 5; i++) {
        tokens.push(accepted(await w.api.issueToken()));
        w.venue.wall.advance(MINUTE);
      }
      // The first is extended: the second is nearest to expiry now.
      accepted(await w.api.extendToken(tokens[0]!));
      accepted(await w.api.issueToken());
      const alive = await Promise.all(
        tokens.map((token) =>
          w.venue.privateEar(token).then(
            () => true,
            () => false,
          ),
        ),
      );
      expect(alive).toEqual([true, false, true, true, true]);
    },
  ),
  row("10.4", "D", "positionSummaryEvents with PERIODIC: every 5 s; the latest subscription wins", async (w) => {
    await w.position();
    const ear = await w.venue.privateEar();
    ear.subscribe("positionSummaryEvents", { option: "PERIODIC" });
    await ear.heard(1);
    w.venue.advance(20);
    await ear.settled();
    expect(ear.frames.map(({ msgType }) => msgType)).toEqual(["INIT", ...Array(4).fill("PERIODIC")]);
    ear.subscribe("positionSummaryEvents");
    await ear.heard(6);
    w.venue.advance(20);
    await ear.settled();
    expect(ear.frames.slice(5).map(({ msgType }) => msgType)).toEqual(["INIT"]);
  }),
];
