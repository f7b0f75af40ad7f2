// What one reply says against everything known is believed only when a second, later reply says the same.
import { describe, expect, test } from "vitest";
import { epochMs, MINUTE_MS } from "../../../../lib/core/time.ts";
import { SecondLooks } from "../../../../lib/io/gmo/secondLook.ts";

const T0 = epochMs(1_782_000_000_000);
const look = (receivedMs: number, venueMs?: number) => ({
  venueMs: venueMs === undefined ? undefined : epochMs(T0 + venueMs),
  receivedMs: epochMs(T0 + receivedMs),
  clock: undefined,
});

describe("truth 20: a second look", () => {
  test.each([
    ["a later reply", look(0, 10), look(500, 510), true],
    ["the same reply out of a cache", look(0, 10), look(500, 10), false],
    ["an older reply out of a cache", look(0, 10), look(500, 9), false],
    ["a reply without a time beside one with a time", look(0, 10), look(500), false],
    ["a reply with a time beside one without", look(0), look(500, 510), false],
    ["two replies without a time", look(0), look(500), true],
    ["more than five minutes later", look(0, 10), look(5 * MINUTE_MS + 1, 5 * MINUTE_MS), false],
  ])("%s: %4$s", (_, first, second, expected) => {
    const looks = new SecondLooks<number>((a, b) => a === b);
    expect(looks.agrees("BTC_JPY", 80, first)).toBe(false);
    expect(looks.agrees("BTC_JPY", 80, second)).toBe(expected);
  });
  test("of another value, or of another key, is a first look", () => {
    const looks = new SecondLooks<number>((a, b) => a === b);
    expect(looks.agrees("BTC_JPY", 80, look(0, 10))).toBe(false);
    expect(looks.agrees("ETH_JPY", 80, look(500, 510))).toBe(false);
    expect(looks.agrees("BTC_JPY", 81, look(500, 510))).toBe(false);
    expect(looks.agrees("BTC_JPY", 81, look(900, 910))).toBe(true);
  });
});
