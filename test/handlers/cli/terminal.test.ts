// What the commands show on narrow terminals: what matters most is never cut.
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { cutMiddle, noteLines, shortJst, textWidth, wrapTo } from "../../../handlers/cli/terminal.ts";
import { registry } from "../../../handlers/registry.ts";
import { schedulesOf } from "../../../handlers/runtime/schedules.ts";
import { AppError } from "../../../lib/core/errors.ts";
import { epochMs, HOUR_MS, jstText, MINUTE_MS, SECOND_MS } from "../../../lib/core/time.ts";
import { closeWorlds, done, handler, job, T0, type World, world } from "../../queue/world.ts";
import { commandsOn, terminalOf } from "./commands.ts";

const SCHEDULES = schedulesOf("margin");

afterEach(closeWorlds);

const linesAt = async (w: World, columns: number, ...args: string[]): Promise<readonly string[]> =>
  (await commandsOn(w, { terminal: terminalOf(columns) }).trader(...args)).split("\n");
const ERROR =
  "expected candles of BTC_JPY, found HTTP 503: the exchange is perhaps in maintenance; wait for its end, then retry the job";

/** The system's own clockwork at 09:59:55 JST: one is paused, all others are late, one's job has died. */
const clockwork = async (): Promise<World> => {
  const w = world([
    ...[...registry.values()].filter((each) => each.name !== "reconcile"),
    handler("reconcile", () => {
      throw new AppError("permanent", "HTTP_503", ERROR);
    }),
  ]);
  const only = SCHEDULES.find((schedule) => schedule.name === "reconcile")!;
  w.scheduler.declareSchedule(only);
  w.clock.pass(3 * MINUTE_MS);
  await w.worker().drain();
  for (const schedule of SCHEDULES) w.scheduler.declareSchedule(schedule);
  w.scheduler.setPaused("collectHistory:ETH_JPY", true);
  w.clock.pass(57 * MINUTE_MS - 5 * SECOND_MS);
  return w;
};

describe("trader schedules list", () => {
  test("at 80 columns: names, PAUSED and LATE are whole, the time of the next tick stays", async () => {
    const w = await clockwork();
    expect(await linesAt(w, 80, "schedules", "list")).toEqual([
      "NAME                    IN                   NEXT (JST)      EVERY   ITS JOB",
      "collectHistory:BTC_JPY  20 h 20 min          11-03 06:20:00  1 d",
      "collectHistory:ETH_JPY  PAUSED               11-03 06:20:00  1 d",
      "dailyReport             14 h 5 min           11-03 00:05:00  1 d",
      "fetchMarket:BTC_JPY     LATE by 44 min 50 s  09:15:05        15 min",
      "fetchMarket:ETH_JPY     LATE by 44 min 50 s  09:15:05        15 min",
      "labelSignals            LATE by 52 min 55 s  09:07:00        1 h",
      "monthlyReport           14 h 15 min          11-03 00:15:00  1 d",
      "pruneJobs               18 h 30 min          11-03 04:30:00  1 d",
      "reconcile               LATE by 52 min 25 s  09:07:30        5 min   #1 dead",
      "      HTTP_503: expected candles of BTC_JPY, found HTTP 503: the exchange is",
      "      perhaps in maintenance; wait for its end, then retry the job",
      "weeklyReport            6 d 14 h             11-09 00:10:00  7 d",
      `${w.dir} (no mode yet)`,
    ]);
  });

  test("at 120 columns: as much more as there is room for", async () => {
    const w = await clockwork();
    const lines = await linesAt(w, 120, "schedules", "list");
    expect(lines.slice(0, 3)).toEqual([
      "NAME                    IN                   NEXT (JST)      EVERY                        LAST      ITS JOB",
      "collectHistory:BTC_JPY  20 h 20 min          11-03 06:20:00  every day at 06:20:00 JST    none yet",
      "collectHistory:ETH_JPY  PAUSED               11-03 06:20:00  every day at 06:20:00 JST    none yet",
    ]);
    expect(lines[9]).toBe(
      "reconcile               LATE by 52 min 25 s  09:07:30        every 5 min, at +2 min 30 s  09:02:30  #1 dead",
    );
  });

  test.each([30, 50, 60, 70, 90, 100, 140, 160, 200])("at %i columns no name and no state is cut", async (columns) => {
    const w = await clockwork();
    const lines = await linesAt(w, columns, "schedules", "list");
    for (const { name } of SCHEDULES) {
      const line = lines.find((each) => each.startsWith(`${name} `));
      expect(line).toMatch(/ (PAUSED|LATE by \d+ min \d+ s|\d+ h \d+ min|\d+ d \d+ h)( |$)/);
      expect(line).not.toContain("…");
      if (columns >= 50) expect(textWidth(line!)).toBeLessThanOrEqual(columns);
    }
  });
});

