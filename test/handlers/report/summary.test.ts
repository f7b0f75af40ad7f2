import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { replaySummary, summaryText } from "../../../handlers/report/summary.ts";
import { yen } from "../../../lib/core/money.ts";
import { BAR_MS, epochMs } from "../../../lib/core/time.ts";
import { addProposal, type Book, judgeBar, openBook, START, settle, type TradePlan } from "./book.ts";
import { addTrade } from "./bookTrade.ts";
import { fillBook } from "./fillBook.ts";

let book: Book;
beforeEach(() => {
  book = openBook();
});
afterEach(() => book.close());

const facts = {
  product: "margin" as const,
  ledgerMatchesVenue: true,
  equityStart: yen(1_000_000),
  equityEnd: yen(1_000_231),
  dbPath: "trader.db",
  reportPath: "report.html",
  elapsedMs: 1,
};
const summary = () => replaySummary(book.db, facts);
const plan = (id: string, over: Partial<TradePlan> = {}): TradePlan => ({
  id,
  direction: "long",
  atMs: START,
  entry: 10_000_000,
  atr: 30_000,
  size: 0.01,
  ...over,
});
/** A trade that is still open, its one leg protected by a live STOP. */
const openTrade = (): number => {
  const signal = judgeBar(book.db, START);
  addProposal(book.db, plan("p1"), signal);
  settle(book.db, "p1", "approved", START);
  return addTrade(book.db, plan("p1"), signal, []);
};

describe("the summary of a whole database", () => {
  test("three days with four trades", () => {
    fillBook(book);
    const s = summary();
    expect(s).toMatchObject({
      bars: 576,
      noSignalBars: 4,
      notified: 6,
      approved: 4,
      rejected: 1,
      expired: 1,
      pending: 0,
      trades: 4,
      tradesCancelled: 0,
      wins: 3,
      losses: 1,
      winRate: 0.75,
      openPositions: 0,
      barePositions: 0,
      duplicateOrders: 0,
      ledgerMatchesVenue: true,
      jobsDead: 0,
      equityStartJpy: 1_000_000,
      equityEndJpy: 1_000_231,
      auditChainOk: true,
      dbPath: "trader.db",
      reportPath: "report.html",
      elapsedMs: 1,
    });
    expect(s.signals).toBe(book.db.sql.prepare("SELECT count(*) FROM signals WHERE over_threshold = 1").pluck().get());
    expect(s.netPnlJpy).toBeCloseTo(230.7, 1);
    expect(s.maxDrawdownPct).toBeCloseTo(0.049, 3);
    expect(JSON.parse(JSON.stringify(s))).toEqual(s);
    const text = summaryText(s);
    expect(text).toContain("win rate 75.0 %, break-even 65.1 %");
    expect(text).toContain("no open, bare or duplicate position");
    expect(text).not.toContain("ATTENTION");
  });

  test("an empty database has zeros and nulls, and a text without NaN", () => {
    const s = summary();
    expect(s).toMatchObject({
      bars: 0,
      signals: 0,
      trades: 0,
      winRate: null,
      profitFactor: null,
      maxDrawdownPct: null,
    });
    expect(summaryText(s)).toContain("win rate –, break-even –");
    expect(summaryText(s)).not.toMatch(/NaN|undefined|null/);
  });

  test("bars without a signal count from the first bar the chain looked at, not in the warm-up", () => {
    const noSignal = (openMs: number) =>
      book.db.transaction((tx) =>
        tx.features.insert({
          symbol: "BTC_JPY",
          barOpenMs: epochMs(openMs),
          featureSet: "test",
          result: { kind: "noSignal", why: "history", reason: "short history" },
        }),
      );
    noSignal(START - BAR_MS);
    noSignal(START + BAR_MS);
    judgeBar(book.db, START, { failing: "probability" });
    expect(summary()).toMatchObject({ bars: 2, noSignalBars: 1, signals: 0 });
  });

  test("a modified proposal counts once, as what became of its successor", () => {
    const signal = judgeBar(book.db, START);
    addProposal(book.db, plan("p1"), signal);
    book.db.transaction((tx) =>
      tx.proposals.settle("superseded", {
        proposalId: "p1",
        decision: "modified",
        decidedBy: "human",
        actor: "cli",
        hash: "h",
        decidedMs: START,
      }),
    );
    addProposal(book.db, plan("p1m1"), signal);
    settle(book.db, "p1m1", "rejected", START);
    expect(summary()).toMatchObject({ notified: 1, rejected: 1, approved: 0 });
  });
});

