// What a gate measured, as a person reads it on a phone: units, thousands, words; never a raw digit string.
import { describe, expect, test } from "vitest";
import type { Gate } from "../../../../lib/core/gates.ts";
import { cut } from "../../../../lib/core/text/format.ts";
import { gateText } from "../../../../lib/core/text/gateText.ts";

const gate = (name: Gate["gate"], value: Gate["value"], limit: Gate["limit"]): Gate => ({
  gate: name,
  value,
  limit,
  pass: true,
});

test.each<[Gate, string, string]>([
  [gate("probability", 0.61449, 0.75), "61.4%", "75.0%"],
  [gate("rank", 59.6123, 90), "59.6", "90.0"],
  [gate("rank", null, 90), "", "90.0"],
  [gate("spread", 1.73456, 5), "1.7 bps", "5.0 bps"],
  [gate("volume", 1.2345678, 0.8), "1.23 ×", "0.80 ×"],
  [gate("rollover", 12.666666, 4), "12.7 h", "4.0 h"],
  [gate("rollover", 12.666666, "charge"), "12.7 h", "fee accepted"],
  [gate("maintenance", 0, 4), "0.0 h", "4.0 h"],
  [gate("openTrade", 0, 0), "", ""],
  [gate("openTrade", 1, 0), "1", ""],
  [gate("dailyTrades", 0, 3), "0", "3"],
  [gate("side", "short", "long, short"), "SHORT", "LONG, SHORT"],
  [
    gate("halt", "pause, doubt", null),
    "paused by you (/pause), something unexpected happened; the exchange is compared with our book",
    "",
  ],
  [gate("halt", "another", null), "another", ""],
  [
    gate("lossLimits", "day -1234/30000 JPY, week 0/70000 JPY, month 12345/150000 JPY", null),
    "daily -¥1,234 / ¥30,000, weekly ¥0 / ¥70,000, monthly ¥12,345 / ¥150,000",
    "",
  ],
  [gate("lossLimits", "of another version", null), "of another version", ""],
  [gate("size", "0.005", "0.001"), "0.005", "0.001"],
  [gate("news", "Federal Open Market Committee", "±30 min"), "Federal Open Market Committee", "±30 min"],
])("%j reads %j of %j", (it, value, limit) => {
  expect(gateText("en", it)).toEqual({ value, limit });
});

test("in the owner's language", () => {
  expect(gateText("ja", gate("halt", "pause", null)).value).toMatch(/[ぁ-んァ-ン一-龯]/);
  expect(gateText("ja", gate("lossLimits", "day 0/30000 JPY, week 1/2 JPY", null)).value).toBe(
    "日次 ¥0 / ¥30,000、週次 ¥1 / ¥2",
  );
  expect(gateText("ja", gate("rollover", 1, "charge")).limit).toBe("手数料を許容");
  expect(gateText("ja", gate("news", null, "off"))).toEqual({ value: "", limit: "オフ" });
});

describe("a text that is too long", () => {
  test.each([
    ["Federal Open Market Committee statement", 30, "Federal Open Market Committee…"],
    ["Federal Open Market Committee statement", 33, "Federal Open Market Committee…"],
    ["Federal Open Market Committee statement", 39, "Federal Open Market Committee statement"],
    // No word ends near the edge, or there are no words.
    ["A Donaudampfschifffahrtsgesellschaftskapitän", 20, "A Donaudampfschifff…"],
    ["日本銀行金融政策決定会合の結果公表", 10, "日本銀行金融政策決…"],
    ["two\nlines\tand more", 12, "two lines…"],
  ])("%j in %i characters is %j", (text, most, expected) => {
    expect(cut(text, most)).toBe(expected);
    expect([...cut(text, most)].length).toBeLessThanOrEqual(most);
  });
});
