// Step 1, for each symbol at each bar close + 5 s: stores the market's state, that is closed candles (gaps
// back-filled), one snapshot and an equity point. It waits for a candle that the venue has not published yet, then
// builds it from public trades; when that is impossible the bar ends as "no signal: data late". Must never store a
// running candle.

import { barAfter } from "../lib/core/barHistory.ts";
import type { Candle } from "../lib/core/candle.ts";
import { FEATURE_WINDOW_BARS } from "../lib/core/features.ts";
import { VOLUME_AVERAGE_BARS } from "../lib/core/gates.ts";
import { coinE8, toNumber } from "../lib/core/money.ts";
import type { NoSignalKind } from "../lib/core/noSignal.ts";
import { PRICE_MOVE_LIMIT, priceMove } from "../lib/core/priceMove.ts";
import { assertTraded, type TradedSymbol } from "../lib/core/product.ts";
import { isNoQuote } from "../lib/core/quoteAge.ts";
import { textsOf } from "../lib/core/text/catalogue.ts";
import { composeAlert } from "../lib/core/text/composeAlert.ts";
import {
  BAR_MS,
  barOpen,
  DAY_MS,
  type EpochMs,
  earliestKnown,
  epochMs,
  MINUTE_MS,
  plusMs,
  SECOND_MS,
  venueDate,
  venueDayStart,
} from "../lib/core/time.ts";
import type { Tx } from "../queue/types.ts";
import type { AppCtx, AppHandler, AppOutcome } from "./context.ts";
import { chainJob, JOB_INPUTS } from "./jobs.ts";
import { bestQuote, spreadBps } from "./market/quotes.ts";
import { storeVenueCandles } from "./market/revisions.ts";
import { recordNoSignal, unjudgedBar } from "./market/silence.ts";
import { tradesSince } from "./market/tradePages.ts";
import { syncAccount } from "./risk/account.ts";
import { recordEquity } from "./risk/lossLimits.ts";

/**
 * Age of the oldest gap that is back-filled here: the longest window of the indicators. Older history is the task of
 * collectHistory.
 */
const BACKFILL_DAYS = FEATURE_WINDOW_BARS / 96;
/** A gap this young is requested again with every bar: the venue may fill it late. */
const YOUNG_GAP_MS = DAY_MS;
/** The last bars are read again with the next one: the venue completes a candle after it has published it. */
const READ_AGAIN_BARS = 4;
/** How long after the close fresh prices are waited for. */
const QUOTE_WAIT_MS = 2 * MINUTE_MS;

export const fetchMarket: AppHandler<"fetchMarket"> = {
  name: "fetchMarket",
  input: JOB_INPUTS.fetchMarket,
  maxAttempts: 5,
  timeoutMs: 30_000,
  risk: "neutral",
  backoff: { baseMs: 2_000, capMs: 60_000 },
  serialKey: ({ symbol }) => `chain:${symbol}`,
  async run({ symbol, tickMs }, ctx): Promise<AppOutcome> {
    assertTraded(ctx.config.PRODUCT, symbol);
    const bar = plusMs(barOpen(epochMs(tickMs)), -BAR_MS);
    const closeMs = plusMs(bar, BAR_MS);
    try {
      return await fetchBar(ctx, symbol, bar, closeMs);
    } catch (e) {
      if (!isNoQuote(e)) throw e;
      // No quote is not an error of ours: it is asked for again, and then this bar has no signal.
      if (ctx.clock.nowMs() >= closeMs + QUOTE_WAIT_MS) return noSignal(ctx, symbol, bar, "noQuote", e.message);
      const untilMs = plusMs(ctx.clock.nowMs(), 10 * SECOND_MS);
      return { kind: "snooze", untilMs, reason: `no quote (${e.code})` };
    }
  },
};

const fetchBar = async (ctx: AppCtx, symbol: TradedSymbol, bar: EpochMs, closeMs: EpochMs): Promise<AppOutcome> => {
  const status = await ctx.venue.status(ctx.signal);
  if (status !== "OPEN") return noSignal(ctx, symbol, bar, "venueClosed", `the venue is ${status}`);

  const fetched = await closedCandles(ctx, symbol, bar);
  let built: Candle | undefined;
  if (!fetched.some((c) => c.openMs === bar)) {
    const waitMs = (venueDayStart(closeMs) === closeMs ? 5 : 2) * MINUTE_MS;
    if (ctx.clock.nowMs() < closeMs + waitMs)
      return {
        kind: "snooze",
        untilMs: plusMs(ctx.clock.nowMs(), 10 * SECOND_MS),
        reason: "the closed candle is not published yet",
      };
    built = await candleFromTrades(ctx, symbol, bar);
    if (!built) {
      const missed = noSignal(
        ctx,
        symbol,
        bar,
        "dataLate",
        "data late: the venue has published neither the candle nor its trades",
      );
      return {
        ...missed,
        write: (tx) => {
          storeVenueCandles(tx, ctx, symbol, fetched, "fetchMarket");
          missed.write(tx);
        },
      };
    }
  }

  const ticker = await ctx.venue.ticker(symbol, ctx.signal);
  const book = await ctx.venue.orderBook(symbol, ctx.signal);
  const quote = bestQuote(book);
  const trades = await ctx.venue.trades(symbol, 1, ctx.signal);
  const account = await syncAccount(ctx);
  const nowMs = ctx.clock.nowMs();
  const id = `${symbol}:15m:${bar}`;
  return {
    kind: "done",
    write: (tx) => {
      storeVenueCandles(tx, ctx, symbol, fetched, "fetchMarket");
      if (built) tx.candles.upsert(symbol, [built], "trades");
      tx.snapshots.insert({
        id,
        symbol,
        barOpenMs: bar,
        takenMs: nowMs,
        venueMs: earliestKnown(ticker.timestampMs, book.timestampMs),
        asOfMs: earliestKnown(ticker.asOfMs, book.asOfMs),
        venueStatus: status,
        bid: quote.bid,
        ask: quote.ask,
        last: ticker.last,
        spreadBps: spreadBps(quote.bid, quote.ask),
        volumeRatio: volumeRatio(tx.candles.window(symbol, bar, VOLUME_AVERAGE_BARS + 1), bar),
        tradesSeen: trades.length,
        traceId: ctx.job.traceId,
      });
      recordEquity(tx, ctx, account, nowMs);
      alertPriceMove(tx, ctx, symbol, bar, nowMs);
    },
    next: [chainJob("computeFeatures", symbol, bar)],
  };
};

