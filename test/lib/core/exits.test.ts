// What is done next with one leg, for every state of its orders, the price and the time.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ExitFacts } from "../../../lib/core/exitFacts.ts";
import { nextAction } from "../../../lib/core/exits.ts";
import type { Leg } from "../../../lib/core/leg.ts";
import { coinE8, parseCoin, yen } from "../../../lib/core/money.ts";
import { type Intent, ORDER_STATES, type Order } from "../../../lib/core/order.ts";
import { at, EXIT_LIMIT, EXIT_MARKET, facts, leg, order, pricesAt, STOP, say, TAKE } from "./exitLegs.ts";

describe("a leg of a long", () => {
  const open = (i: Intent, over: Record<string, unknown> = {}) => order("open", i, over);
  const target = { prices: pricesAt(10_030_000) };
  const late = { nowMs: at(4 * 3_600_000) };
  test.each<[string, readonly Order[], Partial<ExitFacts>, Partial<Leg>, string]>([
    ["new: gets its stop", [], {}, {}, "place stop STOP stop_loss"],
    [
      "new, below the smallest order: gets its stop all the same",
      [],
      {},
      { open: coinE8(1n) },
      "place stop STOP stop_loss",
    ],
    [
      "coins below the smallest order: wait",
      [],
      { symbol: "BTC" },
      { open: coinE8(1n) },
      "wait: too little for an order",
    ],
    ["new, price unknown: gets its stop", [], { prices: undefined }, {}, "place stop STOP stop_loss"],
    ["new, price beyond the stop: is closed", [], { prices: pricesAt(9_950_000) }, {}, "place exit MARKET stop_loss"],
    ["new, at its target: gets its stop first", [], target, {}, "place stop STOP stop_loss"],
    ["closed", [order("filled", STOP)], {}, { open: coinE8(0n) }, "closed"],
    [
      "closed, its stop still shown",
      [open(STOP)],
      {},
      { open: coinE8(0n) },
      "wait: closed, the venue is dropping its order",
    ],
    ["with an unsent intention: drops it", [order("intended", STOP)], {}, {}, "abandon"],
    ["sending: looks", [order("sending", STOP)], {}, {}, "look"],
    ["unknown: looks, whatever the price", [order("unknown", STOP)], target, {}, "look"],
    ["protected: waits", [open(STOP)], {}, {}, "wait: protected"],
    ["protected, price unknown: waits", [open(STOP)], { prices: undefined }, {}, "wait: protected"],
    ["protected, target touched: gives up the stop", [open(STOP)], target, {}, "cancel: target touched"],
    [
      "target touched and the stop gone: takes profit",
      [order("cancelled", STOP)],
      target,
      {},
      "place takeProfit LIMIT tp1",
    ],
    ["second target", [order("cancelled", STOP)], target, { target: 2 }, "place takeProfit LIMIT tp2"],
    [
      "target left again while cancelling: protected again",
      [order("cancelled", STOP)],
      {},
      {},
      "place stop STOP stop_loss",
    ],
    ["cancelling: looks soon", [open(STOP, { cancelAskedMs: at(59_900) })], {}, {}, "wait: cancelling"],
    [
      "cancelling too long: asks again",
      [open(STOP, { cancelAskedMs: at(58_000) })],
      {},
      {},
      "cancel: the cancel had no effect yet",
    ],
    ["taking profit: rests", [open(TAKE, { sentMs: at(56_000) })], {}, {}, "wait: taking profit"],
    ["took its time: cancels", [open(TAKE, { sentMs: at(55_000) })], {}, {}, "cancel: it rested its time"],
    [
      "rested in vain: protected again",
      [order("cancelled", STOP), order("cancelled", TAKE)],
      target,
      {},
      "place stop STOP stop_loss",
    ],
    [
      "rested in vain a moment ago, not tradable: waits",
      [order("cancelled", TAKE, { closedMs: at(59_000) }), open(STOP)],
      target,
      {},
      "wait: protected",
    ],
    [
      "rested in vain, tradable now: tries again",
      [order("cancelled", TAKE, { closedMs: at(59_000), cancelAskedMs: at(58_900) }), open(STOP)],
      { prices: pricesAt(10_030_500) },
      {},
      "cancel: target touched",
    ],
    ...(["rejected", "expired", "cancelled"] as const).map(
      (state) =>
        [
          `${state} by the venue a moment ago, tradable: stays protected`,
          [order(state, TAKE, { closedMs: at(59_000) }), open(STOP)],
          { prices: pricesAt(10_030_500) },
          {},
          "wait: protected",
        ] as [string, readonly Order[], Partial<ExitFacts>, Partial<Leg>, string],
    ),
    [
      "refused twice a minute ago: waits for two",
      [order("rejected", TAKE), order("rejected", TAKE, { closedMs: at(0) }), open(STOP)],
      { prices: pricesAt(10_030_500) },
      {},
      "wait: protected",
    ],
    [
      "rested in vain a minute ago: tries again",
      [order("cancelled", TAKE, { closedMs: at(0) }), open(STOP)],
      target,
      {},
      "cancel: target touched",
    ],
    ["stop moved to the entry: replaces it", [open(STOP)], {}, { stop: yen(9_990_000) }, "cancel: the stop moves"],
    ["its stop carries a shifted price: stays", [open({ ...STOP, price: yen(9_950_001) })], {}, {}, "wait: protected"],
    ["time is over: gives up the stop", [open(STOP)], late, {}, "cancel: time stop"],
    ["time is over, stop gone: a passive close", [order("cancelled", STOP)], late, {}, "place exit LIMIT time_stop"],
    [
      "time is over, price unknown: market",
      [order("cancelled", STOP)],
      { ...late, prices: undefined },
      {},
      "place exit MARKET time_stop",
    ],
    [
      "passive close rested: market",
      [order("cancelled", STOP), order("cancelled", EXIT_LIMIT)],
      late,
      {},
      "place exit MARKET time_stop",
    ],
    [
      "passive close refused: market",
      [order("cancelled", STOP), order("rejected", EXIT_LIMIT)],
      late,
      {},
      "place exit MARKET time_stop",
    ],
    [
      "market close filled in part: goes on",
      [order("expired", EXIT_MARKET, { executed: parseCoin("0.001") })],
      {},
      {},
      "place exit MARKET stop_loss",
    ],
    [
      "stop would trigger at once: market",
      [order("rejected", STOP, { code: "ERR-5129" })],
      {},
      {},
      "place exit MARKET stop_loss",
    ],
    ...[
      [1, 50],
      [2, 100],
      [3, 150],
      [4, 200],
      [5, 200],
    ].flatMap(([refusals, pause]) =>
      [pause! - 1, pause!].map((ms): [string, readonly Order[], Partial<ExitFacts>, Partial<Leg>, string] => [
        `position not visible yet, ${refusals} times: again after ${pause} ms (${ms} ms)`,
        [...Array(refusals)].map(() => order("rejected", STOP, { code: "ERR-254", closedMs: at(0) })),
        { nowMs: at(ms) },
        {},
        ms < pause! ? "wait: refused with ERR-254" : "place stop STOP stop_loss",
      ]),
    ),
    ...[1_599, 1_600].map((ms): [string, readonly Order[], Partial<ExitFacts>, Partial<Leg>, string] => [
      `refused after twice not visible yet: the shortest pause, ${ms - 1_100} ms`,
      [
        order("rejected", STOP, { code: "ERR-254", closedMs: at(0) }),
        order("rejected", STOP, { code: "ERR-254", closedMs: at(300) }),
        order("rejected", STOP, { code: "ERR-5203", closedMs: at(1_100) }),
      ],
      { nowMs: at(ms) },
      {},
      ms < 1_600 ? "wait: refused with ERR-5203" : "place stop STOP stop_loss",
    ]),
    ["refused: pauses", [order("rejected", STOP, { closedMs: at(59_700) })], {}, {}, "wait: refused with ERR-5106"],
    [
      "refused twice for good: market",
      [order("rejected", STOP, { code: "ERR-5121" }), order("rejected", STOP, { code: "ERR-5121" })],
      {},
      {},
      "place exit MARKET stop_loss",
    ],
    [
      "refused often for now: tries on",
      [...Array(5)].map(() => order("rejected", STOP, { code: "ERR-5201", resend: "later" })),
      {},
      {},
      "place stop STOP stop_loss",
    ],
    [
      "quantity reserved by another order: tries on",
      [...Array(5)].map(() => order("rejected", STOP, { code: "ERR-200" })),
      {},
      {},
      "place stop STOP stop_loss",
    ],
    [
      "take-profit refused: protected at once",
      [order("cancelled", STOP), order("rejected", TAKE, { closedMs: at(60_000) })],
      target,
      {},
      "place stop STOP stop_loss",
    ],
    [
      "truth 0, a market order nobody took, the price short of the stop: the stop at once",
      [order("cancelled", STOP), order("expired", EXIT_MARKET, { closedMs: at(59_990) })],
      {},
      {},
      "place stop STOP stop_loss",
    ],
    ...[undefined, pricesAt(9_950_000)].map(
      (prices): [string, readonly Order[], Partial<ExitFacts>, object, string] => [
        `a market order nobody took, ${prices ? "the price at the stop" : "no price"}: not again in the same moment`,
        [order("cancelled", STOP), order("expired", EXIT_MARKET, { closedMs: at(59_900) })],
        { prices },
        {},
        "wait: nobody took the market order",
      ],
    ),
    [
      "two market orders nobody took, the price at the stop: again after a second",
      [order("expired", EXIT_MARKET), order("expired", EXIT_MARKET, { closedMs: at(59_000) })],
      { prices: pricesAt(9_950_000) },
      {},
      "place exit MARKET stop_loss",
    ],
    ...[59_601, 59_599].map((ms): [string, readonly Order[], Partial<ExitFacts>, object, string] => [
      `passed says the venue, nobody takes it, twice: the stop after 400 ms (${60_000 - ms} ms)`,
      [
        order("cancelled", STOP),
        order("expired", EXIT_MARKET),
        order("rejected", STOP, { code: "ERR-5129" }),
        order("expired", EXIT_MARKET, { closedMs: at(ms) }),
      ],
      {},
      {},
      ms > 59_600 ? "wait: nobody took the market order" : "place stop STOP stop_loss",
    ]),
    [
      "the stop expired at once, twice: a pause too",
      [order("expired", STOP), order("expired", STOP, { closedMs: at(59_900) })],
      {},
      {},
      "wait: nobody took the market order",
    ],
    [
      "the owner closes it, nobody took it: no stop between",
      [order("expired", EXIT_MARKET)],
      late,
      {},
      "place exit MARKET time_stop",
    ],
    ["no trace of the stop: placed anew", [order("neverSent", STOP)], {}, {}, "place stop STOP stop_loss"],
    ["the stop expired at the venue: placed anew", [order("expired", STOP)], {}, {}, "place stop STOP stop_loss"],
    [
      "no such position, seconds after the fill: market",
      [...Array(2)].map(() => order("rejected", STOP, { code: "ERR-254", closedMs: at(6_000) })),
      {},
      {},
      "place exit MARKET stop_loss",
    ],
  ])("%s", (_, orders, f, l, expected) => {
    expect(say(leg(orders, l), facts(f))).toBe(expected);
  });

  test("a short mirrors it", () => {
    const short = { direction: "short" as const, prices: pricesAt(9_970_000) };
    const l = leg([order("cancelled", STOP)], { stop: yen(10_050_000), targetPrice: yen(9_970_000) });
    expect(say(l, facts(short))).toBe("place takeProfit LIMIT tp1");
    expect(say(l, facts({ ...short, prices: pricesAt(10_050_000) }))).toBe("place exit MARKET stop_loss");
    expect(say(l, facts({ ...short, ...late }))).toBe("place exit LIMIT time_stop");
    const action = nextAction(l, facts({ ...short, ...late }));
    expect(action.kind === "place" && action.price).toBe(yen(9_969_500));
  });

  test("wakes at its target, or where the target becomes tradable, and never at a price that holds already", () => {
    const topics = (orders: readonly Order[], last: number) => {
      const action = nextAction(leg(orders), facts({ prices: pricesAt(last) }));
      return action.kind === "wait" ? action.wakeOn : undefined;
    };
    expect(topics([open(STOP)], 10_000_000)).toEqual(["price:BTC_JPY:atOrAbove:10030000"]);
    const vain = order("cancelled", TAKE, { closedMs: at(59_000), cancelAskedMs: at(58_900) });
    expect(topics([vain, open(STOP)], 10_030_100)).toEqual(["price:BTC_JPY:atOrAbove:10030500"]);
  });

  test("whatever its orders are, an open leg is never left without order, look or reason to wait; a closed one never sends", () => {
    const intents = fc.constantFrom(STOP, TAKE, EXIT_LIMIT, EXIT_MARKET);
    const anyOrder = fc
      .record({
        state: fc.constantFrom(...ORDER_STATES),
        intent: intents,
        code: fc.constantFrom("ERR-5129", "ERR-254", "ERR-200", "ERR-5201", "ERR-5121", "ERR-5003"),
        closed: fc.integer({ min: 0, max: 60_000 }),
        asked: fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined }),
      })
      .map((o) =>
        order(o.state, o.intent, {
          code: o.code,
          closedMs: at(o.closed),
          cancelAskedMs: o.asked === undefined ? undefined : at(o.asked),
        }),
      );
    fc.assert(
      fc.property(
        fc.array(anyOrder, { maxLength: 6 }),
        fc.option(fc.integer({ min: 9_900_000, max: 10_100_000 }), { nil: undefined }),
        fc.boolean(),
        fc.boolean(),
        (orders, last, timeOver, closed) => {
          const f = facts({
            prices: last === undefined ? undefined : pricesAt(last),
            ...(timeOver ? { nowMs: at(4 * 3_600_000 + 1) } : {}),
          });
          const action = nextAction(leg(orders, closed ? { open: coinE8(0n) } : {}), f);
          const live = orders.findLast((o) => ["intended", "sending", "unknown", "open"].includes(o.state));
          if (closed) expect(action.kind).not.toBe("place");
          if (action.kind === "place") expect(live).toBeUndefined();
          // Nothing at the venue, and it only waits: then a refusal is being waited out, for a minute at most.
          if (action.kind === "wait" && live === undefined) {
            expect(action.untilMs).toBeDefined();
            expect((action.untilMs ?? 0) - f.nowMs).toBeLessThanOrEqual(60_000);
            expect((action.untilMs ?? 0) - f.nowMs).toBeGreaterThan(0);
          }
          // A timed wait lies ahead, so that no look repeats itself at once.
          if (action.kind === "wait" && action.untilMs !== undefined) expect(action.untilMs).toBeGreaterThan(f.nowMs);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
