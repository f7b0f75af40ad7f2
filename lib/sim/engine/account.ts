// The account figures of the simulated venue, shared by the margin rules and the spot rules.
import type { YenE8 } from "../../core/money.ts";

export interface Account {
  /** Settled yen. */
  readonly cash: YenE8;
  readonly unrealised: YenE8;
  /** cash + unrealised. Coins do not count as collateral. */
  readonly equity: YenE8;
  /** Margin of open positions (`hedgedMargin`). */
  readonly used: YenE8;
  /** Margin reserved for resting opening orders. */
  readonly reserved: YenE8;
  /** Yen locked by resting spot purchases. */
  readonly locked: YenE8;
  /**
   * equity - used - reserved - locked, never below 0. Spot and margin share it: yen locked by one is unavailable to
   * both.
   */
  readonly available: YenE8;
}
