// The venue every section measures: the bundled candles, one fixed instant, an account with ten resting orders. Time
// stands still, so that the same request always has the same answer, and nothing but the request is measured.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { floorToStep, parseCoin, type YenE8, yen, yenE8 } from "../../../lib/core/money.ts";
import { epochMs, MINUTE_MS } from "../../../lib/core/time.ts";
import { createGmoApi } from "../../../lib/io/gmo/api.ts";
import type { NewOrderRequest } from "../../../lib/io/gmo/bodies.ts";
import { GmoClient } from "../../../lib/io/gmo/client.ts";
import type { Credentials } from "../../../lib/io/gmo/sign.ts";
import { noTimers, realTimers } from "../../../lib/io/gmo/timers.ts";
import type { Transport } from "../../../lib/io/gmo/transport.ts";
import { silentLogger } from "../../../lib/io/logger.ts";
import { BUNDLED_FROM_MS } from "../../../lib/sim/market/bundled.ts";
import { type OpenVenue, openVenue, type VenueSource } from "../../../lib/sim/server/openVenue.ts";

export const SYMBOL = "BTC_JPY";
export const SEED = "bench venue";
/** Two days in, noon in Japan: a whole day lies behind for the ticker's high and low, no maintenance is near. */
export const START_MS = epochMs(BUNDLED_FROM_MS + 54 * 60 * MINUTE_MS);
export const EQUITY = yen(100_000_000);
export const RESTING_ORDERS = 10;
/** A cancel is done when its reply comes: with time standing still it would never be otherwise. */
export const VENUE_OPTIONS = { cancelAfterMs: 0, changeAfterMs: 0, positionVisibleAfterMs: 0 } as const;
/** Of requests: the time they were signed at, on both sides. */
const clock = { nowMs: () => START_MS };

export const openBenchVenue = (candles: NonNullable<VenueSource["candles"]>): OpenVenue =>
  openVenue({
    candles,
    seed: SEED,
    equity: EQUITY,
    fromMs: START_MS,
    authClock: clock.nowMs,
    // In memory: the disk is another benchmark's subject (queue, replay).
    synchronous: "OFF",
    options: { venue: VENUE_OPTIONS },
  });

export type GmoApi = ReturnType<typeof createGmoApi>;
/** The connector without its pace: a turn that would have to be waited for comes at once. */
export const unpacedApi = (transport: Transport, credentials: Credentials): GmoApi =>
  createGmoApi(
    new GmoClient({
      transport,
      credentials,
      clock,
      log: silentLogger(),
      timers: { ...realTimers, sleep: noTimers.sleep },
    }),
  );

/** 5 % below the market: it rests. */
export const restingOrder = (last: YenE8): NewOrderRequest => ({
  symbol: SYMBOL,
  side: "BUY",
  executionType: "LIMIT",
  size: parseCoin("0.01"),
  price: yenE8(floorToStep((last * 95n) / 100n, yen(1000))),
});

export interface Memory {
  readonly rssMb: number;
  /** After a full collection. */
  readonly heapMb: number;
}
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
export const memoryNow = (): Memory => {
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  const mb = (bytes: number): number => Number((bytes / 1_048_576).toFixed(1));
  return { rssMb: mb(rss), heapMb: mb(heapUsed) };
};
