// The script of `--faults FILE`: what it may say, what is wrong with a bad one, and that every rule strikes as written.
import { afterEach, describe, expect, test } from "vitest";
import { epochMs, HOUR_MS, MINUTE_MS } from "../../../../lib/core/time.ts";
import { TransportError } from "../../../../lib/io/gmo/transport.ts";
import { parseFaults } from "../../../../lib/sim/faults/faults.ts";
import { applySpikes } from "../../../../lib/sim/market/spikes.ts";
import type { SimulatorOptions } from "../../../../lib/sim/simulator.ts";
import { Script } from "../../../sim/script.ts";
import { Desk, type DeskOptions, START_MS, START_PRICE, tempFile } from "../desk.ts";

const desks: Desk[] = [];
const desk = (options?: DeskOptions): Desk => {
  const made = new Desk(options);
  desks.push(made);
  return made;
};
afterEach(() => {
  for (const made of desks.splice(0)) made.close();
});
const BEGIN_MS = epochMs(START_MS + 2 * MINUTE_MS);
const script = (document: object) => parseFaults(JSON.stringify(document), "faults.json");
const faulty = (rules: readonly object[], more: DeskOptions = {}, venue: SimulatorOptions = {}, seed = 1): Desk =>
  desk({ path: tempFile(), ...more, venue: { ...venue, faults: script({ rules }).faults(seed, BEGIN_MS) } });
const ORDER = { method: "POST", path: "/v1/order" };
const LIMIT = { symbol: "BTC_JPY", side: "BUY", executionType: "LIMIT", price: "9990000", size: "0.01" };

/** What a client sees: a code, "ok", or what went wrong on the way. */
const outcome = (act: () => { readonly code: string | undefined }): string => {
  try {
    return act().code ?? "ok";
  } catch (e) {
    if (e instanceof TransportError) return e.failure;
    if (e instanceof SyntaxError) return "no JSON";
    throw e;
  }
};
const place = (d: Desk): string => outcome(() => d.post("/v1/order", LIMIT));

