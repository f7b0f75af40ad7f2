// The words of `trader events`: one line for an event, what an import changed, and what a person should look at after it.
import {
  type CalendarChange,
  type EconomicEvent,
  eventId,
  NEARBY_DAYS,
  nearbyTwins,
  spanOf,
  unknownImportant,
} from "../../../lib/core/events.ts";
import { DAY_MS, jstText, plusMs } from "../../../lib/core/time.ts";
import type { Reads } from "../../../queue/types.ts";

export const eventLine = (e: EconomicEvent): string => {
  const window = e.windowMinutes === undefined ? "" : `  ±${e.windowMinutes} min`;
  return `${jstText(e.atMs)}  ${e.currency}  ${e.importance.padEnd(6)}  ${e.title}${window}  [${eventId(e)}]`;
};

export const countsOf = ({ added, changed, unchanged, withdrawn }: CalendarChange) => ({
  added: added.length,
  changed: changed.length,
  unchanged: unchanged.length,
  withdrawn: withdrawn.length,
});
export const countsText = (change: CalendarChange, replaces: boolean): string => {
  const n = countsOf(change);
  return `${n.added} added, ${n.changed} changed, ${n.unchanged} unchanged${replaces ? `, ${n.withdrawn} withdrawn` : ""}`;
};

const LINES_SHOWN = 50;
/** Withdrawn events first: they no longer block. */
export const changeLines = ({ added, changed, withdrawn }: CalendarChange): readonly string[] => {
  const lines = [
    ...withdrawn.map((e) => `  - ${eventLine(e)}`),
    ...changed.map((e) => `  ~ ${eventLine(e)}`),
    ...added.map((e) => `  + ${eventLine(e)}`),
  ];
  return lines.length <= LINES_SHOWN
    ? lines
    : [...lines.slice(0, LINES_SHOWN), `  and ${lines.length - LINES_SHOWN} more`];
};

const NOTES_SHOWN = 20;
const capped = (notes: readonly string[], what: string): readonly string[] =>
  notes.length <= NOTES_SHOWN ? notes : [...notes.slice(0, NOTES_SHOWN), `${notes.length - NOTES_SHOWN} more ${what}`];

/** `read`: the calendar, before or after the change. */
export const importNotes = (
  rows: readonly EconomicEvent[],
  { added, withdrawn }: CalendarChange,
  events: Pick<Reads["events"], "range">,
): readonly string[] => {
  const { firstMs, lastMs } = spanOf(rows);
  const away = (NEARBY_DAYS + 1) * DAY_MS;
  const gone = new Set(withdrawn.map(eventId));
  const stored = events.range(plusMs(firstMs, -away), plusMs(lastMs, away));
  const known = new Set(stored.map(eventId));
  const around = [...stored.filter((e) => !gone.has(eventId(e))), ...added.filter((e) => !known.has(eventId(e)))];
  const twins = nearbyTwins(rows, around).map(
    ([a, b]) =>
      `${a.currency} ${JSON.stringify(a.title)} stands at ${jstText(a.atMs)} [${eventId(a)}] and ${a.title === b.title ? "" : `${JSON.stringify(b.title)} `}at ${jstText(b.atMs)} [${eventId(b)}], within ${NEARBY_DAYS} days: both block entries; if it was moved, trader events remove the one that no longer holds`,
  );
  const unknown = unknownImportant(rows).map(
    (e) =>
      `${e.currency} ${JSON.stringify(e.title)} (${jstText(e.atMs)}) is important and of no known kind: it blocks ${e.windowMinutes === undefined ? "for NEWS_WINDOW_MINUTES" : `±${e.windowMinutes} min`}; give it window_minutes if it needs another window`,
  );
  const left = new Set(rows.map((e) => e.currency));
  const emptied = [...new Set(withdrawn.map((e) => e.currency))].filter((currency) => !left.has(currency));
  return [
    ...emptied.map(
      (currency) =>
        `every ${currency} event of the span was withdrawn (${withdrawn.filter((e) => e.currency === currency).length}): the file has none of ${currency}; --currency keeps the others`,
    ),
    ...capped(twins, "events stand at two times"),
    ...capped(unknown, "important events are of no known kind"),
  ];
};
