// Faults of connections, over real connections: what the script says happens to the right one, and nothing else does.
import { request } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { parseSocketRules } from "../../../../lib/sim/server/socketFaults.ts";
import { type Ear, START_PRICE, type Stand, stand } from "./stand.ts";

let open: Stand[] = [];
afterEach(async () => {
  for (const made of open) await made.close();
  open = [];
});
/** A venue whose script has these socket rules. */
const faulty = async (sockets: readonly object[], more: object = {}): Promise<Stand> => {
  const made = await stand({ faults: { sockets, ...more } });
  open.push(made);
  return made;
};
const listening = async (venue: Stand): Promise<Ear> => {
  const ear = await venue.privateEar();
  ear.subscribe("orderEvents");
  ear.subscribe("executionEvents");
  await ear.settled();
  return ear;
};
const rest = (venue: Stand) => venue.order({ price: String(START_PRICE - 10_000), size: "0.001" });
const ids = (ear: Ear): number[] => ear.frames.map((frame) => frame.orderId);

describe("frames", () => {
  const onSecond = { on: "frame", channel: "orderEvents", nth: 2 };
  test("drop: the second is never published; the REST view has it", async () => {
    const venue = await faulty([{ match: onSecond, fault: { kind: "drop" } }]);
    const ear = await listening(venue);
    const made = [await rest(venue), await rest(venue), await rest(venue)];
    await ear.settled();
    expect(ids(ear)).toEqual([made[0], made[2]]);
    expect((await venue.get("/v1/activeOrders", "symbol=BTC_JPY")).json.data.list).toHaveLength(3);
  });
  test("duplicate: published twice", async () => {
    const venue = await faulty([{ match: onSecond, fault: { kind: "duplicate" } }]);
    const ear = await listening(venue);
    const made = [await rest(venue), await rest(venue), await rest(venue)];
    await ear.settled();
    expect(ids(ear)).toEqual([made[0], made[1], made[1], made[2]]);
  });
  test("reorder: published after the next one, or after its time", async () => {
    const venue = await faulty([{ match: { ...onSecond, nth: [2, 4] }, fault: { kind: "reorder", ms: 500 } }]);
    const ear = await listening(venue);
    const made = [await rest(venue), await rest(venue), await rest(venue), await rest(venue)];
    await ear.settled();
    expect(ids(ear)).toEqual([made[0], made[2], made[1]]);
    venue.wall.advance(500);
    await ear.settled();
    expect(ids(ear)).toEqual([made[0], made[2], made[1], made[3]]);
  });
  test("delay: published late, the others are not delayed", async () => {
    const venue = await faulty([{ match: onSecond, fault: { kind: "delay", ms: 2_000 } }]);
    const ear = await listening(venue);
    const made = [await rest(venue), await rest(venue), await rest(venue)];
    venue.wall.advance(1_999);
    await ear.settled();
    expect(ids(ear)).toEqual([made[0], made[2]]);
    venue.wall.advance(1);
    await ear.settled();
    expect(ids(ear)).toEqual([made[0], made[2], made[1]]);
  });
  test("truncate: half a frame, no JSON", async () => {
    const venue = await faulty([{ match: onSecond, fault: { kind: "truncate" } }]);
    const ear = await listening(venue);
    await rest(venue);
    await rest(venue);
    await ear.settled();
    expect(ear.frames.map((frame) => typeof frame)).toEqual(["object", "string"]);
    expect(ear.frames[1]).toMatch(/^\{"channel":"orderEvents"/);
  });
  test.each([
    [{ kind: "cut" }, 1006],
    [{ kind: "close", code: 1001 }, 1001],
  ])("%j ends that socket, not the other one", async (fault, code) => {
    const venue = await faulty([{ match: onSecond, fault }]);
    const [one, two] = [await listening(venue), await listening(venue)];
    // The first frame of the one, then the first of the other: the second in all.
    await rest(venue);
    expect(await two.closed).toBe(code);
    await rest(venue);
    await one.settled();
    expect(one.frames).toHaveLength(2);
  });
});

describe("half-open", () => {
  test("the connection stays, and neither frame nor ping nor pong comes", async () => {
    const venue = await faulty([
      { match: { on: "time", area: "private", fromMs: 1_000 }, fault: { kind: "halfOpen" } },
    ]);
    const ear = await listening(venue);
    const market = await venue.publicEar();
    await market.settled();
    venue.advance(1);
    await rest(venue);
    const silence = ear.settled().then(
      () => "a pong",
      () => "closed",
    );
    venue.wall.advance(60_000);
    await market.until(({ pings }) => pings === 1);
    await market.settled();
    expect([ear.frames.length, ear.pings, ear.ws.readyState]).toEqual([0, 0, ear.ws.OPEN]);
    // Pings that are not sent get no pong: the venue disconnects after three.
    for (let minute = 0; minute < 3; minute++) {
      venue.wall.advance(60_000);
      await market.settled();
    }
    expect(await silence).toBe("closed");
  });
});

describe("connections and commands", () => {
  test("an upgrade is refused, cut, or let in and cut", async () => {
    const venue = await faulty([
      { match: { on: "connect", nth: 1 }, fault: { kind: "refuse" } },
      { match: { on: "connect", nth: 2 }, fault: { kind: "cut" } },
      { match: { on: "connect", nth: 3 }, fault: { kind: "close", code: 3_000 } },
    ]);
    await expect(venue.publicEar()).rejects.toThrow("HTTP 503");
    await expect(venue.publicEar()).rejects.toThrow(/hang up|reset/);
    expect(await (await venue.publicEar()).closed).toBe(3_000);
    await (await venue.publicEar()).settled();
  });
  test("a command is lost, or answered with an error it does not deserve", async () => {
    const venue = await faulty([
      { match: { on: "command", channel: "orderEvents", nth: 1 }, fault: { kind: "drop" } },
      { match: { on: "command", channel: "orderEvents", nth: 2 }, fault: { kind: "error" } },
    ]);
    const ear = await venue.privateEar();
    ear.subscribe("orderEvents");
    ear.subscribe("orderEvents");
    await ear.settled();
    await rest(venue);
    await ear.settled();
    expect(ear.frames).toEqual([{ error: "ERR-5003 Requests are too many." }]);
    ear.subscribe("orderEvents");
    await ear.settled();
    await rest(venue);
    await ear.heard(1, "orderEvents");
  });
  test("at a venue time all sockets of a kind are cut, once", async () => {
    const venue = await faulty([{ match: { on: "time", area: "public", fromMs: 30_000 }, fault: { kind: "cut" } }]);
    const [market, own] = [await venue.publicEar(), await listening(venue)];
    venue.advance(29.999);
    await market.settled();
    venue.advance(0.001);
    expect(await market.closed).toBe(1006);
    await own.settled();
    const again = await venue.publicEar();
    venue.advance(60);
    await again.settled();
  });
  test("a share of frames is lost by the seed: the same ones again", async () => {
    const run = async (): Promise<number> => {
      const venue = await faulty([{ match: { on: "frame", probability: 0.5 }, fault: { kind: "drop" } }]);
      const ear = await listening(venue);
      for (let i = 0; i < 20; i++) await rest(venue);
      await ear.settled();
      return ear.frames.reduce((sum, frame) => sum * 2 + (frame.orderId % 100), 0);
    };
    const one = await run();
    expect(one).toBeGreaterThan(0);
    expect(await run()).toBe(one);
  });
});

describe("replies", () => {
  const post = { method: "POST", path: "/v1/order" } as const;
  const order = JSON.stringify({
    symbol: "BTC_JPY",
    side: "BUY",
    executionType: "LIMIT",
    price: "9990000",
    size: "0.01",
  });
  const active = async (venue: Stand): Promise<number> =>
    ((await venue.get("/v1/activeOrders", "symbol=BTC_JPY")).json.data.list ?? []).length;

  test("reset after accept: the connection breaks, the order stands", async () => {
    const venue = await faulty([], {
      rules: [{ match: { ...post, nth: 1 }, fault: { kind: "reset", phase: "after" } }],
    });
    await expect(venue.send("POST", "/v1/order", { body: order })).rejects.toThrow("fetch failed");
    expect(await active(venue)).toBe(1);
  });
  test("reset before: the connection breaks, there is no order", async () => {
    const venue = await faulty([], {
      rules: [{ match: { ...post, nth: 1 }, fault: { kind: "reset", phase: "before" } }],
    });
    await expect(venue.send("POST", "/v1/order", { body: order })).rejects.toThrow("fetch failed");
    expect(await active(venue)).toBe(0);
  });
  test("lost after accept: no answer comes while the client waits, the order stands", async () => {
    const venue = await faulty([], {
      rules: [{ match: { ...post, nth: 1 }, fault: { kind: "dropReply", phase: "after" } }],
    });
    const giveUp = new AbortController();
    const lost = venue.send("POST", "/v1/order", { body: order, signal: giveUp.signal }).catch(() => "no answer");
    while ((await active(venue)) === 0);
    venue.wall.advance(600_000);
    expect(await active(venue)).toBe(1);
    giveUp.abort();
    expect(await lost).toBe("no answer");
  });
  test("late: the answer comes after its time, the order stands at once", async () => {
    const venue = await faulty([], { rules: [{ match: { ...post, nth: 1 }, fault: { kind: "late", ms: 5_000 } }] });
    let answered = false;
    const reply = venue.send("POST", "/v1/order", { body: order }).finally(() => {
      answered = true;
    });
    while ((await active(venue)) === 0);
    venue.wall.advance(4_999);
    expect(await active(venue)).toBe(1);
    expect(answered).toBe(false);
    venue.wall.advance(1);
    expect((await reply).json.data).toMatch(/^8\d{9}$/);
  });
  test.each([
    [{ kind: "httpError", httpStatus: 502, phase: "after" }, 502, /^<html>/],
    [{ kind: "html", phase: "before" }, 200, /^<html>/],
    [{ kind: "truncate", phase: "after" }, 200, /^\{"status":0,"d[^}]*$/],
    [{ kind: "error", code: "ERR-554", phase: "before" }, 200, /ERR-554/],
  ])("%j", async (fault, http, text) => {
    const venue = await faulty([], { rules: [{ match: { ...post, nth: 1 }, fault }] });
    const reply = await venue.send("POST", "/v1/order", { body: order });
    expect(reply.http).toBe(http);
    expect(reply.text).toMatch(text);
    expect(await active(venue)).toBe(fault.phase === "after" ? 1 : 0);
  });
  test("tokens meet the same faults: issued, but the answer is lost", async () => {
    const rules = [
      { match: { method: "POST", path: "/v1/ws-auth", nth: 1 }, fault: { kind: "truncate", phase: "after" } },
    ];
    const venue = await faulty([], { rules });
    expect((await venue.send("POST", "/v1/ws-auth", { body: "{}" })).json).toBeUndefined();
    // The lost one counts: with four more the table is full, and the fifth more ends the lost one.
    const tokens = [];
    for (let i = 0; i < 5; i++) tokens.push(await venue.token());
    for (const token of tokens) await venue.privateEar(token);
  });
  test("cut: the head promises a body that breaks off", async () => {
    const venue = await faulty([{ match: { on: "reply", ...post, nth: 1 }, fault: { kind: "cut" } }]);
    await expect(venue.send("POST", "/v1/order", { body: order })).rejects.toThrow("terminated");
    expect(await active(venue)).toBe(1);
  });
  test("slow body: piece by piece, whole in the end", async () => {
    const venue = await faulty([
      { match: { on: "reply", path: "/v1/symbols" }, fault: { kind: "slowBody", ms: 7_000 } },
    ]);
    let text = "";
    let pieces = 0;
    const done = new Promise<void>((resolve) => {
      request(`${venue.server.addresses.restPublic}/v1/symbols`, (response) => {
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString();
          pieces += 1;
          // The next piece comes a seventh of the time later.
          venue.wall.advance(1_000);
        });
        response.on("end", resolve);
      }).end();
    });
    await done;
    expect(pieces).toBe(8);
    expect(JSON.parse(text)).toMatchObject({ status: 0, data: expect.any(Array) });
  });
});

describe("a script that is wrong is refused, naming rule and field", () => {
  test.each([
    [
      [{ match: { on: "frame" }, fault: { kind: "refuse" } }],
      /socket rule 1: fault.kind: expected one of cut, .* on "frame"/,
    ],
    [[{ match: { on: "time" }, fault: { kind: "cut" } }], /socket rule 1: match.fromMs: expected a time/],
    [[{ match: { on: "connect", channel: "ticker" }, fault: { kind: "cut" } }], /match.channel: expected none/],
    [[{ match: { on: "frame", path: "/v1/order" }, fault: { kind: "cut" } }], /match.path: expected none/],
    [[{ match: { on: "frame" }, fault: { kind: "cut" } }, { match: { on: "never" } }], /socket rule 2: /],
    [[{ match: { on: "frame", nht: 1 }, fault: { kind: "cut" } }], /socket rule 1: /],
    [{}, /sockets: /],
  ])("%j", (sockets, message) => {
    expect(() => parseSocketRules(sockets, "faults.json")).toThrow(message);
  });
});
