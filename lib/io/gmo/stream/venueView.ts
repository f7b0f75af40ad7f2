// Our view of our orders, fills and positions, kept from events and corrected over REST. Pure: no clock, no IO.
//
// The venue numbers nothing and stamps order events with the order's creation, so an event may be lost, repeated, late
// or out of order without a sign of it. The rule that keeps a late event from undoing newer knowledge:
//   1. Some things only go forward: an order's executed size, WAITING to ORDERED, live to terminal; a position's life;
//   the
//      set of fills. An event that is further along than our row is newer, whatever came before it: it replaces the
//   row.
//      One that is behind is dropped.
//   2. All else (an order's price, a position's reserved size and loss-cut price, a size that grew) may go back and
//   forth.
//      An event that differs only there, or is about something unknown that began before the last repair, proves
//   nothing:
//      the row stays as it is and is *in doubt* until REST has answered a request made at least `graceMs` after that
//      event.
//   3. A snapshot replaces rows that have not changed within `graceMs` before it was requested (REST may lag behind
//   events
//      by a little). Younger rows, and rows a younger snapshot did not have, it can only move forward; where it differs
//      otherwise they stay and are in doubt.
//   4. What an event or REST called terminal or closed never becomes live again. What was only missing in a snapshot
//   may,
//      by a later snapshot.
import { DAY_MS, type EpochMs } from "../../../core/time.ts";
import { type Execution, isTerminalStatus, type VenueOrder } from "../../../core/venue.ts";
import type { AccountEvent, ExecutionEvent, OrderEvent, PositionEvent } from "../../../core/venueEvents.ts";
import type { AccountSnapshot, ViewedOrder, ViewedPosition } from "./accountTypes.ts";
import {
  executionOf,
  forwardByEvent,
  forwardOrder,
  isFull,
  isPassing,
  orderOfEvent,
  orderOfRest,
  placeOf,
  positionOf,
  samePosition,
} from "./viewRows.ts";

export interface VenueViewOptions {
  /** Only rows of these are kept: REST is read for no others. */
  readonly symbols: readonly string[];
  /**
   * How far REST may lag behind an event; a new position was invisible for about 100 ms (GMO API 8.6). Default 1,000.
   */
  readonly graceMs?: number;
  /** How far our clock may be from the venue's. Default 5,000. */
  readonly clockMarginMs?: number;
}
/**
 * `applied`: the view changed. `unconfirmed`: it may be new, REST will show. `old`: repeated or outdated. `foreign`:
 * not part of the view (another symbol, a summary).
 */
export type Effect = "applied" | "unconfirmed" | "old" | "foreign";
export interface Merged {
  /** Fills that no event or earlier read had reported. */
  readonly newExecutions: readonly Execution[];
  /** REST says something is live that an event had ended: one of the two is wrong. */
  readonly contradictions: readonly string[];
}

interface Row<T> {
  readonly value: T;
  /** When the evidence was received, or requested. */
  readonly atMs: number;
}
/** How long a finished order, a fill or a closed position is remembered; `latestExecutions` goes back one day. */
const KEEP_MS = DAY_MS + DAY_MS / 24;
/** Evidence received at `atMs` is old enough to be contained in the current snapshot. */
type SettledBy = (atMs: number) => boolean;
type Ended = { readonly by: "event" | "absence"; readonly atMs: number };

export class VenueView {
  readonly #symbols: ReadonlySet<string>;
  readonly #graceMs: number;
  readonly #clockMarginMs: number;
  readonly #orders = new Map<string, Row<ViewedOrder>>();
  readonly #positions = new Map<string, Row<ViewedPosition>>();
  readonly #executions = new Map<string, Row<Execution>>();
  readonly #closed = new Map<string, Ended>();
  readonly #gone = new Map<string, Ended>();
  /** What REST must be read about, by the time of the newest doubt. */
  readonly #doubtedOrders = new Map<string, number>();
  readonly #doubtedPositions = new Map<string, number>();
  #snapshotAskedMs: EpochMs | undefined;

  constructor(options: VenueViewOptions) {
    this.#symbols = new Set(options.symbols);
    this.#graceMs = options.graceMs ?? 1_000;
    this.#clockMarginMs = options.clockMarginMs ?? 5_000;
  }

