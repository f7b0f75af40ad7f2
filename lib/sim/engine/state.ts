// The in-memory state of the simulated venue, and what changed in it since the last commit. The store writes exactly
// these changes. No trading decision is made here.
import { type CoinE8, coinE8, type YenE8, yenE8 } from "../../core/money.ts";
import type { EpochMs } from "../../core/time.ts";
import type { VenueEvent } from "./events.ts";
import {
  type AccountCall,
  type BareStats,
  isLive,
  isSpot,
  JPY,
  type LedgerEntry,
  type LedgerKind,
  remainingOf,
  reservesOf,
  type SimExecution,
  type SimOrder,
  type SimPosition,
} from "./rows.ts";

export type * from "./rows.ts";
export { isLive, isSpot, JPY, NEW_ORDER_STATE, remainingOf } from "./rows.ts";
export type { VenueEvent };

interface Changes {
  readonly orders: readonly SimOrder[];
  readonly positions: readonly SimPosition[];
  readonly executions: readonly SimExecution[];
  readonly ledger: readonly LedgerEntry[];
  readonly bare: ReadonlyMap<string, BareStats>;
  /** null: the call ended. undefined: unchanged. */
  readonly call: AccountCall | null | undefined;
}

/** Ids start at GMO's values of 2026 (order ids exceed 2^32) and only increase. */
const FIRST_ORDER_ID = 8_800_000_001;
const FIRST_EXECUTION_ID = 921_000_001;
const FIRST_POSITION_ID = 289_000_001;

export class SimState {
  nowMs: EpochMs;
  /** Balance by coin name; a missing coin is 0. */
  readonly coins = new Map<string, CoinE8>();
  /** Yen deposits (amount above 0) and withdrawals (below 0), oldest first, for the payment histories. */
  readonly payments: LedgerEntry[] = [];
  /** Leverage fees, oldest first, for exchangeFee/history. */
  readonly leverageFees: LedgerEntry[] = [];
  readonly orders = new Map<number, SimOrder>();
  readonly positions = new Map<number, SimPosition>();
  readonly executions: SimExecution[] = [];
  readonly bare = new Map<string, BareStats>();
  /** Index of the live orders and open positions, so that a step does not scan history. */
  readonly liveOrders = new Map<number, SimOrder>();
  readonly openPositions = new Map<number, SimPosition>();
  events: VenueEvent[] = [];
  #cash: YenE8 = yenE8(0n);
  /** Deposits minus withdrawals by currency. */
  readonly #paidIn = new Map<string, bigint>();
  #call: AccountCall | undefined;
  #callChanged = false;
  #ledgerCount = 0;
  /** `orderdSize` of each open position as last published. */
  readonly #publishedReserved = new Map<number, bigint>();
  /** The same, as included in the last published summary of its symbol and side. */
  readonly #summaryReserved = new Map<number, bigint>();
  #changedOrders = new Set<SimOrder>();
  #changedPositions = new Set<SimPosition>();
  #newExecutions: SimExecution[] = [];
  #newLedger: LedgerEntry[] = [];
  #bareChanged = false;

  constructor(nowMs: EpochMs) {
    this.nowMs = nowMs;
  }

  /** Settled yen. */
  get cash(): YenE8 {
    return this.#cash;
  }
  coin(name: string): CoinE8 {
    return this.coins.get(name) ?? coinE8(0n);
  }
  get call(): AccountCall | undefined {
    return this.#call;
  }
  set call(call: AccountCall | undefined) {
    this.#call = call;
    this.#callChanged = true;
  }

  nextOrderId(): number {
    return FIRST_ORDER_ID + this.orders.size;
  }
  nextExecutionId(): number {
    return FIRST_EXECUTION_ID + this.executions.length;
  }
  nextPositionId(): number {
    return FIRST_POSITION_ID + this.positions.size;
  }

