// The venue is a world of its own (docs/decisions/0004): deterministic, durable before it answers, time that only goes
// on, replies that get lost while the order stays.
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { yen } from "../../../lib/core/money.ts";
import { epochMs, HOUR_MS, MINUTE_MS } from "../../../lib/core/time.ts";
import { TransportError } from "../../../lib/io/gmo/transport.ts";
import { openSqlite } from "../../../lib/io/sqlite.ts";
import type { Fault, FaultPhase } from "../../../lib/sim/faults/faultTypes.ts";
import type { VenueEvent, Watch } from "../../../lib/sim/simulator.ts";
import { LONG } from "../../long.ts";
import { Desk, type DeskOptions, START_MS, START_PRICE, stateText, tempFile } from "./desk.ts";
import { type Command, candlesOf, commands, play, steps } from "./streams.ts";

const desks: Desk[] = [];
const desk = (options?: DeskOptions): Desk => {
  const made = new Desk(options);
  desks.push(made);
  return made;
};
afterEach(() => {
  for (const made of desks.splice(0)) made.close();
});

/** 05:40 JST: the leverage fee falls into the run. */
const EVENING_MS = epochMs(START_MS - 3 * HOUR_MS - 20 * MINUTE_MS);
const evening = (path: Parameters<typeof candlesOf>[2], seed: number, more: DeskOptions = {}): Desk =>
  new Desk({
    candles: candlesOf(EVENING_MS, START_PRICE, path),
    eth: EVENING_MS,
    startMs: EVENING_MS,
    seed,
    venue: { partialFills: true, cancelAfterMs: 2_000 },
    ...more,
  });
const WALK_ON: Command = { do: "pass", ms: 10 * MINUTE_MS };

