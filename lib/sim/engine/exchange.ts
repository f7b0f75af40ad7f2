// The exchange at one instant: prices, account, and the life of an order from the book to its end. machine.ts handles
// time and requests; nothing here advances the clock.
import { type CoinE8, coinE8, type YenE8 } from "../../core/money.ts";
import type { EpochMs } from "../../core/time.ts";
import type { ExecutionType, Side, SymbolRules, TimeInForce, VenueStatus } from "../../core/venue.ts";
import type { Market, Touch } from "../market/market.ts";
import type { Account } from "./account.ts";
import { accountOf, openGain } from "./margin.ts";
import { Matching, type Stopped } from "./matching.ts";
import type { VenueOptions } from "./options.ts";
import { Settlement } from "./settlement.ts";
import { isSpot, type SettlePart, type SimOrder, type SimPosition, type SimState } from "./state.ts";
import { TradingHours } from "./tradingHours.ts";

interface MachineConfig {
  readonly state: SimState;
  readonly market: Market;
  readonly rules: ReadonlyMap<string, SymbolRules>;
  readonly options: VenueOptions;
  readonly seed: number | string;
}

/** An order that passed the checks (orderRules.ts); size and price are multiples of the step and the tick. */
export interface NewOrder {
  readonly symbol: string;
  readonly side: Side;
  readonly executionType: ExecutionType;
  readonly timeInForce: TimeInForce;
  readonly size: CoinE8;
  readonly price: YenE8 | undefined;
  readonly losscutPrice: YenE8 | undefined;
  /**
   * The position to close; undefined for an opening order, and for a bulk close, which lists its positions in
   * `settles`.
   */
  readonly positionId: number | undefined;
  /** The positions that a bulk close settles, in settlement order. */
  readonly settles?: readonly SettlePart[];
}
/** Injected faults inside the venue itself (faults.ts). */
export interface Effects {
  /** A post-only order expires regardless of the book. */
  readonly expireSok?: boolean;
  /** Maximum share of the order, 0 to 1, in its first fill; at least one step. */
  readonly fillShare?: number;
  /** The cancel is accepted, then the order fills at its own price regardless of the market price. */
  readonly cancelLoses?: boolean;
  /** closeOrder does not find positions younger than this. */
  readonly notClosableMs?: number;
}

interface QuoteYen {
  readonly bid: YenE8;
  readonly ask: YenE8;
  readonly last: YenE8;
}

export class Exchange {
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

  /** First touch at a time when the venue matches orders. */
  touch(symbol: string, firstTouchWhileMatching: Touch, fromMs: EpochMs, untilMs: EpochMs): EpochMs | undefined {
    let startMs = fromMs;
    for (;;) {
      const atMs = this.market.firstTouch(symbol, firstTouchWhileMatching, startMs, untilMs);
      if (atMs === undefined) return undefined;
      startMs = this.hours.matchingFrom(atMs);
      if (startMs === atMs) return atMs;
    }
  }

  /** Immediate matching of an order: it takes what its limit allows, then rests or ends. */
  protected matchAgainstBook(order: SimOrder, crosses: boolean): void {
    const canRest = order.executionType === "LIMIT" && order.timeInForce === "FAS";
    if (order.executionType === "MARKET" || order.timeInForce === "FAK") this.takeOrExpire(order);
    else if (crosses) {
      const stopped = this.matching.take(order);
      if (stopped === "selfTrade" || stopped === "insufficientFunds") this.#endUnfilled(order, stopped);
      // A FOK was fully fillable when it was accepted; only an injected cap leaves a remainder, and a FOK cannot rest.
      else if (stopped === "bookEmpty" && !canRest) this.endOrder(order, "EXPIRED", "EXPIRED_FOK");
      // We emptied the book at this price: the remainder can fill from the next stretch on, when depth is back.
      else this.#waitForNextStretch(order);
    } else if (this.#isThrough(order)) this.#waitForNextStretch(order);
  }
  #waitForNextStretch(order: SimOrder): void {
    order.nextFillMs = this.market.stretch(order.symbol, this.state.nowMs).endMs;
    this.state.recordOrder(order);
  }

