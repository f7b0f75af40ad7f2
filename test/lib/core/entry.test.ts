// The working of an entry: when it is quoted, re-quoted, left alone, cancelled and ended; and its passive price.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type EntryFacts, leftBehind, nextEntryStep, passivePrice } from "../../../lib/core/entry.ts";
import { coinE8, formatE8, parseCoin, yen, yenE8 } from "../../../lib/core/money.ts";
import { ORDER_STATES, type Order, type OrderState } from "../../../lib/core/order.ts";
import { english } from "../../../lib/core/text/reasonTexts.ts";
import { epochMs } from "../../../lib/core/time.ts";

const T0 = epochMs(1_750_000_000_000);
const at = (ms: number) => epochMs(T0 + ms);
let nextId = 1;
const order = (state: OrderState, over: Record<string, unknown> = {}): Order =>
  ({
    id: nextId++,
    intent: { purpose: "entry", price: yen(10_000_000), size: parseCoin("0.001") },
    createdMs: T0,
    state,
    sentMs: at(0),
    emptyLooks: 0,
    executed: coinE8(0n),
    closedMs: at(1_000),
    code: "ERR-201",
    resend: "never",
    ...over,
  }) as unknown as Order;
const facts = (orders: readonly Order[], over: Partial<EntryFacts> = {}): EntryFacts => ({
  direction: "long",
  nowMs: at(30_000),
  validUntilMs: at(900_000),
  band: { low: yen(9_990_000), high: yen(10_010_000) },
  stop: yen(9_900_000),
  size: parseCoin("0.004"),
  filled: coinE8(0n),
  minSize: parseCoin("0.001"),
  maxRequotes: 3,
  orders,
  halts: [],
  comparing: false,
  checkSentBeforeMs: undefined,
  closedGates: [],
  exitStarted: false,
  ownerCloses: false,
  ...over,
});
const say = (f: EntryFacts): string => {
  const step = nextEntryStep(f);
  switch (step.kind) {
    case "quote":
      return `quote ${formatE8(step.size)}`;
    case "wait":
      return `wait: ${step.reason}${step.mayReprice ? ", may reprice" : ""}`;
    case "cancel":
      return `cancel: ${english(step.why)}`;
    case "end":
      return `end: ${english(step.reason)}`;
    default:
      return step.kind;
  }
};
const expired = (n: number, closedMs = 0) => [...Array(n)].map(() => order("expired", { closedMs: at(closedMs) }));

