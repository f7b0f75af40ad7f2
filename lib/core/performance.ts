// Results of a day or a replay: the funnel from judged bars to proposals, and the quality of each head of the model.
// Pure counting; the wording for people is in handlers/report.
import { type AtrSkill, skillAgainstAtr } from "./atrSkill.ts";
import type { NoSignalKind } from "./noSignal.ts";
import { auc, brierScore, calibrationError, correctCount, mean } from "./statistics.ts";
import type { EpochMs } from "./time.ts";
import type { Direction } from "./venue.ts";

/** One symbol and bar that the chain judged, or could not judge ("no signal"). Warm-up bars are excluded. */
export type JudgedBar =
  | {
      readonly kind: "noSignal";
      readonly symbol: string;
      readonly barOpenMs: EpochMs;
      readonly why: NoSignalKind;
      /** Open of the first bar that can be judged again; undefined: not known. */
      readonly judgedFromMs: number | undefined;
      readonly reason: string;
    }
  | {
      readonly kind: "judged";
      readonly symbol: string;
      readonly barOpenMs: EpochMs;
      readonly overThreshold: boolean;
      readonly verdict: "judging" | "proposed" | "filtered";
      /** In the order they were judged; undefined while the filter has not run. */
      readonly gates: readonly { readonly gate: string; readonly pass: boolean }[] | undefined;
    };

/** Every bar is in exactly one of noSignal, unfinished, stoppedBy and proposed. */
export interface Funnel {
  readonly bars: number;
  readonly noSignal: number;
  /** Predicted, but the filter has not run (or never will: the job died). */
  readonly unfinished: number;
  /** Bars over the model's own threshold (`over_threshold`), with any verdict. */
  readonly overThreshold: number;
  /** Bars by the first gate that failed, in the order of the gates. */
  readonly stoppedBy: Readonly<Record<string, number>>;
  /** Bars by every gate they failed: the gates that would have stopped them. */
  readonly failed: Readonly<Record<string, number>>;
  readonly proposed: number;
}

/** The gates' order when no bar shows it; names as in lib/core/gates.ts. */
const GATE_ORDER = [
  "side",
  "probability",
  "rank",
  "quoteAge",
  "spread",
  "volume",
  "news",
  "rollover",
  "maintenance",
  "halt",
  "openTrade",
  "pendingProposal",
  "dailyTrades",
  "lossLimits",
  "size",
];

/** Each name once, in the order the gates are judged; unknown ones last. */
export const gatesInOrder = (gates: readonly string[]): readonly string[] => {
  const place = (gate: string): number => (GATE_ORDER.includes(gate) ? GATE_ORDER.indexOf(gate) : GATE_ORDER.length);
  return [...new Set(gates)].sort((a, b) => place(a) - place(b));
};

export const funnelOf = (bars: readonly JudgedBar[]): Funnel => {
  const stopped = new Map<string, number>(GATE_ORDER.map((gate) => [gate, 0]));
  const failed = new Map(stopped);
  const add = (map: Map<string, number>, gate: string) => map.set(gate, (map.get(gate) ?? 0) + 1);
  let noSignal = 0;
  let unfinished = 0;
  let overThreshold = 0;
  let proposed = 0;
  for (const bar of bars) {
    if (bar.kind === "noSignal") {
      noSignal += 1;
      continue;
    }
    if (bar.overThreshold) overThreshold += 1;
    const failures = bar.gates?.filter((g) => !g.pass) ?? [];
    for (const { gate } of failures) add(failed, gate);
    if (bar.verdict === "proposed") proposed += 1;
    else if (bar.verdict === "judging") unfinished += 1;
    else add(stopped, failures[0]?.gate ?? "unknown");
  }
  const counted = (map: Map<string, number>) => Object.fromEntries([...map].filter(([, count]) => count > 0));
  return {
    bars: bars.length,
    noSignal,
    unfinished,
    overThreshold,
    stoppedBy: counted(stopped),
    failed: counted(failed),
    proposed,
  };
};

/** One head's probability for a bar and the outcome. */
export interface HeadScore {
  readonly modelId: string;
  readonly symbol: string;
  readonly side: Direction;
  readonly pTouch: number;
  readonly touched: boolean;
  readonly closedBeyond: boolean;
  readonly barOpenMs: EpochMs;
  /** ATR(14) over the close of the bar; undefined: not stored. */
  readonly atrRatio: number | undefined;
}
export interface HeadPerformance {
  readonly modelId: string;
  readonly symbol: string;
  readonly side: Direction;
  /** Predictions whose outcome is known. */
  readonly predictions: number;
  /** p >= 0.5 exactly when the touch occurred. */
  readonly correct: number;
  readonly accuracy: number | undefined;
  /** Share of bars that touched: the baseline for accuracy. */
  readonly baseRate: number | undefined;
  readonly auc: number | undefined;
  /** The same probabilities against the second reading, "closes 0.3 % beyond after exactly one hour". */
  readonly aucClosedBeyond: number | undefined;
  readonly brier: number | undefined;
  /** Mean probability: above `baseRate` the head is overconfident. */
  readonly meanProbability: number | undefined;
  /** Mean gap between predicted and real rate over ten bins (ECE), 0 is perfect. */
  readonly calibrationError: number | undefined;
  /** Against a baseline that knows the ATR only (atrSkill.ts). */
  readonly atrSkill: AtrSkill;
}

