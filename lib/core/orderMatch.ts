// Which order of the venue is ours: it has no client order id (GMO API 9), so symbol, side, type, price, size and the order
// of the venue's ids stand in for one. No clock has a say here: the venue's and ours may differ by any amount.

import { type YenE8, yenE8 } from "./money.ts";
import type { In, Intent, Sent } from "./order.ts";
import { isSpot } from "./product.ts";
import type { VenueOrder } from "./venue.ts";

type Look = Pick<Intent, "symbol" | "side" | "executionType" | "price" | "size">;
/** Nothing but the id tells two such orders apart. */
export const sameLook = (a: Look, b: Look): boolean =>
  a.symbol === b.symbol &&
  a.side === b.side &&
  a.executionType === b.executionType &&
  a.price === b.price &&
  a.size === b.size;

/**
 * A price that no live order of ours shares: symbol, side, type, price and size stand in for the missing client id
 * (GMO API 9.7). It moves by ticks to the side that is better for us: buying lower, selling higher. A stop thus loses
 * a tick less than approved, never more, and a passive limit stays passive.
 */
export const distinctPrice = (intent: Look & { readonly price: YenE8 }, tick: YenE8, live: readonly Look[]): YenE8 => {
  const step = intent.side === "BUY" ? -tick : tick;
  let price = intent.price;
  while (live.some((other) => sameLook({ ...intent, price }, other))) price = yenE8(price + step);
  return price;
};

/** The fields of a venue order by which findOurs recognises it. */
export type OrderLook = Look & Pick<VenueOrder, "orderId" | "settleType">;

/** The higher of two order ids of the venue: decimal numbers without a sign. */
export const newerOrderId = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && BigInt(b) > BigInt(a)) ? b : a;

/** The venue made it after the request was sent: its id is higher than every id known before. No clock has a say. */
const isLater = ({ afterOrderId }: Pick<Sent, "afterOrderId">, { orderId }: { readonly orderId: string }): boolean =>
  afterOrderId === undefined || BigInt(orderId) > BigInt(afterOrderId);

/** On spot the settleType of purchases and sales is only inferred (GMO API 5); there the side distinguishes them. */
const settles = (intent: Intent, shown: { readonly settleType: string }): boolean =>
  isSpot(intent.symbol) || shown.settleType === (intent.purpose === "entry" ? "OPEN" : "CLOSE");

type SentOrder = In<"sending" | "unknown" | "neverSent">;

/**
 * The venue order of an order that was sent without an answer: it has the same look, a higher id than any known before
 * the send, and no other row of ours owns it; of several, the earliest. `closedPositions`: venue order id to the
 * positions it closed, as far as executions say so.
 */
export const findOurs = <C extends OrderLook>(
  order: SentOrder,
  candidates: readonly C[],
  knownIds: Pick<ReadonlySet<string>, "has">,
  closedPositions: ReadonlyMap<string, ReadonlySet<string>> = new Map(),
): C | undefined => {
  const { intent } = order;
  if (order.sentMs === undefined) return undefined;
  return candidates
    .filter(
      (c) =>
        !knownIds.has(c.orderId) &&
        settles(intent, c) &&
        isLater(order, c) &&
        sameLook(intent, { ...c, price: c.executionType === "MARKET" ? undefined : c.price }) &&
        (intent.positionId === undefined ||
          [...(closedPositions.get(c.orderId) ?? [])].every((p) => p === intent.positionId)),
    )
    .sort((a, b) => (BigInt(a.orderId) < BigInt(b.orderId) ? -1 : 1))[0];
};

type Seen = OrderLook | (Pick<VenueOrder, "orderId" | "symbol" | "side"> & { readonly settleType: string });

/**
 * Whether the venue shows something that may be this entry, although findOurs does not bind it: opening, of the same symbol
 * and side, of no row of ours, and newer than the send (the owner may have changed it on the exchange's page), or with
 * exactly its look, whatever its id: no other order looked like it when it was sent (beforeEntry). `shown`: orders, and
 * the executions of orders that the venue shows nowhere else.
 */
export const mayBeEntry = (
  order: SentOrder,
  shown: readonly Seen[],
  knownIds: Pick<ReadonlySet<string>, "has">,
): boolean =>
  order.sentMs !== undefined &&
  shown.some(
    (c) =>
      !knownIds.has(c.orderId) &&
      c.symbol === order.intent.symbol &&
      c.side === order.intent.side &&
      settles(order.intent, c) &&
      (isLater(order, c) || ("executionType" in c && sameLook(order.intent, c))),
  );
