// `trader events import FILE | remove | list`: the economic calendar of the news gate. An import is all or nothing;
// importing the same file twice changes nothing.
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Command } from "commander";
import type { z } from "zod";
import { META } from "../../../db/tables/meta.ts";
import { AppError, UsageError } from "../../../lib/core/errors.ts";
import { calendarChange, type EconomicEvent, eventId, parseEventsCsv, spanOf } from "../../../lib/core/events.ts";
import { DAY_MS, type EpochMs, isoUtc, jstDateStart, jstText, parseInstant, plusMs } from "../../../lib/core/time.ts";
import { FileTooBig, MEGABYTE, readCapped } from "../../../lib/io/cappedFile.ts";
import type { Clock } from "../../../lib/io/clock.ts";
import type { Database } from "../../../queue/types.ts";
import { hintWith } from "../folder.ts";
import { economicEventJson } from "../json/event.ts";
import type { EventsImportedJson, EventsRemovedJson } from "../json/results.ts";
import { calendarGap } from "./calendar.ts";
import { changeLines, countsOf, countsText, eventLine, importNotes } from "./eventText.ts";

interface OpenCalendar {
  readonly db: Database;
  readonly clock: Clock;
  close(): void;
}
interface EventsDeps {
  readonly open: (options: { var?: string }) => OpenCalendar;
  readonly look: (options: { var?: string }) => OpenCalendar;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}
interface Options {
  readonly var?: string;
  readonly json?: boolean;
}

interface ImportOptions extends Options {
  readonly replace?: boolean;
  readonly currency?: string;
  readonly dryRun?: boolean;
}

const NO_EVENTS = { range: (): readonly EconomicEvent[] => [] };

const lookIfThere = (deps: EventsDeps, options: Options): OpenCalendar | undefined => {
  try {
    return deps.look(options);
  } catch (e) {
    if (e instanceof AppError && e.code === "DB_MISSING") return undefined;
    throw e;
  }
};

const LIST_DAYS = 30;
/** Some forty thousand events: a calendar of decades. */
const LARGEST_BYTES = 4 * MEGABYTE;

export const registerEvents = (program: Command, deps: EventsDeps): void => {
  const events = program.command("events").description("economic events around which no entry is made");
  events
    .command("import <file>")
    .description("read a CSV of time_utc,currency,importance,title[,window_minutes]")
    .option("--replace", "the file rules its span, first to last event: what is missing there is withdrawn")
    .option("--currency <codes>", "with --replace: only events of these currencies are withdrawn, such as USD,JPY")
    .option("--dry-run", "show what would change and change nothing")
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON object")
    .action((file: string, options: ImportOptions) => {
      const replaces = replacesOf(options);
      const bytes = readBytes(file);
      const rows = parseEventsCsv(toText(bytes, file));
      // A dry run makes no folder and no database: where there is none, the calendar is empty.
      const state = options.dryRun ? lookIfThere(deps, options) : deps.open(options);
      try {
        const events = state?.db.read.events ?? NO_EVENTS;
        const { firstMs, lastMs } = spanOf(rows);
        const change =
          options.dryRun || state === undefined
            ? calendarChange(events.range(firstMs, plusMs(lastMs, 1)), rows, replaces)
            : state.db.transaction((tx) => {
                const found = tx.events.import(rows, replaces);
                if (found.added.length + found.changed.length + found.withdrawn.length > 0)
                  tx.audit.append({
                    atMs: state.clock.nowMs(),
                    kind: "events.imported",
                    actor: "cli",
                    data: {
                      file: basename(file),
                      sha256: createHash("sha256").update(bytes).digest("hex"),
                      ...countsOf(found),
                      withdrawnEvents: found.withdrawn,
                    },
                  });
                return found;
              });
        if (options.json) {
          const fact = {
            file,
            ...countsOf(change),
            dryRun: options.dryRun === true,
            firstAt: isoUtc(firstMs),
            lastAt: isoUtc(lastMs),
          };
          deps.out(JSON.stringify(fact satisfies z.infer<typeof EventsImportedJson>));
        } else {
          deps.out(
            `${file}: ${countsText(change, replaces !== undefined)}; ${jstText(firstMs)} to ${jstText(lastMs)}${options.dryRun ? "; dry run, nothing was changed" : ""}`,
          );
          // Without --replace an import only adds: its rows are in the file.
          const lines = options.dryRun || replaces !== undefined ? changeLines(change) : [];
          for (const line of lines) deps.out(line);
        }
        for (const text of importNotes(rows, change, events)) deps.err(`note: ${text}`);
        if (options.dryRun || state === undefined) return;
        const { read } = state.db;
        const gap = calendarGap(read.events.lastMs(), state.clock.nowMs());
        if (gap !== undefined) deps.err(`note: the calendar of ${state.db.path}: ${gap} with events to come`);
        // A mistyped folder is a new one; without this note only a missed event would show it.
        if (read.meta.get(META.mode) === undefined)
          deps.err(
            `note: ${state.db.path} has never been used by a worker; the calendar applies to the trader worker that uses this --var folder`,
          );
      } finally {
        state?.close();
      }
    });
  events
    .command("remove <ids...>")
    .description("withdraw events by the ids that events list shows: all of them, or none when one is unknown")
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON object")
    .action((ids: readonly string[], options: Options) => {
      const state = deps.open(options);
      try {
        const gone = state.db.transaction((tx) => {
          const found = eventsOf(tx.events.all(), ids, options);
          tx.events.withdraw(found);
          const atMs = state.clock.nowMs();
          tx.audit.append({ atMs, kind: "events.removed", actor: "cli", data: { events: found } });
          return found;
        });
        if (options.json) {
          const fact = { withdrawn: gone.map(economicEventJson) };
          deps.out(JSON.stringify(fact satisfies z.infer<typeof EventsRemovedJson>));
        } else for (const e of gone) deps.out(`withdrawn: ${eventLine(e)}`);
        const gap = calendarGap(state.db.read.events.lastMs(), state.clock.nowMs());
        if (gap !== undefined) deps.err(`note: the calendar of ${state.db.path}: ${gap} with events to come`);
      } finally {
        state.close();
      }
    });
  events
    .command("list")
    .description(`print events, by default those of the next ${LIST_DAYS} days`)
    .option("--from <time>", "JST date YYYY-MM-DD or ISO-8601 time, included")
    .option("--to <time>", "the same, excluded")
    .option("--var <dir>", "state folder")
    .option("--json", "one JSON array")
    .action((options: Options & { readonly from?: string; readonly to?: string }) => {
      const given = { from: parseTime("--from", options.from), to: parseTime("--to", options.to) };
      const state = deps.open(options);
      try {
        const from = given.from ?? state.clock.nowMs();
        const to = given.to ?? plusMs(from, LIST_DAYS * DAY_MS);
        if (to <= from)
          throw new UsageError(`expected --to after --from, found ${isoUtc(to)} not after ${isoUtc(from)}`);
        const rows = state.db.read.events.range(from, to);
        if (options.json) {
          deps.out(JSON.stringify(rows.map(economicEventJson)));
          return;
        }
        for (const e of rows) deps.out(eventLine(e));
        const last = state.db.read.events.lastMs();
        if (rows.length === 0) deps.out(`no events from ${jstText(from)} to ${jstText(to)}`);
        deps.out(last === undefined ? "the calendar is empty" : `the calendar ends ${jstText(last)}`);
      } finally {
        state.close();
      }
    });
};

