// Applies an execution: position or coins, yen, fee, events. Pure state changes at the state's current instant.
import {
  type CoinE8,
  ceilDiv,
  coinE8,
  E8,
  floorDiv,
  floorToStep,
  maxBig,
  minBig,
  notionalYen,
  type YenE8,
  yenE8,
} from "../../core/money.ts";
import type { SymbolRules } from "../../core/venue.ts";
import type { VenueEvent } from "./events.ts";
import { feeYen, gainYen, LOSSCUT_FEE_RATIO } from "./fees.ts";
import { accountOf, defaultLosscut, marginYen, openGain, type QuoteOf } from "./margin.ts";
import type { VenueOptions } from "./options.ts";
import { purchaseYen, spendableYen } from "./spot.ts";
import { isSpot, remainingOf, type SimExecution, type SimOrder, type SimPosition, type SimState } from "./state.ts";
import { summaryOf } from "./summary.ts";

type PositionMsg = Extract<VenueEvent, { kind: "position" }>["msgType"];

export class Settlement {
  constructor(
    private readonly state: SimState,
    private readonly rules: ReadonlyMap<string, SymbolRules>,
    private readonly options: VenueOptions,
    private readonly quoteOf: QuoteOf,
  ) {}

  /**
   * The part of `size` that the account can pay for: spot purchases need yen, new positions need margin with
   * `uncoveredOrders` "cancel". A margin order is covered whole or not at all; closes and spot sales are always
   * covered.
   */
  affordable(order: SimOrder, price: YenE8, size: CoinE8, taker: boolean): CoinE8 {
    const { state, rules, options } = this;
    const { symbol } = order;
    const spot = isSpot(symbol);
    if (order.settleType !== "OPEN" || (spot && order.side === "SELL")) return size;
    if (!spot && options.uncoveredOrders === "fill") return size;
    const account = accountOf(state, rules, options, this.quoteOf);
    if (!spot) return account.equity - account.used - account.locked >= marginYen(price, size) ? size : coinE8(0n);

    const rule = rules.get(symbol)!;
    const ownLock = order.price === undefined ? yenE8(0n) : purchaseYen(order.price, remainingOf(order), rule, options);
    const spendable = spendableYen(account, ownLock);
    const cost = (coins: CoinE8): YenE8 => {
      const notional = notionalYen(price, coins);
      return yenE8(notional + feeYen(notional, taker ? rule.takerFee : rule.makerFee, options.yenRounding));
    };
    if (cost(size) <= spendable) return size;
    // Estimate the size, then reduce it step by step until cost and fee fit.
    let coins = floorToStep(minBig(size, coinE8(floorDiv(spendable * E8, maxBig(price, yenE8(1n))))), rule.sizeStep);
    const overhead = ceilDiv(coins * maxBig(rule.takerFee, rule.makerFee, 0n as typeof rule.takerFee), E8);
    coins = maxBig(floorToStep(coinE8(coins - overhead), rule.sizeStep), coinE8(0n));
    while (coins > 0n && cost(coins) > spendable) coins = coinE8(coins - rule.sizeStep);
    return maxBig(coins, coinE8(0n));
  }

  /**
   * Books one fill: one execution, or for a bulk close one per settled position. Marks a fully filled order EXECUTED.
   */
  fill(order: SimOrder, price: YenE8, size: CoinE8, taker: boolean): void {
    if (isSpot(order.symbol)) this.#trade(order, price, size, taker);
    else if (order.settleType === "OPEN") this.#open(order, price, size, taker);
    else if (order.positionId !== undefined) this.#close(order, order.positionId, price, size, taker);
    else {
      let left: bigint = size;
      while (left > 0n) {
        const [part, ...rest] = order.settles;
        if (!part) throw new RangeError(`simulator: order ${order.orderId} would close more than it settles`);
        const now = minBig(part.size, coinE8(left));
        order.settles = now === part.size ? rest : [{ ...part, size: coinE8(part.size - now) }, ...rest];
        this.#close(order, part.positionId, price, now, taker);
        left -= now;
      }
    }
  }

