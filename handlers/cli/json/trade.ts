// A trade and its executions, as `--json` prints them everywhere.
import { z } from "zod";
import type { ExecutionRow } from "../../../db/tables/executions.ts";
import type { Trade } from "../../../db/tables/trades.ts";
import { toNumber } from "../../../lib/core/money.ts";
import type { OpenResult } from "../../../lib/core/openResult.ts";
import { epochMs, isoUtc } from "../../../lib/core/time.ts";
import { OpenResultJson, openResultJson } from "./openResult.ts";
import { Time, timeOrNull } from "./values.ts";

export const TradeJson = z.strictObject({
  id: z.int(),
  proposalId: z.string(),
  signalId: z.int(),
  traceId: z.string(),
  symbol: z.string(),
  direction: z.string(),
  status: z.string(),
  size: z.number(),
  entryPrice: z.number(),
  exitPrice: z.number().nullable(),
  stopLoss: z.number(),
  takeProfit1: z.number().nullable(),
  takeProfit2: z.number().nullable(),
  exitReason: z.string().nullable(),
  cancelReason: z.string().nullable(),
  closing: z.string().nullable(),
  pnlJpy: z.number().nullable(),
  pnlPercent: z.number().nullable(),
  feesJpy: z.number(),
  open: OpenResultJson.nullable(),
  confidence: z.number(),
  breakEven: z.number(),
  createdAt: Time,
  firstFillAt: Time.nullable(),
  timeStopAt: Time.nullable(),
  closedAt: Time.nullable(),
});
/** `open`: what of it is open, at the newest price; undefined: nothing. */
export const tradeJson = (t: Trade, open: OpenResult | undefined): z.infer<typeof TradeJson> => ({
  id: t.id,
  proposalId: t.proposalId,
  signalId: t.signalId,
  traceId: t.traceId,
  symbol: t.symbol,
  direction: t.direction,
  status: t.status,
  size: t.positionSize,
  entryPrice: t.entryPrice,
  exitPrice: t.exitPrice ?? null,
  stopLoss: t.stopLoss,
  takeProfit1: t.takeProfit1 ?? null,
  takeProfit2: t.takeProfit2 ?? null,
  exitReason: t.exitReason ?? null,
  cancelReason: t.cancelReason ?? null,
  closing: t.closeHow ?? null,
  pnlJpy: t.pnlAmount ?? null,
  pnlPercent: t.pnlPercent ?? null,
  feesJpy: t.fees,
  open: open === undefined ? null : openResultJson(open),
  confidence: t.confidence,
  breakEven: t.breakEven,
  createdAt: isoUtc(epochMs(Date.parse(t.createdAt))),
  firstFillAt: timeOrNull(t.firstFillMs),
  timeStopAt: timeOrNull(t.timeStopMs),
  closedAt: timeOrNull(t.closedMs),
});

export const ExecutionJson = z.strictObject({
  executionId: z.string(),
  orderId: z.int().nullable(),
  venueOrderId: z.string(),
  tradeId: z.int(),
  positionId: z.string(),
  symbol: z.string(),
  kind: z.string(),
  side: z.string(),
  size: z.number(),
  price: z.number(),
  pnlJpy: z.number(),
  feeJpy: z.number(),
  exitReason: z.string().nullable(),
  estimated: z.boolean(),
  at: Time,
});
export const executionJson = (e: ExecutionRow): z.infer<typeof ExecutionJson> => ({
  executionId: e.executionId,
  orderId: e.orderId ?? null,
  venueOrderId: e.venueOrderId,
  tradeId: e.tradeId,
  positionId: e.positionId,
  symbol: e.symbol,
  kind: e.kind,
  side: e.side,
  size: toNumber(e.size),
  price: toNumber(e.price),
  pnlJpy: toNumber(e.lossGain),
  feeJpy: toNumber(e.fee),
  exitReason: e.exitReason ?? null,
  estimated: e.estimated,
  at: isoUtc(e.atMs),
});
