// The simulated venue's state machine: orders come in, virtual time moves, everything that is due happens in exact time
// order. Deterministic: the same seed, market, requests and times give the same states. No IO.
import { type CoinE8, ceilDiv, coinE8, floorDiv, floorToStep, fromNumber, maxBig, type YenE8 } from "../core/money.ts";
import { type EpochMs, epochMs } from "../core/time.ts";
import type { ExecutionType, Side, SymbolRules, TimeInForce, VenueStatus } from "../core/venue.ts";
import { applyChange } from "./changes.ts";
import { type Due, nextDue } from "./dues.ts";
import { settleCall } from "./forced.ts";
import { type Account, accountOf, openGain } from "./margin.ts";
import type { Market, Touch, TouchSide } from "./market.ts";
import { Matching, type Stopped } from "./matching.ts";
import type { VenueOptions } from "./options.ts";
import { Settlement } from "./settlement.ts";
import { availableCoin } from "./spot.ts";
import {
  isSpot,
  type PendingChange,
  type SettlePart,
  type SimOrder,
  type SimPosition,
  type SimState,
  UNTOUCHED,
} from "./state.ts";
import { TradingHours } from "./tradingHours.ts";

export interface MachineConfig {
  readonly state: SimState;
  readonly market: Market;
  readonly rules: ReadonlyMap<string, SymbolRules>;
  readonly options: VenueOptions;
  readonly seed: number | string;
}

/** A checked order (orderRules.ts); sizes and prices are on the step and the tick. */
export interface NewOrder {
  readonly symbol: string;
  readonly side: Side;
  readonly executionType: ExecutionType;
  readonly timeInForce: TimeInForce;
  readonly size: CoinE8;
  readonly price: YenE8 | undefined;
  readonly losscutPrice: YenE8 | undefined;
  /** The position it settles; undefined opens, unless `settles` names several. */
  readonly positionId: number | undefined;
  /** What a bulk close settles, first to go first. */
  readonly settles?: readonly SettlePart[];
}
/** Injected faults that only the venue itself can commit (faults.ts). */
export interface Effects {
  /** A post-only order expires whatever the book says. */
  readonly expireSok?: boolean;
  /** Share of the order, 0 to 1, that its first fill may take; at least one step. */
  readonly fillShare?: number;
  /** The cancel is accepted and then the order fills, at its own price whatever the market's. */
  readonly cancelLoses?: boolean;
  /** closeOrder does not see positions younger than this. */
  readonly notClosableMs?: number;
}

export interface Watch {
  readonly symbol: string;
  readonly side: TouchSide;
  readonly price: YenE8;
}
export interface QuoteYen {
  readonly bid: YenE8;
  readonly ask: YenE8;
  readonly last: YenE8;
}

export class Machine {
  readonly state: SimState;
  readonly market: Market;
  readonly rules: ReadonlyMap<string, SymbolRules>;
  readonly options: VenueOptions;
  readonly hours: TradingHours;
  readonly matching: Matching;
  readonly settlement: Settlement;

  constructor({ state, market, rules, options, seed }: MachineConfig) {
    this.state = state;
    this.market = market;
    this.rules = rules;
    this.options = options;
    this.hours = new TradingHours(options.maintenance, options.closures);
    this.settlement = new Settlement(state, rules, options, (symbol) => this.quoteYen(symbol));
    this.matching = new Matching(state, market, rules, this.settlement, { ...options, seed });
  }

  status(): VenueStatus {
    return this.hours.statusAt(this.state.nowMs);
  }
  /** Prices now, or at an instant before or after. */
  quoteYen(symbol: string, atMs: EpochMs = this.state.nowMs): QuoteYen | undefined {
    const best = this.market.best(symbol, atMs);
    if (!best) return undefined;
    const yen = (ticks: number): YenE8 => this.matching.toYen(symbol, ticks);
    return { bid: yen(best.bid), ask: yen(best.ask), last: yen(best.last) };
  }
  account(atMs: EpochMs = this.state.nowMs): Account {
    return accountOf(this.state, this.rules, this.options, (symbol) => this.quoteYen(symbol, atMs));
  }
  openGain(position: SimPosition, atMs: EpochMs = this.state.nowMs): YenE8 {
    return openGain(position, this.quoteYen(position.symbol, atMs));
  }

