// What a day or a replay amounted to: the funnel from judged bars to proposals, and how good each head of the model was.
// Pure counting; the wording for people is in handlers/report.
import { auc, brierScore, correctCount } from "./statistics.ts";
import type { EpochMs } from "./time.ts";
import type { Direction } from "./venue.ts";

/** One symbol and bar that the chain judged, or could not judge ("no signal"). Warm-up bars are not among them. */
export type JudgedBar =
  | { readonly kind: "noSignal"; readonly symbol: string; readonly barOpenMs: EpochMs; readonly reason: string }
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
  /** Bars over the model's own threshold (`over_threshold`), whatever became of them. */
  readonly overThreshold: number;
  /** Bars by the first gate that stopped them, in the order of the gates. */
  readonly stoppedBy: Readonly<Record<string, number>>;
  /** Bars by every gate they failed: what would still have stopped them. */
  readonly failed: Readonly<Record<string, number>>;
  readonly proposed: number;
}

/** The gates' order when no bar shows it; names as in lib/core/gates.ts. */
const GATE_ORDER = [
  "side",
  "probability",
  "rank",
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

/** A gate as people read it in "150 below p_touch". */
export const GATE_WORDS: Readonly<Record<string, string>> = {
  side: "without side",
  probability: "below p_touch",
  rank: "below rank",
  spread: "spread too wide",
  volume: "volume too thin",
  news: "near news",
  rollover: "too near 06:00 JST",
  maintenance: "near maintenance",
  halt: "halted",
  openTrade: "trade already open",
  pendingProposal: "proposal already pending",
  dailyTrades: "daily trades used up",
  lossLimits: "loss limit reached",
  size: "size below minimum",
};
export const gateWords = (gate: string): string => GATE_WORDS[gate] ?? gate;

/** "192 bars: 150 below p_touch, 39 below rank, 3 proposed". */
export const funnelText = (funnel: Funnel): string => {
  const parts = [
    ...(funnel.noSignal > 0 ? [`${funnel.noSignal} no signal`] : []),
    ...Object.entries(funnel.stoppedBy).map(([gate, count]) => `${count} ${gateWords(gate)}`),
    ...(funnel.unfinished > 0 ? [`${funnel.unfinished} unfinished`] : []),
    `${funnel.proposed} proposed`,
  ];
  return `${funnel.bars} bars: ${parts.join(", ")}`;
};

/** One head's probability for a bar and what happened. */
export interface HeadScore {
  readonly modelId: string;
  readonly symbol: string;
  readonly side: Direction;
  readonly pTouch: number;
  readonly touched: boolean;
  readonly closedBeyond: boolean;
}
export interface HeadPerformance {
  readonly modelId: string;
  readonly symbol: string;
  readonly side: Direction;
  /** Predictions whose outcome is known. */
  readonly predictions: number;
  /** p >= 0.5 exactly when the touch came. */
  readonly correct: number;
  readonly accuracy: number | undefined;
  /** Share of bars that touched: accuracy is worth something only against it. */
  readonly baseRate: number | undefined;
  readonly auc: number | undefined;
  /** The same probabilities against the other reading, "closes 0.3 % beyond after exactly one hour". */
  readonly aucClosedBeyond: number | undefined;
  readonly brier: number | undefined;
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
      };
    });
};

/** The owner's Warning (architecture 8.1): a head that ranks no better than this. */
export const AUC_WARNING = 0.52;
/** Trailing days the AUC is taken over (DESIGN 8). */
export const AUC_WINDOW_DAYS = 30;
/** Labelled bars below which an AUC is mostly luck (its standard error is about 0.06 at 96): no verdict yet. */
export const MIN_AUC_SAMPLE = 96;
export const aucIsLow = (head: HeadPerformance): boolean =>
  head.auc !== undefined && head.predictions >= MIN_AUC_SAMPLE && head.auc < AUC_WARNING;
