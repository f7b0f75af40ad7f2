// Prices as they are now: polled from the exchange's ticker, or told by its stream. Each wakes the jobs that wait for a fill
// or a price, reaches the simulated account on paper, and is kept for everything that shows a price.

import type { StoredQuote } from "../../lib/core/openResult.ts";
import { type EpochMs, SECOND_MS } from "../../lib/core/time.ts";
import type { Ticker, Venue } from "../../lib/core/venue.ts";
import { accountTopic, parseTopic } from "../../lib/core/wakeTopics.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Logger } from "../../lib/io/logger.ts";
import type { Database } from "../../queue/types.ts";
import type { AppStore } from "../context.ts";
import { reconcileJob } from "../jobs.ts";
import type { PriceOutage } from "../market/priceOutage.ts";
import { onAccountEvent } from "../orders/accountEvents.ts";
import type { Account } from "./account.ts";

interface QuoteFeed {
  stop(): void;
}

/** Poll interval without a position or a watched price; with one of them it is `pollMs`. */
const IDLE_POLL_MS = 60 * SECOND_MS;
/**
 * Poll interval while quotes fail, in multiples of `pollMs`: spares an exchange in trouble, and sees its return soon.
 */
const POLLS_WITHOUT_PRICES = 5;

/** A quote is shown as the current price for QUOTE_MAX_AGE_SECONDS, and never for less than so many polls. */
const SHOWN_POLLS = 3;

/**
 * Listens to the account and polls the live ticker. A failed quote is reported to `prices`; the next poll tries again. What a
 * stream has told within the last poll interval is not asked for.
 */
export const startQuoteFeed = (p: {
  readonly venue: Venue;
  readonly account: Account;
  readonly db: Database;
  readonly store: AppStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly prices: PriceOutage;
  readonly pollMs: number;
  /** An older quote is none (QUOTE_MAX_AGE_SECONDS). */
  readonly quoteMaxAgeMs: number;
  readonly symbols: readonly string[];
}): QuoteFeed => {
  const stopped = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const currentMs = Math.max(p.quoteMaxAgeMs, SHOWN_POLLS * p.pollMs);
  /** An error of our files is not an outage of the exchange: it is logged, and the next poll tries again. */
  const guarded = <T>(work: () => T, otherwise: T): T => {
    try {
      return work();
    } catch (error) {
      p.log.error({ err: error }, "quotes.feedFailed");
      return otherwise;
    }
  };
  /** When the stream last told a symbol's price, on the clock that never goes back. */
  const told = new Map<string, number>();
  const kept = new Map<string, number>();
  const keep = (tickers: readonly Ticker[]): void =>
    guarded(
      () =>
        p.db.transaction((tx) => {
          for (const ticker of tickers) tx.quotes.record(storedQuote(ticker, p.clock.nowMs(), currentMs));
        }),
      undefined,
    );
  p.account.listen({
    event: (event) => guarded(() => onAccountEvent(p, event), undefined),
    missed: (executions) =>
      guarded(() => {
        for (const symbol of p.symbols) p.store.wake(accountTopic(symbol));
        if (executions) p.store.enqueue(reconcileJob(`heard:missed:${p.clock.nowMs()}`, { quick: true }));
      }, undefined),
    ticker: (ticker) => {
      if (stopped.signal.aborted) return;
      const nowMs = p.clock.monotonicMs();
      told.set(ticker.symbol, nowMs);
      guarded(() => wakeTouched(p.store, ticker), undefined);
      p.prices.answered(ticker.symbol);
      // Every tick wakes; once a poll interval is enough for those who read what is kept.
      if (nowMs - (kept.get(ticker.symbol) ?? Number.NEGATIVE_INFINITY) < p.pollMs) return;
      kept.set(ticker.symbol, nowMs);
      keep([ticker]);
    },
  });
  const quote = async (symbol: string): Promise<Ticker | undefined> => {
    try {
      return await p.venue.ticker(symbol, stopped.signal);
    } catch (error) {
      if (!stopped.signal.aborted) p.prices.failed(symbol, error);
      return undefined;
    }
  };
  const look = async (): Promise<void> => {
    timer = undefined; // A poll is running: `eager` must not start a second one.
    const seen: Ticker[] = [];
    for (const symbol of p.symbols) {
      if (p.clock.monotonicMs() - (told.get(symbol) ?? Number.NEGATIVE_INFINITY) < p.pollMs) continue;
      const ticker = await quote(symbol);
      if (stopped.signal.aborted) return;
      if (ticker === undefined) continue;
      guarded(() => {
        p.account.quoted(ticker);
        wakeTouched(p.store, ticker);
      }, undefined);
      p.prices.answered(symbol);
      seen.push(ticker);
    }
    // For everything that shows a price: other processes, and the owner's commands (docs/telegram.md).
    if (seen.length > 0) keep(seen);
    timer = setTimeout(() => void look(), nextLookMs());
  };
  const staked = (): boolean => guarded(() => p.store.wakeTopics().length > 0 || p.account.holds(), true);
  const nextLookMs = (): number => {
    if (p.prices.now() !== undefined) return Math.min(POLLS_WITHOUT_PRICES * p.pollMs, IDLE_POLL_MS);
    return staked() ? p.pollMs : IDLE_POLL_MS;
  };
  void look();
  // An order placed between two idle looks must not wait a minute for its first quote.
  const eager = setInterval(() => {
    if (timer === undefined || !staked()) return;
    clearTimeout(timer);
    timer = undefined;
    void look();
  }, p.pollMs);
  return {
    stop: () => {
      stopped.abort();
      clearTimeout(timer);
      clearInterval(eager);
    },
  };
};

const storedQuote = (ticker: Ticker, seenMs: EpochMs, currentMs: number): StoredQuote => {
  const { symbol, bid, ask, last } = ticker;
  return { symbol, bid, ask, last, venueMs: ticker.asOfMs ?? ticker.timestampMs, seenMs, currentMs };
};

/** A price at or above is reached by the last price or the bid, one at or below by the last price or the ask. */
const wakeTouched = (store: AppStore, ticker: Ticker): void => {
  for (const text of store.wakeTopics()) {
    const topic = parseTopic(text);
    if (topic?.kind !== "price" || topic.symbol !== ticker.symbol) continue;
    const reached =
      topic.side === "atOrAbove"
        ? ticker.last >= topic.price || ticker.bid >= topic.price
        : ticker.last <= topic.price || ticker.ask <= topic.price;
    if (reached) store.wake(text);
  }
};
