// What a number from outside can be. Pure and total: each check returns the first problem in words, or undefined. Nothing
// that has a problem is acted upon (docs/decisions/0016-impossible-replies.md).
import type { Candle } from "./candle.ts";
import { type CoinE8, E8, formatE8, maxBig, minBig, type YenE8, yenE8 } from "./money.ts";
import { parseInstant } from "./time.ts";
import type { Asset, Execution, Margin, OrderBook, Position, PublicTrade, Ticker, VenueOrder } from "./venue.ts";

/** No coin costs as much: 10 billion yen. */
const HIGHEST_PRICE = 10_000_000_000n * E8;
/** No order, balance or volume is as large, in coins or yen: 10^15. */
const LARGEST_AMOUNT = 1_000_000_000_000_000n * E8;
/** The exchange opened in 2018. */
const FIRST_MS = parseInstant("2017-01-01T00:00:00Z");
/** Account rows and candles carry the venue's time; a clock may be an hour off. */
const LATEST_AHEAD_MS = 2 * 3_600_000;

const priceProblem = (name: string, price: bigint): string | undefined =>
  price > 0n && price <= HIGHEST_PRICE ? undefined : `${name} ${formatE8(price)}`;
const amountProblem = (name: string, amount: bigint, least = 0n): string | undefined =>
  amount >= least && amount <= LARGEST_AMOUNT ? undefined : `${name} ${formatE8(amount)}`;
const timeProblem = (name: string, ms: number, nowMs: number): string | undefined =>
  ms >= FIRST_MS && ms <= nowMs + LATEST_AHEAD_MS ? undefined : `${name} ${new Date(ms).toISOString()}`;

/**
 * 0 < bid <= ask, and all three inside the band of the venue: it refuses orders further than half the price from the market
 * (GMO API 7.2), so ask, bid and last price cannot be further from each other.
 */
export const tickerProblem = ({ bid, ask, last }: Ticker): string | undefined =>
  priceProblem("bid", bid) ??
  priceProblem("ask", ask) ??
  priceProblem("last", last) ??
  (bid > ask ? `bid ${formatE8(bid)} above ask ${formatE8(ask)}` : undefined) ??
  (maxBig<bigint>(ask, last) > 2n * minBig<bigint>(bid, last)
    ? `bid ${formatE8(bid)}, ask ${formatE8(ask)} and last ${formatE8(last)} apart by more than half`
    : undefined);

/** An empty side is no problem here: nobody prices by it (BOOK_EMPTY). */
export const bookProblem = ({ bids, asks }: OrderBook): string | undefined => {
  for (const { price, size } of [...bids, ...asks]) {
    const problem = priceProblem("price", price) ?? amountProblem("size", size);
    if (problem !== undefined) return problem;
  }
  const [bid, ask] = [bids[0]?.price, asks[0]?.price];
  if (bid === undefined || ask === undefined) return undefined;
  if (bid > ask) return `bid ${formatE8(bid)} above ask ${formatE8(ask)}`;
  return ask > 2n * bid ? `bid ${formatE8(bid)} and ask ${formatE8(ask)} apart by more than half` : undefined;
};

export const tradesProblem = (trades: readonly PublicTrade[], nowMs: number): string | undefined => {
  const newest = trades[0]?.price ?? 0n;
  for (const { price, size, timestampMs } of trades) {
    const problem =
      priceProblem("price", price) ??
      amountProblem("size", size, 1n) ??
      timeProblem("time", timestampMs, nowMs) ??
      (price > 2n * newest || newest > 2n * price
        ? `price ${formatE8(price)} beside ${formatE8(newest)} on one page`
        : undefined);
    if (problem !== undefined) return problem;
  }
  return undefined;
};

/** The period asked for, and the length of a bar in it; undefined: the venue decides where its bars begin. */
export interface CandlePeriod {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly spanMs: number;
}
/** Beyond this from its neighbour no bar is real; 2017 to 2026 knows none of a quarter of it. */
const IMPOSSIBLE_STEP = 3;
/** Beyond this a bar is believed when a second look shows the same. */
const DOUBTFUL_STEP = 1.25;

/**
 * `impossible`: no look makes it true. `doubtful`: the bars, in words, that a second look must show again. high >= open,
 * close >= low > 0; times inside the period, on its grid, ascending; steps between neighbours as a market makes them.
 */
