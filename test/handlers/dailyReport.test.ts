import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dailyReport } from "../../handlers/dailyReport.ts";
import { labelSignals } from "../../handlers/labelSignals.ts";
import { yen } from "../../lib/core/money.ts";
import { BAR_MS, DAY_MS, epochMs, HOUR_MS, MINUTE_MS } from "../../lib/core/time.ts";
import {
  addProposal,
  type Book,
  judgeBar,
  openBook,
  runHandler,
  START,
  settle,
  type TradePlan,
} from "./report/book.ts";
import { addTrade } from "./report/bookTrade.ts";
import { fillBook } from "./report/fillBook.ts";

let book: Book;
beforeEach(() => {
  book = openBook();
});
afterEach(() => book.close());

const tickOf = (day: number) => ({ tickMs: START + day * DAY_MS + 5 * MINUTE_MS });
const messages = () => book.db.read.outbox.after(0).filter((m) => m.kind === "report");
const at = (ms: number) => book.clock.advanceTo(epochMs(ms));

describe("dailyReport of a full book", () => {
  beforeEach(() => fillBook(book));

  test("the 00:05 JST tick reports the JST day before", async () => {
    await runHandler(book, dailyReport, tickOf(2));
    const row = book.db.read.dailySummary.of("2025-08-12")!;
    expect(row).toMatchObject({ totalTrades: 2, winningTrades: 1, losingTrades: 1, fees: 0, equityEnd: 1_000_046 });
    expect(row.grossProfit).toBeCloseTo(144.04, 1);
    expect(row.grossLoss).toBeCloseTo(490.51, 1);
    expect(row.netPnl).toBeCloseTo(row.grossProfit - row.grossLoss, 9);
    expect(row.profitFactor).toBeCloseTo(row.grossProfit / row.grossLoss, 9);
    expect(row.breakEvenRate).toBeCloseTo(0.651, 3);
    expect(row.maxDrawdown).toBeCloseTo(490, 0);
    // Two days are too few for a Sharpe ratio.
    expect(row.sharpeRatio).toBeUndefined();
    expect(row.funnel?.bars).toBe(192);
    expect(book.db.read.audit.firstBroken()).toBeUndefined();
    expect(book.db.read.audit.last()).toMatchObject({ kind: "report.daily", data: { date: "2025-08-12", trades: 2 } });
  });

  test("the message fits a phone and puts each rate beside what it must beat", async () => {
    await runHandler(book, dailyReport, tickOf(2));
    const [message] = messages();
    expect(message?.key).toBe("report:2025-08-12");
    const text = message?.text ?? "";
    for (const line of [
      "Daily report 2025-08-12 (JST)",
      "P&L -¥346 (-0.03%), fees ¥0",
      "Equity ¥1,000,046",
      "Trades 2: 1 won, 1 lost, 1 still open",
      "Win rate 50.0% (break-even 65.1%)",
      /^Too few trades: 2 of at least 30 trades; the true win rate may be \d+% to \d+%$/,
      /^Profit factor 0\.29, expectancy -20\.5 bps, -0\.37 R$/,
      "Max drawdown ¥490 (0.05%), 08-12 02:15 – 08-12 02:30",
      /^Sharpe – \(too few days: \d+ of at least 20\)$/,
      "Signals: 192 bars judged",
      /^ {2}\d+ below the probability$/,
      /^ {2}\d proposed$/,
      "Answers: 3 approved, 1 rejected, 0 expired",
      "Loss limits:",
      "  day ¥346 of ¥30,012",
      "  week ¥0 of ¥70,000",
      "  month ¥0 of ¥150,000",
      "Halts: none",
      "Edge: not tested",
    ])
      if (typeof line === "string") expect(text.split("\n")).toContain(line);
      else
        expect(
          text.split("\n").some((l) => line.test(l)),
          String(line),
        ).toBe(true);
    expect(text.length).toBeLessThan(2_000);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  test("a day can be computed again: the row follows the book, the message went out once", async () => {
    await runHandler(book, dailyReport, tickOf(2));
    book.db.sql.prepare("UPDATE trades SET pnl_amount = pnl_amount - 1000, fees = 5 WHERE status = 'closed'").run();
    await runHandler(book, dailyReport, { date: "2025-08-12" });
    expect(book.db.read.dailySummary.of("2025-08-12")).toMatchObject({ winningTrades: 0, losingTrades: 2, fees: 10 });
    expect(book.db.read.dailySummary.all()).toHaveLength(1);
    expect(messages()).toHaveLength(1);
    expect(messages()[0]?.text).toContain("1 won, 1 lost");
  });

  test("the labels of a day's last hours are counted by the report after it", async () => {
    const performance = (date: string) =>
      book.db.read.modelPerformance.of(date).find((r) => r.symbol === "BTC_JPY" && r.side === "long");
    await runHandler(book, labelSignals, { tickMs: START + DAY_MS - HOUR_MS });
    await runHandler(book, dailyReport, tickOf(1));
    const early = performance("2025-08-11");
    await runHandler(book, labelSignals, { tickMs: START + 2 * DAY_MS - HOUR_MS });
    await runHandler(book, dailyReport, tickOf(2));
    const late = performance("2025-08-11");
    expect(early?.predictions).toBeLessThan(90);
    expect(late?.predictions).toBe(94); // 96 bars less two without a signal
    expect(late?.correct).toBeLessThanOrEqual(94);
    expect(performance("2025-08-12")?.predictions).toBeGreaterThan(0);
    const stored = book.db.sql
      .prepare("SELECT accuracy, correct_predictions AS c, predictions AS n FROM model_performance")
      .all() as {
      accuracy: number;
      c: number;
      n: number;
    }[];
    expect(stored.every((r) => Math.abs(r.accuracy - r.c / r.n) < 1e-12)).toBe(true);
  });

  test("an AUC below 0.52 warns once, and only from the current day on", async () => {
    await runHandler(book, labelSignals, { tickMs: START + 3 * DAY_MS });
    const scoreByOutcome = (ofTouch: number, ofNone: number) =>
      book.db.sql
        .prepare(
          `UPDATE signals SET p_touch_long = (SELECT CASE touched WHEN 1 THEN ? ELSE ? END FROM signal_labels l
             WHERE l.signal_id = signals.id AND l.side = 'long')
           WHERE symbol = 'BTC_JPY' AND id IN (SELECT signal_id FROM signal_labels)`,
        )
        .run(ofTouch, ofNone);
    scoreByOutcome(0.1, 0.9); // useless: high where nothing happened
    await runHandler(book, dailyReport, { date: "2025-08-12" });
    expect(book.db.read.alerts.open()).toEqual([]);
    await runHandler(book, dailyReport, tickOf(3));
    await runHandler(book, dailyReport, tickOf(3));
    const mine = () => book.db.read.alerts.open().filter((a) => a.key === "auc:BTC_JPY:long");
    expect(mine()).toHaveLength(1);
    expect(mine()[0]).toMatchObject({ severity: "warning", text: expect.stringContaining("AUC 0.000 over 30 days") });
    expect(messages().at(-1)?.text).toContain("BTC/JPY long: AUC 0.000 (271 bars) BELOW 0.52");
    scoreByOutcome(0.9, 0.1);
    await runHandler(book, dailyReport, tickOf(3));
    expect(mine()).toEqual([]);
  });
});

describe("dailyReport at the edges", () => {
  test("an empty day has dashes, zeros and no NaN", async () => {
    at(START + DAY_MS + 5 * MINUTE_MS);
    await runHandler(book, dailyReport, tickOf(1));
    const text = messages()[0]?.text ?? "";
    expect(text).toContain("Win rate – (break-even –)");
    expect(text).toContain("Max drawdown –");
    expect(text).toContain("Sharpe –");
    expect(text).toContain("Signals: 0 bars judged\n  0 proposed");
    expect(text).toContain("no outcome known yet");
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
    expect(book.db.read.dailySummary.of("2025-08-11")).toMatchObject({
      totalTrades: 0,
      maxDrawdown: undefined,
      sharpeRatio: undefined,
      profitFactor: undefined,
      equityEnd: undefined,
    });
  });

  test("a trade belongs to the JST day in which it closed", async () => {
    at(START + 3 * DAY_MS);
    const close = (id: string, closedMs: number) => {
      const plan: TradePlan = {
        id,
        direction: "long",
        atMs: closedMs - HOUR_MS,
        entry: 10_000_000,
        atr: 30_000,
        size: 0.01,
      };
      const signal = judgeBar(book.db, START - 10 * DAY_MS + Number(id) * BAR_MS);
      addProposal(book.db, plan, signal);
      settle(book.db, id, "approved", plan.atMs);
      addTrade(book.db, plan, signal, [{ reason: "tp1", price: 10_030_000, atMs: closedMs }]);
    };
    close("1", START - 1);
    close("2", START);
    close("3", START + DAY_MS - 1);
    close("4", START + DAY_MS);
    await runHandler(book, dailyReport, { date: "2025-08-11" });
    expect(book.db.read.dailySummary.of("2025-08-11")?.totalTrades).toBe(2);
  });

  test("a day that is not over is refused, unless a partial report is asked for", async () => {
    at(START + 10 * HOUR_MS);
    await expect(runHandler(book, dailyReport, { date: "2025-08-11" })).rejects.toMatchObject({
      code: "REPORT_DAY_UNFINISHED",
      verdict: "permanent",
    });
    await expect(runHandler(book, dailyReport, { date: "2025-08-12", partial: true })).rejects.toMatchObject({
      code: "REPORT_DAY_UNFINISHED",
    });
    // The equity of the bar before: later trades are not included, and the line states its time.
    const seenMs = epochMs(START + 9.75 * HOUR_MS);
    book.db.transaction((tx) => tx.equity.record(seenMs, yen(1_000_123)));
    await runHandler(book, dailyReport, { date: "2025-08-11", partial: true });
    expect(messages()[0]?.text).toContain("\nEquity ¥1,000,123 (08-11 09:45)\n");
    expect(messages().map((m) => m.key)).toEqual(["report:2025-08-11:partial"]);
    expect(messages()[0]?.text).toContain("2025-08-11 (JST), until 2025-08-11 10:00 JST");
    at(START + DAY_MS + 5 * MINUTE_MS);
    await runHandler(book, dailyReport, tickOf(1));
    expect(messages().map((m) => m.key)).toEqual(["report:2025-08-11:partial", "report:2025-08-11"]);
    expect(book.db.read.dailySummary.all()).toHaveLength(1);
  });

  test.each([{}, { date: "2025-02-30" }, { date: "11.08.2025" }, { tickMs: 1, date: "2025-08-11" }, { date: 5 }])(
    "input %j is refused",
    async (input) => {
      await expect(runHandler(book, dailyReport, input)).rejects.toThrow();
    },
  );

  test("halts of the day are reported as they were then", async () => {
    at(START + 5 * DAY_MS);
    book.db.transaction((tx) => {
      tx.halts.raise({ kind: "stop", reason: "owner", atMs: epochMs(START + 10 * HOUR_MS) });
      tx.halts.clear("stop", "owner", epochMs(START + 30 * HOUR_MS));
    });
    await runHandler(book, dailyReport, { date: "2025-08-11" });
    await runHandler(book, dailyReport, { date: "2025-08-12" });
    expect(messages().map((m) => /Halts: .*/.exec(m.text)?.[0])).toEqual([
      "Halts: stopped by you (/stop)",
      "Halts: none",
    ]);
  });
});
