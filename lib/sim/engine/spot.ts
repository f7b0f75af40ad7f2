// Spot balances (GMO API 5, 7.8): yen and coins locked by resting orders, yen available for a purchase. Pure. Spot and
// margin share one yen balance: yen locked by spot purchases cannot serve as margin, and margin in use cannot buy
// coins.
import { type CoinE8, coinE8, maxBig, minBig, notionalYen, type YenE8, yenE8 } from "../../core/money.ts";
import type { SymbolRules } from "../../core/venue.ts";
import type { Account } from "./account.ts";
import { feeYen } from "./fees.ts";
import type { VenueOptions } from "./options.ts";
import { isSpot, remainingOf, type SimOrder, type SimState } from "./state.ts";

/** The price that determines the lock of a live order: the higher one while a change is pending. */
export const lockPrice = (order: SimOrder): YenE8 =>
  order.change === undefined ? order.price! : maxBig(order.price!, order.change.price);

/** Yen locked by a purchase of `size` at `price`. */
export const purchaseYen = (price: YenE8, size: CoinE8, rules: SymbolRules, options: VenueOptions): YenE8 => {
  const notional = notionalYen(price, size);
  // A rebate never reduces the lock.
  const fee = options.lockTakerFee ? maxBig(feeYen(notional, rules.takerFee, options.yenRounding), yenE8(0n)) : 0n;
  return yenE8(notional + fee);
};

export const lockedYen = (
  state: SimState,
  rules: ReadonlyMap<string, SymbolRules>,
  options: VenueOptions,
  except?: SimOrder,
): YenE8 => {
  let sum = 0n;
  for (const order of state.liveOrders.values())
    if (isSpot(order.symbol) && order.side === "BUY" && order.price !== undefined && order !== except)
      sum += purchaseYen(lockPrice(order), remainingOf(order), rules.get(order.symbol)!, options);
  return yenE8(sum);
};
const lockedCoin = (state: SimState, coin: string): CoinE8 => {
  let sum = 0n;
  for (const order of state.liveOrders.values())
    if (order.symbol === coin && order.side === "SELL") sum += remainingOf(order);
  return coinE8(sum);
};
export const availableCoin = (state: SimState, coin: string): CoinE8 =>
  coinE8(state.coin(coin) - lockedCoin(state, coin));

/**
 * Yen that a spot purchase may cost now: settled yen without locks, limited by the account's free margin. `ownLock` is
 * the amount that the purchase itself has already locked.
 */
export const spendableYen = (account: Account, ownLock: YenE8 = yenE8(0n)): YenE8 => {
  const settled = account.cash - account.locked + ownLock;
  const free = account.equity - account.used - account.reserved - account.locked + ownLock;
  return maxBig(yenE8(minBig(settled, free)), yenE8(0n));
};
