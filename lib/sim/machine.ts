// The simulated venue's state machine: orders come in, virtual time moves, everything that is due happens in exact time
// order. Deterministic: the same seed, market, requests and times give the same states. No IO.
import { type CoinE8, ceilDiv, coinE8, floorDiv, notionalYen, type YenE8, yenE8 } from "../core/money.ts";
import { type EpochMs, epochMs, nextVenueDayStart } from "../core/time.ts";
import type { ExecutionType, Side, SymbolRules, TimeInForce, VenueStatus } from "../core/venue.ts";
import { type Account, accountOf, feeYen, LEVERAGE_FEE_RATIO, openGain } from "./margin.ts";
import type { Market, TouchSide } from "./market.ts";
import { Matching, type MatchingOptions } from "./matching.ts";
import type { SimOrder, SimPosition, SimState } from "./state.ts";
import { type Maintenance, matchingFrom, statusAt } from "./tradingHours.ts";

export interface MachineOptions extends MatchingOptions {
  readonly maintenance: Maintenance;
  /** How long an accepted cancel takes; fills can win meanwhile. */
  readonly cancelAfterMs: number;
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
  /** undefined opens. */
  readonly positionId: number | undefined;
}

export interface Watch {
  readonly symbol: string;
  readonly side: TouchSide;
  readonly price: YenE8;
}

interface Due {
  readonly atMs: EpochMs;
  /** At the same instant: fee, then cancels, then loss cuts, then orders by id. */
  readonly rank: number;
  readonly run: () => void;
}

export class Machine {
  readonly matching: Matching;
  constructor(
    readonly state: SimState,
    readonly market: Market,
    readonly rules: ReadonlyMap<string, SymbolRules>,
    private readonly options: MachineOptions,
  ) {
    this.matching = new Matching(state, market, rules, options);
  }

  status(): VenueStatus {
    return statusAt(this.options.maintenance, this.state.nowMs);
  }
  quoteYen(symbol: string): { readonly bid: YenE8; readonly ask: YenE8; readonly last: YenE8 } | undefined {
    const best = this.market.best(symbol, this.state.nowMs);
    if (!best) return undefined;
    const yen = (ticks: number): YenE8 => this.matching.toYen(symbol, ticks);
    return { bid: yen(best.bid), ask: yen(best.ask), last: yen(best.last) };
  }
  account(): Account {
    return accountOf(this.state, (symbol) => this.quoteYen(symbol));
  }
  openGain(position: SimPosition): YenE8 {
    return openGain(position, this.quoteYen(position.symbol));
  }

  /** Moves time to `untilMs`, doing on the way what is due. */
  advanceTo(untilMs: EpochMs): void {
    if (untilMs < this.state.nowMs)
      throw new RangeError(`venue time cannot go back from ${this.state.nowMs} to ${untilMs}`);
    for (let due = this.#nextDue(untilMs); due; due = this.#nextDue(untilMs)) {
      this.state.nowMs = due.atMs;
      due.run();
      this.state.measureBare(this.market.symbols);
    }
    this.state.nowMs = untilMs;
  }

  /**
   * First instant in (now, untilMs] at which something of ours happens (fill, trigger, loss cut, cancel taking effect) or
   * a watched level of the last price is touched. A level that holds already counts again at the next stretch of the path.
   */
  nextEventMs(untilMs: EpochMs, watches: readonly Watch[]): EpochMs | undefined {
    const fromMs = epochMs(this.state.nowMs + 1);
    let nextMs = this.#nextDue(untilMs, true)?.atMs;
    for (const { symbol, side, price } of watches) {
      const { tick } = this.matching.rulesOf(symbol);
      const level = Number(side === "atOrAbove" ? ceilDiv(price, tick) : floorDiv(price, tick));
      const last = this.market.last(symbol, this.state.nowMs);
      const holds = last !== undefined && (side === "atOrAbove" ? last >= level : last <= level);
      const startMs = holds ? this.market.stretch(symbol, this.state.nowMs).endMs : fromMs;
      const atMs = this.market.firstTouch(symbol, side, level, startMs, epochMs(Math.min(untilMs, nextMs ?? untilMs)));
      if (atMs !== undefined && (nextMs === undefined || atMs < nextMs)) nextMs = atMs;
    }
    return nextMs;
  }

