// The text of `trader orders`, `positions`, `trades` and `halts`: state, meaning and what to do, one line each. Pure;
// docs/orders.md explains the states at more length.

import type { Halt } from "../../../db/tables/halts.ts";
import type { PositionRow } from "../../../db/tables/positions.ts";
import type { LegRow } from "../../../db/tables/tradeLegs.ts";
import type { Trade } from "../../../db/tables/trades.ts";
import { formatE8, minBig, toNumber } from "../../../lib/core/money.ts";
import { type OpenResult, openRatio, openTotal } from "../../../lib/core/openResult.ts";
import { type Order, UNANSWERED_MS } from "../../../lib/core/order.ts";
import type { Product } from "../../../lib/core/product.ts";
import { endedWhy } from "../../../lib/core/text/endedWhy.ts";
import { signedPercent, signedYen, yenText } from "../../../lib/core/text/format.ts";
import { haltWords } from "../../../lib/core/text/haltText.ts";
import { type EpochMs, epochMs, jstText } from "../../../lib/core/time.ts";
import { durationText, jstSeconds } from "../terminal.ts";

const at = (price: bigint | undefined): string => (price === undefined ? "" : ` at ${yenText(toNumber(price))}`);
export const orderHead = (o: Order): string =>
  `#${o.id} ${o.intent.symbol} ${o.intent.side} ${o.intent.executionType} ${formatE8(o.intent.size)}${at(o.intent.price)}, ${o.intent.purpose} of trade ${o.intent.tradeId}`;

/** What the state means, and what to do. */
export const orderMeaning = (o: Order, nowMs: EpochMs): string => {
  const ago = (ms: EpochMs): string => durationText(nowMs - ms);
  switch (o.state) {
    case "intended":
      return "meant, not sent; it is sent or dropped at the next step; do nothing";
    case "sending":
    case "unknown": {
      const since = `${o.state} since ${ago(o.sentMs)}: sent, no answer`;
      return nowMs - o.sentMs < UNANSWERED_MS
        ? `${since}; being looked for, do nothing`
        : `${since}; look on the exchange's page for this order, sent ${jstSeconds(o.sentMs)}; what rests there and is not meant: cancel it there; never send it again by hand`;
    }
    case "open": {
      const part = o.executed > 0n ? `, ${formatE8(o.executed)} of ${formatE8(o.intent.size)} filled` : "";
      const cancelling = o.cancelAskedMs === undefined ? "" : `, cancel asked ${ago(o.cancelAskedMs)} ago`;
      return `at the exchange since ${ago(o.sentMs)} (order ${o.venueOrderId})${part}${cancelling}; do nothing`;
    }
    case "filled":
    case "cancelled":
    case "expired": {
      const part = o.executed > 0n && o.state !== "filled" ? `, ${formatE8(o.executed)} of it filled` : "";
      const why = o.detail === undefined ? "" : ` (${endedWhy(o.detail, o.cancelAskedMs !== undefined)})`;
      return `${o.state} ${jstSeconds(o.closedMs)}${why}, order ${o.venueOrderId}${part}; ended`;
    }
    case "rejected": {
      const then = o.resend === "later" ? "another may follow" : "not sent again as it is";
      return `refused ${jstSeconds(o.closedMs)} with ${o.code} ${o.detail ?? ""}: the exchange took nothing; ${then}`;
    }
    case "neverSent":
      return o.sentMs === undefined
        ? `dropped before it was sent${o.detail === undefined ? "" : `: ${o.detail}`}; ended`
        : `sent ${jstSeconds(o.sentMs)}, no trace at the exchange: counts as never accepted; should it turn up, it is booked or cancelled`;
    default:
      return o satisfies never;
  }
};
interface HeldLeg {
  readonly leg: LegRow;
  /** Its live order, if it has one. */
  readonly order: Order | undefined;
}
export interface HeldPosition {
  readonly position: PositionRow;
  readonly trade: Trade;
  /** What it is worth now. */
  readonly result: OpenResult;
  /** Legs that are not closed. */
  readonly legs: readonly HeldLeg[];
}

/** Coins of the position that no accepted order covers. */
export const bareOf = (h: HeldPosition): bigint => {
  const covered = h.legs.reduce(
    (sum, { leg, order }) =>
      order?.state === "open" ? sum + minBig<bigint>(leg.open, order.intent.size - order.executed) : sum,
    0n,
  );
  return covered >= h.position.open ? 0n : h.position.open - covered;
};
export const positionHead = ({ position: p, trade }: HeldPosition): string =>
  `${p.symbol} ${trade.direction} ${formatE8(p.open)} from ${yenText(toNumber(p.price))}, position ${p.positionId} of trade ${trade.id}, since ${jstSeconds(p.openedMs)}`;
