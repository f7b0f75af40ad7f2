// Runs one handler on a real database with a hand-made venue: for the rules of a single step. Whole-chain tests use
// world.ts.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../db/open.ts";
import type { AppCtx, AppHandler } from "../../handlers/context.ts";
import type { JobInput, JobName } from "../../handlers/jobs.ts";
import { registry } from "../../handlers/registry.ts";
import type { Candle } from "../../lib/core/candle.ts";
import { defaultConfig } from "../../lib/core/config.ts";
import { coinE8, parseCoin, ratioE8, yen } from "../../lib/core/money.ts";
import { BAR_MS, type EpochMs, epochMs, venueDate } from "../../lib/core/time.ts";
import type { Margin, PublicTrade, SymbolRules, Venue, VenueStatus } from "../../lib/core/venue.ts";
import { VirtualClock } from "../../lib/io/clock.ts";
import { silentLogger } from "../../lib/io/logger.ts";
import { DEFAULT_MODEL_ID, loadModel, shippedDir } from "../../models/registry.ts";
import { JobStore } from "../../queue/store.ts";
import type { Database, Outcome, Tx } from "../../queue/types.ts";

const BTC_RULES: SymbolRules = {
  symbol: "BTC_JPY",
  minSize: parseCoin("0.001"),
  maxSize: parseCoin("5"),
  sizeStep: parseCoin("0.001"),
  tick: yen(1),
  takerFee: ratioE8(0n),
  makerFee: ratioE8(0n),
};

/** The replies of the hand-made venue; a test may change any of them. */
export interface Says {
  status: VenueStatus;
  candles: Candle[];
  trades: PublicTrade[];
  bid: number;
  ask: number;
  margin: Margin;
}

export interface Stage {
  readonly db: Database;
  readonly clock: VirtualClock;
  readonly says: Says;
  /** Calls of klines, as dates. */
  readonly klineDates: string[];
  /**
   * Runs the handler once and commits what it asks for, as the queue does; `between`: what another job commits before.
   */
  run<N extends JobName>(handler: AppHandler<N>, input: JobInput<N>, between?: (tx: Tx) => void): Promise<Outcome>;
}

export const candle = (openMs: number, close: number, volume = 10): Candle => ({
  openMs: epochMs(openMs),
  open: close - 1_000,
  high: close + 5_000,
  low: close - 5_000,
  close,
  volume,
});
/** `count` bars before `endMs`, wavering around 17.5 million. */
export const bars = (endMs: number, count: number): Candle[] =>
  Array.from({ length: count }, (_, i) =>
    candle(
      endMs - (count - i) * BAR_MS,
      17_500_000 + Math.round(40_000 * Math.sin(i / 7) + 15_000 * Math.sin(i * 1.7)),
      8 + (i % 9),
    ),
  );

export const stage = (nowMs: EpochMs, settings: Readonly<Record<string, string>> = {}): Stage => {
  const db = openDatabase(join(mkdtempSync(join(tmpdir(), "stage-")), "trader.db"));
  const clock = new VirtualClock(nowMs);
  const klineDates: string[] = [];
  const says: Says = {
    status: "OPEN",
    candles: [],
    trades: [],
    bid: 17_500_000,
    ask: 17_502_000,
    margin: {
      equity: yen(1_000_000),
      available: yen(1_000_000),
      used: yen(0),
      unrealised: yen(0),
      callStatus: "NORMAL",
    },
  };
  const no = (): never => {
    throw new Error("this step must not ask the venue for that");
  };
  const level = (price: number) => ({ price: yen(price), size: parseCoin("0.5") });
  const venue: Venue = {
    clock: () => ({ measured: { offsetMs: 0, errorMs: 0 }, steady: true, publicMs: 0 }),
    status: async () => says.status,
    symbols: async () => [BTC_RULES],
    ticker: async (symbol) => ({
      symbol,
      bid: yen(says.bid),
      ask: yen(says.ask),
      last: yen(says.bid),
      high: yen(says.ask),
      low: yen(says.bid),
      volume: coinE8(1n),
      timestampMs: clock.nowMs(),
    }),
    orderBook: async (symbol) => ({
      symbol,
      bids: [level(says.bid)],
      asks: [level(says.ask)],
      timestampMs: clock.nowMs(),
    }),
    trades: async (_symbol, page = 1) => says.trades.slice((page - 1) * 100, page * 100),
    klines: async (_symbol, _interval, date) => {
      klineDates.push(date);
      return says.candles.filter((c) => venueDate(c.openMs) === date);
    },
    margin: async () => says.margin,
    openPositions: async () => [],
    yenPaidOut: async () => [],
    assets: no,
    orders: no,
    activeOrders: no,
    executions: no,
    latestExecutions: no,
    order: no,
    closeOrder: no,
    cancelOrder: no,
    right: async () => "allowed",
  };
  const store = new JobStore(db, registry, clock);
  store.enqueue({ name: "pruneJobs", key: "test", input: {} }); // The row of job 1, which the steps run as.
  const ctx = {
    job: {
      id: 1,
      name: "test",
      key: "test",
      attempt: 1,
      fence: 1,
      traceId: "trace",
      parentId: undefined,
      deadlinePassed: false,
    },
    signal: new AbortController().signal,
    clock,
    db: db.read,
    commit: <T>(write: (tx: Tx) => T) => db.transaction(write),
    log: silentLogger(),
    config: defaultConfig(settings),
    venue,
    pollMs: 1_000,
    account: "replay",
    model: loadModel(shippedDir(DEFAULT_MODEL_ID)),
    desk: { db, store, clock },
  } as unknown as AppCtx; // no worker, so no messenger: these steps use none
  return {
    db,
    clock,
    says,
    klineDates,
    async run(handler, input, between) {
      const outcome = await handler.run(handler.input.parse(input), ctx);
      if (between) db.transaction(between);
      if (outcome.write) db.transaction(outcome.write);
      return outcome;
    },
  };
};
