// Row 4 of issue 12: a symbol without signals is a state that status, alert, /why, /signals and the daily report tell.
import { describe, expect, test } from "vitest";
import { silenceJson } from "../../../handlers/cli/json/silence.ts";
import { computeFeatures } from "../../../handlers/computeFeatures.ts";
import { fetchMarket } from "../../../handlers/fetchMarket.ts";
import { silenceOf, silencesNow, silenceText } from "../../../handlers/market/silence.ts";
import { predict } from "../../../handlers/predict.ts";
import { periodReport } from "../../../handlers/report/day.ts";
import { reportText } from "../../../handlers/report/reportText.ts";
import type { AnswerFacts } from "../../../handlers/telegram/answers/facts.ts";
import { signalsAnswer, whyAnswer } from "../../../handlers/telegram/answers/signals.ts";
import { statusAnswer } from "../../../handlers/telegram/answers/status.ts";
import { defaultConfig } from "../../../lib/core/config.ts";
import { periodAt } from "../../../lib/core/period.ts";
import { BAR_MS, type EpochMs, epochMs, HOUR_MS, isoUtc, parseInstant, SECOND_MS } from "../../../lib/core/time.ts";
import { bars, type Stage, stage } from "../../sim/stage.ts";

const SYMBOL = "BTC_JPY";
/** A Tuesday, 12:00 JST: the end of an outage of 13 bars that the venue never fills. */
const BACK = parseInstant("2025-08-12T03:00:00Z");
const HOLE = 13;
const facts = (s: Stage, arg = "", locale = "en"): AnswerFacts => ({
  db: s.db.read,
  config: defaultConfig({ LOCALE: locale }),
  account: "paper",
  nowMs: s.clock.nowMs(),
  arg,
});
/** The chain of the bar that closes at `closeMs`, at close + 5 s. */
const chain = async (s: Stage, closeMs: number): Promise<void> => {
  const barOpenMs = closeMs - BAR_MS;
  s.clock.advanceTo(epochMs(closeMs + 5 * SECOND_MS));
  if ((await s.run(fetchMarket, { symbol: SYMBOL, tickMs: s.clock.nowMs() })).kind !== "done") return;
  if ((await s.run(computeFeatures, { symbol: SYMBOL, barOpenMs })).kind !== "done") return;
  await s.run(predict, { symbol: SYMBOL, barOpenMs });
};
const all = bars(BACK + 200 * BAR_MS, 900);
const withHole = all.filter((c) => c.openMs < BACK - HOLE * BAR_MS || c.openMs >= BACK);
/** A worker that judged a bar before the outage, and is back for the first bar after it. */
const afterOutage = async (candles = withHole): Promise<Stage> => {
  const before = BACK - HOLE * BAR_MS;
  const s = stage(epochMs(before));
  s.says.candles = candles;
  s.db.transaction((tx) =>
    tx.candles.upsert(
      SYMBOL,
      all.filter((c) => c.openMs < before - BAR_MS),
      "klines",
    ),
  );
  await chain(s, before);
  expect(s.db.read.signals.newest(1)).toHaveLength(1);
  expect(silenceOf(s.db.read, SYMBOL)).toBeUndefined();
  await chain(s, BACK + BAR_MS);
  return s;
};
/** 96 bars after the first one behind the hole, at its close. */
const UNTIL = BACK + 97 * BAR_MS;

