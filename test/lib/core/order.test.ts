// The order state machine: which moves exist, that an order never ends before its fills are booked, and which venue
// order is taken for ours when a request got no answer.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coinE8, parseCoin, yen, yenE8 } from "../../../lib/core/money.ts";
import {
  assertIntent,
  distinctPrice,
  findOurs,
  type In,
  type Intent,
  isLive,
  moveOrder,
  ORDER_STATES,
  type Order,
  type OrderEvent,
  settleMs,
} from "../../../lib/core/order.ts";
import { epochMs } from "../../../lib/core/time.ts";
import type { VenueOrder, VenueOrderStatus } from "../../../lib/core/venue.ts";

const T0 = epochMs(1_750_000_000_000);
const SIZE = parseCoin("0.004");

const entry: Intent = {
  tradeId: 1,
  purpose: "entry",
  legId: undefined,
  positionId: undefined,
  exitReason: undefined,
  symbol: "BTC_JPY",
  side: "BUY",
  executionType: "LIMIT",
  timeInForce: "SOK",
  price: yen(10_000_000),
  plannedPrice: yen(10_000_000),
  losscutPrice: yen(9_700_000),
  size: SIZE,
};
const stop: Intent = {
  ...entry,
  purpose: "stop",
  legId: 1,
  positionId: "289000001",
  exitReason: "stop_loss",
  side: "SELL",
  executionType: "STOP",
  timeInForce: "FAK",
  price: yen(9_950_000),
  plannedPrice: yen(9_950_000),
  losscutPrice: undefined,
};
const shown = (status: VenueOrderStatus, executed = coinE8(0n), over: Partial<VenueOrder> = {}): VenueOrder => ({
  orderId: "8800000001",
  rootOrderId: "8800000001",
  symbol: "BTC_JPY",
  side: "BUY",
  orderType: "NORMAL",
  executionType: "LIMIT",
  settleType: "OPEN",
  size: SIZE,
  executedSize: executed,
  price: yen(10_000_000),
  losscutPrice: undefined,
  status,
  cancelType: undefined,
  timeInForce: "SOK",
  timestampMs: T0,
  ...over,
});

const make = (state: Order["state"], intent = entry): Order => {
  const base = { id: 1, intent, createdMs: T0 };
  const atVenue = { ...base, sentMs: T0, venueOrderId: "8800000001", executed: coinE8(0n) };
  switch (state) {
    case "intended":
      return { ...base, state };
    case "sending":
    case "unknown":
      return { ...base, state, sentMs: T0, emptyLooks: 0 };
    case "open":
      return { ...atVenue, state, cancelAskedMs: undefined };
    case "filled":
      return { ...atVenue, state, executed: SIZE, closedMs: T0, cancelAskedMs: undefined, detail: undefined };
    case "cancelled":
    case "expired":
      return { ...atVenue, state, closedMs: T0, cancelAskedMs: undefined, detail: undefined };
    case "rejected":
      return { ...base, state, sentMs: T0, closedMs: T0, code: "ERR-201", detail: undefined, resend: "never" };
    case "neverSent":
      return { ...base, state, sentMs: T0, closedMs: T0, detail: undefined };
    default:
      return state satisfies never;
  }
};
const EVENTS: Readonly<Record<string, OrderEvent>> = {
  send: { kind: "send", atMs: T0 },
  accepted: { kind: "accepted", venueOrderId: "8800000001" },
  refused: { kind: "refused", code: "ERR-201", message: "no", resend: "never", atMs: T0 },
  noAnswer: { kind: "noAnswer" },
  seenResting: { kind: "seen", order: shown("ORDERED"), booked: coinE8(0n), atMs: T0 },
  seenFilled: { kind: "seen", order: shown("EXECUTED", SIZE), booked: SIZE, atMs: T0 },
  seenExpired: { kind: "seen", order: shown("EXPIRED"), booked: coinE8(0n), atMs: T0 },
  cancelAsked: { kind: "cancelAsked", atMs: T0 },
  absentEarly: { kind: "absent", atMs: epochMs(T0 + 1) },
  abandon: { kind: "abandon", why: "test", atMs: T0 },
};

