// From candles to training samples, and the splits between them. A sample's label covers the next hour, so two adjacent
// segments are separated twice: a label must end inside its own segment (purge), and the first bars of the later
// segment are left out (embargo).
import type { Candle } from "../../lib/core/candle.ts";
import { computeFeatureSeries } from "../../lib/core/features.ts";
import { TOUCH_HORIZON_MS, touchLabel } from "../../lib/core/labels.ts";
import { BAR_MS } from "../../lib/core/time.ts";
import type { Direction } from "../../lib/core/venue.ts";

export const EMBARGO_BARS = 96;
export type Reading = "touch" | "close";
export interface Sample {
  /** Close of the judged bar: the moment the prediction is made. */
  readonly closeMs: number;
  /** The last moment the label depends on. */
  readonly labelEndMs: number;
  readonly values: readonly number[];
  readonly labels: Readonly<Record<Reading, Readonly<Record<Direction, boolean>>>>;
}

/** One sample per bar that has features and a whole hour of candles after it. */
export const buildSamples = (candles: readonly Candle[]): Sample[] => {
  const features = computeFeatureSeries(candles);
  const samples: Sample[] = [];
  for (const [i, { openMs, close }] of candles.entries()) {
    const result = features[i]!;
    if (result.kind !== "ok") continue;
    const hour = candles.slice(i + 1, i + 1 + TOUCH_HORIZON_MS / BAR_MS);
    const long = touchLabel("long", openMs, close, hour);
    const short = touchLabel("short", openMs, close, hour);
    if (!long || !short) continue;
    const closeMs = openMs + BAR_MS;
    samples.push({
      closeMs,
      labelEndMs: closeMs + TOUCH_HORIZON_MS,
      values: result.values,
      labels: {
        touch: { long: long.touched, short: short.touched },
        close: { long: long.closedBeyond, short: short.closedBeyond },
      },
    });
  }
  return samples;
};

/** Samples judged from `fromMs` plus the embargo on, whose labels end by `toMs`. */
export const segment = (samples: readonly Sample[], fromMs: number, toMs: number): Sample[] =>
  samples.filter((s) => s.closeMs >= fromMs + EMBARGO_BARS * BAR_MS && s.labelEndMs <= toMs);