describe("trader jobs list at 80 columns", () => {
  test("keys are whole where they fit, times of today go without their date, an error stands below its job", async () => {
    const w = world([
      handler("fetchMarket", () => done),
      handler("reconcile", () => {
        throw new AppError("permanent", "HTTP_503", ERROR);
      }),
      handler("report", () => ({ kind: "stop", reason: "nothing to report on a day without any trade or signal" })),
    ]);
    w.store.enqueue(job("fetchMarket", "fetchMarket:BTC_JPY:1755118805000"));
    w.store.enqueue(job("report", "report:1755118805000"));
    w.store.enqueue(job("reconcile", "reconcile:1755118950000"));
    await w.worker().drain();
    w.store.enqueue(job("fetchMarket", "later", { runAtMs: epochMs(T0 + 20 * HOUR_MS) }));
    expect((await linesAt(w, 80, "jobs", "list")).slice(0, -2)).toEqual([
      "ID  STATE  HANDLER      KEY                                TRIES  WHEN (JST)",
      "4   ready  fetchMarket  later                              0/3    11-03 05:00:00",
      "3   dead   reconcile    reconcile:1755118950000            1/3    09:00:00",
      "      HTTP_503: expected candles of BTC_JPY, found HTTP 503: the exchange is",
      "      perhaps in maintenance; wait for its end, then retry the job",
      "2   done   report       report:1755118805000               1/3    09:00:00",
      "1   done   fetchMarket  fetchMarket:BTC_JPY:1755118805000  1/3    09:00:00",
    ]);
    // With room beside it a reason is shown, cut where it must be.
    expect((await linesAt(w, 120, "jobs", "list"))[5]).toMatch(
      /1\/3 +09:00:00 +nothing to report on a day without an…$/,
    );
  });
});

describe("trader jobs watch at 80 columns", () => {
  test("errors, halts and the header are printed in full; 'until' is printed once", async () => {
    const w = world([
      handler("reconcile", () => {
        throw new AppError("permanent", "HTTP_503", ERROR);
      }),
    ]);
    const untilMs = epochMs(T0 + 15 * HOUR_MS);
    const loss = `the day's loss of 20000 JPY reached its limit of 20000 JPY; no new entries until ${jstText(untilMs)}`;
    w.db.transaction((tx) => tx.halts.raise({ kind: "loss-day", reason: loss, atMs: T0, untilMs }));
    w.store.enqueue(job("reconcile", "k"));
    await w.worker({ bootId: "0123456789abcdef" }).drain();
    const lines = await linesAt(w, 80, "jobs", "watch", "--once");
    expect(lines.every((line) => textWidth(line) < 80)).toBe(true);
    const text = lines.map((line) => line.trim()).join(" ");
    expect(text).toContain(ERROR);
    expect(text).toContain(`HALT loss-day: ${loss} worker`);
    expect(text).toContain(`${w.dir} (no mode yet)`);
    expect(text).not.toContain("0123456789abcdef");
    expect(text).not.toContain("…");
  });
});

describe("texts on a terminal", () => {
  test.each([
    ["fetchMarket:BTC_JPY:1755118805000", 20, "fetchMarke…118805000"],
    ["short", 20, "short"],
    ["取引所取引所取引所", 10, "取引…引所"],
    ["anything", 3, "an…"],
    ["anything", 0, ""],
  ])("%s in %i columns keeps both ends: %s", (text, width, cut) => {
    expect(cutMiddle(text, width)).toBe(cut);
  });

  test.each([
    [T0, T0, "09:00:00"],
    [T0 - 10 * HOUR_MS, T0, "11-01 23:00:00"],
    [Date.UTC(2025, 11, 31, 14, 59, 59), Date.UTC(2025, 11, 31, 15), "2025-12-31 23:59:59"],
  ])("%i seen at %i is %s", (at, nowMs, text) => {
    expect(shortJst(epochMs(at), epochMs(nowMs))).toBe(text);
  });

  test("wrapped lines fit and lose nothing but spaces", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "取", "…", "-"), minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 16, max: 100 }),
        (words, width) => {
          const lines = wrapTo(words.join(" "), width, "  ");
          expect(lines.every((line) => textWidth(line) <= width)).toBe(true);
          expect(lines.join("").replaceAll(" ", "")).toBe(words.join(""));
        },
      ),
    );
  });

  test("a note below its row has at most three lines", () => {
    expect(noteLines("", 40)).toEqual([]);
    const lines = noteLines("word ".repeat(60), 40);
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/…$/);
    expect(lines.every((line) => line.startsWith("      word") && textWidth(line) <= 40)).toBe(true);
  });
});
