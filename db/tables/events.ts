// economic_events: the calendar the news gate reads. A file is imported completely or not at all.
import { type EconomicEvent, type Importance, MAX_WINDOW_MINUTES } from "../../lib/core/events.ts";
import { type EpochMs, epochMsOrUndefined, MINUTE_MS } from "../../lib/core/time.ts";
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
  windowMinutes: row.window_minutes ?? undefined,
});

export const eventReads = (sql: Sqlite) => {
  const range = sql.prepare<[number, number], Row>(
    "SELECT * FROM economic_events WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms, currency, title",
  );
  const newest = sql.prepare<[], number | null>("SELECT max(at_ms) FROM economic_events").pluck();
  return {
    /** Events with fromMs <= time < toMs, in order. */
    range: (fromMs: EpochMs, toMs: EpochMs): readonly EconomicEvent[] => range.all(fromMs, toMs).map(toEvent),
    /** Every event whose window may contain `atMs`: the input of newsGate. */
    near: (atMs: EpochMs): readonly EconomicEvent[] =>
      range.all(atMs - MAX_WINDOW_MINUTES * MINUTE_MS, atMs + MAX_WINDOW_MINUTES * MINUTE_MS + 1).map(toEvent),
    /** Time of the last known event: past it the calendar protects nothing. */
    lastMs: (): EpochMs | undefined => epochMsOrUndefined(newest.get()),
  };
};

interface ImportCounts {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
}

export const eventWrites = (sql: Sqlite) => {
  const find = sql.prepare<[number, string, string], Row>(
    "SELECT * FROM economic_events WHERE at_ms = ? AND currency = ? AND title = ?",
  );
  const upsert = sql.prepare(
    `INSERT INTO economic_events (at_ms, currency, importance, title, window_minutes) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (at_ms, currency, title) DO UPDATE SET importance = excluded.importance, window_minutes = excluded.window_minutes`,
  );
  return {
    /** Adds new events, updates changed ones, leaves the others: importing the same file twice changes nothing. */
    import(events: readonly EconomicEvent[]): ImportCounts {
      const counts = { added: 0, changed: 0, unchanged: 0 };
      for (const event of events) {
        const window = event.windowMinutes ?? null;
        const row = find.get(event.atMs, event.currency, event.title);
        if (row && row.importance === event.importance && row.window_minutes === window) {
          counts.unchanged += 1;
          continue;
        }
        upsert.run(event.atMs, event.currency, event.importance, event.title, window);
        counts[row ? "changed" : "added"] += 1;
      }
      return counts;
    },
  };
};
