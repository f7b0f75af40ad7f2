// Weeks and months: the same numbers as their days, reported once, and at the command line for any past one.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDatabase } from "../../../db/open.ts";
import { META } from "../../../db/tables/meta.ts";
import { dailyReport } from "../../../handlers/dailyReport.ts";
import { labelSignals } from "../../../handlers/labelSignals.ts";
import { monthlyReport } from "../../../handlers/monthlyReport.ts";
import { periodReport } from "../../../handlers/report/day.ts";
import { reportText } from "../../../handlers/report/reportText.ts";
import { databasePath } from "../../../handlers/runtime/stateFolder.ts";
import { weeklyReport } from "../../../handlers/weeklyReport.ts";
import { periodAt } from "../../../lib/core/period.ts";
import { LOCALES } from "../../../lib/core/text/locale.ts";
import { DAY_MS, epochMs, HOUR_MS, MINUTE_MS, parseInstant } from "../../../lib/core/time.ts";
import { traderHere } from "../../e2e/trader.ts";
import { type Book, config, openBook, runHandler, START } from "./book.ts";
import { fillBook } from "./fillBook.ts";

let book: Book;
beforeEach(async () => {
  book = openBook();
  fillBook(book);
  await runHandler(book, labelSignals, { tickMs: START + 4 * DAY_MS });
});
afterEach(() => book.close());
/** The texts; a long one follows its chart as a message of its own. */
const messages = () => book.db.read.outbox.after(0).filter((m) => m.kind === "report" && !m.key.endsWith("#photo"));
const END = epochMs(START + 7 * DAY_MS);

test("the sums of a week are the sums of its days, and its lines add up to its P&L", () => {
  const week = periodReport(book.db.read, config, periodAt("week", START), END);
  const days = Array.from({ length: 7 }, (_, i) => {
    const period = periodAt("day", epochMs(START + i * DAY_MS));
    return periodReport(book.db.read, config, period, period.toMs);
  });
  const sum = (of: (r: typeof week) => number): number => days.reduce((total, day) => total + of(day), 0);
  expect(week.statistics.trades).toBeGreaterThan(2);
  for (const of of [
    (r: typeof week) => r.statistics.trades,
    (r: typeof week) => r.statistics.wins,
    (r: typeof week) => r.funnel.bars,
    (r: typeof week) => r.funnel.proposed,
    (r: typeof week) => r.answers.approved,
    (r: typeof week) => r.slippage.fills,
    (r: typeof week) => r.counterfactual.rejected.count,
  ])
    expect(sum(of)).toBe(of(week));
  expect(sum((r) => r.statistics.netPnlYen)).toBeCloseTo(week.statistics.netPnlYen, 6);
  expect(week.days.reduce((total, d) => total + d.netPnlYen, 0)).toBeCloseTo(week.statistics.netPnlYen, 6);
});

test("the week's net P&L is the trades table's own", () => {
  const week = periodReport(book.db.read, config, periodAt("week", START), END);
  const booked = book.db.sql
    .prepare<[], number>("SELECT sum(pnl_amount) FROM trades WHERE status = 'closed'")
    .pluck()
    .get();
  expect(week.statistics.netPnlYen).toBeCloseTo(booked ?? Number.NaN, 6);
});

describe("the jobs", () => {
  test("Monday 00:10 JST reports the week before, once", async () => {
    book.clock.advanceTo(epochMs(END + 10 * MINUTE_MS));
    await runHandler(book, weeklyReport, { tickMs: END + 10 * MINUTE_MS });
    await runHandler(book, weeklyReport, { date: "2025-08-13" });
    expect(messages().map((m) => m.key)).toEqual(["report:week:2025-08-11"]);
    expect(book.db.read.outbox.byKey("report:week:2025-08-11#photo")?.photo?.length).toBeGreaterThan(10_000);
    expect(messages()[0]?.text).toMatch(/^Weekly report 2025-08-11 – 2025-08-17 \(JST\)\n/);
    expect(book.db.read.audit.last()).toMatchObject({ kind: "report.weekly", data: { date: "2025-08-11" } });
  });

  test("the month is reported on the first day of the next one only; an unfinished one is refused", async () => {
    const first = parseInstant("2025-08-31T15:15:00Z");
    book.clock.advanceTo(epochMs(first));
    expect(await runHandler(book, monthlyReport, { tickMs: first - DAY_MS })).toMatchObject({ kind: "stop" });
    expect(messages()).toEqual([]);
    await runHandler(book, monthlyReport, { tickMs: first });
    expect(messages().map((m) => [m.key, m.text.split("\n")[0]])).toEqual([
      ["report:month:2025-08-01", "Monthly report 2025-08 (JST)"],
    ]);
    await expect(runHandler(book, monthlyReport, { date: "2025-09-01" })).rejects.toMatchObject({
      code: "REPORT_DAY_UNFINISHED",
    });
  });
});

