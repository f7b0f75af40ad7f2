// Spot balances (GMO API 5, 7.8): what resting orders lock of yen and coins, what a purchase may still cost. Pure. Spot and
// margin share one yen balance: yen locked by spot purchases are no margin, and margin in use buys no coins.
import { type CoinE8, coinE8, maxBig, minBig, notionalYen, type YenE8, yenE8 } from "../../core/money.ts";
import type { SymbolRules } from "../../core/venue.ts";
import type { Account } from "./account.ts";
import { feeYen } from "./fees.ts";
import type { VenueOptions } from "./options.ts";
import { isSpot, remainingOf, type SimOrder, type SimState } from "./state.ts";

/** The price a live order is locked at: the dearer one while a change is on its way. */
export const lockPrice = (order: SimOrder): YenE8 =>
  order.change === undefined ? order.price! : maxBig(order.price!, order.change.price);

/** Yen a purchase of `size` at `price` sets aside. */
export const purchaseYen = (price: YenE8, size: CoinE8, rules: SymbolRules, options: VenueOptions): YenE8 => {
  const notional = notionalYen(price, size);
  // A rebate is never counted on.
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
export const lockedCoin = (state: SimState, coin: string): CoinE8 => {
  let sum = 0n;
  for (const order of state.liveOrders.values())
    if (order.symbol === coin && order.side === "SELL") sum += remainingOf(order);
  return coinE8(sum);
};
export const availableCoin = (state: SimState, coin: string): CoinE8 =>
  coinE8(state.coin(coin) - lockedCoin(state, coin));

/**
 * Yen a spot purchase may cost now: settled money that nothing locks, and no more than the account's free margin.
 * `ownLock` is what the purchase itself has locked already.
 */
export const spendableYen = (account: Account, ownLock: YenE8 = yenE8(0n)): YenE8 => {
  const settled = account.cash - account.locked + ownLock;
  const free = account.equity - account.used - account.reserved - account.locked + ownLock;
  return maxBig(yenE8(minBig(settled, free)), yenE8(0n));
};
