// One OHLCV candle. Prices are doubles here because candles feed features and labels, never an order.
import type { EpochMs } from "./time.ts";

export interface Candle {
  /** Bar open, UTC epoch ms. */
  readonly openMs: EpochMs;
  /** Yen per whole coin. */
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Base coins traded, as the source counts them (GMO prints both sides, GMO API 4.5). */
  readonly volume: number;
}
