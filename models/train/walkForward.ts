// Out-of-sample measurement: every test period is predicted by fits that ended before it (train, early stopping and
// calibration alike), and all periods are measured together.
import { BAR_MS, DAY_MS } from "../../lib/core/time.ts";
import type { Metrics, NativeCheck } from "../manifest.ts";
import { type Fit, fitHead, judge, type Target } from "./fit.ts";
import { type Judged, measure } from "./metrics.ts";
import { ATR_PARAMETERS } from "./plan.ts";
import { EMBARGO_BARS, type Sample, segment } from "./samples.ts";
import type { Parameters } from "./trainer.ts";

/** The ATR-only fits of a target, one per period: they do not depend on the trial, so they are fitted once. */
export class AtrFits {
  readonly #known = new Map<string, Promise<Fit>>();
  constructor(readonly program: string) {}
  at(samples: readonly Sample[], key: string, endMs: number, target: Target): Promise<Fit> {
    const name = `${key} ${target.side} ${target.reading} ${endMs}`;
    const known = this.#known.get(name) ?? fitHead(this.program, ATR_PARAMETERS, samples, endMs, target, true);
    this.#known.set(name, known);
    return known;
  }
}

/** Metrics over all periods between neighbouring `edges`. `key` names the symbol. */
export const walkForward = async (
  program: string,
  parameters: Parameters,
  samples: readonly Sample[],
  edges: readonly number[],
  target: Target,
  atrFits: AtrFits,
  key: string,
): Promise<Metrics> => {
  const judged: Judged[] = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    const fit = await fitHead(program, parameters, samples, edges[i]!, target);
    const atrFit = await atrFits.at(samples, key, edges[i]!, target);
    judged.push(...judge(segment(samples, edges[i]!, edges[i + 1]!), target, fit, atrFit));
  }
  return measure(judged);
};

/**
 * Scores bars of another source (GMO's own trades) with fits on `samples` that end before the first of those bars:
 * the confirmation is out of sample in time as well as in source. One result per stretch without a gap of a month.
 */
export const confirmNative = async (
  program: string,
  parameters: Parameters,
  samples: readonly Sample[],
  native: readonly Sample[],
  symbol: string,
  target: Target,
  atrFits: AtrFits,
): Promise<NativeCheck[]> => {
  const stretches: Sample[][] = [];
  for (const sample of native) {
    const last = stretches.at(-1)?.at(-1);
    if (last === undefined || sample.closeMs - last.closeMs > 30 * DAY_MS) stretches.push([sample]);
    else stretches.at(-1)!.push(sample);
  }
  const checks: NativeCheck[] = [];
  for (const stretch of stretches) {
    const endMs = stretch[0]!.closeMs - EMBARGO_BARS * BAR_MS;
    const fit = await fitHead(program, parameters, samples, endMs, target);
    const atrFit = await atrFits.at(samples, symbol, endMs, target);
    checks.push({
      symbol,
      side: target.side,
      fromMs: stretch[0]!.closeMs,
      toMs: stretch.at(-1)!.labelEndMs,
      metrics: measure(judge(stretch, target, fit, atrFit)),
    });
  }
  return checks;
};
