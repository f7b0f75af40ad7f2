// The shapes of GMO Coin's replies (GMO API 4-8), one schema per reply, decoded into the types of lib/core/venue.ts.
// Unknown extra keys appear without notice and are ignored; a missing or misshaped known key does not parse.
import { z } from "zod";
import type { Candle } from "../../core/candle.ts";
import type { EpochMs } from "../../core/time.ts";
import type {
  Asset,
  Execution,
  Margin,
  OrderBook,
  Position,
  PublicTrade,
  SymbolRules,
  Ticker,
  VenueOrder,
} from "../../core/venue.ts";
import { Coin, CoinCut, Double, Id, Instant, OptionalPrice, Ratio, Yen, YenCut } from "./codecs.ts";

/** GMO API 1.1. `data` is absent on failures and on some successes; `responsetime` may be absent. */
export const Envelope = z.object({
  status: z.number().int(),
  data: z.unknown().optional(),
  messages: z.array(z.object({ message_code: z.string(), message_string: z.string().optional() })).optional(),
  responsetime: z.string().optional(),
});

const Side = z.enum(["BUY", "SELL"]);
const ExecutionType = z.enum(["MARKET", "LIMIT", "STOP"]);
const TimeInForce = z.enum(["FAK", "FAS", "FOK", "SOK"]);

/** `{ list: [...] }`, or `{}` for an empty list (GMO API 14.2). Only ever applied to a reply with status 0. */
const listOf = <T extends z.ZodType>(row: T) =>
  z.object({ list: z.array(row).optional() }).transform(({ list }) => (list ?? []) as readonly z.output<T>[]);

export const StatusReply = z.object({ status: z.enum(["MAINTENANCE", "PREOPEN", "OPEN"]) }).transform((d) => d.status);

const TickerRow = z
  .object({
    symbol: z.string(),
    ask: Yen,
    bid: Yen,
    last: Yen,
    high: Yen,
    low: Yen,
    volume: CoinCut,
    timestamp: Instant,
  })
  .transform(({ timestamp, ...row }): Ticker => ({ ...row, timestampMs: timestamp }));
export const TickerReply = z.array(TickerRow);

const Level = z.object({ price: Yen, size: Coin });
export const OrderBookReply = z
  .object({ symbol: z.string(), asks: z.array(Level), bids: z.array(Level), timestamp: Instant.optional() })
  .transform(({ timestamp, ...book }): OrderBook => ({ ...book, timestampMs: timestamp }));

const TradeRow = z
  .object({ price: Yen, side: Side, size: Coin, timestamp: Instant })
  .transform(({ timestamp, ...row }): PublicTrade => ({ ...row, timestampMs: timestamp }));
export const TradesReply = listOf(TradeRow);

const Kline = z
  .object({
    openTime: z
      .string()
      .regex(/^\d{12,14}$/)
      .transform((text) => Number(text) as EpochMs),
    open: Double,
    high: Double,
    low: Double,
    close: Double,
    volume: Double,
  })
  .transform(({ openTime, ...rest }): Candle => ({ openMs: openTime, ...rest }));
export const KlinesReply = z.array(Kline);

const SymbolRow = z
  .object({
    symbol: z.string(),
    minOrderSize: Coin,
    maxOrderSize: Coin,
    sizeStep: Coin,
    tickSize: Yen,
    takerFee: Ratio,
    makerFee: Ratio,
  })
  .transform(
    (row): SymbolRules => ({
      symbol: row.symbol,
      minSize: row.minOrderSize,
      maxSize: row.maxOrderSize,
      sizeStep: row.sizeStep,
      tick: row.tickSize,
      takerFee: row.takerFee,
      makerFee: row.makerFee,
    }),
  );
export const SymbolsReply = z.array(SymbolRow);

/** `marginRatio` may be missing or empty without positions and is not used. */
export const MarginReply = z
  .object({
    actualProfitLoss: YenCut,
    availableAmount: YenCut,
    margin: YenCut,
    profitLoss: YenCut,
    marginCallStatus: z.string(),
  })
  .transform(
    (row): Margin => ({
      equity: row.actualProfitLoss,
      available: row.availableAmount,
      used: row.margin,
      unrealised: row.profitLoss,
      callStatus: row.marginCallStatus,
    }),
  );

const AssetRow = z.object({ symbol: z.string(), amount: CoinCut, available: CoinCut, conversionRate: YenCut });
export const AssetsReply = z.array(AssetRow).transform((rows): readonly Asset[] => rows);

const OrderRow = z
  .object({
    orderId: Id,
    rootOrderId: Id,
    symbol: z.string(),
    side: Side,
    orderType: z.string(),
    executionType: ExecutionType,
    settleType: z.string(),
    size: Coin,
    executedSize: Coin,
    price: OptionalPrice,
    losscutPrice: OptionalPrice,
    status: z.enum(["WAITING", "ORDERED", "MODIFYING", "CANCELLING", "CANCELED", "EXECUTED", "EXPIRED"]),
    cancelType: z.string().optional(),
    timeInForce: TimeInForce,
    timestamp: Instant,
  })
  .transform(({ timestamp, cancelType, ...row }): VenueOrder => ({ ...row, cancelType, timestampMs: timestamp }));
export const OrdersReply = listOf(OrderRow);

const ExecutionRow = z
  .object({
    executionId: Id,
    orderId: Id,
    positionId: Id.optional(),
    symbol: z.string(),
    side: Side,
    settleType: z.string(),
    size: Coin,
    price: Yen,
    lossGain: Yen,
    fee: Yen,
    timestamp: Instant,
  })
  .transform(({ timestamp, positionId, ...row }): Execution => ({ ...row, positionId, timestampMs: timestamp }));
export const ExecutionsReply = listOf(ExecutionRow);

const PositionRow = z
  .object({
    positionId: Id,
    symbol: z.string(),
    side: Side,
    size: Coin,
    // The venue's spelling (GMO API 0.13).
    orderdSize: Coin,
    price: Yen,
    lossGain: YenCut,
    losscutPrice: OptionalPrice,
    timestamp: Instant,
  })
  .transform(
    ({ timestamp, orderdSize, ...row }): Position => ({ ...row, orderedSize: orderdSize, timestampMs: timestamp }),
  );
export const PositionsReply = listOf(PositionRow);

/** The new order's id, a string on the wire. */
export const NewOrderReply = Id;
