// What the owner reads about a trade. Plain text that fits a phone; the numbers are the book's own.
import type { PositionRow } from "../../db/tables/positions.ts";
import type { LegRow } from "../../db/tables/tradeLegs.ts";
import type { Trade } from "../../db/tables/trades.ts";
import { fillText } from "../../lib/core/entry.ts";
import { type CoinE8, coinE8, formatE8, toNumber } from "../../lib/core/money.ts";
import type { TradeResult } from "../../lib/core/pnl.ts";
import { type EpochMs, jstText } from "../../lib/core/time.ts";
import { yenText } from "../messages.ts";

const head = (trade: Trade): string =>
  `${trade.direction === "long" ? "LONG" : "SHORT"} ${trade.symbol}  [${trade.proposalId}, trade ${trade.id}]`;

const REASONS: Readonly<Record<string, string>> = {
  tp1: "first target",
  tp2: "second target",
  stop_loss: "stop",
  time_stop: "time stop",
  manual: "closed outside this system",
};

export const protectedText = (
  trade: Trade,
  filled: CoinE8,
  position: PositionRow,
  legs: readonly LegRow[],
  timeStopMs: EpochMs,
): string =>
  [
    `FILLED ${head(trade)}`,
    `${formatE8(position.opened)} at ${yenText(position.price)} (${fillText(filled, trade.targetSize)} in all)`,
    ...legs.map(
      (leg) =>
        `${formatE8(leg.size)}: stop ${yenText(leg.stop)} at the exchange, TP${leg.target} ${yenText(leg.targetPrice)}`,
    ),
    `time stop ${jstText(timeStopMs)}`,
  ].join("\n");

export const cancelledText = (trade: Trade, reason: string): string => `NO TRADE ${head(trade)}\n${reason}`;

export const refusedText = (proposalId: string, symbol: string, reason: string): string =>
  `NO TRADE ${symbol}  [${proposalId}]\nthe check before the order refused it: ${reason}`;

export const closedText = (trade: Trade, result: TradeResult): string => {
  const pnl = toNumber(result.pnl);
  const percent = result.pnlPercent ?? 0;
  const sign = (value: number): string => (value < 0 ? "" : "+");
  return [
    `CLOSED ${head(trade)}`,
    `${sign(pnl)}${yenText(pnl)} (${sign(percent)}${percent.toFixed(2)} %), ${REASONS[result.exitReason ?? ""] ?? ""}`,
    `${formatE8(coinE8(result.entrySize))} from ${yenText(result.entryPrice ?? 0)} to ${yenText(result.exitPrice ?? 0)}, fees ${yenText(toNumber(result.fees))}`,
  ].join("\n");
};
