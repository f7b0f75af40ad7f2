import { describe, expect, test } from "vitest";
import { defaultConfig } from "../../../lib/core/config.ts";
import {
  MIN_RANK_SAMPLE,
  maintenanceGate,
  marketGates,
  percentileRank,
  rolloverGate,
  strongerSide,
} from "../../../lib/core/gates.ts";
import { parseInstant } from "../../../lib/core/time.ts";

const config = defaultConfig();
const noon = parseInstant("2025-08-12T03:00:00Z"); // 12:00 JST on a Tuesday
const market = (overrides = {}) => ({
  direction: "long" as const,
  probability: 0.8,
  rank: 95,
  rankSample: 2_880,
  spreadBps: 2,
  volumeRatio: 1.1,
  news: { blocked: false, text: undefined },
  nowMs: noon,
  ...overrides,
});

describe("the owner's filter", () => {
  test("a good signal in a quiet market passes every gate", () => {
    expect(marketGates(config, market()).filter((g) => !g.pass)).toEqual([]);
  });
  test.each([
    ["probability", { probability: 0.7499 }],
    ["probability", { direction: "short", probability: 0.79 }], // shorts need 80 %
    ["rank", { rank: 89.99 }],
    ["rank", { rank: undefined, rankSample: 0 }],
    ["rank", { rankSample: MIN_RANK_SAMPLE - 1 }],
    ["spread", { spreadBps: 5.01 }],
    ["volume", { volumeRatio: 0.79 }],
    ["volume", { volumeRatio: undefined }],
    ["news", { news: { blocked: true, text: "CPI" } }],
    ["rollover", { nowMs: parseInstant("2025-08-12T17:00:01Z") }], // 02:00:01 JST: four hours cross 06:00
    ["maintenance", { nowMs: parseInstant("2025-08-15T20:00:01Z") }],
  ])("%s refuses just beyond its limit (%j)", (gate, overrides) => {
    expect(
      marketGates(config, market(overrides))
        .filter((g) => !g.pass)
        .map((g) => g.gate),
    ).toContain(gate);
  });
  test.each([
    { probability: 0.75 },
    { direction: "short", probability: 0.8 },
    { rank: 90 },
    { spreadBps: 5 },
    { volumeRatio: 0.8 },
    { nowMs: parseInstant("2025-08-12T17:00:00Z") },
  ])("exactly at its limit passes: %j", (overrides) => {
    expect(marketGates(config, market(overrides)).filter((g) => !g.pass)).toEqual([]);
  });
  test("news may be switched off", () => {
    const off = defaultConfig({ AVOID_NEWS_TIME: "false" });
    expect(marketGates(off, market({ news: { blocked: true, text: "CPI" } })).every((g) => g.pass)).toBe(true);
  });
});

test.each([
  ["2025-08-15T19:59:00Z", true], // Friday evening, four hours and a minute before
  ["2025-08-15T20:00:00Z", true],
  ["2025-08-15T20:00:01Z", false],
  ["2025-08-16T00:00:00Z", false], // Saturday 09:00 JST
  ["2025-08-16T01:59:59Z", false],
  ["2025-08-16T02:00:00Z", true],
])("known maintenance on Saturday 09:00-11:00 JST: %s -> %s", (instant, pass) => {
  expect(maintenanceGate(config, parseInstant(instant)).pass).toBe(pass);
});

test("with MARGIN_ROLLOVER=charge the night is no obstacle", () => {
  expect(rolloverGate(defaultConfig({ MARGIN_ROLLOVER: "charge" }), parseInstant("2025-08-12T20:59:00Z")).pass).toBe(
    true,
  );
});

test.each([
  [0.76, 0.79, "long"], // 0.01 above against 0.01 below its own threshold
  [0.76, 0.83, "short"],
  [0.1, 0.1, "long"], // 0.65 below against 0.70 below: never 1 - p
  [0.75, 0.8, "long"],
])("the side is the head furthest above its own threshold: %d / %d -> %s", (long, short, side) => {
  expect(strongerSide(config, { long, short })).toBe(side);
});

test.each([
  [0.5, [], undefined],
  [0.5, [0.1, 0.2, 0.3, 0.4], 100],
  [0.5, [0.6, 0.7], 0],
  [0.5, [0.5, 0.5], 50],
  [0.5, [0.4, 0.5, 0.6, 0.7], 37.5],
])("percentile rank of %d among %j is %s", (value, past, rank) => {
  expect(percentileRank(value, past)).toBe(rank);
});

test("truth 1: prices older than QUOTE_MAX_AGE_SECONDS stop a bar, and the gate says how old they are", () => {
  const ages = (quoteAgeMs: number) => marketGates(config, market({ quoteAgeMs })).filter((g) => g.gate === "quoteAge");
  expect(ages(10_000)).toEqual([]);
  expect(ages(10_001)).toEqual([{ gate: "quoteAge", value: 10.001, limit: 10, pass: false }]);
});
