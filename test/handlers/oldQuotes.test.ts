// Market data that freeze while the market moves: no entry, no target, no time-stop limit by old prices; protection goes on.
import { afterEach, describe, expect, test } from "vitest";
import { fetchMarket } from "../../handlers/fetchMarket.ts";
import { AppError } from "../../lib/core/errors.ts";
import { BAR_MS, epochMs, MINUTE_MS, parseInstant, SECOND_MS } from "../../lib/core/time.ts";
import type { TransportReply } from "../../lib/io/gmo/transport.ts";
import { bars, stage } from "../sim/stage.ts";
import { World, type WorldOptions } from "../sim/world.ts";

let world: World | undefined;
afterEach(() => {
  world?.close();
  world = undefined;
});

/** From `freeze.on` every one of these calls gets its last body again. */
const freezing = (options: Omit<WorldOptions, "onReply">, names: RegExp) => {
  const last = new Map<string, TransportReply>();
  const freeze = { on: false };
  world = new World({
    ...options,
    onReply: (_, what, reply) => {
      const key = `${what} ${/"symbol":"(\w+)"/.exec(reply.body)?.[1] ?? ""}`;
      if (!names.test(what)) return undefined;
      if (freeze.on && last.has(key)) return last.get(key);
      last.set(key, reply);
      return undefined;
    },
  });
  return { w: world, freeze };
};
/** Takes a signature of a minute ago. */
const PATIENT = { signatureWindowMs: 60_000 };
const MARKET = /GET \/v1\/(ticker|orderbooks|trades|status)/;

describe("truth 1: no entry is made by old prices", () => {
  test.each([
    ["en", /the exchange's prices are (180|181) s old; at most 10 s are allowed/],
    ["ja", /取引所の価格が(180|181)秒前のものです（上限 10秒）/],
  ] as const)("refused at the tap with exactly that reason, %s", async (LOCALE, reason) => {
    const { w, freeze } = freezing({ btc: (s) => s.flat(30), config: { LOCALE } }, /orderbooks/);
    await w.venue.orderBook("BTC_JPY");
    freeze.on = true;
    await w.advance(3);
    w.approve();
    await w.advance(1);
    expect(w.orders()).toEqual([]);
    expect(w.messages().join("\n")).toMatch(reason);
    const refused = w.db.read.audit.after(0, 1_000).find((row) => row.kind === "entry.refused");
    expect(JSON.stringify(refused)).toMatch(/s old; at most 10 s are allowed/);
    // Not an error of the API, and no job is dead.
    expect(w.db.read.halts.active(w.nowMs)).toEqual([]);
    expect(w.deadJobs()).toEqual([]);
  });

  test("an approved entry is not re-quoted by old prices: it ends with that reason", async () => {
    // It expires as taker once, and the market data stop before the second quote.
    let jumped = false;
    const { w, freeze } = freezing(
      {
        venue: PATIENT,
        btc: (s) => s.flat(1).gap(9_997_000).flat(3).to(9_994_000, 2).to(9_940_000, 10).flat(20),
        onRequest: (it, what) => {
          if (what !== "POST /v1/order" || jumped) return;
          jumped = true;
          freeze.on = true;
          it.pass(15_000);
        },
      },
      MARKET,
    );
    await w.advance(0.95);
    w.approve();
    await w.advance(2);
    expect(w.orders("entry").map((o) => o.state)).toEqual(["expired"]);
    expect(w.trade()).toMatchObject({
      status: "cancelled",
      cancelReason: expect.stringMatching(/s old; at most 10 s/),
    });
  });

  test("the account takes long to answer: the book read before it is old by then", async () => {
    world = new World({
      venue: PATIENT,
      btc: (s) => s.flat(30),
      onRequest: (w, what) => {
        if (["GET /v1/account/margin", "GET /v1/openPositions"].includes(what)) w.pass(4_000);
      },
    });
    world.approve();
    await world.advance(1);
    expect(world.orders()).toEqual([]);
    expect(world.messages().join()).toMatch(/the exchange's prices are 12 s old/);
  });

  test.each([-4_900, 4_900])("with a venue clock %d ms from ours, trading goes on as ever", async (byMs) => {
    world = new World({
      venue: PATIENT,
      btc: (s) => s.flat(1).to(9_998_000, 2).to(10_080_000, 20).flat(30),
      onReply: (_, __, reply) => ({
        ...reply,
        body: reply.body.replace(/"(responsetime|timestamp)":"([^"]+)"/g, (_all, name, time) => {
          const moved = new Date(Date.parse(time) + byMs).toISOString();
          return `"${name}":"${moved}"`;
        }),
      }),
    });
    world.approve();
    await world.runToEnd();
    expect(world.trade()).toMatchObject({ status: "closed", exitReason: "tp2" });
  });
});

