// What the public stream has told a moment ago is not asked for again; everything older is.
import { describe, expect, test } from "vitest";
import { LiveMarket } from "../../../handlers/runtime/liveMarket.ts";
import { coinE8, yen } from "../../../lib/core/money.ts";
import { epochMs } from "../../../lib/core/time.ts";
import type { Venue, VenueStatus } from "../../../lib/core/venue.ts";

const T0 = 1_782_000_000_000;
const start = () => {
  const asked: string[] = [];
  const says: { ms: number; status: VenueStatus } = { ms: 0, status: "OPEN" };
  const clock = { nowMs: () => epochMs(T0 + says.ms), monotonicMs: () => says.ms };
  const rest = {
    status: async () => {
      asked.push("status");
      return says.status;
    },
    symbols: async () => {
      asked.push("symbols");
      return [];
    },
    orderBook: async (symbol: string) => {
      asked.push(`book ${symbol}`);
      return { symbol, asks: [], bids: [], timestampMs: undefined };
    },
    ticker: async (symbol: string) => {
      asked.push(`ticker ${symbol}`);
      return ticker(symbol, undefined);
    },
  } as unknown as Venue;
  const market = new LiveMarket(clock);
  return { market, venue: market.over(rest), asked, says };
};
const at = (ms: number | undefined) => (ms === undefined ? {} : { asOfMs: epochMs(T0 + ms) });
const book = (ms: number | undefined) =>
  ({ kind: "orderBook", symbol: "BTC_JPY", asks: [], bids: [], timestampMs: undefined, ...at(ms) }) as const;
const ticker = (symbol: string, ms: number | undefined) =>
  ({
    kind: "ticker",
    ...{ symbol, ask: yen(101), bid: yen(100), last: yen(100), high: yen(102), low: yen(99) },
    ...{ volume: coinE8(1n), timestampMs: epochMs(T0) },
    ...at(ms),
  }) as const;

describe("the order book and the price", () => {
  test.each([
    [0, []],
    [2_000, []],
    [2_001, ["book BTC_JPY", "ticker BTC_JPY"]],
  ])("%i ms after what the stream told: asked %j", async (ms, expected) => {
    const { market, venue, asked, says } = start();
    market.hear(book(0));
    market.hear(ticker("BTC_JPY", 0));
    says.ms = ms;
    await venue.orderBook("BTC_JPY");
    await venue.ticker("BTC_JPY");
    expect(asked).toEqual(expected);
  });
  test.each([
    ["of another symbol", () => book(0), 0, "ETH_JPY"],
    ["without a time that was judged", () => book(undefined), 0, "BTC_JPY"],
    ["of later than now: a clock was set back", () => book(1), 0, "BTC_JPY"],
  ] as const)("%s: asked", async (_, told, ms, symbol) => {
    const { market, venue, asked, says } = start();
    market.hear(told());
    says.ms = ms;
    await venue.orderBook(symbol);
    expect(asked).toEqual([`book ${symbol}`]);
  });
  test("the stream is down: what it told is forgotten", async () => {
    const { market, venue, asked } = start();
    market.hear(book(0));
    market.forget();
    await venue.orderBook("BTC_JPY");
    expect(asked).toEqual(["book BTC_JPY"]);
  });
});

test("whether the exchange is open is asked each time: a stop is given up only while it takes orders", async () => {
  const { venue, asked, says } = start();
  expect(await venue.status()).toBe("OPEN");
  says.status = "MAINTENANCE";
  expect(await venue.status()).toBe("MAINTENANCE");
  expect(asked).toEqual(["status", "status"]);
});

test("the rules of the symbols are asked once an hour", async () => {
  const { venue, asked, says } = start();
  for (const ms of [0, 3_599_999, 3_600_000]) {
    says.ms = ms;
    await venue.symbols();
  }
  expect(asked).toEqual(["symbols", "symbols"]);
});