  order(orderId: string): ViewedOrder | undefined {
    return this.#orders.get(orderId)?.value;
  }
  /** Live ones, and those finished within the last day. */
  orders(): readonly ViewedOrder[] {
    return valuesOf(this.#orders);
  }
  liveOrders(symbol: string): readonly ViewedOrder[] {
    return this.orders().filter((order) => order.symbol === symbol && !isTerminalStatus(order.status));
  }
  positions(symbol: string): readonly ViewedPosition[] {
    return valuesOf(this.#positions).filter((position) => position.symbol === symbol);
  }
  /** Of the last day; of one order, or all. */
  executions(orderId?: string): readonly Execution[] {
    return valuesOf(this.#executions).filter((row) => orderId === undefined || row.orderId === orderId);
  }
  /** Rows in doubt: repairs are needed until this is 0. */
  get doubts(): number {
    return this.#doubtedOrders.size + this.#doubtedPositions.size;
  }
  /** From when on a read resolves the oldest doubt (the clock of `atMs`); undefined: nothing is in doubt. */
  get settleAtMs(): number | undefined {
    const oldestMs = Math.min(...this.#doubtedOrders.values(), ...this.#doubtedPositions.values());
    return Number.isFinite(oldestMs) ? oldestMs + this.#graceMs : undefined;
  }
  /** Order ids a repair must read by id, unless they are among the active orders. */
  openQuestions(): readonly string[] {
    const live = [...this.#orders].filter(([, { value }]) => !isTerminalStatus(value.status)).map(([id]) => id);
    return [...new Set([...live, ...this.#doubtedOrders.keys()])];
  }

  /** `atMs`: when it was received, on a clock that never goes back. */
  apply(event: AccountEvent, atMs: number): Effect {
    if (event.kind === "positionSummary" || !this.#symbols.has(event.symbol)) return "foreign";
    switch (event.kind) {
      case "order":
        return this.#applyOrder(event, atMs);
      case "execution":
        return this.#applyExecution(event, atMs);
      case "position":
        return this.#applyPosition(event, atMs);
    }
  }

  #applyOrder(event: OrderEvent, atMs: number): Effect {
    const id = event.orderId;
    const update = orderOfEvent(event);
    const row = this.#orders.get(id)?.value;
    switch (placeOf(update, row)) {
      case "unknown":
        // The end of an order is a fact; that an order lives is not, if it may have ended before the last repair.
        if (isTerminalStatus(update.status) || (!this.#gone.has(id) && !this.#isOld(event.orderTimestampMs)))
          return this.#setOrder(update, atMs);
        return doubt(this.#doubtedOrders, id, atMs);
      case "ahead":
        return this.#setOrder(forwardByEvent(row!, update), atMs);
      case "unclear":
        return doubt(this.#doubtedOrders, id, atMs);
      case "same":
      case "behind":
        return "old";
    }
  }
  #applyExecution(event: ExecutionEvent, atMs: number): Effect {
    if (this.#executions.has(event.executionId)) return "old";
    this.#executions.set(event.executionId, { value: executionOf(event), atMs });
    const { orderId: id, orderExecutedSize: executedSize, orderSize: size } = event;
    const row = this.#orders.get(id)?.value;
    if (!row) {
      const known = isFull(executedSize, size) || (!this.#gone.has(id) && !this.#isOld(event.orderTimestampMs));
      if (known) this.#setOrder(orderOfEvent(event), atMs);
      else doubt(this.#doubtedOrders, id, atMs);
    } else if (executedSize > row.executedSize) this.#setOrder(forwardByEvent(row, orderOfEvent(event)), atMs);
    return "applied";
  }
  #applyPosition(event: PositionEvent, atMs: number): Effect {
    const id = event.positionId;
    const ended = this.#closed.get(id);
    if (event.msgType === "CPR") {
      if (ended?.by === "event") return "old";
      this.#positions.delete(id);
      this.#doubtedPositions.delete(id);
      this.#closed.set(id, { by: "event", atMs });
      return "applied";
    }
    if (ended?.by === "event") return "old";
    const update = positionOf(event);
    const row = this.#positions.get(id)?.value;
    if (row && samePosition(update, row)) return "old";
    const isNew = !row && !ended && !this.#isOld(event.timestampMs);
    // A position only shrinks, as far as we know; one that has grown is left to REST.
    if (!isNew && !(row && update.size < row.size)) return doubt(this.#doubtedPositions, id, atMs);
    this.#positions.set(id, { value: update, atMs });
    return "applied";
  }
  #setOrder(value: ViewedOrder, atMs: number): "applied" {
    this.#orders.set(value.orderId, { value, atMs });
    // Nothing can follow the end: REST adds nothing.
    if (isTerminalStatus(value.status)) this.#doubtedOrders.delete(value.orderId);
    return "applied";
  }
  /** It began before the last snapshot was requested (or the clocks differ too much), and the snapshot did not have it. */
  #isOld(beganMs: EpochMs): boolean {
    return this.#snapshotAskedMs !== undefined && beganMs <= this.#snapshotAskedMs + this.#clockMarginMs;
  }

  /**
   * Applies a REST snapshot: requested from `askedAtMs` on, read to its end at `readAtMs`, both on the clock of
   * `apply`.
   */
  merge(snapshot: AccountSnapshot, askedAtMs: number, readAtMs: number): Merged {
    const contradictions: string[] = [];
    const seen = new Set<string>();
    const settledBy: SettledBy = (atMs) => atMs <= askedAtMs - this.#graceMs;
    for (const ids of [this.#doubtedOrders, this.#doubtedPositions])
      for (const [id, atMs] of ids) if (settledBy(atMs)) ids.delete(id);

    for (const order of snapshot.orders) {
      seen.add(order.orderId);
      if (this.#symbols.has(order.symbol) && !this.#mergeOrder(order, readAtMs, settledBy))
        contradictions.push(`order ${order.orderId}`);
    }
    for (const [id, { value, atMs }] of this.#orders) {
      if (seen.has(id) || isTerminalStatus(value.status)) continue;
      if (!settledBy(atMs)) doubt(this.#doubtedOrders, id, atMs);
      else {
        this.#orders.delete(id);
        this.#gone.set(id, { by: "absence", atMs: readAtMs });
      }
    }
    this.#mergePositions(snapshot, readAtMs, settledBy, contradictions);

    const newExecutions = snapshot.executions.filter(
      (row) => this.#symbols.has(row.symbol) && !this.#executions.has(row.executionId),
    );
    for (const value of newExecutions) this.#executions.set(value.executionId, { value, atMs: readAtMs });
    this.#snapshotAskedMs = snapshot.askedMs;
    this.#prune(readAtMs);
    return { newExecutions, contradictions };
  }

  /** False: REST contradicts what events have reported for certain. */
  #mergeOrder(rest: VenueOrder, readAtMs: number, settledBy: SettledBy): boolean {
    const id = rest.orderId;
    const update = orderOfRest(rest);
    const row = this.#orders.get(id);
    const place = placeOf(update, row?.value);
    const gone = this.#gone.get(id);
    if (gone && !settledBy(gone.atMs) && !isTerminalStatus(update.status)) {
      // Missing in the previous snapshot, which may have been the newer one.
      doubt(this.#doubtedOrders, id, gone.atMs);
      return true;
    }
    if (!row || place === "unknown" || place === "ahead" || (place === "unclear" && settledBy(row.atMs))) {
      this.#gone.delete(id);
      this.#setOrder(row ? forwardOrder(row.value, update) : update, readAtMs);
    } else if (place === "unclear") doubt(this.#doubtedOrders, id, row.atMs);
    else if (place === "behind") {
      if (settledBy(row.atMs)) return false;
      if (!isTerminalStatus(row.value.status)) doubt(this.#doubtedOrders, id, row.atMs);
    }
    // In a transitional state, and the event that ends it may or may not come.
    if (isPassing(this.#orders.get(id)!.value.status)) doubt(this.#doubtedOrders, id, readAtMs);
    return true;
  }

  #mergePositions(snapshot: AccountSnapshot, readAtMs: number, settledBy: SettledBy, contradictions: string[]): void {
    const seen = new Set<string>();
    for (const rest of snapshot.positions) {
      const id = rest.positionId;
      const update = positionOf(rest);
      const row = this.#positions.get(id);
      const ended = this.#closed.get(id);
      seen.add(id);
      if (!this.#symbols.has(rest.symbol)) continue;
      if (ended?.by === "event") {
        if (settledBy(ended.atMs)) contradictions.push(`position ${id}`);
      } else if (ended && !settledBy(ended.atMs)) doubt(this.#doubtedPositions, id, ended.atMs);
      else if (!row || settledBy(row.atMs) || update.size < row.value.size) {
        this.#closed.delete(id);
        if (!row || !samePosition(update, row.value)) this.#positions.set(id, { value: update, atMs: readAtMs });
      } else if (!samePosition(update, row.value)) doubt(this.#doubtedPositions, id, row.atMs);
    }
    for (const [id, { atMs }] of this.#positions) {
      if (seen.has(id)) continue;
      if (!settledBy(atMs)) doubt(this.#doubtedPositions, id, atMs);
      else {
        this.#positions.delete(id);
        this.#closed.set(id, { by: "absence", atMs: readAtMs });
      }
    }
  }

  #prune(nowMs: number): void {
    const before = nowMs - KEEP_MS;
    for (const [id, { value, atMs }] of this.#orders)
      if (atMs < before && isTerminalStatus(value.status)) this.#orders.delete(id);
    for (const ended of [this.#executions, this.#closed, this.#gone])
      for (const [id, { atMs }] of ended) if (atMs < before) ended.delete(id);
  }
}

const valuesOf = <T>(rows: ReadonlyMap<string, Row<T>>): readonly T[] => [...rows.values()].map(({ value }) => value);
const doubt = (ids: Map<string, number>, id: string, atMs: number): "unconfirmed" => {
  ids.set(id, Math.max(atMs, ids.get(id) ?? Number.NEGATIVE_INFINITY));
  return "unconfirmed";
};
