// Which of the candles before a bar its indicators may be computed from. One rule for training, backtest and live: a
// window of four whole UTC days and the bar's own day, shortened behind holes. Bars inside a known closed time of the
// venue are not missing. After a hole the silence lasts as long as the indicators need, not as long as the window.
import { BAR_MS, type EpochMs, epochMs } from "./time.ts";
import { isClosedBar } from "./venueHours.ts";

/** The judged bar and the bars just before it must all be there. */
export const COMPLETE_RECENT_BARS = 20;
/** Older holes are bridged up to this many bars in total; the window begins behind any more. */
export const MAX_MISSING_BARS = 12;
/**
 * The shortest window: 96 returns need 97 closes. The recursive indicators are then within the drift that docs/numbers.md
 * states of their value over the whole window.
 */
export const MIN_WINDOW_BARS = 97;

/** The `count`-th bar after the one that opens at `openMs`, bars of known closed times left out. */
export const barAfter = (openMs: number, count: number): EpochMs => {
  let at = openMs;
  for (let left = count; left > 0; ) {
    at += BAR_MS;
    if (!isClosedBar(at)) left--;
  }
  return epochMs(at);
};

/** Bars that are missing between two bars, both excluded; bars of known closed times are not. */
const missingBetween = (openMs: number, nextOpenMs: number): number => {
  let missing = 0;
  for (let at = openMs + BAR_MS; at < nextOpenMs; at += BAR_MS) if (!isClosedBar(at)) missing++;
  return missing;
};

interface Opens {
  readonly openMs: number;
}
interface BarHistory {
  /** Index of the first bar of the window. */
  readonly first: number;
  /** Bars that must still come before a bar can be judged; 0: this one can. */
  readonly needed: number;
  /** Why not, when `needed` is above 0. */
  readonly reason: string;
  /** Index of the first bar after the newest hole; undefined without one. */
  readonly afterHole: number | undefined;
}

/**
 * The window of `bars[last]` among `bars[oldest..last]`, which ascend and lie in the longest window: as far back as at
 * most MAX_MISSING_BARS are missing.
 */
export const barHistory = (bars: readonly Opens[], oldest: number, last: number): BarHistory => {
  let first = last;
  let missing = 0;
  let afterHole: number | undefined;
  while (first > oldest) {
    const gap = missingBetween(bars[first - 1]!.openMs, bars[first]!.openMs);
    if (gap > 0) afterHole ??= first;
    if (missing + gap > MAX_MISSING_BARS) break;
    missing += gap;
    first--;
  }
  const length = last - first + 1;
  const recent = afterHole === undefined ? 0 : COMPLETE_RECENT_BARS - (last - afterHole + 1);
  const short = MIN_WINDOW_BARS - length;
  const reason =
    short > 0
      ? `history too short or with holes: ${length} of ${MIN_WINDOW_BARS} bars since the last hole that is too long, at most ${MAX_MISSING_BARS} may be missing`
      : `a bar is missing among the last ${COMPLETE_RECENT_BARS}`;
  return { first, needed: Math.max(0, recent, short), reason, afterHole };
};

/**
 * The first bar that can be judged when every bar from the one after `barOpenMs` on arrives; `bars` are those that are
 * there before it, oldest first. For a bar that is itself missing.
 */
export const firstJudgedAfter = (bars: readonly Opens[], barOpenMs: number): EpochMs => {
  const next = barAfter(barOpenMs, 1);
  const known = bars.filter((bar) => bar.openMs < next);
  return barAfter(next, barHistory([...known, { openMs: next }], 0, known.length).needed);
};
