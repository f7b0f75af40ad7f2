// Matches orders against the book: takers walk the levels, makers fill at their limit. settlement.ts applies an
// execution to positions and money; machine.ts decides when.
import { type CoinE8, coinE8, floorToStep, fromNumber, maxBig, minBig, type YenE8, yenE8 } from "../../core/money.ts";
import { epochMs } from "../../core/time.ts";
import type { Side, SymbolRules } from "../../core/venue.ts";
import { seededRandom } from "../../io/random.ts";
import type { Book, Level, Market } from "../market/market.ts";
import type { Settlement } from "./settlement.ts";
import { remainingOf, type SimOrder, type SimState } from "./state.ts";

interface MatchingOptions {
  readonly seed: number | string;
  readonly partialFills: boolean;
  readonly triggeredStop: "market" | "limit";
}
/** Why a taker stopped: filled, no more depth within its limit, the next best price is our own order, or no funds. */
export type Stopped = "filled" | "bookEmpty" | "selfTrade" | "insufficientFunds";

export class Matching {
  constructor(
    private readonly state: SimState,
    private readonly market: Market,
    private readonly rules: ReadonlyMap<string, SymbolRules>,
    private readonly settlement: Settlement,
    private readonly options: MatchingOptions,
  ) {}

  rulesOf(symbol: string): SymbolRules {
    const rules = this.rules.get(symbol);
    if (!rules) throw new RangeError(`expected one of ${[...this.rules.keys()].join(", ")}, found ${symbol}`);
    return rules;
  }
  toTicks(symbol: string, price: YenE8): number {
    return Number(price / this.rulesOf(symbol).tick);
  }
  toYen(symbol: string, ticks: number): YenE8 {
    return yenE8(BigInt(ticks) * this.rulesOf(symbol).tick);
  }

  /** The current book without the depth that we have taken in the current stretch of the path. */
  book(symbol: string): Book | undefined {
    const book = this.market.book(symbol, this.state.nowMs);
    if (!book) return undefined;
    const taken = this.#takenThisStretch(symbol);
    return { asks: without(book.asks, taken.BUY), bids: without(book.bids, taken.SELL) };
  }
  #takenThisStretch(symbol: string): Record<Side, bigint> {
    const { startMs } = this.market.stretch(symbol, this.state.nowMs);
    const taken = { BUY: 0n, SELL: 0n };
    for (let i = this.state.executions.length - 1; i >= 0; i--) {
      const execution = this.state.executions[i]!;
      if (execution.atMs < startMs) break;
      if (execution.symbol === symbol && execution.taker) taken[execution.side] += execution.size;
    }
    return taken;
  }

  /** Best price of our own resting limit orders on the other side of a taker of `side`. */
  ownOpposite(symbol: string, side: Side): YenE8 | undefined {
    let best: YenE8 | undefined;
    for (const order of this.state.liveOrders.values()) {
      if (order.symbol !== symbol || order.side === side || order.executionType !== "LIMIT") continue;
      if (best === undefined || (side === "BUY" ? order.price! < best : order.price! > best)) best = order.price!;
    }
    return best;
  }

  /** The levels that a taker can use: within its limit and better than our own resting orders. */
  #reachable(symbol: string, side: Side, limit: YenE8 | undefined) {
    const book = this.book(symbol);
    const levels = side === "BUY" ? (book?.asks ?? []) : (book?.bids ?? []);
    const own = this.ownOpposite(symbol, side);
    const beyond = (price: YenE8, bound: YenE8): boolean => (side === "BUY" ? price > bound : price < bound);
    const inLimit = levels
      .map((level) => ({ price: this.toYen(symbol, level.ticks), size: level.size }))
      .filter((level) => limit === undefined || !beyond(level.price, limit));
    const selfAt =
      own === undefined ? -1 : inLimit.findIndex((level) => level.price === own || beyond(level.price, own));
    const meetsOwn = selfAt >= 0 || (own !== undefined && limit !== undefined && !beyond(own, limit));
    return { levels: selfAt < 0 ? inLimit : inLimit.slice(0, selfAt), meetsOwn };
  }

  /** Whether an order at `limit` would trade at once, with the market or with our own orders. */
  wouldCross(symbol: string, side: Side, limit: YenE8): boolean {
    const { levels, meetsOwn } = this.#reachable(symbol, side, limit);
    return levels.length > 0 || meetsOwn;
  }
  canFillWhole(symbol: string, side: Side, limit: YenE8, size: CoinE8): boolean {
    const { levels } = this.#reachable(symbol, side, limit);
    return levels.reduce((sum, level) => sum + level.size, 0n) >= size;
  }

  /** Takes depth within the order's limit, at most the injected cap. */
  take(order: SimOrder): Stopped {
    const { executionType, price } = order;
    const isLimited = executionType === "LIMIT" || (executionType === "STOP" && this.options.triggeredStop === "limit");
    const limit = isLimited ? price : undefined;
    const { levels, meetsOwn } = this.#reachable(order.symbol, order.side, limit);
    const step = this.rulesOf(order.symbol).sizeStep;
    let capped = order.fillCap;
    order.fillCap = undefined;
    for (const level of levels) {
      const wanted = floorToStep(minBig(remainingOf(order), level.size, capped ?? remainingOf(order)), step);
      const size = this.settlement.affordable(order, level.price, wanted, true);
      if (size > 0n) this.settlement.fill(order, level.price, size, true);
      if (remainingOf(order) === 0n) return "filled";
      if (size < wanted) return "insufficientFunds";
      if (capped !== undefined) capped = coinE8(capped - size);
      if (capped === 0n) return "bookEmpty";
    }
    return meetsOwn ? "selfTrade" : "bookEmpty";
  }

  /**
   * Fills a resting order once at its own price: all of it, or (partialFills) a seeded 25 to 100 % of the size that
   * trades in this stretch of the path, at least one step. "insufficientFunds": nothing was filled.
   */
  fillResting(order: SimOrder): "filled" | "insufficientFunds" {
    const { symbol } = order;
    const traded = this.market.traded(symbol, this.state.nowMs);
    const { startMs, endMs } = this.market.stretch(symbol, this.state.nowMs);
    const step = this.rulesOf(symbol).sizeStep;
    let size = remainingOf(order);
    if (this.options.partialFills && traded !== undefined) {
      const draw = seededRandom(`${this.options.seed}:fill:${order.orderId}:${startMs}`).next();
      const share = (traded * fromNumber(0.25 + 0.75 * draw)) / 100_000_000n;
      size = minBig(size, maxBig(floorToStep(coinE8(share), step), coinE8(step)));
    }
    if (order.fillCap !== undefined) size = minBig(size, order.fillCap);
    order.fillCap = undefined;
    order.nextFillMs = epochMs(endMs);
    if (this.settlement.affordable(order, order.price!, size, false) < size) return "insufficientFunds";
    this.settlement.fill(order, order.price!, size, false);
    return "filled";
  }
}

const without = (levels: readonly Level[], taken: bigint): readonly Level[] => {
  if (taken === 0n) return levels;
  const left: Level[] = [];
  let remaining = taken;
  for (const level of levels) {
    const used = level.size < remaining ? level.size : remaining;
    remaining -= used;
    if (level.size > used) left.push({ ticks: level.ticks, size: coinE8(level.size - used) });
  }
  return left;
};