describe("an entry", () => {
  const halted = { halts: ["stop"] };
  const over = { nowMs: at(900_000) };
  test.each<[string, EntryFacts, string]>([
    ["with its first intention is sent", facts([order("intended")]), "send"],
    ["whose intention a halt overtook drops it", facts([order("intended")], halted), "abandon"],
    ["without an answer looks, also under a halt", facts([order("unknown")], halted), "look"],
    ["resting waits", facts([order("open")]), "wait: resting"],
    [
      "resting for a minute may follow the market",
      facts([order("open")], { nowMs: at(60_000) }),
      "wait: resting, may reprice",
    ],
    [
      "part filled stays where it is",
      facts([order("open", { executed: parseCoin("0.001") })], { nowMs: at(60_000) }),
      "wait: resting",
    ],
    [
      "without tries left stays where it is",
      facts([...expired(3), order("open")], { nowMs: at(60_000) }),
      "wait: resting",
    ],
    [
      "resting at a halt is cancelled",
      facts([order("open")], halted),
      "cancel: entries are halted (stopped by you (/stop))",
    ],
    [
      "resting when its 4 hours would cross 06:00 JST is cancelled",
      facts([order("open")], { closedGates: [{ gate: "rollover", value: 3.99, limit: 4, pass: false }] }),
      "cancel: hours to 06:00 JST 3.99 < 4",
    ],
    [
      "resting at the end of its time is cancelled",
      facts([order("open")], over),
      "cancel: the approval's time is over",
    ],
    [
      "whose trade has begun to close is cancelled",
      facts([order("open")], { exitStarted: true }),
      "cancel: the trade has begun to close",
    ],
    [
      "resting beside a lost one that has filled after all is cancelled",
      facts([order("filled"), order("open")], { filled: parseCoin("0.0035") }),
      "cancel: an earlier order of the trade has filled after all",
    ],
    [
      "whose intention such a fill overtook drops it",
      facts([order("filled"), order("intended")], { filled: parseCoin("0.0035") }),
      "abandon",
    ],
    ["being cancelled looks again", facts([order("open", { cancelAskedMs: at(29_000) })]), "wait: cancelling"],
    [
      "whose cancel shows no effect asks again",
      facts([order("open", { cancelAskedMs: at(28_000) })]),
      "cancel: the cancel had no effect yet",
    ],
    ["that expired as taker is quoted again at once", facts(expired(1, 30_000)), "quote 0.004"],
    ["that expired twice takes a breath", facts(expired(2, 29_500)), "wait: between quotes"],
    ["that expired twice is quoted after it", facts(expired(2, 29_000)), "quote 0.004"],
    ["ends after its re-quotes", facts(expired(4)), "end: no fill after 3 re-quotes"],
    ["quotes the rest of a part fill", facts([order("cancelled")], { filled: parseCoin("0.001") }), "quote 0.003"],
    ["ends when filled", facts([order("filled")], { filled: parseCoin("0.004") }), "end: filled"],
    [
      "ends when the rest is too small",
      facts([order("cancelled")], { filled: parseCoin("0.0035") }),
      "end: the rest is below the venue's minimum",
    ],
    [
      "filled at a halt ends as filled",
      facts([order("filled")], { ...halted, filled: parseCoin("0.004") }),
      "end: filled",
    ],
    ["refused for good ends", facts([order("rejected")]), "end: the venue refused the order (ERR-201)"],
    [
      "refused for now is quoted after two seconds",
      facts([order("rejected", { resend: "later", closedMs: at(28_000) })]),
      "quote 0.004",
    ],
    [
      "refused for now waits",
      facts([order("rejected", { resend: "later", closedMs: at(28_001) })]),
      "wait: between quotes",
    ],
    [
      "refused for now often keeps its tries",
      facts([...Array(6)].map(() => order("rejected", { resend: "later", closedMs: at(-30_000) }))),
      "quote 0.004",
    ],
    [
      "truth 5: refused for now often waits longer, at most a minute",
      facts([...Array(60)].map(() => order("rejected", { resend: "later", closedMs: at(-29_000) }))),
      "wait: between quotes",
    ],
    ["lost without a trace is quoted again", facts([order("neverSent")]), "quote 0.004"],
    ["whose intention was dropped keeps its tries", facts([order("neverSent", { sentMs: undefined })]), "quote 0.004"],
    ["at the end of its time ends", facts(expired(1), over), "end: the approval's time is over"],
  ])("%s", (_, f, expected) => {
    expect(say(f)).toBe(expected);
  });

  test("never has two orders, never asks for more than is left, never quotes when it is over", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            state: fc.constantFrom(...ORDER_STATES),
            resend: fc.constantFrom("never", "later"),
            closed: fc.integer({ min: 0, max: 900_000 }),
          }),
          { maxLength: 8 },
        ),
        fc.bigInt({ min: 0n, max: parseCoin("0.004") }),
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.constantFrom<readonly string[]>([], ["stop"]),
        (rows, filled, now, halts) => {
          const orders = rows.map((r) => order(r.state, { resend: r.resend, closedMs: at(r.closed) }));
          const f = facts(orders, { filled: coinE8(filled), nowMs: at(now), halts });
          const step = nextEntryStep(f);
          const live = orders.some((o) => ["intended", "sending", "unknown", "open"].includes(o.state));
          if (step.kind === "quote") {
            expect(live).toBe(false);
            expect(step.size + filled).toBe(f.size);
            expect(halts.length).toBe(0);
            expect(now).toBeLessThan(900_000);
          }
          if (step.kind === "send") expect(halts.length === 0 && now < 900_000).toBe(true);
          if (step.kind === "end") expect(live).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe("the passive price", () => {
  const band = { low: yen(9_990_000), high: yen(10_010_000) };
  const quote = (bid: number, ask: number) => ({ bid: yen(bid), ask: yen(ask) });
  test.each([
    ["long", 9_999_500, 10_000_500, 9_999_500],
    ["short", 9_999_500, 10_000_500, 10_000_500],
    ["long", 10_020_000, 10_021_000, 10_010_000],
    ["short", 9_980_000, 9_981_000, 9_990_000],
    ["long", 9_980_000, 9_981_000, undefined],
    ["short", 10_020_000, 10_021_000, undefined],
  ] as const)("of a %s at %i/%i is %s", (direction, bid, ask, expected) => {
    expect(passivePrice(direction, quote(bid, ask), band, yen(1))).toBe(
      expected === undefined ? undefined : yen(expected),
    );
  });
  test("lies inside the band and never crosses, whatever the book", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("long" as const, "short" as const),
        fc.integer({ min: 9_900_000, max: 10_100_000 }),
        fc.integer({ min: 1, max: 50_000 }),
        (direction, bid, spread) => {
          const q = quote(bid, bid + spread);
          const price = passivePrice(direction, q, band, yen(1));
          if (price === undefined) return;
          expect(price >= band.low && price <= band.high).toBe(true);
          expect(direction === "long" ? price < q.ask : price > q.bid).toBe(true);
        },
      ),
    );
  });
  test("is left behind by more than one basis point only", () => {
    expect(leftBehind("long", yen(10_000_000), yen(10_001_000))).toBe(false);
    expect(leftBehind("long", yen(10_000_000), yenE8(yen(10_001_000) + 1n))).toBe(true);
    expect(leftBehind("long", yen(10_000_000), yen(9_000_000))).toBe(false);
    expect(leftBehind("short", yen(10_000_000), yen(9_998_999))).toBe(true);
  });
});

