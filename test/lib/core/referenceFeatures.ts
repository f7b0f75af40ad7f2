// The twelve indicators written out from their definitions, the slow and obvious way, without tulind. Only for tests.
import type { Candle } from "../../../lib/core/candle.ts";

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
/** Population standard deviation, two passes. */
const deviation = (values: readonly number[]): number => {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((v) => (v - middle) ** 2)));
};
/** Wilder's smoothing: the mean of the first `period` values, then (previous x (period - 1) + value) / period. */
const wilder = (values: readonly number[], period: number): number =>
  values
    .slice(period)
    .reduce((smooth, value) => (smooth * (period - 1) + value) / period, mean(values.slice(0, period)));
const ema = (values: readonly number[], period: number): number =>
  values.slice(1).reduce((smooth, value) => smooth + (2 / (period + 1)) * (value - smooth), values[0]!);

/** Values in FEATURE_NAMES order for the last candle, from the whole of `candles`. */
export const referenceFeatures = (candles: readonly Candle[]): number[] => {
  const last = candles.at(-1)!;
  const close = candles.map((c) => c.close);
  const pairs = candles.slice(1).map((now, i) => ({ now, before: candles[i]! }));

  const changes = pairs.map(({ now, before }) => now.close - before.close);
  const gain = wilder(
    changes.map((c) => Math.max(c, 0)),
    14,
  );
  const loss = wilder(
    changes.map((c) => Math.max(-c, 0)),
    14,
  );

  const ranges = pairs.map(({ now, before }) =>
    Math.max(now.high - now.low, Math.abs(now.high - before.close), Math.abs(now.low - before.close)),
  );
  const atr = wilder([candles[0]!.high - candles[0]!.low, ...ranges], 14);

  const up = pairs.map(({ now, before }) => {
    const rise = now.high - before.high;
    return rise > before.low - now.low && rise > 0 ? rise : 0;
  });
  const down = pairs.map(({ now, before }) => {
    const fall = before.low - now.low;
    return fall > now.high - before.high && fall > 0 ? fall : 0;
  });
  const directional: number[] = [];
  let smoothUp = mean(up.slice(0, 13));
  let smoothDown = mean(down.slice(0, 13));
  for (let i = 13; i < up.length; i++) {
    smoothUp = (smoothUp * 13 + up[i]!) / 14;
    smoothDown = (smoothDown * 13 + down[i]!) / 14;
    directional.push(Math.abs(smoothUp - smoothDown) / (smoothUp + smoothDown));
  }
  const adx = wilder(directional, 14);

  const returns = pairs.map(({ now, before }) => now.close / before.close - 1);
  const twenty = close.slice(-20);
  const middle = mean(twenty);
  const half = 2 * deviation(twenty);

  const rawK = (end: number): number => {
    const window = candles.slice(end - 14, end);
    const high = Math.max(...window.map((c) => c.high));
    const low = Math.min(...window.map((c) => c.low));
    return (candles[end - 1]!.close - low) / (high - low);
  };
  const typical = candles.map((c) => (c.high + c.low + c.close) / 3);
  let inflow = 0;
  let outflow = 0;
  for (let i = candles.length - 14; i < candles.length; i++) {
    const money = typical[i]! * candles[i]!.volume;
    if (typical[i]! > typical[i - 1]!) inflow += money;
    else if (typical[i]! < typical[i - 1]!) outflow += money;
  }
  return [
    gain / (gain + loss),
    adx,
    atr / last.close,
    ranges.at(-1)! / atr,
    deviation(returns.slice(-96)),
    (2 * half) / middle,
    (last.close - (middle - half)) / (2 * half),
    (ema(close, 12) - ema(close, 26)) / atr,
    (last.close / close.at(-5)! - 1) / (atr / last.close),
    mean([0, 1, 2].map((back) => rawK(candles.length - back))),
    inflow / (inflow + outflow),
    last.volume / mean(candles.slice(-96).map((c) => c.volume)),
  ];
};