describe("determinism and durability", () => {
  test("killed and opened again after every request, it answers and stands as if it had never been closed", () => {
    let executions = 0;
    fc.assert(
      fc.property(steps(15, 30), commands(30), fc.nat(1_000), (path, list, seed) => {
        const [steady, mortal] = [evening(path, seed), evening(path, seed, { path: tempFile() })];
        for (const command of [...list, WALK_ON, WALK_ON]) {
          expect(play(mortal, command)).toBe(play(steady, command));
          mortal.reopen();
          expect(mortal.simulator.resumed).toBe(true);
        }
        expect(stateText(mortal)).toBe(stateText(steady));
        executions += steady.simulator.executions().length;
        for (const d of [steady, mortal]) d.close();
      }),
      { numRuns: LONG ? 150 : 25 },
    );
    expect(executions).toBeGreaterThan(50);
  });
  test("how far each step of time goes makes no difference", () => {
    fc.assert(
      fc.property(steps(15, 30), commands(20), fc.nat(1_000), (path, list, seed) => {
        const [leaps, walks] = [evening(path, seed), evening(path, seed)];
        for (const command of [...list, WALK_ON]) {
          if (command.do !== "pass") {
            play(leaps, command);
            play(walks, command);
            continue;
          }
          leaps.pass(command.ms / 1_000);
          const untilMs = walks.nowMs + command.ms;
          while (walks.nowMs < untilMs) walks.simulator.advanceTo(epochMs(Math.min(untilMs, walks.nowMs + 7_919)));
        }
        expect(stateText(walks)).toBe(stateText(leaps));
        for (const d of [leaps, walks]) d.close();
      }),
      { numRuns: LONG ? 300 : 20 },
    );
  });

  test("what a reply or an event says is in the file before it is published", () => {
    const path = tempFile();
    const d = desk({ path, btc: (s) => s.flat(1).to(9_900_000).flat(5) });
    const rows = (table: string): number => {
      const sql = openSqlite(path, { readonly: true });
      const row = sql.prepare(`SELECT COUNT(*) AS n FROM ${table}`).get() as { n: number };
      sql.close();
      return row.n;
    };
    d.order({ price: "9990000", size: "0.01" });
    expect(rows("orders")).toBe(1);
    const heard: number[] = [];
    const stop = d.simulator.onEvent((event: VenueEvent) => {
      if (event.kind === "execution") heard.push(rows("executions"));
    });
    d.pass(200);
    expect(heard).toEqual([1]);
    stop();
    d.order({ size: "0.01" });
    expect(heard).toEqual([1]);
  });
  test("a venue that died while it was made has its money when it is opened again", () => {
    const path = tempFile();
    // The first opening gets as far as the deposit.
    const made = new Desk({ path });
    made.close();
    const sql = openSqlite(path);
    sql.exec("DELETE FROM venue; DELETE FROM ledger");
    sql.exec("CREATE TRIGGER disk BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    expect(() => new Desk({ path })).toThrow("disk full");
    sql.exec("DROP TRIGGER disk");
    sql.close();
    const d = desk({ path });
    expect(d.simulator.resumed).toBe(false);
    expect(d.simulator.account().cash).toBe(yen(1_000_000));
  });
  test("truth 16: a change that could not be stored is undone, and the venue goes on as soon as there is room", () => {
    const path = tempFile();
    const d = desk({ path });
    const kept = d.order({ price: "9990000", size: "0.01" });
    const sql = openSqlite(path);
    sql.exec("CREATE TRIGGER disk BEFORE INSERT ON orders BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    for (let i = 0; i < 3; i += 1) {
      expect(() => d.order({ price: "9980000", size: "0.01" })).toThrow("disk full");
      expect(d.simulator.trouble()).toBe("disk full");
      expect(d.simulator.orders().map((o) => o.orderId)).toEqual([kept]);
    }
    sql.exec("DROP TRIGGER disk");
    sql.close();
    const after = d.order({ price: "9970000", size: "0.01" });
    expect(d.simulator.trouble()).toBeUndefined();
    expect(d.simulator.orders().map((o) => o.orderId)).toEqual([kept, after]);
    const before = stateText(d);
    d.reopen();
    expect(stateText(d)).toBe(before);
  });
  test("truth 16: whatever could not be stored, and however often, the venue stands as if it had never been asked", () => {
    let failed = 0;
    fc.assert(
      fc.property(steps(15, 30), commands(30), fc.nat(1_000), fc.func(fc.boolean()), (path, list, seed, fails) => {
        const file = tempFile();
        const [steady, troubled] = [evening(path, seed), evening(path, seed, { path: file })];
        const sql = openSqlite(file);
        for (const [i, command] of [...list, WALK_ON, WALK_ON].entries()) {
          if (fails(i)) {
            sql.exec("CREATE TRIGGER disk BEFORE UPDATE ON venue BEGIN SELECT RAISE(ABORT, 'disk full'); END");
            const before = stateText(troubled);
            try {
              play(troubled, command);
            } catch (e) {
              expect((e as Error).message).toBe("disk full");
              failed += 1;
            }
            expect(stateText(troubled)).toBe(before);
            sql.exec("DROP TRIGGER disk");
          }
          expect(play(troubled, command)).toBe(play(steady, command));
        }
        expect(stateText(troubled)).toBe(stateText(steady));
        sql.close();
        for (const d of [steady, troubled]) d.close();
      }),
      { numRuns: LONG ? 150 : 25 },
    );
    expect(failed).toBeGreaterThan(50);
  });
});

describe("time and identity", () => {
  test("time never goes back, in the running venue and in its file", () => {
    const d = desk({ path: tempFile() });
    d.pass(100);
    const nowMs = d.nowMs;
    expect(() => d.simulator.advanceTo(epochMs(nowMs - 1))).toThrow("venue time cannot go back");
    expect(d.get("/v1/status").status).toBe(0);
    d.reopen();
    expect(d.nowMs).toBe(nowMs);
    expect(d.simulator.resumed).toBe(true);
  });
  test.each<[string, DeskOptions]>([
    ["another seed", { seed: 8 }],
    ["other money", { equity: yen(1_000_001) }],
    ["another market", { btc: (s) => s.flat(599).to(START_PRICE + 1) }],
  ])("%s is another venue", (_, change) => {
    const path = tempFile();
    new Desk({ path }).close();
    expect(() => desk({ path, ...change })).toThrow(
      expect.objectContaining({ code: "SIM_CHANGED", verdict: "permanent" }),
    );
    expect(() => desk({ path })).not.toThrow();
  });
  test("a file of another program version is left alone", () => {
    const path = tempFile();
    new Desk({ path }).close();
    const sql = openSqlite(path);
    sql.exec("UPDATE venue SET schema_version = schema_version + 1");
    sql.close();
    expect(() => desk({ path })).toThrow(expect.objectContaining({ code: "SIM_TOO_NEW" }));
  });
  test("a symbol without candles does not exist, and an order for it breaks nothing", () => {
    const d = desk({ eth: "none" });
    const order = { symbol: "ETH_JPY", side: "BUY", executionType: "MARKET", size: "0.01" };
    expect(d.post("/v1/order", order)).toMatchObject({ status: 1, code: "ERR-5106" });
    expect(d.get("/v1/ticker", { symbol: "ETH_JPY" })).toMatchObject({ httpStatus: 404, code: "ERR-5207" });
    expect(d.get("/v1/symbols").data.map((row: { symbol: string }) => row.symbol)).toEqual(["BTC_JPY"]);
  });
  test("two venues with one seed have one key, another seed has another", () => {
    expect(desk().simulator.credentials()).toEqual(desk().simulator.credentials());
    expect(desk({ seed: 8 }).simulator.credentials()).not.toEqual(desk().simulator.credentials());
  });
});

describe("faults on the way", () => {
  const LIMIT = { symbol: "BTC_JPY", side: "BUY", executionType: "LIMIT", price: "9990000", size: "0.01" };
  const faulty = (fault: Fault, when: FaultPhase): Desk =>
    desk({
      path: tempFile(),
      venue: { faults: ({ path }, phase) => (path === "/v1/order" && phase === when ? fault : undefined) },
    });
  const kinds = ["dropReply", "reset", "httpError", "html", "truncate", "error"] as const;

  test.each(kinds)(
    "%s after the venue accepted: the answer is lost, the order is there, also after a restart",
    (kind) => {
      const d = faulty({ kind }, "after");
      let body: string | undefined;
      try {
        body = d.post("/v1/order", LIMIT).text;
      } catch (e) {
        if (!(e instanceof TransportError || e instanceof SyntaxError)) throw e;
      }
      // Nothing that came back names the order.
      expect(body ?? "").not.toContain("88000000");
      expect(d.active()).toMatchObject([{ price: "9990000", status: "ORDERED" }]);
      d.reopen();
      expect(d.active()).toHaveLength(1);
    },
  );
  test.each(kinds)("%s before it arrived: there is no order", (kind) => {
    const d = faulty({ kind }, "before");
    try {
      d.post("/v1/order", LIMIT);
    } catch (e) {
      if (!(e instanceof TransportError || e instanceof SyntaxError)) throw e;
    }
    expect(d.simulator.orders()).toEqual([]);
    expect(d.get("/v1/ticker").status).toBe(0);
  });
  test("an error of choice comes as an envelope", () => {
    expect(faulty({ kind: "error", code: "ERR-5003" }, "before").post("/v1/order", LIMIT)).toMatchObject({
      httpStatus: 200,
      status: 4,
      code: "ERR-5003",
    });
    expect(faulty({ kind: "error" }, "before").post("/v1/order", LIMIT).code).toBe("ERR-554");
  });
  test("a lost reply is a timeout or a reset; an aborted request is never seen", async () => {
    expect(() => faulty({ kind: "dropReply" }, "after").post("/v1/order", LIMIT)).toThrow(
      expect.objectContaining({ failure: "timeout" }),
    );
    expect(() => faulty({ kind: "reset" }, "after").post("/v1/order", LIMIT)).toThrow(
      expect.objectContaining({ failure: "reset" }),
    );
    const sent = desk().simulator.transport().send({
      area: "public",
      method: "GET",
      path: "/v1/status",
      headers: {},
      timeoutMs: 1,
      signal: AbortSignal.abort(),
    });
    await expect(sent).rejects.toMatchObject({ failure: "aborted" });
  });
});

describe("nextEventMs", () => {
  test("is the first instant at which something of ours happens or a watched price is touched", () => {
    const found = { events: 0, watches: 0, none: 0 };
    const watch: fc.Arbitrary<{ above: boolean; away: number }> = fc.record({
      above: fc.boolean(),
      away: fc.integer({ min: -12_000, max: 12_000 }),
    });
    fc.assert(
      fc.property(
        steps(12, 20),
        commands(25),
        fc.array(watch, { maxLength: 2 }),
        fc.nat(99),
        (path, list, levels, seed) => {
          const d = evening(path, seed);
          const holds = ({ side, price }: Watch, last: number): boolean => {
            const level = Number(price) / 1e8;
            return side === "atOrAbove" ? last >= level : last <= level;
          };
          const lastAt = (ms: number): number => d.market.last("BTC_JPY", epochMs(ms))!;
          for (const command of list) {
            if (command.do !== "pass") {
              play(d, command);
              continue;
            }
            const watches = levels.map(
              ({ above, away }): Watch => ({
                symbol: "BTC_JPY",
                side: above ? "atOrAbove" : "atOrBelow",
                price: yen(START_PRICE + away),
              }),
            );
            const fresh = watches.filter((w) => !holds(w, lastAt(d.nowMs)));
            const fromMs = d.nowMs;
            const untilMs = epochMs(fromMs + command.ms * 3);
            const before = stateText(d);
            const nextMs = d.simulator.nextEventMs(untilMs, watches);
            expect(stateText(d)).toBe(before);
            if (nextMs !== undefined) expect(nextMs > fromMs && nextMs <= untilMs).toBe(true);
            // Until just before it nothing happens and no watched price that was away is reached.
            const quietMs = epochMs((nextMs ?? untilMs + 1) - 1);
            for (let ms: number = fromMs; ms <= quietMs; ms += 503)
              if (isTrading(d, ms)) expect(fresh.filter((w) => holds(w, lastAt(ms)))).toEqual([]);
            expect(d.simulator.advanceTo(quietMs)).toEqual([]);
            if (nextMs === undefined) {
              found.none += 1;
              continue;
            }
            const events = d.simulator.advanceTo(nextMs);
            const touched = watches.some((w) => holds(w, lastAt(nextMs)));
            expect(events.length > 0 || touched).toBe(true);
            if (events.length > 0) found.events += 1;
            else found.watches += 1;
          }
          d.close();
        },
      ),
      { numRuns: LONG ? 500 : 50 },
    );
    for (const [what, count] of Object.entries(found)) expect(count, what).toBeGreaterThan(5);
  });
  const isTrading = (d: Desk, ms: number): boolean =>
    d.options.candles!.candles.some((c) => ms >= c.openMs && ms < c.openMs + MINUTE_MS);

  test("a level that holds already counts again with the next stretch of the path", () => {
    const d = desk();
    const watches: Watch[] = [{ symbol: "BTC_JPY", side: "atOrAbove", price: yen(START_PRICE - 1) }];
    d.pass(20);
    expect(d.simulator.nextEventMs(epochMs(d.nowMs + HOUR_MS), watches)).toBe(d.startMs + 45_000);
    d.pass(25);
    expect(d.simulator.nextEventMs(epochMs(d.nowMs + HOUR_MS), watches)).toBe(d.startMs + 60_000);
  });
});
