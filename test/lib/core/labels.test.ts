import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Candle } from "../../../lib/core/candle.ts";
import { type RulePlan, rulePlan, simulateRule, touchLabel } from "../../../lib/core/labels.ts";
import { BAR_MS, type EpochMs, HOUR_MS, MINUTE_MS } from "../../../lib/core/time.ts";
import type { Direction } from "../../../lib/core/venue.ts";

const T0 = Date.UTC(2025, 7, 12) as EpochMs;
type Ohlc = readonly [open: number, high: number, low: number, close: number];
const candle = (openMs: number, [open, high, low, close]: Ohlc): Candle => ({
  openMs: openMs as EpochMs,
  open,
  high,
  low,
  close,
  volume: 1,
});
/** Candles from `fromMs` on, one per bar. */
const run = (bars: readonly Ohlc[], fromMs: number = T0, barMs: number = BAR_MS): Candle[] =>
  bars.map((bar, i) => candle(fromMs + i * barMs, bar));
const flat = (price: number): Ohlc => [price, price, price, price];
const repeat = (bar: Ohlc, count: number): Ohlc[] => Array.from({ length: count }, () => bar);

describe("the touch label", () => {
  const BAR = (T0 - BAR_MS) as EpochMs; // closes at T0 at 10,000
  const C = 10_000;
  test.each<[string, Direction, Ohlc[], boolean, boolean]>([
    ["nothing happens", "long", repeat(flat(C), 4), false, false],
    [
      "the high reaches +0.3 % in the third candle",
      "long",
      [flat(C), flat(C), [C, 10_030, C, C], flat(C)],
      true,
      false,
    ],
    ["one yen short of +0.3 %", "long", [[C, 10_029, C, C], flat(C), flat(C), flat(C)], false, false],
    ["the low reaches -0.3 %", "short", [[C, C, 9_970, C], flat(C), flat(C), flat(C)], true, false],
    ["a fall is no touch for a long", "long", [[C, C, 9_000, C], flat(C), flat(C), flat(C)], false, false],
    ["a rise is no touch for a short", "short", [[C, 11_000, C, C], flat(C), flat(C), flat(C)], false, false],
    ["stands beyond after one hour", "long", [...repeat(flat(C), 3), [C, 10_040, C, 10_031]], true, true],
    ["stands beyond after one hour", "short", [...repeat(flat(C), 3), [C, C, 9_960, 9_969]], true, true],
    ["came back by the hour's end", "short", [[C, C, 9_900, 9_900], ...repeat(flat(9_980), 3)], true, false],
  ])("%s (%s)", (_, direction, bars, touched, closedBeyond) => {
    expect(touchLabel(direction, BAR, C, run(bars))).toEqual({ touched, closedBeyond });
  });

  test("the fifth candle is beyond the hour", () => {
    const late = run([...repeat(flat(C), 4), [C, 99_999, C, C]]);
    expect(touchLabel("long", BAR, C, late)).toEqual({ touched: false, closedBeyond: false });
  });
  test.each([0, 1, 2, 3])("without candle %i there is no label, even when another one touched", (missing) => {
    const bars = run(repeat([C, 11_000, 9_000, C], 8));
    expect(touchLabel("long", BAR, C, bars.toSpliced(missing, 1))).toBeUndefined();
    expect(touchLabel("long", BAR, C, bars.slice(0, missing))).toBeUndefined();
  });
  test("a close beyond is always a touch, and neither depends on candles outside the hour", () => {
    const anyOhlc = fc
      .tuple(fc.integer({ min: 9_900, max: 10_100 }), fc.integer({ min: 9_900, max: 10_100 }), fc.nat(40), fc.nat(40))
      .map(([open, close, up, down]): Ohlc => [open, Math.max(open, close) + up, Math.min(open, close) - down, close]);
    fc.assert(
      fc.property(
        fc.array(anyOhlc, { minLength: 4, maxLength: 4 }),
        fc.array(anyOhlc, { maxLength: 6 }),
        fc.constantFrom<Direction>("long", "short"),
        (hour, others, direction) => {
          const label = touchLabel(direction, BAR, C, run(hour));
          expect(label).toBeDefined();
          if (label?.closedBeyond) expect(label.touched).toBe(true);
          const before = run(others, T0 - others.length * BAR_MS);
          const after = run(others, T0 + HOUR_MS);
          expect(touchLabel(direction, BAR, C, [...before, ...run(hour), ...after])).toEqual(label);
        },
      ),
    );
  });
});

