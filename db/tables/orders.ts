// orders: every order this system ever intended to send. A row is parsed into the state machine's union when read and
// checked again when written, so an impossible order is found in either direction.
import { AppError } from "../../lib/core/errors.ts";
import type { CoinE8, YenE8 } from "../../lib/core/money.ts";
import {
  assertIntent,
  type ExitReason,
  type Intent,
  isLive,
  type LiveOrder,
  moveOrder,
  type Order,
  type OrderEvent,
  type OrderPurpose,
  type OrderState,
} from "../../lib/core/order.ts";
import { type Followed, plannedPrice } from "../../lib/core/orderChanges.ts";
import { type EpochMs, epochMs } from "../../lib/core/time.ts";
import type { ExecutionType, Side, TimeInForce } from "../../lib/core/venue.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";
import { legGuard } from "./legMoves.ts";

interface Row {
  id: bigint;
  trade_id: bigint;
  purpose: OrderPurpose;
  leg_id: bigint | null;
  position_id: string | null;
  exit_reason: ExitReason | null;
  symbol: string;
  side: Side;
  execution_type: ExecutionType;
  time_in_force: TimeInForce;
  price_e8: YenE8 | null;
  planned_e8: YenE8 | null;
  losscut_e8: YenE8 | null;
  size_e8: CoinE8;
  state: OrderState;
  venue_order_id: string | null;
  executed_e8: CoinE8;
  empty_looks: bigint;
  created_ms: bigint;
  changed_ms: bigint | null;
  sent_ms: bigint | null;
  sent_venue_ms: bigint | null;
  after_order_id: string | null;
  cancel_asked_ms: bigint | null;
  closed_ms: bigint | null;
  refusal_code: string | null;
  refusal_resend: "never" | "later" | null;
  detail: string | null;
}

const ms = (value: bigint | null): EpochMs | undefined => (value === null ? undefined : epochMs(Number(value)));
const need = <T>(value: T | null | undefined, row: Row, column: string): T => {
  if (value === null || value === undefined)
    throw new AppError("alert", "ORDER_ROW", `order ${row.id} is ${row.state}, expected a ${column}, found none`);
  return value;
};

const toOrder = (r: Row): Order => {
  const intent: Intent = {
    tradeId: Number(r.trade_id),
    purpose: r.purpose,
    legId: r.leg_id === null ? undefined : Number(r.leg_id),
    positionId: r.position_id ?? undefined,
    exitReason: r.exit_reason ?? undefined,
    symbol: r.symbol,
    side: r.side,
    executionType: r.execution_type,
    timeInForce: r.time_in_force,
    price: r.price_e8 ?? undefined,
    plannedPrice: r.planned_e8 ?? undefined,
    losscutPrice: r.losscut_e8 ?? undefined,
    size: r.size_e8,
  };
  assertIntent(intent);
  const base = {
    id: Number(r.id),
    intent,
    createdMs: epochMs(Number(r.created_ms)),
    ...(r.changed_ms === null ? {} : { changedMs: epochMs(Number(r.changed_ms)) }),
  };
  const sent = () => ({
    sentMs: need(ms(r.sent_ms), r, "sent_ms"),
    sentVenueMs: ms(r.sent_venue_ms),
    afterOrderId: r.after_order_id ?? undefined,
  });
  const closedMs = (): EpochMs => need(ms(r.closed_ms), r, "closed_ms");
  switch (r.state) {
    case "intended":
      return { ...base, state: r.state };
    case "sending":
    case "unknown":
      return { ...base, state: r.state, ...sent(), emptyLooks: Number(r.empty_looks) };
    case "open":
      return {
        ...base,
        state: r.state,
        ...sent(),
        venueOrderId: need(r.venue_order_id, r, "venue_order_id"),
        executed: r.executed_e8,
        cancelAskedMs: ms(r.cancel_asked_ms),
      };
    case "filled":
    case "cancelled":
    case "expired":
      return {
        ...base,
        state: r.state,
        ...sent(),
        venueOrderId: need(r.venue_order_id, r, "venue_order_id"),
        executed: r.executed_e8,
        closedMs: closedMs(),
        cancelAskedMs: ms(r.cancel_asked_ms),
        detail: r.detail ?? undefined,
      };
    case "rejected":
      return {
        ...base,
        state: r.state,
        ...sent(),
        closedMs: closedMs(),
        code: need(r.refusal_code, r, "refusal_code"),
        resend: need(r.refusal_resend, r, "refusal_resend"),
        detail: r.detail ?? undefined,
      };
    case "neverSent":
      return {
        ...base,
        state: r.state,
        sentMs: ms(r.sent_ms),
        sentVenueMs: ms(r.sent_venue_ms),
        afterOrderId: r.after_order_id ?? undefined,
        closedMs: closedMs(),
        detail: r.detail ?? undefined,
      };
    default:
      return r.state satisfies never;
  }
};

