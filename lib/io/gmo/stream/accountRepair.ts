// What the private stream missed, read over REST (GMO API 10.1: nothing is replayed after a reconnect). Reads only.
import type { Venue, VenueOrder } from "../../../core/venue.ts";
import type { Clock } from "../../clock.ts";
import type { AccountSnapshot } from "./accountTypes.ts";

export type RepairReads = Pick<Venue, "activeOrders" | "orders" | "latestExecutions" | "openPositions">;
/**
 * Reads the account. `openQuestions` are order ids in doubt; those that are not active are read by id (it is called
 * after the active orders are known, so that none is missed). Rejects with AppError when any read fails: in half a
 * snapshot orders would seem to be gone.
 */
export type Repair = (openQuestions: () => readonly string[], signal: AbortSignal) => Promise<AccountSnapshot>;

/** Three reads a margin symbol and one more per ten finished orders. Spot symbols have no positions. */
export const repairOver =
  (venue: RepairReads, symbols: readonly string[], clock: Pick<Clock, "nowMs">): Repair =>
  async (openQuestions, signal) => {
    const askedMs = clock.nowMs();
    const orders: VenueOrder[] = [];
    for (const symbol of symbols) orders.push(...(await venue.activeOrders(symbol, signal)));
    const active = new Set(orders.map(({ orderId }) => orderId));
    const missing = openQuestions().filter((id) => !active.has(id));
    if (missing.length > 0) orders.push(...(await venue.orders(missing, signal)));
    const executions = [];
    const positions = [];
    for (const symbol of symbols) {
      if (symbol.endsWith("_JPY")) positions.push(...(await venue.openPositions(symbol, signal)));
      executions.push(...(await venue.latestExecutions(symbol, signal)));
    }
    return { askedMs, orders, executions, positions };
  };
