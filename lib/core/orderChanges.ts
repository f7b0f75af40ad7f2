// What the venue shows of an order or position of ours, compared with what we meant. GMO changes an order in place by
// its page or API (GMO API 7.9: the id stays), so the row is compared at every look. Pure; nothing is written here. Our
// own moves are a cancel and a new order with a new id, so a difference under one id is never a move of ours.
import { type CoinE8, formatE8, maxBig, minBig, toNumber, type YenE8 } from "./money.ts";
import type { Intent } from "./order.ts";
import { isSpot } from "./product.ts";
import { riskYen } from "./tradePlan.ts";
import { type Direction, isTerminalStatus, type VenueOrder } from "./venue.ts";

export type ChangedField = "side" | "executionType" | "settleType" | "price" | "size" | "losscutPrice";
/** `before`: our book, `after`: the venue; decimals in yen or coins, "none" where there is no price. */
export interface OrderChange {
  readonly field: ChangedField;
  readonly before: string;
  readonly after: string;
}

const amount = (value: bigint | undefined): string => (value === undefined ? "none" : formatE8(value));

/**
 * Fields in which the venue's order differs from our row; empty: it is the order we meant. Not compared: an order whose
 * change or cancel is under way or that ended without a fill, the price of a MARKET order, a price the venue does not
 * show any more, the settle type of coins (GMO API 5: only inferred), the loss-cut price of a closing order.
 */
export const changesOf = (intent: Intent, shown: VenueOrder): readonly OrderChange[] => {
  if (shown.status === "MODIFYING" || shown.status === "CANCELLING") return [];
  if (isTerminalStatus(shown.status) && shown.executedSize === 0n) return [];
  const changes: OrderChange[] = [];
  const compare = (field: ChangedField, before: string, after: string): void => {
    if (before !== after) changes.push({ field, before, after });
  };
  compare("side", intent.side, shown.side);
  compare("executionType", intent.executionType, shown.executionType);
  // The venue's own loss-cut of our order's position is no change of the order.
  if (!isSpot(intent.symbol) && shown.settleType !== "LOSS_CUT")
    compare("settleType", intent.purpose === "entry" ? "OPEN" : "CLOSE", shown.settleType);
  if (intent.price !== undefined && shown.price !== undefined)
    compare("price", amount(intent.price), amount(shown.price));
  compare("size", amount(intent.size), amount(shown.size));
  if (intent.purpose === "entry" && !isSpot(intent.symbol))
    compare("losscutPrice", amount(intent.losscutPrice), amount(shown.losscutPrice));
  return changes;
};

/** Fields that no change in place can alter (GMO API 7.9): what rests there is not the order we sent. */
const KIND: ReadonlySet<ChangedField> = new Set(["side", "executionType", "settleType"]);
export const isOtherKind = (changes: readonly OrderChange[]): boolean => changes.some((c) => KIND.has(c.field));

/** The fields of a row that follow the venue. */
export type Followed = Pick<Intent, "price" | "size" | "losscutPrice">;
export const followed = (intent: Intent, shown: VenueOrder): Followed => ({
  price: intent.price === undefined ? undefined : (shown.price ?? intent.price),
  size: shown.size,
  losscutPrice: intent.purpose === "entry" && !isSpot(intent.symbol) ? shown.losscutPrice : intent.losscutPrice,
});

/** The price that was meant: one that nobody changed may stand some ticks beside it (distinctPrice). */
export const plannedPrice = (intent: Intent, to: Followed): YenE8 | undefined =>
  to.price === intent.price ? intent.plannedPrice : to.price;

/** Whether a stop at `price` loses more than one at `than`. */
export const losesMore = (direction: Direction, price: YenE8, than: YenE8): boolean =>
  direction === "long" ? price < than : price > than;

/** What was approved of an entry: yen per coin, and the size that is still to fill. */
interface ApprovedEntry {
  readonly direction: Direction;
  readonly low: YenE8;
  readonly high: YenE8;
  readonly stop: YenE8;
  readonly rest: CoinE8;
}
/**
 * Whether an entry that was changed on the exchange's page may go on resting: its planned price inside the approved band
 * and before the stop, its unfilled size not above what is still to fill. A tight stop may lie inside the band; an entry
 * at or beyond it would be closed again at once.
 */
export const mayRest = (
  order: { readonly plannedPrice: YenE8 | undefined; readonly size: CoinE8; readonly executed: CoinE8 },
  { direction, low, high, stop, rest }: ApprovedEntry,
): boolean => {
  const price = order.plannedPrice;
  if (price === undefined || price < low || price > high || !losesMore(direction, stop, price)) return false;
  return order.size - order.executed <= rest;
};

/** The stop that loses less. */
export const nearerStop = (direction: Direction, a: YenE8, b: YenE8): YenE8 =>
  direction === "long" ? maxBig(a, b) : minBig(a, b);

/** Whole yen lost when `size` entered at `entry` stops out at `stop`, rounded up; 0 for a stop in profit. */
export const stopLossYen = (direction: Direction, entry: YenE8, stop: YenE8, size: CoinE8): number =>
  losesMore(direction, stop, entry) ? Math.ceil(toNumber(riskYen(entry, stop, size))) : 0;

/** Whether a stop risks more whole yen than the approved one, for the same size. */
export const risksMore = (
  direction: Direction,
  p: { readonly entry: YenE8; readonly stop: YenE8; readonly approved: YenE8; readonly size: CoinE8 },
): boolean => stopLossYen(direction, p.entry, p.stop, p.size) > stopLossYen(direction, p.entry, p.approved, p.size);

/** Whether the loss-cut price of a position stands before its stop: the venue would close it first, for a fee of 0.5 %. */
export const cutsBeforeStop = (direction: Direction, losscut: YenE8 | undefined, stop: YenE8): boolean =>
  losscut !== undefined && !losesMore(direction, losscut, stop);
