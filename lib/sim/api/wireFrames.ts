// The frames of both WebSockets, built from the simulator's state and events (GMO API 10.2, 10.4). Written
// independently of the connector's schemas on purpose. The server decides who receives them and when.
import { formatE8 } from "../../core/money.ts";
import { type EpochMs, isoUtc } from "../../core/time.ts";
import type { Side } from "../../core/venue.ts";
import type { PositionSummary, VenueEvent } from "../engine/events.ts";
import type { Machine } from "../engine/machine.ts";
import type { SimOrder } from "../engine/state.ts";
import type { Book, Print } from "../market/market.ts";
import { tickerView } from "./publicApi.ts";
import { bookView, positionView, pricedBy, printViews, summaryView } from "./wireViews.ts";

export type PrivateChannel = "executionEvents" | "orderEvents" | "positionEvents" | "positionSummaryEvents";
export interface PrivateFrame {
  readonly channel: PrivateChannel;
  readonly frame: object;
}

/** The frames of one event, in order. A position event produces two: its own and the summary of its side. */
export const privateFrames = (event: VenueEvent): readonly PrivateFrame[] => {
  switch (event.kind) {
    case "order":
      return [{ channel: "orderEvents", frame: orderFrame(event) }];
    case "execution":
      return [{ channel: "executionEvents", frame: executionFrame(event) }];
    case "position": {
      const { position, reserved, lossGain, msgType } = event;
      return [
        {
          channel: "positionEvents",
          frame: { channel: "positionEvents", ...positionView(position, reserved, lossGain), msgType },
        },
        { channel: "positionSummaryEvents", frame: summaryFrame(event.summary, event.atMs, "UPDATE") },
      ];
    }
    default:
      return event satisfies never;
  }
};

/** The order of a loss cut has settleType LOSS_CUT in events and CLOSE over REST (GMO API 7.1). */
const settleTypeOf = (order: SimOrder): string => (order.orderType === "LOSSCUT" ? "LOSS_CUT" : order.settleType);

const orderFrame = ({ order, msgType, cancelType }: Extract<VenueEvent, { kind: "order" }>): object => {
  const why = cancelType ?? order.cancelType;
  return {
    channel: "orderEvents",
    orderId: order.orderId,
    symbol: order.symbol,
    settleType: settleTypeOf(order),
    executionType: order.executionType,
    side: order.side,
    orderStatus: order.status,
    ...(why === undefined ? {} : { cancelType: why }),
    // Always the creation time of the order, never the time of the event (GMO API 10.4).
    orderTimestamp: isoUtc(order.createdMs),
    orderPrice: formatE8(order.price ?? 0n),
    orderSize: formatE8(order.size),
    orderExecutedSize: formatE8(order.executedSize),
    losscutPrice: formatE8(order.losscutPrice ?? 0n),
    timeInForce: order.timeInForce,
    msgType,
  };
};

const executionFrame = ({ execution, order, msgType }: Extract<VenueEvent, { kind: "execution" }>): object => ({
  channel: "executionEvents",
  orderId: order.orderId,
  executionId: execution.executionId,
  symbol: execution.symbol,
  settleType: execution.settleType,
  executionType: order.executionType,
  side: execution.side,
  executionPrice: formatE8(execution.price),
  executionSize: formatE8(execution.size),
  ...(execution.positionId === undefined ? {} : { positionId: execution.positionId }),
  orderTimestamp: isoUtc(order.createdMs),
  executionTimestamp: isoUtc(execution.atMs),
  lossGain: formatE8(execution.lossGain),
  fee: formatE8(execution.fee),
  orderPrice: formatE8(order.price ?? 0n),
  orderSize: formatE8(order.size),
  // Cumulative and authoritative: the order is full when it equals orderSize.
  orderExecutedSize: formatE8(order.executedSize),
  timeInForce: order.timeInForce,
  msgType,
});

export const summaryFrame = (
  summary: PositionSummary,
  atMs: EpochMs,
  msgType: "INIT" | "UPDATE" | "PERIODIC",
): object => ({ channel: "positionSummaryEvents", ...summaryView(summary), timestamp: isoUtc(atMs), msgType });

/** undefined before the first price. */
export const tickerFrame = (machine: Machine, symbol: string): object | undefined => {
  const [row] = tickerView(machine, symbol);
  return row && { channel: "ticker", ...row };
};

/** Levels per side on the socket; REST returns more. */
const FRAME_LEVELS = 30;
export const bookFrame = (machine: Machine, symbol: string): object | undefined => {
  const { market, state, rules } = machine;
  const book = market.book(symbol, state.nowMs);
  if (!book) return undefined;
  const best: Book = { asks: book.asks.slice(0, FRAME_LEVELS), bids: book.bids.slice(0, FRAME_LEVELS) };
  const rule = rules.get(symbol)!;
  return {
    channel: "orderbooks",
    ...bookView(symbol, best, pricedBy(rule), state.nowMs),
    // The width of a level: not documented; observed as "1" where the tick was 1 yen.
    grouping: formatE8(rule.tick),
  };
};

/**
 * Matches in (afterMs, now], oldest first, one frame per printed row: both sides, or only the taker's (see takerSide).
 */
export const tradeFrames = (
  machine: Machine,
  symbol: string,
  afterMs: EpochMs,
  option: "both" | "TAKER_ONLY",
): readonly object[] => {
  const { market, state, rules } = machine;
  const priced = pricedBy(rules.get(symbol)!);
  const fresh: Print[] = [];
  const PAGE = 100;
  for (let skip = 0; ; skip += PAGE) {
    const page = market.prints(symbol, state.nowMs, skip, PAGE);
    const newer = page.filter((print) => print.atMs > afterMs);
    fresh.push(...newer);
    if (newer.length < PAGE) break;
  }
  const before = market.prints(symbol, state.nowMs, fresh.length, 1)[0];
  return fresh.toReversed().flatMap((print, i, all) => {
    const rows = printViews(print, priced);
    const frame = (row: object): object => ({ channel: "trades", ...row, symbol });
    if (option === "both") return rows.map(frame);
    return [frame(rows[takerSide(print, i === 0 ? before : all[i - 1]) === "BUY" ? 0 : 1]!)];
  });
};

/**
 * The taker's side: BUY when the price rose since the previous match, SELL when it fell; at an unchanged price BUY and
 * SELL alternate by the second of the match.
 */
export const takerSide = (print: Print, before: Print | undefined): Side => {
  if (before !== undefined && print.ticks !== before.ticks) return print.ticks > before.ticks ? "BUY" : "SELL";
  return Math.floor(print.atMs / 1_000) % 2 === 0 ? "BUY" : "SELL";
};
