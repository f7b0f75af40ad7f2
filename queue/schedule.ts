// Schedules are rows: a tick is enqueued in the same transaction that advances the row, so a tick runs at most once and
// a missed one is not lost. Ticks are UTC epoch arithmetic on the system's clock: no daylight saving, no cron syntax.
import type { Database } from "../db/open.ts";
import { type MissedTicks, type Schedule, scheduleWrites } from "../db/tables/schedules.ts";
import { AppError, toAppError } from "../lib/core/errors.ts";
import { type EpochMs, epochMs, MINUTE_MS } from "../lib/core/time.ts";
import type { Clock } from "../lib/io/clock.ts";
import type { JobStore } from "./store.ts";
import type { NewJob } from "./types.ts";

export interface ScheduleSpec {
  readonly name: string;
  readonly handler: string;
  /** The tick's job gets {...input, tickMs}. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly everyMs: number;
  /** Ticks are at k * everyMs + offsetMs; 0 <= offsetMs < everyMs. */
  readonly offsetMs: number;
  readonly policy: MissedTicks;
  /** For `all`: the newest missed ticks, at most this many; default 100. */
  readonly maxCatchUp?: number;
  /** The tick's job expires this long after its tick; with `skip`, a tick later than this counts as missed. */
  readonly expiresAfterMs?: number;
}

/** First tick at or after `fromMs`. */
export const tickAtOrAfter = (fromMs: number, everyMs: number, offsetMs: number): EpochMs =>
  epochMs(Math.ceil((fromMs - offsetMs) / everyMs) * everyMs + offsetMs);

/** Which ticks to enqueue now, oldest first, and the tick after them. Pure. */
export const dueTicks = (
  schedule: Pick<Schedule, "everyMs" | "offsetMs" | "policy" | "maxCatchUp" | "expiresAfterMs" | "nextTickMs">,
  nowMs: EpochMs,
): { readonly ticks: readonly EpochMs[]; readonly nextTickMs: EpochMs } => {
  const { everyMs, offsetMs, policy, nextTickMs } = schedule;
  if (nextTickMs > nowMs) return { ticks: [], nextTickMs };
  const after = tickAtOrAfter(nowMs + 1, everyMs, offsetMs);
  const newest = after - everyMs;
  const missed = Math.floor((newest - nextTickMs) / everyMs) + 1;
  const graceMs = schedule.expiresAfterMs ?? Math.min(everyMs - 1, MINUTE_MS);
  const wanted =
    policy === "all"
      ? Math.min(missed, schedule.maxCatchUp)
      : policy === "once" || nowMs - newest <= graceMs
        ? Math.min(missed, 1)
        : 0;
  const ticks = Array.from({ length: wanted }, (_, i) => epochMs(newest - (wanted - 1 - i) * everyMs));
  return { ticks, nextTickMs: after };
};

export class Scheduler {
  readonly #writes;
  constructor(
    private readonly db: Database,
    private readonly store: JobStore,
    private readonly clock: Clock,
  ) {
    this.#writes = scheduleWrites(db.sql);
  }

  /**
   * Inserts or updates a schedule. A new one starts with the first tick at or after now; an existing one keeps its
   * next tick unless its interval or offset has changed. Throws RangeError when interval and offset define no grid.
   */
  declareSchedule(spec: ScheduleSpec): void {
    const { everyMs, offsetMs } = spec;
    if (
      !Number.isSafeInteger(everyMs) ||
      everyMs < 1 ||
      !Number.isSafeInteger(offsetMs) ||
      offsetMs < 0 ||
      offsetMs >= everyMs
    )
      throw new RangeError(
        `schedule ${spec.name}: expected everyMs >= 1 and 0 <= offsetMs < everyMs, found ${everyMs} and ${offsetMs}`,
      );
    this.db.transaction((tx) => {
      const known = tx.schedules.byName(spec.name);
      const sameGrid = known && known.everyMs === everyMs && known.offsetMs === offsetMs;
      const from = Math.max(this.clock.nowMs(), (known?.lastTickMs ?? -1) + 1);
      const { maxCatchUp = 100, expiresAfterMs } = spec;
      const nextTickMs = sameGrid ? known.nextTickMs : tickAtOrAfter(from, everyMs, offsetMs);
      this.#writes.put({ ...spec, maxCatchUp, expiresAfterMs, nextTickMs });
    });
  }

  /** Removes schedules this program no longer declares. Returns their names. */
  removeExcept(names: readonly string[]): readonly string[] {
    return this.db.transaction((tx) => {
      const gone = tx.schedules.all().filter((schedule) => !names.includes(schedule.name));
      for (const schedule of gone) this.#writes.remove(schedule.name);
      return gone.map((schedule) => schedule.name);
    });
  }

  /** Pauses or resumes; missed ticks follow the policy on resume. False when there is no such schedule. */
  setPaused(name: string, paused: boolean): boolean {
    return this.db.transaction(() => this.#writes.setPaused(name, paused));
  }

  nextTickMs(): EpochMs | undefined {
    return this.db.read.schedules.nextTickMs();
  }

  list(): readonly Schedule[] {
    return this.db.read.schedules.all();
  }

  /**
   * Enqueues every due tick, key `schedule:tickMs`. Returns the number of jobs created. A schedule whose job cannot be
   * enqueued (no such handler, bad input) is paused with an audit event, so that it does not block the others.
   */
  runDueTicks(nowMs: EpochMs = this.clock.nowMs(), insideTick?: () => void): number {
    let created = 0;
    for (const schedule of this.db.read.schedules.all()) {
      if (schedule.paused) continue;
      // The clock was set back far: recompute the next tick from now. The tick's unique key prevents a second run.
      const early = schedule.nextTickMs - nowMs > schedule.everyMs;
      if (!early && schedule.nextTickMs > nowMs) continue;
      try {
        created += this.#runDue(schedule.name, nowMs, insideTick);
      } catch (e) {
        const error = toAppError(e);
        if (!(e instanceof AppError) || error.verdict !== "permanent") throw e;
        this.db.transaction((tx) => {
          this.#writes.setPaused(schedule.name, true);
          const data = { schedule: schedule.name, handler: schedule.handler, error: error.message };
          tx.audit.append({ atMs: nowMs, kind: "schedule.paused", actor: "queue", data });
        });
      }
    }
    return created;
  }

  #runDue(name: string, nowMs: EpochMs, insideTick: (() => void) | undefined): number {
    return this.db.transaction((tx) => {
      // Read again: another process may have advanced it since.
      const schedule = tx.schedules.byName(name);
      if (!schedule || schedule.paused) return 0;
      const { everyMs, offsetMs } = schedule;
      if (schedule.nextTickMs - nowMs > everyMs) {
        this.#writes.advance(name, tickAtOrAfter(nowMs, everyMs, offsetMs), undefined);
        return 0;
      }
      const { ticks, nextTickMs } = dueTicks(schedule, nowMs);
      let created = 0;
      for (const tickMs of ticks) if (this.store.enqueueIn(tx, jobOfTick(schedule, tickMs)).created) created += 1;
      this.#writes.advance(name, nextTickMs, ticks.at(-1));
      insideTick?.();
      return created;
    });
  }
}

const jobOfTick = (schedule: Schedule, tickMs: EpochMs): NewJob => ({
  name: schedule.handler,
  key: `${schedule.name}:${tickMs}`,
  input: { ...schedule.input, tickMs },
  runAtMs: tickMs,
  ...(schedule.expiresAfterMs === undefined ? {} : { expiresAtMs: epochMs(tickMs + schedule.expiresAfterMs) }),
});
