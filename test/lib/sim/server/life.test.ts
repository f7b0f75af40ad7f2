// The server's own life: time that runs with the wall clock, restart, and nothing left behind after the end.
import { mkdtempSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { epochMs } from "../../../../lib/core/time.ts";
import { VenueTime } from "../../../../lib/sim/server/venueTime.ts";
import { realWall } from "../../../../lib/sim/server/wallClock.ts";
import { ManualWall, START_MS, START_PRICE, type Stand, stand } from "./stand.ts";

const BTC = { symbol: "BTC_JPY" };
const nowOf = async (venue: Stand): Promise<number> =>
  Date.parse((await venue.public("/v1/ticker?symbol=BTC_JPY")).json.data[0].timestamp) - START_MS - 120_000;

describe("venue time", () => {
  test.each([1, 60, 0.5])("runs with the wall clock times %d, and a request sees the present", async (speed) => {
    const wall = new ManualWall();
    const venue = await stand({ speed, wall });
    expect(await nowOf(venue)).toBe(0);
    wall.advance(10_000);
    expect(await nowOf(venue)).toBe(10_000 * speed);
    wall.advance(1);
    expect(await nowOf(venue)).toBe(Math.floor(10_001 * speed));
    await venue.close();
    expect(wall.waiting()).toBe(0);
  });
  test("without a request, fills are published when they are due", async () => {
    const wall = new ManualWall();
    const venue = await stand({ speed: 60, wall, btc: (s) => s.to(START_PRICE - 60_000, 10).flat(10) });
    const ear = await venue.privateEar();
    ear.subscribe("executionEvents");
    await ear.settled();
    await venue.order({ price: String(START_PRICE - 20_000), size: "0.01" });
    wall.advance(20_000);
    const [fill] = await ear.heard(1, "executionEvents");
    // Published on the grid of the wall clock, at the venue's own instant.
    expect(Date.parse(fill.executionTimestamp)).toBeGreaterThan(START_MS + 120_000);
    expect(Date.parse(fill.executionTimestamp)).toBeLessThan(START_MS + 120_000 + 20_000 * 60);
    await venue.close();
  });
  test("at high speed the private events are the same as step by step", async () => {
    const run = async (speed: number, stepMs: number): Promise<string> => {
      const wall = new ManualWall();
      const venue = await stand({
        speed,
        wall,
        venue: { partialFills: true },
        volume: 0.1,
        // The wall clock leaps: no ping can be answered meanwhile.
        server: { pingIntervalMs: 3_600_000 },
        btc: (s) =>
          s
            .to(START_PRICE - 60_000, 10)
            .to(START_PRICE + 90_000, 20)
            .flat(10),
      });
      const ear = await venue.privateEar();
      for (const channel of ["orderEvents", "executionEvents", "positionEvents"]) ear.subscribe(channel);
      await ear.settled();
      for (const away of [5_000, 15_000, 25_000])
        await venue.order({ price: String(START_PRICE - away), size: "0.06" });
      for (let ms = 0; ms < 2_400_000 / speed; ms += stepMs) wall.advance(stepMs);
      await ear.settled();
      await venue.close();
      return JSON.stringify(ear.frames);
    };
    const slow = await run(10, 50);
    expect(slow.length).toBeGreaterThan(2_000);
    expect(await run(6_000, 400)).toBe(slow);
  });
  test("a leap stops at every event and at every frame, so that each is published at its own instant", async () => {
    const venue = await stand({ btc: (s) => s.to(START_PRICE - 60_000, 10).flat(10) });
    for (const away of [5_000, 15_000, 25_000]) await venue.order({ price: String(START_PRICE - away), size: "0.01" });
    const { simulator } = venue.server;
    const eventsMs: number[] = [];
    simulator.onEvent((event) => eventsMs.push(event.atMs));
    const stepsMs: number[] = [];
    const time = new VenueTime({
      simulator,
      wall: venue.wall,
      speed: 0,
      onStep: () => stepsMs.push(simulator.nowMs()),
      nextFrameMs: (nowMs) => epochMs((Math.floor(nowMs / 60_000) + 1) * 60_000),
      onFailure: (e) => {
        throw e;
      },
    });
    const untilMs = simulator.nowMs() + 900_001;
    time.advanceTo(epochMs(untilMs));
    expect(new Set(eventsMs).size).toBe(3);
    const minutes = Array.from({ length: 15 }, (_, i) => START_MS + 120_000 + (i + 1) * 60_000);
    expect(stepsMs).toEqual([...new Set([...minutes, ...eventsMs, untilMs])].toSorted((a, b) => a - b));
    await venue.close();
  });
  test("steps that take longer than the time they stand for slow the venue down, and never hold it up", async () => {
    const venue = await stand({});
    const { simulator } = venue.server;
    const wall = { nowMs: 0, monotonicMs: () => wall.nowMs, after: () => () => undefined };
    let [steps, toldSlow] = [0, 0];
    const time = new VenueTime({
      simulator,
      wall,
      speed: 5_000,
      // 505 ms of the venue are a tenth of a millisecond; saying so takes twenty.
      onStep: () => {
        steps += 1;
        wall.nowMs += 20;
      },
      nextFrameMs: (nowMs) => epochMs((Math.floor(nowMs / 505) + 1) * 505),
      onFailure: (e) => {
        throw e;
      },
      onSlow: () => {
        toldSlow += 1;
      },
    });
    const startMs = simulator.nowMs();
    for (let call = 0; call < 4; call++) {
      wall.nowMs += 10;
      time.catchUp();
      expect(steps).toBeLessThanOrEqual(3 * (call + 1));
    }
    expect(toldSlow).toBe(1);
    expect(simulator.nowMs() - startMs).toBeGreaterThan(505 * 8);
    // Nothing is left to make up for: with no time gone by there is nothing to do.
    const before = steps;
    time.catchUp();
    expect(steps).toBe(before);
    time.close();
    await venue.close();
  });
  test("position summaries are thinned at high speed, too", async () => {
    const wall = new ManualWall();
    const venue = await stand({ speed: 5_000, wall });
    await venue.order({ size: "0.01" });
    const ear = await venue.privateEar();
    ear.subscribe("positionSummaryEvents", { option: "PERIODIC" });
    await ear.settled();
    wall.advance(1_000);
    await ear.settled();
    const told = ear.frames.filter((frame) => frame.msgType === "PERIODIC").length;
    expect(told).toBeGreaterThan(20);
    expect(told).toBeLessThanOrEqual(40);
    await venue.close();
  });
  test("market frames are thinned at high speed, and stay on the grid", async () => {
    const wall = new ManualWall();
    const venue = await stand({ speed: 1_000, wall, btc: (s) => s.to(START_PRICE + 60_000, 60).flat(60) });
    const ear = await venue.publicEar();
    ear.subscribe("orderbooks", BTC);
    await ear.settled();
    wall.advance(1_000);
    await ear.settled();
    expect(ear.frames.length).toBeGreaterThan(20);
    expect(ear.frames.length).toBeLessThanOrEqual(40);
    for (const frame of ear.frames) expect(Date.parse(frame.timestamp) % 505).toBe(0);
    await venue.close();
  });
  test("after the last candle prices stand still and time goes on", async () => {
    const venue = await stand({ btc: (s) => s.to(START_PRICE + 5_000, 1) });
    venue.advance(86_400 * 3);
    const row = (await venue.public("/v1/ticker?symbol=BTC_JPY")).json.data[0];
    expect([row.last, row.timestamp]).toEqual([String(START_PRICE + 5_000), "2025-07-04T00:02:00.000Z"]);
    await venue.order({ size: "0.001" });
    await venue.close();
  });
});

describe("beginning and end", () => {
  test("binds 127.0.0.1 only; a taken port is SIM_PORT", async () => {
    const venue = await stand();
    expect(Object.values(venue.server.addresses).every((url) => url.includes("//127.0.0.1:"))).toBe(true);
    await expect(stand({ port: venue.server.port })).rejects.toMatchObject({ code: "SIM_PORT" });
    await venue.close();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(venue.server.port, "127.0.0.1", resolve));
    expect((other.address() as AddressInfo).port).toBe(venue.server.port);
    await new Promise((resolve) => other.close(resolve));
  });
  test("an option that cannot be is refused", async () => {
    await expect(stand({ server: { bookGridMs: 0 } })).rejects.toMatchObject({ code: "SIM_OPTION" });
    await expect(stand({ server: { tokenCloseCode: 1005 } })).rejects.toMatchObject({ code: "SIM_OPTION" });
    await expect(stand({ venue: { maxChanges: -1 } })).rejects.toMatchObject({ code: "SIM_OPTION" });
  });
  test("a restart on the same file keeps orders, positions, money and the key; tokens end", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "venue-")), "venue.db");
    const first = await stand({ path });
    await first.order({ size: "0.01" });
    const resting = await first.order({ price: String(START_PRICE - 10_000), size: "0.01" });
    first.advance(90);
    const token = await first.token();
    const seen = async (venue: Stand): Promise<unknown> => [
      venue.server.simulator.credentials(),
      venue.server.simulator.nowMs(),
      (await venue.get("/v1/openPositions", "symbol=BTC_JPY")).json.data,
      (await venue.get("/v1/activeOrders", "symbol=BTC_JPY")).json.data,
      (await venue.get("/v1/account/margin")).json.data,
    ];
    const before = await seen(first);
    await first.close();
    const second = await stand({ path });
    expect(await seen(second)).toEqual(before);
    await expect(second.privateEar(token)).rejects.toThrow("HTTP 404");
    expect(await second.order({ price: String(START_PRICE - 10_000), size: "0.01" })).toBeGreaterThan(resting);
    expect(await second.token()).not.toBe(token);
    await second.close();
  });
  test("close leaves no socket and no timer, whatever was going on", async () => {
    const kinds = ["TCPSocketWrap", "TCPServerWrap", "Timeout"];
    const active = (): string[] => process.getActiveResourcesInfo().filter((kind) => kinds.includes(kind));
    const before = active().length;
    const wall = new ManualWall();
    for (const used of [wall, realWall]) {
      const venue = await stand({
        speed: 1,
        wall: used,
        venue: { eventOrder: "after" },
        server: { eventGapMs: 60_000 },
        faults: {
          rules: [
            { match: { path: "/v1/account/assets" }, fault: { kind: "late", ms: 60_000 } },
            { match: { path: "/v1/account/margin" }, fault: { kind: "dropReply", phase: "after" } },
          ],
          sockets: [{ match: { on: "frame", channel: "ticker" }, fault: { kind: "delay", ms: 60_000 } }],
        },
      });
      const [market, own] = [await venue.publicEar(), await venue.privateEar()];
      market.subscribe("ticker", BTC);
      own.subscribe("orderEvents");
      await market.settled();
      await own.settled();
      await venue.order({ price: String(START_PRICE - 10_000), size: "0.01" });
      const lost = [venue.get("/v1/account/margin"), venue.get("/v1/account/assets")].map((reply) =>
        reply.catch(() => "lost"),
      );
      await venue.public("/v1/status");
      await venue.server.close();
      await Promise.all([market.closed, own.closed]);
      expect(await lost[0]).toBe("lost");
      expect(venue.server.sockets()).toBe(0);
    }
    expect(wall.waiting()).toBe(0);
    // Sockets of the client's own pool are notified of the end a turn later.
    for (let i = 0; i < 1_000 && active().length > before; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(active().length).toBeLessThanOrEqual(before);
  });
});