describe("what a rule does", () => {
  test.each<[object, string, number]>([
    [{ kind: "dropReply", phase: "after" }, "timeout", 1],
    [{ kind: "dropReply", phase: "before" }, "timeout", 0],
    [{ kind: "reset", phase: "after" }, "reset", 1],
    [{ kind: "reset", phase: "before" }, "reset", 0],
    [{ kind: "html", phase: "after" }, "no JSON", 1],
    [{ kind: "truncate", phase: "after" }, "no JSON", 1],
    [{ kind: "httpError", phase: "after", httpStatus: 503 }, "no JSON", 1],
    [{ kind: "httpError", phase: "before" }, "no JSON", 0],
    [{ kind: "late", ms: 5_000 }, "ok", 1],
    ...["ERR-5003", "ERR-5008", "ERR-5201", "ERR-5202", "ERR-554"].map((code): [object, string, number] => [
      { kind: "error", phase: "before", code },
      code,
      0,
    ]),
    [{ kind: "error", phase: "after", code: "ERR-554" }, "ERR-554", 1],
  ])("%o", (fault, seen, orders) => {
    const d = faulty([{ match: ORDER, fault }]);
    expect(place(d)).toBe(seen);
    expect(d.active()).toHaveLength(orders);
  });
  test("a late reply and an HTTP status reach a server as they are", () => {
    const d = faulty([
      { match: { path: "/v1/ticker" }, fault: { kind: "late", ms: 5_000 } },
      { match: { path: "/v1/status" }, fault: { kind: "httpError", phase: "before", httpStatus: 503 } },
      { match: { path: "/v1/symbols" }, fault: { kind: "dropReply", phase: "after" } },
    ]);
    const ask = (path: string) => d.simulator.serve({ area: "public", method: "GET", path, headers: {} }).delivery;
    expect(ask("/v1/ticker")).toMatchObject({ kind: "reply", delayMs: 5_000, reply: { httpStatus: 200 } });
    expect(ask("/v1/status")).toMatchObject({ kind: "reply", delayMs: 0, reply: { httpStatus: 503 } });
    expect(ask("/v1/symbols")).toEqual({ kind: "lost", failure: "timeout" });
  });
  test("expireSok: a post-only order that would rest expires", () => {
    const d = faulty([{ match: ORDER, fault: { kind: "expireSok" } }]);
    const id = d.order({ ...LIMIT, timeInForce: "SOK" });
    expect(d.shown(id)).toMatchObject({ status: "EXPIRED", cancelType: "EXPIRED_SOK" });
    expect(d.shown(d.order(LIMIT)).status).toBe("ORDERED");
  });
  test("partialFill: the first fill takes a share; a MARKET's rest expires, a LIMIT's rests, also after a restart", () => {
    const d = faulty([{ match: ORDER, fault: { kind: "partialFill", share: 0.3 } }], {
      btc: (s) => s.flat(1).gap(9_900_000).flat(5),
    });
    const market = d.order({ size: "0.01" });
    expect(d.shown(market)).toMatchObject({ status: "EXPIRED", cancelType: "EXPIRED_FAK", executedSize: "0.003" });
    const crossing = d.order({ price: "10000500", size: "0.01" });
    expect(d.shown(crossing)).toMatchObject({ status: "ORDERED", executedSize: "0.003" });
    const resting = d.order(LIMIT);
    d.reopen();
    d.pass(60.001);
    expect(d.shown(resting)).toMatchObject({ status: "ORDERED", executedSize: "0.003" });
    d.pass(60);
    expect([crossing, resting].map((id) => d.shown(id).status)).toEqual(["EXECUTED", "EXECUTED"]);
  });
  test.each([0, 500])(
    "cancelLoses: an accepted cancel (taking %i ms) ends in a fill at the order's price",
    (cancelAfterMs) => {
      const d = faulty(
        [{ match: { path: "/v1/cancelOrder", nth: 1 }, fault: { kind: "cancelLoses" } }],
        {},
        { cancelAfterMs },
      );
      const [lost, kept] = [d.order(LIMIT), d.order(LIMIT)];
      for (const orderId of [lost, kept]) expect(d.post("/v1/cancelOrder", { orderId }).status).toBe(0);
      d.reopen();
      d.pass(1);
      expect(d.shown(lost)).toMatchObject({ status: "EXECUTED" });
      expect(d.executionsOf(lost)).toMatchObject([{ price: "9990000", size: "0.01" }]);
      expect(d.shown(kept)).toMatchObject({ status: "CANCELED" });
    },
  );
  test("cancelLoses on a stop: it triggers", () => {
    const d = faulty([{ match: { path: "/v1/cancelOrder" }, fault: { kind: "cancelLoses" } }]);
    const stop = d.closeOrder(d.position("0.01"), "0.01", { executionType: "STOP", price: "9900000" });
    expect(d.post("/v1/cancelOrder", { orderId: stop }).status).toBe(0);
    expect(d.shown(stop).status).toBe("EXECUTED");
    expect(d.positions()).toEqual([]);
  });
  test("notClosable: a position younger than that is not seen", () => {
    const d = faulty([{ match: { path: "/v1/closeOrder" }, fault: { kind: "notClosable", ms: 150 } }]);
    const settlePosition = [{ positionId: d.position("0.01"), size: "0.01" }];
    const close = () => d.post("/v1/closeOrder", { ...LIMIT, side: "SELL", price: "10100000", settlePosition }).code;
    d.pass(0.149);
    expect(close()).toBe("ERR-254");
    d.pass(0.001);
    expect(close()).toBeUndefined();
  });
});