describe("truth 22: a clock set back", () => {
  const kindAt = (state: OrderState, over: Record<string, unknown>): string =>
    nextEntryStep(facts([order(state, over)])).kind;
  const ahead = (ms: number) => at(30_000 + ms);
  test.each([
    [1_000, "wait"],
    [1_001, "cancel"],
    [86_400_000, "cancel"],
  ])("by %i ms behind a resting entry: %s", (ms, kind) => {
    expect(kindAt("open", { createdMs: ahead(ms), sentMs: ahead(ms), closedMs: ahead(0) })).toBe(kind);
  });
  test.each([
    [1_000, "quote"],
    [1_001, "end"],
  ])("by %i ms behind the end of the last quote: %s", (ms, kind) => {
    expect(kindAt("expired", { closedMs: ahead(ms) })).toBe(kind);
  });
  test.each([
    [1_000, "send"],
    [1_001, "abandon"],
  ])("by %i ms behind an intention: %s", (ms, kind) => {
    expect(kindAt("intended", { createdMs: ahead(ms) })).toBe(kind);
  });
});

describe("truth 22: a passive price", () => {
  const tick = yen(1);
  test("is a tick away from the other side where bid and ask are the same, or have crossed", () => {
    const band = { low: yen(9_990_000), high: yen(10_010_000) };
    const locked = { bid: yen(10_000_000), ask: yen(10_000_000) };
    expect(passivePrice("long", locked, band, tick)).toBe(yen(9_999_999));
    expect(passivePrice("short", locked, band, tick)).toBe(yen(10_000_001));
    const crossed = { bid: yen(10_000_100), ask: yen(10_000_000) };
    expect(passivePrice("long", crossed, band, tick)).toBe(yen(9_999_999));
    expect(passivePrice("short", crossed, band, tick)).toBe(yen(10_000_101));
  });
});

test.each([
  ["long", 9_995_000, 9_995_001, "wait: resting"],
  ["long", 9_995_000, 9_995_000, "cancel"],
  ["long", 9_995_000, 9_994_999, "cancel"],
  ["short", 10_005_000, 10_004_999, "wait: resting"],
  ["short", 10_005_000, 10_005_000, "cancel"],
  ["short", 10_005_000, 10_005_001, "cancel"],
] as const)(
  "truth 2: a %s entry with its stop at %i, moved by hand to %i inside the band: %s",
  (direction, stop, price, step) => {
    const moved = order("open", {
      intent: { purpose: "entry", price: yen(price), plannedPrice: yen(price), size: parseCoin("0.001") },
      changedMs: at(10_000),
    });
    const band = { low: yen(9_990_000), high: yen(10_010_000) };
    expect(say(facts([moved], { direction, band, stop: yen(stop) }))).toMatch(new RegExp(`^${step}`));
  },
);

test("truth 2: made smaller by hand, it stays some ticks beside the band, where we had placed it", () => {
  const smaller = order("open", {
    intent: { purpose: "entry", price: yen(9_989_999), plannedPrice: yen(9_990_000), size: parseCoin("0.001") },
    changedMs: at(10_000),
  });
  const band = { low: yen(9_990_000), high: yen(10_010_000) };
  expect(say(facts([smaller], { band, stop: yen(9_950_000) }))).toMatch(/^wait: resting/);
});
