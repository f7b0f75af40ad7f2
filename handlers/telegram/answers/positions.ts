// /positions and /orders: open positions with what they are worth now, their protection, and the orders at the exchange,
// from our book. A price that is too old is said, never shown as the current one.
import { formatE8, toNumber } from "../../../lib/core/money.ts";
import { type OpenResult, openRatio, openTotal } from "../../../lib/core/openResult.ts";
import { textsOf } from "../../../lib/core/text/catalogue.ts";
import { coinText, sinceText } from "../../../lib/core/text/format.ts";
import { type EpochMs, jstText } from "../../../lib/core/time.ts";
import { closedPart, openOf, tradesInHand } from "../../book/openTrades.ts";
import type { AnswerFacts } from "./facts.ts";

/** `from`, price, result and exits of what is held; an ended trade with a late fill is shown too. */
export const positionsAnswer = (facts: AnswerFacts): string => {
  const { db, config, nowMs } = facts;
  const { answers: t } = textsOf(config.LOCALE);
  const trades = tradesInHand(db);
  if (trades.length === 0) return t.noPositions;
  const blocks = trades.map((trade) => {
    const { id, direction: side, symbol } = trade;
    const open = openOf(db, trade, nowMs);
    const coins = `${formatE8(open?.size ?? trade.targetSize)} ${coinText(symbol)}`;
    const head = t.position({ id, side, symbol, coins });
    if (open === undefined)
      return [head, trade.status === "pending" ? t.entering({ yen: trade.entryPrice }) : t.nothingHeld].join("\n");
    const closed = closedPart(db, trade);
    return [
      head,
      t.held({ yen: trade.entryPrice, ms: Math.max(0, nowMs - (trade.firstFillMs ?? nowMs)) }),
      open.price.kind === "now" && open.pnl !== undefined
        ? t.priced({
            yen: toNumber(open.price.price),
            ageMs: open.price.ageMs,
            resultYen: toNumber(open.pnl),
            ratio: openRatio(open),
          })
        : t.notPriced({ since: sinceOf(open, nowMs) }),
      ...(closed === undefined ? [] : [t.closedPart({ yen: toNumber(closed) })]),
      t.levels({
        stopYen: trade.stopLoss,
        tp1Yen: trade.takeProfit1 ?? Number.NaN,
        tp2Yen: trade.takeProfit2 ?? Number.NaN,
      }),
      ...(trade.timeStopMs === undefined ? [] : [t.timeStop({ time: jstText(trade.timeStopMs).slice(11) })]),
    ].join("\n");
  });
  return [...blocks, ...openTotalLines(facts)].join("\n");
};

const sinceOf = ({ price }: OpenResult, nowMs: EpochMs): string | undefined =>
  price.kind === "now" || price.sinceMs === undefined ? undefined : sinceText(price.sinceMs, nowMs);

/** One line about everything held; none when nothing is. Of a part alone it would be no total: then it is not known. */
export const openTotalLines = (facts: AnswerFacts): readonly string[] => {
  const { db, config, nowMs } = facts;
  const { answers: t } = textsOf(config.LOCALE);
  const held = tradesInHand(db).flatMap((trade) => {
    const open = openOf(db, trade, nowMs);
    return open === undefined ? [] : [{ symbol: trade.symbol, open }];
  });
  if (held.length === 0) return [];
  const total = openTotal(held.map((h) => h.open));
  if (total.pnl !== undefined)
    return [t.openTotal({ yen: toNumber(total.pnl), ratio: openRatio(total), beforeFees: config.PRODUCT === "spot" })];
  return [
    t.openTotalUnknown({ symbols: [...new Set(held.flatMap((h) => (h.open.pnl === undefined ? [h.symbol] : [])))] }),
  ];
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