describe("which requests a rule strikes", () => {
  const lost = { kind: "dropReply", phase: "before" };
  const pattern = (d: Desk, n: number): string =>
    Array.from({ length: n }, () => (place(d) === "ok" ? "." : "x")).join("");
  test("the nth, or several; the first matching rule wins, and each counts for itself", () => {
    expect(pattern(faulty([{ match: { ...ORDER, nth: 2 }, fault: lost }]), 4)).toBe(".x..");
    expect(pattern(faulty([{ match: { ...ORDER, nth: [1, 4] }, fault: lost }]), 5)).toBe("x..x.");
    const both = faulty([
      { match: { ...ORDER, nth: 2 }, fault: { kind: "error", phase: "before", code: "ERR-554" } },
      { match: ORDER, fault: { kind: "error", phase: "before", code: "ERR-5003" } },
    ]);
    expect([place(both), place(both), place(both)]).toEqual(["ERR-5003", "ERR-554", "ERR-5003"]);
  });
  test("method and path", () => {
    const d = faulty([{ match: { method: "POST" }, fault: lost }]);
    expect(outcome(() => d.get("/v1/ticker"))).toBe("ok");
    expect([place(d), outcome(() => d.post("/v1/cancelOrder", { orderId: 1 }))]).toEqual(["timeout", "timeout"]);
    expect(outcome(() => faulty([{ fault: lost }]).get("/v1/ticker"))).toBe("timeout");
  });
  test("a window of venue time, after the start or as instants", () => {
    const from = new Date(BEGIN_MS + 60_000).toISOString();
    for (const match of [
      { ...ORDER, fromMs: 60_000, untilMs: 120_000 },
      { ...ORDER, fromMs: from, untilMs: 120_000 },
    ]) {
      const d = faulty([{ match, fault: lost }]);
      const seen = [59.999, 0.001, 59.999, 0.001].map((seconds) => {
        d.pass(seconds);
        return place(d);
      });
      expect(seen).toEqual(["ok", "timeout", "timeout", "ok"]);
    }
  });
  test("a share, drawn by the seed: the same seed strikes the same requests", () => {
    const run = (seed: number) =>
      pattern(faulty([{ match: { ...ORDER, probability: 0.5 }, fault: lost }], {}, {}, seed), 60);
    expect(run(1)).toBe(run(1));
    expect(run(2)).not.toBe(run(1));
    const struck = run(1).split("x").length - 1;
    expect(struck).toBeGreaterThan(15);
    expect(struck).toBeLessThan(45);
  });
});

describe("closed times and spikes", () => {
  const document = script({
    closures: [
      { kind: "emergency", fromMs: 60_000, untilMs: 120_000 },
      { kind: "preopen", fromMs: "2025-07-01T00:04:00Z", untilMs: "2025-07-01T00:05:00Z" },
    ],
    spikes: [
      { symbol: "BTC_JPY", atMs: 90_000, percent: -30 },
      { symbol: "BTC_JPY", atMs: 600_000, percent: 20, durationMs: 120_000 },
    ],
    sockets: [{ anything: true }],
  });
  test("closures count from the start", () => {
    const d = desk({ venue: { closures: document.closures(BEGIN_MS) } });
    const seen = [0, 60, 60, 60].map((seconds) => {
      d.pass(seconds);
      return d.post("/v1/order", LIMIT).code ?? "ok";
    });
    expect(seen).toEqual(["ok", "ERR-5202", "ERR-5203", "ok"]);
    expect(document.sockets).toEqual([{ anything: true }]);
  });
  test("a spike is in the candles: it cuts, triggers, and shows in the klines", () => {
    const candles = { BTC_JPY: new Script(START_MS, START_PRICE).flat(60).build() };
    const spiked = applySpikes(candles, document.spikes(BEGIN_MS));
    const d = desk({ candles: spiked["BTC_JPY"]! });
    const id = d.position("0.01");
    d.pass(180);
    expect(d.simulator.executions().at(-1)).toMatchObject({ positionId: id, settleType: "LOSS_CUT" });
    d.pass(900);
    const rows = d.get("/v1/klines", { symbol: "BTC_JPY", interval: "1min", date: "20250701" }).data;
    const row = (minute: number) =>
      rows.find((r: { openTime: string }) => r.openTime === String(START_MS + minute * MINUTE_MS));
    expect(row(3)).toMatchObject({ open: "10000000", low: "7000000", close: "10000000" });
    expect([11, 12, 13, 14].map((minute) => row(minute).close)).toEqual([
      "10000000",
      "12000000",
      "12000000",
      "10000000",
    ]);
  });
  test("a spike where there is no candle is refused", () => {
    const candles = { BTC_JPY: new Script(START_MS, START_PRICE).flat(5).build() };
    const spike = { symbol: "BTC_JPY", atMs: epochMs(START_MS + HOUR_MS), percent: -30, durationMs: 0 };
    expect(() => applySpikes(candles, [spike])).toThrow("expected a candle of BTC_JPY at 2025-07-01T01:00:00.000Z");
    expect(() => applySpikes(candles, [{ ...spike, symbol: "ZZZ" }])).toThrow(
      expect.objectContaining({ code: "SIM_FAULTS" }),
    );
  });
});