  /** Records a new or changed order. */
  recordOrder(order: SimOrder): void {
    this.orders.set(order.orderId, order);
    if (isLive(order)) this.liveOrders.set(order.orderId, order);
    else {
      this.liveOrders.delete(order.orderId);
      order.endedMs ??= this.nowMs;
    }
    this.#changedOrders.add(order);
  }
  recordPosition(position: SimPosition): void {
    this.positions.set(position.positionId, position);
    if (position.size > 0n) this.openPositions.set(position.positionId, position);
    else this.openPositions.delete(position.positionId);
    this.#changedPositions.add(position);
  }
  addExecution(execution: SimExecution): void {
    this.executions.push(execution);
    this.#newExecutions.push(execution);
  }
  /** Posts an amount of `currency` to the ledger; a zero amount makes no entry. */
  post(kind: LedgerKind, amount: bigint, ref: number, currency: string = JPY): void {
    if (amount === 0n) return;
    this.#ledgerCount += 1;
    const entry: LedgerEntry = {
      entryId: this.#ledgerCount,
      atMs: this.nowMs,
      kind,
      amount: yenE8(amount),
      ref,
      currency,
    };
    this.#add(entry);
    this.#newLedger.push(entry);
  }
  #add(entry: LedgerEntry): void {
    if (entry.currency === JPY) this.#cash = yenE8(this.#cash + entry.amount);
    else this.coins.set(entry.currency, coinE8(this.coin(entry.currency) + entry.amount));
    if (entry.kind === "deposit")
      this.#paidIn.set(entry.currency, (this.#paidIn.get(entry.currency) ?? 0n) + entry.amount);
    if (entry.kind === "deposit" && entry.currency === JPY) this.payments.push(entry);
    if (entry.kind === "leverage_fee") this.leverageFees.push(entry);
  }
  emit(event: VenueEvent): void {
    this.events.push(event);
  }

  /** Live close orders of a position, oldest first, including bulk closes that settle it. */
  closeOrdersOf(positionId: number): readonly SimOrder[] {
    return [...this.liveOrders.values()].filter((order) => reservesOf(order, positionId) > 0n);
  }
  /** `orderdSize`: the size that live close orders reserve. */
  reservedOf(positionId: number): CoinE8 {
    let sum = 0n;
    for (const order of this.liveOrders.values()) sum += reservesOf(order, positionId);
    return coinE8(sum);
  }
  /** Marks this `orderdSize` as published, and the summary of the position's symbol and side. */
  markPublished(position: SimPosition, reserved: CoinE8): void {
    this.#publishedReserved.set(position.positionId, reserved);
    for (const { positionId, symbol, side } of this.openPositions.values())
      if (symbol === position.symbol && side === position.side)
        this.#summaryReserved.set(positionId, this.reservedOf(positionId));
  }
  /** Open positions whose `orderdSize` differs from the last published one, in the position or in its summary. */
  unpublished(): readonly SimPosition[] {
    return [...this.openPositions.values()].filter(({ positionId }) => {
      const reserved = this.reservedOf(positionId);
      return (
        reserved !== (this.#publishedReserved.get(positionId) ?? 0n) ||
        reserved !== (this.#summaryReserved.get(positionId) ?? reserved)
      );
    });
  }
  /**
   * Open quantity of a symbol without a covering live close order. For a coin: the balance beyond net deposits, minus
   * the size that live sales lock.
   */
  bareSize(symbol: string): CoinE8 {
    let sum = 0n;
    if (isSpot(symbol)) {
      sum = this.coin(symbol) - (this.#paidIn.get(symbol) ?? 0n);
      for (const order of this.liveOrders.values())
        if (order.symbol === symbol && order.side === "SELL") sum -= remainingOf(order);
      return coinE8(sum > 0n ? sum : 0n);
    }
    for (const position of this.openPositions.values())
      if (position.symbol === symbol) sum += position.size - this.reservedOf(position.positionId);
    return coinE8(sum);
  }
  /** Measures how long quantity is uncovered; called after every step that changed something. */
  measureBare(symbols: readonly string[]): void {
    for (const symbol of symbols) {
      const isBare = this.bareSize(symbol) > 0n;
      const stats = this.bare.get(symbol) ?? { sinceMs: undefined, longestMs: 0 };
      if (isBare === (stats.sinceMs !== undefined)) continue;
      if (isBare) stats.sinceMs = this.nowMs;
      else {
        stats.longestMs = Math.max(stats.longestMs, this.nowMs - stats.sinceMs!);
        stats.sinceMs = undefined;
      }
      this.bare.set(symbol, stats);
      this.#bareChanged = true;
    }
  }

  /** Restores stored rows; marks nothing as changed. */
  restore(rows: {
    readonly ledger: readonly LedgerEntry[];
    readonly orders: readonly SimOrder[];
    readonly positions: readonly SimPosition[];
    readonly executions: readonly SimExecution[];
    readonly bare: ReadonlyMap<string, BareStats>;
    readonly call: AccountCall | undefined;
  }): void {
    for (const entry of rows.ledger) this.#add(entry);
    this.#ledgerCount = rows.ledger.length;
    for (const order of rows.orders) this.recordOrder(order);
    for (const position of rows.positions) this.recordPosition(position);
    this.executions.push(...rows.executions);
    for (const [symbol, stats] of rows.bare) this.bare.set(symbol, stats);
    for (const position of this.openPositions.values())
      this.markPublished(position, this.reservedOf(position.positionId));
    this.#call = rows.call;
    this.takeChanges();
  }

  hasChanges(): boolean {
    return (
      this.#bareChanged ||
      this.#callChanged ||
      this.#changedOrders.size + this.#changedPositions.size + this.#newExecutions.length + this.#newLedger.length > 0
    );
  }
  takeChanges(): Changes {
    const changes: Changes = {
      orders: [...this.#changedOrders],
      positions: [...this.#changedPositions],
      executions: this.#newExecutions,
      ledger: this.#newLedger,
      bare: this.#bareChanged ? this.bare : new Map(),
      call: this.#callChanged ? (this.#call ?? null) : undefined,
    };
    this.#changedOrders = new Set();
    this.#changedPositions = new Set();
    this.#newExecutions = [];
    this.#newLedger = [];
    this.#bareChanged = false;
    this.#callChanged = false;
    return changes;
  }
  takeEvents(): readonly VenueEvent[] {
    const events = this.events;
    this.events = [];
    return events;
  }
}
