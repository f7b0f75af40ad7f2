// The simulated venue's state machine: it accepts orders and advances virtual time, executing everything due in exact
// time order. Deterministic: the same seed, market, requests and times give the same states. No IO.
import {
  type CoinE8,
  ceilDiv,
  coinE8,
  floorDiv,
  floorToStep,
  fromNumber,
  maxBig,
  type YenE8,
} from "../../core/money.ts";
import { type EpochMs, epochMs } from "../../core/time.ts";
import type { TouchSide } from "../market/market.ts";
import type { Effects, NewOrder } from "./exchange.ts";
import { Exchange } from "./exchange.ts";
import { clearMetMarginCall } from "./liquidation.ts";
import { applyChange, checkChange } from "./orderChanges.ts";
import { availableCoin } from "./spot.ts";
import { isSpot, NEW_ORDER_STATE, type PendingChange, type SimOrder, type SimPosition } from "./state.ts";
import { type DueEvent, nextDue } from "./timeline.ts";

export interface Watch {
  readonly symbol: string;
  readonly side: TouchSide;
  readonly price: YenE8;
}

export class Machine extends Exchange {
  /** Advances time to `untilMs` and executes everything due on the way. Throws RangeError for a time before now. */
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
  #nextDue(untilMs: EpochMs): DueEvent | undefined {
    return nextDue(this, untilMs, false);
  }

  /**
   * First instant in (now, untilMs] at which our account changes (fill, trigger, loss cut, cancel taking effect) or the
   * last price touches a watched level. A level that is already reached counts again from the next stretch of the path
   * on.
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

  /** Accepts a checked order and matches it at once. Returns its id. */
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
      ...NEW_ORDER_STATE,
      fillCap: this.#fillCap(request, effects.fillShare),
    };
    const { symbol, side, price, size, timeInForce } = order;
    this.setFillLevel(order);
    // Checked before the order is recorded; otherwise it would match itself.
    const crosses = order.executionType === "LIMIT" && matching.wouldCross(symbol, side, price!);
    const fits = timeInForce !== "FOK" || matching.canFillWhole(symbol, side, price!, size);
    state.recordOrder(order);

    if (timeInForce === "SOK" && (crosses || effects.expireSok)) this.endOrder(order, "EXPIRED", "EXPIRED_SOK");
    else if (!fits) this.endOrder(order, "EXPIRED", "EXPIRED_FOK");
    else {
      this.emitOrder(order, "NOR");
      if (order.executionType !== "STOP") this.matchAgainstBook(order, crosses);
    }
    this.endStep();
    return order.orderId;
  }
  #fillCap({ symbol, size }: NewOrder, share: number | undefined): CoinE8 | undefined {
    if (share === undefined) return undefined;
    const { sizeStep } = this.matching.rulesOf(symbol);
    return maxBig(floorToStep(coinE8((size * fromNumber(share)) / 100_000_000n), sizeStep), sizeStep);
  }

  /** Accepts a checked change (orderChanges.ts). Until it takes effect the order is MODIFYING at its old price. */
  change(order: SimOrder, price: YenE8, losscutPrice: YenE8 | undefined): void {
    const atMs = epochMs(this.state.nowMs + this.options.changeAfterMs);
    order.change = { atMs, price, losscutPrice } satisfies PendingChange;
    order.changes += 1;
    order.status = "MODIFYING";
    this.state.recordOrder(order);
    if (this.options.changeAfterMs === 0) applyChange(this, order);
    this.endStep();
  }

  /**
   * The owner changes a resting order on the exchange's page: its price by the rules of changeOrder, its size freely
   * above what is executed (no call of the API does that, GMO API 7.9; the page's own rules are not published). Takes
   * effect at once. Returns whether it did.
   */
  changeOnPage(orderId: number, to: { readonly price?: string; readonly size?: CoinE8 }): boolean {
    const order = this.state.orders.get(orderId);
    if (!order || (order.status !== "WAITING" && order.status !== "ORDERED")) return false;
    if (to.size !== undefined && (to.size <= order.executedSize || order.settles.length > 1)) return false;
    if (to.price !== undefined) {
      const checked = checkChange(this, { orderId, price: to.price });
      if (checked.kind === "refused") return false;
      const { price, losscutPrice } = checked.value;
      order.change = { atMs: this.state.nowMs, price, losscutPrice };
      order.changes += 1;
    }
    if (to.size !== undefined) {
      const { size } = to;
      order.size = size;
      order.settles = order.settles.map((part) => ({ ...part, size }));
    }
    if (order.change !== undefined) applyChange(this, order);
    else {
      this.state.recordOrder(order);
      this.emitOrder(order, "ROR");
    }
    this.endStep();
    return true;
  }

  /** Accepts a cancel request. The caller has checked that the order is WAITING or ORDERED. */
  cancel(order: SimOrder, effects: Effects = {}): void {
    order.cancelLoses = effects.cancelLoses ?? false;
    order.cancelAtMs = epochMs(this.state.nowMs + this.options.cancelAfterMs);
    if (this.options.cancelAfterMs === 0) this.finishCancel(order);
    else {
      order.status = "CANCELLING";
      this.state.recordOrder(order);
    }
    this.endStep();
  }

  /**
   * After every change: cancels spot orders no longer covered, ends met margin calls, publishes changed `orderdSize`.
   */
  endStep(): void {
    this.#cancelUncoveredSpot();
    clearMetMarginCall(this);
    for (const position of this.state.unpublished()) this.settlement.publish(position, "UPR");
    this.state.measureBare(this.market.symbols);
  }
  /** The owner deposits, or withdraws (amount below 0); orders no longer covered by the balance are cancelled. */
  pay(currency: string, amount: bigint): void {
    this.state.post("deposit", amount, 0, currency);
    this.endStep();
  }
  /** Losses, fees and withdrawals can consume what spot orders have locked: cancels the newest orders first. */
  #cancelUncoveredSpot(): void {
    const { state } = this;
    for (const order of [...state.liveOrders.values()].reverse())
      if (isSpot(order.symbol) && order.side === "SELL" && availableCoin(state, order.symbol) < 0n)
        this.cancelInsufficient(order);
    const buys = [...state.liveOrders.values()].filter((order) => isSpot(order.symbol) && order.side === "BUY");
    for (let order = buys.pop(); order; order = buys.pop()) {
      const { cash, locked } = this.account();
      if (cash >= locked) return;
      this.cancelInsufficient(order);
    }
  }
}

export const changeLosscut = (machine: Machine, position: SimPosition, price: YenE8): void => {
  position.losscutPrice = price;
  machine.state.recordPosition(position);
  machine.settlement.publish(position, "ULR");
  machine.endStep();
};