/** The currencies whose missing events are withdrawn; undefined: an import only adds. Throws UsageError. */
const replacesOf = ({ replace, currency }: ImportOptions): ((currency: string) => boolean) | undefined => {
  if (currency === undefined) return replace ? () => true : undefined;
  if (!replace) throw new UsageError("--currency: expected it together with --replace, found it alone");
  const codes = currency
    .normalize("NFKC")
    .split(",")
    .map((code) => code.trim());
  const bad = codes.find((code) => !/^[A-Z]{3}$/.test(code));
  if (bad !== undefined)
    throw new UsageError(
      `--currency: expected codes of three capital letters such as USD,JPY, found ${JSON.stringify(bad)}`,
    );
  return (code) => codes.includes(code);
};

/** The events with these ids. Throws AppError permanent EVENT_MISSING when one of them is none. */
const eventsOf = (
  all: readonly EconomicEvent[],
  ids: readonly string[],
  options: Options,
): readonly EconomicEvent[] => {
  const byId = new Map(all.map((e) => [eventId(e), e]));
  const wanted = [...new Set(ids.map((id) => id.normalize("NFKC").toLowerCase()))];
  const unknown = wanted.filter((id) => !byId.has(id));
  if (unknown.length > 0)
    throw new AppError(
      "permanent",
      "EVENT_MISSING",
      `expected ids of events, found ${unknown.map((id) => JSON.stringify(id)).join(", ")}; nothing was withdrawn; ${hintWith(options)("events list --from DATE")} shows ids`,
    );
  return wanted.flatMap((id) => byId.get(id) ?? []);
};

const readBytes = (file: string): Buffer => {
  try {
    return readCapped(file, LARGEST_BYTES);
  } catch (e) {
    throw new AppError(
      "permanent",
      "EVENTS_FILE",
      e instanceof FileTooBig
        ? `${file}: expected an event file of at most 4 MB, found ${e.message}`
        : `expected a readable event file, found: ${(e as NodeJS.ErrnoException).code === "EISDIR" ? `a folder, ${file}` : (e as Error).message}; check the path`,
      {},
      { cause: e },
    );
  }
};
const toText = (bytes: Buffer, file: string): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (e) {
    throw new AppError(
      "permanent",
      "EVENTS_FILE",
      `${file}: expected UTF-8 text, found other bytes; save the file as UTF-8 CSV`,
      {},
      { cause: e },
    );
  }
};

const parseTime = (name: string, text: string | undefined): EpochMs | undefined => {
  if (text === undefined) return undefined;
  try {
    return /^\d{4}-\d{2}-\d{2}$/.test(text) ? jstDateStart(text) : parseInstant(text);
  } catch (e) {
    throw new UsageError(`${name}: ${(e as Error).message}`);
  }
};
