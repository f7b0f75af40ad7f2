// schedules: what ticks, when it ticks next, and what happens with missed ticks. The row is the timer.
import { type EpochMs, epochMs, epochMsOrUndefined } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

/** Missed ticks: `skip` runs none of them, `once` the newest, `all` the newest `maxCatchUp`, oldest first. */
export type MissedTicks = "skip" | "once" | "all";

export interface Schedule {
  readonly name: string;
  readonly handler: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Ticks are at k * everyMs + offsetMs (UTC epoch), k whole. */
  readonly everyMs: number;
  readonly offsetMs: number;
  readonly policy: MissedTicks;
  readonly maxCatchUp: number;
  /** The tick's job expires this long after its tick; undefined: never. */
  readonly expiresAfterMs: number | undefined;
  readonly nextTickMs: EpochMs;
  readonly lastTickMs: EpochMs | undefined;
  readonly paused: boolean;
}

interface RawRow {
  name: string;
  handler: string;
  input: string;
  every_ms: number;
  offset_ms: number;
  policy: MissedTicks;
  max_catch_up: number;
  expires_after_ms: number | null;
  next_tick_ms: number;
  last_tick_ms: number | null;
  paused: number;
}
const parse = (row: RawRow): Schedule => ({
  name: row.name,
  handler: row.handler,
  input: JSON.parse(row.input) as Record<string, unknown>,
  everyMs: row.every_ms,
  offsetMs: row.offset_ms,
  policy: row.policy,
  maxCatchUp: row.max_catch_up,
  expiresAfterMs: row.expires_after_ms ?? undefined,
  nextTickMs: epochMs(row.next_tick_ms),
  lastTickMs: epochMsOrUndefined(row.last_tick_ms),
  paused: row.paused === 1,
});

export const scheduleReads = (sql: Sqlite) => {
  const all = sql.prepare<[], RawRow>("SELECT * FROM schedules ORDER BY name");
  const one = sql.prepare<[string], RawRow>("SELECT * FROM schedules WHERE name = ?");
  const next = sql.prepare<[], { at: number | null }>("SELECT min(next_tick_ms) AS at FROM schedules WHERE paused = 0");
  return {
    all: (): readonly Schedule[] => all.all().map(parse),
    byName: (name: string): Schedule | undefined => {
      const row = one.get(name);
      return row && parse(row);
    },
    /** The earliest next tick of any schedule that is not paused. */
    nextTickMs: (): EpochMs | undefined => epochMsOrUndefined(next.get()?.at),
  };
};

export const scheduleWrites = (sql: Sqlite) => {
  const put = sql.prepare(
    `INSERT INTO schedules (name, handler, input, every_ms, offset_ms, policy, max_catch_up, expires_after_ms, next_tick_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET handler = excluded.handler, input = excluded.input, every_ms = excluded.every_ms,
       offset_ms = excluded.offset_ms, policy = excluded.policy, max_catch_up = excluded.max_catch_up,
       expires_after_ms = excluded.expires_after_ms, next_tick_ms = excluded.next_tick_ms`,
  );
  const advance = sql.prepare(
    "UPDATE schedules SET next_tick_ms = ?, last_tick_ms = coalesce(?, last_tick_ms) WHERE name = ?",
  );
  const pause = sql.prepare("UPDATE schedules SET paused = ? WHERE name = ?");
  const remove = sql.prepare("DELETE FROM schedules WHERE name = ?");
  return {
    put: (s: Omit<Schedule, "lastTickMs" | "paused">): void => {
      put.run(
        s.name,
        s.handler,
        JSON.stringify(s.input),
        s.everyMs,
        s.offsetMs,
        s.policy,
        s.maxCatchUp,
        s.expiresAfterMs ?? null,
        s.nextTickMs,
      );
    },
    advance: (name: string, nextTickMs: number, lastTickMs: number | undefined): void => {
      advance.run(nextTickMs, lastTickMs ?? null, name);
    },
    setPaused: (name: string, paused: boolean): boolean => pause.run(paused ? 1 : 0, name).changes === 1,
    remove: (name: string): boolean => remove.run(name).changes === 1,
  };
};
