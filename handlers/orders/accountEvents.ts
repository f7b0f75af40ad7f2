// Events of the account's stream. They wake the jobs that wait for the account, and start a quick reconcile where no
// live order of ours explains them: an order given up as lost that arrives later, a fill of an order that our book
// holds for ended, an external order.

import { isInFlight } from "../../lib/core/order.ts";
import { findOurs, type OrderLook } from "../../lib/core/orderMatch.ts";
import { isTerminalStatus, type VenueOrder } from "../../lib/core/venue.ts";
import { accountTopic } from "../../lib/core/wakeTopics.ts";
import type { Reads } from "../../queue/types.ts";
import type { AppStore } from "../context.ts";
import { type AppJob, reconcileJob } from "../jobs.ts";

/** The fields of a private stream event that are used here; ids are the venue's numbers or their text. */
export type AccountEvent = { readonly symbol: string } & (
  | { readonly kind: "order"; readonly order: HeardOrder }
  | {
      readonly kind: "execution";
      readonly order: HeardOrder;
      readonly execution: { readonly executionId: number | string };
    }
  | { readonly kind: "position" }
);
interface HeardOrder
  extends Pick<
    VenueOrder,
    "symbol" | "side" | "settleType" | "executionType" | "size" | "executedSize" | "status" | "price"
  > {
  readonly orderId: number | string;
}

const CAUSE = "heard:";

/** Wakes the jobs that wait for the account, and enqueues a reconcile where reconcileFor asks for one. */
export const onAccountEvent = (
  desk: { readonly db: { readonly read: Reads }; readonly store: AppStore },
  event: AccountEvent,
): void => {
  desk.store.wake(accountTopic(event.symbol));
  const job = reconcileFor(desk.db.read, event);
  if (job !== undefined && !oneWaits(desk)) desk.store.enqueue(job);
};

/** A quick reconcile that has not begun covers this event too: frequent external trades must not flood the queue. */
const oneWaits = ({ store }: { readonly store: AppStore }): boolean =>
  store
    .list({ name: "reconcile", state: "ready", limit: MOST_WAITING })
    .some((j) => j.attempts === 0 && j.key.startsWith(reconcileJob(CAUSE).key));
/** Other ready reconciles are few: those after a lost order (orderLookup.ts) and the scheduled one. */
const MOST_WAITING = 50;

/** The reconcile an event asks for; undefined when a live order of ours explains it, or it changes nothing. */
export const reconcileFor = (db: Reads, event: AccountEvent): AppJob | undefined => {
  // Each opening and closing has an execution event as well.
  if (event.kind === "position") return undefined;
  const orderId = String(event.order.orderId);
  const ours = db.orders.byVenueId(orderId);
  if (event.kind === "execution") {
    const executionId = String(event.execution.executionId);
    if (ours?.state === "open" || db.executions.has(executionId)) return undefined;
    if (ours === undefined && isAwaited(db, event.order)) return undefined;
    return reconcileJob(`${CAUSE}${executionId}`, { quick: true });
  }
  if (ours !== undefined || isAwaited(db, event.order)) return undefined;
  // Ended without a fill.
  if (isTerminalStatus(event.order.status) && event.order.executedSize === 0n) return undefined;
  return reconcileJob(`${CAUSE}order:${orderId}:${event.order.status}`, { quick: true });
};

/** The answer to a request of ours may still be on its way: its own job looks it up. */
const isAwaited = (db: Reads, shown: HeardOrder): boolean => {
  const look: OrderLook = { ...shown, orderId: String(shown.orderId) };
  return db.orders.live(shown.symbol).some((o) => isInFlight(o) && findOurs(o, [look], new Set()) !== undefined);
};
