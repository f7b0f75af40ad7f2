import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../../lib/core/errors.ts";
import { type EconomicEvent, newsGate, parseEventsCsv } from "../../../lib/core/events.ts";
import { type EpochMs, isoUtc, MINUTE_MS, parseInstant } from "../../../lib/core/time.ts";

const HEADER = "time_utc,currency,importance,title";
const problemsOf = (text: string): string => {
  try {
    parseEventsCsv(text);
  } catch (e) {
    if (e instanceof AppError && e.verdict === "permanent" && e.code === "EVENTS_INVALID") return e.message;
    throw e;
  }
  throw new Error("expected the file to be refused");
};

describe("reading the calendar", () => {
  test("plain rows come sorted, a BOJ statement gets its wide window", () => {
    const events = parseEventsCsv(
      `${HEADER}\n2025-07-31T03:00:00Z,JPY,high,BOJ Statement on Monetary Policy\n2025-07-30T18:00:00Z,USD,high,FOMC Decision\n2025-07-31T23:30:00Z,JPY,medium,Tokyo CPI\n`,
    );
    expect(events.map((e) => [isoUtc(e.atMs), e.currency, e.importance, e.title, e.windowMinutes])).toEqual([
      ["2025-07-30T18:00:00.000Z", "USD", "high", "FOMC Decision", undefined],
      ["2025-07-31T03:00:00.000Z", "JPY", "high", "BOJ Statement on Monetary Policy", 90],
      ["2025-07-31T23:30:00.000Z", "JPY", "medium", "Tokyo CPI", undefined],
    ]);
  });
  test("a window of its own wins, an empty one does not", () => {
    const rows = parseEventsCsv(
      `${HEADER},window_minutes\n2025-07-31T03:00:00Z,JPY,high,Bank of Japan,15\n2025-08-01T03:00:00Z,JPY,high,BOJ,\n2025-08-02T03:00:00Z,USD,high,NFP,0\n`,
    );
    expect(rows.map((e) => e.windowMinutes)).toEqual([15, 90, 0]);
  });
  test("a byte order mark, CRLF, blank lines and quoted titles are fine", () => {
    const rows = parseEventsCsv(`\uFEFF${HEADER}\r\n\r\n2025-07-31T03:00:00Z,USD,low,"CPI, ""core"" & food"\r\n\r\n`);
    expect(rows.map((e) => e.title)).toEqual(['CPI, "core" & food']);
  });

  test.each<[string, string, RegExp]>([
    ["a wrong header", "time,currency,importance,title\n", /line 1: expected the header time_utc,/],
    ["an empty file", "", /line 1: expected the header/],
    ["no rows", `${HEADER}\n`, /found only the header/],
    ["a time without a zone", `${HEADER}\n2025-07-31T03:00:00,USD,high,x`, /line 2: time_utc: expected an ISO-8601/],
    ["February 30th", `${HEADER}\n2025-02-30T03:00:00Z,USD,high,x`, /line 2: time_utc/],
    ["24 o'clock", `${HEADER}\n2025-02-28T24:00:00Z,USD,high,x`, /line 2: time_utc/],
    ["a small currency", `${HEADER}\n2025-07-31T03:00:00Z,usd,high,x`, /line 2: currency/],
    ["an unknown importance", `${HEADER}\n2025-07-31T03:00:00Z,USD,High,x`, /line 2: importance.*"High"/],
    ["no title", `${HEADER}\n2025-07-31T03:00:00Z,USD,high,  `, /line 2: title/],
    [
      "a comma in an unquoted title",
      `${HEADER}\n2025-07-31T03:00:00Z,USD,high,a,b`,
      /line 2: expected 4 fields, found 5/,
    ],
    ["a missing field", `${HEADER}\n2025-07-31T03:00:00Z,USD,high`, /line 2: expected 4 fields, found 3/],
    ["a negative window", `${HEADER},window_minutes\n2025-07-31T03:00:00Z,USD,high,x,-1`, /line 2: window_minutes/],
    ["a huge window", `${HEADER},window_minutes\n2025-07-31T03:00:00Z,USD,high,x,721`, /line 2: window_minutes/],
    ["an open quote", `${HEADER}\n2025-07-31T03:00:00Z,USD,high,"x\n`, /line 2: a quoted field is not closed/],
    ["text after a quote", `${HEADER}\n2025-07-31T03:00:00Z,USD,high,"x"y\n`, /line 2: expected a comma after/],
    [
      "the same event twice",
      `${HEADER}\n2025-07-31T03:00:00Z,USD,high,x\n2025-07-31T12:00:00+09:00,USD,low,x`,
      /line 3: the same time, currency and title as line 2/,
    ],
  ])("%s is refused with its line", (_, text, expected) => {
    expect(problemsOf(text)).toMatch(expected);
  });
  test("every bad line is named, the first twenty in full", () => {
    const bad = Array.from({ length: 25 }, () => "nonsense,USD,high,x").join("\n");
    const message = problemsOf(`${HEADER}\n${bad}`);
    expect(message).toContain("line 21:");
    expect(message).not.toContain("line 22:");
    expect(message).toContain("and 5 more");
  });
  test("a line number survives a line break inside quotes", () => {
    expect(problemsOf(`${HEADER}\n2025-07-31T03:00:00Z,USD,high,"a\nb"\nbad,USD,high,x`)).toContain("line 4: time_utc");
  });

  test("whatever is written comes back", () => {
    const anyEvent = fc.record({
      atMs: fc.integer({ min: 0, max: 4_000_000_000 }).map((s) => (s * 1000) as EpochMs),
      currency: fc.constantFrom("USD", "JPY", "EUR"),
      importance: fc.constantFrom("low" as const, "medium" as const, "high" as const),
      title: fc.string({ minLength: 1, maxLength: 60 }).filter((t) => t.trim() === t && !t.includes("\r")),
      windowMinutes: fc.nat(720),
    });
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(
        fc.uniqueArray(anyEvent, { minLength: 1, maxLength: 20, selector: (e) => `${e.atMs}${e.currency}${e.title}` }),
        (events) => {
          const lines = events.map((e) =>
            [isoUtc(e.atMs), e.currency, e.importance, quote(e.title), e.windowMinutes].join(),
          );
          const parsed = parseEventsCsv(`${HEADER},window_minutes\n${lines.join("\n")}\n`);
          expect(new Set(parsed)).toEqual(new Set(events));
        },
      ),
    );
  });
});

