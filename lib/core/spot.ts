// Spot: coins as the position (docs/decisions/0012-spot.md). The venue has no position and reports no P&L of a sale, so
// both are ours: one position per trade, and the gain of a sale over the cost of its coins. Pure.
import { type CoinE8, ceilDiv, coinE8, E8, floorDiv, maxBig, minBig, type YenE8, yenE8 } from "./money.ts";

/**
 * A trade's coins are one position: coins are fungible, and a fill too small to sell alone can be sold with the others.
 */
export const spotPositionId = (tradeId: number): string => `spot:${tradeId}`;

interface Booked {
  readonly kind: "open" | "close";
  readonly size: CoinE8;
  readonly price: YenE8;
  readonly lossGain: YenE8;
}
interface Sale {
  readonly size: CoinE8;
  readonly price: YenE8;
}

/** Yen for `size` at `price`; exact on the venue's ticks and steps, else rounded down. */
const proceeds = ({ price, size }: Sale): bigint => floorDiv(price * size, E8);

/** Cost of `sold` of the bought coins at their mean price, rounded up; all of them cost exactly what was paid. */
const costOf = (opens: readonly Sale[], sold: bigint): bigint => {
  const opened = opens.reduce((sum, e) => sum + e.size, 0n);
  const paid = opens.reduce((sum, e) => sum + ceilDiv(e.price * e.size, E8), 0n);
  return sold >= opened ? paid : ceilDiv(paid * sold, opened);
};

/**
 * Gain of a sale before fees, yen: its proceeds less the cost of its coins, given everything the trade has booked
 * before.
 * Rounds down; once all coins are sold the gains add up to proceeds less cost exactly. Coins sold beyond the trade's
 * own gain nothing.
 */
export const saleGain = (booked: readonly Booked[], sale: Sale): YenE8 => {
  const opens = booked.filter((e) => e.kind === "open");
  const closes = booked.filter((e) => e.kind === "close");
  const opened = opens.reduce((sum, e) => sum + e.size, 0n);
  const before = closes.reduce((sum, e) => sum + e.size, 0n);
  const own = maxBig(minBig<bigint>(sale.size, opened - before), 0n);
  if (own === 0n) return yenE8(0n);
  const costBefore = closes.reduce((sum, e) => sum + proceeds(e) - e.lossGain, 0n);
  return yenE8(proceeds({ price: sale.price, size: coinE8(own) }) - (costOf(opens, before + own) - costBefore));
};

/** Gain of all a trade's sales together, from the venue's executions alone: the booked gains must add up to it. */
export const totalGain = (opens: readonly Sale[], closes: readonly Sale[]): YenE8 => {
  let left = opens.reduce((sum, e) => sum + e.size, 0n);
  let got = 0n;
  let sold = 0n;
  for (const { price, size } of closes) {
    const own = coinE8(minBig<bigint>(size, left));
    got += proceeds({ price, size: own });
    sold += own;
    left -= own;
  }
  return yenE8(got - costOf(opens, sold));
};

/** A resting or waiting order of ours on a part of the coins. */
interface Lock {
  readonly remaining: CoinE8;
}
/**
 * How much of an external sale was of our coins: at most what no order of ours had locked, because locked coins cannot
 * be sold. The remainder were the owner's own coins.
 */
export const soldOfOurs = (sold: CoinE8, open: CoinE8, locks: readonly Lock[]): CoinE8 => {
  const locked = locks.reduce((sum, lock) => sum + lock.remaining, 0n);
  return minBig(sold, coinE8(maxBig(open - locked, 0n)));
};
