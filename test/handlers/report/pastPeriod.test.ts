// A past period reported again gives the same report, and a small made-up book gives the figures computed by hand.
import { afterEach, beforeEach, expect, test } from "vitest";
import { reportJson } from "../../../handlers/cli/json/report.ts";
import { periodReport } from "../../../handlers/report/day.ts";
import { reportText } from "../../../handlers/report/reportText.ts";
import { yen } from "../../../lib/core/money.ts";
import { periodAt } from "../../../lib/core/period.ts";
import { LOCALES } from "../../../lib/core/text/locale.ts";
import { DAY_MS, epochMs, HOUR_MS, MINUTE_MS } from "../../../lib/core/time.ts";
import { addProposal, type Book, config, judgeBar, openBook, START, settle } from "./book.ts";
import { addTrade } from "./bookTrade.ts";

let book: Book;
beforeEach(() => {
  book = openBook();
});
afterEach(() => book.close());

const day = periodAt("day", START);
const told = (period = day) => periodReport(book.db.read, config, period, period.toMs);
const equity = (atMs: number, amount: number): void =>
  book.db.transaction((tx) => tx.equity.record(epochMs(atMs), yen(amount)));

test("loss limits of a past day do not know of withdrawals and equity that came later", () => {
  equity(START - HOUR_MS, 1_000_000);
  equity(START + HOUR_MS, 990_000);
  const before = told();
  expect(before.losses.map((l) => l.loss)).toEqual([yen(10_000), yen(10_000), yen(10_000)]);
  book.db.transaction((tx) => tx.payments.add("p1", epochMs(day.toMs + HOUR_MS), yen(300_000)));
  equity(day.toMs + 2 * HOUR_MS, 690_000);
  expect(told()).toEqual(before);
});

test("nor does a day without a single look at the account take its equity from the days after it", () => {
  equity(START - HOUR_MS, 1_000_000);
  const before = told();
  equity(day.toMs + HOUR_MS, 1_200_000);
  expect(told()).toEqual(before);
});

test("yen paid out are neither a drawdown nor a bad day, and do not hide one", () => {
  equity(START - 2 * HOUR_MS, 1_000_000);
  book.db.transaction((tx) => {
    tx.payments.add("before", epochMs(START - HOUR_MS), yen(100_000));
    tx.payments.add("in it", epochMs(START + 2 * HOUR_MS), yen(300_000));
  });
  equity(START + HOUR_MS, 900_000);
  equity(START + 3 * HOUR_MS, 600_000);
  expect(told()).toMatchObject({ drawdown: { yen: 0 }, equityEndYen: 600_000 });
  equity(START + 4 * HOUR_MS, 590_000);
  // Of the ¥1,000,000 that there would be.
  expect(told().drawdown).toMatchObject({ yen: 10_000, ratio: 0.01, toMs: START + 4 * HOUR_MS });
});

/** A proposal of one signal; `bps`: what the traded rule made of it. */
const proposed = (id: string, atMs: number, bps: number | undefined, size = 0.01) => {
  const plan = { id, direction: "long", atMs, entry: 15_000_000, atr: 15_000, size } as const;
  const signalId = judgeBar(book.db, atMs - 15 * MINUTE_MS);
  addProposal(book.db, plan, signalId);
  if (bps !== undefined)
    book.db.sql
      .prepare(
        `INSERT INTO signal_labels (signal_id, side, touched, closed_beyond, rule_net_bps, rule_exit, labelled_ms)
         VALUES (?, 'long', 1, 1, ?, 'tp1', ?)`,
      )
      .run(signalId, bps, atMs);
  return { plan, signalId };
};

test("a signal that was asked again with new numbers would have earned once, as what was asked last", () => {
  const atMs = START + HOUR_MS;
  const { plan, signalId } = proposed("btc1", atMs, 20);
  settle(book.db, "btc1", "approved", atMs + MINUTE_MS);
  addProposal(book.db, { ...plan, id: "btc1n1", atMs: atMs + 2 * MINUTE_MS, size: 0.005 }, signalId);
  book.db.sql.prepare("UPDATE proposals SET supersedes = 'btc1' WHERE id = 'btc1n1'").run();
  settle(book.db, "btc1n1", "approved", atMs + 3 * MINUTE_MS);
  // ¥15,000,000 × 0.005 × 20 bps
  expect(told().counterfactual.approved).toEqual({ count: 1, known: 1, meanBps: 20, yen: expect.closeTo(150, 6) });
});

