// Rate limits: at most `limit` starts of a handler in any span of `perMs`, counted in rows, so that a restart or a
// second process does not start a new count. A rerun after a snooze is a start like any other.
import { rateStarts } from "../db/tables/rateStarts.ts";
import type { Sqlite } from "../lib/io/sqlite.ts";
import type { Registry } from "./registry.ts";
import type { RateLimit } from "./types.ts";

/** A handler that may not start now, and when (system clock) it may start again. */
interface Limited {
  readonly name: string;
  readonly freeAtMs: number;
}

export class Rates {
  readonly #limits: readonly (readonly [string, RateLimit])[];
  readonly #starts;
  constructor(sql: Sqlite, registry: Registry) {
    this.#limits = [...registry.values()].flatMap(({ name, rate }) => (rate ? [[name, rate] as const] : []));
    this.#starts = rateStarts(sql);
  }

  /** Also moves starts later than the clock (it was set back) to now; needs a connection that may write. */
  limitedNow(nowMs: number): readonly Limited[] {
    for (const [name] of this.#limits)
      if ((this.#starts.nthNewest(name, 1) ?? nowMs) > nowMs) this.#starts.clamp(name, nowMs);
    return this.limited(nowMs);
  }

  limited(nowMs: number): readonly Limited[] {
    return this.#limits.flatMap(([name, { limit, perMs }]) => {
      const oldest = this.#starts.nthNewest(name, limit);
      if (oldest === undefined) return [];
      const freeAtMs = Math.min(oldest, nowMs) + perMs;
      return freeAtMs > nowMs ? [{ name, freeAtMs }] : [];
    });
  }

  /** Called in the transaction of the claim. */
  record(name: string, nowMs: number): void {
    const rate = this.#limits.find(([limited]) => limited === name)?.[1];
    if (!rate) return;
    this.#starts.clamp(name, nowMs);
    this.#starts.forget(name, nowMs - rate.perMs);
    this.#starts.record(name, nowMs);
  }

  /** After the clock was set back: starts later than now count as now. */
  clamp(nowMs: number): void {
    for (const [name] of this.#limits) this.#starts.clamp(name, nowMs);
  }

  /** The earliest time at which a waiting job of a limited handler may start. */
  nextFreeMs(limited: readonly Limited[]): number | undefined {
    const times = limited.flatMap((one) => (this.#starts.waiting(one.name, one.freeAtMs) ? [one.freeAtMs] : []));
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
