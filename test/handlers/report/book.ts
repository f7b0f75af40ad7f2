// A synthetic book in a temp folder: judged bars and proposals, written as the handlers leave them. For tests of
// reports only; the prices mean nothing.
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
import { BAR_MS, type EpochMs, epochMs, MINUTE_MS, parseInstant } from "../../../lib/core/time.ts";
import type { Direction } from "../../../lib/core/venue.ts";
import { type Clock, VirtualClock } from "../../../lib/io/clock.ts";
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
