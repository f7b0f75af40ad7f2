import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { funnelText } from "../../../handlers/report/reportText.ts";
import {
  aucIsLow,
  funnelOf,
  gatesInOrder,
  type HeadScore,
  headPerformance,
  type JudgedBar,
} from "../../../lib/core/performance.ts";
import { textsOf } from "../../../lib/core/text/catalogue.ts";
import type { EpochMs } from "../../../lib/core/time.ts";

const bar = (...failing: string[]): JudgedBar => ({
  kind: "judged",
  symbol: "BTC_JPY",
  barOpenMs: 0 as EpochMs,
  overThreshold: !failing.includes("probability"),
  verdict: failing.length === 0 ? "proposed" : "filtered",
  gates: ["side", "probability", "rank", "spread", "news"].map((gate) => ({ gate, pass: !failing.includes(gate) })),
});
const noSignal: JudgedBar = { kind: "noSignal", symbol: "ETH_JPY", barOpenMs: 0 as EpochMs, reason: "gap" };

describe("the funnel", () => {
  test("a bar is stopped by the first gate it fails and counted at every gate it fails", () => {
    const unfinished: JudgedBar = { ...bar(), verdict: "judging", gates: undefined } as JudgedBar;
    const funnel = funnelOf([
      bar("probability", "rank"),
      bar("probability"),
      bar("rank", "news"),
      bar(),
      noSignal,
      unfinished,
    ]);
    expect(funnel).toEqual({
      bars: 6,
      noSignal: 1,
      unfinished: 1,
      overThreshold: 3,
      stoppedBy: { probability: 2, rank: 1 },
      failed: { probability: 2, rank: 2, news: 1 },
      proposed: 1,
    });
    expect(funnelText(textsOf("en"), funnel)).toBe(
      "Signals: 6 bars judged\n  1 no signal\n  2 below the probability\n  1 below the rank\n  1 unfinished\n  1 proposed",
    );
  });
  test("no bars at all", () => {
    expect(funnelText(textsOf("en"), funnelOf([]))).toBe("Signals: 0 bars judged\n  0 proposed");
  });
  test("gates keep the order they are judged in, unknown ones come last", () => {
    expect(gatesInOrder(["size", "later", "rank", "side", "rank"])).toEqual(["side", "rank", "size", "later"]);
  });
  test("every bar is counted exactly once", () => {
    const anyBar = fc.oneof(
      fc.constant(noSignal),
      fc.subarray(["probability", "rank", "spread", "news", "unheardOf"]).map((failing) => bar(...failing)),
    );
    fc.assert(
      fc.property(fc.array(anyBar), (bars) => {
        const f = funnelOf(bars);
        const stopped = Object.values(f.stoppedBy).reduce((a, b) => a + b, 0);
        expect(f.noSignal + f.unfinished + stopped + f.proposed).toBe(bars.length);
        for (const [gate, count] of Object.entries(f.stoppedBy))
          expect(f.failed[gate] ?? count).toBeGreaterThanOrEqual(count);
      }),
    );
  });
});

describe("the heads", () => {
  const score = (over: Partial<HeadScore>): HeadScore => ({
    modelId: "m1",
    symbol: "BTC_JPY",
    side: "long",
    pTouch: 0.5,
    touched: false,
    closedBeyond: false,
    ...over,
  });
  test("one row per model, symbol and side; both readings side by side", () => {
    const rows = headPerformance([
      score({ pTouch: 0.8, touched: true }),
      score({ pTouch: 0.6, touched: true, closedBeyond: true }),
      score({ pTouch: 0.2 }),
      score({ side: "short", pTouch: 0.9 }),
      score({ symbol: "ETH_JPY", pTouch: 0.4, touched: true }),
    ]);
    expect(rows.map((r) => [r.symbol, r.side, r.predictions, r.correct, r.auc])).toEqual([
      ["BTC_JPY", "long", 3, 3, 1],
      ["BTC_JPY", "short", 1, 0, undefined],
      ["ETH_JPY", "long", 1, 0, undefined],
    ]);
    expect(rows[0]).toMatchObject({ accuracy: 1, baseRate: 2 / 3, aucClosedBeyond: 0.5 });
    expect(rows[0]?.brier).toBeCloseTo((0.04 + 0.16 + 0.04) / 3, 12);
  });
  test.each([
    ["a good head", 0.6, 500, false],
    ["just at the limit", 0.52, 500, false],
    ["below the limit", 0.519, 96, true],
    ["below the limit on too few bars", 0.3, 95, false],
    ["not defined", undefined, 500, false],
  ])("%s: warn %s", (_, auc, predictions, low) => {
    const [head] = headPerformance([score({})]);
    expect(aucIsLow({ ...head!, auc, predictions })).toBe(low);
  });
});
