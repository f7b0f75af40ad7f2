// An order of ours, as `--json` prints it everywhere.
import { z } from "zod";
import { toNumber } from "../../../lib/core/money.ts";
import { isLive, type Order } from "../../../lib/core/order.ts";
import { type EpochMs, isoUtc } from "../../../lib/core/time.ts";
import { orderMeaning } from "../trading/bookText.ts";
import { Time, timeOrNull } from "./values.ts";

export const OrderJson = z.strictObject({
  id: z.int(),
  tradeId: z.int(),
  purpose: z.string(),
  symbol: z.string(),
  side: z.string(),
  type: z.string(),
  size: z.number(),
  price: z.number().nullable(),
  state: z.string(),
  live: z.boolean(),
  executed: z.number(),
  venueOrderId: z.string().nullable(),
  exitReason: z.string().nullable(),
  code: z.string().nullable(),
  detail: z.string().nullable(),
  createdAt: Time,
  sentAt: Time.nullable(),
  closedAt: Time.nullable(),
  meaning: z.string(),
});
export const orderJson = (o: Order, nowMs: EpochMs): z.infer<typeof OrderJson> => ({
  id: o.id,
  tradeId: o.intent.tradeId,
  purpose: o.intent.purpose,
  symbol: o.intent.symbol,
  side: o.intent.side,
  type: o.intent.executionType,
  size: toNumber(o.intent.size),
  price: o.intent.price === undefined ? null : toNumber(o.intent.price),
  state: o.state,
  live: isLive(o),
  executed: "executed" in o ? toNumber(o.executed) : 0,
  venueOrderId: "venueOrderId" in o ? o.venueOrderId : null,
  exitReason: o.intent.exitReason ?? null,
  code: "code" in o ? o.code : null,
  detail: "detail" in o ? (o.detail ?? null) : null,
  createdAt: isoUtc(o.createdMs),
  sentAt: "sentMs" in o ? timeOrNull(o.sentMs) : null,
  closedAt: "closedMs" in o ? isoUtc(o.closedMs) : null,
  meaning: orderMeaning(o, nowMs),
});
