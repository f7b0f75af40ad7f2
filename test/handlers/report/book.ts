// A whole synthetic book in a temp folder: three JST days of invented candles, judged bars, proposals, trades with
// their orders and executions, equity and news. For tests of reports only; the prices mean nothing.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Database, openDatabase } from "../../../db/open.ts";
import type { AppCtx, AppHandler } from "../../../handlers/context.ts";
import type { JobName } from "../../../handlers/jobs.ts";
import type { Candle } from "../../../lib/core/candle.ts";
import { defaultConfig } from "../../../lib/core/config.ts";
import type { GateName } from "../../../lib/core/gates.ts";
import { type CoinE8, fromNumber, type YenE8, yen } from "../../../lib/core/money.ts";
import {
  BAR_MS,
  DAY_MS,
  type EpochMs,
  epochMs,
  HOUR_MS,
  isoUtc,
  MINUTE_MS,
  parseInstant,
} from "../../../lib/core/time.ts";
import type { Direction } from "../../../lib/core/venue.ts";
import { type Clock, VirtualClock } from "../../../lib/io/clock.ts";
import { seededRandom } from "../../../lib/io/random.ts";
import type { Outcome } from "../../../queue/types.ts";
import { makeDatabase } from "../../sim/emptyDatabase.ts";

/** 00:00 JST of the first day. */
export const START = parseInstant("2025-08-10T15:00:00Z");
export const MODEL_ID = "touch-test";
export const config = defaultConfig();

export interface Book {
  readonly db: Database;
  readonly clock: VirtualClock;
  close(): void;
}
export const openBook = (atMs: EpochMs = START): Book => {
  const folder = mkdtempSync(join(tmpdir(), "report-book-"));
  const path = join(folder, "trader.db");
  makeDatabase(path);
  const db = openDatabase(path, { synchronous: "OFF" });
  return {
    db,
    clock: new VirtualClock(atMs),
    close: () => {
      db.close();
      rmSync(folder, { recursive: true });
    },
  };
};

/** Runs a handler as the queue would: parse, run, then its writes in one transaction. */
export const runHandler = async <N extends JobName>(
  book: { readonly db: Database; readonly clock: Clock },
  handler: AppHandler<N>,
  input: unknown,
): Promise<Outcome> => {
  const ctx = {
    job: {
      id: 1,
      name: handler.name,
      key: "test",
      attempt: 1,
      fence: 1,
      traceId: "trace",
      parentId: undefined,
      deadlinePassed: false,
    },
    signal: new AbortController().signal,
    clock: book.clock,
    db: book.db.read,
    config,
    model: { id: MODEL_ID },
  } as unknown as AppCtx;
  const outcome = await handler.run(handler.input.parse(input), ctx);
  if (outcome.write) book.db.transaction(outcome.write);
  return outcome;
};

export const flatCandle = (openMs: number, price: number, over: Partial<Candle> = {}): Candle => ({
  openMs: epochMs(openMs),
  open: price,
  high: price,
  low: price,
  close: price,
  volume: 10,
  ...over,
});

export interface BarFacts {
  readonly symbol?: string;
  readonly direction?: Direction;
  readonly pLong?: number;
  readonly pShort?: number;
  readonly atr?: number;
  /** The gate that fails; none: proposed. */
  readonly failing?: GateName;
}
const GATES: readonly GateName[] = ["side", "probability", "rank", "spread", "volume", "news", "halt", "size"];