describe("a script that is wrong", () => {
  const good = { match: ORDER, fault: { kind: "reset", phase: "after" } };
  test.each<[string, string, string]>([
    ["no JSON", "{", "faults.json: expected JSON"],
    ["an unknown part", JSON.stringify({ rule: [] }), '"rule"'],
    [
      "an unknown kind",
      JSON.stringify({ rules: [good, { name: "my rule", fault: { kind: "explode" } }] }),
      "rule 2 (my rule): fault.kind",
    ],
    ["a kind without its phase", JSON.stringify({ rules: [{ fault: { kind: "reset" } }] }), "rule 1: fault.phase"],
    ["an unknown field", JSON.stringify({ rules: [{ ...good, match: { url: "/v1/order" } }] }), "rule 1: match"],
    [
      "a path outside the API",
      JSON.stringify({ rules: [{ ...good, match: { path: "order" } }] }),
      'rule 1: match.path: expected a path of the API such as "/v1/order", found "order"',
    ],
    [
      "a path with a slip of the pen, that would never match",
      JSON.stringify({ rules: [good, { ...good, match: { path: "/v1/ordr" } }] }),
      'rule 2: match.path: expected a path of the API such as "/v1/order", found "/v1/ordr"',
    ],
    [
      "a rule that ends before it begins",
      JSON.stringify({ rules: [{ ...good, match: { fromMs: 10, untilMs: 10 } }] }),
      "rule 1: match.untilMs: expected a time after fromMs, found 10",
    ],
    [
      "a closure that ends before it begins",
      JSON.stringify({
        closures: [{ kind: "preopen", fromMs: "2025-07-01T01:00:00Z", untilMs: "2025-07-01T00:00:00Z" }],
      }),
      "closure 1: untilMs: expected a time after fromMs",
    ],
    [
      "a value without end, cut",
      JSON.stringify({ rules: [{ ...good, match: { path: "x".repeat(5_000) } }] }),
      `found "${"x".repeat(99)}…. Repair the script`,
    ],
    [
      "a probability above 1",
      JSON.stringify({ rules: [{ ...good, match: { probability: 2 } }] }),
      "rule 1: match.probability",
    ],
    [
      "a share of everything",
      JSON.stringify({ rules: [{ fault: { kind: "partialFill", share: 1 } }] }),
      "rule 1: fault.share",
    ],
    [
      "a code in words",
      JSON.stringify({ rules: [{ fault: { kind: "error", phase: "before", code: "busy" } }] }),
      'rule 1: fault.code: expected a code such as "ERR-5003", found "busy"',
    ],
    [
      "a time in words",
      JSON.stringify({ closures: [{ kind: "preopen", fromMs: "noon", untilMs: 5 }] }),
      "closure 1: fromMs",
    ],
    [
      "a date that does not exist",
      JSON.stringify({ closures: [{ kind: "preopen", fromMs: 1, untilMs: "2025-02-30T00:00:00Z" }] }),
      "closure 1: untilMs",
    ],
    [
      "a spike to nothing",
      JSON.stringify({ spikes: [{ symbol: "BTC_JPY", atMs: 0, percent: -100 }] }),
      "spike 1: percent",
    ],
  ])("%s is refused with its place", (_, text, message) => {
    const read = () => parseFaults(text, "faults.json");
    expect(read).toThrow(message);
    expect(read).toThrow(expect.objectContaining({ code: "SIM_FAULTS", verdict: "permanent" }));
  });
  test("a byte order mark is no part of it", () => {
    expect(parseFaults("\uFEFF{}").rules).toEqual([]);
  });
  test("an empty script is a good one", () => {
    const faults = parseFaults("{}").faults(1, BEGIN_MS);
    expect(
      faults({ area: "public", method: "GET", path: "/v1/status", headers: {} }, "before", BEGIN_MS),
    ).toBeUndefined();
  });
});
