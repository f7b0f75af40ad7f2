// Trades of the synthetic book, with their orders, positions, legs and executions. The prices mean nothing.
import type { Database } from "../../../db/open.ts";
import { fromNumber } from "../../../lib/core/money.ts";
import { epochMs, isoUtc, MINUTE_MS } from "../../../lib/core/time.ts";
import type { TradePlan } from "./book.ts";

export interface Exit {
  readonly reason: "tp1" | "tp2" | "stop_loss" | "time_stop";
  readonly price: number;
  readonly atMs: number;
}
/**
 * A filled trade with its entry order, one position, one closing order and execution per exit. Halves when two exits.
 */
export const addTrade = (db: Database, p: TradePlan, signalId: number, exits: readonly Exit[]): number => {
  const { sql } = db;
  const sign = p.direction === "long" ? 1 : -1;
  const symbol = p.symbol ?? "BTC_JPY";
  const size = fromNumber(p.size);
  const fillMs = p.atMs + 2 * MINUTE_MS;
  const last = exits.at(-1);
  const pnl = exits.reduce((sum, e) => sum + sign * (e.price - p.entry) * (p.size / exits.length), 0);
  const trade = Number(
    sql
      .prepare(
        `INSERT INTO trades (symbol, direction, entry_price, exit_price, stop_loss, take_profit_1, take_profit_2, position_size,
           confidence, entry_time, exit_time, exit_reason, pnl_amount, pnl_percent, status, created_at, proposal_id, signal_id,
           trace_id, break_even, first_fill_ms, closed_ms, target_size_e8, tick_e8, min_size_e8, size_step_e8)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0.81, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
           (SELECT break_even FROM proposals WHERE id = ?), ?, ?, ?, 100000000, 1, 1)`,
      )
      .run(
        symbol,
        p.direction,
        p.entry,
        exits.length === 0 ? null : exits.reduce((sum, e) => sum + e.price, 0) / exits.length,
        p.entry - sign * 2 * p.atr,
        p.entry * (1 + sign * 0.003),
        p.entry * (1 + sign * 0.006),
        p.size,
        isoUtc(epochMs(fillMs)),
        last ? isoUtc(epochMs(last.atMs)) : null,
        last?.reason ?? null,
        last ? pnl : null,
        last ? (pnl / (p.entry * p.size)) * 100 : null,
        last ? "closed" : "open",
        isoUtc(epochMs(p.atMs)),
        p.id,
        signalId,
        p.id,
        p.id,
        fillMs,
        last?.atMs ?? null,
        size,
      ).lastInsertRowid,
  );
  const order = (o: {
    purpose: string;
    leg: number | null;
    reason: string | null;
    type: string;
    price: number | null;
    size: bigint;
    state: string;
    executed: bigint;
    sentMs: number;
    closedMs: number | null;
  }): number =>
    Number(
      sql
        .prepare(
          `INSERT INTO orders (trade_id, purpose, leg_id, position_id, exit_reason, symbol, side, execution_type, time_in_force,
             price_e8, size_e8, state, venue_order_id, executed_e8, created_ms, sent_ms, closed_ms)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'FAS', ?, ?, ?, (SELECT 'v' || (count(*) + 1) FROM orders), ?, ?, ?, ?)`,
        )
        .run(
          trade,
          o.purpose,
          o.leg,
          o.leg === null ? null : `pos${trade}`,
          o.reason,
          symbol,
          (p.direction === "long") === (o.leg === null) ? "BUY" : "SELL",
          o.type,
          o.price === null ? null : fromNumber(o.price),
          o.size,
          o.state,
          o.executed,
          o.sentMs,
          o.sentMs,
          o.closedMs,
        ).lastInsertRowid,
    );
  const execution = (orderId: number, kind: string, reason: string | null, price: number, part: bigint, atMs: number) =>
    sql
      .prepare(
        `INSERT INTO executions (execution_id, venue_order_id, order_id, trade_id, position_id, symbol, side, settle_type, kind,
           size_e8, price_e8, loss_gain_e8, fee_e8, exit_reason, at_ms)
         VALUES ((SELECT count(*) + 1 FROM executions), ?, ?, ?, ?, ?, 'BUY', ?, ?, ?, ?, 0, 0, ?, ?)`,
      )
      .run(
        `v${orderId}`,
        orderId,
        trade,
        `pos${trade}`,
        symbol,
        kind === "open" ? "OPEN" : "CLOSE",
        kind,
        part,
        fromNumber(price),
        reason,
        atMs,
      );
  const entry = order({
    purpose: "entry",
    leg: null,
    reason: null,
    type: "LIMIT",
    price: p.entry,
    size,
    state: "filled",
    executed: size,
    sentMs: p.atMs + MINUTE_MS,
    closedMs: fillMs,
  });
  execution(entry, "open", null, p.entry, size, fillMs);
  sql
    .prepare(
      "INSERT INTO positions (position_id, trade_id, symbol, side, opened_e8, open_e8, price_e8, opened_ms, closed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .run(
      `pos${trade}`,
      trade,
      symbol,
      p.direction === "long" ? "BUY" : "SELL",
      size,
      last ? 0n : size,
      fromNumber(p.entry),
      fillMs,
      last?.atMs ?? null,
    );
  const legs: readonly (Exit | undefined)[] = last ? exits : [undefined];
  const part = size / BigInt(legs.length);
  legs.forEach((exit, i) => {
    const leg = Number(
      sql
        .prepare(
          "INSERT INTO trade_legs (trade_id, position_id, target, size_e8, open_e8, target_e8, stop_e8, exit_reason, closed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .run(
          trade,
          `pos${trade}`,
          i + 1,
          part,
          exit ? 0n : part,
          fromNumber(p.entry * (1 + sign * 0.003 * (i + 1))),
          fromNumber(p.entry - sign * 2 * p.atr),
          exit?.reason ?? null,
          exit?.atMs ?? null,
        ).lastInsertRowid,
    );
    const id = order({
      purpose: exit && exit.reason !== "stop_loss" ? "takeProfit" : "stop",
      leg,
      reason: exit?.reason ?? "stop_loss",
      type: exit && exit.reason !== "stop_loss" ? "LIMIT" : "STOP",
      price: exit?.price ?? p.entry - sign * 2 * p.atr,
      size: part,
      state: exit ? "filled" : "open",
      executed: exit ? part : 0n,
      sentMs: fillMs + 1_000,
      closedMs: exit?.atMs ?? null,
    });
    if (exit) execution(id, "close", exit.reason, exit.price, part, exit.atMs);
  });
  return trade;
};
