// GMO Coin's public API on loopback, in real time: the bundled candles moved to now (by whole days of 96 bars), served
// by the venue simulator. For tests of the real worker; private calls are not answered.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { yen } from "../../lib/core/money.ts";
import { BAR_MS, DAY_MS, type EpochMs, epochMs } from "../../lib/core/time.ts";
import { type Clock, realClock } from "../../lib/io/clock.ts";
import { ALL_RULES } from "../../lib/sim/engine/symbolRules.ts";
import { BUNDLED_SYMBOLS, bundledCandles, bundledSpreads } from "../../lib/sim/market/bundled.ts";
import type { CandleFile } from "../../lib/sim/market/candleFile.ts";
import { CandleMarket } from "../../lib/sim/market/candleMarket.ts";
import { QuoteMarket } from "../../lib/sim/market/quoteMarket.ts";
import { SpotMarket } from "../../lib/sim/market/spotMarket.ts";
import { Simulator } from "../../lib/sim/simulator.ts";

export interface PublicServer {
  /** For GMO_PUBLIC_URL. */
  readonly url: string;
  /** From now on every request gets this status and body instead; undefined heals it. */
  break(reply: { readonly status: number; readonly body: string } | undefined): void;
  readonly requests: () => number;
  /**
   * From now on the ticker and the book of this symbol stand 500 yen around this price. The candles go on as recorded.
   */
  steer(symbol: string, price: number): void;
  close(): Promise<void>;
}

const moved = (file: CandleFile, byMs: number): CandleFile => ({
  ...file,
  candles: file.candles.map((c) => ({ ...c, openMs: epochMs(c.openMs + byMs) as EpochMs })),
});

const STEERED_PATHS = new Set(["/public/v1/ticker", "/public/v1/orderbooks"]);

export const startPublicServer = async (clock: Clock = realClock): Promise<PublicServer> => {
  const files = bundledCandles();
  const endMs = files.BTC_JPY.candles.at(-1)?.openMs ?? 0;
  // The last recorded day is the one we live in.
  const byMs = Math.ceil((clock.nowMs() + 4 * BAR_MS - endMs) / DAY_MS) * DAY_MS;
  const candles = Object.fromEntries(BUNDLED_SYMBOLS.map((symbol) => [symbol, moved(files[symbol], byMs)]));
  const simulator = Simulator.open({
    path: ":memory:",
    market: new SpotMarket(new CandleMarket({ candles, rules: ALL_RULES, spreadsBps: bundledSpreads() }), ALL_RULES),
    seed: 1,
    rules: ALL_RULES,
    startEquity: yen(1_000_000),
    startMs: clock.nowMs(),
  });
  const steered = new Set<string>();
  const quotes = Simulator.open({
    path: ":memory:",
    market: new QuoteMarket(ALL_RULES),
    seed: 1,
    rules: ALL_RULES,
    startEquity: yen(1_000_000),
    startMs: clock.nowMs(),
  });
  let broken: { readonly status: number; readonly body: string } | undefined;
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const url = new URL(request.url ?? "/", "http://loopback");
    if (broken) {
      response.writeHead(broken.status).end(broken.body);
      return;
    }
    const isSteered = STEERED_PATHS.has(url.pathname) && steered.has(url.searchParams.get("symbol") ?? "");
    const venue = isSteered ? quotes : simulator;
    venue.advanceTo(epochMs(Math.max(clock.nowMs(), venue.nowMs())));
    const reply = venue.handle({
      area: "public",
      method: "GET",
      path: url.pathname.replace(/^\/public/, "") as `/v1/${string}`,
      query: url.search.slice(1),
      headers: {},
    });
    response.writeHead(reply.httpStatus, { "content-type": "application/json" }).end(reply.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/public`,
    break: (reply) => {
      broken = reply;
    },
    requests: () => requests,
    steer: (symbol, price) => {
      steered.add(symbol);
      const atMs = epochMs(Math.max(clock.nowMs(), quotes.nowMs()));
      quotes.feedQuote(symbol, { bid: yen(price - 500), ask: yen(price + 500), last: yen(price), atMs });
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      simulator.close();
      quotes.close();
    },
  };
};
