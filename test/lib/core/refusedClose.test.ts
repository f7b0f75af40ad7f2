// A close that the venue refuses: the stop returns at once where it can stand, and the close is tried again from there.
import { describe, expect, test } from "vitest";
import type { ExitFacts } from "../../../lib/core/exitFacts.ts";
import type { Intent, Order } from "../../../lib/core/order.ts";
import { at, EXIT_LIMIT, EXIT_MARKET, facts, leg, order, pricesAt, STOP, say } from "./exitLegs.ts";

const gone = (i: Intent = STOP): Order => order("cancelled", i, { closedMs: at(59_800) });
const refused = (code: string, closedMs: number, i: Intent = EXIT_MARKET): Order =>
  order("rejected", i, { code, closedMs: at(closedMs), resend: code === "ERR-5003" ? "later" : "never" });
const owner = { ownerCloses: "market" } as const;
const overdue = { timeStopMs: at(30_000) };

describe("truth 22: a refused close", () => {
  // Asked in the very moment of the refusal and at every moment of its pause.
  for (const nowMs of [60_000, 60_001, 60_499, 60_500, 64_000])
    test.each<[string, readonly Order[], Partial<ExitFacts>, string]>([
      [
        "of /panic puts the stop back at once",
        [gone(), refused("ERR-5003", 60_000)],
        owner,
        "place stop STOP stop_loss",
      ],
      [
        "that the venue refuses for good, the same",
        [gone(), refused("ERR-5121", 60_000)],
        owner,
        "place stop STOP stop_loss",
      ],
      [
        "at the time stop, after its passive limit",
        [gone(), gone(EXIT_LIMIT), refused("ERR-5121", 60_000)],
        overdue,
        "place stop STOP stop_loss",
      ],
      [
        "that is refused once more, the same",
        [gone(), refused("ERR-5121", 40_000), gone(), refused("ERR-5121", 60_000)],
        owner,
        "place stop STOP stop_loss",
      ],
      [
        "while the price is not known: the stop returns too",
        [gone(), refused("ERR-5003", 60_000)],
        { ...owner, prices: undefined },
        "place stop STOP stop_loss",
      ],
    ])(`${nowMs - 60_000} ms ago, %s`, (_, orders, f, expected) => {
      expect(say(leg(orders), facts({ ...f, nowMs: at(nowMs) }))).toBe(expected);
    });

  test("whose stop price is passed waits for its pause and then closes: no stop can stand there", () => {
    const passed = { ...owner, prices: pricesAt(9_949_000) };
    const l = leg([gone(), refused("ERR-5003", 60_000)]);
    expect(say(l, facts({ ...passed, nowMs: at(60_499) }))).toBe("wait: refused with ERR-5003");
    expect(say(l, facts({ ...passed, nowMs: at(60_500) }))).toBe("place exit MARKET stop_loss");
    // At exactly the stop price too.
    expect(say(l, facts({ ...owner, prices: pricesAt(9_950_000), nowMs: at(60_499) }))).toBe(
      "wait: refused with ERR-5003",
    );
  });

  test("is tried again from under the stop, after pauses that double", () => {
    const standing = order("open", STOP, { sentMs: at(60_000) });
    const closes = (count: number): readonly Order[] =>
      Array.from({ length: count }, () => refused("ERR-5121", 60_000));
    const asked = (count: number, afterMs: number): string =>
      say(leg([...closes(count), standing]), facts({ ...owner, nowMs: at(60_000 + afterMs) }));
    for (const [count, pauseMs] of [
      [1, 5_000],
      [2, 10_000],
      [3, 20_000],
      [4, 40_000],
      [5, 60_000],
      [9, 60_000],
    ] as const) {
      expect(asked(count, pauseMs - 1)).toBe("wait: protected; the venue refused to close it");
      expect(asked(count, pauseMs)).toBe("cancel: the owner closes it");
    }
  });
});