export const candlesVerdict = (
  candles: readonly Candle[],
  period: CandlePeriod | undefined,
  nowMs: number,
): { readonly impossible: string | undefined; readonly doubtful: string } => {
  const doubtful: string[] = [];
  let before: Candle | undefined;
  for (const candle of candles) {
    const { openMs, open, high, low, close, volume } = candle;
    const at = Number.isSafeInteger(openMs) ? new Date(openMs).toISOString() : String(openMs);
    const bar = `the bar of ${at} (open ${open}, high ${high}, low ${low}, close ${close}, volume ${volume})`;
    const fits =
      low > 0 &&
      low <= Math.min(open, close) &&
      Math.max(open, close) <= high &&
      high <= 1e10 &&
      volume >= 0 &&
      volume <= 1e15;
    const onTime =
      period === undefined
        ? timeProblem("", openMs, nowMs) === undefined
        : openMs >= period.fromMs && openMs < period.untilMs && (openMs - period.fromMs) % period.spanMs === 0;
    if (!fits || !onTime || (before !== undefined && openMs <= before.openMs)) return { impossible: bar, doubtful: "" };
    if (period !== undefined) {
      const beside = before?.close ?? open;
      const step = Math.max(high, beside) / Math.min(low, beside);
      if (step > IMPOSSIBLE_STEP) return { impossible: `${bar} beside ${beside}`, doubtful: "" };
      if (step > DOUBTFUL_STEP) doubtful.push(bar);
    }
    before = candle;
  }
  return { impossible: undefined, doubtful: doubtful.join("; ") };
};

/** Further than this from the last known price, a price is believed when a second look agrees: 2 %. */
const NEAR_PERCENT = 2n;
/** How far two looks of a moving market may differ and still agree: 5 %. */
const AGREE_PERCENT = 5n;
const within = (a: bigint, b: bigint, percent: bigint): boolean =>
  100n * (a > b ? a - b : b - a) <= percent * minBig<bigint>(a, b);
export const isNearPrice = (price: bigint, known: bigint): boolean => within(price, known, NEAR_PERCENT);
export const looksAgree = (one: bigint, other: bigint): boolean => within(one, other, AGREE_PERCENT);
/** Outside the venue's band around the last known price: half of it, or twice. */
export const isOutsideBand = (price: bigint, known: bigint): boolean => price * 2n < known || price > known * 2n;
export const midOf = (bid: YenE8, ask: YenE8): YenE8 => yenE8((bid + ask) / 2n);

/** An account of zeros is possible, but believed only by two looks (quoteChecks.ts). */
export const marginProblem = ({ equity, available, used, unrealised }: Margin): string | undefined =>
  amountProblem("equity", equity, -LARGEST_AMOUNT) ??
  amountProblem("available", available, -LARGEST_AMOUNT) ??
  amountProblem("margin in use", used) ??
  amountProblem("unrealised P&L", unrealised, -LARGEST_AMOUNT);
export const assetsProblem = (assets: readonly Asset[]): string | undefined => {
  for (const { symbol, amount, available, conversionRate } of assets) {
    const problem =
      amountProblem("amount", amount) ??
      amountProblem("rate", conversionRate) ??
      amountProblem("available", available, -LARGEST_AMOUNT);
    if (problem !== undefined) return `${symbol}: ${problem}`;
  }
  return undefined;
};
/** Yen value of all balances by the venue's own rates. */
export const assetsWorth = (assets: readonly Asset[]): bigint =>
  assets.reduce((sum, { amount, conversionRate }) => sum + (amount * conversionRate) / E8, 0n);

const rowProblem = (
  {
    price,
    size,
    timestampMs,
  }: { readonly price: bigint | undefined; readonly size: CoinE8; readonly timestampMs: number },
  nowMs: number,
): string | undefined =>
  (price === undefined ? undefined : priceProblem("price", price)) ??
  amountProblem("size", size, 1n) ??
  timeProblem("time", timestampMs, nowMs);
export const orderProblem = (order: VenueOrder, nowMs: number): string | undefined =>
  rowProblem(order, nowMs) ??
  (order.executedSize > order.size
    ? `${formatE8(order.executedSize)} executed of ${formatE8(order.size)}`
    : amountProblem("executed size", order.executedSize));
export const executionProblem = (execution: Execution, nowMs: number): string | undefined =>
  rowProblem(execution, nowMs) ??
  amountProblem("fee", execution.fee, -LARGEST_AMOUNT) ??
  amountProblem("gain", execution.lossGain, -LARGEST_AMOUNT);
export const positionProblem = (position: Position, nowMs: number): string | undefined =>
  rowProblem(position, nowMs) ??
  amountProblem("reserved size", position.orderedSize) ??
  amountProblem("gain", position.lossGain, -LARGEST_AMOUNT);