/** Key in `meta`: the newest order id of the venue seen so far. */
const NEWEST_ORDER_ID = "newest_venue_order";
/** Of a leg's ended orders, how many the newest that are read. */
const LEG_TAIL = 40;
const LIVE = "state IN ('intended', 'sending', 'unknown', 'open')";

export const orderReads = (sql: Sqlite) => {
  const select = <P extends unknown[]>(rest: string) =>
    sql.prepare<P, Row>(`SELECT * FROM orders ${rest}`).safeIntegers();
  const byId = select<[number]>("WHERE id = ?");
  const byVenueId = select<[string]>("WHERE venue_order_id = ?");
  const ofTrade = select<[number]>("WHERE trade_id = ? ORDER BY id");
  // Some rules count refusals in a row or ask for the first order's age: LEG_TAIL orders cover every pause they decide.
  const ofLeg = select<[{ leg: number }]>(
    `WHERE id IN (SELECT id FROM (SELECT id FROM orders INDEXED BY orders_leg WHERE leg_id = @leg ORDER BY id DESC LIMIT ${LEG_TAIL})
       UNION SELECT id FROM orders INDEXED BY one_live_order_per_leg WHERE leg_id = @leg AND ${LIVE}) ORDER BY +id`,
  );
  const working = select<[{ trade: number }]>(
    `WHERE id IN (SELECT id FROM orders INDEXED BY orders_entries WHERE trade_id = @trade AND purpose = 'entry'
       UNION SELECT id FROM orders INDEXED BY orders_live_trade WHERE trade_id = @trade AND ${LIVE}) ORDER BY +id`,
  );
  const live = select<[string]>(`WHERE symbol = ? AND ${LIVE} ORDER BY id`);
  const allLive = select<[]>(`WHERE ${LIVE} ORDER BY +id`);
  const lost = select<[string, number]>("WHERE symbol = ? AND state = 'neverSent' AND sent_ms >= ? ORDER BY id");
  const newest = select<[number]>("ORDER BY id DESC LIMIT ?");
  const all = select<[]>("ORDER BY id");
  const ours = sql.prepare<[string, string], number>("SELECT 1 FROM orders WHERE symbol = ? AND venue_order_id = ?");
  const counts = sql.prepare<[], { state: OrderState; n: number }>(
    "SELECT state, count(*) AS n FROM orders GROUP BY state",
  );
  const newestId = sql.prepare<[], string>(`SELECT value FROM meta WHERE key = '${NEWEST_ORDER_ID}'`).pluck();
  const map = (row: Row | undefined): Order | undefined => row && toOrder(row);
  return {
    byId: (id: number): Order | undefined => map(byId.get(id)),
    byVenueId: (venueOrderId: string): Order | undefined => map(byVenueId.get(venueOrderId)),
    ofTrade: (tradeId: number): readonly Order[] => ofTrade.all(tradeId).map(toOrder),
    /** The leg's live order and its newest ones, oldest first: a look must not cost more the longer a leg was refused. */
    ofLeg: (legId: number): readonly Order[] => ofLeg.all({ leg: legId }).map(toOrder),
    /** The trade's live orders and all its entries, oldest first. */
    working: (tradeId: number): readonly Order[] => working.all({ trade: tradeId }).map(toOrder),
    /** Intended, sending, unknown or open. */
    live: (symbol: string): readonly LiveOrder[] => live.all(symbol).map(toOrder).filter(isLive),
    /** Sent since `sinceMs` and presumed lost: the venue may still report it late. */
    givenUp: (symbol: string, sinceMs: number): readonly Order[] => lost.all(symbol, sinceMs).map(toOrder),
    /** Live orders of all symbols. */
    allLive: (): readonly LiveOrder[] => allLive.all().map(toOrder).filter(isLive),
    newest: (limit: number): readonly Order[] => newest.all(limit).map(toOrder),
    all: (): readonly Order[] => all.all().map(toOrder),
    /** Whether a venue order id is one of ours. */
    venueIds: (symbol: string): Pick<ReadonlySet<string>, "has"> => ({
      has: (venueOrderId) => ours.get(symbol, venueOrderId) !== undefined,
    }),
    /** The newest order id of the venue seen so far, ours or not; undefined: none yet. */
    newestVenueId: (): string | undefined => newestId.get(),
    counts: (): Readonly<Partial<Record<OrderState, number>>> =>
      Object.fromEntries(counts.all().map((c) => [c.state, c.n])),
  };
};

