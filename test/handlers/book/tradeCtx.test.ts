// TradeCtx: the scope of a position, and the audit context of each commit.
import { describe, expect, test } from "vitest";
import { readTradeCtx, type TradeCtx, tradeCtx } from "../../../handlers/book/tradeCtx.ts";
import type { AppCtx } from "../../../handlers/context.ts";

const LEGS = [
  { id: 1, positionId: "A" },
  { id: 2, positionId: "B" },
];
const ORDERS = [
  { id: 10, intent: { purpose: "entry", positionId: undefined, legId: undefined } },
  { id: 11, intent: { purpose: "stop", positionId: "A", legId: 1 } },
  { id: 12, intent: { purpose: "stop", positionId: "B", legId: 2 } },
];
const TRADE = { id: 7, symbol: "BTC_JPY" };
let nowMs = 1_000;
const ctx = {
  db: {
    trades: { byId: (id: number) => (id === TRADE.id ? TRADE : undefined) },
    tradeLegs: { ofTrade: (id: number) => (id === TRADE.id ? LEGS : []) },
    orders: {
      working: (id: number) => (id === TRADE.id ? ORDERS : []),
      ofLeg: (legId: number) => ORDERS.filter((o) => o.intent.legId === legId),
    },
  },
  clock: { nowMs: () => nowMs },
  job: { name: "watchPosition" },
  config: { TIME_STOP_HOURS: 4, LOCALE: "en" },
  commit: (write: (tx: string) => unknown, next?: readonly unknown[]) => ({ written: write("tx"), next }),
} as unknown as AppCtx;
const idsOf = (t: TradeCtx) => ({
  legs: t.legs().map((leg) => [leg.id, leg.orders.map((o) => o.id)]),
  orders: t.orders().map((o) => o.id),
});

describe("a TradeCtx", () => {
  test("without a position covers the whole trade", () => {
    expect(idsOf(readTradeCtx(ctx, TRADE.id))).toEqual({
      legs: [
        [1, [11]],
        [2, [12]],
      ],
      orders: [10, 11, 12],
    });
  });
  test("with a position covers its legs and its orders alone", () => {
    const { trade } = readTradeCtx(ctx, TRADE.id);
    expect(idsOf(tradeCtx(ctx, trade, "B"))).toEqual({ legs: [[2, [12]]], orders: [12] });
  });
  test("gives each commit the audit context of its own trade at that moment", () => {
    const t = readTradeCtx(ctx, TRADE.id);
    nowMs = 2_000;
    const result = t.commit((tx, by) => ({ tx, ...by }), [{ name: "reconcile", key: "k", input: {} }]);
    expect(result).toEqual({
      written: {
        tx: "tx",
        atMs: 2_000,
        actor: "watchPosition",
        trade: TRADE,
        timeStopHours: 4,
        locale: "en",
        ourTime: expect.any(Function),
      },
      next: [{ name: "reconcile", key: "k", input: {} }],
    });
  });
  test("of a trade that is not in the book is an error", () => {
    expect(() => readTradeCtx(ctx, 8)).toThrow(/expected trade 8, found none/);
  });
});
