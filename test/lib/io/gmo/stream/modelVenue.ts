// A little venue for the view's tests: orders and positions with their whole history, events for every change, REST
// answers that may lag. It knows nothing of the view's rules.
import { coinE8, yen, yenE8 } from "../../../../../lib/core/money.ts";
import { type EpochMs, epochMs } from "../../../../../lib/core/time.ts";
import type { Execution, Position, VenueOrder, VenueOrderStatus } from "../../../../../lib/core/venue.ts";
import type { AccountEvent, OrderEventStatus } from "../../../../../lib/core/venueEvents.ts";
import type { Random } from "../../../../../lib/io/random.ts";

export const SYMBOL = "BTC_JPY";
export interface OrderState {
  readonly atMs: number;
  readonly status: VenueOrderStatus;
  readonly price: number;
  readonly executed: number;
}
export interface PositionState {
  readonly atMs: number;
  /** 0: closed. */
  readonly size: number;
  readonly reserved: number;
}
export interface ModelOrder {
  readonly id: string;
  readonly size: number;
  readonly stop: boolean;
  readonly closes: string | undefined;
  readonly states: OrderState[];
}
export interface ModelPosition {
  readonly id: string;
  readonly states: PositionState[];
}

const START_MS = Date.parse("2026-09-20T00:00:00Z");
const LIVE: ReadonlySet<VenueOrderStatus> = new Set(["WAITING", "ORDERED", "MODIFYING", "CANCELLING"]);
const coins = (steps: number) => coinE8(BigInt(steps) * 100_000n);

export class ModelVenue {
  nowMs = 0;
  readonly orders: ModelOrder[] = [];
  readonly positions: ModelPosition[] = [];
  readonly executions: (Execution & { readonly atMs: number })[] = [];
  constructor(
    private readonly random: Random,
    /** The venue's clock minus ours. */
    private readonly offsetMs: number,
    private readonly emit: (event: AccountEvent) => void,
  ) {}

  at(ms: number): EpochMs {
    return epochMs(START_MS + ms + this.offsetMs);
  }
  ourTime(ms: number): EpochMs {
    return epochMs(START_MS + ms);
  }
  now<S>(thing: { readonly states: readonly S[] }): S {
    return thing.states.at(-1)!;
  }
  live(): ModelOrder[] {
    return this.orders.filter((order) => LIVE.has(this.now(order).status));
  }
  open(): ModelPosition[] {
    return this.positions.filter((position) => this.now(position).size > 0);
  }

  /** One random thing happens. */
  step(): void {
    const { random } = this;
    const live = this.live();
    const order = live[random.int(Math.max(1, live.length))];
    const closable = this.open().filter((position) => this.now(position).size > this.now(position).reserved);
    const dice = random.int(10);
    const status = order && this.now(order).status;
    if (!order || dice === 0) this.#place(undefined);
    else if (dice === 1 && closable.length > 0) this.#place(closable[random.int(closable.length)]!);
    else if (status === "MODIFYING") this.#set(order, order.stop && dice < 6 ? "WAITING" : "ORDERED", dice % 3);
    else if (status === "CANCELLING" && dice >= 4) this.#set(order, "CANCELED");
    else if (status === "CANCELLING") this.#fill(order);
    else if (dice === 2) this.#set(order, "CANCELLING");
    else if (dice === 3) this.#set(order, "MODIFYING");
    else if (dice === 4) this.#set(order, "EXPIRED");
    else if (status === "WAITING") this.#set(order, "ORDERED");
    else this.#fill(order);
  }

  /** Requests under way come to their results. */
  calm(): void {
    for (const order of this.live()) {
      const { status } = this.now(order);
      if (status === "CANCELLING") this.#set(order, "CANCELED");
      if (status === "MODIFYING") this.#set(order, order.stop ? "WAITING" : "ORDERED", 3);
    }
  }