/** One judged bar, as predict and filter leave it. Returns the signal's id. */
export const judgeBar = (db: Database, barOpenMs: number, facts: BarFacts = {}): number => {
  const { symbol = "BTC_JPY", direction = "long", pLong = 0.5, pShort = 0.4, failing } = facts;
  return db.transaction((tx) => {
    const id = tx.signals.insert({
      symbol,
      barOpenMs: epochMs(barOpenMs),
      direction,
      confidence: direction === "long" ? pLong : pShort,
      features: { atr_ratio: 0.002 },
      predictedMs: epochMs(barOpenMs + BAR_MS + 5_000),
      modelId: MODEL_ID,
      featureSet: "test",
      pTouchLong: pLong,
      pTouchShort: pShort,
      rank: 95,
      rankSample: 2_880,
      atr: facts.atr ?? 30_000,
      reasons: [],
      overThreshold: failing !== "probability" && failing !== "side",
      traceId: `${symbol}:${barOpenMs}`,
    });
    tx.signals.judge(
      id,
      failing === undefined ? "proposed" : "filtered",
      GATES.map((gate) => ({ gate, value: 1, limit: 2, pass: gate !== failing })),
    );
    return id;
  });
};

export interface TradePlan {
  readonly id: string;
  readonly symbol?: string;
  readonly direction: Direction;
  readonly atMs: number;
  readonly entry: number;
  readonly atr: number;
  readonly size: number;
}
const money = (value: number): YenE8 => fromNumber(value) as YenE8;

export const addProposal = (db: Database, p: TradePlan, signalId: number): void => {
  const sign = p.direction === "long" ? 1 : -1;
  const stop = p.entry - sign * 2 * p.atr;
  db.transaction((tx) =>
    tx.proposals.insert({
      id: p.id,
      signalId,
      symbol: p.symbol ?? "BTC_JPY",
      direction: p.direction,
      entry: money(p.entry),
      bandLow: money(p.entry * 0.999),
      bandHigh: money(p.entry * 1.001),
      stop: money(stop),
      tp1: money(p.entry * (1 + sign * 0.003)),
      tp2: money(p.entry * (1 + sign * 0.006)),
      size: fromNumber(p.size) as CoinE8,
      risk: money(2 * p.atr * p.size),
      equity: yen(1_000_000),
      atr: p.atr,
      confidence: 0.81,
      rank: 96.4,
      breakEven: (2 * p.atr) / (2 * p.atr + p.entry * 0.003),
      hash: `hash-${p.id}`,
      createdMs: epochMs(p.atMs),
      validUntilMs: epochMs(p.atMs + 15 * MINUTE_MS),
      state: "pending",
      supersedes: undefined,
      traceId: p.id,
    }),
  );
};
export const settle = (db: Database, id: string, state: "approved" | "rejected" | "expired", atMs: number): void =>
  db.transaction((tx) =>
    tx.proposals.settle(state, {
      proposalId: id,
      decision: state === "approved" ? "approved" : "rejected",
      decidedBy: state === "expired" ? "timeout" : "script",
      actor: state === "expired" ? "awaitApproval" : "script",
      hash: `hash-${id}`,
      decidedMs: epochMs(atMs),
    }),
  );

export interface Exit {
  readonly reason: "tp1" | "tp2" | "stop_loss" | "time_stop";
  readonly price: number;
  readonly atMs: number;
}
/**
 * A filled trade with its entry order, one position, one closing order and execution per exit. Halves when two exits.
 */
