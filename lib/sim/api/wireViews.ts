// The simulator's state in the wire format (GMO API 4-8): decimal strings, numeric ids, ISO times, `{}` for an empty
// list. Written independently of the connector's schemas on purpose: a shared mistake would cancel itself out.
import { formatE8, fromNumber, type YenE8 } from "../../core/money.ts";
import { type EpochMs, isoUtc } from "../../core/time.ts";
import type { SymbolRules } from "../../core/venue.ts";
import type { PositionSummary } from "../engine/events.ts";
import type { SimExecution, SimOrder, SimPosition } from "../engine/state.ts";
import type { Book, Kline, Print } from "../market/market.ts";

export const orderView = (order: SimOrder): object => ({
  rootOrderId: order.orderId,
  orderId: order.orderId,
  symbol: order.symbol,
  side: order.side,
  orderType: order.orderType,
  executionType: order.executionType,
  settleType: order.settleType,
  size: formatE8(order.size),
  executedSize: formatE8(order.executedSize),
  price: formatE8(order.price ?? 0n),
  losscutPrice: formatE8(order.losscutPrice ?? 0n),
  status: order.status,
  // GMO sends it with CANCELLING, CANCELED and EXPIRED only.
  ...(order.status === "CANCELLING"
    ? { cancelType: "USER" }
    : order.cancelType
      ? { cancelType: order.cancelType }
      : {}),
  timeInForce: order.timeInForce,
  timestamp: isoUtc(order.createdMs),
});

export const executionView = (execution: SimExecution): object => ({
  executionId: execution.executionId,
  orderId: execution.orderId,
  ...(execution.positionId === undefined ? {} : { positionId: execution.positionId }),
  symbol: execution.symbol,
  side: execution.side,
  settleType: execution.settleType,
  size: formatE8(execution.size),
  price: formatE8(execution.price),
  lossGain: formatE8(execution.lossGain),
  fee: formatE8(execution.fee),
  timestamp: isoUtc(execution.atMs),
});

export const positionView = (position: SimPosition, reserved: bigint, lossGain: YenE8): object => ({
  positionId: position.positionId,
  symbol: position.symbol,
  side: position.side,
  size: formatE8(position.size),
  orderdSize: formatE8(reserved),
  price: formatE8(position.price),
  lossGain: formatE8(lossGain),
  leverage: "2",
  losscutPrice: formatE8(position.losscutPrice),
  timestamp: isoUtc(position.openedMs),
});

export const summaryView = (row: PositionSummary): object => ({
  averagePositionRate: formatE8(row.averageRate),
  positionLossGain: formatE8(row.lossGain),
  side: row.side,
  sumOrderQuantity: formatE8(row.ordered),
  sumPositionQuantity: formatE8(row.size),
  symbol: row.symbol,
});

export const symbolView = (rules: SymbolRules): object => ({
  symbol: rules.symbol,
  minOrderSize: formatE8(rules.minSize),
  maxOrderSize: formatE8(rules.maxSize),
  sizeStep: formatE8(rules.sizeStep),
  tickSize: formatE8(rules.tick),
  takerFee: formatE8(rules.takerFee),
  makerFee: formatE8(rules.makerFee),
});

/** Formats ticks as a price of the wire. */
type Priced = (ticks: number) => string;
export const pricedBy =
  (rules: SymbolRules): Priced =>
  (ticks) =>
    formatE8(BigInt(ticks) * rules.tick);

export const bookView = (symbol: string, book: Book, priced: Priced, nowMs: EpochMs): object => {
  const side = (levels: Book["asks"]): object[] =>
    levels.map((level) => ({ price: priced(level.ticks), size: formatE8(level.size) }));
  return { asks: side(book.asks), bids: side(book.bids), symbol, timestamp: isoUtc(nowMs) };
};

export const klineView = (kline: Kline, priced: Priced): object => ({
  openTime: String(kline.openMs),
  open: priced(kline.open),
  high: priced(kline.high),
  low: priced(kline.low),
  close: priced(kline.close),
  volume: formatE8(fromNumber(kline.volume)),
});

/** Each match prints a BUY and a SELL row (GMO API 4.4). */
export const printViews = (print: Print, priced: Priced): readonly object[] =>
  (["BUY", "SELL"] as const).map((side) => ({
    price: priced(print.ticks),
    side,
    size: formatE8(print.size),
    timestamp: isoUtc(print.atMs),
  }));