/** "now ¥10,012,000 (4 s ago): open P&L +¥60 (+0.12%)". */
export const nowText = ({ price, pnl, ...rest }: OpenResult): string => {
  if (price.kind === "now")
    return `now ${yenText(price.price)} (${durationText(price.ageMs)} ago): open P&L ${signedYen(pnl)} (${signedPercent(openRatio({ pnl, ...rest }))})`;
  const since = price.sinceMs === undefined ? "no price yet" : `no price since ${jstSeconds(price.sinceMs)}`;
  return `${since}: open P&L not known`;
};
/** One line about everything held; none when nothing is. `product`: on spot, closing costs a fee. */
export const totalLines = (results: readonly OpenResult[], product: Product | undefined): readonly string[] => {
  if (results.length === 0) return [];
  const total = openTotal(results);
  return total.pnl === undefined
    ? ["open P&L not known: a price is missing (trader status)"]
    : [
        `open P&L ${signedYen(total.pnl)} (${signedPercent(openRatio(total))})${product === "spot" ? ", before the fees of closing" : ""}`,
      ];
};
/** How long the trade has been open. */
export const heldFor = (t: Trade, nowMs: EpochMs): string => durationText(nowMs - (t.firstFillMs ?? nowMs));
export const positionLines = (h: HeldPosition, nowMs: EpochMs): readonly string[] => {
  const bare = bareOf(h);
  const { closeHow, timeStopMs } = h.trade;
  return [
    `held ${durationText(nowMs - h.position.openedMs)}; ${nowText(h.result)}`,
    ...h.legs.map(({ leg, order }) => {
      const target = `${formatE8(leg.open)}, TP${leg.target} ${yenText(toNumber(leg.targetPrice))}`;
      if (order === undefined) return `${target}: no order at the exchange`;
      return `${target}: ${order.intent.executionType}${at(order.intent.price)}, #${order.id} ${orderMeaning(order, nowMs)}`;
    }),
    bare === 0n
      ? "covered"
      : `BARE ${formatE8(bare)}: being covered, look again in a few seconds; if it stays, trader close ${h.trade.id}, or close it on the exchange's page`,
    ...(closeHow === undefined
      ? []
      : [`being closed for you (${closeHow === "market" ? "at market" : "a limit first, then market"})`]),
    ...(timeStopMs === undefined ? [] : [`time stop ${jstText(timeStopMs)}`]),
  ];
};
export const TRADE_COLUMNS = [
  "ID",
  "STATUS",
  "SYMBOL",
  "SIDE",
  "SIZE",
  "ENTRY",
  "EXIT",
  "P&L",
  "WHY",
  "SINCE (JST)",
] as const;
/** `open`: what of it is open, at the newest price. */
export const tradeRow = (t: Trade, open: OpenResult | undefined): readonly string[] => [
  String(t.id),
  t.status,
  t.symbol,
  t.direction,
  String(t.positionSize),
  yenText(t.entryPrice),
  open === undefined
    ? t.exitPrice === undefined
      ? ""
      : yenText(t.exitPrice)
    : open.price.kind === "now"
      ? `now ${yenText(open.price.price)}`
      : "no price",
  open === undefined
    ? t.pnlAmount === undefined
      ? ""
      : signedYen(t.pnlAmount)
    : open.pnl === undefined
      ? "not known"
      : `${signedYen(open.pnl)} open`,
  t.exitReason ?? t.cancelReason ?? "",
  jstText(epochMs(Date.parse(t.entryTime))).slice(5, 16),
];
export const haltEnds = (h: Halt): string =>
  h.untilMs !== undefined
    ? `ends ${jstText(h.untilMs)}`
    : (haltWords("en", h.kind)?.ends.replace("/resume", "trader resume") ?? "stays until it is cleared");
/** "stop: stopped by cli; since ...; ends only with trader resume", for one line. */
export const haltText = (h: Halt): string =>
  h.clearedMs === undefined
    ? `${h.kind}: ${h.reason}; since ${jstSeconds(h.raisedMs)}; ${haltEnds(h)}`
    : `${h.kind}: ${h.reason}; ${jstSeconds(h.raisedMs)} to ${jstSeconds(h.clearedMs)}, ended by ${h.clearedBy}`;