export const addTrade = (db: Database, p: TradePlan, signalId: number, exits: readonly Exit[]): number => {
  const { sql } = db;
  const sign = p.direction === "long" ? 1 : -1;
  const symbol = p.symbol ?? "BTC_JPY";
  const size = fromNumber(p.size);
  const fillMs = p.atMs + 2 * MINUTE_MS;
  const last = exits.at(-1);
  const pnl = exits.reduce((sum, e) => sum + sign * (e.price - p.entry) * (p.size / exits.length), 0);
  const trade = Number(
    sql
      .prepare(
        `INSERT INTO trades (symbol, direction, entry_price, exit_price, stop_loss, take_profit_1, take_profit_2, position_size,
           confidence, entry_time, exit_time, exit_reason, pnl_amount, pnl_percent, status, created_at, proposal_id, signal_id,
           trace_id, break_even, first_fill_ms, closed_ms, target_size_e8, tick_e8, min_size_e8, size_step_e8)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0.81, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
           (SELECT break_even FROM proposals WHERE id = ?), ?, ?, ?, 100000000, 1, 1)`,
      )
      .run(
        symbol,
        p.direction,
        p.entry,
        exits.length === 0 ? null : exits.reduce((sum, e) => sum + e.price, 0) / exits.length,
        p.entry - sign * 2 * p.atr,
        p.entry * (1 + sign * 0.003),
        p.entry * (1 + sign * 0.006),
        p.size,
        isoUtc(epochMs(fillMs)),
        last ? isoUtc(epochMs(last.atMs)) : null,
        last?.reason ?? null,
        last ? pnl : null,
        last ? (pnl / (p.entry * p.size)) * 100 : null,
        last ? "closed" : "open",
        isoUtc(epochMs(p.atMs)),
        p.id,
        signalId,
        p.id,
        p.id,
        fillMs,
        last?.atMs ?? null,
        size,
      ).lastInsertRowid,
  );
  const order = (o: {
    purpose: string;
    leg: number | null;
    reason: string | null;
    type: string;
    price: number | null;
    size: bigint;
    state: string;
    executed: bigint;
    sentMs: number;
    closedMs: number | null;
  }): number =>
    Number(
      sql
        .prepare(
          `INSERT INTO orders (trade_id, purpose, leg_id, position_id, exit_reason, symbol, side, execution_type, time_in_force,
             price_e8, size_e8, state, venue_order_id, executed_e8, created_ms, sent_ms, closed_ms)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'FAS', ?, ?, ?, (SELECT 'v' || (count(*) + 1) FROM orders), ?, ?, ?, ?)`,
        )
        .run(
          trade,
          o.purpose,
          o.leg,
          o.leg === null ? null : `pos${trade}`,
          o.reason,
          symbol,
          (p.direction === "long") === (o.leg === null) ? "BUY" : "SELL",
          o.type,
          o.price === null ? null : fromNumber(o.price),
          o.size,
          o.state,
          o.executed,
          o.sentMs,
          o.sentMs,
          o.closedMs,
        ).lastInsertRowid,
    );
  const execution = (orderId: number, kind: string, reason: string | null, price: number, part: bigint, atMs: number) =>
    sql
      .prepare(
        `INSERT INTO executions (execution_id, venue_order_id, order_id, trade_id, position_id, symbol, side, settle_type, kind,
           size_e8, price_e8, loss_gain_e8, fee_e8, exit_reason, at_ms)
         VALUES ((SELECT count(*) + 1 FROM executions), ?, ?, ?, ?, ?, 'BUY', ?, ?, ?, ?, 0, 0, ?, ?)`,
      )
      .run(
        `v${orderId}`,
        orderId,
        trade,
        `pos${trade}`,
        symbol,
        kind === "open" ? "OPEN" : "CLOSE",
        kind,
        part,
        fromNumber(price),
        reason,
        atMs,
      );
  const entry = order({
    purpose: "entry",
    leg: null,
    reason: null,
    type: "LIMIT",
    price: p.entry,
    size,
    state: "filled",
    executed: size,
    sentMs: p.atMs + MINUTE_MS,
    closedMs: fillMs,
  });
  execution(entry, "open", null, p.entry, size, fillMs);
  sql
    .prepare(
      "INSERT INTO positions (position_id, trade_id, symbol, side, opened_e8, open_e8, price_e8, opened_ms, closed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .run(
      `pos${trade}`,
      trade,
      symbol,
      p.direction === "long" ? "BUY" : "SELL",
      size,
      last ? 0n : size,
      fromNumber(p.entry),
      fillMs,
      last?.atMs ?? null,
    );
  const legs: readonly (Exit | undefined)[] = last ? exits : [undefined];
  const part = size / BigInt(legs.length);
  legs.forEach((exit, i) => {
    const leg = Number(
      sql
        .prepare(
          "INSERT INTO trade_legs (trade_id, position_id, target, size_e8, open_e8, target_e8, stop_e8, exit_reason, closed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .run(
          trade,
          `pos${trade}`,
          i + 1,
          part,
          exit ? 0n : part,
          fromNumber(p.entry * (1 + sign * 0.003 * (i + 1))),
          fromNumber(p.entry - sign * 2 * p.atr),
          exit?.reason ?? null,
          exit?.atMs ?? null,
        ).lastInsertRowid,
    );
    const id = order({
      purpose: exit && exit.reason !== "stop_loss" ? "takeProfit" : "stop",
      leg,
      reason: exit?.reason ?? "stop_loss",
      type: exit && exit.reason !== "stop_loss" ? "LIMIT" : "STOP",
      price: exit?.price ?? p.entry - sign * 2 * p.atr,
      size: part,
      state: exit ? "filled" : "open",
      executed: exit ? part : 0n,
      sentMs: fillMs + 1_000,
      closedMs: exit?.atMs ?? null,
    });
    if (exit) execution(id, "close", exit.reason, exit.price, part, exit.atMs);
  });
  return trade;
};