describe("the traded rule", () => {
  const E = 10_000;
  // ATR 40 yen: stop 80 yen (80 bps) away, targets at 30 and 60 bps.
  const settings = { stopAtrMultiple: 2, tp1Ratio: 0.003, tp2Ratio: 0.006, timeStopMs: 4 * HOUR_MS, costBps: 3 };
  const long = rulePlan("long", T0, E, 40, settings)!;
  const short = rulePlan("short", T0, E, 40, settings)!;
  const rest = (count: number) => repeat(flat(E + 10), count);

  test("the plan mirrors for a short", () => {
    expect(long).toMatchObject({ stop: 9_920, tp1: 10_029.999999999998, tp2: 10_060 });
    expect(short).toMatchObject({ stop: 10_080, tp1: 9_970, tp2: 9_940 });
  });

  test.each<[string, Ohlc[], number, string, string]>([
    ["a flat market leaves at the time stop for nothing", repeat(flat(E), 16), 0, "time_stop", "time_stop"],
    ["the time stop takes the last close", [...repeat(flat(E), 15), [E, E, E, 9_990]], -10, "time_stop", "time_stop"],
    ["the stop takes everything at its price", [[E, E, 9_900, 9_950]], -80, "stop_loss", "stop_loss"],
    [
      "a gap through the stop fills at the open",
      [flat(E), [9_850, 9_999, 9_800, 9_990]],
      -150,
      "stop_loss",
      "stop_loss",
    ],
    ["stop and target in one candle: the stop came first", [[E, 10_100, 9_900, 10_050]], -80, "stop_loss", "stop_loss"],
    [
      "TP1, later TP2",
      [
        [E + 1, 10_035, E + 1, 10_033],
        [10_033, 10_070, 10_030, 10_065],
      ],
      45,
      "tp1",
      "tp2",
    ],
    [
      "TP1, then back to the entry",
      [
        [E, 10_035, E, 10_033],
        [10_033, 10_034, 9_990, 10_000],
      ],
      15,
      "tp1",
      "stop_loss",
    ],
    [
      "TP1, then a gap under the entry fills at the open",
      [
        [E, 10_035, E, 10_033],
        [9_980, 9_990, 9_980, 9_985],
      ],
      5,
      "tp1",
      "stop_loss",
    ],
    [
      "TP1, then a gap under the old stop is no deeper than its open",
      [
        [E, 10_035, E, 10_033],
        [9_900, 9_990, 9_880, 9_985],
      ],
      -35,
      "tp1",
      "stop_loss",
    ],
    ["TP1, then the time stop", [[E, 10_035, E, 10_020], ...repeat(flat(10_020), 15)], 25, "tp1", "time_stop"],
    ["a target gapped over fills at the target", [[10_090, 10_095, 10_085, 10_090]], 45, "tp1", "tp2"],
    [
      "both targets in one candle that also saw the entry: the moved stop came first",
      [[E, 10_070, 9_999, 10_065]],
      15,
      "tp1",
      "stop_loss",
    ],
    ["TP1's candle closing under the entry proves the moved stop", [[E, 10_040, 9_950, 9_990]], 15, "tp1", "stop_loss"],
    [
      "a dip before TP1 is not the moved stop",
      [
        [E, 10_040, 9_950, 10_035],
        [10_035, 10_070, 10_030, 10_060],
      ],
      45,
      "tp1",
      "tp2",
    ],
  ])("%s", (_, bars, grossBps, first, last) => {
    const whole = [...bars, ...rest(16 - bars.length)];
    const result = simulateRule(long, run(whole))!;
    expect(result.grossBps).toBeCloseTo(grossBps, 6);
    expect(result.netBps).toBeCloseTo(grossBps - 3, 6);
    expect([result.legs[0].exit, result.legs[1].exit, result.exit]).toEqual([first, last, last]);
    // The same prices upside down are the same trade for a short.
    const mirrored = whole.map(([o, h, l, c]): Ohlc => [2 * E - o, 2 * E - l, 2 * E - h, 2 * E - c]);
    const opposite = simulateRule(short, run(mirrored))!;
    expect(opposite.grossBps).toBeCloseTo(grossBps, 6);
    expect(opposite.exit).toBe(last);
  });

  test("missing candles: no result before the exit is known, the result once it is", () => {
    const stopped = run([flat(E), [E, E, 9_900, 9_950]]);
    expect(simulateRule(long, stopped)?.exit).toBe("stop_loss");
    expect(simulateRule(long, stopped.slice(0, 1))).toBeUndefined();
    expect(simulateRule(long, stopped.slice(1))).toBeUndefined();
    expect(simulateRule(long, run(repeat(flat(E), 15)))).toBeUndefined();
    expect(simulateRule(long, run(repeat(flat(E), 16)).toSpliced(7, 1))).toBeUndefined();
    expect(simulateRule(long, [])).toBeUndefined();
  });

  test("no room for a stop is no plan, and a plan with prices on the wrong side is refused", () => {
    expect(rulePlan("long", T0, E, 0, settings)).toBeUndefined();
    expect(rulePlan("long", T0, E, Number.NaN, settings)).toBeUndefined();
    expect(rulePlan("long", T0, E, E, settings)).toBeUndefined();
    for (const bad of [{ stop: E }, { stop: 10_001 }, { tp1: 9_999 }, { tp2: 10_010 }, { timeStopMs: 1 }])
      expect(() => simulateRule({ ...long, ...bad }, run(repeat(flat(E), 16)))).toThrow(RangeError);
  });

  const anyWalk = fc.array(fc.integer({ min: -12, max: 12 }), { minLength: 240, maxLength: 240 });
  const minutesOf = (steps: readonly number[]): Candle[] => {
    let price = E;
    return steps.map((step, i) => {
      const open = price;
      price += step;
      return candle(T0 + i * MINUTE_MS, [open, Math.max(open, price), Math.min(open, price), price]);
    });
  };
  const barsOf = (minutes: readonly Candle[]): Candle[] =>
    Array.from({ length: minutes.length / 15 }, (_, i) => {
      const part = minutes.slice(i * 15, i * 15 + 15);
      return candle(T0 + i * BAR_MS, [
        part[0]!.open,
        Math.max(...part.map((c) => c.high)),
        Math.min(...part.map((c) => c.low)),
        part.at(-1)!.close,
      ]);
    });

  test("a trade that loses its whole stop minute by minute is never called anything better from its candles", () => {
    fc.assert(
      fc.property(anyWalk, fc.constantFrom<RulePlan>(long, short), (steps, plan) => {
        const minutes = minutesOf(steps);
        const exact = simulateRule(plan, minutes, MINUTE_MS)!;
        const coarse = simulateRule(plan, barsOf(minutes))!;
        if (exact.legs[0].exit === "stop_loss") expect(coarse.legs[0].exit).toBe("stop_loss");
        if (coarse.legs[0].exit === "tp1") expect(exact.legs[0].exit).toBe("tp1");
        expect(coarse.grossBps).toBeLessThanOrEqual(45 + 1e-9);
      }),
    );
  });

  test("what comes after the exit changes nothing", () => {
    fc.assert(
      fc.property(anyWalk, fc.array(fc.integer({ min: 5_000, max: 20_000 }), { maxLength: 16 }), (steps, noise) => {
        const bars = barsOf(minutesOf(steps));
        const result = simulateRule(long, bars)!;
        const known = bars.filter((bar) => bar.openMs < result.legs[1].byMs);
        const later = noise.map((price, i) => candle(result.legs[1].byMs + i * BAR_MS, flat(price)));
        expect(simulateRule(long, known)).toEqual(result);
        expect(simulateRule(long, [...known, ...later])).toEqual(result);
      }),
    );
  });
});
