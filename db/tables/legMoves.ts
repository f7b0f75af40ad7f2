// Every write that changes a leg or one of its orders is a move of the leg's protection. Only the moves of
// lib/core/tradeState.ts are allowed: any other throws and so rolls back its transaction.
import type { Order } from "../../lib/core/order.ts";
import { moveProtection, type ProtectionState, protectionOf } from "../../lib/core/tradeState.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

/** `ordersOf`: the orders of a leg, oldest first. */
export const legGuard = (sql: Sqlite, ordersOf: (legId: number) => readonly Order[]) => {
  const openOf = sql.prepare<[number], bigint>("SELECT open_e8 FROM trade_legs WHERE id = ?").pluck().safeIntegers();
  const stateOf = (legId: number): ProtectionState =>
    protectionOf({ open: openOf.get(legId) ?? 0n, orders: ordersOf(legId) });
  /** Throws AppError alert PROTECTION_MOVE. Without a leg (entries) the write is not checked. */
  return <T>(legId: number | undefined, write: () => T): T => {
    if (legId === undefined) return write();
    const from = stateOf(legId);
    const result = write();
    moveProtection(legId, from, stateOf(legId));
    return result;
  };
};
