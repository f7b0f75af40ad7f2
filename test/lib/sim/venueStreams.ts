// Random requests of every kind, spot and margin, for property tests. A command picks its order or position by index
// among those the venue shows, so that the same commands mean the same thing to two venues in the same state.
import fc from "fast-check";
import { type Desk, textOf } from "./desk.ts";

const kind = fc.constantFrom("MARKET" as const, "LIMIT" as const, "LIMIT" as const, "STOP" as const);
const order = {
  kind,
  buy: fc.boolean(),
  /** Yen from the last price, away from it for LIMIT and STOP when positive. */
  away: fc.integer({ min: -2_000, max: 15_000 }),
  /** Thousandths of a coin. */
  size: fc.integer({ min: 1, max: 60 }),
  tif: fc.constantFrom("FAS" as const, "FOK" as const, "SOK" as const, "FAK" as const),
  at: fc.nat(20),
  cancelBefore: fc.boolean(),
};
const command = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 90_000 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("open" as const), ...order }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("spot" as const), ...order }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("close" as const, "closeBulk" as const), ...order }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("change" as const, "cut" as const),
      at: fc.nat(20),
      by: fc.integer({ min: -12_000, max: 12_000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("cancel" as const, "cancels" as const, "cancelBulk" as const),
      at: fc.nat(20),
      desc: fc.boolean(),
    }),
  },
);
export type VenueCommand = typeof command extends fc.Arbitrary<infer T> ? T : never;
export const venueCommands = (maxLength: number): fc.Arbitrary<VenueCommand[]> =>
  fc.array(command, { minLength: 8, maxLength, size: "max" });

const pick = <T>(list: readonly T[], at: number): T | undefined =>
  list.length === 0 ? undefined : list[at % list.length];

/** Performs the action; the text contains every reply of the venue. */
export const playVenue = (desk: Desk, c: VenueCommand): string => {
  if (c.do === "pass") return textOf(desk.pass(c.ms / 1_000));
  const active = [...desk.active(), ...desk.active("BTC")];
  const last = Number(desk.get("/v1/ticker", { symbol: "BTC_JPY" }).data[0].last);
  switch (c.do) {
    case "cancel":
      return desk.post("/v1/cancelOrder", { orderId: pick(active, c.at)?.orderId ?? 1 }).text;
    case "cancels":
      return desk.post("/v1/cancelOrders", { orderIds: [1, ...active.slice(0, c.at % 4).map((o) => o.orderId)] }).text;
    case "cancelBulk":
      return desk.post("/v1/cancelBulkOrder", {
        symbols: c.at % 2 === 0 ? ["BTC_JPY"] : ["BTC_JPY", "BTC"],
        ...(c.at % 3 === 0 ? { settleType: "CLOSE" } : {}),
        ...(c.at % 5 === 0 ? { side: "BUY" } : {}),
        desc: c.desc,
      }).text;
    case "change": {
      const target = pick(active, c.at);
      const price = String(Math.max(1, Number(target?.price ?? last) + c.by));
      return desk.post("/v1/changeOrder", { orderId: target?.orderId ?? 1, price }).text;
    }
    case "cut": {
      const position = pick(desk.positions(), c.at);
      const sign = position?.side === "SELL" ? 1 : -1;
      const losscutPrice = String(last + sign * Math.abs(c.by));
      return desk.post("/v1/changeLosscutPrice", { positionId: position?.positionId ?? 1, losscutPrice }).text;
    }
    default:
      return ordered(desk, c, last);
  }
};

type OrderCommand = Extract<VenueCommand, { readonly kind: string }>;
const ordered = (desk: Desk, c: OrderCommand, last: number): string => {
  const closes = c.do === "close" || (c.do === "closeBulk" && c.at % 4 > 0);
  const position = closes ? pick(desk.positions(), c.at) : undefined;
  const buy = position ? position.side === "SELL" : c.buy;
  const sign = (buy ? -1 : 1) * (c.kind === "STOP" ? -1 : 1);
  const body = {
    symbol: c.do === "spot" ? "BTC" : "BTC_JPY",
    side: buy ? "BUY" : "SELL",
    executionType: c.kind,
    ...(c.kind === "MARKET" ? {} : { price: String(last + sign * c.away) }),
    ...(c.kind === "LIMIT" ? { timeInForce: c.tif } : {}),
  };
  const cancelBefore = c.kind === "MARKET" && c.cancelBefore ? { cancelBefore: true } : {};
  const size = String(c.size / 1_000);
  if (c.do === "closeBulk") return desk.post("/v1/closeBulkOrder", { ...body, size }).text;
  if (c.do === "spot") return desk.post("/v1/order", { ...body, ...(buy ? {} : cancelBefore), size }).text;
  if (!position) return desk.post("/v1/order", { ...body, size }).text;
  // Half of the closes fit; the others try too much.
  const free = Math.round((Number(position.size) - Number(position.orderdSize)) * 1_000);
  const closing = String((free > 0 && c.at % 2 === 0 ? Math.min(c.size, free) : c.size) / 1_000);
  return desk.post("/v1/closeOrder", {
    ...body,
    ...cancelBefore,
    settlePosition: [{ positionId: position.positionId, size: closing }],
  }).text;
};
