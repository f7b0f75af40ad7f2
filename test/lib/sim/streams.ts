// Random markets and random order streams for property tests. A command picks its order or position by index among
// those the venue shows, so that the same commands mean the same thing to two venues in the same state.
import fc from "fast-check";
import type { Candle } from "../../../lib/core/candle.ts";
import { type EpochMs, epochMs, MINUTE_MS } from "../../../lib/core/time.ts";
import type { CandleFile } from "../../../lib/sim/market/candleFile.ts";
import { type Desk, textOf } from "./desk.ts";

/**
 * One minute: what it opens away from the last close, how far it goes, where it ends, and minutes without trades before
 * it.
 */
const step = fc.record({
  jump: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -30_000, max: 30_000 }) },
  ),
  up: fc.integer({ min: 0, max: 20_000 }),
  down: fc.integer({ min: 0, max: 20_000 }),
  end: fc.double({ min: 0, max: 1, noNaN: true }),
  missing: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) }),
  volume: fc.oneof(fc.constant(0.05), fc.constant(0.5), fc.constant(20)),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

export const steps = (minLength: number, maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(step, { minLength, maxLength, size: "max" });

export const candlesOf = (startMs: EpochMs, price: number, list: readonly Step[]): CandleFile => {
  const candles: Candle[] = [];
  let close = price;
  let openMs: number = startMs;
  for (const { jump, up, down, end, missing, volume } of list) {
    if (candles.length > 0) openMs += missing * MINUTE_MS;
    const open = close + jump;
    close = Math.round(open - down + end * (up + down));
    candles.push({ openMs: epochMs(openMs), open, high: open + up, low: open - down, close, volume });
    openMs += MINUTE_MS;
  }
  return { candles, intervalMs: MINUTE_MS };
};

export type Command =
  | { readonly do: "pass"; readonly ms: number }
  | {
      readonly do: "open" | "close";
      readonly kind: "MARKET" | "LIMIT" | "STOP";
      readonly buy: boolean;
      /** Yen from the last price, away from it for LIMIT and STOP when positive. */
      readonly away: number;
      /** Thousandths of a coin. */
      readonly size: number;
      readonly tif: "FAS" | "FOK" | "SOK";
      readonly at: number;
      readonly cancelBefore: boolean;
    }
  | { readonly do: "cancel"; readonly at: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 90_000 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom("open" as const, "close" as const),
      kind: fc.constantFrom("MARKET" as const, "LIMIT" as const, "STOP" as const),
      buy: fc.boolean(),
      away: fc.integer({ min: -2_000, max: 15_000 }),
      size: fc.integer({ min: 1, max: 60 }),
      tif: fc.constantFrom("FAS" as const, "FOK" as const, "SOK" as const),
      at: fc.nat(20),
      cancelBefore: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), at: fc.nat(20) }) },
);
export const commands = (maxLength: number): fc.Arbitrary<Command[]> =>
  fc.array(command, { minLength: 5, maxLength, size: "max" });

/** Performs the action; the text contains every reply of the venue. */
export const play = (desk: Desk, c: Command): string => {
  if (c.do === "pass") return textOf(desk.pass(c.ms / 1_000));
  if (c.do === "cancel") {
    const active = desk.active();
    if (active.length === 0) return "nothing to cancel";
    return desk.post("/v1/cancelOrder", { orderId: active[c.at % active.length].orderId }).text;
  }
  const last = Number(desk.get("/v1/ticker", { symbol: "BTC_JPY" }).data[0].last);
  const positions = desk.positions();
  const position = c.do === "close" && positions.length > 0 ? positions[c.at % positions.length] : undefined;
  const buy = position ? position.side === "SELL" : c.buy;
  const sign = (buy ? -1 : 1) * (c.kind === "STOP" ? -1 : 1);
  const order = {
    symbol: "BTC_JPY",
    side: buy ? "BUY" : "SELL",
    executionType: c.kind,
    ...(c.kind === "MARKET" ? {} : { price: String(last + sign * c.away) }),
    ...(c.kind === "LIMIT" ? { timeInForce: c.tif } : {}),
  };
  // Half of the closes fit; the others try too much.
  const closable = position ? Math.round((Number(position.size) - Number(position.orderdSize)) * 1_000) : 0;
  const size = String((closable > 0 && c.at % 2 === 0 ? Math.min(c.size, closable) : c.size) / 1_000);
  if (!position) return desk.post("/v1/order", { ...order, size }).text;
  return desk.post("/v1/closeOrder", {
    ...order,
    settlePosition: [{ positionId: position.positionId, size }],
    ...(c.kind === "MARKET" && c.cancelBefore ? { cancelBefore: true } : {}),
  }).text;
};
