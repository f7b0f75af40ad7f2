// Whether a head adds anything to the ATR: its Brier score against that of a baseline that knows ATR(14) / close only. AUC
// cannot see this, since ATR alone ranks nearly as well. The baseline is out of sample: each JST day's bars are predicted
// from the labelled bars of earlier days alone.
import { brierScore, quantiles, type Scored } from "./statistics.ts";
import { type EpochMs, jstDate } from "./time.ts";

export interface AtrScored extends Scored {
  readonly atMs: EpochMs;
  /** ATR(14) over the close; undefined: not known, the bar is left out. */
  readonly atrRatio: number | undefined;
}
export interface AtrSkill {
  /** 1 - Brier of the head / Brier of the baseline: above 0 the head adds information. undefined: not enough days. */
  readonly skill: number | undefined;
  /** Days on which both were judged. */
  readonly days: number;
}

/** The baseline learns this many days before anything is judged, so that it is no straw man. */
const LEARNING_DAYS = 7;
/** One day's score has a standard error as large as the skill itself. */
export const MIN_SKILL_DAYS = 14;
const BINS = 5;
/** Each bin starts with the base rate, as if seen on this many bars. */
const PRIOR_BARS = 20;

/** `rows` in any order. The rate of touches in the bar's fifth of the ATR over all earlier days is the baseline. */
export const skillAgainstAtr = (rows: readonly AtrScored[]): AtrSkill => {
  const days = new Map<string, (AtrScored & { atrRatio: number })[]>();
  for (const row of [...rows].sort((a, b) => a.atMs - b.atMs)) {
    if (row.atrRatio === undefined) continue;
    const date = jstDate(row.atMs);
    days.set(date, [...(days.get(date) ?? []), { ...row, atrRatio: row.atrRatio }]);
  }
  const past: (AtrScored & { atrRatio: number })[] = [];
  const head: Scored[] = [];
  const baseline: Scored[] = [];
  let judged = 0;
  [...days.values()].forEach((today, index) => {
    if (index >= LEARNING_DAYS) {
      judged++;
      const rate = rateByAtr(past);
      for (const { p, hit, atrRatio } of today) {
        head.push({ p, hit });
        baseline.push({ p: rate(atrRatio), hit });
      }
    }
    past.push(...today);
  });
  const base = brierScore(baseline);
  const own = brierScore(head);
  const known = judged >= MIN_SKILL_DAYS && own !== undefined && base !== undefined && base > 0;
  return { skill: known ? 1 - own / base : undefined, days: judged };
};

const rateByAtr = (past: readonly { readonly hit: boolean; readonly atrRatio: number }[]) => {
  const edges = quantiles(
    past.map((row) => row.atrRatio),
    BINS,
  );
  const binOf = (atrRatio: number): number => edges.filter((edge) => atrRatio > edge).length;
  const all = past.filter((row) => row.hit).length / past.length;
  const count = new Array<number>(BINS).fill(PRIOR_BARS);
  const hits = new Array<number>(BINS).fill(PRIOR_BARS * all);
  for (const { hit, atrRatio } of past) {
    const bin = binOf(atrRatio);
    count[bin]!++;
    if (hit) hits[bin]!++;
  }
  return (atrRatio: number): number => hits[binOf(atrRatio)]! / count[binOf(atrRatio)]!;
};