/** A seeded walk of 15-minute candles; returns the close at each bar. */
export const walk = (seed: string, start: number, deviation: number, bars: number): readonly Candle[] => {
  const random = seededRandom(seed);
  const gauss = () => Array.from({ length: 12 }, () => random.next()).reduce((a, b) => a + b, 0) - 6;
  let price = start;
  return Array.from({ length: bars }, (_, i) => {
    const open = price;
    price = Math.round(price * (1 + gauss() * deviation));
    const reach = () => Math.abs(gauss()) * deviation * 0.6 * open;
    return {
      openMs: epochMs(START - BAR_MS + i * BAR_MS),
      open,
      high: Math.round(Math.max(open, price) + reach()),
      low: Math.round(Math.min(open, price) - reach()),
      close: price,
      volume: 5 + random.next() * 10,
    };
  });
};

/** Three JST days of two symbols with a handful of trades of every kind. The clock stands at their end. */
export const fillBook = (book: Book): void => {
  const { db } = book;
  const bars = 3 * 96 + 1;
  const series = { BTC_JPY: walk("btc", 17_400_000, 0.0016, bars), ETH_JPY: walk("eth", 640_000, 0.0028, bars) };
  const random = seededRandom("gates");
  db.transaction((tx) => {
    tx.models.registerChampion(
      {
        id: MODEL_ID,
        featureSet: "test",
        manifestSha256: "0".repeat(64),
        dataEndMs: parseInstant("2025-06-30T00:00:00Z"),
      },
      START,
    );
    tx.events.import([
      {
        atMs: epochMs(START + 21.5 * HOUR_MS),
        currency: "USD",
        importance: "high",
        title: 'CPI <b>"core" & food</b>',
        windowMinutes: undefined,
      },
      {
        atMs: epochMs(START + 60 * HOUR_MS),
        currency: "JPY",
        importance: "high",
        title: "BOJ Statement",
        windowMinutes: 90,
      },
      {
        atMs: epochMs(START + 40 * HOUR_MS),
        currency: "USD",
        importance: "low",
        title: "Housing Starts",
        windowMinutes: undefined,
      },
    ]);
    for (const [symbol, candles] of Object.entries(series)) tx.candles.upsert(symbol, candles, "klines");
    tx.equity.record(START, yen(1_000_000));
  });
  const signals = new Map<string, number>();
  for (const symbol of ["BTC_JPY", "ETH_JPY"] as const)
    series[symbol].slice(0, -1).forEach((candle, i) => {
      if (i === 50 || i === 51) {
        db.transaction((tx) =>
          tx.features.insert({
            symbol,
            barOpenMs: candle.openMs,
            featureSet: "test",
            result: { kind: "noSignal", reason: "data late" },
          }),
        );
        return;
      }
      const roll = random.next();
      const traded = [20, 100, 190, 250].includes(i);
      const failing = traded
        ? undefined
        : roll < 0.8
          ? "probability"
          : roll < 0.93
            ? "rank"
            : roll < 0.97
              ? "spread"
              : "volume";
      const pLong = traded ? 0.81 : Math.min(0.95, 0.2 + random.next() * 0.5);
      signals.set(
        `${symbol}:${i}`,
        judgeBar(db, candle.openMs, {
          symbol,
          pLong,
          pShort: pLong * 0.9,
          atr: candle.close * 0.0028,
          ...(failing ? { failing } : {}),
        }),
      );
    });
  const plan = (symbol: "BTC_JPY" | "ETH_JPY", i: number, direction: Direction, id: string): TradePlan => {
    const candle = series[symbol][i]!;
    return {
      id,
      symbol,
      direction,
      atMs: candle.openMs + BAR_MS + 6_000,
      entry: candle.close,
      atr: candle.close * 0.0028,
      size: symbol === "BTC_JPY" ? 0.005 : 0.15,
    };
  };
  const take = (p: TradePlan, i: number, exits: readonly Exit[]): void => {
    const signal = signals.get(`${p.symbol}:${i}`)!;
    addProposal(db, p, signal);
    settle(db, p.id, "approved", p.atMs + MINUTE_MS);
    const trade = addTrade(db, p, signal, exits);
    db.transaction((tx) => {
      tx.signals.answer(signal, true, "script");
      tx.signals.setTrade(signal, trade);
    });
  };
  const exit = (p: TradePlan, reason: Exit["reason"], part: number, hours: number): Exit => ({
    reason,
    price: p.entry * (1 + (p.direction === "long" ? part : -part)),
    atMs: p.atMs + hours * HOUR_MS,
  });
  const won = plan("BTC_JPY", 20, "long", "p-won");
  take(won, 20, [exit(won, "tp1", 0.003, 0.6), exit(won, "tp2", 0.006, 2.2)]);
  const lost = plan("BTC_JPY", 100, "long", "p-lost");
  take(lost, 100, [exit(lost, "stop_loss", -0.0056, 1.4)]);
  const timed = plan("BTC_JPY", 190, "long", "p-timed");
  take(timed, 190, [exit(timed, "tp1", 0.003, 1), exit(timed, "time_stop", 0.0012, 4)]);
  const short = plan("ETH_JPY", 100, "short", "p-short");
  take(short, 100, [exit(short, "tp1", 0.003, 0.4), exit(short, "stop_loss", 0, 1.1)]);
  const late = plan("ETH_JPY", 20, "long", "p-late");
  addProposal(db, late, signals.get("ETH_JPY:20")!);
  settle(db, "p-late", "expired", late.atMs + 15 * MINUTE_MS);
  const no = plan("ETH_JPY", 190, "long", "p-no");
  addProposal(db, no, signals.get("ETH_JPY:190")!);
  settle(db, "p-no", "rejected", no.atMs + 2 * MINUTE_MS);

  let equity = 1_000_000;
  const closes = db.read.reporting
    .trades()
    .flatMap((t) => (t.closedMs === undefined ? [] : [{ atMs: t.closedMs, pnl: t.pnlYen ?? 0 }]));
  db.transaction((tx) => {
    for (let at = START + 5_000; at <= START + 3 * DAY_MS; at += BAR_MS) {
      for (const c of closes) if (c.atMs > at - BAR_MS && c.atMs <= at) equity += c.pnl;
      tx.equity.record(epochMs(at), fromNumber(Math.round(equity)) as YenE8);
    }
  });
  book.clock.advanceTo(epochMs(START + 3 * DAY_MS + 5 * MINUTE_MS));
};
