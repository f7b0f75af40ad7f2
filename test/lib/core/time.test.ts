import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  barOpen,
  DAY_MS,
  epochMs,
  isoUtc,
  jstDate,
  jstDateStart,
  jstDayStart,
  jstMonthStart,
  jstText,
  jstWeekStart,
  nextVenueDayStart,
  parseInstant,
  venueDate,
  venueDayStart,
} from "../../../lib/core/time.ts";

const at = (text: string) => parseInstant(text);

describe("the two Japanese days", () => {
  test.each([
    // instant, JST date, venue date
    ["2025-08-11T14:59:59.999Z", "2025-08-11", "20250811"],
    ["2025-08-11T15:00:00.000Z", "2025-08-12", "20250811"], // 00:00 JST: a new calendar day, the same venue day
    ["2025-08-11T20:59:59.999Z", "2025-08-12", "20250811"],
    ["2025-08-11T21:00:00.000Z", "2025-08-12", "20250812"], // 06:00 JST
    ["2024-12-31T21:00:00.000Z", "2025-01-01", "20250101"], // GMO API 4.5: klines of 20250101 start here
  ])("%s is JST day %s and venue day %s", (instant, jst, venue) => {
    expect(jstDate(at(instant))).toBe(jst);
    expect(venueDate(at(instant))).toBe(venue);
  });
  test("starts are idempotent, at most a day back, and never after the instant", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (ms) => {
        const instant = epochMs(ms);
        for (const start of [jstDayStart, venueDayStart]) {
          const day = start(instant);
          expect(day <= instant && instant - day < DAY_MS).toBe(true);
          expect(start(day)).toBe(day);
        }
        expect(nextVenueDayStart(instant) - venueDayStart(instant)).toBe(DAY_MS);
        expect(instant - barOpen(instant)).toBeLessThan(900_000);
      }),
    );
  });
  test("weeks start on Monday 00:00 JST, months on the first", () => {
    const thursday = at("2025-08-14T12:00:00Z");
    expect(isoUtc(jstWeekStart(thursday))).toBe("2025-08-10T15:00:00.000Z");
    expect(isoUtc(jstWeekStart(at("2025-08-10T14:59:59Z")))).toBe("2025-08-03T15:00:00.000Z");
    expect(isoUtc(jstMonthStart(thursday))).toBe("2025-07-31T15:00:00.000Z");
    expect(isoUtc(jstMonthStart(at("2025-12-31T15:00:00Z")))).toBe("2025-12-31T15:00:00.000Z");
  });
  test("text for people is JST", () => {
    expect(jstText(at("2025-08-11T21:00:00Z"))).toBe("2025-08-12 06:00 JST");
    expect(isoUtc(jstDateStart("2025-08-12"))).toBe("2025-08-11T15:00:00.000Z");
  });
});

test.each(["2025-08-12", "2025-08-12 21:00", "2025-08-12T21:00:00", "yesterday", "2025-13-01T00:00:00Z"])(
  "an instant without a zone or a real date is refused: %s",
  (text) => {
    expect(() => parseInstant(text)).toThrow(RangeError);
  },
);
test.each(["2025-02-30", "2025-8-1", ""])("a date that does not exist is refused: %s", (text) => {
  expect(() => jstDateStart(text)).toThrow(RangeError);
});