// The whole machine, said once more by hand: [state, event] -> next state. Whatever is not listed must throw.
const LEGAL: Readonly<Record<string, string>> = {
  "intended send": "sending",
  "intended abandon": "neverSent",
  "sending accepted": "open",
  "sending refused": "rejected",
  "sending noAnswer": "unknown",
  "sending seenResting": "open",
  "sending seenFilled": "filled",
  "sending seenExpired": "expired",
  "sending absentEarly": "unknown",
  "unknown accepted": "open",
  "unknown refused": "rejected",
  "unknown noAnswer": "unknown",
  "unknown seenResting": "open",
  "unknown seenFilled": "filled",
  "unknown seenExpired": "expired",
  "unknown absentEarly": "unknown",
  "open accepted": "open",
  "open seenResting": "open",
  "open seenFilled": "filled",
  "open seenExpired": "expired",
  "open cancelAsked": "open",
  "neverSent accepted": "open",
  "neverSent seenResting": "open",
  "neverSent seenFilled": "filled",
  "neverSent seenExpired": "expired",
  "filled seenFilled": "filled",
  "cancelled seenResting": "cancelled",
  "cancelled seenExpired": "cancelled",
  // A fill that the venue counts after it had called the order ended: booked, the end stays.
  "cancelled seenFilled": "cancelled",
  "expired seenResting": "expired",
  "expired seenExpired": "expired",
  "expired seenFilled": "expired",
};

describe("the state machine", () => {
  const pairs = ORDER_STATES.flatMap((state) => Object.keys(EVENTS).map((event) => [state, event] as const));
  test.each(pairs)("%s takes %s as listed, or throws", (state, name) => {
    const expected = LEGAL[`${state} ${name}`];
    const act = () => moveOrder(make(state), EVENTS[name] as OrderEvent);
    if (expected === undefined) expect(act).toThrow(expect.objectContaining({ code: "ORDER_MOVE", verdict: "alert" }));
    else expect(act().state).toBe(expected);
  });

  test("an order is not ended while an execution of it is not booked", () => {
    const half = coinE8(SIZE / 2n);
    const after = moveOrder(make("open"), {
      kind: "seen",
      order: shown("CANCELED", half),
      booked: coinE8(0n),
      atMs: T0,
    });
    expect(after.state).toBe("open");
    const booked = moveOrder(after, { kind: "seen", order: shown("CANCELED", half), booked: half, atMs: T0 });
    expect(booked).toMatchObject({ state: "cancelled", executed: half });
  });

  test.each([
    ["an entry needs ten seconds and two empty looks", entry, 10_000, ["unknown", "neverSent"]],
    ["a closing order needs three seconds and one empty look", stop, 3_000, ["neverSent"]],
  ])("%s before it counts as never accepted", (_, intent, ms, states) => {
    expect(settleMs(intent.purpose)).toBe(ms);
    let order = moveOrder(make("unknown", intent), { kind: "absent", atMs: epochMs(T0 + ms - 1) });
    expect(order.state).toBe("unknown");
    for (const state of states) {
      order = moveOrder(order, { kind: "absent", atMs: epochMs(T0 + ms) });
      expect(order.state).toBe(state);
    }
  });

  test("another order's id, more than the size, or a shrinking fill is refused", () => {
    const open = make("open");
    const seen = (order: VenueOrder, booked: bigint): OrderEvent => ({
      kind: "seen",
      order,
      booked: coinE8(booked),
      atMs: T0,
    });
    expect(() => moveOrder(open, seen(shown("ORDERED", undefined, { orderId: "1" }), 0n))).toThrow(
      "it is the venue's order",
    );
    expect(() => moveOrder(open, seen(shown("ORDERED", SIZE), SIZE + 1n))).toThrow("booked");
    const part = moveOrder(open, seen(shown("ORDERED", coinE8(100n)), 100n));
    expect(() => moveOrder(part, seen(shown("ORDERED", coinE8(100n)), 99n))).toThrow("booked");
  });

  test("whatever happens in whatever order: it throws or keeps its promises", () => {
    const event = fc.oneof(
      fc.constantFrom(...Object.values(EVENTS)),
      fc.record({
        kind: fc.constant("absent" as const),
        atMs: fc.integer({ min: 0, max: 60_000 }).map((n) => epochMs(T0 + n)),
      }),
      fc
        .record({
          status: fc.constantFrom<VenueOrderStatus>("ORDERED", "CANCELLING", "CANCELED", "EXECUTED", "EXPIRED"),
          executed: fc.bigInt({ min: 0n, max: SIZE }),
          booked: fc.bigInt({ min: 0n, max: SIZE }),
        })
        .map(
          (s): OrderEvent => ({
            kind: "seen",
            order: shown(s.status, coinE8(s.executed)),
            booked: coinE8(s.booked),
            atMs: T0,
          }),
        ),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        let order: Order = make("intended");
        let sends = 0;
        for (const e of events) {
          let next: Order;
          try {
            next = moveOrder(order, e);
          } catch {
            continue;
          }
          if (next.state === "sending" && order.state !== "sending") sends += 1;
          if ("executed" in order && "executed" in next) expect(next.executed >= order.executed).toBe(true);
          // What has ended stays ended; only "no trace found" may be overruled by a trace.
          if (!isLive(order) && order.state !== "neverSent") expect(next.state).toBe(order.state);
          order = next;
        }
        expect(sends).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });
});

describe("an intention", () => {
  test.each<[string, Partial<Intent>, Intent]>([
    ["no size", { size: coinE8(0n) }, entry],
    ["an entry that names a position", { positionId: "1" }, entry],
    [
      "an entry at market",
      { executionType: "MARKET", price: undefined, plannedPrice: undefined, timeInForce: "FAK" },
      entry,
    ],
    ["a limit without price", { price: undefined }, entry],
    ["a stop that is not a STOP", { executionType: "LIMIT", timeInForce: "FAS" }, stop],
    ["a stop without position", { positionId: undefined }, stop],
    ["a stop without a meaning", { exitReason: undefined }, stop],
    ["a stop with a loss-cut price", { losscutPrice: yen(1) }, stop],
    ["a post-only stop", { timeInForce: "SOK" }, stop],
  ])("is refused with %s", (_, change, base) => {
    expect(() => assertIntent({ ...base, ...change })).toThrow(expect.objectContaining({ code: "ORDER_INTENT" }));
  });
  test("is taken as it should be", () => {
    expect(() => assertIntent(entry)).not.toThrow();
    expect(() => assertIntent(stop)).not.toThrow();
  });
});

describe("a distinct price", () => {
  test("never equals a live look, moves by whole ticks, and only to the side that is better for us", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<"BUY" | "SELL">("BUY", "SELL"),
        fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 8 }),
        fc.constantFrom(yen(1), yen(5)),
        (side, others, tick) => {
          const intent = { ...entry, side, price: yen(10_000_000) };
          const live = others.map((n) => ({ ...intent, price: yenE8(intent.price + BigInt(n) * tick) }));
          const price = distinctPrice(intent, tick, live);
          expect(live.some((o) => o.price === price)).toBe(false);
          const moved = side === "BUY" ? intent.price - price : price - intent.price;
          expect(moved >= 0n && moved % tick === 0n && moved <= BigInt(live.length) * tick).toBe(true);
        },
      ),
    );
  });
});