  /** Moves time to `untilMs`, doing on the way what is due. */
  advanceTo(untilMs: EpochMs): void {
    if (untilMs < this.state.nowMs)
      throw new RangeError(`venue time cannot go back from ${this.state.nowMs} to ${untilMs}`);
    for (let due = this.#nextDue(untilMs); due; due = this.#nextDue(untilMs)) {
      this.state.nowMs = due.atMs;
      due.run();
      this.endStep();
    }
    this.state.nowMs = untilMs;
  }
  #nextDue(untilMs: EpochMs): Due | undefined {
    return nextDue(this, untilMs, false);
  }

  /**
   * First instant in (now, untilMs] at which something of ours happens (fill, trigger, loss cut, cancel taking effect) or
   * a watched level of the last price is touched. A level that holds already counts again at the next stretch of the path.
   */
  nextEventMs(untilMs: EpochMs, watches: readonly Watch[]): EpochMs | undefined {
    const fromMs = epochMs(this.state.nowMs + 1);
    let nextMs = nextDue(this, untilMs, true)?.atMs;
    for (const { symbol, side, price } of watches) {
      const { tick } = this.matching.rulesOf(symbol);
      const level = Number(side === "atOrAbove" ? ceilDiv(price, tick) : floorDiv(price, tick));
      const last = this.market.last(symbol, this.state.nowMs);
      const holds = last !== undefined && (side === "atOrAbove" ? last >= level : last <= level);
      const startMs = holds ? this.market.stretch(symbol, this.state.nowMs).endMs : fromMs;
      const stopMs = epochMs(Math.min(untilMs, nextMs ?? untilMs));
      const atMs = this.market.firstTouch(symbol, { side, ticks: level }, startMs, stopMs);
      if (atMs !== undefined && (nextMs === undefined || atMs < nextMs)) nextMs = atMs;
    }
    return nextMs;
  }

  /** First touch while the venue matches orders. */
  touch(symbol: string, touch: Touch, fromMs: EpochMs, untilMs: EpochMs): EpochMs | undefined {
    let startMs = fromMs;
    for (;;) {
      const atMs = this.market.firstTouch(symbol, touch, startMs, untilMs);
      if (atMs === undefined) return undefined;
      startMs = this.hours.matchingFrom(atMs);
      if (startMs === atMs) return atMs;
    }
  }

  /** Accepts a checked order and lets it act at once. Returns its id. */
  place(request: NewOrder, effects: Effects = {}): number {
    const { state, matching } = this;
    const { settles = [], ...rest } = request;
    const order: SimOrder = {
      ...rest,
      settles,
      orderId: state.nextOrderId(),
      orderType: "NORMAL",
      settleType: request.positionId === undefined && settles.length === 0 ? "OPEN" : "CLOSE",
      createdMs: state.nowMs,
      executedSize: coinE8(0n),
      status: request.executionType === "STOP" ? "WAITING" : "ORDERED",
      nextFillMs: state.nowMs,
      ...UNTOUCHED,
      fillCap: this.#cap(request, effects.fillShare),
    };
    const { symbol, side, price, size, timeInForce } = order;
    this.setThrough(order);
    // Judged before the order is filed, or it would meet itself.
    const crosses = order.executionType === "LIMIT" && matching.wouldCross(symbol, side, price!);
    const fits = timeInForce !== "FOK" || matching.canFillWhole(symbol, side, price!, size);
    state.touchOrder(order);

    if (timeInForce === "SOK" && (crosses || effects.expireSok)) this.endOrder(order, "EXPIRED", "EXPIRED_SOK");
    else if (!fits) this.endOrder(order, "EXPIRED", "EXPIRED_FOK");
    else {
      this.emitOrder(order, "NOR");
      if (order.executionType !== "STOP") this.#meetBook(order, crosses);
    }
    this.endStep();
    return order.orderId;
  }
  #cap({ symbol, size }: NewOrder, share: number | undefined): CoinE8 | undefined {
    if (share === undefined) return undefined;
    const { sizeStep } = this.matching.rulesOf(symbol);
    return maxBig(floorToStep(coinE8((size * fromNumber(share)) / 100_000_000n), sizeStep), sizeStep);
  }

  /** What an order on the book does at once: takes what it may, and rests, or ends. */
  #meetBook(order: SimOrder, crosses: boolean): void {
    const rests = order.executionType === "LIMIT" && order.timeInForce === "FAS";
    if (order.executionType === "MARKET" || order.timeInForce === "FAK") this.takeOrExpire(order);
    else if (crosses) {
      const stopped = this.matching.take(order);
      if (stopped === "self" || stopped === "poor") this.#stop(order, stopped);
      // The whole of a FOK was there when it came; an injected cap can leave a rest, and a FOK has none.
      else if (stopped === "dry" && !rests) this.endOrder(order, "EXPIRED", "EXPIRED_FOK");
      // What rests where we have emptied the book waits for the next stretch: then it has filled up again.
      else this.#waitForNextStretch(order);
    } else if (this.#isThrough(order)) this.#waitForNextStretch(order);
  }
  #waitForNextStretch(order: SimOrder): void {
    order.nextFillMs = this.market.stretch(order.symbol, this.state.nowMs).endMs;
    this.state.touchOrder(order);
  }

  /**
   * The last price at which a resting order fills: strictly beyond its own price, and for an order placed inside the
   * spread only when the whole spread has moved through it (docs/venue.md). A STOP that watches the touch has its trigger
   * moved by the half-spread of now.
   */
  setThrough(order: SimOrder): void {
    const { symbol, side, price, executionType } = order;
    order.throughTicks = undefined;
    if (price === undefined || (executionType === "STOP" && this.options.stopTrigger === "last")) return;
    const { bid, ask, last } = this.market.best(symbol, this.state.nowMs)!;
    const ticks = this.matching.toTicks(symbol, price);
    if (executionType === "STOP") order.throughTicks = side === "BUY" ? ticks - (ask - last) : ticks + (last - bid);
    else
      order.throughTicks =
        side === "BUY"
          ? Math.max(Math.min(ticks, bid), ticks - Math.max(0, ask - last)) - 1
          : Math.min(Math.max(ticks, ask), ticks + Math.max(0, last - bid)) + 1;
  }

  /** Whether the last price stands beyond a resting order already. */
  #isThrough({ symbol, side, throughTicks }: SimOrder): boolean {
    if (throughTicks === undefined) return false;
    const last = this.market.last(symbol, this.state.nowMs)!;
    return side === "BUY" ? last <= throughTicks : last >= throughTicks;
  }

  takeOrExpire(order: SimOrder): void {
    const stopped = this.matching.take(order);
    if (stopped !== "full") this.#stop(order, stopped);
  }
  #stop(order: SimOrder, why: Exclude<Stopped, "full">): void {
    if (why === "poor") this.cancelPoor(order);
    else this.endOrder(order, "EXPIRED", why === "self" ? "EXPIRED_SELFTRADE" : "EXPIRED_FAK");
  }
  /** What it would cost is not there (GMO API 7.3). */
  cancelPoor(order: SimOrder): void {
    this.endOrder(order, "CANCELED", isSpot(order.symbol) ? "INSUFFICIENT_BALANCE" : "INSUFFICIENT_MARGIN");
  }

  trigger(order: SimOrder): void {
    // An accepted cancel or change that lost the race stays accepted; the trigger wins.
    order.cancelAtMs = undefined;
    order.change = undefined;
    order.status = "ORDERED";
    this.state.touchOrder(order);
    this.emitOrder(order, "NOR");
    this.takeOrExpire(order);
  }
  /** A resting LIMIT whose price has been gone through. */
  fillResting(order: SimOrder): void {
    if (this.matching.fillResting(order) === "poor") this.cancelPoor(order);
  }

  /** Accepts a checked change (changes.ts). Until it takes effect the order is MODIFYING, at its old price. */
  change(order: SimOrder, price: YenE8, losscutPrice: YenE8 | undefined): void {
    const atMs = epochMs(this.state.nowMs + this.options.changeAfterMs);
    order.change = { atMs, price, losscutPrice } satisfies PendingChange;
    order.changes += 1;
    order.status = "MODIFYING";
    this.state.touchOrder(order);
    if (this.options.changeAfterMs === 0) applyChange(this, order);
    this.endStep();
  }
  /** After a change took effect: meets the book at its new price, its place in the queue lost. */
  rejoin(order: SimOrder, crosses: boolean): void {
    if (crosses) this.#meetBook(order, true);
    else this.#waitForNextStretch(order);
  }

  /** Cancels by request. The caller has checked that the order is WAITING or ORDERED. */
  cancel(order: SimOrder, effects: Effects = {}): void {
    order.cancelLoses = effects.cancelLoses ?? false;
    order.cancelAtMs = epochMs(this.state.nowMs + this.options.cancelAfterMs);
    if (this.options.cancelAfterMs === 0) this.finishCancel(order);
    else {
      order.status = "CANCELLING";
      this.state.touchOrder(order);
    }
    this.endStep();
  }
  /** An accepted cancel takes effect; one that was made to lose fills instead. */
  finishCancel(order: SimOrder): void {
    if (!order.cancelLoses) this.endOrder(order, "CANCELED", "USER");
    else if (order.executionType === "STOP" && order.executedSize === 0n) this.trigger(order);
    else this.settlement.fill(order, order.price!, coinE8(order.size - order.executedSize), false);
  }
  /** `cancelBefore`: frees a position of its close orders at once. */
  cancelCloseOrders(positionId: number): void {
    for (const order of this.state.closeOrdersOf(positionId)) this.endOrder(order, "CANCELED", "USER");
  }

  /** `told`: the event's own cancelType, where it says another than REST (GMO API 7.3). */
  endOrder(order: SimOrder, status: "CANCELED" | "EXPIRED", cancelType: string, told?: string): void {
    order.status = status;
    order.cancelType = cancelType;
    order.cancelAtMs = undefined;
    order.change = undefined;
    this.state.touchOrder(order);
    this.emitOrder(order, status === "CANCELED" ? "COR" : "ER", told);
  }
  emitOrder(order: SimOrder, msgType: "NOR" | "ROR" | "COR" | "ER", cancelType?: string): void {
    this.state.emit({
      kind: "order",
      msgType,
      symbol: order.symbol,
      atMs: this.state.nowMs,
      order: { ...order },
      ...(cancelType === undefined ? {} : { cancelType }),
    });
  }

  /** What follows from every change: balances that no longer cover their orders, met margin calls, `orderdSize` told. */
  endStep(): void {
    this.#cancelUncoveredSpot();
    settleCall(this);
    for (const position of this.state.untold()) this.settlement.tell(position, "UPR");
    this.state.measureBare(this.market.symbols);
  }
  /** The owner pays in, or (below 0) out; orders that the rest does not cover any more go. */
  pay(currency: string, amount: bigint): void {
    this.state.book("deposit", amount, 0, currency);
    this.endStep();
  }
  /** Losses, fees and payments can take what spot orders have locked: the newest go first. */
  #cancelUncoveredSpot(): void {
    const { state } = this;
    for (const order of [...state.liveOrders.values()].reverse())
      if (isSpot(order.symbol) && order.side === "SELL" && availableCoin(state, order.symbol) < 0n)
        this.cancelPoor(order);
    const buys = [...state.liveOrders.values()].filter((order) => isSpot(order.symbol) && order.side === "BUY");
    for (let order = buys.pop(); order; order = buys.pop()) {
      const { cash, locked } = this.account();
      if (cash >= locked) return;
      this.cancelPoor(order);
    }
  }
}