describe("truth 1: targets and the time stop are not judged by old prices", () => {
  test("a ticker that stands frozen beyond the target gives up no stop", async () => {
    const { w, freeze } = freezing(
      {
        btc: (s) =>
          s.gap(10_040_000).flat(1).gap(10_000_000).flat(1).to(9_998_000, 1).flat(10).to(9_940_000, 5).flat(5),
        pollMs: 15_000,
      },
      /ticker/,
    );
    // The last ticker of this feed stands beyond TP1; the book goes on.
    await w.advance(0.5);
    await w.venue.ticker("BTC_JPY");
    freeze.on = true;
    await w.advance(1.5);
    w.approve();
    await w.runToEnd();
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "stop_loss" });
    expect(w.orders("takeProfit")).toEqual([]);
    expect(w.simulator.bareStats("BTC_JPY").longestMs).toBeLessThan(1_000);
    expect(await w.brokenPromises()).toEqual([]);
  });

  test("the time stop closes at market: no limit is placed at an old price", async () => {
    const { w, freeze } = freezing(
      { btc: (s) => s.flat(1).to(9_998_000, 1).flat(60), config: { TIME_STOP_HOURS: "0.25" } },
      /ticker|orderbooks/,
    );
    w.approve();
    await w.advance(4);
    await w.venue.ticker("BTC_JPY");
    freeze.on = true;
    await w.runToEnd();
    expect(w.trade()).toMatchObject({ status: "closed", exitReason: "time_stop" });
    expect(w.orders("exit").map((o) => o.intent.executionType)).toEqual(w.orders("exit").map(() => "MARKET"));
    expect(await w.brokenPromises()).toEqual([]);
  });
});

describe("truth 1: a bar is not judged by old prices, and its snapshot keeps the venue's time", () => {
  const CLOSE = parseInstant("2025-08-12T03:00:00Z");
  const BAR = epochMs(CLOSE - BAR_MS);
  const TICK = epochMs(CLOSE + 5 * SECOND_MS);
  const input = { symbol: "BTC_JPY", tickMs: TICK } as const;

  test("the venue's time stands beside ours", async () => {
    const s = stage(TICK);
    s.says.candles = bars(CLOSE, 120);
    await s.run(fetchMarket, input);
    expect(s.db.read.snapshots.at("BTC_JPY", BAR)).toMatchObject({ takenMs: TICK, venueMs: TICK });
  });

  test("old prices are waited for two minutes, then the bar has no signal and says why", async () => {
    const s = stage(TICK);
    s.says.candles = bars(CLOSE, 120);
    Object.defineProperty(s.says, "bid", {
      get: () => {
        throw new AppError("retry", "QUOTE_OLD", "/v1/ticker: expected data at most 10.0 s old, found data 99.0 s old");
      },
    });
    expect(await s.run(fetchMarket, input)).toMatchObject({ kind: "snooze", reason: "no quote (QUOTE_OLD)" });
    s.clock.advanceTo(epochMs(CLOSE + 2 * MINUTE_MS));
    expect(await s.run(fetchMarket, input)).toMatchObject({
      kind: "stop",
      reason: expect.stringMatching(/^no signal: .*99\.0 s old/),
    });
  });
});
