// The order state machine: which moves exist, that an order never ends before its fills are booked, and when a request
// without an answer counts as never accepted.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coinE8, parseCoin, yen } from "../../../lib/core/money.ts";
import {
  assertIntent,
  type Intent,
  isLive,
  moveOrder,
  ORDER_STATES,
  type Order,
  type OrderEvent,
  settleMs,
  UNEXPLAINED,
} from "../../../lib/core/order.ts";
import { epochMs } from "../../../lib/core/time.ts";
import type { VenueOrder, VenueOrderStatus } from "../../../lib/core/venue.ts";

const T0 = epochMs(1_750_000_000_000);
const SIZE = parseCoin("0.004");
const SENT = { sentMs: T0, sentVenueMs: T0, afterOrderId: "8800000000" };

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
  const atVenue = { ...base, ...SENT, venueOrderId: "8800000001", executed: coinE8(0n) };
  switch (state) {
    case "intended":
      return { ...base, state };
    case "sending":
    case "unknown":
      return { ...base, state, ...SENT, emptyLooks: 0 };
    case "open":
      return { ...atVenue, state, cancelAskedMs: undefined };
    case "filled":
      return { ...atVenue, state, executed: SIZE, closedMs: T0, cancelAskedMs: undefined, detail: undefined };
    case "cancelled":
    case "expired":
      return { ...atVenue, state, closedMs: T0, cancelAskedMs: undefined, detail: undefined };
    case "rejected":
      return { ...base, state, ...SENT, closedMs: T0, code: "ERR-201", detail: undefined, resend: "never" };
    case "neverSent":
      return { ...base, state, ...SENT, closedMs: T0, detail: undefined };
    default:
      return state satisfies never;
  }
};
/** A look `ms` after the send by our clock, `venueMs` after it by the venue's, that finds nothing. */
const absent = (ms: number, venueMs: number = ms, unexplained = false): OrderEvent => ({
  kind: "absent",
  atMs: epochMs(T0 + ms),
  venueMs: epochMs(T0 + venueMs),
  unexplained,
});
const unknownVenueTime = (ms: number): OrderEvent => ({
  kind: "absent",
  atMs: epochMs(T0 + ms),
  venueMs: undefined,
  unexplained: false,
});
const EVENTS: Readonly<Record<string, OrderEvent>> = {
  send: { kind: "send", sent: SENT },
  accepted: { kind: "accepted", venueOrderId: "8800000001" },
  refused: { kind: "refused", code: "ERR-201", message: "no", resend: "never", atMs: T0 },
  noAnswer: { kind: "noAnswer" },
  seenResting: { kind: "seen", order: shown("ORDERED"), booked: coinE8(0n), atMs: T0 },
  seenFilled: { kind: "seen", order: shown("EXECUTED", SIZE), booked: SIZE, atMs: T0 },
  seenExpired: { kind: "seen", order: shown("EXPIRED"), booked: coinE8(0n), atMs: T0 },
  cancelAsked: { kind: "cancelAsked", atMs: T0 },
  absentEarly: { kind: "absent", atMs: epochMs(T0 + 1), venueMs: epochMs(T0 + 1), unexplained: false },
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
    let order = moveOrder(make("unknown", intent), absent(ms - 1));
    expect(order.state).toBe("unknown");
    for (const state of states) {
      order = moveOrder(order, absent(ms));
      expect(order.state).toBe(state);
    }
  });

  const looks = (...events: readonly OrderEvent[]) =>
    events.reduce((order, event) => (isLive(order) ? moveOrder(order, event) : order), make("unknown")).state;
  const TWICE = [0, 1] as const;

  test.each<[string, readonly OrderEvent[], string]>([
    ["both clocks say ten seconds", TWICE.map(() => absent(10_000)), "neverSent"],
    ["ours was set forward an hour, the venue's says 3 s", TWICE.map(() => absent(3_600_000, 3_000)), "unknown"],
    ["the venue's was set forward an hour, ours says 3 s", TWICE.map(() => absent(3_000, 3_600_000)), "unknown"],
    ["the venue's clock is not known", Array.from({ length: 100 }, () => unknownVenueTime(60_000)), "unknown"],
    ["it was not known between two looks", [absent(10_000), unknownVenueTime(11_000), absent(12_000)], "unknown"],
    [
      "the venue's was set back an hour: 29 looks",
      Array.from({ length: 29 }, () => absent(60_000, -3_540_000)),
      "unknown",
    ],
    [
      "the venue's was set back an hour: 30 looks",
      Array.from({ length: 30 }, () => absent(60_000, -3_540_000)),
      "neverSent",
    ],
    ["ours was set back an hour: 29 looks", Array.from({ length: 29 }, () => absent(-3_540_000, 60_000)), "unknown"],
    ["ours was set back an hour: 30 looks", Array.from({ length: 30 }, () => absent(-3_540_000, 60_000)), "neverSent"],
  ])("truth 0: an entry without a trace, %s", (_, events, state) => {
    expect(looks(...events)).toBe(state);
  });

  test("truth 0: given up beside something that may be it, the order says so for ever", () => {
    const first = moveOrder(make("unknown"), absent(10_000));
    const second = moveOrder(first, absent(11_000, 11_000, true));
    expect(second).toMatchObject({ state: "neverSent", detail: UNEXPLAINED });
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
      fc
        .tuple(fc.integer({ min: 0, max: 60_000 }), fc.option(fc.integer({ min: -60_000, max: 60_000 })), fc.boolean())
        .map(([ms, venueMs, unexplained]) =>
          venueMs === null ? unknownVenueTime(ms) : absent(ms, venueMs, unexplained),
        ),
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