  #place(position: ModelPosition | undefined): void {
    const { random } = this;
    const stop = random.int(3) === 0;
    const size = position ? this.now(position).size - this.now(position).reserved : 1 + random.int(5);
    const id = String(8_800_000_001 + this.orders.length);
    const order: ModelOrder = { id, size, stop, closes: position?.id, states: [] };
    this.orders.push(order);
    order.states.push({ atMs: this.nowMs, status: stop ? "WAITING" : "ORDERED", price: 0, executed: 0 });
    this.#tellOrder(order, "NOR");
    if (position) this.#setPosition(position, this.now(position).size, this.now(position).reserved + size);
  }
  #set(order: ModelOrder, status: VenueOrderStatus, price?: number): void {
    const before = this.now(order);
    // A stop that has triggered while it was being changed stays triggered.
    const triggered = order.states.some((state) => state.status === "ORDERED");
    const next = status === "WAITING" && triggered ? "ORDERED" : status;
    order.states.push({ ...before, atMs: this.nowMs, status: next, price: price ?? before.price });
    if (status !== "MODIFYING" && status !== "CANCELLING") this.#tellOrder(order, "ROR");
    if (!LIVE.has(next)) this.#release(order, order.size - before.executed);
  }
  #fill(order: ModelOrder): void {
    const before = this.now(order);
    const size = 1 + this.random.int(order.size - before.executed);
    const executed = before.executed + size;
    const status = executed === order.size ? "EXECUTED" : before.status;
    order.states.push({ ...before, atMs: this.nowMs, status, executed });
    const position = this.positions.find(({ id }) => id === order.closes);
    const positionId = position?.id ?? String(289_000_001 + this.positions.length);
    const execution: Execution & { atMs: number } = {
      ...{ executionId: String(921_000_001 + this.executions.length), orderId: order.id, positionId, symbol: SYMBOL },
      ...{
        side: "BUY",
        settleType: order.closes ? "CLOSE" : "OPEN",
        size: coins(size),
        price: yen(100 + before.price),
      },
      ...{ lossGain: yen(0), fee: yen(0), timestampMs: this.at(this.nowMs), atMs: this.nowMs },
    };
    this.executions.push(execution);
    const { atMs: _, ...row } = execution;
    this.emit({
      ...{ kind: "execution", ...row, executionType: order.stop ? "STOP" : "LIMIT", timeInForce: "FAS" },
      ...{ orderPrice: yen(100 + before.price), orderSize: coins(order.size), orderExecutedSize: coins(executed) },
      ...{ orderTimestampMs: this.at(order.states[0]!.atMs), msgType: "ER" },
    });
    if (position) {
      const { size: open, reserved } = this.now(position);
      this.#setPosition(position, open - size, reserved - size);
    } else {
      const opened: ModelPosition = { id: positionId, states: [{ atMs: this.nowMs, size, reserved: 0 }] };
      this.positions.push(opened);
      this.#tellPosition(opened, "OPR");
    }
  }
  #release(order: ModelOrder, left: number): void {
    const position = this.positions.find(({ id }) => id === order.closes);
    if (position) this.#setPosition(position, this.now(position).size, this.now(position).reserved - left);
  }
  #setPosition(position: ModelPosition, size: number, reserved: number): void {
    position.states.push({ atMs: this.nowMs, size, reserved });
    this.#tellPosition(position, size === 0 ? "CPR" : "UPR");
  }

  orderRow(order: ModelOrder, state: OrderState): VenueOrder {
    return {
      ...{ orderId: order.id, rootOrderId: order.id, symbol: SYMBOL, side: "BUY", orderType: "NORMAL" },
      ...{ executionType: order.stop ? "STOP" : "LIMIT", settleType: order.closes ? "CLOSE" : "OPEN" },
      ...{ size: coins(order.size), executedSize: coins(state.executed), price: yen(100 + state.price) },
      ...{ losscutPrice: undefined, status: state.status, cancelType: undefined, timeInForce: "FAS" },
      timestampMs: this.at(order.states[0]!.atMs),
    };
  }
  #tellOrder(order: ModelOrder, msgType: string): void {
    const state = this.now(order);
    const { orderType: _, rootOrderId: __, timestampMs, ...row } = this.orderRow(order, state);
    this.emit({
      kind: "order",
      ...row,
      status: state.status as OrderEventStatus,
      orderTimestampMs: timestampMs,
      msgType,
    });
  }
  positionRow(position: ModelPosition, state: PositionState): Position {
    return {
      ...{ positionId: position.id, symbol: SYMBOL, side: "BUY", size: coins(state.size) },
      ...{ orderedSize: coins(state.reserved), price: yen(100), lossGain: yenE8(0n), losscutPrice: yen(75) },
      timestampMs: this.at(position.states[0]!.atMs),
    };
  }
  #tellPosition(position: ModelPosition, msgType: "OPR" | "UPR" | "CPR"): void {
    this.emit({ kind: "position", ...this.positionRow(position, this.now(position)), msgType });
  }

  /** REST as of a moment: each list at a moment of its own. */
  activeOrders(asOfMs: number): readonly VenueOrder[] {
    return this.orders.flatMap((order) => {
      const state = order.states.findLast(({ atMs }) => atMs <= asOfMs);
      return state && LIVE.has(state.status) ? [this.orderRow(order, state)] : [];
    });
  }
  ordersById(ids: readonly string[], asOfMs: number): readonly VenueOrder[] {
    return this.orders.flatMap((order) => {
      const state = order.states.findLast(({ atMs }) => atMs <= asOfMs);
      return state && ids.includes(order.id) ? [this.orderRow(order, state)] : [];
    });
  }
  openPositions(asOfMs: number): readonly Position[] {
    return this.positions.flatMap((position) => {
      const state = position.states.findLast(({ atMs }) => atMs <= asOfMs);
      return state && state.size > 0 ? [this.positionRow(position, state)] : [];
    });
  }
  latestExecutions(asOfMs: number): readonly Execution[] {
    return this.executions.filter(({ atMs }) => atMs <= asOfMs).map(({ atMs: _, ...row }) => row);
  }
}
