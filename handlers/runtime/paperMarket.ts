// Paper trading: market data comes from GMO Coin's public API, the account is the simulated venue, which fills orders
// at those quotes. One connector serves both; only this transport separates them.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { StoredQuote } from "../../lib/core/openResult.ts";
import { SECOND_MS } from "../../lib/core/time.ts";
import type { Ticker, Venue } from "../../lib/core/venue.ts";
import { parseTopic } from "../../lib/core/wakeTopics.ts";
import type { Clock } from "../../lib/io/clock.ts";
import type { Transport } from "../../lib/io/gmo/transport.ts";
import type { Logger } from "../../lib/io/logger.ts";
import type { Simulator } from "../../lib/sim/simulator.ts";
import type { Health } from "../../queue/health.ts";
import type { Database } from "../../queue/types.ts";
import type { AppStore } from "../context.ts";
import type { PriceOutage } from "../market/priceOutage.ts";
import { onAccountEvent } from "../orders/accountEvents.ts";

/**
 * Public requests go to the exchange, private ones to the simulated account, whose time follows the wall clock. `mayTrade`
 * throws when no request may reach the account any more. As over a network, no answer comes in the turn that asked: who
 * asks the account again and again must not keep the exchange's answers, timers and signals waiting.
 */
export const paperTransport = (
  http: Transport,
  simulator: Simulator,
  clock: Clock,
  mayTrade: () => void,
): Transport => ({
  async send(request) {
    if (request.area === "public") return http.send(request);
    await nextTurn();
    mayTrade();
    const now = clock.nowMs();
    if (now > simulator.nowMs()) simulator.advanceTo(now);
    return simulator.handle(request);
  },
});

/** Red while the simulated account cannot store what happens to it; it is tried again with every quote and order. */
export const venueHealth = (simulator: Simulator, clock: Clock): (() => Health) => {
  let sinceMs: number | undefined;
  return () => {
    const why = simulator.trouble();
    if (why === undefined) {
      sinceMs = undefined;
      return { ok: true };
    }
    sinceMs ??= clock.realNowMs();
    return { ok: false, sinceMs, why: `the paper account cannot be written (${why}): nothing is filled meanwhile` };
  };
};

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
 * Polls the live ticker, feeds it to the simulated account, and wakes the jobs that wait for a fill or a price. A
 * failed quote is reported to `prices`; the next poll tries again.
 */
export const startQuoteFeed = (p: {
  readonly venue: Venue;
  readonly simulator: Simulator;
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
      p.log.error({ err: error }, "paper.feedFailed");
      return otherwise;
    }
  };
  const unlisten = p.simulator.onEvent((event) => guarded(() => onAccountEvent(p, event), undefined));
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
    const seen: StoredQuote[] = [];
    for (const symbol of p.symbols) {
      const ticker = await quote(symbol);
      if (stopped.signal.aborted) return;
      if (ticker === undefined) continue;
      const { bid, ask, last } = ticker;
      guarded(() => {
        p.simulator.feedQuote(symbol, { bid, ask, last, atMs: p.clock.nowMs() });
        wakeTouched(p.store, ticker);
      }, undefined);
      p.prices.answered(symbol);
      const venueMs = ticker.asOfMs ?? ticker.timestampMs;
      seen.push({ symbol, bid, ask, last, venueMs, seenMs: p.clock.nowMs(), currentMs });
    }
    // For everything that shows a price: other processes, and the owner's commands (docs/telegram.md).
    if (seen.length > 0)
      guarded(
        () =>
          p.db.transaction((tx) => {
            for (const quote of seen) tx.quotes.record(quote);
          }),
        undefined,
      );
    timer = setTimeout(() => void look(), nextLookMs());
  };
  const staked = (): boolean => p.simulator.trouble() !== undefined || guarded(() => atStake(p), true);
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
      unlisten();
      clearTimeout(timer);
      clearInterval(eager);
    },
  };
};

const atStake = (p: { readonly simulator: Simulator; readonly store: AppStore }): boolean =>
  p.store.wakeTopics().length > 0 || p.simulator.positions().some((position) => position.size > 0n);

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
