// Everything the simulated venue remembers, in memory, and which of it has changed since the last commit. The store writes
// exactly these changes. Nothing here decides anything.
import { type CoinE8, coinE8, type YenE8, yenE8 } from "../core/money.ts";
import type { EpochMs } from "../core/time.ts";
import type { ExecutionType, Side, TimeInForce } from "../core/venue.ts";

export type SimOrderStatus = "WAITING" | "ORDERED" | "CANCELLING" | "CANCELED" | "EXECUTED" | "EXPIRED";
export interface SimOrder {
  readonly orderId: number;
  readonly symbol: string;
  readonly side: Side;
  readonly orderType: "NORMAL" | "LOSSCUT";
  readonly executionType: ExecutionType;
  readonly settleType: "OPEN" | "CLOSE";
  readonly timeInForce: TimeInForce;
  readonly size: CoinE8;
  /** undefined for MARKET. */
  readonly price: YenE8 | undefined;
  readonly losscutPrice: YenE8 | undefined;
  /** The position a close order settles. */
  readonly positionId: number | undefined;
  readonly createdMs: EpochMs;
  executedSize: CoinE8;
  status: SimOrderStatus;
  cancelType: string | undefined;
  /** A resting LIMIT fills when the path reaches this price, in ticks (docs/venue.md, "When a resting order fills"). */
  throughTicks: number | undefined;
  /** A resting LIMIT does not fill again before this. */
  nextFillMs: EpochMs;
  /** When an accepted cancel takes effect. */
  cancelAtMs: EpochMs | undefined;
}
export interface SimExecution {
  readonly executionId: number;
  readonly orderId: number;
  readonly positionId: number;
  readonly symbol: string;
  readonly side: Side;
  readonly settleType: "OPEN" | "CLOSE" | "LOSS_CUT";
  readonly size: CoinE8;
  readonly price: YenE8;
  readonly lossGain: YenE8;
  /** Positive = paid. */
  readonly fee: YenE8;
  readonly atMs: EpochMs;
  readonly taker: boolean;
}
export interface SimPosition {
  readonly positionId: number;
  readonly symbol: string;
  readonly side: Side;
  readonly price: YenE8;
  readonly losscutPrice: YenE8;
  readonly openedMs: EpochMs;
  /** Open size; 0 when closed. */
  size: CoinE8;
}
/** Every change of the cash balance, so that cash = sum of entries. */
export interface LedgerEntry {
  readonly entryId: number;
  readonly atMs: EpochMs;
  readonly kind: "deposit" | "loss_gain" | "fee" | "leverage_fee" | "losscut_fee";
  readonly amount: YenE8;
  /** Execution id, or position id of a leverage fee; 0 for the deposit. */
  readonly ref: number;
}
export interface BareStats {
  /** Since when open quantity has stood without a covering close order; undefined: covered. */
  sinceMs: EpochMs | undefined;
  /** Longest finished stretch. */
  longestMs: number;
}

/** What happened to our account, as the private channels tell it (GMO API 10.4). Snapshots, safe to keep. */
export type VenueEvent = { readonly symbol: string; readonly atMs: EpochMs } & (
  | { readonly kind: "order"; readonly msgType: "NOR" | "COR" | "ER"; readonly order: Readonly<SimOrder> }
  | {
      readonly kind: "execution";
      readonly msgType: "ER";
      readonly execution: SimExecution;
      readonly order: Readonly<SimOrder>;
    }
  | {
      readonly kind: "position";
      readonly msgType: "OPR" | "UPR" | "CPR";
      readonly position: Readonly<SimPosition>;
    }
);

export interface Changes {
  readonly orders: readonly SimOrder[];
  readonly positions: readonly SimPosition[];
  readonly executions: readonly SimExecution[];
  readonly ledger: readonly LedgerEntry[];
  readonly bare: ReadonlyMap<string, BareStats>;
}

export const isLive = (order: SimOrder): boolean =>
  order.status === "WAITING" || order.status === "ORDERED" || order.status === "CANCELLING";
export const remainingOf = (order: SimOrder): CoinE8 => coinE8(order.size - order.executedSize);

