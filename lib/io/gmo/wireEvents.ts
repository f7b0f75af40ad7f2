// The shapes of GMO Coin's WebSocket frames (GMO API 10), both ways, decoded into the types of lib/core/venueEvents.ts.
// Unknown extra keys appear without notice and are ignored; a missing or misshaped known key does not parse.
import { z } from "zod";
import { executionProblem, positionProblem } from "../../core/plausible.ts";
import type {
  ErrorEvent,
  ExecutionEvent,
  OrderBookEvent,
  OrderEvent,
  PositionEvent,
  PositionSummaryEvent,
  TickerEvent,
  TradeEvent,
  VenueFrame,
} from "../../core/venueEvents.ts";
import { Id, Instant, missing, type Numbers, SCALED } from "./codecs.ts";
import { bookSides, SideName, tickerFields, tradeFields } from "./wire.ts";
import { ExecutionTypeName, positionFields, SettleTypeName, TimeInForceName } from "./wireTrading.ts";

/** The schemas of all frames by the channel's name on the wire. */
export const framesOf = (n: Numbers) => {
  const ticker = z
    .object({ channel: z.literal("ticker"), ...tickerFields(n) })
    .transform(
      ({ channel: _, timestamp, ...row }): TickerEvent => ({ kind: "ticker", ...row, timestampMs: timestamp }),
    );

  const orderbooks = z
    .object({
      channel: z.literal("orderbooks"),
      symbol: z.string(),
      ...bookSides(n),
      timestamp: missing(Instant),
    })
    .transform(
      ({ channel: _, timestamp, ...book }): OrderBookEvent => ({ kind: "orderBook", ...book, timestampMs: timestamp }),
    );

  const trades = z
    .object({ channel: z.literal("trades"), symbol: z.string(), ...tradeFields(n) })
    .transform(({ channel: _, timestamp, ...row }): TradeEvent => ({ kind: "trade", ...row, timestampMs: timestamp }));

  /** The names differ from the rows of REST: executionPrice, executionSize, executionTimestamp (GMO API 10.4). */
  const executionEvents = z
    .object({
      channel: z.literal("executionEvents"),
      executionId: Id,
      orderId: Id,
      // Margin trades only.
      positionId: missing(Id),
      symbol: z.string(),
      side: SideName,
      settleType: SettleTypeName,
      executionType: ExecutionTypeName,
      timeInForce: TimeInForceName,
      executionPrice: n.price,
      executionSize: n.size,
      executionTimestamp: Instant,
      lossGain: n.yen,
      fee: n.yen,
      orderPrice: n.optionalPrice,
      orderSize: n.size,
      orderExecutedSize: n.size,
      orderTimestamp: Instant,
      msgType: z.string(),
    })
    .transform(
      ({
        channel: _,
        executionPrice,
        executionSize,
        executionTimestamp,
        orderTimestamp,
        positionId,
        orderPrice,
        ...row
      }): ExecutionEvent => ({
        kind: "execution",
        ...row,
        positionId,
        price: executionPrice,
        size: executionSize,
        timestampMs: executionTimestamp,
        orderPrice,
        orderTimestampMs: orderTimestamp,
      }),
    );

  const orderEvents = z
    .object({
      channel: z.literal("orderEvents"),
      orderId: Id,
      symbol: z.string(),
      side: SideName,
      settleType: SettleTypeName,
      executionType: ExecutionTypeName,
      timeInForce: TimeInForceName,
      orderStatus: z.enum(["WAITING", "ORDERED", "CANCELED", "EXPIRED"]),
      cancelType: missing(z.string()),
      orderPrice: n.optionalPrice,
      losscutPrice: n.optionalPrice,
      orderSize: n.size,
      orderExecutedSize: n.size,
      orderTimestamp: Instant,
      msgType: z.string(),
    })
    .transform(
      ({
        channel: _,
        orderStatus,
        orderPrice,
        orderSize,
        orderExecutedSize,
        orderTimestamp,
        cancelType,
        losscutPrice,
        ...row
      }): OrderEvent => ({
        kind: "order",
        ...row,
        status: orderStatus,
        cancelType,
        price: orderPrice,
        losscutPrice,
        size: orderSize,
        executedSize: orderExecutedSize,
        orderTimestampMs: orderTimestamp,
      }),
    );

  const positionEvents = z
    .object({
      channel: z.literal("positionEvents"),
      ...positionFields(n),
      // Decides whether the position still exists: an unknown value must not pass for a change of size.
      msgType: z.enum(["OPR", "UPR", "ULR", "CPR"]),
    })
    .transform(
      ({ channel: _, timestamp, orderdSize, losscutPrice, ...row }): PositionEvent => ({
        kind: "position",
        ...row,
        orderedSize: orderdSize,
        losscutPrice,
        timestampMs: timestamp,
      }),
    );

  const positionSummaryEvents = z
    .object({
      channel: z.literal("positionSummaryEvents"),
      symbol: z.string(),
      side: SideName,
      // An average may carry any number of decimals.
      averagePositionRate: n.yenCut,
      positionLossGain: n.yenCut,
      sumOrderQuantity: n.size,
      sumPositionQuantity: n.size,
      timestamp: Instant,
      msgType: z.string(),
    })
    .transform(
      (row): PositionSummaryEvent => ({
        kind: "positionSummary",
        symbol: row.symbol,
        side: row.side,
        averagePrice: row.averagePositionRate,
        lossGain: row.positionLossGain,
        orderedSize: row.sumOrderQuantity,
        size: row.sumPositionQuantity,
        timestampMs: row.timestamp,
        msgType: row.msgType,
      }),
    );

  return {
    ticker,
    orderbooks,
    trades,
    executionEvents,
    orderEvents,
    positionEvents,
    positionSummaryEvents,
  } as const satisfies Record<string, z.ZodType<VenueFrame>>;
};

