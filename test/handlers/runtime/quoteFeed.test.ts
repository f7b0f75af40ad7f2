// The quote feed stores what it read, with the exchange's time, for everything that shows a price.
import { expect, test, vi } from "vitest";
import type { PriceOutage } from "../../../handlers/market/priceOutage.ts";
import type { Account, Hearing } from "../../../handlers/runtime/account.ts";
import { startQuoteFeed } from "../../../handlers/runtime/quoteFeed.ts";
import { yen } from "../../../lib/core/money.ts";
import { epochMs } from "../../../lib/core/time.ts";
import type { Ticker, Venue } from "../../../lib/core/venue.ts";
import { silentLogger } from "../../../lib/io/logger.ts";
import { World } from "../../sim/world.ts";

/** An account that holds nothing; `told` gets what the feed listens with. */
const silentAccount = (told: (hearing: Hearing) => void = () => {}): Account => ({
  mode: "live",
  listen: told,
  quoted: () => {},
  overStream: (venue) => venue,
  hears: () => false,
  holds: () => false,
  health: () => ({ ok: true }),
  close: async () => {},
});

test.each([
  [2_000, 10_000],
  [30_000, 90_000],
])(
  "truth 11: each look is stored with both times; polled every %i ms it is current for %i ms",
  async (pollMs, currentMs) => {
    const w = new World({ btc: (s) => s.flat(10) });
    const failed: string[] = [];
    const venueMs = epochMs(w.nowMs - 1_500);
    const ticker = async (symbol: string): Promise<Ticker> => {
      if (symbol === "ETH_JPY") throw new Error("no answer");
      const price = { bid: yen(9_999_000), ask: yen(10_000_000), last: yen(9_999_500) };
      // The exchange's clock is an hour behind; the connector knows the time on ours.
      return { symbol, ...price, timestampMs: epochMs(venueMs - 3_600_000), asOfMs: venueMs } as Ticker;
    };
    const feed = startQuoteFeed({
      venue: { ticker } as unknown as Venue,
      account: silentAccount(),
      db: w.db,
      store: w.system.store,
      clock: w.clock,
      log: silentLogger(),
      prices: {
        now: () => undefined,
        failed: (symbol: string) => void failed.push(symbol),
        answered: () => {},
      } as unknown as PriceOutage,
      pollMs,
      quoteMaxAgeMs: 10_000,
      symbols: ["BTC_JPY", "ETH_JPY"],
    });
    await vi.waitUntil(() => w.db.read.quotes.newest("BTC_JPY") !== undefined);
    feed.stop();
    expect(w.db.read.quotes.newest("BTC_JPY")).toEqual({
      symbol: "BTC_JPY",
      bid: yen(9_999_000),
      ask: yen(10_000_000),
      last: yen(9_999_500),
      venueMs,
      seenMs: w.nowMs,
      currentMs,
    });
    expect(failed).toEqual(["ETH_JPY"]);
    expect(w.db.read.quotes.newest("ETH_JPY")).toBeUndefined();
    w.close();
  },
);
