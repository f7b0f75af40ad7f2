// Quantiles of samples, medians and spreads over rounds, and when a difference between two queues is noise.

export const round = (value: number, digits = 3): number => Number(value.toFixed(digits));

export const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
};

/** One number measured once per round. */
export interface Measured {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}
export const measured = (rounds: readonly number[]): Measured => ({
  median: round(quantile(rounds, 0.5)),
  min: round(Math.min(...rounds)),
  max: round(Math.max(...rounds)),
});

export type Better = "higher" | "lower";
export interface Comparison {
  /** How many times better ours is; below 1 the rival is. */
  readonly oursTimesBetter: number;
  /** "noise" when the spreads of the rounds overlap: this run shows no difference. */
  readonly verdict: "ours" | "rival" | "noise";
}
export const compare = (ours: Measured, rival: Measured, better: Better): Comparison => {
  const [high, low] = better === "higher" ? [ours, rival] : [rival, ours];
  const oursTimesBetter = round(high.median / low.median, 2);
  if (ours.min <= rival.max && rival.min <= ours.max) return { oursTimesBetter, verdict: "noise" };
  return { oursTimesBetter, verdict: oursTimesBetter > 1 ? "ours" : "rival" };
};
