// What is measured from outside, in venue time, by looking at the simulated venue and never at our book: how long positions
// of ours were bare, and which of that time the venue itself is to blame for (docs/orders.md, "What is proven").
import { isSpot } from "../../lib/core/product.ts";
import type { Simulator } from "../../lib/sim/simulator.ts";

/** A stretch of venue time, milliseconds since the epoch. */
export interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
  /** The owner's own doing: excuses what is bare, not a book that does not show it. */
  readonly byHand?: boolean;
}
/** A death and the start that followed. */
export interface Kill {
  readonly atMs: number;
  readonly backMs: number;
}

export class BareWatch {
  readonly stretches: Stretch[] = [];
  readonly #since = new Map<string, number>();
  constructor(
    private readonly simulator: Simulator,
    private readonly symbols: readonly string[],
    /** Spot: the smallest order by symbol. */
    private readonly smallest: ReadonlyMap<string, bigint> = new Map(),
  ) {}

  /** To be called after everything that happens at the venue. `foreign`: positions that are not ours. */
  look(nowMs: number, foreign: ReadonlySet<number>): void {
    for (const symbol of this.symbols) {
      // Coins below the smallest order cannot be covered by anybody.
      const bare =
        foreign.size === 0 || isSpot(symbol)
          ? this.simulator.bareSize(symbol) >= (this.smallest.get(symbol) ?? 1n)
          : this.#bare(symbol, foreign);
      const sinceMs = this.#since.get(symbol);
      if (bare === (sinceMs !== undefined)) continue;
      if (sinceMs === undefined) this.#since.set(symbol, nowMs);
      else {
        this.#since.delete(symbol);
        if (nowMs > sinceMs) this.stretches.push({ fromMs: sinceMs, untilMs: nowMs });
      }
    }
  }
  isBare(): boolean {
    return this.#since.size > 0;
  }
  /** Everything so far, what is bare still included. */
  all(nowMs: number): readonly Stretch[] {
    return [...this.stretches, ...[...this.#since.values()].map((fromMs) => ({ fromMs, untilMs: nowMs }))];
  }

  #bare(symbol: string, foreign: ReadonlySet<number>): boolean {
    const live = this.simulator
      .orders()
      .filter((o) => ["WAITING", "ORDERED", "MODIFYING", "CANCELLING"].includes(o.status));
    return this.simulator.positions().some((position) => {
      if (position.symbol !== symbol || foreign.has(position.positionId)) return false;
      const reserved = live
        .filter((o) => o.positionId === position.positionId)
        .reduce((sum, o) => sum + o.size - o.executedSize, 0n);
      return position.size > reserved;
    });
  }
}

/**
 * How long an order of ours rests at the venue at a price that our book does not show, while a worker lives. Looked at
 * in worlds whose owner changes orders on the page.
 */
export class PriceWatch {
  readonly stretches: Stretch[] = [];
  readonly #since = new Map<number, number>();
  constructor(private readonly simulator: Simulator) {}

  /** `book`: the prices of the open rows by venue id; undefined while nobody lives. */
  look(nowMs: number, book: ReadonlyMap<number, bigint> | undefined): void {
    const differing = new Set(
      book === undefined
        ? []
        : this.simulator
            .orders()
            .filter((o) => ["WAITING", "ORDERED"].includes(o.status) && book.has(o.orderId))
            .filter((o) => o.price !== undefined && o.price !== book.get(o.orderId))
            .map((o) => o.orderId),
    );
    for (const [orderId, fromMs] of this.#since)
      if (!differing.has(orderId)) {
        this.#since.delete(orderId);
        if (nowMs > fromMs) this.stretches.push({ fromMs, untilMs: nowMs });
      }
    for (const orderId of differing) if (!this.#since.has(orderId)) this.#since.set(orderId, nowMs);
  }
  all(nowMs: number): readonly Stretch[] {
    return [...this.stretches, ...[...this.#since.values()].map((fromMs) => ({ fromMs, untilMs: nowMs }))];
  }
}

/** Length of a stretch that none of the excuses covers, milliseconds. */
export const unexcusedMs = (stretch: Stretch, excuses: readonly Stretch[]): number => {
  const inside = excuses
    .map((e) => ({ fromMs: Math.max(e.fromMs, stretch.fromMs), untilMs: Math.min(e.untilMs, stretch.untilMs) }))
    .filter((e) => e.untilMs > e.fromMs)
    .sort((a, b) => a.fromMs - b.fromMs);
  let covered = 0;
  let reachedMs = stretch.fromMs;
  for (const e of inside) {
    covered += Math.max(0, e.untilMs - Math.max(e.fromMs, reachedMs));
    reachedMs = Math.max(reachedMs, e.untilMs);
  }
  return stretch.untilMs - stretch.fromMs - covered;
};

/** How long after a start a bare position still counts as the kill's consequence. */
export const RECOVERY_MS = 10_000;
export const isAfterKill = (stretch: Stretch, kills: readonly Kill[]): boolean =>
  kills.some((kill) => stretch.untilMs > kill.atMs && stretch.fromMs < kill.backMs + RECOVERY_MS);