  /** The earliest thing due in [now, untilMs]. */
  #nextDue(untilMs: EpochMs, ordersOnly = false): Due | undefined {
    const { state } = this;
    let best: Due | undefined;
    const offer = (atMs: EpochMs | undefined, rank: number, run: () => void): void => {
      if (atMs === undefined || atMs > untilMs) return;
      if (!best || atMs < best.atMs || (atMs === best.atMs && rank < best.rank)) best = { atMs, rank, run };
    };
    if (state.openPositions.size === 0 && state.liveOrders.size === 0) return undefined;

    if (state.openPositions.size > 0 && !ordersOnly)
      offer(nextVenueDayStart(state.nowMs), 0, () => this.#chargeLeverageFee());
    for (const order of state.liveOrders.values()) {
      if (order.cancelAtMs !== undefined) offer(order.cancelAtMs, 1, () => this.#endOrder(order, "CANCELED", "USER"));
      const { symbol } = order;
      if (order.executionType === "STOP") {
        const trigger = this.matching.toTicks(symbol, order.price!);
        const side = order.side === "BUY" ? "atOrAbove" : "atOrBelow";
        offer(this.#touch(symbol, side, trigger, state.nowMs, best?.atMs ?? untilMs), 3, () => this.#trigger(order));
      } else {
        const side = order.side === "BUY" ? "atOrBelow" : "atOrAbove";
        const fromMs = epochMs(Math.max(state.nowMs, order.nextFillMs));
        const atMs = this.#touch(symbol, side, order.throughTicks!, fromMs, best?.atMs ?? untilMs);
        offer(atMs, 3, () => this.matching.fillResting(order));
      }
    }
    for (const position of state.openPositions.values()) {
      const ticks = this.matching.toTicks(position.symbol, position.losscutPrice);
      const side = position.side === "BUY" ? "atOrBelow" : "atOrAbove";
      const atMs = this.#touch(position.symbol, side, ticks, state.nowMs, best?.atMs ?? untilMs);
      offer(atMs, 2, () => this.#lossCut(position));
    }
    return best;
  }

  /** First touch while the venue matches orders. */
  #touch(symbol: string, side: TouchSide, ticks: number, fromMs: EpochMs, untilMs: EpochMs): EpochMs | undefined {
    let startMs = fromMs;
    for (;;) {
      const atMs = this.market.firstTouch(symbol, side, ticks, startMs, untilMs);
      if (atMs === undefined) return undefined;
      startMs = matchingFrom(this.options.maintenance, atMs);
      if (startMs === atMs) return atMs;
    }
  }

  /** Accepts a checked order and lets it act at once. Returns its id. */
  place(request: NewOrder): number {
    const { state, matching } = this;
    const order: SimOrder = {
      ...request,
      orderId: state.nextOrderId(),
      orderType: "NORMAL",
      settleType: request.positionId === undefined ? "OPEN" : "CLOSE",
      createdMs: state.nowMs,
      executedSize: coinE8(0n),
      status: request.executionType === "STOP" ? "WAITING" : "ORDERED",
      cancelType: undefined,
      throughTicks: undefined,
      nextFillMs: state.nowMs,
      cancelAtMs: undefined,
    };
    const { symbol, side, price, size, timeInForce } = order;
    if (order.executionType === "LIMIT") order.throughTicks = this.#throughTicks(symbol, side, price!);
    // Judged before the order is filed, or it would meet itself.
    const crosses = order.executionType === "LIMIT" && matching.wouldCross(symbol, side, price!);
    const fits = timeInForce !== "FOK" || matching.canFillWhole(symbol, side, price!, size);
    state.touchOrder(order);

    if (timeInForce === "SOK" && crosses) this.#endOrder(order, "EXPIRED", "EXPIRED_SOK");
    else if (!fits) this.#endOrder(order, "EXPIRED", "EXPIRED_FOK");
    else {
      this.#emitOrder(order, "NOR");
      if (order.executionType === "MARKET") this.#takeOrExpire(order);
      else if (crosses && matching.take(order) === "self") this.#endOrder(order, "EXPIRED", "EXPIRED_SELFTRADE");
      // What rests where we have emptied the book waits for the next stretch: then it has filled up again.
      else if (crosses || this.#isThrough(order)) order.nextFillMs = this.market.stretch(symbol, state.nowMs).endMs;
    }
    state.measureBare(this.market.symbols);
    return order.orderId;
  }

  /**
   * The last price at which a resting order fills: strictly beyond its own price, and for an order placed inside the
   * spread only when the whole spread has moved through it (docs/venue.md).
   */
  #throughTicks(symbol: string, side: Side, price: YenE8): number {
    const { bid, ask, last } = this.market.best(symbol, this.state.nowMs)!;
    const ticks = this.matching.toTicks(symbol, price);
    return side === "BUY"
      ? Math.max(Math.min(ticks, bid), ticks - Math.max(0, ask - last)) - 1
      : Math.min(Math.max(ticks, ask), ticks + Math.max(0, last - bid)) + 1;
  }

  /** Whether the last price stands beyond a resting order already. */
  #isThrough({ symbol, side, throughTicks }: SimOrder): boolean {
    if (throughTicks === undefined) return false;
    const last = this.market.last(symbol, this.state.nowMs)!;
    return side === "BUY" ? last <= throughTicks : last >= throughTicks;
  }

  #takeOrExpire(order: SimOrder): void {
    const stopped = this.matching.take(order);
    if (stopped === "self") this.#endOrder(order, "EXPIRED", "EXPIRED_SELFTRADE");
    else if (stopped === "dry") this.#endOrder(order, "EXPIRED", "EXPIRED_FAK");
  }

