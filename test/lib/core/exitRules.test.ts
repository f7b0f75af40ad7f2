// Which rule decides what is done next with one leg, and of which refusals the owner is told.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type ExitFacts, legFacts } from "../../../lib/core/exitFacts.ts";
import { refusalIsAlarming } from "../../../lib/core/exitPauses.ts";
import { EXIT_RULES } from "../../../lib/core/exits.ts";
import type { Leg } from "../../../lib/core/leg.ts";
import { coinE8, parseCoin, yen } from "../../../lib/core/money.ts";
import type { In, Intent, Order } from "../../../lib/core/order.ts";
import { projectPath } from "../../../lib/io/paths.ts";
import { at, EXIT_MARKET, facts, leg, order, pricesAt, STOP, say, TAKE } from "./exitLegs.ts";

describe("the rules", () => {
  const names = EXIT_RULES.map((rule) => rule.name);
  const decider = (l: Leg, f: ExitFacts): string | undefined =>
    EXIT_RULES.find((rule) => rule(l, legFacts(l, f)) !== undefined)?.name;
  const open = (i: Intent, over: Record<string, unknown> = {}) => order("open", i, over);
  const refused = (code: string, closedMs: number, i = STOP) => order("rejected", i, { code, closedMs: at(closedMs) });
  const owner = { ownerCloses: "market" } as const;
  const atTarget = { prices: pricesAt(10_030_000) };
  const ROWS: readonly [string, readonly Order[], Partial<ExitFacts>, Partial<Leg>, string][] = [
    ["dropUnsent", [order("intended", STOP)], owner, {}, "abandon"],
    ["lookUp", [order("unknown", STOP)], owner, {}, "look"],
    ["cancelPending", [open(STOP, { cancelAskedMs: at(59_900) })], owner, {}, "wait: cancelling"],
    ["positionGone", [open(STOP)], owner, { open: coinE8(0n) }, "wait: closed, the venue is dropping its order"],
    ["marketWorking", [open(EXIT_MARKET)], owner, {}, "wait: closing at market"],
    ["limitToMarket", [open(TAKE, { sentMs: at(59_000) })], owner, {}, "cancel: the owner closes it"],
    ["limitResting", [open(TAKE, { sentMs: at(59_000) })], {}, {}, "wait: taking profit"],
    ["stopResize", [open(STOP)], owner, { open: parseCoin("0.001") }, "cancel: the stop is of another size"],
    ["stopToClosing", [open(STOP)], { ...owner, ...atTarget }, {}, "cancel: the owner closes it"],
    ["stopToTakeProfit", [open(STOP)], atTarget, { stop: yen(9_990_000) }, "cancel: target touched"],
    ["stopMove", [open(STOP)], {}, { stop: yen(9_990_000) }, "cancel: the stop moves"],
    ["stopStands", [open(STOP)], {}, {}, "wait: protected"],
    ["closed", [order("filled", STOP)], owner, { open: coinE8(0n) }, "closed"],
    ["tooSmall", [], { ...owner, symbol: "BTC" }, { open: coinE8(1n) }, "wait: too little for an order"],
    [
      "notListed",
      [refused("ERR-200", 59_000)],
      { short: true, reserved: true },
      {},
      "wait: the venue lists less of the position (ERR-200)",
    ],
    ["stopRefusedAsPassed", [refused("ERR-5129", 59_900)], owner, {}, "place exit MARKET stop_loss"],
    ["refusalPause", [refused("ERR-5121", 59_900)], owner, {}, "wait: refused with ERR-5121"],
    ["marketRefused", [refused("ERR-5121", 1_000, EXIT_MARKET)], {}, {}, "place exit MARKET stop_loss"],
    ["stopRefused", [refused("ERR-5121", 1_000), refused("ERR-5121", 2_000)], {}, {}, "place exit MARKET stop_loss"],
    [
      "stopAfterUnfilled",
      [order("expired", EXIT_MARKET, { closedMs: at(59_990) })],
      {},
      {},
      "place stop STOP stop_loss",
    ],
    [
      "marketUnfilled",
      [order("expired", EXIT_MARKET, { closedMs: at(59_900) })],
      owner,
      {},
      "wait: nobody took the market order",
    ],
    ["closeLeg", [order("expired", EXIT_MARKET)], owner, {}, "place exit MARKET manual"],
    [
      "marketLeftover",
      [order("expired", EXIT_MARKET, { executed: coinE8(1n) })],
      {},
      {},
      "place exit MARKET stop_loss",
    ],
    ["takeProfit", [order("cancelled", STOP)], atTarget, {}, "place takeProfit LIMIT tp1"],
    ["stopPassed", [order("cancelled", STOP)], { prices: pricesAt(9_950_000) }, {}, "place exit MARKET stop_loss"],
    ["placeStop", [order("cancelled", STOP)], {}, {}, "place stop STOP stop_loss"],
  ];
  test.each(ROWS)("%s decides", (name, orders, f, l, expected) => {
    const subject = leg(orders, l);
    expect(decider(subject, facts(f))).toBe(name);
    expect(say(subject, facts(f))).toBe(expected);
  });
  test("each rule can decide: the rows above name all of them, in order", () => {
    expect(ROWS.map(([name]) => name)).toEqual(names);
  });
  test("the last rule answers whatever the leg", () => {
    const last = EXIT_RULES.at(-1);
    expect(last?.(leg([]), legFacts(leg([]), facts()))).toBeDefined();
  });
  test("the table in docs/orders.md names them in the same order", () => {
    const [, section] = readFileSync(projectPath("docs", "orders.md"), "utf8").split("\n## Exits");
    const table = section?.split("\n## ")[0]?.matchAll(/^\| `(\w+)` \|/gm) ?? [];
    expect([...table].map(([, name]) => name)).toEqual(names);
  });
});

test.each<[string, Partial<Record<string, unknown>>, Intent, number, boolean]>([
  ["a stop that is through", { code: "ERR-5129" }, STOP, 0, false],
  ["a position not visible yet", { code: "ERR-254" }, STOP, 1_000, false],
  ["a position not found after seconds", { code: "ERR-254" }, STOP, 5_000, true],
  ["a take-profit limit, whose stop returns", { code: "ERR-5003" }, TAKE, 0, false],
  ["maintenance", { code: "ERR-5201" }, STOP, 0, true],
])("the owner is told of %s: %#", (_, over, i, ms, alarming) => {
  const rejected = order("rejected", i, { ...over, closedMs: at(ms) }) as In<"rejected">;
  expect(refusalIsAlarming(rejected, [rejected])).toBe(alarming);
});
