// Legs of a long from 10,000,000 yen with their orders, and what is done next with one, in words.
import type { ExitFacts, MarketPrices } from "../../../lib/core/exitFacts.ts";
import { nextAction } from "../../../lib/core/exits.ts";
import type { Leg } from "../../../lib/core/leg.ts";
import { coinE8, parseCoin, yen } from "../../../lib/core/money.ts";
import type { Intent, Order, OrderState } from "../../../lib/core/order.ts";
import { type EpochMs, epochMs } from "../../../lib/core/time.ts";

const T0 = epochMs(1_750_000_000_000);
export const at = (ms: number): EpochMs => epochMs(T0 + ms);
const SIZE = parseCoin("0.002");

// A long from 10,000,000: stop 9,950,000, target 10,030,000.
export const pricesAt = (last: number): MarketPrices => ({
  bid: yen(last - 500),
  ask: yen(last + 500),
  last: yen(last),
});
export const facts = (over: Partial<ExitFacts> = {}): ExitFacts => ({
  symbol: "BTC_JPY",
  direction: "long",
  minSize: parseCoin("0.001"),
  nowMs: at(60_000),
  prices: pricesAt(10_000_000),
  timeStopMs: at(4 * 3_600_000),
  ownerCloses: undefined,
  restingMs: 5_000,
  ...over,
});
export let nextId = 1;
const intent = (over: Partial<Intent> = {}): Intent => ({
  tradeId: 1,
  purpose: "stop",
  legId: 1,
  positionId: "289000001",
  exitReason: "stop_loss",
  symbol: "BTC_JPY",
  side: "SELL",
  executionType: "STOP",
  timeInForce: "FAK",
  price: yen(9_950_000),
  plannedPrice: yen(9_950_000),
  losscutPrice: undefined,
  size: SIZE,
  ...over,
});
export const STOP = intent();
export const TAKE = intent({
  purpose: "takeProfit",
  exitReason: "tp1",
  executionType: "LIMIT",
  timeInForce: "FAS",
  price: yen(10_030_000),
  plannedPrice: yen(10_030_000),
});
export const EXIT_LIMIT = intent({
  purpose: "exit",
  exitReason: "time_stop",
  executionType: "LIMIT",
  timeInForce: "FAS",
});
export const EXIT_MARKET = intent({
  purpose: "exit",
  executionType: "MARKET",
  price: undefined,
  plannedPrice: undefined,
});
export const order = (state: OrderState, i: Intent, over: Record<string, unknown> = {}): Order =>
  ({
    id: nextId++,
    intent: i,
    createdMs: T0,
    state,
    sentMs: at(0),
    emptyLooks: 0,
    venueOrderId: "1",
    executed: coinE8(0n),
    cancelAskedMs: undefined,
    closedMs: at(1_000),
    detail: undefined,
    code: "ERR-5106",
    resend: "never",
    ...over,
  }) as unknown as Order;
export const leg = (orders: readonly Order[], over: Partial<Leg> = {}): Leg => ({
  id: 1,
  positionId: "289000001",
  target: 1,
  targetPrice: yen(10_030_000),
  stop: yen(9_950_000),
  open: SIZE,
  orders,
  ...over,
});
/** "place stop STOP", "cancel: time stop", "wait: protected". */
export const say = (l: Leg, f: ExitFacts = facts()): string => {
  const action = nextAction(l, f);
  switch (action.kind) {
    case "place":
      return `place ${action.purpose} ${action.executionType} ${action.exitReason}`;
    case "cancel":
      return `cancel: ${action.why}`;
    case "wait":
      return `wait: ${action.reason}`;
    default:
      return action.kind;
  }
};