  #trigger(order: SimOrder): void {
    // An accepted cancel that lost the race stays accepted; the trigger wins.
    order.cancelAtMs = undefined;
    order.status = "ORDERED";
    this.state.touchOrder(order);
    this.#emitOrder(order, "NOR");
    this.#takeOrExpire(order);
  }

  /** Cancels by request. The caller has checked that the order is WAITING or ORDERED. */
  cancel(order: SimOrder): void {
    if (this.options.cancelAfterMs === 0) this.#endOrder(order, "CANCELED", "USER");
    else {
      order.status = "CANCELLING";
      order.cancelAtMs = epochMs(this.state.nowMs + this.options.cancelAfterMs);
      this.state.touchOrder(order);
    }
    this.state.measureBare(this.market.symbols);
  }
  /** `cancelBefore`: frees a position of its close orders at once. */
  cancelCloseOrders(positionId: number): void {
    for (const order of this.state.closeOrdersOf(positionId)) this.#endOrder(order, "CANCELED", "USER");
  }

  #endOrder(order: SimOrder, status: "CANCELED" | "EXPIRED", cancelType: string): void {
    order.status = status;
    order.cancelType = cancelType;
    order.cancelAtMs = undefined;
    this.state.touchOrder(order);
    this.#emitOrder(order, status === "CANCELED" ? "COR" : "ER");
  }
  #emitOrder(order: SimOrder, msgType: "NOR" | "COR" | "ER"): void {
    this.state.emit({ kind: "order", msgType, symbol: order.symbol, atMs: this.state.nowMs, order: { ...order } });
  }

  /** Every position held across 06:00 JST pays 0.04 % of the closing price x size (GMO API 5.1). */
  #chargeLeverageFee(): void {
    for (const position of this.state.openPositions.values()) {
      const closing = this.market.last(position.symbol, epochMs(this.state.nowMs - 1));
      if (closing === undefined) continue;
      const notional = notionalYen(this.matching.toYen(position.symbol, closing), position.size);
      const fee = feeYen(notional, LEVERAGE_FEE_RATIO, this.options.yenRounding);
      this.state.book("leverage_fee", yenE8(-fee), position.positionId);
    }
  }

  /** Forced close of a whole position at the market, whatever the depth (GMO API 5.1). */
  #lossCut(position: SimPosition): void {
    const { state, matching } = this;
    for (const order of state.closeOrdersOf(position.positionId)) this.#endOrder(order, "CANCELED", "POSITION_LOSSCUT");
    const quote = this.quoteYen(position.symbol)!;
    const side: Side = position.side === "BUY" ? "SELL" : "BUY";
    const order: SimOrder = {
      orderId: state.nextOrderId(),
      symbol: position.symbol,
      side,
      orderType: "LOSSCUT",
      executionType: "MARKET",
      settleType: "CLOSE",
      timeInForce: "FAK",
      size: position.size,
      price: undefined,
      losscutPrice: undefined,
      positionId: position.positionId,
      createdMs: state.nowMs,
      executedSize: coinE8(0n),
      status: "ORDERED",
      cancelType: undefined,
      throughTicks: undefined,
      nextFillMs: state.nowMs,
      cancelAtMs: undefined,
    };
    state.touchOrder(order);
    matching.fill(order, side === "SELL" ? quote.bid : quote.ask, position.size, true);
  }
}