describe("finding our own order", () => {
  const sent = make("unknown") as In<"unknown">;
  const find = (candidates: readonly VenueOrder[], known: readonly string[] = []) =>
    findOurs(sent, candidates, new Set(known))?.orderId;
  const order = (over: Partial<VenueOrder>) => shown("ORDERED", undefined, { ...over });

  test.each<[string, Partial<VenueOrder>]>([
    ["another price", { price: yen(10_000_001) }],
    ["another size", { size: parseCoin("0.005") }],
    ["another side", { side: "SELL" }],
    ["another type", { executionType: "STOP" }],
    ["a close", { settleType: "CLOSE" }],
    ["one from before the request", { timestampMs: epochMs(T0 - 35_001) }],
  ])("does not take %s", (_, over) => {
    expect(find([order(over)])).toBeUndefined();
  });
  test("takes one that a venue 30 s behind our clock has dated", () => {
    expect(find([order({ timestampMs: epochMs(T0 - 30_000) })])).toBe("8800000001");
  });
  test("takes the one that looks like it, the earliest of several, never one that another row owns", () => {
    const later = order({ orderId: "8800000009", timestampMs: epochMs(T0 + 10) });
    expect(find([later, order({})])).toBe("8800000001");
    expect(find([later, order({})], ["8800000001"])).toBe("8800000009");
    expect(find([order({ status: "EXPIRED" })])).toBe("8800000001");
  });
  test("distinguishes market orders by the position they settled", () => {
    const market: Intent = {
      ...stop,
      purpose: "exit",
      executionType: "MARKET",
      price: undefined,
      plannedPrice: undefined,
    };
    const lost = { ...make("unknown", market) } as In<"unknown">;
    const candidate = order({ side: "SELL", executionType: "MARKET", settleType: "CLOSE", price: undefined });
    const settled = (position: string) => new Map([["8800000001", new Set([position])]]);
    expect(findOurs(lost, [candidate], new Set(), settled("289000001"))).toBeDefined();
    expect(findOurs(lost, [candidate], new Set(), settled("289000002"))).toBeUndefined();
  });
});
