// Exact result of a trade, from its executions: the venue's own lossGain less its fees. Floats appear only in the
// human units of the owner's trades table.
import { type CoinE8, E8, floorDiv, toNumber, type YenE8, yenE8 } from "./money.ts";
import type { ExitReason } from "./order.ts";
import type { EpochMs } from "./time.ts";

export interface BookedExecution {
  readonly executionId: string;
  readonly kind: "open" | "close";
  readonly size: CoinE8;
  readonly price: YenE8;
  /** Realised P&L, 0 on opens. */
  readonly lossGain: YenE8;
  /** Positive = paid. */
  readonly fee: YenE8;
  readonly exitReason: ExitReason | undefined;
  readonly atMs: EpochMs;
}

export interface TradeResult {
  readonly entrySize: CoinE8;
  readonly exitSize: CoinE8;
  /** Size-weighted means; undefined without executions. Display precision (nearest double). */
  readonly entryPrice: number | undefined;
  readonly exitPrice: number | undefined;
  /** lossGain - fees, exact. */
  readonly pnl: YenE8;
  readonly fees: YenE8;
  /** Percent of the entry notional, e.g. 0.25 for a quarter of a percent. */
  readonly pnlPercent: number | undefined;
  /** Reason of the last close (by time, then id). */
  readonly exitReason: ExitReason | undefined;
  readonly firstFillMs: EpochMs | undefined;
  readonly lastCloseMs: EpochMs | undefined;
}

const byTime = (a: BookedExecution, b: BookedExecution): number =>
  a.atMs - b.atMs || (BigInt(a.executionId) < BigInt(b.executionId) ? -1 : 1);

/** Sum and size-weighted price of executions: sum(price x size) / sum(size), rounded down below 1e-8 yen. */
const weigh = (
  executions: readonly BookedExecution[],
): { size: CoinE8; price: YenE8 | undefined; notional: bigint } => {
  const size = executions.reduce((sum, e) => sum + e.size, 0n) as CoinE8;
  const notional = executions.reduce((sum, e) => sum + e.price * e.size, 0n);
  return { size, price: size === 0n ? undefined : (floorDiv(notional, size) as YenE8), notional };
};

export const tradeResult = (executions: readonly BookedExecution[]): TradeResult => {
  const sorted = [...executions].sort(byTime);
  const opens = sorted.filter((e) => e.kind === "open");
  const closes = sorted.filter((e) => e.kind === "close");
  const entry = weigh(opens);
  const exit = weigh(closes);
  const fees = yenE8(sorted.reduce((sum, e) => sum + e.fee, 0n));
  const pnl = yenE8(sorted.reduce((sum, e) => sum + e.lossGain, 0n) - fees);
  return {
    entrySize: entry.size,
    exitSize: exit.size,
    entryPrice: entry.price === undefined ? undefined : toNumber(entry.price),
    exitPrice: exit.price === undefined ? undefined : toNumber(exit.price),
    pnl,
    fees,
    pnlPercent: entry.size === 0n ? undefined : (toNumber(pnl) / toNumber(entry.notional / E8)) * 100,
    exitReason: closes.at(-1)?.exitReason,
    firstFillMs: opens[0]?.atMs,
    lastCloseMs: closes.at(-1)?.atMs,
  };
};