describe.each(LOCALES)("the words in %s", (locale) => {
  test("of a full week and of an empty month are as agreed, without NaN", async () => {
    const golden = (name: string) =>
      join(import.meta.dirname, "../../fixtures/messages", `report-${name}.${locale}.txt`);
    const week = reportText(locale, periodReport(book.db.read, config, periodAt("week", START), END));
    const month = periodAt("month", parseInstant("2024-02-10T00:00:00Z"));
    const empty = reportText(locale, periodReport(book.db.read, config, month, month.toMs));
    for (const text of [week, empty]) {
      expect(text).not.toMatch(/NaN|undefined|Infinity|null/);
      expect(text.length).toBeLessThan(4_096);
    }
    await expect(`${week}\n`).toMatchFileSnapshot(golden("week"));
    await expect(`${empty}\n`).toMatchFileSnapshot(golden("month-empty"));
  });
});

describe("trader report", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "report-cli-"));
    mkdirSync(dir, { recursive: true });
    const db = openDatabase(databasePath(dir), { synchronous: "OFF" });
    fillBook({ db, clock: book.clock, close: () => undefined });
    db.transaction((tx) => tx.meta.set(META.virtualNowMs, String(START + 3 * DAY_MS + HOUR_MS)));
    db.close();
  });
  afterEach(() => rmSync(dir, { recursive: true }));
  const report = async (...args: string[]) => traderHere(["report", ...args, "--var", dir]);

  test("prints a past day in either language, as JSON, and writes the chart", async () => {
    const en = await report("--day", "2025-08-12");
    expect(en.code).toBe(0);
    expect(en.stdout).toContain("P&L -¥346 (-0.03%), fees ¥0");
    const png = join(dir, "equity.png");
    const ja = await report("--day", "2025-08-12", "--locale", "ja", "--chart", png);
    expect(ja.stdout).toContain("損益 -¥346（-0.03%）");
    expect(readFileSync(png).subarray(1, 4).toString()).toBe("PNG");
    const json = JSON.parse((await report("--day", "2025-08-12", "--json")).stdout);
    expect(json).toMatchObject({ period: "day", trades: 2, wins: 1, losses: 1, partial: false });
    expect(json.netPnlJpy).toBeCloseTo(-346.47, 1);
  });

  test("--week and --month print their period; today so far is the default", async () => {
    expect((await report("--week", "2025-08-13")).stdout).toContain(
      "Weekly report 2025-08-11 – 2025-08-17 (JST), until",
    );
    expect((await report("--month", "2025-08")).stdout).toContain("Monthly report 2025-08 (JST), until");
    expect((await report()).stdout).toContain("Daily report 2025-08-14 (JST), until 2025-08-14 01:00 JST");
  });

  test("--save writes the finished days' rows again; without it nothing is changed", async () => {
    const rows = () => {
      const db = openDatabase(databasePath(dir));
      try {
        return db.read.dailySummary.all().map((d) => d.date);
      } finally {
        db.close();
      }
    };
    await report("--week", "2025-08-13");
    expect(rows()).toEqual([]);
    const saved = await report("--week", "2025-08-13", "--save");
    expect(saved.stderr).toContain("saved the rows of 3 finished days");
    expect(rows()).toEqual(["2025-08-11", "2025-08-12", "2025-08-13"]);
  });

  test.each([
    [["--day", "2025-02-30"], /--day: expected a date YYYY-MM-DD/],
    [["--month", "2025-13"], /--month: expected a month YYYY-MM/],
    [["--day", "2025-08-12", "--week", "2025-08-12"], /expected one of --day, --week, --month/],
    [["--day", "2026-01-01"], /expected a day that has begun/],
    [["--locale", "fr"], /--locale: expected en or ja/],
  ])("%j is wrong use", async (args, message) => {
    const said = await report(...args);
    expect(said.code).toBe(2);
    expect(said.stderr).toMatch(message);
    expect(existsSync(join(dir, "equity.png"))).toBe(false);
  });

  test("a chart of days without equity is refused by name", async () => {
    const said = await report("--day", "2025-07-01", "--chart", join(dir, "none.png"));
    expect(said.code).toBe(2);
    expect(said.stderr).toContain("NO_EQUITY");
  });
});

test("daily rows follow the book whatever order the days are reported in", async () => {
  book.clock.advanceTo(epochMs(START + 4 * DAY_MS));
  const tell = (date: string) => runHandler(book, dailyReport, { date });
  await tell("2025-08-13");
  await tell("2025-08-11");
  const forward = book.db.read.dailySummary.all();
  await tell("2025-08-11");
  await tell("2025-08-13");
  expect(book.db.read.dailySummary.all()).toEqual(forward);
});