describe("the news gate", () => {
  const at = parseInstant("2025-07-30T18:00:00Z");
  const event = (minutes: number, over: Partial<EconomicEvent> = {}): EconomicEvent => ({
    atMs: (at + minutes * MINUTE_MS) as EpochMs,
    currency: "USD",
    importance: "high",
    title: `event ${minutes}`,
    windowMinutes: undefined,
    ...over,
  });
  test.each<[string, EconomicEvent[], string | undefined]>([
    ["no events", [], undefined],
    ["exactly 30 minutes before", [event(30)], "event 30"],
    ["31 minutes before", [event(31)], undefined],
    ["exactly 30 minutes after", [event(-30)], "event -30"],
    ["31 minutes after", [event(-31)], undefined],
    ["medium importance", [event(0, { importance: "medium" })], undefined],
    ["its own wide window", [event(90, { windowMinutes: 90 })], "event 90"],
    ["its own narrow window", [event(10, { windowMinutes: 5 })], undefined],
    ["a window of nothing, at the moment itself", [event(0, { windowMinutes: 0 })], "event 0"],
    ["the nearest of several", [event(-25), event(12), event(20)], "event 12"],
  ])("%s", (_, events, title) => {
    const verdict = newsGate(events, at, 30);
    expect(verdict.blocked).toBe(title !== undefined);
    expect(verdict.event?.title).toBe(title);
  });
});
