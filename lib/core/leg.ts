// One leg of an open trade: a part of its position with one target, one stop and the orders it had.
import type { CoinE8, YenE8 } from "./money.ts";
import type { Order } from "./order.ts";

export interface Leg {
  readonly id: number;
  readonly positionId: string;
  readonly target: 1 | 2;
  readonly targetPrice: YenE8;
  /** Where its stop belongs now. */
  readonly stop: YenE8;
  /** Not yet closed. */
  readonly open: CoinE8;
  /** All orders of the leg, oldest first. */
  readonly orders: readonly Order[];
}