/** One row per model, symbol and side, in that order. */
export const headPerformance = (scores: readonly HeadScore[]): readonly HeadPerformance[] => {
  const groups = new Map<string, HeadScore[]>();
  for (const score of scores) {
    const key = JSON.stringify([score.modelId, score.symbol, score.side]);
    const group = groups.get(key);
    if (group) group.push(score);
    else groups.set(key, [score]);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, group]) => {
      const { modelId, symbol, side } = group[0]!;
      const touches = group.map((s) => ({ p: s.pTouch, hit: s.touched }));
      const correct = correctCount(touches);
      return {
        modelId,
        symbol,
        side,
        predictions: group.length,
        correct,
        accuracy: correct / group.length,
        baseRate: touches.filter((t) => t.hit).length / group.length,
        auc: auc(touches),
        aucClosedBeyond: auc(group.map((s) => ({ p: s.pTouch, hit: s.closedBeyond }))),
        brier: brierScore(touches),
        meanProbability: mean(touches.map((t) => t.p)),
        calibrationError: calibrationError(touches),
        atrSkill: skillAgainstAtr(
          group.map((s) => ({ p: s.pTouch, hit: s.touched, atMs: s.barOpenMs, atrRatio: s.atrRatio })),
        ),
      };
    });
};

/** The owner's Warning (architecture 8.1): a head whose AUC is not above this. */
export const AUC_WARNING = 0.52;
/** Trailing days the AUC is taken over (DESIGN 8). */
export const AUC_WINDOW_DAYS = 30;
/** Labelled bars below which an AUC is mostly noise (its standard error is about 0.06 at 96): no verdict yet. */
const MIN_AUC_SAMPLE = 96;
export const aucIsLow = (head: HeadPerformance): boolean =>
  head.auc !== undefined && head.predictions >= MIN_AUC_SAMPLE && head.auc < AUC_WARNING;

/** One fill with its planned price. Yen and coins. */
export interface PlannedFill {
  readonly side: "BUY" | "SELL";
  readonly price: number;
  /**
   * The proposal's entry for an entry, the order's own price for stops and targets; undefined for an order without one.
   */
  readonly planned: number | undefined;
  readonly size: number;
}
export interface Slippage {
  /** Fills with a planned price. */
  readonly fills: number;
  /** Without one (market orders): not counted. */
  readonly unplanned: number;
  /** Worse than planned is positive. */
  readonly yen: number;
  /** Of the planned notional; undefined without a planned fill. */
  readonly bps: number | undefined;
}
export const slippageOf = (fills: readonly PlannedFill[]): Slippage => {
  let [yen, notional, planned] = [0, 0, 0];
  for (const fill of fills) {
    if (fill.planned === undefined) continue;
    planned += 1;
    yen += (fill.side === "BUY" ? fill.price - fill.planned : fill.planned - fill.price) * fill.size;
    notional += fill.planned * fill.size;
  }
  return {
    fills: planned,
    unplanned: fills.length - planned,
    yen,
    bps: notional > 0 ? (yen / notional) * 10_000 : undefined,
  };
};

/** A decided proposal, and the traded rule's result on its signal (signal_labels); undefined while not labelled. */
export interface AnsweredProposal {
  readonly answer: "approved" | "rejected" | "expired";
  /** Entry price x size, yen. */
  readonly notionalYen: number;
  readonly ruleNetBps: number | undefined;
}
interface Counterfactual {
  readonly count: number;
  /** Number of them with a label. */
  readonly known: number;
  /** Mean of the labelled ones, net of the label's cost. */
  readonly meanBps: number | undefined;
  /** Sum of the labelled ones at the proposals' own size. */
  readonly yen: number;
}
/** What each kind of decision would have earned by the same rule: the cost, or the benefit, of rejecting. */
export const counterfactualOf = (
  proposals: readonly AnsweredProposal[],
): Readonly<Record<AnsweredProposal["answer"], Counterfactual>> => {
  const of = (answer: AnsweredProposal["answer"]): Counterfactual => {
    const mine = proposals.filter((p) => p.answer === answer);
    const known = mine.flatMap((p) => (p.ruleNetBps === undefined ? [] : [{ ...p, bps: p.ruleNetBps }]));
    return {
      count: mine.length,
      known: known.length,
      meanBps: mean(known.map((p) => p.bps)),
      yen: known.reduce((sum, p) => sum + (p.bps / 10_000) * p.notionalYen, 0),
    };
  };
  return { approved: of("approved"), rejected: of("rejected"), expired: of("expired") };
};