export const orderWrites = (sql: Sqlite) => {
  const reads = orderReads(sql);
  const insert = sql.prepare(
    `INSERT INTO orders (trade_id, purpose, leg_id, position_id, exit_reason, symbol, side, execution_type, time_in_force,
       price_e8, planned_e8, losscut_e8, size_e8, state, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'intended', ?)`,
  );
  const update = sql.prepare(
    `UPDATE orders SET state = ?, venue_order_id = ?, executed_e8 = ?, empty_looks = ?, sent_ms = ?, sent_venue_ms = ?, after_order_id = ?,
       cancel_asked_ms = ?, closed_ms = ?, refusal_code = ?, refusal_resend = ?, detail = ? WHERE id = ? AND state = ?`,
  );
  // A running maximum: the rows are many, and it is read before each order.
  const noteId = sql.prepare(
    `INSERT INTO meta (key, value) VALUES ('${NEWEST_ORDER_ID}', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value
       WHERE CAST(excluded.value AS INTEGER) > CAST(meta.value AS INTEGER)`,
  );
  const follow = sql.prepare(
    `UPDATE orders SET price_e8 = ?, planned_e8 = ?, size_e8 = ?, losscut_e8 = ?, changed_ms = ?
     WHERE id = ? AND state = 'open'`,
  );
  const guarded = legGuard(sql, reads.ofLeg);
  return {
    /** The venue's order ids rise: one that was seen is older than every order sent from now on. */
    noteVenueId: (venueOrderId: string): void => void noteId.run(venueOrderId),
    /**
     * An open order takes over what rests at the venue under its id. Throws AppError alert ORDER_INTENT, and by the
     * table's CHECK where less than its executed size would remain.
     */
    follow(order: Order, to: Followed, atMs: EpochMs): void {
      const { intent } = order;
      assertIntent({ ...intent, ...to, plannedPrice: to.price });
      follow.run(to.price ?? null, plannedPrice(intent, to) ?? null, to.size, to.losscutPrice ?? null, atMs, order.id);
    },
    /**
     * A new intent. Throws on an impossible one, and when the leg, the symbol's entry or the lookup is already taken.
     */
    intend(intent: Intent, atMs: EpochMs): number {
      assertIntent(intent);
      const i = intent;
      const run = () =>
        insert.run(
          i.tradeId,
          i.purpose,
          i.legId ?? null,
          i.positionId ?? null,
          i.exitReason ?? null,
          i.symbol,
          i.side,
          i.executionType,
          i.timeInForce,
          i.price ?? null,
          i.plannedPrice ?? null,
          i.losscutPrice ?? null,
          i.size,
          atMs,
        );
      return Number(guarded(i.legId, run).lastInsertRowid);
    },
    /**
     * Rereads the row, moves it by the state machine's rules, saves it. Throws AppError alert ORDER_MOVE,
     * PROTECTION_MOVE.
     */
    move(id: number, event: OrderEvent): { readonly before: Order; readonly after: Order } {
      const before = reads.byId(id);
      if (before === undefined) throw new AppError("alert", "ORDER_ROW", `expected order ${id}, found none`);
      const after = moveOrder(before, event);
      if (after === before) return { before, after };
      const a = after as Partial<{
        venueOrderId: string;
        executed: CoinE8;
        emptyLooks: number;
        sentMs: EpochMs;
        sentVenueMs: EpochMs;
        afterOrderId: string;
        cancelAskedMs: EpochMs;
        closedMs: EpochMs;
        code: string;
        resend: string;
        detail: string;
      }>;
      const run = () =>
        update.run(
          after.state,
          a.venueOrderId ?? null,
          a.executed ?? 0n,
          a.emptyLooks ?? 0,
          a.sentMs ?? null,
          a.sentVenueMs ?? null,
          a.afterOrderId ?? null,
          a.cancelAskedMs ?? null,
          a.closedMs ?? null,
          a.code ?? null,
          a.resend ?? null,
          a.detail ?? null,
          id,
          before.state,
        );
      guarded(before.intent.legId, run);
      if (a.venueOrderId !== undefined) noteId.run(a.venueOrderId);
      return { before, after };
    },
  };
};