  /**
   * Sets the last price at which a resting order fills: strictly beyond its own price, and for an order placed inside
   * the spread only when the whole spread has moved through it (docs/venue.md). With `stopTrigger` "touch" the trigger
   * of a STOP is shifted by the current half-spread.
   */
  setFillLevel(order: SimOrder): void {
    const { symbol, side, price, executionType } = order;
    order.fillTicks = undefined;
    if (price === undefined || (executionType === "STOP" && this.options.stopTrigger === "last")) return;
    const { bid, ask, last } = this.market.best(symbol, this.state.nowMs)!;
    const ticks = this.matching.toTicks(symbol, price);
    if (executionType === "STOP") order.fillTicks = side === "BUY" ? ticks - (ask - last) : ticks + (last - bid);
    else
      order.fillTicks =
        side === "BUY"
          ? Math.max(Math.min(ticks, bid), ticks - Math.max(0, ask - last)) - 1
          : Math.min(Math.max(ticks, ask), ticks + Math.max(0, last - bid)) + 1;
  }

  /** Whether the last price is already beyond the fill level of a resting order. */
  #isThrough({ symbol, side, fillTicks }: SimOrder): boolean {
    if (fillTicks === undefined) return false;
    const last = this.market.last(symbol, this.state.nowMs)!;
    return side === "BUY" ? last <= fillTicks : last >= fillTicks;
  }

  takeOrExpire(order: SimOrder): void {
    const stopped = this.matching.take(order);
    if (stopped !== "filled") this.#endUnfilled(order, stopped);
  }
  #endUnfilled(order: SimOrder, why: Exclude<Stopped, "filled">): void {
    if (why === "insufficientFunds") this.cancelInsufficient(order);
    else this.endOrder(order, "EXPIRED", why === "selfTrade" ? "EXPIRED_SELFTRADE" : "EXPIRED_FAK");
  }
  /** Cancels an order for insufficient funds (GMO API 7.3). */
  cancelInsufficient(order: SimOrder): void {
    this.endOrder(order, "CANCELED", isSpot(order.symbol) ? "INSUFFICIENT_BALANCE" : "INSUFFICIENT_MARGIN");
  }

  trigger(order: SimOrder): void {
    // The trigger wins over an accepted cancel or change that has not taken effect yet.
    order.cancelAtMs = undefined;
    order.change = undefined;
    order.status = "ORDERED";
    this.state.recordOrder(order);
    this.emitOrder(order, "NOR");
    this.takeOrExpire(order);
  }
  /** Fills a resting LIMIT whose fill level the price has reached. */
  fillResting(order: SimOrder): void {
    if (this.matching.fillResting(order) === "insufficientFunds") this.cancelInsufficient(order);
  }
  /** After a change took effect: matches the order at its new price; it loses its queue position. */
  requeue(order: SimOrder, crosses: boolean): void {
    if (crosses) this.matchAgainstBook(order, true);
    else this.#waitForNextStretch(order);
  }
  /** An accepted cancel takes effect; with the injected fault `cancelLoses` the order fills instead. */
  finishCancel(order: SimOrder): void {
    if (!order.cancelLoses) this.endOrder(order, "CANCELED", "USER");
    else if (order.executionType === "STOP" && order.executedSize === 0n) this.trigger(order);
    else this.settlement.fill(order, order.price!, coinE8(order.size - order.executedSize), false);
  }
  /** `cancelBefore`: cancels all close orders of a position at once. */
  cancelCloseOrders(positionId: number): void {
    for (const order of this.state.closeOrdersOf(positionId)) this.endOrder(order, "CANCELED", "USER");
  }

  /** `eventCancelType`: the cancelType of the event where it differs from REST (GMO API 7.3). */
  endOrder(order: SimOrder, status: "CANCELED" | "EXPIRED", cancelType: string, eventCancelType?: string): void {
    order.status = status;
    order.cancelType = cancelType;
    order.cancelAtMs = undefined;
    order.change = undefined;
    this.state.recordOrder(order);
    this.emitOrder(order, status === "CANCELED" ? "COR" : "ER", eventCancelType);
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
}