/** Only a warning (architecture 8.2): nothing is halted. It ends with the first bar inside the limit. */
const alertPriceMove = (tx: Tx, ctx: AppCtx, symbol: string, bar: EpochMs, atMs: EpochMs): void => {
  const key = `price:${symbol}`;
  const judged = tx.candles.at(symbol, bar);
  if (!judged) return;
  const move = priceMove(judged, tx.candles.at(symbol, plusMs(bar, -BAR_MS)));
  if (Math.abs(move.ratio) <= PRICE_MOVE_LIMIT) {
    tx.alerts.resolve(key, atMs);
    return;
  }
  const { LOCALE: locale } = ctx.config;
  const text = textsOf(locale).alerts.priceMove({
    symbol,
    move: move.ratio,
    limit: PRICE_MOVE_LIMIT,
    lowYen: move.low,
    highYen: move.high,
  });
  tx.alerts.raise(composeAlert(locale, { key, severity: "warning", atMs, sinceMs: bar }, text));
};

const noSignal = (ctx: AppCtx, symbol: string, bar: EpochMs, why: NoSignalKind, reason: string) => ({
  kind: "stop" as const,
  reason: `no signal: ${reason}`,
  write: (tx: Tx): void => {
    const result = unjudgedBar(tx, symbol, bar, why, reason);
    tx.features.insert({ symbol, barOpenMs: bar, featureSet: ctx.model.featureSet, result });
    recordNoSignal(tx, ctx, { symbol, barOpenMs: bar, actor: "fetchMarket" }, result);
  },
});

/**
 * Closed candles of the venue days that contain the bar, the last bars before it, the gaps and the candles built from
 * trades, back-filled at most five days. They are all given back: what is stored is compared with them.
 */
const closedCandles = async (ctx: AppCtx, symbol: string, bar: EpochMs): Promise<readonly Candle[]> => {
  const oldest = plusMs(bar, -BACKFILL_DAYS * DAY_MS);
  const known = ctx.db.candles.ownOpenTimes(symbol, oldest, bar);
  const dates = new Set<string>();
  // Older gaps are requested once a day, with the first bar of the venue day: most of them never fill.
  const from = bar === venueDayStart(bar) ? oldest : plusMs(bar, -YOUNG_GAP_MS);
  for (let open = from; open < bar; open = barAfter(open, 1)) if (!known.has(open)) dates.add(venueDate(open));
  dates.add(venueDate(plusMs(bar, -READ_AGAIN_BARS * BAR_MS)));
  dates.add(venueDate(bar));
  const nowMs = ctx.clock.nowMs();
  const candles: Candle[] = [];
  for (const date of [...dates].sort())
    for (const candle of await ctx.venue.klines(symbol, "15min", date, ctx.signal))
      if (candle.openMs + BAR_MS <= nowMs && candle.openMs <= bar) candles.push(candle);
  return candles;
};

/**
 * The bar, built from public trades (both printed sides, as klines count them); undefined when they do not reach its
 * open.
 */
const candleFromTrades = async (ctx: AppCtx, symbol: string, bar: EpochMs): Promise<Candle | undefined> => {
  const rows = await tradesSince((page) => ctx.venue.trades(symbol, page, ctx.signal), bar);
  const inBar = rows?.filter((row) => row.timestampMs < bar + BAR_MS) ?? [];
  const prices = inBar.map((row) => toNumber(row.price));
  const [close, open] = [prices[0], prices.at(-1)]; // newest first
  if (close === undefined || open === undefined) return undefined;
  const volume = toNumber(inBar.reduce((sum, row) => coinE8(sum + row.size), coinE8(0n)));
  return { openMs: bar, open, close, high: Math.max(...prices), low: Math.min(...prices), volume };
};

/** The bar's volume over the mean of the 96 closed bars before it; undefined when fewer than 96 are stored. */
const volumeRatio = (window: readonly Candle[], bar: EpochMs): number | undefined => {
  const judged = window.find((c) => c.openMs === bar);
  const before = window.filter((c) => c.openMs < bar).slice(-VOLUME_AVERAGE_BARS);
  if (!judged || before.length < VOLUME_AVERAGE_BARS) return undefined;
  const mean = before.reduce((sum, c) => sum + c.volume, 0) / before.length;
  return mean > 0 ? judged.volume / mean : undefined;
};
