import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { funnelText } from "../../../handlers/report/reportText.ts";
import {
  aucIsLow,
  counterfactualOf,
  funnelOf,
  gatesInOrder,
  type HeadScore,
  headPerformance,
  type JudgedBar,
  slippageOf,
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
const noSignal: JudgedBar = {
  kind: "noSignal",
  symbol: "ETH_JPY",
  barOpenMs: 0 as EpochMs,
  why: "history",
  judgedFromMs: undefined,
  reason: "gap",
};

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
    barOpenMs: 0 as EpochMs,
    atrRatio: undefined,
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

describe("slippage", () => {
  const fill = fc.record({
    side: fc.constantFrom("BUY" as const, "SELL" as const),
    price: fc.double({ min: 1, max: 2e7, noNaN: true }),
    planned: fc.option(fc.double({ min: 1, max: 2e7, noNaN: true }), { nil: undefined }),
    size: fc.double({ min: 1e-4, max: 5, noNaN: true }),
  });
  test("does not depend on the order of fills, and parts add up to the whole", () => {
    fc.assert(
      fc.property(fc.array(fill), fc.nat(), (fills, at) => {
        const whole = slippageOf(fills);
        const cut = at % (fills.length + 1);
        const turned = slippageOf([...fills.slice(cut), ...fills.slice(0, cut)]);
        const scale = Math.max(1, ...fills.map((f) => f.price * f.size * fills.length));
        expect(Math.abs(turned.yen - whole.yen)).toBeLessThan(scale * 1e-9);
        const parts = [slippageOf(fills.slice(0, cut)), slippageOf(fills.slice(cut))];
        expect(Math.abs(parts[0]!.yen + parts[1]!.yen - whole.yen)).toBeLessThan(scale * 1e-9);
        expect(whole.fills + whole.unplanned).toBe(fills.length);
        if (whole.fills === 0) expect(whole).toMatchObject({ yen: 0, bps: undefined });
        else expect(Number.isFinite(whole.bps)).toBe(true);
      }),
    );
  });
  test.each([
    ["a buy above plan is worse", "BUY", 101, 1],
    ["a sale above plan is better", "SELL", 101, -1],
  ] as const)("%s", (_name, side, price, yen) => {
    expect(slippageOf([{ side, price, planned: 100, size: 1 }])).toMatchObject({ yen, bps: yen * 100 });
  });
});

describe("what the answers would have earned", () => {
  const proposal = fc.record({
    answer: fc.constantFrom("approved" as const, "rejected" as const, "expired" as const),
    notionalYen: fc.integer({ min: 1, max: 1_000_000 }),
    ruleNetBps: fc.option(fc.integer({ min: -500, max: 500 }), { nil: undefined }),
  });
  test("counts every proposal once, in any order, and never makes a number of nothing", () => {
    fc.assert(
      fc.property(fc.array(proposal), (proposals) => {
        const c = counterfactualOf(proposals);
        expect(c.approved.count + c.rejected.count + c.expired.count).toBe(proposals.length);
        const back = counterfactualOf([...proposals].reverse());
        for (const kind of ["approved", "rejected", "expired"] as const) {
          expect(back[kind].yen).toBeCloseTo(c[kind].yen, 3);
          expect(c[kind].meanBps === undefined).toBe(c[kind].known === 0);
        }
      }),
    );
  });
  test("is the rule's return at the proposal's own size", () => {
    const { rejected } = counterfactualOf([
      { answer: "rejected", notionalYen: 100_000, ruleNetBps: 12 },
      { answer: "rejected", notionalYen: 50_000, ruleNetBps: undefined },
    ]);
    expect(rejected).toMatchObject({ count: 2, known: 1, meanBps: 12 });
    expect(rejected.yen).toBeCloseTo(120, 9);
  });
});
