// The shapes of GMO Coin's public replies (GMO API 1, 4), one schema per reply, decoded into the types of
// lib/core/venue.ts. Unknown extra keys appear without notice and are ignored; a missing or misshaped known key does
// not parse, and neither does an unknown value of a closed list (side, status, ...).
import { z } from "zod";
import type { Candle } from "../../core/candle.ts";
import { epochMs } from "../../core/time.ts";
import type { OrderBook, PublicTrade, SymbolRules, Ticker } from "../../core/venue.ts";
import { Instant, missing, type Numbers } from "./codecs.ts";

/** One of the venue's refusal messages. */
const Message = z.object({ message_code: z.string(), message_string: missing(z.string()) });
/**
 * GMO API 1.1. `data` is absent on failures and on some successes; `responsetime` may be absent. `status` alone
 * decides and only the first message counts, so nothing unexpected beside the two makes a reply unreadable.
 */
export const Envelope = z.object({
  status: z.number().int(),
  data: z.unknown().optional(),
  messages: z
    .unknown()
    .optional()
    .transform((list) => {
      const first = Message.safeParse(Array.isArray(list) ? list[0] : undefined);
      return first.success ? first.data : undefined;
    }),
  responsetime: z.unknown().optional(),
});

export const SideName = z.enum(["BUY", "SELL"]);

/**
 * `{ list: [...] }`, or `{}` for an empty list (GMO API 14.2). Only ever applied to a reply with status 0: a missing
 * `data` is not an empty list.
 */
export const listOf = <T extends z.ZodType>(row: T) =>
  z.object({ list: z.array(row).optional() }).transform(({ list }) => (list ?? []) as readonly z.output<T>[]);

/**
 * Both sides of a book, sorted best price first: orders are priced by the first level, and one documented example is
 * not sorted (GMO API 10.2).
 */
export const bookSides = (n: Numbers) => {
  const level = z.object({ price: n.price, size: n.size });
  const side = (sign: 1 | -1) =>
    z.array(level).transform((levels) => levels.toSorted((a, b) => sign * n.compare(a.price, b.price)));
  return { asks: side(1), bids: side(-1) };
};

/** The common fields of a ticker and of a public trade, over REST and on the sockets. */
export const tickerFields = (n: Numbers) => ({
  symbol: z.string(),
  ask: n.price,
  bid: n.price,
  last: n.price,
  high: n.price,
  low: n.price,
  volume: n.sizeCut,
  timestamp: Instant,
});
export const tradeFields = (n: Numbers) => ({ price: n.price, side: SideName, size: n.size, timestamp: Instant });

export const publicReplies = (n: Numbers) => {
  const status = z.object({ status: z.enum(["MAINTENANCE", "PREOPEN", "OPEN"]) }).transform((d) => d.status);

  const tickerRow = z
    .object(tickerFields(n))
    .transform(({ timestamp, ...row }): Ticker => ({ ...row, timestampMs: timestamp }));

  const orderBook = z
    .object({ symbol: z.string(), ...bookSides(n), timestamp: missing(Instant) })
    .transform(({ timestamp, ...book }): OrderBook => ({ ...book, timestampMs: timestamp }));

  const tradeRow = z
    .object(tradeFields(n))
    .transform(({ timestamp, ...row }): PublicTrade => ({ ...row, timestampMs: timestamp }));

  const kline = z
    .object({
      openTime: z
        .string()
        .regex(/^\d{12,14}$/, { error: "expected epoch milliseconds in a string" })
        .transform((text) => epochMs(Number(text))),
      open: n.candleField,
      high: n.candleField,
      low: n.candleField,
      close: n.candleField,
      volume: n.candleField,
    })
    .transform(({ openTime, ...rest }): Candle => ({ openMs: openTime, ...rest }));

  const symbolRow = z
    .object({
      symbol: z.string(),
      minOrderSize: n.size,
      maxOrderSize: n.size,
      sizeStep: n.size,
      tickSize: n.price,
      takerFee: n.ratio,
      makerFee: n.ratio,
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

  return {
    status,
    ticker: z.array(tickerRow),
    orderBook,
    trades: listOf(tradeRow),
    klines: z.array(kline),
    symbols: z.array(symbolRow),
  };
};
