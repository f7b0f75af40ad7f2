// One head's score of one closed bar.
import type { EpochMs } from "./time.ts";
import type { Direction } from "./venue.ts";

export interface Score {
  readonly modelId: string;
  readonly symbol: string;
  readonly side: Direction;
  readonly barOpenMs: EpochMs;
  /** Log-odds of the model file. */
  readonly raw: number;
  /** Calibrated probability that the side's ±0.3 % is touched within 60 minutes. */
  readonly pTouch: number;
}
