// The times of a day without signals, symbol by symbol, for the reports: from when, to when, why, and the bars.
import { barAfter } from "./barHistory.ts";
import type { NoSignalKind } from "./noSignal.ts";
import { BAR_MS, type EpochMs, epochMs, plusMs } from "./time.ts";

interface Bar {
  readonly symbol: string;
  readonly barOpenMs: EpochMs;
  /** undefined: it was judged. */
  readonly why?: NoSignalKind | undefined;
  readonly judgedFromMs?: number | undefined;
}
export interface SilentRun {
  readonly symbol: string;
  /** Close of the first and of the last bar without a signal. */
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
  readonly bars: number;
  /** The reason of most of the bars. */
  readonly why: NoSignalKind;
  /** Close of the first bar that can be judged, when the run goes on at the end; undefined: over, or not known. */
  readonly untilMs: EpochMs | undefined;
}

/**
 * Runs of bars without a signal, in the order of their beginning. `bars` ascend; a bar between two of them that is not
 * there, outside the venue's known closed times, was not evaluated.
 */
export const silentRuns = (bars: readonly Bar[]): readonly SilentRun[] =>
  [...new Set(bars.map((bar) => bar.symbol))]
    .flatMap((symbol) => runsOf(symbol, withGaps(bars.filter((bar) => bar.symbol === symbol))))
    .sort((a, b) => a.fromMs - b.fromMs);

const withGaps = (bars: readonly Bar[]): readonly Bar[] =>
  bars.flatMap((bar, i) => {
    const missing: Bar[] = [];
    const before = bars[i - 1];
    if (before !== undefined)
      for (let at = barAfter(before.barOpenMs, 1); at < bar.barOpenMs; at = barAfter(at, 1))
        missing.push({ symbol: bar.symbol, barOpenMs: at, why: "notEvaluated" });
    return [...missing, bar];
  });

const runsOf = (symbol: string, bars: readonly Bar[]): readonly SilentRun[] => {
  const runs: SilentRun[] = [];
  let run: Bar[] = [];
  const end = (goesOn: boolean): void => {
    const [first, last] = [run[0], run.at(-1)];
    if (first !== undefined && last !== undefined) {
      const untilMs = goesOn && last.judgedFromMs !== undefined ? epochMs(last.judgedFromMs + BAR_MS) : undefined;
      const times = { fromMs: plusMs(first.barOpenMs, BAR_MS), toMs: plusMs(last.barOpenMs, BAR_MS) };
      runs.push({ symbol, ...times, bars: run.length, why: mostOf(run), untilMs });
    }
    run = [];
  };
  for (const bar of bars) {
    if (bar.why === undefined) end(false);
    else run.push(bar);
  }
  end(true);
  return runs;
};

const mostOf = (run: readonly Bar[]): NoSignalKind => {
  const counts = new Map<NoSignalKind, number>();
  for (const { why } of run) if (why !== undefined) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "notEvaluated";
};
