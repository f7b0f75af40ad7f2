// An owner who does anything an owner may do, by seed, one request after the other; and what is compared with REST.
import { AppError } from "../../../../lib/core/errors.ts";
import { type CoinE8, parseCoin, toNumber, type YenE8, yen } from "../../../../lib/core/money.ts";
import { MINUTE_MS } from "../../../../lib/core/time.ts";
import { isTerminalStatus, type Side, type WriteResult } from "../../../../lib/core/venue.ts";
import type { AccountSnapshot } from "../../../../lib/io/gmo/stream/accountTypes.ts";
import { orderOfRest, positionOf } from "../../../../lib/io/gmo/stream/viewRows.ts";
import { type Random, seededRandom } from "../../../../lib/io/random.ts";
import { type LongWorld, SYMBOLS } from "./longRunWorld.ts";

const MIN_SIZE: Readonly<Record<string, CoinE8>> = { BTC_JPY: parseCoin("0.001"), BTC: parseCoin("0.00001") };
const MOST_POSITIONS = 12;
const MOST_ORDERS = 20;

export class Owner {
  readonly results: Record<WriteResult<unknown>["kind"], number> = { accepted: 0, refused: 0, unknown: 0 };
  readonly codes = new Map<string, number>();
  readonly #random: Random;
  constructor(
    private readonly world: LongWorld,
    seed: string,
  ) {
    this.#random = seededRandom(`${seed}:owner`);
  }

  /** One request, whatever comes of it. */
  async act(): Promise<void> {
    const { ledger } = this.world;
    const call = this.#choose();
    ledger.sentInCall = 0;
    const result = await call();
    ledger.sentInCall = undefined;
    this.results[result.kind] += 1;
    if (result.kind !== "accepted") this.codes.set(result.code, (this.codes.get(result.code) ?? 0) + 1);
  }

  #one<T>(rows: readonly T[]): T | undefined {
    return rows[this.#random.int(rows.length)];
  }
  /** Within 0.5 % of the last price. */
  #price(symbol: string): YenE8 {
    return yen(Math.round(this.world.lastPrice(symbol) * (1 + (this.#random.next() - 0.5) / 100)));
  }
  #choose(): () => Promise<WriteResult<unknown>> {
    const { api, account } = this.world;
    const { view } = account;
    const symbol = this.#random.int(5) === 0 ? "BTC" : "BTC_JPY";
    const order = this.#one(SYMBOLS.flatMap((name) => view.liveOrders(name)));
    const position = this.#one(view.positions("BTC_JPY"));
    const roll = this.#random.int(100);
    if (order && (roll < 15 || SYMBOLS.flatMap((name) => view.liveOrders(name)).length > MOST_ORDERS))
      return () => api.cancelOrder(order.orderId);
    if (order && roll < 30) return () => api.changeOrder({ orderId: order.orderId, price: this.#price(order.symbol) });
    if (order && roll < 33)
      return () =>
        api.cancelOrders(
          view
            .liveOrders(order.symbol)
            .slice(0, 10)
            .map(({ orderId }) => orderId),
        );
    if (roll < 35) return () => api.cancelBulkOrder({ symbols: [symbol] });
    if (position && (roll < 55 || view.positions("BTC_JPY").length > MOST_POSITIONS))
      return () => this.#close(position);
    if (position && roll < 58)
      return () =>
        api.closeBulkOrder({
          symbol: "BTC_JPY",
          side: opposite(position.side),
          executionType: "MARKET",
          size: MIN_SIZE["BTC_JPY"]!,
        });
    if (position && roll < 62) {
      const price = toNumber(position.price);
      const losscutPrice = yen(Math.round(price * (position.side === "BUY" ? 0.97 : 1.03)));
      return () => api.changeLosscutPrice({ positionId: position.positionId, losscutPrice });
    }
    return () => this.#open(symbol);
  }
  #open(symbol: string): Promise<WriteResult<unknown>> {
    const { api } = this.world;
    const side: Side = this.#random.int(2) === 0 ? "BUY" : "SELL";
    const size = (MIN_SIZE[symbol]! * BigInt(1 + this.#random.int(3))) as CoinE8;
    const executionType = this.#one(["MARKET", "LIMIT", "LIMIT", "STOP"] as const)!;
    const priced = executionType === "MARKET" ? {} : { price: this.#price(symbol) };
    const timed = executionType === "LIMIT" ? { timeInForce: this.#one(["FAS", "FAS", "FOK", "SOK"] as const)! } : {};
    return api.order({ symbol, side, executionType, size, ...priced, ...timed });
  }
  #close(position: {
    readonly positionId: string;
    readonly side: Side;
    readonly size: CoinE8;
  }): Promise<WriteResult<unknown>> {
    const { api } = this.world;
    const side = opposite(position.side);
    const { positionId, size } = position;
    return this.#random.int(2) === 0
      ? api.closeOrder({ symbol: "BTC_JPY", side, executionType: "MARKET", positionId, size })
      : api.closeOrder({
          symbol: "BTC_JPY",
          side,
          executionType: "LIMIT",
          positionId,
          size,
          price: this.#price("BTC_JPY"),
        });
  }
}
const opposite = (side: Side): Side => (side === "BUY" ? "SELL" : "BUY");

const sorted = <T>(rows: readonly T[], key: keyof T): T[] =>
  rows.toSorted((a, b) => (String(a[key]) < String(b[key]) ? -1 : 1));

export interface Picture {
  readonly orders: readonly unknown[];
  readonly positions: readonly unknown[];
  readonly executions: readonly unknown[];
}
/** `latestExecutions` goes back one day; rows near its edge are compared by neither side. */
const recent = (world: LongWorld) => {
  const sinceMs = world.clock.nowMs() - 23.5 * 60 * MINUTE_MS;
  return ({ timestampMs }: { readonly timestampMs: number }): boolean => timestampMs >= sinceMs;
};

/** What the view says now. */
export const viewed = (world: LongWorld): Picture => {
  const { view } = world.account;
  return {
    orders: sorted(
      SYMBOLS.flatMap((symbol) => view.liveOrders(symbol)),
      "orderId",
    ),
    positions: sorted(
      SYMBOLS.flatMap((symbol) => view.positions(symbol)),
      "positionId",
    ),
    executions: sorted(view.executions().filter(recent(world)), "executionId"),
  };
};
/** The same from answers of REST. */
export const pictured = (
  world: LongWorld,
  { orders, positions, executions }: Omit<AccountSnapshot, "askedMs">,
): Picture => ({
  orders: sorted(
    orders.map(orderOfRest).filter(({ status }) => !isTerminalStatus(status)),
    "orderId",
  ),
  positions: sorted(positions.map(positionOf), "positionId"),
  executions: sorted(executions.filter(recent(world)), "executionId"),
});

/** REST asked anew, and how the orders that our view calls finished ended. undefined: a fault was in the way. */
export const readTruth = async (world: LongWorld) => {
  const { api, account } = world;
  const finished = account.view.orders().filter(({ status }) => isTerminalStatus(status));
  try {
    const orders = [];
    const executions = [];
    for (const symbol of SYMBOLS) {
      orders.push(...(await api.activeOrders(symbol)));
      executions.push(...(await api.latestExecutions(symbol)));
    }
    const positions = await api.openPositions("BTC_JPY");
    const ends = await api.orders(finished.slice(-50).map(({ orderId }) => orderId));
    return { orders, executions, positions, ends };
  } catch (e) {
    if (e instanceof AppError && e.verdict === "retry") return undefined;
    throw e;
  }
};
