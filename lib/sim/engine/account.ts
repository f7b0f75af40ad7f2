// The account's figures at the simulated venue, as margin and spot rules share them.
import type { YenE8 } from "../../core/money.ts";

export interface Account {
  /** Settled money. */
  readonly cash: YenE8;
  readonly unrealised: YenE8;
  /** cash + unrealised. Coins are no collateral. */
  readonly equity: YenE8;
  /** Margin of open positions (`hedgedMargin`). */
  readonly used: YenE8;
  /** Margin set aside for resting opening orders. */
  readonly reserved: YenE8;
  /** Yen locked by resting spot purchases. */
  readonly locked: YenE8;
  /** equity - used - reserved - locked, never below 0. One pot: what spot locks is no margin, and the other way round. */
  readonly available: YenE8;
}