/** `{ "error": "ERR-5106 Invalid request parameter. symbol" }`: one string, the code first. */
export const ErrorFrame = z.object({ error: z.string() }).transform(({ error }): ErrorEvent => {
  const [, code, text] = /^\s*(ERR-\d+)\b[\s:.]*([\s\S]*)$/.exec(error) ?? [];
  return { kind: "error", code: code ?? "UNKNOWN", text: text ?? error };
});

/** The schemas the connector uses. */
export const FRAMES = framesOf(SCALED);
export type Channel = keyof typeof FRAMES;
export type PublicChannel = "ticker" | "orderbooks" | "trades";
export type PrivateChannel = Exclude<Channel, PublicChannel>;

/** Commands we send. Public channels name one symbol; private channels name none (GMO API 10.1, 10.4). */
export const PublicCommand = z.strictObject({
  command: z.enum(["subscribe", "unsubscribe"]),
  channel: z.enum(["ticker", "orderbooks", "trades"]),
  symbol: z.string().min(1),
  /** `trades` only: the taker's row of each match, not both. */
  option: z.literal("TAKER_ONLY").optional(),
});
export const PrivateCommand = z.strictObject({
  command: z.enum(["subscribe", "unsubscribe"]),
  channel: z.enum(["executionEvents", "orderEvents", "positionEvents", "positionSummaryEvents"]),
  /** `positionSummaryEvents` only: every 5 s. */
  option: z.literal("PERIODIC").optional(),
});
export type Command = z.infer<typeof PublicCommand> | z.infer<typeof PrivateCommand>;

type ReadFrame =
  | { readonly kind: "frame"; readonly frame: VenueFrame }
  /** Content unknown. `channel` is undefined when not even that could be read. */
  | { readonly kind: "unreadable"; readonly channel: string | undefined; readonly reason: string };

const unreadable = (channel: string | undefined, reason: string): ReadFrame => ({
  kind: "unreadable",
  channel,
  reason,
});
const Head = z.object({ channel: z.string().optional(), error: z.string().optional() });

/** Fills and positions that cannot be: read again over REST like any frame that is lost. Market data: marketStream.ts. */
const frameProblem = (frame: VenueFrame): string | undefined => {
  if (frame.kind === "execution") return executionProblem(frame, Number.POSITIVE_INFINITY);
  // A closed position is told with size 0.
  const isOpen = frame.kind === "position" && frame.msgType !== "CPR";
  return isOpen ? positionProblem(frame, Number.POSITIVE_INFINITY) : undefined;
};

/** One frame of either socket. Never throws. */
export const readFrame = (text: string): ReadFrame => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return unreadable(undefined, "expected JSON");
  }
  const head = Head.safeParse(json);
  if (!head.success) return unreadable(undefined, "expected an object with a channel or an error");
  const { channel, error } = head.data;
  if (channel === undefined)
    return error === undefined
      ? unreadable(undefined, "expected a channel or an error")
      : { kind: "frame", frame: ErrorFrame.parse(json) };
  // Own keys only: a channel named "constructor" must be unknown, not a function.
  if (!Object.hasOwn(FRAMES, channel)) return unreadable(channel, "a channel this program does not know");
  const read = FRAMES[channel as Channel].safeParse(json);
  if (read.success) {
    const problem = frameProblem(read.data);
    return problem === undefined ? { kind: "frame", frame: read.data } : unreadable(channel, `impossible: ${problem}`);
  }
  return unreadable(channel, read.error.issues.map((i) => `${i.path.join(".")}: ${i.message}`).join("; "));
};
