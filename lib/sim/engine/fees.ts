// Fees and realised profit with the venue's rounding (GMO API 5.1, 16). Pure.
import {
  type CoinE8,
  ceilToStep,
  E8,
  floorDiv,
  floorToStep,
  parseRatio,
  pnlYen,
  type RatioE8,
  ratioOfYenUp,
  type YenE8,
  yenE8,
} from "../../core/money.ts";
import type { Side } from "../../core/venue.ts";

/** Charged for every position held across 06:00 JST, of the day's closing price x size. */
export const LEVERAGE_FEE_RATIO: RatioE8 = parseRatio("0.0004");
/** Charged per loss cut, of entry price x size. */
export const LOSSCUT_FEE_RATIO: RatioE8 = parseRatio("0.005");

/** "yen": whole yen against the account; "nearest": half up; "exact". GMO's rounding is not documented (GMO API 16). */
export type YenRounding = "yen" | "nearest" | "exact";
const nearestYen = (value: YenE8): YenE8 => yenE8(floorDiv(value + E8 / 2n, E8) * E8);
/**
 * A fee rounds up. A rebate (negative ratio) rounds towards zero, so it is never larger than due (except "nearest").
 */
export const feeYen = (amount: YenE8, ratio: RatioE8, rounding: YenRounding): YenE8 => {
  const exact = ratioOfYenUp(amount, ratio);
  return rounding === "exact" ? exact : rounding === "nearest" ? nearestYen(exact) : ceilToStep(exact, E8);
};
export const gainYen = (side: Side, entry: YenE8, exit: YenE8, size: CoinE8, rounding: YenRounding): YenE8 => {
  const exact = pnlYen(side === "BUY" ? "long" : "short", entry, exit, size);
  return rounding === "exact" ? exact : rounding === "nearest" ? nearestYen(exact) : floorToStep(exact, E8);
};
