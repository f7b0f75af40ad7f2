// How a filled position is split into legs, each with its own stop from the start, and where the loss-cut price stands.
// The venue has one settle slot per quantity (GMO API 8.6): the stop takes it; watchPosition handles the take-profit.
import { AppError } from "./errors.ts";
import {
  type CoinE8,
  ceilToStep,
  coinE8,
  floorToStep,
  formatE8,
  maxBig,
  minBig,
  type RatioE8,
  ratioOfYenDown,
  type YenE8,
  yenE8,
} from "./money.ts";
import type { Direction } from "./venue.ts";

interface LotRules {
  readonly minSize: CoinE8;
  readonly sizeStep: CoinE8;
  readonly tick: YenE8;
}
export interface ApprovedExits {
  readonly direction: Direction;
  readonly stop: YenE8;
  readonly tp1: YenE8;
  readonly tp2: YenE8;
}
export interface LegPlan {
  /** Which target this leg takes profit at. */
  readonly target: 1 | 2;
  readonly size: CoinE8;
  readonly stop: YenE8;
  readonly targetPrice: YenE8;
  /** More than was approved: it gets its stop, then it is closed at market. */
  readonly excess?: boolean;
}

/**
 * Legs of one new position of `size`: two lots give one half to TP1 (rounded down to the step) and the remainder to
 * TP2; otherwise one leg, at TP1 unless the trade already holds more at TP1 than at TP2 (so many small fills still
 * split in halves). The sizes add up to `size` exactly. Throws AppError alert LEG_SIZE when `size` is not above 0.
 */
export const splitIntoLegs = (
  size: CoinE8,
  exits: ApprovedExits,
  rules: LotRules,
  already: { readonly tp1: CoinE8; readonly tp2: CoinE8 } = { tp1: coinE8(0n), tp2: coinE8(0n) },
): readonly LegPlan[] => {
  if (size <= 0n) throw new AppError("alert", "LEG_SIZE", `expected a position above 0, found ${formatE8(size)}`);
  const leg = (target: 1 | 2, legSize: CoinE8): LegPlan => wholeLeg(legSize, exits, rules, target);
  const half = floorToStep(coinE8(size / 2n), rules.sizeStep);
  const remainder = coinE8(size - half);
  if (half >= rules.minSize && remainder >= rules.minSize && half > 0n) return [leg(1, half), leg(2, remainder)];
  return [leg(already.tp1 > already.tp2 ? 2 : 1, size)];
};

/** One leg of exactly `size`. */
export const wholeLeg = (
  size: CoinE8,
  exits: ApprovedExits,
  rules: Pick<LotRules, "tick">,
  target: 1 | 2 = 1,
): LegPlan => ({
  target,
  size,
  stop: stopOnTick(exits.direction, exits.stop, rules.tick),
  targetPrice: targetOnTick(exits.direction, target === 1 ? exits.tp1 : exits.tp2, rules.tick),
});

/** An open leg, as `coverRemainder` needs it. */
export interface OpenLeg {
  readonly id: number;
  readonly target: 1 | 2;
  readonly open: CoinE8;
}
interface Cover {
  readonly grow: readonly { readonly legId: number; readonly by: CoinE8 }[];
  readonly add: readonly LegPlan[];
}

/**
 * Legs for the part of a position that has none: new ones where it is enough for an order. A leg below the venue's
 * minimum, which no order can protect, is filled up first; a part below the minimum joins the smallest open leg.
 */
export const coverRemainder = (
  remainder: CoinE8,
  exits: ApprovedExits,
  rules: LotRules,
  open: readonly OpenLeg[],
  already: { readonly tp1: CoinE8; readonly tp2: CoinE8 },
): Cover => {
  const dust = open.find((leg) => leg.open < rules.minSize);
  if (dust !== undefined) {
    const [first, second] = splitIntoLegs(coinE8(dust.open + remainder), exits, rules, already);
    if (first === undefined || second === undefined) return { grow: [{ legId: dust.id, by: remainder }], add: [] };
    const [own, other] = first.target === dust.target ? [first, second] : [second, first];
    return { grow: [{ legId: dust.id, by: coinE8(own.size - dust.open) }], add: [other] };
  }
  const smallest = open.toSorted((a, b) => (a.open < b.open ? -1 : a.open > b.open ? 1 : a.id - b.id))[0];
  if (remainder < rules.minSize && smallest !== undefined)
    return { grow: [{ legId: smallest.id, by: remainder }], add: [] };
  return { grow: [], add: splitIntoLegs(remainder, exits, rules, already) };
};

/**
 * How much of a new `fill` exceeds the `approved` size when `planned` was filled before: an order given up as lost
 * has filled after its successor. From 0 to `fill`.
 */
export const excessOf = (fill: CoinE8, planned: CoinE8, approved: CoinE8): CoinE8 =>
  coinE8(minBig(fill, maxBig(planned + fill - approved, 0n)));

/** A stop on the tick, rounded toward the entry: never more loss than approved. */
export const stopOnTick = (direction: Direction, price: YenE8, tick: YenE8): YenE8 =>
  direction === "long" ? ceilToStep(price, tick) : floorToStep(price, tick);
/** A target on the tick, rounded away from the entry: never less profit than approved. */
const targetOnTick = (direction: Direction, price: YenE8, tick: YenE8): YenE8 =>
  direction === "long" ? ceilToStep(price, tick) : floorToStep(price, tick);

const FENCE_STOPS = 3n;
const FENCE_MIN: RatioE8 = 2_000_000n as RatioE8; // 2 %
const FENCE_MAX: RatioE8 = 20_000_000n as RatioE8; // the venue's own loss-cut stands at 25 % (GMO API 5.1)

/**
 * The loss-cut price sent with a margin entry, a second protection behind the stop. It costs 0.5 % when hit, so it
 * stands well behind: three stop distances, at least 2 % and at most 20 % from the entry. On the tick, rounded away
 * from the entry.
 */
export const losscutFence = (direction: Direction, entry: YenE8, stop: YenE8, tick: YenE8): YenE8 => {
  const distance = maxBig(direction === "long" ? entry - stop : stop - entry, 0n);
  const away = minBig(
    maxBig(distance * FENCE_STOPS, ratioOfYenDown(entry, FENCE_MIN) as bigint),
    ratioOfYenDown(entry, FENCE_MAX) as bigint,
  );
  return direction === "long" ? floorToStep(yenE8(entry - away), tick) : ceilToStep(yenE8(entry + away), tick);
};

/**
 * Whether the loss-cut price stands behind the stop. A stop 20 % or more from the entry could be reached after it, or
 * after the venue's own loss-cut at 25 % (GMO API 5.1): such a trade is not made on margin.
 */
export const fenceIsBehind = (entry: YenE8, stop: YenE8): boolean =>
  (entry > stop ? entry - stop : stop - entry) < ratioOfYenDown(entry, FENCE_MAX);

/** The stop of the remaining legs once TP1 is taken: the entry price, never worse than the stop it replaces. */
export const breakEvenStop = (direction: Direction, entry: YenE8, current: YenE8, tick: YenE8): YenE8 => {
  const wanted = stopOnTick(direction, entry, tick);
  return direction === "long" ? maxBig(wanted, current) : minBig(wanted, current);
};