describe("truth 4: no signals is a state", () => {
  test("truth 4: status, /status, /signals, /why and the daily report say since when, until when and why", async () => {
    const s = await afterOutage();
    const [silence] = silencesNow(s.db.read, "margin", s.clock.nowMs());
    expect(silence).toMatchObject({ symbol: SYMBOL, sinceMs: BACK + BAR_MS, untilMs: UNTIL, why: "history" });
    expect(silenceText(silence!)).toMatch(
      /^NO SIGNALS of BTC_JPY since 2025-08-12 12:15 JST, until 2025-08-13 12:15 JST at the earliest: history too short or with holes: 1 of 97/,
    );
    expect(silenceJson(silence!)).toMatchObject({ sinceAt: isoUtc(epochMs(BACK + BAR_MS)), why: "history" });
    const line =
      "🔇 No signals of BTC/JPY since 2025-08-12 12:15 JST, until 2025-08-13 12:15 JST at the earliest: bars are missing, the indicators need complete history";
    for (const answer of [statusAnswer, signalsAnswer, whyAnswer]) expect(answer(facts(s))).toContain(line);
    for (const answer of [statusAnswer, signalsAnswer, whyAnswer])
      expect(answer(facts(s, "", "ja"))).toContain(
        "🔇 BTC/JPY はシグナルなし（2025-08-12 12:15 JST から、早くて 2025-08-13 12:15 JST まで）",
      );
    // The last judged bar is still told, after the silence.
    expect(whyAnswer(facts(s))).toMatch(/WHY BTC\/JPY 08-12 08:45/);
    expect(whyAnswer(facts(s, "12:15"))).toMatch(
      /^NO SIGNAL BTC\/JPY 08-12 12:15: bars are missing.*\nhistory too short/,
    );
    const period = periodAt("day", BACK);
    const text = reportText("en", periodReport(s.db.read, defaultConfig({}), period, s.clock.nowMs()));
    expect(text).toContain(
      "no signals of BTC/JPY 08-12 09:00 – 08-12 12:15 (14 bars): no bar was evaluated; until 08-13 12:15",
    );
  });

  test("truth 4: one alert while it lasts, in the owner's language, ended by the first judged bar", async () => {
    const s = await afterOutage();
    expect(s.db.read.alerts.open()).toMatchObject([
      { key: "noSignals:BTC_JPY", severity: "warning", text: expect.stringContaining("2025-08-13 12:15 JST") },
    ]);
    for (let k = 2; k <= 96; k++) await chain(s, BACK + k * BAR_MS);
    expect(s.db.read.outbox.after(0).filter((m) => m.kind === "alert")).toHaveLength(1);
    expect(s.db.read.signals.newest(9)).toHaveLength(1);
    await chain(s, UNTIL);
    expect(s.db.read.signals.newest(9)).toHaveLength(2);
    expect(s.db.read.alerts.open()).toEqual([]);
    expect(s.db.read.outbox.after(0).at(-1)?.text).toMatch(/^RESOLVED no signals of BTC\/JPY/);
    expect(statusAnswer(facts(s))).not.toContain("No signals");
  });

  test("truth 4: bars that the venue fills later are requested with every bar, and end the silence early", async () => {
    const s = await afterOutage();
    await chain(s, BACK + 2 * BAR_MS);
    expect(silenceOf(s.db.read, SYMBOL)?.why).toBe("history");
    s.says.candles = all;
    await chain(s, BACK + 3 * BAR_MS);
    expect(silenceOf(s.db.read, SYMBOL)).toBeUndefined();
    expect(s.db.read.signals.newest(1)[0]?.barOpenMs).toBe(BACK + 2 * BAR_MS);
    expect(s.db.read.alerts.open()).toEqual([]);
  });

  test("truth 4: an outage that the venue fills at once silences nothing", async () => {
    const s = await afterOutage(all);
    expect(silencesNow(s.db.read, "margin", s.clock.nowMs())).toEqual([]);
    expect(s.db.read.outbox.after(0).filter((m) => m.kind === "alert")).toEqual([]);
  });

  test("truth 4: a worker whose chain evaluates nothing says so", async () => {
    const s = await afterOutage(all);
    const newest = BACK;
    s.clock.advanceTo(epochMs(newest + 2 * BAR_MS + 9 * 60 * SECOND_MS));
    expect(silencesNow(s.db.read, "margin", s.clock.nowMs())).toEqual([]);
    s.clock.advanceTo(epochMs(newest + 5 * HOUR_MS));
    expect(silencesNow(s.db.read, "margin", s.clock.nowMs())).toMatchObject([
      { symbol: SYMBOL, sinceMs: newest + 2 * BAR_MS, untilMs: undefined, why: "notEvaluated" },
    ]);
    expect(whyAnswer(facts(s))).toContain("no bar was evaluated");
  });
});

describe("truth 4: a closed venue", () => {
  const SATURDAY = parseInstant("2025-08-16T00:00:00Z");
  const closedAt = async (closeMs: EpochMs, times: number): Promise<Stage> => {
    const s = stage(closeMs);
    s.db.transaction((tx) => tx.candles.upsert(SYMBOL, bars(closeMs - BAR_MS, 600), "klines"));
    s.says.candles = bars(closeMs - BAR_MS, 600);
    s.says.status = "MAINTENANCE";
    for (let k = 0; k < times; k++) await chain(s, closeMs + k * BAR_MS);
    return s;
  };
  test("truth 4: the scheduled maintenance has its end, and is no alert", async () => {
    const s = await closedAt(epochMs(SATURDAY + BAR_MS), 8);
    expect(silenceOf(s.db.read, SYMBOL)).toMatchObject({ why: "closed", untilMs: SATURDAY + 2 * HOUR_MS + BAR_MS });
    expect(signalsAnswer(facts(s))).toContain("scheduled maintenance of the exchange");
    expect(s.db.read.alerts.open()).toEqual([]);
  });
  test("truth 4: a closure outside the schedule is one, with the end that the history allows", async () => {
    const s = await closedAt(epochMs(BACK + BAR_MS), 14);
    expect(silenceOf(s.db.read, SYMBOL)).toMatchObject({ why: "venueClosed", sinceMs: BACK + BAR_MS });
    expect(s.db.read.alerts.open()).toHaveLength(1);
    const untilMs = silenceOf(s.db.read, SYMBOL)?.untilMs;
    expect(untilMs).toBe(BACK + 14 * BAR_MS + 97 * BAR_MS);
  });
});
