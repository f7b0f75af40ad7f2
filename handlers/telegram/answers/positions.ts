// /positions and /orders: open positions, their protection, and the orders at the exchange, from our book.
import { formatE8, pnlYen, toNumber, type YenE8 } from "../../../lib/core/money.ts";
import { textsOf } from "../../../lib/core/text/catalogue.ts";
import { coinText } from "../../../lib/core/text/format.ts";
import { BAR_MS, barOpen, type EpochMs, jstText, plusMs } from "../../../lib/core/time.ts";
import type { Reads } from "../../../queue/types.ts";
import type { AnswerFacts } from "./facts.ts";

/** How many bars back a price still counts as current. */
const FRESH_BARS = 3;

export const positionsAnswer = ({ db, config, nowMs }: AnswerFacts): string => {
  const { answers: t } = textsOf(config.LOCALE);
  const trades = db.trades.alive();
  if (trades.length === 0) return t.noPositions;
  let newestMs: EpochMs | undefined;
  const blocks = trades.map((trade) => {
    const { id, direction: side, symbol } = trade;
    const held = db.positions.ofTrade(id).filter((p) => p.open > 0n);
    const size = held.reduce((sum, p) => sum + p.open, 0n);
    const coins = `${size > 0n ? formatE8(size) : formatE8(trade.targetSize)} ${coinText(symbol)}`;
    const head = t.position({ id, side, symbol, coins });
    if (trade.status === "pending") return [head, t.entering({ yen: trade.entryPrice })].join("\n");
    const quote = lastQuote(db, symbol, nowMs);
    if (quote && (newestMs === undefined || quote.takenMs > newestMs)) newestMs = quote.takenMs;
    const price = quote && (side === "long" ? quote.bid : quote.ask);
    const result = price && held.reduce((sum, p) => sum + pnlYen(side, p.price, price, p.open), 0n);
    return [
      head,
      t.held({
        yen: trade.entryPrice,
        nowYen: price === undefined ? undefined : toNumber(price),
        resultYen: result === undefined ? undefined : toNumber(result),
      }),
      t.levels({
        stopYen: trade.stopLoss,
        tp1Yen: trade.takeProfit1 ?? Number.NaN,
        tp2Yen: trade.takeProfit2 ?? Number.NaN,
      }),
      ...(trade.timeStopMs === undefined ? [] : [t.timeStop({ time: jstText(trade.timeStopMs).slice(11) })]),
    ].join("\n");
  });
  return [...blocks, ...(newestMs === undefined ? [] : [t.asOf({ time: jstText(newestMs) })])].join("\n");
};

/** The prices of the last bar that has any; undefined when they are old. */
const lastQuote = (
  db: Reads,
  symbol: string,
  nowMs: EpochMs,
): { readonly bid: YenE8; readonly ask: YenE8; readonly takenMs: EpochMs } | undefined => {
  for (let back = 0; back <= FRESH_BARS; back += 1) {
    const found = db.snapshots.at(symbol, plusMs(barOpen(nowMs), -back * BAR_MS));
    if (found) return found;
  }
  return undefined;
};

export const ordersAnswer = ({ db, config }: AnswerFacts): string => {
  const { answers: t } = textsOf(config.LOCALE);
  const orders = db.orders.allLive();
  if (orders.length === 0) return t.noOrders;
  return orders
    .map(({ id, state, intent }) => {
      const { symbol, side, executionType: type, size, price, purpose, tradeId } = intent;
      return [
        t.order({
          id,
          symbol,
          side,
          type,
          size: formatE8(size),
          yen: price === undefined ? undefined : toNumber(price),
        }),
        t.orderState({ purpose: t.purpose[purpose], state: t.orderStates[state], tradeId }),
      ].join("\n");
    })
    .join("\n");
};
