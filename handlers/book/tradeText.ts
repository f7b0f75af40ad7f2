// What the owner reads about a trade. Plain text that fits a phone; the numbers are the book's own.
import type { PositionRow } from "../../db/tables/positions.ts";
import type { LegRow } from "../../db/tables/tradeLegs.ts";
import type { Trade } from "../../db/tables/trades.ts";
import { type CoinE8, coinE8, formatE8, toNumber } from "../../lib/core/money.ts";
import type { TradeResult } from "../../lib/core/pnl.ts";
import { textsOf } from "../../lib/core/text/catalogue.ts";
import { sizeText } from "../../lib/core/text/format.ts";
import type { Locale } from "../../lib/core/text/locale.ts";
import { type Note, noteText } from "../../lib/core/text/reasonTexts.ts";
import { type EpochMs, jstText } from "../../lib/core/time.ts";

const head = (trade: Trade) => ({
  side: trade.direction,
  symbol: trade.symbol,
  proposalId: trade.proposalId,
  tradeId: trade.id,
});

export const protectedText = (
  locale: Locale,
  trade: Trade,
  filled: CoinE8,
  position: PositionRow,
  legs: readonly LegRow[],
  timeStopMs: EpochMs,
  approved: CoinE8 = trade.targetSize,
): string => {
  const t = textsOf(locale).trade;
  return [
    t.filled(head(trade)),
    t.fill({
      size: sizeText(position.opened, trade.symbol),
      yen: toNumber(position.price),
      filled: formatE8(filled),
      target: formatE8(trade.targetSize),
    }),
    ...smallerLines(locale, trade, approved),
    ...legs
      .filter((leg) => leg.open > 0n && leg.open < trade.minSize)
      .map((leg) => t.tooLittle({ size: sizeText(leg.open, trade.symbol), minimum: formatE8(trade.minSize) })),
    ...alike(legs.filter((leg) => leg.open === 0n || leg.open >= trade.minSize)).map((leg) =>
      t.leg({
        size: sizeText(leg.size, trade.symbol),
        stopYen: toNumber(leg.stop),
        target: leg.target,
        targetYen: toNumber(leg.targetPrice),
      }),
    ),
    t.timeStop({ time: jstText(timeStopMs) }),
  ].join("\n");
};

/** Why the entry is smaller than approved; none where it is not. */
export const smallerLines = (locale: Locale, trade: Trade, approved: CoinE8): readonly string[] => {
  const { sizeBound: bound, symbol, targetSize } = trade;
  if (bound === undefined) return [];
  const facts = { size: sizeText(targetSize, symbol), approved: sizeText(approved, symbol), bound };
  return [noteText(locale, { key: "smaller", with: facts })];
};

/** Merges legs with the same stop and target into one line: on spot many small fills give many legs. */
const alike = (legs: readonly LegRow[]): readonly LegRow[] => {
  const lines = new Map<string, LegRow>();
  for (const leg of legs) {
    const key = `${leg.target} ${leg.stop} ${leg.targetPrice}`;
    const line = lines.get(key);
    lines.set(key, line === undefined ? leg : { ...line, size: coinE8(line.size + leg.size) });
  }
  return [...lines.values()];
};

export const cancelledText = (locale: Locale, trade: Trade, reason: Note): string =>
  `${textsOf(locale).trade.cancelled(head(trade))}\n${noteText(locale, reason)}`;

export const refusedText = (locale: Locale, proposalId: string, symbol: string, reason: Note): string => {
  const t = textsOf(locale).trade;
  return `${t.refused({ symbol, proposalId })}\n${t.refusedWhy({ why: noteText(locale, reason) })}`;
};

export const closedText = (locale: Locale, trade: Trade, result: TradeResult): string => {
  const t = textsOf(locale).trade;
  return [
    t.closed(head(trade)),
    t.result({
      yen: toNumber(result.pnl),
      percent: (result.pnlPercent ?? 0) / 100,
      exit: result.exitReason,
    }),
    t.fromTo({
      size: sizeText(coinE8(result.entrySize), trade.symbol),
      entryYen: result.entryPrice ?? 0,
      exitYen: result.exitPrice ?? 0,
      feesYen: toNumber(result.fees),
    }),
  ].join("\n");
};
