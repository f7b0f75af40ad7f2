// The report jobs over the system's own schedule: five weeks across the end of a month, each report sent once at its
// JST time, and what was missed while the worker was down made up once.
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AppHandler } from "../../../handlers/context.ts";
import { dailyReport } from "../../../handlers/dailyReport.ts";
import { monthlyReport } from "../../../handlers/monthlyReport.ts";
import { registry } from "../../../handlers/registry.ts";
import { schedulesOf } from "../../../handlers/runtime/schedules.ts";
import { weeklyReport } from "../../../handlers/weeklyReport.ts";
import { type EpochMs, jstText, parseInstant } from "../../../lib/core/time.ts";
import { Scheduler } from "../../../queue/schedule.ts";
import { JobStore } from "../../../queue/store.ts";
import { type Book, openBook, runHandler } from "./book.ts";

const REPORTS: readonly AppHandler<never>[] = [dailyReport, weeklyReport, monthlyReport] as never;
let book: Book;
let scheduler: Scheduler;
let ran: { at: string; name: string; told: boolean }[];
let lastJob: number;

/** As a worker declares its schedules when it starts. */
const start = (): void => {
  scheduler = new Scheduler(book.db, new JobStore(book.db, registry, book.clock), book.clock);
  const wanted = schedulesOf("margin").filter(({ name }) => REPORTS.some((report) => report.name === name));
  expect(wanted).toHaveLength(3);
  for (const schedule of wanted) scheduler.declareSchedule(schedule);
};
const runTicks = async (): Promise<void> => {
  scheduler.runDueTicks();
  scheduler.runDueTicks(); // asked again at once: nothing new
  const jobs = book.db.sql.prepare("SELECT id, name, input FROM jobs WHERE id > ? ORDER BY id").all(lastJob);
  for (const { id, name, input } of jobs as { id: number; name: string; input: string }[]) {
    const outcome = await runHandler(book, REPORTS.find((report) => report.name === name)!, JSON.parse(input));
    ran.push({ at: jstText(book.clock.nowMs()).slice(0, 16), name, told: outcome.kind === "done" });
    lastJob = id;
  }
};
const liveUntil = async (until: EpochMs): Promise<void> => {
  for (let next = scheduler.nextTickMs(); next !== undefined && next <= until; next = scheduler.nextTickMs()) {
    book.clock.advanceTo(next);
    await runTicks();
  }
  book.clock.advanceTo(until);
};
const told = (name: string): readonly string[] => ran.filter((r) => r.name === name && r.told).map((r) => r.at);
const keys = (): readonly string[] =>
  book.db.read.outbox.after(0).flatMap((m) => (m.kind === "report" && !/#/.test(m.key) ? [m.key.slice(7)] : []));

beforeEach(() => {
  book = openBook(parseInstant("2025-07-10T03:00:00Z"));
  ran = [];
  lastJob = 0;
});
afterEach(() => book.close());

test("five weeks across a month's end: each day at 00:05, each week on Monday at 00:10, the month on the first at 00:15", async () => {
  start();
  await liveUntil(parseInstant("2025-08-14T03:00:00Z"));
  expect(told("weeklyReport")).toEqual(
    ["2025-07-14", "2025-07-21", "2025-07-28", "2025-08-04", "2025-08-11"].map((date) => `${date} 00:10`),
  );
  expect(told("monthlyReport")).toEqual(["2025-08-01 00:15"]);
  const days = told("dailyReport");
  expect([days.length, days[0], days.at(-1)]).toEqual([35, "2025-07-11 00:05", "2025-08-14 00:05"]);
  expect(days.every((at) => at.endsWith(" 00:05"))).toBe(true);
  expect(new Set(keys()).size).toBe(35 + 5 + 1);
  expect(keys().filter((key) => key.startsWith("week") || key.startsWith("month"))).toEqual([
    "week:2025-07-07",
    "week:2025-07-14",
    "week:2025-07-21",
    "month:2025-07-01",
    "week:2025-07-28",
    "week:2025-08-04",
  ]);
});

test("down from the 30th to the 5th: the missed days, the week and the month are reported once, late", async () => {
  start();
  await liveUntil(parseInstant("2025-07-30T12:00:00Z"));
  const before = ran.length;
  book.clock.advanceTo(parseInstant("2025-08-05T00:00:00Z"));
  start();
  await runTicks();
  await liveUntil(parseInstant("2025-08-06T12:00:00Z"));
  const late = ran.slice(before).filter((r) => r.told);
  const of = (name: string): readonly string[] => late.filter((r) => r.name === name).map((r) => r.at.slice(5));
  expect(of("dailyReport")).toEqual([...Array<string>(6).fill("08-05 09:00"), "08-06 00:05"]);
  expect(of("weeklyReport")).toEqual(["08-05 09:00"]);
  expect(of("monthlyReport")).toEqual(["08-05 09:00"]);
  expect(keys().filter((key) => /^(week:2025-07-28|month:2025-07-01|2025-08-0[1-5])$/.test(key))).toHaveLength(7);
  expect(new Set(keys()).size).toBe(keys().length);
});