/** Ids start where GMO's stood in 2026 (order ids exceed 2^32) and only rise. */
const FIRST_ORDER_ID = 8_800_000_001;
const FIRST_EXECUTION_ID = 921_000_001;
const FIRST_POSITION_ID = 289_000_001;

export class SimState {
  nowMs: EpochMs;
  cash: YenE8 = yenE8(0n);
  readonly orders = new Map<number, SimOrder>();
  readonly positions = new Map<number, SimPosition>();
  readonly executions: SimExecution[] = [];
  readonly bare = new Map<string, BareStats>();
  /** The live orders and open positions, so that a step does not walk through history. */
  readonly liveOrders = new Map<number, SimOrder>();
  readonly openPositions = new Map<number, SimPosition>();
  events: VenueEvent[] = [];
  #ledgerCount = 0;
  #changedOrders = new Set<SimOrder>();
  #changedPositions = new Set<SimPosition>();
  #newExecutions: SimExecution[] = [];
  #newLedger: LedgerEntry[] = [];
  #bareChanged = false;

  constructor(nowMs: EpochMs) {
    this.nowMs = nowMs;
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

  /** Files an order away after it was made or changed. */
  touchOrder(order: SimOrder): void {
    this.orders.set(order.orderId, order);
    if (isLive(order)) this.liveOrders.set(order.orderId, order);
    else this.liveOrders.delete(order.orderId);
    this.#changedOrders.add(order);
  }
  touchPosition(position: SimPosition): void {
    this.positions.set(position.positionId, position);
    if (position.size > 0n) this.openPositions.set(position.positionId, position);
    else this.openPositions.delete(position.positionId);
    this.#changedPositions.add(position);
  }
  addExecution(execution: SimExecution): void {
    this.executions.push(execution);
    this.#newExecutions.push(execution);
  }
  /** Moves cash; zero amounts leave no entry. */
  book(kind: LedgerEntry["kind"], amount: YenE8, ref: number): void {
    if (amount === 0n) return;
    this.cash = yenE8(this.cash + amount);
    this.#ledgerCount += 1;
    this.#newLedger.push({ entryId: this.#ledgerCount, atMs: this.nowMs, kind, amount, ref });
  }
  emit(event: VenueEvent): void {
    this.events.push(event);
  }

  /** Live close orders of a position, oldest first. */
  closeOrdersOf(positionId: number): readonly SimOrder[] {
    return [...this.liveOrders.values()].filter((order) => order.positionId === positionId);
  }
  /** `orderdSize`: what live close orders reserve. */
  reservedOf(positionId: number): CoinE8 {
    let sum = 0n;
    for (const order of this.liveOrders.values()) if (order.positionId === positionId) sum += remainingOf(order);
    return coinE8(sum);
  }
  /** Open quantity of a symbol that no live close order covers. */
  bareSize(symbol: string): CoinE8 {
    let sum = 0n;
    for (const position of this.openPositions.values())
      if (position.symbol === symbol) sum += position.size - this.reservedOf(position.positionId);
    return coinE8(sum);
  }
  /** Keeps the stop-watch of bare quantity; called after every step that changed something. */
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

  /** Puts stored rows back; marks nothing as changed. */
  restore(rows: {
    readonly cash: YenE8;
    readonly ledgerCount: number;
    readonly orders: readonly SimOrder[];
    readonly positions: readonly SimPosition[];
    readonly executions: readonly SimExecution[];
    readonly bare: ReadonlyMap<string, BareStats>;
  }): void {
    this.cash = rows.cash;
    this.#ledgerCount = rows.ledgerCount;
    for (const order of rows.orders) this.touchOrder(order);
    for (const position of rows.positions) this.touchPosition(position);
    this.executions.push(...rows.executions);
    for (const [symbol, stats] of rows.bare) this.bare.set(symbol, stats);
    this.takeChanges();
  }

  hasChanges(): boolean {
    return (
      this.#bareChanged ||
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
    };
    this.#changedOrders = new Set();
    this.#changedPositions = new Set();
    this.#newExecutions = [];
    this.#newLedger = [];
    this.#bareChanged = false;
    return changes;
  }
  takeEvents(): readonly VenueEvent[] {
    const events = this.events;
    this.events = [];
    return events;
  }
}