  #trade(order: SimOrder, price: YenE8, size: CoinE8, taker: boolean): void {
    const { state } = this;
    const execution = this.#execution(
      order,
      price,
      size,
      taker,
      undefined,
      yenE8(0n),
      this.#tradeFee(order, price, size, taker),
    );
    const buys = order.side === "BUY";
    // Rounds up to 1e-8 yen for a purchase, down for a sale; exact on GMO's ticks and steps.
    const yen = buys ? -notionalYen(price, size) : floorDiv(price * size, E8);
    state.post("spot_trade", yen, execution.executionId);
    state.post("spot_coin", buys ? size : -size, execution.executionId, order.symbol);
    this.#record(order, execution, "fee");
  }

  #open(order: SimOrder, price: YenE8, size: CoinE8, taker: boolean): void {
    const before = this.#addToOrderPosition(order, price, size);
    const position = before ?? this.#newPosition(order, price, size);
    const fee = this.#tradeFee(order, price, size, taker);
    const execution = this.#execution(order, price, size, taker, position.positionId, yenE8(0n), fee);
    this.#record(order, execution, "fee", position, before ? "UPR" : "OPR");
  }

  #close(order: SimOrder, positionId: number, price: YenE8, size: CoinE8, taker: boolean): void {
    const position = this.state.positions.get(positionId)!;
    if (size > position.size)
      throw new RangeError(`simulator: order ${order.orderId} would close more than position ${positionId} holds`);
    const losscut = order.orderType === "LOSSCUT";
    const { yenRounding } = this.options;
    const lossGain = gainYen(position.side, position.price, price, size, yenRounding);
    const fee = losscut
      ? feeYen(notionalYen(position.price, size), LOSSCUT_FEE_RATIO, yenRounding)
      : this.#tradeFee(order, price, size, taker);
    const execution = this.#execution(order, price, size, taker, positionId, lossGain, fee);
    position.size = coinE8(position.size - size);
    this.#record(order, execution, losscut ? "losscut_fee" : "fee", position, position.size === 0n ? "CPR" : "UPR");
  }

  #tradeFee(order: SimOrder, price: YenE8, size: CoinE8, taker: boolean): YenE8 {
    const { takerFee, makerFee } = this.rules.get(order.symbol)!;
    return feeYen(notionalYen(price, size), taker ? takerFee : makerFee, this.options.yenRounding);
  }
  #execution(
    order: SimOrder,
    price: YenE8,
    size: CoinE8,
    taker: boolean,
    positionId: number | undefined,
    lossGain: YenE8,
    fee: YenE8,
  ): SimExecution {
    return {
      executionId: this.state.nextExecutionId(),
      orderId: order.orderId,
      positionId,
      symbol: order.symbol,
      side: order.side,
      settleType: order.orderType === "LOSSCUT" ? "LOSS_CUT" : order.settleType,
      size,
      price,
      lossGain,
      fee,
      atMs: this.state.nowMs,
      taker,
    };
  }

  #record(
    order: SimOrder,
    execution: SimExecution,
    feeKind: "fee" | "losscut_fee",
    position?: SimPosition,
    msgType: PositionMsg = "UPR",
  ): void {
    const { state } = this;
    const { symbol, executionId } = execution;
    state.addExecution(execution);
    state.post("loss_gain", execution.lossGain, executionId);
    state.post(feeKind, -execution.fee, executionId);
    order.executedSize = coinE8(order.executedSize + execution.size);
    if (remainingOf(order) === 0n) {
      order.status = "EXECUTED";
      order.cancelAtMs = undefined;
      order.change = undefined;
    }
    state.recordOrder(order);
    if (position) state.recordPosition(position);
    state.emit({ kind: "execution", msgType: "ER", symbol, atMs: state.nowMs, execution, order: { ...order } });
    if (position) this.publish(position, msgType);
  }

  /** Publishes the current state of a position to the private channels. */
  publish(position: SimPosition, msgType: PositionMsg): void {
    const { state, quoteOf } = this;
    const { symbol, side, positionId } = position;
    const reserved = state.reservedOf(positionId);
    state.markPublished(position, reserved);
    state.emit({
      kind: "position",
      msgType,
      symbol,
      atMs: state.nowMs,
      position: { ...position },
      reserved,
      lossGain: floorToStep(openGain(position, quoteOf(symbol)), E8),
      summary: summaryOf(state, quoteOf, symbol, side),
    });
  }

  /** `positionGranularity: "order"`: adds the fill to the open position of this order; undefined when there is none. */
  #addToOrderPosition(order: SimOrder, price: YenE8, size: CoinE8): SimPosition | undefined {
    if (this.options.positionGranularity === "execution") return undefined;
    const { orderId, side, symbol } = order;
    const position = [...this.state.openPositions.values()].find((row) => row.orderId === orderId);
    if (!position) return undefined;
    const total = position.size + size;
    const cost = position.price * position.size + price * size;
    // Rounds against the account: up for a long, down for a short.
    position.price = yenE8(side === "BUY" ? ceilDiv(cost, total) : floorDiv(cost, total));
    position.size = coinE8(total);
    if (order.losscutPrice === undefined)
      position.losscutPrice = defaultLosscut(side, position.price, this.rules.get(symbol)!);
    return position;
  }
  #newPosition(order: SimOrder, price: YenE8, size: CoinE8): SimPosition {
    return {
      positionId: this.state.nextPositionId(),
      symbol: order.symbol,
      side: order.side,
      price,
      losscutPrice: order.losscutPrice ?? defaultLosscut(order.side, price, this.rules.get(order.symbol)!),
      openedMs: this.state.nowMs,
      orderId: order.orderId,
      size,
    };
  }
}
