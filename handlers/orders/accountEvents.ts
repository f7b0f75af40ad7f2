// What the account's stream tells wakes whoever waits for it. What no order explains that our book knows as live is not left to
// the reconcile of every five minutes: a request given up as lost that arrives after all, a fill of an order we hold for ended,
// an order of another hand.
import { findOurs, type Order, type OrderLook } from "../../lib/core/order.ts";
import { isTerminalStatus, type VenueOrder } from "../../lib/core/venue.ts";
import { accountTopic } from "../../lib/core/wake.ts";
import type { JobStore } from "../../queue/store.ts";
import type { NewJob, Reads } from "../../queue/types.ts";

/** An event of the private stream, as far as it matters here; ids are the venue's numbers or their text. */
export type AccountEvent = { readonly symbol: string } & (
  | { readonly kind: "order"; readonly order: HeardOrder }
  | {
      readonly kind: "execution";
      readonly order: HeardOrder;
      readonly execution: { readonly executionId: number | string };
    }
  | { readonly kind: "position" }
);
export interface HeardOrder
  extends Pick<
    VenueOrder,
    "symbol" | "side" | "settleType" | "executionType" | "size" | "executedSize" | "status" | "price"
  > {
  readonly orderId: number | string;
  readonly createdMs: VenueOrder["timestampMs"];
}

const HEARD = "reconcile:heard:";

/** Wakes the jobs that wait for the account, and starts a reconcile where the event is none of theirs. */
export const onAccountEvent = (
  desk: { readonly db: { readonly read: Reads }; readonly store: JobStore },
  event: AccountEvent,
): void => {
  desk.store.wake(accountTopic(event.symbol));
  const job = reconcileFor(desk.db.read, event);
  if (job !== undefined && !oneWaits(desk)) desk.store.enqueue(job);
};

/** A quick reconcile that has not begun sees this event too: another hand that trades all the time must not keep us busy. */
const oneWaits = ({ store }: { readonly store: JobStore }): boolean =>
  store
    .list({ name: "reconcile", state: "ready", limit: MOST_WAITING })
    .some((j) => j.attempts === 0 && j.key.startsWith(HEARD));
/** Those of later (look.ts) and of the schedule are few. */
const MOST_WAITING = 50;

/** The reconcile an event asks for; undefined when a live order of ours explains it, or it changes nothing. */
export const reconcileFor = (db: Reads, event: AccountEvent): NewJob | undefined => {
  // Each opening and closing has its execution event too.
  if (event.kind === "position") return undefined;
  const orderId = String(event.order.orderId);
  const ours = db.orders.byVenueId(orderId);
  if (event.kind === "execution") {
    const executionId = String(event.execution.executionId);
    if (ours?.state === "open" || db.executions.has(executionId)) return undefined;
    if (ours === undefined && isAwaited(db, event.order)) return undefined;
    return { name: "reconcile", key: `${HEARD}${executionId}`, input: { quick: true } };
  }
  if (ours !== undefined || isAwaited(db, event.order)) return undefined;
  // Came and went without a trade.
  if (isTerminalStatus(event.order.status) && event.order.executedSize === 0n) return undefined;
  return { name: "reconcile", key: `${HEARD}order:${orderId}:${event.order.status}`, input: { quick: true } };
};

/** The answer to a request of ours may be on its way still: its own job looks. */
const isAwaited = (db: Reads, shown: HeardOrder): boolean => {
  const look: OrderLook = { ...shown, orderId: String(shown.orderId), timestampMs: shown.createdMs };
  return db.orders.live(shown.symbol).some((o) => isUnanswered(o) && findOurs(o, [look], new Set()) !== undefined);
};
const isUnanswered = (o: Order): o is Extract<Order, { state: "sending" | "unknown" }> =>
  o.state === "sending" || o.state === "unknown";