test("an approval refused at the re-check is reported, with its reason, and counts once", () => {
  const signal = judgeBar(book.db, START);
  addProposal(book.db, plan("p1"), signal);
  settle(book.db, "p1", "approved", START);
  const refuse = (reason: string) =>
    book.db.transaction((tx) =>
      tx.audit.append({ atMs: START, kind: "entry.refused", actor: "execute", data: { proposalId: "p1", reason } }),
    );
  expect(summary()).toMatchObject({ approved: 1, refused: 0 });
  refuse("the price left the band");
  refuse("the price left the band");
  expect(summary()).toMatchObject({ notified: 1, approved: 1, refused: 1, trades: 0 });
  expect(summaryText(summary())).toContain("1 approved (1 refused at the re-check)");
  const [row] = book.db.read.reporting.proposals(START, epochMs(START + 1));
  expect(row).toMatchObject({ refusal: "the price left the band", tradeId: undefined });
});

describe("what the summary must not overlook", () => {
  test("an open position behind its STOP is open, not bare", () => {
    openTrade();
    expect(summary()).toMatchObject({ trades: 1, wins: 0, openPositions: 1, barePositions: 0 });
    expect(summaryText(summary())).toContain("ATTENTION: 1 positions still open");
  });

  test.each([
    ["no stop at all", "UPDATE orders SET state = 'cancelled', closed_ms = 1 WHERE purpose = 'stop'"],
    [
      "a stop whose fate is unknown",
      "UPDATE orders SET state = 'unknown', venue_order_id = NULL WHERE purpose = 'stop'",
    ],
    ["a stop for half of it", "UPDATE orders SET size_e8 = size_e8 / 2 WHERE purpose = 'stop'"],
    ["a stop that has filled already", "UPDATE orders SET executed_e8 = size_e8 WHERE purpose = 'stop'"],
  ])("bare: %s", (_, sql) => {
    openTrade();
    book.db.sql.prepare(sql).run();
    expect(summary().barePositions).toBe(1);
    expect(summaryText(summary())).toContain("1 positions without protection");
  });

  const entry = (trade: number, sentMs: number, closedMs: number | null, executed: number, state = "cancelled") =>
    book.db.sql
      .prepare(
        `INSERT INTO orders (trade_id, purpose, symbol, side, execution_type, time_in_force, price_e8, size_e8, state, venue_order_id,
           executed_e8, created_ms, sent_ms, closed_ms, refusal_code, refusal_resend)
         VALUES (?, 'entry', 'BTC_JPY', 'BUY', 'LIMIT', 'SOK', 1000000000000000, 1000000, ?, ?, ?, 1, ?, ?, ?, ?)`,
      )
      .run(
        trade,
        state,
        state === "rejected" ? null : `x${sentMs}`,
        executed,
        sentMs,
        closedMs,
        state === "rejected" ? "ERR-1" : null,
        state === "rejected" ? "never" : null,
      );
  test.each<[string, number, number, number, string, number]>([
    // The trade's own entry was alive from START + 60,000 to START + 120,000 and filled the whole 0.01.
    ["a re-quote after the first entry ended", 120_000, 150_000, 0, "cancelled", 0],
    ["a second entry while the first was alive", 119_999, 150_000, 0, "cancelled", 1],
    ["a second one that began before and ended within", 1, 60_001, 0, "cancelled", 1],
    ["filled beyond the approved size", 130_000, 150_000, 1, "cancelled", 1],
    ["a refused one was never alive", 100_000, 110_000, 0, "rejected", 0],
  ])("duplicate orders: %s", (_, sentMs, closedMs, executed, state, expected) => {
    entry(openTrade(), START + sentMs, START + closedMs, executed, state);
    expect(summary().duplicateOrders).toBe(expected);
  });

  test("a changed audit log, a book unlike the venue and a dead job are shouted", () => {
    fillBook(book);
    const s = { ...summary(), auditChainOk: false, ledgerMatchesVenue: false, jobsDead: 2 };
    expect(summaryText(s)).toContain(
      "ATTENTION: the book does not match the venue; the audit chain is broken; 2 dead jobs",
    );
    book.db.sql
      .prepare(
        "INSERT INTO jobs (name, key, input, state, risk, priority, run_at_ms, max_attempts, trace_id, created_ms, finished_ms) VALUES ('x', 'k', '{}', 'dead', 'neutral', 0, 0, 1, 't', 0, 0)",
      )
      .run();
    expect(summary().jobsDead).toBe(1);
  });
});
