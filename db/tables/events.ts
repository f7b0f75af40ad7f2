// economic_events: the calendar the news gate reads. A file is imported completely or not at all.
import { kindWindowMinutes } from "../../lib/core/eventKinds.ts";
import {
  type CalendarChange,
  calendarChange,
  type EconomicEvent,
  type Importance,
  MAX_WINDOW_MINUTES,
  spanOf,
} from "../../lib/core/events.ts";
import { type EpochMs, epochMsOrUndefined, MINUTE_MS, plusMs } from "../../lib/core/time.ts";
import type { Sqlite } from "../../lib/io/sqlite.ts";

interface Row {
  at_ms: EpochMs;
  currency: string;
  importance: Importance;
  title: string;
  window_minutes: number | null;
}
const toEvent = (row: Row): EconomicEvent => ({
  atMs: row.at_ms,
  currency: row.currency,
  importance: row.importance,
  title: row.title,
  // An older version stored none for the kinds it did not know.
  windowMinutes: row.window_minutes ?? kindWindowMinutes(row),
});

export const eventReads = (sql: Sqlite) => {
  const range = sql.prepare<[number, number], Row>(
    "SELECT * FROM economic_events WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, currency, title",
  );
  const newest = sql.prepare<[], number | null>("SELECT max(at_ms) FROM economic_events").pluck();
  return {
    /** Events with fromMs <= time < toMs, in order. */
    range: (fromMs: EpochMs, toMs: EpochMs): readonly EconomicEvent[] => range.all(fromMs, toMs).map(toEvent),
    all: (): readonly EconomicEvent[] => range.all(0, Number.MAX_SAFE_INTEGER).map(toEvent),
    /** Every event whose window may contain `atMs`: the input of newsGate. */
    near: (atMs: EpochMs): readonly EconomicEvent[] =>
      range.all(atMs - MAX_WINDOW_MINUTES * MINUTE_MS, atMs + MAX_WINDOW_MINUTES * MINUTE_MS + 1).map(toEvent),
    /** Time of the last known event: past it the calendar protects nothing. */
    lastMs: (): EpochMs | undefined => epochMsOrUndefined(newest.get()),
  };
};

export const eventWrites = (sql: Sqlite) => {
  const reads = eventReads(sql);
  const upsert = sql.prepare(
    `INSERT INTO economic_events (at_ms, currency, importance, title, window_minutes) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (at_ms, currency, title) DO UPDATE SET importance = excluded.importance, window_minutes = excluded.window_minutes`,
  );
  const remove = sql.prepare("DELETE FROM economic_events WHERE at_ms = ? AND currency = ? AND title = ?");
  const withdraw = (events: readonly EconomicEvent[]): void => {
    for (const { atMs, currency, title } of events) remove.run(atMs, currency, title);
  };
  return {
    /**
     * Adds new events, updates changed ones, leaves the others; with `replaces` (lib/core/events.ts, calendarChange) it
     * withdraws what the file no longer has in its span. Importing the same file twice changes nothing. `file` holds at
     * least one event. Returns what it did.
     */
    import(file: readonly EconomicEvent[], replaces?: (currency: string) => boolean): CalendarChange {
      const { firstMs, lastMs } = spanOf(file);
      const stored = reads.range(firstMs, plusMs(lastMs, 1));
      const change = calendarChange(stored, file, replaces);
      for (const e of [...change.added, ...change.changed])
        upsert.run(e.atMs, e.currency, e.importance, e.title, e.windowMinutes ?? null);
      withdraw(change.withdrawn);
      return change;
    },
    /** A withdrawn event blocks nothing from the commit on. */
    withdraw,
  };
};
