// An open position of ours with its legs, and what the exchange showed of the account, as `--json` prints them.
import { z } from "zod";
import { toNumber } from "../../../lib/core/money.ts";
import { type EpochMs, isoUtc } from "../../../lib/core/time.ts";
import { bareOf, type HeldPosition } from "../trading/bookText.ts";
import { OpenResultJson, openResultJson } from "./openResult.ts";
import { OrderJson, orderJson } from "./order.ts";
import { Time, timeOrNull } from "./values.ts";

export const PositionJson = z.strictObject({
  positionId: z.string(),
  tradeId: z.int(),
  symbol: z.string(),
  direction: z.string(),
  size: z.number(),
  price: z.number(),
  bare: z.number(),
  openedAt: Time,
  heldMs: z.number(),
  open: OpenResultJson,
  timeStopAt: Time.nullable(),
  closing: z.string().nullable(),
  legs: z.array(
    z.strictObject({
      id: z.int(),
      size: z.number(),
      target: z.int(),
      targetPrice: z.number(),
      stopPrice: z.number(),
      order: OrderJson.nullable(),
    }),
  ),
});
export const positionJson = (h: HeldPosition, nowMs: EpochMs): z.infer<typeof PositionJson> => ({
  positionId: h.position.positionId,
  tradeId: h.trade.id,
  symbol: h.position.symbol,
  direction: h.trade.direction,
  size: toNumber(h.position.open),
  price: toNumber(h.position.price),
  bare: toNumber(bareOf(h)),
  openedAt: isoUtc(h.position.openedMs),
  heldMs: Math.max(0, nowMs - h.position.openedMs),
  open: openResultJson(h.result),
  timeStopAt: timeOrNull(h.trade.timeStopMs),
  closing: h.trade.closeHow ?? null,
  legs: h.legs.map(({ leg, order }) => ({
    id: leg.id,
    size: toNumber(leg.open),
    target: leg.target,
    targetPrice: toNumber(leg.targetPrice),
    stopPrice: toNumber(leg.stop),
    order: order === undefined ? null : orderJson(order, nowMs),
  })),
});

/** The stored snapshot keeps amounts as decimals in strings. */
const Amount = z.union([z.number(), z.string().transform(Number)]).pipe(z.number());
export const SeenOrderJson = z.strictObject({
  orderId: z.string(),
  symbol: z.string(),
  side: z.string(),
  type: z.string(),
  size: Amount,
  price: Amount.nullable(),
  ours: z.boolean(),
});
/** What the exchange showed (handlers/owner/venueSnapshot.ts); it reads the stored form and its own. */
export const SeenJson = z.strictObject({
  at: Time,
  entries: z.array(SeenOrderJson),
  positions: z.array(
    z.strictObject({
      positionId: z.string(),
      symbol: z.string(),
      direction: z.string(),
      size: Amount,
      price: Amount,
      tradeId: z.int().nullable(),
      bare: Amount,
      coveredBy: z.array(SeenOrderJson),
    }),
  ),
  otherCloses: z.array(SeenOrderJson),
});
