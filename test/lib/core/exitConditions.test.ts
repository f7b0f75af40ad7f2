// The conditions inside the exit rules, each at its edge: what a small mistake in one of them would change.
import { describe, expect, test } from "vitest";
import type { ExitFacts } from "../../../lib/core/exitFacts.ts";
import type { Leg } from "../../../lib/core/leg.ts";
import { parseCoin, yen } from "../../../lib/core/money.ts";
import type { Intent, Order } from "../../../lib/core/order.ts";
import { at, EXIT_MARKET, facts, leg, order, pricesAt, STOP, say } from "./exitLegs.ts";

const refused = (code: string, closedMs: number, i: Intent = STOP): Order =>
  order("rejected", i, { code, closedMs: at(closedMs) });
/** A stop that we cancelled, 50 ms ago at `now`. */
const released = (closedMs = 59_950): Order =>
  order("cancelled", STOP, { cancelAskedMs: at(closedMs - 50), closedMs: at(closedMs) });

describe("truth 22: exits", () => {
  test.each<[string, readonly Order[], Partial<ExitFacts>, Partial<Leg>, string]>([
    [
      "the venue says that the stop is passed, after a refused market order: a pause first",
      [refused("ERR-5121", 58_000, EXIT_MARKET), refused("ERR-5129", 59_001)],
      {},
      {},
      "wait: refused with ERR-5129",
    ],
    [
      "the same when that pause is over: market, though our own price does not show it",
      [refused("ERR-5121", 58_000, EXIT_MARKET), refused("ERR-5129", 59_000)],
      {},
      {},
      "place exit MARKET stop_loss",
    ],
    [
      "the venue says so without a refused market order before: market at once",
      [refused("ERR-5129", 60_000)],
      {},
      {},
      "place exit MARKET stop_loss",
    ],
    [
      "one refused market order and one refused stop are not two refused stops",
      [refused("ERR-5121", 1_000, EXIT_MARKET), refused("ERR-5121", 2_000)],
      {},
      {},
      "place stop STOP stop_loss",
    ],
    [
      "a stop released for its target is followed by the take-profit, though the price is not known",
      [released()],
      { prices: undefined },
      {},
      "place takeProfit LIMIT tp1",
    ],
    [
      "also when the price has left the target again",
      [released()],
      { prices: pricesAt(10_000_000) },
      {},
      "place takeProfit LIMIT tp1",
    ],
    ["but not 5 s later", [released(55_000)], { prices: undefined }, {}, "place stop STOP stop_loss"],
    ["still just before that", [released(55_001)], { prices: undefined }, {}, "place takeProfit LIMIT tp1"],
    [
      "a stop cancelled because it moves is placed at its new price",
      [released()],
      {},
      { stop: yen(9_990_000) },
      "place stop STOP stop_loss",
    ],
    [
      "a stop cancelled because its size changed is placed with its new size",
      [released()],
      {},
      { open: parseCoin("0.001") },
      "place stop STOP stop_loss",
    ],
    [
      "a stop that somebody else cancelled is placed again",
      [order("cancelled", STOP, { closedMs: at(59_950) })],
      {},
      {},
      "place stop STOP stop_loss",
    ],
    [
      "a stop filled in part still covers what is left",
      [order("open", STOP, { executed: parseCoin("0.0015") })],
      {},
      { open: parseCoin("0.0005") },
      "wait: protected",
    ],
    [
      "a stop filled in part that covers more than is left is replaced",
      [order("open", STOP, { executed: parseCoin("0.001") })],
      {},
      { open: parseCoin("0.0005") },
      "cancel: the stop is of another size",
    ],
    [
      "a position the venue lists less of holds up only what it refuses for that reason",
      [refused("ERR-5121", 59_000)],
      { short: true },
      {},
      "place stop STOP stop_loss",
    ],
    [
      "the same refused for its quantity waits for the books to agree",
      [refused("ERR-200", 59_000)],
      { short: true },
      {},
      "wait: the venue lists less of the position (ERR-200)",
    ],
    [
      "at the time stop a touched target is closed like any other price",
      [released()],
      { timeStopMs: at(60_000), prices: pricesAt(10_030_000) },
      {},
      "place exit LIMIT time_stop",
    ],
    [
      "a millisecond before the time stop it is a take-profit",
      [released()],
      { timeStopMs: at(60_001), prices: pricesAt(10_030_000) },
      {},
      "place takeProfit LIMIT tp1",
    ],
  ])("%s", (_, orders, f, l, expected) => {
    expect(say(leg(orders, l), facts(f))).toBe(expected);
  });

  test.each([
    ["long", 9_950_000, 9_950_001],
    ["short", 9_950_000, 9_949_999],
  ] as const)("a stop of a %s is passed at exactly its price", (direction, at_, before) => {
    const l = leg([], { stop: yen(9_950_000), targetPrice: yen(direction === "long" ? 10_030_000 : 9_800_000) });
    expect(say(l, facts({ direction, prices: pricesAt(at_) }))).toBe("place exit MARKET stop_loss");
    expect(say(l, facts({ direction, prices: pricesAt(before) }))).toBe("place stop STOP stop_loss");
  });

  test.each([
    ["long", 10_030_000, 10_029_499, 10_029_500],
    ["short", 9_970_000, 9_970_501, 9_970_500],
  ] as const)(
    "a target of a %s is touched by a trade at it, or where it would fill",
    (direction, target, no, byQuote) => {
      const l = leg([order("open", STOP)], { targetPrice: yen(target) });
      const answer = (prices: ReturnType<typeof pricesAt>): string => say(l, facts({ direction, prices }));
      expect(answer(pricesAt(target))).toBe("cancel: target touched");
      // The last trade is short of it, and the best price of the other side is a yen short too.
      expect(answer(pricesAt(no))).toBe("wait: protected");
      // The quote alone is enough: the last trade is half a spread behind.
      const shifted = pricesAt(byQuote);
      const quote = { ...shifted, bid: yen(target), ask: yen(target) };
      expect(answer(quote)).toBe("cancel: target touched");
    },
  );
});
