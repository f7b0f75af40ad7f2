// The two measures of a loss, by equity and by our own book, and which start each period counts from.
import { describe, expect, test } from "vitest";
import { defaultConfig } from "../../../lib/core/config.ts";
import { toNumber, yen } from "../../../lib/core/money.ts";
import { type LossFacts, lossUse } from "../../../lib/core/risk.ts";

const config = defaultConfig();
const NOTHING = { result: yen(0), paidOut: yen(0) };
const losses = (over: Partial<LossFacts>): readonly number[] => {
  const start = yen(1_000_000);
  const base = { equity: start, unrealised: yen(0), dayStart: start, weekStart: start, monthStart: start };
  return lossUse(config, { ...base, ...over }).map((use) => toNumber(use.loss));
};
const each = (booked: Partial<typeof NOTHING>) => {
  const one = { ...NOTHING, ...booked };
  return { day: one, week: one, month: one };
};

describe("truth 22: a loss", () => {
  test.each<[string, Partial<LossFacts>, number]>([
    ["booked, hidden by a deposit", { equity: yen(1_100_000), booked: each({ result: yen(-20_000) }) }, 20_000],
    [
      "booked and open, both hidden by a deposit: the open loss is part of it",
      { equity: yen(1_100_000), unrealised: yen(-10_000), booked: each({ result: yen(-20_000) }) },
      30_000,
    ],
    ["open alone, hidden by a deposit", { equity: yen(1_100_000), unrealised: yen(-10_000), booked: each({}) }, 10_000],
    [
      "booked, with an open profit: that is no cushion",
      { equity: yen(1_100_000), unrealised: yen(15_000), booked: each({ result: yen(-20_000) }) },
      20_000,
    ],
    ["of the equity, with an open profit in it: no cushion either", { unrealised: yen(15_000) }, 15_000],
    [
      "of the equity, with an open loss in it: counted once",
      { equity: yen(990_000), unrealised: yen(-10_000) },
      10_000,
    ],
    [
      "of the equity is none where the owner withdrew it",
      { equity: yen(960_000), booked: each({ paidOut: yen(40_000) }) },
      0,
    ],
    ["is the larger measure of the two", { equity: yen(970_000), booked: each({ result: yen(-20_000) }) }, 30_000],
    ["is 0 after a gain, never below", { equity: yen(1_050_000), booked: each({ result: yen(50_000) }) }, 0],
  ])("%s", (_, over, expected) => {
    expect(losses(over)).toEqual([expected, expected, expected]);
  });

  test("counts from the start of its own period, in the equity and in the book", () => {
    const starts = { dayStart: yen(1_010_000), weekStart: yen(1_020_000), monthStart: yen(1_040_000) };
    expect(losses(starts)).toEqual([10_000, 20_000, 40_000]);
    const booked = {
      day: { ...NOTHING, result: yen(-1_000) },
      week: { ...NOTHING, result: yen(-2_000) },
      month: { ...NOTHING, result: yen(-4_000) },
    };
    expect(losses({ equity: yen(1_100_000), booked })).toEqual([1_000, 2_000, 4_000]);
  });
  test("has a limit of its own start and its own ratio: 3, 7 and 15 percent", () => {
    const start = { dayStart: yen(1_000_000), weekStart: yen(2_000_000), monthStart: yen(4_000_000) };
    const uses = lossUse(config, { ...start, equity: yen(4_000_000), unrealised: yen(0) });
    const ratios = [config.MAX_DAILY_LOSS_PCT, config.MAX_WEEKLY_LOSS_PCT, config.MAX_MONTHLY_LOSS_PCT].map(toNumber);
    expect(uses.map((use) => [use.period, toNumber(use.limit)])).toEqual([
      ["day", 1_000_000 * ratios[0]!],
      ["week", 2_000_000 * ratios[1]!],
      ["month", 4_000_000 * ratios[2]!],
    ]);
  });
});