test("the numbers of a small book are those found by hand, the same in both languages and in JSON", () => {
  // Risk of each: the stop 2 ATR away, ¥30,000 × 0.01 = ¥300. Entry notional ¥150,000.
  const trade = (id: string, hour: number, exit: number, reason: "tp1" | "stop_loss" | "time_stop") => {
    const atMs = START + hour * HOUR_MS;
    const { plan, signalId } = proposed(id, atMs, undefined);
    settle(book.db, id, "approved", atMs + MINUTE_MS);
    addTrade(book.db, plan, signalId, [{ reason, price: exit, atMs: atMs + 30 * MINUTE_MS }]);
  };
  trade("btc1", 1, 15_045_000, "tp1"); // +¥450
  trade("btc2", 2, 14_970_000, "stop_loss"); // -¥300
  trade("btc3", 3, 15_000_000, "time_stop"); // ¥0
  trade("btc4", 23.75, 15_045_000, "tp1"); // closes after midnight: tomorrow's
  trade("btc5", 5, 14_985_000, "time_stop"); // -¥150
  equity(START - HOUR_MS, 100_000);
  for (const [hour, amount] of [
    [1.6, 100_450],
    [2.6, 100_150],
    [5.6, 100_000],
    [9, 100_300],
  ] as const)
    equity(START + hour * HOUR_MS, amount);
  const r = told();
  const json = reportJson(r);
  expect(json).toMatchObject({
    trades: 4,
    wins: 1,
    losses: 2,
    openTrades: 1,
    winRate: 0.25,
    netPnlJpy: expect.closeTo(0, 6),
    grossProfitJpy: expect.closeTo(450, 6),
    grossLossJpy: expect.closeTo(450, 6),
    profitFactor: expect.closeTo(1, 9),
    expectancyBps: expect.closeTo(0, 9), // (30 - 20 + 0 - 10) / 4
    expectancyR: expect.closeTo(0, 9), // (1.5 - 1 + 0 - 0.5) / 4
    breakEvenRate: expect.closeTo(0.4, 9), // 30,000 / (30,000 + 45,000)
    equityStartJpy: 100_000,
    equityEndJpy: 100_300,
    sharpe: null,
  });
  expect(r.drawdown).toEqual({
    yen: 450,
    ratio: 450 / 100_450,
    fromMs: START + 1.6 * HOUR_MS,
    toMs: START + 5.6 * HOUR_MS,
  });
  const next = told(periodAt("day", day.toMs));
  expect([next.statistics.trades, next.statistics.netPnlYen, next.openTrades]).toEqual([1, expect.closeTo(450, 6), 0]);
  const numbers = (text: string): readonly string[] =>
    [...text.split(/\n\n/)[0]!.matchAll(/[-+]?¥?\d+(,\d{3})*(\.\d+)?%?/g)].map(([n]) => n).sort();
  const [en, ja] = LOCALES.map((locale) => numbers(reportText(locale, r)));
  expect(ja).toEqual(en);
});

test("a Sharpe ratio of twenty daily returns is the one by hand, and there is none of nineteen", () => {
  const daily = (count: number): void => {
    for (let i = 0; i <= count; i += 1)
      equity(START + i * DAY_MS - HOUR_MS, Math.round(1_000_000 * 1.01 ** Math.ceil(i / 2)));
  };
  daily(20);
  const twenty = told(periodAt("day", epochMs(START + 18 * DAY_MS)));
  // The first point's own day is a return of 0, as it begins with it.
  expect([twenty.sharpeDays, told(periodAt("day", epochMs(START + 17 * DAY_MS))).sharpe]).toEqual([20, undefined]);
  const returns = Array.from({ length: 20 }, (_, i): number => (i === 0 ? 0 : i % 2 === 1 ? 0.01 : 0));
  const average = returns.reduce((a, b) => a + b, 0) / 20;
  const deviation = Math.sqrt(returns.reduce((a, b) => a + (b - average) ** 2, 0) / 19);
  expect(twenty.sharpe).toBeCloseTo((average / deviation) * Math.sqrt(365), 2);
});
